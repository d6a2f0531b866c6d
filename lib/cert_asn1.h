/* SPDX-License-Identifier: ISC */
/*
 * The ASN.1 of a certificate (RFC 5280 4.1), for lib/cert.c alone: decoded by OpenSSL's
 * engine from templates that leave the public key as a bit string.
 */
#ifndef LIB_CERT_ASN1_H
#define LIB_CERT_ASN1_H

#include <openssl/asn1.h>
#include <openssl/x509.h>

#include "lib/bytes.h"
#include "lib/cert.h"
#include "lib/err.h"

struct asn1_validity {
	ASN1_TIME *not_before;
	ASN1_TIME *not_after;
};

struct asn1_spki {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *key;
};

typedef STACK_OF(X509_NAME_ENTRY) asn1_rdn;
DEFINE_STACK_OF(asn1_rdn)
typedef STACK_OF(asn1_rdn) asn1_name;

struct asn1_tbs {
	ASN1_INTEGER *version; /* NULL: 1 */
	ASN1_INTEGER *serial;
	X509_ALGOR *signature;
	asn1_name *issuer;
	struct asn1_validity *validity;
	asn1_name *subject;
	struct asn1_spki *spki;
	ASN1_BIT_STRING *issuer_uid;
	ASN1_BIT_STRING *subject_uid;
	STACK_OF(X509_EXTENSION) * extensions; /* NULL: none */
};

struct asn1_cert {
	struct asn1_tbs *tbs;
	X509_ALGOR *signature;
	ASN1_BIT_STRING *value;
};

/* Where parts of it lie in its octets. */
struct asn1_spans {
	struct blob serial; /* content octets */
	struct blob issuer, subject, spki;
};

/* Decodes; refuses what is no DER certificate. */
int asn1_cert_read(struct blob der, struct asn1_cert **ret_cert,
    struct asn1_spans *ret_spans, struct err *);
void asn1_cert_free(struct asn1_cert *);

/*
 * The decoded value of an extension, to be freed with ASN1_item_free() and the same
 * item. *ret_value is NULL when the certificate does not have it.
 */
int asn1_extension(const struct asn1_cert *, int nid, const ASN1_ITEM *item,
    void **ret_value, struct err *);

/* Refuses strings that are none of their type: an X509 of the same octets would too. */
int asn1_check_name(const asn1_name *, struct err *);

/* A name that X509_NAME holds; NULL without memory. */
asn1_name *asn1_name_read(const X509_NAME *);
void asn1_name_free(asn1_name *);

/* Refuses a certificate that has an extension twice. */
int asn1_check_extensions(const struct asn1_cert *, struct err *);

/* A date as RFC 5280 4.1.2.5 has it: GMT, with seconds, without fractions. */
int asn1_time(const ASN1_TIME *, int64_t *ret_time, struct err *);

/* Algorithm and size of the public key; 0 bits when they cannot be told. */
int asn1_key_facts(const struct asn1_spki *, enum key_algorithm *ret_algorithm,
    uint32_t *ret_bits, struct err *);

/* Whether a signature algorithm uses a digest for which collisions can be made. */
bool asn1_weak_digest(const X509_ALGOR *);

#endif
