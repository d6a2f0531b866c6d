/* SPDX-License-Identifier: ISC */
/* The one candidate everybody shares, who may change it, and what is refused. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/engine.h"
#include "agent/log.h"

void
candidate_set(struct engine *e, struct held *held, uint64_t base, const char *user,
    const struct err *problem)
{
	struct candidate *c = &e->candidate;

	held_drop(c->held);
	c->held = held;
	c->revision++;
	c->base = base;
	c->conflicts = false;
	c->rebase_session = 0;
	c->since = time(NULL);
	snprintf(c->user, sizeof(c->user), "%s", user);
	c->problem = *problem;
	publish(e);
}

/* The same changes by the same person, on the generation in force now. */
void
candidate_rebased(struct engine *e, struct held *held, const struct err *problem)
{
	const struct candidate old = e->candidate;

	candidate_set(e, held, e->generation, old.user, problem);
	e->candidate.since = old.since;
}

void
candidate_drop(struct engine *e)
{
	struct candidate *c = &e->candidate;
	const uint64_t revision = c->revision + 1;

	held_drop(c->held);
	memset(c, 0, sizeof(*c));
	c->revision = revision;
	publish(e);
}

void
candidate_rebase(struct engine *e)
{
	const struct job job = { .kind = JOB_REBASE, .arg = e->candidate.base };

	if (e->candidate.held == NULL)
		return;
	/* One that is still at it for an older generation is not heard any more. */
	e->candidate.rebase_generation = e->generation;
	e->candidate.rebase_settings = e->settings_revision;
	e->candidate.rebase_session = sessions_add_worker(e, &job, "certconfd");
}

int
candidate_may_join(struct engine *e, const struct identity *who, struct err *err)
{
	if (!who->may_write)
		return err_set(err, ERR_DENIED, NULL,
		    "%s may not change the configuration; certconfd.conf names the group that may",
		    who->user);
	for (int store = 0; store < SES_STORE_MAX; store++)
		if (e->lock_session[store] != 0 &&
		    e->lock_session[store] != who->session)
			return err_set(err, ERR_LOCKED, NULL,
			    "the configuration is locked by %s", e->status.lock_user);
	if (e->confirm.phase == CONFIRM_CHANGING ||
	    e->confirm.phase == CONFIRM_GOING_BACK)
		return err_set(err, ERR_BUSY, NULL,
		    "the confirmed commit by %s is being ended", e->confirm.point.user);
	return 0;
}

int
candidate_may_write(struct engine *e, const struct identity *who, struct err *err)
{
	if (candidate_may_join(e, who, err) == -1)
		return -1;
	if (e->commit != NULL)
		return err_set(err, ERR_BUSY, NULL, "a commit by %s is under way",
		    e->status.last_user);
	return 0;
}

/* The lock dies with its session, and what was staged under it (RFC 6241 7.5). */
void
candidate_unlock_all(struct engine *e, uint32_t session)
{
	if (e->lock_session[STORE_CANDIDATE] == session) {
		candidate_drop(e);
		privlink_forget_keys(e);
	}
	for (int store = 0; store < SES_STORE_MAX; store++)
		if (e->lock_session[store] == session)
			e->lock_session[store] = 0;
	if (e->lock_session[STORE_RUNNING] == 0 &&
	    e->lock_session[STORE_CANDIDATE] == 0)
		e->status.lock_user[0] = '\0';
	publish(e);
}

void
engine_refused(struct engine *e, const char *user, enum action action,
    const struct err *err)
{
	struct notification n = { .kind = NOTIFY_COMMIT_FAILED };
	struct status *s = &e->status;
	char text[STATUS_TEXT];

	err_format(err, text, sizeof(text));
	log_warn("refused", "%s by %s: %s", name_text(&action_names, action), user,
	    text);
	s->refused_at = time(NULL);
	snprintf(s->refused_user, sizeof(s->refused_user), "%s", user);
	snprintf(s->refused_text, sizeof(s->refused_text), "%s", text);
	publish_action(e, action, RESULT_FAILED, user, err);
	n.u.commit.generation = e->generation;
	n.u.commit.action = action;
	n.u.commit.result = RESULT_FAILED;
	n.u.commit.err = *err;
	snprintf(n.u.commit.user, sizeof(n.u.commit.user), "%s", user);
	source_event(e, &n);
}
