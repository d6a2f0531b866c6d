/* SPDX-License-Identifier: ISC */
/* What one configuration changed of another, in words for the history. */
#ifndef LIB_CHANGES_H
#define LIB_CHANGES_H

#include "lib/snapshot.h"

/*
 * "credential local, trust store, verification mode outgoing, service nginx,
 * monitoring"; a list that is too long ends with "...".  Empty when nothing a person
 * would call a change did.  Returns buf.
 */
const char *changes_format(const struct snapshot *old, const struct snapshot *new,
    char *buf, size_t size);

#endif
