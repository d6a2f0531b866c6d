/* SPDX-License-Identifier: ISC */
/* Sorting by name and by SHA-256. */
#include "lib/order.h"

#include <stdlib.h>
#include <string.h>

int
order_text(struct text a, struct text b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.data, b.data, len);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

struct sorting {
	order_digest_of *digest_of;
	order_text_of *name_of;
	const void *context;
};

static int
by_number(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int
by_digest(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = memcmp(sorting->digest_of(sorting->context, a),
	    sorting->digest_of(sorting->context, b), SHA256_SIZE);

	return order != 0 ? order : by_number(a, b);
}

static int
by_text(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = order_text(sorting->name_of(sorting->context, a),
	    sorting->name_of(sorting->context, b));

	return order != 0 ? order : by_number(a, b);
}

static void
number(uint32_t *numbers, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		numbers[i] = i;
}

void
order_by_digest(uint32_t *ret_numbers, uint32_t count, order_digest_of *digest_of,
    const void *context)
{
	struct sorting sorting = { .digest_of = digest_of, .context = context };

	number(ret_numbers, count);
	if (count > 1)
		qsort_r(ret_numbers, count, sizeof(*ret_numbers), by_digest, &sorting);
}

void
order_by_text(uint32_t *ret_numbers, uint32_t count, order_text_of *name_of,
    const void *context)
{
	struct sorting sorting = { .name_of = name_of, .context = context };

	number(ret_numbers, count);
	if (count > 1)
		qsort_r(ret_numbers, count, sizeof(*ret_numbers), by_text, &sorting);
}
