/* SPDX-License-Identifier: ISC */
#include "lib/chain.h"

#include <string.h>

#include "lib/limits.h"

/* Key identifiers of one certificate. */
struct key_ids {
	struct blob subject, authority;
};

static bool
blob_equal(struct blob a, struct blob b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static size_t
drop_duplicates(struct cert *certs, size_t count)
{
	size_t i, k, n = 0;

	for (i = 0; i < count; i++) {
		for (k = 0; k < n; k++)
			if (memcmp(certs[k].sha256, certs[i].sha256, SHA256_SIZE) == 0)
				break;
		if (k == n)
			certs[n++] = certs[i];
	}
	return n;
}

/* The certificate with the key, one that is no CA if there are two; count when none. */
static size_t
find_leaf(const struct cert *certs, size_t count, const uint8_t key_id[SHA256_SIZE])
{
	size_t i, found = count;

	for (i = 0; i < count; i++) {
		if (memcmp(certs[i].key_id, key_id, SHA256_SIZE) != 0)
			continue;
		if ((certs[i].flags & CERT_CA) == 0)
			return i;
		if (found == count)
			found = i;
	}
	return found;
}

static void
swap(struct cert *certs, struct key_ids *ids, size_t a, size_t b)
{
	struct cert cert = certs[a];
	struct key_ids id = ids[a];

	certs[a] = certs[b];
	certs[b] = cert;
	ids[a] = ids[b];
	ids[b] = id;
}

/* RFC 5280 4.2.1.1: what the issued one says of its issuer's key. */
static bool
issued_by(const struct cert *cert, const struct key_ids *ids, const struct cert *issuer,
    const struct key_ids *issuer_ids)
{
	if (!blob_equal(cert->issuer_der, issuer->subject_der))
		return false;
	if (ids->authority.data == NULL || issuer_ids->subject.data == NULL)
		return true;
	return blob_equal(ids->authority, issuer_ids->subject);
}

static int
not_of_chain(const struct cert *cert, struct err *err)
{
	struct text label = cert_label(cert);

	return err_set(err, ERR_CHAIN_INVALID, NULL,
	    "certificate does not belong to the chain: %.*s", (int)label.len,
	    label.data);
}

/* Certificates before place are in order; finds the one that comes there. */
static int
place_issuer(struct cert *certs, struct key_ids *ids, size_t count, size_t place,
    struct err *err)
{
	size_t i;

	for (i = place; i < count; i++) {
		if (issued_by(&certs[place - 1], &ids[place - 1], &certs[i], &ids[i])) {
			swap(certs, ids, place, i);
			return 0;
		}
	}
	return not_of_chain(&certs[place], err);
}

static int
order(struct cert *certs, struct key_ids *ids, size_t count,
    const uint8_t key_id[SHA256_SIZE], struct err *err)
{
	size_t leaf = find_leaf(certs, count, key_id), i;

	if (leaf == count)
		return err_set(err, ERR_KEY_MISMATCH, NULL,
		    "private key does not belong to any of the certificates");
	swap(certs, ids, 0, leaf);
	for (i = 1; i < count; i++)
		if (place_issuer(certs, ids, count, i, err) == -1)
			return -1;
	return 0;
}

int
chain_order(struct cert *certs, size_t count, const uint8_t key_id[SHA256_SIZE],
    size_t *ret_count, struct err *err)
{
	struct key_ids ids[LIMIT_CHAIN] = { { { NULL, 0 }, { NULL, 0 } } };
	struct arena arena = { NULL };
	size_t i;
	int rc = -1;

	if (count > LIMIT_CHAIN)
		return err_set(err, ERR_TOO_LARGE, NULL,
		    "chain of more than %d certificates", LIMIT_CHAIN);
	count = drop_duplicates(certs, count);
	for (i = 0; i < count && count > 1; i++)
		if (cert_key_ids(&certs[i], &arena, &ids[i].subject, &ids[i].authority,
			err) == -1)
			goto out;
	if (order(certs, ids, count, key_id, err) == -1)
		goto out;
	*ret_count = count;
	rc = 0;
out:
	arena_clear(&arena);
	return rc;
}
