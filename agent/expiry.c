/* SPDX-License-Identifier: ISC */
/*
 * Dates and their alarms: raised when a certificate in use enters a band, raised again
 * at each worse one, repeated at the configured interval, and cleared once.  What waits
 * for a restart is repeated here, too.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/engine.h"
#include "agent/xalloc.h"
#include "lib/summary.h"

#define CHECK_MS 60000 /* a clock that was set is noticed within this */

static const enum alarm alarm_of[VALIDITY_MAX] = {
	[VALIDITY_WARNING] = ALARM_WARNING,
	[VALIDITY_CRITICAL] = ALARM_CRITICAL,
	[VALIDITY_EXPIRED] = ALARM_EXPIRED,
};

static const enum notify_kind kind_of[ALARM_MAX] = {
	[ALARM_NONE] = NOTIFY_LOCAL_EXPIRY_CLEAR,
	[ALARM_WARNING] = NOTIFY_LOCAL_EXPIRING,
	[ALARM_CRITICAL] = NOTIFY_LOCAL_EXPIRING,
	[ALARM_EXPIRED] = NOTIFY_LOCAL_EXPIRED,
};

static void
copy_text(char *dst, size_t size, struct text text)
{
	const size_t len = text.len < size ? text.len : size - 1;

	if (len > 0)
		memcpy(dst, text.data, len);
	dst[len] = '\0';
}

/* local NULL: the row is gone, and only its index is left to tell. */
static void
notify(struct engine *e, enum notify_kind kind, uint32_t index,
    const struct snapshot_local *local, int64_t now)
{
	const struct snapshot *s = &e->running->snapshot;
	struct notification n = { .kind = kind, .index = index };
	struct cert cert;

	if (local != NULL && local->count > 0) {
		snapshot_cert(s, local->first_cert, &cert);
		copy_text(n.u.row.name, sizeof(n.u.row.name),
		    snapshot_text(s, local->name));
		copy_text(n.u.row.subject, sizeof(n.u.row.subject), cert.subject);
		copy_text(n.u.row.issuer, sizeof(n.u.row.issuer), cert.issuer);
		copy_text(n.u.row.serial, sizeof(n.u.row.serial), cert.serial);
		n.u.row.not_after = cert.not_after;
		n.u.row.days_left = (int32_t)cert_days_left(&cert, now);
		n.u.row.status = local_validity(s, local, &e->status, now);
	}
	outbox_add(e, &n);
}

static struct raised *
find_raised(struct engine *e, uint32_t index)
{
	struct raised *r;

	LIST_FOREACH(r, &e->alarms, next)
		if (r->index == index)
			return r;
	return NULL;
}

static void
clear(struct engine *e, struct raised *r, const struct snapshot_local *local,
    int64_t now)
{
	notify(e, NOTIFY_LOCAL_EXPIRY_CLEAR, r->index, local, now);
	LIST_REMOVE(r, next);
	free(r);
}

static bool
is_due_again(const struct engine *e, int64_t sent, int64_t now)
{
	const struct settings *settings = &e->running->snapshot.header->settings;
	const int64_t repeat = (int64_t)settings->repeat_hours * 3600;

	return repeat != 0 && now - sent >= repeat;
}

static void
judge_row(struct engine *e, const struct snapshot_local *local, int64_t now)
{
	const struct snapshot *s = &e->running->snapshot;
	const enum alarm alarm = summary_in_use(s, local) && local->count > 0
	    ? alarm_of[local_validity(s, local, &e->status, now)]
	    : ALARM_NONE;
	struct raised *r = find_raised(e, local->index);

	if (alarm == ALARM_NONE) {
		if (r != NULL)
			clear(e, r, local, now);
		return;
	}
	if (r != NULL && r->alarm == alarm && !is_due_again(e, r->sent, now))
		return;
	if (r == NULL) {
		r = xcalloc(1, sizeof(*r));
		r->index = local->index;
		LIST_INSERT_HEAD(&e->alarms, r, next);
	}
	r->alarm = alarm;
	r->sent = now;
	notify(e, kind_of[alarm], local->index, local, now);
}

static void
repeat_restart_pending(struct engine *e, int64_t now)
{
	struct notification n = { .kind = NOTIFY_RESTART_PENDING };

	if (e->pending.services == 0 ||
	    !is_due_again(e, e->notified[NOTIFY_RESTART_PENDING], now))
		return;
	n.u.restart.pending = 1;
	n.u.restart.generation = e->generation;
	outbox_add(e, &n);
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	expiry_check(context);
}

void
expiry_check(struct engine *e)
{
	const struct snapshot *s = &e->running->snapshot;
	const struct timeval again = timeval_ms(CHECK_MS);
	const int64_t now = time(NULL);
	struct raised *r, *following;

	e->status.clock = clock_judge(now);
	for (r = LIST_FIRST(&e->alarms); r != NULL; r = following) {
		following = LIST_NEXT(r, next);
		if (snapshot_local(s, r->index) == NULL)
			clear(e, r, NULL, now);
	}
	for (uint32_t i = 0; i < s->header->locals.count; i++)
		judge_row(e, &s->locals[i], now);
	repeat_restart_pending(e, now);
	if (e->expiry_timer == NULL)
		e->expiry_timer = evtimer_new(e->base, on_timer, e);
	event_add(e->expiry_timer, &again);
}
