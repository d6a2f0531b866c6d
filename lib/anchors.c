/* SPDX-License-Identifier: ISC */
#include "lib/anchors.h"

#include <stdlib.h>
#include <string.h>

struct row {
	uint64_t hash;
	const struct cert *cert;
};

/* Sorted by hash, subject, place in the trust store. */
struct anchors {
	size_t count;
	struct row rows[];
};

/* FNV-1a; what collides is told apart by the subject itself. */
static uint64_t
hash_of(struct blob blob)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < blob.len; i++)
		hash = (hash ^ blob.data[i]) * 0x100000001b3u;
	return hash;
}

static int
compare_subject(uint64_t hash_a, struct blob a, uint64_t hash_b, struct blob b)
{
	if (hash_a != hash_b)
		return hash_a < hash_b ? -1 : 1;
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len > 0 ? memcmp(a.data, b.data, a.len) : 0;
}

static int
compare_rows(const void *va, const void *vb)
{
	const struct row *a = va, *b = vb;
	int rc = compare_subject(a->hash, a->cert->subject_der, b->hash,
	    b->cert->subject_der);

	if (rc != 0)
		return rc;
	return (a->cert > b->cert) - (a->cert < b->cert);
}

struct anchors *
anchors_new(const struct cert *certs, size_t count)
{
	struct anchors *anchors;
	size_t i;

	if (count > SIZE_MAX / 2 / sizeof(struct row))
		return NULL;
	anchors = malloc(sizeof(*anchors) + count * sizeof(struct row));
	if (anchors == NULL)
		return NULL;
	anchors->count = count;
	for (i = 0; i < count; i++)
		anchors->rows[i] =
		    (struct row){ hash_of(certs[i].subject_der), &certs[i] };
	qsort(anchors->rows, count, sizeof(anchors->rows[0]), compare_rows);
	return anchors;
}

void
anchors_free(struct anchors *anchors)
{
	free(anchors);
}

size_t
anchors_find(const struct anchors *anchors, struct blob subject, size_t *ret_first)
{
	uint64_t hash = hash_of(subject);
	size_t low = 0, high = anchors->count, middle;
	const struct row *row;

	while (low < high) {
		middle = low + (high - low) / 2;
		row = &anchors->rows[middle];
		if (compare_subject(row->hash, row->cert->subject_der, hash, subject) <
		    0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_first = low;
	for (; high < anchors->count && high - low < CHAIN_CANDIDATES; high++) {
		row = &anchors->rows[high];
		if (compare_subject(row->hash, row->cert->subject_der, hash, subject) !=
		    0)
			break;
	}
	return high - low;
}

const struct cert *
anchors_at(const struct anchors *anchors, size_t n)
{
	return anchors->rows[n].cert;
}
