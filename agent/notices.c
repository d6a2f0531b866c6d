/* SPDX-License-Identifier: ISC */
/* What happened, in one sentence, for who reads a list of notifications. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/notify.h"

struct sentence {
	char *buf;
	size_t size;
};

#define SAY(s, ...) (void)snprintf((s)->buf, (s)->size, __VA_ARGS__)

/* "certificate local" of a row that has a name, otherwise "certificate 7". */
static const char *
label(const struct notification *n, const char *what, char buf[2 * STATUS_NAME])
{
	if (n->u.row.name[0] != '\0')
		(void)snprintf(buf, 2 * STATUS_NAME, "%s %s", what, n->u.row.name);
	else
		(void)snprintf(buf, 2 * STATUS_NAME, "%s %" PRIu32, what, n->index);
	return buf;
}

#define LOCAL(n) label(n, "Certificate", (char[2 * STATUS_NAME]){ 0 })
#define ANCHOR(n) label(n, "Trust anchor", (char[2 * STATUS_NAME]){ 0 })

#define DATE(t) time_format(t, (char[TIME_TEXT]){ 0 }, TIME_TEXT)

static void
say_expiring(const struct notification *n, const char *row, struct sentence *s)
{
	SAY(s, "%s expires in %" PRId32 " day%s, on %s: %s", row, n->u.row.days_left,
	    n->u.row.days_left == 1 ? "" : "s", DATE(n->u.row.not_after),
	    name_text(&validity_names, n->u.row.status));
}

static void
local_expiring(const struct notification *n, struct sentence *s)
{
	say_expiring(n, LOCAL(n), s);
}

static void
local_expired(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s expired on %s", LOCAL(n), DATE(n->u.row.not_after));
}

static void
local_expiry_clear(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s is no longer about to expire, or is not used any more", LOCAL(n));
}

static void
local_not_yet_valid(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s is not yet valid", LOCAL(n));
}

static void
local_not_yet_valid_clear(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s is valid by now, or is not used any more", LOCAL(n));
}

static void
local_key(const struct notification *n, struct sentence *s)
{
	SAY(s, "The private key of %s: %s", n->u.row.name,
	    name_text(&key_status_names, n->u.row.key_status));
}

static void
local_key_clear(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s has its private key, or is not used any more", LOCAL(n));
}

static void
local_chain(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s does not build to an anchor of the trust store: %s", LOCAL(n),
	    name_text(&chain_status_names, n->u.row.chain_status));
}

static void
local_chain_clear(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s builds to an anchor, or is not used any more", LOCAL(n));
}

static void
factory_replaced(const struct notification *n, struct sentence *s)
{
	SAY(s, "A new built-in certificate was made; it ends on %s",
	    DATE(n->u.row.not_after));
}

static void
clock_fault(const struct notification *n, struct sentence *s)
{
	SAY(s, "The clock shows %s, which cannot be: dates are not judged",
	    DATE(n->u.clock.time));
}

static void
clock_fault_clear(const struct notification *n, struct sentence *s)
{
	SAY(s, "The clock is set: it is %s", DATE(n->u.clock.time));
}

static void
restart_pending(const struct notification *n, struct sentence *s)
{
	SAY(s, "Generation %" PRIu64 " is committed, and services do not use it yet",
	    n->u.restart.generation);
}

static void
restart_pending_clear(const struct notification *n, struct sentence *s)
{
	SAY(s, "All services use generation %" PRIu64, n->u.restart.generation);
}

static void
stuck(const struct notification *n, struct sentence *s)
{
	SAY(s, "Neither the new nor the previous configuration is proven: %s",
	    n->u.commit.err.text);
}

static void
stuck_clear(const struct notification *n, struct sentence *s)
{
	SAY(s, "Generation %" PRIu64 " is in force again", n->u.commit.generation);
}

static void
trust_expiring(const struct notification *n, struct sentence *s)
{
	say_expiring(n, ANCHOR(n), s);
}

static void
trust_expired(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s expired on %s", ANCHOR(n), DATE(n->u.row.not_after));
}

static void
trust_expiry_clear(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s is no longer about to expire, or is gone", ANCHOR(n));
}

static void
local_replaced(const struct notification *n, struct sentence *s)
{
	SAY(s, "%s was installed; it ends on %s", LOCAL(n), DATE(n->u.row.not_after));
}

static void
trust_changed(const struct notification *n, struct sentence *s)
{
	SAY(s, "The trust store was changed; it has %" PRIu32 " anchor%s",
	    n->u.trust.count, n->u.trust.count == 1 ? "" : "s");
}

static void
mode_change(const struct notification *n, struct sentence *s)
{
	SAY(s, "The verification mode is %s now, by %s",
	    name_text(&verify_mode_names, n->u.mode.mode), n->u.mode.user);
}

static void
commit_done(const struct notification *n, struct sentence *s)
{
	SAY(s, "Generation %" PRIu64 " is in force, by %s", n->u.commit.generation,
	    n->u.commit.user);
}

static void
commit_failed(const struct notification *n, struct sentence *s)
{
	char text[STATUS_TEXT];

	SAY(s, "%s by %s %s: %s", name_text(&action_names, n->u.commit.action),
	    n->u.commit.user, name_text(&action_result_names, n->u.commit.result),
	    err_format(&n->u.commit.err, text, sizeof(text)));
}

static void
out_of_sync(const struct notification *n, struct sentence *s)
{
	SAY(s, "Service %s does not serve what is committed", n->u.service.name);
}

static void
in_sync(const struct notification *n, struct sentence *s)
{
	SAY(s, "Service %s serves what is committed, or is not used any more",
	    n->u.service.name);
}

static void
source_error(const struct notification *n, struct sentence *s)
{
	SAY(s, "The store cannot be read as it was written: %s", n->u.source.text);
}

static void
source_error_clear(const struct notification *n, struct sentence *s)
{
	(void)n;
	SAY(s, "The store is as it was written");
}

static void (*const sentences[NOTIFY_KIND_MAX])(const struct notification *,
    struct sentence *) = {
	[NOTIFY_LOCAL_EXPIRING] = local_expiring,
	[NOTIFY_LOCAL_EXPIRED] = local_expired,
	[NOTIFY_LOCAL_EXPIRY_CLEAR] = local_expiry_clear,
	[NOTIFY_LOCAL_NOT_YET_VALID] = local_not_yet_valid,
	[NOTIFY_LOCAL_KEY_MISMATCH] = local_key,
	[NOTIFY_LOCAL_KEY_MISMATCH_CLEAR] = local_key_clear,
	[NOTIFY_LOCAL_CHAIN_INVALID] = local_chain,
	[NOTIFY_LOCAL_CHAIN_INVALID_CLEAR] = local_chain_clear,
	[NOTIFY_LOCAL_NOT_YET_VALID_CLEAR] = local_not_yet_valid_clear,
	[NOTIFY_FACTORY_REPLACED] = factory_replaced,
	[NOTIFY_CLOCK_FAULT] = clock_fault,
	[NOTIFY_CLOCK_FAULT_CLEAR] = clock_fault_clear,
	[NOTIFY_RESTART_PENDING] = restart_pending,
	[NOTIFY_RESTART_PENDING_CLEAR] = restart_pending_clear,
	[NOTIFY_STUCK] = stuck,
	[NOTIFY_STUCK_CLEAR] = stuck_clear,
	[NOTIFY_TRUST_EXPIRING] = trust_expiring,
	[NOTIFY_TRUST_EXPIRED] = trust_expired,
	[NOTIFY_TRUST_EXPIRY_CLEAR] = trust_expiry_clear,
	[NOTIFY_LOCAL_REPLACED] = local_replaced,
	[NOTIFY_TRUST_CHANGED] = trust_changed,
	[NOTIFY_VERIFY_MODE_CHANGE] = mode_change,
	[NOTIFY_COMMIT_DONE] = commit_done,
	[NOTIFY_COMMIT_FAILED] = commit_failed,
	[NOTIFY_SERVICE_OUT_OF_SYNC] = out_of_sync,
	[NOTIFY_SERVICE_IN_SYNC_CLEAR] = in_sync,
	[NOTIFY_SOURCE_ERROR] = source_error,
	[NOTIFY_SOURCE_ERROR_CLEAR] = source_error_clear,
};

void
notice_make(const struct notification *n, struct status_notice *notice)
{
	char text[2 * STATUS_TEXT];
	struct sentence s = { text, sizeof(text) };

	memset(notice, 0, sizeof(*notice));
	notice->seq = n->seq;
	notice->kind = n->kind;
	notice->time = n->time;
	sentences[n->kind](n, &s);
	text_copy(notice->text, sizeof(notice->text), text_of(text));
}
