/* SPDX-License-Identifier: ISC */
/*
 * Trust anchors are one list with names here, and in bags in ietf-truststore (RFC
 * 9641): "BAG/NAME" is the anchor NAME of that bag, any other name one of the bag
 * trust-store.
 */
#ifndef LIB_ANCHOR_NAME_H
#define LIB_ANCHOR_NAME_H

#include "lib/bytes.h"

/* Appends the one name; -1 without memory.  The bag has no "/". */
int anchor_name_join(struct buf *, struct text bag, struct text name);

/* The reverse: what it gives is joined to the same name again. */
void anchor_name_split(struct text joined, struct text *ret_bag, struct text *ret_name);

#endif
