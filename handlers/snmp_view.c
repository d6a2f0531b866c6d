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

static int
by_index(const void *a, const void *b)
{
	const struct status_service *const *x = a, *const *y = b;

	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
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

void
snmp_view_changed(struct snmp_view *view)
{
	view->has_summary = false;
	sort_services(view);
}

/*
 * It looks at every certificate, so a walk over all scalars must not make it each time.
 */
const struct summary *
snmp_view_summary(struct snmp_view *view)
{
	if (!view->has_summary || view->summary_at != view->now) {
		summary_make(&view->snapshot, &view->status, view->now, &view->summary);
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
