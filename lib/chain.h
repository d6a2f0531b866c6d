/* SPDX-License-Identifier: ISC */
/* Chains: which certificate is the leaf, in what order, and who vouches for it. */
#ifndef LIB_CHAIN_H
#define LIB_CHAIN_H

#include "lib/cert.h"

/*
 * Puts the leaf (the certificate whose key is key_id) first and each issuer after what
 * it issued.  A certificate given twice is dropped; ret_count is what remains.  Refuses
 * when there are more than LIMIT_CHAIN (ERR_TOO_LARGE), when no certificate has the key
 * (ERR_KEY_MISMATCH) or when one does not belong to the chain (ERR_CHAIN_INVALID,
 * naming it).  Issuers are found by the encoding of their name (RFC 5280 4.1.2.6);
 * where the key identifiers are there they must agree.
 */
int chain_order(struct cert *certs, size_t count, const uint8_t key_id[SHA256_SIZE],
    size_t *ret_count, struct err *);

/*
 * A look-up of anchors by subject: made once for a trust store, in O(n log n).  The
 * certificates must outlive it.  NULL without memory.
 */
struct anchors;
struct anchors *anchors_new(const struct cert *certs, size_t count);
void anchors_free(struct anchors *);

#define CHAIN_CANDIDATES 32

struct chain_verdict {
	enum chain_status status; /* time is not in it */
	int64_t not_after;        /* earliest end in leaf and intermediates */
	int64_t issuer_not_after; /* earliest end in intermediates and anchor, else
				     INT64_MAX */
	/* SHA-256 of the anchor it ends in; zeros when none */
	uint8_t anchor[SHA256_SIZE];
};

/*
 * Whether the ordered chain builds to an anchor: signatures, CA flags, path lengths,
 * purpose of a TLS server or client; not dates.  An anchor need not be self-signed; of
 * anchors with one name the first CHAIN_CANDIDATES are tried.  anchors may be NULL:
 * none. Cannot fail: what cannot be judged is CHAIN_UNKNOWN.
 */
void chain_judge(const struct cert *chain, size_t count, const struct anchors *,
    struct chain_verdict *ret_verdict);

#endif
