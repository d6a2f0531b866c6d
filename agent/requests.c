/* SPDX-License-Identifier: ISC */
/* What sessions ask of the engine, one function a request. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/sessions.h"
#include "agent/log.h"
#include "agent/xalloc.h"

/* What a session says is text for people only once it is terminated. */
static struct err *
terminated(struct err *err)
{
	err->where[sizeof(err->where) - 1] = '\0';
	err->text[sizeof(err->text) - 1] = '\0';
	err->element[sizeof(err->element) - 1] = '\0';
	if (err->code >= ERR_CODE_MAX)
		err->code = ERR_OTHER;
	return err;
}

static void
refuse(struct session *s, uint32_t id, const struct err *err)
{
	struct ses_reply reply = { .err = *err };

	if (err->code == ERR_LOCKED)
		for (int i = 0; i < SES_STORE_MAX; i++)
			if (s->engine->lock_session[i] != 0)
				reply.lock_session = s->engine->lock_session[i];
	session_reply(s, id, &reply, NULL, 0);
}

/* The base it was built on is not what it is now: it does it again. */
static void
refuse_stale(struct session *s, uint32_t id)
{
	struct ses_reply reply = { .stale = 1 };

	err_set(&reply.err, ERR_BUSY, NULL,
	    "somebody else changed the configuration meanwhile");
	session_reply(s, id, &reply, NULL, 0);
}

static void
reply_ok(struct session *s, uint32_t id)
{
	struct ses_reply reply = { .revision = s->engine->candidate.revision };

	session_reply(s, id, &reply, NULL, 0);
}

static bool
may_write(struct session *s, uint32_t id)
{
	struct err err;

	if (candidate_may_write(s->engine, &s->identity, &err) == 0)
		return true;
	refuse(s, id, &err);
	return false;
}

static void
get(struct session *s, struct msg *msg)
{
	const struct ses_get *request = (const void *)msg->data;
	struct engine *e = s->engine;
	const struct held *held = e->running;
	struct ses_reply reply = { .revision = e->generation };
	struct err err;
	int fds[3];

	if (!s->identity.may_read) {
		err_set(&err, ERR_DENIED, NULL, "%s may not read the configuration",
		    s->identity.user);
		refuse(s, msg->id, &err);
		return;
	}
	if (request->store == STORE_CANDIDATE) {
		reply.revision = e->candidate.revision;
		if (e->candidate.held != NULL)
			held = e->candidate.held;
	}
	publish_now(e);
	fds[0] = e->services_fd;
	fds[1] = held->snapshot_fd;
	fds[2] = memfile_new("status", &e->status, sizeof(e->status), &err);
	if (fds[2] == -1) {
		refuse(s, msg->id, &err);
		return;
	}
	session_reply(s, msg->id, &reply, fds, 3);
	close(fds[2]);
}

/* No document uses up more; a broken session could use up all there are. */
#define INDICES_MAX (2 * (LIMIT_ANCHORS + LIMIT_CREDENTIALS))

static bool
has_likely_indices(const struct engine *e, const struct held *held)
{
	const struct snapshot_header *h = held->snapshot.header;
	const struct counters *now = &e->counters;

	return h->next_local_index <= (uint64_t)now->next_local_index + INDICES_MAX &&
	    h->next_trust_index <= (uint64_t)now->next_trust_index + INDICES_MAX;
}

/* The numbers it used are used up, even if it is never committed. */
static void
count_indices(struct engine *e, const struct held *held)
{
	const struct snapshot_header *h = held->snapshot.header;

	if (h->next_local_index > e->counters.next_local_index)
		e->counters.next_local_index = h->next_local_index;
	if (h->next_trust_index > e->counters.next_trust_index)
		e->counters.next_trust_index = h->next_trust_index;
	engine_save_counters(e);
}

/* Takes what a session made; its keys go on to the monitor unread. */
static struct held *
take(struct session *s, const struct ses_edit *edit, struct msg *msg)
{
	struct engine *e = s->engine;
	const struct priv_keys keys = { 0 };
	struct held *held;
	struct err err;
	int fd;

	if (msg->nfds != 2 + (edit->has_keys != 0)) {
		err_set(&err, ERR_OTHER, NULL, "the session sent something irregular");
		refuse(s, msg->id, &err);
		return NULL;
	}
	fd = msg_take(msg, 0);
	if ((held = held_new(fd, msg_take(msg, 1), &err)) == NULL) {
		refuse(s, msg->id, &err);
		return NULL;
	}
	if (!has_likely_indices(e, held)) {
		held_drop(held);
		err_set(&err, ERR_OTHER, NULL, "the session sent something irregular");
		refuse(s, msg->id, &err);
		return NULL;
	}
	if (edit->has_keys)
		privlink_request(e, PRIV_KEYS, &keys, sizeof(keys), &msg->fds[2], 1,
		    NULL, NULL);
	count_indices(e, held);
	return held;
}

static void
taken(struct engine *e)
{
	e->status.refused_at = 0;
	e->status.refused_user[0] = e->status.refused_text[0] = '\0';
}

/* The rebase that is waited for, and not one for an older generation. */
static bool
is_rebase(const struct session *s)
{
	const struct engine *e = s->engine;

	return s->identity.session == e->candidate.rebase_session &&
	    e->candidate.rebase_generation == e->generation;
}

static bool
is_stale(const struct session *s, const struct ses_edit *request)
{
	const struct engine *e = s->engine;

	if (request->base != e->candidate.revision ||
	    request->services_revision != e->services.revision)
		return true;
	return s->job.kind == JOB_REBASE ? !is_rebase(s)
					 : e->candidate.rebase_session != 0;
}

/* A rebase changes nothing anybody wrote: no lock and no commit stands against it. */
static void
edit(struct session *s, struct msg *msg)
{
	struct ses_edit *request = (void *)msg->data;
	struct engine *e = s->engine;
	const uint64_t base =
	    e->candidate.held == NULL ? e->generation : e->candidate.base;
	struct held *held;

	terminated(&request->problem);
	if (s->job.kind != JOB_REBASE && !may_write(s, msg->id))
		return;
	if (is_stale(s, request)) {
		refuse_stale(s, msg->id);
		return;
	}
	if ((held = take(s, request, msg)) == NULL)
		return;
	if (s->job.kind == JOB_REBASE) {
		candidate_rebased(e, held, &request->problem);
		reply_ok(s, msg->id);
		return;
	}
	candidate_set(e, held, base, s->identity.user, &request->problem);
	taken(e);
	publish_action(e, request->action, RESULT_SUCCESS, s->identity.user,
	    request->problem.code == ERR_NONE ? NULL : &request->problem);
	log_info("candidate", "changed by %s", s->identity.user);
	reply_ok(s, msg->id);
}

static bool
is_same(const struct held *a, const struct held *b)
{
	return memcmp(a->snapshot.header->config_sha256,
		   b->snapshot.header->config_sha256, SHA256_SIZE) == 0;
}

/* Nothing to do is done: no restart, no new generation. */
static void
unchanged(struct session *s, uint32_t id, const struct ses_commit *request)
{
	struct engine *e = s->engine;
	struct ses_reply reply = { .unchanged = 1 };

	if (!request->private)
		candidate_drop(e);
	taken(e);
	privlink_forget_keys(e);
	publish_action(e, ACTION_COMMIT, RESULT_SUCCESS, s->identity.user, NULL);
	session_reply(s, id, &reply, NULL, 0);
}

static void
start(struct session *s, uint32_t id, const struct ses_commit *request,
    struct held *target)
{
	struct commit_request commit = { .kind = COMMIT_NEW,
		.target = target,
		.from_candidate = !request->private,
		.action = request->private ? request->edit.action : ACTION_COMMIT,
		.origin = request->origin,
		.keys_from = request->private ? request->keys_from : 0,
		.session = s->identity.session };

	memcpy(commit.user, s->identity.user, sizeof(commit.user));
	memcpy(commit.comment, request->comment, sizeof(commit.comment));
	commit.comment[sizeof(commit.comment) - 1] = '\0';
	s->commit_id = id;
	taken(s->engine);
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
		refuse_stale(s, id);
	else if (candidate_problem(e, &err) == -1) {
		engine_refused(e, s->identity.user, ACTION_COMMIT, &err);
		refuse(s, id, &err);
	} else if (e->candidate.held == NULL || is_same(e->candidate.held, e->running))
		unchanged(s, id, request);
	else
		start(s, id, request, held_use(e->candidate.held));
}

static void
commit_private(struct session *s, struct msg *msg, const struct ses_commit *request)
{
	struct engine *e = s->engine;
	struct held *held;

	if (request->edit.base != e->generation ||
	    request->edit.services_revision != e->services.revision) {
		refuse_stale(s, msg->id);
		return;
	}
	if (request->edit.problem.code != ERR_NONE) {
		engine_refused(e, s->identity.user, request->edit.action,
		    &request->edit.problem);
		refuse(s, msg->id, &request->edit.problem);
		return;
	}
	if ((held = take(s, &request->edit, msg)) == NULL)
		return;
	if (e->generation != 0 && is_same(held, e->running)) {
		held_drop(held);
		unchanged(s, msg->id, request);
		return;
	}
	start(s, msg->id, request, held);
}

static void
commit(struct session *s, struct msg *msg)
{
	struct ses_commit *request = (void *)msg->data;

	terminated(&request->edit.problem);
	if (!may_write(s, msg->id))
		return;
	if (request->private)
		commit_private(s, msg, request);
	else
		commit_candidate(s, msg->id, request);
}

static void
validated(struct session *s, struct msg *msg)
{
	struct ses_validated *request = (void *)msg->data;
	struct engine *e = s->engine;

	terminated(&request->problem);
	if (!s->identity.may_write || request->revision != e->candidate.revision) {
		refuse_stale(s, msg->id);
		return;
	}
	if (is_rebase(s)) {
		e->candidate.rebase_session = 0;
		e->candidate.conflicts = request->problem.code == ERR_CONFLICT;
	}
	if (e->candidate.held != NULL)
		e->candidate.problem = request->problem;
	publish_action(e, ACTION_VALIDATE,
	    request->problem.code == ERR_NONE ? RESULT_SUCCESS : RESULT_FAILED,
	    s->identity.user, &request->problem);
	reply_ok(s, msg->id);
}

static void
discard(struct session *s, struct msg *msg)
{
	if (!may_write(s, msg->id))
		return;
	candidate_drop(s->engine);
	privlink_forget_keys(s->engine);
	publish_action(s->engine, ACTION_DISCARD, RESULT_SUCCESS, s->identity.user,
	    NULL);
	reply_ok(s, msg->id);
}

static void
lock(struct session *s, struct msg *msg)
{
	const struct ses_lock *request = (const void *)msg->data;
	struct engine *e = s->engine;
	struct err err = { 0 };

	if (!may_write(s, msg->id))
		return;
	if (request->store >= SES_STORE_MAX)
		err_set(&err, ERR_OTHER, NULL, "there is no such datastore");
	else if (e->lock_session[request->store] != 0)
		err_set(&err, ERR_LOCKED, NULL, "this session holds that lock already");
	else if (request->store == STORE_CANDIDATE && e->candidate.held != NULL)
		err_set(&err, ERR_LOCKED, NULL,
		    "the candidate holds changes by %s; commit or discard them first",
		    e->candidate.user);
	if (err.code != ERR_NONE) {
		refuse(s, msg->id, &err);
		return;
	}
	e->lock_session[request->store] = s->identity.session;
	memcpy(e->status.lock_user, s->identity.user, sizeof(e->status.lock_user));
	publish(e);
	reply_ok(s, msg->id);
}

static void
unlock(struct session *s, struct msg *msg)
{
	const struct ses_lock *request = (const void *)msg->data;
	struct engine *e = s->engine;
	struct err err;

	if (request->store >= SES_STORE_MAX ||
	    e->lock_session[request->store] != s->identity.session) {
		err_set(&err, ERR_OTHER, NULL, "this session does not hold that lock");
		refuse(s, msg->id, &err);
		return;
	}
	e->lock_session[request->store] = 0;
	if (e->lock_session[STORE_RUNNING] == 0 &&
	    e->lock_session[STORE_CANDIDATE] == 0)
		e->status.lock_user[0] = '\0';
	publish(e);
	reply_ok(s, msg->id);
}

static void
restart(struct session *s, struct msg *msg)
{
	struct commit_request request = { .kind = COMMIT_RESTART,
		.action = ACTION_RESTART,
		.origin = ORIGIN_NETCONF,
		.session = s->identity.session };

	if (!may_write(s, msg->id))
		return;
	request.target = held_use(s->engine->running);
	memcpy(request.user, s->identity.user, sizeof(request.user));
	s->commit_id = msg->id;
	commit_start(s->engine, &request);
}

/* Who asked for a kept generation, while the monitor fetches it. */
struct load_context {
	uint32_t session, id;
};

static void
on_loaded(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	const struct load_context load = *(struct load_context *)context;
	struct session *s = session_find(e, load.session);
	const struct priv_done *done = (const void *)msg->data;
	struct ses_reply reply = { .err = *err, .revision = done->generation };

	free(context);
	if (s != NULL)
		session_reply(s, load.id, &reply, msg->fds,
		    err->code == ERR_NONE ? msg->nfds : 0);
}

static void
load(struct session *s, struct msg *msg)
{
	const struct ses_load *request = (const void *)msg->data;
	struct priv_load load = { .generation = request->generation,
		.file = request->file };
	struct load_context *context;
	struct err err;

	if (!s->identity.may_read) {
		err_set(&err, ERR_DENIED, NULL, "%s may not read the configuration",
		    s->identity.user);
		refuse(s, msg->id, &err);
		return;
	}
	context = xcalloc(1, sizeof(*context));
	context->session = s->identity.session;
	context->id = msg->id;
	privlink_request(s->engine, PRIV_LOAD, &load, sizeof(load), NULL, 0, on_loaded,
	    context);
}

/* The first configuration of a start whose snapshot was lost; nothing else changes. */
static void
rebuilt(struct session *s, struct msg *msg)
{
	struct engine *e = s->engine;
	struct held *held;
	struct err err;

	if (s->job.kind != JOB_REBUILD || e->ready || msg->nfds != 1)
		return;
	if ((held = held_new(msg_take(msg, 0), -1, &err)) == NULL)
		fatal("engine", "the snapshot that was rebuilt: %s", err.text);
	count_indices(e, held);
	held_drop(e->running);
	e->running = held;
	log_warn("engine",
	    "the snapshot of generation %llu was rebuilt from its config.xml",
	    (unsigned long long)e->generation);
	reply_ok(s, msg->id);
	engine_begin(e);
}

static void
subscribe(struct session *s, struct msg *msg)
{
	const struct ses_subscribe *request = (const void *)msg->data;

	s->subscribed = request->on != 0;
	reply_ok(s, msg->id);
}

static void
refused(struct session *s, struct msg *msg)
{
	struct ses_refused *request = (void *)msg->data;

	if (!s->identity.may_write) {
		reply_ok(s, msg->id); /* nobody's business but its own */
		return;
	}
	engine_refused(s->engine, s->identity.user,
	    request->action < ACTION_MAX ? request->action : ACTION_IMPORT,
	    terminated(&request->err));
	reply_ok(s, msg->id);
}

static const struct session_request requests[] = {
	[SES_GET] = { sizeof(struct ses_get), 0, get },
	[SES_EDIT] = { sizeof(struct ses_edit), 3, edit },
	[SES_COMMIT] = { sizeof(struct ses_commit), 3, commit },
	[SES_VALIDATED] = { sizeof(struct ses_validated), 0, validated },
	[SES_DISCARD] = { sizeof(struct ses_none), 0, discard },
	[SES_LOCK] = { sizeof(struct ses_lock), 0, lock },
	[SES_UNLOCK] = { sizeof(struct ses_lock), 0, unlock },
	[SES_RESTART] = { sizeof(struct ses_none), 0, restart },
	[SES_LOAD] = { sizeof(struct ses_load), 0, load },
	[SES_SUBSCRIBE] = { sizeof(struct ses_subscribe), 0, subscribe },
	[SES_REBUILT] = { sizeof(struct ses_none), 1, rebuilt },
	[SES_REFUSED] = { sizeof(struct ses_refused), 0, refused },
};

const struct session_request *
session_request(uint32_t type)
{
	return type < nitems(requests) && requests[type].run != NULL ? &requests[type]
								     : NULL;
}
