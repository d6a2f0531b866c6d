/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bytes.h"
#include "lib/names.h"

static const struct {
	const char *name;
	const char *input;
	size_t len, expect;
} characters[] = {
	{ "nothing", "", 0, 0 },
	{ "NUL is a character", "", 1, 1 },
	{ "ASCII", "az", 2, 1 },
	{ "two octets", "\xc3\xa9x", 3, 2 },
	{ "smallest of two octets", "\xc2\x80", 2, 2 },
	{ "three octets", "\xe2\x82\xac", 3, 3 },
	{ "smallest of three octets", "\xe0\xa0\x80", 3, 3 },
	{ "last before surrogates", "\xed\x9f\xbf", 3, 3 },
	{ "four octets", "\xf0\x9f\x98\x80", 4, 4 },
	{ "U+10FFFF", "\xf4\x8f\xbf\xbf", 4, 4 },
	{ "continuation alone", "\x80", 1, 0 },
	{ "overlong in two octets", "\xc0\x80", 2, 0 },
	{ "overlong slash", "\xc1\xaf", 2, 0 },
	{ "overlong in three octets", "\xe0\x9f\xbf", 3, 0 },
	{ "overlong in four octets", "\xf0\x8f\xbf\xbf", 4, 0 },
	{ "surrogate", "\xed\xa0\x80", 3, 0 },
	{ "above U+10FFFF", "\xf4\x90\x80\x80", 4, 0 },
	{ "five octets", "\xf8\x88\x80\x80\x80", 5, 0 },
	{ "0xff", "\xff", 1, 0 },
	{ "cut after one of two", "\xc3", 1, 0 },
	{ "cut after two of three", "\xe2\x82", 2, 0 },
	{ "cut after three of four", "\xf0\x9f\x98", 3, 0 },
	{ "second octet is ASCII", "\xc3(", 2, 0 },
	{ "third octet is ASCII", "\xe2\x82(", 3, 0 },
	{ "fourth octet is ASCII", "\xf0\x9f\x98(", 4, 0 },
};

static void
utf8_characters(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < nitems(characters); i++) {
		n = utf8_char(characters[i].input, characters[i].len);
		if (n != characters[i].expect)
			fail_msg("%s: %zu", characters[i].name, n);
	}
}

static const struct {
	const char *name, *input;
	size_t max, expect;
} cuts[] = {
	{ "fits", "abc", 3, 3 },
	{ "too long", "abcd", 3, 3 },
	{ "nothing allowed", "abc", 0, 0 },
	{ "within two octets", "ab\xc3\xa9", 3, 2 },
	{ "within four octets", "\xf0\x9f\x98\x80", 3, 0 },
	{ "after a character", "\xc3\xa9\xc3\xa9", 2, 2 },
	{ "empty", "", 5, 0 },
};

static void
utf8_cuts(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < nitems(cuts); i++) {
		n = utf8_cut(text_of(cuts[i].input), cuts[i].max);
		if (n != cuts[i].expect)
			fail_msg("%s: %zu", cuts[i].name, n);
	}
}

/* A copy is cut where utf8_cut() says, and ends there. */
static void
texts_are_copied(void **state)
{
	char copy[16];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(cuts); i++) {
		if (cuts[i].max >= sizeof(copy))
			continue;
		memset(copy, 'x', sizeof(copy));
		text_copy(copy, cuts[i].max + 1, text_of(cuts[i].input));
		if (strlen(copy) != cuts[i].expect ||
		    memcmp(copy, cuts[i].input, cuts[i].expect) != 0)
			fail_msg("%s: \"%s\"", cuts[i].name, copy);
	}
	text_copy(copy, sizeof(copy), (struct text){ NULL, 0 });
	assert_string_equal(copy, "");
}

static void
arena_gives_separate_zeroed_memory(void **state)
{
	struct arena arena = { NULL };
	uint8_t *p, *previous = NULL;
	size_t size, i;

	(void)state;
	for (size = 0; size < 3000; size++) {
		p = arena_alloc(&arena, size);
		assert_non_null(p);
		assert_ptr_not_equal(p, previous);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		previous = p;
	}
	assert_non_null(arena_alloc(&arena, (size_t)5 << 20));
	arena_clear(&arena);
	assert_null(arena.blocks);
	arena_clear(&arena);
}

static void
arena_refuses_what_cannot_be(void **state)
{
	struct arena arena = { NULL };
	struct text text;

	(void)state;
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	text = arena_text(&arena, "x", SIZE_MAX);
	assert_null(text.data);
	assert_int_equal(text.len, 0);
	arena_clear(&arena);
}

static void
arena_terminates_text(void **state)
{
	struct arena arena = { NULL };
	struct text text = arena_text(&arena, "abcdef", 3);

	(void)state;
	assert_string_equal(text.data, "abc");
	assert_int_equal(text.len, 3);
	text = arena_text(&arena, NULL, 0);
	assert_string_equal(text.data, "");
	arena_clear(&arena);
}

static void
buffer_grows(void **state)
{
	struct buf buf = { NULL, 0, 0 };
	char expect[3001];
	size_t i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		expect[i] = (char)('a' + i % 26);
		assert_int_equal(buf_add(&buf, &expect[i], 1), 0);
		assert_int_equal(buf.data[buf.len], 0);
	}
	expect[3000] = '\0';
	assert_int_equal(buf.len, 3000);
	assert_string_equal(buf.data, expect);
	buf_wipe(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	buf_wipe(&buf);
}

static void
buffer_formats(void **state)
{
	struct buf buf = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(buf_add(&buf, NULL, 0), 0);
	assert_string_equal(buf.data, "");
	assert_int_equal(buf_add_text(&buf, "one "), 0);
	assert_int_equal(buf_printf(&buf, "%s %*d", "two", 200, 3), 0);
	assert_int_equal(buf.len, 4 + 4 + 200);
	assert_memory_equal(buf.data, "one two ", 8);
	buf_clear(&buf);
}

static void
buffer_refuses_what_cannot_be(void **state)
{
	struct buf buf = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), -1);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX / 4), -1);
	assert_int_equal(buf_add(&buf, "abc", 3), 0);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX - 2), -1);
	assert_string_equal(buf.data, "abc");
	buf_clear(&buf);
}

static void
reserved_room_is_there(void **state)
{
	struct buf buf = { NULL, 0, 0 };
	const uint8_t *data;

	(void)state;
	assert_int_equal(buf_reserve(&buf, 1000), 0);
	data = buf.data;
	assert_int_equal(buf_printf(&buf, "%1000d", 1), 0);
	assert_ptr_equal(buf.data, data);
	buf_clear(&buf);
}

static void
texts_compare(void **state)
{
	struct text none = { NULL, 0 };

	(void)state;
	assert_true(text_is(text_of("abc"), "abc"));
	assert_false(text_is(text_of("abc"), "ab"));
	assert_false(text_is(text_of("abc"), "abd"));
	assert_true(text_is(none, ""));
	assert_true(text_equal(none, text_of(NULL)));
	assert_false(text_equal(none, text_of("a")));
}

static void
hex(void **state)
{
	static const uint8_t octets[] = { 0x00, 0x0f, 0xa5, 0xff };
	char out[9];

	(void)state;
	assert_string_equal(hex_format(out, octets, sizeof(octets)), "000fa5ff");
	assert_string_equal(hex_format(out, octets, 0), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_characters),
		cmocka_unit_test(utf8_cuts),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(arena_gives_separate_zeroed_memory),
		cmocka_unit_test(arena_refuses_what_cannot_be),
		cmocka_unit_test(arena_terminates_text),
		cmocka_unit_test(buffer_grows),
		cmocka_unit_test(buffer_formats),
		cmocka_unit_test(buffer_refuses_what_cannot_be),
		cmocka_unit_test(reserved_room_is_there),
		cmocka_unit_test(texts_compare),
		cmocka_unit_test(hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
