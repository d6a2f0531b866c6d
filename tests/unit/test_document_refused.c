/* SPDX-License-Identifier: ISC */
/* Documents that are refused, each for one reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "lib/names.h"
#include "tests/unit/documents.h"

#define AT_LOCAL "/certconf/credential[name='local']"

static const struct row bad_roots[] = {
	{ "not a document of ours", NULL, "<html/>",
	    .expect =
		"unknown-element /html, line 1: a configuration document is a certconf, keystore, "
		"truststore, config or rpc element" },
	{ "reply to get-config", NULL, "<rpc-reply xmlns='" NETCONF_NS "'/>",
	    .expect =
		"unknown-element /rpc-reply, line 1: a configuration document is" },
	{ "certconf of another namespace", NULL, "\n<certconf xmlns='urn:x'/>",
	    .expect =
		"unknown-namespace /certconf, line 2: the element must be in namespace "
		"urn:certconf:params:xml:ns:yang:certconf" },
	{ "certconf without namespace", NULL, "<certconf/>",
	    .expect =
		"unknown-namespace /certconf, line 1: the element must be in namespace" },
	{ "config without namespace", NULL, "<config/>",
	    .expect =
		"unknown-namespace /config, line 1: the element must be in namespace "
		"urn:ietf:params:xml:ns:netconf:base:1.0" },
	{ "rpc that is no edit", NULL, "<rpc xmlns='" NETCONF_NS "'><get/></rpc>",
	    .expect =
		"missing-element /rpc, line 1: of rpc elements only those with edit-config" },
	{ "edit without config", NULL,
	    "<rpc xmlns='" NETCONF_NS "'><edit-config/></rpc>",
	    .expect =
		"missing-element /rpc/edit-config, line 1: it has no element config" },
	{ "empty config", NULL, "<config xmlns='" NETCONF_NS "'/>",
	    .expect = "missing-element /config, line 1: it has no element certconf",
	    .operation = "replace" },
	{ "text in config", NULL, "<config xmlns='" NETCONF_NS "'>hunter2</config>",
	    .expect =
		"bad-element /config, line 1: there is text where only elements belong" },
	{ "another module in config", NULL,
	    "<config xmlns='" NETCONF_NS "'>\n<keystore xmlns='urn:x'/></config>",
	    .expect =
		"unknown-namespace /keystore, line 2: the element is in another namespace" },
	{ "two in config", NULL,
	    "<config xmlns='" NETCONF_NS "'>" DOC("") "\n<x xmlns='urn:x'/></config>",
	    .expect =
		"unknown-namespace /x, line 3: the element is in another namespace" },
	{ "default operation", NULL, DOC(""),
	    .expect = "bad-element default-operation is merge, replace or none",
	    .operation = "create" },
	{ "unknown default operation", NULL, DOC(""),
	    .expect = "bad-element default-operation is merge, replace or none",
	    .operation = "" },
	{ "not of the model", NULL,
	    "<config xmlns='" NETCONF_NS "'>" DOC("<x/>") "</config>",
	    .expect =
		"unknown-element /certconf/x, line 2: there is no such element here" },
};

static const struct row bad_credentials[] = {
	{ "factory", NULL,
	    DOC("<credential><name>factory</name>" CERT("p256.crt")
		    KEY("p256.key") "</credential>"),
	    .expect =
		"bad-element /certconf/credential[name='factory'], line 2: the credential "
		"factory is built in and cannot be configured" },
	{ "deletion of factory", NULL,
	    DOC("<credential" OPERATION("delete") "><name>factory</name></credential>"),
	    .expect =
		"bad-element /certconf/credential[name='factory'], line 2: the credential" },
	{ "neither certificate nor key", NULL, DOC(CREDENTIAL("")),
	    .expect = "missing-element " AT_LOCAL
		      ", line 2: the credential has no certificate" },
	{ "key without certificate", NULL, DOC("\n" CREDENTIAL(KEY("p256.key"))),
	    .expect = "missing-element " AT_LOCAL
		      ", line 3: the credential has no certificate" },
	{ "replaced by a key alone", DOC(LOCAL),
	    DOC("<credential" OPERATION("replace") "><name>local</name>" KEY(
		"p256.key") "</credential>"),
	    .expect = "missing-element " AT_LOCAL
		      ", line 2: the credential has no certificate" },
	{ "certificate without key", NULL, DOC(CREDENTIAL(CERT("p256.crt"))),
	    .expect =
		"missing-element " AT_LOCAL
		", line 2: no private key is held for this credential: give it with the "
		"certificate" },
	{ "certificate of another key than the one held", DOC(LOCAL),
	    DOC(CREDENTIAL("\n" CERT("rsa2048.crt"))),
	    .expect = "key-mismatch " AT_LOCAL
		      "/certificate, line 3: the certificate does not belong "
		      "to the private key that is held" },
	{ "key of another certificate than the one there", DOC(LOCAL),
	    DOC(CREDENTIAL("\n" KEY("rsa2048.key"))),
	    .expect = "key-mismatch " AT_LOCAL
		      "/private-key, line 3: the private key does not belong "
		      "to the certificate of this credential" },
	{ "pair that does not match", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt inter.crt") KEY("wrong.key"))),
	    .expect =
		"L key-mismatch " AT_LOCAL
		"/private-key: private key does not belong to any of the certificates",
	    .at = "<private-key>" },
	{ "key of an issuer", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt inter.crt") KEY("inter.key"))),
	    .expect = "L chain-invalid " AT_LOCAL
		      "/certificate: certificate does not belong to the chain",
	    .at = "<certificate>" },
	{ "certificate that does not belong to the chain", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt inter.crt other.crt") KEY("p256.key"))),
	    .expect =
		"L chain-invalid " AT_LOCAL
		"/certificate: certificate does not belong to the chain: Other root",
	    .at = "<certificate>" },
	{ "chain that does not belong to the key held", DOC(LOCAL),
	    DOC(CREDENTIAL(CERT("p256.crt other.crt"))),
	    .expect = "L chain-invalid " AT_LOCAL
		      "/certificate: certificate does not belong to the chain",
	    .at = "<certificate>" },
	{ "not a certificate", NULL,
	    DOC(CREDENTIAL("<certificate>\nhello</certificate>" KEY("p256.key"))),
	    .expect = "bad-certificate " AT_LOCAL
		      "/certificate, line 3: no certificate: neither PEM "
		      "nor base64 of DER" },
	{ "empty certificate", NULL, DOC(CREDENTIAL("<certificate/>" KEY("p256.key"))),
	    .expect =
		"bad-certificate " AT_LOCAL "/certificate, line 2: no certificate" },
	{ "key in place of the certificate", NULL,
	    DOC(CREDENTIAL(
		"<certificate>\n\n@p256.key@</certificate>" KEY("p256.key"))),
	    .expect = "bad-certificate " AT_LOCAL
		      "/certificate, line 4: certificate 1: a private key "
		      "where only certificates may be" },
	{ "key beside the certificate", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt p256.key") KEY("p256.key"))),
	    .expect = "L bad-certificate " AT_LOCAL
		      "/certificate: certificate 2: a private key where",
	    .at = "-----BEGIN PRIVATE KEY" },
	{ "damaged second certificate", NULL,
	    DOC(CREDENTIAL(
		"<certificate>\n@p256.crt@\n-----BEGIN CERTIFICATE-----\nDAMAGED\n"
		"-----END CERTIFICATE-----</certificate>" KEY("p256.key"))),
	    .expect = "L bad-certificate " AT_LOCAL "/certificate: certificate 2: ",
	    .at = "-----BEGIN CERTIFICATE-----\nDAMAGED" },
	{ "17 certificates", NULL,
	    DOC(CREDENTIAL(
		CERT("ca.crt ca.crt ca.crt ca.crt ca.crt ca.crt ca.crt ca.crt "
		     "ca.crt ca.crt ca.crt ca.crt ca.crt ca.crt ca.crt ca.crt "
		     "ca.crt") KEY("p256.key"))),
	    .expect = "too-large " AT_LOCAL "/certificate, line " },
	{ "certificate twice", NULL,
	    DOC(CREDENTIAL(
		"<certificate>x</certificate>\n<certificate>x</certificate>")),
	    .expect = "bad-element " AT_LOCAL
		      "/certificate, line 3: the element is there twice" },
	{ "key twice", NULL,
	    DOC(CREDENTIAL(
		"<private-key>x</private-key>\n<private-key>x</private-key>")),
	    .expect = "bad-element " AT_LOCAL
		      "/private-key, line 3: the element is there twice" },
	{ "credential twice", NULL, DOC(CREDENTIAL("") "\n" CREDENTIAL("")),
	    .expect = "bad-element " AT_LOCAL
		      ", line 3: the list has an entry of this name already" },
};

static const struct row bad_keys[] = {
	{ "public key", NULL, DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pub"))),
	    .expect = "L bad-key " AT_LOCAL
		      "/private-key: a public key where the private key",
	    .at = "<private-key>" },
	{ "public key in base64", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("pub.base64"))),
	    .expect = "L bad-key " AT_LOCAL
		      "/private-key: a public key where the private key",
	    .at = "<private-key>" },
	{ "certificate as key", NULL, DOC(CREDENTIAL(CERT("p256.crt") KEY("ca.crt"))),
	    .expect = "L bad-key " AT_LOCAL
		      "/private-key: a certificate where the private key",
	    .at = "<private-key>" },
	{ "no key", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") "<private-key>hunter2</private-key>")),
	    .expect = "L bad-key " AT_LOCAL "/private-key: ", .at = "<private-key>" },
	{ "empty key", NULL, DOC(CREDENTIAL(CERT("p256.crt") "<private-key/>")),
	    .expect = "L bad-key " AT_LOCAL "/private-key: ", .at = "<private-key/>" },
	{ "two keys", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.key ed25519.key"))),
	    .expect = "bad-key " AT_LOCAL "/private-key, line " },
	{ "weak key", NULL, DOC(CREDENTIAL(CERT("rsa1024.crt") KEY("rsa1024.key"))),
	    .expect =
		"L weak-crypto " AT_LOCAL "/private-key: RSA key of 1024 bits is weak",
	    .at = "<private-key>" },
	{ "curve", NULL, DOC(CREDENTIAL(CERT("k256.crt") KEY("k256.key"))),
	    .expect = "L bad-key " AT_LOCAL
		      "/private-key: curve of the EC key is not supported",
	    .at = "<private-key>" },
	{ "encrypted without password", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.key"))),
	    .expect =
		"L bad-passphrase " AT_LOCAL
		"/private-key: the private key is encrypted: give its password in the element "
		"private-key-password beside it, or along with the document",
	    .at = "<private-key>" },
	{ "traditional encrypted without password", NULL,
	    DOC(CREDENTIAL(CERT("rsa2048.crt") KEY("rsa2048.traditional.key"))),
	    .expect = "L bad-passphrase " AT_LOCAL
		      "/private-key: the private key is encrypted",
	    .at = "<private-key>" },
	{ "encrypted in base64 without password", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.base64"))),
	    .expect = "L bad-passphrase " AT_LOCAL
		      "/private-key: the private key is encrypted",
	    .at = "<private-key>" },
	{ "wrong password", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.key") PASSWORD("Secret"))),
	    .expect = "L bad-passphrase " AT_LOCAL "/private-key: wrong password, or",
	    .at = "<private-key>" },
	{ "white space counts in a password", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.key") PASSWORD("secret "))),
	    .expect = "L bad-passphrase " AT_LOCAL "/private-key: wrong password, or",
	    .at = "<private-key>" },
	{ "wrong password beside the document", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.key"))),
	    .expect = "L bad-passphrase " AT_LOCAL "/private-key: wrong password, or",
	    .at = "<private-key>", .password = "Secret" },
	{ "empty password", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pbes2.key") PASSWORD(""))),
	    .expect = "L bad-element " AT_LOCAL
		      "/private-key-password: the password is empty",
	    .at = "<private-key-password>" },
	{ "password of a plain key", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.key") PASSWORD("secret"))),
	    .expect =
		"L bad-passphrase " AT_LOCAL
		"/private-key-password: the private key is not encrypted: leave out its "
		"password",
	    .at = "<private-key-password>" },
	{ "password of no key", DOC(LOCAL),
	    DOC(CREDENTIAL(CERT("p256.crt") PASSWORD("secret"))),
	    .expect =
		"L missing-element " AT_LOCAL
		"/private-key-password: there is a password, but no private-key that it opens",
	    .at = "<private-key-password>" },
	{ "password of what is no key", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.pub") PASSWORD("secret"))),
	    .expect = "L bad-key " AT_LOCAL "/private-key: a public key where",
	    .at = "<private-key>" },
};

static const struct row bad_trust[] = {
	{ "empty trust store", NULL, DOC("<trust-store/>"),
	    .expect =
		"trust-store-empty /certconf/trust-store, line 2: the trust store has no "
		"certificate" },
	{ "empty bundle", NULL, DOC("<trust-store>\n<certificates/></trust-store>"),
	    .expect =
		"bad-certificate /certconf/trust-store/certificates, line 3: no certificate" },
	{ "bundle of text", NULL,
	    DOC("<trust-store><certificates># nothing here!\n</certificates></trust-store>"),
	    .expect =
		"bad-certificate /certconf/trust-store/certificates, line 2: no certificate" },
	{ "damaged third certificate", NULL,
	    DOC("<trust-store>\n<certificates>@ca.crt other.crt@\n# third\n-----BEGIN "
		"CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n@inter.crt@"
		"</certificates></trust-store>"),
	    .expect =
		"L bad-certificate /certconf/trust-store/certificates: certificate 3: ",
	    .at = "-----BEGIN CERTIFICATE-----\nMIIB\n" },
	{ "third certificate that does not end", NULL,
	    DOC("<trust-store>\n<certificates>@ca.crt other.crt@-----BEGIN CERTIFICATE-----"
		"\nMIIB\n</certificates></trust-store>"),
	    .expect =
		"L bad-certificate /certconf/trust-store/certificates: certificate 3: ",
	    .at = "-----BEGIN CERTIFICATE-----\nMIIB\n" },
	{ "private key among the anchors", NULL,
	    DOC("<trust-store>\n<certificates>@ca.crt p256.key other.crt@</certificates>"
		"</trust-store>"),
	    .expect =
		"L bad-certificate /certconf/trust-store/certificates: certificate 2: a private "
		"key where only certificates may be",
	    .at = "-----BEGIN PRIVATE KEY" },
	{ "two certificates under one name", NULL,
	    DOC("<trust-store><certificate><name>A</name>\n<cert-data>@ca.crt other.crt@"
		"</cert-data></certificate></trust-store>"),
	    .expect =
		"bad-element /certconf/trust-store/certificate[name='A']/cert-data, line 3: "
		"there is more than one certificate: give them in certificates" },
	{ "three certificates under one name", NULL,
	    DOC("<trust-store><certificate><name>A</name>\n<cert-data>@ca.crt other.crt "
		"inter.crt@</cert-data></certificate></trust-store>"),
	    .expect =
		"bad-element /certconf/trust-store/certificate[name='A']/cert-data, line 3: "
		"there is more than one certificate" },
	{ "anchor that is none", NULL,
	    DOC("<trust-store><certificate><name>A</name><cert-data>\n\nMIIB</cert-data>"
		"</certificate></trust-store>"),
	    .expect =
		"bad-certificate /certconf/trust-store/certificate[name='A']/cert-data, line 4: "
		"certificate 1: " },
};

static const struct row bad_operations[] = {
	{ "delete a credential that is not there", NULL,
	    DOC("\n<credential" OPERATION("delete") "><name>a</name></credential>"),
	    .expect =
		"data-missing /certconf/credential[name='a'], line 3: it cannot be deleted: it "
		"is not there" },
	{ "delete a trust store that is not there", NULL,
	    DOC("<trust-store" OPERATION("delete") "/>"),
	    .expect =
		"data-missing /certconf/trust-store, line 2: it cannot be deleted" },
	{ "delete the mode that is not there", NULL,
	    DOC("<verification-mode" OPERATION("delete") "/>"),
	    .expect =
		"data-missing /certconf/verification-mode, line 2: it cannot be deleted" },
	{ "delete a service that is not there", NULL,
	    DOC("<service" OPERATION("delete") "><name>a</name></service>"),
	    .expect =
		"data-missing /certconf/service[name='a'], line 2: it cannot be deleted" },
	{ "create a credential that is there", DOC(LOCAL),
	    DOC("<credential" OPERATION("create") "><name>local</name>" CERT("p256.crt")
		    KEY("p256.key") "</credential>"),
	    .expect = "data-exists " AT_LOCAL
		      ", line 2: it cannot be created: it is there already" },
	{ "create a trust store that is there", DOC(TRUST),
	    DOC("<trust-store" OPERATION(
		"create") "><certificates>@ca.crt@</certificates>"
			  "</trust-store>"),
	    .expect =
		"data-exists /certconf/trust-store, line 2: it cannot be created" },
	{ "create a mode that is there", DOC(TRUST MODE),
	    DOC("<verification-mode" OPERATION(
		"create") ">outgoing</verification-mode>"),
	    .expect =
		"data-exists /certconf/verification-mode, line 2: it cannot be created" },
	{ "create a service that is there", DOC(WEB),
	    DOC("<service" OPERATION("create") "><name>web</name></service>"),
	    .expect =
		"data-exists /certconf/service[name='web'], line 2: it cannot be created" },
	{ "default operation none on what is not there", NULL, DOC(WEB),
	    .expect =
		"data-missing /certconf/service[name='web'], line 2: it is not there, and the "
		"default operation is none",
	    .operation = "none" },
	{ "certificate without key when all is replaced", NULL,
	    DOC(CREDENTIAL(CERT("p256.crt"))),
	    .expect = "missing-element " AT_LOCAL ", line 2: no private key is held",
	    .operation = "replace" },
};

static void
test_bad_roots(void **state)
{
	(void)state;
	check_rows(bad_roots, nitems(bad_roots));
}

static void
test_bad_credentials(void **state)
{
	(void)state;
	check_rows(bad_credentials, nitems(bad_credentials));
}

static void
test_bad_keys(void **state)
{
	(void)state;
	check_rows(bad_keys, nitems(bad_keys));
}

static void
test_bad_trust(void **state)
{
	(void)state;
	check_rows(bad_trust, nitems(bad_trust));
}

static void
test_bad_operations(void **state)
{
	(void)state;
	check_rows(bad_operations, nitems(bad_operations));
}

/* "#" in what is repeated is its number. */
static struct text
big_document(struct arena *arena, const char *before, const char *each, size_t times,
    const char *after)
{
	size_t number = strcspn(each, "#");
	struct buf out = { NULL, 0, 0 };
	struct text text;

	buf_add_text(&out, before);
	for (size_t i = 0; i < times; i++)
		buf_printf(&out, "%.*s%zu%s", (int)number, each, i, each + number + 1);
	buf_add_text(&out, after);
	text = arena_text(arena, (const char *)out.data, out.len);
	buf_clear(&out);
	return text;
}

static void
test_limits(void **state)
{
	static const struct {
		const char *before, *each;
		size_t times;
		const char *after, *expect;
	} limits[] = {
		{ HEAD, "<service><name>a#</name></service>\n", LIMIT_SERVICES + 1,
		    "</certconf>",
		    "too-large /certconf, line 1: there are more than 64 services" },
		{ HEAD, "<credential><name>a#</name></credential>\n",
		    LIMIT_CREDENTIALS + 1, "</certconf>",
		    "too-large /certconf, line 1: there are more than 10000 credentials" },
		{ HEAD "<credential><name>a</name><private-key>k</private-key>"
		       "<private-key-password>",
		    "#", LIMIT_PASSWORD + 1,
		    "</private-key-password></credential></certconf>",
		    "too-large /certconf/credential[name='a']/private-key-password, line 2: "
		    "the password is longer than 1024 octets" },
		{ HEAD "<credential><name>a</name><private-key>", "1234567#\n",
		    LIMIT_KEY / 8, "</private-key></credential></certconf>",
		    "too-large /certconf/credential[name='a']/private-key, line 2: " },
	};
	const struct document_options options = { .base = NULL };

	(void)state;
	for (size_t i = 0; i < nitems(limits); i++) {
		struct arena arena = { NULL };
		struct run run = { .root = NULL };
		struct text text = big_document(&arena, limits[i].before,
		    limits[i].each, limits[i].times, limits[i].after);
		char *got;

		assert_int_equal(run_read(&run, text.data, &options), -1);
		got = describe_refusal(&run, NULL);
		assert_int_equal(compare(limits[i].before, got, limits[i].expect,
				     false),
		    0);
		free(got);
		run_clear(&run);
		arena_clear(&arena);
	}
}

/* No refusal tells what is in a password or a key. */
static void
test_secrets_are_not_told(void **state)
{
	static const char *const documents[] = {
		DOC(CREDENTIAL(
		    CERT("p256.crt") KEY("p256.pbes2.key") PASSWORD("hunter2"))),
		DOC(CREDENTIAL(CERT("p256.crt") KEY("p256.key") PASSWORD("hunter2"))),
		DOC(CREDENTIAL(CERT("p256.crt") PASSWORD("hunter2"))),
		DOC(CREDENTIAL(PASSWORD("&hunter2;"))),
		DOC(CREDENTIAL(PASSWORD("<hunter2"))),
		DOC(CREDENTIAL(PASSWORD("<hunter2/>"))),
		DOC(CREDENTIAL(PASSWORD("&#hunter2;"))),
		DOC(CREDENTIAL("<private-key>hunter2</private-key>")),
		DOC(CREDENTIAL("<private-key>-----BEGIN hunter2-----\n</private-key>")),
		DOC(CREDENTIAL("<private-key>-----BEGIN PRIVATE KEY-----\nhunter2\n"
			       "-----END PRIVATE KEY-----</private-key>")),
	};
	const struct document_options options = { .password = MISSING };

	(void)state;
	for (size_t i = 0; i < nitems(documents); i++) {
		struct run run = { .root = NULL };

		assert_int_equal(run_read(&run, documents[i], &options), -1);
		if (strstr(run.err.text, "hunter") || strstr(run.err.where, "hunter") ||
		    strstr(run.err.element, "hunter"))
			fail_msg("%zu: %s %s %s", i, run.err.where, run.err.element,
			    run.err.text);
		run_clear(&run);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_roots),
		cmocka_unit_test(test_bad_credentials),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_bad_trust),
		cmocka_unit_test(test_bad_operations),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_secrets_are_not_told),
	};

	return cmocka_run_group_tests(tests, documents_setup, documents_teardown);
}
