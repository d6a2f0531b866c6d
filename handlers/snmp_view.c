/* SPDX-License-Identifier: ISC */
/* The moment of a request, and what is derived from it once. */
#include "handlers/snmp_view.h"

#include <stdlib.h>
#include <time.h>

#include "agent/clock.h"

#define JITTER_MS 500

void
snmp_view_set_time(struct snmp_view *view, uint32_t uptime)
{
	int64_t start;

	view->now = time(NULL);
	view->tick_ms = clock_ms();
	view->uptime = uptime;
	start = view->tick_ms - (int64_t)uptime * 10;
	/* Rounding moves it a little each time, and a time stamp must not move. */
	if (llabs(start - view->master_ms) > JITTER_MS)
		view->master_ms = start;
}

#define ORDER(x, y) (((x) > (y)) - ((x) < (y)))

static int
by_index(const void *a, const void *b)
{
	const struct status_service *const *x = a, *const *y = b;

	return ORDER((*x)->index, (*y)->index);
}

static int
by_generation(const void *a, const void *b)
{
	const struct status_commit *const *x = a, *const *y = b;

	return ORDER((*x)->generation, (*y)->generation);
}

static int
by_seq(const void *a, const void *b)
{
	const struct status_notice *const *x = a, *const *y = b;

	return ORDER((*x)->seq, (*y)->seq);
}

/* In the status they are in the order of restarts. */
static void
sort_services(struct snmp_view *view)
{
	const struct status *s = &view->status;

	view->nservices = 0;
	for (uint32_t i = 0; i < s->nservices && i < LIMIT_SERVICES; i++)
		if (s->services[i].index != 0)
			view->services[view->nservices++] = &s->services[i];
	qsort(view->services, view->nservices, sizeof(view->services[0]), by_index);
}

/* Newest first, which is not quite their numbers backwards. */
static void
sort_history(struct snmp_view *view)
{
	const struct status *s = &view->status;

	view->ncommits = view->nnotices = 0;
	for (uint32_t i = 0; i < s->ncommits && i < LIMIT_HISTORY; i++)
		if (s->commits[i].generation - 1 < UINT32_MAX)
			view->commits[view->ncommits++] = &s->commits[i];
	qsort(view->commits, view->ncommits, sizeof(view->commits[0]), by_generation);
	for (uint32_t i = 0; i < s->nnotices && i < LIMIT_NOTICES; i++)
		if (s->notices[i].seq != 0)
			view->notices[view->nnotices++] = &s->notices[i];
	qsort(view->notices, view->nnotices, sizeof(view->notices[0]), by_seq);
}

/* Room for one number for each row of locals; what does not fit is not counted. */
static uint32_t
make_room(struct snmp_view *view, uint32_t count)
{
	uint32_t *chain, *san;

	if (count <= view->nplaces)
		return count;
	chain = realloc(view->chain_before, count * sizeof(*chain));
	if (chain != NULL)
		view->chain_before = chain;
	san = realloc(view->san_before, count * sizeof(*san));
	if (san != NULL)
		view->san_before = san;
	if (chain != NULL && san != NULL)
		view->nplaces = count;
	return view->nplaces;
}

static void
count_places(struct snmp_view *view)
{
	const struct snapshot *snapshot = &view->snapshot;
	const uint32_t count = snapshot->header != NULL
	    ? make_room(view, snapshot->header->locals.count)
	    : 0;

	view->nchain = view->nsans = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct snapshot_local *local = &snapshot->locals[i];
		uint32_t nsans = 0;

		view->chain_before[i] = view->nchain;
		view->san_before[i] = view->nsans;
		if (local->count == 0)
			continue;
		(void)snapshot_sans(snapshot, local->first_cert, &nsans);
		view->nchain += local->count - 1;
		view->nsans += nsans;
	}
	view->nowners = count;
}

void
snmp_view_changed(struct snmp_view *view)
{
	view->has_summary = false;
	sort_services(view);
	sort_history(view);
	count_places(view);
}

void
snmp_view_clear(struct snmp_view *view)
{
	free(view->chain_before);
	free(view->san_before);
	view->chain_before = view->san_before = NULL;
	view->nplaces = view->nowners = view->nchain = view->nsans = 0;
}

/* The last one with no more before it: those that have none are passed over. */
uint32_t
snmp_view_owner(const struct snmp_view *view, const uint32_t *before, uint32_t n)
{
	uint32_t low = 0, high = view->nowners, middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (before[middle] <= n)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/*
 * It looks at every certificate, so a walk over all scalars must not make it each time.
 */
const struct summary *
snmp_view_summary(struct snmp_view *view)
{
	if (!view->has_summary || view->summary_at != view->now) {
		summary_make(&view->snapshot, &view->status, view->now, &view->summary);
		if (view->stale)
			view->summary.overall = SEVERITY_UNKNOWN;
		view->summary_at = view->now;
		view->has_summary = true;
	}
	return &view->summary;
}

uint32_t
snmp_view_stamp(const struct snmp_view *view, int64_t tick_ms)
{
	const int64_t stamp = (tick_ms - view->master_ms) / 10;

	if (tick_ms <= 0 || stamp < 0)
		return 0;
	return stamp > view->uptime ? view->uptime : (uint32_t)stamp;
}
