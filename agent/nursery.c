/* SPDX-License-Identifier: ISC */
#include "agent/nursery.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/msg.h"
#include "agent/xalloc.h"

#define CHILDREN_MAX 256

struct nursery {
	int engine, signals;
	const struct nursery_kinds *kinds;
	struct {
		pid_t pid; /* 0: free */
		uint32_t number;
	} children[CHILDREN_MAX];
};

/* How many descriptors it comes with. */
static int
descriptors(const struct spawn_new *spawn)
{
	return spawn->kind == SPAWN_WORKER && spawn->u.job.kind != JOB_IMPORT ? 1 : 2;
}

/* In the child: only its own descriptors are left. */
static _Noreturn void
child_run(struct nursery *n, struct msg *msg)
{
	const struct spawn_new *spawn = (const void *)msg->data;
	const int engine = msg_take(msg, 0);
	const int other = msg->nfds > 1 ? msg_take(msg, 1) : -1;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(n->engine);
	close(n->signals);
	if (spawn->kind == SPAWN_SESSION)
		n->kinds->session(engine, other, &spawn->identity);
	else if (spawn->kind == SPAWN_WORKER)
		n->kinds->worker(engine, other, &spawn->u.job);
	else
		n->kinds->probe(engine, other, &spawn->u.probe);
	_exit(0);
}

static void
tell_ended(const struct nursery *n, uint32_t number, int status)
{
	const struct spawn_ended ended = { number, status };

	if (msg_send(n->engine, SPAWN_ENDED, 0, &ended, sizeof(ended), NULL, 0) == -1)
		exit(0); /* the engine is gone: so is everything */
}

static void
spawn_new(struct nursery *n, struct msg *msg)
{
	const struct spawn_new *spawn = (const void *)msg->data;
	size_t place = 0;
	pid_t pid;

	if (spawn->kind >= SPAWN_KIND_MAX || msg->nfds != descriptors(spawn))
		fatal("nursery", "an irregular request");
	while (place < CHILDREN_MAX && n->children[place].pid != 0)
		place++;
	if (place == CHILDREN_MAX || (pid = fork()) == -1) {
		log_warn("nursery", "cannot start another process");
		tell_ended(n, spawn->number, 1 << 8);
		return;
	}
	if (pid == 0)
		child_run(n, msg);
	n->children[place].pid = pid;
	n->children[place].number = spawn->number;
}

static void
spawn_kill(struct nursery *n, struct msg *msg)
{
	const struct spawn_kill *request = (const void *)msg->data;

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (n->children[i].pid != 0 && n->children[i].number == request->number)
			kill(n->children[i].pid, SIGKILL);
}

static const struct {
	size_t size;
	void (*run)(struct nursery *, struct msg *);
} requests[SPAWN_TYPE_MAX] = {
	[SPAWN_NEW] = { sizeof(struct spawn_new), spawn_new },
	[SPAWN_KILL] = { sizeof(struct spawn_kill), spawn_kill },
};

static void
from_engine(struct nursery *n, struct msg *msg)
{
	const int rc = msg_recv(n->engine, msg);

	if (rc == 0)
		exit(0);
	if (rc == -1 && errno == EINTR)
		return;
	if (rc == -1 || msg->type >= SPAWN_TYPE_MAX ||
	    requests[msg->type].run == NULL || msg->len != requests[msg->type].size)
		fatal("nursery", "an irregular message");
	requests[msg->type].run(n, msg);
	msg_close(msg);
}

static void
reap(struct nursery *n)
{
	struct signalfd_siginfo info = { 0 };
	int status;
	pid_t pid;

	if (read(n->signals, &info, sizeof(info)) == -1 && errno != EAGAIN &&
	    errno != EINTR)
		fatal("nursery", "cannot read signals");
	if (info.ssi_signo == SIGTERM)
		exit(0);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < CHILDREN_MAX; i++)
			if (n->children[i].pid == pid) {
				n->children[i].pid = 0;
				tell_ended(n, n->children[i].number, status);
			}
}

_Noreturn void
nursery_run(int engine, const struct nursery_kinds *kinds)
{
	struct nursery *n = xcalloc(1, sizeof(*n));
	struct msg *msg = xcalloc(1, sizeof(*msg));
	sigset_t set;

	n->engine = engine;
	n->kinds = kinds;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (n->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		fatal("nursery", "cannot watch for signals");
	for (;;) {
		struct pollfd fds[] = { { .fd = engine, .events = POLLIN },
			{ .fd = n->signals, .events = POLLIN } };

		if (poll(fds, 2, -1) == -1 && errno != EINTR)
			fatal("nursery", "poll: %s", strerror(errno));
		if (fds[1].revents != 0)
			reap(n);
		if (fds[0].revents != 0)
			from_engine(n, msg);
	}
}
