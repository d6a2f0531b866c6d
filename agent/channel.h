/* SPDX-License-Identifier: ISC */
/*
 * One end of a message channel in an event loop: messages in by callback, messages out
 * through a queue, so that a slow peer never blocks the engine.
 */
#ifndef AGENT_CHANNEL_H
#define AGENT_CHANNEL_H

#include <stdbool.h>

#include <event2/event.h>

#include "agent/msg.h"

struct channel;

/*
 * on_message may take descriptors out of the message; the rest are closed.  on_end is
 * called once, when the peer is gone or sent something irregular.  Both may free the
 * channel.
 */
struct channel_callbacks {
	void (*on_message)(void *context, struct msg *);
	void (*on_end)(void *context);
};

/* Takes fd. */
struct channel *channel_new(struct event_base *, int fd,
    const struct channel_callbacks *, void *context);
/*
 * For a peer that is not trusted: while it has not read what it was sent nothing is
 * read from it, and when so many messages wait the channel ends.
 */
void channel_limit(struct channel *, unsigned int queue_max);
/* Whether it ended for that reason. */
bool channel_overflowed(const struct channel *);
/*
 * Sends or queues; descriptors stay the caller's.  A channel that has ended drops it.
 */
void channel_send(struct channel *, uint32_t type, uint32_t id, const void *data,
    size_t len, const int *fds, int nfds);
void channel_free(struct channel *);

#endif
