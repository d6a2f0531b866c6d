/* SPDX-License-Identifier: ISC */
/* Subject alternative names (RFC 5280 4.2.1.6) as text. */
#include <arpa/inet.h>
#include <string.h>

#include <openssl/err.h>

#include "lib/cert_text.h"

static void
add_string(struct line *line, const GENERAL_NAME *name, enum escape escape)
{
	line_add_value(line, name->d.ia5, escape);
}

static void
add_ip(struct line *line, const GENERAL_NAME *name, enum escape escape)
{
	char text[INET6_ADDRSTRLEN];
	const ASN1_OCTET_STRING *ip = name->d.iPAddress;
	int family = ASN1_STRING_length(ip) == 4 ? AF_INET : AF_INET6;

	(void)escape;
	if (ASN1_STRING_length(ip) != 4 && ASN1_STRING_length(ip) != 16)
		line_add_dump(line, ip);
	else if (inet_ntop(family, ASN1_STRING_get0_data(ip), text, sizeof(text)) !=
	    NULL)
		line_add(line, text);
}

static void
add_directory(struct line *line, const GENERAL_NAME *name, enum escape escape)
{
	asn1_name *directory = asn1_name_read(name->d.directoryName);

	(void)escape;
	if (directory != NULL)
		line_add_name(line, directory);
	asn1_name_free(directory);
}

static void
add_other(struct line *line, const GENERAL_NAME *name, enum escape escape)
{
	(void)escape;
	if (name->type == GEN_OTHERNAME)
		line_add_oid(line, name->d.otherName->type_id);
	else if (name->type == GEN_RID)
		line_add_oid(line, name->d.registeredID);
}

static const struct kind {
	int general_name;
	enum san_type type;
	const char *prefix;
	void (*add)(struct line *, const GENERAL_NAME *, enum escape);
} kinds[] = {
	{ GEN_DNS, SAN_DNS, "DNS:", add_string },
	{ GEN_IPADD, SAN_IP, "IP:", add_ip },
	{ GEN_EMAIL, SAN_EMAIL, "email:", add_string },
	{ GEN_URI, SAN_URI, "URI:", add_string },
	{ GEN_DIRNAME, SAN_DIRECTORY, "dir:", add_directory },
};
static const struct kind other = { -1, SAN_OTHER, "other:", add_other };

static const struct kind *
find_kind(const GENERAL_NAME *name)
{
	size_t i;

	for (i = 0; i < nitems(kinds); i++)
		if (kinds[i].general_name == name->type)
			return &kinds[i];
	return &other;
}

enum san_type
san_type(const GENERAL_NAME *name)
{
	return find_kind(name)->type;
}

void
line_add_san(struct line *line, const GENERAL_NAME *name, enum escape escape)
{
	find_kind(name)->add(line, name, escape);
}

void
line_add_sans(struct line *line, const GENERAL_NAMES *names)
{
	const GENERAL_NAME *name;
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(names) && !line->cut; i++) {
		name = sk_GENERAL_NAME_value(names, i);
		if (i > 0)
			line_add(line, ", ");
		line_add(line, find_kind(name)->prefix);
		line_add_san(line, name, ESCAPE_LIST);
	}
}
