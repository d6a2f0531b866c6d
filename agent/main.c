/* SPDX-License-Identifier: ISC */
/*
 * certconfd: options and the supervisor, which forks the monitor and starts it again
 * when it ends irregularly.  The only file that knows all parts.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/conf.h"
#include "agent/conf_check.h"
#include "agent/engine.h"
#include "agent/log.h"
#include "agent/monitor.h"
#include "agent/nursery.h"
#include "agent/probe.h"
#include "handlers/session.h"
#include "handlers/warm.h"
#include "handlers/worker.h"

/* More starts within so many seconds are a fault that starting does not mend. */
#define STARTS_MAX 5
#define START_SECONDS 10

static const struct nursery_kinds kinds = { session_run, worker_run, probe_run };

static void
nursery(int engine)
{
	struct err err = { 0 };

	if (warm_up(&err) == -1)
		fatal("nursery", "%s", err.text);
	nursery_run(engine, &kinds);
}

static const struct processes processes = { .engine = engine_run, .nursery = nursery };

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
start(const struct conf *conf)
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
		exit(monitor_run(conf, &processes));
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
supervise(const struct conf *conf)
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
		status = wait_for(start(conf), &set, &stop);
		if (WIFEXITED(status) && WEXITSTATUS(status) == MONITOR_CANNOT_START)
			return 1;
		if (stop || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
			return 0;
		log_warn("main",
		    "the monitor ended irregularly; everything is started again");
	}
}

static int
usage(FILE *out, int status)
{
	fprintf(out,
	    "usage: certconfd [-d] [-f FILE] [-t] [-V]\n"
	    "  -d       stay in the foreground and log to standard error\n"
	    "  -f FILE  configuration, instead of " CONF_DIR "/certconfd.conf\n"
	    "  -t       check the configuration and end\n"
	    "  -V       show the version\n");
	return status;
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

static int
run(struct conf *conf)
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
	return supervise(conf);
}

int
main(int argc, char **argv)
{
	const char *file = CONF_DIR "/certconfd.conf";
	int option, foreground = 0, test = 0;
	struct conf conf;
	struct err err = { 0 };

	while ((option = getopt(argc, argv, "df:htV")) != -1) {
		switch (option) {
		case 'd':
			foreground = 1;
			break;
		case 'f':
			file = optarg;
			break;
		case 't':
			test = 1;
			break;
		case 'V':
			puts(PACKAGE_STRING);
			return 0;
		default:
			return usage(option == 'h' ? stdout : stderr,
			    option == 'h' ? 0 : 2);
		}
	}
	log_open("certconfd", 1, LOG_LEVEL_INFO);
	if (conf_load(file, &conf, &err) == -1 || conf_check(&conf, &err) == -1) {
		fprintf(stderr, "certconfd: %s%s%s\n", err.where,
		    *err.where ? ": " : "", err.text);
		return 1;
	}
	conf.foreground = foreground;
	return test ? conf_check_services(&conf) : run(&conf);
}
