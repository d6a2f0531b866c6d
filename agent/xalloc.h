/* SPDX-License-Identifier: ISC */
/*
 * Allocation for the daemon: without memory it ends, since a half-told commit is worse.
 */
#ifndef AGENT_XALLOC_H
#define AGENT_XALLOC_H

#include <stddef.h>

/* Zeroed. */
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xmemdup(const void *data, size_t len) __attribute__((returns_nonnull));

#endif
