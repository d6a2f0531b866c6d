/* SPDX-License-Identifier: ISC */
/* The steps of a commit that concern services: survey, restart, probe. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/commit.h"

#define IN_A_ROW 3     /* an old worker may answer once more after a reload */
#define SURVEY_MS 3000 /* a service that works answers by then */

static const struct snapshot_service *
row_of(const struct held *h, const struct service_facts *facts)
{
	for (uint32_t i = 0; i < h->snapshot.header->services.count; i++)
		if (text_is(snapshot_text(&h->snapshot, h->snapshot.services[i].name),
			facts->name))
			return &h->snapshot.services[i];
	return NULL;
}

static bool
is_enabled_in(const struct held *h, const struct service_facts *facts)
{
	const struct snapshot_service *row = row_of(h, facts);

	return row != NULL && row->enabled;
}

static bool
is_changed(const struct commit *c, const struct service_facts *facts)
{
	const struct snapshot_service *old = row_of(c->engine->running, facts);
	const struct snapshot_service *new = row_of(c->target, facts);

	return old == NULL || new == NULL ||
	    memcmp(old->material, new->material, SHA256_SIZE) != 0;
}

/*
 * A change touches what changes, and what still waits for a restart; a recovery and a
 * restart all that is enabled.
 */
static bool
is_affected(const struct commit *c, uint32_t i)
{
	const struct service_facts *facts = &c->engine->services.rows[i];

	if (!is_enabled_in(c->target, facts))
		return false;
	if (c->request.kind == COMMIT_RECOVER || c->request.kind == COMMIT_RESTART)
		return true;
	return !is_enabled_in(c->engine->running, facts) || pending_is(c->engine, i) ||
	    c->engine->services_run[i].files_changed || is_changed(c, facts);
}

/* It was enabled, or was left running when it ceased to be. */
static bool
is_disabled(const struct commit *c, uint32_t i)
{
	const struct service_facts *facts = &c->engine->services.rows[i];

	return facts->has_stop && !is_enabled_in(c->target, facts) &&
	    (is_enabled_in(c->engine->running, facts) || pending_is(c->engine, i));
}

/* Whether its certificate stays, so that no probe can tell the one from the other. */
static bool
is_unseen(const struct commit *c, uint32_t i)
{
	struct served old, new;

	watch_expected(c->engine, c->engine->running, i, &old);
	watch_expected(c->engine, c->target, i, &new);
	return memcmp(&old, &new, sizeof(old)) == 0;
}

/* Nothing comes after it: every service gets its chance, and what fails is lost. */
static bool
is_last_way(const struct commit *c)
{
	return c->turned_back || c->request.kind == COMMIT_RECOVER ||
	    c->request.kind == COMMIT_RESTART;
}

void
commit_choose_services(struct commit *c)
{
	struct commit_service *s;

	for (uint32_t i = 0; i < c->engine->services.count; i++) {
		s = &c->services[i];
		s->affected = is_affected(c, i);
		/* what certconf does not start, restart does not judge */
		s->counted = s->affected &&
		    (c->request.kind != COMMIT_RESTART ||
			c->engine->services.rows[i].has_restart);
		s->disabled = is_disabled(c, i);
		s->restarted = c->turned_back && s->affected;
		s->unseen = c->request.kind != COMMIT_RECOVER && is_unseen(c, i);
		s->checked = !c->engine->services.rows[i].has_check;
	}
}

/* Whether this commit had to do with it; then what waited before does not any more. */
static bool
is_touched(const struct commit *c, uint32_t i, bool failed)
{
	const struct commit_service *s = &c->services[i];

	/* what ended early may not have come to it */
	if (c->turned_back || failed)
		return s->restarted || s->stopped;
	if (c->engine->services.rows[i].restart_device)
		return s->affected &&
		    (c->request.kind == COMMIT_NEW || c->request.kind == COMMIT_DEFER);
	return s->affected || s->disabled;
}

/* Whether it waits for a restart after this. */
static bool
waits(const struct commit *c, uint32_t i)
{
	if ((c->failed_back >> i & 1) != 0)
		return true;
	return !c->turned_back &&
	    (c->request.kind == COMMIT_DEFER ||
		c->engine->services.rows[i].restart_device);
}

/* Nobody restarted it for the trial: what it waited for before, it waits for. */
static bool
must_reboot(const struct commit *c, uint32_t i)
{
	return c->engine->services.rows[i].restart_device &&
	    (c->waited.services & c->engine->waited_before) >> i & 1;
}

struct pending
commit_pending(const struct commit *c, bool failed)
{
	const struct engine *e = c->engine;
	const struct pending before = c->turned_back ? c->waited : e->pending;
	struct pending after = before;
	const bool reverts = c->request.kind == COMMIT_REVERT;

	for (uint32_t i = 0; i < e->services.count; i++) {
		const uint64_t bit = (uint64_t)1 << i;
		const bool dropped =
		    c->turned_back && !is_enabled_in(c->target, &e->services.rows[i]);

		if (!dropped &&
		    ((failed && !is_last_way(c)) || !is_touched(c, i, failed)))
			continue;
		after.services &= ~bit;
		after.unseen &= ~bit;
		after.lost &= ~bit;
		if (dropped || (!waits(c, i) && !(reverts && must_reboot(c, i))))
			continue;
		after.services |= bit;
		/* it goes on waiting for what it waited for */
		after.unseen |= c->services[i].unseen ? bit : before.unseen & bit;
		after.lost |= (c->failed_back | before.lost) & bit;
	}
	return after;
}

/* --- not too often --- */

/* A service restarts at most once an interval. */
static int64_t
due_in_ms(const struct commit *c, uint32_t i)
{
	const int64_t last = c->engine->services_run[i].restarted_ms;
	const int64_t due = last + (int64_t)c->engine->restart_interval * 1000;
	const int64_t now = clock_ms();

	return last == 0 || due <= now ? 0 : due - now;
}

static enum step_result
wait_for_turn(struct commit *c, enum commit_step step, uint32_t i, int64_t ms)
{
	char text[80];

	snprintf(text, sizeof(text), "restarted a moment ago: waits %lld s",
	    (long long)(ms + 999) / 1000);
	commit_tell(c, step, c->engine->services.rows[i].name, NULL, text);
	commit_wait(c, ms);
	return STEP_WAIT;
}

/* Until every service it restarts may be restarted again, what comes may join. */
static bool
must_gather(struct commit *c)
{
	uint32_t last = 0;
	int64_t wait = 0;

	for (uint32_t i = 0; i < c->engine->services.count; i++)
		if (c->services[i].affected && due_in_ms(c, i) > wait) {
			wait = due_in_ms(c, i);
			last = i;
		}
	if (c->request.kind != COMMIT_NEW)
		wait = 0;
	c->gathering =
	    wait > 0 && c->request.confirm_timeout == 0 && c->request.keys_from == 0;
	if (wait > 0)
		(void)wait_for_turn(c, STEP_SURVEY, last, wait);
	return wait > 0;
}

/* --- survey --- */

/* Which service a prober is about is found by the prober's place. */
static uint32_t
service_of(const struct commit *c, const struct commit_service *s)
{
	return (uint32_t)(s - c->services);
}

/* Of a step after which nothing else is tried for what failed before it. */
static enum step_result
step_ended(const struct commit *c)
{
	return c->failed || c->failed_back != 0 ? STEP_FAILED : STEP_DONE;
}

/* A probe has ended; the last one ends the step. */
static void
one_less(struct commit *c)
{
	if (--c->waiting == 0)
		commit_go_on(c, step_ended(c));
}

/* Where certconf stops a service that is disabled, it starts one that is enabled. */
static bool
is_to_start(const struct commit *c, uint32_t i)
{
	const struct service_facts *facts = &c->engine->services.rows[i];

	return facts->has_stop && !is_enabled_in(c->engine->running, facts);
}

static bool
may_be_ours(const struct commit *c, uint32_t i)
{
	if (!c->engine->services.rows[i].has_restart)
		return false;
	if (c->request.kind == COMMIT_REVERT)
		return (c->engine->confirm.left_alone >> i & 1) == 0;
	return c->request.may_have_died || pending_is_lost(c->engine, i);
}

static void
on_surveyed(struct engine *e, void *context, const struct probe_result *result)
{
	struct commit_service *s = context;
	struct commit *c = e->commit;
	const uint32_t i = service_of(c, s);
	const char *name = e->services.rows[i].name;
	const bool answers = result->err.code == ERR_NONE;

	s->prober = NULL;
	watch_saw(e, i, result);
	if (!answers && may_be_ours(c, i)) {
		commit_tell(c, STEP_SURVEY, name, NULL,
		    "not running: it may be our doing");
	} else if (!answers && s->disabled) {
		s->was_down = true;
		commit_tell(c, STEP_SURVEY, name, NULL, "not running before");
	} else if (!answers && is_to_start(c, i)) {
		s->was_down = true;
		commit_tell(c, STEP_SURVEY, name, NULL, "not running: it is started");
	} else if (!answers) {
		s->counted = s->restarted = false;
		commit_tell(c, STEP_SURVEY, name, NULL,
		    "not running before; left alone");
	} else if (c->request.kind == COMMIT_RECOVER && !c->request.may_have_died &&
	    e->status.services[i].in_sync == SYNC_IN) {
		s->counted = false; /* it has been started since, with what is live */
	} else {
		commit_tell(c, STEP_SURVEY, name, NULL, "serving before the commit");
	}
	one_less(c);
}

enum step_result
commit_survey(struct commit *c)
{
	struct engine *e = c->engine;

	if (must_gather(c))
		return STEP_WAIT;
	c->failed = false;
	c->waiting = 1; /* so that no answer ends the step while it begins */
	for (uint32_t i = 0; i < e->services.count; i++) {
		struct prober_spec spec = { .service = &e->services.rows[i],
			.deadline_ms = SURVEY_MS,
			.in_a_row = 1,
			.once = true };

		if ((!c->services[i].affected && !c->services[i].disabled) ||
		    !spec.service->has_probe)
			continue;
		watch_expected(e, e->running, i, &spec.expected);
		c->waiting++;
		c->services[i].prober =
		    prober_start(e, &spec, on_surveyed, &c->services[i]);
	}
	return --c->waiting == 0 ? STEP_DONE : STEP_WAIT;
}

/* --- commands --- */

static void
run(struct commit *c, uint32_t i, enum service_command command, priv_answer *answer)
{
	const struct priv_run request = { .service = i,
		.command = command,
		.services_revision = c->engine->services.revision,
		.generation = c->generation };

	privlink_request(c->engine, PRIV_RUN, &request, sizeof(request), NULL, 0,
	    answer, c);
}

/* The next service of the step that pick takes; count when there is none. */
static uint32_t
next_service(struct commit *c, bool (*pick)(const struct commit *, uint32_t))
{
	if (!c->in_commands) {
		c->in_commands = true;
		c->failed = false;
		c->next = 0;
	}
	while (c->next < c->engine->services.count && !pick(c, c->next))
		c->next++;
	c->in_commands = c->next < c->engine->services.count;
	return c->next;
}

/* In what is being put in force; otherwise its failures are nobody's. */
static bool
is_enabled(const struct commit *c, uint32_t i)
{
	return is_enabled_in(c->target, &c->engine->services.rows[i]);
}

/* --- check --- */

static bool
must_check(const struct commit *c, uint32_t i)
{
	const struct commit_service *s = &c->services[i];

	return s->affected && s->counted && !s->checked &&
	    c->engine->services.rows[i].has_restart;
}

static void
on_checked(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct commit *c = context;
	const uint32_t i = c->next++;
	const char *name = e->services.rows[i].name;

	(void)msg;
	if (err->code == ERR_UNSUPPORTED && !c->activated) {
		commit_tell(c, STEP_CHECK, name, NULL,
		    "cannot be checked before it is activated");
	} else if (err->code != ERR_NONE) {
		c->in_commands = false;
		commit_reason(c, err);
		commit_tell(c, STEP_CHECK, name, err, NULL);
		commit_go_on(c, STEP_FAILED);
		return;
	} else {
		c->services[i].checked = true;
		commit_tell(c, STEP_CHECK, name, NULL, "checked");
	}
	commit_go_on(c, STEP_AGAIN);
}

enum step_result
commit_check(struct commit *c)
{
	const uint32_t i = next_service(c, must_check);

	if (i == c->engine->services.count)
		return STEP_DONE;
	run(c, i, COMMAND_CHECK, on_checked);
	return STEP_WAIT;
}

/* --- restart and stop --- */

/* COMMAND_MAX: none. */
static enum service_command
command_for(const struct commit *c, uint32_t i)
{
	const struct commit_service *s = &c->services[i];
	const bool can_restart = c->engine->services.rows[i].has_restart;
	const bool reverts = c->request.kind == COMMIT_REVERT;

	if (s->disabled && (!c->turned_back || reverts))
		return COMMAND_STOP;
	if (!c->turned_back)
		return s->affected && s->counted && can_restart ? COMMAND_RESTART
								: COMMAND_MAX;
	if (s->was_down && s->restarted)
		return COMMAND_STOP;
	if (s->was_down || !can_restart)
		return COMMAND_MAX;
	return s->restarted || s->stopped ? COMMAND_RESTART : COMMAND_MAX;
}

static bool
has_command(const struct commit *c, uint32_t i)
{
	return command_for(c, i) != COMMAND_MAX;
}

/*
 * Whether a command that failed fails the step.  On the way back the wire decides,
 * where it can be asked and can tell, and a service that is enabled only in what is
 * left does not count.
 */
static bool
fails_step(const struct commit *c, uint32_t i)
{
	if (!c->turned_back)
		return true;
	return is_enabled(c, i) &&
	    (!c->engine->services.rows[i].has_probe || c->services[i].unseen);
}

static void
ran_well(struct commit *c, uint32_t i, enum service_command command)
{
	struct status_service *row = &c->engine->status.services[i];

	row->last_error[0] = '\0';
	/* after a restart a probe tells, where there is one */
	row->state = command == COMMAND_STOP ? SERVICE_STOPPED : SERVICE_UNKNOWN;
	commit_tell(c, STEP_RESTART, row->name, NULL,
	    command == COMMAND_STOP ? "stopped" : "restarted");
}

static void
ran_badly(struct commit *c, uint32_t i, const struct err *err)
{
	struct status_service *row = &c->engine->status.services[i];

	row->state = SERVICE_FAILED;
	snprintf(row->last_error, sizeof(row->last_error), "%s", err->text);
	commit_tell(c, STEP_RESTART, row->name, err, NULL);
	if (!fails_step(c, i))
		return;
	commit_reason(c, err);
	c->failed = true;
	if (is_last_way(c))
		c->failed_back |= (uint64_t)1 << i;
}

static void
on_ran(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct commit *c = context;
	const uint32_t i = c->next++;
	const enum service_command command = command_for(c, i);
	struct status_service *row = &e->status.services[i];

	(void)msg;
	if (command == COMMAND_RESTART) {
		row->last_restart = time(NULL);
		row->restarts++;
		e->services_run[i].restarted_ms = clock_ms();
		c->services[i].restarted = true;
	} else {
		c->services[i].stopped = !c->turned_back;
	}
	row->last_result = err->code == ERR_NONE ? RESULT_SUCCESS : RESULT_FAILED;
	if (err->code == ERR_NONE)
		ran_well(c, i, command);
	else
		ran_badly(c, i, err);
	if (c->failed && !is_last_way(c))
		c->next = e->services.count;
	commit_go_on(c, STEP_AGAIN);
}

enum step_result
commit_restart(struct commit *c)
{
	struct engine *e = c->engine;
	const uint32_t i = next_service(c, has_command);
	int64_t wait;

	if (i == e->services.count)
		return c->failed && !is_last_way(c) ? STEP_FAILED : STEP_DONE;
	wait = due_in_ms(c, i);
	if (wait > 0 && !c->turned_back && command_for(c, i) == COMMAND_RESTART)
		return wait_for_turn(c, STEP_RESTART, i, wait);
	e->status.services[i].state = SERVICE_RESTARTING;
	publish(e);
	run(c, i, command_for(c, i), on_ran);
	return STEP_WAIT;
}

/* --- probe --- */

static void
on_probed(struct engine *e, void *context, const struct probe_result *result)
{
	struct commit_service *s = context;
	struct commit *c = e->commit;
	const uint32_t i = service_of(c, s);
	const char *name = e->services.rows[i].name;

	s->prober = NULL;
	watch_saw(e, i, result);
	if (result->err.code != ERR_NONE) {
		c->failed = true;
		if (is_last_way(c))
			c->failed_back |= (uint64_t)1 << i;
		commit_reason(c, &result->err);
		commit_tell(c, STEP_PROBE, name, &result->err, NULL);
	} else {
		commit_tell(c, STEP_PROBE, name, NULL,
		    c->request.kind == COMMIT_NEW && !c->turned_back
			? "serving the new certificate"
			: "serving the certificate in force");
	}
	one_less(c);
}

/* A service that only a reboot restarts serves the old one until then. */
static bool
must_probe(const struct commit *c, uint32_t i)
{
	const struct commit_service *s = &c->services[i];
	const struct service_facts *facts = &c->engine->services.rows[i];

	if (!facts->has_probe || !is_enabled(c, i) ||
	    (facts->restart_device && !c->turned_back))
		return false;
	return s->stopped ? !s->was_down : s->affected && s->counted;
}

enum step_result
commit_probe(struct commit *c)
{
	struct engine *e = c->engine;

	c->failed = false;
	c->waiting = 1;
	for (uint32_t i = 0; i < e->services.count; i++) {
		const struct service_facts *facts = &e->services.rows[i];
		struct prober_spec spec = { .service = facts,
			.deadline_ms = facts->deadline_ms,
			.settle_ms = facts->settle_ms,
			.in_a_row = IN_A_ROW };

		if (!must_probe(c, i))
			continue;
		watch_expected(e, c->target, i, &spec.expected);
		spec.must_match = spec.expected.nchain > 0;
		c->waiting++;
		c->services[i].prober =
		    prober_start(e, &spec, on_probed, &c->services[i]);
	}
	if (--c->waiting > 0)
		return STEP_WAIT;
	return step_ended(c);
}
