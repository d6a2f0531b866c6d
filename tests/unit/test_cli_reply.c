/* SPDX-License-Identifier: ISC */
/* Errors and state of an agent's replies; what is to be done next; words for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libxml/parser.h>

#include "cli/next.h"
#include "cli/out.h"
#include "cli/reply.h"
#include "lib/schema.h"

static xmlDoc *
parse(const char *text)
{
	xmlDoc *doc =
	    xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);

	assert_non_null(doc);
	return doc;
}

/* --- errors --- */

struct error_row {
	const char *name;
	const char *content; /* of rpc-error */
	enum err_code code;
	const char *where, *text;
	uint32_t line;
};

#define TAG(t) "<error-tag>" t "</error-tag>"
#define APP_TAG(t) "<error-app-tag>" t "</error-app-tag>"
#define PATH(p) "<error-path>" p "</error-path>"
#define MESSAGE(m) "<error-message xml:lang='en'>\n " m " </error-message>"
#define LINE(ns, n) "<error-info><line xmlns='" ns "'>" n "</line></error-info>"

static const struct error_row errors[] = {
	{ "own tag wins", TAG("invalid-value") APP_TAG("expired") MESSAGE("late"),
	    ERR_EXPIRED, "", "late", 0 },
	{ "tag alone", TAG("lock-denied") MESSAGE("locked"), ERR_LOCKED, "", "locked",
	    0 },
	{ "strange own tag", TAG("in-use") APP_TAG("vendor-thing") MESSAGE("x"),
	    ERR_BUSY, "", "x", 0 },
	{ "nothing", "", ERR_OTHER, "", "the agent refused without giving a reason",
	    0 },
	{ "no message", TAG("too-big"), ERR_TOO_LARGE, "", "too-big", 0 },
	{ "not an error of ours", TAG("operation-failed") APP_TAG("none") MESSAGE("x"),
	    ERR_OTHER, "", "x", 0 },
	{ "path", TAG("bad-element") PATH("/certconf/service") MESSAGE("x"),
	    ERR_BAD_ELEMENT, "/certconf/service", "x", 0 },
	{ "path of the envelope",
	    TAG("bad-element") PATH("/rpc/edit-config/config/certconf/a") MESSAGE("x"),
	    ERR_BAD_ELEMENT, "/certconf/a", "x", 0 },
	{ "path in the envelope",
	    TAG("bad-element") PATH("/rpc/edit-config/target") MESSAGE("x"),
	    ERR_BAD_ELEMENT, "/rpc/edit-config/target", "x", 0 },
	{ "line", TAG("bad-element") MESSAGE("x") LINE(CERTCONF_NS, " 12 "),
	    ERR_BAD_ELEMENT, "", "x", 12 },
	{ "line of somebody else", TAG("bad-element") MESSAGE("x") LINE("urn:x", "12"),
	    ERR_BAD_ELEMENT, "", "x", 0 },
	{ "impossible line",
	    TAG("bad-element") MESSAGE("x") LINE(CERTCONF_NS, "99999999999"),
	    ERR_BAD_ELEMENT, "", "x", 0 },
	{ "control characters", TAG("bad-element") MESSAGE("a&#10;b"), ERR_BAD_ELEMENT,
	    "", "a?b", 0 },
};

static void
check_error(const struct error_row *row)
{
	struct err err = { 0 };
	char text[1024];
	xmlDoc *doc;

	(void)snprintf(text, sizeof(text),
	    "<rpc-reply xmlns='" NETCONF_NS "'><rpc-error>%s</rpc-error></rpc-reply>",
	    row->content);
	doc = parse(text);
	if (reply_check(xmlDocGetRootElement(doc), &err) != -1)
		fail_msg("%s: is no error", row->name);
	if (err.code != row->code || err.line != row->line)
		fail_msg("%s: %s, line %u", row->name, err_kind(err.code)->text,
		    err.line);
	if (strcmp(err.where, row->where) != 0 || strcmp(err.text, row->text) != 0)
		fail_msg("%s: \"%s\" at \"%s\"", row->name, err.text, err.where);
	xmlFreeDoc(doc);
}

static void
test_errors(void **state)
{
	struct err err = { 0 };
	xmlDoc *doc;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(errors); i++)
		check_error(&errors[i]);
	doc = parse("<rpc-reply xmlns='" NETCONF_NS "'><ok/></rpc-reply>");
	assert_int_equal(reply_check(xmlDocGetRootElement(doc), &err), 0);
	xmlFreeDoc(doc);
}

/* --- state --- */

struct json_row {
	const char *name, *xml, *json;
};

static const struct json_row jsons[] = {
	{ "text", "<s><model> MCU </model></s>", "{\"model\":\"MCU\"}" },
	{ "empty text", "<s><model/></s>", "{\"model\":\"\"}" },
	{ "number", "<s><generation>18446744073</generation></s>",
	    "{\"generation\":18446744073}" },
	{ "negative", "<s><earliest-days-left>-3</earliest-days-left></s>",
	    "{\"earliest-days-left\":-3}" },
	{ "no number", "<s><generation>x</generation></s>", "{\"generation\":\"x\"}" },
	{ "digits of a text", "<s><serial>12</serial></s>", "{\"serial\":\"12\"}" },
	{ "boolean", "<s><factory-in-use>true</factory-in-use></s>",
	    "{\"factory-in-use\":true}" },
	{ "no boolean", "<s><enabled>perhaps</enabled></s>",
	    "{\"enabled\":\"perhaps\"}" },
	{ "container", "<s><lock><user>a</user></lock></s>",
	    "{\"lock\":{\"user\":\"a\"}}" },
	{ "list",
	    "<s><service><name>a</name></service><service><name>b</name></service></s>",
	    "{\"service\":[{\"name\":\"a\"},{\"name\":\"b\"}]}" },
	{ "leaf of a list's name", "<s><service>a</service></s>",
	    "{\"service\":\"a\"}" },
};

static void
test_json(void **state)
{
	const struct json_row *row;
	json_t *json;
	char *text;
	xmlDoc *doc;

	(void)state;
	for (row = jsons; row < jsons + nitems(jsons); row++) {
		doc = parse(row->xml);
		json = reply_json(xmlDocGetRootElement(doc));
		text = json_dumps(json, JSON_COMPACT);
		if (text == NULL || strcmp(text, row->json) != 0)
			fail_msg("%s: %s", row->name, text);
		free(text);
		json_decref(json);
		xmlFreeDoc(doc);
	}
}

/* --- what to do next --- */

struct next_row {
	const char *name, *state;
	const char
	    *expect; /* the beginning of the first sentence; NULL: there is none */
};

static const struct next_row nexts[] = {
	{ "nothing", "{}", NULL },
	{ "all is well",
	    "{'configuration-state':'idle','last':{'action':'commit','result':"
	    "'success'},'service':[{'name':'a','enabled':true,'in-sync':'in-sync'}]}",
	    NULL },
	{ "stuck before all", "{'configuration-state':'stuck','factory-in-use':true}",
	    "Stuck" },
	{ "a candidate", "{'candidate':{}}",
	    "Uncommitted changes (time unknown): certconf commit" },
	{ "last that went well before",
	    "{'last':{'action':'commit','result':'failed'}}", NULL },
	{ "last failed",
	    "{'last':{'action':'rollback','result':'failed','error-text':'x'}}",
	    "Last rollback failed (time unknown): x" },
	{ "undone",
	    "{'last':{'action':'rollback','result':'rolled-back','user':'a',"
	    "'error':'confirm-timeout','error-text':'x'}}",
	    "Last commit with --confirm was undone (time unknown, by a): x" },
	{ "refused import only once",
	    "{'last':{'action':'import','result':'failed',"
	    "'error-text':'x'}}",
	    NULL },
	{ "a refusal on its own", "{'refused':{'user':'a','text':'x'}}",
	    "Last import failed (time unknown, by a): x" },
	{ "a refused commit",
	    "{'refused':{'user':'a','text':'x'},'last':{'action':'commit',"
	    "'result':'failed','user':'a','error-text':'x and more'}}",
	    "Last commit failed (time unknown, by a): x" },
	{ "a disabled service",
	    "{'service':[{'name':'a','enabled':false,'in-sync':"
	    "'out-of-sync','feature':'missing'}]}",
	    NULL },
	{ "not in use",
	    "{'certificate':[{'name':'a','in-use':false,'status':'expired'}]}", NULL },
	{ "expired, not monitored",
	    "{'certificate':[{'name':'a','in-use':true,'monitor':false,"
	    "'status':'expired'}]}",
	    NULL },
	{ "factory, not monitored",
	    "{'factory-in-use':true,'certificate':[{'name':'factory','factory':true,"
	    "'monitor':false}]}",
	    NULL },
	{ "my confirmed commit",
	    "{'current-time':'2026-11-23T08:00:00Z','stuck':1,'confirmed-commit':{"
	    "'until':'2026-11-23T08:09:01Z','user':'me','persistent':true,'restore':3}}",
	    "Awaiting confirmation until 2026-11-23 08:09:01 UTC (in 9 min), begun by me: "
	    "certconf confirm keeps it, certconf cancel goes back" },
	{ "another's confirmed commit",
	    "{'confirmed-commit':{'until':'x','user':'bob','persistent':true}}",
	    "Awaiting confirmation until x, begun by bob: certconf confirm --id ID" },
	{ "what SNMP began",
	    "{'confirmed-commit':{'until':'x','user':'snmp','persistent':true}}",
	    "Awaiting confirmation until x, begun by snmp: certconf confirm --id snmp keeps "
	    "it, certconf cancel --id snmp goes back" },
	{ "a session's confirmed commit",
	    "{'confirmed-commit':{'until':'x','user':'me','persistent':false}}",
	    "Awaiting confirmation until x, begun by me: only the session" },
	{ "restarts",
	    "{'restart-pending':true,'service':[{'name':'a','restart-pending':true},"
	    "{'name':'b','restart-pending':false},{'name':'c','restart-pending':true}]}",
	    "A restart is pending: what is in force is not used yet by a, c. certconf" },
	{ "restart of the device",
	    "{'restart-pending':true,'service':[{'name':'a','restart-pending':true,"
	    "'restart-device':true}]}",
	    "A restart of the device is pending: only then what is in force is used by a." },
	{ "files", "{'files-problem':'x differs'}",
	    "The files in force are not as they were written: x differs. " },
	{ "ends soon",
	    "{'certificate':[{'name':'a','in-use':true,'status':'warning',"
	    "'days-left':12}]}",
	    "Certificate a: 12 days left." },
};

static json_t *
state_of(const char *text)
{
	char quoted[512];
	json_t *json;
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		quoted[i] = (char)(text[i] == '\'' ? '"' : text[i]);
	json = json_loadb(quoted, i, 0, NULL);
	assert_non_null(json);
	return json;
}

static void
test_next(void **state)
{
	const struct next_row *row;
	const char *first;
	json_t *json, *lines;

	(void)state;
	for (row = nexts; row < nexts + nitems(nexts); row++) {
		json = state_of(row->state);
		lines = next_steps(json, "me");
		first = json_string_value(json_array_get(lines, 0));
		if ((first == NULL) != (row->expect == NULL) ||
		    (first != NULL &&
			strncmp(first, row->expect, strlen(row->expect)) != 0))
			fail_msg("%s: %s", row->name,
			    first != NULL ? first : "nothing");
		json_decref(lines);
		json_decref(json);
	}
}

/* What failed last and what was refused last are mostly the same thing. */
static void
test_a_refusal_is_told_once(void **state)
{
	static const struct {
		const char *state;
		size_t count;
	} rows[] = {
		{ "{'refused':{'user':'a','text':'x'},'last':{'action':'commit',"
		  "'result':'failed','user':'a','error-text':'x'}}",
		    1 },
		{ "{'refused':{'user':'a','text':'x'},'last':{'action':'commit',"
		  "'result':'failed','user':'a','error-text':'y'}}",
		    2 },
		{ "{'refused':{'user':'a','text':'x'},'last':{'action':'rollback',"
		  "'result':'rolled-back','user':'a','error-text':'x'}}",
		    2 },
	};
	json_t *json, *lines;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		json = state_of(rows[i].state);
		lines = next_steps(json, "me");
		if (json_array_size(lines) != rows[i].count)
			fail_msg("%s: %zu lines", rows[i].state,
			    json_array_size(lines));
		json_decref(lines);
		json_decref(json);
	}
}

/* --- words --- */

struct days_row {
	int64_t days;
	const char *words;
};

static const struct days_row days[] = {
	{ 89, "89 days left" },
	{ 1, "1 day left" },
	{ 0, "less than a day left" },
	{ -1, "ended less than a day ago" },
	{ -2, "ended 1 day ago" },
	{ -400, "ended 399 days ago" },
	{ INT64_MIN, "ended 9223372036854775807 days ago" },
};

struct word_row {
	const char *value, *words;
};

static const struct word_row dates[] = {
	{ "2027-11-23T08:00:49Z", "2027-11-23 08:00:49 UTC" },
	{ "9999-12-31T23:59:59Z", "never" },
	{ "2027-11-23T08:00:49+01:00", "2027-11-23T08:00:49+01:00" },
	{ "", "" },
};

static void
test_words(void **state)
{
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(days); i++)
		assert_string_equal(days_words(days[i].days, buf, sizeof(buf)),
		    days[i].words);
	for (i = 0; i < nitems(dates); i++)
		assert_string_equal(date_words(dates[i].value, buf, sizeof(buf)),
		    dates[i].words);
	assert_string_equal(count_words(1, "certificate", buf, sizeof(buf)),
	    "1 certificate");
	assert_string_equal(count_words(0, "certificate", buf, sizeof(buf)),
	    "0 certificates");
}

static const struct {
	const char *until, *now, *words;
} untils[] = {
	{ "2026-11-23T08:00:45Z", "2026-11-23T08:00:00Z",
	    "2026-11-23 08:00:45 UTC (in 45 s)" },
	{ "2026-11-23T08:09:58Z", "2026-11-23T08:00:00Z",
	    "2026-11-23 08:09:58 UTC (in 10 min)" },
	{ "2026-11-24T08:00:00Z", "2026-11-23T08:00:00Z",
	    "2026-11-24 08:00:00 UTC (in 24 h)" },
	{ "2026-11-23T08:00:00Z", "2026-11-23T08:00:01Z", "2026-11-23 08:00:00 UTC" },
	{ "2026-11-23T08:00:00Z", "", "2026-11-23 08:00:00 UTC" },
	{ "soon", "2026-11-23T08:00:01Z", "soon" },
};

static void
test_until(void **state)
{
	char buf[UNTIL_WORDS];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(untils); i++)
		assert_string_equal(until_words(untils[i].until, untils[i].now, buf,
					sizeof(buf)),
		    untils[i].words);
}

static const struct word_row unsafe[] = {
	{ "plain \xc3\xa9", "plain \xc3\xa9" },
	{ "\x1b[31m", "\\x1b[31m" },
	{ "a\nb\x7f", "a\\x0ab\\x7f" },
	{ "\xc2\x9b"
	  "31m",
	    "\\xc2\\x9b31m" },
	{ "\xc2\xa0", "\xc2\xa0" },
	{ "\xc2", "\xc2" },
};

static void
test_safe(void **state)
{
	size_t i, size;
	char *text;
	FILE *f;

	(void)state;
	for (i = 0; i < nitems(unsafe); i++) {
		f = open_memstream(&text, &size);
		assert_non_null(f);
		out_safe(f, unsafe[i].value);
		(void)fclose(f);
		assert_string_equal(text, unsafe[i].words);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_a_refusal_is_told_once),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_safe),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	xmlCleanupParser();
	return failed;
}
