/* SPDX-License-Identifier: ISC */
/*
 * The snmp process: status and snapshot out, SETs in.  A SET is decided by a ticket
 * while the manager waits (RESERVE2) and done when it is applied (COMMIT), which cannot
 * be refused any more; so one ticket at a time is out, for at most TICKET_MS.
 */
#include <string.h>

#include "agent/engine.h"
#include "agent/log.h"

#define TICKET_MS 10000
#define QUEUE_MAX 2048    /* messages it has not read: every notification, and more */
#define HEARTBEAT_MS 5000 /* later than this, it hangs */
#define WATCH_MS 1000     /* how often that is looked at */

static void
ticket_release(struct engine *e)
{
	e->ticket.number = 0;
	if (e->ticket_timer != NULL)
		event_del(e->ticket_timer);
}

static void
on_ticket_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	log_info("snmp", "a SET was neither applied nor released; it is forgotten");
	ticket_release(context);
}

static void
prepare(struct engine *e, struct msg *msg)
{
	struct snmp_prepare *set = (void *)msg->data;
	const struct timeval tv = timeval_ms(TICKET_MS);
	struct snmp_ticket answer = { 0 };

	set->source[sizeof(set->source) - 1] = '\0';
	answer.verdict =
	    e->ticket.number != 0 ? TICKET_BUSY : actions_judge(e, set, &answer.change);
	if (answer.verdict == TICKET_OK) {
		e->ticket.number = answer.ticket = ++e->last_ticket;
		e->ticket.set = *set;
		if (e->ticket_timer == NULL)
			e->ticket_timer = evtimer_new(e->base, on_ticket_timer, e);
		event_add(e->ticket_timer, &tv);
	}
	channel_send(e->snmp, SNMP_TICKET, msg->id, &answer, sizeof(answer), NULL, 0);
}

static void
apply(struct engine *e, struct msg *msg)
{
	const struct snmp_by_ticket *by = (const void *)msg->data;
	const struct snmp_prepare set = e->ticket.set;

	if (by->ticket == 0 || by->ticket != e->ticket.number)
		return;
	ticket_release(e);
	actions_add(e, &set);
	publish_now(e); /* a GET that follows the SET reads what was set */
}

static void
release(struct engine *e, struct msg *msg)
{
	const struct snmp_by_ticket *by = (const void *)msg->data;

	if (by->ticket != 0 && by->ticket == e->ticket.number)
		ticket_release(e);
}

static void
notified(struct engine *e, struct msg *msg)
{
	const struct snmp_notified *n = (const void *)msg->data;

	outbox_taken(e, n->seq);
}

static void
heartbeat(struct engine *e, struct msg *msg)
{
	(void)msg;
	e->heartbeat_ms = clock_ms();
}

static const struct {
	size_t size;
	void (*run)(struct engine *, struct msg *);
} messages[SNMP_TYPE_MAX] = {
	[SNMP_PREPARE] = { sizeof(struct snmp_prepare), prepare },
	[SNMP_APPLY] = { sizeof(struct snmp_by_ticket), apply },
	[SNMP_RELEASE] = { sizeof(struct snmp_by_ticket), release },
	[SNMP_NOTIFIED] = { sizeof(struct snmp_notified), notified },
	[SNMP_HEARTBEAT] = { sizeof(struct snmp_heartbeat), heartbeat },
};

/* The monitor starts another one. */
static void
on_end(void *context)
{
	struct engine *e = context;

	channel_free(e->snmp);
	e->snmp = NULL;
	ticket_release(e);
	event_del(e->heartbeat_timer);
}

static void
on_message(void *context, struct msg *msg)
{
	struct engine *e = context;

	if (msg->type < nitems(messages) && messages[msg->type].run != NULL &&
	    messages[msg->type].size == msg->len) {
		messages[msg->type].run(e, msg);
		return;
	}
	log_warn("snmp", "an irregular message of type %u", msg->type);
	on_end(e);
}

static const struct channel_callbacks callbacks = { on_message, on_end };

static void
on_heartbeat_timer(evutil_socket_t fd, short what, void *context)
{
	const struct priv_none nothing = { 0 };
	struct engine *e = context;

	(void)fd;
	(void)what;
	if (e->snmp == NULL || clock_ms() - e->heartbeat_ms < HEARTBEAT_MS)
		return;
	log_warn("snmp", "no sign of life for %d s; it is started again",
	    HEARTBEAT_MS / 1000);
	privlink_request(e, PRIV_SNMP_KILL, &nothing, sizeof(nothing), NULL, 0, NULL,
	    NULL);
	on_end(e);
}

void
snmplink_open(struct engine *e, int fd)
{
	const struct timeval tv = timeval_ms(WATCH_MS);

	if (e->snmp != NULL)
		on_end(e);
	e->snmp = channel_new(e->base, fd, &callbacks, e);
	channel_limit(e->snmp, QUEUE_MAX);
	e->heartbeat_ms = clock_ms() + HEARTBEAT_MS; /* it needs a moment to start */
	if (e->heartbeat_timer == NULL)
		e->heartbeat_timer =
		    event_new(e->base, -1, EV_PERSIST, on_heartbeat_timer, e);
	event_add(e->heartbeat_timer, &tv);
	outbox_resend(e);
	if (!e->ready)
		return;
	snmplink_send_snapshot(e);
	publish_now(e);
}

void
snmplink_send_status(struct engine *e)
{
	if (e->snmp != NULL)
		channel_send(e->snmp, SNMP_STATUS, 0, &e->status, sizeof(e->status),
		    NULL, 0);
}

void
snmplink_send_snapshot(struct engine *e)
{
	const struct snmp_snapshot snapshot = { e->generation };

	if (e->snmp != NULL)
		channel_send(e->snmp, SNMP_SNAPSHOT, 0, &snapshot, sizeof(snapshot),
		    &e->running->snapshot_fd, 1);
	board_snapshot(e);
}
