/* SPDX-License-Identifier: ISC */
/*
 * Calls a server as the verification mode demands, says hello and prints the answer.
 *
 *   client SERVICE HOST PORT [NAME [STATE-DIRECTORY]]
 *
 * NAME is whom the certificate must name, HOST unless it is given; with an empty one
 * nobody is expected, which a mode that verifies does not let pass.
 */
#include <certconf.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "client: %s: %s\n", what, why);
	exit(1);
}

static void
talk(BIO *bio, const SSL *ssl)
{
	char line[256];
	int n;

	/*
	 * with TLS 1.3 a server's refusal comes after the handshake: read before trust
	 */
	if (BIO_puts(bio, "hello\n") <= 0 ||
	    (n = BIO_read(bio, line, sizeof(line))) <= 0)
		die(X509_verify_cert_error_string(SSL_get_verify_result(ssl)),
		    ERR_error_string(ERR_get_error(), NULL));
	fwrite(line, 1, (size_t)n, stdout);
}

int
main(int argc, char *argv[])
{
	const char *name = argc > 4 ? argv[4] : argv[2];
	struct certconf_error err = { 0, "out of memory" };
	struct certconf *h;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *bio;

	if (argc < 4 || argc > 6)
		die("usage", "client SERVICE HOST PORT [NAME [STATE-DIRECTORY]]");
	if ((argc > 5 ? certconf_open_at(argv[5], argv[1], &h)
		      : certconf_open(argv[1], &h)) == -1)
		die(argv[1], strerror(errno));
	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    certconf_tls_apply(h, ctx, CERTCONF_OUTGOING, &err) == -1 ||
	    (bio = BIO_new_ssl_connect(ctx)) == NULL)
		die(argv[1], err.text);
	BIO_get_ssl(bio, &ssl);
	if (name[0] != '\0' && certconf_tls_peer(h, ssl, name) == -1)
		die(name, strerror(errno));
	BIO_set_conn_hostname(bio, argv[2]);
	BIO_set_conn_port(bio, argv[3]);
	talk(bio, ssl);
	BIO_free_all(bio);
	SSL_CTX_free(ctx);
	certconf_close(h);
	return 0;
}
