/* SPDX-License-Identifier: ISC */
/* What follows from a configuration: indices, dates of installation, chain verdicts. */
#include "lib/config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/limits.h"
#include "lib/order.h"

#define INDEX_LAST INT32_MAX /* CERTCONF-MIB: Unsigned32 (1..2147483647) */

static int
too_many(const char *where, const char *what, int limit, struct err *err)
{
	return err_set(err, ERR_TOO_LARGE, where, "more than %d %s", limit, what);
}

static int
check_limits(const struct config *config, struct err *err)
{
	bool factory = config_credential(config, text_of(CREDENTIAL_FACTORY)) != NULL;
	char where[CONFIG_PATH_MAX];

	if (config->ncredentials - factory > LIMIT_CREDENTIALS)
		return too_many("/certconf", "credentials", LIMIT_CREDENTIALS, err);
	if (config->nanchors > LIMIT_ANCHORS)
		return too_many("/certconf/trust-store", "trust anchors", LIMIT_ANCHORS,
		    err);
	if (config->nservices > LIMIT_SERVICES)
		return too_many("/certconf", "services", LIMIT_SERVICES, err);
	for (size_t i = 0; i < config->ncredentials; i++) {
		const struct credential *credential = &config->credentials[i];

		if (credential->count > LIMIT_CHAIN)
			return too_many(config_path("credential", credential->name,
					    "/certificate", where),
			    "certificates in one chain", LIMIT_CHAIN, err);
	}
	return 0;
}

/* A mark above all indices that are in use; damage must not make one be given twice. */
static uint32_t
raise_mark(uint32_t mark, uint32_t used)
{
	return used >= mark ? used + 1 : mark;
}

static int
give_index(uint32_t *mark, uint32_t *index, struct err *err)
{
	if (*index != 0)
		return 0;
	if (*mark > INDEX_LAST)
		return err_set(err, ERR_TOO_LARGE, "",
		    "all row indices have been given out");
	*index = (*mark)++;
	return 0;
}

static int
index_credentials(struct config *config, struct err *err)
{
	uint32_t *mark = &config->next_local_index;
	struct credential *credential;

	*mark = raise_mark(*mark, INDEX_FIRST - 1);
	for (size_t i = 0; i < config->ncredentials; i++) {
		credential = &config->credentials[i];
		if (text_is(credential->name, CREDENTIAL_LOCAL))
			credential->index = INDEX_LOCAL;
		else if (credential_is_factory(credential))
			credential->index = INDEX_FACTORY;
		*mark = raise_mark(*mark, credential->index);
	}
	for (size_t i = 0; i < config->ncredentials; i++) {
		if (give_index(mark, &config->credentials[i].index, err) == -1)
			return -1;
	}
	return 0;
}

static int
index_anchors(struct config *config, struct err *err)
{
	uint32_t *mark = &config->next_trust_index;

	*mark = raise_mark(*mark, 0);
	for (size_t i = 0; i < config->nanchors; i++)
		*mark = raise_mark(*mark, config->anchors[i].index);
	for (size_t i = 0; i < config->nanchors; i++) {
		if (give_index(mark, &config->anchors[i].index, err) == -1)
			return -1;
	}
	return 0;
}

static enum key_status
key_status_of(const struct credential *credential)
{
	if (!credential->has_key)
		return KEY_STATUS_MISSING;
	if (credential->count == 0)
		return KEY_STATUS_UNKNOWN;
	if (memcmp(credential->key_id, credential->chain[0].key_id, SHA256_SIZE) != 0)
		return KEY_STATUS_MISMATCH;
	return KEY_STATUS_MATCH;
}

static bool
same_leaf(const struct credential *credential)
{
	return credential->count > 0 && credential->njudged > 0 &&
	    memcmp(credential->chain[0].sha256, credential->judged[0].sha256,
		SHA256_SIZE) == 0;
}

static bool
same_chain(const struct credential *credential)
{
	if (credential->count != credential->njudged)
		return false;
	for (size_t i = 0; i < credential->count; i++) {
		if (memcmp(credential->chain[i].sha256, credential->judged[i].sha256,
			SHA256_SIZE) != 0)
			return false;
	}
	return true;
}

/* The anchors as chain_judge() wants them, made when the first chain needs them. */
struct judging {
	const struct config *config;
	struct cert *certs;
	struct anchors *anchors;
	/* for each credential: the anchor it ended in is not there any more */
	bool *lost;
};

static const uint8_t *
anchor_of(const void *context, uint32_t n)
{
	const struct credential *credentials = context;

	return credentials[n].verdict.anchor;
}

/* Which of the chains, sorted by their anchor, end in this one: from the first on. */
static size_t
first_with(const struct config *config, const uint32_t *order, const uint8_t *anchor)
{
	size_t low = 0, high = config->ncredentials;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(anchor_of(config->credentials, order[middle]), anchor,
			SHA256_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Looks which chains have lost their anchor.  There are few chains and many anchors:
 * the chains are sorted, and each anchor is looked for among them.
 */
static int
look_for_anchors(struct judging *judging, struct err *err)
{
	const struct config *config = judging->config;
	size_t count = config->ncredentials;
	uint32_t *order = calloc(count + 1, sizeof(*order));
	int rc = -1;

	judging->lost = calloc(count + 1, sizeof(*judging->lost));
	if (order == NULL || judging->lost == NULL ||
	    order_by_digest(order, (uint32_t)count, anchor_of, config->credentials) ==
		-1) {
		err_set(err, ERR_MEMORY, "", "out of memory for the chains");
		goto out;
	}
	memset(judging->lost, true, count);
	for (size_t i = 0; i < config->nanchors; i++) {
		const uint8_t *anchor = config->anchors[i].cert.sha256;
		size_t n = first_with(config, order, anchor);

		for (; n < count &&
		     memcmp(anchor_of(config->credentials, order[n]), anchor,
			 SHA256_SIZE) == 0;
		     n++)
			judging->lost[order[n]] = false;
	}
	rc = 0;
out:
	free(order);
	return rc;
}

static bool
is_judged(const struct judging *judging, const struct credential *credential)
{
	if (credential->verdict.status == CHAIN_UNKNOWN || !same_chain(credential))
		return false;
	return judging->lost == NULL ||
	    !judging->lost[credential - judging->config->credentials];
}

static int
prepare(struct judging *judging, struct err *err)
{
	const struct config *config = judging->config;

	if (judging->anchors != NULL)
		return 0;
	judging->certs = calloc(config->nanchors + 1, sizeof(*judging->certs));
	if (judging->certs == NULL)
		return err_set(err, ERR_MEMORY, "",
		    "out of memory for the trust anchors");
	for (size_t i = 0; i < config->nanchors; i++)
		judging->certs[i] = config->anchors[i].cert;
	judging->anchors = anchors_new(judging->certs, config->nanchors);
	if (judging->anchors == NULL)
		return err_set(err, ERR_MEMORY, "",
		    "out of memory for the trust anchors");
	return 0;
}

static int
complete_credential(struct judging *judging, struct credential *credential, time_t now,
    struct err *err)
{
	credential->key_status = key_status_of(credential);
	if (credential->count == 0) {
		credential->installed = 0;
		credential->verdict = (struct chain_verdict){ .status = CHAIN_UNKNOWN };
	} else if (!is_judged(judging, credential)) {
		if (prepare(judging, err) == -1)
			return -1;
		chain_judge(credential->chain, credential->count, judging->anchors,
		    &credential->verdict);
	}
	if (credential->count > 0 &&
	    (credential->installed == 0 || !same_leaf(credential)))
		credential->installed = now;
	credential->judged = credential->chain;
	credential->njudged = credential->count;
	return 0;
}

int
config_complete(struct config *config, time_t now, struct err *err)
{
	struct judging judging = { .config = config };
	int rc = -1;

	if (check_limits(config, err) == -1 || index_credentials(config, err) == -1 ||
	    index_anchors(config, err) == -1)
		return -1;
	if (config->trust_changed && look_for_anchors(&judging, err) == -1)
		goto out;
	for (size_t i = 0; i < config->ncredentials; i++) {
		if (complete_credential(&judging, &config->credentials[i], now, err) ==
		    -1)
			goto out;
	}
	config->trust_changed = false;
	rc = 0;
out:
	anchors_free(judging.anchors);
	free(judging.certs);
	free(judging.lost);
	return rc;
}
