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
	bool stale; /* nobody keeps them current: it must not look as if all is well */
	struct snapshot snapshot;
	struct status status;
	int64_t now;       /* UTC seconds */
	int64_t tick_ms;   /* CLOCK_MONOTONIC, now */
	uint32_t uptime;   /* the master's sysUpTime, now; 1/100 s */
	int64_t master_ms; /* CLOCK_MONOTONIC when its sysUpTime was 0 */
	/* Sorted by what is their index; they point into the status. */
	const struct status_service *services[LIMIT_SERVICES];
	const struct status_commit *commits[LIMIT_HISTORY];
	const struct status_notice *notices[LIMIT_NOTICES];
	uint32_t nservices, ncommits, nnotices;
	/*
	 * For each row of locals, how many intermediates and alternative names belong
	 * to rows before it.
	 */
	uint32_t *chain_before, *san_before;
	uint32_t nplaces; /* both have room for so many */
	uint32_t nowners; /* and so many are in use */
	uint32_t nchain, nsans;
	/* made when it is first asked for */
	bool has_summary;
	int64_t summary_at;
	struct summary summary;
};

/* Reads the clocks; the caller gives the master's sysUpTime. */
void snmp_view_set_time(struct snmp_view *, uint32_t uptime);

/* To be called whenever snapshot or status changed; the view must not be moved. */
void snmp_view_changed(struct snmp_view *);

/* Frees what the view has allocated. */
void snmp_view_clear(struct snmp_view *);

/* Which row of locals the nth of what was counted belongs to. */
uint32_t snmp_view_owner(const struct snmp_view *, const uint32_t *before, uint32_t n);

const struct summary *snmp_view_summary(struct snmp_view *);

/* sysUpTime at a moment of CLOCK_MONOTONIC; 0 when the master was not up yet. */
uint32_t snmp_view_stamp(const struct snmp_view *, int64_t tick_ms);

#endif
