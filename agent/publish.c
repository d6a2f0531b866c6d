/* SPDX-License-Identifier: ISC */
/* The status everyone answers from, kept current and sent to who needs it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/commit.h"
#include "agent/engine.h"

/* What a person would say is going on, the most urgent first. */
static enum config_state
state_of(const struct engine *e)
{
	if (e->commit != NULL)
		return e->commit->turned_back ||
			e->commit->request.kind == COMMIT_RECOVER
		    ? CONFIG_ROLLING_BACK
		    : CONFIG_COMMITTING;
	if (e->stuck)
		return CONFIG_STUCK;
	if (e->confirm.phase == CONFIRM_GOING_BACK)
		return CONFIG_ROLLING_BACK;
	if (!STAILQ_EMPTY(&e->actions))
		return CONFIG_LOADING;
	if (e->confirm.phase != CONFIRM_NONE)
		return CONFIG_AWAITING_CONFIRM;
	if (e->candidate.held == NULL)
		return CONFIG_IDLE;
	return e->candidate.problem.code != ERR_NONE || e->candidate.conflicts
	    ? CONFIG_INVALID
	    : CONFIG_STAGED;
}

static void
fill_candidate(struct engine *e)
{
	const struct candidate *c = &e->candidate;
	struct status *s = &e->status;
	const struct snapshot_local *local;

	s->has_candidate = c->held != NULL;
	s->candidate_conflicts = c->conflicts;
	s->candidate_revision = c->revision;
	s->candidate_since = c->since;
	s->candidate_problem = c->problem;
	memcpy(s->candidate_user, c->user, sizeof(s->candidate_user));
	memset(s->candidate_sha256, 0, sizeof(s->candidate_sha256));
	s->admin_mode =
	    e->running == NULL ? VERIFY_NONE : e->running->snapshot.header->verify_mode;
	if (c->held == NULL)
		return;
	s->admin_mode = c->held->snapshot.header->verify_mode;
	local = snapshot_local(&c->held->snapshot, INDEX_LOCAL);
	if (local != NULL && local->count > 0)
		memcpy(s->candidate_sha256,
		    snapshot_sha256(&c->held->snapshot, local->first_cert),
		    SHA256_SIZE);
}

void
publish_now(struct engine *e)
{
	struct status *s = &e->status;

	fill_candidate(e);
	actions_admin_mode(e, &s->admin_mode);
	s->config_state = state_of(e);
	s->restart_pending = e->pending.services != 0;
	for (uint32_t i = 0; i < e->services.count; i++)
		s->services[i].restart_pending = pending_is(e, i);
	s->published = time(NULL);
	s->confirm_until = s->confirm_restore == 0
	    ? 0
	    : s->published + (e->confirm.point.deadline_ms - clock_boot_ms()) / 1000;
	s->clock = clock_judge(s->published);
	s->spin_lock = e->counters.spin_lock;
	s->notify_last_seq = e->counters.notify_seq;
	if (e->publish_timer != NULL)
		event_del(e->publish_timer);
	snmplink_send_status(e);
	board_status(e);
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	publish_now(context);
}

void
publish(struct engine *e)
{
	const struct timeval now = { 0 };

	if (e->publish_timer == NULL)
		e->publish_timer = evtimer_new(e->base, on_timer, e);
	event_add(e->publish_timer, &now);
}

/* What is known of a service stays while its name does. */
static void
fill_service(const struct engine *e, uint32_t i, const struct status_service *old,
    uint32_t nold, struct status_service *row)
{
	const struct service_facts *facts = &e->services.rows[i];
	const struct snapshot *s = &e->running->snapshot;

	memset(row, 0, sizeof(*row));
	for (uint32_t n = 0; n < nold; n++)
		if (!old[n].undefined && strcmp(old[n].name, facts->name) == 0)
			*row = old[n];
	memcpy(row->name, facts->name, sizeof(row->name));
	row->index = facts->index;
	row->feature = (uint8_t)facts->feature;
	row->enabled = 0;
	row->local_index = 0;
	for (uint32_t n = 0; n < s->header->services.count; n++) {
		if (!text_is(snapshot_text(s, s->services[n].name), facts->name))
			continue;
		row->enabled = s->services[n].enabled != 0;
		row->local_index = s->services[n].local_index;
	}
}

static bool
is_defined(const struct engine *e, struct text name)
{
	for (uint32_t i = 0; i < e->services.count; i++)
		if (text_is(name, e->services.rows[i].name))
			return true;
	return false;
}

/* What is enabled but lost its definition must not just vanish. */
static void
add_undefined(struct engine *e)
{
	const struct snapshot *s = &e->running->snapshot;
	struct status_service *row;
	struct text name;

	for (uint32_t i = 0; i < s->header->services.count; i++) {
		name = snapshot_text(s, s->services[i].name);
		if (!s->services[i].enabled || e->status.nservices == LIMIT_SERVICES ||
		    is_defined(e, name))
			continue;
		row = &e->status.services[e->status.nservices++];
		memset(row, 0, sizeof(*row));
		snprintf(row->name, sizeof(row->name), "%.*s", (int)name.len,
		    name.data);
		row->index = services_index(&e->services, name);
		row->enabled = 1;
		row->undefined = 1;
		row->state = SERVICE_FAILED;
		snprintf(row->last_error, sizeof(row->last_error),
		    "it has no definition that can be used; the log tells more");
	}
}

void
publish_services(struct engine *e)
{
	struct status_service old[LIMIT_SERVICES];
	const uint32_t nold = e->status.nservices;

	memcpy(old, e->status.services, sizeof(old));
	for (uint32_t i = 0; i < e->services.count; i++)
		fill_service(e, i, old, nold, &e->status.services[i]);
	e->status.nservices = e->services.count;
	add_undefined(e);
	for (uint32_t i = 0; i < e->services.count; i++)
		watch_judge(e, i);
}

void
publish_action(struct engine *e, enum action action, enum action_result result,
    const char *user, const struct err *err)
{
	struct status *s = &e->status;

	s->last_end = time(NULL);
	/* What ends now began earlier only if that was told. */
	if (s->last_result != RESULT_IN_PROGRESS || s->last_action != action)
		s->last_start = s->last_end;
	if (result == RESULT_IN_PROGRESS)
		s->last_end = 0;
	s->last_action = action;
	s->last_result = result;
	snprintf(s->last_user, sizeof(s->last_user), "%s", user);
	err_clear(&s->last_error);
	if (err != NULL)
		s->last_error = *err;
	publish(e);
}

void
publish_commit(struct engine *e, const struct status_commit *record)
{
	struct status *s = &e->status;
	uint32_t i;

	for (i = 0; i < s->ncommits; i++)
		if (s->commits[i].generation == record->generation)
			break;
	if (i < s->ncommits) {
		s->commits[i] = *record; /* it came to another end since */
		publish(e);
		return;
	}
	memmove(&s->commits[1], &s->commits[0],
	    (LIMIT_HISTORY - 1) * sizeof(s->commits[0]));
	s->commits[0] = *record;
	if (s->ncommits < LIMIT_HISTORY)
		s->ncommits++;
	publish(e);
}
