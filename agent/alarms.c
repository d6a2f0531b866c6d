/* SPDX-License-Identifier: ISC */
/*
 * Alarms: what is wrong now, with each row and with the device.  Judged when something
 * changed and once a minute; whether and when it is told is decided by its source.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/notify.h"
#include "lib/summary.h"

#define CHECK_MS 60000 /* a clock that was set is noticed within this */

/* --- what is told --- */

static void
fill_cert(const struct snapshot *s, uint32_t number, struct text name, int64_t now,
    struct notification *n)
{
	struct cert cert;

	snapshot_cert(s, number, &cert);
	text_copy(n->u.row.name, sizeof(n->u.row.name), name);
	text_copy(n->u.row.subject, sizeof(n->u.row.subject), cert.subject);
	text_copy(n->u.row.issuer, sizeof(n->u.row.issuer), cert.issuer);
	text_copy(n->u.row.serial, sizeof(n->u.row.serial), cert.serial);
	memcpy(n->u.row.sha256, snapshot_sha256(s, number), SHA256_SIZE);
	n->u.row.not_after = cert.not_after;
	n->u.row.days_left = (int32_t)cert_days_left(&cert, now);
}

static bool
fill_local(const struct engine *e, const struct snapshot *s, uint32_t index,
    int64_t now, struct notification *n)
{
	const struct snapshot_local *local = snapshot_local(s, index);

	if (local == NULL)
		return false;
	if (local->count > 0)
		fill_cert(s, local->first_cert, snapshot_text(s, local->name), now, n);
	text_copy(n->u.row.name, sizeof(n->u.row.name), snapshot_text(s, local->name));
	n->u.row.status = local_validity(s, local, &e->status, now);
	n->u.row.key_status = local->key_status;
	n->u.row.chain_status = local_chain_status(local, now);
	return true;
}

static const struct snapshot_trust *
find_trust(const struct snapshot *s, uint32_t index)
{
	uint32_t low = 0, high = s->header->trusts.count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (s->trusts[middle].index == index)
			return &s->trusts[middle];
		if (s->trusts[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static enum validity
trust_validity(const struct engine *e, const struct snapshot *s,
    const struct snapshot_trust *trust, int64_t now)
{
	int64_t not_before, not_after;

	snapshot_dates(s, trust->cert, &not_before, &not_after);
	return validity_of(not_before, not_after, now, e->status.clock,
	    &s->header->settings);
}

bool
alarms_fill_row(const struct engine *e, const struct snapshot *s,
    enum source_class class, uint32_t index, struct notification *n)
{
	const int64_t now = time(NULL);
	const struct snapshot_trust *trust;

	if (class != SOURCE_TRUST_EXPIRY)
		return fill_local(e, s, index, now, n);
	if ((trust = find_trust(s, index)) == NULL)
		return false;
	fill_cert(s, trust->cert, snapshot_text(s, trust->name), now, n);
	n->u.row.status = trust_validity(e, s, trust, now);
	return true;
}

static void
fill_clock(const struct engine *e, uint32_t index, struct notification *n)
{
	(void)index;
	n->u.clock.time = time(NULL);
	n->u.clock.status = e->status.clock;
}

static void
fill_restart(const struct engine *e, uint32_t index, struct notification *n)
{
	(void)index;
	n->u.restart.pending = e->pending.services != 0;
	n->u.restart.generation = e->generation;
}

static void
fill_stuck(const struct engine *e, uint32_t index, struct notification *n)
{
	(void)index;
	n->u.commit.generation = e->generation;
	if (e->stuck)
		n->u.commit.err = e->stuck_reason;
}

static void
fill_service(const struct engine *e, uint32_t index, struct notification *n)
{
	const struct status *s = &e->status;

	for (uint32_t i = 0; i < s->nservices; i++) {
		if (s->services[i].index != index)
			continue;
		memcpy(n->u.service.name, s->services[i].name,
		    sizeof(n->u.service.name));
		n->u.service.state = s->services[i].state;
		n->u.service.in_sync = s->services[i].in_sync;
		n->u.service.last_result = s->services[i].last_result;
		return;
	}
}

/* What cannot be read: a live file that was changed, a definition that is in use. */
static bool
find_problem(const struct engine *e, char *text, size_t size)
{
	const struct status *s = &e->status;

	if (s->files_problem[0] != '\0') {
		snprintf(text, size, "%s", s->files_problem);
		return true;
	}
	for (uint32_t i = 0; i < s->nservices; i++)
		if (s->services[i].undefined) {
			snprintf(text, size, "service %s: %s", s->services[i].name,
			    s->services[i].last_error);
			return true;
		}
	return false;
}

static void
fill_source(const struct engine *e, uint32_t index, struct notification *n)
{
	struct summary summary;

	(void)index;
	summary_make(&e->running->snapshot, &e->status, time(NULL), &summary);
	n->u.source.errors = e->status.load_errors;
	n->u.source.loaded = e->status.last_load;
	n->u.source.overall = summary.overall;
	(void)find_problem(e, n->u.source.text, sizeof(n->u.source.text));
}

static void
fill_row_now(const struct engine *e, enum source_class class, uint32_t index,
    struct notification *n)
{
	(void)alarms_fill_row(e, &e->running->snapshot, class, index, n);
}

/* What each alarm is told as, and where its values are; fill NULL: a row of its own. */
static const struct {
	enum notify_kind raised, cleared;
	void (*fill)(const struct engine *, uint32_t, struct notification *);
} rows[SOURCE_FIRST_EVENT] = {
	[SOURCE_EXPIRY] = { NOTIFY_LOCAL_EXPIRING, NOTIFY_LOCAL_EXPIRY_CLEAR, NULL },
	[SOURCE_NOT_YET_VALID] = { NOTIFY_LOCAL_NOT_YET_VALID,
	    NOTIFY_LOCAL_NOT_YET_VALID_CLEAR, NULL },
	[SOURCE_KEY] = { NOTIFY_LOCAL_KEY_MISMATCH, NOTIFY_LOCAL_KEY_MISMATCH_CLEAR,
	    NULL },
	[SOURCE_CHAIN] = { NOTIFY_LOCAL_CHAIN_INVALID, NOTIFY_LOCAL_CHAIN_INVALID_CLEAR,
	    NULL },
	[SOURCE_TRUST_EXPIRY] = { NOTIFY_TRUST_EXPIRING, NOTIFY_TRUST_EXPIRY_CLEAR,
	    NULL },
	[SOURCE_CLOCK] = { NOTIFY_CLOCK_FAULT, NOTIFY_CLOCK_FAULT_CLEAR, fill_clock },
	[SOURCE_RESTART] = { NOTIFY_RESTART_PENDING, NOTIFY_RESTART_PENDING_CLEAR,
	    fill_restart },
	[SOURCE_STUCK] = { NOTIFY_STUCK, NOTIFY_STUCK_CLEAR, fill_stuck },
	[SOURCE_SERVICE] = { NOTIFY_SERVICE_OUT_OF_SYNC, NOTIFY_SERVICE_IN_SYNC_CLEAR,
	    fill_service },
	[SOURCE_FILES] = { NOTIFY_SOURCE_ERROR, NOTIFY_SOURCE_ERROR_CLEAR,
	    fill_source },
};

void
alarms_fill(struct engine *e, enum source_class class, uint32_t index, uint32_t level,
    const struct notification *values, struct notification *n)
{
	if (values != NULL)
		*n = *values;
	else if (rows[class].fill != NULL)
		rows[class].fill(e, index, n);
	else
		fill_row_now(e, class, index, n);
	n->kind = level == 0 ? rows[class].cleared : rows[class].raised;
	if (level == ALARM_EXPIRED && class == SOURCE_EXPIRY)
		n->kind = NOTIFY_LOCAL_EXPIRED;
	if (level == ALARM_EXPIRED && class == SOURCE_TRUST_EXPIRY)
		n->kind = NOTIFY_TRUST_EXPIRED;
}

/* --- rows --- */

static const enum alarm alarm_of[VALIDITY_MAX] = {
	[VALIDITY_WARNING] = ALARM_WARNING,
	[VALIDITY_CRITICAL] = ALARM_CRITICAL,
	[VALIDITY_EXPIRED] = ALARM_EXPIRED,
};

/* Without a clock nothing is known of dates: what was raised stays, what is not, too.
 */
static void
judge_dates(struct engine *e, const struct snapshot_local *local, bool counts,
    int64_t now)
{
	enum validity validity = VALIDITY_UNKNOWN;

	if (counts)
		validity =
		    local_validity(&e->running->snapshot, local, &e->status, now);
	if (validity == VALIDITY_CLOCK_UNSET)
		return;
	source_set(e, SOURCE_EXPIRY, local->index, alarm_of[validity], NULL);
	source_set(e, SOURCE_NOT_YET_VALID, local->index,
	    validity == VALIDITY_NOT_YET_VALID, NULL);
}

static const bool key_is_bad[KEY_STATUS_MAX] = {
	[KEY_STATUS_MISMATCH] = true,
	[KEY_STATUS_MISSING] = true,
	[KEY_STATUS_UNREADABLE] = true,
};

/* Another fault of the same row is another level, and told again. */
static void
judge_local(struct engine *e, const struct snapshot_local *local, int64_t now)
{
	const struct snapshot *s = &e->running->snapshot;
	const bool counts =
	    !local->muted && local->count > 0 && summary_in_use(s, local);
	uint32_t key = 0, chain = 0;

	judge_dates(e, local, counts, now);
	if (counts) {
		if (key_is_bad[local->key_status])
			key = local->key_status;
		if (local_chain_severity(s, local, now) > SEVERITY_OK)
			chain = local_chain_status(local, now);
	}
	source_set(e, SOURCE_KEY, local->index, key, NULL);
	source_set(e, SOURCE_CHAIN, local->index, chain, NULL);
}

static void
judge_trust(struct engine *e, const struct snapshot_trust *trust, int64_t now)
{
	enum validity validity = VALIDITY_UNKNOWN;

	if (!trust->muted)
		validity = trust_validity(e, &e->running->snapshot, trust, now);
	if (validity != VALIDITY_CLOCK_UNSET)
		source_set(e, SOURCE_TRUST_EXPIRY, trust->index, alarm_of[validity],
		    NULL);
}

static bool has_rows(enum source_class class)
{
	return class <= SOURCE_TRUST_EXPIRY;
}

/* context: where they may have been. */
static bool
is_gone(struct engine *e, const void *context, enum source_class class, uint32_t index,
    struct notification *values)
{
	const struct snapshot *s = &e->running->snapshot;
	const struct held *old = context;
	struct notification found = { 0 };

	if (!has_rows(class) || alarms_fill_row(e, s, class, index, &found))
		return false;
	if (old != NULL)
		(void)alarms_fill_row(e, &old->snapshot, class, index, values);
	return true;
}

/* --- the device --- */

void
alarms_device(struct engine *e)
{
	char text[STATUS_TEXT];
	const bool problem = find_problem(e, text, sizeof(text));

	if (problem && !source_is_raised(e, SOURCE_FILES, 0))
		e->status.load_errors++;
	e->status.clock = clock_judge(time(NULL));
	source_set(e, SOURCE_CLOCK, 0, e->status.clock == CLOCK_IMPLAUSIBLE, NULL);
	source_set(e, SOURCE_RESTART, 0, e->pending.services != 0, NULL);
	source_set(e, SOURCE_STUCK, 0, e->stuck, NULL);
	source_set(e, SOURCE_FILES, 0, problem, NULL);
	sources_pump(e);
}

void
alarms_service(struct engine *e, uint32_t service, bool raised)
{
	const uint32_t index = e->status.services[service].index;
	struct notification values = { 0 };

	fill_service(e, index, &values);
	source_set(e, SOURCE_SERVICE, index, raised, &values);
	sources_pump(e);
}

/* At the start: what was told of a service goes on, unless it has no definition now. */
static bool
is_undefined(struct engine *e, const void *context, enum source_class class,
    uint32_t index, struct notification *values)
{
	(void)context;
	(void)values;
	if (class != SOURCE_SERVICE)
		return false;
	for (uint32_t i = 0; i < e->services.count; i++)
		if (e->services.rows[i].index == index) {
			e->services_run[i].told_out_of_sync = true;
			return false;
		}
	return true;
}

void
alarms_begin(struct engine *e)
{
	sources_drop(e, is_undefined, NULL);
	alarms_check(e);
}

/* --- all --- */

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	alarms_check(context);
}

static void
judge_all(struct engine *e, const struct held *old)
{
	const struct snapshot *s = &e->running->snapshot;
	const struct timeval again = timeval_ms(CHECK_MS);
	const int64_t now = time(NULL);

	e->status.clock = clock_judge(now);
	sources_drop(e, is_gone, old);
	for (uint32_t i = 0; i < s->header->locals.count; i++)
		judge_local(e, &s->locals[i], now);
	for (uint32_t i = 0; i < s->header->trusts.count; i++)
		judge_trust(e, &s->trusts[i], now);
	for (uint32_t i = 0; i < e->services.count; i++)
		if (e->services_run[i].told_out_of_sync)
			source_set(e, SOURCE_SERVICE, e->services.rows[i].index, 1,
			    NULL);
	alarms_device(e);
	if (e->alarms_timer == NULL)
		e->alarms_timer = evtimer_new(e->base, on_timer, e);
	event_add(e->alarms_timer, &again);
}

void
alarms_check(struct engine *e)
{
	judge_all(e, NULL);
}

/* --- what a commit changed --- */

static const uint8_t *
leaf_of(const struct snapshot *s, uint32_t index)
{
	const struct snapshot_local *local = snapshot_local(s, index);

	return local == NULL || local->count == 0
	    ? NULL
	    : snapshot_sha256(s, local->first_cert);
}

/* The factory credential of the first start replaces nothing. */
static void
tell_replaced(struct engine *e, const struct snapshot *old,
    const struct snapshot_local *local)
{
	const uint8_t *leaf = leaf_of(&e->running->snapshot, local->index);
	const uint8_t *before = leaf_of(old, local->index);
	const bool factory = local->index == INDEX_FACTORY;
	struct notification n = { .kind = factory ? NOTIFY_FACTORY_REPLACED
						  : NOTIFY_LOCAL_REPLACED,
		.index = local->index };

	if (leaf == NULL || local->muted || (factory && before == NULL) ||
	    (before != NULL && memcmp(leaf, before, SHA256_SIZE) == 0))
		return;
	(void)alarms_fill_row(e, &e->running->snapshot, SOURCE_EXPIRY, local->index,
	    &n);
	source_event(e, &n);
}

void
alarms_changed(struct engine *e, const struct held *old, const char *user)
{
	const struct snapshot *s = &e->running->snapshot;
	const struct snapshot_header *now = s->header, *before = old->snapshot.header;
	struct notification trust = { .kind = NOTIFY_TRUST_CHANGED },
			    mode = { .kind = NOTIFY_VERIFY_MODE_CHANGE };

	for (uint32_t i = 0; i < now->locals.count; i++)
		tell_replaced(e, &old->snapshot, &s->locals[i]);
	if (now->has_trust_store != before->has_trust_store ||
	    memcmp(now->trust_sha256, before->trust_sha256, SHA256_SIZE) != 0) {
		trust.u.trust.count = now->trusts.count;
		trust.u.trust.generation = e->generation;
		source_event(e, &trust);
	}
	if (now->verify_mode != before->verify_mode) {
		mode.u.mode.mode = now->verify_mode;
		snprintf(mode.u.mode.user, sizeof(mode.u.mode.user), "%s", user);
		source_event(e, &mode);
	}
	judge_all(e, old);
}
