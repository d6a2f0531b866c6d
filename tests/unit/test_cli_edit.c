/* SPDX-License-Identifier: ISC */
/* What edit-config requests look like, and whose line an error is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/compose.h"
#include "cli/edit.h"
#include "lib/names.h"

struct value_row {
	const char *name, *value;
	const char *expect; /* NULL: refused */
};

static const struct value_row values[] = {
	{ "empty", "", "" },
	{ "plain", "hunter2", "hunter2" },
	{ "markup", "<a>&\"'", "&lt;a&gt;&amp;\"'" },
	{ "white space", "a\tb\nc\rd ", "a&#9;b&#10;c&#13;d " },
	{ "UTF-8", "\xc3\xa9\xf0\x9f\x94\x91", "\xc3\xa9\xf0\x9f\x94\x91" },
	{ "Latin-1", "\xe9", NULL },
	{ "cut character", "a\xc3", NULL },
	{ "control character", "a\x01", NULL },
	{ "escape", "\x1b[m", NULL },
};

static void
test_values(void **state)
{
	const struct value_row *row;
	struct err err = { 0 };
	struct buf buf;
	int rc;

	(void)state;
	for (row = values; row < values + nitems(values); row++) {
		buf = (struct buf){ 0 };
		assert_int_equal(buf_add(&buf, "", 0), 0);
		rc = markup_value(&buf, "leaf", row->value, &err);
		if (rc != (row->expect == NULL ? -1 : 0))
			fail_msg("%s: returned %d", row->name, rc);
		if (rc == 0 && strcmp((char *)buf.data, row->expect) != 0)
			fail_msg("%s: \"%s\"", row->name, (char *)buf.data);
		if (rc == -1 && strstr(err.text, row->value) != NULL)
			fail_msg("%s: the value is quoted", row->name);
		buf_clear(&buf);
	}
}

static const struct value_row pems[] = {
	{ "lines stay", "a\nb\n", "a\nb\n" },
	{ "markup", "CA <x> & y\n", "CA &lt;x&gt; &amp; y\n" },
	{ "carriage return", "a\r\nb", "a&#13;\nb" },
	{ "not ASCII", "M\xfcller \xc3\xa9", "M?ller ??" },
	{ "control", "\x01\x1b\x7f\t", "???\t" },
};

static void
test_pem(void **state)
{
	const struct value_row *row;
	struct err err = { 0 };
	struct buf buf;

	(void)state;
	for (row = pems; row < pems + nitems(pems); row++) {
		buf = (struct buf){ 0 };
		assert_int_equal(markup_pem(&buf, text_of(row->value), &err), 0);
		if (strcmp((char *)buf.data, row->expect) != 0)
			fail_msg("%s: \"%s\"", row->name, (char *)buf.data);
		buf_clear(&buf);
	}
	assert_int_equal(markup_pem(&buf, (struct text){ "a\0b", 3 }, &err), 0);
	assert_string_equal(buf.data, "a?b");
	buf_clear(&buf);
}

static void
test_request(void **state)
{
	const struct edit edit = {
		.running = true,
		.allow_expired = true,
		.from = "cli",
		.comment = "a < b",
	};
	const struct embedding e = { .lines = 2 };
	struct buf buf = { 0 };
	struct err err = { 0 };
	const char *text;

	(void)state;
	assert_int_equal(edit_open(&buf, &edit, &e, &err), 0);
	text = (char *)buf.data;
	assert_non_null(strstr(text, "<target><running/></target>"));
	assert_non_null(strstr(text, "<allow-expired "));
	assert_non_null(strstr(text, ">a &lt; b</comment>"));
	assert_non_null(strstr(text, ">cli</from>"));
	assert_null(strstr(text, "password"));
	assert_null(strstr(text, "default-operation"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 2);
	buf_clear(&buf);
}

#define CERT "/certconf/credential[name='a/b']/certificate"
#define KEY "/certconf/credential[name='local']/private-key"
#define TRUST "/certconf/trust-store/certificates"

struct blame_row {
	const char *name;
	const char *where;
	uint32_t line;
	const char *file;
	uint32_t file_line;
};

static const struct compose_part parts[] = {
	{ "cert.pem", "certificate", 1, 10 },
	{ "key.der", "private-key", 0, 0 },
	{ "trust.pem", "certificates", 20, 300 },
};

static const struct blame_row blames[] = {
	{ "first line", CERT, 1, "cert.pem", 1 },
	{ "last line", CERT, 10, "cert.pem", 10 },
	{ "line of another", CERT, 11, "cert.pem", 0 },
	{ "no line", CERT, 0, "cert.pem", 0 },
	{ "binary", KEY, 15, "key.der", 0 },
	{ "trust store", TRUST, 25, "trust.pem", 6 },
	{ "with a key", TRUST "[1]", 20, "trust.pem", 1 },
	{ "the whole", "/certconf/credential[name='local']", 3, NULL, 0 },
	{ "nowhere", "", 3, NULL, 0 },
	{ "longer name", "/certconf/certificate-x", 3, NULL, 0 },
};

static void
test_blame(void **state)
{
	const struct blame_row *row;
	struct composition c = { .count = nitems(parts) };
	const char *file;
	struct err err;

	(void)state;
	memcpy(c.parts, parts, sizeof(parts));
	for (row = blames; row < blames + nitems(blames); row++) {
		err_set(&err, ERR_BAD_KEY, row->where, "no");
		err.line = row->line;
		file = compose_blame(&c, &err);
		if ((file == NULL) != (row->file == NULL) ||
		    (file != NULL && strcmp(file, row->file) != 0))
			fail_msg("%s: blames %s", row->name,
			    file != NULL ? file : "nobody");
		if (err.line != row->file_line)
			fail_msg("%s: line %u", row->name, err.line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_blame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
