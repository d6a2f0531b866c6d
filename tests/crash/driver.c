/* SPDX-License-Identifier: ISC */
/*
 * A commit without a daemon around it, for sweeps that stop or disturb it anywhere:
 *
 *   driver DIR put VERSION    stage, activate, end; prints "done" once it is promised
 *   driver DIR back VERSION   stage, activate, the way back, end
 *   driver DIR get            starts, ends what was cut off; prints what is in force
 *
 * DURABLE_KILL=N in the environment ends it before the N-th operation of durable.c;
 * DURABLE_COUNT prints their number.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/durable.h"
#include "agent/log.h"
#include "agent/store.h"
#include "tests/unit/store_fixture.h"

static struct {
	long count, kill_at;
} hook;

int
durable_hook(const char *operation, const char *name)
{
	(void)operation;
	(void)name;
	if (++hook.count == hook.kill_at)
		(void)kill(getpid(), SIGKILL);
	return 0;
}

static int
failed(const struct err *err)
{
	(void)fprintf(stderr, "%s: %s\n", err->where, err->text);
	return 1;
}

static int
end(struct store *store, uint64_t number, bool keep, struct err *err)
{
	struct priv_end request = { .generation = number, .keep = keep };

	request.commit.result = keep ? RESULT_SUCCESS : RESULT_ROLLED_BACK;
	if (store_end(store, &request, err) == -1)
		return -1;
	return generations_sweep(&store->generations, false, err);
}

/* As the engine does it: what fails after the switch is turned back. */
static int
put(struct store *store, char version, bool turn_back)
{
	struct service_set *services = fixture_services();
	struct priv_activate request = { .previous = store->generations.live };
	struct err err = { .code = ERR_NONE };
	int rc;

	request.generation = store->state.counters.generation + 1;
	rc = fixture_stage(&store->generations, services, NULL, version,
	    request.generation, request.previous, &err);
	service_set_free(services);
	if (rc == -1)
		return failed(&err);
	rc = store_activate(store, &request, &err);
	if (rc == 0 && !turn_back && end(store, request.generation, true, &err) == 0)
		return 0;
	if (rc == -1 || !turn_back)
		(void)failed(&err);
	request.back = 1;
	if (request.previous != 0) {
		uint64_t tried = request.generation;

		request.generation = request.previous;
		if (store_activate(store, &request, &err) == -1 ||
		    end(store, tried, false, &err) == -1)
			return failed(&err);
	}
	return turn_back ? 0 : 1;
}

static int
get(struct store *store)
{
	struct err err = { .code = ERR_NONE };
	const uint64_t live = store->generations.live;

	if (store->recovered != 0 && end(store, store->recovered, false, &err) == -1)
		return failed(&err);
	(void)printf("%ju %c journal %ju\n", (uintmax_t)live,
	    fixture_version(&store->generations, live),
	    (uintmax_t)store->state.journal.tried);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err err = { .code = ERR_NONE };
	struct store store;
	const char *at = getenv("DURABLE_KILL");
	int rc;

	if (argc < 3)
		return 2;
	(void)umask(022);
	log_open("driver", 1, LOG_LEVEL_ERR);
	hook.kill_at = at == NULL ? 0 : atol(at);
	if (store_open(&store, argv[1], &err) == -1)
		return failed(&err);
	if (argc == 3)
		rc = get(&store);
	else
		rc = put(&store, argv[3][0], strcmp(argv[2], "back") == 0);
	if (rc == 0 && argc == 4)
		(void)printf("done\n");
	if (getenv("DURABLE_COUNT") != NULL)
		(void)printf("%ld\n", hook.count);
	store_close(&store);
	return rc;
}
