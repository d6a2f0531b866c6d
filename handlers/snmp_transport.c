/* SPDX-License-Identifier: ISC */
/*
 * The library's own unix transport blocks for as long as the master is stopped: in
 * connect() as soon as half a dozen attempts fill the backlog, and in sendto() when the
 * buffer is full.  SO_SNDTIMEO bounds both.  What the master says goes through the
 * gate.
 */
#include "handlers/snmp_transport.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmp_transport.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "handlers/snmp_gate.h"

#define WAIT_MS 300

/* zeroDotZero: it has no name of its own, and must not have the library's */
static const oid domain_name[] = { 0, 0 };

/* One session with the master: what t->data is. */
struct session {
	struct snmp_gate gate;
	uint8_t message[GATE_MESSAGE_MAX];
};

/* A master writes a message at once; one that does not has so long for it. */
static bool
read_all(int fd, uint8_t *buf, size_t len, int64_t end_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t left;
	ssize_t n;

	while (len != 0) {
		n = recv(fd, buf, len, MSG_DONTWAIT);
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
			continue;
		}
		left = end_ms - clock_ms();
		if (n == 0 || (errno != EAGAIN && errno != EINTR) || left <= 0)
			return false;
		(void)poll(&pfd, 1, (int)left);
	}
	return true;
}

/* The library takes nothing, and everything below, for the end of the session. */
static int
on_recv(netsnmp_transport *t, void *buf, int size, void **opaque, int *opaque_len)
{
	const int64_t end_ms = clock_ms() + WAIT_MS;
	struct session *session = t->data;
	uint8_t *message = session->message;
	int len;

	*opaque = NULL;
	*opaque_len = 0;
	if (!read_all(t->sock, message, GATE_HEADER, end_ms))
		return 0;
	len = snmp_gate_payload(message);
	if (len == -1 ||
	    !read_all(t->sock, message + GATE_HEADER, (size_t)len, end_ms) ||
	    len + GATE_HEADER > size ||
	    !snmp_gate_admits(&session->gate, message, (size_t)len + GATE_HEADER)) {
		log_warn("agentx", "the master sent what is no proper message");
		return 0;
	}
	memcpy(buf, message, (size_t)len + GATE_HEADER);
	return len + GATE_HEADER;
}

/*
 * Part of a message is worse than none, for what follows would be taken for its rest:
 * the connection is then over, which the library finds when it reads next.
 */
static int
on_send(netsnmp_transport *t, const void *buf, int size, void **opaque, int *opaque_len)
{
	const char *at = buf;
	size_t left = (size_t)size;
	ssize_t n;

	(void)opaque;
	(void)opaque_len;
	while (left != 0) {
		n = send(t->sock, at, left, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			(void)shutdown(t->sock, SHUT_RDWR);
			return -1;
		}
		at += n;
		left -= (size_t)n;
	}
	return size;
}

static int
on_close(netsnmp_transport *t)
{
	int ret = t->sock == -1 ? -1 : close(t->sock);

	t->sock = -1;
	return ret;
}

static char *
on_format(netsnmp_transport *t, const void *data, int len)
{
	(void)t;
	(void)data;
	(void)len;
	return strdup("AgentX master");
}

/* A connected socket, or -1. */
static int
connect_to(const char *path)
{
	const struct timeval tv = { 0, WAIT_MS * 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -1;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == -1 ||
	    connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static netsnmp_transport *
create(netsnmp_tdomain_spec *spec)
{
	netsnmp_transport *t;
	int fd;

	if (spec->target == NULL || (spec->flags & NETSNMP_TSPEC_LOCAL) != 0)
		return NULL;
	fd = connect_to(spec->target);
	if (fd == -1)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL || (t->data = calloc(1, sizeof(struct session))) == NULL) {
		free(t);
		close(fd);
		return NULL;
	}
	t->data_length = sizeof(struct session);
	t->domain = domain_name;
	t->domain_length = OID_LENGTH(domain_name);
	t->sock = fd;
	t->flags = NETSNMP_TRANSPORT_FLAG_STREAM;
	t->msgMaxSize = SNMP_MAX_PACKET_LEN;
	t->f_recv = on_recv;
	t->f_send = on_send;
	t->f_close = on_close;
	t->f_fmtaddr = on_format;
	return t;
}

int
snmp_transport_register(void)
{
	static netsnmp_tdomain domain = {
		.name = domain_name,
		.name_length = OID_LENGTH(domain_name),
		.f_create_from_tspec = create,
	};

	/* the library frees it */
	domain.prefix = calloc(2, sizeof(domain.prefix[0]));
	if (domain.prefix == NULL)
		return -1;
	domain.prefix[0] = SNMP_TRANSPORT_PREFIX;
	(void)netsnmp_tdomain_register(&domain);
	return 0;
}
