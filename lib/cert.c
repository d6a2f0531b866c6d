/* SPDX-License-Identifier: ISC */
#include "lib/cert.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "lib/cert_asn1.h"
#include "lib/cert_text.h"
#include "lib/limits.h"

#define NO_EXPIRY "99991231235959Z" /* RFC 5280 4.1.2.5 */
#define SERIAL_TEXT 64
#define ALGORITHM_TEXT 64
#define DAY 86400
#define KEY_USAGES 9

static int
out_of_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, NULL, "out of memory");
}

static int
finish(const struct line *line, struct arena *arena, struct text *ret, struct err *err)
{
	*ret = line_text(line, arena);
	return ret->data != NULL ? 0 : out_of_memory(err);
}

static int
sha256(struct blob blob, uint8_t ret[SHA256_SIZE], struct err *err)
{
	if (EVP_Digest(blob.data, blob.len, ret, NULL, EVP_sha256(), NULL) == 1)
		return 0;
	ERR_clear_error();
	return err_set(err, ERR_OTHER, NULL, "SHA-256 is not available");
}

static int
read_names(struct arena *arena, const struct asn1_tbs *tbs, struct cert *cert,
    struct err *err)
{
	struct line line;
	enum dn_part part;

	if (asn1_check_name(tbs->subject, err) == -1 ||
	    asn1_check_name(tbs->issuer, err) == -1)
		return -1;
	line_init(&line, LIMIT_TEXT);
	line_add_name(&line, tbs->subject);
	if (finish(&line, arena, &cert->subject, err) == -1)
		return -1;
	line_init(&line, LIMIT_TEXT);
	line_add_name(&line, tbs->issuer);
	if (finish(&line, arena, &cert->issuer, err) == -1)
		return -1;
	for (part = 0; part < DN_PART_MAX; part++) {
		line_init(&line, LIMIT_TEXT);
		line_add_part(&line, tbs->subject, part);
		if (finish(&line, arena, &cert->subject_part[part], err) == -1)
			return -1;
		line_init(&line, LIMIT_TEXT);
		line_add_part(&line, tbs->issuer, part);
		if (finish(&line, arena, &cert->issuer_part[part], err) == -1)
			return -1;
	}
	return 0;
}

static int
read_serial(struct arena *arena, struct blob serial, struct cert *cert, struct err *err)
{
	struct line line;
	char pair[3];
	size_t i;

	line_init(&line, SERIAL_TEXT);
	/*
	 * The octet that only says "not negative" is not shown, as by every other tool.
	 */
	i = serial.len > 1 && serial.data[0] == 0 ? 1 : 0;
	for (; i < serial.len && !line.cut; i++)
		line_add(&line, hex_format(pair, serial.data + i, 1));
	return finish(&line, arena, &cert->serial, err);
}

static int
read_dates(const struct asn1_validity *validity, struct cert *cert, struct err *err)
{
	const ASN1_TIME *end = validity->not_after;

	if (asn1_time(validity->not_before, &cert->not_before, err) == -1)
		return -1;
	if (asn1_time(end, &cert->not_after, err) == -1)
		return -1;
	if (ASN1_STRING_length(end) == (int)strlen(NO_EXPIRY) &&
	    memcmp(ASN1_STRING_get0_data(end), NO_EXPIRY, strlen(NO_EXPIRY)) == 0)
		cert->flags |= CERT_NO_EXPIRY;
	return 0;
}

static bool
is_weak_key(const struct cert *cert)
{
	static const uint32_t least[KEY_ALGORITHM_MAX] = {
		[KEY_RSA] = LIMIT_RSA_MIN,
		[KEY_DSA] = LIMIT_RSA_MIN,
		[KEY_EC] = 256,
	};

	return cert->key_bits < least[cert->key_algorithm];
}

static int
read_key(const struct asn1_cert *asn1, struct cert *cert, struct err *err)
{
	if (asn1_key_facts(asn1->tbs->spki, &cert->key_algorithm, &cert->key_bits,
		err) == -1)
		return -1;
	if (is_weak_key(cert))
		cert->flags |= CERT_WEAK_KEY;
	return 0;
}

static int
read_signature(struct arena *arena, const struct asn1_cert *asn1, struct cert *cert,
    struct err *err)
{
	const ASN1_OBJECT *oid = asn1->signature->algorithm;
	struct line line;
	int nid = OBJ_obj2nid(oid);

	if (X509_ALGOR_cmp(asn1->tbs->signature, asn1->signature) != 0)
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "RFC 5280 4.1.1.2: two different signature algorithms");
	if (asn1_weak_digest(asn1->signature))
		cert->flags |= CERT_WEAK_DIGEST;
	line_init(&line, ALGORITHM_TEXT);
	if (nid != NID_undef)
		line_add(&line, OBJ_nid2ln(nid));
	else
		line_add_oid(&line, oid);
	return finish(&line, arena, &cert->sig_algorithm, err);
}

static int
read_constraints(const struct asn1_cert *asn1, struct cert *cert, struct err *err)
{
	void *value;

	if (asn1_extension(asn1, NID_basic_constraints,
		ASN1_ITEM_rptr(BASIC_CONSTRAINTS), &value, err) == -1)
		return -1;
	if (value != NULL && ((BASIC_CONSTRAINTS *)value)->ca != 0)
		cert->flags |= CERT_CA;
	if (asn1->tbs->version == NULL && (cert->flags & CERT_SELF_ISSUED) != 0)
		cert->flags |= CERT_CA;
	BASIC_CONSTRAINTS_free(value);
	return 0;
}

static int
read_key_usage(const struct asn1_cert *asn1, struct cert *cert, struct err *err)
{
	void *value;
	int i;

	if (asn1_extension(asn1, NID_key_usage, ASN1_ITEM_rptr(ASN1_BIT_STRING), &value,
		err) == -1)
		return -1;
	if (value == NULL)
		return 0;
	cert->flags |= CERT_HAS_KEY_USAGE;
	for (i = 0; i < KEY_USAGES; i++)
		if (ASN1_BIT_STRING_get_bit(value, i))
			cert->key_usage |= 1u << i;
	ASN1_BIT_STRING_free(value);
	return 0;
}

static int
read_ext_key_usage(struct arena *arena, const struct asn1_cert *asn1, struct cert *cert,
    struct err *err)
{
	struct line line;
	void *value;
	int i, n;

	if (asn1_extension(asn1, NID_ext_key_usage, ASN1_ITEM_rptr(EXTENDED_KEY_USAGE),
		&value, err) == -1)
		return -1;
	n = value != NULL ? sk_ASN1_OBJECT_num(value) : 0;
	line_init(&line, LIMIT_TEXT);
	for (i = 0; i < n && !line.cut; i++) {
		if (i > 0)
			line_add(&line, ", ");
		line_add_oid(&line, sk_ASN1_OBJECT_value(value, i));
	}
	EXTENDED_KEY_USAGE_free(value);
	return finish(&line, arena, &cert->ext_key_usage, err);
}

static int
read_sans(struct arena *arena, const struct asn1_cert *asn1, struct cert *cert,
    struct err *err)
{
	struct line line;
	void *value;

	if (asn1_extension(asn1, NID_subject_alt_name, ASN1_ITEM_rptr(GENERAL_NAMES),
		&value, err) == -1)
		return -1;
	line_init(&line, LIMIT_TEXT);
	if (value != NULL)
		line_add_sans(&line, value);
	GENERAL_NAMES_free(value);
	return finish(&line, arena, &cert->sans, err);
}

static int
read_extensions(struct arena *arena, const struct asn1_cert *asn1, struct cert *cert,
    struct err *err)
{
	if (asn1_check_extensions(asn1, err) == -1)
		return -1;
	if (read_constraints(asn1, cert, err) == -1)
		return -1;
	if (read_key_usage(asn1, cert, err) == -1)
		return -1;
	if (read_ext_key_usage(arena, asn1, cert, err) == -1)
		return -1;
	return read_sans(arena, asn1, cert, err);
}

static int
read_facts(struct arena *arena, const struct asn1_cert *asn1,
    const struct asn1_spans *spans, struct cert *cert, struct err *err)
{
	cert->subject_der = spans->subject;
	cert->issuer_der = spans->issuer;
	if (spans->subject.len == spans->issuer.len &&
	    memcmp(spans->subject.data, spans->issuer.data, spans->subject.len) == 0)
		cert->flags |= CERT_SELF_ISSUED;
	if (ASN1_INTEGER_get(asn1->tbs->version) < 0 ||
	    ASN1_INTEGER_get(asn1->tbs->version) > 2)
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "RFC 5280 4.1.2.1: unknown version");
	if (sha256(cert->der, cert->sha256, err) == -1)
		return -1;
	if (sha256(spans->spki, cert->key_id, err) == -1)
		return -1;
	if (read_serial(arena, spans->serial, cert, err) == -1)
		return -1;
	if (read_dates(asn1->tbs->validity, cert, err) == -1)
		return -1;
	if (read_names(arena, asn1->tbs, cert, err) == -1)
		return -1;
	if (read_key(asn1, cert, err) == -1)
		return -1;
	if (read_signature(arena, asn1, cert, err) == -1)
		return -1;
	return read_extensions(arena, asn1, cert, err);
}

int
cert_parse(struct arena *arena, struct blob der, struct cert *ret_cert, struct err *err)
{
	struct asn1_cert *asn1 = NULL;
	struct asn1_spans spans;
	struct cert cert = { .der = der };
	int rc = -1;

	if (der.len > LIMIT_CERTIFICATE)
		return err_set(err, ERR_TOO_LARGE, NULL,
		    "certificate of more than %zu octets", LIMIT_CERTIFICATE);
	if (asn1_cert_read(der, &asn1, &spans, err) == -1)
		return -1;
	if (read_facts(arena, asn1, &spans, &cert, err) == -1)
		goto out;
	*ret_cert = cert;
	rc = 0;
out:
	asn1_cert_free(asn1);
	return rc;
}

static int
copy_sans(struct arena *arena, const GENERAL_NAMES *names, struct san **ret_sans,
    size_t *ret_count, struct err *err)
{
	const GENERAL_NAME *name;
	struct san *sans;
	struct line line;
	int i, n = sk_GENERAL_NAME_num(names);

	if (n <= 0)
		return 0;
	if ((sans = arena_alloc(arena, (size_t)n * sizeof(*sans))) == NULL)
		return out_of_memory(err);
	for (i = 0; i < n; i++) {
		name = sk_GENERAL_NAME_value(names, i);
		line_init(&line, LIMIT_TEXT);
		line_add_san(&line, name, ESCAPE_CONTROLS);
		sans[i].type = san_type(name);
		if (finish(&line, arena, &sans[i].value, err) == -1)
			return -1;
	}
	*ret_sans = sans;
	*ret_count = (size_t)n;
	return 0;
}

int
cert_sans(const struct cert *cert, struct arena *arena, struct san **ret_sans,
    size_t *ret_count, struct err *err)
{
	struct asn1_cert *asn1 = NULL;
	struct asn1_spans spans;
	void *names = NULL;
	int rc = -1;

	*ret_sans = NULL;
	*ret_count = 0;
	if (cert->sans.len == 0)
		return 0;
	if (asn1_cert_read(cert->der, &asn1, &spans, err) == -1)
		return -1;
	if (asn1_extension(asn1, NID_subject_alt_name, ASN1_ITEM_rptr(GENERAL_NAMES),
		&names, err) == -1)
		goto out;
	rc = copy_sans(arena, names, ret_sans, ret_count, err);
out:
	GENERAL_NAMES_free(names);
	asn1_cert_free(asn1);
	return rc;
}

static int
copy_octets(struct arena *arena, const ASN1_OCTET_STRING *octets, struct blob *ret,
    struct err *err)
{
	struct text copy;

	if (octets == NULL)
		return 0;
	copy = arena_text(arena, (const char *)ASN1_STRING_get0_data(octets),
	    (size_t)ASN1_STRING_length(octets));
	if (copy.data == NULL)
		return out_of_memory(err);
	*ret = (struct blob){ (const uint8_t *)copy.data, copy.len };
	return 0;
}

int
cert_key_ids(const struct cert *cert, struct arena *arena, struct blob *ret_subject,
    struct blob *ret_authority, struct err *err)
{
	struct asn1_cert *asn1 = NULL;
	struct asn1_spans spans;
	void *subject = NULL, *authority = NULL;
	int rc = -1;

	*ret_subject = *ret_authority = (struct blob){ NULL, 0 };
	if (asn1_cert_read(cert->der, &asn1, &spans, err) == -1)
		return -1;
	if (asn1_extension(asn1, NID_subject_key_identifier,
		ASN1_ITEM_rptr(ASN1_OCTET_STRING), &subject, err) == -1)
		goto out;
	if (asn1_extension(asn1, NID_authority_key_identifier,
		ASN1_ITEM_rptr(AUTHORITY_KEYID), &authority, err) == -1)
		goto out;
	if (copy_octets(arena, subject, ret_subject, err) == -1)
		goto out;
	if (authority != NULL &&
	    copy_octets(arena, ((AUTHORITY_KEYID *)authority)->keyid, ret_authority,
		err) == -1)
		goto out;
	rc = 0;
out:
	AUTHORITY_KEYID_free(authority);
	ASN1_OCTET_STRING_free(subject);
	asn1_cert_free(asn1);
	return rc;
}

/* The first of "DNS:a, IP:b", without its type. */
static struct text
first_san(struct text sans)
{
	const char *colon = memchr(sans.data, ':', sans.len);
	const char *comma = memmem(sans.data, sans.len, ", ", 2);
	const char *end = comma != NULL ? comma : sans.data + sans.len;
	struct text first = sans;

	if (colon != NULL && colon < end)
		first.data = colon + 1;
	first.len = (size_t)(end - first.data);
	return first;
}

struct text
cert_label(const struct cert *cert)
{
	struct text san;

	if (cert->subject_part[DN_CN].len > 0)
		return cert->subject_part[DN_CN];
	if (cert->sans.len > 0 && (san = first_san(cert->sans)).len > 0)
		return san;
	return cert->subject.len > 0 ? cert->subject : cert->serial;
}

int
cert_check_strength(const struct cert *cert, struct err *err)
{
	if ((cert->flags & CERT_WEAK_DIGEST) != 0)
		return err_set(err, ERR_WEAK_CRYPTO, NULL,
		    "certificate is signed with a weak digest: %.*s",
		    (int)cert->sig_algorithm.len, cert->sig_algorithm.data);
	if ((cert->flags & CERT_WEAK_KEY) != 0)
		return err_set(err, ERR_WEAK_CRYPTO, NULL,
		    "key of the certificate is weak: %s, %u bits",
		    name_text(&key_algorithm_names, cert->key_algorithm),
		    cert->key_bits);
	return 0;
}
