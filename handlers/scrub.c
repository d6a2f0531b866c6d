/* SPDX-License-Identifier: ISC */
#include "handlers/scrub.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN 0xa5

/*
 * glibc keeps freed pieces of up to 1032 octets in a cache of their own, in steps of
 * 16, before it comes to overwrite them; 7 of each, more in later versions.
 */
#define SMALL_FIRST 24
#define SMALL_LAST 1032
#define SMALL_STEP 16
#define SMALL_COUNT 32

void
scrub_begin(void)
{
	(void)mallopt(M_PERTURB, PATTERN);
	/*
	 * one arena: to choose among several, malloc() would count processors in /sys
	 */
	(void)mallopt(M_ARENA_MAX, 1);
}

static void
scrub_size(size_t size)
{
	void *pieces[SMALL_COUNT];
	size_t i;

	for (i = 0; i < SMALL_COUNT; i++)
		if ((pieces[i] = malloc(size)) != NULL)
			explicit_bzero(pieces[i], size);
	for (i = 0; i < SMALL_COUNT; i++)
		free(pieces[i]);
}

void
scrub_small(void)
{
	size_t size;

	for (size = SMALL_FIRST; size <= SMALL_LAST; size += SMALL_STEP)
		scrub_size(size);
}
