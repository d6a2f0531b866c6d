/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/names.h"

#include "tests/unit/store_fixture.h"
#include "tests/unit/tls_fixture.h"

#define HOST "www.example.org"

static const char *const modes[] = { "none", "outgoing", "outgoing-and-incoming" };

/* --- who is let in --- */

/* How many authorities the server named; -1 for no list. */
static int
names_sent(const struct tls_pair *pair)
{
	return sk_X509_NAME_num(SSL_get0_peer_CA_list(pair->client));
}

static void
callers(void **state)
{
	static const struct {
		const char *name, *chain, *key;
		bool trusted;
	} rows[] = {
		{ "nobody", NULL, NULL, false },
		{ "a trusted one", "p256 inter", "p256", true },
		{ "one for clients only", "client inter", "p256", true },
		{ "one for code", "code inter", "p256", false },
		{ "an untrusted one", "self", "p256", false },
		{ "an expired one", "expired inter", "p256", false },
		{ "a future one", "future inter", "p256", false },
		{ "one without its chain", "p256", "p256", false },
	};

	(void)state;
	for (size_t m = 0; m < nitems(modes); m++) {
		struct tls_files files = { modes[m], "p256 inter", "p256", "ca", NULL };
		char *dir = tls_state(&files);
		SSL_CTX *call = tls_context(dir, CERTCONF_INCOMING_CALL);
		SSL_CTX *page = tls_context(dir, CERTCONF_SERVE);

		for (size_t i = 0; i < nitems(rows); i++) {
			SSL_CTX *ctx = tls_plain(false, rows[i].chain, rows[i].key);
			struct tls_pair pair;

			tls_pair_open(&pair, ctx, call);
			if (tls_pair_talk(&pair) != (m < 2 || rows[i].trusted))
				fail_msg("%s: %s", modes[m], rows[i].name);
			/* whom it could have shown, by the names it was sent */
			if (names_sent(&pair) != (m < 2 ? -1 : 1))
				fail_msg("%s: %d names", modes[m], names_sent(&pair));
			tls_pair_close(&pair);
			tls_pair_open(&pair, ctx, page);
			if (!tls_pair_talk(&pair) ||
			    SSL_get0_peer_certificate(pair.server) != NULL)
				fail_msg("%s, web page: %s", modes[m], rows[i].name);
			tls_pair_close(&pair);
			SSL_CTX_free(ctx);
		}
		SSL_CTX_free(page);
		SSL_CTX_free(call);
		fixture_remove(dir);
	}
}

static void
callees(void **state)
{
	static const struct {
		const char *name, *chain, *key, *host;
		bool trusted;
	} rows[] = {
		{ "name", "p256 inter", "p256", HOST, true },
		{ "name in capitals", "p256 inter", "p256", "WWW.Example.ORG", true },
		{ "name with its dot", "p256 inter", "p256", HOST ".", true },
		{ "address", "p256 inter", "p256", "192.0.2.1", true },
		{ "wildcard", "sans inter", "p256", "x.b.example.org", true },
		{ "IPv6 address", "sans inter", "p256", "2001:DB8:0::1", true },
		{ "wildcard, two labels", "sans inter", "p256", "x.y.b.example.org",
		    false },
		{ "wrong name", "p256 inter", "p256", "example.org", false },
		{ "wrong address", "p256 inter", "p256", "192.0.2.2", false },
		{ "nobody named", "p256 inter", "p256", NULL, false },
		{ "only a common name", "bare inter", "p256", HOST, false },
		{ "for clients only", "client inter", "p256", HOST, false },
		{ "untrusted", "self", "p256", HOST, false },
		{ "expired", "expired inter", "p256", HOST, false },
		{ "without its chain", "p256", "p256", HOST, false },
	};

	(void)state;
	for (size_t m = 0; m < nitems(modes); m++) {
		struct tls_files files = { modes[m], "p256 inter", "p256", "ca", NULL };
		char *dir = tls_state(&files);
		SSL_CTX *ctx = tls_context(dir, CERTCONF_OUTGOING);
		struct certconf *h;

		assert_int_equal(certconf_open_at(dir, "room", &h), 0);
		for (size_t i = 0; i < nitems(rows); i++) {
			SSL_CTX *server = tls_plain(true, rows[i].chain, rows[i].key);
			struct tls_pair pair;

			tls_pair_open(&pair, ctx, server);
			if (rows[i].host != NULL)
				assert_int_equal(certconf_tls_peer(h, pair.client,
						     rows[i].host),
				    0);
			if (tls_pair_talk(&pair) != (m == 0 || rows[i].trusted))
				fail_msg("%s: %s", modes[m], rows[i].name);
			tls_pair_close(&pair);
			SSL_CTX_free(server);
		}
		certconf_close(h);
		SSL_CTX_free(ctx);
		fixture_remove(dir);
	}
}

/* The same context calls one and the other; the name of the last call counts. */
static void
peer_replaced(void **state)
{
	struct tls_files files = { "outgoing", "p256 inter", "p256", "ca", NULL };
	char *dir = tls_state(&files);
	SSL_CTX *ctx = tls_context(dir, CERTCONF_OUTGOING);
	SSL_CTX *server = tls_plain(true, "p256 inter", "p256");
	static const struct {
		const char *first, *second;
		bool talks;
	} rows[] = {
		{ "192.0.2.1", HOST, true },
		{ HOST, "192.0.2.1", true },
		{ "wrong.example", HOST, true },
		{ "192.0.2.2", HOST, true },
		{ HOST, "wrong.example", false },
		{ HOST, "192.0.2.2", false },
		{ "192.0.2.1", "wrong.example", false },
	};
	struct certconf *h;

	(void)state;
	assert_int_equal(certconf_open_at(dir, "room", &h), 0);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct tls_pair pair;

		tls_pair_open(&pair, ctx, server);
		assert_int_equal(certconf_tls_peer(h, pair.client, rows[i].first), 0);
		assert_int_equal(certconf_tls_peer(h, pair.client, rows[i].second), 0);
		if (tls_pair_talk(&pair) != rows[i].talks)
			fail_msg("%s, then %s", rows[i].first, rows[i].second);
		tls_pair_close(&pair);
	}
	certconf_close(h);
	SSL_CTX_free(server);
	SSL_CTX_free(ctx);
	fixture_remove(dir);
}

/* What is shown is the committed chain and no more, in either layout. */
static void
shown(void **state)
{
	static const struct {
		struct tls_files files;
		int links;
	} rows[] = {
		{ { "outgoing-and-incoming", "p256 inter", "p256", "ca inter", NULL },
		    2 },
		{ { "outgoing-and-incoming", "p256", "p256", "ca inter", NULL }, 1 },
		{ { "none", "rsa2048 inter", "rsa2048", NULL, "combined.pem" }, 2 },
		{ { "none", "ed25519", "ed25519", NULL, NULL }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char *dir = tls_state(&rows[i].files);
		SSL_CTX *server = tls_context(dir, CERTCONF_INCOMING_CALL);
		SSL_CTX *client = tls_context(dir, CERTCONF_OUTGOING);
		struct tls_pair pair;
		struct certconf *h;

		assert_int_equal(certconf_open_at(dir, "room", &h), 0);
		tls_pair_open(&pair, client, server);
		assert_int_equal(certconf_tls_peer(h, pair.client, HOST), 0);
		assert_true(tls_pair_talk(&pair));
		assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(pair.client)),
		    rows[i].links);
		assert_string_equal(SSL_get_servername(pair.server,
					TLSEXT_NAMETYPE_host_name),
		    HOST);
		tls_pair_close(&pair);
		certconf_close(h);
		SSL_CTX_free(client);
		SSL_CTX_free(server);
		fixture_remove(dir);
	}
}

/* An anchor need not be a root, as certconf's own verdict on a chain has it. */
static void
anchors_as_they_are(void **state)
{
	struct tls_files files = { "outgoing", NULL, NULL, "inter", NULL };
	char *dir = tls_state(&files);
	SSL_CTX *client = tls_context(dir, CERTCONF_OUTGOING);
	SSL_CTX *server = tls_plain(true, "p256", "p256");
	struct tls_pair pair;
	struct certconf *h;

	(void)state;
	assert_int_equal(certconf_open_at(dir, "room", &h), 0);
	tls_pair_open(&pair, client, server);
	assert_int_equal(certconf_tls_peer(h, pair.client, HOST), 0);
	assert_true(tls_pair_talk(&pair));
	tls_pair_close(&pair);
	certconf_close(h);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
	fixture_remove(dir);
}

/* A certificate of today; the caller names it, signs it and frees it. */
static X509 *
new_certificate(EVP_PKEY *key, int number)
{
	X509 *x509 = X509_new();

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), number);
	X509_gmtime_adj(X509_getm_notBefore(x509), 0);
	X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
	X509_set_pubkey(x509, key);
	return x509;
}

/* A server that the root of the PKI certified to have this name. */
static SSL_CTX *
server_called(const char *name)
{
	struct arena arena = { 0 };
	struct text text = tls_pki(&arena, "ca.key ca.crt");
	BIO *pem = BIO_new_mem_buf(text.data, (int)text.len);
	EVP_PKEY *by = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
	X509 *ca = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = new_certificate(key, 1);
	SSL_CTX *server = tls_plain(true, NULL, NULL);
	X509_EXTENSION *names;
	char san[300];

	(void)snprintf(san, sizeof(san), "DNS:%s", name);
	names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	assert_non_null(names);
	X509_add_ext(x509, names, -1);
	X509_set_issuer_name(x509, X509_get_subject_name(ca));
	assert_true(X509_sign(x509, by, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_cert_and_key(server, x509, key, NULL, 1), 1);
	X509_EXTENSION_free(names);
	X509_free(x509);
	X509_free(ca);
	EVP_PKEY_free(by);
	EVP_PKEY_free(key);
	BIO_free(pem);
	arena_clear(&arena);
	return server;
}

/* Nobody is expected until somebody is: not even who is certified to be nobody. */
static void
nobody(void **state)
{
	struct tls_files files = { "outgoing", NULL, NULL, "ca", NULL };
	char *dir = tls_state(&files);
	SSL_CTX *client = tls_context(dir, CERTCONF_OUTGOING);
	SSL_CTX *server =
	    server_called(X509_VERIFY_PARAM_get0_host(SSL_CTX_get0_param(client), 0));
	SSL_CTX *somebody = server_called("some.example.org");
	struct tls_pair pair;

	(void)state;
	tls_pair_open(&pair, client, server);
	assert_false(tls_pair_talk(&pair));
	assert_int_equal(SSL_get_verify_result(pair.client),
	    X509_V_ERR_HOSTNAME_MISMATCH);
	tls_pair_close(&pair);
	/* OpenSSL's own way to say it is as good */
	tls_pair_open(&pair, client, somebody);
	assert_int_equal(SSL_set1_host(pair.client, "some.example.org"), 1);
	assert_true(tls_pair_talk(&pair));
	tls_pair_close(&pair);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
	SSL_CTX_free(somebody);
	fixture_remove(dir);
}

/* Appends a self-signed certificate with a name of its own. */
static void
add_anchor(BIO *pem, EVP_PKEY *key, int number)
{
	X509 *x509 = new_certificate(key, number);
	char name[64];

	(void)snprintf(name, sizeof(name), "An authority among many, number %d",
	    number);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(pem, x509), 1);
	X509_free(x509);
}

/* Names go to the caller only as long as there is room for all of them. */
static void
many_anchors(void **state)
{
	static const struct {
		int anchors, names;
	} rows[] = { { 100, 101 }, { 1500, -1 } };
	struct tls_files files = { "outgoing-and-incoming", "p256", "p256", "ca",
		NULL };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	SSL_CTX *client = tls_plain(false, "p256 inter", "p256");

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct arena arena = { 0 };
		struct text ca = tls_pki(&arena, "ca.crt");
		char *dir = tls_state(&files);
		BIO *pem = BIO_new(BIO_s_mem());
		struct tls_pair pair;
		SSL_CTX *server;
		char *data;
		long len;

		for (int n = 0; n < rows[i].anchors; n++)
			add_anchor(pem, key, n);
		assert_int_equal(BIO_write(pem, ca.data, (int)ca.len), (int)ca.len);
		assert_int_equal(BIO_write(pem, ca.data, (int)ca.len), (int)ca.len);
		len = BIO_get_mem_data(pem, &data);
		tls_write(dir, "trust/ca.pem", data, (size_t)len);
		server = tls_context(dir, CERTCONF_INCOMING_CALL);
		tls_pair_open(&pair, client, server);
		assert_true(tls_pair_talk(&pair));
		assert_int_equal(names_sent(&pair), rows[i].names);
		tls_pair_close(&pair);
		SSL_CTX_free(server);
		BIO_free(pem);
		fixture_remove(dir);
		arena_clear(&arena);
	}
	SSL_CTX_free(client);
	EVP_PKEY_free(key);
}

static void
versions(void **state)
{
	static const struct {
		int max;
		bool talks;
	} rows[] = {
		{ TLS1_1_VERSION, false },
		{ TLS1_2_VERSION, true },
		{ TLS1_3_VERSION, true },
	};
	struct tls_files files = { "none", "p256 inter", "p256", NULL, NULL };
	char *dir = tls_state(&files);
	SSL_CTX *server = tls_context(dir, CERTCONF_SERVE);

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		SSL_CTX *client = tls_plain(false, NULL, NULL);
		struct tls_pair pair;

		SSL_CTX_set_security_level(client, 0); /* TLS 1.1 is below level 1 */
		assert_int_equal(SSL_CTX_set_min_proto_version(client, TLS1_VERSION),
		    1);
		assert_int_equal(SSL_CTX_set_max_proto_version(client, rows[i].max), 1);
		tls_pair_open(&pair, client, server);
		if (tls_pair_talk(&pair) != rows[i].talks)
			fail_msg("%x", (unsigned int)rows[i].max);
		tls_pair_close(&pair);
		SSL_CTX_free(client);
	}
	SSL_CTX_free(server);
	fixture_remove(dir);
}

/* --- sessions --- */

/* A session made with one pair of contexts, after a word each way; the caller frees. */
static SSL_SESSION *
session_of(const struct certconf *h, const char *host, SSL_CTX *client, SSL_CTX *server)
{
	struct tls_pair pair;
	SSL_SESSION *session;

	tls_pair_open(&pair, client, server);
	if (h != NULL)
		assert_int_equal(certconf_tls_peer(h, pair.client, host), 0);
	assert_true(tls_pair_talk(&pair));
	session = SSL_get1_session(pair.client);
	(void)SSL_shutdown(pair.client);
	tls_pair_close(&pair);
	assert_non_null(session);
	return session;
}

/* Tickets of one can be opened by the other, as with servers that share their keys. */
static void
share_tickets(SSL_CTX *one, SSL_CTX *other)
{
	unsigned char keys[80];

	assert_int_equal(SSL_CTX_get_tlsext_ticket_keys(one, keys, sizeof(keys)), 1);
	assert_int_equal(SSL_CTX_set_tlsext_ticket_keys(other, keys, sizeof(keys)), 1);
}

/* Who was let in before a change is looked at again after it. */
static void
sessions_of_callers(void **state)
{
	static const struct {
		const char *name;
		struct tls_files before, after;
		const char *chain; /* the caller's */
		bool resumed, talks;
	} rows[] = {
		{ "nothing changed", { "none", "p256", "p256", "ca", NULL },
		    { "none", "p256", "p256", "ca", NULL }, NULL, true, true },
		{ "nothing changed, verified",
		    { "outgoing-and-incoming", "p256", "p256", "ca", NULL },
		    { "outgoing-and-incoming", "p256", "p256", "ca", NULL },
		    "p256 inter", true, true },
		{ "a mode not for calls", { "none", "p256", "p256", "ca", NULL },
		    { "outgoing", "p256", "p256", "ca", NULL }, NULL, false, true },
		{ "a mode that verifies", { "none", "p256", "p256", "ca", NULL },
		    { "outgoing-and-incoming", "p256", "p256", "ca", NULL }, NULL,
		    false, false },
		{ "another trust store",
		    { "outgoing-and-incoming", "p256", "p256", "ca", NULL },
		    { "outgoing-and-incoming", "p256", "p256", "other", NULL },
		    "p256 inter", false, false },
		{ "another certificate",
		    { "outgoing-and-incoming", "p256", "p256", "ca", NULL },
		    { "outgoing-and-incoming", "p384", "p384", "ca", NULL },
		    "p256 inter", false, true },
	};
	static const int max[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	(void)state;
	for (size_t i = 0; i < nitems(rows) * nitems(max); i++) {
		const size_t row = i / 2;
		char *dir = tls_state(&rows[row].before);
		SSL_CTX *client = tls_plain(false, rows[row].chain, "p256");
		SSL_CTX *old = tls_context(dir, CERTCONF_INCOMING_CALL), *new;
		SSL_SESSION *session;
		struct tls_pair pair;

		assert_int_equal(SSL_CTX_set_max_proto_version(client, max[i % 2]), 1);
		session = session_of(NULL, NULL, client, old);
		tls_generation(dir, 2, &rows[row].after);
		tls_activate(dir, 2);
		new = tls_context(dir, CERTCONF_INCOMING_CALL);
		share_tickets(old, new);
		tls_pair_open(&pair, client, new);
		assert_int_equal(SSL_set_session(pair.client, session), 1);
		if (tls_pair_talk(&pair) != rows[row].talks ||
		    (SSL_session_reused(pair.server) == 1) != rows[row].resumed)
			fail_msg("%s, %x", rows[row].name, (unsigned int)max[i % 2]);
		tls_pair_close(&pair);
		SSL_SESSION_free(session);
		SSL_CTX_free(client);
		SSL_CTX_free(old);
		SSL_CTX_free(new);
		fixture_remove(dir);
	}
}

/* A resumed handshake verifies nothing: so a session must be one with the same host. */
static void
sessions_of_callees(void **state)
{
	static const struct {
		const char *name, *mode, *host;
		bool talks;
	} rows[] = {
		{ "the same", "outgoing", HOST, true },
		{ "another host", "outgoing", "wrong.example", false },
		{ "nobody named", "outgoing", NULL, false },
		{ "from mode none", "none", HOST, false },
	};
	struct tls_files now = { "outgoing", "p256 inter", "p256", "ca", NULL };
	static const int max[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	SSL_CTX *server = tls_plain(true, "p256 inter", "p256");

	(void)state;
	for (size_t i = 0; i < nitems(rows) * nitems(max); i++) {
		struct tls_files before = { rows[i / 2].mode, "p256 inter", "p256",
			"ca", NULL };
		char *dir = tls_state(&before), *live = tls_state(&now);
		SSL_CTX *old = tls_context(dir, CERTCONF_OUTGOING);
		SSL_CTX *client = tls_context(live, CERTCONF_OUTGOING);
		SSL_SESSION *session;
		struct tls_pair pair;
		struct certconf *h;

		assert_int_equal(SSL_CTX_set_max_proto_version(old, max[i % 2]), 1);
		assert_int_equal(SSL_CTX_set_max_proto_version(client, max[i % 2]), 1);
		assert_int_equal(certconf_open_at(live, "room", &h), 0);
		session = session_of(h, HOST, old, server);
		tls_pair_open(&pair, client, server);
		if (rows[i / 2].host != NULL)
			assert_int_equal(certconf_tls_peer(h, pair.client,
					     rows[i / 2].host),
			    0);
		assert_int_equal(SSL_set_session(pair.client, session), 1);
		if (tls_pair_talk(&pair) != rows[i / 2].talks ||
		    (rows[i / 2].talks && SSL_session_reused(pair.client) != 1))
			fail_msg("%s, %x", rows[i / 2].name, (unsigned int)max[i % 2]);
		tls_pair_close(&pair);
		certconf_close(h);
		SSL_SESSION_free(session);
		SSL_CTX_free(client);
		SSL_CTX_free(old);
		fixture_remove(dir);
		fixture_remove(live);
	}
	SSL_CTX_free(server);
}

/* --- changes --- */

static bool
is_readable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, 0) == 1;
}

static void
change_is_told(void **state)
{
	struct tls_files files = { "outgoing", "p256 inter", "p256", "ca", NULL };
	struct tls_files other = { "none", "rsa2048 inter", "rsa2048", NULL, NULL };
	char *dir = tls_state(&files);
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	struct certconf *h;

	(void)state;
	assert_int_equal(certconf_open_at(dir, "room", &h), 0);
	assert_int_equal(certconf_mode(h), CERTCONF_MODE_UNKNOWN);
	assert_int_equal(certconf_generation(h), 0);
	assert_int_equal(certconf_tls_apply(h, ctx, CERTCONF_SERVE, NULL), 0);
	assert_string_equal(certconf_mode_name(certconf_mode(h)), "outgoing");
	assert_int_equal(certconf_generation(h), 1);
	assert_int_equal(certconf_tls_changed(h), 0);
	assert_false(is_readable(certconf_fd(h)));

	tls_generation(dir, 20, &other);
	assert_int_equal(certconf_tls_changed(h), 0);
	tls_activate(dir, 20);
	assert_true(is_readable(certconf_fd(h)));
	assert_int_equal(certconf_tls_changed(h), 1);
	assert_false(is_readable(certconf_fd(h)));
	assert_int_equal(certconf_tls_changed(h), 0);
	assert_int_equal(certconf_generation(h),
	    1); /* what was set up is what it was */

	SSL_CTX_free(ctx);
	ctx = SSL_CTX_new(TLS_method());
	assert_int_equal(certconf_tls_apply(h, ctx, CERTCONF_SERVE, NULL), 0);
	assert_int_equal(certconf_mode(h), CERTCONF_MODE_NONE);
	assert_int_equal(certconf_generation(h), 20);

	/* back and forth between two looks is no change */
	tls_activate(dir, 1);
	tls_activate(dir, 20);
	assert_true(is_readable(certconf_fd(h)));
	assert_int_equal(certconf_tls_changed(h), 0);
	SSL_CTX_free(ctx);
	certconf_close(h);
	fixture_remove(dir);
}

/* The descriptor is there before the first commit. */
static void
first_generation(void **state)
{
	struct tls_files files = { "none", "p256 inter", "p256", NULL, NULL };
	char *dir = fixture_dir();
	struct certconf *h;

	(void)state;
	assert_int_equal(mkdir(tls_path(dir, "generations"), 0755), 0);
	assert_int_equal(certconf_open_at(dir, "room", &h), 0);
	assert_int_equal(certconf_tls_changed(h), 0);
	tls_generation(dir, 1, &files);
	assert_false(is_readable(certconf_fd(h)));
	tls_activate(dir, 1);
	assert_true(is_readable(certconf_fd(h)));
	assert_int_equal(certconf_tls_changed(h), 1);

	/* and a state directory that is gone is no quiet one */
	fixture_remove(dir);
	assert_true(is_readable(certconf_fd(h)));
	errno = 0;
	assert_int_equal(certconf_tls_changed(h), -1);
	assert_int_equal(errno, ENOENT);
	certconf_close(h);
}

/* For each octet another generation comes into force, and the one before goes. */
static void
flip(const char *dir, const struct tls_files files[2], int turns)
{
	char path[512], turn;

	tls_generation(dir, 2, &files[0]);
	for (unsigned int number = 2; read(turns, &turn, 1) == 1; number++) {
		tls_activate(dir, number);
		(void)snprintf(path, sizeof(path), "generations/%u", number - 1);
		fixture_remove(strdup(tls_path(dir, path)));
		tls_generation(dir, number + 1, &files[(number + 1) % 2]);
	}
}

/* Whatever was loaded is of one generation: those with even numbers are others. */
static void
expect_whole(const struct certconf *h, SSL_CTX *ctx)
{
	const bool even = certconf_generation(h) % 2 == 0;
	X509 *leaf = SSL_CTX_get0_certificate(ctx);

	assert_non_null(leaf);
	assert_int_equal(certconf_mode(h),
	    even ? CERTCONF_MODE_NONE : CERTCONF_MODE_OUTGOING);
	assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(leaf)),
	    even ? EVP_PKEY_EC : EVP_PKEY_RSA);
	assert_int_equal(SSL_CTX_check_private_key(ctx), 1);
}

static void
rapid_changes(void **state)
{
	static const struct tls_files files[2] = {
		{ "none", "p256 inter", "p256", NULL, NULL },
		{ "outgoing", "rsa2048 inter", "rsa2048", "ca", NULL },
	};
	char *dir = tls_state(&files[1]);
	struct certconf *h;
	int turns[2];
	pid_t pid;

	(void)state;
	assert_int_equal(certconf_open_at(dir, "room", &h), 0);
	assert_int_equal(pipe2(turns, O_CLOEXEC), 0);
	if ((pid = fork()) == 0) {
		(void)close(turns[1]);
		flip(dir, files, turns[0]);
		_exit(0);
	}
	assert_true(pid > 0);
	for (int i = 0; i < 300; i++) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		struct certconf_error err;

		assert_int_equal(write(turns[1], "x", 1), 1);
		if (certconf_tls_apply(h, ctx, CERTCONF_OUTGOING, &err) == -1)
			fail_msg("%s", err.text);
		expect_whole(h, ctx);
		SSL_CTX_free(ctx);
	}
	assert_int_equal(close(turns[1]), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(close(turns[0]), 0);
	assert_int_equal(certconf_tls_changed(h), 1);
	certconf_close(h);
	fixture_remove(dir);
}

/* --- what it leaves behind --- */

#define DESCRIPTORS 1024

/* Of those that were not there before, how many there are; none is inherited. */
static int
new_descriptors(const int before[DESCRIPTORS])
{
	int count = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags == -1 || before[fd] != -1)
			continue;
		assert_true((flags & FD_CLOEXEC) != 0);
		count++;
	}
	return count;
}

static void
leaves_nothing(void **state)
{
	struct tls_files files = { "outgoing", "p256 inter", "p256", "ca", NULL };
	char *dir = tls_state(&files);
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	int before[DESCRIPTORS];
	struct certconf *h;

	(void)state;
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		before[fd] = fcntl(fd, F_GETFD);
	ERR_raise(ERR_LIB_USER, 1); /* the caller's, from before */
	assert_int_equal(certconf_open_at(dir, "room", &h), 0);
	assert_int_equal(certconf_tls_apply(h, ctx, CERTCONF_OUTGOING, NULL), 0);
	assert_int_equal(new_descriptors(before), 2);
	certconf_close(h);
	certconf_close(NULL);
	assert_int_equal(new_descriptors(before), 0);
	assert_int_equal(ERR_GET_LIB(ERR_get_error()), ERR_LIB_USER);
	assert_int_equal(ERR_get_error(), 0);
	SSL_CTX_free(ctx);
	fixture_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callers),
		cmocka_unit_test(callees),
		cmocka_unit_test(peer_replaced),
		cmocka_unit_test(shown),
		cmocka_unit_test(anchors_as_they_are),
		cmocka_unit_test(nobody),
		cmocka_unit_test(many_anchors),
		cmocka_unit_test(versions),
		cmocka_unit_test(sessions_of_callers),
		cmocka_unit_test(sessions_of_callees),
		cmocka_unit_test(change_is_told),
		cmocka_unit_test(first_generation),
		cmocka_unit_test(rapid_changes),
		cmocka_unit_test(leaves_nothing),
	};

	return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
