/* SPDX-License-Identifier: ISC */
/*
 * What SNMP asked for, one after the other.  Whatever needs parsing or building is an
 * edit of fixed size given to a worker; confirm, discard and restart need none.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/engine.h"
#include "agent/log.h"
#include "agent/xalloc.h"

/* AgentX does not tell who it was.  What this user's commits wait under, too. */
#define USER "snmp"
#define QUEUE_MAX 16

struct queued_action {
	STAILQ_ENTRY(queued_action) next;
	enum action action;
	struct job job;
	char source[STATUS_TEXT]; /* JOB_IMPORT */
};

static void keep(struct engine *);
static void discard(struct engine *);
static void restart(struct engine *);

/* What each action is: a job for a worker, or something the engine does itself. */
static const struct {
	struct job job;
	void (*run)(struct engine *);
	bool confirmed; /* with certconfCfgConfirmTimeout */
} actions[ACTION_MAX] = {
	[ACTION_IMPORT] = { .job = { .kind = JOB_IMPORT } },
	[ACTION_VALIDATE] = { .job = { .kind = JOB_VALIDATE } },
	[ACTION_COMMIT] = { .job = { .kind = JOB_VALIDATE, .commit = 1 },
	    .confirmed = true },
	[ACTION_CONFIRM] = { .run = keep },
	[ACTION_ROLLBACK] = { .job = { .kind = JOB_ROLLBACK, .commit = 1 } },
	[ACTION_DISCARD] = { .run = discard },
	[ACTION_RESTART] = { .run = restart },
	[ACTION_DELETE_LOCAL] = { .job = { .kind = JOB_DELETE_LOCAL } },
	[ACTION_DELETE_TRUST] = { .job = { .kind = JOB_DELETE_TRUST } },
	[ACTION_COMMIT_DEFER_RESTART] = { .job = { .kind = JOB_VALIDATE,
					      .commit = 1,
					      .defer_restart = 1 },
	    .confirmed = true },
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
keep(struct engine *e)
{
	struct err err;

	if (confirm_keep(e, USER, &err) == -1)
		engine_refused(e, USER, ACTION_CONFIRM, &err);
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

/* Whatever it is calls actions_next() at its end. */
static bool
is_under_way(const struct engine *e)
{
	return e->action_session != 0 || e->opening || e->commit != NULL ||
	    e->confirm.phase == CONFIRM_CHANGING ||
	    e->confirm.phase == CONFIRM_GOING_BACK;
}

/* The document it names, for a worker to read. */
static void
on_opened(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	const struct job *job = &actions[ACTION_IMPORT].job;

	(void)context;
	e->opening = false;
	if (err->code == ERR_NONE && msg->nfds == 1) {
		e->action_session = sessions_add_reader(e, job, msg_take(msg, 0), USER);
		return;
	}
	engine_refused(e, USER, ACTION_IMPORT, err);
	pop(e);
	actions_next(e);
}

static void
open_document(struct engine *e, const char *name)
{
	struct priv_import request = { 0 };

	memcpy(request.name, name, sizeof(request.name));
	e->opening = true;
	privlink_request(e, PRIV_IMPORT, &request, sizeof(request), NULL, 0, on_opened,
	    NULL);
}

/* The first of the queue, unless something is under way. */
static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	struct engine *e = context;
	const struct queued_action *q = STAILQ_FIRST(&e->actions);

	(void)fd;
	(void)what;
	if (q == NULL || is_under_way(e))
		return;
	if (q->job.kind != JOB_NONE) {
		publish_action(e, q->action, RESULT_IN_PROGRESS, USER, NULL);
		if (q->job.kind == JOB_IMPORT) {
			open_document(e, q->source);
			return;
		}
		e->action_session = sessions_add_worker(e, &q->job, USER);
		return;
	}
	actions[q->action].run(e);
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

/* In one PDU, a mode and an action that commits are a change of their own. */
static bool
is_alone(const struct snmp_prepare *set)
{
	return (set->has & SNMP_SET_MODE) != 0 && (set->has & SNMP_SET_ACTION) != 0 &&
	    (set->action == ACTION_COMMIT ||
		set->action == ACTION_COMMIT_DEFER_RESTART);
}

/* A mode that verifies needs a trust store in what it is put on. */
static bool
mode_fits(struct engine *e, const struct snmp_prepare *set)
{
	const bool alone = is_alone(set);
	const struct held *base =
	    alone || e->candidate.held == NULL ? e->running : e->candidate.held;
	struct err err;

	if (set->mode == VERIFY_NONE || base->snapshot.header->trusts.count > 0)
		return true;
	err_set(&err, ERR_MODE_NEEDS_TRUST_STORE, "/certconf/verification-mode",
	    "verification mode %s needs a trust store with at least one certificate",
	    name_text(&verify_mode_names, set->mode));
	engine_refused(e, USER, alone ? (enum action)set->action : ACTION_NOOP, &err);
	return false;
}

/* Whether it is one, and what a commit that waits for its confirmation leaves of it. */
static enum ticket_verdict
judge_action(struct engine *e, enum action action)
{
	struct err err;

	if (action == ACTION_NOOP)
		return TICKET_OK;
	if (action >= ACTION_MAX ||
	    (actions[action].job.kind == JOB_NONE && actions[action].run == NULL))
		return TICKET_INCONSISTENT;
	if (action == ACTION_CONFIRM && confirm_judge_waiting(e, 0, USER, &err) == -1) {
		engine_refused(e, USER, action, &err);
		return TICKET_INCONSISTENT;
	}
	if (actions[action].job.commit != 0 && e->confirm.phase != CONFIRM_NONE &&
	    confirm_judge(e, 0, USER, &err) == -1)
		return TICKET_BUSY;
	return TICKET_OK;
}

/* What is to be imported. */
static bool
has_source(struct engine *e, const struct snmp_prepare *set)
{
	const char *source =
	    (set->has & SNMP_SET_SOURCE) != 0 ? set->source : e->status.import_source;
	struct err err;

	if (source[0] != '\0')
		return true;
	err_set(&err, ERR_NOT_FOUND, NULL,
	    "certconfCfgSource names the document to import, and is empty");
	engine_refused(e, USER, ACTION_IMPORT, &err);
	return false;
}

/*
 * Monitoring stands beside the configuration somebody works at: no commit is in its
 * way, only a lock, which is there so that nothing changes.
 */
static enum ticket_verdict
judge_changes(const struct engine *e, const struct snmp_prepare *set, uint32_t *change)
{
	size_t fit;

	if (set->nchanges == 0)
		return TICKET_OK;
	if (!e->ready || set->nchanges > SNMP_CHANGES_MAX)
		return TICKET_BUSY;
	*change = 1;
	for (int store = 0; store < SES_STORE_MAX; store++)
		if (e->lock_session[store] != 0)
			return TICKET_LOCKED;
	fit = settings_judge(e, set->changes, set->nchanges);
	*change = fit < set->nchanges ? (uint32_t)fit + 1 : 0;
	return fit < set->nchanges ? TICKET_NO_ROW : TICKET_OK;
}

enum ticket_verdict
actions_judge(struct engine *e, const struct snmp_prepare *set, uint32_t *ret_change)
{
	const struct identity snmp = { .may_write = 1, .user = USER };
	enum ticket_verdict verdict;
	struct err err;

	*ret_change = 0;
	if ((set->has & SNMP_SET_SPIN_LOCK) != 0 &&
	    set->spin_lock != e->counters.spin_lock)
		return TICKET_SPIN;
	if ((set->has & SNMP_SET_CONFIRM_TIMEOUT) != 0 &&
	    set->confirm_timeout > LIMIT_CONFIRM_SECONDS)
		return TICKET_INCONSISTENT;
	if ((verdict = judge_changes(e, set, ret_change)) != TICKET_OK)
		return verdict;
	if ((set->has & (SNMP_SET_MODE | SNMP_SET_ACTION)) == 0)
		return TICKET_OK;
	if (!e->ready)
		return TICKET_BUSY;
	if (queued(e) >= QUEUE_MAX)
		return TICKET_BUSY;
	if (candidate_may_write(e, &snmp, &err) == -1)
		return err.code == ERR_LOCKED ? TICKET_LOCKED : TICKET_BUSY;
	if ((set->has & SNMP_SET_ACTION) != 0 &&
	    (verdict = judge_action(e, set->action)) != TICKET_OK)
		return verdict;
	if ((set->has & SNMP_SET_ACTION) != 0 && set->action == ACTION_IMPORT &&
	    !has_source(e, set))
		return TICKET_INCONSISTENT;
	if ((set->has & SNMP_SET_MODE) != 0 &&
	    (set->mode >= VERIFY_MODE_MAX || !mode_fits(e, set)))
		return TICKET_INCONSISTENT;
	return TICKET_OK;
}

/* The time to confirm is that of the moment: a later SET does not change it. */
static void
queue(struct engine *e, enum action action, const struct job *job)
{
	struct queued_action *q = xcalloc(1, sizeof(*q));

	q->action = action;
	q->job = *job;
	memcpy(q->source, e->status.import_source, sizeof(q->source));
	if (actions[action].confirmed)
		q->job.confirm_timeout = e->status.confirm_timeout;
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
	if ((set->has & SNMP_SET_CONFIRM_TIMEOUT) != 0)
		e->status.confirm_timeout = set->confirm_timeout;
	if ((set->has & SNMP_SET_SOURCE) != 0)
		memcpy(e->status.import_source, set->source, sizeof(set->source));
	settings_change(e, set->changes, set->nchanges);
	if (is_alone(set)) {
		job.commit = 1;
		job.defer_restart = actions[set->action].job.defer_restart;
		queue(e, set->action, &job);
		return;
	}
	if ((set->has & SNMP_SET_MODE) != 0)
		queue(e, ACTION_NOOP, &job);
	if (has_action)
		queue(e, set->action, &actions[set->action].job);
}
