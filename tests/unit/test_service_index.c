/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/durable.h"
#include "agent/log.h"
#include "agent/record.h"
#include "agent/service_index.h"
#include "tests/unit/store_fixture.h"

#define FILE_NAME "service-indices"
#define KIND "certconf-service-indices 1"
#define WORDS 16

static char *dir;
static int dirfd;
static bool broken;             /* the disk */
static unsigned int operations; /* of it */

int
durable_hook(const char *operation, const char *name)
{
	(void)operation;
	(void)name;
	operations++;
	return broken ? ENOSPC : 0;
}

static int
setup(void **state)
{
	(void)state;
	broken = false;
	dir = fixture_dir();
	dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	return dirfd == -1;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(dirfd);
	fixture_remove(dir);
	return 0;
}

/* A set of services with these names, with their indices. */
static struct service_set *
assigned(const char *names)
{
	struct service_set *set = calloc(1, sizeof(*set));
	char words[256], *word, *rest = words;
	struct services *table;

	assert_non_null(set);
	table = &set->table;
	(void)snprintf(words, sizeof(words), "%s", names);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '\0')
			continue;
		(void)snprintf(table->rows[table->count].name, LIMIT_NAME + 1, "%s",
		    word);
		set->rows[table->count].facts = table->rows[table->count];
		table->count++;
	}
	service_index_assign(dirfd, set);
	return set;
}

/* "a=1 b=2 (c=3)": what is defined, then what was once. */
static void
describe(const struct service_set *set, char *text, size_t size)
{
	const struct services *table = &set->table;
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < table->count; i++) {
		assert_int_equal(table->rows[i].index, set->rows[i].facts.index);
		len += (size_t)snprintf(text + len, size - len, "%s=%u ",
		    table->rows[i].name, table->rows[i].index);
	}
	for (uint32_t i = 0; i < table->nformer; i++)
		len += (size_t)snprintf(text + len, size - len, "(%s=%u) ",
		    table->former[i].name, table->former[i].index);
	assert_true(len < size);
}

static void
expect(const char *names, const char *indices)
{
	struct service_set *set = assigned(names);
	char text[512];

	describe(set, text, sizeof(text));
	free(set);
	assert_string_equal(text, indices);
}

/* Each row is what root defines next, after all rows before it. */
static void
test_a_name_keeps_its_number(void **state)
{
	static const struct {
		const char *names, *indices;
	} rows[] = {
		{ "", "" },
		{ "web sip", "web=1 sip=2 " },
		{ "web sip", "web=1 sip=2 " },
		{ "sip web", "sip=2 web=1 " },
		{ "ftp web", "ftp=3 web=1 (sip=2) " },
		{ "", "(ftp=3) (sip=2) (web=1) " },
		{ "ldap", "ldap=4 (ftp=3) (sip=2) (web=1) " },
		{ "we webb web", "we=5 webb=6 web=1 (ldap=4) (ftp=3) (sip=2) " },
		{ "sip", "sip=2 (webb=6) (we=5) (ldap=4) (ftp=3) (web=1) " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].names);
		expect(rows[i].names, rows[i].indices);
	}
}

static void
test_nothing_new_writes_nothing(void **state)
{
	(void)state;
	expect("web sip", "web=1 sip=2 ");
	operations = 0;
	expect("sip", "sip=2 (web=1) ");
	assert_int_equal(operations, 0);
}

/* What could not be written is not given out: after a crash another name had it. */
static void
test_a_disk_that_fails(void **state)
{
	(void)state;
	expect("web", "web=1 ");
	broken = true;
	expect("web sip", "web=1 sip=0 ");
	broken = false;
	expect("ftp web", "ftp=2 web=1 ");
	expect("sip", "sip=3 (ftp=2) (web=1) ");
}

static void
write_file(const char *lines)
{
	struct buf buf = { 0 };
	struct err err = { 0 };

	assert_int_equal(record_begin(&buf, KIND), 0);
	assert_int_equal(buf_printf(&buf, "%s", lines), 0);
	assert_int_equal(record_end(&buf, &err), 0);
	assert_int_equal(buf_printf(&buf, "%c", 0), 0);
	fixture_write(dir, FILE_NAME, (const char *)buf.data);
	buf_clear(&buf);
}

static void
test_files(void **state)
{
	static const struct {
		const char *name, *lines, *indices;
	} rows[] = {
		{ "gaps", "service 3 web\nservice 9 ftp\n", "web=3 sip=10 (ftp=9) " },
		{ "none", "", "web=1 sip=2 " },
		{ "the last number", "service 65535 web\n", "web=65535 sip=0 " },
		{ "too large", "service 65536 web\n", "web=1 sip=2 " },
		{ "zero", "service 0 web\n", "web=1 sip=2 " },
		{ "twice", "service 4 web\nservice 4 ftp\n", "web=1 sip=2 " },
		{ "not ascending", "service 4 web\nservice 3 ftp\n", "web=1 sip=2 " },
		{ "no number", "service web\n", "web=1 sip=2 " },
		{ "no name", "service 7\n", "web=1 sip=2 " },
		{ "another line", "credential 7 web\n", "web=1 sip=2 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].name);
		write_file(rows[i].lines);
		expect("web sip", rows[i].indices);
	}
	fixture_write(dir, FILE_NAME, "nonsense\n");
	expect("web sip", "web=1 sip=2 ");
	expect("sip", "sip=2 (web=1) ");
}

/* More names than a table holds: all keep their numbers, the newest are told. */
static void
test_many(void **state)
{
	struct service_set *set;
	char name[LIMIT_NAME];
	struct text text;

	(void)state;
	for (int i = 1; i <= LIMIT_SERVICES + WORDS; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		free(assigned(name));
	}
	set = assigned("s2");
	text = text_of("s2");
	assert_int_equal(services_index(&set->table, text), 2);
	assert_int_equal(set->table.nformer, LIMIT_SERVICES);
	text = text_of("s80");
	assert_int_equal(services_index(&set->table, text), 80);
	text = text_of("s3");
	assert_int_equal(services_index(&set->table, text), 0);
	free(set);
	set = assigned("s3");
	assert_int_equal(set->table.rows[0].index, 3);
	free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_name_keeps_its_number, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_nothing_new_writes_nothing, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_a_disk_that_fails, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	log_open("test", 1, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
