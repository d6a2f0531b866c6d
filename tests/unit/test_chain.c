/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "lib/chain.h"
#include "lib/limits.h"
#include "lib/names.h"
#include "tests/unit/pki.h"

#define CERTS 16

static struct arena arena;

/* Files in, files out; the key is that of a certificate. */
static const struct {
	const char *name, *input, *key, *expect; /* expect NULL: refused */
	enum err_code code;
	const char *refusal;
} orders[] = {
	{ "in order", "p256 inter ca", "p256", "p256 inter ca", 0, NULL },
	{ "reversed", "ca inter p256", "p256", "p256 inter ca", 0, NULL },
	{ "leaf in the middle", "inter p256 ca", "p256", "p256 inter ca", 0, NULL },
	{ "leaf alone", "p256", "p256", "p256", 0, NULL },
	{ "self-signed alone", "self", "self", "self", 0, NULL },
	{ "without the root", "inter p256", "p256", "p256 inter", 0, NULL },
	{ "duplicates dropped", "inter p256 inter ca p256 ca", "p256", "p256 inter ca",
	    0, NULL },
	{ "leaf three times", "p256 p256 p256", "p256", "p256", 0, NULL },
	{ "a CA's own key", "ca inter", "inter", "inter ca", 0, NULL },
	{ "the right issuer of two", "inter_impostor inter bare ca", "nobody", NULL,
	    ERR_KEY_MISMATCH,
	    "private key does not belong to any of the certificates" },

	{ "nothing", "", "p256", NULL, ERR_KEY_MISMATCH,
	    "private key does not belong to any of the certificates" },
	{ "another key", "p256 inter ca", "p384", NULL, ERR_KEY_MISMATCH,
	    "private key does not belong to any of the certificates" },
	{ "no leaf", "inter ca", "p256", NULL, ERR_KEY_MISMATCH,
	    "private key does not belong to any of the certificates" },
	{ "unrelated root", "p256 inter ca other", "p256", NULL, ERR_CHAIN_INVALID,
	    "certificate does not belong to the chain: Other root" },
	{ "intermediate missing", "p256 ca", "p256", NULL, ERR_CHAIN_INVALID,
	    "certificate does not belong to the chain: Example root" },
	{ "another leaf", "p256 inter p384", "p256", NULL, ERR_CHAIN_INVALID,
	    "certificate does not belong to the chain: www.example.org" },
	{ "the leaf and its predecessor", "renewed inter expired", "p256", NULL,
	    ERR_CHAIN_INVALID,
	    "certificate does not belong to the chain: www.example.org" },
	{ "self-signed and a root", "self ca", "self", NULL, ERR_CHAIN_INVALID,
	    "certificate does not belong to the chain: Example root" },
	{ "issuer of another key", "p256 wrong_ski", "p256", NULL, ERR_CHAIN_INVALID,
	    "certificate does not belong to the chain: Example issuing CA" },
};

static const struct cert *
find(const struct cert *certs, size_t count, const uint8_t sha256[SHA256_SIZE])
{
	size_t i;

	for (i = 0; i < count; i++)
		if (memcmp(certs[i].sha256, sha256, SHA256_SIZE) == 0)
			return &certs[i];
	return NULL;
}

static void
check_order(size_t row)
{
	struct cert certs[CERTS], expect[CERTS], key = { .flags = 0 };
	size_t count, found = 0, i, n;
	struct err err;
	int rc;

	count = pki_certs(&arena, orders[row].input, certs);
	if (strcmp(orders[row].key, "nobody") != 0)
		pki_certs(&arena, orders[row].key, &key);
	rc = chain_order(certs, count, key.key_id, &found, &err);
	if ((rc == 0) != (orders[row].expect != NULL))
		fail_msg("%s: %s", orders[row].name, rc == 0 ? "taken" : err.text);
	if (rc == -1) {
		if (err.code != orders[row].code ||
		    strcmp(err.text, orders[row].refusal) != 0)
			fail_msg("%s: %s", orders[row].name, err.text);
		return;
	}
	n = pki_certs(&arena, orders[row].expect, expect);
	if (found != n)
		fail_msg("%s: %zu left", orders[row].name, found);
	for (i = 0; i < n; i++)
		if (find(&certs[i], 1, expect[i].sha256) == NULL)
			fail_msg("%s: another at %zu", orders[row].name, i);
}

static void
chains_are_ordered(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < nitems(orders); i++)
		check_order(i);
}

static void
long_chains_are_refused(void **state)
{
	struct cert certs[LIMIT_CHAIN + 1];
	struct err err;
	size_t i, count;

	(void)state;
	pki_certs(&arena, "p256", certs);
	for (i = 1; i < nitems(certs); i++)
		certs[i] = certs[0];
	assert_int_equal(chain_order(certs, nitems(certs), certs[0].key_id, &count,
			     &err),
	    -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	assert_string_equal(err.text, "chain of more than 16 certificates");
	assert_int_equal(chain_order(certs, LIMIT_CHAIN, certs[0].key_id, &count, &err),
	    0);
	assert_int_equal(count, 1);
}

#define END_2049 2524607999
#define END_2020 1609459200 /* of "expired" */

static const struct {
	const char *name, *chain, *anchors;
	enum chain_status status;
	int64_t not_after, issuer_not_after;
	const char *anchor; /* where it ends */
} verdicts[] = {
	{ "to the root", "p256 inter", "other ca", CHAIN_VALID, END_2049, END_2049,
	    "ca" },
	{ "root in the chain too", "p256 inter ca", "ca", CHAIN_VALID, END_2049,
	    END_2049, "ca" },
	{ "RSA", "rsa2048 inter", "ca", CHAIN_VALID, END_2049, END_2049, "ca" },
	{ "Ed448", "ed448 inter", "ca", CHAIN_VALID, END_2049, END_2049, "ca" },
	{ "intermediate is the anchor", "p256", "inter", CHAIN_VALID, END_2049,
	    END_2049, "inter" },
	{ "intermediate is in both", "p256 inter", "inter", CHAIN_VALID, END_2049,
	    END_2049, "inter" },
	{ "leaf is the anchor", "p256", "p256", CHAIN_VALID, END_2049, INT64_MAX,
	    "p256" },
	{ "self-signed anchor", "self", "self", CHAIN_VALID, END_2049, INT64_MAX,
	    "self" },
	{ "dates are not judged", "expired inter", "ca", CHAIN_VALID, END_2020,
	    END_2049, "ca" },
	{ "nor those to come", "future inter", "ca", CHAIN_VALID, 2240611200, END_2049,
	    "ca" },
	{ "no expiry", "forever inter", "ca", CHAIN_VALID, END_2049, END_2049, "ca" },
	{ "weakness is not judged", "sha1 inter", "ca", CHAIN_VALID, END_2049, END_2049,
	    "ca" },
	{ "client only", "client inter", "ca", CHAIN_VALID, END_2049, END_2049, "ca" },
	{ "no extensions", "bare inter", "ca", CHAIN_VALID, END_2049, END_2049, "ca" },
	{ "issuer has two certificates", "bare inter", "inter_impostor other ca",
	    CHAIN_VALID, END_2049, END_2049, "ca" },
	{ "cross-signed", "p256 inter_other", "other", CHAIN_VALID, END_2049, END_2049,
	    "other" },

	{ "no trust store", "p256 inter", NULL, CHAIN_INCOMPLETE, END_2049, END_2049,
	    NULL },
	{ "empty trust store", "p256 inter", "", CHAIN_INCOMPLETE, END_2049, END_2049,
	    NULL },
	{ "other anchors", "p256 inter", "other self", CHAIN_INCOMPLETE, END_2049,
	    END_2049, NULL },
	{ "intermediate missing", "p256", "ca", CHAIN_INCOMPLETE, END_2049, INT64_MAX,
	    NULL },
	{ "root not trusted", "p256 inter ca", "other", CHAIN_UNTRUSTED_ROOT, END_2049,
	    END_2049, NULL },
	{ "root not trusted, no store", "p256 inter ca", NULL, CHAIN_UNTRUSTED_ROOT,
	    END_2049, END_2049, NULL },
	{ "self-signed", "self", "ca", CHAIN_SELF_SIGNED, END_2049, INT64_MAX, NULL },
	{ "self-signed, no store", "self", NULL, CHAIN_SELF_SIGNED, END_2049, INT64_MAX,
	    NULL },
	{ "impostor for an issuer", "bare inter_impostor", "ca", CHAIN_BAD_SIGNATURE,
	    END_2049, END_2049, NULL },
	{ "impostor, no anchor", "bare inter_impostor", NULL, CHAIN_BAD_SIGNATURE,
	    END_2049, END_2049, NULL },
	{ "impostor for an anchor", "bare", "inter_impostor", CHAIN_BAD_SIGNATURE,
	    END_2049, INT64_MAX, NULL },
	{ "code signing", "code inter", "ca", CHAIN_BAD_PURPOSE, END_2049, END_2049,
	    NULL },
	{ "issuer is no CA", "of_notca p384_notca inter", "ca", CHAIN_BAD_PURPOSE,
	    END_2049, END_2049, NULL },
	{ "too deep", "of_deep p384_deep inter", "ca", CHAIN_BAD_PURPOSE, END_2049,
	    END_2049, NULL },
	{ "too deep, no anchor", "of_deep p384_deep inter", NULL, CHAIN_BAD_PURPOSE,
	    END_2049, END_2049, NULL },
	{ "nothing", "", "ca", CHAIN_UNKNOWN, INT64_MAX, INT64_MAX, NULL },
};

static void
check_verdict(size_t row)
{
	const char *name = verdicts[row].name;
	struct cert chain[CERTS], certs[CERTS], end = { .flags = 0 };
	struct chain_verdict verdict;
	struct anchors *anchors = NULL;
	size_t count;

	if (verdicts[row].anchors != NULL) {
		count = pki_certs(&arena, verdicts[row].anchors, certs);
		assert_non_null(anchors = anchors_new(certs, count));
	}
	if (verdicts[row].anchor != NULL)
		pki_certs(&arena, verdicts[row].anchor, &end);
	count = pki_certs(&arena, verdicts[row].chain, chain);
	memset(&verdict, 0xff, sizeof(verdict));
	chain_judge(chain, count, anchors, &verdict);
	if (verdict.status != verdicts[row].status)
		fail_msg("%s: %s", name,
		    name_text(&chain_status_names, verdict.status));
	if (verdict.not_after != verdicts[row].not_after ||
	    verdict.issuer_not_after != verdicts[row].issuer_not_after)
		fail_msg("%s: %lld, %lld", name, (long long)verdict.not_after,
		    (long long)verdict.issuer_not_after);
	if (memcmp(verdict.anchor, end.sha256, SHA256_SIZE) != 0)
		fail_msg("%s: another anchor", name);
	assert_int_equal(ERR_peek_error(), 0);
	anchors_free(anchors);
}

static void
chains_are_judged(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < nitems(verdicts); i++)
		check_verdict(i);
}

static void
a_damaged_certificate_is_unknown(void **state)
{
	struct cert chain[1] = { { .flags = 0 } };
	struct chain_verdict verdict;

	(void)state;
	chain[0].der = (struct blob){ (const uint8_t *)"\x30\x00", 2 };
	chain_judge(chain, 1, NULL, &verdict);
	assert_int_equal(verdict.status, CHAIN_UNKNOWN);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*
 * The cost of a verdict does not grow with the trust store: not with others in it, and
 * not with many that have the issuer's name.
 */
static void
large_trust_stores_cost_nothing(void **state)
{
	enum { MANY = 20000 };
	static const char *const fillers[] = { "other", "inter_impostor" };
	struct cert *certs = calloc(MANY, sizeof(*certs)), chain[2];
	struct chain_verdict verdict;
	struct anchors *anchors;
	double start;
	size_t i, k;

	(void)state;
	pki_certs(&arena, "p256 inter", chain);
	for (k = 0; k < nitems(fillers); k++) {
		pki_certs(&arena, fillers[k], certs);
		for (i = 1; i < MANY; i++)
			certs[i] = certs[0];
		pki_certs(&arena, "ca", &certs[MANY / 2]);
		assert_non_null(anchors = anchors_new(certs, MANY));
		start = seconds();
		for (i = 0; i < 20; i++)
			chain_judge(chain, 2, anchors, &verdict);
		assert_int_equal(verdict.status, CHAIN_VALID);
		if (seconds() - start > 5)
			fail_msg("%s: %f s", fillers[k], seconds() - start);
		anchors_free(anchors);
	}
	free(certs);
}

static int
teardown(void **state)
{
	arena_clear(&arena);
	return pki_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_are_ordered),
		cmocka_unit_test(long_chains_are_refused),
		cmocka_unit_test(chains_are_judged),
		cmocka_unit_test(a_damaged_certificate_is_unknown),
		cmocka_unit_test(large_trust_stores_cost_nothing),
	};

	return cmocka_run_group_tests(tests, pki_setup, teardown);
}
