/* SPDX-License-Identifier: ISC */
/*
 * The services between commits: each enabled one is probed at start and at its
 * interval, so that "renewed but never reloaded" is seen.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/engine.h"

#define PROBE_MS 3000

const uint8_t *
watch_leaf(const struct engine *e, const struct held *h, uint32_t service)
{
	const char *name = e->services.rows[service].name;
	const struct snapshot *s = &h->snapshot;
	const struct snapshot_local *local = NULL;

	for (uint32_t i = 0; i < s->header->services.count; i++)
		if (text_is(snapshot_text(s, s->services[i].name), name))
			local = snapshot_local(s, s->services[i].local_index);
	if (local == NULL || local->count == 0)
		return NULL;
	return snapshot_sha256(s, local->first_cert);
}

void
watch_judge(struct engine *e, uint32_t service)
{
	struct status_service *row = &e->status.services[service];
	const uint8_t *leaf = watch_leaf(e, e->running, service);

	row->in_sync = SYNC_UNKNOWN;
	if (row->has_served && leaf != NULL)
		row->in_sync = memcmp(leaf, row->served_sha256, SHA256_SIZE) == 0
		    ? SYNC_IN
		    : SYNC_OUT;
}

void
watch_saw(struct engine *e, uint32_t service, const struct probe_result *result)
{
	struct status_service *row = &e->status.services[service];

	row->last_probe = time(NULL);
	row->has_served = result->nchain > 0;
	row->state = row->has_served ? SERVICE_RUNNING : SERVICE_STOPPED;
	row->last_error[0] = '\0';
	if (row->has_served) {
		memcpy(row->served_sha256, result->leaf, SHA256_SIZE);
		row->served_not_after = result->not_after;
	} else {
		snprintf(row->last_error, sizeof(row->last_error), "%s",
		    result->err.text);
	}
	watch_judge(e, service);
	publish(e);
}

static void
on_watched(struct engine *e, void *context, const struct probe_result *result)
{
	struct service_run *run = context;
	const uint32_t i = (uint32_t)(run - e->services_run);

	run->watcher = NULL;
	/* A commit that began meanwhile looks for itself. */
	if (e->commit == NULL && i < e->services.count)
		watch_saw(e, i, result);
}

static bool
is_watched(const struct engine *e, uint32_t i)
{
	return e->status.services[i].enabled && e->services.rows[i].has_probe;
}

static void
probe_if_due(struct engine *e, uint32_t i, int64_t now)
{
	struct service_run *run = &e->services_run[i];
	const struct prober_spec spec = { .service = &e->services.rows[i],
		.deadline_ms = PROBE_MS,
		.in_a_row = 1,
		.once = true };

	if (run->watcher != NULL || run->next_probe_ms > now)
		return;
	run->next_probe_ms = spec.service->probe_interval == 0
	    ? INT64_MAX
	    : now + (int64_t)spec.service->probe_interval * 1000;
	run->watcher = prober_start(e, &spec, on_watched, run);
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	struct engine *e = context;
	const int64_t now = clock_ms();
	int64_t next = INT64_MAX;
	struct timeval tv;

	(void)fd;
	(void)what;
	for (uint32_t i = 0; i < e->services.count; i++) {
		if (!is_watched(e, i))
			continue;
		probe_if_due(e, i, now);
		if (e->services_run[i].next_probe_ms < next)
			next = e->services_run[i].next_probe_ms;
	}
	if (next == INT64_MAX)
		return;
	tv = timeval_ms(next - now);
	event_add(e->watch_timer, &tv);
}

void
watch_start(struct engine *e)
{
	const struct timeval now = { 0 };

	if (e->watch_timer == NULL)
		e->watch_timer = evtimer_new(e->base, on_timer, e);
	event_add(e->watch_timer, &now);
}

/* The row a service of this name had; NULL: it is new. */
static const struct service_run *
former_run(const struct services *old, const struct service_run *runs, const char *name)
{
	for (uint32_t i = 0; i < old->count; i++)
		if (strcmp(old->rows[i].name, name) == 0)
			return &runs[i];
	return NULL;
}

void
watch_move(struct engine *e, const struct services *old)
{
	struct service_run runs[LIMIT_SERVICES];
	const struct service_run *former;

	for (uint32_t i = 0; i < LIMIT_SERVICES; i++) {
		prober_free(e->services_run[i].watcher);
		e->services_run[i].watcher = NULL;
	}
	memcpy(runs, e->services_run, sizeof(runs));
	memset(e->services_run, 0, sizeof(e->services_run));
	for (uint32_t i = 0; i < e->services.count; i++) {
		former = former_run(old, runs, e->services.rows[i].name);
		if (former != NULL)
			e->services_run[i].restarted_ms = former->restarted_ms;
	}
}
