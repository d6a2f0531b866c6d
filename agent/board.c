/* SPDX-License-Identifier: ISC */
/*
 * What the plugin of snmpd reads: the status, written where it lies, and the snapshot,
 * which the monitor puts beside it.  Nobody is waited for, and nobody waits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/engine.h"
#include "agent/log.h"
#include "agent/xalloc.h"
#include "lib/published.h"

struct board {
	int fd; /* of the status file */
	bool broken;
	struct event *timer;
	struct held *shown; /* the snapshot the monitor was given last */
	bool copying;       /* and has not put there yet */
	struct published file;
};

#define REST offsetof(struct published, heartbeat_ms)
#define SEQUENCE offsetof(struct published, sequence)

static void
write_part(struct board *b, size_t from, size_t len)
{
	const uint8_t *data = (const uint8_t *)&b->file + from;

	if (b->broken || pwrite(b->fd, data, len, (off_t)from) == (ssize_t)len)
		return;
	b->broken = true;
	log_warn("board", "the status for the plugin of snmpd cannot be written: %s",
	    strerror(errno));
}

/* In this order a reader sees either number odd, or two that differ, or all of it. */
static void
write_file(struct board *b, size_t len)
{
	b->broken = false;
	b->file.heartbeat_ms = clock_ms();
	b->file.sequence++;
	write_part(b, SEQUENCE, sizeof(b->file.sequence));
	write_part(b, REST, len);
	b->file.sequence++;
	write_part(b, SEQUENCE, sizeof(b->file.sequence));
}

void
board_status(struct engine *e)
{
	if (e->board == NULL || !e->ready)
		return;
	published_fill(&e->board->file, &e->status);
	write_file(e->board, sizeof(e->board->file) - REST);
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	struct engine *e = context;

	(void)fd;
	(void)what;
	if (e->ready)
		write_file(e->board, offsetof(struct published, status) - REST);
}

static void
on_copied(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct board *b = e->board;

	(void)context;
	(void)msg;
	b->copying = false;
	if (err->code != ERR_NONE)
		log_warn("board", "the plugin of snmpd shows what was before: %s: %s",
		    err->where, err->text);
	b->file.snapshots++;
	board_status(e);
	board_snapshot(e);
}

/* What changes while one is being copied is one more copy. */
void
board_snapshot(struct engine *e)
{
	const struct priv_none nothing = { 0 };
	struct board *b = e->board;

	if (b == NULL || b->copying || b->shown == e->running)
		return;
	held_drop(b->shown);
	b->shown = held_use(e->running);
	b->copying = true;
	privlink_request(e, PRIV_PUBLISH, &nothing, sizeof(nothing),
	    &e->running->snapshot_fd, 1, on_copied, NULL);
}

void
board_open(struct engine *e, int fd)
{
	const struct timeval tv = timeval_ms(PUBLISHED_HEARTBEAT_MS);
	struct board *b = xcalloc(1, sizeof(*b));

	b->fd = fd;
	b->timer = event_new(e->base, -1, EV_PERSIST, on_timer, e);
	if (b->timer == NULL || event_add(b->timer, &tv) == -1)
		fatal("board", "no timer");
	e->board = b;
}
