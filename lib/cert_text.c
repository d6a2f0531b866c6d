/* SPDX-License-Identifier: ISC */
#include "lib/cert_text.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#define MORE "..."

void
line_init(struct line *line, size_t max)
{
	*line = (struct line){ .max = max < LIMIT_TEXT ? max : LIMIT_TEXT };
}

/* Adds what must not be torn. */
static void
add_unit(struct line *line, const char *data, size_t len)
{
	if (line->cut)
		return;
	if (line->len + len > line->max) {
		line->cut = true;
		memcpy(line->data + line->safe, MORE, strlen(MORE));
		line->len = line->safe + strlen(MORE);
		return;
	}
	memcpy(line->data + line->len, data, len);
	line->len += len;
	if (line->len + strlen(MORE) <= line->max)
		line->safe = line->len;
}

void
line_add(struct line *line, const char *text)
{
	for (; *text != '\0'; text++)
		add_unit(line, text, 1);
}

void
line_add_oid(struct line *line, const ASN1_OBJECT *oid)
{
	char text[80];
	int nid = OBJ_obj2nid(oid);

	if (nid != NID_undef) {
		line_add(line, OBJ_nid2sn(nid));
		return;
	}
	OBJ_obj2txt(text, sizeof(text), oid, 1);
	line_add(line, text);
}

struct text
line_text(const struct line *line, struct arena *arena)
{
	return arena_text(arena, line->data, line->len);
}

/* Controls of ASCII and of Latin 1 (U+0080 to U+009F). */
static bool
is_control(const char *p, size_t len)
{
	uint8_t c = (uint8_t)p[0];

	return c < 0x20 || c == 0x7f || (len == 2 && c == 0xc2 && (uint8_t)p[1] < 0xa0);
}

static void
add_hex(struct line *line, const uint8_t *data, size_t len, const char *prefix)
{
	char pair[8];
	size_t i;

	for (i = 0; i < len && !line->cut; i++) {
		snprintf(pair, sizeof(pair), "%s%02X", prefix, data[i]);
		add_unit(line, pair, strlen(pair));
	}
}

/* Which characters a backslash stands before; RFC 4514 2.4 for that form. */
static bool
is_special(const char *p, enum escape escape, bool first, bool last)
{
	static const char *const always[] = {
		[ESCAPE_CONTROLS] = "",
		[ESCAPE_LIST] = ",\\",
		[ESCAPE_RFC4514] = ",+\"\\<>;",
	};

	if (escape == ESCAPE_RFC4514 && *p == ' ')
		return first || last;
	if (escape == ESCAPE_RFC4514 && *p == '#')
		return first;
	return *p != '\0' && strchr(always[escape], *p) != NULL;
}

/* What is no UTF-8, or a control character, becomes "\XX" always. */
static void
add_escaped(struct line *line, const char *data, size_t len, enum escape escape)
{
	char pair[2] = { '\\' };
	size_t i, n;

	for (i = 0; i < len && !line->cut; i += n) {
		n = utf8_char(data + i, len - i);
		if (n == 0 || is_control(data + i, n)) {
			n = n == 0 ? 1 : n;
			add_hex(line, (const uint8_t *)data + i, n, "\\");
		} else if (is_special(data + i, escape, i == 0, i == len - 1)) {
			pair[1] = data[i];
			add_unit(line, pair, sizeof(pair));
		} else {
			add_unit(line, data + i, n);
		}
	}
}

static bool
is_string(int type)
{
	static const int types[] = { V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING,
		V_ASN1_IA5STRING, V_ASN1_T61STRING, V_ASN1_BMPSTRING,
		V_ASN1_UNIVERSALSTRING, V_ASN1_NUMERICSTRING, V_ASN1_VISIBLESTRING };
	size_t i;

	for (i = 0; i < nitems(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

/* RFC 4514 2.4: a value without a string form is shown as "#" and its DER in hex. */
void
line_add_dump(struct line *line, const ASN1_STRING *value)
{
	ASN1_TYPE type = { .type = ASN1_STRING_type(value) };
	uint8_t *der = NULL;
	int len;

	type.value.asn1_string = (ASN1_STRING *)(uintptr_t)value; /* not changed */
	line_add(line, "#");
	if ((len = i2d_ASN1_TYPE(&type, &der)) > 0)
		add_hex(line, der, (size_t)len, "");
	OPENSSL_free(der);
}

void
line_add_value(struct line *line, const ASN1_STRING *value, enum escape escape)
{
	int type = ASN1_STRING_type(value);
	uint8_t *utf8 = NULL;
	int len;

	if (!is_string(type)) {
		line_add_dump(line, value);
		return;
	}
	if (type != V_ASN1_BMPSTRING && type != V_ASN1_UNIVERSALSTRING &&
	    type != V_ASN1_T61STRING) {
		add_escaped(line, (const char *)ASN1_STRING_get0_data(value),
		    (size_t)ASN1_STRING_length(value), escape);
		return;
	}
	len = ASN1_STRING_to_UTF8(&utf8, value);
	if (len >= 0)
		add_escaped(line, (const char *)utf8, (size_t)len, escape);
	else
		line_add_dump(line, value);
	OPENSSL_free(utf8);
	ERR_clear_error();
}

static void
add_attribute(struct line *line, const X509_NAME_ENTRY *entry)
{
	const ASN1_OBJECT *oid = X509_NAME_ENTRY_get_object(entry);
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);

	line_add_oid(line, oid);
	line_add(line, "=");
	if (OBJ_obj2nid(oid) == NID_undef)
		line_add_dump(line, value);
	else
		line_add_value(line, value, ESCAPE_RFC4514);
}

void
line_add_name(struct line *line, const asn1_name *name)
{
	const asn1_rdn *rdn;
	int i, k;

	for (i = sk_asn1_rdn_num(name) - 1; i >= 0 && !line->cut; i--) {
		rdn = sk_asn1_rdn_value(name, i);
		for (k = sk_X509_NAME_ENTRY_num(rdn) - 1; k >= 0 && !line->cut; k--) {
			add_attribute(line, sk_X509_NAME_ENTRY_value(rdn, k));
			if (k > 0)
				line_add(line, "+");
		}
		if (i > 0)
			line_add(line, ",");
	}
}

static const int part_nids[] = {
	[DN_C] = NID_countryName,
	[DN_ST] = NID_stateOrProvinceName,
	[DN_L] = NID_localityName,
	[DN_O] = NID_organizationName,
	[DN_OU] = NID_organizationalUnitName,
	[DN_CN] = NID_commonName,
};
_Static_assert(nitems(part_nids) == DN_PART_MAX, "name every part of a DN");

void
line_add_part(struct line *line, const asn1_name *name, enum dn_part part)
{
	const X509_NAME_ENTRY *entry;
	const asn1_rdn *rdn;
	int i, k;

	for (i = 0; i < sk_asn1_rdn_num(name); i++) {
		rdn = sk_asn1_rdn_value(name, i);
		for (k = 0; k < sk_X509_NAME_ENTRY_num(rdn); k++) {
			entry = sk_X509_NAME_ENTRY_value(rdn, k);
			if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) !=
			    part_nids[part])
				continue;
			if (line->len > 0)
				line_add(line, ", ");
			line_add_value(line, X509_NAME_ENTRY_get_data(entry),
			    ESCAPE_CONTROLS);
		}
	}
}
