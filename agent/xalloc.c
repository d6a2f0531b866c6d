/* SPDX-License-Identifier: ISC */
#include "agent/xalloc.h"

#include <stdlib.h>
#include <string.h>

#include "agent/log.h"

void *
xcalloc(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		fatal("memory", "no memory for %zu octets", count * size);
	return p;
}

void *
xmemdup(const void *data, size_t len)
{
	void *p = xcalloc(1, len == 0 ? 1 : len);

	if (len > 0)
		memcpy(p, data, len);
	return p;
}
