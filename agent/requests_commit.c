/* SPDX-License-Identifier: ISC */
/* What sessions ask that puts something in force, keeps it, or goes back. */
#include <string.h>

#include "agent/requests.h"

/* Whether every service gets what it has: root may have changed a definition. */
static bool
same_services(const struct snapshot *a, const struct snapshot *b)
{
	const uint32_t count = a->header->services.count;

	if (count != b->header->services.count)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!text_equal(snapshot_text(a, a->services[i].name),
			snapshot_text(b, b->services[i].name)) ||
		    memcmp(a->services[i].material, b->services[i].material,
			SHA256_SIZE) != 0)
			return false;
	return true;
}

/* Live files that somebody changed are written again by any commit. */
static bool
is_in_force(const struct engine *e, const struct held *held)
{
	return e->generation != 0 && e->status.files_problem[0] == '\0' &&
	    memcmp(held->snapshot.header->config_sha256,
		e->running->snapshot.header->config_sha256, SHA256_SIZE) == 0 &&
	    snapshot_same_monitoring(&e->running->snapshot, &held->snapshot) &&
	    snapshot_same_monitoring(&held->snapshot, &e->running->snapshot) &&
	    same_services(&held->snapshot, &e->running->snapshot);
}

/* What waits is confirmed by a commit that changes nothing, or waits longer. */
static void
confirm_unchanged(struct session *s, uint32_t id, const struct ses_commit *request)
{
	struct engine *e = s->engine;
	struct confirm_point next = { 0 };

	if (request->confirm_timeout != 0) {
		next = e->confirm.point;
		next.deadline_ms =
		    clock_boot_ms() + 1000 * (int64_t)request->confirm_timeout;
		memcpy(next.persist, request->persist, sizeof(next.persist));
	}
	s->commit_id = id;
	confirm_change(e, &next, s->identity.user, s->identity.session);
}

static enum action
action_of(const struct ses_commit *request)
{
	const enum action action =
	    request->private ? (enum action)request->edit.action : ACTION_COMMIT;

	return action == ACTION_COMMIT && request->defer_restart
	    ? ACTION_COMMIT_DEFER_RESTART
	    : action;
}

/* Nothing to do is done: no restart, no new generation. */
static void
unchanged(struct session *s, uint32_t id, const struct ses_commit *request)
{
	struct engine *e = s->engine;
	struct ses_reply reply = { .unchanged = 1 };

	if (!request->private)
		candidate_drop(e);
	request_taken(e);
	privlink_forget_keys(e);
	if (e->confirm.phase == CONFIRM_WAITING) {
		confirm_unchanged(s, id, request);
		return;
	}
	publish_action(e, action_of(request), RESULT_SUCCESS, s->identity.user, NULL);
	session_reply(s, id, &reply, NULL, 0);
}

static void
start(struct session *s, uint32_t id, const struct ses_commit *request,
    struct held *target)
{
	struct commit_request commit = {
		.kind = request->defer_restart ? COMMIT_DEFER : COMMIT_NEW,
		.target = target,
		.from_candidate = !request->private,
		.action = action_of(request),
		.origin = request->origin,
		.keys_from = request->private ? request->keys_from : 0,
		.session = s->identity.session,
		.confirm_timeout = request->confirm_timeout,
	};

	memcpy(commit.user, s->identity.user, sizeof(commit.user));
	memcpy(commit.comment, request->comment, sizeof(commit.comment));
	commit.comment[sizeof(commit.comment) - 1] = '\0';
	memcpy(commit.persist, request->persist, sizeof(commit.persist));
	s->commit_id = id;
	request_taken(s->engine);
	if (commit_is_gathering(s->engine))
		commit_join(s->engine, &commit);
	else
		commit_start(s->engine, &commit);
}

/* Why the candidate cannot be committed as it is; 0 when it can. */
static int
candidate_problem(const struct engine *e, struct err *err)
{
	if (e->candidate.conflicts)
		return err_set(err, ERR_CONFLICT, NULL,
		    "the candidate conflicts with generation %llu; discard it and start again",
		    (unsigned long long)e->generation);
	*err = e->candidate.problem;
	return err->code == ERR_NONE ? 0 : -1;
}

static void
commit_candidate(struct session *s, uint32_t id, const struct ses_commit *request)
{
	struct engine *e = s->engine;
	struct err err;

	if (e->candidate.rebase_session != 0)
		request_refuse_stale(s, id);
	else if (candidate_problem(e, &err) == -1) {
		engine_refused(e, s->identity.user, action_of(request), &err);
		request_refuse(s, id, &err);
	} else if (e->candidate.held == NULL || is_in_force(e, e->candidate.held))
		unchanged(s, id, request);
	else
		start(s, id, request, held_use(e->candidate.held));
}

static void
commit_private(struct session *s, struct msg *msg, const struct ses_commit *request)
{
	struct engine *e = s->engine;
	struct held *held;

	if (request->edit.base != e->tip ||
	    request->edit.services_revision != e->services.revision) {
		request_refuse_stale(s, msg->id);
		return;
	}
	if (request->edit.problem.code != ERR_NONE) {
		engine_refused(e, s->identity.user, request->edit.action,
		    &request->edit.problem);
		request_refuse(s, msg->id, &request->edit.problem);
		return;
	}
	if ((held = request_take(s, &request->edit, msg)) == NULL)
		return;
	if (!commit_is_gathering(e) && is_in_force(e, held)) {
		held_drop(held);
		unchanged(s, msg->id, request);
		return;
	}
	start(s, msg->id, request, held);
}

/* A change of its own, to stay, may come along with a commit that has not begun. */
static int
may_commit(const struct session *s, const struct ses_commit *request, struct err *err)
{
	const bool joins = commit_is_gathering(s->engine) && request->private &&
	    request->keys_from == 0 && !request->defer_restart &&
	    request->confirm_timeout == 0;

	if (joins)
		return candidate_may_join(s->engine, &s->identity, err);
	return candidate_may_write(s->engine, &s->identity, err);
}

void
request_commit(struct session *s, struct msg *msg)
{
	struct ses_commit *request = (void *)msg->data;
	struct err err;

	s->last_commit = msg->id;
	request_terminated(&request->edit.problem);
	request->persist[sizeof(request->persist) - 1] = '\0';
	request->persist_id[sizeof(request->persist_id) - 1] = '\0';
	if (request->confirm_timeout > LIMIT_CONFIRM_SECONDS)
		request->confirm_timeout = LIMIT_CONFIRM_SECONDS;
	if (may_commit(s, request, &err) == -1 ||
	    confirm_judge(s->engine, s->identity.session, request->persist_id, &err) ==
		-1) {
		request_refuse(s, msg->id, &err);
		return;
	}
	if (request->private)
		commit_private(s, msg, request);
	else
		commit_candidate(s, msg->id, request);
}

/* Whether this session may end what waits; refuses otherwise. */
static bool
may_end(struct session *s, struct msg *msg)
{
	struct ses_confirm *request = (void *)msg->data;
	struct err err;

	request->persist_id[sizeof(request->persist_id) - 1] = '\0';
	if (!request_may_write(s, msg->id))
		return false;
	if (confirm_judge_waiting(s->engine, s->identity.session, request->persist_id,
		&err) == 0)
		return true;
	request_refuse(s, msg->id, &err);
	return false;
}

void
request_confirm(struct session *s, struct msg *msg)
{
	const struct confirm_point nothing = { 0 };

	if (!may_end(s, msg))
		return;
	s->commit_id = msg->id;
	confirm_change(s->engine, &nothing, s->identity.user, s->identity.session);
}

void
request_cancel(struct session *s, struct msg *msg)
{
	struct err reason;

	if (!may_end(s, msg))
		return;
	err_set(&reason, ERR_OTHER, NULL, "%s cancelled it", s->identity.user);
	s->commit_id = msg->id;
	confirm_go_back(s->engine, &reason, s->identity.session);
}

void
request_restart(struct session *s, struct msg *msg)
{
	struct commit_request request = { .kind = COMMIT_RESTART,
		.action = ACTION_RESTART,
		.origin = ORIGIN_NETCONF,
		.session = s->identity.session };

	if (!request_may_write(s, msg->id))
		return;
	request.target = held_use(s->engine->running);
	memcpy(request.user, s->identity.user, sizeof(request.user));
	s->commit_id = msg->id;
	commit_start(s->engine, &request);
}
