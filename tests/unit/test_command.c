/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/names.h"

#include "agent/clock.h"
#include "agent/command.h"
#include "tests/unit/store_fixture.h"

#define WAIT_MS 10000

static char *dir;

static int
setup(void **state)
{
	(void)state;
	dir = fixture_dir();
	return chdir(dir);
}

static int
teardown(void **state)
{
	(void)state;
	if (chdir("/") == -1)
		return -1;
	fixture_remove(dir);
	return 0;
}

/* Runs in a helper of its own, as in the monitor. */
static pid_t
start(const struct command *command, int *ret_result)
{
	struct err err = { .code = ERR_NONE };
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		(void)close(ends[0]);
		(void)command_run(command, &err);
		_exit(write(ends[1], &err, sizeof(err)) == sizeof(err) ? 0 : 1);
	}
	(void)close(ends[1]);
	*ret_result = ends[0];
	return pid;
}

static void
finish(pid_t pid, int result, struct err *ret_err)
{
	assert_int_equal(read(result, ret_err, sizeof(*ret_err)), sizeof(*ret_err));
	(void)close(result);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
run(const struct command *command, struct err *ret_err)
{
	int result;
	pid_t pid = start(command, &result);

	finish(pid, result, ret_err);
}

static const struct {
	const char *name, *script;
	uint32_t deadline_ms;
	bool daemonises;
	const char *says; /* NULL: it is done */
} results[] = {
	{ "done", "exit 0", 5000, false, NULL },
	{ "done, with output", "echo fine; echo bad >&2", 5000, false, NULL },
	{ "a status", "exit 3", 5000, false, "restart command ended with status 3" },
	{ "its last line", "echo one; echo two >&2; exit 1", 5000, false,
	    "status 1: two" },
	{ "a line without an end", "printf 'one\\ntwo'; exit 1", 5000, false,
	    "status 1: two" },
	{ "an empty line at the end", "printf 'two\\n\\n'; exit 1", 5000, false,
	    "status 1: two" },
	{ "no control characters", "printf 'a\\033[1mb\\200'; exit 1", 5000, false,
	    "status 1: a?[1mb?" },
	{ "more output than a pipe holds", "yes | head -c 300000; echo end; exit 1",
	    5000, false, "status 1: end" },
	{ "a signal", "kill -9 $$", 5000, false, "killed by signal 9" },
	{ "too late", "sleep 60", 200, false, "did not end within" },
	{ "too late, and stubborn", "trap '' TERM; sleep 60; sleep 60", 200, false,
	    "did not end within" },
	{ "a survivor", "sleep 60 & exit 0", 5000, false, "left processes" },
	{ "a survivor in a session of its own", "setsid sleep 60 & exit 0", 5000, false,
	    "left processes" },
	{ "one that soon ends", "sleep 0.2 & exit 0", 5000, false, NULL },
	{ "a service", "setsid sleep 3 & exit 0", 5000, true, NULL },
	{ "a service that fails", "setsid sleep 60 & exit 1", 5000, true, "status 1" },
	{ "no input", "read line; test -z \"$line\"", 5000, false, NULL },
	{ "in the root directory", "test \"$PWD\" = /", 5000, false, NULL },
	{ "nothing inherited",
	    "test -z \"$SECRET\" && test \"$LANG\" = C && "
	    "test ! -e /proc/self/fd/7",
	    5000, false, NULL },
	{ "no signal ignored",
	    "grep -q '^SigIgn:[[:space:]]*0000000000000000' /proc/self/status", 5000,
	    false, NULL },
};

static void
test_results(void **state)
{
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(dup2(1, 7), 7);
	(void)signal(SIGPIPE, SIG_IGN);
	for (n = 0; n < nitems(results); n++) {
		char script[512];
		char *const argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, script,
			NULL };
		const struct command command = { "web", "restart", argv,
			results[n].deadline_ms, results[n].daemonises };

		print_message("%s\n", results[n].name);
		(void)snprintf(script, sizeof(script), "%s", results[n].script);
		run(&command, &err);
		if (results[n].says == NULL) {
			if (err.code != ERR_NONE)
				fail_msg("it says: %s", err.text);
			continue;
		}
		assert_int_equal(err.code, ERR_SERVICE_FAILED);
		assert_string_equal(err.where, "web");
		if (strstr(err.text, results[n].says) == NULL)
			fail_msg("it says: %s", err.text);
	}
	(void)close(7);
}

static void
test_no_program(void **state)
{
	char *const argv[] = { (char[]){ "/nonexistent/nginx" }, NULL };
	const struct command command = { "web", "check", argv, 5000, false };
	struct err err;

	(void)state;
	run(&command, &err);
	assert_int_equal(err.code, ERR_SERVICE_FAILED);
	assert_non_null(strstr(err.text, "check command"));
	assert_non_null(
	    strstr(err.text, "cannot run /nonexistent/nginx: No such file"));
}

/* The process ids a script left in a file of the directory. */
static pid_t
wait_for_pid(const char *name)
{
	const int64_t end = clock_ms() + WAIT_MS;
	char *text;
	pid_t pid = 0;

	while (pid == 0 && clock_ms() < end) {
		if ((text = fixture_read(dir, name)) != NULL &&
		    strchr(text, '\n') != NULL)
			pid = (pid_t)strtol(text, NULL, 10);
		free(text);
		(void)poll(NULL, 0, 10);
	}
	assert_true(pid > 0);
	return pid;
}

static void
expect_gone(pid_t pid)
{
	const int64_t end = clock_ms() + WAIT_MS;

	while (kill(pid, 0) == 0 && clock_ms() < end)
		(void)poll(NULL, 0, 10);
	assert_int_equal(kill(pid, 0), -1);
}

static void
script_leaving(char *dst, size_t size, const char *then)
{
	(void)snprintf(dst, size,
	    "setsid sh -c 'trap \"\" TERM; echo $$ > %s/pid.tmp; mv %s/pid.tmp %s/pid; "
	    "sleep 61; sleep 61' & while [ ! -e %s/pid ]; do sleep 0.02; done; %s",
	    dir, dir, dir, dir, then);
}

/* What left its group, its session and ignores SIGTERM is ended too. */
static void
test_nothing_left(void **state)
{
	char script[1024];
	char *const argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, script, NULL };
	const struct command command = { "web", "restart", argv, 5000, true };
	struct err err;

	(void)state;
	script_leaving(script, sizeof(script), "exit 1");
	run(&command, &err);
	assert_int_equal(err.code, ERR_SERVICE_FAILED);
	expect_gone(wait_for_pid("pid"));
}

/* The monitor ends: so do the helper and all below it. */
static void
test_interrupted(void **state)
{
	char script[1024];
	char *const argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, script, NULL };
	const struct command command = { "web", "restart", argv, 60000, true };
	struct err err;
	pid_t helper, left;
	int result;

	(void)state;
	script_leaving(script, sizeof(script), "sleep 62");
	helper = start(&command, &result);
	left = wait_for_pid("pid");
	assert_int_equal(kill(helper, SIGTERM), 0);
	finish(helper, result, &err);
	assert_non_null(strstr(err.text, "interrupted"));
	expect_gone(left);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_results, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
