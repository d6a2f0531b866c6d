/* SPDX-License-Identifier: ISC */
/*
 * What is worth knowing at a glance, from snapshot, status and the time: SNMP scalars,
 * NETCONF state and the CLI's page all show these, so they cannot disagree.
 */
#ifndef LIB_SUMMARY_H
#define LIB_SUMMARY_H

#include "lib/snapshot.h"
#include "lib/status.h"

struct summary {
	enum severity
	    overall; /* worst of what is in use, of services and of the commit */
	int64_t earliest_not_after; /* leaf or intermediate in use that ends first */
	uint32_t earliest_index;    /* its row; 0: there is none */
	uint32_t local_count, local_warn, local_expired, local_fault;
	uint32_t trust_count, trust_warn, trust_expired;
	uint32_t trust_judged;            /* those that are not muted */
	int64_t trust_earliest_not_after; /* with trust_judged > 0 */
	bool factory_in_use; /* local is absent: the built-in one is served */
};

/*
 * Only certificates in use count for overall, earliest, warn, expired and fault: local
 * (factory while it is absent) and what an enabled service uses.  What is muted counts
 * only in local_count and trust_count, which count all.
 */
void summary_make(const struct snapshot *, const struct status *, int64_t now,
    struct summary *ret_summary);

/* Whether this row is in use in that sense. */
bool summary_in_use(const struct snapshot *, const struct snapshot_local *);

/* The verdicts of one row at this time. */
enum validity local_validity(const struct snapshot *, const struct snapshot_local *,
    const struct status *, int64_t now);
/* OK where nobody asked that a chain should end in an anchor. */
enum severity local_chain_severity(const struct snapshot *,
    const struct snapshot_local *, int64_t now);
enum chain_status local_chain_status(const struct snapshot_local *, int64_t now);

#endif
