/* SPDX-License-Identifier: ISC */
/* Requests that are answered without asking the engine, and how errors are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "handlers/netconf_commit.h"
#include "handlers/netconf_error.h"
#include "handlers/netconf_notify.h"
#include "handlers/netconf_rpc.h"
#include "lib/schema.h"

#define RPC(attributes, operation)                                                     \
	"<rpc xmlns='" NETCONF_NS "' " attributes ">" operation "</rpc>"
#define CALL(operation) RPC("message-id='1'", operation)
#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define CONFIRMED(more) CALL("<commit><confirmed/>" more "</commit>")
#define OWN(name, inside)                                                              \
	CALL("<" name " xmlns='" CERTCONF_NS "'>" inside "</" name ">")
#define EDIT(store, leaf)                                                              \
	CALL("<edit-config><target><" store "/></target>" leaf                         \
	     "<config><certconf xmlns='" CERTCONF_NS "'/></config></edit-config>")
#define NAME16 "abcdefghijklmnop"
#define NAME64 NAME16 NAME16 NAME16 NAME16
#define REPLY HEAD "<rpc-reply xmlns=\"" NETCONF_NS "\" message-id=\"1\">"

/* A client on one end of a socket pair; what it is sent is read from the other. */
struct test_client {
	struct netconf netconf;
	struct identity identity;
	int far_end;
};

static void
client_init(struct test_client *c, bool may_read, bool may_write)
{
	int fds[2];

	memset(c, 0, sizeof(*c));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	frame_init(&c->netconf.frame, fds[0]);
	c->far_end = fds[1];
	c->identity.may_read = may_read;
	c->identity.may_write = may_write;
	strcpy(c->identity.user, "anna");
	c->netconf.identity = &c->identity;
	c->netconf.engine = engine_client_new(-1); /* whoever asks it finds it gone */
	assert_non_null(c->netconf.engine);
}

static void
client_clear(struct test_client *c)
{
	engine_client_free(c->netconf.engine);
	close(c->netconf.frame.fd);
	close(c->far_end);
}

/* The message that came, without its end mark. */
static char *
received(struct test_client *c, char *buf, size_t size)
{
	ssize_t n = recv(c->far_end, buf, size - 1, MSG_DONTWAIT);
	char *mark;

	buf[n > 0 ? n : 0] = '\0';
	if ((mark = strstr(buf, "]]>]]>")) != NULL)
		*mark = '\0';
	return buf;
}

static void
answer(struct test_client *c, const char *request, char *buf, size_t size)
{
	struct xml_node *root;
	struct err err;

	if (xml_read(request, strlen(request), &root, &err) == -1)
		fail_msg("%s: %s", request, err.text);
	rpc_answer(&c->netconf, root);
	xml_free(root);
	received(c, buf, size);
}

static const struct {
	const char *name, *request;
	bool may_read, may_write;
	const char *expect; /* somewhere in the reply */
} rows[] = {
	{ "close", CALL("<close-session/>"), false, false, REPLY "<ok/></rpc-reply>" },
	{ "no message-id", RPC("", "<get/>"), true, true,
	    "<error-type>rpc</error-type><error-tag>missing-attribute</error-tag>" },
	{ "no message-id, info", RPC("", "<get/>"), true, true,
	    "<error-info><bad-attribute>message-id</bad-attribute>"
	    "<bad-element>rpc</bad-element></error-info>" },
	{ "attributes are given back", RPC("message-id='1' b='&lt;&quot;'", "<x/>"),
	    true, true, " message-id=\"1\" b=\"&lt;&quot;\">" },
	{ "not an rpc", "<hello/>", true, true,
	    "<error-message xml:lang=\"en\">message is not an &lt;rpc&gt;" },
	{ "rpc of no namespace", "<rpc message-id='1'><get/></rpc>", true, true,
	    "<error-tag>operation-failed</error-tag>" },
	{ "nothing asked", CALL(""), true, true,
	    "<error-tag>missing-element</error-tag>" },
	{ "two at once", CALL("<get/><get/>"), true, true,
	    "<error-tag>bad-element</error-tag>" },
	{ "unknown", CALL("<kill-session/>"), true, true,
	    "<error-tag>operation-not-supported</error-tag>" },
	{ "unknown, where", CALL("<kill-session/>"), true, true,
	    "<error-path>/rpc/kill-session</error-path>" },
	{ "known, but of another namespace", CALL("<get xmlns='urn:x'/>"), true, true,
	    "<error-tag>operation-not-supported</error-tag>" },
	{ "may not read", CALL("<get/>"), false, false,
	    "anna may not read the configuration" },
	{ "may not write", CALL("<commit/>"), true, false,
	    "anna may not change the configuration" },
	{ "access is judged before parameters", CALL("<commit><x/></commit>"), true,
	    false, "<error-tag>access-denied</error-tag>" },
	{ "unknown parameter", CALL("<lock><x/></lock>"), true, true,
	    "<error-type>protocol</error-type><error-tag>unknown-element</error-tag>" },
	{ "unknown parameter, info", CALL("<lock><x/></lock>"), true, true,
	    "<error-info><bad-element>x</bad-element></error-info>" },
	{ "missing parameter", CALL("<lock/>"), true, true,
	    "<error-path>/rpc/lock/target</error-path>" },
	{ "parameter twice",
	    CALL("<lock><target><running/></target><target><running/></target></lock>"),
	    true, true, "<error-message xml:lang=\"en\">parameter is given twice" },
	{ "unknown datastore", CALL("<lock><target><startup/></target></lock>"), true,
	    true, "datastore must be either running or candidate" },
	{ "filter", CALL("<get><filter/></get>"), true, true,
	    "<error-tag>operation-not-supported</error-tag>" },
	{ "timeout without confirmed",
	    CALL("<commit><confirm-timeout>5</confirm-timeout></commit>"), true, true,
	    "<error-info><bad-element>confirmed</bad-element></error-info>" },
	{ "persist without confirmed", CALL("<commit><persist>x</persist></commit>"),
	    true, true, "<error-tag>missing-element</error-tag>" },
	{ "no time", CONFIRMED("<confirm-timeout>0</confirm-timeout>"), true, true,
	    "must be 1 to 86400 seconds" },
	{ "more than a day", CONFIRMED("<confirm-timeout>86401</confirm-timeout>"),
	    true, true, "<error-tag>bad-element</error-tag>" },
	{ "a time of too many digits",
	    CONFIRMED("<confirm-timeout>18446744073709551617</confirm-timeout>"), true,
	    true, "<error-path>/rpc/commit/confirm-timeout</error-path>" },
	{ "no number", CONFIRMED("<confirm-timeout>10m</confirm-timeout>"), true, true,
	    "<error-tag>bad-element</error-tag>" },
	{ "an empty number", CONFIRMED("<confirm-timeout/>"), true, true,
	    "<error-tag>bad-element</error-tag>" },
	{ "the largest time", CONFIRMED("<confirm-timeout>86400</confirm-timeout>"),
	    true, true, "certconfd is not running any more" },
	{ "confirmed twice", CONFIRMED("<confirmed/>"), true, true,
	    "<error-tag>bad-element</error-tag>" },
	{ "persist-id twice",
	    CALL(
		"<commit><persist-id>a</persist-id><persist-id>a</persist-id></commit>"),
	    true, true, "<error-tag>bad-element</error-tag>" },
	{ "empty persist", CONFIRMED("<persist/>"), true, true,
	    "<error-path>/rpc/commit/persist</error-path>" },
	{ "long persist", CONFIRMED("<persist>" NAME64 "x</persist>"), true, true,
	    "<error-tag>too-big</error-tag>" },
	{ "long persist, limit", CONFIRMED("<persist>" NAME64 "x</persist>"), true,
	    true, "has more than 64 octets" },
	{ "the longest persist", CONFIRMED("<persist>" NAME64 "</persist>"), true, true,
	    "certconfd is not running any more" },
	{ "confirm", OWN("confirm", ""), true, true,
	    "certconfd is not running any more" },
	{ "confirm needs rights", OWN("confirm", ""), true, false,
	    "<error-tag>access-denied</error-tag>" },
	{ "confirm with a parameter of NETCONF",
	    OWN("confirm", "<persist-id xmlns='" NETCONF_NS "'>a</persist-id>"), true,
	    true, "<error-tag>unknown-element</error-tag>" },
	{ "cancel", CALL("<cancel-commit/>"), true, true,
	    "certconfd is not running any more" },
	{ "cancel needs rights", CALL("<cancel-commit/>"), true, false,
	    "<error-tag>access-denied</error-tag>" },
	{ "cancel, long id",
	    CALL("<cancel-commit><persist-id>" NAME64 "x</persist-id></cancel-commit>"),
	    true, true, "<error-path>/rpc/cancel-commit/persist-id</error-path>" },
	{ "rollback that persists for good", OWN("rollback", "<persist>a</persist>"),
	    true, true,
	    "<error-info><bad-element>confirm-timeout</bad-element></error-info>" },
	{ "rollback with confirmed", OWN("rollback", "<confirmed/>"), true, true,
	    "<error-tag>unknown-element</error-tag>" },
	{ "candidate that waits",
	    EDIT("candidate",
		"<confirm-timeout xmlns='" CERTCONF_NETCONF_NS "'>5"
		"</confirm-timeout>"),
	    true, true, "an edit of the candidate commits nothing" },
	{ "candidate that is deferred",
	    EDIT("candidate", "<defer-restart xmlns='" CERTCONF_NETCONF_NS "'/>"), true,
	    true, "<error-path>/rpc/edit-config/defer-restart</error-path>" },
	{ "running that waits",
	    EDIT("running",
		"<confirm-timeout xmlns='" CERTCONF_NETCONF_NS "'>5"
		"</confirm-timeout>"),
	    true, true, "certconfd is not running any more" },
	{ "engine is gone", CALL("<discard-changes/>"), true, true,
	    "certconfd is not running any more" },
};

static void
test_answers(void **state)
{
	struct test_client c;
	char buf[4096];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		client_init(&c, rows[i].may_read, rows[i].may_write);
		answer(&c, rows[i].request, buf, sizeof(buf));
		if (strstr(buf, rows[i].expect) == NULL)
			fail_msg("%s: %s", rows[i].name, buf);
		client_clear(&c);
	}
}

static void
test_what_ends_the_session(void **state)
{
	static const struct {
		const char *request;
		bool closing;
	} ends[] = {
		{ CALL("<close-session/>"), true },
		{ "<hello/>", true },
		{ CALL("<discard-changes/>"), true }, /* the engine is gone */
		{ CALL("<nothing/>"), false },
		{ RPC("", "<get/>"), false },
	};
	struct test_client c;
	char buf[4096];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(ends); i++) {
		client_init(&c, true, true);
		answer(&c, ends[i].request, buf, sizeof(buf));
		assert_int_equal(c.netconf.closing, ends[i].closing);
		client_clear(&c);
	}
}

static const struct {
	const char *name;
	struct err err;
	struct ses_reply reply;
	bool old_client;
	const char *expect;
} errors[] = {
	{ "path", { .code = ERR_KEY_MISMATCH, .where = "/certconf/x", .text = "no" },
	    { .stale = 0 }, false,
	    "<rpc-error><error-type>application</error-type>"
	    "<error-tag>invalid-value</error-tag><error-severity>error</error-severity>"
	    "<error-app-tag>key-mismatch</error-app-tag>"
	    "<error-path>/certconf/x</error-path>"
	    "<error-message xml:lang=\"en\">no</error-message></rpc-error>" },
	{ "no path", { .code = ERR_SERVICE_FAILED, .where = "web", .text = "is down" },
	    { .stale = 0 }, false,
	    "<error-message xml:lang=\"en\">web: is down</error-message></rpc-error>" },
	{ "line", { .code = ERR_EXPIRED, .line = 12, .text = "no" }, { .stale = 0 },
	    false,
	    "<error-info><line xmlns=\"" CERTCONF_NS "\">12</line></error-info>" },
	{ "rolled back", { .code = ERR_SERVICE_FAILED, .text = "no" },
	    { .rolled_back = 1 }, false,
	    "<rolled-back xmlns=\"" CERTCONF_NS "\">true</rolled-back>" },
	{ "locked", { .code = ERR_LOCKED, .text = "no" }, { .lock_session = 7 }, false,
	    "<error-info><session-id>7</session-id></error-info>" },
	{ "element of its own",
	    { .code = ERR_UNKNOWN_ELEMENT,
		.where = "/a/b",
		.element = "c",
		.text = "no" },
	    { .stale = 0 }, false, "<bad-element>c</bad-element>" },
	{ "element from the path",
	    { .code = ERR_BAD_ELEMENT,
		.where = "/a[name='x/y']/b[name='z']",
		.text = "no" },
	    { .stale = 0 }, false, "<bad-element>b</bad-element>" },
	{ "attribute",
	    { .code = ERR_BAD_ATTRIBUTE,
		.where = "/a/b",
		.element = "operation",
		.text = "no" },
	    { .stale = 0 }, false,
	    "<bad-attribute>operation</bad-attribute><bad-element>b</bad-element>" },
	{ "malformed", { .code = ERR_XML_SYNTAX, .text = "no" }, { .stale = 0 }, false,
	    "<error-tag>malformed-message</error-tag>" },
	{ "malformed, for base:1.0", { .code = ERR_XML_SYNTAX, .text = "no" },
	    { .stale = 0 }, true, "<error-tag>operation-failed</error-tag>" },
	{ "tag of its own", { .code = ERR_BAD_ELEMENT, .text = "no" }, { .stale = 0 },
	    false, "<error-tag>bad-element</error-tag>" },
	{ "text that is markup", { .code = ERR_OTHER, .text = "<&>" }, { .stale = 0 },
	    false, "&lt;&amp;&gt;</error-message>" },
};

static void
test_errors(void **state)
{
	struct netconf_error e;
	struct test_client c;
	struct xml_out out;
	char buf[4096];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(errors); i++) {
		client_init(&c, true, true);
		memset(&e, 0, sizeof(e));
		e.err = &errors[i].err;
		e.reply = &errors[i].reply;
		e.old_client = errors[i].old_client;
		assert_int_equal(xml_out_begin(&out, &c.netconf.frame), 0);
		netconf_error_write(&out, &e);
		assert_int_equal(xml_out_end(&out), 0);
		if (strstr(received(&c, buf, sizeof(buf)), errors[i].expect) == NULL)
			fail_msg("%s: %s", errors[i].name, buf);
		client_clear(&c);
	}
}

/* Values that XML cannot hold as they are. */
static const struct {
	const char *name, *value, *expect;
} values[] = {
	{ "plain", "abc", "<v>abc</v>" },
	{ "empty", "", "<v/>" },
	{ "markup", "<a>&\"'", "<v>&lt;a&gt;&amp;&quot;'</v>" },
	{ "end mark of base:1.0", "]]>]]>", "<v>]]&gt;]]&gt;</v>" },
	{ "UTF-8", "\xc3\xa9\xf0\x9f\x94\x91", "<v>\xc3\xa9\xf0\x9f\x94\x91</v>" },
	{ "white space", "a\tb\nc", "<v>a\tb\nc</v>" },
	{ "carriage return", "a\rb", "<v>a&#13;b</v>" },
	{ "control", "a\x01\x1f", "<v>a\xef\xbf\xbd\xef\xbf\xbd</v>" },
	{ "not UTF-8",
	    "\xff"
	    "a\xc3",
	    "<v>\xef\xbf\xbd"
	    "a\xef\xbf\xbd</v>" },
	{ "overlong", "\xc0\x80", "<v>\xef\xbf\xbd\xef\xbf\xbd</v>" },
	{ "surrogate", "\xed\xa0\x80", "<v>\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</v>" },
	{ "U+FFFE", "\xef\xbf\xbe", "<v>\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</v>" },
};

static void
test_values(void **state)
{
	struct test_client c;
	struct xml_out out;
	char buf[4096];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(values); i++) {
		client_init(&c, true, true);
		assert_int_equal(xml_out_begin(&out, &c.netconf.frame), 0);
		xml_out_string(&out, "v", values[i].value);
		assert_int_equal(xml_out_end(&out), 0);
		received(&c, buf, sizeof(buf));
		if (strstr(buf, values[i].expect) == NULL)
			fail_msg("%s: %s", values[i].name, buf);
		client_clear(&c);
	}
}

/* What the engine says of a persist-id, told of the operation that asked. */
static void
test_persist_id(void **state)
{
	static const struct {
		enum err_code code;
		const char *where;
		const char *expect, *tag;
	} told[] = {
		{ ERR_BAD_ELEMENT, "/rpc/commit/persist-id",
		    "/rpc/cancel-commit/persist-id", "invalid-value" },
		{ ERR_BAD_ELEMENT, "/rpc/commit/from", "/rpc/commit/from", NULL },
		{ ERR_NOT_FOUND, "", "", NULL },
	};
	const struct xml_node operation = { .ns = NETCONF_NS, .name = "cancel-commit" };
	struct rpc rpc;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(told); i++) {
		rpc = (struct rpc){ .operation = &operation };
		err_set(&err, told[i].code, told[i].where, "no");
		commit_refused(&rpc, &err);
		assert_string_equal(err.where, told[i].expect);
		assert_string_equal(err.text, "no");
		assert_true(
		    rpc.tag == told[i].tag || strcmp(rpc.tag, told[i].tag) == 0);
	}
}

static void
test_notification(void **state)
{
	const struct ses_step step = { .generation = 17,
		.time = 1826956849,
		.step = STEP_RESTART,
		.service = "web",
		.text = "restarted" };
	struct test_client c;
	char buf[4096];

	(void)state;
	client_init(&c, true, true);
	notify_step(&c.netconf, &step);
	assert_string_equal(received(&c, buf, sizeof(buf)),
	    HEAD "<notification xmlns=\"" NOTIFICATION_NS "\">"
		 "<eventTime>2027-11-23T08:00:49Z</eventTime>"
		 "<commit-step xmlns=\"" CERTCONF_NS "\"><generation>17</generation>"
		 "<step>restart</step><service>web</service>"
		 "<rolling-back>false</rolling-back><failed>false</failed>"
		 "<text>restarted</text></commit-step></notification>\n");
	client_clear(&c);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_what_ends_the_session),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_persist_id),
		cmocka_unit_test(test_notification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
