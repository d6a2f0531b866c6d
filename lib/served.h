/* SPDX-License-Identifier: ISC */
/*
 * What a service presents in a handshake, and what it should: the leaf and the
 * intermediates after it.  A root counts on neither side: a server may add one, and a
 * client needs none.
 */
#ifndef LIB_SERVED_H
#define LIB_SERVED_H

#include "lib/bytes.h"
#include "lib/err.h"

struct snapshot;

struct served {
	uint32_t nchain; /* certificates in chain, the leaf among them; 0: nothing */
	uint8_t leaf[SHA256_SIZE];
	uint8_t chain[SHA256_SIZE]; /* over the SHA-256 of each, leaf first */
};

/* What the service of this name should present in this configuration. */
int served_expected(const struct snapshot *, const char *service,
    struct served *ret_served, struct err *);

/* Takes the digest of certificates whose SHA-256 are one after the other. */
int served_digest(const uint8_t *sha256, uint32_t count, struct served *ret_served,
    struct err *);

#endif
