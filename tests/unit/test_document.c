/* SPDX-License-Identifier: ISC */
/* Documents that are taken, and what comes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "lib/config_xml.h"
#include "lib/key.h"
#include "lib/names.h"
#include "tests/unit/documents.h"

static const struct row good[] = {
	{ "nothing", NULL, DOC(""), .expect = "none" },
	{ "pair", NULL, DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.key"))),
	    .expect = "local:1:match none" },
	{ "chain in the wrong order", NULL,
	    DOC(CREDENTIAL(CERT("ca.crt inter.crt p256.crt") KEY("p256.key"))),
	    .expect = "local:3:match none" },
	{ "certificate twice", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt inter.crt p256.crt") KEY("p256.key"))),
	    .expect = "local:2:match none" },
	{ "base64 of DER", NULL, DOC(CREDENTIAL(CERT("crt.base64") KEY("p256.base64"))),
	    .expect = "local:1:match none" },
	{ "key before the certificate", NULL,
	    DOC(CREDENTIAL(KEY("rsa2048.pkcs1.key") CERT("rsa2048.crt"))),
	    .expect = "local:1:match none" },
	{ "encrypted key with its password", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.key") PASSWORD("secret"))),
	    .expect = "local:1:match none" },
	{ "encrypted key, password beside the document", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.key"))),
	    .expect = "local:1:match none", .password = "secret" },
	{ "its own password goes first", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.key") PASSWORD("secret"))),
	    .expect = "local:1:match none", .password = "wrong" },
	{ "password beside the document of a plain key", NULL, DOC(LOCAL),
	    .expect = "local:2:match none", .password = "secret" },
	{ "CDATA", NULL,
	    DOC("<credential><name>a</name><certificate><![CDATA[@p256.crt@]]></certificate>"
		"<private-key><![CDATA[\n@p256.key@]]></private-key></credential>"),
	    .expect = "a:1:match none" },
	{ "in a config element", NULL,
	    "<config xmlns='" NETCONF_NS "'>" DOC(LOCAL) "</config>",
	    .expect = "local:2:match none" },
	{ "in a whole rpc", NULL,
	    "<rpc message-id='1' xmlns='" NETCONF_NS
	    "'><edit-config><target><candidate/>"
	    "</target><config>" DOC(LOCAL) "</config></edit-config></rpc>",
	    .expect = "local:2:match none" },
	{ "everything", NULL, DOC(LOCAL TRUST MODE WEB),
	    .expect =
		"local:2:match trust(Example root,Other root)-0 web=on outgoing" },

	/* keys that are held */
	{ "renewed with the key that is held", DOC(LOCAL),
	    DOC(CREDENTIAL(CERT("renewed.crt inter.crt"))),
	    .expect = "local:2:match none" },
	{ "renewed with the key that is held, replacing", DOC(LOCAL),
	    DOC("<credential" OPERATION("replace") "><name>local</name>" CERT(
		"renewed.crt") "</credential>"),
	    .expect = "local:1:match none" },
	{ "whole configuration given back without its keys", DOC(LOCAL TRUST WEB),
	    DOC(CREDENTIAL(CERT("p256.crt inter.crt"))), .expect = "local:2:match none",
	    .operation = "replace" },
	{ "key of the certificate that is there", DOC(LOCAL),
	    DOC(CREDENTIAL(KEY("p256.sec1.key"))), .expect = "local:2:match none" },
	{ "other pair", DOC(LOCAL),
	    DOC(CREDENTIAL(CERT("rsa2048.crt") KEY("rsa2048.key"))),
	    .expect = "local:1:match none" },
	{ "nothing about a credential that is there", DOC(LOCAL), DOC(CREDENTIAL("")),
	    .expect = "local:2:match none" },

	/* trust store */
	{ "merged trust store is the whole", DOC(TRUST),
	    DOC("<trust-store><certificates>@inter.crt@</certificates></trust-store>"),
	    .expect = "trust(Example issuing CA)-0 none" },
	{ "named anchors", NULL,
	    DOC("<trust-store><certificate><name>One</name><cert-data>@ca.crt@</cert-data>"
		"</certificate><certificate><name>Two</name><cert-data>@other.crt@"
		"</cert-data></certificate></trust-store>"),
	    .expect = "trust(One,Two)-0 none" },
	{ "anchors twice", NULL,
	    DOC("<trust-store><certificates>@ca.crt other.crt ca.crt ca.crt@</certificates>"
		"</trust-store>"),
	    .expect = "trust(Example root,Other root)-2 none" },
	{ "text between anchors", NULL,
	    DOC("<trust-store><certificates># Mozilla &amp; Co\n@ca.crt@\n=====\n"
		"@other.crt@</certificates></trust-store>"),
	    .expect = "trust(Example root,Other root)-0 none" },
	{ "weak and expired anchors", NULL,
	    DOC("<trust-store><certificates>@sha1.crt expired.crt rsa1024.crt@"
		"</certificates></trust-store>"),
	    .expect =
		"trust(www.example.org,www.example.org#2,www.example.org#3)-0 none" },
	{ "no trust store leaves it alone", DOC(TRUST), DOC(WEB),
	    .expect = "trust(Example root,Other root)-0 web=on none" },

	/* operations */
	{ "delete a credential", DOC(LOCAL WEB),
	    DOC("<credential" OPERATION("delete") "><name>local</name></credential>"),
	    .expect = "web=on none" },
	{ "remove what is not there", NULL,
	    DOC("<credential" OPERATION(
		"remove") "><name>local</name></credential>"
			  "<trust-store" OPERATION("remove") "/><verification-mode" OPERATION(
			      "remove") "/><service" OPERATION("remove") "><name>x</name></service>"),
	    .expect = "none" },
	{ "what is deleted is not looked at", DOC(LOCAL),
	    DOC("<credential" OPERATION("delete") "><name>local</name><private-key>x"
						  "</private-key></credential>"),
	    .expect = "none" },
	{ "delete all the rest", DOC(TRUST MODE WEB),
	    DOC("<trust-store" OPERATION("delete") "/><verification-mode" OPERATION(
		"delete") "/><service" OPERATION("delete") "><name>web</name></service>"),
	    .expect = "none" },
	{ "create", NULL,
	    DOC("<credential" OPERATION("create") "><name>local</name>" CERT("p256.crt")
		    KEY("p256.key") "</credential><trust-store" OPERATION("create") "><certificates>@ca.crt@</certificates></trust-store><verification-mode" OPERATION(
			"create") ">outgoing</verification-mode>"),
	    .expect = "local:1:match trust(Example root)-0 outgoing" },
	{ "merge a service", DOC(WEB),
	    DOC("<service><name>web</name><credential>x</credential></service>"),
	    .expect = "web=on/x none" },
	{ "replace a service", DOC(WEB),
	    DOC("<service" OPERATION("replace") "><name>web</name><credential>x"
						"</credential></service>"),
	    .expect = "web=off/x none" },
	{ "replace all", DOC(LOCAL TRUST MODE WEB), DOC(""), .expect = "none",
	    .operation = "replace" },
	{ "replace all by attribute", DOC(LOCAL TRUST MODE WEB),
	    "<certconf xmlns='" CERTCONF_NS
	    "' nc:operation='replace' xmlns:nc='" NETCONF_NS "'>" WEB "</certconf>",
	    .expect = "web=on none" },
	{ "default operation none changes nothing", DOC(LOCAL TRUST WEB),
	    DOC(CREDENTIAL(CERT("rsa2048.crt")) MODE
		"<service><name>web</name><enabled>false</enabled></service>"),
	    .expect = "local:2:match trust(Example root,Other root)-0 web=on none",
	    .operation = "none" },
	{ "default operation none, but", DOC(LOCAL WEB),
	    DOC("<verification-mode" OPERATION(
		"merge") ">outgoing</verification-mode>"),
	    .expect = "local:2:match web=on outgoing", .operation = "none" },
};

static void
test_good(void **state)
{
	(void)state;
	check_rows(good, nitems(good));
}

/* Every key comes out once, as a record that opens and bears its name. */
static void
test_keys(void **state)
{
	static const char document[] = DOC(LOCAL
	    "<credential><name>b</name>" CERT("rsa2048.crt") KEY("rsa2048.pbes2.key")
		PASSWORD("secret") "</credential><credential" OPERATION(
		    "remove") "><name>c</name>" KEY("wrong.key") "</credential>");
	const struct document_options options = { .base = NULL };
	struct run run = { .root = NULL };
	struct buf records = { NULL, 0, 0 };
	struct key_record record;
	size_t at = 0, count = 0;

	(void)state;
	assert_int_equal(run_read(&run, document, &options), 0);
	assert_int_equal(document_keys(run.document, &records, &run.err), 0);
	for (; at < records.len; at += record.len, count++) {
		uint8_t id[SHA256_SIZE];
		EVP_PKEY *key = NULL;
		struct text pem;

		memcpy(&record, records.data + at, sizeof(record));
		at += sizeof(record);
		assert_true(record.len <= records.len - at);
		pem = (struct text){ (const char *)records.data + at, record.len };
		assert_int_equal(key_read(pem, (struct text)MISSING, &key, &run.err),
		    0);
		assert_int_equal(key_id(key, id, &run.err), 0);
		assert_memory_equal(id, record.key_id, SHA256_SIZE);
		EVP_PKEY_free(key);
	}
	assert_int_equal(count, 2);
	buf_wipe(&records);
	run_clear(&run);
}

/* One document, put on two configurations. */
static void
test_apply_again(void **state)
{
	const struct document_options options = { .base = NULL };
	struct run run = { .root = NULL };
	char *got;

	(void)state;
	assert_int_equal(run_read(&run, DOC(LOCAL TRUST WEB), &options), 0);
	for (int i = 0; i < 2; i++) {
		struct config config = { .mode = VERIFY_OUTGOING };

		settings_default(&config.settings);
		assert_int_equal(document_apply(run.document, &config, NOW, &run.err),
		    0);
		got = describe(&config);
		assert_string_equal(got,
		    "local:2:match trust(Example root,Other root)-0 web=on outgoing");
		assert_int_equal(config.credentials[0].installed, NOW);
		assert_int_equal(config.credentials[0].verdict.status, CHAIN_VALID);
		free(got);
		config_clear(&config);
	}
	run_clear(&run);
}

/* Certificates that a snapshot has are taken from there. */
static void
test_base(void **state)
{
	static const struct services no_services = { .count = 0 };
	struct document_options options = { .base = NULL };
	struct run run = { .root = NULL }, again = { .root = NULL };
	struct config config = { .mode = VERIFY_NONE }, loaded;
	struct snapshot snapshot;
	struct buf octets = { NULL, 0, 0 };
	const uint8_t *der;
	char *got;

	(void)state;
	settings_default(&config.settings);
	assert_int_equal(run_read(&run, DOC(LOCAL TRUST), &options), 0);
	assert_int_equal(document_apply(run.document, &config, NOW, &run.err), 0);
	assert_int_equal(snapshot_write(&octets, &config, &no_services, NOW, &run.err),
	    0);
	config_clear(&config);
	run_clear(&run);

	assert_int_equal(snapshot_open(&snapshot, octets.data, octets.len, &run.err),
	    0);
	options.base = &snapshot;
	assert_int_equal(run_read(&again,
			     DOC(CREDENTIAL(CERT("p256.crt inter.crt")) TRUST),
			     &options),
	    0);
	assert_int_equal(snapshot_load(&snapshot, &loaded, &again.err), 0);
	assert_int_equal(document_apply(again.document, &loaded, NOW + 5, &again.err),
	    0);
	got = describe(&loaded);
	assert_string_equal(got, "local:2:match trust(Example root,Other root)-0 none");
	free(got);
	der = loaded.anchors[0].cert.der.data;
	assert_true(der > octets.data && der < octets.data + octets.len);
	der = loaded.credentials[0].chain[1].der.data;
	assert_true(der > octets.data && der < octets.data + octets.len);
	/* the same leaf: it was there before */
	assert_int_equal(loaded.credentials[0].installed, NOW);
	config_clear(&loaded);
	run_clear(&again);
	buf_clear(&octets);
}

/* The built-in credential stays, and so do key, date and row of what is given back. */
static void
test_replace_all(void **state)
{
	static const char given_back[] = DOC(
	    CREDENTIAL(CERT("p256.crt inter.crt")) "<credential><name>b</name>" CERT(
		"rsa2048.crt") KEY("rsa2048.key") "</credential>");
	struct document_options options = { .base = NULL };
	struct run run = { .root = NULL }, again = { .root = NULL };
	struct config config = { .mode = VERIFY_NONE };
	const struct credential *local;
	char *got;

	(void)state;
	settings_default(&config.settings);
	assert_int_equal(run_read(&run, DOC(LOCAL TRUST), &options), 0);
	assert_non_null(config_add_credential(&config, text_of(CREDENTIAL_FACTORY)));
	assert_int_equal(document_apply(run.document, &config, NOW, &run.err), 0);

	options.default_operation = "replace";
	assert_int_equal(run_read(&again, given_back, &options), 0);
	assert_int_equal(document_apply(again.document, &config, NOW + 5, &again.err),
	    0);
	got = describe(&config);
	assert_string_equal(got, "b:1:match factory:0:missing local:2:match none");
	free(got);
	local = config_credential(&config, text_of(CREDENTIAL_LOCAL));
	assert_int_equal(local->index, INDEX_LOCAL);
	assert_int_equal(local->installed, NOW);
	assert_int_equal(config_credential(&config, text_of("b"))->installed, NOW + 5);
	config_clear(&config);
	run_clear(&again);
	run_clear(&run);
}

static const struct {
	const char *name;
	bool keys_held;
	const char *operation, *expect;
} held[] = {
	{ "as a person gives it", false, NULL,
	    "L missing-element /certconf/credential[name='local']: no private key is "
	    "held for this credential: give it with the certificate" },
	{ "as a person gives it, replacing", false, "replace",
	    "L missing-element /certconf/credential[name='local']: no private key is "
	    "held for this credential: give it with the certificate" },
	{ "as ours", true, NULL,
	    "local:2:match trust(Example root,Other root)-0 web=on outgoing" },
	{ "as ours, replacing", true, "replace",
	    "local:2:match trust(Example root,Other root)-0 web=on outgoing" },
};

/* Our own config.xml, on a configuration that has nothing yet: its keys are held. */
static void
test_keys_held(void **state)
{
	const struct document_options plain = { .base = NULL };
	struct run given = { .root = NULL };
	struct config config = { .mode = VERIFY_NONE };
	struct buf xml = { NULL, 0, 0 };
	int failed = 0;

	(void)state;
	settings_default(&config.settings);
	assert_int_equal(run_read(&given, DOC(LOCAL TRUST MODE WEB), &plain), 0);
	assert_int_equal(document_apply(given.document, &config, NOW, &given.err), 0);
	assert_int_equal(config_format_xml(&xml, &config, &given.err), 0);
	for (size_t i = 0; i < nitems(held); i++) {
		const struct document_options options = {
			.default_operation = held[i].operation,
			.keys_held = held[i].keys_held,
		};
		struct config empty = { .mode = VERIFY_NONE };
		struct run run = { .root = NULL };
		bool taken;
		char *got;

		settings_default(&empty.settings);
		assert_int_equal(run_read(&run, (const char *)xml.data, &options), 0);
		taken = document_apply(run.document, &empty, NOW, &run.err) == 0;
		got = taken ? describe(&empty) : describe_refusal(&run, "<credential>");
		failed += compare(held[i].name, got, held[i].expect, true);
		if (taken)
			assert_memory_equal(empty.credentials[0].key_id,
			    config.credentials[0].key_id, SHA256_SIZE);
		free(got);
		config_clear(&empty);
		run_clear(&run);
	}
	assert_int_equal(failed, 0);
	buf_clear(&xml);
	config_clear(&config);
	run_clear(&given);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_apply_again),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_replace_all),
		cmocka_unit_test(test_keys_held),
	};

	return cmocka_run_group_tests(tests, documents_setup, documents_teardown);
}
