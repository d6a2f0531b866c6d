/* SPDX-License-Identifier: ISC */
#include "agent/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/log.h"

/* More starts within so many seconds are a fault that starting does not mend. */
#define STARTS_MAX 5
#define START_SECONDS 10

/* Blocked from before the first fork, so that none is lost; taken by sigwaitinfo(). */
static void
signals(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGTERM);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGHUP);
	sigaddset(ret_set, SIGCHLD);
}

/* The monitor keeps them blocked until it takes them itself. */
static pid_t
start(const struct conf *conf, const struct processes *processes)
{
	const pid_t supervisor = getpid();
	const pid_t pid = fork();

	if (pid == -1)
		fatal("main", "fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != supervisor)
			exit(1);
		log_process("monitor");
		exit(monitor_run(conf, processes));
	}
	return pid;
}

/* Waits for the monitor and hands signals on to it.  ret_stop: we were asked to end. */
static int
wait_for(pid_t monitor, const sigset_t *set, bool *ret_stop)
{
	int signal, status;

	for (;;) {
		if (waitpid(monitor, &status, WNOHANG) == monitor)
			return status;
		if ((signal = sigwaitinfo(set, NULL)) == -1 && errno != EINTR)
			fatal("main", "sigwaitinfo: %s", strerror(errno));
		if (signal == SIGHUP)
			kill(monitor, SIGHUP);
		if (signal == SIGTERM || signal == SIGINT) {
			*ret_stop = true;
			kill(monitor, SIGTERM);
		}
	}
}

static int
supervise(const struct conf *conf, const struct processes *processes)
{
	int64_t started[STARTS_MAX] = { 0 };
	bool stop = false;
	sigset_t set;
	int status;

	signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		fatal("main", "sigprocmask: %s", strerror(errno));
	for (size_t n = 0;; n++) {
		const int64_t now = clock_ms();

		if (n >= STARTS_MAX &&
		    now - started[n % STARTS_MAX] < START_SECONDS * 1000) {
			log_err("main", "%d starts within %d s; it is given up",
			    STARTS_MAX, START_SECONDS);
			return 1;
		}
		started[n % STARTS_MAX] = now;
		status = wait_for(start(conf, processes), &set, &stop);
		if (WIFEXITED(status) && WEXITSTATUS(status) == MONITOR_CANNOT_START)
			return 1;
		if (stop || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
			return 0;
		log_warn("main",
		    "the monitor ended irregularly; everything is started again");
	}
}

/* The shell gets its prompt back, and the outcome, when all has started or cannot. */
static void
detach(struct conf *conf)
{
	int fds[2];
	char byte;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal("main", "cannot go into the background: %s", strerror(errno));
	if (pid != 0) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	conf->ready_fd = fds[1];
	setsid();
}

int
supervisor_run(struct conf *conf, const struct processes *processes)
{
	int null;

	log_open("supervisor", conf->foreground, conf->log_level);
	if (!conf->foreground) {
		detach(conf);
		if (chdir("/") == -1 ||
		    (null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
			fatal("main", "/dev/null: %s", strerror(errno));
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	return supervise(conf, processes);
}
