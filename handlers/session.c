/* SPDX-License-Identifier: ISC */
#include "handlers/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/clock.h"
#include "agent/sandbox.h"
#include "handlers/netconf_notify.h"
#include "handlers/netconf_rpc.h"
#include "handlers/scrub.h"
#include "lib/schema.h"

#define BASE_10 "urn:ietf:params:netconf:base:1.0"
#define BASE_11 "urn:ietf:params:netconf:base:1.1"
#define CAPABILITY "urn:ietf:params:netconf:capability:"
#define REVISION "2026-11-23" /* of yang/certconf.yang */

/* A message of somebody who cannot send a document; also a <hello>. */
#define SMALL_MESSAGE ((size_t)64 << 10)

/*
 * CPU time, in seconds: reading is linear in the size; an edit can hold many encrypted
 * keys, which take up to a second each and a kilobyte or two.
 */
#define CPU_READ 10
#define CPU_READ_STEP ((size_t)8 << 20)
#define CPU_EDIT 60
#define CPU_EDIT_STEP ((size_t)64 << 10)

#define LINGER_MS 2000
#define NO_DEADLINE (-1)

struct session {
	struct netconf netconf;
	struct xml_reader *reader; /* of the message that is arriving; or NULL */
	size_t len, max;           /* of that message */
	int64_t deadline_ms;       /* of the <hello>; or NO_DEADLINE */
};

static const char *const capabilities[] = {
	BASE_10,
	BASE_11,
	CAPABILITY "candidate:1.0",
	CAPABILITY "writable-running:1.0",
	CAPABILITY "confirmed-commit:1.1",
	CAPABILITY "validate:1.1",
	CAPABILITY "rollback-on-error:1.0",
	CAPABILITY "notification:1.0",
	CAPABILITY "interleave:1.0",
	CERTCONF_NS "?module=certconf&revision=" REVISION,
	CERTCONF_NETCONF_NS "?module=certconf-netconf&revision=" REVISION,
};

/* --- reading --- */

static int
take_piece(void *context, const void *data, size_t len, struct err *err)
{
	struct session *s = context;

	if (s->reader == NULL && (s->reader = xml_reader_new()) == NULL)
		return err_set(err, ERR_MEMORY, NULL, "no memory");
	if (s->len / CPU_READ_STEP != (s->len + len) / CPU_READ_STEP)
		sandbox_cpu_budget(CPU_READ);
	s->len += len;
	if (s->len > s->max)
		return err_set(err, ERR_TOO_LARGE, NULL,
		    "message has more than %zu octets", s->max);
	return xml_reader_feed(s->reader, data, len, err);
}

static int
wait_ms(const struct session *s)
{
	int64_t left = s->deadline_ms - clock_ms();

	if (s->deadline_ms == NO_DEADLINE)
		return -1;
	return left > 0 ? (int)left : 0;
}

/* Until the client sends more; meanwhile steps are passed on.  -1 when it is over. */
static int
wait_for_client(struct session *s)
{
	struct netconf *n = &s->netconf;
	struct pollfd fds[2] = {
		{ .fd = n->frame.fd, .events = POLLIN },
		{ .fd = n->engine->fd, .events = POLLIN },
	};
	int ready;

	do {
		ready = poll(fds, 2, wait_ms(s));
		if (ready > 0 && fds[1].revents != 0)
			engine_client_receive(n->engine);
		if (n->engine->gone || n->frame.failed || ready == 0 ||
		    (ready == -1 && errno != EINTR))
			return -1;
	} while (ready == -1 || fds[0].revents == 0);
	return 0;
}

/*
 * The next message as a tree.  Returns 1, 0 when there is none any more, and -1 with
 * err set for one that cannot be read.
 */
static int
read_message(struct session *s, struct xml_node **ret_root, struct err *err)
{
	enum frame_result result = FRAME_MORE;

	s->len = 0;
	sandbox_cpu_budget(CPU_READ);
	while (frame_read(&s->netconf.frame, take_piece, s, &result, err) == 0) {
		if (result == FRAME_END)
			return 0;
		if (result == FRAME_MORE && wait_for_client(s) == -1)
			return 0;
		if (result == FRAME_MESSAGE && s->reader == NULL)
			return err_set(err, ERR_XML_SYNTAX, NULL, "message is empty");
		if (result == FRAME_MESSAGE)
			return xml_reader_end(s->reader, ret_root, err) == -1 ? -1 : 1;
	}
	return -1;
}

static void
message_done(struct session *s, struct xml_node *root)
{
	xml_free(root);
	xml_reader_free(s->reader);
	s->reader = NULL;
	if (s->netconf.identity->may_write)
		scrub_small();
}

/* --- hello --- */

static void
send_hello(struct session *s)
{
	struct xml_out out;
	size_t i;

	if (xml_out_begin(&out, &s->netconf.frame) == -1) {
		s->netconf.closing = true;
		return;
	}
	xml_out_open_ns(&out, "hello", NETCONF_NS);
	xml_out_open(&out, "capabilities");
	for (i = 0; i < nitems(capabilities); i++)
		xml_out_string(&out, "capability", capabilities[i]);
	xml_out_close(&out);
	xml_out_number(&out, "session-id", s->netconf.identity->session);
	(void)xml_out_end(&out);
}

static bool
has_capability(const struct xml_node *hello, const char *uri)
{
	const struct xml_node *list = xml_child(hello, NETCONF_NS, "capabilities");
	const struct xml_node *node;

	for (node = list != NULL ? list->child : NULL; node != NULL; node = node->next)
		if (strcmp(node->name, "capability") == 0 &&
		    strcmp(node->ns, NETCONF_NS) == 0 && text_is(xml_text(node), uri))
			return true;
	return false;
}

/* RFC 6241 8.1: a client has no session-id, and a base version in common with us. */
static bool
accept_hello(struct session *s, const struct xml_node *root)
{
	bool base11 = has_capability(root, BASE_11);

	if (strcmp(root->name, "hello") != 0 || strcmp(root->ns, NETCONF_NS) != 0 ||
	    xml_child(root, NETCONF_NS, "session-id") != NULL ||
	    (!base11 && !has_capability(root, BASE_10)))
		return false;
	if (base11)
		frame_chunked(&s->netconf.frame);
	return true;
}

static bool
greet(struct session *s)
{
	struct xml_node *root = NULL;
	struct err err;
	bool accepted;

	s->max = SMALL_MESSAGE;
	s->deadline_ms = clock_ms() + (int64_t)LIMIT_HELLO_SECONDS * 1000;
	send_hello(s);
	accepted = read_message(s, &root, &err) == 1 && accept_hello(s, root);
	message_done(s, root);
	s->deadline_ms = NO_DEADLINE;
	return accepted && !s->netconf.closing;
}

/* --- serving --- */

/* What cannot be read is the last thing: nobody knows where the next message begins. */
static void
refuse_message(struct session *s, const struct err *err)
{
	struct netconf *n = &s->netconf;

	/* it cannot be told any more whether it was a document; from who may send one,
	 * it most likely was */
	if (n->identity->may_write && err->code != ERR_IO)
		engine_client_refused(n->engine, ACTION_IMPORT, err);
	rpc_answer_malformed(n, err);
}

static void
serve(struct session *s)
{
	struct netconf *n = &s->netconf;
	struct xml_node *root;
	struct err err;
	int rc;

	s->max = n->identity->may_write ? LIMIT_DOCUMENT : SMALL_MESSAGE;
	while (!n->closing && !n->frame.failed) {
		root = NULL;
		if ((rc = read_message(s, &root, &err)) == 0)
			break;
		sandbox_cpu_budget(CPU_EDIT + (unsigned int)(s->len / CPU_EDIT_STEP));
		if (rc == 1)
			rpc_answer(n, root);
		else
			refuse_message(s, &err);
		message_done(s, root);
	}
}

static void
pass_on_step(void *context, const struct ses_step *step)
{
	struct netconf *n = context;

	/* who commits is told too; only a subscriber may be told by a notification */
	if (n->subscribed)
		notify_step(n, step);
}

static struct session *
session_new(int engine, int client, const struct identity *identity)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	if ((s->netconf.engine = engine_client_new(engine)) == NULL) {
		free(s);
		return NULL;
	}
	s->netconf.engine->step = pass_on_step;
	s->netconf.engine->context = &s->netconf;
	s->netconf.identity = identity;
	frame_init(&s->netconf.frame, client);
	return s;
}

static void
session_free(struct session *s)
{
	engine_client_free(s->netconf.engine);
	explicit_bzero(&s->netconf.frame, sizeof(s->netconf.frame));
	free(s);
}

void
session_run(int engine, int client, const struct identity *identity)
{
	struct session *s;
	struct err err;

	(void)prctl(PR_SET_NAME, "cc-session");
	scrub_begin();
	sandbox_close_others(engine, client);
	if ((s = session_new(engine, client, identity)) == NULL)
		return;
	if (sandbox_enter(SANDBOX_SESSION, &err) == -1)
		engine_client_refused(s->netconf.engine, ACTION_IMPORT, &err);
	else if (greet(s))
		serve(s);
	if (!s->netconf.frame.failed)
		frame_linger(&s->netconf.frame, LINGER_MS);
	session_free(s);
}
