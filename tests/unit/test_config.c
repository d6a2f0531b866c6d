/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config.h"
#include "tests/unit/model.h"

static const struct model_cert device = { .name = "device", .key = 0 };
static const struct model_cert other = { .name = "other", .key = 1 };

/* --- indices --- */

static void
index_of(const struct config *config, const char *name, uint32_t expect)
{
	const struct credential *credential = config_credential(config, text_of(name));

	assert_non_null(credential);
	if (credential->index != expect)
		fail_msg("%s has index %u instead of %u", name, credential->index,
		    expect);
}

static void
indices(void **state)
{
	struct config config;
	struct err err;

	(void)state;
	model_begin(&config);
	index_of(&config, "local", INDEX_LOCAL);
	index_of(&config, "factory", INDEX_FACTORY);
	model_credential(&config, "b", &other, 1);
	model_credential(&config, "a", &other, 1);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	index_of(&config, "a", 3);
	index_of(&config, "b", 4);

	/* one that is removed and given again in one edit is the same row */
	config_remove_credentials(&config);
	assert_int_equal(config.ncredentials, 1);
	assert_non_null(config_former(&config, text_of("b")));
	model_credential(&config, "c", &other, 1);
	model_credential(&config, "b", &other, 1);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	index_of(&config, "b", 4);
	index_of(&config, "c", 5);
	assert_int_equal(config.next_local_index, 6);

	/* the mark never falls, whatever was loaded */
	config.next_local_index = 2;
	model_credential(&config, "d", &other, 1);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	index_of(&config, "d", 6);

	config.next_local_index = (uint32_t)INT32_MAX + 1;
	model_credential(&config, "e", &other, 1);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	config_clear(&config);
}

/* In which order they come does not matter. */
static void
sorted(void **state)
{
	struct config config = { 0 };
	char name[16];

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%u", i * 7919 % 1000);
		assert_non_null(config_add_credential(&config, text_of(name)));
		assert_non_null(config_add_service(&config, text_of(name)));
	}
	assert_int_equal(config.ncredentials, 1000);
	for (unsigned int i = 0; i < 1000; i += 2) {
		snprintf(name, sizeof(name), "n%u", i);
		config_remove_credential(&config, text_of(name));
		config_remove_service(&config, text_of(name));
	}
	config_remove_credential(&config, text_of("absent"));
	assert_int_equal(config.ncredentials, 500);
	assert_int_equal(config.nservices, 500);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(config_credential(&config, text_of(name)) != NULL,
		    i % 2);
		assert_int_equal(config_service(&config, text_of(name)) != NULL, i % 2);
	}
	config_clear(&config);
}

/* --- verdicts and dates --- */

static void
verdicts(void **state)
{
	const struct model_cert leaf = { .name = "leaf",
		.issuer = "root 0",
		.key = 0,
		.issuer_key = 3 };
	struct credential *credential;
	struct config config;
	struct err err;

	(void)state;
	model_begin(&config);
	credential = config_credential(&config, text_of("local"));
	assert_int_equal(credential->verdict.status, CHAIN_SELF_SIGNED);
	assert_int_equal(credential->installed, MODEL_NOW);
	assert_int_equal(credential->key_status, KEY_STATUS_MATCH);

	model_credential(&config, "local", &leaf, 1);
	model_trust(&config, "root", 2);
	assert_int_equal(config_complete(&config, MODEL_NOW + 5, &err), 0);
	credential = config_credential(&config, text_of("local"));
	assert_int_equal(credential->verdict.status, CHAIN_VALID);
	assert_memory_equal(credential->verdict.anchor, config.anchors[0].cert.sha256,
	    SHA256_SIZE);
	assert_int_equal(credential->installed, MODEL_NOW + 5);

	/* a verdict stays while its anchor does, and the date with the leaf */
	assert_int_equal(config_set_trust(&config, config.anchors, 1, &err), 0);
	credential->verdict.not_after = 1;
	assert_int_equal(config_complete(&config, MODEL_NOW + 9, &err), 0);
	assert_int_equal(credential->verdict.not_after, 1);
	assert_int_equal(credential->installed, MODEL_NOW + 5);

	config_remove_trust(&config);
	assert_int_equal(config_complete(&config, MODEL_NOW + 9, &err), 0);
	assert_int_not_equal(credential->verdict.status, CHAIN_VALID);
	assert_int_not_equal(credential->verdict.not_after, 1);
	assert_int_equal(credential->installed, MODEL_NOW + 5);

	credential->has_key = false;
	assert_int_equal(config_complete(&config, MODEL_NOW + 9, &err), 0);
	assert_int_equal(credential->key_status, KEY_STATUS_MISSING);
	config_clear(&config);
}

/* --- the trust store --- */

static void
anchor_is(const struct config *config, size_t n, const char *name, uint32_t index)
{
	const struct anchor *anchor = &config->anchors[n];

	assert_true(n < config->nanchors);
	if (!text_is(anchor->name, name) || anchor->index != index)
		fail_msg("anchor %zu is %.*s, %u instead of %s, %u", n,
		    (int)anchor->name.len, anchor->name.data, anchor->index, name,
		    index);
}

static struct anchor
make_anchor(struct config *config, const char *common, const char *name)
{
	struct anchor anchor = { .index = 99 };

	anchor.cert = model_cert(&config->arena,
	    &(struct model_cert){ .name = common, .key = 3, .ca = true });
	if (name != NULL)
		anchor.name = text_of(name);
	return anchor;
}

static void
trust(void **state)
{
	struct config config = { 0 };
	struct anchor a[6], next[6];
	struct err err;

	(void)state;
	a[0] = make_anchor(&config, "Root", NULL);
	a[1] = make_anchor(&config, "Root", NULL);
	a[2] = a[0];
	a[3] = make_anchor(&config, "Other", "Root#2");
	a[4] = make_anchor(&config, "  spaced\x01 ", NULL);
	a[5] = make_anchor(&config, "Root", "Root");
	assert_int_equal(config_set_trust(&config, a, 6, &err), 0);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	assert_int_equal(config.nanchors, 5);
	assert_int_equal(config.duplicates, 1);
	anchor_is(&config, 0, "Root#3", 1);
	anchor_is(&config, 1, "Root#4", 2);
	anchor_is(&config, 2, "Root#2", 3);
	anchor_is(&config, 3, "spaced\\01", 4);
	anchor_is(&config, 4, "Root", 5);

	/* indices and names follow the certificate; a name given to another is lost */
	next[0] = make_anchor(&config, "new", "Root#4");
	next[1] = a[1];
	next[2] = a[0];
	next[3] = a[5];
	next[3].name = text_of("Renamed");
	config_remove_trust(&config);
	assert_false(config.has_trust_store);
	assert_int_equal(config_set_trust(&config, next, 4, &err), 0);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	anchor_is(&config, 0, "Root#4", 6);
	anchor_is(&config, 1, "Root", 2);
	anchor_is(&config, 2, "Root#3", 1);
	anchor_is(&config, 3, "Renamed", 5);
	config_clear(&config);
}

/* Ten thousand with one name must not take a number of steps that is its square. */
static void
trust_many(void **state)
{
	struct config config = { 0 };
	struct anchor *anchors = calloc(3000, sizeof(*anchors));
	struct err err;

	(void)state;
	assert_non_null(anchors);
	for (size_t i = 0; i < 3000; i++)
		anchors[i] = make_anchor(&config, "Same", NULL);
	assert_int_equal(config_set_trust(&config, anchors, 3000, &err), 0);
	anchor_is(&config, 0, "Same", 0);
	anchor_is(&config, 2999, "Same#3000", 0);
	free(anchors);
	config_clear(&config);
}

/* --- limits --- */

static void
limits(void **state)
{
	struct config config = { 0 };
	struct anchor *anchors = calloc(LIMIT_ANCHORS + 1, sizeof(*anchors));
	struct model_cert chain[LIMIT_CHAIN + 1];
	struct err err;
	char name[16];

	(void)state;
	assert_non_null(anchors);
	assert_int_equal(config_set_trust(&config, anchors, LIMIT_ANCHORS + 1, &err),
	    -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	free(anchors);

	for (size_t i = 0; i <= LIMIT_CHAIN; i++)
		chain[i] = device;
	model_credential(&config, "local", chain, LIMIT_CHAIN + 1);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	assert_string_equal(err.where,
	    "/certconf/credential[name='local']/certificate");

	config_clear(&config);
	for (unsigned int i = 0; i <= LIMIT_CREDENTIALS; i++) {
		snprintf(name, sizeof(name), "c%05u", i);
		assert_non_null(config_add_credential(&config, text_of(name)));
	}
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	config_clear(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indices),
		cmocka_unit_test(sorted),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(trust),
		cmocka_unit_test(trust_many),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
