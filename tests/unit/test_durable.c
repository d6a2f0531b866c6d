/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/names.h"

#include "agent/durable.h"
#include "tests/unit/store_fixture.h"

static char *dir;
static int dirfd;

/* The operation that fails, counted from 1; 0: none. */
static struct {
	int count, fail_at, error;
} hook;

int
durable_hook(const char *operation, const char *name)
{
	(void)operation;
	(void)name;
	return ++hook.count == hook.fail_at ? hook.error : 0;
}

static int
setup(void **state)
{
	(void)state;
	dir = fixture_dir();
	dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	return dirfd == -1;
}

static int
teardown(void **state)
{
	(void)state;
	hook.fail_at = 0;
	(void)close(dirfd);
	fixture_remove(dir);
	return 0;
}

static void
expect_file(const char *name, const char *expected)
{
	char *found = fixture_read(dir, name);

	if (expected == NULL)
		assert_null(found);
	else
		assert_string_equal(found, expected);
	free(found);
}

static int
count_entries(void)
{
	struct stat st;

	assert_int_equal(fstat(dirfd, &st), 0);
	return (int)st.st_nlink;
}

static int
replace(struct err *err)
{
	return durable_replace(dirfd, "file", "new", 3, err);
}

static int
create(struct err *err)
{
	const struct blob pieces[] = { { (const uint8_t *)"ne", 2 },
		{ (const uint8_t *)"w", 1 } };
	const struct durable_owner owner = { geteuid(), getegid(), 0640 };

	return durable_create(dirfd, "created", pieces, nitems(pieces), &owner, err);
}

static int
symlink_it(struct err *err)
{
	return durable_symlink(dirfd, "link", "new", err);
}

static int
rename_it(struct err *err)
{
	return durable_rename(dirfd, "file", "renamed", err);
}

static int
remove_it(struct err *err)
{
	return durable_remove(dirfd, "file", err);
}

static int
sync_it(struct err *err)
{
	return durable_sync_all(dirfd, "all", err);
}

static const struct {
	const char *name;
	int (*run)(struct err *);
	int operations;
} operations[] = {
	{ "replace", replace, 5 },    /* create, write, sync, rename, sync */
	{ "create", create, 4 },      /* create, write, write, chmod */
	{ "symlink", symlink_it, 3 }, /* symlink, rename, sync */
	{ "rename", rename_it, 2 },
	{ "remove", remove_it, 2 },
	{ "sync all", sync_it, 1 },
};

static void
test_done(void **state)
{
	struct err err = { 0 };
	char target[16] = "";
	struct stat st;
	size_t n;

	(void)state;
	assert_int_equal(symlinkat("old", dirfd, "link"), 0);
	for (n = 0; n < nitems(operations); n++) {
		print_message("%s\n", operations[n].name);
		fixture_write(dir, "file", "old");
		hook.count = 0;
		assert_int_equal(operations[n].run(&err), 0);
		assert_int_equal(hook.count, operations[n].operations);
	}
	expect_file("renamed", "old");
	expect_file("created", "new");
	assert_int_equal(fstatat(dirfd, "created", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(readlinkat(dirfd, "link", target, sizeof(target) - 1), 3);
	assert_string_equal(target, "new");
	assert_int_equal(replace(&err), 0);
	expect_file("file", "new");
	expect_file("file.tmp", NULL);
}

/*
 * Each operation in turn fails: it is told, and the old is still there or the new is.
 */
static void
test_failures(void **state)
{
	struct err err;
	size_t n;
	int i;

	(void)state;
	for (n = 0; n < nitems(operations); n++)
		for (i = 1; i <= operations[n].operations; i++) {
			print_message("%s, operation %d\n", operations[n].name, i);
			fixture_write(dir, "file", "old");
			(void)unlinkat(dirfd, "created", 0);
			err = (struct err){ .code = ERR_NONE };
			hook.count = 0;
			hook.fail_at = i;
			hook.error = ENOSPC;
			assert_int_equal(operations[n].run(&err), -1);
			hook.fail_at = 0;
			assert_int_equal(err.code, ERR_STORAGE);
			assert_non_null(strstr(err.text, "No space left"));
			/* never again after it failed */
			assert_int_equal(hook.count, i);
			expect_file("file.tmp", NULL);
		}
}

/* What a crash left under the temporary name is in nobody's way. */
static void
test_leftovers(void **state)
{
	struct err err = { 0 };

	(void)state;
	fixture_write(dir, "file.tmp", "half");
	fixture_write(dir, "link.tmp", "half");
	assert_int_equal(replace(&err), 0);
	assert_int_equal(symlink_it(&err), 0);
	expect_file("file", "new");
}

static void
test_refused(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(create(&err), 0);
	assert_int_equal(create(&err), -1);
	assert_int_equal(unlinkat(dirfd, "created", 0), 0);
	assert_int_equal(symlinkat("elsewhere", dirfd, "created"), 0);
	assert_int_equal(create(&err), -1);
	expect_file("elsewhere", NULL);
	assert_int_equal(rename_it(&err), -1);
	assert_int_equal(remove_it(&err), 0);
}

static void
test_remove_tree(void **state)
{
	struct err err = { 0 };
	int links = count_entries();
	char *outside = fixture_dir();

	(void)state;
	fixture_write(outside, "kept", "kept");
	assert_int_equal(durable_mkdir(dirfd, "a", &err), 0);
	assert_int_equal(durable_mkdir(dirfd, "a", &err), 0);
	assert_int_equal(durable_mkdir(dirfd, "a/b", &err), 0);
	fixture_write(dir, "a/b/file", "x");
	assert_int_equal(symlinkat(outside, dirfd, "a/link"), 0);
	assert_int_equal(durable_remove_tree(dirfd, "a", &err), 0);
	assert_int_equal(durable_remove_tree(dirfd, "a", &err), 0);
	assert_int_equal(count_entries(), links);
	free(fixture_read(outside, "kept"));
	assert_int_equal(access(outside, F_OK), 0);
	fixture_remove(outside);
}

static void
test_hardlink(void **state)
{
	struct stat a, b;

	(void)state;
	fixture_write(dir, "file", "old");
	assert_true(durable_hardlink(dirfd, "file", dirfd, "second"));
	assert_false(durable_hardlink(dirfd, "file", dirfd, "second"));
	assert_false(durable_hardlink(dirfd, "none", dirfd, "third"));
	assert_int_equal(fstatat(dirfd, "file", &a, 0), 0);
	assert_int_equal(fstatat(dirfd, "second", &b, 0), 0);
	assert_int_equal(a.st_ino, b.st_ino);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_done, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leftovers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hardlink, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
