/* SPDX-License-Identifier: ISC */
#include "agent/engine.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "agent/log.h"
#include "agent/xalloc.h"

struct timeval
timeval_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

static void
on_counters_saved(struct engine *e, void *context, const struct err *err,
    struct msg *msg)
{
	const bool again = e->counters_changed;

	(void)context;
	(void)msg;
	if (err->code != ERR_NONE)
		log_warn("engine", "%s: %s", err->where, err->text);
	e->counters_saving = e->counters_changed = false;
	if (again)
		engine_save_counters(e);
}

/* While one write is under way the next ones become one. */
void
engine_save_counters(struct engine *e)
{
	const struct priv_counters counters = { e->counters };

	e->counters_changed = e->counters_saving;
	if (e->counters_saving)
		return;
	e->counters_saving = true;
	privlink_request(e, PRIV_COUNTERS, &counters, sizeof(counters), NULL, 0,
	    on_counters_saved, NULL);
}

void
engine_begin(struct engine *e)
{
	struct commit_request back = { .kind = COMMIT_RECOVER,
		.action = ACTION_ROLLBACK,
		.origin = ORIGIN_AUTO_ROLLBACK,
		.user = "certconfd",
		.may_have_died = e->same_boot,
		.recovered = e->recovered };

	sessions_begin(e);
	confirm_next(e);
	if (e->recovered == 0)
		return;
	back.target = held_use(e->running);
	commit_start(e, &back);
}

static void
on_terminate(evutil_socket_t fd, short what, void *context)
{
	struct engine *e = context;

	(void)fd;
	(void)what;
	(void)event_base_loopbreak(e->base);
}

static void
lists_init(struct engine *e)
{
	LIST_INIT(&e->sessions);
	STAILQ_INIT(&e->actions);
}

_Noreturn void
engine_run(int monitor, int nursery)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	struct event *terminate;

	if ((e->base = event_base_new()) == NULL)
		fatal("engine", "no event loop");
	lists_init(e);
	outbox_open(e);
	e->status.started = time(NULL);
	spawner_open(e, nursery);
	privlink_open(e, monitor);
	terminate = evsignal_new(e->base, SIGTERM, on_terminate, e);
	if (terminate == NULL || event_add(terminate, NULL) == -1)
		fatal("engine", "cannot watch for SIGTERM");
	publish(e);
	if (event_base_dispatch(e->base) == -1)
		fatal("engine", "the event loop broke");
	exit(0); /* the monitor or the nursery is gone, or it is the end */
}
