/* SPDX-License-Identifier: ISC */
/* Trust anchors found by subject, for lib/chain.c alone. */
#ifndef LIB_ANCHORS_H
#define LIB_ANCHORS_H

#include "lib/chain.h"

/*
 * Anchors with this subject: their number, at most CHAIN_CANDIDATES, in the order of
 * the trust store; anchors_at() gives them, from *ret_first on.
 */
size_t anchors_find(const struct anchors *, struct blob subject_der, size_t *ret_first);
const struct cert *anchors_at(const struct anchors *, size_t n);

#endif
