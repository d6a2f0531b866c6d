/* SPDX-License-Identifier: ISC */
#include "agent/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/xalloc.h"

/* A message that waits for the peer to read. */
struct waiting {
	STAILQ_ENTRY(waiting) next;
	uint32_t type, id;
	size_t len;
	int fds[MSG_FDS_MAX], nfds;
	uint8_t data[];
};

struct channel {
	int fd;
	bool ended, overflowed;
	unsigned int waiting, queue_max; /* queue_max 0: any number may wait */
	struct event *readable, *writable;
	const struct channel_callbacks *callbacks;
	void *context;
	STAILQ_HEAD(, waiting) queue;
};

static void
waiting_free(struct waiting *w)
{
	for (int i = 0; i < w->nfds; i++)
		close(w->fds[i]);
	free(w);
}

static void
end(struct channel *c)
{
	if (c->ended)
		return;
	c->ended = true;
	event_del(c->readable);
	event_del(c->writable);
	c->callbacks->on_end(c->context);
}

/* One message a turn: the callback may free the channel. */
static void
readable(evutil_socket_t fd, short what, void *context)
{
	struct channel *c = context;
	struct msg *msg = xcalloc(1, sizeof(*msg));
	int rc;

	(void)what;
	rc = msg_recv(fd, msg);
	if (rc == 1)
		c->callbacks->on_message(c->context, msg);
	else if (rc == 0 || (errno != EAGAIN && errno != EINTR))
		end(c);
	if (rc == 1)
		msg_close(msg);
	free(msg);
}

static void
writable(evutil_socket_t fd, short what, void *context)
{
	struct channel *c = context;
	struct waiting *w;

	(void)what;
	while ((w = STAILQ_FIRST(&c->queue)) != NULL) {
		if (msg_send(fd, w->type, w->id, w->data, w->len, w->fds, w->nfds) ==
		    -1) {
			if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
				return;
			end(c);
			return;
		}
		STAILQ_REMOVE_HEAD(&c->queue, next);
		waiting_free(w);
		c->waiting--;
	}
	event_del(c->writable);
	event_add(c->readable, NULL);
}

struct channel *
channel_new(struct event_base *base, int fd, const struct channel_callbacks *callbacks,
    void *context)
{
	struct channel *c = xcalloc(1, sizeof(*c));

	c->fd = fd;
	c->callbacks = callbacks;
	c->context = context;
	STAILQ_INIT(&c->queue);
	if (evutil_make_socket_nonblocking(fd) == -1)
		fatal("channel", "cannot make a socket non-blocking");
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, readable, c);
	c->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, writable, c);
	if (c->readable == NULL || c->writable == NULL ||
	    event_add(c->readable, NULL) == -1)
		fatal("channel", "cannot watch a socket");
	return c;
}

/* NULL without a descriptor left. */
static struct waiting *
waiting_new(uint32_t type, uint32_t id, const void *data, size_t len, const int *fds,
    int nfds)
{
	struct waiting *w = xcalloc(1, sizeof(*w) + len);

	w->type = type;
	w->id = id;
	w->len = len;
	if (len > 0)
		memcpy(w->data, data, len);
	for (int i = 0; i < nfds; i++) {
		if ((w->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0)) == -1) {
			waiting_free(w);
			return NULL;
		}
		w->nfds = i + 1;
	}
	return w;
}

static void
enqueue(struct channel *c, struct waiting *w)
{
	if (w == NULL || (c->queue_max != 0 && c->waiting >= c->queue_max)) {
		log_warn("channel",
		    "a process does not read what it is sent; it is ended");
		if (w != NULL)
			waiting_free(w);
		c->overflowed = true;
		end(c);
		return;
	}
	STAILQ_INSERT_TAIL(&c->queue, w, next);
	c->waiting++;
	if (c->queue_max != 0)
		event_del(c->readable);
	event_add(c->writable, NULL);
}

bool
channel_overflowed(const struct channel *c)
{
	return c->overflowed;
}

void
channel_limit(struct channel *c, unsigned int queue_max)
{
	c->queue_max = queue_max;
}

void
channel_send(struct channel *c, uint32_t type, uint32_t id, const void *data,
    size_t len, const int *fds, int nfds)
{
	if (c->ended)
		return;
	if (!STAILQ_EMPTY(&c->queue)) {
		enqueue(c, waiting_new(type, id, data, len, fds, nfds));
		return;
	}
	if (msg_send(c->fd, type, id, data, len, fds, nfds) == 0)
		return;
	/* An end that is gone is found when it is read. */
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		enqueue(c, waiting_new(type, id, data, len, fds, nfds));
}

void
channel_free(struct channel *c)
{
	struct waiting *w;

	if (c == NULL)
		return;
	while ((w = STAILQ_FIRST(&c->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->queue, next);
		waiting_free(w);
	}
	event_free(c->readable);
	event_free(c->writable);
	close(c->fd);
	free(c);
}
