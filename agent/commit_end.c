/* SPDX-License-Identifier: ISC */
/* How a commit ends: the journal and the history first, then everybody is told. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/commit.h"
#include "agent/log.h"

/* --- its record --- */

bool
commit_is_new(const struct commit *c)
{
	return c->request.kind == COMMIT_NEW || c->request.kind == COMMIT_DEFER;
}

/* What each way to end means for the history and for who asked. */
static enum action_result
result_of(const struct commit *c, bool failed)
{
	if (failed)
		return RESULT_FAILED;
	if (c->turned_back || c->request.kind == COMMIT_RECOVER)
		return RESULT_ROLLED_BACK;
	return commit_is_new(c) && c->confirm.restore != 0 ? RESULT_NEED_CONFIRM
							   : RESULT_SUCCESS;
}

/* What the history says of this generation already; otherwise what was asked for. */
static void
begin_record(const struct commit *c, struct status_commit *record)
{
	const struct status *s = &c->engine->status;
	const bool has_one = !commit_is_new(c) && c->request.kind != COMMIT_RESTART;

	memset(record, 0, sizeof(*record));
	record->generation = c->generation;
	record->time = time(NULL);
	record->origin = c->request.origin;
	memcpy(record->user, c->request.user, sizeof(record->user));
	memcpy(record->comment, c->request.comment, sizeof(record->comment));
	memcpy(record->changes, c->changes, sizeof(record->changes));
	for (uint32_t i = 0; has_one && i < s->ncommits; i++)
		if (s->commits[i].generation == c->generation)
			*record = s->commits[i];
}

void
commit_record(const struct commit *c, enum action_result result,
    struct status_commit *record)
{
	begin_record(c, record);
	record->result = result;
	err_format(&c->reason, record->error_text, sizeof(record->error_text));
	if (c->reason.code == ERR_NONE)
		record->error_text[0] = '\0';
}

void
commit_use_up_number(struct commit *c)
{
	if (c->engine->counters.generation < c->generation)
		c->engine->counters.generation = c->generation;
}

/* --- the last step --- */

static void
on_ended(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	(void)e;
	(void)msg;
	commit_answered(context, STEP_END, err, NULL);
}

static void
tell_end(struct commit *c, const struct status_commit *record, priv_answer *answer)
{
	struct priv_end end = { .generation = c->generation,
		.commit = *record,
		.keep = record->result == RESULT_SUCCESS ||
		    record->result == RESULT_NEED_CONFIRM,
		.confirm = c->confirm };

	privlink_request(c->engine, PRIV_END, &end, sizeof(end), NULL, 0, answer, c);
}

/* What waits once this is over: this commit, or still the one before it. */
static void
choose_confirm(struct commit *c, bool failed)
{
	const struct confirm *waiting = &c->engine->confirm;
	struct confirm_point *point = &c->confirm;

	memset(point, 0, sizeof(*point));
	if (c->request.kind == COMMIT_REVERT || c->request.kind == COMMIT_RECOVER)
		return;
	if (failed || c->turned_back || !commit_is_new(c)) {
		*point = waiting->point;
		return;
	}
	if (c->request.confirm_timeout == 0 || c->previous_generation == 0)
		return;
	point->restore = waiting->phase != CONFIRM_NONE ? waiting->point.restore
							: c->previous_generation;
	point->deadline_ms =
	    clock_boot_ms() + 1000 * (int64_t)c->request.confirm_timeout;
	memcpy(point->user, c->request.user, sizeof(point->user));
	memcpy(point->persist, c->request.persist, sizeof(point->persist));
}

enum step_result
commit_end(struct commit *c)
{
	struct status_commit record;

	choose_confirm(c, false);
	commit_record(c, result_of(c, false), &record);
	pending_set(c->engine, commit_pending(c, false));
	tell_end(c, &record, on_ended);
	return STEP_WAIT;
}

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
	held_drop(e->left);
	e->left = NULL;
	e->left_generation = 0;
	if (c->request.kind == COMMIT_REVERT) {
		e->left = held_use(e->running);
		e->left_generation = e->generation;
	}
	held_drop(e->running);
	e->running = held_use(c->target);
	e->generation = e->status.generation =
	    c->turned_back ? c->previous_generation : c->generation;
	e->status.running_since = time(NULL);
	e->status.loads++;
	e->status.last_load = e->status.running_since;
	if (c->request.from_candidate)
		candidate_drop(e);
}

static bool
is_in_force(const struct status_commit *record)
{
	return record->result == RESULT_SUCCESS ||
	    record->result == RESULT_NEED_CONFIRM;
}

static void
notify(struct commit *c, enum notify_kind kind, const struct status_commit *record)
{
	struct notification n = { .kind = kind };

	n.u.commit.generation = c->engine->generation;
	n.u.commit.action = c->request.action;
	n.u.commit.result = record->result;
	n.u.commit.err = c->reason;
	memcpy(n.u.commit.user, record->user, sizeof(n.u.commit.user));
	source_event(c->engine, &n);
}

static void
log_end(const struct commit *c, const struct status_commit *record)
{
	const unsigned long long generation = c->engine->generation;

	if (c->request.kind == COMMIT_RESTART)
		log_info("commit", "restart by %s: %s", record->user,
		    record->result == RESULT_SUCCESS ? "done" : record->error_text);
	else if (record->result == RESULT_NEED_CONFIRM)
		log_info("commit",
		    "generation %llu in force (%s, %s) until it is confirmed, within %u s",
		    generation, record->user, name_text(&origin_names, record->origin),
		    c->request.confirm_timeout);
	else if (record->result == RESULT_SUCCESS)
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
	if (failed) {
		choose_confirm(c, true);
		tell_end(c, record, NULL);
	}
	if (c->confirm.restore == 0)
		status_settle(c->engine->status.commits, c->engine->status.ncommits,
		    record->result);
	publish_commit(c->engine, record);
	privlink_forget_keys(c->engine);
	notify(c, is_in_force(record) ? NOTIFY_COMMIT_DONE : NOTIFY_COMMIT_FAILED,
	    record);
}

/* Neither the new nor the previous one is proven. */
static void
judge_stuck(struct commit *c, bool failed)
{
	struct engine *e = c->engine;
	const bool no_way_left = c->turned_back || c->request.kind == COMMIT_RECOVER;

	pending_set_stuck(e,
	    e->pending.lost != 0 || (failed && (e->stuck || no_way_left)), &c->reason);
}

/* Services that were down, and that going back must not start either. */
static uint64_t
left_alone(const struct commit *c)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < c->engine->services.count; i++)
		if (c->services[i].affected && !c->services[i].counted)
			mask |= (uint64_t)1 << i;
	return mask;
}

/* Somebody asked for the way back, and it is done. */
static bool
is_cancelled(const struct commit *c, bool failed)
{
	return c->request.kind == COMMIT_REVERT && !failed &&
	    c->request.reason.code != ERR_CONFIRM_TIMEOUT;
}

/* What the commit did not touch, and may be an old process, is for the watch to judge.
 */
static bool
is_watched_still(const struct commit *c, uint32_t i)
{
	return c->engine->services_run[i].differs > 0 && !c->services[i].affected &&
	    !c->services[i].disabled;
}

/* Everybody who watches, and last who asked. */
static void
tell_all(struct commit *c, const struct status_commit *record, bool failed)
{
	struct engine *e = c->engine;
	struct commit_outcome outcome = { .err = c->reason,
		.rolled_back = record->result == RESULT_ROLLED_BACK,
		.stale = failed && !c->activated && c->reason.code == ERR_CONFLICT };

	if (failed && (c->turned_back || c->request.kind == COMMIT_RECOVER))
		outcome.err.code = ERR_STUCK;
	else if (c->request.kind == COMMIT_REVERT)
		outcome = (struct commit_outcome){ 0 }; /* that was asked for */
	publish_services(e);
	for (uint32_t i = 0; i < e->services.count; i++)
		if (!is_watched_still(c, i))
			watch_tell(e, i);
	if (is_cancelled(c, failed))
		publish_action(e, c->request.action, RESULT_SUCCESS, record->user,
		    NULL);
	else
		publish_action(e, c->request.action, record->result, record->user,
		    &c->reason);
	publish_now(e);
	commit_tell(c, STEP_END, NULL, is_in_force(record) ? NULL : &c->reason,
	    "in force");
	sessions_commit_ended(e, &outcome);
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
	confirm_next(e);
	actions_next(e);
	spool_look(e);
}

void
commit_free(struct commit *c)
{
	for (uint32_t i = 0; i < LIMIT_SERVICES; i++)
		prober_free(c->services[i].prober);
	event_free(c->timer);
	held_drop(c->target);
	free(c);
}

/* All that failed is to write it down; the next start goes the same way again. */
static bool
is_proven_back(const struct commit *c)
{
	return c->turned_back && c->plan[c->at] == STEP_END && c->failed_back == 0;
}

/* What waits for a confirmation from now on, if anything does. */
static void
keep_trial(struct commit *c)
{
	struct engine *e = c->engine;

	if (e->confirm.phase == CONFIRM_NONE)
		e->waited_before = c->waited.services;
	confirm_set(e, &c->confirm, c->request.session, left_alone(c));
}

void
commit_finish(struct commit *c, bool failed)
{
	const bool done = c->request.kind == COMMIT_REVERT
	    ? c->switched
	    : commit_is_new(c) && !failed && !c->turned_back;
	const struct priv_hold released = { .on = 0 };
	struct engine *e = c->engine;
	struct held *old = held_use(e->running);
	struct status_commit record;

	if (failed && is_proven_back(c)) {
		log_err("commit",
		    "the way back is done, and cannot be written down: %s",
		    c->reason.text);
		failed = false;
	}
	commit_use_up_number(c);
	commit_record(c, result_of(c, failed), &record);
	e->commit = NULL;
	e->tip++;
	if (done) {
		adopt(c);
		watch_files_anew(e);
	}
	if (failed || c->request.kind == COMMIT_RESTART)
		pending_set(e, commit_pending(c, failed));
	log_end(c, &record);
	keep_record(c, &record, failed);
	judge_stuck(c, failed);
	if (c->request.kind == COMMIT_REVERT || done)
		keep_trial(c);
	privlink_request(e, PRIV_HOLD, &released, sizeof(released), NULL, 0, NULL,
	    NULL);
	privlink_take_services(e);
	if (done) {
		alarms_changed(e, old, record.user);
		snmplink_send_snapshot(e);
	}
	tell_all(c, &record, failed);
	held_drop(old);
	begin_next(e, done, c->request.from_candidate);
	commit_free(c);
}
