/* SPDX-License-Identifier: ISC */
/* What one SNMP request is answered from: snapshot, status and one moment in time. */
#ifndef HANDLERS_SNMP_VIEW_H
#define HANDLERS_SNMP_VIEW_H

#include "handlers/snmp_value.h"
#include "lib/snapshot.h"
#include "lib/status.h"
#include "lib/summary.h"

struct snmp_view {
	/* Called before each request: takes over what is new and sets the time. */
	void (*refresh)(struct snmp_view *);
	void *context; /* its own */
	bool ready;    /* there are both snapshot and status */
	struct snapshot snapshot;
	struct status status;
	int64_t now;       /* UTC seconds */
	int64_t tick_ms;   /* CLOCK_MONOTONIC, now */
	uint32_t uptime;   /* the master's sysUpTime, now; 1/100 s */
	int64_t master_ms; /* CLOCK_MONOTONIC when its sysUpTime was 0 */
	/* the services that have an index, by it; they point into the status */
	const struct status_service *services[LIMIT_SERVICES];
	uint32_t nservices;
	/* made when it is first asked for */
	bool has_summary;
	int64_t summary_at;
	struct summary summary;
};

/* Reads the clocks; the caller gives the master's sysUpTime. */
void snmp_view_set_time(struct snmp_view *, uint32_t uptime);

/* To be called whenever snapshot or status changed; the view must not be moved. */
void snmp_view_changed(struct snmp_view *);

const struct summary *snmp_view_summary(struct snmp_view *);

/* sysUpTime at a moment of CLOCK_MONOTONIC; 0 when the master was not up yet. */
uint32_t snmp_view_stamp(const struct snmp_view *, int64_t tick_ms);

#endif
