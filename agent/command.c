/* SPDX-License-Identifier: ISC */
#include "agent/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/names.h"

#include "agent/clock.h"
#include "agent/descendants.h"
#include "agent/log.h"

#define LINE_SIZE 160
#define LINES_LOGGED 32  /* of one run: the last one alone seldom tells why */
#define GRACE_MS 2000    /* between SIGTERM and SIGKILL */
#define READS_MAX 64     /* of output that is still there when it has ended */
#define LEFTOVER_MS 1000 /* what a command that has ended may still need to end */

static char *const environment[] = {
	(char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
	(char[]){ "LANG=C" },
	NULL,
};

/* The last line that was printed, as far as it can be shown. */
struct output {
	const struct command *command;
	char line[LINE_SIZE], last[LINE_SIZE];
	size_t len;
	unsigned int lines;
};

/* One command while it runs. */
struct run {
	const struct command *command;
	pid_t pid;
	int pidfd, pipe, signals;
	struct output output;
};

static void
end_line(struct output *out)
{
	if (out->len > 0) {
		memcpy(out->last, out->line, out->len);
		out->last[out->len] = '\0';
		if (out->lines++ < LINES_LOGGED)
			log_info("service", "%s: %s: %s", out->command->service,
			    out->command->what, out->last);
	}
	out->len = 0;
}

static void
add_output(struct output *out, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (data[i] == '\n' || data[i] == '\r')
			end_line(out);
		else if (out->len < sizeof(out->line) - 1)
			out->line[out->len++] =
			    data[i] >= ' ' && data[i] <= '~' ? data[i] : '?';
}

/* What is there; never waits, since a daemon may hold the other end for ever. */
static bool
read_output(struct run *run)
{
	char data[4096];
	ssize_t n;

	n = read(run->pipe, data, sizeof(data));
	if (n > 0)
		add_output(&run->output, data, (size_t)n);
	return n > 0;
}

/* --- the child --- */

/*
 * The kernel's own call, all zeros being the default on any machine: glibc keeps two
 * signals to itself, which whoever started us may have left ignored.
 */
static void
reset_signals(void)
{
	static const uint64_t action[8];
	sigset_t none;
	int n;

	for (n = 1; n < NSIG; n++)
		(void)syscall(SYS_rt_sigaction, n, action, NULL,
		    (size_t)(NSIG - 1) / 8);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
execute(char *const *argv, int out)
{
	int null;

	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	reset_signals();
	(void)umask(022);
	null = open("/dev/null", O_RDONLY);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1 || dup2(out, STDERR_FILENO) == -1 ||
	    chdir("/") == -1)
		_exit(126);
	(void)syscall(SYS_close_range, 3U, ~0U, 0U);
	(void)execve(argv[0], argv, environment);
	(void)dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int
start(struct run *run, struct err *err)
{
	const struct command *c = run->command;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return err_set(err, ERR_OTHER, c->service, "pipe: %s", strerror(errno));
	run->pipe = ends[0];
	(void)fcntl(ends[1], F_SETFL,
	    0); /* the command must not see a pipe that fails */
	run->pid = fork();
	if (run->pid == 0)
		execute(c->argv, ends[1]);
	(void)close(ends[1]);
	if (run->pid == -1)
		return err_set(err, ERR_OTHER, c->service, "fork: %s", strerror(errno));
	run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (run->pidfd == -1)
		return err_set(err, ERR_OTHER, c->service, "pidfd: %s",
		    strerror(errno));
	return 0;
}

/* --- the helper --- */

static int
open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Until it has ended; otherwise says why that was not waited for. */
static int
wait_for(struct run *run, struct err *err)
{
	const struct command *c = run->command;
	const int64_t end = clock_ms() + c->deadline_ms;
	struct pollfd fds[] = { { run->pidfd, POLLIN, 0 }, { run->signals, POLLIN, 0 },
		{ run->pipe, POLLIN, 0 } };
	int64_t left;

	for (;;) {
		if ((left = end - clock_ms()) <= 0)
			return err_set(err, ERR_SERVICE_FAILED, c->service,
			    "%s command did not end within %u s", c->what,
			    c->deadline_ms / 1000);
		if (poll(fds, nitems(fds), (int)left) == -1) {
			if (errno == EINTR)
				continue;
			return err_set(err, ERR_OTHER, c->service, "poll: %s",
			    strerror(errno));
		}
		if ((fds[1].revents & POLLIN) != 0)
			return err_set(err, ERR_SERVICE_FAILED, c->service,
			    "%s command was interrupted", c->what);
		if ((fds[2].revents & (POLLIN | POLLHUP)) != 0 && !read_output(run))
			fds[2].fd = -1; /* closed */
		if ((fds[0].revents & POLLIN) != 0)
			return 0;
	}
}

static int
judge(struct run *run, struct err *err)
{
	const struct command *c = run->command;
	const char *last = run->output.last;
	int status, reads;

	while (waitpid(run->pid, &status, 0) == -1)
		if (errno != EINTR)
			return err_set(err, ERR_OTHER, c->service, "wait: %s",
			    strerror(errno));
	for (reads = 0; reads < READS_MAX && read_output(run); reads++)
		continue;
	end_line(&run->output);
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SERVICE_FAILED, c->service,
		    "%s command was killed by signal %d%s%s", c->what, WTERMSIG(status),
		    *last != '\0' ? ": " : "", last);
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_SERVICE_FAILED, c->service,
		    "%s command ended with status %d%s%s", c->what, WEXITSTATUS(status),
		    *last != '\0' ? ": " : "", last);
	if (!c->daemonises && !descendants_wait(LEFTOVER_MS))
		return err_set(err, ERR_SERVICE_FAILED, c->service,
		    "%s command left processes running, and the definition does not say "
		    "\"daemonises\"",
		    c->what);
	return 0;
}

int
command_run(const struct command *command, struct err *err)
{
	struct run run = { .command = command,
		.output.command = command,
		.pid = -1,
		.pidfd = -1,
		.pipe = -1,
		.signals = -1 };
	int rc = -1;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1 ||
	    (run.signals = open_signals()) == -1) {
		err_set(err, ERR_OTHER, command->service, "helper: %s",
		    strerror(errno));
		goto out;
	}
	if (start(&run, err) == 0 && wait_for(&run, err) == 0)
		rc = judge(&run, err);
	if (rc == -1)
		descendants_end(GRACE_MS);
out:
	if (run.pidfd != -1)
		(void)close(run.pidfd);
	if (run.pipe != -1)
		(void)close(run.pipe);
	if (run.signals != -1)
		(void)close(run.signals);
	return rc;
}
