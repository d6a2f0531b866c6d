/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "lib/names.h"
#include "lib/xml.h"

/* A tree as "LINE:{ns}name@attr=value(text|children)". */
static void
dump(struct buf *out, const struct xml_node *node)
{
	const struct xml_attr *a;
	const struct xml_node *child;
	struct text text = xml_value(node);

	buf_printf(out, "%u:", node->line);
	if (node->ns[0] != '\0')
		buf_printf(out, "{%s}", node->ns);
	buf_printf(out, "%s", node->name);
	for (a = node->attrs; a != NULL; a = a->next)
		buf_printf(out, "@%s%s%s=%s", a->ns, a->ns[0] ? "|" : "", a->name,
		    a->value);
	buf_add_text(out, "(");
	buf_add(out, text.data, text.len);
	for (child = node->child; child != NULL; child = child->next) {
		buf_add_text(out, "|");
		dump(out, child);
	}
	buf_add_text(out, ")");
}

/* The tree, or the refusal as "!CODE line N: TEXT", of a document fed in pieces. */
static char *
result_of(const char *data, size_t len, size_t piece)
{
	struct xml_reader *r = xml_reader_new();
	struct xml_node *root = NULL;
	struct buf out = { NULL, 0, 0 };
	struct err err = { .code = ERR_NONE };
	size_t n;
	int rc = 0;

	assert_non_null(r);
	for (; rc == 0 && len > 0; data += n, len -= n) {
		n = len < piece ? len : piece;
		rc = xml_reader_feed(r, data, n, &err);
	}
	if (rc == 0)
		rc = xml_reader_end(r, &root, &err);
	if (rc == 0)
		dump(&out, root);
	else
		buf_printf(&out, "!%s %u: %s", err_kind(err.code)->text, err.line,
		    err.text);
	xml_free(root);
	xml_reader_free(r);
	return (char *)out.data;
}

static const size_t pieces[] = { SIZE_MAX, 1, 2, 3, 7, 4096 };

/* Each row that fails is told; the test fails at its end. */
static int
check(const char *name, const char *data, size_t len, const char *expect)
{
	int failed = 0;

	for (size_t i = 0; i < nitems(pieces); i++) {
		char *got = result_of(data, len, pieces[i]);

		if (strncmp(got, expect, strlen(expect)) != 0 ||
		    (expect[0] != '!' && strlen(got) != strlen(expect))) {
			print_error("%s, pieces of %zu: got %s, expected %s\n", name,
			    pieces[i], got, expect);
			failed++;
		}
		free(got);
	}
	return failed;
}

struct row {
	const char *name, *input, *expect;
	size_t len; /* 0: to the NUL */
};

static void
check_rows(const struct row *rows, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count; i++)
		failed += check(rows[i].name, rows[i].input,
		    rows[i].len != 0 ? rows[i].len : strlen(rows[i].input),
		    rows[i].expect);
	assert_int_equal(failed, 0);
}

static const struct row good[] = {
	{ "smallest", "<a/>", "1:a()", 0 },
	{ "start and end tag", "<a></a>", "1:a()", 0 },
	{ "declaration", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>", "1:a()", 0 },
	{ "declaration in small letters",
	    "<?xml version='1.0' encoding='utf-8'?>\n<a/>", "2:a()", 0 },
	{ "byte order mark", "\xef\xbb\xbf<a/>", "1:a()", 0 },
	{ "byte order mark and declaration",
	    "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>", "1:a()", 0 },
	{ "space around the root", "\n\n<a/>\n \t\r\n", "3:a()", 0 },
	{ "comments around the root", "<!--x\n--><a/><!-- <b> & -->", "2:a()", 0 },
	{ "text", "<a>x y</a>", "1:a(x y)", 0 },
	{ "text keeps its space", "<a> x\n</a>", "1:a( x\n)", 0 },
	{ "indentation of children goes", "<a>\n  <b>x</b>\n</a>", "1:a(|2:b(x))", 0 },
	{ "text beside children stays", "<a>x<b/>y</a>", "1:a(xy|1:b())", 0 },
	{ "predefined entities", "<a>&lt;&amp;&gt;&quot;&apos;</a>", "1:a(<&>\"')", 0 },
	{ "character references", "<a>&#65;&#x42;&#233;</a>", "1:a(AB\xc3\xa9)", 0 },
	{ "UTF-8 text", "<a>h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91</a>",
	    "1:a(h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91)", 0 },
	{ "CDATA", "<a><![CDATA[<b>&x;]]]]><![CDATA[>]]></a>", "1:a(<b>&x;]]>)", 0 },
	{ "comment in text", "<a>x<!-- - -> <b> ' -->y</a>", "1:a(xy)", 0 },
	{ "brackets in text", "<a>]] ]>]</a>", "1:a(]] ]>])", 0 },
	{ "CRLF becomes LF", "<a>x\r\ny\r\n</a>", "1:a(x\ny\n)", 0 },
	{ "lines with CRLF", "<a>\r\n<b>\r\n<c/></b></a>", "1:a(|2:b(|3:c()))", 0 },
	{ "line where the tag ends", "<a\n b='1'\n>\n<c\n/></a>", "3:a@b=1(|5:c())",
	    0 },
	{ "lines of attributes, comments and CDATA",
	    "<a b='x\ny'><!--\n\n--><![CDATA[\n]]><c/></a>", "2:a@b=x y(|5:c())", 0 },
	{ "& in an attribute", "<a b='&amp;#38;&#38;&#38;#38;&amp;'/>",
	    "1:a@b=&#38;&&#38;&()", 0 },
	{ "namespaces", "<a xmlns='u'><p:b xmlns:p='v' p:c='1' d='2'/></a>",
	    "1:{u}a(|1:{v}b@v|c=1@d=2())", 0 },
	{ "namespace undone", "<a xmlns='u'><b xmlns=''/></a>", "1:{u}a(|1:b())", 0 },
	{ "> in an attribute", "<a b='>' c=\">'\"/>", "1:a@b=>@c=>'()", 0 },
	{ "entity in an attribute", "<a b='&lt;&#10;&amp;'/>", "1:a@b=<\n&()", 0 },
	{ "space in the end tag", "<a></a \n>", "1:a()", 0 },
};

static const struct row bad[] = {
	{ "empty", "\xef\xbb\xbf", "!xml-syntax 0: the document is empty", 0 },
	{ "space alone", " \n ", "!xml-syntax 2: the document has no element", 0 },
	{ "comment alone", "<!-- -->", "!xml-syntax 1: the document has no element",
	    0 },
	{ "a PEM file", "-----BEGIN CERTIFICATE-----\n",
	    "!xml-syntax 1: this is not an XML document in UTF-8", 0 },
	{ "JSON", "{\"a\":1}", "!xml-syntax 1: this is not an XML document in UTF-8",
	    0 },
	{ "UTF-16 with its mark", "\xff\xfe<\0a\0/\0>\0",
	    "!xml-syntax 1: this is not an XML document in UTF-8", 10 },
	{ "UTF-16 without", "<\0a\0/\0>\0",
	    "!xml-syntax 1: the document holds a NUL octet", 8 },
	{ "UTF-7", "+ADw-a/+AD4-", "!xml-syntax 1: this is not an XML document", 0 },
	{ "EBCDIC", "\x4c\x6f\xa7\x94\x93",
	    "!xml-syntax 1: this is not an XML document", 0 },
	{ "half a byte order mark", "\xef\xbb<a/>",
	    "!xml-syntax 1: this is not an XML document", 0 },
	{ "text before the root", " \nx<a/>", "!xml-syntax 2: there is text before",
	    0 },
	{ "text after the root", "<a/>\nx", "!xml-syntax 2: there is text after", 0 },
	{ "reference after the root", "<a/>&lt;", "!xml-syntax 1: there is text after",
	    0 },
	{ "CDATA after the root", "<a/><![CDATA[x]]>", "!xml-syntax 1: ", 0 },
	{ "CDATA before the root", "<![CDATA[x]]><a/>", "!xml-syntax 1: ", 0 },
	{ "two roots", "<a/>\n<b/>", "!xml-syntax 2: there is a second root element",
	    0 },
	{ "two roots, first longer", "<a></a>\n<b/>",
	    "!xml-syntax 2: there is a second root element", 0 },
	{ "NUL after the root", "<a/>\0<b/>", "!xml-syntax 1: the document holds a NUL",
	    9 },
	{ "NUL in text", "<a>x\n\0</a>", "!xml-syntax 2: the document holds a NUL",
	    10 },
	{ "NUL in a tag", "<a \0/>", "!xml-syntax 1: the document holds a NUL", 6 },
	{ "DOCTYPE", "<!DOCTYPE a>\n<a/>",
	    "!xml-syntax 1: a document type declaration (DOCTYPE) is not accepted", 0 },
	{ "DOCTYPE after a comment", "<!-- -->\n<!DOCTYPE a><a/>",
	    "!xml-syntax 2: a document type declaration", 0 },
	{ "DOCTYPE inside", "<a><!DOCTYPE a></a>",
	    "!xml-syntax 1: a document type declaration", 0 },
	{ "external entity (xxe.xml)",
	    "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><a>&x;</a>",
	    "!xml-syntax 1: a document type declaration", 0 },
	{ "billion laughs (billion_lol.xml)",
	    "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 "
	    "\"&lol;&lol;&lol;\">]>\n<lolz>&lol2;</lolz>",
	    "!xml-syntax 2: a document type declaration", 0 },
	{ "entity of its own", "<a>\n&hunter2;</a>",
	    "!xml-syntax 2: only the entities &amp; &lt;", 0 },
	{ "entity in an attribute", "<a b='&hunter2;'/>",
	    "!xml-syntax 1: only the entities", 0 },
	{ "bare ampersand", "<a>R & D</a>",
	    "!xml-syntax 1: \"<\" and \"&\" in text must be written as", 0 },
	{ "ampersand without semicolon", "<a>a&lt b</a>",
	    "!xml-syntax 1: \"&\" in text must be written as &amp;", 0 },
	{ "bare <", "<a>1 < 2</a>", "!xml-syntax 1: ", 0 },
	{ "]]> in text", "<a>]]></a>", "!xml-syntax 1: \"]]>\" in text", 0 },
	{ "latin-1 declared", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
	    "!xml-syntax 1: the document's encoding is not UTF-8", 0 },
	{ "UTF-16 declared", "<?xml version='1.0' encoding=\"UTF-16\"?><a/>",
	    "!xml-syntax 1: the document's encoding is not UTF-8", 0 },
	{ "UTF-7 declared", "<?xml version='1.0' encoding='UTF-7'?><a>+ADw-</a>",
	    "!xml-syntax 1: the document's encoding is not UTF-8", 0 },
	{ "UTF-8 with something after it",
	    "<?xml version='1.0' encoding='UTF-80'?><a/>",
	    "!xml-syntax 1: the document's encoding is not UTF-8", 0 },
	{ "latin-1 not declared", "<a>\n\xe9t\xe9</a>",
	    "!xml-syntax 2: there is a character that XML does not allow, or", 0 },
	{ "overlong", "<a>\xc0\xbc</a>", "!xml-syntax 1: ", 0 },
	{ "overlong in three", "<a>\xe0\x80\xbc</a>", "!xml-syntax 1: ", 0 },
	{ "surrogate", "<a>\xed\xa0\x80</a>", "!xml-syntax 1: ", 0 },
	{ "above U+10FFFF", "<a>\xf4\x90\x80\x80</a>", "!xml-syntax 1: ", 0 },
	{ "cut-off character", "<a>\xe2\x82</a>", "!xml-syntax 1: ", 0 },
	{ "not UTF-8 in an attribute", "<a b='\xe9 '/>", "!xml-syntax 1: ", 0 },
	{ "not UTF-8 in a name", "<a\xe9/>", "!xml-syntax 1: ", 0 },
	{ "not UTF-8 in CDATA", "<a><![CDATA[\xe9 ]]></a>", "!xml-syntax 1: ", 0 },
	{ "control character", "<a>\x01</a>",
	    "!xml-syntax 1: there is a character that XML does not allow", 0 },
	{ "reference to NUL", "<a>&#0;</a>",
	    "!xml-syntax 1: there is a character that XML does not allow", 0 },
	{ "reference to a surrogate", "<a>&#xD800;</a>",
	    "!xml-syntax 1: there is a character that XML does not allow", 0 },
	{ "processing instruction first", "<?php x?><a/>",
	    "!xml-syntax 1: processing instructions are not accepted", 0 },
	{ "style sheet", "<?xml-stylesheet href='x'?><a/>",
	    "!xml-syntax 1: processing instructions are not accepted", 0 },
	{ "processing instruction inside", "<a>\n<?x?></a>",
	    "!xml-syntax 2: processing instructions are not accepted", 0 },
	{ "processing instruction after", "<a/><?x?>",
	    "!xml-syntax 1: processing instructions are not accepted", 0 },
	{ "declaration after a space", " <?xml version='1.0'?><a/>",
	    "!xml-syntax 1: processing instructions are not accepted", 0 },
	{ "declaration twice", "<?xml version='1.0'?><?xml version='1.0'?><a/>",
	    "!xml-syntax 1: processing instructions are not accepted", 0 },
	{ "declaration without version", "<?xml encoding='UTF-8'?><a/>",
	    "!xml-syntax 1: ", 0 },
	{ "end tag of another", "<a>\n<hunter2>\n</b></a>",
	    "!xml-syntax 3: the end tag is not of the element that begins in line 2",
	    0 },
	{ "end tag first", "</a>", "!xml-syntax 1: there is an end tag without", 0 },
	{ "end tag too many", "<a/>\n</a>",
	    "!xml-syntax 2: there is an end tag without", 0 },
	{ "no end tag", "<a>\n<b>\n", "!xml-syntax 2: the document ends before this",
	    0 },
	{ "cut off in a tag", "<a>\n<b c='", "!xml-syntax 2: the document ends in the",
	    0 },
	{ "cut off in a comment", "<a/>\n<!-- ", "!xml-syntax 2: the document ends in",
	    0 },
	{ "cut off in CDATA", "<a><![CDATA[x", "!xml-syntax 1: the document ends in",
	    0 },
	{ "cut off after <", "<", "!xml-syntax 1: the document ends in", 0 },
	{ "attribute twice", "<a b='1' b='2'/>",
	    "!xml-syntax 1: a tag has the same attribute twice", 0 },
	{ "attribute twice by namespace",
	    "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
	    "!xml-syntax 1: a tag has the same attribute twice", 0 },
	{ "attribute without quotes", "<a b=1/>", "!xml-syntax 1: the value of an", 0 },
	{ "attribute without value", "<a b/>",
	    "!xml-syntax 1: an attribute has no value", 0 },
	{ "< in an attribute", "<a b='<'/>", "!xml-syntax 1: \"<\" in the value", 0 },
	{ "prefix of no namespace", "<a>\n<p:b/></a>",
	    "!xml-syntax 2: a namespace prefix is not declared", 0 },
	{ "attribute's prefix of no namespace", "<a p:b='1'/>",
	    "!xml-syntax 1: a namespace prefix is not declared", 0 },
	{ "-- in a comment", "<a><!-- -- --></a>", "!xml-syntax 1: a comment has", 0 },
	{ "first fault goes first", "<a>\n<b></c>\n</a>\n<!DOCTYPE x>",
	    "!xml-syntax 2: the end tag is not of", 0 },
	{ "first fault goes first, again", "<a>\n<!DOCTYPE x><b></c></a>",
	    "!xml-syntax 2: a document type", 0 },
};

static void
test_good(void **state)
{
	(void)state;
	check_rows(good, nitems(good));
}

static void
test_bad(void **state)
{
	(void)state;
	check_rows(bad, nitems(bad));
}

/* A text repeated. */
static void
repeat(struct buf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		assert_int_equal(buf_add_text(out, text), 0);
}

static void
check_buf(const char *name, struct buf *document, const char *expect)
{
	assert_int_equal(check(name, (const char *)document->data, document->len,
			     expect),
	    0);
	buf_clear(document);
}

static void
test_limits(void **state)
{
	struct buf b = { NULL, 0, 0 };

	(void)state;
	repeat(&b, "<a>\n", LIMIT_DEPTH + 1);
	check_buf("too deep", &b,
	    "!too-large 65: elements are nested more than 64 levels deep");
	repeat(&b, "<a>", 1000000);
	check_buf("a million levels", &b, "!too-large 1: elements are nested");

	repeat(&b, "\n<a", 1);
	for (int i = 0; i <= LIMIT_ATTRIBUTES; i++)
		buf_printf(&b, " a%d='%d'", i, i);
	buf_add_text(&b, "/>");
	check_buf("attributes", &b, "!too-large 2: a tag has more than 64 attributes");
	repeat(&b, "<a ", 1);
	for (int i = 0; i <= 20000; i++)
		buf_printf(&b, " xmlns:a%d='%d'", i, i);
	buf_add_text(&b, "/>");
	check_buf("namespaces", &b, "!too-large 1: a tag has more than 64 attributes");

	repeat(&b, "<a b='", 1);
	repeat(&b, "x", LIMIT_TAG);
	check_buf("tag", &b, "!too-large 1: a tag is longer than 65536 octets");
	repeat(&b, "<a></a", 1);
	repeat(&b, " ", LIMIT_TAG);
	check_buf("end tag", &b, "!too-large 1: a tag is longer than 65536 octets");
	repeat(&b, "<?xml ", 1);
	repeat(&b, " ", LIMIT_TAG);
	check_buf("declaration", &b, "!xml-syntax 1: the XML declaration is too long");
}

/* What is at a limit is taken. */
static void
test_within_limits(void **state)
{
	struct buf b = { NULL, 0, 0 };
	char *got;

	(void)state;
	repeat(&b, "<a>", LIMIT_DEPTH);
	repeat(&b, "</a>", LIMIT_DEPTH);
	got = result_of((const char *)b.data, b.len, 1);
	assert_int_not_equal(got[0], '!');
	free(got);
	buf_clear(&b);

	repeat(&b, "<a", 1);
	for (int i = 0; i < LIMIT_ATTRIBUTES; i++)
		buf_printf(&b, " a%d='%d'", i, i);
	repeat(&b, "/>", 1);
	got = result_of((const char *)b.data, b.len, 1);
	assert_int_not_equal(got[0], '!');
	free(got);
	buf_clear(&b);

	repeat(&b, "<a b='", 1);
	repeat(&b, "x", LIMIT_TAG - 9);
	repeat(&b, "'/>", 1);
	got = result_of((const char *)b.data, b.len, 100);
	assert_int_not_equal(got[0], '!');
	free(got);
	buf_clear(&b);
}

static void
test_elements(void **state)
{
	struct buf b = { NULL, 0, 0 };
	struct xml_node *root = NULL;
	struct err err;

	(void)state;
	repeat(&b, "<a>", 1);
	repeat(&b, "<b/>\n", LIMIT_ELEMENTS - 1);
	repeat(&b, "</a>", 1);
	assert_int_equal(xml_read(b.data, b.len, &root, &err), 0);
	assert_int_equal(root->last_child->line, LIMIT_ELEMENTS - 1);
	xml_free(root);

	b.len -= 4;
	repeat(&b, "<b/></a>", 1);
	assert_int_equal(xml_read(b.data, b.len, &root, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	assert_int_equal(err.line, LIMIT_ELEMENTS);
	buf_clear(&b);
}

/* 256 MiB pass as a stream, here of what takes no memory; one octet more does not. */
static void
test_document_size(void **state)
{
	static const char begin[] = "<a/>";
	char space[1 << 16];
	struct xml_reader *r = xml_reader_new();
	struct err err = { .code = ERR_NONE };
	size_t left = LIMIT_DOCUMENT - strlen(begin);

	(void)state;
	memset(space, ' ', sizeof(space));
	assert_non_null(r);
	assert_int_equal(xml_reader_feed(r, begin, strlen(begin), &err), 0);
	while (left > 0) {
		size_t n = left < sizeof(space) ? left : sizeof(space);

		assert_int_equal(xml_reader_feed(r, space, n, &err), 0);
		left -= n;
	}
	assert_int_equal(xml_reader_feed(r, space, 1, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	assert_string_equal(err.text, "the document is larger than 256 MiB");
	xml_reader_free(r);
}

/* A text, comment or CDATA section of 12 MB: above libxml2's own limit of 10 MB. */
static void
test_long(void **state)
{
	static const char *const rows[][2] = {
		{ "<a>\n", "</a>" },
		{ "<a>\n<![CDATA[", "]]></a>" },
		{ "<a>\n<!--", "--></a>" },
		{ "<a>\n<!--", "--><b/></a>" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf b = { NULL, 0, 0 };
		struct xml_node *root = NULL;
		struct err err;

		repeat(&b, rows[i][0], 1);
		repeat(&b, "MIIBszCCAVmgAwIBAgIUbm90aGluZyB0byBzZWUgaGVyZSBhdCBhbGw\n",
		    12 << 20 >> 6);
		repeat(&b, rows[i][1], 1);
		if (xml_read(b.data, b.len, &root, &err) == -1)
			fail_msg("%s: line %u: %s", rows[i][0], err.line, err.text);
		if (i < 2)
			assert_in_range(root->text.len, 10 << 20, 13 << 20);
		if (i == 3)
			assert_int_equal(root->child->line, 2 + (12 << 20 >> 6));
		xml_free(root);
		buf_clear(&b);
	}
}

static void
test_path(void **state)
{
	static const char document[] =
	    "<certconf><credential><name>a'b</name><certificate/></credential>"
	    "<credential><name> local\n</name></credential>"
	    "<credential><name>a'\"</name></credential><name/></certconf>";
	struct xml_node *root = NULL, *node;
	char path[256];
	struct err err;

	(void)state;
	assert_int_equal(xml_read(document, strlen(document), &root, &err), 0);
	assert_string_equal(xml_path(root, path, sizeof(path)), "/certconf");
	node = root->child;
	assert_string_equal(xml_path(node->last_child, path, sizeof(path)),
	    "/certconf/credential[name=\"a'b\"]/certificate");
	node = node->next;
	assert_string_equal(xml_path(node, path, sizeof(path)),
	    "/certconf/credential[name='local']");
	assert_string_equal(xml_path(node, path, 12), "/certconf/c");
	node = node->next;
	assert_string_equal(xml_path(node, path, sizeof(path)), "/certconf/credential");
	xml_free(root);
}

static void
test_find(void **state)
{
	static const char document[] =
	    "<a xmlns='u' xmlns:p='v' p:x='1' x='2'><p:b/><b> t </b></a>";
	struct xml_node *root = NULL;
	struct err err;

	(void)state;
	assert_int_equal(xml_read(document, strlen(document), &root, &err), 0);
	assert_string_equal(xml_attr(root, "v", "x"), "1");
	assert_string_equal(xml_attr(root, "", "x"), "2");
	assert_null(xml_attr(root, "u", "x"));
	assert_ptr_equal(xml_child(root, "v", "b"), root->child);
	assert_ptr_equal(xml_child(root, "u", "b"), root->last_child);
	assert_null(xml_child(root, "", "b"));
	assert_true(xml_is(root, "u", "a"));
	assert_false(xml_is(root, "", "a"));
	assert_true(text_is(xml_text(root->last_child), "t"));
	assert_true(text_is(xml_value(root->last_child), " t "));
	assert_int_equal(xml_value(root->child).len, 0);
	xml_free(root);
	xml_free(NULL);
	xml_reader_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_within_limits),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_document_size),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
