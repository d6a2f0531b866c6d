/* SPDX-License-Identifier: ISC */
/*
 * The containers certificates come in: PEM blocks with text between them (RFC 7468), or
 * base64 of DER with or without line breaks.
 */
#ifndef LIB_PEM_H
#define LIB_PEM_H

#include "lib/bytes.h"
#include "lib/err.h"

/*
 * Called for each certificate in the text, in order, with its DER (valid during the call
 * unless it was allocated in an arena of the caller's) and the line it begins on,
 * counted from 1.  Returns 0 to go on; -1 with err set ends the reading.
 */
typedef int pem_found(void *context, struct blob der, uint32_t line, struct err *);

/*
 * Reads all certificates of a text.  Text between the blocks and indentation are
 * skipped.  Refused as a whole: a damaged block, a block that is not a certificate (a
 * private key above all), no certificate at all, more than max of them.  err.line is the
 * line within this text; the message names which certificate it was ("certificate 3").
 * DER octets are allocated in the arena.
 */
int pem_read_certificates(struct arena *, struct text text, size_t max, pem_found *found,
    void *context, struct err *);

/* Appends the PEM form (RFC 7468 strict), ending in a newline. */
int pem_write_certificate(struct buf *, struct blob der);

/* Base64 with white space anywhere, into buf.  Refuses everything else. */
int base64_read(struct buf *, struct text text, struct err *);

#endif
