/* SPDX-License-Identifier: ISC */
/*
 * Private keys from the containers people have them in.  All octets that hold a key or
 * a part of it are in buffers that are overwritten.
 */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "lib/key.h"
#include "lib/key_judge.h"
#include "lib/key_pbes2.h"
#include "lib/limits.h"
#include "lib/names.h"
#include "lib/pem.h"

#define HEADER_MAX 512 /* of a traditional encrypted PEM */

enum form { FORM_ANY, FORM_PKCS8, FORM_ENCRYPTED, FORM_PKCS1, FORM_SEC1 };

/* A key as it stands in the text. */
struct source {
	enum form form;
	struct text base64;
	char header[HEADER_MAX]; /* RFC 1421 4.6.1; "" when there is none */
};

static const struct {
	const char *label;
	enum form form;
} key_labels[] = {
	{ "PRIVATE KEY", FORM_PKCS8 },
	{ "ENCRYPTED PRIVATE KEY", FORM_ENCRYPTED },
	{ "RSA PRIVATE KEY", FORM_PKCS1 },
	{ "EC PRIVATE KEY", FORM_SEC1 },
};

static const struct {
	const char *label;
	const char *refusal; /* NULL: belongs to a SEC1 key, skipped */
} other_labels[] = {
	{ "EC PARAMETERS", NULL },
	{ "CERTIFICATE", "a certificate where the private key should be" },
	{ "X509 CERTIFICATE", "a certificate where the private key should be" },
	{ "TRUSTED CERTIFICATE", "a certificate where the private key should be" },
	{ "PUBLIC KEY", "a public key where the private key should be" },
	{ "RSA PUBLIC KEY", "a public key where the private key should be" },
	{ "OPENSSH PRIVATE KEY",
	    "private key is in the format of OpenSSH; PKCS#8 is needed" },
	{ "DSA PRIVATE KEY", "DSA keys are not supported" },
};

static int
damaged(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_BAD_KEY, NULL,
	    "private key is damaged, or of an unsupported algorithm");
}

/* Wrong passwords cannot be told from damage: one in 256 decrypts to something. */
static int
not_opened(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_BAD_PASSPHRASE, NULL,
	    "wrong password, or the encrypted private key is damaged");
}

/*
 * What follows the line that text begins with; *ret_line is without white space around.
 */
static struct text
take_line(struct text text, struct text *ret_line)
{
	const char *end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
	size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
	struct text rest = { text.data + len, text.len - len };

	if (rest.len > 0) {
		rest.data++;
		rest.len--;
	}
	while (len > 0 && strchr(" \t\r", text.data[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(" \t\r", text.data[0]) != NULL) {
		text.data++;
		len--;
	}
	*ret_line = (struct text){ text.data, len };
	return rest;
}

/* RFC 1421: lines that begin so, ended by an empty one, stand before the base64. */
static int
split_header(struct text body, struct source *source, struct err *err)
{
	static const char proc_type[] = "Proc-Type:";
	struct text line = { NULL, 0 }, rest = body;
	size_t len = 0;

	source->base64 = body;
	while (rest.len > 0 && line.len == 0) /* what is left of the BEGIN line */
		rest = take_line(rest, &line);
	if (line.len < strlen(proc_type) ||
	    memcmp(line.data, proc_type, strlen(proc_type)) != 0)
		return 0;
	while (line.len > 0) {
		if (len + line.len + 2 > sizeof(source->header))
			return err_set(err, ERR_BAD_KEY, NULL,
			    "private key has a PEM header that is too long");
		memcpy(source->header + len, line.data, line.len);
		len += line.len;
		source->header[len++] = '\n';
		rest = take_line(rest, &line);
	}
	source->header[len] = '\0';
	source->base64 = rest;
	return 0;
}

static int
refuse_block(struct text label, struct err *err)
{
	size_t i;

	for (i = 0; i < nitems(other_labels); i++) {
		if (!text_is(label, other_labels[i].label))
			continue;
		if (other_labels[i].refusal == NULL)
			return 0;
		return err_set(err, ERR_BAD_KEY, NULL, "%s", other_labels[i].refusal);
	}
	return err_set(err, ERR_BAD_KEY, NULL, "a PEM block that is no private key");
}

/* 1 when the block is a key, 0 when it is to be skipped. */
static int
read_block(const struct pem_block *block, struct source *source, struct err *err)
{
	size_t i;

	for (i = 0; i < nitems(key_labels); i++) {
		if (!text_is(block->label, key_labels[i].label))
			continue;
		source->form = key_labels[i].form;
		return split_header(block->body, source, err) == -1 ? -1 : 1;
	}
	return refuse_block(block->label, err);
}

static int
find_in_pem(struct text text, struct source *source, struct err *err)
{
	struct pem_reader reader = { text, 1 };
	struct pem_block block;
	int rc, keys = 0;

	while ((rc = pem_next(&reader, &block, err)) == 1) {
		if ((rc = read_block(&block, source, err)) == -1)
			return err_at(err, NULL, block.line);
		if ((keys += rc) > 1) {
			err_set(err, ERR_BAD_KEY, NULL, "more than one private key");
			return err_at(err, NULL, block.line);
		}
	}
	if (rc == -1) {
		err->code = ERR_BAD_KEY;
		return -1;
	}
	if (keys == 0)
		return err_set(err, ERR_BAD_KEY, NULL, "no private key");
	return 0;
}

/* The whole of der, or NULL. */
static X509_SIG *
encrypted_read(const struct buf *der)
{
	const uint8_t *p = der->data;
	X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)der->len);

	if (sig != NULL && p != der->data + der->len) {
		X509_SIG_free(sig);
		sig = NULL;
	}
	ERR_clear_error();
	return sig;
}

/* Where the key is, and its octets, perhaps encrypted. */
static int
find_key(struct text text, struct source *source, struct buf *der, struct err *err)
{
	X509_SIG *sig;

	*source = (struct source){ .form = FORM_ANY, .base64 = text };
	if (pem_is(text) && find_in_pem(text, source, err) == -1)
		return -1;
	if (base64_read(der, source->base64, err) == -1) {
		if (err->code == ERR_MEMORY)
			return -1;
		return err_set(err, ERR_BAD_KEY, NULL,
		    source->form == FORM_ANY
			? "no private key: neither PEM nor base64 of DER"
			: "private key is damaged: not base64");
	}
	if (source->form == FORM_ANY && (sig = encrypted_read(der)) != NULL) {
		source->form = FORM_ENCRYPTED;
		X509_SIG_free(sig);
	}
	return 0;
}

static bool
is_encrypted(const struct source *source)
{
	return source->form == FORM_ENCRYPTED || source->header[0] != '\0';
}

bool
key_is_encrypted(struct text text)
{
	struct source source;
	struct buf der = { 0 };
	struct err err;
	bool yes = false;

	if (text.len <= LIMIT_KEY && find_key(text, &source, &der, &err) == 0)
		yes = is_encrypted(&source);
	buf_wipe(&der);
	return yes;
}

/* Never asks anybody: without this callback OpenSSL would read from the terminal. */
static int
give_password(char *buf, int size, int writing, void *context)
{
	const struct text *password = context;

	(void)writing;
	if (size < 0 || password->len > (size_t)size)
		return -1;
	memcpy(buf, password->data, password->len);
	return (int)password->len;
}

/* RFC 1421 with the cipher and the key derivation OpenSSL once chose, in place. */
static int
open_traditional(struct source *source, struct text password, struct buf *der,
    struct err *err)
{
	EVP_CIPHER_INFO cipher;
	long len = (long)der->len;

	if (PEM_get_EVP_CIPHER_INFO(source->header, &cipher) != 1 ||
	    cipher.cipher == NULL) {
		ERR_clear_error();
		return err_set(err, ERR_BAD_KEY, NULL,
		    "private key has a PEM header that is not supported");
	}
	if (PEM_do_header(&cipher, der->data, &len, give_password, &password) != 1)
		return not_opened(err);
	der->len = (size_t)len;
	return 0;
}

static int
open_pbes2(const struct buf *der, struct text password, EVP_PKEY **ret_key,
    struct err *err)
{
	PKCS8_PRIV_KEY_INFO *info = NULL;
	const X509_ALGOR *algorithm;
	X509_SIG *sig;
	int rc = -1;

	if ((sig = encrypted_read(der)) == NULL)
		return damaged(err);
	X509_SIG_get0(sig, &algorithm, NULL);
	if (pbes2_check(algorithm, err) == -1)
		goto out;
	info = PKCS8_decrypt(sig, password.data, (int)password.len);
	if (info == NULL || (*ret_key = EVP_PKCS82PKEY(info)) == NULL) {
		not_opened(err);
		goto out;
	}
	rc = 0;
out:
	PKCS8_PRIV_KEY_INFO_free(info);
	X509_SIG_free(sig);
	return rc;
}

static EVP_PKEY *
decode_pkcs8(const uint8_t **p, long len)
{
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, p, len);
	EVP_PKEY *key = info != NULL ? EVP_PKCS82PKEY(info) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	return key;
}

static EVP_PKEY *
decode_pkcs1(const uint8_t **p, long len)
{
	return d2i_PrivateKey(EVP_PKEY_RSA, NULL, p, len);
}

static EVP_PKEY *
decode_sec1(const uint8_t **p, long len)
{
	return d2i_PrivateKey(EVP_PKEY_EC, NULL, p, len);
}

static EVP_PKEY *
decode_any(const uint8_t **p, long len)
{
	return d2i_AutoPrivateKey(NULL, p, len);
}

static EVP_PKEY *(*const decoders[])(const uint8_t **, long) = {
	[FORM_ANY] = decode_any,
	[FORM_PKCS8] = decode_pkcs8,
	[FORM_PKCS1] = decode_pkcs1,
	[FORM_SEC1] = decode_sec1,
};

/* Base64 of DER has no label: says what else it is. */
static int
refuse_der(const struct buf *der, struct err *err)
{
	const uint8_t *p = der->data;
	X509 *x509 = d2i_X509(NULL, &p, (long)der->len);
	EVP_PKEY *key;

	ERR_clear_error();
	if (x509 != NULL) {
		X509_free(x509);
		return refuse_block(text_of("CERTIFICATE"), err);
	}
	p = der->data;
	key = d2i_PUBKEY(NULL, &p, (long)der->len);
	ERR_clear_error();
	if (key != NULL) {
		EVP_PKEY_free(key);
		return refuse_block(text_of("PUBLIC KEY"), err);
	}
	return damaged(err);
}

static int
open_plain(const struct source *source, const struct buf *der, EVP_PKEY **ret_key,
    struct err *err)
{
	const uint8_t *p = der->data;
	EVP_PKEY *key = decoders[source->form](&p, (long)der->len);

	if (key != NULL && p == der->data + der->len) {
		*ret_key = key;
		return 0;
	}
	EVP_PKEY_free(key);
	if (source->header[0] != '\0')
		return not_opened(err);
	if (source->form == FORM_ANY)
		return refuse_der(der, err);
	return damaged(err);
}

static int
open_key(struct source *source, struct text password, struct buf *der,
    EVP_PKEY **ret_key, struct err *err)
{
	if (is_encrypted(source) && password.data == NULL)
		return err_set(err, ERR_BAD_PASSPHRASE, NULL,
		    "private key is encrypted and no password was given");
	if (!is_encrypted(source) && password.data != NULL)
		return err_set(err, ERR_BAD_PASSPHRASE, NULL,
		    "a password was given, but the private key is not encrypted");
	if (source->form == FORM_ENCRYPTED)
		return open_pbes2(der, password, ret_key, err);
	if (source->header[0] != '\0' &&
	    open_traditional(source, password, der, err) == -1)
		return -1;
	return open_plain(source, der, ret_key, err);
}

int
key_read(struct text text, struct text password, EVP_PKEY **ret_key, struct err *err)
{
	EVP_PKEY *key = NULL;
	struct source source;
	struct buf der = { 0 };
	int rc = -1;

	if (text.len > LIMIT_KEY)
		return err_set(err, ERR_TOO_LARGE, NULL,
		    "private key of more than %zu octets", LIMIT_KEY);
	if (password.len > LIMIT_PASSWORD)
		return err_set(err, ERR_TOO_LARGE, NULL,
		    "password of more than %d octets", LIMIT_PASSWORD);
	if (find_key(text, &source, &der, err) == -1)
		goto out;
	if (open_key(&source, password, &der, &key, err) == -1)
		goto out;
	if (key_judge(key, err) == -1)
		goto out;
	*ret_key = key;
	key = NULL;
	rc = 0;
out:
	EVP_PKEY_free(key);
	buf_wipe(&der);
	return rc;
}
