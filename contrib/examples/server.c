/* SPDX-License-Identifier: ISC */
/*
 * Answers calls as the verification mode demands, and takes up every change of it and
 * of the certificate without a restart.  A web page asks nobody for a certificate.
 *
 *   server call|web SERVICE ADDRESS:PORT [STATE-DIRECTORY]
 */
#include <certconf.h>
#include <inttypes.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A new one each time, since connections that are open keep theirs. */
static SSL_CTX *
set_up(struct certconf *h, enum certconf_direction direction)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct certconf_error err = { 0, "out of memory" };

	if (ctx != NULL && certconf_tls_apply(h, ctx, direction, &err) == 0)
		return ctx;
	fprintf(stderr, "server: %s\n", err.text);
	SSL_CTX_free(ctx);
	return NULL;
}

static void
answer(SSL *ssl, int fd, const struct certconf *h)
{
	const struct timeval patience = { .tv_sec = 10 };
	char line[256];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1 &&
	    SSL_read(ssl, line, sizeof(line)) > 0) {
		SSL_write(ssl, line,
		    snprintf(line, sizeof(line), "generation %" PRIu64 ", mode %s\n",
			certconf_generation(h), certconf_mode_name(certconf_mode(h))));
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	close(fd);
}

int
main(int argc, char *argv[])
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct certconf *h;
	SSL_CTX *ctx = NULL;
	BIO *listener;
	int fd;

	if (argc < 4 ||
	    (argc == 4 ? certconf_open(argv[2], &h)
		       : certconf_open_at(argv[4], argv[2], &h)) == -1 ||
	    !(listener = BIO_new_accept(argv[3])) || BIO_do_accept(listener) <= 0) {
		perror("server call|web SERVICE ADDRESS:PORT [STATE-DIRECTORY]");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	BIO_get_fd(listener, &fds[0].fd);
	fds[1].fd = certconf_fd(h); /* poll() passes over -1 */
	while (poll(fds, 2, -1) > 0) {
		/* what is in force, or nobody is answered */
		if (certconf_tls_changed(h) != 0 || ctx == NULL) {
			SSL_CTX_free(ctx);
			ctx = set_up(h,
			    *argv[1] == 'w' ? CERTCONF_SERVE : CERTCONF_INCOMING_CALL);
		}
		if (fds[0].revents != 0 && (fd = accept(fds[0].fd, NULL, NULL)) != -1)
			answer(SSL_new(ctx), fd, h);
	}
	return 1;
}
