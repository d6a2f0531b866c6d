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

#include "lib/changes.h"

#include "agent/commit.h"
#include "agent/log.h"
#include "agent/xalloc.h"

/* What cannot be checked before it is activated is checked after. */
static const enum commit_step plan_new[] = { STEP_SURVEY, STEP_STAGE, STEP_CHECK,
	STEP_ACTIVATE, STEP_CHECK, STEP_RESTART, STEP_PROBE, STEP_END, STEP_MAX };
static const enum commit_step plan_defer[] = { STEP_STAGE, STEP_CHECK, STEP_ACTIVATE,
	STEP_END, STEP_MAX };
static const enum commit_step plan_back[] = { STEP_ACTIVATE, STEP_RESTART, STEP_PROBE,
	STEP_END, STEP_MAX };
/* What was down before is down still: it stays so. */
static const enum commit_step plan_revert[] = { STEP_SURVEY, STEP_ACTIVATE,
	STEP_RESTART, STEP_PROBE, STEP_END, STEP_MAX };
static const enum commit_step plan_recover[] = { STEP_SURVEY, STEP_RESTART, STEP_PROBE,
	STEP_END, STEP_MAX };
static const enum commit_step plan_restart[] = { STEP_CHECK, STEP_RESTART, STEP_PROBE,
	STEP_MAX };

static const enum commit_step *const plans[] = {
	[COMMIT_NEW] = plan_new,
	[COMMIT_DEFER] = plan_defer,
	[COMMIT_RECOVER] = plan_recover,
	[COMMIT_REVERT] = plan_revert,
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

/*
 * The first reason is the one that is told; what fails on the way back comes after it.
 * Of a commit that is only a way back, what fails is the first.
 */
void
commit_reason(struct commit *c, const struct err *err)
{
	const bool is_way_back =
	    c->request.kind == COMMIT_REVERT || c->request.kind == COMMIT_RECOVER;

	if (c->reason.code == ERR_NONE || (is_way_back && !c->failed_once))
		c->reason = *err;
	c->failed_once = true;
}

/* --- the monitor's answers --- */

void
commit_answered(struct commit *c, enum commit_step step, const struct err *err,
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
	commit_answered(context, STEP_STAGE, err, text);
}

static void
on_activated(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct commit *c = context;
	char text[64];

	(void)e;
	(void)msg;
	c->switched = c->turned_back && err->code == ERR_NONE;
	snprintf(text, sizeof(text), "generation %llu activated",
	    (unsigned long long)(c->turned_back ? c->previous_generation
						: c->generation));
	commit_answered(context, STEP_ACTIVATE, err, text);
}

/* --- the steps --- */

static enum step_result
begin_stage(struct commit *c)
{
	struct priv_stage stage = { .generation = c->generation,
		.base = c->request.keys_from != 0 ? c->request.keys_from
						  : c->previous_generation };
	const int fds[] = { c->target->snapshot_fd, c->target->bundle_fd };

	c->staged = true;
	commit_record(c, RESULT_IN_PROGRESS, &stage.commit);
	privlink_request(c->engine, PRIV_STAGE, &stage, sizeof(stage), fds, 2,
	    on_staged, c);
	return STEP_WAIT;
}

static enum step_result
begin_activate(struct commit *c)
{
	const struct confirm *confirm = &c->engine->confirm;
	struct priv_activate activate;

	commit_use_up_number(c);
	activate = (struct priv_activate){
		.generation = c->turned_back ? c->previous_generation : c->generation,
		/* a cut goes back to what was confirmed last */
		.previous = confirm->phase != CONFIRM_NONE ? confirm->point.restore
							   : c->previous_generation,
		.back = c->turned_back,
		.counters = c->engine->counters,
	};

	c->activated = true;
	privlink_request(c->engine, PRIV_ACTIVATE, &activate, sizeof(activate), NULL, 0,
	    on_activated, c);
	return STEP_WAIT;
}

static enum step_result (*const begin[])(struct commit *) = {
	[STEP_SURVEY] = commit_survey,
	[STEP_STAGE] = begin_stage,
	[STEP_CHECK] = commit_check,
	[STEP_ACTIVATE] = begin_activate,
	[STEP_RESTART] = commit_restart,
	[STEP_PROBE] = commit_probe,
	[STEP_END] = commit_end,
};
_Static_assert(nitems(begin) == STEP_MAX, "every step has a function");

/* --- the walk --- */

/* Turns to the way back once; false when there is none left or none is needed. */
static bool
turn_back(struct commit *c)
{
	if (c->turned_back || !c->activated || c->previous_generation == 0)
		return false;
	c->in_commands = false;
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
			commit_finish(c, true);
			return;
		}
		if (c->plan[c->at] == STEP_MAX) {
			commit_finish(c, false);
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

/* --- what joins --- */

bool
commit_is_gathering(const struct engine *e)
{
	return e->commit != NULL && e->commit->gathering;
}

const struct held *
commit_target(const struct engine *e)
{
	return e->commit == NULL ? NULL : e->commit->target;
}

static void
tell_changes(struct commit *c)
{
	changes_format(&c->engine->running->snapshot, &c->target->snapshot, c->changes,
	    sizeof(c->changes));
}

/* The last one writes; everybody who waits is told how it ended. */
void
commit_join(struct engine *e, const struct commit_request *request)
{
	struct commit *c = e->commit;
	char text[STATUS_TEXT];

	held_drop(c->target);
	c->target = c->request.target = request->target;
	c->request.origin = request->origin;
	c->request.action = request->action;
	memcpy(c->request.user, request->user, sizeof(c->request.user));
	if (request->comment[0] != '\0')
		memcpy(c->request.comment, request->comment,
		    sizeof(c->request.comment));
	e->tip++;
	tell_changes(c);
	commit_choose_services(c);
	snprintf(text, sizeof(text), "a change by %s joins it", request->user);
	commit_tell(c, STEP_SURVEY, NULL, NULL, text);
}

/* --- start --- */

static uint64_t
number_of(const struct engine *e, const struct commit_request *request)
{
	if (request->kind == COMMIT_NEW || request->kind == COMMIT_DEFER)
		return e->counters.generation + 1;
	return request->kind == COMMIT_RECOVER ? request->recovered : e->generation;
}

/*
 * The definitions stay as they are now.  Did they change a moment before, what was
 * asked for is asked for again; going back is nobody's to ask again.
 */
static void
on_held(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct commit *c = context;

	(void)msg;
	if (err->code == ERR_NONE) {
		commit_go_on(c, STEP_AGAIN);
	} else if (c->request.kind != COMMIT_REVERT) {
		commit_reason(c, err);
		commit_finish(c, true);
	} else {
		e->commit = NULL;
		commit_free(c);
		privlink_take_services(e);
		confirm_next(e);
	}
}

void
commit_start(struct engine *e, const struct commit_request *request)
{
	const struct priv_hold hold = { .on = 1,
		.services_revision = e->services.revision };
	struct commit *c = xcalloc(1, sizeof(*c));

	c->engine = e;
	c->request = *request;
	c->target = request->target;
	c->plan = plans[request->kind];
	c->previous_generation = e->generation;
	c->generation = number_of(e, request);
	c->reason = request->reason;
	c->waited = e->pending;
	if (request->kind == COMMIT_RECOVER)
		err_set(&c->reason, ERR_OTHER, NULL,
		    e->damaged ? "its files were damaged"
			       : "the commit was cut off by a restart");
	if (request->kind == COMMIT_REVERT) {
		c->previous_generation = request->restore;
		c->turned_back = c->activated = true;
	}
	if (commit_is_new(c))
		tell_changes(c);
	c->timer = evtimer_new(e->base, on_timer, c);
	commit_choose_services(c);
	e->commit = c;
	e->tip++;
	publish_action(e, request->action, RESULT_IN_PROGRESS, request->user, NULL);
	publish(e);
	/* answered from the loop: whoever starts a commit returns first */
	privlink_request(e, PRIV_HOLD, &hold, sizeof(hold), NULL, 0, on_held, c);
}
