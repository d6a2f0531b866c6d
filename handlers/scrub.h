/* SPDX-License-Identifier: ISC */
/*
 * Freed memory is overwritten: libraries free copies of keys and passwords as they are.
 */
#ifndef HANDLERS_SCRUB_H
#define HANDLERS_SCRUB_H

/* From here on the allocator overwrites what it takes back, but for small pieces. */
void scrub_begin(void);

/* Overwrites the small pieces that were freed until now. */
void scrub_small(void);

#endif
