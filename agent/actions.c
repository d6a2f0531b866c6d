/* SPDX-License-Identifier: ISC */
/*
 * What SNMP asked for, one after the other.  Whatever needs parsing or building is an
 * edit of fixed size given to a worker; discard and restart need none.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/engine.h"
#include "agent/log.h"
#include "agent/xalloc.h"

#define USER "snmp" /* AgentX does not tell who it was */
#define QUEUE_MAX 16

struct queued_action {
	STAILQ_ENTRY(queued_action) next;
	enum action action;
	struct job job;
};

/* What an action is for a worker; JOB_NONE: the engine does it itself. */
static const struct job jobs[ACTION_MAX] = {
	[ACTION_VALIDATE] = { .kind = JOB_VALIDATE },
	[ACTION_COMMIT] = { .kind = JOB_VALIDATE, .commit = 1 },
	[ACTION_ROLLBACK] = { .kind = JOB_ROLLBACK, .commit = 1 },
	[ACTION_DELETE_LOCAL] = { .kind = JOB_DELETE_LOCAL },
	[ACTION_DELETE_TRUST] = { .kind = JOB_DELETE_TRUST },
};

static void
pop(struct engine *e)
{
	struct queued_action *q = STAILQ_FIRST(&e->actions);

	if (q != NULL) {
		STAILQ_REMOVE_HEAD(&e->actions, next);
		free(q);
	}
}

static void
discard(struct engine *e)
{
	candidate_drop(e);
	privlink_forget_keys(e);
	publish_action(e, ACTION_DISCARD, RESULT_SUCCESS, USER, NULL);
}

static void
restart(struct engine *e)
{
	struct commit_request request = { .kind = COMMIT_RESTART,
		.action = ACTION_RESTART,
		.origin = ORIGIN_SNMP,
		.target = held_use(e->running),
		.user = USER };

	commit_start(e, &request);
}

/* The first of the queue, unless something is under way. */
static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	struct engine *e = context;
	const struct queued_action *q = STAILQ_FIRST(&e->actions);

	(void)fd;
	(void)what;
	if (q == NULL || e->action_session != 0 || e->commit != NULL)
		return; /* whatever is under way calls actions_next() at its end */
	if (q->job.kind != JOB_NONE) {
		publish_action(e, q->action, RESULT_IN_PROGRESS, USER, NULL);
		e->action_session = sessions_add_worker(e, &q->job, USER);
		return;
	}
	if (q->action == ACTION_RESTART)
		restart(e);
	else
		discard(e);
	pop(e);
	actions_next(e);
}

void
actions_next(struct engine *e)
{
	const struct timeval now = { 0 };

	if (e->action_timer == NULL)
		e->action_timer = evtimer_new(e->base, on_timer, e);
	event_add(e->action_timer, &now);
}

void
actions_worker_ended(struct engine *e)
{
	e->action_session = 0;
	pop(e);
	publish(e);
	actions_next(e);
}

void
actions_admin_mode(const struct engine *e, uint32_t *mode)
{
	const struct queued_action *q;

	STAILQ_FOREACH(q, &e->actions, next)
		if (q->job.kind == JOB_SET_MODE)
			*mode = (uint32_t)q->job.arg;
}

static unsigned int
queued(const struct engine *e)
{
	const struct queued_action *q;
	unsigned int n = 0;

	STAILQ_FOREACH(q, &e->actions, next)
		n++;
	return n;
}

/* A mode that verifies needs a trust store in what it is put on. */
static bool
mode_fits(struct engine *e, const struct snmp_prepare *set)
{
	const bool alone =
	    (set->has & SNMP_SET_ACTION) != 0 && set->action == ACTION_COMMIT;
	const struct held *base =
	    alone || e->candidate.held == NULL ? e->running : e->candidate.held;
	struct err err;

	if (set->mode == VERIFY_NONE || base->snapshot.header->trusts.count > 0)
		return true;
	err_set(&err, ERR_MODE_NEEDS_TRUST_STORE, "/certconf/verification-mode",
	    "verification mode %s needs a trust store with at least one certificate",
	    name_text(&verify_mode_names, set->mode));
	engine_refused(e, USER, alone ? ACTION_COMMIT : ACTION_NOOP, &err);
	return false;
}

enum ticket_verdict
actions_judge(struct engine *e, const struct snmp_prepare *set)
{
	const struct identity snmp = { .may_write = 1, .user = USER };
	struct err err;

	if ((set->has & SNMP_SET_SPIN_LOCK) != 0 &&
	    set->spin_lock != e->counters.spin_lock)
		return TICKET_SPIN;
	if ((set->has & (SNMP_SET_MODE | SNMP_SET_ACTION)) == 0)
		return TICKET_OK;
	if (!e->ready || queued(e) >= QUEUE_MAX)
		return TICKET_BUSY;
	if (candidate_may_write(e, &snmp, &err) == -1)
		return err.code == ERR_LOCKED ? TICKET_LOCKED : TICKET_BUSY;
	if ((set->has & SNMP_SET_MODE) != 0 &&
	    (set->mode >= VERIFY_MODE_MAX || !mode_fits(e, set)))
		return TICKET_INCONSISTENT;
	if ((set->has & SNMP_SET_ACTION) != 0 && set->action != ACTION_RESTART &&
	    set->action != ACTION_DISCARD && set->action != ACTION_NOOP &&
	    (set->action >= ACTION_MAX || jobs[set->action].kind == JOB_NONE))
		return TICKET_INCONSISTENT;
	return TICKET_OK;
}

static void
queue(struct engine *e, enum action action, const struct job *job)
{
	struct queued_action *q = xcalloc(1, sizeof(*q));

	q->action = action;
	q->job = *job;
	STAILQ_INSERT_TAIL(&e->actions, q, next);
	log_info("snmp", "action %s queued", name_text(&action_names, action));
	actions_next(e);
}

void
actions_add(struct engine *e, const struct snmp_prepare *set)
{
	const bool has_action =
	    (set->has & SNMP_SET_ACTION) != 0 && set->action != ACTION_NOOP;
	struct job job = { .kind = JOB_SET_MODE, .arg = set->mode };

	if ((set->has & SNMP_SET_SPIN_LOCK) != 0) {
		/* TestAndIncr, RFC 2579 */
		e->counters.spin_lock =
		    e->counters.spin_lock == INT32_MAX ? 0 : e->counters.spin_lock + 1;
		engine_save_counters(e);
	}
	if ((set->has & SNMP_SET_MODE) != 0) {
		job.commit = has_action && set->action == ACTION_COMMIT;
		queue(e, job.commit ? ACTION_COMMIT : ACTION_NOOP, &job);
		if (job.commit)
			return;
	}
	if (has_action)
		queue(e, set->action, &jobs[set->action]);
}
