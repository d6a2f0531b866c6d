/* SPDX-License-Identifier: ISC */
/* The channel to the engine: snapshot, status and notifications in, SETs out. */
#ifndef HANDLERS_SNMP_CHANNEL_H
#define HANDLERS_SNMP_CHANNEL_H

#include "agent/memfile.h"
#include "agent/msg.h"
#include "agent/proto.h"
#include "handlers/snmp_view.h"

struct snmp_channel {
	int fd;
	bool ended; /* the engine is gone, or sent something irregular */
	struct snmp_view view;
	struct mapping mapping; /* of the view's snapshot */
	bool has_snapshot, has_status;
	/* what was applied shows in the next status; 0: none due */
	int64_t status_due_ms;
	uint32_t request; /* number of the last SET put to the engine */
	bool waiting;     /* for its answer */
	struct snmp_ticket answer;
	void (*on_notification)(void *context, const struct notification *);
	void *context;
	struct msg msg; /* large */
};

/* What comes is handed to the callback; the channel's view refreshes itself from it. */
void snmp_channel_init(struct snmp_channel *, int fd,
    void (*on_notification)(void *, const struct notification *), void *context);

/* Takes in whatever is there, waiting at most so long for the first of it. */
void snmp_channel_read(struct snmp_channel *, int timeout_ms);

/* Puts a SET to the engine; -1 when it does not answer within 100 ms. */
int snmp_channel_prepare(struct snmp_channel *, const struct snmp_prepare *,
    struct snmp_ticket *ret_ticket);
void snmp_channel_apply(struct snmp_channel *, uint32_t ticket);
void snmp_channel_release(struct snmp_channel *, uint32_t ticket);

void snmp_channel_notified(struct snmp_channel *, uint32_t seq);
void snmp_channel_heartbeat(struct snmp_channel *, bool connected);

#endif
