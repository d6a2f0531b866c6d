/* SPDX-License-Identifier: ISC */
/* Certificates nobody should issue, made by changing a good one. */
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

static struct arena arena;

static void
swap_time(X509 *x509, int type, const char *text)
{
	ASN1_TIME *time = ASN1_STRING_type_new(type);

	ASN1_STRING_set(time, text, -1);
	X509_set1_notAfter(x509, time);
	ASN1_TIME_free(time);
}

static void
no_seconds(X509 *x509)
{
	swap_time(x509, V_ASN1_UTCTIME, "3001010000Z");
}

static void
fraction(X509 *x509)
{
	swap_time(x509, V_ASN1_GENERALIZEDTIME, "20300101000000.5Z");
}

static void
offset(X509 *x509)
{
	swap_time(x509, V_ASN1_UTCTIME, "300101000000+0100");
}

static void
february_30(X509 *x509)
{
	swap_time(x509, V_ASN1_UTCTIME, "300230000000Z");
}

static void
second_60(X509 *x509)
{
	swap_time(x509, V_ASN1_UTCTIME, "300101000060Z");
}

static void
empty_time(X509 *x509)
{
	swap_time(x509, V_ASN1_UTCTIME, "");
}

static void
letters(X509 *x509)
{
	swap_time(x509, V_ASN1_GENERALIZEDTIME, "tomorrow noon.Z");
}

static void
version_4(X509 *x509)
{
	X509_set_version(x509, 3);
}

static void
add_raw(X509 *x509, int nid, const void *data, int len)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;
	int i = X509_get_ext_by_NID(x509, nid, -1);

	if (i >= 0)
		X509_EXTENSION_free(X509_delete_ext(x509, i));
	ASN1_OCTET_STRING_set(octets, data, len);
	extension = X509_EXTENSION_create_by_NID(NULL, nid, 0, octets);
	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
}

static void
extension_twice(X509 *x509)
{
	X509_add_ext(x509,
	    X509_get_ext(x509, X509_get_ext_by_NID(x509, NID_ext_key_usage, -1)), -1);
}

static void
unknown_extension_twice(X509 *x509)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.99999.9", 1);
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(octets, (const uint8_t *)"x", 1);
	extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, octets);
	X509_add_ext(x509, extension, 0);
	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(oid);
}

static void
bad_constraints(X509 *x509)
{
	add_raw(x509, NID_basic_constraints, "\x30\x03\x02\x01", 4);
}

static void
bad_key_usage(X509 *x509)
{
	add_raw(x509, NID_key_usage, "\x04\x01\x80", 3);
}

static void
bad_ext_key_usage(X509 *x509)
{
	add_raw(x509, NID_ext_key_usage, "", 0);
}

static void
sans_with_a_tail(X509 *x509)
{
	add_raw(x509, NID_subject_alt_name, "\x30\x03\x82\x01\x61\x00", 6);
}

static void
huge(X509 *x509)
{
	void *octets = calloc(1, LIMIT_CERTIFICATE);

	add_raw(x509, NID_netscape_comment, octets, (int)LIMIT_CERTIFICATE);
	free(octets);
}

static void
many_extensions(X509 *x509)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;
	ASN1_OBJECT *oid;
	char text[32];
	int i;

	for (i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "1.3.6.1.4.1.99999.%d", i % 2999);
		oid = OBJ_txt2obj(text, 1);
		extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, octets);
		X509_add_ext(x509, extension, -1);
		X509_EXTENSION_free(extension);
		ASN1_OBJECT_free(oid);
	}
	ASN1_OCTET_STRING_free(octets);
}

/* The DER of a changed p256.crt, signed anew. */
static struct blob
change(void (*how)(X509 *))
{
	struct text key_text = pki_text(&arena, "p256.key");
	struct cert cert;
	const uint8_t *p;
	uint8_t *der = NULL;
	EVP_PKEY *key;
	X509 *x509;
	BIO *bio;
	int len;
	struct text copy;

	pki_certs(&arena, "p256", &cert);
	p = cert.der.data;
	x509 = d2i_X509(NULL, &p, (long)cert.der.len);
	bio = BIO_new_mem_buf(key_text.data, (int)key_text.len);
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	how(x509);
	X509_sign(x509, key, EVP_sha256());
	len = i2d_X509(x509, &der);
	copy = arena_text(&arena, (const char *)der, (size_t)len);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	BIO_free(bio);
	X509_free(x509);
	return (struct blob){ (const uint8_t *)copy.data, copy.len };
}

static const struct {
	const char *name;
	void (*how)(X509 *);
	const char *expect;
} refused[] = {
	{ "date without seconds", no_seconds, "RFC 5280 4.1.2.5: not a date" },
	{ "date with a fraction", fraction, "RFC 5280 4.1.2.5: not a date" },
	{ "date with an offset", offset, "RFC 5280 4.1.2.5: not a date" },
	{ "30 February", february_30, "RFC 5280 4.1.2.5: not a date" },
	{ "second 60", second_60, "RFC 5280 4.1.2.5: not a date" },
	{ "empty date", empty_time, "RFC 5280 4.1.2.5: not a date" },
	{ "letters for a date", letters, "RFC 5280 4.1.2.5: not a date" },
	{ "version 4", version_4, "RFC 5280 4.1.2.1: unknown version" },
	{ "extension twice", extension_twice,
	    "RFC 5280 4.2: extension twice: X509v3 Extended Key Usage" },
	{ "unknown extension twice", unknown_extension_twice,
	    "RFC 5280 4.2: extension twice: 1.3.6.1.4.1.99999.9" },
	{ "3000 extensions, one twice", many_extensions,
	    "RFC 5280 4.2: extension twice: 1.3.6.1.4.1.99999.0" },
	{ "damaged constraints", bad_constraints,
	    "RFC 5280 4.2: damaged extension: basicConstraints" },
	{ "damaged key usage", bad_key_usage,
	    "RFC 5280 4.2: damaged extension: keyUsage" },
	{ "empty extended key usage", bad_ext_key_usage,
	    "RFC 5280 4.2: damaged extension: extendedKeyUsage" },
	{ "octets after the names", sans_with_a_tail,
	    "RFC 5280 4.2: damaged extension: subjectAltName" },
	{ "more than 64 KiB", huge, "certificate of more than 65536 octets" },
};

static void
malformed_ones_are_refused(void **state)
{
	struct cert cert;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(refused); i++) {
		if (cert_parse(&arena, change(refused[i].how), &cert, &err) == 0)
			fail_msg("%s: taken", refused[i].name);
		if (strcmp(err.text, refused[i].expect) != 0)
			fail_msg("%s: %s", refused[i].name, err.text);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void
set_name(X509 *x509, int type, const char *value, int len)
{
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_NID(name, NID_commonName, type, (const uint8_t *)value,
	    len, -1, 0);
	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
}

static void
name_with_nul(X509 *x509)
{
	set_name(x509, V_ASN1_UTF8STRING, "good.example\0.evil.org", 22);
}

static void
name_of_bits(X509 *x509)
{
	set_name(x509, V_ASN1_BIT_STRING, "ab", 2);
}

static void
name_with_lines(X509 *x509)
{
	set_name(x509, V_ASN1_UTF8STRING, "a\r\nb", 4);
}

static void
name_of_200_characters(X509 *x509)
{
	char value[400];
	size_t i;

	for (i = 0; i < sizeof(value); i += 2)
		memcpy(value + i, "\xc3\xa9", 2);
	set_name(x509, V_ASN1_UTF8STRING, value, sizeof(value));
}

static void
san_with_nul(X509 *x509)
{
	add_raw(x509, NID_subject_alt_name, "\x30\x05\x82\x03\x61\x00\x62", 7);
	set_name(x509, V_ASN1_UTF8STRING, "", 0);
}

static void
san_of_six_octets(X509 *x509)
{
	add_raw(x509, NID_subject_alt_name, "\x30\x05\x87\x03\x01\x02\x03", 7);
	set_name(x509, V_ASN1_UTF8STRING, "", 0);
}

static const struct {
	const char *name;
	void (*how)(X509 *);
	const char *subject, *label;
} hostile[] = {
	{ "NUL", name_with_nul, "CN=good.example\\00.evil.org",
	    "good.example\\00.evil.org" },
	{ "bits", name_of_bits, "CN=#0303016162", "#0303016162" },
	{ "line ends", name_with_lines, "CN=a\\0D\\0Ab", "a\\0D\\0Ab" },
	{ "NUL in a DNS name", san_with_nul, "CN=", "a\\00b" },
	{ "address of three octets", san_of_six_octets, "CN=", "#0403010203" },
};

/* "CN=" and 124 characters of two octets leave room for three more, not for four. */
static void
long_names_end_with_a_character(void **state)
{
	struct cert cert;
	struct err err;

	(void)state;
	assert_int_equal(cert_parse(&arena, change(name_of_200_characters), &cert,
			     &err),
	    0);
	assert_int_equal(cert.subject.len, 3 + 124 * 2 + 3);
	assert_string_equal(cert.subject.data + 3 + 123 * 2, "\xc3\xa9...");
	assert_int_equal(cert_label(&cert).len, 126 * 2 + 3);
}

static void
hostile_names_are_harmless(void **state)
{
	struct cert cert;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(hostile); i++) {
		if (cert_parse(&arena, change(hostile[i].how), &cert, &err) == -1)
			fail_msg("%s: %s", hostile[i].name, err.text);
		pki_check_text(hostile[i].name, "subject", cert.subject,
		    hostile[i].subject);
		pki_check_text(hostile[i].name, "label", cert_label(&cert),
		    hostile[i].label);
	}
}

/* A copy of p256.crt with so much more room. */
static uint8_t *
copy_of(const char *name, size_t more, size_t *len)
{
	struct cert cert;
	uint8_t *copy;

	pki_certs(&arena, name, &cert);
	copy = arena_alloc(&arena, cert.der.len + more);
	memcpy(copy, cert.der.data, cert.der.len);
	*len = cert.der.len;
	return copy;
}

static void
expect_refusal(const uint8_t *der, size_t len, const char *expect)
{
	struct cert cert;
	struct err err;

	assert_int_equal(cert_parse(&arena, (struct blob){ der, len }, &cert, &err),
	    -1);
	assert_string_equal(err.text, expect);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
octets_that_are_no_certificate(void **state)
{
	static const uint8_t oid[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04,
		0x03, 0x02 };
	static const uint8_t rsa_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
		0x01, 0x01 };
	const char *none = "not a DER certificate (RFC 5280 4.1)";
	const char *malformed = "RFC 5280 4.1.2.4: a name with a malformed string";
	uint8_t *der, *p, *last = NULL;
	size_t len;

	(void)state;
	expect_refusal(NULL, 0, "no certificate");
	expect_refusal((const uint8_t *)"\x30\x00", 2, none);
	expect_refusal((const uint8_t *)"\x05\x00", 2, none);
	expect_refusal((const uint8_t *)"\x30\x84\xff\xff\xff\xff", 6, none);

	der = copy_of("p256", 1, &len);
	der[len] = 0;
	expect_refusal(der, len + 1, "octets after the certificate");

	for (p = der;
	     (p = memmem(p, (size_t)(der + len - p), oid, sizeof(oid))) != NULL; p++)
		last = p;
	assert_non_null(last);
	last[9] = 0x03; /* SHA-384 outside, SHA-256 inside */
	expect_refusal(der, len,
	    "RFC 5280 4.1.1.2: two different signature algorithms");

	/* Indefinite length is BER. */
	der = copy_of("p256", 2, &len);
	memmove(der + 2, der + 4, len - 4);
	der[1] = 0x80;
	memset(der + len - 2, 0, 2);
	expect_refusal(der, len, "certificate is not DER: indefinite length");

	der = copy_of("utf8", 0, &len);
	p = memmem(der, len, "B\xc3\xbc", 3);
	assert_non_null(p);
	p[2] = 'u';
	expect_refusal(der, len, malformed);
	p[1] = 0xed, p[2] = 0xa0, p[3] = 0x80; /* a surrogate */
	expect_refusal(der, len, malformed);

	der = copy_of("bmp", 0, &len);
	p = memmem(der, len, "\x03\x95\x03\xbb", 4);
	assert_non_null(p);
	p[0] = 0xd8; /* a surrogate */
	expect_refusal(der, len, malformed);

	der = copy_of("rsa2048", 0, &len);
	p = memmem(der, len, rsa_oid, sizeof(rsa_oid));
	assert_non_null(p);
	p[sizeof(rsa_oid) + 2 + 5] ^= 0x01; /* tag of the SEQUENCE in the bit string */
	expect_refusal(der, len, "RFC 5280 4.1.2.7: damaged public key");
}

/* Public keys that are told by their identifier alone: rsaEncryption, changed. */
static void
algorithms_without_a_name(void **state)
{
	static const uint8_t rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
		0x01 };
	static const struct {
		uint8_t oid[sizeof(rsa)];
		enum key_algorithm algorithm;
	} rows[] = {
		{ { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11 }, KEY_MLDSA },
		{ { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13 }, KEY_MLDSA },
		{ { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x14 }, KEY_OTHER },
		{ { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x7f }, KEY_OTHER },
	};
	struct cert cert;
	struct err err;
	uint8_t *der, *p;
	size_t len, i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		der = copy_of("rsa2048", 0, &len);
		p = memmem(der, len, rsa, sizeof(rsa));
		assert_non_null(p);
		memcpy(p, rows[i].oid, sizeof(rsa));
		assert_int_equal(cert_parse(&arena, (struct blob){ der, len }, &cert,
				     &err),
		    0);
		assert_int_equal(cert.key_algorithm, rows[i].algorithm);
		assert_int_equal(cert.key_bits, 8 * 270);
	}
}

/* What we take an X509 can be made of. */
static void
check_as_strict(const char *name, const uint8_t *der, size_t len)
{
	struct arena scratch = { NULL };
	const uint8_t *p = der;
	struct cert cert;
	struct err err;
	X509 *x509;

	if (cert_parse(&scratch, (struct blob){ der, len }, &cert, &err) == 0) {
		if ((x509 = d2i_X509(NULL, &p, (long)len)) == NULL)
			fail_msg("%s: taken, but not by OpenSSL", name);
		X509_free(x509);
	}
	ERR_clear_error();
	arena_clear(&scratch);
}

/*
 * No part of a certificate is one, and no octet can be changed so that only we take it.
 */
static void
never_more_lenient_than_openssl(void **state)
{
	static const char *const list[] = { "sans", "rsa2048" };
	struct cert cert;
	struct err err;
	uint8_t *der, bit;
	size_t len, i, k;

	(void)state;
	for (k = 0; k < nitems(list); k++) {
		der = copy_of(list[k], 0, &len);
		for (i = 0; i < len; i++)
			if (cert_parse(&arena, (struct blob){ der, i }, &cert, &err) ==
			    0)
				fail_msg("%s: %zu octets taken", list[k], i);
		for (i = 0; i < 8 * len; i += 3) {
			bit = (uint8_t)(1 << i % 8);
			der[i / 8] ^= bit;
			check_as_strict(list[k], der, len);
			der[i / 8] ^= bit;
		}
	}
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
		cmocka_unit_test(malformed_ones_are_refused),
		cmocka_unit_test(long_names_end_with_a_character),
		cmocka_unit_test(hostile_names_are_harmless),
		cmocka_unit_test(octets_that_are_no_certificate),
		cmocka_unit_test(algorithms_without_a_name),
		cmocka_unit_test(never_more_lenient_than_openssl),
	};

	return cmocka_run_group_tests(tests, pki_setup, teardown);
}
