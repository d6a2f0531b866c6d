/* SPDX-License-Identifier: ISC */
#include "cli/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxml/parser.h>

#include "cli/reply.h"
#include "lib/limits.h"
#include "lib/schema.h"

#define HELLO_END "]]>]]>"
#define CAPABILITY_1_1 "urn:ietf:params:netconf:base:1.1"
#define NOTIFICATION_NS "urn:ietf:params:xml:ns:netconf:notification:1.0"
#define MESSAGE_MAX ((size_t)1 << 30)
#define END_OF_CHUNKS "\n##\n"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct client {
	int fd;
	bool lost;
	uint64_t message_id;
	uint8_t in[65536];
	size_t in_pos, in_len;
	client_event *event;
	void *event_context;
};

static const char client_hello[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    "<hello xmlns=\"" NETCONF_NS "\"><capabilities>"
    "<capability>urn:ietf:params:netconf:base:1.0</capability>"
    "<capability>" CAPABILITY_1_1 "</capability>"
    "</capabilities></hello>" HELLO_END;

static int
lost(struct client *c, struct err *err, const char *why)
{
	c->lost = true;
	return err_set(err, ERR_IO, NULL, "the connection to the agent broke: %s", why);
}

/* --- sending --- */

static int
send_all(struct client *c, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = send(c->fd, data, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A chunk holds at most 4294967295 octets (RFC 6242 4.2), far above any piece. */
static int
send_chunk(struct client *c, struct text piece)
{
	char header[32];
	int n;

	if (piece.len == 0)
		return 0;
	n = snprintf(header, sizeof(header), "\n#%zu\n", piece.len);
	if (send_all(c, header, (size_t)n) == -1)
		return -1;
	return send_all(c, piece.data, piece.len);
}

static int
send_rpc(struct client *c, const struct text *pieces, size_t count)
{
	char start[160];
	size_t i;

	(void)snprintf(start, sizeof(start),
	    "<rpc xmlns=\"%s\" message-id=\"%" PRIu64 "\">", NETCONF_NS,
	    ++c->message_id);
	if (send_chunk(c, text_of(start)) == -1)
		return -1;
	for (i = 0; i < count; i++) {
		if (send_chunk(c, pieces[i]) == -1)
			return -1;
	}
	if (send_chunk(c, text_of("</rpc>")) == -1)
		return -1;
	return send_all(c, END_OF_CHUNKS, strlen(END_OF_CHUNKS));
}

/* --- receiving --- */

static int
fill(struct client *c, struct err *err)
{
	ssize_t n;

	do {
		n = recv(c->fd, c->in, sizeof(c->in), 0);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return lost(c, err, "no answer in time");
	if (n == -1)
		return lost(c, err, strerror(errno));
	if (n == 0)
		return lost(c, err, "the agent closed it");
	c->in_pos = 0;
	c->in_len = (size_t)n;
	return 0;
}

/* The next octet, or -1. */
static int
next(struct client *c, struct err *err)
{
	if (c->in_pos == c->in_len && fill(c, err) == -1)
		return -1;
	return c->in[c->in_pos++];
}

static int
expect(struct client *c, char wanted, struct err *err)
{
	int ch = next(c, err);

	if (ch == -1)
		return -1;
	if (ch != wanted)
		return lost(c, err, "framing that is not RFC 6242");
	return 0;
}

/* "\n#LEN\n" or "\n##\n", where LEN is ret_len 0. */
static int
read_chunk_header(struct client *c, size_t *ret_len, struct err *err)
{
	size_t len = 0;
	int ch;

	if (expect(c, '\n', err) == -1 || expect(c, '#', err) == -1)
		return -1;
	if ((ch = next(c, err)) == '#') {
		*ret_len = 0;
		return expect(c, '\n', err);
	}
	for (; ch >= '0' && ch <= '9' && len < MESSAGE_MAX; ch = next(c, err))
		len = len * 10 + (size_t)(ch - '0');
	if (ch == -1)
		return -1;
	if (ch != '\n' || len == 0 || len > MESSAGE_MAX)
		return lost(c, err, "framing that is not RFC 6242");
	*ret_len = len;
	return 0;
}

static int
read_octets(struct client *c, size_t len, struct buf *message, struct err *err)
{
	size_t n;

	if (len > MESSAGE_MAX - message->len)
		return lost(c, err, "an answer larger than this command takes");
	while (len > 0) {
		if (c->in_pos == c->in_len && fill(c, err) == -1)
			return -1;
		n = c->in_len - c->in_pos;
		if (n > len)
			n = len;
		if (buf_add(message, c->in + c->in_pos, n) == -1)
			return err_set(err, ERR_MEMORY, NULL, "out of memory");
		c->in_pos += n;
		len -= n;
	}
	return 0;
}

static int
read_chunks(struct client *c, struct buf *message, struct err *err)
{
	size_t len = 0;

	do {
		if (read_chunk_header(c, &len, err) == -1)
			return -1;
		if (read_octets(c, len, message, err) == -1)
			return -1;
	} while (len > 0);
	return 0;
}

/* The hello alone has the old framing, an end mark (RFC 6242 4.1). */
static int
read_hello(struct client *c, struct buf *message, struct err *err)
{
	size_t end = strlen(HELLO_END);

	do {
		if (next(c, err) == -1)
			return -1;
		c->in_pos--;
		if (read_octets(c, 1, message, err) == -1)
			return -1;
		if (message->len > LIMIT_TAG)
			return lost(c, err, "this is no NETCONF server");
	} while (message->len < end ||
	    memcmp(message->data + message->len - end, HELLO_END, end) != 0);
	message->len -= end;
	return 0;
}

static int
parse(struct client *c, const struct buf *message, xmlDoc **ret_doc, struct err *err)
{
	const int flags =
	    XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
	xmlDoc *doc;

	doc = xmlReadMemory((const char *)message->data, (int)message->len, NULL,
	    "UTF-8", flags);
	if (doc == NULL || xmlDocGetRootElement(doc) == NULL) {
		xmlFreeDoc(doc);
		return lost(c, err, "an answer that is not XML");
	}
	*ret_doc = doc;
	return 0;
}

static int
receive(struct client *c, xmlDoc **ret_doc, struct err *err)
{
	struct buf message = { 0 };
	int rc;

	rc = read_chunks(c, &message, err);
	if (rc == 0)
		rc = parse(c, &message, ret_doc, err);
	buf_clear(&message);
	return rc;
}

/* The next rpc-reply; what comes before it are notifications. */
static int
receive_reply(struct client *c, xmlDoc **ret_doc, struct err *err)
{
	const xmlNode *root;
	xmlDoc *doc;

	for (;;) {
		if (receive(c, &doc, err) == -1)
			return -1;
		root = xmlDocGetRootElement(doc);
		if (node_is(root, NETCONF_NS, "rpc-reply"))
			break;
		if (c->event != NULL && node_is(root, NOTIFICATION_NS, "notification"))
			c->event(c->event_context, root);
		xmlFreeDoc(doc);
	}
	*ret_doc = doc;
	return 0;
}

/* --- connecting --- */

struct advice {
	int error;
	const char *text;
};

/* What a person can do about it. */
static const struct advice advices[] = {
	{ ENOENT, "is certconfd running? start it, or name its socket with --socket" },
	{ ECONNREFUSED, "certconfd is not running: start it" },
	{ EACCES, "this user may not open it: run as root" },
	{ 0, "is certconfd running?" },
};

static const char *
advice_for(int error)
{
	const struct advice *a = advices;

	while (a->error != 0 && a->error != error)
		a++;
	return a->text;
}

static int
dial(const char *path, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(sun.sun_path))
		return err_set(err, ERR_IO, path, "the path of the socket is too long");
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return err_set(err, ERR_IO, path, "no socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	return err_set(err, ERR_IO, path, "the agent cannot be reached: %s (%s)",
	    strerror(error), advice_for(error));
}

static bool
has_capability(const xmlNode *hello, const char *wanted)
{
	const xmlNode *n = node_child(hello, "capabilities");

	for (n = node_child(n, "capability"); n != NULL;
	     n = node_next(n, "capability")) {
		if (node_has_text(n, wanted))
			return true;
	}
	return false;
}

static int
set_timeout(struct client *c, int seconds)
{
	struct timeval tv = { .tv_sec = seconds };

	return setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static int
greet(struct client *c, struct err *err)
{
	struct buf message = { 0 };
	xmlDoc *doc = NULL;
	int rc = -1;

	/* A commit may take as long as its services need, but a hello does not. */
	(void)set_timeout(c, LIMIT_HELLO_SECONDS);
	if (send_all(c, client_hello, strlen(client_hello)) == -1) {
		lost(c, err, strerror(errno));
		goto out;
	}
	if (read_hello(c, &message, err) == -1 || parse(c, &message, &doc, err) == -1)
		goto out;
	if (!node_is(xmlDocGetRootElement(doc), NETCONF_NS, "hello") ||
	    !has_capability(xmlDocGetRootElement(doc), CAPABILITY_1_1)) {
		lost(c, err, "this is no NETCONF 1.1 server");
		goto out;
	}
	(void)set_timeout(c, 0);
	rc = 0;
out:
	xmlFreeDoc(doc);
	buf_clear(&message);
	return rc;
}

struct client *
client_open(const char *path, struct err *err)
{
	struct client *c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		err_set(err, ERR_MEMORY, NULL, "out of memory");
		return NULL;
	}
	if ((c->fd = dial(path, err)) == -1 || greet(c, err) == -1) {
		client_close(c);
		return NULL;
	}
	return c;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	if (c->fd != -1)
		(void)close(c->fd);
	free(c);
}

bool
client_lost(const struct client *c)
{
	return c->lost;
}

int
client_subscribe(struct client *c, client_event *event, void *context, struct err *err)
{
	if (client_ask(c, "<create-subscription xmlns=\"" NOTIFICATION_NS "\"/>", NULL,
		err) == -1)
		return -1;
	c->event = event;
	c->event_context = context;
	return 0;
}

/*
 * How the request just sent was answered.  That sending failed does not matter: an
 * agent that refuses a request before it has read all of it closes the connection; its
 * answer may be there all the same.
 */
static int
answer(struct client *c, xmlDoc **ret_reply, struct err *err)
{
	xmlDoc *doc = NULL;
	int rc = -1;

	if (receive_reply(c, &doc, err) == -1)
		goto out;
	if (reply_check(xmlDocGetRootElement(doc), err) == -1)
		goto out;
	if (ret_reply != NULL) {
		*ret_reply = doc;
		doc = NULL;
	}
	rc = 0;
out:
	xmlFreeDoc(doc);
	return rc;
}

int
client_rpc(struct client *c, const struct text *pieces, size_t count,
    xmlDoc **ret_reply, struct err *err)
{
	(void)send_rpc(c, pieces, count);
	return answer(c, ret_reply, err);
}

int
client_unreadable(struct client *c, struct text octets, struct err *err)
{
	/* no message is of no octets (RFC 6242 4.2), but a document may be */
	if (octets.len == 0)
		octets = text_of(BYTE_ORDER_MARK);
	if (send_chunk(c, octets) == 0)
		(void)send_all(c, END_OF_CHUNKS, strlen(END_OF_CHUNKS));
	if (answer(c, NULL, err) == -1)
		return -1;
	return err_set(err, ERR_XML_SYNTAX, NULL, "this is not an XML document");
}

int
client_ask(struct client *c, const char *content, xmlDoc **ret_reply, struct err *err)
{
	const struct text piece = text_of(content);

	return client_rpc(c, &piece, 1, ret_reply, err);
}
