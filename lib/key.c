/* SPDX-License-Identifier: ISC */
#include "lib/key.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "lib/key_judge.h"
#include "lib/limits.h"
#include "lib/pem.h"

#define CHALLENGE 32
#define SIGNATURE_MAX (LIMIT_RSA_MAX / 8)

static int
rsa_limits(const EVP_PKEY *key, struct err *err)
{
	int bits = EVP_PKEY_get_bits(key);

	if (bits < LIMIT_RSA_MIN)
		return err_set(err, ERR_WEAK_CRYPTO, NULL,
		    "RSA key of %d bits is weak; at least %d are needed", bits,
		    LIMIT_RSA_MIN);
	if (bits > LIMIT_RSA_MAX)
		return err_set(err, ERR_TOO_LARGE, NULL, "RSA key of more than %d bits",
		    LIMIT_RSA_MAX);
	return 0;
}

/* -1 when it is there and has more bits than that. */
static int
check_number(const EVP_PKEY *key, const char *name, int bits)
{
	BIGNUM *number = NULL;
	int rc = 0;

	if (EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
	    BN_num_bits(number) > bits)
		rc = -1;
	BN_clear_free(number);
	ERR_clear_error();
	return rc;
}

static int
judge_rsa(const EVP_PKEY *key, struct err *err)
{
	static const struct {
		const char *name;
		bool refused; /* a third prime and what follows */
	} numbers[] = {
		{ OSSL_PKEY_PARAM_RSA_E, false },
		{ OSSL_PKEY_PARAM_RSA_D, false },
		{ OSSL_PKEY_PARAM_RSA_FACTOR1, false },
		{ OSSL_PKEY_PARAM_RSA_FACTOR2, false },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT1, false },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT2, false },
		{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, false },
		{ OSSL_PKEY_PARAM_RSA_FACTOR3, true },
	};
	int bits = EVP_PKEY_get_bits(key);
	size_t i;

	if (rsa_limits(key, err) == -1)
		return -1;
	for (i = 0; i < nitems(numbers); i++)
		if (check_number(key, numbers[i].name, numbers[i].refused ? 0 : bits) ==
		    -1)
			return err_set(err, ERR_BAD_KEY, NULL,
			    "RFC 8017 3.2: numbers of the RSA key do not fit its modulus");
	return 0;
}

static int
judge_ec(const EVP_PKEY *key, struct err *err)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	char name[64] = "";
	int explicit = 0;
	size_t i, len;

	EVP_PKEY_get_group_name(key, name, sizeof(name), &len);
	EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
	    &explicit);
	ERR_clear_error();
	for (i = 0; i < nitems(curves) && explicit == 0; i++)
		if (strcmp(name, curves[i]) == 0)
			return 0;
	return err_set(err, ERR_BAD_KEY, NULL,
	    "curve of the EC key is not supported; P-256, P-384 or P-521 by name is needed");
}

static int
judge_edwards(const EVP_PKEY *key, struct err *err)
{
	(void)key;
	(void)err;
	return 0;
}

static const struct {
	int id;
	int (*judge)(const EVP_PKEY *, struct err *);
} judges[] = {
	{ EVP_PKEY_RSA, judge_rsa },
	{ EVP_PKEY_EC, judge_ec },
	{ EVP_PKEY_ED25519, judge_edwards },
	{ EVP_PKEY_ED448, judge_edwards },
};

int
key_judge(const EVP_PKEY *key, struct err *err)
{
	size_t i;

	for (i = 0; i < nitems(judges); i++)
		if (judges[i].id == EVP_PKEY_get_base_id(key))
			return judges[i].judge(key, err);
	return err_set(err, ERR_BAD_KEY, NULL,
	    "algorithm of the private key is not supported; RSA, EC, Ed25519 or Ed448 is needed");
}

int
key_id(const EVP_PKEY *key, uint8_t ret_id[SHA256_SIZE], struct err *err)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der), rc = -1;

	if (len > 0 &&
	    EVP_Digest(der, (size_t)len, ret_id, NULL, EVP_sha256(), NULL) == 1)
		rc = 0;
	else
		err_set(err, ERR_BAD_KEY, NULL,
		    "public half of the key cannot be computed");
	OPENSSL_free(der);
	ERR_clear_error();
	return rc;
}

/* Edwards curves bring their own digest. */
static const EVP_MD *
digest_for(const EVP_PKEY *key)
{
	int id = EVP_PKEY_get_base_id(key);

	return id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448 ? NULL : EVP_sha256();
}

static bool
sign(EVP_PKEY *key, const uint8_t *challenge, uint8_t *signature, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, digest_for(key), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, signature, len, challenge, CHALLENGE) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool
verify(EVP_PKEY *key, const uint8_t *challenge, const uint8_t *signature, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, digest_for(key), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, signature, len, challenge, CHALLENGE) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static int
prove(EVP_PKEY *key, EVP_PKEY *public_key, struct err *err)
{
	uint8_t challenge[CHALLENGE], signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);

	if (EVP_PKEY_eq(public_key, key) != 1)
		return err_set(err, ERR_KEY_MISMATCH, NULL,
		    "private key does not belong to the certificate");
	if (EVP_PKEY_get_size(key) > SIGNATURE_MAX)
		return err_set(err, ERR_TOO_LARGE, NULL, "RSA key of more than %d bits",
		    LIMIT_RSA_MAX);
	if (RAND_bytes(challenge, sizeof(challenge)) != 1)
		return err_set(err, ERR_OTHER, NULL, "no random numbers");
	if (!sign(key, challenge, signature, &len) ||
	    !verify(public_key, challenge, signature, len))
		return err_set(err, ERR_KEY_MISMATCH, NULL,
		    "private key does not belong to the certificate: its signature does not verify");
	return 0;
}

int
key_prove(EVP_PKEY *key, const struct cert *cert, struct err *err)
{
	const uint8_t *p = cert->der.data;
	EVP_PKEY *public_key;
	X509 *x509;
	int rc;

	x509 = d2i_X509(NULL, &p, (long)cert->der.len);
	public_key = x509 != NULL ? X509_get0_pubkey(x509) : NULL;
	if (public_key != NULL)
		rc = prove(key, public_key, err);
	else
		rc = err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "public key of the certificate is damaged or not supported");
	X509_free(x509);
	ERR_clear_error();
	return rc;
}

int
key_write(struct buf *buf, const EVP_PKEY *key, struct err *err)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	uint8_t *der = NULL;
	int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
	int rc = 0;

	if (len <= 0)
		rc = err_set(err, ERR_BAD_KEY, NULL, "private key cannot be written");
	else if (pem_write(buf, "PRIVATE KEY", (struct blob){ der, (size_t)len }) == -1)
		rc = err_set(err, ERR_MEMORY, NULL, "out of memory");
	if (len > 0)
		OPENSSL_clear_free(der, (size_t)len);
	PKCS8_PRIV_KEY_INFO_free(info);
	ERR_clear_error();
	return rc;
}
