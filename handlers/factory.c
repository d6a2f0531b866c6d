/* SPDX-License-Identifier: ISC */
#include "handlers/factory.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "lib/names.h"

#define NAMELESS "certconf"
#define HOST_CHARACTERS                                                                \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
#define COMMON_NAME_MAX 64 /* RFC 5280 appendix A.1: ub-common-name */
#define SERIAL_BITS 128

static int
no_certificate(struct err *err)
{
	return err_set(err, ERR_OTHER, "factory", "certificate could not be made");
}

/* RFC 5280 4.1.2.2: positive, and of at least the bits that make it unique. */
static int
set_serial(X509 *x509)
{
	BIGNUM *serial = BN_new();
	int ok;

	ok = serial != NULL &&
	    BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
	    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)) != NULL;
	BN_free(serial);
	return ok;
}

static int
set_names(X509 *x509, const char *host)
{
	X509_NAME *name = X509_get_subject_name(x509);
	size_t len = strnlen(host, COMMON_NAME_MAX);

	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		   (const unsigned char *)host, (int)len, -1, 0) == 1 &&
	    X509_set_issuer_name(x509, name) == 1;
}

static int
add_host(X509 *x509, const char *host)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();
	int ok = 0;

	if (names == NULL || name == NULL || value == NULL ||
	    ASN1_STRING_set(value, host, -1) != 1)
		goto out;
	GENERAL_NAME_set0_value(name, GEN_DNS, value);
	value = NULL; /* the name's now */
	if (sk_GENERAL_NAME_push(names, name) == 0)
		goto out;
	name = NULL; /* the list's now */
	ok = X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0);
out:
	ASN1_IA5STRING_free(value);
	GENERAL_NAME_free(name);
	GENERAL_NAMES_free(names);
	return ok == 1;
}

static int
add_extensions(X509 *x509)
{
	static const struct {
		int nid;
		const char *value;
	} extensions[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "serverAuth,clientAuth" },
		{ NID_subject_key_identifier, "hash" },
	};
	X509_EXTENSION *extension;
	X509V3_CTX context;
	size_t i;
	int ok = 1;

	X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
	for (i = 0; ok && i < nitems(extensions); i++) {
		extension = X509V3_EXT_nconf_nid(NULL, &context, extensions[i].nid,
		    extensions[i].value);
		ok = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
		X509_EXTENSION_free(extension);
	}
	return ok;
}

static int
set_dates(X509 *x509, time_t not_before)
{
	ASN1_TIME *from = X509_getm_notBefore(x509);
	ASN1_TIME *to = X509_getm_notAfter(x509);
	int days = FACTORY_YEARS * 365 + FACTORY_YEARS / 4;

	/* its last second is part of the time it is valid: RFC 5280 4.1.2.5 */
	return X509_time_adj_ex(from, 0, 0, &not_before) != NULL &&
	    X509_time_adj_ex(to, days, -1, &not_before) != NULL;
}

static X509 *
self_signed(const char *host, time_t not_before, EVP_PKEY *key)
{
	X509 *x509 = X509_new();

	if (x509 != NULL && X509_set_version(x509, X509_VERSION_3) == 1 &&
	    set_serial(x509) && set_names(x509, host) && set_dates(x509, not_before) &&
	    X509_set_pubkey(x509, key) == 1 && add_extensions(x509) &&
	    add_host(x509, host) && X509_sign(x509, key, EVP_sha256()) > 0)
		return x509;
	X509_free(x509);
	return NULL;
}

int
factory_make(const char *host, time_t not_before, struct buf *ret_der,
    EVP_PKEY **ret_key, struct err *err)
{
	bool usable = host[0] != '\0' && host[strspn(host, HOST_CHARACTERS)] == '\0';
	const char *name = usable ? host : NAMELESS;
	EVP_PKEY *key = NULL;
	X509 *x509 = NULL;
	unsigned char *der = NULL;
	int len, rc = -1;

	if ((key = EVP_EC_gen("P-256")) == NULL ||
	    (x509 = self_signed(name, not_before, key)) == NULL ||
	    (len = i2d_X509(x509, &der)) <= 0) {
		no_certificate(err);
		goto out;
	}
	if (buf_add(ret_der, der, (size_t)len) == -1) {
		err_set(err, ERR_MEMORY, "factory", "no memory");
		goto out;
	}
	*ret_key = key;
	key = NULL; /* the caller's now */
	rc = 0;
out:
	OPENSSL_free(der);
	X509_free(x509);
	EVP_PKEY_free(key);
	return rc;
}
