/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/names.h"

#include "agent/log.h"

/* What a function writes to standard error, and the status it ends with. */
static int
capture(void (*run)(const void *), const void *context, char *dst, size_t size)
{
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		if (dup2(ends[1], STDERR_FILENO) == -1)
			_exit(9);
		run(context);
		_exit(0);
	}
	(void)close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	n = read(ends[0], dst, size - 1);
	dst[n > 0 ? n : 0] = '\0';
	(void)close(ends[0]);
	return WEXITSTATUS(status);
}

struct row {
	const char *name;
	enum log_level level; /* the log's */
	void (*log)(const char *module, const char *fmt, ...);
	const char *text, *expected;
};

static void
log_row(const void *context)
{
	const struct row *row = context;

	log_open("engine", 1, row->level);
	row->log("commit", "%s %d", row->text, 17);
}

static void
test_lines(void **state)
{
	static const struct row rows[] = {
		{ "info", LOG_LEVEL_INFO, log_info, "generation",
		    "engine: commit: generation 17\n" },
		{ "err", LOG_LEVEL_ERR, log_err, "x", "engine: commit: error: x 17\n" },
		{ "warn", LOG_LEVEL_DEBUG, log_warn, "x",
		    "engine: commit: warning: x 17\n" },
		{ "debug", LOG_LEVEL_DEBUG, log_debug, "x",
		    "engine: commit: debug: x 17\n" },
		{ "below the level", LOG_LEVEL_INFO, log_debug, "x", "" },
		{ "far below the level", LOG_LEVEL_ERR, log_info, "x", "" },
		{ "another line in it", LOG_LEVEL_INFO, log_info,
		    "a\nengine: commit: b",
		    "engine: commit: a?engine: commit: b 17\n" },
		{ "a terminal's sequence", LOG_LEVEL_INFO, log_info, "\033[2J\177",
		    "engine: commit: ?[2J? 17\n" },
		{ "UTF-8", LOG_LEVEL_INFO, log_info, "Zürich",
		    "engine: commit: Zürich 17\n" },
	};
	char found[4096];
	size_t n;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		assert_int_equal(capture(log_row, &rows[n], found, sizeof(found)), 0);
		assert_string_equal(found, rows[n].expected);
	}
}

static void
log_long(const void *context)
{
	char text[5000];

	(void)context;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_open("engine", 1, LOG_LEVEL_INFO);
	log_process("session");
	log_info("commit", "%s", text);
}

static void
test_long(void **state)
{
	char found[8192];

	(void)state;
	assert_int_equal(capture(log_long, NULL, found, sizeof(found)), 0);
	assert_int_equal(strncmp(found, "session: commit: xxx", 20), 0);
	assert_true(strlen(found) < 2000);
	assert_int_equal(found[strlen(found) - 1], '\n');
}

static void
die(const void *context)
{
	(void)context;
	log_open("monitor", 1, LOG_LEVEL_ERR);
	fatal("requests", "an irregular request of type %d", 5);
}

static void
test_fatal(void **state)
{
	char found[256];

	(void)state;
	assert_int_equal(capture(die, NULL, found, sizeof(found)), 1);
	assert_string_equal(found,
	    "monitor: requests: error: an irregular request of type 5\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_fatal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
