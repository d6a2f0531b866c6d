/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/changes.h"
#include "lib/served.h"
#include "lib/snapshot.h"
#include "lib/snapshot_row.h"
#include "tests/unit/model.h"

static void
texts_equal(struct text a, struct text b)
{
	assert_int_equal(a.len, b.len);
	if (a.len > 0)
		assert_memory_equal(a.data, b.data, a.len);
}

static void
blobs_equal(struct blob a, struct blob b)
{
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
}

static void
certs_equal(const struct cert *a, const struct cert *b)
{
	blobs_equal(a->der, b->der);
	assert_memory_equal(a->sha256, b->sha256, SHA256_SIZE);
	assert_memory_equal(a->key_id, b->key_id, SHA256_SIZE);
	assert_int_equal(a->not_before, b->not_before);
	assert_int_equal(a->not_after, b->not_after);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->key_algorithm, b->key_algorithm);
	assert_int_equal(a->key_bits, b->key_bits);
	assert_int_equal(a->key_usage, b->key_usage);
	texts_equal(a->subject, b->subject);
	texts_equal(a->issuer, b->issuer);
	texts_equal(a->serial, b->serial);
	texts_equal(a->sig_algorithm, b->sig_algorithm);
	texts_equal(a->ext_key_usage, b->ext_key_usage);
	texts_equal(a->sans, b->sans);
	for (size_t i = 0; i < DN_PART_MAX; i++) {
		texts_equal(a->subject_part[i], b->subject_part[i]);
		texts_equal(a->issuer_part[i], b->issuer_part[i]);
	}
	blobs_equal(a->subject_der, b->subject_der);
	blobs_equal(a->issuer_der, b->issuer_der);
}

/* What is read of a certificate by itself is what is read with all the rest. */
static void
check_parts(const struct snapshot *snapshot, uint32_t n, const struct cert *whole)
{
	struct cert figures;
	size_t i;

	for (i = 0; i < SNAPSHOT_TEXTS; i++) {
		const size_t member = snapshot_texts[i].text;

		texts_equal(snapshot_cert_text(snapshot, n, member),
		    *(const struct text *)(const void *)((const uint8_t *)whole +
			member));
	}
	snapshot_figures(snapshot, n, &figures);
	assert_memory_equal(figures.sha256, whole->sha256, SHA256_SIZE);
	assert_int_equal(figures.not_after, whole->not_after);
	assert_int_equal(figures.flags, whole->flags);
	assert_int_equal(figures.key_bits, whole->key_bits);
}

static void
check_local(const struct snapshot *snapshot, const struct credential *credential)
{
	const struct snapshot_local *local =
	    snapshot_local(snapshot, credential->index);
	struct cert cert;

	assert_non_null(local);
	texts_equal(snapshot_text(snapshot, local->name), credential->name);
	assert_int_equal(local->count, credential->count);
	for (uint32_t k = 0; k < local->count; k++) {
		snapshot_cert(snapshot, local->first_cert + k, &cert);
		certs_equal(&cert, &credential->chain[k]);
		check_parts(snapshot, local->first_cert + k, &cert);
		memset(&cert, 0, sizeof(cert));
		assert_true(
		    snapshot_find_cert(snapshot, credential->chain[k].sha256, &cert));
		certs_equal(&cert, &credential->chain[k]);
	}
}

static void
check_sans(const struct snapshot *snapshot)
{
	const struct snapshot_local *local = snapshot_local(snapshot, INDEX_LOCAL);
	uint32_t nsans, san = snapshot_sans(snapshot, local->first_cert, &nsans);

	assert_int_equal(nsans, 3);
	assert_int_equal(snapshot->sans[san].type, SAN_DNS);
	texts_equal(snapshot_text(snapshot, snapshot->sans[san + 1].value),
	    text_of("other.example"));
	assert_int_equal(snapshot->sans[san + 2].type, SAN_IP);
	(void)snapshot_sans(snapshot, local->first_cert + 1, &nsans);
	assert_int_equal(nsans, 0);
}

static void
check_absent(const struct snapshot *snapshot)
{
	uint8_t sha256[SHA256_SIZE];
	struct cert cert;

	memset(sha256, 0xee, SHA256_SIZE);
	assert_null(snapshot_local(snapshot, 0));
	assert_null(snapshot_local(snapshot, 77));
	assert_false(snapshot_find_cert(snapshot, sha256, &cert));
	snapshot_cert(snapshot, snapshot->header->certs.count, &cert);
	assert_int_equal(cert.der.len, 0);
	check_parts(snapshot, snapshot->header->certs.count, &cert);
}

static void
reads(void **state)
{
	struct snapshot snapshot;
	struct config config;
	struct buf buf;
	struct cert cert;
	struct err err;

	(void)state;
	model_snapshot(&config, &buf);
	assert_int_equal(snapshot_open(&snapshot, buf.data, buf.len, &err), 0);
	assert_int_equal(snapshot.header->locals.count, 4);
	assert_int_equal(snapshot.header->trusts.count, 5);
	assert_int_equal(snapshot.header->certs.count, 2 + 1 + 2 + 5);
	assert_int_equal(snapshot.header->services.count, 4);
	assert_int_equal(snapshot.header->others.count, 1);
	assert_int_equal(snapshot.header->verify_mode, VERIFY_OUTGOING);
	assert_int_equal(snapshot.header->built, MODEL_NOW);
	for (size_t i = 0; i < config.ncredentials; i++)
		check_local(&snapshot, &config.credentials[i]);
	for (uint32_t i = 0; i < 5; i++) {
		assert_true(snapshot_find_cert(&snapshot, config.anchors[i].cert.sha256,
		    &cert));
		certs_equal(&cert, &config.anchors[i].cert);
		assert_int_equal(snapshot.trusts[i].index, i + 1);
	}
	check_sans(&snapshot);
	check_absent(&snapshot);
	assert_int_equal(snapshot.services[0].local_index, INDEX_LOCAL);
	assert_int_equal(snapshot.services[0].enabled, 1);
	assert_int_equal(snapshot.services[3].configured, 0);
	buf_clear(&buf);
	config_clear(&config);
}

/* What is loaded and written again is the same, octet for octet. */
static void
round_trip(void **state)
{
	struct config config, loaded;
	struct snapshot snapshot;
	struct buf buf, again = { 0 };
	struct err err;

	(void)state;
	model_snapshot(&config, &buf);
	assert_int_equal(snapshot_open(&snapshot, buf.data, buf.len, &err), 0);
	assert_int_equal(snapshot_load(&snapshot, &loaded, &err), 0);
	assert_int_equal(loaded.nservices, 3);
	assert_true(config_service(&loaded, text_of("gone"))->enabled);
	for (size_t i = 0; i < config.nanchors; i++)
		certs_equal(&config.anchors[i].cert, &loaded.anchors[i].cert);
	assert_int_equal(config_complete(&loaded, MODEL_NOW + 1, &err), 0);
	assert_int_equal(snapshot_write(&again, &loaded, model_services(), MODEL_NOW,
			     &err),
	    0);
	assert_int_equal(buf.len, again.len);
	assert_memory_equal(buf.data, again.data, buf.len);
	buf_clear(&again);
	config_clear(&loaded);
	buf_clear(&buf);
	config_clear(&config);
}

/* Anchors keep the order of the document though the rows are sorted by index. */
static void
anchor_order(void **state)
{
	struct config config, loaded;
	struct snapshot snapshot;
	struct anchor turned[5];
	struct buf buf;
	struct err err;

	(void)state;
	model_snapshot(&config, &buf);
	buf_clear(&buf);
	for (size_t i = 0; i < 5; i++)
		turned[i] = config.anchors[4 - i];
	assert_int_equal(config_set_trust(&config, turned, 5, &err), 0);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	assert_int_equal(snapshot_write(&buf, &config, model_services(), MODEL_NOW,
			     &err),
	    0);
	assert_int_equal(snapshot_open(&snapshot, buf.data, buf.len, &err), 0);
	assert_int_equal(snapshot.trusts[0].index, 1);
	assert_int_equal(snapshot_load(&snapshot, &loaded, &err), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(loaded.anchors[i].index, 5 - i);
		certs_equal(&loaded.anchors[i].cert, &turned[i].cert);
		texts_equal(loaded.anchors[i].name, turned[i].name);
	}
	config_clear(&loaded);
	buf_clear(&buf);
	config_clear(&config);
}

/* --- which digest changes with what --- */

enum { CONFIG = 1, TRUST = 2, WEB = 4, SIP = 8, PROXY = 16 };

static void
change_nothing(struct config *config)
{
	(void)config;
}

static void
change_local(struct config *config)
{
	model_credential(config, "local",
	    &(struct model_cert){ .name = "next", .key = 0 }, 1);
}

static void
change_edge(struct config *config)
{
	model_credential(config, "edge",
	    &(struct model_cert){ .name = "next", .key = 0 }, 1);
}

static void
change_trust(struct config *config)
{
	model_trust(config, "another", 1);
}

static void
change_mode(struct config *config)
{
	config->mode = VERIFY_NONE;
}

static void
change_setting(struct config *config)
{
	model_service(config, "web", true, "edge");
}

static void
disable(struct config *config)
{
	model_service(config, "web", false, NULL);
}

static void
change_index(struct config *config)
{
	config_credential(config, text_of("edge"))->index = 40;
	config_credential(config, text_of("edge"))->installed = 40;
}

static const struct {
	const char *name;
	void (*change)(struct config *);
	unsigned int digests;
	const char *text; /* for the history */
} changes[] = {
	{ "nothing", change_nothing, 0, "" },
	{ "index and date", change_index, 0, NULL },
	{ "local", change_local, CONFIG | WEB | SIP, "credential local" },
	{ "edge", change_edge, CONFIG | PROXY, "credential edge" },
	{ "trust", change_trust, CONFIG | TRUST | SIP | PROXY, "trust store" },
	{ "mode", change_mode, CONFIG | SIP | PROXY, "verification mode none" },
	{ "credential of web", change_setting, CONFIG | WEB, "service web" },
	{ "web disabled", disable, CONFIG, "service web" },
};

static bool
differs(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, SHA256_SIZE) != 0;
}

static void
digests(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(changes); i++) {
		struct config config;
		struct snapshot a, b;
		struct buf before, after = { 0 };
		unsigned int got = 0;
		char text[256];
		struct err err;

		model_snapshot(&config, &before);
		changes[i].change(&config);
		assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
		assert_int_equal(snapshot_write(&after, &config, model_services(),
				     MODEL_NOW, &err),
		    0);
		assert_int_equal(snapshot_open(&a, before.data, before.len, &err), 0);
		assert_int_equal(snapshot_open(&b, after.data, after.len, &err), 0);
		if (differs(a.header->config_sha256, b.header->config_sha256))
			got |= CONFIG;
		if (differs(a.header->trust_sha256, b.header->trust_sha256))
			got |= TRUST;
		for (unsigned int s = 0; s < 3; s++) {
			if (differs(a.services[s].material, b.services[s].material))
				got |= (unsigned int)WEB << s;
		}
		if (got != changes[i].digests)
			fail_msg("%s: changed %#x instead of %#x", changes[i].name, got,
			    changes[i].digests);
		if (changes[i].text != NULL &&
		    strcmp(changes_format(&a, &b, text, sizeof(text)),
			changes[i].text) != 0)
			fail_msg("%s: told as \"%s\"", changes[i].name, text);
		buf_clear(&after);
		buf_clear(&before);
		config_clear(&config);
	}
}

/* However much changes, it fits, and says that there is more. */
static void
many_changes(void **state)
{
	struct buf before = { 0 }, after = { 0 };
	struct config config = { 0 };
	struct snapshot a, b;
	struct err err;
	char name[32], text[256];

	(void)state;
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	assert_int_equal(snapshot_write(&before, &config, model_services(), MODEL_NOW,
			     &err),
	    0);
	for (int i = 0; i < 20; i++) {
		const struct model_cert cert = { .name = "many" };

		(void)snprintf(name, sizeof(name), "a-longer-name-%d", i);
		model_credential(&config, name, &cert, 1);
	}
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	assert_int_equal(snapshot_write(&after, &config, model_services(), MODEL_NOW,
			     &err),
	    0);
	assert_int_equal(snapshot_open(&a, before.data, before.len, &err), 0);
	assert_int_equal(snapshot_open(&b, after.data, after.len, &err), 0);
	for (size_t size = 8; size <= sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		changes_format(&a, &b, text, size);
		assert_in_range(strlen(text), 5, size - 1);
		assert_string_equal(text + strlen(text) - 3, "...");
	}
	(void)changes_format(&b, &a, text, sizeof(text));
	assert_memory_equal(text, "without credential a-longer-name-0, ", 36);
	buf_clear(&before);
	buf_clear(&after);
	config_clear(&config);
}

/* A root at the end counts on neither side. */
static void
what_is_served(void **state)
{
	const struct model_cert chain[] = {
		{ .name = "leaf", .issuer = "inter", .issuer_key = 1 },
		{ .name = "inter",
		    .issuer = "root",
		    .key = 1,
		    .issuer_key = 2,
		    .ca = true },
		{ .name = "root", .key = 2, .ca = true },
	};
	static const uint32_t expected[] = { 1, 2, 2 };
	struct served served[nitems(chain)];

	(void)state;
	for (size_t n = 1; n <= nitems(chain); n++) {
		struct config config = { 0 };
		struct buf buf = { 0 };
		struct snapshot s;
		struct err err;

		model_credential(&config, "local", chain, n);
		assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
		assert_int_equal(snapshot_write(&buf, &config, model_services(),
				     MODEL_NOW, &err),
		    0);
		assert_int_equal(snapshot_open(&s, buf.data, buf.len, &err), 0);
		assert_int_equal(served_expected(&s, "web", &served[n - 1], &err), 0);
		assert_int_equal(served[n - 1].nchain, expected[n - 1]);
		assert_int_equal(served_expected(&s, "none", &served[n - 1], &err), 0);
		assert_int_equal(served[n - 1].nchain, 0);
		assert_int_equal(served_expected(&s, "web", &served[n - 1], &err), 0);
		buf_clear(&buf);
		config_clear(&config);
	}
	assert_true(differs(served[0].chain, served[1].chain));
}

static void
empty(void **state)
{
	static const struct services none;
	struct config config = { 0 }, loaded;
	struct snapshot snapshot;
	struct buf buf = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	assert_int_equal(snapshot_write(&buf, &config, &none, MODEL_NOW, &err), 0);
	assert_int_equal(snapshot_open(&snapshot, buf.data, buf.len, &err), 0);
	assert_int_equal(snapshot_load(&snapshot, &loaded, &err), 0);
	assert_int_equal(loaded.ncredentials + loaded.nanchors + loaded.nservices, 0);
	assert_false(loaded.has_trust_store);
	config_clear(&loaded);
	config_clear(&config);
	buf_clear(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(anchor_order),
		cmocka_unit_test(digests),
		cmocka_unit_test(many_changes),
		cmocka_unit_test(what_is_served),
		cmocka_unit_test(empty),
	};

	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
