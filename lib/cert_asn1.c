/* SPDX-License-Identifier: ISC */
#include "lib/cert_asn1.h"

#include <limits.h>
#include <time.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

typedef struct asn1_validity asn1_validity;
typedef struct asn1_spki asn1_spki;
typedef struct asn1_tbs asn1_tbs;
typedef struct asn1_cert asn1_cert;

/* OpenSSL's macros define these items with external linkage. */
DECLARE_ASN1_ITEM(asn1_validity)
DECLARE_ASN1_ITEM(asn1_spki)
DECLARE_ASN1_ITEM(asn1_rdn)
DECLARE_ASN1_ITEM(asn1_name)
DECLARE_ASN1_ITEM(asn1_tbs)
DECLARE_ASN1_ITEM(asn1_cert)

ASN1_SEQUENCE(asn1_validity) = {
	ASN1_SIMPLE(asn1_validity, not_before, ASN1_TIME),
	ASN1_SIMPLE(asn1_validity, not_after, ASN1_TIME),
} ASN1_SEQUENCE_END(asn1_validity)

ASN1_SEQUENCE(asn1_spki) = {
	ASN1_SIMPLE(asn1_spki, algorithm, X509_ALGOR),
	ASN1_SIMPLE(asn1_spki, key, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END(asn1_spki)

ASN1_ITEM_TEMPLATE(asn1_rdn) =
    ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SET_OF, 0, entries, X509_NAME_ENTRY)
ASN1_ITEM_TEMPLATE_END(asn1_rdn)

ASN1_ITEM_TEMPLATE(asn1_name) =
    ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SEQUENCE_OF, 0, rdns, asn1_rdn)
ASN1_ITEM_TEMPLATE_END(asn1_name)

ASN1_SEQUENCE(asn1_tbs) = {
	ASN1_EXP_OPT(asn1_tbs, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(asn1_tbs, serial, ASN1_INTEGER),
	ASN1_SIMPLE(asn1_tbs, signature, X509_ALGOR),
	ASN1_SIMPLE(asn1_tbs, issuer, asn1_name),
	ASN1_SIMPLE(asn1_tbs, validity, asn1_validity),
	ASN1_SIMPLE(asn1_tbs, subject, asn1_name),
	ASN1_SIMPLE(asn1_tbs, spki, asn1_spki),
	ASN1_IMP_OPT(asn1_tbs, issuer_uid, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(asn1_tbs, subject_uid, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(asn1_tbs, extensions, X509_EXTENSION, 3),
} ASN1_SEQUENCE_END(asn1_tbs)

ASN1_SEQUENCE(asn1_cert) = {
	ASN1_SIMPLE(asn1_cert, tbs, asn1_tbs),
	ASN1_SIMPLE(asn1_cert, signature, X509_ALGOR),
	ASN1_SIMPLE(asn1_cert, value, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END(asn1_cert)

/* Takes the element at the front of rest; ret_content may be NULL. */
static int
take(struct blob *rest, struct blob *ret_whole, struct blob *ret_content)
{
	const uint8_t *p = rest->data;
	long len;
	int tag, class, rc;

	rc = ASN1_get_object(&p, &len, &tag, &class, (long)rest->len);
	if ((rc & 0x80) != 0 ||
	    (rc & 0x01) != 0) /* error; indefinite length is not DER */
		return -1;
	ret_whole->data = rest->data;
	ret_whole->len = (size_t)(p - rest->data) + (size_t)len;
	if (ret_content != NULL)
		*ret_content = (struct blob){ p, (size_t)len };
	rest->data += ret_whole->len;
	rest->len -= ret_whole->len;
	return 0;
}

/* The order of the parts has been checked by the template. */
static int
find_spans(struct blob der, bool has_version, struct asn1_spans *ret)
{
	struct blob whole, cert, tbs;

	if (take(&der, &whole, &cert) == -1 || take(&cert, &whole, &tbs) == -1)
		return -1;
	if (has_version && take(&tbs, &whole, NULL) == -1)
		return -1;
	if (take(&tbs, &whole, &ret->serial) == -1)
		return -1;
	if (take(&tbs, &whole, NULL) == -1) /* signature algorithm */
		return -1;
	if (take(&tbs, &ret->issuer, NULL) == -1)
		return -1;
	if (take(&tbs, &whole, NULL) == -1) /* validity */
		return -1;
	if (take(&tbs, &ret->subject, NULL) == -1)
		return -1;
	return take(&tbs, &ret->spki, NULL);
}

int
asn1_cert_read(struct blob der, struct asn1_cert **ret_cert,
    struct asn1_spans *ret_spans, struct err *err)
{
	struct asn1_cert *cert = NULL;
	const uint8_t *p = der.data;
	int rc = -1;

	if (der.len == 0 || der.len > LONG_MAX)
		return err_set(err, ERR_BAD_CERTIFICATE, NULL, "no certificate");
	cert = (struct asn1_cert *)ASN1_item_d2i(NULL, &p, (long)der.len,
	    ASN1_ITEM_rptr(asn1_cert));
	if (cert == NULL) {
		err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "not a DER certificate (RFC 5280 4.1)");
		goto out;
	}
	if (p != der.data + der.len) {
		err_set(err, ERR_BAD_CERTIFICATE, NULL, "octets after the certificate");
		goto out;
	}
	if (find_spans(der, cert->tbs->version != NULL, ret_spans) == -1) {
		err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "certificate is not DER: indefinite length");
		goto out;
	}
	*ret_cert = cert;
	cert = NULL;
	rc = 0;
out:
	asn1_cert_free(cert);
	ERR_clear_error();
	return rc;
}

void
asn1_cert_free(struct asn1_cert *cert)
{
	ASN1_item_free((ASN1_VALUE *)cert, ASN1_ITEM_rptr(asn1_cert));
}

int
asn1_extension(const struct asn1_cert *cert, int nid, const ASN1_ITEM *item,
    void **ret_value, struct err *err)
{
	int i = X509v3_get_ext_by_NID(cert->tbs->extensions, nid, -1);
	const ASN1_OCTET_STRING *octets;
	const uint8_t *p, *end;
	void *value;

	*ret_value = NULL;
	if (i < 0)
		return 0;
	octets = X509_EXTENSION_get_data(X509v3_get_ext(cert->tbs->extensions, i));
	p = ASN1_STRING_get0_data(octets);
	end = p + ASN1_STRING_length(octets);
	value = ASN1_item_d2i(NULL, &p, (long)(end - p), item);
	if (value == NULL || p != end) {
		ASN1_item_free(value, item);
		ERR_clear_error();
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "RFC 5280 4.2: damaged extension: %s", OBJ_nid2sn(nid));
	}
	*ret_value = value;
	return 0;
}

static bool
is_utf8(const ASN1_STRING *string)
{
	const char *p = (const char *)ASN1_STRING_get0_data(string);
	size_t len = (size_t)ASN1_STRING_length(string), n;

	for (; len > 0; p += n, len -= n)
		if ((n = utf8_char(p, len)) == 0)
			return false;
	return true;
}

static bool
is_well_formed(const ASN1_STRING *string)
{
	int type = ASN1_STRING_type(string), len;
	uint8_t *utf8 = NULL;

	if (type == V_ASN1_UTF8STRING)
		return is_utf8(string);
	if (type != V_ASN1_BMPSTRING && type != V_ASN1_UNIVERSALSTRING)
		return true;
	len = ASN1_STRING_to_UTF8(&utf8, string);
	OPENSSL_free(utf8);
	ERR_clear_error();
	return len >= 0;
}

int
asn1_check_name(const asn1_name *name, struct err *err)
{
	const asn1_rdn *rdn;
	int i, k;

	for (i = 0; i < sk_asn1_rdn_num(name); i++) {
		rdn = sk_asn1_rdn_value(name, i);
		for (k = 0; k < sk_X509_NAME_ENTRY_num(rdn); k++)
			if (!is_well_formed(X509_NAME_ENTRY_get_data(
				sk_X509_NAME_ENTRY_value(rdn, k))))
				return err_set(err, ERR_BAD_CERTIFICATE, NULL,
				    "RFC 5280 4.1.2.4: a name with a malformed string");
	}
	return 0;
}

asn1_name *
asn1_name_read(const X509_NAME *x509_name)
{
	/* The getter caches the encoding, hence no const. */
	X509_NAME *name = (X509_NAME *)(uintptr_t)x509_name;
	const uint8_t *p;
	size_t len;

	if (X509_NAME_get0_der(name, &p, &len) != 1)
		return NULL;
	return (
	    asn1_name *)ASN1_item_d2i(NULL, &p, (long)len, ASN1_ITEM_rptr(asn1_name));
}

void
asn1_name_free(asn1_name *name)
{
	ASN1_item_free((ASN1_VALUE *)name, ASN1_ITEM_rptr(asn1_name));
}

static int
by_oid(const X509_EXTENSION *const *a, const X509_EXTENSION *const *b)
{
	/* The getter takes no const, though it changes nothing. */
	return OBJ_cmp(X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)*a),
	    X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)*b));
}

int
asn1_check_extensions(const struct asn1_cert *cert, struct err *err)
{
	STACK_OF(X509_EXTENSION) *extensions = cert->tbs->extensions;
	int i, n = sk_X509_EXTENSION_num(extensions);
	ASN1_OBJECT *previous = NULL, *oid;
	char name[64];

	if (n <= 1)
		return 0;
	/* Sorted, since a hostile certificate has room for thousands. */
	sk_X509_EXTENSION_set_cmp_func(extensions, by_oid);
	sk_X509_EXTENSION_sort(extensions);
	for (i = 0; i < n; i++, previous = oid) {
		oid = X509_EXTENSION_get_object(sk_X509_EXTENSION_value(extensions, i));
		if (previous == NULL || OBJ_cmp(previous, oid) != 0)
			continue;
		OBJ_obj2txt(name, sizeof(name), oid, 0);
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "RFC 5280 4.2: extension twice: %s", name);
	}
	return 0;
}

int
asn1_time(const ASN1_TIME *at, int64_t *ret_time, struct err *err)
{
	/*
	 * YYMMDDHHMMSSZ and YYYYMMDDHHMMSSZ: ASN1_TIME_to_tm() takes more than these.
	 */
	int len = ASN1_STRING_type(at) == V_ASN1_UTCTIME ? 13 : 15;
	struct tm tm = { 0 };
	time_t t;

	if (ASN1_STRING_length(at) != len ||
	    ASN1_STRING_get0_data(at)[len - 1] != 'Z' || ASN1_TIME_to_tm(at, &tm) != 1)
		goto bad;
	tm.tm_wday = -1; /* timegm() sets it unless it fails; -1 is a valid time */
	t = timegm(&tm);
	if (t == -1 && tm.tm_wday == -1)
		goto bad;
	*ret_time = t;
	return 0;
bad:
	ERR_clear_error();
	return err_set(err, ERR_BAD_CERTIFICATE, NULL, "RFC 5280 4.1.2.5: not a date");
}
