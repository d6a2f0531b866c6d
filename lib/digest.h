/* SPDX-License-Identifier: ISC */
/*
 * SHA-256 over many pieces.  A failure in the middle is remembered and told at the end,
 * so that a list of digest_add() needs no checks.
 */
#ifndef LIB_DIGEST_H
#define LIB_DIGEST_H

#include <openssl/types.h>

#include "lib/bytes.h"
#include "lib/err.h"

struct digest {
	EVP_MD_CTX *context; /* NULL once something failed */
};

void digest_begin(struct digest *);
void digest_add(struct digest *, const void *data, size_t len);
/* With its length before it, so that "ab","c" and "a","bc" differ. */
void digest_add_text(struct digest *, struct text);
void digest_add_number(struct digest *, uint64_t);
/* Must follow each digest_begin(): it frees. */
int digest_end(struct digest *, uint8_t ret_sha256[SHA256_SIZE], struct err *);

#endif
