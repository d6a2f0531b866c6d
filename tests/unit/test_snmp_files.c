/* SPDX-License-Identifier: ISC */
/*
 * The plugin's view of the published files: what it shows, and that nothing of it is
 * left when it is closed, which the leak checker of a sanitized build tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "handlers/snmp_files.h"
#include "lib/config.h"
#include "tests/unit/model.h"

#define ROUNDS 3

static char directory[] = "/tmp/certconf-files.XXXXXX";
static int told;

static void
on_log(const char *text)
{
	(void)text;
	told++;
}

static uint32_t
uptime(void)
{
	return 100;
}

static struct snmp_files files = {
	.snapshot_file.fd = -1,
	.status_file.fd = -1,
	.log = on_log,
	.uptime = uptime,
};

static void
path_of(const char *name, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s", directory, name);
}

static void
put(const char *name, const void *data, size_t len)
{
	char path[64];
	FILE *f;

	path_of(name, path, sizeof(path));
	assert_non_null(f = fopen(path, "we"));
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int
setup(void **state)
{
	static struct published status = { .magic = PUBLISHED_MAGIC,
		.version = PUBLISHED_VERSION,
		.size = sizeof(status),
		.sequence = 2 };
	struct config config = { 0 };
	struct buf snapshot = { 0 };

	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	model_snapshot(&config, &snapshot);
	put(PUBLISHED_SNAPSHOT, snapshot.data, snapshot.len);
	put(PUBLISHED_STATUS, &status, sizeof(status));
	buf_clear(&snapshot);
	config_clear(&config);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { PUBLISHED_SNAPSHOT, PUBLISHED_STATUS };
	char path[64];
	size_t i;

	for (i = 0; i < nitems(names); i++) {
		path_of(names[i], path, sizeof(path));
		(void)unlink(path);
	}
	(void)rmdir(directory);
	return model_teardown(state);
}

/* As at each SIGHUP of snmpd, which reads the directory's name again. */
static void
test_opened_again(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		snmp_files_open(&files, directory);
		files.view.refresh(&files.view);
		assert_true(files.view.ready);
		assert_true(files.view.stale); /* nobody's heart beats */
		assert_true(files.view.nplaces > 0);
		assert_int_equal(told, 0);
	}
	snmp_files_close(&files);
	assert_false(files.view.ready);
	assert_int_equal(files.view.nplaces, 0);
	assert_int_equal(files.snapshot_file.fd, -1);
	assert_int_equal(files.status_file.fd, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opened_again),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
