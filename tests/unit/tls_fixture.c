/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "tests/unit/pki.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/tls_fixture.h"

int
tls_setup(void **state)
{
	return pki_setup(state);
}

int
tls_teardown(void **state)
{
	return pki_teardown(state);
}

struct text
tls_pki(struct arena *arena, const char *names)
{
	return pki_text(arena, names);
}

const char *
tls_path(const char *state, const char *file)
{
	static char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s", state, file);
	return path;
}

void
tls_write(const char *state, const char *file, const char *data, size_t len)
{
	char below[512];
	FILE *f;

	(void)snprintf(below, sizeof(below), "generations/1/%s", file);
	(void)unlink(tls_path(state, below));
	f = fopen(tls_path(state, below), "we");
	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) == EOF)
		fail_msg("%s cannot be written", below);
}

/* The files of these names with this ending, one after the other, as one. */
static void
put(const char *directory, const char *file, const char *names, const char *suffix)
{
	struct arena arena = { 0 };
	char list[256], files[512] = "", *next = list, *name;
	char *path;
	FILE *f;
	struct text text;

	(void)snprintf(list, sizeof(list), "%s", names);
	while ((name = strsep(&next, " ")) != NULL)
		(void)snprintf(files + strlen(files), sizeof(files) - strlen(files),
		    "%s%s%s", files[0] != '\0' ? " " : "", name, suffix);
	text = pki_text(&arena, files);
	assert_true(asprintf(&path, "%s/%s", directory, file) != -1);
	f = fopen(path, "ae");
	if (f == NULL || fwrite(text.data, 1, text.len, f) != text.len ||
	    fclose(f) == EOF)
		fail_msg("%s cannot be written", path);
	free(path);
	arena_clear(&arena);
}

void
tls_generation(const char *state, unsigned int number, const struct tls_files *files)
{
	const char *chain = files->combined != NULL ? files->combined : "fullchain.pem";
	const char *key = files->combined != NULL ? files->combined : "privkey.pem";
	char top[400], directory[500], line[64];

	(void)snprintf(top, sizeof(top), "%s/generations/%u", state, number);
	assert_int_equal(mkdir(top, 0755), 0);
	(void)snprintf(directory, sizeof(directory), "%s/trust", top);
	assert_int_equal(mkdir(directory, 0755), 0);
	if (files->anchors != NULL)
		put(directory, "ca.pem", files->anchors, ".crt");
	(void)snprintf(directory, sizeof(directory), "%s/services", top);
	assert_int_equal(mkdir(directory, 0755), 0);
	(void)snprintf(directory, sizeof(directory), "%s/" FIXTURE_SERVICE, top);
	assert_int_equal(mkdir(directory, 0755), 0);
	if (files->chain != NULL)
		put(directory, chain, files->chain, ".crt");
	if (files->key != NULL)
		put(directory, key, files->key, ".key");
	if (files->mode != NULL) {
		(void)snprintf(line, sizeof(line), "%s\n", files->mode);
		fixture_write(directory, "verification-mode", line);
	}
}

void
tls_activate(const char *state, unsigned int number)
{
	char target[64], from[400], to[400];

	(void)snprintf(target, sizeof(target), "generations/%u", number);
	(void)snprintf(from, sizeof(from), "%s/live.new", state);
	(void)snprintf(to, sizeof(to), "%s/live", state);
	assert_int_equal(symlink(target, from), 0);
	assert_int_equal(rename(from, to), 0);
}

char *
tls_state(const struct tls_files *files)
{
	char *state = fixture_dir();

	assert_int_equal(mkdir(tls_path(state, "generations"), 0755), 0);
	tls_generation(state, 1, files);
	tls_activate(state, 1);
	return state;
}

SSL_CTX *
tls_context(const char *state, enum certconf_direction direction)
{
	SSL_CTX *ctx = SSL_CTX_new(
	    direction == CERTCONF_OUTGOING ? TLS_client_method() : TLS_server_method());
	struct certconf_error err;
	struct certconf *h;

	assert_non_null(ctx);
	assert_int_equal(certconf_open_at(state, "room", &h), 0);
	if (certconf_tls_apply(h, ctx, direction, &err) == -1)
		fail_msg("%s", err.text);
	certconf_close(h);
	return ctx;
}

SSL_CTX *
tls_plain(bool server, const char *chain, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	char path[600];
	char *dir = fixture_dir();

	assert_non_null(ctx);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	if (chain != NULL) {
		put(dir, "chain", chain, ".crt");
		put(dir, "key", key, ".key");
		(void)snprintf(path, sizeof(path), "%s/chain", dir);
		assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, path), 1);
		(void)snprintf(path, sizeof(path), "%s/key", dir);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, path,
				     SSL_FILETYPE_PEM),
		    1);
	}
	fixture_remove(dir);
	return ctx;
}

void
tls_pair_open(struct tls_pair *pair, SSL_CTX *client, SSL_CTX *server)
{
	BIO *one, *other;

	pair->client = SSL_new(client);
	pair->server = SSL_new(server);
	assert_non_null(pair->client);
	assert_non_null(pair->server);
	assert_int_equal(BIO_new_bio_pair(&one, 1 << 20, &other, 1 << 20), 1);
	SSL_set_bio(pair->client, one, one);
	SSL_set_bio(pair->server, other, other);
	SSL_set_connect_state(pair->client);
	SSL_set_accept_state(pair->server);
}

static bool
is_waiting(SSL *ssl, int rc)
{
	return rc > 0 || SSL_get_error(ssl, rc) == SSL_ERROR_WANT_READ;
}

static bool
shake_hands(struct tls_pair *pair)
{
	for (int i = 0; i < 20; i++) {
		if (!is_waiting(pair->client, SSL_do_handshake(pair->client)) ||
		    !is_waiting(pair->server, SSL_do_handshake(pair->server)))
			return false;
		if (SSL_is_init_finished(pair->client) &&
		    SSL_is_init_finished(pair->server))
			return true;
	}
	return false;
}

bool
tls_pair_talk(struct tls_pair *pair)
{
	char word[8];
	bool talked = shake_hands(pair) && SSL_write(pair->client, "call", 4) == 4 &&
	    SSL_read(pair->server, word, sizeof(word)) == 4 &&
	    SSL_write(pair->server, "answer", 6) == 6 &&
	    SSL_read(pair->client, word, sizeof(word)) == 6;

	ERR_clear_error();
	return talked;
}

void
tls_pair_close(struct tls_pair *pair)
{
	SSL_free(pair->client);
	SSL_free(pair->server);
}
