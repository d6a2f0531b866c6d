/* SPDX-License-Identifier: ISC */
/*
 * What certconf import --wait could not put in force and left in the spool: it is shown
 * and tried again until it is, or until somebody changed otherwise what it is about.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/engine.h"
#include "agent/log.h"
#include "agent/spool.h"

#define USER "spool"
/* Between looks at what is there: when nothing is known, and when something is. */
#define LOOK_MS 60000
#define LOOK_AGAIN_MS 5000
#define NS 1000000000

static bool try_next(struct engine *);
static void look(struct engine *, const struct spool_document *done);

static void
look_later(struct engine *e)
{
	const int64_t interval = e->spool.interval_ms;
	int64_t ms = e->status.nkept > 0 ? LOOK_AGAIN_MS : LOOK_MS;
	struct timeval tv;

	if (interval > 0 && interval < ms)
		ms = interval;
	tv = timeval_ms(ms);

	event_add(e->spool.timer, &tv);
}

static struct status_kept *
find(struct status_kept *rows, uint32_t count, const char *name, int64_t stamp)
{
	for (uint32_t i = 0; i < count; i++)
		if (rows[i].stamp == stamp && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* The one that is tried; NULL: it has gone meanwhile. */
static struct status_kept *
row_tried(struct engine *e)
{
	return find(e->status.kept, e->status.nkept, e->spool.name, e->spool.stamp);
}

static void
set_due(struct engine *e, struct status_kept *row, int64_t ms)
{
	row->next = e->spool.interval_ms == 0 ? 0 : time(NULL) + ms / 1000;
	e->spool.due_ms[row - e->status.kept] =
	    e->spool.interval_ms == 0 ? INT64_MAX : clock_ms() + ms;
}

/* --- a try --- */

static void
failed(struct engine *e, struct status_kept *row, const struct err *err)
{
	row->tries++;
	row->tried = time(NULL);
	err_format(err, row->text, sizeof(row->text));
	set_due(e, row, e->spool.interval_ms);
	log_warn("spool", "%s is kept and tried again: %s", row->name, row->text);
}

void
spool_worker_ended(struct engine *e, const struct err *err)
{
	struct spool_document done = { .stamp = e->spool.stamp };
	struct status_kept *row = row_tried(e);

	e->spool.session = 0;
	if (err == NULL) {
		log_info("spool", "%s is in force", e->spool.name);
		memcpy(done.name, e->spool.name, sizeof(done.name));
	} else if (row != NULL) {
		failed(e, row, err);
	}
	publish(e);
	look(e, &done);
}

static void
on_opened(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	const struct job job = { .kind = JOB_IMPORT, .commit = 1 };
	struct status_kept *row;

	(void)context;
	e->spool.asking = false;
	if (err->code == ERR_NONE && msg->nfds == 1) {
		e->spool.session = sessions_add_reader(e, &job, msg_take(msg, 0), USER);
		return;
	}
	if ((row = row_tried(e)) != NULL)
		failed(e, row, err);
	publish(e);
	if (!try_next(e))
		look_later(e);
}

static void
try(struct engine *e, const struct status_kept *row)
{
	struct priv_import request = { .spooled = 1 };

	memcpy(request.name, row->name, sizeof(row->name));
	memcpy(e->spool.name, row->name, sizeof(row->name));
	e->spool.stamp = row->stamp;
	e->spool.asking = true;
	privlink_request(e, PRIV_IMPORT, &request, sizeof(request), NULL, 0, on_opened,
	    NULL);
}

/* The first that is due, when nobody else changes anything. */
static bool
try_next(struct engine *e)
{
	const struct identity self = { .may_write = 1, .user = USER };
	struct err ignored;

	if (candidate_may_write(e, &self, &ignored) == -1 ||
	    confirm_judge(e, 0, "", &ignored) == -1)
		return false;
	for (uint32_t i = 0; i < e->status.nkept; i++)
		if (e->spool.due_ms[i] <= clock_ms()) {
			try(e, &e->status.kept[i]);
			return true;
		}
	return false;
}

/* --- what is there --- */

/* Somebody has given the credential of this name another certificate since. */
static bool
is_superseded(const struct engine *e, const struct status_kept *row)
{
	const struct snapshot *s = &e->running->snapshot;

	for (uint32_t i = 0; i < s->header->locals.count; i++)
		if (text_is(snapshot_text(s, s->locals[i].name), row->name))
			return s->locals[i].installed > row->stamp / NS;
	return false;
}

static bool
drop_superseded(struct engine *e)
{
	struct spool_document done = { .stamp = 0 };

	for (uint32_t i = 0; i < e->status.nkept; i++) {
		if (!is_superseded(e, &e->status.kept[i]))
			continue;
		log_info("spool", "%s was changed otherwise since: it goes",
		    e->status.kept[i].name);
		memcpy(done.name, e->status.kept[i].name, sizeof(done.name));
		done.stamp = e->status.kept[i].stamp;
		look(e, &done);
		return true;
	}
	return false;
}

/* What is known of a document stays while it does. */
static void
merge(struct engine *e, const struct spool_document *documents, uint32_t count)
{
	struct status_kept rows[LIMIT_KEPT];
	int64_t due_ms[LIMIT_KEPT];
	const struct status_kept *old;

	memcpy(rows, e->status.kept, sizeof(rows));
	memcpy(due_ms, e->spool.due_ms, sizeof(due_ms));
	memset(e->status.kept, 0, sizeof(e->status.kept));
	for (uint32_t i = 0; i < count; i++) {
		struct status_kept *row = &e->status.kept[i];

		memcpy(row->name, documents[i].name, sizeof(row->name));
		row->name[sizeof(row->name) - 1] = '\0';
		row->stamp = documents[i].stamp;
		if ((old = find(rows, e->status.nkept, row->name, row->stamp)) !=
		    NULL) {
			*row = *old;
			e->spool.due_ms[i] = due_ms[old - rows];
			continue;
		}
		set_due(e, row, e->spool.looked ? e->spool.interval_ms : 0);
		log_warn("spool", "an import of %s failed and is kept", row->name);
	}
	e->status.nkept = count;
	e->spool.looked = true;
	publish(e);
}

static void
on_listed(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct mapping map = { NULL, 0 };
	struct err failure;

	(void)context;
	e->spool.asking = false;
	if (err->code != ERR_NONE || msg->nfds != 1)
		log_warn("spool", "%s", err->text);
	else if (memfile_map(msg->fds[0], LIMIT_KEPT * sizeof(struct spool_document),
		     &map, &failure) == -1)
		log_warn("spool", "%s", failure.text);
	else
		merge(e, map.data,
		    (uint32_t)(map.size / sizeof(struct spool_document)));
	mapping_clear(&map);
	if (!drop_superseded(e) && !try_next(e))
		look_later(e);
}

static void
look(struct engine *e, const struct spool_document *done)
{
	const struct priv_spool request = { .done = *done };

	event_del(e->spool.timer);
	e->spool.asking = true;
	privlink_request(e, PRIV_SPOOL, &request, sizeof(request), NULL, 0, on_listed,
	    NULL);
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	const struct spool_document none = { .stamp = 0 };
	struct engine *e = context;

	(void)fd;
	(void)what;
	if (!e->spool.asking && e->spool.session == 0 && e->commit == NULL)
		look(e, &none);
	else
		look_later(e);
}

void
spool_begin(struct engine *e)
{
	e->spool.timer = evtimer_new(e->base, on_timer, e);
	spool_look(e);
}

void
spool_look(struct engine *e)
{
	const struct timeval now = { 0 };

	if (e->spool.timer != NULL)
		event_add(e->spool.timer, &now);
}
