/* SPDX-License-Identifier: ISC */
/* A configuration as XML, and the same configuration from that XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config_xml.h"
#include "lib/document.h"
#include "tests/unit/model.h"

/* The whole trust store: one root under this name. */
static void
trust_named(struct config *config, const char *name)
{
	struct anchor anchor = { .name = text_of(name) };
	struct err err;

	anchor.cert = model_cert(&config->arena,
	    &(struct model_cert){ .name = "root", .key = 3, .ca = true });
	assert_int_equal(config_set_trust(config, &anchor, 1, &err), 0);
}

static void
xml(void **state)
{
	static const char *const expected[] = {
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<certconf xmlns=\"urn:certconf:params:xml:ns:yang:certconf\">\n"
		"  <credential>\n"
		"    <name>local</name>\n"
		"    <certificate>\n-----BEGIN CERTIFICATE-----\n",
		"-----END CERTIFICATE-----\n</certificate>\n"
		"  </credential>\n"
		"  <trust-store>\n"
		"    <certificate>\n"
		"      <name>a &lt;&amp;? root</name>\n"
		"      <cert-data>MII",
		"</cert-data>\n"
		"    </certificate>\n"
		"  </trust-store>\n"
		"  <verification-mode>outgoing</verification-mode>\n"
		"  <service>\n"
		"    <name>web</name>\n"
		"    <enabled>true</enabled>\n"
		"    <credential>local</credential>\n"
		"  </service>\n"
		"</certconf>\n",
	};
	struct config config;
	struct buf first = { 0 }, second = { 0 };
	const char *at;
	struct err err;

	(void)state;
	model_begin(&config);
	trust_named(&config, "a <&\x0b root");
	config.mode = VERIFY_OUTGOING;
	model_service(&config, "web", true, "local");
	assert_int_equal(config_format_xml(&first, &config, &err), 0);
	assert_int_equal(config_format_xml(&second, &config, &err), 0);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);

	at = (const char *)first.data;
	for (size_t i = 0; i < nitems(expected); i++) {
		const char *found = strstr(at, expected[i]);

		if (found == NULL || (i == 0 && found != at))
			fail_msg("piece %zu is not in\n%s", i, first.data);
		at = found + strlen(expected[i]);
	}
	assert_string_equal(at, "");
	assert_null(strstr((const char *)first.data, "factory"));
	buf_clear(&second);
	buf_clear(&first);
	config_clear(&config);
}

/* --- there and back --- */

static void
only_factory(struct config *config)
{
	config_remove_credentials(config);
}

static void
only_local(struct config *config)
{
	(void)config;
}

static void
chains(struct config *config)
{
	const struct model_cert chain[] = {
		{ .name = "device.example",
		    .issuer = "middle",
		    .key = 0,
		    .issuer_key = 1,
		    .sans = "DNS:device.example,IP:192.0.2.1" },
		{ .name = "middle",
		    .issuer = "root 0",
		    .key = 1,
		    .issuer_key = 3,
		    .ca = true },
		{ .name = "root 0", .key = 3, .ca = true },
	};

	model_credential(config, "local", chain, 3);
	model_credential(config, "edge", chain, 2);
	model_credential(config, "a.b_c-9", &chain[1], 1);
}

/* Their rows have another order than the document. */
static void
turned_anchors(struct config *config)
{
	struct anchor turned[5];
	struct err err;

	model_trust(config, "root", nitems(turned));
	assert_int_equal(config_complete(config, MODEL_NOW, &err), 0);
	for (size_t i = 0; i < nitems(turned); i++)
		turned[i] = config->anchors[nitems(turned) - 1 - i];
	assert_int_equal(config_set_trust(config, turned, nitems(turned), &err), 0);
}

static void
anchor_with_markup(struct config *config)
{
	trust_named(config, "</name>]]>&amp;'\"<!-- \xc3\xa9 \xf0\x9f\x98\x80");
}

static void
services_and_mode(struct config *config)
{
	model_trust(config, "root", 1);
	config->mode = VERIFY_OUTGOING_AND_INCOMING;
	model_service(config, "web", true, "local");
	model_service(config, "sip", false, "absent");
	model_service(config, "proxy", true, NULL);
	model_service(config, "gone", true, "local"); /* not defined */
}

static void
everything(struct config *config)
{
	chains(config);
	services_and_mode(config);
	turned_anchors(config);
}

static void
monitored(struct config *config)
{
	everything(config);
	for (unsigned int i = 0; i < SETTING_MAX; i++)
		setting_put(&config->settings, i, i);
	config_credential(config, text_of("factory"))->muted = true;
	config_credential(config, text_of("local"))->has_warn_days = true;
	config_credential(config, text_of("edge"))->muted = true;
	config_credential(config, text_of("edge"))->has_warn_days = true;
	config_credential(config, text_of("edge"))->warn_days = WARN_DAYS_MAX;
	config->anchors[1].muted = true;
	config->anchors[4].muted = true;
}

static const struct {
	const char *name;
	void (*build)(struct config *);
} configurations[] = {
	{ "only factory", only_factory },
	{ "only local", only_local },
	{ "chains", chains },
	{ "anchors in another order", turned_anchors },
	{ "anchor with markup in its name", anchor_with_markup },
	{ "services and mode", services_and_mode },
	{ "everything", everything },
	{ "monitored", monitored },
};

static const struct {
	const char *name, *operation;
	bool with_base; /* certificates are taken from the snapshot, not parsed */
} ways[] = {
	{ "merge", "merge", true },
	{ "replace", "replace", true },
	{ "merge, all parsed again", "merge", false },
	{ "replace, all parsed again", "replace", false },
};

/*
 * Puts the XML on the configuration that a snapshot holds: appends what there is then.
 */
static int
read_back(const struct snapshot *from, const struct buf *text, size_t way,
    struct buf *snapshot, struct buf *again, struct err *err)
{
	const struct document_options options = {
		.base = ways[way].with_base ? from : NULL,
		.default_operation = ways[way].operation,
	};
	const struct xml_node *found;
	struct document *document = NULL;
	struct xml_node *root = NULL;
	struct config config;
	int rc = -1;

	if (snapshot_load(from, &config, err) == -1)
		return -1;
	/* built at the same time, so that only what is configured can differ */
	if (xml_read(text->data, text->len, &root, err) == 0 &&
	    document_find(root, &found, err) == 0 &&
	    document_read(found, &options, &document, err) == 0 &&
	    document_apply(document, &config, MODEL_NOW + 7, err) == 0 &&
	    snapshot_write(snapshot, &config, model_services(), MODEL_NOW, err) == 0 &&
	    config_format_xml(again, &config, err) == 0)
		rc = 0;
	config_clear(&config);
	document_free(document);
	xml_free(root);
	return rc;
}

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void
check_round_trip(size_t row, size_t way)
{
	struct buf before = { 0 }, after = { 0 }, text = { 0 }, again = { 0 };
	struct err err = { .code = ERR_NONE };
	struct snapshot snapshot;
	struct config config;

	model_begin(&config);
	configurations[row].build(&config);
	if (config_complete(&config, MODEL_NOW, &err) == -1 ||
	    snapshot_write(&before, &config, model_services(), MODEL_NOW, &err) == -1 ||
	    snapshot_open(&snapshot, before.data, before.len, &err) == -1 ||
	    config_format_xml(&text, &config, &err) == -1 ||
	    read_back(&snapshot, &text, way, &after, &again, &err) == -1)
		fail_msg("%s, %s: at %s: %s", configurations[row].name, ways[way].name,
		    err.where, err.text);
	if (!same(&before, &after))
		fail_msg("%s, %s: another snapshot, from\n%s", configurations[row].name,
		    ways[way].name, text.data);
	if (!same(&text, &again))
		fail_msg("%s, %s: became\n%s", configurations[row].name, ways[way].name,
		    again.data);
	buf_clear(&again);
	buf_clear(&text);
	buf_clear(&after);
	buf_clear(&before);
	config_clear(&config);
}

/* What get-config answers, sent back, changes nothing: no index, no date, no order. */
static void
round_trip(void **state)
{
	(void)state;
	for (size_t row = 0; row < nitems(configurations); row++) {
		for (size_t way = 0; way < nitems(ways); way++)
			check_round_trip(row, way);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xml),
		cmocka_unit_test(round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
