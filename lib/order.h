/* SPDX-License-Identifier: ISC */
/* The two orders everything is sorted and searched by: name, and SHA-256. */
#ifndef LIB_ORDER_H
#define LIB_ORDER_H

#include "lib/bytes.h"

/* As strcmp(), over octets. */
int order_text(struct text a, struct text b);

/* The digest, or the text, of item n of whatever context is. */
typedef const uint8_t *order_digest_of(const void *context, uint32_t n);
typedef struct text order_text_of(const void *context, uint32_t n);

/*
 * The numbers 0 .. count - 1 in the order of what they stand for; equal ones in the
 * order of their numbers.
 */
int order_by_digest(uint32_t *ret_numbers, uint32_t count, order_digest_of *,
    const void *context);
int order_by_text(uint32_t *ret_numbers, uint32_t count, order_text_of *,
    const void *context);

#endif
