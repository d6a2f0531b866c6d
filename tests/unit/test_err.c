/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/names.h"

/* RFC 6241 appendix A. */
static const char *const tags[] = { "in-use", "invalid-value", "too-big",
	"missing-attribute", "bad-attribute", "unknown-attribute", "missing-element",
	"bad-element", "unknown-element", "unknown-namespace", "access-denied",
	"lock-denied", "resource-denied", "rollback-failed", "data-exists",
	"data-missing", "operation-not-supported", "operation-failed",
	"malformed-message" };
static const char *const types[] = { "rpc", "protocol", "application" };

static bool
is_one_of(const char *text, const char *const *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static void
every_code_has_a_kind(void **state)
{
	const struct err_kind *kind;
	unsigned int code, other;

	(void)state;
	for (code = 0; code < ERR_CODE_MAX; code++) {
		kind = err_kind(code);
		if (kind->text == NULL)
			fail_msg("code %u has no row", code);
		if (!is_one_of(kind->netconf_tag, tags, nitems(tags)))
			fail_msg("%s: %s is no tag of RFC 6241", kind->text,
			    kind->netconf_tag);
		if (!is_one_of(kind->netconf_type, types, nitems(types)))
			fail_msg("%s: %s is no type", kind->text, kind->netconf_type);
		if (kind->mib < 1 || kind->mib > 21)
			fail_msg("%s: MIB number %d", kind->text, kind->mib);
		if (kind->exit_status < (code != ERR_NONE) || kind->exit_status > 5)
			fail_msg("%s: exit status %d", kind->text, kind->exit_status);
		for (other = 0; other < code; other++)
			if (strcmp(err_kind(other)->text, kind->text) == 0)
				fail_msg("%s: twice", kind->text);
	}
	assert_ptr_equal(err_kind(ERR_CODE_MAX), err_kind(ERR_OTHER));
	assert_ptr_equal(err_kind((enum err_code) - 1), err_kind(ERR_OTHER));
}

static const struct {
	enum err_code code;
	const char *tag;
	int mib, exit_status;
} kinds[] = {
	{ ERR_NONE, "operation-failed", 1, 0 },
	{ ERR_OTHER, "operation-failed", 2, 1 },
	{ ERR_BUSY, "in-use", 3, 4 },
	{ ERR_LOCKED, "lock-denied", 4, 4 },
	{ ERR_DENIED, "access-denied", 2, 4 },
	{ ERR_NOT_FOUND, "data-missing", 5, 1 },
	{ ERR_TOO_LARGE, "too-big", 6, 3 },
	{ ERR_XML_SYNTAX, "malformed-message", 7, 3 },
	{ ERR_UNKNOWN_ELEMENT, "unknown-element", 8, 3 },
	{ ERR_BAD_CERTIFICATE, "invalid-value", 9, 3 },
	{ ERR_BAD_KEY, "invalid-value", 10, 3 },
	{ ERR_BAD_PASSPHRASE, "invalid-value", 11, 3 },
	{ ERR_KEY_MISMATCH, "invalid-value", 12, 3 },
	{ ERR_CHAIN_INVALID, "invalid-value", 13, 3 },
	{ ERR_EXPIRED, "invalid-value", 14, 3 },
	{ ERR_NOT_YET_VALID, "invalid-value", 15, 3 },
	{ ERR_WEAK_CRYPTO, "invalid-value", 16, 3 },
	{ ERR_TRUST_STORE_EMPTY, "operation-failed", 17, 3 },
	{ ERR_MODE_NEEDS_TRUST_STORE, "operation-failed", 18, 3 },
	{ ERR_STORAGE, "operation-failed", 19, 1 },
	{ ERR_SERVICE_FAILED, "operation-failed", 20, 5 },
	{ ERR_CONFIRM_TIMEOUT, "operation-failed", 21, 1 },
	{ ERR_STUCK, "rollback-failed", 20, 5 },
};

static void
kinds_are_what_was_published(void **state)
{
	const struct err_kind *kind;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(kinds); i++) {
		kind = err_kind(kinds[i].code);
		if (strcmp(kind->netconf_tag, kinds[i].tag) != 0 ||
		    kind->mib != kinds[i].mib ||
		    kind->exit_status != kinds[i].exit_status)
			fail_msg("%s: %s %d %d", kind->text, kind->netconf_tag,
			    kind->mib, kind->exit_status);
	}
}

static void
refusing_is_one_line(void **state)
{
	struct err err;

	(void)state;
	memset(&err, 0xff, sizeof(err));
	assert_int_equal(err_set(&err, ERR_BAD_KEY, "/certconf", "curve %d", 7), -1);
	assert_int_equal(err.code, ERR_BAD_KEY);
	assert_int_equal(err.line, 0);
	assert_string_equal(err.where, "/certconf");
	assert_string_equal(err.element, "");
	assert_string_equal(err.text, "curve 7");
	err_clear(&err);
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(err.text, "");
}

static void
the_first_place_stays(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_OTHER, NULL, "x");
	assert_int_equal(err_at(&err, NULL, 7), -1);
	assert_int_equal(err_at(&err, "/a", 8), -1);
	assert_int_equal(err_at(&err, "/b", 9), -1);
	assert_string_equal(err.where, "/a");
	assert_int_equal(err.line, 7);
}

static void
it_may_be_set_from_itself(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_OTHER, "/a", "inner");
	err_set(&err, err.code, err.where, "outer: %s", err.text);
	assert_string_equal(err.where, "/a");
	assert_string_equal(err.text, "outer: inner");
}

/* Texts that could break a line of a log, or an XML document. */
static const struct {
	const char *name, *input, *expect;
} odd_texts[] = {
	{ "new line", "a\nb", "a?b" },
	{ "escape sequence", "a\033[1mb", "a?[1mb" },
	{ "DEL", "a\177b", "a?b" },
	{ "invalid UTF-8", "a\xff\xc3[b", "a??[b" },
	{ "UTF-8", "Z\xc3\xbcrich", "Z\xc3\xbcrich" },
	{ "percent", "100%s", "100%s" },
};

static void
odd_texts_are_made_harmless(void **state)
{
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(odd_texts); i++) {
		err_set(&err, ERR_OTHER, odd_texts[i].input, "%s", odd_texts[i].input);
		if (strcmp(err.text, odd_texts[i].expect) != 0 ||
		    strcmp(err.where, odd_texts[i].expect) != 0)
			fail_msg("%s: %s", odd_texts[i].name, err.text);
	}
}

static void
long_texts_end_with_a_character(void **state)
{
	char text[600];
	struct err err;
	size_t i, shift, k;

	(void)state;
	for (shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[i] = '\0';
		err_set(&err, ERR_OTHER, text, "%s", text);
		assert_in_range(strlen(err.text), sizeof(err.text) - 4,
		    sizeof(err.text) - 1);
		for (i = 0; err.text[i] != '\0'; i += k)
			if ((k = utf8_char(err.text + i, strlen(err.text + i))) == 0)
				fail_msg("shift %zu: half a character", shift);
		assert_string_equal(err.where, err.text);
	}
}

static const struct {
	const char *where;
	uint32_t line;
	const char *text, *expect;
} formats[] = {
	{ "/certconf/credential", 12, "no such thing",
	    "/certconf/credential, line 12: no such thing" },
	{ "/certconf", 0, "no such thing", "/certconf: no such thing" },
	{ NULL, 12, "no such thing", "line 12: no such thing" },
	{ NULL, 0, "no such thing", "no such thing" },
	{ NULL, 0, "", "busy" },
	{ "x", 1, "", "x, line 1: busy" },
};

static void
formats_as_one_sentence(void **state)
{
	struct err err;
	char buf[600], small[8];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(formats); i++) {
		err_set(&err, ERR_BUSY, formats[i].where, "%s", formats[i].text);
		err.line = formats[i].line;
		assert_string_equal(err_format(&err, buf, sizeof(buf)),
		    formats[i].expect);
	}
	assert_string_equal(err_format(&err, small, sizeof(small)), "x, line");
	memset(small, 'x', sizeof(small));
	err_format(&err, small, 0);
	assert_int_equal(small[0], 'x');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_kind),
		cmocka_unit_test(kinds_are_what_was_published),
		cmocka_unit_test(refusing_is_one_line),
		cmocka_unit_test(the_first_place_stays),
		cmocka_unit_test(it_may_be_set_from_itself),
		cmocka_unit_test(odd_texts_are_made_harmless),
		cmocka_unit_test(long_texts_end_with_a_character),
		cmocka_unit_test(formats_as_one_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
