/* SPDX-License-Identifier: ISC */
/* What sessions ask of the engine, one function a request. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/requests.h"
#include "agent/log.h"
#include "agent/xalloc.h"

struct err *
request_terminated(struct err *err)
{
	err->where[sizeof(err->where) - 1] = '\0';
	err->text[sizeof(err->text) - 1] = '\0';
	err->element[sizeof(err->element) - 1] = '\0';
	if (err->code >= ERR_CODE_MAX)
		err->code = ERR_OTHER;
	return err;
}

void
request_refuse(struct session *s, uint32_t id, const struct err *err)
{
	struct ses_reply reply = { .err = *err };

	if (err->code == ERR_LOCKED)
		for (int i = 0; i < SES_STORE_MAX; i++)
			if (s->engine->lock_session[i] != 0)
				reply.lock_session = s->engine->lock_session[i];
	session_reply(s, id, &reply, NULL, 0);
}

/* The base it was built on is not what it is now: it does it again. */
void
request_refuse_stale(struct session *s, uint32_t id)
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

bool
request_may_write(struct session *s, uint32_t id)
{
	struct err err;

	if (candidate_may_write(s->engine, &s->identity, &err) == 0)
		return true;
	request_refuse(s, id, &err);
	return false;
}

static void
get(struct session *s, struct msg *msg)
{
	const struct ses_get *request = (const void *)msg->data;
	struct engine *e = s->engine;
	const struct held *held = e->running;
	struct ses_reply reply = { .revision = e->tip };
	struct err err;
	int fds[3];

	if (request->for_change && commit_is_gathering(e))
		held = commit_target(e);

	if (!s->identity.may_read) {
		err_set(&err, ERR_DENIED, NULL, "%s may not read the configuration",
		    s->identity.user);
		request_refuse(s, msg->id, &err);
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
		request_refuse(s, msg->id, &err);
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
struct held *
request_take(struct session *s, const struct ses_edit *edit, struct msg *msg)
{
	struct engine *e = s->engine;
	const struct priv_keys keys = { 0 };
	struct held *held;
	struct err err;
	int fd;

	if (msg->nfds != 2 + (edit->has_keys != 0)) {
		err_set(&err, ERR_OTHER, NULL, "the session sent something irregular");
		request_refuse(s, msg->id, &err);
		return NULL;
	}
	fd = msg_take(msg, 0);
	if ((held = held_new(fd, msg_take(msg, 1), &err)) == NULL) {
		request_refuse(s, msg->id, &err);
		return NULL;
	}
	if (!has_likely_indices(e, held)) {
		held_drop(held);
		err_set(&err, ERR_OTHER, NULL, "the session sent something irregular");
		request_refuse(s, msg->id, &err);
		return NULL;
	}
	if (edit->has_keys)
		privlink_request(e, PRIV_KEYS, &keys, sizeof(keys), &msg->fds[2], 1,
		    NULL, NULL);
	count_indices(e, held);
	return held;
}

void
request_taken(struct engine *e)
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

	request_terminated(&request->problem);
	if (s->job.kind != JOB_REBASE && !request_may_write(s, msg->id))
		return;
	if (is_stale(s, request)) {
		request_refuse_stale(s, msg->id);
		return;
	}
	if ((held = request_take(s, request, msg)) == NULL)
		return;
	if (s->job.kind == JOB_REBASE) {
		candidate_rebased(e, held, &request->problem);
		reply_ok(s, msg->id);
		return;
	}
	candidate_set(e, held, base, s->identity.user, &request->problem);
	request_taken(e);
	publish_action(e, request->action, RESULT_SUCCESS, s->identity.user,
	    request->problem.code == ERR_NONE ? NULL : &request->problem);
	log_info("candidate", "changed by %s", s->identity.user);
	reply_ok(s, msg->id);
}

static void
validated(struct session *s, struct msg *msg)
{
	struct ses_validated *request = (void *)msg->data;
	struct engine *e = s->engine;

	request_terminated(&request->problem);
	if (!s->identity.may_write || request->revision != e->candidate.revision) {
		request_refuse_stale(s, msg->id);
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
	if (!request_may_write(s, msg->id))
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

	if (!request_may_write(s, msg->id))
		return;
	if (request->store >= SES_STORE_MAX)
		err_set(&err, ERR_OTHER, NULL, "there is no such datastore");
	else if (e->lock_session[request->store] != 0)
		err_set(&err, ERR_LOCKED, NULL, "this session holds that lock already");
	else if (request->store == STORE_RUNNING && e->confirm.phase != CONFIRM_NONE &&
	    e->confirm.session != s->identity.session)
		err_set(&err, ERR_LOCKED, NULL,
		    "RFC 6241 7.5: a confirmed commit by %s waits",
		    e->confirm.point.user);
	else if (request->store == STORE_CANDIDATE && e->candidate.held != NULL)
		err_set(&err, ERR_LOCKED, NULL,
		    "the candidate holds changes by %s; commit or discard them first",
		    e->candidate.user);
	if (err.code != ERR_NONE) {
		request_refuse(s, msg->id, &err);
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
		request_refuse(s, msg->id, &err);
		return;
	}
	e->lock_session[request->store] = 0;
	if (e->lock_session[STORE_RUNNING] == 0 &&
	    e->lock_session[STORE_CANDIDATE] == 0)
		e->status.lock_user[0] = '\0';
	publish(e);
	reply_ok(s, msg->id);
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
	struct held *held = NULL;
	int fd = msg->nfds > 0 ? msg->fds[0] : -1;

	free(context);
	if (s == NULL)
		return;
	if (msg->nfds > 1) { /* a snapshot, and what SNMP changed in it since */
		held = settings_take_loaded(msg, &reply.err);
		fd = held == NULL ? -1 : held->snapshot_fd;
	}
	session_reply(s, load.id, &reply, &fd, fd != -1 && err->code == ERR_NONE);
	held_drop(held);
}

static void
load(struct session *s, struct msg *msg)
{
	const struct ses_load *request = (const void *)msg->data;
	struct priv_load load = { .generation = request->generation,
		.file = request->file };
	struct load_context *context;
	struct ses_reply reply = { 0 };
	struct err err;

	if (!s->identity.may_read) {
		err_set(&err, ERR_DENIED, NULL, "%s may not read the configuration",
		    s->identity.user);
		request_refuse(s, msg->id, &err);
		return;
	}
	if (request->file == LOAD_SNAPSHOT && request->generation != 0 &&
	    request->generation == s->engine->left_generation) {
		reply.revision = request->generation;
		session_reply(s, msg->id, &reply, &s->engine->left->snapshot_fd, 1);
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
	if ((held = settings_with_kept(held, e->kept_settings, &err)) == NULL)
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

	s->refusal = *request_terminated(&request->err);
	if (!s->identity.may_write) {
		reply_ok(s, msg->id); /* nobody's business but its own */
		return;
	}
	engine_refused(s->engine, s->identity.user,
	    request->action < ACTION_MAX ? request->action : ACTION_IMPORT,
	    request_terminated(&request->err));
	reply_ok(s, msg->id);
}

static const struct session_request requests[] = {
	[SES_GET] = { sizeof(struct ses_get), 0, get },
	[SES_EDIT] = { sizeof(struct ses_edit), 3, edit },
	[SES_COMMIT] = { sizeof(struct ses_commit), 3, request_commit },
	[SES_VALIDATED] = { sizeof(struct ses_validated), 0, validated },
	[SES_DISCARD] = { sizeof(struct ses_none), 0, discard },
	[SES_CONFIRM] = { sizeof(struct ses_confirm), 0, request_confirm },
	[SES_CANCEL] = { sizeof(struct ses_confirm), 0, request_cancel },
	[SES_LOCK] = { sizeof(struct ses_lock), 0, lock },
	[SES_UNLOCK] = { sizeof(struct ses_lock), 0, unlock },
	[SES_RESTART] = { sizeof(struct ses_none), 0, request_restart },
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
