/* SPDX-License-Identifier: ISC */
/*
 * What the public key and the signature of a certificate are, told from their algorithm
 * identifiers: OpenSSL's own answer would decode the key, which is what takes time.
 */
#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "lib/cert_asn1.h"

/* RFC 8017 A.1.1 and RFC 3279 2.3.2. */
typedef struct {
	ASN1_INTEGER *modulus, *exponent;
} rsa_public;
typedef struct {
	ASN1_INTEGER *p, *q, *g;
} dsa_params;

DECLARE_ASN1_ITEM(rsa_public)
DECLARE_ASN1_ITEM(dsa_params)

ASN1_SEQUENCE(rsa_public) = {
	ASN1_SIMPLE(rsa_public, modulus, ASN1_INTEGER),
	ASN1_SIMPLE(rsa_public, exponent, ASN1_INTEGER),
} ASN1_SEQUENCE_END(rsa_public)

ASN1_SEQUENCE(dsa_params) = {
	ASN1_SIMPLE(dsa_params, p, ASN1_INTEGER),
	ASN1_SIMPLE(dsa_params, q, ASN1_INTEGER),
	ASN1_SIMPLE(dsa_params, g, ASN1_INTEGER),
} ASN1_SEQUENCE_END(dsa_params)

static const struct {
	int nid;
	uint32_t bits;
} curves[] = {
	{ NID_X9_62_prime256v1, 256 },
	{ NID_secp384r1, 384 },
	{ NID_secp521r1, 521 },
	{ NID_X9_62_prime192v1, 192 },
	{ NID_secp224r1, 224 },
	{ NID_secp256k1, 256 },
	{ NID_brainpoolP256r1, 256 },
	{ NID_brainpoolP384r1, 384 },
	{ NID_brainpoolP512r1, 512 },
};

static uint32_t
integer_bits(const ASN1_INTEGER *integer)
{
	const uint8_t *p = ASN1_STRING_get0_data(integer);
	int i, len = ASN1_STRING_length(integer);
	uint32_t bits, first;

	for (i = 0; i < len && p[i] == 0; i++)
		continue;
	if (i == len || ASN1_STRING_type(integer) != V_ASN1_INTEGER)
		return 0; /* zero or negative */
	bits = (uint32_t)(len - i) * 8;
	for (first = p[i]; (first & 0x80) == 0; first <<= 1)
		bits--;
	return bits;
}

static int
rsa_bits(const struct asn1_spki *spki, uint32_t *ret_bits)
{
	const uint8_t *p = ASN1_STRING_get0_data(spki->key);
	const uint8_t *end = p + ASN1_STRING_length(spki->key);
	rsa_public *rsa;
	int rc = -1;

	rsa = (rsa_public *)ASN1_item_d2i(NULL, &p, (long)(end - p),
	    ASN1_ITEM_rptr(rsa_public));
	if (rsa != NULL && p == end) {
		*ret_bits = integer_bits(rsa->modulus);
		rc = 0;
	}
	ASN1_item_free((ASN1_VALUE *)rsa, ASN1_ITEM_rptr(rsa_public));
	return rc;
}

/* Parameters may be inherited from the issuer (RFC 3279 2.3.2): then 0. */
static int
dsa_bits(const struct asn1_spki *spki, uint32_t *ret_bits)
{
	const ASN1_TYPE *parameter = spki->algorithm->parameter;
	dsa_params *dsa;

	*ret_bits = 0;
	if (parameter == NULL || ASN1_TYPE_get(parameter) != V_ASN1_SEQUENCE)
		return 0;
	dsa = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(dsa_params), parameter);
	if (dsa == NULL)
		return -1;
	*ret_bits = integer_bits(dsa->p);
	ASN1_item_free((ASN1_VALUE *)dsa, ASN1_ITEM_rptr(dsa_params));
	return 0;
}

/* 0 for curves without a name (RFC 5480 2.1.1 forbids them) and for rare ones. */
static int
ec_bits(const struct asn1_spki *spki, uint32_t *ret_bits)
{
	const ASN1_TYPE *parameter = spki->algorithm->parameter;
	size_t i;
	int nid;

	*ret_bits = 0;
	if (parameter == NULL || ASN1_TYPE_get(parameter) != V_ASN1_OBJECT)
		return 0;
	nid = OBJ_obj2nid(parameter->value.object);
	for (i = 0; i < nitems(curves); i++)
		if (curves[i].nid == nid)
			*ret_bits = curves[i].bits;
	return 0;
}

static int
ed25519_bits(const struct asn1_spki *spki, uint32_t *ret_bits)
{
	*ret_bits = 256;
	return ASN1_STRING_length(spki->key) == 32 ? 0 : -1;
}

static int
ed448_bits(const struct asn1_spki *spki, uint32_t *ret_bits)
{
	*ret_bits = 456;
	return ASN1_STRING_length(spki->key) == 57 ? 0 : -1;
}

static int
other_bits(const struct asn1_spki *spki, uint32_t *ret_bits)
{
	*ret_bits = (uint32_t)ASN1_STRING_length(spki->key) * 8;
	return 0;
}

static const struct algorithm {
	int nid;
	enum key_algorithm algorithm;
	int (*bits)(const struct asn1_spki *, uint32_t *ret_bits);
} algorithms[] = {
	{ NID_rsaEncryption, KEY_RSA, rsa_bits },
	{ NID_X9_62_id_ecPublicKey, KEY_EC, ec_bits },
	{ NID_rsassaPss, KEY_RSA, rsa_bits },
	{ NID_ED25519, KEY_ED25519, ed25519_bits },
	{ NID_ED448, KEY_ED448, ed448_bits },
	{ NID_dsa, KEY_DSA, dsa_bits },
	{ NID_dsa_2, KEY_DSA, dsa_bits },
};
static const struct algorithm unknown_algorithm = { NID_undef, KEY_OTHER, other_bits };
static const struct algorithm mldsa_algorithm = { NID_undef, KEY_MLDSA, other_bits };

/* 2.16.840.1.101.3.4.3.17 to 19 (FIPS 204), which OpenSSL 3.0 has no names for. */
static bool
is_mldsa(const ASN1_OBJECT *oid)
{
	static const uint8_t arc[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03 };
	const uint8_t *data = OBJ_get0_data(oid);

	return OBJ_length(oid) == sizeof(arc) + 1 &&
	    memcmp(data, arc, sizeof(arc)) == 0 && data[8] >= 17 && data[8] <= 19;
}

static const struct algorithm *
find_algorithm(const ASN1_OBJECT *oid)
{
	int nid = OBJ_obj2nid(oid);
	size_t i;

	for (i = 0; i < nitems(algorithms); i++)
		if (algorithms[i].nid == nid)
			return &algorithms[i];
	return is_mldsa(oid) ? &mldsa_algorithm : &unknown_algorithm;
}

int
asn1_key_facts(const struct asn1_spki *spki, enum key_algorithm *ret_algorithm,
    uint32_t *ret_bits, struct err *err)
{
	const struct algorithm *row = find_algorithm(spki->algorithm->algorithm);

	if (row->bits(spki, ret_bits) == -1) {
		ERR_clear_error();
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "RFC 5280 4.1.2.7: damaged public key");
	}
	*ret_algorithm = row->algorithm;
	return 0;
}

static bool
weak_nid(int digest)
{
	static const int weak[] = { NID_md2, NID_md4, NID_md5, NID_sha1, NID_md5_sha1 };
	size_t i;

	for (i = 0; i < nitems(weak); i++)
		if (weak[i] == digest)
			return true;
	return false;
}

/* RFC 8017 A.2.3: without parameters the digest is SHA-1. */
static bool
pss_weak(const ASN1_TYPE *parameter)
{
	RSA_PSS_PARAMS *pss;
	bool weak = true;

	if (parameter == NULL || ASN1_TYPE_get(parameter) != V_ASN1_SEQUENCE)
		return true;
	pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), parameter);
	if (pss != NULL && pss->hashAlgorithm != NULL)
		weak = weak_nid(OBJ_obj2nid(pss->hashAlgorithm->algorithm));
	RSA_PSS_PARAMS_free(pss);
	ERR_clear_error();
	return weak;
}

bool
asn1_weak_digest(const X509_ALGOR *algorithm)
{
	int nid = OBJ_obj2nid(algorithm->algorithm);
	int digest;

	if (nid == NID_rsassaPss)
		return pss_weak(algorithm->parameter);
	/* Some old certificates name SHA-1 with the identifier of OIW. */
	if (nid == NID_sha1WithRSA || nid == NID_dsaWithSHA1_2 || nid == NID_dsaWithSHA)
		return true;
	if (OBJ_find_sigid_algs(nid, &digest, NULL) != 1)
		return false;
	return weak_nid(digest);
}
