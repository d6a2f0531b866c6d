/* SPDX-License-Identifier: ISC */
#include "cli/patience.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#include "cli/out.h"
#include "cli/state.h"
#include "cli/terms.h"

#define PAUSE_MS 500

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
patience_read(const struct cli *cli, struct patience *patience)
{
	const char *time = cli->option[OPTION_WAIT];
	uint32_t seconds;

	if (time == NULL)
		return EXIT_DONE;
	if (!cli_has(cli, OPTION_COMMIT))
		return cli_misuse(cli, "--wait needs --commit");
	if ((seconds = duration_read(time)) == 0)
		return cli_misuse(cli,
		    "--wait takes a time such as 90s, 15m or 2h, of at most a day");
	patience->until_ms = now_ms() + (int64_t)seconds * 1000;
	return EXIT_DONE;
}

/* Waits a moment; false: the time is over. */
static bool
wait_a_moment(const struct patience *patience)
{
	if (now_ms() >= patience->until_ms)
		return false;
	(void)poll(NULL, 0, PAUSE_MS);
	return true;
}

bool
patience_again(const struct patience *patience, const struct err *err)
{
	return (err->code == ERR_BUSY || err->code == ERR_LOCKED) &&
	    wait_a_moment(patience);
}

/* An agent that does not show its state is asked all the same. */
static bool
is_idle(struct client *client)
{
	static const char *const busy[] = { "committing", "rolling-back", "loading" };
	struct err ignored = { 0 };
	json_t *state = state_read(client, &ignored);
	bool idle = json_object_get(state, "lock") == NULL;
	size_t i;

	for (i = 0; i < nitems(busy); i++)
		idle = idle &&
		    strcmp(json_text(state, "configuration-state"), busy[i]) != 0;
	json_decref(state);
	return idle;
}

struct client *
patience_connect(const struct patience *patience, const char *path, struct err *err)
{
	struct client *client;

	for (;;) {
		client = client_open(path, err);
		if (patience->until_ms == 0 || (client != NULL && is_idle(client)) ||
		    !wait_a_moment(patience))
			return client;
		if (client != NULL)
			client_close(client);
		err_clear(err);
	}
}
