/* SPDX-License-Identifier: ISC */
/*
 * A look at the octets of an XML document before libxml2 gets them: refuses what would
 * cost time or memory out of proportion, or mean different things to different parsers,
 * and says where the document can be cut into pieces without tearing a token.
 */
#ifndef LIB_XML_SCAN_H
#define LIB_XML_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/limits.h"

enum scan_state {
	SCAN_BEGIN, /* nothing read but a byte order mark */
	SCAN_TEXT,
	SCAN_REFERENCE,
	SCAN_LESS_THAN, /* which of the following it is comes with the next octet */
	SCAN_EXCLAMATION,
	SCAN_COMMENT,
	SCAN_CDATA,
	SCAN_DECLARATION,
	SCAN_START_TAG,
	SCAN_QUOTED,
	SCAN_END_TAG,
	SCAN_STATE_MAX
};

/* Zero-initialise but for line, which begins with 1. */
struct xml_scan {
	enum scan_state state;
	uint32_t line;
	uint32_t token_line; /* where the markup being read begins */
	uint32_t open_line[LIMIT_DEPTH];
	size_t total, elements;
	size_t token_len; /* octets of the markup, with its "<" */
	unsigned int depth, attributes;
	unsigned int bom; /* octets of the byte order mark read */
	uint8_t last[2];  /* the octets before this one, within the markup */
	uint8_t quote;
	bool has_root;
	char declaration[128];
};

/*
 * Looks at the next piece.  ret_cut is the number of its octets after which the
 * document can be cut; 0 when nowhere.  Cuts are made in text and after markup, never
 * within a tag, reference, comment or CDATA section: libxml2's push parser looks
 * through those from their beginning with each piece, which takes quadratic time.
 */
int xml_scan_feed(struct xml_scan *, const uint8_t *data, size_t len, size_t *ret_cut,
    struct err *);

/* Whether the document can end here. */
int xml_scan_end(const struct xml_scan *, struct err *);

#endif
