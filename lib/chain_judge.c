/* SPDX-License-Identifier: ISC */
/*
 * The verdict on a chain, by OpenSSL's path validation over a store that holds only the
 * anchors whose names the chain mentions: filling one with a whole trust store takes
 * time that grows with the square.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "lib/anchors.h"
#include "lib/chain.h"
#include "lib/limits.h"

#define LINKS (LIMIT_CHAIN + CHAIN_CANDIDATES)

struct link {
	const struct cert *cert;
	X509 *x509;
};

/* What takes part in one validation. */
struct path {
	struct link links[LINKS]; /* the chain, then the candidates */
	size_t count, chain;
	STACK_OF(X509) * untrusted;
	X509_STORE *store;
};

/* The worst thing said of a chain wins, whatever the order it is found in. */
struct finding {
	int rank;
	enum chain_status status;
};

/* What an error of OpenSSL means; "not built" is told apart by whoever asked. */
static const struct {
	int error;
	struct finding finding;
} findings[] = {
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, { 3, CHAIN_BAD_SIGNATURE } },
	{ X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, { 3, CHAIN_BAD_SIGNATURE } },
	{ X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, { 3, CHAIN_BAD_SIGNATURE } },
	{ X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, { 3, CHAIN_BAD_SIGNATURE } },
	{ X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, { 3, CHAIN_BAD_SIGNATURE } },
	{ X509_V_ERR_INVALID_PURPOSE, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_INVALID_CA, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_INVALID_NON_CA, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_PERMITTED_VIOLATION, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_EXCLUDED_VIOLATION, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_SUBTREE_MINMAX, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_INVALID_EXTENSION, { 2, CHAIN_BAD_PURPOSE } },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, { 1, CHAIN_INCOMPLETE } },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, { 1, CHAIN_INCOMPLETE } },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, { 1, CHAIN_INCOMPLETE } },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, { 1, CHAIN_INCOMPLETE } },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, { 1, CHAIN_INCOMPLETE } },
	{ X509_V_ERR_CERT_UNTRUSTED, { 1, CHAIN_INCOMPLETE } },
};
static const struct finding no_finding = { 0, CHAIN_VALID };
static const struct finding unknown_finding = { 4, CHAIN_UNKNOWN };

static const struct finding *
find_finding(int error)
{
	size_t i;

	for (i = 0; i < nitems(findings); i++)
		if (findings[i].error == error)
			return &findings[i].finding;
	return &unknown_finding;
}

/* Remembers the worst and lets the validation go on to find more. */
static int
remember(int ok, X509_STORE_CTX *ctx)
{
	struct finding *worst = X509_STORE_CTX_get_app_data(ctx);
	const struct finding *found;

	if (ok == 1)
		return 1;
	found = find_finding(X509_STORE_CTX_get_error(ctx));
	if (found->rank > worst->rank)
		*worst = *found;
	return 1;
}

static int
add_link(struct path *path, const struct cert *cert)
{
	const uint8_t *p = cert->der.data;
	X509 *x509;

	if ((x509 = d2i_X509(NULL, &p, (long)cert->der.len)) == NULL)
		return -1;
	path->links[path->count++] = (struct link){ cert, x509 };
	return 0;
}

static bool
has_candidate(const struct path *path, const struct cert *cert)
{
	size_t i;

	for (i = path->chain; i < path->count; i++)
		if (path->links[i].cert == cert)
			return true;
	return false;
}

/* An anchor that cannot be used is as good as none. */
static void
add_candidates(struct path *path, const struct anchors *anchors, struct blob name)
{
	size_t first, count = anchors_find(anchors, name, &first), i;
	const struct cert *cert;

	for (i = 0; i < count && path->count < LINKS; i++) {
		cert = anchors_at(anchors, first + i);
		if (!has_candidate(path, cert))
			(void)add_link(path, cert);
	}
}

/* From the top: there the anchor is that is needed. */
static int
path_init(struct path *path, const struct cert *chain, size_t count,
    const struct anchors *anchors)
{
	size_t i;

	if (count == 0 || count > LIMIT_CHAIN)
		return -1;
	for (i = 0; i < count; i++)
		if (add_link(path, &chain[i]) == -1)
			return -1;
	path->chain = count;
	for (i = count; i > 0 && anchors != NULL; i--) {
		add_candidates(path, anchors, chain[i - 1].issuer_der);
		add_candidates(path, anchors, chain[i - 1].subject_der);
	}
	path->store = X509_STORE_new();
	path->untrusted = sk_X509_new_null();
	if (path->store == NULL || path->untrusted == NULL)
		return -1;
	for (i = 1; i < path->chain; i++)
		if (sk_X509_push(path->untrusted, path->links[i].x509) == 0)
			return -1;
	for (i = path->chain; i < path->count; i++)
		if (X509_STORE_add_cert(path->store, path->links[i].x509) != 1)
			return -1;
	return 0;
}

static void
path_clear(struct path *path)
{
	size_t i;

	sk_X509_free(path->untrusted);
	X509_STORE_free(path->store);
	for (i = 0; i < path->count; i++)
		X509_free(path->links[i].x509);
}

/* Whether an anchor is part of the chain or did sign something in it. */
static bool
is_issuer(const struct path *path, const struct link *anchor)
{
	EVP_PKEY *key = X509_get0_pubkey(anchor->x509);
	size_t i;

	for (i = 0; i < path->chain; i++) {
		if (X509_cmp(path->links[i].x509, anchor->x509) == 0)
			return true;
		if (key != NULL && X509_verify(path->links[i].x509, key) == 1)
			return true;
	}
	return false;
}

/*
 * OpenSSL takes one issuer of the right name and never tries another, though a trust
 * store may hold two with different keys: leaves those that did sign.
 */
static int
drop_namesakes(struct path *path)
{
	X509_STORE *store = X509_STORE_new();
	size_t i;

	if (store == NULL)
		return -1;
	X509_STORE_free(path->store);
	path->store = store;
	for (i = path->chain; i < path->count; i++)
		if (is_issuer(path, &path->links[i]) &&
		    X509_STORE_add_cert(store, path->links[i].x509) != 1)
			return -1;
	return 0;
}

static const struct cert *
cert_of(const struct path *path, const X509 *x509)
{
	size_t i;

	for (i = 0; i < path->count; i++)
		if (path->links[i].x509 == x509)
			return path->links[i].cert;
	return NULL;
}

/* The path that was found may be shorter than the chain: dates and anchor are its. */
static void
read_path(const struct path *path, X509_STORE_CTX *ctx, struct chain_verdict *verdict)
{
	STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
	int i, n = sk_X509_num(built);
	const struct cert *cert;

	verdict->not_after = verdict->issuer_not_after = INT64_MAX;
	for (i = 0; i < n; i++) {
		if ((cert = cert_of(path, sk_X509_value(built, i))) == NULL)
			continue;
		if ((i == 0 || i < n - 1) && cert->not_after < verdict->not_after)
			verdict->not_after = cert->not_after;
		if (i > 0 && cert->not_after < verdict->issuer_not_after)
			verdict->issuer_not_after = cert->not_after;
		if (i == n - 1)
			memcpy(verdict->anchor, cert->sha256, SHA256_SIZE);
	}
}

static enum chain_status
validate(const struct path *path, int purpose, struct chain_verdict *verdict)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	struct finding worst = no_finding;
	int rc;

	if (ctx == NULL ||
	    X509_STORE_CTX_init(ctx, path->store, path->links[0].x509,
		path->untrusted) != 1) {
		X509_STORE_CTX_free(ctx);
		return CHAIN_UNKNOWN;
	}
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param,
	    X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
	/* Strength is judged by cert_check_strength(). */
	X509_VERIFY_PARAM_set_auth_level(param, 0);
	X509_VERIFY_PARAM_set_purpose(param, purpose);
	X509_STORE_CTX_set_app_data(ctx, &worst);
	X509_STORE_CTX_set_verify_cb(ctx, remember);
	rc = X509_verify_cert(ctx);
	if (rc != 1)
		worst = unknown_finding;
	if (worst.status == CHAIN_VALID)
		read_path(path, ctx, verdict);
	X509_STORE_CTX_free(ctx);
	return worst.status;
}

/* Dates of a chain that ends in no anchor: a root at its top is no intermediate. */
static void
read_chain(const struct cert *chain, size_t count, struct chain_verdict *verdict)
{
	size_t i;
	bool root;

	for (i = 0; i < count; i++) {
		root = i > 0 && (chain[i].flags & CERT_SELF_ISSUED) != 0;
		if (!root && chain[i].not_after < verdict->not_after)
			verdict->not_after = chain[i].not_after;
		if (i > 0 && chain[i].not_after < verdict->issuer_not_after)
			verdict->issuer_not_after = chain[i].not_after;
	}
}

/* No anchor was found: why is told by what is at the top. */
static enum chain_status
not_built(const struct cert *chain, size_t count)
{
	if ((chain[count - 1].flags & CERT_SELF_ISSUED) == 0)
		return CHAIN_INCOMPLETE;
	return count == 1 ? CHAIN_SELF_SIGNED : CHAIN_UNTRUSTED_ROOT;
}

static enum chain_status
validate_both(const struct path *path, struct chain_verdict *verdict)
{
	enum chain_status status = validate(path, X509_PURPOSE_SSL_SERVER, verdict);

	if (status == CHAIN_BAD_PURPOSE)
		status = validate(path, X509_PURPOSE_SSL_CLIENT, verdict);
	return status;
}

void
chain_judge(const struct cert *chain, size_t count, const struct anchors *anchors,
    struct chain_verdict *ret_verdict)
{
	struct chain_verdict verdict = { .not_after = INT64_MAX,
		.issuer_not_after = INT64_MAX };
	struct path path = { .count = 0 };

	read_chain(chain, count, &verdict);
	if (path_init(&path, chain, count, anchors) == 0)
		verdict.status = validate_both(&path, &verdict);
	if (verdict.status == CHAIN_BAD_SIGNATURE && path.count > path.chain &&
	    drop_namesakes(&path) == 0 && validate_both(&path, &verdict) == CHAIN_VALID)
		verdict.status = CHAIN_VALID;
	if (verdict.status == CHAIN_INCOMPLETE)
		verdict.status = not_built(chain, count);
	path_clear(&path);
	ERR_clear_error();
	*ret_verdict = verdict;
}
