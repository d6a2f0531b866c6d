/* SPDX-License-Identifier: ISC */
/* What is worth knowing at a glance. */
#include "lib/summary.h"

#include <string.h>

#include "lib/services.h"

struct summing {
	const struct snapshot *snapshot;
	const struct status *status;
	int64_t now;
	enum clock_status clock;
	struct summary summary;
};

static void
worsen(struct summing *s, enum severity severity)
{
	if (severity > s->summary.overall)
		s->summary.overall = severity;
}

bool
summary_in_use(const struct snapshot *snapshot, const struct snapshot_local *local)
{
	if (local->index == INDEX_LOCAL)
		return true;
	if (local->index == INDEX_FACTORY &&
	    snapshot_local(snapshot, INDEX_LOCAL) == NULL)
		return true;
	for (uint32_t i = 0; i < snapshot->header->services.count; i++) {
		const struct snapshot_service *service = &snapshot->services[i];

		if (service->enabled && service->local_index == local->index)
			return true;
	}
	return false;
}

static enum clock_status
clock_of(const struct status *status, int64_t now)
{
	return status->clock != CLOCK_UNKNOWN ? status->clock : clock_judge(now);
}

enum validity
local_validity(const struct snapshot *snapshot, const struct snapshot_local *local,
    const struct status *status, int64_t now)
{
	struct settings settings = snapshot->header->settings;
	int64_t not_before, not_after;

	if (local->count == 0)
		return VALIDITY_UNKNOWN;
	if (local->warn_days != WARN_DAYS_GLOBAL) {
		settings.warn_days = (uint32_t)local->warn_days;
		settings.warn_percent = 0;
	}
	snapshot_dates(snapshot, local->first_cert, &not_before, &not_after);
	return validity_of(not_before, not_after, now, clock_of(status, now),
	    &settings);
}

/*
 * An issuer that ended is no fault of the signatures: those were judged without time.
 */
enum chain_status
local_chain_status(const struct snapshot_local *local, int64_t now)
{
	bool judged =
	    local->chain_status == CHAIN_VALID && local->issuer_not_after != 0;

	if (judged && clock_judge(now) != CLOCK_IMPLAUSIBLE &&
	    now > local->issuer_not_after)
		return CHAIN_ISSUER_EXPIRED;
	return local->chain_status;
}

/* notApplicable is not the key of anything; unknown: there is no certificate yet. */
static enum severity
key_severity(const struct snapshot_local *local)
{
	static const enum severity severities[KEY_STATUS_MAX] = {
		[KEY_STATUS_UNKNOWN] = SEVERITY_UNKNOWN,
		[KEY_STATUS_MATCH] = SEVERITY_OK,
		[KEY_STATUS_MISMATCH] = SEVERITY_CRITICAL,
		[KEY_STATUS_MISSING] = SEVERITY_CRITICAL,
		[KEY_STATUS_UNREADABLE] = SEVERITY_CRITICAL,
		[KEY_STATUS_NOT_APPLICABLE] = SEVERITY_OK,
	};

	return severities[local->key_status]; /* in range: snapshot_open() looked */
}

/*
 * Without a trust store there is nothing a chain could end in, and nobody asked that it
 * should; a self-signed certificate has no chain.
 */
enum severity
local_chain_severity(const struct snapshot *snapshot,
    const struct snapshot_local *local, int64_t now)
{
	static const enum severity severities[CHAIN_STATUS_MAX] = {
		[CHAIN_UNKNOWN] = SEVERITY_UNKNOWN,
		[CHAIN_VALID] = SEVERITY_OK,
		[CHAIN_SELF_SIGNED] = SEVERITY_OK,
		[CHAIN_INCOMPLETE] = SEVERITY_WARNING,
		[CHAIN_UNTRUSTED_ROOT] = SEVERITY_WARNING,
		[CHAIN_ISSUER_EXPIRED] = SEVERITY_CRITICAL,
		[CHAIN_BAD_SIGNATURE] = SEVERITY_CRITICAL,
		[CHAIN_BAD_PURPOSE] = SEVERITY_CRITICAL,
	};
	enum severity severity = severities[local_chain_status(local, now)];

	if (severity == SEVERITY_WARNING && !snapshot->header->has_trust_store)
		return SEVERITY_OK;
	return severity;
}

static void
add_earliest(struct summary *summary, const struct snapshot_local *local)
{
	if (summary->earliest_index != 0 &&
	    summary->earliest_not_after <= local->chain_not_after)
		return;
	summary->earliest_not_after = local->chain_not_after;
	summary->earliest_index = local->index;
}

static void
add_local(struct summing *s, const struct snapshot_local *local)
{
	enum validity validity = local_validity(s->snapshot, local, s->status, s->now);
	enum severity key = key_severity(local),
		      chain = local_chain_severity(s->snapshot, local, s->now);

	if (local->count > 0)
		add_earliest(&s->summary, local);
	s->summary.local_warn +=
	    validity == VALIDITY_WARNING || validity == VALIDITY_CRITICAL;
	s->summary.local_expired += validity == VALIDITY_EXPIRED;
	s->summary.local_fault += validity == VALIDITY_NOT_YET_VALID ||
	    key > SEVERITY_OK || chain > SEVERITY_OK;
	worsen(s, severity_of(validity));
	worsen(s, key);
	worsen(s, chain);
}

static void
add_locals(struct summing *s)
{
	const struct snapshot *snapshot = s->snapshot;
	const struct snapshot_local *factory = snapshot_local(snapshot, INDEX_FACTORY);

	s->summary.local_count = snapshot->header->locals.count;
	s->summary.factory_in_use =
	    factory != NULL && snapshot_local(snapshot, INDEX_LOCAL) == NULL;
	if (s->summary.factory_in_use && factory->muted == 0)
		worsen(s, SEVERITY_WARNING);
	for (uint32_t i = 0; i < snapshot->header->locals.count; i++) {
		if (!summary_in_use(snapshot, &snapshot->locals[i]))
			continue;
		/* what nobody wants to hear of is in order, and not unknown */
		if (snapshot->locals[i].muted != 0)
			worsen(s, SEVERITY_OK);
		else
			add_local(s, &snapshot->locals[i]);
	}
}

static void
add_trust(struct summing *s, const struct snapshot_trust *trust)
{
	struct summary *summary = &s->summary;
	int64_t not_before, not_after;
	enum validity validity;

	snapshot_dates(s->snapshot, trust->cert, &not_before, &not_after);
	validity = validity_of(not_before, not_after, s->now, s->clock,
	    &s->snapshot->header->settings);
	summary->trust_warn +=
	    validity == VALIDITY_WARNING || validity == VALIDITY_CRITICAL;
	summary->trust_expired += validity == VALIDITY_EXPIRED;
	if (summary->trust_judged++ == 0 ||
	    not_after < summary->trust_earliest_not_after)
		summary->trust_earliest_not_after = not_after;
}

/* Anchors never make the overall status worse: old roots are nobody's emergency. */
static void
add_trusts(struct summing *s)
{
	s->summary.trust_count = s->snapshot->header->trusts.count;
	for (uint32_t i = 0; i < s->summary.trust_count; i++) {
		if (s->snapshot->trusts[i].muted == 0)
			add_trust(s, &s->snapshot->trusts[i]);
	}
}

static void
add_services(struct summing *s)
{
	const struct status *status = s->status;

	for (uint32_t i = 0; i < status->nservices && i < LIMIT_SERVICES; i++) {
		const struct status_service *service = &status->services[i];

		if (!service->enabled)
			continue;
		/* what waits for a restart, as was asked for, only warns */
		if (service->state == SERVICE_FAILED ||
		    (service->in_sync == SYNC_OUT && !service->restart_pending))
			worsen(s, SEVERITY_CRITICAL);
		if (service->feature == FEATURE_MISSING ||
		    service->state == SERVICE_STOPPED || service->restart_pending)
			worsen(s, SEVERITY_WARNING);
	}
}

static void
add_commit(struct summing *s)
{
	if (s->status->config_state == CONFIG_STUCK)
		worsen(s, SEVERITY_CRITICAL);
	if (s->status->restart_pending || s->clock == CLOCK_IMPLAUSIBLE ||
	    s->status->nkept > 0)
		worsen(s, SEVERITY_WARNING);
}

void
summary_make(const struct snapshot *snapshot, const struct status *status, int64_t now,
    struct summary *ret_summary)
{
	struct summing s = {
		.snapshot = snapshot,
		.status = status,
		.now = now,
		.clock = clock_of(status, now),
	};

	add_locals(&s);
	add_trusts(&s);
	add_services(&s);
	add_commit(&s);
	*ret_summary = s.summary;
}
