/* SPDX-License-Identifier: ISC */
/*
 * An engine that does nothing but keep what sessions hand it, for tests of sessions and
 * workers without the daemon.  Usage: fake_ses_engine SOCKET [r|-]
 *
 * It makes the factory credential with a worker, listens on SOCKET and serves one
 * client after the other, each with a real session in a process of its own.  "r" lets
 * clients read only, "-" not even that.  The comment of a commit says what becomes of
 * it: steps     it is told step by step stale N   the first N attempts came too late
 *   fail      a service fails, and it is rolled back
 *   die       the engine ends
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/held.h"
#include "agent/msg.h"
#include "agent/proto.h"
#include "handlers/session.h"
#include "handlers/warm.h"
#include "handlers/worker.h"

#define HISTORY 32

struct fake {
	struct services services;
	struct status status;
	struct held *running, *candidate;
	struct held *kept[HISTORY]; /* by generation */
	uint64_t generation, revision;
	struct err problem; /* of the candidate */
	uint32_t lock_session;
	unsigned int stale; /* attempts still to be refused */
	bool stale_set;
	int channel;
	struct msg msg;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "fake_ses_engine: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
reply(struct fake *f, struct ses_reply *r, const int *fds, int nfds)
{
	r->generation = f->generation;
	if (msg_send(f->channel, SES_REPLY, f->msg.id, r, sizeof(*r), fds, nfds) == -1)
		die("reply");
}

static void
reply_err(struct fake *f, const struct err *err)
{
	struct ses_reply r = { .err = *err, .revision = f->revision };

	if (err->code == ERR_LOCKED)
		r.lock_session = f->lock_session;
	reply(f, &r, NULL, 0);
}

static void
reply_ok(struct fake *f)
{
	struct err none = { .code = ERR_NONE };

	reply_err(f, &none);
}

static void
get(struct fake *f)
{
	const struct ses_get *request = (const void *)f->msg.data;
	bool candidate = request->store == STORE_CANDIDATE;
	const struct held *held = candidate && f->candidate ? f->candidate : f->running;
	struct ses_reply r = { .revision = candidate ? f->revision : f->generation };
	struct err err;
	int fds[3];

	f->status.generation = f->generation;
	f->status.has_candidate = f->candidate != NULL;
	f->status.candidate_revision = f->revision;
	f->status.candidate_problem = f->problem;
	fds[0] = memfile_new("services", &f->services, sizeof(f->services), &err);
	fds[1] = held->snapshot_fd;
	fds[2] = memfile_new("status", &f->status, sizeof(f->status), &err);
	if (fds[0] == -1 || fds[2] == -1)
		die("get");
	reply(f, &r, fds, 3);
	close(fds[0]);
	close(fds[2]);
}

/* What came with an edit; the keys are only looked at for their number. */
static struct held *
take(struct fake *f, const struct ses_edit *edit)
{
	struct held *held;
	struct err err;
	int fd = msg_take(&f->msg, 0);

	if (f->msg.nfds != 2 + (edit->has_keys != 0))
		die("an edit with other files than it says");
	if ((held = held_new(fd, msg_take(&f->msg, 1), &err)) == NULL)
		die(err.text);
	return held;
}

static bool
refuse_stale(struct fake *f, uint64_t base, uint64_t is)
{
	struct ses_reply r = { .stale = 1 };

	if (base == is && f->stale == 0)
		return false;
	if (f->stale > 0)
		f->stale--;
	err_set(&r.err, ERR_BUSY, NULL, "somebody else was faster");
	reply(f, &r, NULL, 0);
	return true;
}

static void
edit(struct fake *f)
{
	const struct ses_edit *request = (const void *)f->msg.data;

	if (refuse_stale(f, request->base, f->revision))
		return;
	held_drop(f->candidate);
	f->candidate = take(f, request);
	f->problem = request->problem;
	f->revision++;
	reply_ok(f);
}

/* What waits is what the request says; none when it is for good. */
static void
wait_for_confirmation(struct fake *f, const struct ses_commit *request)
{
	struct status *s = &f->status;

	s->restart_pending = request->defer_restart;
	s->confirm_restore = 0;
	if (request->confirm_timeout == 0)
		return;
	s->confirm_restore = f->generation;
	s->confirm_until = time(NULL) + request->confirm_timeout;
	strcpy(s->confirm_user, "tester");
	memcpy(s->confirm_persist, request->persist, sizeof(s->confirm_persist));
}

static void
show_services(struct fake *f, const struct held *held, const struct ses_commit *request)
{
	const struct snapshot *snapshot = &held->snapshot;
	struct status_service *s = f->status.services;
	uint32_t i;

	f->status.nservices = snapshot->header->services.count;
	for (i = 0; i < f->status.nservices; i++, s++) {
		text_copy(s->name, sizeof(s->name),
		    snapshot_text(snapshot, snapshot->services[i].name));
		s->enabled = snapshot->services[i].enabled != 0;
		s->index = i + 1;
		s->restart_pending = s->enabled && request->defer_restart;
	}
}

static void
put_in_force(struct fake *f, struct held *held, const struct ses_commit *request)
{
	struct status_commit *c = &f->status.commits[0];

	wait_for_confirmation(f, request);
	show_services(f, held, request);
	held_drop(f->running);
	f->running = held;
	f->generation++;
	if (f->generation >= HISTORY)
		die("too many generations");
	f->kept[f->generation] = held_use(held);
	f->status.ncommits = 1;
	c->generation = f->generation;
	c->time = time(NULL);
	c->origin = request->origin;
	c->result = RESULT_SUCCESS;
	memcpy(c->comment, request->comment, sizeof(c->comment));
	strcpy(c->changes, "credential local");
}

/* The id is judged as the engine does; the way back only forgets that it waited. */
static void
confirm(struct fake *f)
{
	const struct ses_confirm *request = (const void *)f->msg.data;
	struct err err = { .code = ERR_NONE };

	if (f->status.confirm_restore == 0)
		err_set(&err, ERR_NOT_FOUND, NULL, "no confirmed commit waits");
	else if (strcmp(request->persist_id, f->status.confirm_persist) != 0)
		err_set(&err, ERR_BAD_ELEMENT, "/rpc/commit/persist-id",
		    "this is not the persist-id of what waits");
	else
		f->status.confirm_restore = 0;
	reply_err(f, &err);
}

static void
tell_steps(struct fake *f)
{
	struct ses_step step = { .generation = f->generation + 1, .time = time(NULL) };

	for (step.step = 0; step.step < STEP_MAX; step.step++) {
		snprintf(step.service, sizeof(step.service), "%s",
		    step.step >= STEP_RESTART ? "web" : "");
		snprintf(step.text, sizeof(step.text), "step %u", step.step);
		if (msg_send(f->channel, SES_STEP, 0, &step, sizeof(step), NULL, 0) ==
		    -1)
			die("step");
	}
}

/* What the comment asks for; true when the commit is answered already. */
static bool
misbehave(struct fake *f, const struct ses_commit *request)
{
	struct ses_reply r = { .rolled_back = 1 };

	if (strcmp(request->comment, "die") == 0)
		exit(0);
	if (strcmp(request->comment, "steps") == 0)
		tell_steps(f);
	if (strncmp(request->comment, "stale ", 6) == 0 && !f->stale_set) {
		f->stale = (unsigned int)atoi(request->comment + 6);
		f->stale_set = true;
	}
	if (strcmp(request->comment, "fail") != 0)
		return false;
	err_set(&r.err, ERR_SERVICE_FAILED, "web",
	    "does not serve the new certificate");
	reply(f, &r, NULL, 0);
	return true;
}

static void
commit(struct fake *f)
{
	const struct ses_commit *request = (const void *)f->msg.data;
	struct held *held;

	if (misbehave(f, request))
		return;
	if (request->private) {
		if (!refuse_stale(f, request->edit.base, f->generation)) {
			put_in_force(f, take(f, &request->edit), request);
			reply_ok(f);
		}
		return;
	}
	if (f->stale > 0 && refuse_stale(f, 0, 0))
		return;
	if (f->problem.code != ERR_NONE) {
		reply_err(f, &f->problem);
		return;
	}
	if ((held = f->candidate) != NULL)
		put_in_force(f, held, request);
	f->candidate = NULL;
	f->revision++;
	reply_ok(f);
}

static void
validated(struct fake *f)
{
	const struct ses_validated *request = (const void *)f->msg.data;

	if (refuse_stale(f, request->revision, f->revision))
		return;
	f->problem = request->problem;
	reply_ok(f);
}

static void
discard(struct fake *f)
{
	held_drop(f->candidate);
	f->candidate = NULL;
	f->revision++;
	err_clear(&f->problem);
	reply_ok(f);
}

/* The second lock finds session 77 holding it. */
static void
lock(struct fake *f)
{
	struct err err = { .code = ERR_NONE };

	if (f->lock_session != 0)
		err_set(&err, ERR_LOCKED, NULL, "locked by somebody");
	f->lock_session = 77;
	reply_err(f, &err);
}

static void
unlock(struct fake *f)
{
	f->lock_session = 0;
	reply_ok(f);
}

static void
load(struct fake *f)
{
	const struct ses_load *request = (const void *)f->msg.data;
	uint64_t n = request->generation ? request->generation : f->generation - 1;
	struct ses_reply r = { .revision = n };
	struct err err;

	if (n < HISTORY && f->kept[n] != NULL) {
		reply(f, &r, &f->kept[n]->snapshot_fd, 1);
		return;
	}
	err_set(&err, ERR_NOT_FOUND, NULL, "there is no generation %llu",
	    (unsigned long long)n);
	reply_err(f, &err);
}

static void
refused(struct fake *f)
{
	const struct ses_refused *request = (const void *)f->msg.data;

	f->status.last_action = request->action;
	f->status.last_result = RESULT_FAILED;
	f->status.last_error = request->err;
	f->status.last_start = f->status.last_end = f->status.refused_at = time(NULL);
	err_format(&request->err, f->status.refused_text, STATUS_TEXT);
	reply_ok(f);
}

static void (*const requests[SES_TYPE_MAX])(struct fake *) = {
	[SES_GET] = get,
	[SES_EDIT] = edit,
	[SES_COMMIT] = commit,
	[SES_VALIDATED] = validated,
	[SES_DISCARD] = discard,
	[SES_CONFIRM] = confirm,
	[SES_CANCEL] = confirm,
	[SES_LOCK] = lock,
	[SES_UNLOCK] = unlock,
	[SES_RESTART] = reply_ok,
	[SES_LOAD] = load,
	[SES_SUBSCRIBE] = reply_ok,
	[SES_REFUSED] = refused,
};

/* Answers until the child has closed its end; how it ended is told. */
static void
serve(struct fake *f, pid_t child)
{
	int status;

	while (msg_recv(f->channel, &f->msg) == 1) {
		if (f->msg.type >= SES_TYPE_MAX || requests[f->msg.type] == NULL)
			die("a message of no type");
		requests[f->msg.type](f);
		msg_close(&f->msg);
	}
	close(f->channel);
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	printf("ended %d\n", status);
}

static void
run_job(struct fake *f, const struct job *job)
{
	int pair[2];
	pid_t pid;

	if (msg_pair(pair) == -1 || (pid = fork()) == -1)
		die("worker");
	if (pid == 0) {
		close(pair[0]);
		worker_run(pair[1], -1, job);
		_exit(0);
	}
	close(pair[1]);
	f->channel = pair[0];
	serve(f, pid);
}

static void
run_session(struct fake *f, int client, const struct identity *who)
{
	int pair[2];
	pid_t pid;

	if (msg_pair(pair) == -1 || (pid = fork()) == -1)
		die("session");
	if (pid == 0) {
		close(pair[0]);
		session_run(pair[1], client, who);
		_exit(0);
	}
	close(pair[1]);
	close(client);
	f->channel = pair[0];
	serve(f, pid);
}

static void
define_services(struct services *s)
{
	struct service_facts *web = &s->rows[0], *sip = &s->rows[1];

	s->revision = 1;
	s->count = 2;
	strcpy(web->name, "web");
	strcpy(web->credential, "local");
	web->directions = SERVICE_SERVES;
	web->files = SERVICE_FILES_SEPARATE | SERVICE_FILES_CA;
	strcpy(sip->name, "sip");
	strcpy(sip->credential, "local");
	sip->order = 1;
	sip->directions = SERVICE_CALLS_OUT | SERVICE_TAKES_CALLS;
	sip->files = SERVICE_FILES_COMBINED | SERVICE_FILES_CA;
	sip->custom_credential = 1;
	sip->restart_device = 1;
	web->has_stop = 1;
}

static int
listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(fd, 4) == -1)
		die(path);
	return fd;
}

int
main(int argc, char **argv)
{
	static struct fake f;
	const struct job factory = { .kind = JOB_FACTORY, .commit = 1 };
	struct identity who = { .session = 5, .user = "tester" };
	struct err err;
	int fd, client;

	if (argc < 2 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 2;
	who.may_read = argc < 3 || argv[2][0] == 'r';
	who.may_write = argc < 3;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (warm_up(&err) == -1)
		die(err.text);
	define_services(&f.services);
	strcpy(f.status.host, "unit.example.net");
	strcpy(f.status.model, "Fake");
	f.status.clock = CLOCK_SYNCHRONIZED;
	if ((f.running = held_empty(&f.services, &err)) == NULL)
		die(err.text);
	run_job(&f, &factory);
	fd = listen_on(argv[1]);
	puts("ready");
	while ((client = accept(fd, NULL, NULL)) != -1)
		run_session(&f, client, &who);
	return 0;
}
