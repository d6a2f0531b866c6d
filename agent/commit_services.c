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

/* A new commit touches what changes; a recovery and a restart all that is enabled. */
static bool
is_affected(const struct commit *c, const struct service_facts *facts)
{
	const struct snapshot_service *old = row_of(c->engine->running, facts);
	const struct snapshot_service *new = row_of(c->target, facts);

	if (new == NULL || !new->enabled)
		return false;
	if (c->request.kind != COMMIT_NEW || old == NULL || !old->enabled)
		return true;
	return memcmp(old->material, new->material, SHA256_SIZE) != 0;
}

void
commit_choose_services(struct commit *c)
{
	const struct services *services = &c->engine->services;

	for (uint32_t i = 0; i < services->count; i++) {
		c->services[i].affected = is_affected(c, &services->rows[i]);
		c->services[i].counted = c->services[i].affected;
	}
}

/* --- survey --- */

/* Which service a prober is about is found by the prober's place. */
static uint32_t
service_of(const struct commit *c, const struct commit_service *s)
{
	return (uint32_t)(s - c->services);
}

/* A probe has ended; the last one ends the step. */
static void
one_less(struct commit *c)
{
	if (--c->waiting == 0)
		commit_go_on(c, c->failed ? STEP_FAILED : STEP_DONE);
}

static void
on_surveyed(struct engine *e, void *context, const struct probe_result *result)
{
	struct commit_service *s = context;
	struct commit *c = e->commit;
	const uint32_t i = service_of(c, s);
	const char *name = e->services.rows[i].name;
	const uint8_t *leaf = watch_leaf(e, e->running, i);

	s->prober = NULL;
	watch_saw(e, i, result);
	if (result->err.code != ERR_NONE && c->request.may_have_died) {
		commit_tell(c, STEP_SURVEY, name, NULL,
		    "not running: it may be our doing");
	} else if (result->err.code != ERR_NONE) {
		s->counted = false;
		commit_tell(c, STEP_SURVEY, name, NULL,
		    "not running before; left alone");
	} else if (c->request.kind == COMMIT_RECOVER && !c->request.may_have_died &&
	    leaf != NULL && memcmp(leaf, result->leaf, SHA256_SIZE) == 0) {
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

	c->failed = false;
	c->waiting = 1; /* so that no answer ends the step while it begins */
	for (uint32_t i = 0; i < e->services.count; i++) {
		const struct prober_spec spec = { .service = &e->services.rows[i],
			.deadline_ms = SURVEY_MS,
			.in_a_row = 1,
			.once = true };

		if (!c->services[i].affected || !spec.service->has_probe)
			continue;
		c->waiting++;
		c->services[i].prober =
		    prober_start(e, &spec, on_surveyed, &c->services[i]);
	}
	return --c->waiting == 0 ? STEP_DONE : STEP_WAIT;
}

/* --- restart --- */

/* In what is being put in force; otherwise its failures are nobody's. */
static bool
is_enabled(const struct commit *c, uint32_t i)
{
	const struct snapshot_service *row =
	    row_of(c->target, &c->engine->services.rows[i]);

	return row != NULL && row->enabled;
}

/*
 * Whether a restart that failed fails the step.  On the way back the wire decides,
 * where it can be asked, and a service that is enabled only in what is left does not
 * count.
 */
static bool
fails_step(const struct commit *c, uint32_t i)
{
	if (!c->turned_back)
		return true;
	return is_enabled(c, i) && !c->engine->services.rows[i].has_probe;
}

static void
on_restarted(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct commit *c = context;
	const uint32_t i = c->next - 1;
	struct status_service *row = &e->status.services[i];

	(void)msg;
	row->last_restart = time(NULL);
	row->restarts++;
	row->last_result = err->code == ERR_NONE ? RESULT_SUCCESS : RESULT_FAILED;
	e->services_run[i].restarted_ms = clock_ms();
	if (err->code == ERR_NONE) {
		row->state = SERVICE_UNKNOWN; /* a probe tells, where there is one */
		row->last_error[0] = '\0';
		commit_tell(c, STEP_RESTART, row->name, NULL, "restarted");
	} else {
		row->state = SERVICE_FAILED;
		snprintf(row->last_error, sizeof(row->last_error), "%s", err->text);
		commit_reason(c, err);
		commit_tell(c, STEP_RESTART, row->name, err, NULL);
		c->failed = c->failed || fails_step(c, i);
	}
	/* On the way back each service gets its chance, whatever the others do. */
	if (c->failed && !c->turned_back)
		c->next = e->services.count;
	commit_go_on(c, STEP_AGAIN);
}

static bool
must_restart(const struct commit *c, uint32_t i)
{
	const struct commit_service *s = &c->services[i];

	if (!s->affected || !s->counted || !c->engine->services.rows[i].has_restart)
		return false;
	return !c->turned_back || s->restarted;
}

/* A service restarts at most once an interval; the way back does not wait. */
static int64_t
must_wait_ms(const struct commit *c, uint32_t i)
{
	const int64_t last = c->engine->services_run[i].restarted_ms;
	const int64_t due = last + (int64_t)c->engine->restart_interval * 1000;
	const int64_t now = clock_ms();

	return c->turned_back || last == 0 || due <= now ? 0 : due - now;
}

static enum step_result
wait_to_restart(struct commit *c, int64_t ms)
{
	char text[80];

	snprintf(text, sizeof(text), "restarted a moment ago: waits %lld s",
	    (long long)(ms + 999) / 1000);
	commit_tell(c, STEP_RESTART, c->engine->services.rows[c->next].name, NULL,
	    text);
	commit_wait(c, ms);
	return STEP_WAIT;
}

enum step_result
commit_restart(struct commit *c)
{
	struct engine *e = c->engine;
	struct priv_restart restart = { .services_revision = e->services.revision };
	int64_t wait;

	if (!c->in_restart) {
		c->in_restart = true;
		c->failed = false;
		c->next = 0;
	}
	while (c->next < e->services.count && !must_restart(c, c->next))
		c->next++;
	if (c->next >= e->services.count) {
		c->in_restart = false;
		return c->failed ? STEP_FAILED : STEP_DONE;
	}
	if ((wait = must_wait_ms(c, c->next)) > 0)
		return wait_to_restart(c, wait);
	restart.service = c->next++;
	c->services[restart.service].restarted = true;
	e->status.services[restart.service].state = SERVICE_RESTARTING;
	publish(e);
	privlink_request(e, PRIV_RESTART, &restart, sizeof(restart), NULL, 0,
	    on_restarted, c);
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

enum step_result
commit_probe(struct commit *c)
{
	struct engine *e = c->engine;

	c->failed = false;
	c->waiting = 1;
	for (uint32_t i = 0; i < e->services.count; i++) {
		const struct commit_service *s = &c->services[i];
		const struct prober_spec spec = { .service = &e->services.rows[i],
			.leaf = watch_leaf(e, c->target, i),
			.deadline_ms = spec.service->deadline_ms,
			.settle_ms = spec.service->settle_ms,
			.in_a_row = IN_A_ROW };

		if (!s->affected || !s->counted || !spec.service->has_probe ||
		    !is_enabled(c, i))
			continue;
		c->waiting++;
		c->services[i].prober =
		    prober_start(e, &spec, on_probed, &c->services[i]);
	}
	if (--c->waiting > 0)
		return STEP_WAIT;
	return c->failed ? STEP_FAILED : STEP_DONE;
}
