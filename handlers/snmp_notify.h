/* SPDX-License-Identifier: ISC */
/*
 * Notifications on their last step: from the engine's outbox to the master.
 *
 * They are sent only while a master is connected, and never more than a few before it
 * has shown that it reads: both sides would otherwise block in sending to each other.
 * One is taken as handed over when the master has answered a ping that was sent after
 * it on the same session; after a reconnect all others go again, with the same numbers.
 */
#ifndef HANDLERS_SNMP_NOTIFY_H
#define HANDLERS_SNMP_NOTIFY_H

#include <sys/queue.h>

#include "agent/proto.h"

struct snmp_session; /* of the net-snmp library */
struct snmp_queued;

struct snmp_notify {
	STAILQ_HEAD(, snmp_queued) queue; /* oldest first; sent ones are kept, too */
	unsigned int count;
	struct snmp_queued *unsent;   /* the first that was not sent on this session */
	struct snmp_session *session; /* NULL: no master is connected */
	bool asked;                   /* a ping is under way */
	uint32_t sent_seq;            /* of the last one sent */
	/* Those up to this number are handed over. */
	void (*on_taken)(void *context, uint32_t seq);
	void *context;
};

void snmp_notify_init(struct snmp_notify *, void (*on_taken)(void *, uint32_t),
    void *context);
void snmp_notify_add(struct snmp_notify *, const struct notification *);

/* A master connected, or with NULL: the connection is gone. */
void snmp_notify_connected(struct snmp_notify *, struct snmp_session *);

/* Sends what may be sent now; to be called once a turn. */
void snmp_notify_run(struct snmp_notify *);

void snmp_notify_clear(struct snmp_notify *);

/* The OID of a kind of notification; NULL for none. */
const unsigned long *snmp_notify_oid(uint32_t kind, size_t *ret_len);

#endif
