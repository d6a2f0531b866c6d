/* SPDX-License-Identifier: ISC */
/*
 * One client of a web server: a connection, a TLS handshake, one request, one answer,
 *and again, until SIGTERM.  A line for each connection on standard output:
 *
 *	BEGIN HANDSHAKE END OUTCOME LEAF
 *
 * Times are nanoseconds of CLOCK_MONOTONIC, HANDSHAKE 0 when there was none; LEAF is
 *the SHA-256 of the server's certificate, or "-".  Only "ok" is an answer that came
 *whole: whatever else happens to a connection is told, and nothing is tried again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define PATIENCE_S 5
#define HEX_SIZE 65
#define LEAF_OCTETS 32

static const char request[] = "GET / HTTP/1.1\r\nHost: unit.example.test\r\n"
			      "Connection: close\r\n\r\n";
static const char status[] = "HTTP/1.1 200 ", body[] = "\r\n\r\nhello";

struct connection {
	int64_t begin, handshake;
	const char *outcome;
	char leaf[HEX_SIZE];
};

static int64_t
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* What the system says about a socket that does not work. */
static const char *
why(const char *otherwise)
{
	switch (errno) {
	case ECONNREFUSED:
		return "refused";
	case ECONNRESET:
	case EPIPE:
		return "reset";
	case EAGAIN:
	case EINPROGRESS:
	case ETIMEDOUT:
		return "no-answer-in-time";
	default:
		return otherwise;
	}
}

static int
open_socket(const struct sockaddr_in *address, struct connection *c)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ==
		-1 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ==
		-1) {
		perror("socket");
		exit(1);
	}
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == -1)
		c->outcome = why("not-connected");
	return fd;
}

static void
take_leaf(SSL *ssl, struct connection *c)
{
	const X509 *leaf = SSL_get0_peer_certificate(ssl);
	uint8_t sha256[LEAF_OCTETS];

	if (leaf == NULL || X509_digest(leaf, EVP_sha256(), sha256, NULL) != 1)
		return;
	for (size_t i = 0; i < sizeof(sha256); i++)
		(void)snprintf(c->leaf + 2 * i, 3, "%02x", sha256[i]);
}

/* The answer to its end; a server may close without saying so in TLS. */
static bool
read_answer(SSL *ssl)
{
	char answer[4096];
	size_t len = 0, n;

	while (len < sizeof(answer) - 1 &&
	    SSL_read_ex(ssl, answer + len, sizeof(answer) - 1 - len, &n) == 1)
		len += n;
	answer[len] = '\0';
	return strncmp(answer, status, strlen(status)) == 0 &&
	    strstr(answer, body) != NULL;
}

static void
exchange(SSL *ssl, struct connection *c)
{
	size_t n;

	errno = 0;
	if (SSL_connect(ssl) != 1) {
		c->outcome = why("no-handshake");
		return;
	}
	c->handshake = now_ns();
	take_leaf(ssl, c);
	errno = 0;
	if (SSL_write_ex(ssl, request, strlen(request), &n) != 1)
		c->outcome = why("not-sent");
	else if (!read_answer(ssl))
		c->outcome = why("short-answer");
	else
		(void)SSL_shutdown(ssl);
}

static void
connect_once(SSL_CTX *ctx, const struct sockaddr_in *address)
{
	struct connection c = { .begin = now_ns(), .outcome = "ok", .leaf = "-" };
	SSL *ssl = SSL_new(ctx);
	const int fd = open_socket(address, &c);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
		(void)fputs("no memory for a connection\n", stderr);
		exit(1);
	}
	if (strcmp(c.outcome, "ok") == 0)
		exchange(ssl, &c);
	(void)close(fd);
	SSL_free(ssl);
	if (printf("%" PRId64 " %" PRId64 " %" PRId64 " %s %s\n", c.begin, c.handshake,
		now_ns(), c.outcome, c.leaf) < 0)
		exit(1);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct timespec pause = { 0 };
	sigset_t end;
	SSL_CTX *ctx;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s PORT PAUSE-MS\n", argv[0]);
		return 2;
	}
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	pause.tv_nsec = (long)(strtoul(argv[2], NULL, 10) % 1000 * 1000000);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)sigemptyset(&end);
	(void)sigaddset(&end, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &end, NULL); /* it must not cost a connection */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL)
		return 1;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	do {
		connect_once(ctx, &address);
	} while (sigtimedwait(&end, NULL, &pause) == -1);
	SSL_CTX_free(ctx);
	return 0;
}
