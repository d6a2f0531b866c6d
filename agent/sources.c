/* SPDX-License-Identifier: ISC */
/*
 * One state for each (class, row).  An alarm has the level it was told with and the one
 * it has now; an event has what was not told yet.  The difference is told when the last
 * one of this source is certconfNotifyMinInterval old and there is room in the outbox;
 * what is replaced or taken back until then is counted as suppressed.  So a raise and
 * its clear are always told in this order, and what a manager heard last is true at the
 * end.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/notify.h"
#include "agent/xalloc.h"

#define BUCKETS 4096
#define SAVED_TOGETHER 256 /* alarms in one record */

struct source {
	LIST_ENTRY(source) next;    /* of its bucket */
	TAILQ_ENTRY(source) behind; /* of those that wait */
	bool waits;
	enum source_class class;
	uint32_t index;
	uint32_t told, now; /* levels of an alarm */
	int64_t sent;       /* 0: never */
	int64_t sent_ms;    /* CLOCK_MONOTONIC; 0: not since the start */
	/* The event to tell, or the values of a row that is gone. */
	struct notification *values;
};

struct sources {
	LIST_HEAD(, source) buckets[BUCKETS];
	TAILQ_HEAD(, source) waiting;
	struct event *timer;
};

const enum source_class notify_class_of[NOTIFY_KIND_MAX] = {
	[NOTIFY_LOCAL_EXPIRING] = SOURCE_EXPIRY,
	[NOTIFY_LOCAL_EXPIRED] = SOURCE_EXPIRY,
	[NOTIFY_LOCAL_EXPIRY_CLEAR] = SOURCE_EXPIRY,
	[NOTIFY_LOCAL_NOT_YET_VALID] = SOURCE_NOT_YET_VALID,
	[NOTIFY_LOCAL_KEY_MISMATCH] = SOURCE_KEY,
	[NOTIFY_LOCAL_KEY_MISMATCH_CLEAR] = SOURCE_KEY,
	[NOTIFY_LOCAL_CHAIN_INVALID] = SOURCE_CHAIN,
	[NOTIFY_LOCAL_CHAIN_INVALID_CLEAR] = SOURCE_CHAIN,
	[NOTIFY_LOCAL_NOT_YET_VALID_CLEAR] = SOURCE_NOT_YET_VALID,
	[NOTIFY_FACTORY_REPLACED] = SOURCE_FACTORY,
	[NOTIFY_CLOCK_FAULT] = SOURCE_CLOCK,
	[NOTIFY_CLOCK_FAULT_CLEAR] = SOURCE_CLOCK,
	[NOTIFY_RESTART_PENDING] = SOURCE_RESTART,
	[NOTIFY_RESTART_PENDING_CLEAR] = SOURCE_RESTART,
	[NOTIFY_STUCK] = SOURCE_STUCK,
	[NOTIFY_STUCK_CLEAR] = SOURCE_STUCK,
	[NOTIFY_TRUST_EXPIRING] = SOURCE_TRUST_EXPIRY,
	[NOTIFY_TRUST_EXPIRED] = SOURCE_TRUST_EXPIRY,
	[NOTIFY_TRUST_EXPIRY_CLEAR] = SOURCE_TRUST_EXPIRY,
	[NOTIFY_LOCAL_REPLACED] = SOURCE_REPLACED,
	[NOTIFY_TRUST_CHANGED] = SOURCE_TRUST,
	[NOTIFY_VERIFY_MODE_CHANGE] = SOURCE_MODE,
	[NOTIFY_COMMIT_DONE] = SOURCE_DONE,
	[NOTIFY_COMMIT_FAILED] = SOURCE_FAILED,
	[NOTIFY_SERVICE_OUT_OF_SYNC] = SOURCE_SERVICE,
	[NOTIFY_SERVICE_IN_SYNC_CLEAR] = SOURCE_SERVICE,
	[NOTIFY_SOURCE_ERROR] = SOURCE_FILES,
	[NOTIFY_SOURCE_ERROR_CLEAR] = SOURCE_FILES,
};

/* Every bit of certconfNotifyEnable, by class. */
static const uint32_t enabled_by[SOURCE_CLASS_MAX] = {
	[SOURCE_EXPIRY] = 1u << 0,
	[SOURCE_NOT_YET_VALID] = 1u << 0,
	[SOURCE_TRUST_EXPIRY] = 1u << 1,
	[SOURCE_KEY] = 1u << 2,
	[SOURCE_CHAIN] = 1u << 3,
	[SOURCE_FACTORY] = 1u << 4,
	[SOURCE_REPLACED] = 1u << 4,
	[SOURCE_TRUST] = 1u << 4,
	[SOURCE_MODE] = 1u << 4,
	[SOURCE_STUCK] = 1u << 5,
	[SOURCE_DONE] = 1u << 5,
	[SOURCE_FAILED] = 1u << 5,
	[SOURCE_RESTART] = 1u << 6,
	[SOURCE_SERVICE] = 1u << 6,
	[SOURCE_CLOCK] = 1u << 7,
	[SOURCE_FILES] = 1u << 7,
};

static const struct settings *
settings_of(const struct engine *e)
{
	return &e->running->snapshot.header->settings;
}

static bool
is_enabled(const struct engine *e, const struct source *s)
{
	return (settings_of(e)->notify_enable & enabled_by[s->class]) != 0;
}

/* --- the table --- */

void
sources_open(struct engine *e)
{
	e->sources = xcalloc(1, sizeof(*e->sources));
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&e->sources->buckets[i]);
	TAILQ_INIT(&e->sources->waiting);
}

static size_t
bucket_of(enum source_class class, uint32_t index)
{
	return (index * SOURCE_CLASS_MAX + class) % BUCKETS;
}

static struct source *
find(const struct engine *e, enum source_class class, uint32_t index)
{
	struct source *s;

	LIST_FOREACH(s, &e->sources->buckets[bucket_of(class, index)], next)
		if (s->class == class && s->index == index)
			return s;
	return NULL;
}

static struct source *
find_or_add(struct engine *e, enum source_class class, uint32_t index)
{
	struct source *s = find(e, class, index);

	if (s != NULL)
		return s;
	s = xcalloc(1, sizeof(*s));
	s->class = class;
	s->index = index;
	LIST_INSERT_HEAD(&e->sources->buckets[bucket_of(class, index)], s, next);
	return s;
}

static void
put_values(struct source *s, const struct notification *values)
{
	if (values == NULL) {
		free(s->values);
		s->values = NULL;
		return;
	}
	if (s->values == NULL)
		s->values = xcalloc(1, sizeof(*s->values));
	*s->values = *values;
}

static void
wait_for_it(struct engine *e, struct source *s, bool wait)
{
	if (s->waits == wait)
		return;
	s->waits = wait;
	if (wait)
		TAILQ_INSERT_TAIL(&e->sources->waiting, s, behind);
	else
		TAILQ_REMOVE(&e->sources->waiting, s, behind);
}

static void
source_free(struct engine *e, struct source *s)
{
	wait_for_it(e, s, false);
	LIST_REMOVE(s, next);
	free(s->values);
	free(s);
}

void
sources_free(struct engine *e)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (!LIST_EMPTY(&e->sources->buckets[i]))
			source_free(e, LIST_FIRST(&e->sources->buckets[i]));
	if (e->sources->timer != NULL)
		event_free(e->sources->timer);
	free(e->sources);
	e->sources = NULL;
}

/* --- what is true now --- */

static void
suppress(struct engine *e, const struct source *s)
{
	if (is_enabled(e, s))
		e->status.notify_suppressed++;
}

static bool
is_due_again(const struct engine *e, const struct source *s)
{
	const int64_t repeat = (int64_t)settings_of(e)->repeat_hours * 3600;

	return s->now != 0 && repeat != 0 && time(NULL) - s->sent >= repeat;
}

void
source_set(struct engine *e, enum source_class class, uint32_t index, uint32_t level,
    const struct notification *values)
{
	struct source *s = find(e, class, index);

	if (s == NULL && level == 0)
		return;
	if (s == NULL)
		s = find_or_add(e, class, index);
	if (s->now != level && s->waits) {
		suppress(e, s); /* the one that waited */
		if (level == s->told)
			suppress(e, s); /* and this one, which nobody needs now */
	}
	if (s->now != level || values != NULL)
		put_values(s, values);
	s->now = level;
	wait_for_it(e, s, s->now != s->told || is_due_again(e, s));
}

void
source_event(struct engine *e, const struct notification *n)
{
	struct source *s = find_or_add(e, notify_class_of[n->kind], n->index);

	if (s->values != NULL)
		suppress(e, s);
	put_values(s, n);
	s->values->time = time(NULL);
	wait_for_it(e, s, true);
	sources_pump(e);
}

bool
source_is_raised(const struct engine *e, enum source_class class, uint32_t index)
{
	const struct source *s = find(e, class, index);

	return s != NULL && s->now != 0;
}

static bool
is_held_back(const struct engine *e, const struct source *s, int64_t now_ms,
    int64_t *next_ms)
{
	const int64_t may_ms =
	    s->sent_ms + (int64_t)settings_of(e)->min_interval * 1000;

	if (s->sent_ms == 0 || may_ms <= now_ms)
		return false;
	if (may_ms < *next_ms)
		*next_ms = may_ms;
	return true;
}

/* What nobody has to know any more. */
static void
forget_or(struct engine *e, struct source *s, source_gone *gone, const void *context)
{
	struct notification values = { 0 };
	int64_t next_ms = INT64_MAX;

	if (s->now != 0 && gone(e, context, s->class, s->index, &values))
		source_set(e, s->class, s->index, 0, &values);
	if (s->now == 0 && s->told == 0 && !s->waits && s->values == NULL &&
	    !is_held_back(e, s, clock_ms(), &next_ms))
		source_free(e, s);
}

void
sources_drop(struct engine *e, source_gone *gone, const void *context)
{
	struct source *s, *following;

	for (size_t i = 0; i < BUCKETS; i++)
		for (s = LIST_FIRST(&e->sources->buckets[i]); s != NULL;
		     s = following) {
			following = LIST_NEXT(s, next);
			forget_or(e, s, gone, context);
		}
}

/* --- telling --- */

static void
tell(struct engine *e, struct source *s)
{
	struct notification n = { 0 };

	if (s->class >= SOURCE_FIRST_EVENT)
		n = *s->values;
	else
		alarms_fill(e, s->class, s->index, s->now, s->values, &n);
	put_values(s, NULL);
	n.index = s->index;
	n.level = s->now;
	s->told = s->now;
	s->sent = time(NULL);
	s->sent_ms = clock_ms();
	wait_for_it(e, s, false);
	outbox_add(e, &n);
}

/* A class that is switched off keeps what it told: its clear is told when it is on. */
static void
tell_if_may(struct engine *e, struct source *s, int64_t now_ms, int64_t *next_ms)
{
	const bool is_event = s->class >= SOURCE_FIRST_EVENT;

	if (!is_enabled(e, s)) {
		wait_for_it(e, s, false);
		if (is_event)
			put_values(s, NULL);
		return;
	}
	if (outbox_room(e) < (is_event ? ROOM_EVENTS : ROOM_ALL) ||
	    is_held_back(e, s, now_ms, next_ms))
		return;
	tell(e, s);
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	sources_pump(context);
}

void
sources_pump(struct engine *e)
{
	struct source *s, *following;
	int64_t now_ms = clock_ms(), next_ms = INT64_MAX;
	struct timeval tv;

	for (s = TAILQ_FIRST(&e->sources->waiting); s != NULL; s = following) {
		following = TAILQ_NEXT(s, behind);
		tell_if_may(e, s, now_ms, &next_ms);
		if (outbox_room(e) == ROOM_NONE)
			break; /* what a master takes makes some */
	}
	if (next_ms == INT64_MAX)
		return;
	tv = timeval_ms(next_ms - now_ms + 1);
	if (e->sources->timer == NULL)
		e->sources->timer = evtimer_new(e->base, on_timer, e);
	event_add(e->sources->timer, &tv);
}

/* --- over a restart --- */

void
source_restore(struct engine *e, enum source_class class, uint32_t index,
    uint32_t level, int64_t sent)
{
	struct source *s;

	if (class >= SOURCE_FIRST_EVENT)
		return;
	s = find_or_add(e, class, index);
	s->told = s->now = level;
	s->sent = sent;
	if (level == 0)
		source_free(e, s);
}

static int
save(struct buf *buf, const struct outbox_alarm *alarms, size_t count, struct err *err)
{
	return count == 0
	    ? 0
	    : outbox_file_add(buf, OUTBOX_ALARMS, alarms, count * sizeof(*alarms), err);
}

int
sources_save(const struct engine *e, struct buf *buf, struct err *err)
{
	struct outbox_alarm alarms[SAVED_TOGETHER];
	const struct source *s;
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		LIST_FOREACH(s, &e->sources->buckets[i], next) {
			if (s->told == 0)
				continue;
			alarms[n++] = (struct outbox_alarm){ .class = s->class,
				.index = s->index,
				.level = s->told,
				.sent = s->sent };
			if (n < SAVED_TOGETHER)
				continue;
			if (save(buf, alarms, n, err) == -1)
				return -1;
			n = 0;
		}
	return save(buf, alarms, n, err);
}
