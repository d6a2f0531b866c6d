/* SPDX-License-Identifier: ISC */
#include "lib/key_pbes2.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "lib/limits.h"
#include "lib/names.h"

/* RFC 7914 7; OpenSSL keeps its template to itself. */
typedef struct {
	ASN1_OCTET_STRING *salt;
	ASN1_INTEGER *cost, *block_size, *parallel, *key_len;
} scrypt_params;

DECLARE_ASN1_ITEM(scrypt_params)

ASN1_SEQUENCE(scrypt_params) = {
	ASN1_SIMPLE(scrypt_params, salt, ASN1_OCTET_STRING),
	ASN1_SIMPLE(scrypt_params, cost, ASN1_INTEGER),
	ASN1_SIMPLE(scrypt_params, block_size, ASN1_INTEGER),
	ASN1_SIMPLE(scrypt_params, parallel, ASN1_INTEGER),
	ASN1_OPT(scrypt_params, key_len, ASN1_INTEGER),
} ASN1_SEQUENCE_END(scrypt_params)

static int
damaged(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_BAD_KEY, NULL,
	    "RFC 8018: damaged parameters of an encrypted private key");
}

static int
too_much(struct err *err)
{
	return err_set(err, ERR_TOO_LARGE, NULL,
	    "key derivation of the encrypted private key exceeds %d iterations",
	    LIMIT_KDF_ITERATIONS);
}

/* Multiplies, unless one is not positive or the product is beyond the limit. */
static int
multiply(const ASN1_INTEGER *integer, int64_t *work)
{
	int64_t n;

	if (ASN1_INTEGER_get_int64(&n, integer) != 1 || n < 1 ||
	    n > LIMIT_KDF_ITERATIONS / *work) {
		ERR_clear_error();
		return -1;
	}
	*work *= n;
	return 0;
}

static int
check_pbkdf2(const ASN1_TYPE *parameter, struct err *err)
{
	PBKDF2PARAM *kdf;
	int64_t work = 1;
	int rc = 0;

	kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
	if (kdf == NULL)
		return damaged(err);
	if (multiply(kdf->iter, &work) == -1)
		rc = too_much(err);
	PBKDF2PARAM_free(kdf);
	return rc;
}

/* Memory is limited by OpenSSL; the work is cost times block size times lanes. */
static int
check_scrypt(const ASN1_TYPE *parameter, struct err *err)
{
	scrypt_params *kdf;
	int64_t work = 1;
	int rc = 0;

	kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(scrypt_params), parameter);
	if (kdf == NULL)
		return damaged(err);
	if (multiply(kdf->cost, &work) == -1 ||
	    multiply(kdf->block_size, &work) == -1 ||
	    multiply(kdf->parallel, &work) == -1)
		rc = too_much(err);
	ASN1_item_free((ASN1_VALUE *)kdf, ASN1_ITEM_rptr(scrypt_params));
	return rc;
}

static const struct {
	int nid;
	int (*check)(const ASN1_TYPE *, struct err *);
} functions[] = {
	{ NID_id_pbkdf2, check_pbkdf2 },
	{ NID_id_scrypt, check_scrypt },
};

static int
check_function(const X509_ALGOR *function, struct err *err)
{
	int nid = OBJ_obj2nid(function->algorithm);
	size_t i;

	for (i = 0; i < nitems(functions); i++)
		if (functions[i].nid == nid)
			return functions[i].check(function->parameter, err);
	return err_set(err, ERR_BAD_KEY, NULL,
	    "key derivation of the encrypted private key is neither PBKDF2 nor scrypt");
}

int
pbes2_check(const X509_ALGOR *algorithm, struct err *err)
{
	PBE2PARAM *pbes2;
	int rc;

	if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2)
		return err_set(err, ERR_BAD_KEY, NULL,
		    "private key is encrypted with an old method; PBES2 (RFC 8018) is needed");
	pbes2 =
	    ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
	if (pbes2 == NULL)
		return damaged(err);
	rc = check_function(pbes2->keyfunc, err);
	PBE2PARAM_free(pbes2);
	return rc;
}
