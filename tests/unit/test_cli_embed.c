/* SPDX-License-Identifier: ISC */
/* Which octets of a document are sent, with which namespaces, at which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/embed.h"
#include "lib/names.h"

#define NO_NAMESPACE " xmlns=\"\""

struct row {
	const char *name;
	const char *document;
	const char *element; /* local name of the one to send; NULL: all */
	const char *body;
	const char *attributes;
	uint32_t lines;
};

static const struct row rows[] = {
	{ "all", "<a/>", NULL, "<a/>", NO_NAMESPACE, 0 },
	{ "declaration", "<?xml version='1.0'\n?>\n<a/>", NULL, "\n<a/>", NO_NAMESPACE,
	    1 },
	{ "byte order mark", "\xef\xbb\xbf<?xml version='1.0'?><a/>", NULL, "<a/>",
	    NO_NAMESPACE, 0 },
	{ "no XML at all", "hello", NULL, "hello", NO_NAMESPACE, 0 },
	{ "nothing", "", NULL, "", NO_NAMESPACE, 0 },
	{ "content", "<c><a>1</a></c>", "c", "<a>1</a>", NO_NAMESPACE, 0 },
	{ "lines before", "<!--\n-->\n<c\n>\n<a/></c>", "c", "\n<a/>", NO_NAMESPACE,
	    3 },
	{ "empty element", "<r><c/></r>", "c", "", NO_NAMESPACE, 0 },
	{ "slash in a value", "<c x='/'><a/></c>", "c", "<a/>", " x='/'" NO_NAMESPACE,
	    0 },
	{ "end in a value", "<c x='>'><a y=\"/>\">'</a></c>", "c", "<a y=\"/>\">'</a>",
	    " x='>'" NO_NAMESPACE, 0 },
	{ "same name within", "<c><c><c/></c></c>", "c", "<c><c/></c>", NO_NAMESPACE,
	    0 },
	{ "in comment and CDATA", "<r><!-- <c> --><d><![CDATA[<c>]]></d><c>x</c></r>",
	    "c", "x", NO_NAMESPACE, 0 },
	{ "comment in it", "<c><!-- </c> --><a/></c>", "c", "<!-- </c> --><a/>",
	    NO_NAMESPACE, 0 },
	{ "space before the end", "<c><a/></c\n>", "c", "<a/>", NO_NAMESPACE, 0 },
	{ "default namespace", "<c xmlns='urn:x'>1</c>", "c", "1", " xmlns='urn:x'",
	    0 },
	{ "declared around", "<r xmlns='urn:x' xmlns:p='urn:p' k='v'><c>1</c></r>", "c",
	    "1", " xmlns='urn:x' xmlns:p='urn:p'", 0 },
	{ "declared again",
	    "<r xmlns='urn:x' xmlns:p='urn:p'><c xmlns:p='urn:q'>1</c></r>", "c", "1",
	    " xmlns:p='urn:q' xmlns='urn:x'", 0 },
	{ "declared aside",
	    "<r><d xmlns:p='urn:p'/><d xmlns:q='urn:q'></d><c>1</c></r>", "c", "1",
	    NO_NAMESPACE, 0 },
	{ "line in a value", "<c k='1\n2'>\n</c>", "c", "\n", " k='1\n2'" NO_NAMESPACE,
	    0 },
	{ "spaces at the equals sign", "<c k = 'v' >1</c>", "c", "1",
	    " k = 'v'" NO_NAMESPACE, 0 },
};

static const struct xml_node *
find(const struct xml_node *n, const char *name)
{
	const struct xml_node *found;

	if (strcmp(n->name, name) == 0)
		return n;
	for (n = n->child; n != NULL; n = n->next) {
		if ((found = find(n, name)) != NULL)
			return found;
	}
	return NULL;
}

static void
check_row(const struct row *row)
{
	const struct text document = text_of(row->document);
	const struct xml_node *element = NULL;
	struct xml_node *root = NULL;
	struct embedding e;
	struct err err = { 0 };

	if (row->element != NULL) {
		if (xml_read(document.data, document.len, &root, &err) == -1)
			fail_msg("%s: %s", row->name, err.text);
		element = find(root, row->element);
	}
	if (embed_find(document, root, element, &e, &err) == -1)
		fail_msg("%s: %s", row->name, err.text);
	if (!text_is(e.body, row->body))
		fail_msg("%s: body is \"%.*s\"", row->name, (int)e.body.len,
		    e.body.data);
	if (strcmp((char *)e.attributes.data, row->attributes) != 0)
		fail_msg("%s: attributes are \"%s\"", row->name,
		    (char *)e.attributes.data);
	if (e.lines != row->lines)
		fail_msg("%s: %u lines", row->name, e.lines);
	embed_clear(&e);
	xml_free(root);
}

static void
test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < nitems(rows); i++)
		check_row(&rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
