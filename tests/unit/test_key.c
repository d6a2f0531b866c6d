/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "lib/key.h"
#include "lib/limits.h"
#include "lib/names.h"
#include "tests/unit/pki.h"

static struct arena arena;

#define NO_PASSWORD "private key is encrypted and no password was given"
#define NOT_ENCRYPTED "a password was given, but the private key is not encrypted"
#define WRONG "wrong password, or the encrypted private key is damaged"
#define DAMAGED "private key is damaged, or of an unsupported algorithm"
#define NEITHER "no private key: neither PEM nor base64 of DER"
#define CURVE                                                                          \
	"curve of the EC key is not supported; P-256, P-384 or P-521 by name is needed"
#define A_CERTIFICATE "a certificate where the private key should be"
#define A_PUBLIC_KEY "a public key where the private key should be"

/* Whole files, read with or without a password. */
static const struct {
	const char *files, *password;
	bool encrypted;
	const char *expect; /* NULL: taken */
	enum err_code code;
} files[] = {
	{ "rsa2048.key", NULL, false, NULL, 0 },
	{ "rsa4096.key", NULL, false, NULL, 0 },
	{ "p256.key", NULL, false, NULL, 0 },
	{ "p384.key", NULL, false, NULL, 0 },
	{ "p521.key", NULL, false, NULL, 0 },
	{ "ed25519.key", NULL, false, NULL, 0 },
	{ "ed448.key", NULL, false, NULL, 0 },
	{ "rsa2048.pkcs1.key", NULL, false, NULL, 0 },
	{ "p256.sec1.key", NULL, false, NULL, 0 },
	{ "params.key", NULL, false, NULL, 0 },
	{ "rsa2048.base64", NULL, false, NULL, 0 },
	{ "rsa2048.pkcs1.base64", NULL, false, NULL, 0 },
	{ "p256.base64", NULL, false, NULL, 0 },
	{ "p256.sec1.base64", NULL, false, NULL, 0 },
	{ "ed25519.base64", NULL, false, NULL, 0 },
	{ "rsa2048.pbes2.key", "secret", true, NULL, 0 },
	{ "p256.pbes2.key", "secret", true, NULL, 0 },
	{ "ed25519.pbes2.key", "secret", true, NULL, 0 },
	{ "p256.scrypt.key", "secret", true, NULL, 0 },
	{ "p256.iter.key", "secret", true, NULL, 0 },
	{ "p256.pbes2.base64", "secret", true, NULL, 0 },
	{ "rsa2048.traditional.key", "secret", true, NULL, 0 },
	{ "p256.traditional.key", "secret", true, NULL, 0 },

	{ "rsa2048.pbes2.key", NULL, true, NO_PASSWORD, ERR_BAD_PASSPHRASE },
	{ "p256.pbes2.base64", NULL, true, NO_PASSWORD, ERR_BAD_PASSPHRASE },
	{ "rsa2048.traditional.key", NULL, true, NO_PASSWORD, ERR_BAD_PASSPHRASE },
	{ "p256.pbes2.key", "Secret", true, WRONG, ERR_BAD_PASSPHRASE },
	{ "p256.pbes2.key", "", true, WRONG, ERR_BAD_PASSPHRASE },
	{ "p256.pbes2.base64", "wrong", true, WRONG, ERR_BAD_PASSPHRASE },
	{ "p256.scrypt.key", "wrong", true, WRONG, ERR_BAD_PASSPHRASE },
	{ "rsa2048.traditional.key", "wrong", true, WRONG, ERR_BAD_PASSPHRASE },
	{ "p256.traditional.key", "", true, WRONG, ERR_BAD_PASSPHRASE },
	{ "p256.key", "secret", false, NOT_ENCRYPTED, ERR_BAD_PASSPHRASE },
	{ "p256.key", "", false, NOT_ENCRYPTED, ERR_BAD_PASSPHRASE },
	{ "rsa2048.pkcs1.base64", "secret", false, NOT_ENCRYPTED, ERR_BAD_PASSPHRASE },
	{ "p256.pbes1.key", "secret", true,
	    "private key is encrypted with an old method; PBES2 (RFC 8018) is needed",
	    ERR_BAD_KEY },
	{ "rsa1024.key", NULL, false,
	    "RSA key of 1024 bits is weak; at least 2048 are needed", ERR_WEAK_CRYPTO },
	{ "k256.key", NULL, false, CURVE, ERR_BAD_KEY },
	{ "explicit.key", NULL, false, CURVE, ERR_BAD_KEY },
	{ "x25519.key", NULL, false,
	    "algorithm of the private key is not supported; RSA, EC, Ed25519 or Ed448 is needed",
	    ERR_BAD_KEY },
	{ "p256.pub", NULL, false, A_PUBLIC_KEY, ERR_BAD_KEY },
	{ "pub.base64", NULL, false, A_PUBLIC_KEY, ERR_BAD_KEY },
	{ "p256.crt", NULL, false, A_CERTIFICATE, ERR_BAD_KEY },
	{ "crt.base64", NULL, false, A_CERTIFICATE, ERR_BAD_KEY },
	{ "p256.key p256.crt", NULL, false, A_CERTIFICATE, ERR_BAD_KEY },
	{ "p256.key p256.pub", NULL, false, A_PUBLIC_KEY, ERR_BAD_KEY },
	{ "p256.key rsa2048.key", NULL, false, "more than one private key",
	    ERR_BAD_KEY },
	{ "p256.base64 p256.base64", NULL, false, DAMAGED, ERR_BAD_KEY },
};

static void
check_refusal(const char *name, const struct err *err, enum err_code code,
    const char *expect)
{
	if (err->code != code || strcmp(err->text, expect) != 0)
		fail_msg("%s: %s: %s", name, err_kind(err->code)->text, err->text);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
keys_in_all_forms(void **state)
{
	struct text text;
	EVP_PKEY *key;
	struct err err;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < nitems(files); i++) {
		text = pki_text(&arena, files[i].files);
		key = NULL;
		rc = key_read(text, text_of(files[i].password), &key, &err);
		if ((rc == 0) != (files[i].expect == NULL))
			fail_msg("%s: %s", files[i].files,
			    rc == 0 ? "taken" : err.text);
		if (rc == -1)
			check_refusal(files[i].files, &err, files[i].code,
			    files[i].expect);
		if (key_is_encrypted(text) != files[i].encrypted)
			fail_msg("%s: encrypted?", files[i].files);
		EVP_PKEY_free(key);
	}
}

/* Texts that are no key, or not a whole one. */
static const struct {
	const char *name, *text, *expect;
} texts[] = {
	{ "empty", "", DAMAGED },
	{ "prose", "my key, please", NEITHER },
	{ "base64 of nothing much", "AAAA", DAMAGED },
	{ "empty block", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
	    DAMAGED },
	{ "empty encrypted block",
	    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n",
	    NO_PASSWORD },
	{ "not base64",
	    "-----BEGIN PRIVATE KEY-----\n####\n-----END PRIVATE KEY-----\n",
	    "private key is damaged: not base64" },
	{ "no END", "-----BEGIN PRIVATE KEY-----\nAAAA\n",
	    "damaged PEM block: END line is missing" },
	{ "other END",
	    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
	    "damaged PEM block: END line does not fit" },
	{ "END alone", "AAAA\n-----END PRIVATE KEY-----\n",
	    "damaged PEM block: END without BEGIN" },
	{ "OpenSSH",
	    "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
	    "private key is in the format of OpenSSH; PKCS#8 is needed" },
	{ "DSA",
	    "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n",
	    "DSA keys are not supported" },
	{ "parameters alone",
	    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
	    "no private key" },
	{ "request",
	    "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
	    "a PEM block that is no private key" },
	{ "header without an end",
	    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
	    "-----END RSA PRIVATE KEY-----\n",
	    NO_PASSWORD },
};

static void
texts_that_are_no_key(void **state)
{
	EVP_PKEY *key;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(texts); i++) {
		if (key_read(text_of(texts[i].text), text_of(NULL), &key, &err) == 0)
			fail_msg("%s: taken", texts[i].name);
		if (strcmp(err.text, texts[i].expect) != 0)
			fail_msg("%s: %s", texts[i].name, err.text);
	}
}

/* Headers of traditional PEM that ask for something else than a password. */
static const struct {
	const char *name, *header, *expect;
} headers[] = {
	{ "not encrypted", "Proc-Type: 4,MIC-ONLY\n",
	    "private key has a PEM header that is not supported" },
	{ "no cipher", "Proc-Type: 4,ENCRYPTED\n",
	    "private key has a PEM header that is not supported" },
	{ "unknown cipher", "Proc-Type: 4,ENCRYPTED\nDEK-Info: ROT-13,00\n",
	    "private key has a PEM header that is not supported" },
	{ "half an IV", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0011\n",
	    "private key has a PEM header that is not supported" },
	{ "another version", "Proc-Type: 5,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n",
	    "private key has a PEM header that is not supported" },
	{ "good header, no key",
	    "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n",
	    WRONG },
};

static void
traditional_headers(void **state)
{
	struct buf buf = { NULL, 0, 0 };
	char name[600];
	EVP_PKEY *key;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(headers); i++) {
		buf.len = 0;
		buf_printf(&buf,
		    "-----BEGIN RSA PRIVATE KEY-----\n%s\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		    headers[i].header);
		if (key_read(text_of((char *)buf.data), text_of("x"), &key, &err) == 0)
			fail_msg("%s: taken", headers[i].name);
		if (strcmp(err.text, headers[i].expect) != 0)
			fail_msg("%s: %s", headers[i].name, err.text);
	}
	memset(name, 'x', sizeof(name));
	buf.len = 0;
	buf_printf(&buf,
	    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: %.*s\n\n-----END RSA PRIVATE KEY-----\n",
	    (int)sizeof(name), name);
	assert_int_equal(key_read(text_of((char *)buf.data), text_of("x"), &key, &err),
	    -1);
	assert_string_equal(err.text, "private key has a PEM header that is too long");
	buf_clear(&buf);
}

static void
too_much_is_refused(void **state)
{
	char *big = calloc(1, LIMIT_KEY + 2);
	EVP_PKEY *key;
	struct err err;

	(void)state;
	memset(big, 'A', LIMIT_KEY + 1);
	assert_int_equal(key_read(text_of(big), text_of(NULL), &key, &err), -1);
	check_refusal("big", &err, ERR_TOO_LARGE,
	    "private key of more than 65536 octets");
	assert_false(key_is_encrypted(text_of(big)));
	big[LIMIT_PASSWORD + 1] = '\0';
	assert_int_equal(key_read(pki_text(&arena, "p256.pbes2.key"), text_of(big),
			     &key, &err),
	    -1);
	check_refusal("password", &err, ERR_TOO_LARGE,
	    "password of more than 1024 octets");
	free(big);
}

/* The encrypted key of a file, with some octets of its parameters replaced. */
static struct text
patched(const char *file, const char *from, const char *to, size_t len)
{
	struct pem_reader reader = { pki_text(&arena, file), 1 };
	struct pem_block block;
	struct buf der = { NULL, 0, 0 }, pem = { NULL, 0, 0 };
	struct text text;
	struct err err;
	void *p;

	assert_int_equal(pem_next(&reader, &block, &err), 1);
	assert_int_equal(base64_read(&der, block.body, &err), 0);
	p = memmem(der.data, der.len, from, len);
	assert_non_null(p);
	memcpy(p, to, len);
	pem_write(&pem, "ENCRYPTED PRIVATE KEY", (struct blob){ der.data, der.len });
	text = arena_text(&arena, (char *)pem.data, pem.len);
	buf_clear(&der);
	buf_clear(&pem);
	return text;
}

#define TOO_MANY                                                                       \
	"key derivation of the encrypted private key exceeds 2000000 iterations"

static const struct {
	const char *name, *file, *from, *to;
	size_t len;
	const char *expect;
	enum err_code code;
} bombs[] = {
	{ "2000001", "p256.iter.key", "\x02\x03\x01\x00\x01", "\x02\x03\x1e\x84\x81", 5,
	    TOO_MANY, ERR_TOO_LARGE },
	{ "8 million", "p256.iter.key", "\x02\x03\x01\x00\x01", "\x02\x03\x7f\xff\xff",
	    5, TOO_MANY, ERR_TOO_LARGE },
	{ "negative", "p256.iter.key", "\x02\x03\x01\x00\x01", "\x02\x03\x80\x00\x01",
	    5, TOO_MANY, ERR_TOO_LARGE },
	{ "none", "p256.iter.key", "\x02\x03\x01\x00\x01", "\x02\x03\x00\x00\x00", 5,
	    "RFC 8018: damaged parameters of an encrypted private key", ERR_BAD_KEY },
	{ "not a number", "p256.iter.key", "\x02\x03\x01\x00\x01",
	    "\x04\x03\x01\x00\x01", 5,
	    "RFC 8018: damaged parameters of an encrypted private key", ERR_BAD_KEY },
	/* N, r, p = 16384, 8, 1 of scrypt */
	{ "scrypt cost", "p256.scrypt.key", "\x02\x02\x40\x00", "\x02\x02\x7f\xff", 4,
	    NULL, 0 },
	{ "scrypt block size", "p256.scrypt.key", "\x02\x01\x08\x02\x01\x01",
	    "\x02\x01\x7f\x02\x01\x01", 6, TOO_MANY, ERR_TOO_LARGE },
	{ "scrypt lanes", "p256.scrypt.key", "\x02\x01\x08\x02\x01\x01",
	    "\x02\x01\x08\x02\x01\x7f", 6, TOO_MANY, ERR_TOO_LARGE },
	{ "scrypt with no lane", "p256.scrypt.key", "\x02\x01\x08\x02\x01\x01",
	    "\x02\x01\x08\x02\x01\x00", 6, TOO_MANY, ERR_TOO_LARGE },
	{ "another derivation", "p256.pbes2.key",
	    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c",
	    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e", 11,
	    "key derivation of the encrypted private key is neither PBKDF2 nor scrypt",
	    ERR_BAD_KEY },
};

static void
bombs_are_not_lit(void **state)
{
	EVP_PKEY *key;
	struct err err;
	struct text text;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(bombs); i++) {
		text = patched(bombs[i].file, bombs[i].from, bombs[i].to, bombs[i].len);
		if (key_read(text, text_of("secret"), &key, &err) == 0)
			fail_msg("%s: taken", bombs[i].name);
		if (bombs[i].expect != NULL)
			check_refusal(bombs[i].name, &err, bombs[i].code,
			    bombs[i].expect);
	}
}

/* A changed octet of a plain or encrypted key neither crashes nor asks anybody. */
static void
damaged_keys_do_no_harm(void **state)
{
	static const struct {
		const char *file, *password;
	} rows[] = { { "p256.key", NULL }, { "rsa2048.pkcs1.key", NULL },
		{ "ed25519.key", NULL }, { "p256.scrypt.key", "secret" } };
	struct text text;
	EVP_PKEY *key;
	struct err err;
	size_t i, k;
	char *data, old;

	(void)state;
	for (k = 0; k < nitems(rows); k++) {
		text = pki_text(&arena, rows[k].file);
		data = arena_alloc(&arena, text.len);
		memcpy(data, text.data, text.len);
		for (i = 0; i < text.len; i += 1 + text.len / 64) {
			old = data[i];
			data[i] = old == 'A' ? 'B' : 'A';
			text.data = data;
			key = NULL;
			if (key_read(text, text_of(rows[k].password), &key, &err) ==
				-1 &&
			    err.text[0] == '\0')
				fail_msg("%s: no reason", rows[k].file);
			EVP_PKEY_free(key);
			data[i] = old;
		}
	}
}

/* No refusal quotes what could be the key or its password. */
static void
nothing_is_quoted(void **state)
{
	static const char secret[] = "hunter2hunter2";
	struct buf buf = { NULL, 0, 0 };
	EVP_PKEY *key;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(files); i++) {
		if (key_read(pki_text(&arena, files[i].files), text_of(secret), &key,
			&err) == 0)
			fail_msg("%s: taken", files[i].files);
		assert_null(strstr(err.text, secret));
	}
	buf_printf(&buf, "-----BEGIN %s-----\n%s\n-----END %s-----\n", secret, secret,
	    secret);
	assert_int_equal(key_read(text_of((char *)buf.data), text_of(NULL), &key, &err),
	    -1);
	assert_null(strstr(err.text, secret));
	buf_clear(&buf);
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
		cmocka_unit_test(keys_in_all_forms),
		cmocka_unit_test(texts_that_are_no_key),
		cmocka_unit_test(traditional_headers),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(bombs_are_not_lit),
		cmocka_unit_test(damaged_keys_do_no_harm),
		cmocka_unit_test(nothing_is_quoted),
	};

	return cmocka_run_group_tests(tests, pki_setup, teardown);
}
