/* SPDX-License-Identifier: ISC */
/* What the engine may ask of the monitor, and what becomes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/snapshot.h"

#include "agent/log.h"
#include "agent/memfile.h"
#include "tests/unit/script.h"
#include "tests/unit/store_fixture.h"

/* --- the scripts --- */

static void
first_start(int monitor, int nursery_fd)
{
	const struct priv_load load = { .generation = 1 };
	const struct priv_forget forget = { 0 };
	const struct priv_counters counters = { { .spin_lock = 9 } };
	struct snapshot snapshot;
	struct mapping map;
	struct err err;
	int fd, flags;

	(void)nursery_fd;
	script_confined();
	script_boot(monitor, 1);
	script_check(script.boot.generation == 0 && script.boot.ncommits == 0,
	    "not a new device");
	script_check(script.services.count == 2, "not two services");
	script_check(strcmp(script.services.rows[0].name, "web") == 0,
	    "web is not first");
	script_check(strcmp(script.boot.model, "test model") == 0, "another model");
	err = script_stage('a', 1, 0);
	script_check(err.code == ERR_DATA_MISSING, "staged without its key");
	script_key('a');
	err = script_stage('a', 1, 0);
	script_check(err.code == ERR_NONE, err.text);
	script_activate(1, 0);
	err = script_restart(0, script.services.revision);
	script_check(err.code == ERR_NONE, err.text);
	script_end(1, true);
	script_ask(PRIV_LOAD, &load, sizeof(load), NULL, 0, &err, &fd);
	script_check(err.code == ERR_NONE && fd != -1, "no snapshot is loaded");
	script_check(memfile_map(fd, 1 << 20, &map, &err) == 0 &&
		snapshot_open(&snapshot, map.data, map.size, &err) == 0,
	    err.text);
	script_ask_ok(PRIV_FORGET, &forget, sizeof(forget), NULL, 0);
	script_ask_ok(PRIV_COUNTERS, &counters, sizeof(counters), NULL, 0);
	flags = fcntl(monitor, F_GETFD);
	script_check((flags & FD_CLOEXEC) != 0, "the channel survives exec");
	script_say("ok");
}

static void
refusals(int monitor, int nursery_fd)
{
	const struct priv_load load = { .generation = 4 };
	struct err err;

	(void)nursery_fd;
	script_boot(monitor, 1);
	err = script_restart(0, script.services.revision + 1);
	script_check(err.code == ERR_CONFLICT, "restarted with other definitions");
	err = script_restart(7, script.services.revision);
	script_check(err.code == ERR_DENIED, "restarted a service that is none");
	err = script_restart(1, script.services.revision);
	script_check(err.code == ERR_SERVICE_FAILED,
	    "a failing restart is told as done");
	script_check(strcmp(err.where, "bad") == 0, err.where);
	script_check(strcmp(err.text,
			 "restart command ended with status 4: no such luck") == 0,
	    err.text);
	script_ask(PRIV_LOAD, &load, sizeof(load), NULL, 0, &err, NULL);
	script_check(err.code == ERR_NOT_FOUND, "loaded what is not kept");
	script_key('a');
	script.services.revision++;
	err = script_stage('a', 1, 0);
	script_check(err.code == ERR_CONFLICT, "staged with other definitions");
	script_say("ok");
}

/* A second generation, of which the engine does not see the end. */
static void
die_after_activation(int monitor, int nursery_fd)
{
	struct err err;

	(void)nursery_fd;
	script_boot(monitor, 2);
	script_check(script.boot.generation == 1 && script.boot.ncommits == 1,
	    "generation 1");
	script_check(script.boot.running_since == 1700000000, "since when");
	script_check(script.boot.counters.spin_lock == 9, "the counters");
	script_check(script.boot.counters.next_local_index == 5, "the indices");
	script_key('b');
	err = script_stage('b', 2, 1);
	script_check(err.code == ERR_NONE, err.text);
	script_activate(2, 1);
	_exit(7);
}

static void
after_recovery(int monitor, int nursery_fd)
{
	(void)nursery_fd;
	script_boot(monitor, 2);
	script_check(script.boot.generation == 1, "not the old generation");
	script_check(script.boot.recovered == 2, "not told what was cut off");
	script_end(2, false);
	script_say("ok");
}

static void
irregular_type(int monitor, int nursery_fd)
{
	(void)nursery_fd;
	script_boot(monitor, 1);
	(void)msg_send(monitor, PRIV_DONE, 1, &script.boot, 8, NULL, 0);
	(void)pause();
}

static void
irregular_size(int monitor, int nursery_fd)
{
	(void)nursery_fd;
	script_boot(monitor, 1);
	(void)msg_send(monitor, PRIV_RUN, 1, &script.boot, sizeof(struct priv_run) - 1,
	    NULL, 0);
	(void)pause();
}

static void
irregular_descriptors(int monitor, int nursery_fd)
{
	const struct priv_load load = { .generation = 1 };

	script_boot(monitor, 1);
	(void)msg_send(monitor, PRIV_LOAD, 1, &load, sizeof(load), &nursery_fd, 1);
	(void)pause();
}

static void
irregular_text(int monitor, int nursery_fd)
{
	struct priv_end request = { .generation = 1 };

	(void)nursery_fd;
	script_boot(monitor, 1);
	memset(request.commit.user, 'x', sizeof(request.commit.user));
	(void)msg_send(monitor, PRIV_END, 1, &request, sizeof(request), NULL, 0);
	(void)pause();
}

static void
close_channel(int monitor, int nursery_fd)
{
	(void)nursery_fd;
	script_boot(monitor, 1);
	(void)close(monitor);
	(void)pause();
}

static void
run_ok(void (*engine)(int, int))
{
	pid_t pid = device_start(engine);

	device_wait_for_file("result", "ok\n");
	device_stop(pid);
	device_make_result();
}

static void
test_life_of_a_commit(void **state)
{
	char *text;

	(void)state;
	run_ok(first_start);
	device_wait_for_file("restarted", "verify 1;\n");
	text = fixture_read(device.dir, "state/live/credentials/local/privkey.pem");
	assert_non_null(strstr(text, "keya"));
	free(text);
	assert_int_equal(device_wait_for_end(device_start(die_after_activation)), 1);
	text = fixture_read(device.dir, "state/live/config.xml");
	assert_non_null(strstr(text, "version b"));
	free(text);
	run_ok(after_recovery);
	text = fixture_read(device.dir, "state/live/config.xml");
	assert_non_null(strstr(text, "version a"));
	free(text);
}

static void
test_refusals(void **state)
{
	(void)state;
	run_ok(refusals);
}

static void
test_irregular(void **state)
{
	static const struct {
		const char *name;
		void (*script)(int, int);
	} rows[] = {
		{ "a type that is no request", irregular_type },
		{ "another size", irregular_size },
		{ "a descriptor where none belongs", irregular_descriptors },
		{ "a text without an end", irregular_text },
		{ "the channel closed", close_channel },
	};
	size_t n;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		assert_int_equal(device_wait_for_end(device_start(rows[n].script)), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life_of_a_commit, device_setup,
		    device_teardown),
		cmocka_unit_test_setup_teardown(test_refusals, device_setup,
		    device_teardown),
		cmocka_unit_test_setup_teardown(test_irregular, device_setup,
		    device_teardown),
	};

	log_open("test", 1, LOG_LEVEL_DEBUG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
