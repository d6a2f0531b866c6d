/* SPDX-License-Identifier: ISC */
/* Names, alternative names and object identifiers as text, for lib/cert.c alone. */
#ifndef LIB_CERT_TEXT_H
#define LIB_CERT_TEXT_H

#include <openssl/x509v3.h>

#include "lib/bytes.h"
#include "lib/cert.h"
#include "lib/cert_asn1.h"
#include "lib/limits.h"

/*
 * A text of limited length under construction: what does not fit any more is replaced
 * by
 * "...", never in the middle of a character or an escape.
 */
struct line {
	char data[LIMIT_TEXT];
	size_t max; /* at most LIMIT_TEXT */
	size_t len;
	size_t safe; /* where "..." can be put */
	bool cut;
};

void line_init(struct line *, size_t max);
void line_add(struct line *, const char *text);
void line_add_oid(struct line *, const ASN1_OBJECT *);
/* A copy of it; { NULL, 0 } without memory. */
struct text line_text(const struct line *, struct arena *);

enum escape {
	ESCAPE_CONTROLS, /* control characters and what is no UTF-8, as "\\XX" */
	ESCAPE_LIST,     /* also the comma */
	ESCAPE_RFC4514,
};
void line_add_value(struct line *, const ASN1_STRING *, enum escape);
/* "#" and the DER in hex. */
void line_add_dump(struct line *, const ASN1_STRING *);

/* RFC 4514: the last RDN first. */
void line_add_name(struct line *, const asn1_name *);
/* All values of one attribute, in the order of the encoding, joined with ", ". */
void line_add_part(struct line *, const asn1_name *, enum dn_part);

/* A subject alternative name, without its type. */
void line_add_san(struct line *, const GENERAL_NAME *, enum escape);
enum san_type san_type(const GENERAL_NAME *);
/* "DNS:a, IP:b" */
void line_add_sans(struct line *, const GENERAL_NAMES *);

#endif
