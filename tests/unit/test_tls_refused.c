/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/names.h"

#include "tests/unit/store_fixture.h"
#include "tests/unit/tls_fixture.h"

#define LONG_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct tls_files whole = { "outgoing-and-incoming", "p256 inter", "p256",
	"ca", NULL };

static void
open_refused(void **state)
{
	static const struct {
		const char *name, *directory, *service;
		int why;
	} rows[] = {
		{ "no such directory", "none", "room", ENOENT },
		{ "a file", "file", "room", ENOTDIR },
		{ "no name", "", "", EINVAL },
		{ "a way up", "", "../room", EINVAL },
		{ "a dot", "", ".", EINVAL },
		{ "an option", "", "-room", EINVAL },
		{ "a long name", "", LONG_NAME, EINVAL },
		{ "NULL", "", NULL, EINVAL },
	};
	char *dir = tls_state(&whole);

	(void)state;
	fixture_write(dir, "file", "");
	for (size_t i = 0; i < nitems(rows); i++) {
		struct certconf *h = NULL;

		errno = 0;
		if (certconf_open_at(tls_path(dir, rows[i].directory), rows[i].service,
			&h) != -1 ||
		    errno != rows[i].why || h != NULL)
			fail_msg("%s: %s", rows[i].name, strerror(errno));
	}
	fixture_remove(dir);
}

/* --- files --- */

static void
drop(const char *dir, const char *file)
{
	char below[256];

	(void)snprintf(below, sizeof(below), "generations/1/%s", file);
	assert_int_equal(unlink(tls_path(dir, below)), 0);
}

static void
text(const char *dir, const char *file, const char *octets)
{
	tls_write(dir, file, octets, strlen(octets));
}

/* A file of the PKI in the place of another. */
static void
from_pki(const char *dir, const char *file, const char *names)
{
	struct arena arena = { 0 };
	struct text octets = tls_pki(&arena, names);

	tls_write(dir, file, octets.data, octets.len);
	arena_clear(&arena);
}

static void
huge(const char *dir, const char *file)
{
	char below[256];

	(void)snprintf(below, sizeof(below), "generations/1/%s", file);
	assert_int_equal(truncate(tls_path(dir, below), (off_t)600 << 20), 0);
}

static void
no_live(const char *dir)
{
	assert_int_equal(unlink(tls_path(dir, "live")), 0);
}

static void
dangling(const char *dir)
{
	no_live(dir);
	assert_int_equal(symlink("generations/7", tls_path(dir, "live")), 0);
}

static void
live_is_a_file(const char *dir)
{
	no_live(dir);
	assert_int_equal(symlink("generations/1/" FIXTURE_SERVICE "privkey.pem",
			     tls_path(dir, "live")),
	    0);
}

static void
live_is_no_link(const char *dir)
{
	no_live(dir);
	fixture_write(dir, "live", "generations/1");
}

static void
other_service(const char *dir)
{
	char to[512];

	(void)snprintf(to, sizeof(to), "%s/generations/1/services/other", dir);
	assert_int_equal(rename(tls_path(dir, "generations/1/services/room"), to), 0);
}

static void
no_mode(const char *dir)
{
	drop(dir, FIXTURE_SERVICE "verification-mode");
}

static void
unknown_mode(const char *dir)
{
	text(dir, FIXTURE_SERVICE "verification-mode", "incoming\n");
}

static void
half_mode(const char *dir)
{
	text(dir, FIXTURE_SERVICE "verification-mode", "none");
}

static void
two_modes(const char *dir)
{
	text(dir, FIXTURE_SERVICE "verification-mode", "none\noutgoing\n");
}

static void
empty_mode(const char *dir)
{
	text(dir, FIXTURE_SERVICE "verification-mode", "");
}

static void
huge_mode(const char *dir)
{
	huge(dir, FIXTURE_SERVICE "verification-mode");
}

static void
linked_mode(const char *dir)
{
	no_mode(dir);
	assert_int_equal(symlink("/dev/zero",
			     tls_path(dir,
				 "generations/1/" FIXTURE_SERVICE "verification-mode")),
	    0);
}

static void
piped_mode(const char *dir)
{
	no_mode(dir);
	assert_int_equal(mkfifo(tls_path(dir,
				    "generations/1/" FIXTURE_SERVICE
				    "verification-mode"),
			     0644),
	    0);
}

static void
no_chain(const char *dir)
{
	drop(dir, FIXTURE_SERVICE "fullchain.pem");
}

static void
empty_chain(const char *dir)
{
	text(dir, FIXTURE_SERVICE "fullchain.pem", "");
}

static void
garbage_chain(const char *dir)
{
	text(dir, FIXTURE_SERVICE "fullchain.pem",
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
}

static void
cut_chain(const char *dir)
{
	struct arena arena = { 0 };
	struct text octets = tls_pki(&arena, "p256.crt inter.crt");

	tls_write(dir, FIXTURE_SERVICE "fullchain.pem", octets.data, octets.len - 100);
	arena_clear(&arena);
}

static void
huge_chain(const char *dir)
{
	huge(dir, FIXTURE_SERVICE "fullchain.pem");
}

static void
no_key(const char *dir)
{
	drop(dir, FIXTURE_SERVICE "privkey.pem");
}

static void
garbage_key(const char *dir)
{
	text(dir, FIXTURE_SERVICE "privkey.pem",
	    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
}

static void
encrypted_key(const char *dir)
{
	from_pki(dir, FIXTURE_SERVICE "privkey.pem", "p256.pbes2.key");
}

static void
traditional_key(const char *dir)
{
	from_pki(dir, FIXTURE_SERVICE "privkey.pem", "p256.traditional.key");
}

static void
other_key(const char *dir)
{
	from_pki(dir, FIXTURE_SERVICE "privkey.pem", "p384.key");
}

static void
key_of_the_kind(const char *dir)
{
	from_pki(dir, FIXTURE_SERVICE "privkey.pem", "wrong.key");
}

static void
public_key(const char *dir)
{
	from_pki(dir, FIXTURE_SERVICE "privkey.pem", "p256.pub");
}

static void
no_anchors(const char *dir)
{
	drop(dir, "trust/ca.pem");
}

static void
empty_anchors(const char *dir)
{
	text(dir, "trust/ca.pem", "");
}

static void
garbage_anchors(const char *dir)
{
	text(dir, "trust/ca.pem", "no certificate\n");
}

static void
half_anchors(const char *dir)
{
	struct arena arena = { 0 };
	struct text octets = tls_pki(&arena, "ca.crt other.crt");

	tls_write(dir, "trust/ca.pem", octets.data, octets.len - 100);
	arena_clear(&arena);
}

static void
huge_anchors(const char *dir)
{
	huge(dir, "trust/ca.pem");
}

static const struct {
	const char *name;
	void (*spoil)(const char *dir);
	enum certconf_code code;
	const char *text;
} refusals[] = {
	{ "nothing committed", no_live, CERTCONF_ERROR_NOT_FOUND, "committed" },
	{ "dangling", dangling, CERTCONF_ERROR_NOT_FOUND, "generations/7" },
	{ "live is a file", live_is_a_file, CERTCONF_ERROR_SYSTEM, "directory" },
	{ "live is no link", live_is_no_link, CERTCONF_ERROR_SYSTEM, "live" },
	{ "another service", other_service, CERTCONF_ERROR_NOT_FOUND,
	    "generation 1 has no service room" },
	{ "no mode", no_mode, CERTCONF_ERROR_NOT_FOUND, "verification-mode" },
	{ "unknown mode", unknown_mode, CERTCONF_ERROR_MATERIAL, "mode" },
	{ "half a mode", half_mode, CERTCONF_ERROR_MATERIAL, "mode" },
	{ "two modes", two_modes, CERTCONF_ERROR_MATERIAL, "mode" },
	{ "empty mode", empty_mode, CERTCONF_ERROR_MATERIAL, "mode" },
	{ "huge mode", huge_mode, CERTCONF_ERROR_MATERIAL, "octets" },
	{ "linked mode", linked_mode, CERTCONF_ERROR_SYSTEM, "verification-mode" },
	{ "piped mode", piped_mode, CERTCONF_ERROR_MATERIAL, "regular" },
	{ "no chain", no_chain, CERTCONF_ERROR_NOT_FOUND, "certificate" },
	{ "empty chain", empty_chain, CERTCONF_ERROR_MATERIAL, "no certificate" },
	{ "garbage chain", garbage_chain, CERTCONF_ERROR_MATERIAL, "fullchain" },
	{ "cut chain", cut_chain, CERTCONF_ERROR_MATERIAL, "fullchain" },
	{ "huge chain", huge_chain, CERTCONF_ERROR_MATERIAL, "octets" },
	{ "no key", no_key, CERTCONF_ERROR_NOT_FOUND, "privkey" },
	{ "garbage key", garbage_key, CERTCONF_ERROR_MATERIAL, "privkey" },
	{ "encrypted key", encrypted_key, CERTCONF_ERROR_MATERIAL, "privkey" },
	{ "traditional key", traditional_key, CERTCONF_ERROR_MATERIAL, "privkey" },
	{ "another key", other_key, CERTCONF_ERROR_MATERIAL, "belong" },
	{ "a key of the kind", key_of_the_kind, CERTCONF_ERROR_MATERIAL, "belong" },
	{ "public key", public_key, CERTCONF_ERROR_MATERIAL, "privkey" },
	{ "no trust store", no_anchors, CERTCONF_ERROR_TRUST_STORE,
	    "outgoing-and-incoming, and there is no trust store" },
	{ "empty trust store", empty_anchors, CERTCONF_ERROR_MATERIAL, "ca.pem" },
	{ "garbage trust store", garbage_anchors, CERTCONF_ERROR_MATERIAL, "ca.pem" },
	{ "cut trust store", half_anchors, CERTCONF_ERROR_MATERIAL, "ca.pem" },
	{ "huge trust store", huge_anchors, CERTCONF_ERROR_MATERIAL, "octets" },
};

/* Whoever does not look at the result is refused everybody, and may try again. */
static void
expect_refusal(const char *name, SSL_CTX *ctx, bool server)
{
	SSL_CTX *other = tls_plain(!server, "p256 inter", "p256");
	struct tls_pair pair;

	if (server)
		tls_pair_open(&pair, other, ctx);
	else
		tls_pair_open(&pair, ctx, other);
	if (tls_pair_talk(&pair))
		fail_msg("%s: it talks all the same", name);
	tls_pair_close(&pair);
	SSL_CTX_free(other);
}

static void
apply_refused(void **state)
{
	static const enum certconf_direction directions[] = { CERTCONF_INCOMING_CALL,
		CERTCONF_OUTGOING };

	(void)state;
	for (size_t i = 0; i < nitems(refusals) * nitems(directions); i++) {
		const enum certconf_direction direction = directions[i % 2];
		const size_t row = i / 2;
		SSL_CTX *ctx = SSL_CTX_new(TLS_method());
		char *dir = tls_state(&whole);
		struct certconf_error err;
		struct certconf *h;

		refusals[row].spoil(dir);
		assert_int_equal(certconf_open_at(dir, "room", &h), 0);
		/* a client may be without a certificate */
		if (refusals[row].spoil == no_chain && direction == CERTCONF_OUTGOING) {
			assert_int_equal(certconf_tls_apply(h, ctx, direction, &err),
			    0);
		} else if (certconf_tls_apply(h, ctx, direction, &err) != -1 ||
		    err.code != (int)refusals[row].code ||
		    strstr(err.text, refusals[row].text) == NULL) {
			fail_msg("%s: %d %s", refusals[row].name, err.code, err.text);
		} else {
			expect_refusal(refusals[row].name, ctx,
			    direction == CERTCONF_INCOMING_CALL);
			assert_int_equal(certconf_mode(h), CERTCONF_MODE_UNKNOWN);
		}
		certconf_close(h);
		fixture_remove(dir);
		SSL_CTX_free(ctx);
	}
}

/* Only what the mode needs has to be there. */
static void
unneeded(void **state)
{
	static const struct {
		const char *mode;
		enum certconf_direction direction;
		bool needed;
	} rows[] = {
		{ "none", CERTCONF_OUTGOING, false },
		{ "none", CERTCONF_INCOMING_CALL, false },
		{ "none", CERTCONF_SERVE, false },
		{ "outgoing", CERTCONF_OUTGOING, true },
		{ "outgoing", CERTCONF_INCOMING_CALL, false },
		{ "outgoing", CERTCONF_SERVE, false },
		{ "outgoing-and-incoming", CERTCONF_OUTGOING, true },
		{ "outgoing-and-incoming", CERTCONF_INCOMING_CALL, true },
		{ "outgoing-and-incoming", CERTCONF_SERVE, false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct tls_files files = { rows[i].mode, "p256 inter", "p256", NULL,
			NULL };
		SSL_CTX *ctx = SSL_CTX_new(TLS_method());
		char *dir = tls_state(&files);
		struct certconf *h;

		assert_int_equal(certconf_open_at(dir, "room", &h), 0);
		if ((certconf_tls_apply(h, ctx, rows[i].direction, NULL) == -1) !=
		    rows[i].needed)
			fail_msg("%s %d", rows[i].mode, (int)rows[i].direction);
		certconf_close(h);
		fixture_remove(dir);
		SSL_CTX_free(ctx);
	}
}

/* --- contexts --- */

static void
contexts_refused(void **state)
{
	char *dir = tls_state(&whole);
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	SSL_CTX *datagram = SSL_CTX_new(DTLS_method());
	struct certconf_error err;
	struct certconf *h;

	(void)state;
	assert_int_equal(certconf_open_at(dir, "room", &h), 0);
	assert_int_equal(certconf_tls_apply(h, datagram, CERTCONF_SERVE, &err), -1);
	assert_int_equal(err.code, CERTCONF_ERROR_TLS);
	assert_int_equal(certconf_tls_apply(h, NULL, CERTCONF_SERVE, &err), -1);
	assert_int_equal(err.code, CERTCONF_ERROR_ARGUMENT);
	assert_int_equal(certconf_tls_apply(h, ctx, 0, &err), -1);
	assert_int_equal(err.code, CERTCONF_ERROR_ARGUMENT);
	assert_int_equal(certconf_tls_apply(h, ctx, 4, &err), -1);
	assert_int_equal(err.code, CERTCONF_ERROR_ARGUMENT);

	/* after a failure again, after a success never */
	no_live(dir);
	assert_int_equal(certconf_tls_apply(h, ctx, CERTCONF_SERVE, NULL), -1);
	tls_activate(dir, 1);
	assert_int_equal(certconf_tls_apply(h, ctx, CERTCONF_SERVE, &err), 0);
	assert_int_equal(err.code, CERTCONF_OK);
	assert_int_equal(certconf_tls_apply(h, ctx, CERTCONF_SERVE, &err), -1);
	assert_int_equal(err.code, CERTCONF_ERROR_ARGUMENT);
	assert_non_null(strstr(err.text, "new one"));
	certconf_close(h);
	SSL_CTX_free(ctx);
	SSL_CTX_free(datagram);
	fixture_remove(dir);
}

/* --- peers --- */

static const char *const no_hosts[] = { "", ".", "..", ".example.org", "a..example.org",
	"www.example.org..", "www example.org", "www.example.org:443", "[2001:db8::1]",
	"fe80::1%eth0", "1.2.3", "1.2.3.4.5", "127.1", "2130706433", "*.example.org",
	"www.example.org/", "b\303\274cher.example", "a\nb", LONG_NAME ".example.org" };

static void
peers_refused(void **state)
{
	char *dir = tls_state(&whole), name[300];
	SSL_CTX *out = tls_context(dir, CERTCONF_OUTGOING);
	SSL_CTX *in = tls_context(dir, CERTCONF_INCOMING_CALL);
	SSL_CTX *plain = tls_plain(false, NULL, NULL);
	SSL *ssl = SSL_new(out), *call = SSL_new(in), *other = SSL_new(plain);
	struct certconf *h, *lobby;

	(void)state;
	assert_int_equal(certconf_open_at(dir, "room", &h), 0);
	assert_int_equal(certconf_open_at(dir, "lobby", &lobby), 0);
	for (size_t i = 0; i < nitems(no_hosts); i++) {
		errno = 0;
		if (certconf_tls_peer(h, ssl, no_hosts[i]) != -1 || errno != EINVAL)
			fail_msg("\"%s\" is a host", no_hosts[i]);
	}
	memset(name, 'a', sizeof(name));
	for (size_t i = 9; i < sizeof(name); i += 10)
		name[i] = '.';
	name[254] = '\0';
	assert_int_equal(certconf_tls_peer(h, ssl, name), -1);
	name[253] = '\0';
	assert_int_equal(certconf_tls_peer(h, ssl, name), 0);

	assert_int_equal(certconf_tls_peer(h, NULL, "a.example"), -1);
	assert_int_equal(certconf_tls_peer(h, ssl, NULL), -1);
	assert_int_equal(certconf_tls_peer(h, other, "a.example"), -1);
	assert_int_equal(certconf_tls_peer(h, call, "a.example"), -1);
	assert_int_equal(certconf_tls_peer(lobby, ssl, "a.example"), -1);
	assert_int_equal(errno, EINVAL);

	/* a server is asked for by its name, never by an address */
	assert_int_equal(certconf_tls_peer(h, ssl, "a.example."), 0);
	assert_string_equal(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
	    "a.example");
	assert_int_equal(certconf_tls_peer(h, ssl, "2001:db8::1"), 0);
	assert_null(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
	certconf_close(lobby);
	certconf_close(h);
	SSL_free(ssl);
	SSL_free(call);
	SSL_free(other);
	SSL_CTX_free(out);
	SSL_CTX_free(in);
	SSL_CTX_free(plain);
	fixture_remove(dir);
}

static void
names(void **state)
{
	(void)state;
	assert_string_equal(certconf_mode_name(CERTCONF_MODE_UNKNOWN), "unknown");
	assert_string_equal(certconf_mode_name(CERTCONF_MODE_NONE), "none");
	assert_string_equal(certconf_mode_name(CERTCONF_MODE_OUTGOING), "outgoing");
	assert_string_equal(certconf_mode_name(CERTCONF_MODE_OUTGOING_AND_INCOMING),
	    "outgoing-and-incoming");
	assert_string_equal(certconf_mode_name(4), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_refused),
		cmocka_unit_test(apply_refused),
		cmocka_unit_test(unneeded),
		cmocka_unit_test(contexts_refused),
		cmocka_unit_test(peers_refused),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
