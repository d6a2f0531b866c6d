/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/limits.h"
#include "lib/names.h"
#include "tests/unit/pki.h"

#define LEAF "CN=www.example.org,OU=Rooms,O=Example,L=London,ST=Greater London,C=GB"
#define A_54 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OU_61 "OU=" A_54 "aaaaa\xc3\xa9"

static struct arena arena;

static const struct {
	const char *name, *subject, *label, *sans;
} names[] = {
	{ "p256", LEAF, "www.example.org", "DNS:www.example.org, IP:192.0.2.1" },
	{ "multi", "CN=second,CN=first,OU=Three,OU=Two,OU=One,O=Example",
	    "first, second", "" },
	{ "plus", "CN=www.example.org+UID=42,O=Example", "www.example.org", "" },
	{ "empty", "", "192.0.2.9", "IP:192.0.2.9, DNS:only.example.org" },
	{ "nameless", "", "abcdef", "" },
	{ "utf8",
	    "CN=\xe6\x9d\xb1\xe4\xba\xac.example,O=B\xc3\xbc"
	    "cher & S\xc3\xb6hne",
	    "\xe6\x9d\xb1\xe4\xba\xac.example", "" },
	{ "bmp", "CN=\xce\x95\xce\xbb\xce\xbb\xce\xac\xce\xb4\xce\xb1",
	    "\xce\x95\xce\xbb\xce\xbb\xce\xac\xce\xb4\xce\xb1", "" },
	{ "t61", "CN=Z\xc3\xbcrich", "Z\xc3\xbcrich", "" },
	{ "special", "CN=\\ x\\ ,O=\\#a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h", " x ", "" },
	{ "oid", "CN=x,1.3.6.1.4.1.99999.3=#0C07756E6B6E6F776E", "x", "" },
	{ "controls", "CN=tab\\09bell\\07c1\\C2\\85", "tab\\09bell\\07c1\\C2\\85", "" },
	{ "long", OU_61 "," OU_61 "," OU_61 ",OU=" A_54 "...", NULL, "" },
	{ "sans", LEAF, "www.example.org",
	    "DNS:a.example.org, DNS:*.b.example.org, IP:192.0.2.7, IP:2001:db8::1, "
	    "email:who@example.org, URI:https://example.org/?a=b\\,c, "
	    "dir:CN=in a directory,O=Example\\, Ltd, other:1.3.6.1.4.1.99999.1, "
	    "other:1.3.6.1.4.1.99999.2, DNS:a-rather-long-name-number-1.s..." },
};

static void
names_are_shown(void **state)
{
	struct cert cert;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(names); i++) {
		pki_certs(&arena, names[i].name, &cert);
		pki_check_text(names[i].name, "subject", cert.subject,
		    names[i].subject);
		pki_check_text(names[i].name, "sans", cert.sans, names[i].sans);
		if (names[i].label != NULL)
			pki_check_text(names[i].name, "label", cert_label(&cert),
			    names[i].label);
	}
}

static void
parts_of_names(void **state)
{
	struct cert cert;

	(void)state;
	pki_certs(&arena, "p256", &cert);
	pki_check_text("p256", "C", cert.subject_part[DN_C], "GB");
	pki_check_text("p256", "ST", cert.subject_part[DN_ST], "Greater London");
	pki_check_text("p256", "L", cert.subject_part[DN_L], "London");
	pki_check_text("p256", "O", cert.subject_part[DN_O], "Example");
	pki_check_text("p256", "OU", cert.subject_part[DN_OU], "Rooms");
	pki_check_text("p256", "CN", cert.subject_part[DN_CN], "www.example.org");
	pki_check_text("p256", "issuer", cert.issuer,
	    "CN=Example issuing CA,O=Example,C=GB");
	pki_check_text("p256", "issuer's CN", cert.issuer_part[DN_CN],
	    "Example issuing CA");
	pki_check_text("p256", "issuer's OU", cert.issuer_part[DN_OU], "");
	pki_certs(&arena, "multi", &cert);
	pki_check_text("multi", "OU", cert.subject_part[DN_OU], "One, Two, Three");
	pki_certs(&arena, "special", &cert);
	pki_check_text("special", "O", cert.subject_part[DN_O], "#a,b+c\"d\\e<f>g;h");
	pki_certs(&arena, "long", &cert);
	assert_int_equal(cert.subject_part[DN_OU].len, 4 * 61 + 3 * 2 + 5);
}

static const struct {
	const char *name;
	enum key_algorithm algorithm;
	uint32_t bits, flags;
	const char *signature;
	int64_t not_before, not_after;
} facts[] = {
	{ "ca", KEY_EC, 256, CERT_CA | CERT_SELF_ISSUED | CERT_HAS_KEY_USAGE,
	    "ecdsa-with-SHA256", 1577836800, 2524607999 },
	{ "inter", KEY_EC, 256, CERT_CA | CERT_HAS_KEY_USAGE, "ecdsa-with-SHA256",
	    1577836800, 2524607999 },
	{ "rsa2048", KEY_RSA, 2048, CERT_HAS_KEY_USAGE, "ecdsa-with-SHA256", 1577836800,
	    2524607999 },
	{ "rsa4096", KEY_RSA, 4096, CERT_HAS_KEY_USAGE, "ecdsa-with-SHA256", 1577836800,
	    2524607999 },
	{ "rsa1024", KEY_RSA, 1024, CERT_HAS_KEY_USAGE | CERT_WEAK_KEY,
	    "ecdsa-with-SHA256", 1577836800, 2524607999 },
	{ "p384", KEY_EC, 384, CERT_HAS_KEY_USAGE, "ecdsa-with-SHA256", 1577836800,
	    2524607999 },
	{ "p521", KEY_EC, 521, CERT_HAS_KEY_USAGE, "ecdsa-with-SHA256", 1577836800,
	    2524607999 },
	{ "ed25519", KEY_ED25519, 256, CERT_HAS_KEY_USAGE, "ecdsa-with-SHA256",
	    1577836800, 2524607999 },
	{ "ed448", KEY_ED448, 456, CERT_HAS_KEY_USAGE, "ecdsa-with-SHA256", 1577836800,
	    2524607999 },
	{ "sha1", KEY_EC, 256, CERT_HAS_KEY_USAGE | CERT_WEAK_DIGEST, "ecdsa-with-SHA1",
	    1577836800, 2524607999 },
	{ "pss", KEY_RSA, 2048, CERT_SELF_ISSUED, "rsassaPss", 1577836800, 2524607999 },
	{ "self", KEY_EC, 256, CERT_SELF_ISSUED | CERT_HAS_KEY_USAGE,
	    "ecdsa-with-SHA256", 1577836800, 2524607999 },
	{ "forever", KEY_EC, 256, CERT_HAS_KEY_USAGE | CERT_NO_EXPIRY,
	    "ecdsa-with-SHA256", 1577836800, 253402300799 },
	{ "old", KEY_EC, 256, CERT_HAS_KEY_USAGE, "ecdsa-with-SHA256", -631152000, -1 },
	{ "bare", KEY_EC, 256, 0, "ecdsa-with-SHA256", 1577836800, 2524607999 },
};

static void
facts_are_told(void **state)
{
	struct cert cert;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(facts); i++) {
		pki_certs(&arena, facts[i].name, &cert);
		if (cert.key_algorithm != facts[i].algorithm ||
		    cert.key_bits != facts[i].bits || cert.flags != facts[i].flags)
			fail_msg("%s: %s %u, flags %#x", facts[i].name,
			    name_text(&key_algorithm_names, cert.key_algorithm),
			    cert.key_bits, cert.flags);
		if (cert.not_before != facts[i].not_before ||
		    cert.not_after != facts[i].not_after)
			fail_msg("%s: %lld to %lld", facts[i].name,
			    (long long)cert.not_before, (long long)cert.not_after);
		pki_check_text(facts[i].name, "signature", cert.sig_algorithm,
		    facts[i].signature);
	}
}

static void
old_algorithms_are_weak(void **state)
{
	struct cert cert;

	(void)state;
	pki_certs(&arena, "dsa", &cert);
	assert_int_equal(cert.key_algorithm, KEY_DSA);
	assert_int_equal(cert.key_bits, 1024);
	assert_int_equal(cert.flags & CERT_WEAK_KEY, CERT_WEAK_KEY);
	pki_certs(&arena, "pss_sha1", &cert);
	assert_int_equal(cert.flags & CERT_WEAK_DIGEST, CERT_WEAK_DIGEST);
}

static void
usages(void **state)
{
	struct cert cert;

	(void)state;
	pki_certs(&arena, "p256", &cert);
	assert_int_equal(cert.key_usage, 1 << 0 | 1 << 2);
	pki_check_text("p256", "usage", cert.ext_key_usage, "serverAuth, clientAuth");
	pki_certs(&arena, "ca", &cert);
	assert_int_equal(cert.key_usage, 1 << 5 | 1 << 6);
	pki_check_text("ca", "usage", cert.ext_key_usage, "");
	pki_certs(&arena, "code", &cert);
	assert_int_equal(cert.key_usage, 0);
	pki_check_text("code", "usage", cert.ext_key_usage,
	    "codeSigning, 1.3.6.1.4.1.99999.7");
}

/* What the light template says is what OpenSSL's full parser says. */
static void
agrees_with_openssl(void **state)
{
	static const char *const list[] = { "ca", "inter", "p256", "rsa2048", "rsa4096",
		"ed448", "p521", "multi", "plus", "utf8", "bmp", "t61", "special",
		"oid", "sans", "pss", "forever", "old", "empty" };
	uint8_t digest[SHA256_SIZE], *der;
	struct cert cert;
	const uint8_t *p;
	size_t i;
	char *text;
	BIO *bio;
	X509 *x509;
	size_t size;
	long len;
	int n;

	(void)state;
	for (i = 0; i < nitems(list); i++) {
		pki_certs(&arena, list[i], &cert);
		p = cert.der.data;
		x509 = d2i_X509(NULL, &p, (long)cert.der.len);
		assert_non_null(x509);
		assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(x509)),
		    cert.key_bits);
		X509_digest(x509, EVP_sha256(), digest, NULL);
		assert_memory_equal(digest, cert.sha256, SHA256_SIZE);
		der = NULL;
		n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
		EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL);
		assert_memory_equal(digest, cert.key_id, SHA256_SIZE);
		OPENSSL_free(der);
		X509_NAME_get0_der(X509_get_subject_name(x509), &p, &size);
		assert_int_equal(size, cert.subject_der.len);
		assert_memory_equal(p, cert.subject_der.data, size);
		assert_in_range((uintptr_t)cert.subject_der.data,
		    (uintptr_t)cert.der.data, (uintptr_t)cert.der.data + cert.der.len);
		bio = BIO_new(BIO_s_mem());
		X509_NAME_print_ex(bio, X509_get_issuer_name(x509), 0,
		    XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
		len = BIO_get_mem_data(bio, &text);
		if (cert.issuer.len != (size_t)len ||
		    (len > 0 && memcmp(cert.issuer.data, text, (size_t)len) != 0))
			fail_msg("%s: %s", list[i], cert.issuer.data);
		BIO_free(bio);
		X509_free(x509);
	}
}

static const struct {
	const char *name;
	int64_t not_before, not_after, now, days;
	int life;
} times[] = {
	{ "all of it", 0, 8640000, 0, 100, 100 },
	{ "half", 0, 8640000, 4320000, 50, 50 },
	{ "rounded down", 0, 8640000, 8640000 - 86401, 1, 1 },
	{ "less than a day", 0, 8640000, 8639999, 0, 0 },
	{ "at its end", 0, 8640000, 8640000, 0, 0 },
	{ "a second after", 0, 8640000, 8640001, -1, 0 },
	{ "a day after", 0, 8640000, 8726400, -1, 0 },
	{ "more than a day after", 0, 8640000, 8726401, -2, 0 },
	{ "not yet valid", 1000, 8640000, 10, 99, 100 },
	{ "ends before it begins", 8640000, 0, 5, -1, 0 },
	{ "no life at all", 5, 5, 4, 0, 100 },
	{ "before 1970", -631152000, -1, 0, -1, 0 },
	{ "no expiry", 0, 253402300799, 1763900000, 2912481, 99 },
};

static void
time_left(void **state)
{
	struct cert cert = { .flags = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < nitems(times); i++) {
		cert.not_before = times[i].not_before;
		cert.not_after = times[i].not_after;
		if (cert_days_left(&cert, times[i].now) != times[i].days ||
		    cert_life_left(&cert, times[i].now) != times[i].life)
			fail_msg("%s: %lld days, %d percent", times[i].name,
			    (long long)cert_days_left(&cert, times[i].now),
			    cert_life_left(&cert, times[i].now));
	}
}

static const struct {
	const char *name, *expect; /* NULL: strong enough */
} strengths[] = {
	{ "p256", NULL },
	{ "rsa2048", NULL },
	{ "ed25519", NULL },
	{ "pss", NULL },
	{ "sha1", "certificate is signed with a weak digest: ecdsa-with-SHA1" },
	{ "rsa1024", "key of the certificate is weak: rsa, 1024 bits" },
};

static void
strength(void **state)
{
	struct cert cert;
	struct err err;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < nitems(strengths); i++) {
		pki_certs(&arena, strengths[i].name, &cert);
		rc = cert_check_strength(&cert, &err);
		if ((rc == 0) != (strengths[i].expect == NULL))
			fail_msg("%s: %d", strengths[i].name, rc);
		if (rc == -1)
			assert_string_equal(err.text, strengths[i].expect);
	}
}

static const struct {
	enum san_type type;
	const char *value;
} sans[] = {
	{ SAN_DNS, "a.example.org" },
	{ SAN_DNS, "*.b.example.org" },
	{ SAN_IP, "192.0.2.7" },
	{ SAN_IP, "2001:db8::1" },
	{ SAN_EMAIL, "who@example.org" },
	{ SAN_URI, "https://example.org/?a=b,c" },
	{ SAN_DIRECTORY, "CN=in a directory,O=Example\\, Ltd" },
	{ SAN_OTHER, "1.3.6.1.4.1.99999.1" },
	{ SAN_OTHER, "1.3.6.1.4.1.99999.2" },
};

static void
every_san(void **state)
{
	struct san *found;
	struct cert cert;
	struct err err;
	size_t i, count;

	(void)state;
	pki_certs(&arena, "sans", &cert);
	assert_int_equal(cert_sans(&cert, &arena, &found, &count, &err), 0);
	assert_int_equal(count, nitems(sans) + 15);
	for (i = 0; i < nitems(sans); i++) {
		assert_int_equal(found[i].type, sans[i].type);
		pki_check_text("san", "value", found[i].value, sans[i].value);
	}
	pki_certs(&arena, "bare", &cert);
	assert_int_equal(cert_sans(&cert, &arena, &found, &count, &err), 0);
	assert_int_equal(count, 0);
}

static void
key_identifiers(void **state)
{
	struct blob subject, authority, issuer, none;
	struct cert certs[2];
	struct err err;

	(void)state;
	pki_certs(&arena, "p256 inter", certs);
	assert_int_equal(cert_key_ids(&certs[0], &arena, &subject, &authority, &err),
	    0);
	assert_int_equal(cert_key_ids(&certs[1], &arena, &issuer, &none, &err), 0);
	assert_int_equal(subject.len, 20);
	assert_int_equal(authority.len, 20);
	assert_memory_equal(authority.data, issuer.data, 20);
	pki_certs(&arena, "inter_impostor", certs);
	assert_int_equal(cert_key_ids(&certs[0], &arena, &subject, &none, &err), 0);
	assert_null(none.data);
	assert_int_equal(none.len, 0);
}

static int
teardown(void **state)
{
	arena_clear(&arena);
	return pki_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_shown),
		cmocka_unit_test(parts_of_names),
		cmocka_unit_test(facts_are_told),
		cmocka_unit_test(old_algorithms_are_weak),
		cmocka_unit_test(usages),
		cmocka_unit_test(agrees_with_openssl),
		cmocka_unit_test(time_left),
		cmocka_unit_test(strength),
		cmocka_unit_test(every_san),
		cmocka_unit_test(key_identifiers),
	};

	return cmocka_run_group_tests(tests, pki_setup, teardown);
}
