/* SPDX-License-Identifier: ISC */
/*
 * The commit that waits for its confirmation (RFC 6241 8.4).  It is in force and its
 * services are proven; the monitor has it in the journal with its deadline, so that a
 * restart of the device goes back and one of certconfd alone goes on waiting.  The way
 * back is a commit of its own kind.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/sessions.h"

#define PERSIST_SNMP "snmp"
#define PERSIST_WHERE "/rpc/commit/persist-id"

/* --- the timer --- */

static void
on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct engine *e = context;
	struct err reason;

	(void)fd;
	(void)what;
	err_set(&reason, ERR_CONFIRM_TIMEOUT, NULL,
	    "the confirmation did not come in time");
	confirm_go_back(e, &reason, 0);
}

static void
disarm(struct confirm *c)
{
	if (c->timer == NULL)
		return;
	event_free(c->timer);
	(void)close(c->timer_fd);
	c->timer = NULL;
}

/* A clock that counts while the device sleeps, and that nobody sets. */
static void
arm(struct engine *e)
{
	struct confirm *c = &e->confirm;
	const struct itimerspec at = {
		.it_value = { .tv_sec = c->point.deadline_ms / 1000,
		    .tv_nsec = c->point.deadline_ms % 1000 * 1000000 }
	};

	c->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (c->timer_fd == -1 ||
	    timerfd_settime(c->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == -1)
		fatal("confirm", "no timer: %s", strerror(errno));
	c->timer = event_new(e->base, c->timer_fd, EV_READ, on_deadline, e);
	event_add(c->timer, NULL);
}

/* --- what waits --- */

void
confirm_set(struct engine *e, const struct confirm_point *point, uint32_t session,
    uint64_t left_alone)
{
	struct confirm *c = &e->confirm;
	struct status *s = &e->status;

	disarm(c);
	*c = (struct confirm){ .point = *point,
		.session = session,
		.left_alone = point->restore == 0 ? 0 : c->left_alone | left_alone };
	s->confirm_restore = point->restore;
	memcpy(s->confirm_user, point->user, sizeof(s->confirm_user));
	memcpy(s->confirm_persist, point->persist, sizeof(s->confirm_persist));
	if (point->restore != 0) {
		c->phase = CONFIRM_WAITING;
		arm(e);
	}
	publish(e);
	if (point->restore != 0 && session_find(e, session) == NULL)
		confirm_session_ended(e, session); /* meanwhile */
}

static bool
is_holder(const struct confirm *c, uint32_t session, const char *persist_id)
{
	if (c->point.persist[0] == '\0')
		return persist_id[0] == '\0' && session == c->session;
	return strcmp(c->point.persist, persist_id) == 0;
}

int
confirm_judge(const struct engine *e, uint32_t session, const char *persist_id,
    struct err *err)
{
	const struct confirm *c = &e->confirm;

	if (c->phase == CONFIRM_NONE && persist_id[0] == '\0')
		return 0;
	if (c->phase == CONFIRM_NONE)
		return err_set(err, ERR_BAD_ELEMENT, PERSIST_WHERE,
		    "no confirmed commit waits");
	if (is_holder(c, session, persist_id))
		return 0;
	if (persist_id[0] != '\0')
		return err_set(err, ERR_BAD_ELEMENT, PERSIST_WHERE,
		    "this is not the persist-id of the confirmed commit that waits");
	return err_set(err, ERR_BUSY, NULL,
	    "a confirmed commit by %s waits for its confirmation", c->point.user);
}

int
confirm_judge_waiting(const struct engine *e, uint32_t session, const char *persist_id,
    struct err *err)
{
	if (e->confirm.phase == CONFIRM_NONE)
		return err_set(err, ERR_NOT_FOUND, NULL, "no confirmed commit waits");
	if (e->confirm.phase != CONFIRM_WAITING)
		return err_set(err, ERR_BUSY, NULL,
		    "the confirmed commit by %s is being ended", e->confirm.point.user);
	return confirm_judge(e, session, persist_id, err);
}

/* --- kept, or extended --- */

static enum action_result
result_of(const struct confirm_point *next)
{
	return next->restore == 0 ? RESULT_SUCCESS : RESULT_NEED_CONFIRM;
}

/* The record of what is in force, as it is in the history. */
static void
running_record(const struct engine *e, struct status_commit *record)
{
	const struct status *s = &e->status;

	memset(record, 0, sizeof(*record));
	record->generation = e->generation;
	record->time = time(NULL);
	for (uint32_t i = 0; i < s->ncommits; i++)
		if (s->commits[i].generation == e->generation) {
			*record = s->commits[i];
			return;
		}
}

static void
tell_changed(struct engine *e, const struct status_commit *record, const char *user)
{
	struct notification n = { .kind = NOTIFY_COMMIT_DONE };

	n.u.commit.generation = e->generation;
	n.u.commit.action = ACTION_CONFIRM;
	n.u.commit.result = record->result;
	snprintf(n.u.commit.user, sizeof(n.u.commit.user), "%s", user);
	source_event(e, &n);
	publish_commit(e, record);
	publish_action(e, ACTION_CONFIRM, record->result, user, NULL);
	log_info("confirm",
	    record->result == RESULT_SUCCESS ? "generation %llu is confirmed by %s"
					     : "generation %llu waits longer, by %s",
	    (unsigned long long)e->generation, user);
}

static void
on_changed(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	const struct confirm c = e->confirm;
	struct commit_outcome outcome = { .err = *err };
	struct status_commit record;

	(void)context;
	(void)msg;
	if (err->code != ERR_NONE) {
		confirm_set(e, &c.point, c.session, 0);
	} else {
		running_record(e, &record);
		record.result = result_of(&c.next);
		if (c.next.restore == 0)
			status_settle(e->status.commits, e->status.ncommits,
			    RESULT_SUCCESS);
		confirm_set(e, &c.next, c.asked_by, c.left_alone);
		tell_changed(e, &record, c.changed_by);
	}
	sessions_commit_ended(e, &outcome);
	actions_next(e);
}

void
confirm_change(struct engine *e, const struct confirm_point *next, const char *user,
    uint32_t session)
{
	struct confirm *c = &e->confirm;
	struct priv_end end = { .generation = e->generation, .keep = 1 };

	c->phase = CONFIRM_CHANGING;
	c->next = *next;
	c->asked_by = session;
	snprintf(c->changed_by, sizeof(c->changed_by), "%s", user);
	disarm(c); /* it was in time */
	running_record(e, &end.commit);
	end.commit.result = result_of(next);
	end.confirm = *next;
	privlink_request(e, PRIV_END, &end, sizeof(end), NULL, 0, on_changed, NULL);
}

int
confirm_keep(struct engine *e, const char *user, struct err *err)
{
	const struct confirm_point nothing = { 0 };

	if (confirm_judge_waiting(e, 0, PERSIST_SNMP, err) == -1)
		return -1;
	confirm_change(e, &nothing, user, 0);
	return 0;
}

/* --- back --- */

static void
on_noted(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	const struct confirm_point nothing = { 0 };
	struct commit_outcome outcome = { .err = *err };

	(void)context;
	(void)msg;
	if (err->code == ERR_NONE)
		fatal("confirm", "what it goes back to must be read anew");
	outcome.err.code = ERR_STUCK; /* there is no way back */
	confirm_set(e, &nothing, 0, 0);
	pending_set_stuck(e, true, err);
	sessions_commit_ended(e, &outcome);
	actions_next(e);
}

/*
 * What cannot be read here is read, or made anew, by a start, which goes back itself.
 */
static void
start_anew(struct engine *e, const struct err *why)
{
	struct priv_end end = { .generation = e->generation,
		.keep = 1,
		.confirm = e->confirm.point };

	log_err("confirm", "the generation to go back to: %s", why->text);
	running_record(e, &end.commit);
	end.confirm.deadline_ms = 0;
	privlink_request(e, PRIV_END, &end, sizeof(end), NULL, 0, on_noted, NULL);
}

static void
on_loaded(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	struct confirm *c = &e->confirm;
	struct commit_request back = { .kind = COMMIT_REVERT,
		.action = ACTION_ROLLBACK,
		.origin = ORIGIN_AUTO_ROLLBACK,
		.session = c->asked_by,
		.restore = c->point.restore,
		.reason = c->reason };
	struct err why = *err;

	(void)context;
	c->loading = false;
	if (c->loading_settings != e->settings_revision) {
		confirm_next(e); /* it lacks what was changed meanwhile */
		return;
	}
	memcpy(back.user, c->point.user, sizeof(back.user));
	if (why.code == ERR_NONE && msg->nfds > 0)
		back.target = settings_take_loaded(msg, &why);
	if (back.target != NULL)
		commit_start(e, &back);
	else
		start_anew(e, &why);
}

void
confirm_next(struct engine *e)
{
	struct confirm *c = &e->confirm;
	const struct priv_load load = { .generation = c->point.restore,
		.file = LOAD_SNAPSHOT };

	if (c->phase != CONFIRM_GOING_BACK || c->loading || e->commit != NULL ||
	    !e->ready)
		return;
	c->loading = true;
	c->loading_settings = e->settings_revision;
	privlink_request(e, PRIV_LOAD, &load, sizeof(load), NULL, 0, on_loaded, NULL);
}

void
confirm_go_back(struct engine *e, const struct err *reason, uint32_t session)
{
	struct confirm *c = &e->confirm;

	if (c->phase != CONFIRM_WAITING)
		return;
	log_warn("confirm", "generation %llu goes back to %llu: %s",
	    (unsigned long long)e->generation, (unsigned long long)c->point.restore,
	    reason->text);
	disarm(c);
	c->phase = CONFIRM_GOING_BACK;
	c->reason = *reason;
	c->asked_by = session;
	confirm_next(e);
	publish(e);
}

void
confirm_session_ended(struct engine *e, uint32_t session)
{
	struct confirm *c = &e->confirm;
	struct err reason;

	if (c->phase != CONFIRM_WAITING || c->point.persist[0] != '\0' ||
	    c->session != session)
		return;
	err_set(&reason, ERR_CONFIRM_TIMEOUT, NULL,
	    "the session that had to confirm it ended");
	confirm_go_back(e, &reason, 0);
}
