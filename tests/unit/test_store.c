/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/memfile.h"
#include "agent/store.h"
#include "tests/unit/store_fixture.h"

static char *dir;
static struct service_set *services;
static struct store store;

static void
start(void)
{
	struct err err = { 0 };

	if (store_open(&store, dir, &err) == -1)
		fail_msg("%s: %s", err.where, err.text);
}

static void
restart(void)
{
	store_close(&store);
	start();
}

static int
setup(void **state)
{
	(void)state;
	dir = fixture_dir();
	services = fixture_services();
	start();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	store_close(&store);
	service_set_free(services);
	fixture_remove(dir);
	return 0;
}

static int
stage(char version, uint64_t number, uint64_t base, struct err *err)
{
	return fixture_stage(&store.generations, services, NULL, version, number, base,
	    err);
}

static int
activate(uint64_t number, uint64_t previous, bool back, struct err *err)
{
	const struct priv_activate request = { .generation = number,
		.previous = previous,
		.back = back };

	return store_activate(&store, &request, err);
}

static int
end(uint64_t number, bool keep, struct err *err)
{
	struct priv_end request = { .generation = number, .keep = keep };

	request.commit.time = 1700000000 + (int64_t)number;
	request.commit.origin = ORIGIN_CLI;
	request.commit.result = keep ? RESULT_SUCCESS : RESULT_ROLLED_BACK;
	(void)snprintf(request.commit.user, sizeof(request.commit.user), "tester");
	(void)snprintf(request.commit.error_text, sizeof(request.commit.error_text),
	    "%s", keep ? "" : "it did not work");
	return store_end(&store, &request, err);
}

static void
must(int rc, const struct err *err)
{
	if (rc == -1)
		fail_msg("%s: %s", err->where, err->text);
}

static void
commit(char version, uint64_t number, uint64_t previous)
{
	struct err err = { 0 };

	must(stage(version, number, previous, &err), &err);
	must(activate(number, previous, false, &err), &err);
	must(end(number, true, &err), &err);
}

static void
expect_live(uint64_t number, char version)
{
	char *text;

	assert_int_equal(store.generations.live, number);
	assert_int_equal(fixture_version(&store.generations, number), version);
	if (number == 0)
		return;
	text = fixture_read(dir, "live/config.xml");
	assert_non_null(text);
	assert_int_equal(text[strlen("version ")], version);
	free(text);
}

static void
test_commits(void **state)
{
	const struct history *history = &store.state.history;

	(void)state;
	expect_live(0, '-');
	assert_int_equal(store_running_since(&store), 0);
	commit('a', 1, 0);
	expect_live(1, 'a');
	commit('b', 2, 1);
	restart();
	expect_live(2, 'b');
	assert_int_equal(store.recovered, 0);
	assert_int_equal(store_running_since(&store), 1700000002);
	assert_int_equal(store.state.counters.generation, 2);
	assert_int_equal(history->count, 2);
	assert_int_equal(history->commits[0].generation, 2);
	assert_int_equal(history->commits[0].origin, ORIGIN_CLI);
	assert_int_equal(history->commits[0].result, RESULT_SUCCESS);
	assert_string_equal(history->commits[1].user, "tester");
	assert_int_equal(history->commits[1].time, 1700000001);
}

static void
expect_mode(const char *path, mode_t mode)
{
	char full[512];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/live/%s", dir, path);
	assert_int_equal(stat(full, &st), 0);
	if ((st.st_mode & 07777) != mode)
		fail_msg("%s has mode %o", path, st.st_mode & 07777);
}

static void
test_modes(void **state)
{
	(void)state;
	commit('a', 1, 0);
	expect_mode("", 0755);
	expect_mode("credentials/local", 0755);
	expect_mode("credentials/local/privkey.pem", 0600);
	expect_mode("credentials/local/cert.pem", 0644);
	expect_mode("services/web/combined.pem", 0640);
	expect_mode("services/web/service.conf", 0644);
	expect_mode("manifest", 0644);
	expect_mode("snapshot", 0644);
	expect_mode("config.xml", 0644);
}

static void
test_owner(void **state)
{
	struct stat st;
	char full[512];

	(void)state;
	if (geteuid() != 0)
		skip();
	services->rows[0].uid = 65534;
	services->rows[0].gid = 65534;
	commit('a', 1, 0);
	(void)snprintf(full, sizeof(full), "%s/live/services/web/combined.pem", dir);
	assert_int_equal(stat(full, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 65534);
	(void)snprintf(full, sizeof(full), "%s/live/credentials/local/privkey.pem",
	    dir);
	assert_int_equal(stat(full, &st), 0);
	assert_int_equal(st.st_uid, 0);
}

static nlink_t
links_of(uint64_t number, const char *path)
{
	char full[512];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/generations/%d/%s", dir, (int)number,
	    path);
	assert_int_equal(stat(full, &st), 0);
	return st.st_nlink;
}

/* Files that stay the same are one file, unless their owner or mode changes. */
static void
test_hard_links(void **state)
{
	char path[512];
	struct err err = { 0 };

	(void)state;
	commit('a', 1, 0);
	commit('b', 2, 1);
	assert_int_equal(links_of(2, "trust/ca.pem"), 2);
	assert_int_equal(links_of(2, "credentials/local/chain.pem"), 2);
	assert_int_equal(links_of(2, "services/web/service.conf"), 2);
	assert_int_equal(links_of(2, "credentials/local/cert.pem"), 1);
	assert_int_equal(links_of(2, "credentials/local/privkey.pem"), 1);
	assert_int_equal(links_of(2, "config.xml"), 1);
	services->rows[0].mode = 0600;
	commit('b', 3, 2);
	assert_int_equal(links_of(3, "services/web/combined.pem"), 1);
	assert_int_equal(links_of(3, "credentials/local/privkey.pem"), 2);
	/* a damaged one is not shared, although the manifest says it is the same */
	(void)snprintf(path, sizeof(path), "%s/generations/3", dir);
	fixture_write(path, "credentials/local/cert.pem",
	    "version X of credentials/local/cert.pem\n");
	must(stage('b', 4, 3, &err), &err);
	assert_int_equal(fixture_version(&store.generations, 4), 'b');
}

/* A key that does not wait comes from the base, or from what is in force. */
static void
test_held_keys(void **state)
{
	struct keys none = { 0 };
	struct err err = { 0 };

	(void)state;
	commit('a', 1, 0);
	commit('b', 2, 1);
	must(fixture_stage(&store.generations, services, &none, 'b', 3, 2, &err), &err);
	assert_int_equal(fixture_version(&store.generations, 3), 'b');
	/* a rollback: the base has another key than what is in force */
	must(fixture_stage(&store.generations, services, &none, 'a', 4, 1, &err), &err);
	must(fixture_stage(&store.generations, services, &none, 'b', 5, 1, &err), &err);
	assert_int_equal(fixture_version(&store.generations, 5), 'b');
	assert_int_equal(fixture_stage(&store.generations, services, &none, 'c', 6, 2,
			     &err),
	    -1);
	assert_int_equal(err.code, ERR_DATA_MISSING);
	assert_int_equal(fixture_version(&store.generations, 6), '-');
}

static void
test_stage_refused(void **state)
{
	struct err err = { 0 };

	(void)state;
	commit('a', 1, 0);
	assert_int_equal(stage('b', 1, 1, &err), -1);
	assert_int_equal(stage('b', 0, 1, &err), -1);
	assert_int_equal(stage('b', 2, 9, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	services->table.rows[0].files = SERVICE_FILES_CA;
	assert_int_equal(stage('b', 2, 1, &err), -1);
	services->table.rows[0].files = SERVICE_FILES_COMBINED;
	free(services->rows[0].variants[VERIFY_OUTGOING]);
	services->rows[0].variants[VERIFY_OUTGOING] = NULL;
	assert_int_equal(stage('b', 2, 1, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(fixture_version(&store.generations, 2), '-');
	expect_live(1, 'a');
}

/* What may not be activated. */
static void
test_activate_refused(void **state)
{
	char path[512];
	struct err err = { 0 };

	(void)state;
	assert_int_equal(activate(1, 0, false, &err), -1);
	commit('a', 1, 0);
	assert_int_equal(activate(1, 1, false, &err),
	    -1); /* its number was given out */
	must(stage('b', 2, 1, &err), &err);
	assert_int_equal(activate(2, 0, false, &err), -1); /* there is a way back */
	assert_int_equal(activate(2, 7, false, &err), -1); /* not this one */
	(void)snprintf(path, sizeof(path),
	    "%s/generations/2/credentials/local/cert.pem", dir);
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(activate(2, 1, false, &err), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(activate(2, 1, false, &err), -1);
	assert_int_equal(activate(9, 1, true, &err), -1);
	assert_int_equal(store.state.journal.tried, 0);
	expect_live(1, 'a');
}

static void
test_rolled_back(void **state)
{
	struct err err = { 0 };

	(void)state;
	commit('a', 1, 0);
	must(stage('b', 2, 1, &err), &err);
	must(activate(2, 1, false, &err), &err);
	expect_live(2, 'b');
	assert_int_equal(end(3, true, &err), -1); /* not what is in force */
	must(activate(1, 1, true, &err), &err);
	expect_live(1, 'a');
	assert_int_equal(store.state.journal.tried, 2);
	must(end(2, false, &err), &err);
	assert_int_equal(store.state.journal.tried, 0);
	assert_int_equal(fixture_version(&store.generations, 2), '-');
	restart();
	expect_live(1, 'a');
	assert_int_equal(store.recovered, 0);
	assert_int_equal(store.state.history.commits[0].generation, 2);
	assert_int_equal(store.state.history.commits[0].result, RESULT_ROLLED_BACK);
	assert_string_equal(store.state.history.commits[0].error_text,
	    "it did not work");
	assert_int_equal(store_running_since(&store), 1700000001);
	/* its number is not given out again */
	assert_int_equal(store_check_number(&store, 2, &err), -1);
	commit('c', 3, 1);
	expect_live(3, 'c');
}

/* Where the process dies after each step, and what is found at the next start. */
static void
test_cut_off(void **state)
{
	struct err err = { 0 };

	(void)state;
	must(stage('a', 1, 0, &err), &err);
	restart();
	expect_live(0, '-');
	assert_int_equal(fixture_version(&store.generations, 1), '-');
	must(stage('a', 1, 0, &err), &err);
	must(activate(1, 0, false, &err), &err);
	restart(); /* the first of all: there is nothing to go back to */
	expect_live(1, 'a');
	assert_int_equal(store.recovered, 0);
	assert_int_equal(store.state.journal.tried, 0);
	assert_int_equal(store.state.history.commits[0].generation, 1);
	must(stage('b', 2, 1, &err), &err);
	restart();
	assert_int_equal(fixture_version(&store.generations, 2), '-');
	must(stage('b', 2, 1, &err), &err);
	must(activate(2, 1, false, &err), &err);
	restart();
	expect_live(1, 'a');
	assert_int_equal(store.recovered, 2);
	restart(); /* and still, until the engine ends it */
	assert_int_equal(store.recovered, 2);
	must(end(2, false, &err), &err);
	restart();
	assert_int_equal(store.recovered, 0);
	expect_live(1, 'a');
	assert_int_equal(fixture_version(&store.generations, 2), '-');
}

/* Neither the new one nor the way back worked: the next start tries the way back. */
static void
test_stuck(void **state)
{
	struct err err = { 0 };

	(void)state;
	commit('a', 1, 0);
	must(stage('b', 2, 1, &err), &err);
	must(activate(2, 1, false, &err), &err);
	must(end(2, false, &err), &err);
	expect_live(2, 'b');
	assert_int_equal(store.state.journal.tried, 2);
	must(stage('c', 3, 1, &err), &err); /* a person tries another */
	restart();
	expect_live(1, 'a');
	assert_int_equal(store.recovered, 2);
}

static void
damage(uint64_t number, const char *path)
{
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/generations/%d", dir, (int)number);
	fixture_write(full, path, "damaged");
}

/* --- a confirmed commit that waits --- */

/* As the engine ends a confirmed commit: restore 0 is for good. */
static int
end_confirmed(uint64_t number, uint64_t restore, const char *persist, int64_t seconds)
{
	struct priv_end request = { .generation = number, .keep = 1 };
	struct err err = { 0 };

	request.commit.generation = number;
	request.commit.time = 1700000000 + (int64_t)number;
	request.commit.result = restore != 0 ? RESULT_NEED_CONFIRM : RESULT_SUCCESS;
	request.confirm.restore = restore;
	request.confirm.deadline_ms = clock_boot_ms() + 1000 * seconds;
	(void)snprintf(request.confirm.persist, sizeof(request.confirm.persist), "%s",
	    persist);
	(void)snprintf(request.confirm.user, sizeof(request.confirm.user), "tester");
	return store_end(&store, &request, &err);
}

static void
begin_confirmed(char version, uint64_t number, uint64_t previous, uint64_t restore)
{
	struct err err = { 0 };

	must(stage(version, number, previous, &err), &err);
	must(activate(number, restore, false, &err), &err);
}

static uint32_t
result_of(uint64_t number)
{
	const struct history *history = &store.state.history;

	for (uint32_t i = 0; i < history->count; i++)
		if (history->commits[i].generation == number)
			return history->commits[i].result;
	return RESULT_NONE;
}

/* How a start finds a commit that waits, and what it does. */
static const struct {
	const char *name;
	const char *persist;
	int64_t seconds;
	bool waits;
} starts[] = {
	{ "somebody can confirm it", "an id", 60, true },
	{ "its session is gone", "", 60, false },
	{ "its time is over", "an id", -1, false },
};

static void
test_unconfirmed(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(starts); i++) {
		print_message("%s\n", starts[i].name);
		if (i > 0)
			(void)setup(NULL);
		commit('a', 1, 0);
		begin_confirmed('b', 2, 1, 1);
		assert_int_equal(end_confirmed(2, 1, starts[i].persist,
				     starts[i].seconds),
		    0);
		expect_live(2, 'b');
		restart();
		assert_int_equal(store.unconfirmed, starts[i].waits);
		expect_live(starts[i].waits ? 2 : 1, starts[i].waits ? 'b' : 'a');
		assert_int_equal(store.recovered, starts[i].waits ? 0 : 2);
		if (starts[i].waits) {
			assert_string_equal(store.state.journal.confirm.persist,
			    "an id");
			assert_string_equal(store.state.journal.confirm.user, "tester");
			assert_int_equal(store.state.journal.confirm.restore, 1);
		}
		if (i + 1 < nitems(starts))
			(void)teardown(NULL);
	}
}

/* The first restore point is kept, whatever was committed since, and however often. */
static void
test_confirmed_again(void **state)
{
	struct err err = { 0 };
	uint64_t number;

	(void)state;
	commit('a', 1, 0);
	begin_confirmed('b', 2, 1, 1);
	assert_int_equal(end_confirmed(2, 1, "id", 60), 0);
	for (number = 3; number < 3 + 2 * LIMIT_HISTORY; number++) {
		begin_confirmed('c', number, number - 1, 1);
		assert_int_equal(end_confirmed(number, 1, "id", 60), 0);
	}
	assert_int_equal(fixture_version(&store.generations, 1), 'a');
	/* one more is cut off: what was confirmed last is in force */
	begin_confirmed('d', number, number - 1, 1);
	restart();
	expect_live(1, 'a');
	assert_int_equal(store.recovered, number);
	must(end(number, false, &err), &err);
	assert_int_equal(result_of(number - 1), RESULT_ROLLED_BACK);
	assert_int_equal(fixture_version(&store.generations, number - 1), '-');
}

static void
test_confirmed(void **state)
{
	(void)state;
	commit('a', 1, 0);
	begin_confirmed('b', 2, 1, 1);
	assert_int_equal(end_confirmed(2, 1, "id", 60), 0);
	assert_int_equal(result_of(2), RESULT_NEED_CONFIRM);
	begin_confirmed('c', 3, 2, 1);
	assert_int_equal(end_confirmed(3, 1, "id", 60), 0);
	assert_int_equal(end_confirmed(3, 0, "", 0), 0);
	assert_int_equal(result_of(3), RESULT_SUCCESS);
	assert_int_equal(result_of(2), RESULT_SUCCESS);
	restart();
	expect_live(3, 'c');
	assert_int_equal(store.recovered, 0);
	assert_false(store.unconfirmed);
}

/* --- services that wait for a restart --- */

static void
test_waiting(void **state)
{
	struct waiting waiting = { 0 };
	struct services *table = calloc(1, sizeof(*table));
	struct pending pending;
	struct err err = { 0 };

	(void)state;
	assert_non_null(table);
	table->count = 3;
	strcpy(table->rows[0].name, "other");
	strcpy(table->rows[1].name, "mail");
	strcpy(table->rows[2].name, "web");
	waiting_add(&waiting, "web", WAITING_SEEN);
	waiting_add(&waiting, "gone", WAITING_LOST);
	waiting_add(&waiting, "other", WAITING_LOST);
	waiting_add(&waiting, "mail", WAITING_UNSEEN);
	must(state_put_waiting(&store.state, &waiting, &err), &err);
	restart();
	pending = waiting_pending(&store.state.waiting, table);
	assert_int_equal(pending.services, 7);
	assert_int_equal(pending.unseen, 2);
	assert_int_equal(pending.lost, 1);
	store.state.waiting.boot++; /* the machine was started since */
	assert_int_equal(waiting_pending(&store.state.waiting, table).services, 0);
	free(table);
}

static void
test_damage(void **state)
{
	static const struct {
		const char *name, *path;
		uint64_t live; /* found at the next start */
		bool snapshot;
	} rows[] = {
		{ "nothing", NULL, 3, true },
		{ "the snapshot, which can be made anew", "snapshot", 3, false },
		{ "a certificate", "credentials/local/cert.pem", 2, true },
		{ "a private key", "credentials/local/privkey.pem", 2, true },
		{ "a service's file", "services/web/combined.pem", 2, true },
		{ "the manifest", "manifest", 2, true },
	};
	struct err err;
	size_t n;
	int fd;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		err = (struct err){ .code = ERR_NONE };
		commit('a', 1, 0);
		commit('b', 2, 1);
		commit('c', 3, 2);
		if (rows[n].path != NULL)
			damage(3, rows[n].path);
		restart();
		assert_int_equal(store.generations.live, rows[n].live);
		assert_int_equal(store.recovered, rows[n].live == 3 ? 0 : 3);
		fd = generation_file(&store.generations, store.generations.live,
		    SNAPSHOT_NAME, &err);
		assert_int_equal(fd != -1, rows[n].snapshot);
		(void)close(fd);
		(void)teardown(NULL);
		(void)setup(NULL);
	}
}

/*
 * With no good one left the last stays where it is: nobody can do better by deleting.
 */
static void
test_all_damaged(void **state)
{
	(void)state;
	commit('a', 1, 0);
	commit('b', 2, 1);
	damage(1, "config.xml");
	damage(2, "config.xml");
	restart();
	assert_int_equal(store.generations.live, 2);
	assert_int_equal(fixture_version(&store.generations, 1), '?');
	assert_int_equal(fixture_version(&store.generations, 2), '?');
}

static void
test_link_lost(void **state)
{
	char path[512];

	(void)state;
	commit('a', 1, 0);
	commit('b', 2, 1);
	(void)snprintf(path, sizeof(path), "%s/live", dir);
	assert_int_equal(unlink(path), 0);
	restart();
	expect_live(2, 'b');
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("generations/../../../etc", path), 0);
	restart();
	expect_live(2, 'b');
}

static void
test_state_damaged(void **state)
{
	static const char *const rows[] = { "counters", "history", "journal" };
	struct err err = { 0 };
	char path[512];
	size_t n;

	(void)state;
	commit('a', 1, 0);
	commit('b', 2, 1);
	(void)snprintf(path, sizeof(path), "%s/state", dir);
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n]);
		fixture_write(path, rows[n],
		    "certconf-journal 1\ntried 2\nrestore 1\n");
		restart();
		expect_live(2, 'b');
		assert_int_equal(fixture_version(&store.generations, 1), 'a');
		assert_int_equal(store.state.counters.generation, 2);
		assert_int_equal(store_check_number(&store, 2, &err), -1);
	}
	commit('c', 3, 2);
	restart();
	expect_live(3, 'c');
}

static void
test_prune(void **state)
{
	struct err err = { 0 };
	uint64_t n, *numbers;
	size_t count;

	(void)state;
	for (n = 1; n <= LIMIT_HISTORY + 4; n++)
		commit((char)('a' + n), n, n - 1);
	must(generations_list(&store.generations, &numbers, &count, &err), &err);
	assert_int_equal(count, LIMIT_HISTORY);
	assert_int_equal(numbers[0], LIMIT_HISTORY + 4);
	assert_int_equal(numbers[count - 1], 5);
	free(numbers);
	assert_int_equal(store.state.history.count, LIMIT_HISTORY);
	must(generations_sweep(&store.generations, false, &err), &err);
	expect_live(LIMIT_HISTORY + 4, (char)('a' + LIMIT_HISTORY + 4));
}

static void
test_counters(void **state)
{
	struct counters counters = { 5, 10, 20, 0, 3 };
	struct err err = { 0 };

	(void)state;
	must(state_put_counters(&store.state, &counters, &err), &err);
	restart();
	assert_int_equal(store.state.counters.generation, 5);
	assert_int_equal(store.state.counters.notify_seq, 3);
	counters = (struct counters){ 4, 9, 21, 7, 1 };
	must(state_put_counters(&store.state, &counters, &err), &err);
	restart();
	assert_int_equal(store.state.counters.generation, 5);
	assert_int_equal(store.state.counters.next_local_index, 10);
	assert_int_equal(store.state.counters.next_trust_index, 21);
	assert_int_equal(store.state.counters.spin_lock, 7);
	assert_int_equal(store.state.counters.notify_seq, 1);
}

static void
test_second_daemon(void **state)
{
	struct store second;
	struct err err = { 0 };
	int status;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0)
		_exit(store_open(&second, dir, &err) == -1 && err.code == ERR_BUSY ? 0
										   : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* One that ends a moment later is waited for. */
static void
test_second_daemon_comes_after(void **state)
{
	struct store second;
	struct err err = { 0 };
	int pipefd[2], status;
	char ready = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipefd), 0);
	if ((pid = fork()) == 0) {
		if (write(pipefd[1], &ready, 1) != 1)
			_exit(2);
		_exit(store_open(&second, dir, &err) == 0 ? 0 : 1);
	}
	assert_int_equal(read(pipefd[0], &ready, 1), 1);
	(void)close(pipefd[0]);
	(void)close(pipefd[1]);
	store_close(&store);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(store_open(&store, dir, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_commits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hard_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stage_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_activate_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rolled_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unconfirmed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_confirmed_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_confirmed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_state_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prune, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_daemon_comes_after, setup,
		    teardown),
	};

	(void)umask(022);
	log_open("test", 1, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
