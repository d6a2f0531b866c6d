/* SPDX-License-Identifier: ISC */
#include "agent/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/importdir.h"
#include "agent/log.h"

#define LOCK_NAME "lock"
#define LOCK_WAIT_MS 3000
#define LOCK_AGAIN_MS 20
#define KEPT LIMIT_HISTORY

/* --- start --- */

/*
 * A record lock: unlike flock() a child does not inherit it.  One that was killed a
 * moment ago may hold it still: its monitor ends on its own, after what it is writing.
 */
static int
lock_store(struct store *store, const char *path, struct err *err)
{
	const int64_t deadline = clock_ms() + LOCK_WAIT_MS;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	store->lock = openat(store->root, LOCK_NAME,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (store->lock == -1)
		return err_set(err, ERR_STORAGE, path, "lock: %s", strerror(errno));
	while (fcntl(store->lock, F_SETLK, &lock) == -1) {
		if (clock_ms() >= deadline)
			return err_set(err, ERR_BUSY, path,
			    "another certconfd uses this directory");
		(void)poll(NULL, 0, LOCK_AGAIN_MS);
	}
	return 0;
}

static int
open_parts(struct store *store, const char *path, struct err *err)
{
	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		return err_set(err, ERR_STORAGE, path, "make directory: %s",
		    strerror(errno));
	store->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->root == -1)
		return err_set(err, ERR_STORAGE, path, "open: %s", strerror(errno));
	if (lock_store(store, path, err) == -1 ||
	    importdir_make(store->root, IMPORT_DIR, err) == -1 ||
	    importdir_make(store->root, SPOOL_DIR, err) == -1 ||
	    generations_open(&store->generations, store->root, err) == -1)
		return -1;
	return state_open(&store->state, store->root, err);
}

/*
 * What was staged and never activated has a number that was never made durable, and the
 * engine will give it out again.  Without that file nothing is thrown away.
 */
static int
drop_unused(struct store *store, const uint64_t *numbers, size_t count, struct err *err)
{
	struct counters counters = store->state.counters;
	size_t i;

	if (store->state.counters_lost && store->generations.live != 0) {
		counters.generation = count > 0 ? numbers[0] : 0;
		if (store->generations.live > counters.generation)
			counters.generation = store->generations.live;
		return state_put_counters(&store->state, &counters, err);
	}
	for (i = 0; i < count; i++)
		if (numbers[i] > counters.generation &&
		    numbers[i] != store->generations.live &&
		    generation_discard(&store->generations, numbers[i], err) == -1)
			return -1;
	return 0;
}

static bool
verifies(const struct store *store, uint64_t number)
{
	struct err err;
	bool snapshot;

	if (number == 0)
		return false;
	if (generation_verify(&store->generations, number, &snapshot, &err) == 0)
		return true;
	log_err("store", "generation %ju: %s: %s", (uintmax_t)number, err.where,
	    err.text);
	return false;
}

/*
 * What live waited to be confirmed is gone with the journal that said so: the last one
 * that was; 0 when it did not wait, or there is none.
 */
static uint64_t
last_confirmed(const struct store *store)
{
	const struct history *history = &store->state.history;
	bool waited = false;
	uint32_t i;

	for (i = 0; i < history->count; i++) {
		const struct status_commit *commit = &history->commits[i];

		if (commit->generation == store->generations.live)
			waited = commit->result == RESULT_NEED_CONFIRM;
		else if (waited && commit->result == RESULT_SUCCESS &&
		    verifies(store, commit->generation))
			return commit->generation;
	}
	return 0;
}

/* What should be in force; 0 when nothing at all can be. */
static uint64_t
choose(const struct store *store, const uint64_t *numbers, size_t count)
{
	const struct journal *journal = &store->state.journal;
	const uint64_t live = store->generations.live;
	uint64_t confirmed;
	size_t i;

	if (journal->tried != 0 && verifies(store, journal->restore))
		return journal->restore;
	if (journal->tried == 0 && (confirmed = last_confirmed(store)) != 0)
		return confirmed;
	if (verifies(store, live))
		return live;
	for (i = 0; i < count; i++)
		if (numbers[i] <= store->state.counters.generation &&
		    numbers[i] != live && numbers[i] != journal->restore &&
		    verifies(store, numbers[i]))
			return numbers[i];
	return live;
}

static bool
in_history(const struct state *state, uint64_t number)
{
	return state->history.count > 0 &&
	    state->history.commits[0].generation == number;
}

/* The first commit of all was cut off: there is nothing to go back to, so it stays. */
static int
finish_first(struct store *store, struct err *err)
{
	const uint64_t number = store->generations.live;
	struct status_commit commit;
	struct manifest manifest;
	int fd;

	if (in_history(&store->state, number)) {
		/* it stays although nobody confirmed it */
		commit = store->state.history.commits[0];
		if (commit.result == RESULT_NEED_CONFIRM)
			commit.result = RESULT_SUCCESS;
		if (state_add_commit(&store->state, &commit, true, err) == -1)
			return -1;
	} else {
		if ((fd = generation_open(&store->generations, number, err)) == -1)
			return -1;
		if (manifest_load(fd, &manifest, err) == -1) {
			(void)close(fd);
			return -1;
		}
		(void)close(fd);
		commit = manifest.commit;
		commit.result = RESULT_SUCCESS;
		manifest_clear(&manifest);
		if (state_add_commit(&store->state, &commit, true, err) == -1)
			return -1;
	}
	return state_clear_journal(&store->state, err);
}

/* Makes the chosen generation live; recovered says what it went back from. */
static int
go_to(struct store *store, uint64_t number, struct err *err)
{
	const uint64_t live = store->generations.live;
	struct journal journal = store->state.journal;

	if (journal.tried == 0 && number != live && live != 0) {
		/* so that services are restarted although the next start finds live
		 * well */
		journal = (struct journal){ .tried = live,
			.restore = number,
			.boot = state_boot() };
		store->damaged = last_confirmed(store) == 0;
		if (state_put_journal(&store->state, &journal, err) == -1)
			return -1;
	}
	if (number != live &&
	    generation_activate(&store->generations, number, err) == -1)
		return -1;
	if (journal.tried == number && number != 0)
		return finish_first(store, err);
	store->recovered = journal.tried;
	store->same_boot = journal.boot != 0 && journal.boot == state_boot();
	if (journal.tried != 0)
		log_warn("store", "generation %ju was %s; %ju is in force",
		    (uintmax_t)journal.tried, store->damaged ? "damaged" : "cut off",
		    (uintmax_t)number);
	return 0;
}

/*
 * A confirmed commit goes on waiting over a start of certconfd alone, if its time is
 * not over and somebody can still confirm it (RFC 6241 8.4.1).
 */
static bool
still_waits(const struct store *store)
{
	const struct journal *journal = &store->state.journal;

	return journal->confirm.restore != 0 && journal->confirm.persist[0] != '\0' &&
	    journal->tried == store->generations.live && journal->boot != 0 &&
	    journal->boot == state_boot() &&
	    clock_boot_ms() < journal->confirm.deadline_ms &&
	    verifies(store, journal->tried);
}

/* Also what cannot be written is not lost: it is left out the next time. */
static void
prune_settings(struct store *store)
{
	struct state *state = &store->state;
	uint64_t *numbers = NULL;
	struct err ignored;
	size_t count;

	if (state->settings.count == 0 ||
	    generations_list(&store->generations, &numbers, &count, &ignored) == -1)
		return;
	if (kept_settings_keep(&state->settings, numbers, count, UINT64_MAX))
		(void)kept_settings_save(state->dir, &state->settings, &ignored);
	free(numbers);
}

static int
recover(struct store *store, struct err *err)
{
	uint64_t *numbers = NULL, number;
	size_t count;
	int rc = -1;

	if (generations_list(&store->generations, &numbers, &count, err) == -1)
		return -1;
	if (drop_unused(store, numbers, count, err) == -1)
		goto out;
	store->unconfirmed = still_waits(store);
	number = store->unconfirmed ? 0 : choose(store, numbers, count);
	if (number != 0 && go_to(store, number, err) == -1)
		goto out;
	if (number == 0 && !store->unconfirmed &&
	    state_clear_journal(&store->state, err) == -1)
		goto out;
	prune_settings(store);
	rc = generations_sweep(&store->generations, true, err);
out:
	free(numbers);
	return rc;
}

int
store_open(struct store *store, const char *path, struct err *err)
{
	*store = (struct store){ .root = -1,
		.lock = -1,
		.generations.dir = -1,
		.state.dir = -1 };
	if (open_parts(store, path, err) == -1 || recover(store, err) == -1) {
		store_close(store);
		return -1;
	}
	return 0;
}

void
store_close(struct store *store)
{
	state_close(&store->state);
	generations_close(&store->generations);
	if (store->root != -1)
		(void)close(store->root);
	if (store->lock != -1)
		(void)close(store->lock);
	store->root = store->lock = -1;
}

int64_t
store_running_since(const struct store *store)
{
	const struct history *history = &store->state.history;
	const uint64_t live = store->generations.live;
	struct manifest manifest;
	struct err ignored;
	int64_t since = 0;
	uint32_t i;
	int fd;

	for (i = 0; i < history->count; i++)
		if (history->commits[i].generation == live)
			return history->commits[i].time;
	if ((fd = generation_open(&store->generations, live, &ignored)) == -1)
		return 0;
	if (manifest_load(fd, &manifest, &ignored) == 0) {
		since = manifest.commit.time;
		manifest_clear(&manifest);
	}
	(void)close(fd);
	return since;
}

/* --- a commit --- */

int
store_check_number(const struct store *store, uint64_t generation, struct err *err)
{
	if (generation <= store->state.counters.generation || generation > INT64_MAX)
		return err_set(err, ERR_STORAGE, "",
		    "generation %ju was given out before", (uintmax_t)generation);
	return 0;
}

/* Damaged it is no reason to stay with it, and the best there is to go back to. */
static int
check_way_back(const struct store *store, uint64_t number, struct err *err)
{
	if (number == 0 || generation_check(&store->generations, number, err) == 0)
		return 0;
	if (err->code == ERR_NOT_FOUND)
		return -1;
	log_warn("store", "generation %ju, to go back to: %s: %s", (uintmax_t)number,
	    err->where, err->text);
	err_clear(err);
	return 0;
}

static int
activate_new(struct store *store, const struct priv_activate *activate, struct err *err)
{
	const struct journal journal = { .tried = activate->generation,
		.restore = activate->previous,
		.boot = state_boot() };
	struct counters counters = activate->counters;

	if (store_check_number(store, activate->generation, err) == -1)
		return -1;
	if (activate->previous == 0 && store->generations.live != 0)
		return err_set(err, ERR_STORAGE, "",
		    "there is a generation to go back to");
	if (check_way_back(store, activate->previous, err) == -1)
		return -1;
	if (counters.generation < activate->generation)
		counters.generation = activate->generation;
	if (state_put_counters(&store->state, &counters, err) == -1 ||
	    state_put_journal(&store->state, &journal, err) == -1)
		return -1;
	return generation_activate(&store->generations, activate->generation, err);
}

/* From now on a start goes back whatever the time is. */
static int
end_waiting(struct store *store, struct err *err)
{
	struct journal journal = store->state.journal;

	if (journal.confirm.restore == 0)
		return 0;
	memset(&journal.confirm, 0, sizeof(journal.confirm));
	return state_put_journal(&store->state, &journal, err);
}

int
store_activate(struct store *store, const struct priv_activate *activate,
    struct err *err)
{
	if (activate->back && end_waiting(store, err) == -1)
		return -1;
	if (activate->back)
		return check_way_back(store, activate->generation, err) == -1
		    ? -1
		    : generation_activate(&store->generations, activate->generation,
			  err);
	if (generation_check(&store->generations, activate->generation, err) == -1)
		return -1;
	return activate_new(store, activate, err);
}

/* The newest, and always the one in force and the one to go back to. */
static int
prune(struct store *store, struct err *err)
{
	const uint64_t live = store->generations.live;
	const uint64_t restore = store->state.journal.restore;
	uint64_t *numbers = NULL;
	size_t i, count, kept = 1; /* live */
	int rc = 0;

	if (generations_list(&store->generations, &numbers, &count, err) == -1)
		return -1;
	for (i = 0; i < count && rc == 0; i++)
		if (numbers[i] != live && numbers[i] != restore && ++kept > KEPT)
			rc = generation_discard(&store->generations, numbers[i], err);
	free(numbers);
	prune_settings(store);
	return rc;
}

/* What was tried after the one in force now, also unconfirmed commits before it. */
static int
discard_newer(struct store *store, struct err *err)
{
	const uint64_t live = store->generations.live;
	uint64_t *numbers = NULL;
	size_t i, count;
	int rc = 0;

	if (generations_list(&store->generations, &numbers, &count, err) == -1)
		return -1;
	for (i = 0; i < count && rc == 0; i++)
		if (numbers[i] > live)
			rc = generation_discard(&store->generations, numbers[i], err);
	free(numbers);
	return rc;
}

/* What is in force may still wait; otherwise nothing is open any more. */
static int
end_journal(struct store *store, const struct confirm_point *confirm, struct err *err)
{
	const struct journal journal = { .tried = store->generations.live,
		.restore = confirm->restore,
		.boot = state_boot(),
		.confirm = *confirm };

	if (confirm->restore == 0)
		return state_clear_journal(&store->state, err);
	if (generation_check(&store->generations, confirm->restore, err) == -1)
		return -1;
	return state_put_journal(&store->state, &journal, err);
}

/*
 * Whether what is in force should have been left, and could not be: then the next start
 * tries again, whatever else was tried and refused since.
 */
static bool
is_against_plan(const struct store *store, const struct priv_end *end)
{
	const struct journal *journal = &store->state.journal;
	const uint64_t live = store->generations.live;

	if (end->keep || journal->restore == 0)
		return false;
	return end->generation == live ||
	    (journal->tried == live && journal->confirm.restore == 0 &&
		end->confirm.restore == 0);
}

int
store_end(struct store *store, const struct priv_end *end, struct err *err)
{
	struct status_commit commit = end->commit;
	const uint64_t live = store->generations.live;

	commit.generation = end->generation;
	if (end->keep && end->generation != live)
		return err_set(err, ERR_STORAGE, "", "generation %ju is not in force",
		    (uintmax_t)end->generation);
	/* before the journal is gone: else it would count as one to roll back to */
	if (!end->keep && end->generation != live && discard_newer(store, err) == -1)
		return -1;
	if (state_add_commit(&store->state, &commit, end->confirm.restore == 0, err) ==
	    -1)
		return -1;
	if (is_against_plan(store, end))
		return 0;
	if (end_journal(store, &end->confirm, err) == -1)
		return -1;
	return prune(store, err);
}

/* --- settings --- */

int
store_put_settings(struct store *store, const struct priv_settings *request,
    struct err *err)
{
	struct state *state = &store->state;
	uint64_t *numbers = NULL;
	size_t count;

	if (kept_settings_put(&state->settings, request, err) == -1 ||
	    generations_list(&store->generations, &numbers, &count, err) == -1)
		return -1;
	/* also for the one that is being staged now */
	(void)kept_settings_keep(&state->settings, numbers, count,
	    state->counters.generation);
	free(numbers);
	return kept_settings_save(state->dir, &state->settings, err);
}

int
store_drop_settings(struct store *store, uint64_t generation, struct err *err)
{
	struct state *state = &store->state;

	if (!kept_settings_drop(&state->settings, generation))
		return 0;
	return kept_settings_save(state->dir, &state->settings, err);
}
