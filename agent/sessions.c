/* SPDX-License-Identifier: ISC */
/*
 * Sessions and workers: the processes that parse what came from outside, and what they
 * may ask.  A session is not trusted: what it says of a configuration is in sealed
 * files that are checked, and its rights come from the monitor, not from it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sessions.h"
#include "agent/log.h"
#include "agent/xalloc.h"

#define STRANGERS_MAX (LIMIT_SESSIONS / 4)
#define TURNED_AWAY_MS 10000
#define QUEUE_MAX 64 /* messages a session has not read */

static void on_message(void *context, struct msg *);
static void on_end(void *context);
static const struct channel_callbacks callbacks = { on_message, on_end };

struct session *
session_find(const struct engine *e, uint32_t number)
{
	struct session *s;

	LIST_FOREACH(s, &e->sessions, next)
		if (s->identity.session == number)
			return s;
	return NULL;
}

static void
session_end(struct session *s)
{
	struct engine *e = s->engine;

	LIST_REMOVE(s, next);
	if (!e->ready && s->job.kind != JOB_NONE)
		fatal("session", "there is no configuration to start with");
	candidate_unlock_all(e, s->identity.session);
	confirm_session_ended(e, s->identity.session);
	if (s->identity.session == e->candidate.rebase_session) {
		e->candidate.rebase_session = 0;
		if (e->candidate.rebase_settings != e->settings_revision)
			candidate_rebase(e); /* too much changed meanwhile */
		else
			e->candidate.conflicts = true; /* a person decides */
	}
	if (e->action_session == s->identity.session)
		actions_worker_ended(e);
	if (e->spool.session == s->identity.session)
		spool_worker_ended(e, s->committed ? NULL : &s->refusal);
	channel_free(s->channel);
	if (s->client != -1)
		close(s->client);
	free(s);
}

/* It ended by itself; dying over a document is a refusal of that document. */
static void
on_child_ended(struct engine *e, void *context, int status)
{
	struct session *s = context;
	struct err err;

	s->child = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		session_end(s);
		return;
	}
	if (WIFSIGNALED(status))
		err_set(&err, ERR_OTHER, NULL,
		    "the process that read it was ended by signal %d%s",
		    WTERMSIG(status),
		    WTERMSIG(status) == SIGXCPU ? " (limit of processor time)" : "");
	else
		err_set(&err, ERR_OTHER, NULL, "the process that read it gave up");
	log_warn("session", "%u of %s: %s", s->identity.session, s->identity.user,
	    err.text);
	engine_refused(e, s->identity.user, ACTION_IMPORT, &err);
	s->refusal = err;
	session_end(s);
}

static void
session_spawn(struct session *s)
{
	struct spawn_new spawn = { .kind = s->job.kind == JOB_NONE ? SPAWN_SESSION
								   : SPAWN_WORKER,
		.identity = s->identity };
	int pair[2], fds[2];

	if (msg_pair(pair) == -1)
		fatal("session", "no descriptor left");
	spawn.u.job = s->job;
	fds[0] = pair[1];
	fds[1] = s->client;
	s->channel = channel_new(s->engine->base, pair[0], &callbacks, s);
	channel_limit(s->channel, QUEUE_MAX);
	s->child = spawner_new(s->engine, &spawn, fds, s->client == -1 ? 1 : 2,
	    on_child_ended, s);
	close(pair[1]);
	if (s->client != -1)
		close(s->client);
	s->client = -1;
}

static struct session *
session_new(struct engine *e, const struct identity *identity, int client)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->engine = e;
	s->identity = *identity;
	s->identity.user[sizeof(s->identity.user) - 1] = '\0';
	s->identity.session = ++e->last_id;
	s->client = client;
	LIST_INSERT_HEAD(&e->sessions, s, next);
	return s;
}

/* One line a while: whoever knocks in a loop must not fill the log. */
static void
tell_turned_away(struct engine *e, const struct identity *who)
{
	if (e->turned_away_ms != 0 && clock_ms() - e->turned_away_ms < TURNED_AWAY_MS)
		return;
	e->turned_away_ms = clock_ms();
	log_warn("session", "%s was turned away: %d sessions are the limit, %d a user",
	    who->user, LIMIT_SESSIONS, LIMIT_SESSIONS_PER_USER);
}

static bool
has_rights(const struct identity *who)
{
	return who->may_read || who->may_write;
}

/*
 * One place is kept for root, so that nobody can lock him out, and most for those with
 * some right.
 */
static bool
is_full(const struct engine *e, const struct identity *who)
{
	const struct session *s;
	unsigned int all = 0, own = 0, strangers = 0;

	LIST_FOREACH(s, &e->sessions, next) {
		if (s->job.kind != JOB_NONE)
			continue;
		all++;
		own += s->identity.uid == who->uid;
		strangers += !has_rights(&s->identity);
	}
	if (who->uid == 0)
		return all >= LIMIT_SESSIONS;
	return all >= LIMIT_SESSIONS - 1 || own >= LIMIT_SESSIONS_PER_USER ||
	    (!has_rights(who) && strangers >= STRANGERS_MAX);
}

void
sessions_add_client(struct engine *e, const struct identity *identity, int client)
{
	struct session *s;

	if (is_full(e, identity)) {
		tell_turned_away(e, identity);
		close(client);
		return;
	}
	s = session_new(e, identity, client);
	if (e->ready)
		session_spawn(s);
}

uint32_t
sessions_add_reader(struct engine *e, const struct job *job, int document,
    const char *user)
{
	const struct identity self = { .uid = getuid(),
		.gid = getgid(),
		.may_read = 1,
		.may_write = 1 };
	struct session *s = session_new(e, &self, document);

	s->job = *job;
	snprintf(s->identity.user, sizeof(s->identity.user), "%s", user);
	session_spawn(s);
	return s->identity.session;
}

uint32_t
sessions_add_worker(struct engine *e, const struct job *job, const char *user)
{
	return sessions_add_reader(e, job, -1, user);
}

void
sessions_begin(struct engine *e)
{
	struct session *s;

	e->ready = true;
	publish_services(e);
	publish(e);
	snmplink_send_snapshot(e);
	watch_start(e);
	alarms_begin(e);
	spool_begin(e);
	log_info("engine", "generation %llu in force",
	    (unsigned long long)e->generation);
	LIST_FOREACH(s, &e->sessions, next)
		if (s->channel == NULL)
			session_spawn(s);
}

void
session_reply(struct session *s, uint32_t id, struct ses_reply *reply, const int *fds,
    int nfds)
{
	const struct engine *e = s->engine;

	reply->generation = e->generation;
	reply->next_local_index = e->counters.next_local_index;
	reply->next_trust_index = e->counters.next_trust_index;
	if (s->last_commit != 0 && id == s->last_commit) {
		s->committed = reply->err.code == ERR_NONE;
		s->refusal = reply->err;
	}
	channel_send(s->channel, SES_REPLY, id, reply, sizeof(*reply), fds, nfds);
}

void
sessions_tell_step(struct engine *e, const struct ses_step *step)
{
	struct session *s;

	LIST_FOREACH(s, &e->sessions, next)
		if (s->channel != NULL && (s->subscribed || s->commit_id != 0))
			channel_send(s->channel, SES_STEP, 0, step, sizeof(*step), NULL,
			    0);
}

void
sessions_commit_ended(struct engine *e, const struct commit_outcome *outcome)
{
	struct session *s;

	LIST_FOREACH(s, &e->sessions, next) {
		struct ses_reply reply = { .err = outcome->err,
			.stale = outcome->stale,
			.rolled_back = outcome->rolled_back };

		if (s->commit_id == 0 || s->channel == NULL)
			continue;
		session_reply(s, s->commit_id, &reply, NULL, 0);
		s->commit_id = 0;
	}
}

static void
on_message(void *context, struct msg *msg)
{
	struct session *s = context;
	const struct session_request *request = session_request(msg->type);

	if (request != NULL && request->size == msg->len &&
	    msg->nfds <= request->max_fds) {
		request->run(s, msg);
		return;
	}
	log_warn("session", "%u of %s: an irregular message of type %u; it is ended",
	    s->identity.session, s->identity.user, msg->type);
	if (s->child != 0)
		spawner_kill(s->engine, s->child);
	session_end(s);
}

/* How it ended comes from the nursery; one that does not read is ended here. */
static void
on_end(void *context)
{
	struct session *s = context;

	if (s->child != 0 && channel_overflowed(s->channel))
		spawner_end(s->engine, s->child);
}
