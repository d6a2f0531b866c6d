/* SPDX-License-Identifier: ISC */
/*
 * Notifications on their way.  Each has a number that only grows.  It is appended to
 * state/outbox before the snmp process hears of it, so that no number is used twice; it
 * leaves when a connected master has taken it, and goes again after a reconnect.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/memfile.h"
#include "agent/notify.h"
#include "agent/xalloc.h"

#define ALARMS_MAX 2048   /* waiting; more alarms stay as they are */
#define WAITING_MAX 3072  /* the rest is for events */
#define WINDOW 512        /* that the snmp process has and no master has taken */
#define ANEW_AFTER 1024   /* records, then the file is written anew */
#define LOST_STEP 8192    /* more than can be given out until it is */
#define TAKEN_MS 1000     /* until it is written down that some were taken */
#define TRY_AGAIN_MS 5000 /* after the disk failed */

struct outgoing {
	STAILQ_ENTRY(outgoing) next;
	struct notification notification;
};

struct outbox {
	STAILQ_HEAD(, outgoing) queue; /* oldest first */
	unsigned int count;            /* in the queue */
	struct outgoing *unwritten;    /* the first that is not on the disk yet */
	struct outgoing *unsent;       /* the first this snmp process has not got */
	unsigned int sent;             /* it has got, and no master has taken */
	uint32_t last_seq;             /* given out */
	uint32_t taken;                /* by a master, up to this one */
	bool taken_unwritten;
	bool writing;       /* PRIV_OUTBOX is not answered yet */
	uint32_t write_seq; /* what it brings to the disk */
	bool anew;          /* there is no file to append to */
	unsigned int appended;
	struct event *timer;
	/* The last ones on the disk, in a ring: what status.notices shows. */
	struct notification recent[LIMIT_NOTICES];
	unsigned int nrecent;
	bool nobody; /* there is no SNMP: they are taken when they are written */
};

static void write_now(struct engine *e);

void
outbox_open(struct engine *e)
{
	e->outbox = xcalloc(1, sizeof(*e->outbox));
	STAILQ_INIT(&e->outbox->queue);
	e->outbox->anew = true;
	sources_open(e);
}

static void
drop_first(struct outbox *o)
{
	struct outgoing *first = STAILQ_FIRST(&o->queue);

	STAILQ_REMOVE_HEAD(&o->queue, next);
	o->count--;
	free(first);
}

void
outbox_free(struct engine *e)
{
	sources_free(e);
	while (!STAILQ_EMPTY(&e->outbox->queue))
		drop_first(e->outbox);
	if (e->outbox->timer != NULL)
		event_free(e->outbox->timer);
	free(e->outbox);
	e->outbox = NULL;
}

enum room
outbox_room(const struct engine *e)
{
	if (e->outbox->count >= WAITING_MAX)
		return ROOM_NONE;
	return e->outbox->count >= ALARMS_MAX ? ROOM_EVENTS : ROOM_ALL;
}

/* --- to the disk --- */

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	write_now(context);
}

/* What comes within the same turn of the loop becomes one write. */
static void
write_in(struct engine *e, int64_t ms)
{
	struct outbox *o = e->outbox;
	const struct timeval tv = timeval_ms(ms);

	if (o->writing)
		return; /* its answer looks for more */
	if (o->timer == NULL)
		o->timer = evtimer_new(e->base, on_timer, e);
	event_add(o->timer, &tv);
}

static const struct notification *
recent(const struct outbox *o, unsigned int age)
{
	return &o->recent[(o->nrecent - 1 - age) % LIMIT_NOTICES];
}

static unsigned int
recent_count(const struct outbox *o)
{
	return o->nrecent < LIMIT_NOTICES ? o->nrecent : LIMIT_NOTICES;
}

static int
add_one(struct buf *buf, const struct notification *n, struct err *err)
{
	return outbox_file_add(buf, OUTBOX_NOTIFICATION, n, sizeof(*n), err);
}

static int
add_queue(struct buf *buf, const struct outgoing *from, struct err *err)
{
	for (; from != NULL; from = STAILQ_NEXT(from, next))
		if (add_one(buf, &from->notification, err) == -1)
			return -1;
	return 0;
}

/* The whole: alarms, the last ones that were taken, and all that were not. */
static int
compose_anew(const struct engine *e, struct buf *buf, struct err *err)
{
	const struct outbox *o = e->outbox;
	unsigned int i;

	if (outbox_file_begin(buf, err) == -1 || sources_save(e, buf, err) == -1)
		return -1;
	for (i = recent_count(o); i > 0; i--)
		if (recent(o, i - 1)->seq <= o->taken &&
		    add_one(buf, recent(o, i - 1), err) == -1)
			return -1;
	if (outbox_file_add(buf, OUTBOX_TAKEN, &o->taken, sizeof(o->taken), err) == -1)
		return -1;
	return add_queue(buf, STAILQ_FIRST(&o->queue), err);
}

static int
compose_more(const struct outbox *o, struct buf *buf, struct err *err)
{
	if (o->taken_unwritten &&
	    outbox_file_add(buf, OUTBOX_TAKEN, &o->taken, sizeof(o->taken), err) == -1)
		return -1;
	return add_queue(buf, o->unwritten, err);
}

static void
keep_recent(struct engine *e, const struct notification *n)
{
	struct status *s = &e->status;

	e->outbox->recent[e->outbox->nrecent++ % LIMIT_NOTICES] = *n;
	memmove(&s->notices[1], &s->notices[0],
	    (LIMIT_NOTICES - 1) * sizeof(s->notices[0]));
	notice_make(n, &s->notices[0]);
	if (s->nnotices < LIMIT_NOTICES)
		s->nnotices++;
}

/* The disk has them: they may be seen. */
static void
pass_written(struct engine *e)
{
	struct outbox *o = e->outbox;

	while (o->unwritten != NULL && o->unwritten->notification.seq <= o->write_seq) {
		keep_recent(e, &o->unwritten->notification);
		e->counters.notify_seq = o->unwritten->notification.seq;
		o->unwritten = STAILQ_NEXT(o->unwritten, next);
	}
	if (o->nobody)
		outbox_taken(e, o->write_seq);
	publish(e);
	outbox_send(e);
}

/* When the disk fails they are sent all the same: nobody would hear of it otherwise. */
static void
on_written(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct outbox *o = e->outbox;
	const bool failed = err->code != ERR_NONE;

	(void)context;
	(void)msg;
	o->writing = false;
	if (failed)
		log_warn("outbox", "%s: %s", err->where, err->text);
	o->anew = failed;
	pass_written(e);
	if (failed)
		write_in(e, TRY_AGAIN_MS);
	else if (o->unwritten != NULL)
		write_now(e);
	else if (o->taken_unwritten)
		write_in(e, TAKEN_MS);
}

static void
write_now(struct engine *e)
{
	struct outbox *o = e->outbox;
	struct priv_outbox request = { .anew = o->anew || o->appended >= ANEW_AFTER };
	struct buf buf = { 0 };
	struct err err;
	int fd = -1;

	if (o->writing ||
	    (o->unwritten == NULL && !o->taken_unwritten && !request.anew))
		return;
	if ((request.anew ? compose_anew(e, &buf, &err)
			  : compose_more(o, &buf, &err)) == -1 ||
	    (fd = memfile_new("outbox", buf.data, buf.len, &err)) == -1)
		fatal("outbox", "%s", err.text);
	buf_clear(&buf);
	o->appended = request.anew ? 0 : o->appended + 1 + (o->last_seq - o->write_seq);
	o->writing = true;
	o->write_seq = o->last_seq;
	o->taken_unwritten = false;
	privlink_request(e, PRIV_OUTBOX, &request, sizeof(request), &fd, 1, on_written,
	    NULL);
	(void)close(fd);
	if (request.anew)
		engine_save_counters(e); /* should the file be lost */
}

void
outbox_add(struct engine *e, struct notification *n)
{
	struct outbox *o = e->outbox;
	struct outgoing *new = xcalloc(1, sizeof(*new));

	n->seq = ++o->last_seq;
	if (n->time == 0)
		n->time = time(NULL);
	new->notification = *n;
	STAILQ_INSERT_TAIL(&o->queue, new, next);
	o->count++;
	if (o->unwritten == NULL)
		o->unwritten = new;
	if (o->unsent == NULL)
		o->unsent = new;
	write_in(e, 0);
}

/* --- to the master --- */

void
outbox_send(struct engine *e)
{
	struct outbox *o = e->outbox;

	while (e->snmp != NULL && o->unsent != o->unwritten && o->sent < WINDOW) {
		channel_send(e->snmp, SNMP_NOTIFY, 0, &o->unsent->notification,
		    sizeof(o->unsent->notification), NULL, 0);
		o->unsent = STAILQ_NEXT(o->unsent, next);
		o->sent++;
	}
}

void
outbox_resend(struct engine *e)
{
	e->outbox->unsent = STAILQ_FIRST(&e->outbox->queue);
	e->outbox->sent = 0;
	outbox_send(e);
}

void
outbox_taken(struct engine *e, uint32_t seq)
{
	struct outbox *o = e->outbox;
	struct outgoing *first;

	while ((first = STAILQ_FIRST(&o->queue)) != NULL &&
	    first->notification.seq <= seq && first != o->unwritten &&
	    (first != o->unsent || o->nobody)) {
		if (first == o->unsent)
			o->unsent = STAILQ_NEXT(first, next);
		else
			o->sent--;
		o->taken = first->notification.seq;
		o->taken_unwritten = true;
		drop_first(o);
	}
	if (o->taken_unwritten && o->unwritten == NULL)
		write_in(e, TAKEN_MS);
	sources_pump(e);
	outbox_send(e);
}

/* --- at the start --- */

static void
load_notification(struct engine *e, const struct notification *n)
{
	struct outbox *o = e->outbox;
	struct outgoing *new;

	if (n->kind >= NOTIFY_KIND_MAX)
		return;
	source_restore(e, notify_class_of[n->kind], n->index, n->level, n->time);
	keep_recent(e, n);
	o->last_seq = n->seq;
	if (n->seq <= o->taken)
		return;
	new = xcalloc(1, sizeof(*new));
	new->notification = *n;
	STAILQ_INSERT_TAIL(&o->queue, new, next);
	o->count++;
}

static void
load_alarms(struct engine *e, struct blob data)
{
	struct outbox_alarm alarm;

	for (; data.len >= sizeof(alarm);
	     data.data += sizeof(alarm), data.len -= sizeof(alarm)) {
		memcpy(&alarm, data.data, sizeof(alarm));
		source_restore(e, alarm.class, alarm.index, alarm.level, alarm.sent);
	}
}

static void
load_taken(struct outbox *o, uint32_t taken)
{
	o->taken = taken;
	while (!STAILQ_EMPTY(&o->queue) &&
	    STAILQ_FIRST(&o->queue)->notification.seq <= taken)
		drop_first(o);
}

static void
load(struct engine *e, struct blob rest)
{
	struct outbox_record record;
	struct notification n;
	uint32_t taken;

	if (!outbox_file_open(&rest))
		return;
	e->outbox->anew = false;
	while (outbox_file_next(&rest, &record)) {
		e->outbox->appended++;
		if (record.type == OUTBOX_NOTIFICATION &&
		    record.data.len == sizeof(n)) {
			memcpy(&n, record.data.data, sizeof(n));
			load_notification(e, &n);
		} else if (record.type == OUTBOX_ALARMS) {
			load_alarms(e, record.data);
		} else if (record.type == OUTBOX_TAKEN &&
		    record.data.len == sizeof(taken)) {
			memcpy(&taken, record.data.data, sizeof(taken));
			load_taken(e->outbox, taken);
		}
	}
}

void
outbox_boot(struct engine *e, int fd, bool nobody)
{
	struct outbox *o = e->outbox;
	struct mapping map = { 0 };
	struct err err;

	o->nobody = nobody;
	if (fd != -1 && memfile_map(fd, OUTBOX_FILE_MAX, &map, &err) == -1)
		fatal("outbox", "%s", err.text);
	if (fd != -1)
		load(e, (struct blob){ map.data, map.size });
	mapping_clear(&map);
	if (o->anew && e->counters.notify_seq != 0)
		e->counters.notify_seq += LOST_STEP; /* none is used twice */
	if (o->last_seq < e->counters.notify_seq)
		o->last_seq = e->counters.notify_seq;
	e->counters.notify_seq = o->write_seq = o->last_seq;
	o->unsent = STAILQ_FIRST(&o->queue);
	if (nobody)
		outbox_taken(e, o->last_seq);
	outbox_send(e);
}
