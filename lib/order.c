/* SPDX-License-Identifier: ISC */
/*
 * Sorting by name and by SHA-256.  Each item is sorted with its first eight octets
 * beside it: that decides nearly always, and saves looking the item up.
 */
#include "lib/order.h"

#include <stdlib.h>
#include <string.h>

struct item {
	uint64_t first; /* the octets it begins with, as a big-endian number */
	uint32_t number;
};

struct sorting {
	order_digest_of *digest_of;
	order_text_of *name_of;
	const void *context;
};

int
order_text(struct text a, struct text b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.data, b.data, len);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

static uint64_t
first_octets(const void *data, size_t len)
{
	const uint8_t *octets = data;
	uint64_t first = 0;

	for (size_t i = 0; i < sizeof(first); i++)
		first = first << 8 | (i < len ? octets[i] : 0);
	return first;
}

static int
by_number(const struct item *a, const struct item *b)
{
	return (a->number > b->number) - (a->number < b->number);
}

static int
by_digest(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	const struct item *a = left, *b = right;
	int order;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	order = memcmp(sorting->digest_of(sorting->context, a->number),
	    sorting->digest_of(sorting->context, b->number), SHA256_SIZE);
	return order != 0 ? order : by_number(a, b);
}

static int
by_text(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	const struct item *a = left, *b = right;
	int order;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	order = order_text(sorting->name_of(sorting->context, a->number),
	    sorting->name_of(sorting->context, b->number));
	return order != 0 ? order : by_number(a, b);
}

static uint64_t
first_of(const struct sorting *sorting, uint32_t n)
{
	struct text name;

	if (sorting->digest_of != NULL)
		return first_octets(sorting->digest_of(sorting->context, n),
		    SHA256_SIZE);
	name = sorting->name_of(sorting->context, n);
	return first_octets(name.data, name.len);
}

static int
sort(uint32_t *ret_numbers, uint32_t count, struct sorting *sorting)
{
	struct item *items = calloc((size_t)count + 1, sizeof(*items));

	if (items == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		items[i] = (struct item){ first_of(sorting, i), i };
	qsort_r(items, count, sizeof(*items),
	    sorting->digest_of != NULL ? by_digest : by_text, sorting);
	for (uint32_t i = 0; i < count; i++)
		ret_numbers[i] = items[i].number;
	free(items);
	return 0;
}

int
order_by_digest(uint32_t *ret_numbers, uint32_t count, order_digest_of *digest_of,
    const void *context)
{
	struct sorting sorting = { .digest_of = digest_of, .context = context };

	return sort(ret_numbers, count, &sorting);
}

int
order_by_text(uint32_t *ret_numbers, uint32_t count, order_text_of *name_of,
    const void *context)
{
	struct sorting sorting = { .name_of = name_of, .context = context };

	return sort(ret_numbers, count, &sorting);
}
