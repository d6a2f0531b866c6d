/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/document.h"

#include "tests/unit/store_fixture.h"

static struct blob
find(const struct keys *keys, char version)
{
	uint8_t id[SHA256_SIZE];

	fixture_key_id(version, id);
	return keys_find(keys, id);
}

static void
add(struct keys *keys, const char *versions)
{
	struct buf buf = { 0 };
	struct err err = { 0 };

	for (; *versions != '\0'; versions++)
		fixture_key(&buf, *versions);
	assert_int_equal(keys_add(keys, buf.data, buf.len, &err), 0);
	buf_clear(&buf);
}

static void
test_add_and_find(void **state)
{
	struct keys keys = { 0 };

	(void)state;
	assert_null(find(&keys, 'a').data);
	add(&keys, "");
	add(&keys, "cab");
	add(&keys, "bd");
	assert_int_equal(keys.count, 4);
	assert_non_null(find(&keys, 'a').data);
	assert_non_null(memmem(find(&keys, 'd').data, find(&keys, 'd').len, "keyd", 4));
	assert_null(find(&keys, 'e').data);
	keys_clear(&keys);
	assert_null(find(&keys, 'a').data);
}

/* Who sends the same id again cannot replace the key that waits. */
static void
test_first_stays(void **state)
{
	struct keys keys = { 0 };
	struct buf buf = { 0 };
	struct err err = { 0 };

	(void)state;
	add(&keys, "a");
	fixture_key(&buf, 'b');
	fixture_key_id('a', buf.data); /* under the id of a */
	assert_int_equal(keys_add(&keys, buf.data, buf.len, &err), 0);
	assert_non_null(memmem(find(&keys, 'a').data, find(&keys, 'a').len, "keya", 4));
	buf_clear(&buf);
	keys_clear(&keys);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *name;
		size_t at; /* this octet of a good file */
		uint8_t octet;
		int cut; /* octets missing at the end, or too many */
	} rows[] = {
		{ "cut off in the PEM", 0, 0, 1 },
		{ "cut off in the head", 0, 0, 80 },
		{ "octets after it", 0, 0, -1 },
		{ "a length beyond the end", SHA256_SIZE, 0xff, 0 },
		{ "a length too short", SHA256_SIZE, 5, 0 },
		{ "no PEM", sizeof(struct key_record), 'x', 0 },
		{ "NUL within", sizeof(struct key_record) + 29, 0, 0 },
		{ "a dash within", sizeof(struct key_record) + 29, '-', 0 },
		{ "no end of line", 0, 0, 1 },
	};
	struct buf buf = { 0 };
	struct keys keys = { 0 };
	struct err err;
	uint8_t *copy;
	size_t n, len;

	(void)state;
	fixture_key(&buf, 'a');
	add(&keys, "z");
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		copy = calloc(1, buf.len + 1);
		memcpy(copy, buf.data, buf.len);
		if (rows[n].at != 0)
			copy[rows[n].at] = rows[n].octet;
		len = (size_t)((int)buf.len - rows[n].cut);
		err = (struct err){ .code = ERR_NONE };
		assert_int_equal(keys_add(&keys, copy, len, &err), -1);
		assert_int_equal(err.code, ERR_BAD_KEY);
		assert_int_equal(keys.count, 1);
		free(copy);
	}
	keys_clear(&keys);
	buf_clear(&buf);
}

static void
test_keep(void **state)
{
	struct service_set *set = fixture_services();
	struct buf bufs[2] = { { 0 }, { 0 } };
	struct bundle bundles[2];
	struct keys keys = { 0 };
	struct err err = { 0 };

	(void)state;
	fixture_bundle(&bufs[0], set, 'a');
	fixture_bundle(&bufs[1], set, 'b');
	assert_int_equal(bundle_open(&bundles[0], bufs[0].data, bufs[0].len, NULL,
			     &err),
	    0);
	assert_int_equal(bundle_open(&bundles[1], bufs[1].data, bufs[1].len, NULL,
			     &err),
	    0);
	add(&keys, "cba");
	assert_int_equal(keys_keep(&keys, bundles, 2, &err), 0);
	assert_int_equal(keys.count, 2);
	assert_non_null(find(&keys, 'a').data);
	assert_non_null(find(&keys, 'b').data);
	assert_null(find(&keys, 'c').data);
	assert_int_equal(keys_keep(&keys, bundles, 1, &err), 0);
	assert_null(find(&keys, 'b').data);
	assert_int_equal(keys_keep(&keys, NULL, 0, &err), 0);
	assert_int_equal(keys.count, 0);
	assert_null(keys.memory);
	buf_clear(&bufs[0]);
	buf_clear(&bufs[1]);
	service_set_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_find),
		cmocka_unit_test(test_first_stays),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
