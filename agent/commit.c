/* SPDX-License-Identifier: ISC */
/*
 * A commit walks down a plan of steps; each is done, waits (for the monitor, a probe, a
 * timer) or has failed.  The way back is another plan with the previous generation as
 * its target: a generation never changes once staged, so there is nothing to undo piece
 * by piece, and it validates nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/commit.h"
#include "agent/log.h"
#include "agent/xalloc.h"

static const enum commit_step plan_new[] = { STEP_SURVEY, STEP_STAGE, STEP_ACTIVATE,
	STEP_RESTART, STEP_PROBE, STEP_END, STEP_MAX };
static const enum commit_step plan_back[] = { STEP_ACTIVATE, STEP_RESTART, STEP_PROBE,
	STEP_END, STEP_MAX };
static const enum commit_step plan_recover[] = { STEP_SURVEY, STEP_RESTART, STEP_PROBE,
	STEP_END, STEP_MAX };
static const enum commit_step plan_restart[] = { STEP_RESTART, STEP_PROBE, STEP_MAX };

static const enum commit_step *const plans[] = {
	[COMMIT_NEW] = plan_new,
	[COMMIT_RECOVER] = plan_recover,
	[COMMIT_RESTART] = plan_restart,
};
_Static_assert(nitems(plans) == COMMIT_KIND_MAX, "a plan for every kind");

/* --- what is told of it --- */

static void
tell_log(const struct ses_step *told)
{
	const char *colon = told->service[0] == '\0' ? "" : ": ";

	if (told->failed)
		log_warn("commit", "%s%s%s", told->service, colon, told->text);
	else
		log_debug("commit", "%s%s%s", told->service, colon, told->text);
}

void
commit_tell(struct commit *c, enum commit_step step, const char *service,
    const struct err *err, const char *text)
{
	struct ses_step told = {
		.generation = c->turned_back ? c->previous_generation : c->generation,
		.time = time(NULL),
		.step = step,
		.rolling_back = c->turned_back,
		.failed = err != NULL,
	};

	snprintf(told.service, sizeof(told.service), "%s",
	    service == NULL ? "" : service);
	snprintf(told.text, sizeof(told.text), "%s", err == NULL ? text : err->text);
	if (step != STEP_END) /* log_end() tells more */
		tell_log(&told);
	sessions_tell_step(c->engine, &told);
}

/* The first reason is the one that is told; what fails on the way back comes after it.
 */
void
commit_reason(struct commit *c, const struct err *err)
{
	if (c->reason.code == ERR_NONE)
		c->reason = *err;
}

/* --- the monitor's answers --- */

/* text: what is told of it; NULL: nothing. */
static void
answered(struct commit *c, enum commit_step step, const struct err *err,
    const char *text)
{
	if (err->code != ERR_NONE) {
		commit_reason(c, err);
		commit_tell(c, step, NULL, err, NULL);
		commit_go_on(c, STEP_FAILED);
		return;
	}
	if (text != NULL)
		commit_tell(c, step, NULL, NULL, text);
	commit_go_on(c, STEP_DONE);
}

static void
on_staged(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	const struct commit *c = context;
	char text[64];

	(void)e;
	(void)msg;
	snprintf(text, sizeof(text), "generation %llu staged",
	    (unsigned long long)c->generation);
	answered(context, STEP_STAGE, err, text);
}

static void
on_activated(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	const struct commit *c = context;
	char text[64];

	(void)e;
	(void)msg;
	snprintf(text, sizeof(text), "generation %llu activated",
	    (unsigned long long)(c->turned_back ? c->previous_generation
						: c->generation));
	answered(context, STEP_ACTIVATE, err, text);
}

static void
on_ended(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	(void)e;
	(void)msg;
	answered(context, STEP_END, err, NULL);
}

/* --- the steps --- */

/* What each way to end means for the history and for who asked. */
static enum action_result
result_of(const struct commit *c, bool failed)
{
	if (c->request.kind == COMMIT_RECOVER)
		return failed ? RESULT_FAILED : RESULT_ROLLED_BACK;
	if (!c->turned_back)
		return failed ? RESULT_FAILED : RESULT_SUCCESS;
	return failed ? RESULT_FAILED : RESULT_ROLLED_BACK;
}

static void
fill_record(const struct commit *c, enum action_result result,
    struct status_commit *record)
{
	memset(record, 0, sizeof(*record));
	record->generation = c->generation;
	record->time = time(NULL);
	record->origin = c->request.origin;
	record->result = result;
	memcpy(record->user, c->request.user, sizeof(record->user));
	memcpy(record->comment, c->request.comment, sizeof(record->comment));
	err_format(&c->reason, record->error_text, sizeof(record->error_text));
	if (c->reason.code == ERR_NONE)
		record->error_text[0] = '\0';
}

static enum step_result
begin_stage(struct commit *c)
{
	struct priv_stage stage = { .generation = c->generation,
		.base = c->request.keys_from != 0 ? c->request.keys_from
						  : c->previous_generation };
	const int fds[] = { c->target->snapshot_fd, c->target->bundle_fd };

	fill_record(c, RESULT_IN_PROGRESS, &stage.commit);
	privlink_request(c->engine, PRIV_STAGE, &stage, sizeof(stage), fds, 2,
	    on_staged, c);
	return STEP_WAIT;
}

/* From the activation on the number is used up, whatever becomes of it. */
static void
use_up_number(struct commit *c)
{
	if (c->engine->counters.generation < c->generation)
		c->engine->counters.generation = c->generation;
}

static enum step_result
begin_activate(struct commit *c)
{
	struct priv_activate activate;

	use_up_number(c);
	activate = (struct priv_activate){
		.generation = c->turned_back ? c->previous_generation : c->generation,
		.previous = c->previous_generation,
		.back = c->turned_back,
		.counters = c->engine->counters,
	};

	c->activated = true;
	privlink_request(c->engine, PRIV_ACTIVATE, &activate, sizeof(activate), NULL, 0,
	    on_activated, c);
	return STEP_WAIT;
}

static void
tell_end(struct commit *c, const struct status_commit *record, priv_answer *answer)
{
	struct priv_end end = { .generation = c->generation,
		.commit = *record,
		.keep = record->result == RESULT_SUCCESS };

	privlink_request(c->engine, PRIV_END, &end, sizeof(end), NULL, 0, answer, c);
}

/* Until this is answered a crash goes back: only then may anybody be told of it. */
static enum step_result
begin_end(struct commit *c)
{
	struct status_commit record;

	fill_record(c, result_of(c, false), &record);
	tell_end(c, &record, on_ended);
	return STEP_WAIT;
}

static enum step_result (*const begin[])(struct commit *) = {
	[STEP_SURVEY] = commit_survey,
	[STEP_STAGE] = begin_stage,
	[STEP_ACTIVATE] = begin_activate,
	[STEP_RESTART] = commit_restart,
	[STEP_PROBE] = commit_probe,
	[STEP_END] = begin_end,
};
_Static_assert(nitems(begin) == STEP_MAX, "every step has a function");

/* --- the end --- */

static void
adopt(struct commit *c)
{
	struct engine *e = c->engine;
	const uint8_t *old_trust = e->running->snapshot.header->trust_sha256;
	const uint8_t *new_trust = c->target->snapshot.header->trust_sha256;

	if (!snapshot_same_locals(&e->running->snapshot, &c->target->snapshot))
		e->status.local_changed = clock_ms();
	if (memcmp(old_trust, new_trust, SHA256_SIZE) != 0)
		e->status.trust_changed = clock_ms();
	held_drop(e->running);
	e->running = held_use(c->target);
	e->generation = e->status.generation = c->generation;
	e->status.running_since = time(NULL);
	e->status.loads++;
	e->status.last_load = e->status.running_since;
	if (c->request.from_candidate)
		candidate_drop(e);
}

static void
notify(struct commit *c, const struct status_commit *record)
{
	struct notification n = { .kind = record->result == RESULT_SUCCESS
		    ? NOTIFY_COMMIT_DONE
		    : NOTIFY_COMMIT_FAILED };

	n.u.commit.generation = c->engine->generation;
	n.u.commit.action = c->request.action;
	n.u.commit.result = record->result;
	n.u.commit.err = c->reason;
	memcpy(n.u.commit.user, record->user, sizeof(n.u.commit.user));
	outbox_add(c->engine, &n);
}

static void
log_end(const struct commit *c, const struct status_commit *record)
{
	const unsigned long long generation = c->engine->generation;

	if (record->result == RESULT_SUCCESS)
		log_info("commit", "generation %llu in force (%s, %s)", generation,
		    record->user, name_text(&origin_names, record->origin));
	else if (record->result == RESULT_ROLLED_BACK)
		log_warn("commit", "rolled back, generation %llu in force: %s",
		    generation, record->error_text);
	else
		log_err("commit", "failed, generation %llu in force: %s", generation,
		    record->error_text);
}

/* What is kept of it: the history, here and on disk, and no key that waits in vain. */
static void
keep_record(struct commit *c, const struct status_commit *record, bool failed)
{
	if (c->request.kind == COMMIT_RESTART)
		return;
	if (failed)
		tell_end(c, record, NULL);
	publish_commit(c->engine, record);
	privlink_forget_keys(c->engine);
	notify(c, record);
}

/* Everybody who watches, and last who asked. */
static void
tell_all(struct commit *c, const struct status_commit *record, bool failed)
{
	const bool stuck =
	    failed && (c->turned_back || c->request.kind == COMMIT_RECOVER);
	struct commit_outcome outcome = { .err = c->reason,
		.rolled_back = record->result == RESULT_ROLLED_BACK,
		.stale = failed && !c->activated && c->reason.code == ERR_CONFLICT };

	if (stuck)
		outcome.err.code = ERR_STUCK;
	c->engine->stuck = stuck || (c->engine->stuck && failed);
	publish_services(c->engine);
	publish_action(c->engine, c->request.action, record->result, record->user,
	    &c->reason);
	publish_now(c->engine);
	commit_tell(c, STEP_END, NULL,
	    record->result == RESULT_SUCCESS ? NULL : &c->reason, "in force");
	sessions_commit_ended(c->engine, c->request.session, &outcome);
}

/* What may begin now that nothing is under way. */
static void
begin_next(struct engine *e, bool new_generation, bool from_candidate)
{
	if (new_generation && !e->ready)
		sessions_begin(e);
	if (new_generation && !from_candidate)
		candidate_rebase(e);
	watch_start(e);
	actions_next(e);
}

static void
commit_free(struct commit *c)
{
	for (uint32_t i = 0; i < LIMIT_SERVICES; i++)
		prober_free(c->services[i].prober);
	event_free(c->timer);
	held_drop(c->target);
	free(c);
}

/* In this order: it is in force, it is recorded, it is told, then the next thing. */
static void
finish(struct commit *c, bool failed)
{
	const bool done = c->request.kind == COMMIT_NEW && !failed && !c->turned_back;
	struct engine *e = c->engine;
	struct status_commit record;

	use_up_number(c);
	fill_record(c, result_of(c, failed), &record);
	e->commit = NULL;
	if (done)
		adopt(c);
	log_end(c, &record);
	keep_record(c, &record, failed);
	privlink_take_services(e);
	if (done) {
		expiry_check(e);
		snmplink_send_snapshot(e);
	}
	tell_all(c, &record, failed);
	begin_next(e, done, c->request.from_candidate);
	commit_free(c);
}

/* --- the walk --- */

/* Turns to the way back once; false when there is none left or none is needed. */
static bool
turn_back(struct commit *c)
{
	if (c->turned_back || !c->activated || c->previous_generation == 0)
		return false;
	c->turned_back = true;
	held_drop(c->target);
	c->target = held_use(c->engine->running);
	c->plan = plan_back;
	c->at = 0;
	publish(c->engine);
	return true;
}

void
commit_go_on(struct commit *c, enum step_result result)
{
	while (result != STEP_WAIT) {
		if (result == STEP_DONE) {
			c->at++;
		} else if (result == STEP_FAILED && !turn_back(c)) {
			finish(c, true);
			return;
		}
		if (c->plan[c->at] == STEP_MAX) {
			finish(c, false);
			return;
		}
		result = begin[c->plan[c->at]](c);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	commit_go_on(context, STEP_AGAIN);
}

void
commit_wait(struct commit *c, int64_t ms)
{
	const struct timeval tv = timeval_ms(ms);

	evtimer_add(c->timer, &tv);
}

void
commit_start(struct engine *e, const struct commit_request *request)
{
	struct commit *c = xcalloc(1, sizeof(*c));

	c->engine = e;
	c->request = *request;
	c->target = request->target;
	c->plan = plans[request->kind];
	c->previous_generation = e->generation;
	c->generation = request->kind == COMMIT_NEW ? e->counters.generation + 1
	    : request->kind == COMMIT_RECOVER       ? request->recovered
						    : e->generation;
	if (request->kind == COMMIT_RECOVER)
		err_set(&c->reason, ERR_OTHER, NULL,
		    "the commit was cut off by a restart");
	c->timer = evtimer_new(e->base, on_timer, c);
	commit_choose_services(c);
	e->commit = c;
	publish_action(e, request->action, RESULT_IN_PROGRESS, request->user, NULL);
	publish(e);
	commit_wait(c, 0); /* from the loop: whoever starts a commit returns first */
}
