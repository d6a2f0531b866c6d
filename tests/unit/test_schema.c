/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/names.h"
#include "lib/schema.h"

#define HEAD "<certconf xmlns='" CERTCONF_NS "' xmlns:nc='" NETCONF_NS "'>\n"
#define ROOT(inside) HEAD inside "</certconf>"
#define LONG_64 "a123456789b123456789c123456789d123456789e123456789f123456789g123"
#define EURO_8                                                                         \
	"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"     \
	"\xe2\x82\xac\xe2\x82\xac"
#define EURO_64 EURO_8 EURO_8 EURO_8 EURO_8 EURO_8 EURO_8 EURO_8 EURO_8

/*
 * expect: "" when it is of the model, else "CODE WHERE, line N: TEXT" as far as given.
 */
static const struct {
	const char *name, *document, *expect;
} rows[] = {
	{ "nothing", ROOT(""), "" },
	{ "everything",
	    ROOT(
		"<credential nc:operation='merge'><name>local</name><certificate>x"
		"</certificate><private-key>k</private-key><private-key-password>p"
		"</private-key-password></credential><trust-store><certificate><name>A b"
		"</name><cert-data>x</cert-data></certificate></trust-store>"
		"<verification-mode>outgoing-and-incoming</verification-mode><service>"
		"<name>web</name><enabled>true</enabled><credential>local</credential>"
		"</service>"),
	    "" },
	{ "monitoring",
	    ROOT(
		"<monitoring nc:operation='merge'><warning-days nc:operation='delete'/>"
		"<notify/><certificate nc:operation='create'><name>factory</name><monitor>"
		"false</monitor></certificate><trust-anchor><name>A b</name></trust-anchor>"
		"</monitoring>"),
	    "" },
	{ "monitoring, too many days",
	    ROOT("<monitoring>\n<warning-days>3651</warning-days></monitoring>"),
	    "bad-element /certconf/monitoring/warning-days, line 3: the value must be a "
	    "number from 0 to 3650" },
	{ "monitoring, unknown class",
	    ROOT("<monitoring><notify>commit hunter</notify></monitoring>"),
	    "bad-element /certconf/monitoring/notify, line 2: there are only the classes "
	    "local-expiry" },
	{ "monitoring, entry twice",
	    ROOT("<monitoring><certificate><name>a</name></certificate><certificate>"
		 "<name>a</name></certificate></monitoring>"),
	    "bad-element /certconf/monitoring/certificate[name='a'], line 2: the list has" },
	{ "shorthand",
	    ROOT("<trust-store><certificates>x</certificates></trust-store>"), "" },
	{ "in any order",
	    ROOT("<verification-mode>none</verification-mode><credential>"
		 "<certificate/><name>x</name></credential>"),
	    "" },
	{ "two entries",
	    ROOT("<service><name>a</name></service><service><name>b</name>"
		 "</service>"),
	    "" },
	{ "deleted leaf without its value",
	    ROOT("<verification-mode nc:operation='delete'/>"), "" },
	{ "deleted container without content",
	    ROOT("<trust-store nc:operation='remove'/>"), "" },

	/* names and namespaces */
	{ "another root", "<x xmlns='" CERTCONF_NS "'/>",
	    "unknown-element /x, line 1: there is no such element here" },
	{ "root without namespace", "<certconf/>",
	    "unknown-namespace /certconf, line 1: the element has no namespace; it must be "
	    "urn:certconf:params:xml:ns:yang:certconf" },
	{ "root of another namespace", "<certconf xmlns='urn:x'/>",
	    "unknown-namespace /certconf, line 1: the element is in another namespace" },
	{ "child of another namespace", ROOT("<credential xmlns='urn:x'/>"),
	    "unknown-namespace /certconf/credential, line 2: the element is in another" },
	{ "child without namespace", ROOT("<credential xmlns=''/>"),
	    "unknown-namespace /certconf/credential, line 2: the element has no" },
	{ "unknown element", ROOT("\n<hunter/>"),
	    "unknown-element /certconf/hunter, line 3: there is no such element here" },
	{ "unknown element in an entry",
	    ROOT("<credential><name>a</name>\n<cert/></credential>"),
	    "unknown-element /certconf/credential[name='a']/cert, line 3: there is no" },
	{ "pkcs12, which is not supported",
	    ROOT("<credential><name>a</name><pkcs12/></credential>"),
	    "unknown-element /certconf/credential[name='a']/pkcs12, line 2: there is no" },
	{ "element at the wrong place", ROOT("<cert-data/>"),
	    "unknown-element /certconf/cert-data, line 2: there is no" },
	{ "state", ROOT("<state><model>x</model></state>"),
	    "unknown-element /certconf/state, line 2: this is state, which can only be "
	    "read" },

	/* attributes */
	{ "unknown attribute", ROOT("<credential a='1'><name>a</name></credential>"),
	    "unknown-attribute /certconf/credential[name='a'], line 2: the element has an "
	    "attribute that is not known" },
	{ "operation without namespace", ROOT("<trust-store operation='delete'/>"),
	    "unknown-attribute /certconf/trust-store, line 2: " },
	{ "attribute on the root", "<certconf x='1' xmlns='" CERTCONF_NS "'/>",
	    "unknown-attribute /certconf, line 1: " },
	{ "unknown operation", ROOT("<trust-store nc:operation='destroy'/>"),
	    "bad-attribute /certconf/trust-store, line 2: an operation is merge, replace, "
	    "create, delete or remove" },
	{ "operation none", ROOT("<trust-store nc:operation='none'/>"),
	    "bad-attribute /certconf/trust-store, line 2: an operation is" },
	{ "operation on a leaf that has none",
	    ROOT("<service><name>a</name><enabled nc:operation='delete'/></service>"),
	    "unsupported /certconf/service[name='a']/enabled, line 2: an operation is only "
	    "possible on" },
	{ "operation on an anchor",
	    ROOT("<trust-store><certificate nc:operation='delete'><name>a</name>"
		 "</certificate></trust-store>"),
	    "unsupported /certconf/trust-store/certificate[name='a'], line 2: an operation" },
	{ "deletion of everything",
	    "<certconf xmlns='" CERTCONF_NS
	    "' nc:operation='delete' xmlns:nc='" NETCONF_NS "'/>",
	    "unsupported /certconf, line 1: the operation on the whole configuration is" },

	/* shape */
	{ "leaf twice",
	    ROOT("<credential><name>a</name><private-key>x</private-key>\n"
		 "<private-key>x</private-key></credential>"),
	    "bad-element /certconf/credential[name='a']/private-key, line 3: the element is "
	    "there twice" },
	{ "container twice",
	    ROOT("<trust-store><certificates/></trust-store>\n"
		 "<trust-store><certificates/></trust-store>"),
	    "bad-element /certconf/trust-store, line 3: the element is there twice" },
	{ "mode twice",
	    ROOT("<verification-mode>none</verification-mode>\n"
		 "<verification-mode>none</verification-mode>"),
	    "bad-element /certconf/verification-mode, line 3: the element is there twice" },
	{ "entry without key", ROOT("<credential>\n<certificate/></credential>"),
	    "missing-element /certconf/credential, line 2: it has no element name" },
	{ "anchor without certificate",
	    ROOT(
		"<trust-store><certificate><name>a</name></certificate></trust-store>"),
	    "missing-element /certconf/trust-store/certificate[name='a'], line 2: it has no "
	    "element cert-data" },
	{ "entry twice",
	    ROOT("<credential><name>a</name></credential>\n<credential><name>b"
		 "</name></credential>\n<credential><name>a</name></credential>"),
	    "bad-element /certconf/credential[name='a'], line 4: the list has an entry of "
	    "this name already" },
	{ "entry twice in one line",
	    ROOT("<service><name>a</name></service><service><name>a</name></service>"),
	    "bad-element /certconf/service[name='a'], line 2: the list has an entry" },
	{ "anchor twice",
	    ROOT("<trust-store><certificate><name>a</name><cert-data/></certificate>"
		 "<certificate><name>a</name><cert-data/></certificate></trust-store>"),
	    "bad-element /certconf/trust-store/certificate[name='a'], line 2: the list" },
	{ "trust store in both forms",
	    ROOT("<trust-store><certificate><name>a</name><cert-data/></certificate>\n"
		 "<certificates/></trust-store>"),
	    "bad-element /certconf/trust-store/certificates, line 3: the trust store is "
	    "given twice" },
	{ "text in a container", ROOT("<trust-store>\nhunter2</trust-store>"),
	    "bad-element /certconf/trust-store, line 2: there is text where only elements "
	    "belong" },
	{ "text in the root", ROOT("hunter2"),
	    "bad-element /certconf, line 1: there is text where only" },
	{ "text in an entry", ROOT("<service>x<name>a</name></service>"),
	    "bad-element /certconf/service[name='a'], line 2: there is text where only" },
	{ "element in a leaf",
	    ROOT("<credential><name>a</name><private-key-password>hun<ter2/>"
		 "</private-key-password></credential>"),
	    "bad-element /certconf/credential[name='a']/private-key-password, line 2: there "
	    "is an element where only text belongs" },

	/* values */
	{ "empty name", ROOT("<credential><name/></credential>"),
	    "bad-element /certconf/credential/name, line 2: a name has 1 to 64 characters" },
	{ "longest name", ROOT("<service><name>" LONG_64 "</name></service>"), "" },
	{ "name too long", ROOT("<service><name>" LONG_64 "x</name></service>"),
	    "bad-element /certconf/service/name, line 2: a name has 1 to 64 characters" },
	{ "name with a slash", ROOT("<service><name>../x</name></service>"),
	    "bad-element /certconf/service[name='../x']/name, line 2: a name does not begin "
	    "with \".\"" },
	{ "name with a slash inside", ROOT("<service><name>a/b</name></service>"),
	    "bad-element /certconf/service[name='a/b']/name, line 2: a name has only "
	    "letters, digits, \"_\", \"-\" and \".\"" },
	{ "name like an option", ROOT("<service><name>-rf</name></service>"),
	    "bad-element /certconf/service[name='-rf']/name, line 2: a name does not begin "
	    "with \"-\"" },
	{ "name of a file that is hidden", ROOT("<service><name>.a</name></service>"),
	    "bad-element /certconf/service[name='.a']/name, line 2: a name does not begin" },
	{ "name not ASCII", ROOT("<service><name>caf\xc3\xa9</name></service>"),
	    "bad-element /certconf/service[name='caf\xc3\xa9']/name, line 2: a name has "
	    "only" },
	{ "white space around a name", ROOT("<service><name> a</name></service>"),
	    "bad-element /certconf/service[name='a']/name, line 2: there is white space "
	    "around the value" },
	{ "boolean", ROOT("<service><name>a</name><enabled>1</enabled></service>"),
	    "bad-element /certconf/service[name='a']/enabled, line 2: the value must be "
	    "true or false" },
	{ "boolean in capitals",
	    ROOT("<service><name>a</name><enabled>TRUE</enabled>"
		 "</service>"),
	    "bad-element /certconf/service[name='a']/enabled, line 2: the value must be" },
	{ "boolean empty", ROOT("<service><name>a</name><enabled/></service>"),
	    "bad-element /certconf/service[name='a']/enabled, line 2: the value must be" },
	{ "mode", ROOT("<verification-mode>both</verification-mode>"),
	    "bad-element /certconf/verification-mode, line 2: the value must be none, "
	    "outgoing or outgoing-and-incoming" },
	{ "mode in the manner of the MIB",
	    ROOT("<verification-mode>outgoingAndIncoming</verification-mode>"),
	    "bad-element /certconf/verification-mode, line 2: the value must be none" },
	{ "line after a mode", ROOT("<verification-mode>none\n</verification-mode>"),
	    "bad-element /certconf/verification-mode, line 2: there is white space around" },
	{ "label in any language",
	    ROOT("<trust-store><certificate><name>" EURO_64 "</name><cert-data/>"
		 "</certificate></trust-store>"),
	    "" },
	{ "label too long",
	    ROOT("<trust-store><certificate><name>" EURO_64 "x</name><cert-data/>"
		 "</certificate></trust-store>"),
	    "bad-element /certconf/trust-store/certificate/name, line 2: a name has 1 to" },
	{ "label of two lines",
	    ROOT("<trust-store><certificate><name>a\nb</name><cert-data/></certificate>"
		 "</trust-store>"),
	    "bad-element /certconf/trust-store/certificate/name, line 2: a name has no "
	    "control characters" },
	{ "label with a control character",
	    ROOT(
		"<trust-store><certificate><name>a&#x85;b</name><cert-data/></certificate>"
		"</trust-store>"),
	    "bad-element /certconf/trust-store/certificate[name='a\xc2\x85"
	    "b']/name, line 2: a name has no control" },
	{ "label empty",
	    ROOT(
		"<trust-store><certificate><name/><cert-data/></certificate></trust-store>"),
	    "bad-element /certconf/trust-store/certificate/name, line 2: a name has 1 to" },
};

static char *
verdict(const char *document)
{
	struct xml_node *root = NULL;
	struct err err = { .code = ERR_NONE };
	struct buf out = { NULL, 0, 0 };
	char text[600];

	buf_add_text(&out, "");
	if (xml_read(document, strlen(document), &root, &err) == -1)
		fail_msg("not XML: %s", err.text);
	if (schema_check(root, &err) == -1)
		buf_printf(&out, "%s %s", err_kind(err.code)->text,
		    err_format(&err, text, sizeof(text)));
	xml_free(root);
	return (char *)out.data;
}

static void
test_documents(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char *got = verdict(rows[i].document);
		size_t len = strlen(rows[i].expect);

		if (len == 0 ? got[0] != '\0'
			     : strncmp(got, rows[i].expect, len) != 0) {
			print_error("%s: got \"%s\", expected \"%s\"\n", rows[i].name,
			    got, rows[i].expect);
			failed++;
		}
		free(got);
	}
	assert_int_equal(failed, 0);
}

/* The value of a secret leaf, or of anything else, is in no refusal. */
static void
test_no_value_is_told(void **state)
{
	static const char *const values[] = { "hunter2", "hun ter2", "\thunter2",
		"hun&#x85;ter2", "<hunter2/>", "&hunter2;" };
	static const char *const leaves[] = {
		ROOT(
		    "<credential><name>a</name><private-key>%s</private-key></credential>"),
		ROOT("<credential><name>a</name><private-key-password>%s"
		     "</private-key-password></credential>"),
		ROOT("<verification-mode>%s</verification-mode>"),
		ROOT("<service><name>a</name><enabled>%s</enabled></service>"),
		ROOT("<service><name>a</name><credential>%s</credential></service>"),
	};
	struct xml_node *root;
	struct err err;
	char document[512];

	(void)state;
	for (size_t i = 0; i < nitems(leaves) * nitems(values); i++) {
		const char *leaf = leaves[i / nitems(values)],
			   *end = strstr(leaf, "%s");

		snprintf(document, sizeof(document), "%.*s%s%s", (int)(end - leaf),
		    leaf, values[i % nitems(values)], end + 2);
		err_clear(&err);
		if (xml_read(document, strlen(document), &root, &err) == 0) {
			(void)schema_check(root, &err);
			xml_free(root);
		}
		assert_null(strstr(err.text, "hun"));
	}
}

static void
test_bad_element_is_named(void **state)
{
	static const char *const expect[][2] = {
		{ ROOT("<hunter/>"), "hunter" },
		{ ROOT("<credential/>"), "name" },
		{ ROOT("<service><name>a</name><enabled/></service>"), "enabled" },
		{ ROOT("<trust-store x='1'/>"), "x" },
	};
	struct xml_node *root;
	struct err err;

	(void)state;
	for (size_t i = 0; i < nitems(expect); i++) {
		assert_int_equal(xml_read(expect[i][0], strlen(expect[i][0]), &root,
				     &err),
		    0);
		assert_int_equal(schema_check(root, &err), -1);
		assert_string_equal(err.element, expect[i][1]);
		xml_free(root);
	}
}

static void
test_operations(void **state)
{
	static const char document[] =
	    ROOT("<trust-store nc:operation='remove'/><verification-mode/>");
	struct xml_node *root;
	struct err err;

	(void)state;
	assert_int_equal(xml_read(document, strlen(document), &root, &err), 0);
	assert_int_equal(schema_operation(root->child, EDIT_MERGE), EDIT_REMOVE);
	assert_int_equal(schema_operation(root->last_child, EDIT_MERGE), EDIT_MERGE);
	xml_free(root);
	assert_int_equal(edit_operation_find("replace"), EDIT_REPLACE);
	assert_int_equal(edit_operation_find("Replace"), EDIT_OPERATION_MAX);
	assert_int_equal(edit_operation_find(""), EDIT_OPERATION_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_no_value_is_told),
		cmocka_unit_test(test_bad_element_is_named),
		cmocka_unit_test(test_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
