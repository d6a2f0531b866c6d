/* SPDX-License-Identifier: ISC */
/*
 * Generations as certconfd writes them, for a service "room", and handshakes in memory
 * between two contexts that libcertconf set up.
 */
#ifndef TESTS_TLS_FIXTURE_H
#define TESTS_TLS_FIXTURE_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "lib/bytes.h"
#include "lib/certconf.h"

#define FIXTURE_SERVICE "services/room/"

/*
 * Names are those of tests/data/make-pki, several separated by spaces; NULL: no file.
 */
struct tls_files {
	const char *mode;
	const char *chain; /* certificates */
	const char *key;
	const char *anchors;  /* certificates */
	const char *combined; /* instead of chain and key: the file's name */
};

/* Group set-up and tear-down for cmocka. */
int tls_setup(void **state);
int tls_teardown(void **state);
/* Files of the PKI, separated by spaces, one after the other. */
struct text tls_pki(struct arena *, const char *names);

/* A state directory with one generation in force, to be removed by fixture_remove(). */
char *tls_state(const struct tls_files *);
/* Writes generations/NUMBER. */
void tls_generation(const char *state, unsigned int number, const struct tls_files *);
/* Points live at it, by rename. */
void tls_activate(const char *state, unsigned int number);
/* Replaces a file below generations/1. */
void tls_write(const char *state, const char *file, const char *data, size_t len);
/* Its path, in a buffer that is static. */
const char *tls_path(const char *state, const char *file);

/* A context that must be; for a server or a client by its direction. */
SSL_CTX *tls_context(const char *state, enum certconf_direction);
/* One that says what OpenSSL alone would do, with or without a certificate. */
SSL_CTX *tls_plain(bool server, const char *chain, const char *key);

/* Two ends of one connection. */
struct tls_pair {
	SSL *client, *server;
};

void tls_pair_open(struct tls_pair *, SSL_CTX *client, SSL_CTX *server);
/* The handshake, and a word each way: whether all of it came to pass. */
bool tls_pair_talk(struct tls_pair *);
void tls_pair_close(struct tls_pair *);

#endif
