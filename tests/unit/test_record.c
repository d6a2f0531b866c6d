/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/names.h"

#include "agent/record.h"
#include "tests/unit/store_fixture.h"

#define KIND "certconf-test 1"

static char *
written(void)
{
	struct buf buf = { 0 };
	struct err err = { 0 };

	assert_int_equal(record_begin(&buf, KIND), 0);
	assert_int_equal(buf_printf(&buf, "number %d\n", 17), 0);
	assert_int_equal(record_text(&buf, "text", "a b\nnumber 18\x7f\r"), 0);
	assert_int_equal(record_text(&buf, "empty", ""), 0);
	assert_int_equal(record_end(&buf, &err), 0);
	return (char *)buf.data;
}

static int
load(const char *text, size_t max, struct record *ret_record, struct err *err)
{
	char *dir = fixture_dir();
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY), rc;

	if (text != NULL)
		fixture_write(dir, "record", text);
	rc = record_load(dirfd, "record", KIND, max, ret_record, err);
	(void)close(dirfd);
	fixture_remove(dir);
	return rc;
}

static void
test_round_trip(void **state)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "number", "17" },
		{ "text", "a b number 18  " },
		{ "empty", "" },
	};
	struct record record;
	struct err err = { 0 };
	const char *key;
	char *text = written(), *value;
	size_t n;

	(void)state;
	assert_int_equal(load(text, 1000, &record, &err), 0);
	for (n = 0; n < nitems(rows); n++) {
		assert_true(record_next(&record, &key, &value));
		assert_string_equal(key, rows[n].key);
		assert_string_equal(value, rows[n].value);
	}
	assert_false(record_next(&record, &key, &value));
	record_clear(&record);
	free(text);
}

static void
expect_refused(const char *name, const char *text, size_t max, enum err_code code)
{
	struct err err = { .code = ERR_NONE };
	struct record record;

	print_message("%s\n", name);
	assert_int_equal(load(text, max, &record, &err), -1);
	assert_int_equal(err.code, code);
}

static void
test_refused(void **state)
{
	char *text = written(), *damaged;
	size_t len = strlen(text), i;

	(void)state;
	expect_refused("not there", NULL, 1000, ERR_NOT_FOUND);
	expect_refused("empty", "", 1000, ERR_STORAGE);
	expect_refused("too large", text, len - 1, ERR_STORAGE);
	expect_refused("no end", KIND "\nnumber 1\n", 1000, ERR_STORAGE);
	/* every single octet counts, and so does each that is missing */
	for (i = 0; i < len; i++) {
		damaged = strdup(text);
		damaged[i] ^= 1;
		expect_refused("one bit", damaged, 1000, ERR_STORAGE);
		memcpy(damaged, text, len);
		damaged[i] = '\0';
		expect_refused("cut off", damaged, 1000, ERR_STORAGE);
		free(damaged);
	}
	free(text);
}

static void
test_other_kind(void **state)
{
	struct buf buf = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(record_begin(&buf, "certconf-test 2"), 0);
	assert_int_equal(record_end(&buf, &err), 0);
	expect_refused("another version", (char *)buf.data, 1000, ERR_STORAGE);
	buf_clear(&buf);
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool good;
		uint64_t number;
	} rows[] = {
		{ "0", 9, true, 0 },
		{ "9", 9, true, 9 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "10", 9, false, 0 },
		{ "", 9, false, 0 },
		{ NULL, 9, false, 0 },
		{ " 1", 9, false, 0 },
		{ "+1", 9, false, 0 },
		{ "-1", 9, false, 0 },
		{ "1 ", 9, false, 0 },
		{ "0x1", 9, false, 0 },
	};
	uint64_t number;
	size_t n;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].text == NULL ? "none" : rows[n].text);
		number = 0;
		assert_int_equal(record_number(rows[n].text, rows[n].max, &number),
		    rows[n].good);
		assert_int_equal(number, rows[n].number);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_other_kind),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
