/* SPDX-License-Identifier: ISC */
/*
 * Every process the monitor starts: a fixed table.  Each child gives up what it does
 * not need before it runs anything, and dies with the monitor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/monitor_self.h"

#define SNMP_FD 3 /* where the snmp program finds its channel */
#define SNMP_BACKOFF_MS 1000
#define SNMP_BACKOFF_MAX_MS 30000
#define SNMP_STABLE_MS 60000 /* having run so long, it starts at once again */
#define END_MS 5000
#define LOOK_EVERY_MS 10
#define KEEP_MAX 8

/* --- in the child --- */

static int
by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Closes all but standard streams and these. */
static void
close_others(const int *keep, size_t nkeep)
{
	unsigned int next = STDERR_FILENO + 1;
	int sorted[KEEP_MAX];
	size_t i;

	memcpy(sorted, keep, nkeep * sizeof(*keep));
	qsort(sorted, nkeep, sizeof(*sorted), by_number);
	for (i = 0; i < nkeep; i++) {
		if ((unsigned int)sorted[i] < next)
			continue;
		if ((unsigned int)sorted[i] > next)
			(void)syscall(SYS_close_range, next,
			    (unsigned int)sorted[i] - 1, 0U);
		next = (unsigned int)sorted[i] + 1;
	}
	(void)syscall(SYS_close_range, next, ~0U, 0U);
}

static void
reset_signals(void)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGPIPE };
	sigset_t none;
	size_t i;

	for (i = 0; i < nitems(signals); i++)
		(void)signal(signals[i], SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A change of user clears the signal, so this is called once more after it. */
static void
die_with(pid_t parent, int signal)
{
	if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) == -1 || getppid() != parent)
		_exit(1);
}

/* What every child does first. */
static void
begin_child(pid_t parent, const char *name, const int *keep, size_t nkeep)
{
	die_with(parent, SIGKILL);
	reset_signals();
	close_others(keep, nkeep);
	log_process(name);
}

static void
drop(const struct account *account, pid_t parent)
{
	struct err err;

	if (privdrop(account, &err) == -1)
		fatal("privdrop", "%s", err.text);
	die_with(parent, SIGKILL);
}

/* --- engine and nursery --- */

static pid_t
fork_or_die(void)
{
	pid_t pid = fork();

	if (pid == -1)
		fatal("children", "fork: %s", strerror(errno));
	return pid;
}

static void
start_engine(struct monitor *m, int monitor_end, int nursery_end)
{
	const int keep[] = { monitor_end, nursery_end };
	const pid_t self = getpid();

	if ((m->engine_pid = fork_or_die()) != 0)
		return;
	begin_child(self, "engine", keep, nitems(keep));
	drop(&m->account, self);
	m->processes->engine(monitor_end, nursery_end);
	_exit(0);
}

static void
start_nursery(struct monitor *m, int engine_end)
{
	const pid_t self = getpid();

	if ((m->nursery_pid = fork_or_die()) != 0)
		return;
	begin_child(self, "nursery", &engine_end, 1);
	drop(&m->account, self);
	m->processes->nursery(engine_end);
	_exit(0);
}

void
children_start(struct monitor *m)
{
	int to_engine[2], to_nursery[2];

	if (msg_pair(to_engine) == -1 || msg_pair(to_nursery) == -1)
		fatal("children", "socketpair: %s", strerror(errno));
	start_engine(m, to_engine[1], to_nursery[0]);
	start_nursery(m, to_nursery[1]);
	(void)close(to_engine[1]);
	(void)close(to_nursery[0]);
	(void)close(to_nursery[1]);
	/* our end only: the engine must never make us wait without a limit */
	if (fcntl(to_engine[0], F_SETFL, O_NONBLOCK) == -1)
		fatal("children", "fcntl: %s", strerror(errno));
	m->engine = to_engine[0];
}

/* --- snmp --- */

static _Noreturn void
execute_snmp(struct monitor *m, int channel, pid_t parent)
{
	const struct conf *conf = m->conf;
	char program[STATUS_TEXT], socket[STATUS_TEXT], level[16], foreground[2];
	char *const argv[] = { program, socket, level, foreground, NULL };

	begin_child(parent, "snmp", &channel, 1);
	if (channel != SNMP_FD && dup2(channel, SNMP_FD) == -1)
		fatal("snmp", "dup2: %s", strerror(errno));
	if (channel == SNMP_FD)
		(void)fcntl(SNMP_FD, F_SETFD, 0);
	drop(&m->snmp_account, parent);
	(void)snprintf(program, sizeof(program), "%s", conf->snmp_program);
	(void)snprintf(socket, sizeof(socket), "%s", conf->agentx_socket);
	(void)snprintf(level, sizeof(level), "%u", conf->log_level);
	(void)snprintf(foreground, sizeof(foreground), "%d", conf->foreground != 0);
	(void)execv(program, argv);
	fatal("snmp", "%s: %s", program, strerror(errno));
}

void
children_start_snmp(struct monitor *m)
{
	const struct priv_none none = { 0 };
	const int64_t now = clock_ms();
	const pid_t self = getpid();
	int ends[2];

	if (m->ending || m->conf->agentx_socket[0] == '\0' || m->snmp.pid != 0 ||
	    now < m->snmp.start_at_ms)
		return;
	if (msg_pair(ends) == -1)
		fatal("children", "socketpair: %s", strerror(errno));
	if ((m->snmp.pid = fork_or_die()) == 0)
		execute_snmp(m, ends[0], self);
	m->snmp.started_ms = now;
	monitor_tell(m, PRIV_SNMP, 0, &none, sizeof(none), &ends[1], 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

void
children_kill_snmp(struct monitor *m)
{
	if (m->snmp.pid != 0)
		(void)kill(m->snmp.pid, SIGKILL);
}

static void
snmp_ended(struct monitor *m, int status)
{
	struct snmp_child *snmp = &m->snmp;
	const int64_t now = clock_ms();

	snmp->pid = 0;
	if (m->ending)
		return;
	if (snmp->backoff_ms == 0 || now - snmp->started_ms >= SNMP_STABLE_MS)
		snmp->backoff_ms = SNMP_BACKOFF_MS;
	else
		snmp->backoff_ms = 2 * snmp->backoff_ms > SNMP_BACKOFF_MAX_MS
		    ? SNMP_BACKOFF_MAX_MS
		    : 2 * snmp->backoff_ms;
	snmp->start_at_ms = now + snmp->backoff_ms;
	log_warn("children",
	    "the snmp process ended (%s %d); it is started again in %jd s",
	    WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    (intmax_t)(snmp->backoff_ms / 1000));
}

/* --- helpers --- */

static _Noreturn void
run_helper(struct monitor *m, int result, helper_work *work, void *context,
    const int *keep, size_t nkeep, pid_t parent)
{
	int fds[KEEP_MAX] = { result, m->store.root, m->store.generations.dir };
	struct err err = { .code = ERR_NONE };

	if (nkeep > 0)
		memcpy(&fds[3], keep, nkeep * sizeof(*keep));
	begin_child(parent, "helper", fds, nkeep + 3);
	die_with(parent, SIGTERM); /* so that a command can be ended below it */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)work(m, context, &err);
	/* less than PIPE_BUF: it arrives whole */
	_exit(write(result, &err, sizeof(err)) == sizeof(err) ? 0 : 1);
}

static struct helper *
free_helper(struct monitor *m)
{
	size_t i;

	for (i = 0; i < HELPERS_MAX; i++)
		if (!m->helpers[i].used)
			return &m->helpers[i];
	return NULL;
}

int
helper_start(struct monitor *m, uint32_t id, helper_work *work, void *context,
    const int *keep, size_t nkeep, struct err *err)
{
	struct helper *helper = free_helper(m);
	const pid_t self = getpid();
	int ends[2];

	if (helper == NULL || nkeep > KEEP_MAX - 3)
		return err_set(err, ERR_BUSY, "", "too many commands at a time");
	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_set(err, ERR_OTHER, "", "pipe: %s", strerror(errno));
	if ((helper->pid = fork()) == 0)
		run_helper(m, ends[1], work, context, keep, nkeep, self);
	(void)close(ends[1]);
	if (helper->pid == -1) {
		(void)close(ends[0]);
		return err_set(err, ERR_OTHER, "", "fork: %s", strerror(errno));
	}
	helper->used = true;
	helper->fd = ends[0];
	helper->id = id;
	helper->stages = false;
	return 0;
}

bool
helper_stages(const struct monitor *m)
{
	size_t i;

	for (i = 0; i < HELPERS_MAX; i++)
		if (m->helpers[i].used && m->helpers[i].stages)
			return true;
	return false;
}

void
helper_ended(struct monitor *m, struct helper *helper)
{
	struct err err;
	ssize_t n;

	do
		n = read(helper->fd, &err, sizeof(err));
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(err))
		err_set(&err, ERR_OTHER, "", "the helper process died");
	(void)close(helper->fd);
	helper->used = false;
	if (helper->id != 0)
		requests_answer(m, helper->id, &err);
	else if (err.code != ERR_NONE)
		log_warn("store", "%s: %s", err.where, err.text);
}

/* --- their end --- */

static void
one_ended(struct monitor *m, pid_t pid, int status)
{
	const char *name = NULL;
	size_t i;

	for (i = 0; i < HELPERS_MAX; i++)
		if (m->helpers[i].pid == pid)
			m->helpers[i].pid = 0;
	if (pid == m->snmp.pid)
		snmp_ended(m, status);
	if (pid == m->engine_pid) {
		m->engine_pid = 0;
		name = "engine";
	}
	if (pid == m->nursery_pid) {
		m->nursery_pid = 0;
		name = "nursery";
	}
	if (name != NULL && !m->ending)
		fatal("monitor", "the %s ended (%s %d)", name,
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

void
children_reap(struct monitor *m)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		one_ended(m, pid, status);
}

/* Signals those that were not reaped; whether there are any. */
static bool
signal_all(const struct monitor *m, int signal)
{
	const pid_t pids[] = { m->engine_pid, m->nursery_pid, m->snmp.pid };
	bool any = false;
	size_t i;

	for (i = 0; i < nitems(pids) + HELPERS_MAX; i++) {
		pid_t pid =
		    i < nitems(pids) ? pids[i] : m->helpers[i - nitems(pids)].pid;

		if (pid != 0) {
			(void)kill(pid, signal);
			any = true;
		}
	}
	return any;
}

static bool
wait_for_all(struct monitor *m)
{
	const int64_t end = clock_ms() + END_MS;

	do {
		children_reap(m);
		if (!signal_all(m, 0))
			return true;
		(void)poll(NULL, 0, LOOK_EVERY_MS);
	} while (clock_ms() < end);
	return false;
}

void
children_end(struct monitor *m)
{
	m->ending = true;
	(void)signal_all(m, SIGTERM);
	if (wait_for_all(m))
		return;
	log_warn("children", "some do not end; they are killed");
	(void)signal_all(m, SIGKILL);
	(void)wait_for_all(m);
}
