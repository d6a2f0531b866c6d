/* SPDX-License-Identifier: ISC */
#include "lib/cms.h"

#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

/* Object identifiers of RFC 5652, with tag and length. */
#define OID_CMS "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07" /* one more octet: which */
static const uint8_t oid_signed[] = OID_CMS "\x02";

#define SEQUENCE 0x30
#define SET 0x31
#define CONTEXT 0xa0
#define HEADER_MAX 10 /* octets of a tag and length */

bool
cms_is(struct blob der)
{
	const size_t len = strlen(OID_CMS);

	/* the length of the outer SEQUENCE has 1 to 5 octets */
	for (size_t at = 2; at <= 6; at++)
		if (der.len > at + len && der.data[0] == SEQUENCE &&
		    memcmp(der.data + at, OID_CMS, len) == 0)
			return true;
	return false;
}

static int
check(CMS_ContentInfo *cms, struct err *err)
{
	STACK_OF(X509_CRL) * crls;
	ASN1_OCTET_STRING **content;

	if (cms == NULL || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "RFC 5652: a damaged CMS message, or one that is no SignedData");
	content = CMS_get0_content(cms);
	if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) > 0 ||
	    (content != NULL && *content != NULL))
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "RFC 5652: a CMS message that signs something; only certificates "
		    "may be in it");
	if ((crls = CMS_get1_crls(cms)) == NULL)
		return 0;
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return err_set(err, ERR_UNSUPPORTED, NULL,
	    "a revocation list in a CMS message is not supported: leave it out");
}

static int
found_one(struct arena *arena, X509 *x509, uint32_t line, pem_found *found,
    void *context, struct err *err)
{
	int len = i2d_X509(x509, NULL);
	uint8_t *data = len > 0 ? arena_alloc(arena, (size_t)len) : NULL, *p = data;

	if (data == NULL || i2d_X509(x509, &p) != len)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	return found(context, (struct blob){ data, (size_t)len }, line, err);
}

static int
found_all(struct arena *arena, STACK_OF(X509) * certs, size_t max, uint32_t line,
    pem_found *found, void *context, struct err *err)
{
	int count = certs != NULL ? sk_X509_num(certs) : 0;

	if (count == 0)
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "a CMS message without a certificate");
	if ((size_t)count > max)
		return err_set(err, ERR_TOO_LARGE, NULL, "more than %zu certificates",
		    max);
	for (int i = 0; i < count; i++)
		if (found_one(arena, sk_X509_value(certs, i), line, found, context,
			err) == -1)
			return -1;
	return 0;
}

int
cms_read(struct arena *arena, struct blob der, size_t max, uint32_t line,
    pem_found *found, void *context, struct err *err)
{
	const uint8_t *p = der.data;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);
	STACK_OF(X509) *certs = NULL;
	int rc = -1;

	if (cms != NULL && p != der.data + der.len) {
		err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "there are octets after the CMS message");
		goto out;
	}
	if (check(cms, err) == -1)
		goto out;
	certs = CMS_get1_certs(cms);
	rc = found_all(arena, certs, max, line, found, context, err);
out:
	sk_X509_pop_free(certs, X509_free);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return rc;
}

/* --- writing --- */

/* Tag and length (X.690 8.1) of what has that many octets; returns their number. */
static size_t
header(uint8_t *dst, uint8_t tag, size_t len)
{
	size_t octets = 0, n = 0;

	dst[n++] = tag;
	if (len < 0x80) {
		dst[n++] = (uint8_t)len;
		return n;
	}
	while (octets < sizeof(len) && len >> (8 * octets) != 0)
		octets++;
	dst[n++] = (uint8_t)(0x80 | octets);
	while (octets-- > 0)
		dst[n++] = (uint8_t)(len >> (8 * octets));
	return n;
}

int
cms_write(struct buf *buf, const struct blob *ders, size_t count)
{
	/* version 1; no digests; content of type data, and none of it */
	static const uint8_t before[] = "\x02\x01\x01\x31\x00\x30\x0b" OID_CMS "\x01";
	static const uint8_t after[] = { SET, 0 }; /* no signers */
	const size_t before_len = sizeof(before) - 1, oid_len = sizeof(oid_signed) - 1;
	uint8_t certs[HEADER_MAX], data[HEADER_MAX], content[HEADER_MAX],
	    whole[HEADER_MAX];
	size_t len = 0, ncerts, ndata, ncontent, nwhole;
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		len += ders[i].len;
	ncerts = header(certs, CONTEXT, len);
	len += ncerts + before_len + sizeof(after);
	ndata = header(data, SEQUENCE, len);
	len += ndata;
	ncontent = header(content, CONTEXT, len);
	len += ncontent + oid_len;
	nwhole = header(whole, SEQUENCE, len);

	rc |= buf_add(buf, whole, nwhole) | buf_add(buf, oid_signed, oid_len);
	rc |= buf_add(buf, content, ncontent) | buf_add(buf, data, ndata);
	rc |= buf_add(buf, before, before_len) | buf_add(buf, certs, ncerts);
	for (size_t i = 0; i < count; i++)
		rc |= buf_add(buf, ders[i].data, ders[i].len);
	return rc | buf_add(buf, after, sizeof(after));
}
