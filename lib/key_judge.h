/* SPDX-License-Identifier: ISC */
/* Which private keys may be used here, for lib/key_read.c alone. */
#ifndef LIB_KEY_JUDGE_H
#define LIB_KEY_JUDGE_H

#include <openssl/types.h>

#include "lib/err.h"

/*
 * Refuses keys that are too weak, too large, of another algorithm or curve than those
 * supported, and RSA keys whose private numbers are larger than their modulus: a
 * signature with such a one could take hours.
 */
int key_judge(const EVP_PKEY *, struct err *);

#endif
