/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/state_settings.h"

static char directory[] = "/tmp/test_state_settings.XXXXXX";
static int dir = -1;

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlinkat(dir, STATE_SETTINGS, 0);
	(void)close(dir);
	return rmdir(directory);
}

static const struct priv_settings request = { .ngenerations = 2,
	.nchanges = 4,
	.generations = { 7, 9 },
	.changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 60 },
	    { CHANGE_LOCAL_MUTED, 1, 1 }, { CHANGE_LOCAL_WARN_DAYS, 1, -1 },
	    { CHANGE_TRUST_MUTED, UINT32_MAX, 0 } } };

/* What is written is read; a later value of the same takes the place of the former. */
static void
test_there_and_back(void **state)
{
	const struct priv_settings later = { .ngenerations = 1,
		.nchanges = 1,
		.generations = { 9 },
		.changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 61 } } };
	struct kept_settings kept = { 0 }, read = { 0 };
	struct setting_change change;
	struct buf buf = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(kept_settings_load(dir, &read, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(kept_settings_put(&kept, &request, &err), 0);
	assert_int_equal(kept_settings_put(&kept, &later, &err), 0);
	assert_int_equal(kept.count, 8);
	assert_int_equal(kept_settings_save(dir, &kept, &err), 0);
	assert_int_equal(kept_settings_load(dir, &read, &err), 0);
	assert_int_equal(read.count, 8);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(read.rows[i].generation, kept.rows[i].generation);
		assert_memory_equal(&read.rows[i].change, &kept.rows[i].change,
		    sizeof(change));
	}
	assert_int_equal(kept_settings_of(&read, 9, &buf, &err), 0);
	assert_int_equal(buf.len, 4 * sizeof(change));
	memcpy(&change, buf.data, sizeof(change));
	assert_int_equal(change.value, 61);
	buf_clear(&buf);
	kept_settings_clear(&kept);
	kept_settings_clear(&read);
}

static void
test_what_is_not_needed(void **state)
{
	const uint64_t seven = 7;
	struct kept_settings kept = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(kept_settings_put(&kept, &request, &err), 0);
	assert_false(kept_settings_keep(&kept, &seven, 1, 8));
	assert_int_equal(kept.count, 8);
	assert_true(kept_settings_keep(&kept, &seven, 1, UINT64_MAX));
	assert_int_equal(kept.count, 4);
	assert_false(kept_settings_drop(&kept, 9));
	assert_true(kept_settings_drop(&kept, 7));
	assert_int_equal(kept.count, 0);
	kept_settings_clear(&kept);
}

/* Every octet of the file counts: it is as it was written, or it is refused. */
static void
test_damaged(void **state)
{
	struct kept_settings kept = { 0 };
	char path[sizeof(directory) + 16];
	struct err err;
	uint8_t octet;
	off_t at, size;
	int fd;

	(void)state;
	assert_int_equal(kept_settings_put(&kept, &request, &err), 0);
	assert_int_equal(kept_settings_save(dir, &kept, &err), 0);
	kept_settings_clear(&kept);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, STATE_SETTINGS);
	assert_true((fd = open(path, O_RDWR | O_CLOEXEC)) != -1);
	size = lseek(fd, 0, SEEK_END);
	for (at = 0; at < size; at++) {
		assert_int_equal(pread(fd, &octet, 1, at), 1);
		octet ^= 1;
		assert_int_equal(pwrite(fd, &octet, 1, at), 1);
		if (kept_settings_load(dir, &kept, &err) == 0)
			fail_msg("octet %jd was changed", (intmax_t)at);
		kept_settings_clear(&kept);
		octet ^= 1;
		assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	}
	assert_int_equal(kept_settings_load(dir, &kept, &err), 0);
	kept_settings_clear(&kept);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_what_is_not_needed),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
