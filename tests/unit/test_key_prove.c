/* SPDX-License-Identifier: ISC */
/* Keys in use: what belongs together, what is too large, how they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "lib/key.h"
#include "lib/limits.h"
#include "lib/names.h"
#include "tests/unit/pki.h"

static struct arena arena;

static void
check_refusal(const char *name, const struct err *err, enum err_code code,
    const char *expect)
{
	if (err->code != code || strcmp(err->text, expect) != 0)
		fail_msg("%s: %s: %s", name, err_kind(err->code)->text, err->text);
	assert_int_equal(ERR_peek_error(), 0);
}

static EVP_PKEY *
read_key(const char *file)
{
	EVP_PKEY *key = NULL;
	struct err err;

	if (key_read(pki_text(&arena, file), text_of(NULL), &key, &err) == -1)
		fail_msg("%s: %s", file, err.text);
	return key;
}

#define OTHER "private key does not belong to the certificate"
#define NO_SIGNATURE                                                                   \
	"private key does not belong to the certificate: its signature does not verify"

static const struct {
	const char *key, *cert, *expect;
} pairs[] = {
	{ "rsa2048.key", "rsa2048", NULL },
	{ "rsa2048.key", "pss", NULL },
	{ "rsa4096.key", "rsa4096", NULL },
	{ "p256.key", "p256", NULL },
	{ "p256.key", "renewed", NULL },
	{ "p384.key", "p384", NULL },
	{ "p521.key", "p521", NULL },
	{ "ed25519.key", "ed25519", NULL },
	{ "ed448.key", "ed448", NULL },
	{ "wrong.key", "p256", OTHER },
	{ "rsa2048.key", "rsa4096", OTHER },
	{ "rsa2048.key", "p256", OTHER },
	{ "ed25519.key", "ed448", OTHER },
	{ "p384.key", "p256", OTHER },
	{ "p256.key", "rsa2048", OTHER },
};

static void
pairs_are_proven(void **state)
{
	struct cert cert;
	EVP_PKEY *key;
	struct err err;
	uint8_t id[SHA256_SIZE];
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < nitems(pairs); i++) {
		key = read_key(pairs[i].key);
		pki_certs(&arena, pairs[i].cert, &cert);
		rc = key_prove(key, &cert, &err);
		if ((rc == 0) != (pairs[i].expect == NULL))
			fail_msg("%s, %s: %d", pairs[i].key, pairs[i].cert, rc);
		if (rc == -1)
			check_refusal(pairs[i].key, &err, ERR_KEY_MISMATCH,
			    pairs[i].expect);
		assert_int_equal(key_id(key, id, &err), 0);
		if ((memcmp(id, cert.key_id, SHA256_SIZE) == 0) != (rc == 0))
			fail_msg("%s, %s: key id", pairs[i].key, pairs[i].cert);
		EVP_PKEY_free(key);
	}
}

/* An RSA key of some numbers of one key and others of another. */
static EVP_PKEY *
mixed_key(EVP_PKEY *public_half, EVP_PKEY *private_half)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = NULL, *e = NULL, *d = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	EVP_PKEY_get_bn_param(public_half, OSSL_PKEY_PARAM_RSA_N, &n);
	EVP_PKEY_get_bn_param(public_half, OSSL_PKEY_PARAM_RSA_E, &e);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	if (private_half != NULL) {
		EVP_PKEY_get_bn_param(private_half, OSSL_PKEY_PARAM_RSA_D, &d);
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d);
	}
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_clear_free(n);
	BN_clear_free(e);
	BN_clear_free(d);
	return key;
}

/* X509_check_private_key() says yes to both. */
static void
halves_are_not_enough(void **state)
{
	EVP_PKEY *good = read_key("rsa2048.key"), *other = read_key("rsa4096.key"),
		 *bad;
	struct cert cert;
	struct err err;

	(void)state;
	pki_certs(&arena, "rsa2048", &cert);
	bad = mixed_key(good, NULL);
	assert_int_equal(key_prove(bad, &cert, &err), -1);
	check_refusal("public half", &err, ERR_KEY_MISMATCH, NO_SIGNATURE);
	EVP_PKEY_free(bad);
	bad = mixed_key(good, other);
	assert_int_equal(key_prove(bad, &cert, &err), -1);
	check_refusal("other exponent", &err, ERR_KEY_MISMATCH, NO_SIGNATURE);
	EVP_PKEY_free(bad);
	EVP_PKEY_free(other);
	EVP_PKEY_free(good);
}

/* RFC 8017 A.1.2, with one number of a good key replaced by another of its kind. */
static struct text
pkcs1_with(const char *replaced, const char *value)
{
	static const char *const names[][2] = { { "n", OSSL_PKEY_PARAM_RSA_N },
		{ "e", OSSL_PKEY_PARAM_RSA_E }, { "d", OSSL_PKEY_PARAM_RSA_D },
		{ "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
		{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
		{ "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
		{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
		{ "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 } };
	EVP_PKEY *key = read_key("rsa2048.key");
	struct buf conf = { NULL, 0, 0 }, pem = { NULL, 0, 0 };
	CONF *nconf = NCONF_new(NULL);
	BIGNUM *number = NULL;
	ASN1_TYPE *type;
	struct text text;
	uint8_t *der = NULL;
	char *hex;
	size_t i;
	BIO *bio;
	int len;

	buf_printf(&conf, "[k]\nv = INTEGER:0\n");
	for (i = 0; i < nitems(names); i++) {
		EVP_PKEY_get_bn_param(key, names[i][1], &number);
		hex = BN_bn2hex(number);
		buf_printf(&conf, "%s = INTEGER:0x%s\n", names[i][0],
		    strcmp(names[i][0], replaced) == 0 ? value : hex);
		OPENSSL_free(hex);
	}
	bio = BIO_new_mem_buf(conf.data, (int)conf.len);
	assert_int_equal(NCONF_load_bio(nconf, bio, NULL), 1);
	type = ASN1_generate_nconf("SEQUENCE:k", nconf);
	assert_non_null(type);
	len = i2d_ASN1_TYPE(type, &der);
	pem_write(&pem, "RSA PRIVATE KEY", (struct blob){ der, (size_t)len });
	text = arena_text(&arena, (char *)pem.data, pem.len);
	OPENSSL_free(der);
	ASN1_TYPE_free(type);
	BIO_free(bio);
	NCONF_free(nconf);
	BN_free(number);
	buf_clear(&conf);
	buf_clear(&pem);
	EVP_PKEY_free(key);
	return text;
}

/*
 * Numbers so long that a signature would take minutes are refused before they are used.
 */
static void
oversized_numbers_are_refused(void **state)
{
	static const char *const replaced[] = { "e", "d", "p", "q", "dp", "dq", "qi" };
	char value[9000 / 4 + 1]; /* of 9000 bits */
	EVP_PKEY *key;
	struct err err;
	size_t i;

	(void)state;
	memset(value, 'f', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(key_read(pkcs1_with("", ""), text_of(NULL), &key, &err), 0);
	EVP_PKEY_free(key);
	for (i = 0; i < nitems(replaced); i++) {
		if (key_read(pkcs1_with(replaced[i], value), text_of(NULL), &key,
			&err) == 0)
			fail_msg("%s: taken", replaced[i]);
		check_refusal(replaced[i], &err, ERR_BAD_KEY,
		    "RFC 8017 3.2: numbers of the RSA key do not fit its modulus");
	}
	assert_int_equal(key_read(pkcs1_with("n", value), text_of(NULL), &key, &err),
	    -1);
	check_refusal("n", &err, ERR_TOO_LARGE, "RSA key of more than 8192 bits");
}

static void
a_damaged_certificate_proves_nothing(void **state)
{
	struct cert cert = { .der = { (const uint8_t *)"\x30\x00", 2 } };
	EVP_PKEY *key = read_key("p256.key");
	struct err err;

	(void)state;
	assert_int_equal(key_prove(key, &cert, &err), -1);
	check_refusal("damaged", &err, ERR_BAD_CERTIFICATE,
	    "public key of the certificate is damaged or not supported");
	EVP_PKEY_free(key);
}

/* Whatever form it came in, it is written as openssl writes PKCS#8. */
static void
written_in_one_form(void **state)
{
	static const char *const rows[][2] = { { "p256.sec1.key", "p256.key" },
		{ "p256.base64", "p256.key" }, { "rsa2048.pkcs1.key", "rsa2048.key" },
		{ "ed25519.base64", "ed25519.key" }, { "ed448.key", "ed448.key" } };
	struct buf buf = { NULL, 0, 0 };
	struct text expect;
	EVP_PKEY *key;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		key = read_key(rows[i][0]);
		expect = pki_text(&arena, rows[i][1]);
		assert_int_equal(key_write(&buf, key, &err), 0);
		if (!text_equal((struct text){ (char *)buf.data, buf.len }, expect))
			fail_msg("%s", rows[i][0]);
		buf_wipe(&buf);
		EVP_PKEY_free(key);
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
		cmocka_unit_test(pairs_are_proven),
		cmocka_unit_test(halves_are_not_enough),
		cmocka_unit_test(oversized_numbers_are_refused),
		cmocka_unit_test(a_damaged_certificate_proves_nothing),
		cmocka_unit_test(written_in_one_form),
	};

	return cmocka_run_group_tests(tests, pki_setup, teardown);
}
