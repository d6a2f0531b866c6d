/* SPDX-License-Identifier: ISC */
/* The moment of a request, and what is derived from it once. */
#include "handlers/snmp_view.h"

#include <time.h>

#include "agent/clock.h"

void
snmp_view_set_time(struct snmp_view *view, uint32_t uptime)
{
	view->now = time(NULL);
	view->tick_ms = clock_ms();
	view->uptime = uptime;
}

void
snmp_view_changed(struct snmp_view *view)
{
	view->has_summary = false;
}

/* It looks at every certificate, so a walk over all scalars must not make it each time.
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
	int64_t ago = (view->tick_ms - tick_ms) / 10;

	if (tick_ms <= 0 || ago > view->uptime)
		return 0;
	return ago < 0 ? view->uptime : view->uptime - (uint32_t)ago;
}
