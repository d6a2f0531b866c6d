/* SPDX-License-Identifier: ISC */
/*
 * Notifications on their way.  Each has a number that only grows; it leaves when the
 * snmp process has handed it to a connected master, and goes again after a reconnect.
 */
#include <stdlib.h>
#include <time.h>

#include "agent/engine.h"
#include "agent/log.h"
#include "agent/xalloc.h"

#define OUTBOX_MAX 1024

struct outgoing {
	STAILQ_ENTRY(outgoing) next;
	struct notification notification;
};

/* Which bit of certconfNotifyEnable each belongs to. */
static const uint32_t class_of[NOTIFY_KIND_MAX] = {
	[NOTIFY_LOCAL_EXPIRING] = 1u << 0,
	[NOTIFY_LOCAL_EXPIRED] = 1u << 0,
	[NOTIFY_LOCAL_EXPIRY_CLEAR] = 1u << 0,
	[NOTIFY_COMMIT_DONE] = 1u << 5,
	[NOTIFY_COMMIT_FAILED] = 1u << 5,
	[NOTIFY_STUCK] = 1u << 5,
	[NOTIFY_STUCK_CLEAR] = 1u << 5,
	[NOTIFY_SERVICE_OUT_OF_SYNC] = 1u << 6,
	[NOTIFY_SERVICE_IN_SYNC_CLEAR] = 1u << 6,
	[NOTIFY_RESTART_PENDING] = 1u << 6,
	[NOTIFY_RESTART_PENDING_CLEAR] = 1u << 6,
};

static void
send_one(struct engine *e, const struct outgoing *o)
{
	if (e->snmp != NULL)
		channel_send(e->snmp, SNMP_NOTIFY, 0, &o->notification,
		    sizeof(o->notification), NULL, 0);
}

static void
drop_first(struct engine *e)
{
	struct outgoing *o = STAILQ_FIRST(&e->outbox);

	STAILQ_REMOVE_HEAD(&e->outbox, next);
	free(o);
}

static unsigned int
waiting(const struct engine *e)
{
	const struct outgoing *o;
	unsigned int n = 0;

	STAILQ_FOREACH(o, &e->outbox, next)
		n++;
	return n;
}

void
outbox_add(struct engine *e, struct notification *n)
{
	struct outgoing *o;

	if ((e->running->snapshot.header->settings.notify_enable & class_of[n->kind]) ==
	    0)
		return;
	if (waiting(e) >= OUTBOX_MAX) {
		log_warn("outbox", "full: notification %u is dropped",
		    STAILQ_FIRST(&e->outbox)->notification.seq);
		drop_first(e);
		e->status.notify_suppressed++;
	}
	n->seq = ++e->counters.notify_seq;
	n->time = e->notified[n->kind] = time(NULL);
	engine_save_counters(e);
	o = xcalloc(1, sizeof(*o));
	o->notification = *n;
	STAILQ_INSERT_TAIL(&e->outbox, o, next);
	send_one(e, o);
	publish(e);
}

void
outbox_taken(struct engine *e, uint32_t seq)
{
	while (!STAILQ_EMPTY(&e->outbox) &&
	    STAILQ_FIRST(&e->outbox)->notification.seq <= seq)
		drop_first(e);
}

void
outbox_resend(struct engine *e)
{
	const struct outgoing *o;

	STAILQ_FOREACH(o, &e->outbox, next)
		send_one(e, o);
}
