/* SPDX-License-Identifier: ISC */
/*
 * The containers certificates come in: PEM blocks with text between them (RFC 7468), or
 * base64 of DER with or without line breaks; DER is one certificate, or a CMS message
 * that holds nothing else.
 */
#ifndef LIB_PEM_H
#define LIB_PEM_H

#include "lib/bytes.h"
#include "lib/err.h"

/*
 * Called for each certificate in the text, in order, with its DER (valid during the
 * call unless it was allocated in an arena of the caller's) and the line it begins on,
 * counted from 1.  Returns 0 to go on; -1 with err set ends the reading.
 */
typedef int pem_found(void *context, struct blob der, uint32_t line, struct err *);

/*
 * Reads all certificates of a text.  Text between the blocks and indentation are
 * skipped.  Refused as a whole: a damaged block, a block that is not a certificate (a
 * private key above all), no certificate at all, more than max of them.  err.line is
 * the line within this text; the message names which certificate it was ("certificate
 * 3"). DER octets are allocated in the arena.
 */
int pem_read_certificates(struct arena *, struct text text, size_t max,
    pem_found *found, void *context, struct err *);

/*
 * One block of a PEM text: what stands between "-----BEGIN LABEL-----" and its END
 * line. A BEGIN or END counts only at the beginning of a line, so that text between the
 * blocks, and blocks that are commented out, are skipped.
 */
struct pem_block {
	struct text label;
	struct text body;
	uint32_t line; /* of BEGIN */
};

/* Where reading goes on; initialise with { text, 1 }. */
struct pem_reader {
	struct text rest;
	uint32_t line;
};

/*
 * The next block: 1, or 0 when there is none.  A block that is not closed, or closed as
 * something else, or an END alone, is refused with err.line set.
 */
int pem_next(struct pem_reader *, struct pem_block *ret_block, struct err *);

/* Whether there is a PEM block in it, damaged or not. */
bool pem_is(struct text text);

/* Appends any block; the buffer never holds more copies of it than one. */
int pem_write(struct buf *, const char *label, struct blob der);

/* Appends the PEM form (RFC 7468 strict), ending in a newline. */
int pem_write_certificate(struct buf *, struct blob der);

/* Base64 with white space anywhere, appended to buf.  Refuses everything else. */
int base64_read(struct buf *, struct text text, struct err *);

#endif
