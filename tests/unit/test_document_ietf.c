/* SPDX-License-Identifier: ISC */
/* Documents of RFC 9642 and RFC 9641, and how they are read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/anchor_name.h"
#include "lib/config_xml.h"
#include "lib/names.h"
#include "tests/unit/documents.h"

#define CONFIG(inside) "<config xmlns='" NETCONF_NS "'>" inside "</config>"
#define KEYS(inside)                                                                   \
	"<keystore xmlns='" KEYSTORE_NS "' xmlns:nc='" NETCONF_NS                      \
	"' xmlns:ct='urn:ietf:params:xml:ns:yang:ietf-crypto-types'>"                  \
	"<asymmetric-keys>" inside "</asymmetric-keys></keystore>"
#define ASYM(inside) "<asymmetric-key><name>local</name>" inside "</asymmetric-key>"
#define SECRET(file)                                                                   \
	"<private-key-format>ct:one-asymmetric-key-format</private-key-format>"        \
	"<cleartext-private-key>@" file "@</cleartext-private-key>"
#define PUBLIC(file)                                                                   \
	"<public-key-format>ct:subject-public-key-info-format</public-key-format>\n"   \
	"<public-key>@" file "@</public-key>"
#define HIDDEN "<hidden-private-key/>"
#define CERTS(inside) "<certificates>" inside "</certificates>"
#define ONE(name_, file)                                                               \
	"<certificate><name>" name_ "</name>\n<cert-data>@" file                       \
	"@</cert-data></certificate>"
#define CHAIN(file) CERTS(ONE("one", file))
#define STORE(inside)                                                                  \
	"<truststore xmlns='" TRUSTSTORE_NS "' xmlns:nc='" NETCONF_NS "'>" inside      \
	"</truststore>"
#define BAGS(inside) STORE("<certificate-bags>" inside "</certificate-bags>")
#define BAG(name_, inside)                                                             \
	"<certificate-bag><name>" name_ "</name>" inside "</certificate-bag>"

static const struct row good[] = {
	{ "key with chain as CMS", NULL,
	    KEYS(ASYM(SECRET("p256.key64") CHAIN("p256.cms"))),
	    .expect = "local:2:match none" },
	{ "all in PEM", NULL,
	    KEYS(ASYM(SECRET("p256.key") CHAIN("p256.crt inter.crt"))),
	    .expect = "local:2:match none" },
	{ "DER in lines", NULL, KEYS(ASYM(SECRET("p256.key64") CHAIN("crt.base64"))),
	    .expect = "local:1:match none" },
	{ "CMS in PEM", NULL, KEYS(ASYM(SECRET("p256.key64") CHAIN("p256.cms.pem"))),
	    .expect = "local:2:match none" },
	{ "public key too", NULL,
	    KEYS(ASYM(PUBLIC("p256.pub64") SECRET("p256.key64") CHAIN("p256.cms"))),
	    .expect = "local:2:match none" },
	{ "hidden key is kept", DOC(LOCAL),
	    KEYS(ASYM(PUBLIC("p256.pub64") HIDDEN CHAIN("p256.cms"))),
	    .expect = "local:2:match none" },
	{ "certificate alone keeps the key", DOC(LOCAL), KEYS(ASYM(CHAIN("p256.cms"))),
	    .expect = "local:2:match none" },
	{ "key alone keeps the certificate", DOC(LOCAL),
	    KEYS(ASYM(SECRET("p256.key64"))), .expect = "local:2:match none" },
	{ "removal", DOC(LOCAL),
	    KEYS("<asymmetric-key" OPERATION("delete") "><name>local</name>"
						       "</asymmetric-key>"),
	    .expect = "none" },
	{ "in config", NULL, CONFIG(KEYS(ASYM(SECRET("p256.key64") CHAIN("p256.cms")))),
	    .expect = "local:2:match none" },
	{ "bags", NULL,
	    BAGS(BAG("servers", "<description>roots</description>" ONE("a", "ca.crt"))
		    BAG("trust-store", ONE("b", "other.cms"))),
	    .expect = "trust(servers/a,b)-0 none" },
	{ "the same name in two bags", NULL,
	    BAGS(BAG("x", ONE("a", "ca.crt")) BAG("y", ONE("a", "other.crt"))),
	    .expect = "trust(x/a,y/a)-0 none" },
	{ "removal of the trust store", DOC(TRUST),
	    "<truststore xmlns='" TRUSTSTORE_NS "' xmlns:nc='" NETCONF_NS
	    "'" OPERATION("delete") "/>",
	    .expect = "none" },
	{ "nothing said of the trust store", DOC(TRUST), STORE(""),
	    .expect = "trust(Example root,Other root)-0 none" },
	{ "all three", NULL,
	    CONFIG(KEYS(ASYM(SECRET("p256.key64") CHAIN("p256.cms")))
		    BAGS(BAG("x", ONE("a", "ca.crt"))) DOC(MODE WEB)),
	    .expect = "local:2:match trust(x/a)-0 web=on outgoing" },
	{ "replacing", DOC(LOCAL TRUST MODE),
	    CONFIG(KEYS(ASYM(HIDDEN CHAIN("p256.cms")))),
	    .expect = "local:2:match none", .operation = "replace" },
};

#define AT_KEY "/keystore/asymmetric-keys/asymmetric-key[name='local']"

static const struct row bad[] = {
	{ "symmetric keys", NULL,
	    "<keystore xmlns='" KEYSTORE_NS "'>\n<symmetric-keys/></keystore>",
	    .expect =
		"unsupported /keystore/symmetric-keys, line 2: symmetric keys are not" },
	{ "raw public keys", NULL, STORE("\n<public-key-bags/>"),
	    .expect =
		"unsupported /truststore/public-key-bags, line 2: raw public keys are not" },
	{ "encrypted key", NULL, KEYS(ASYM("\n<encrypted-private-key/>")),
	    .expect = "unsupported " AT_KEY
		      "/encrypted-private-key, line 2: encrypted-private-key is not" },
	{ "key twice", NULL, KEYS(ASYM(SECRET("p256.key64") "\n" HIDDEN)),
	    .at = "<hidden",
	    .expect = "L bad-element " AT_KEY "/hidden-private-key: the private key is "
		      "given twice" },
	{ "hidden key with text", NULL,
	    KEYS(ASYM("<hidden-private-key>hunter2</hidden-private-key>")),
	    .expect = "bad-element " AT_KEY
		      "/hidden-private-key, line 1: the element must be empty" },
	{ "key that is not held", NULL, KEYS(ASYM(HIDDEN CHAIN("p256.cms"))),
	    .expect = "missing-element " AT_KEY ", line 1: no private key is held" },
	{ "two certificates", NULL,
	    KEYS(ASYM(CERTS(ONE("a", "p256.crt") "\n" ONE("b", "inter.crt")))),
	    .expect = "unsupported " AT_KEY "/certificates/certificate[name='b']" },
	{ "another public key", NULL,
	    KEYS(ASYM(PUBLIC("p384.pub64") SECRET("p256.key64") CHAIN("p256.cms"))),
	    .expect =
		"key-mismatch " AT_KEY "/public-key, line 2: it is not the public" },
	{ "damaged public key", NULL,
	    KEYS(ASYM("<public-key>*</public-key>" SECRET("p256.key64"))),
	    .expect = "bad-element " AT_KEY "/public-key, line 1: RFC 4648" },
	{ "format of SSH", NULL,
	    KEYS(ASYM(
		"<public-key-format>ct:ssh-public-key-format</public-key-format>")),
	    .expect =
		"unsupported " AT_KEY "/public-key-format, line 1: public keys of" },
	{ "format that is none", NULL,
	    KEYS(ASYM("<private-key-format>ct:x</private-key-format>")),
	    .expect =
		"bad-element " AT_KEY "/private-key-format, line 1: the value is" },
	{ "name that is no directory", NULL,
	    KEYS("<asymmetric-key><name>a b</name></asymmetric-key>"),
	    .expect = "bad-element /keystore/asymmetric-keys/asymmetric-key[name='a "
		      "b']/name, line 1: a name has only letters" },
	{ "the same key twice", NULL, KEYS(ASYM("") ASYM("")),
	    .expect = "bad-element " AT_KEY ", line 1: the list has an entry" },
	{ "one that certconf has too", NULL,
	    CONFIG(DOC(LOCAL) KEYS(ASYM(SECRET("p256.key64") CHAIN("p256.cms")))),
	    .expect = "bad-element " AT_KEY },
	{ "two keystores", NULL, CONFIG(KEYS("") KEYS("")),
	    .expect = "bad-element /keystore, line 1: the element is there twice" },
	{ "certificate in no container", NULL, KEYS(ASYM(ONE("a", "p256.crt"))),
	    .expect =
		"unknown-element " AT_KEY "/certificate[name='a'], line 1: there is" },
	{ "removal of the keystore", NULL,
	    "<keystore xmlns='" KEYSTORE_NS "' xmlns:nc='" NETCONF_NS
	    "' nc:operation='delete'/>",
	    .expect = "unsupported /keystore, line 1: an operation is only possible" },
	{ "element of ours", NULL, KEYS("<credential xmlns='" CERTCONF_NS "'/>"),
	    .expect =
		"unknown-namespace /keystore/asymmetric-keys/credential, line 1: the "
		"element is in another namespace than " KEYSTORE_NS },
	{ "CMS that signs", NULL, BAGS(BAG("x", ONE("a", "signed.cms"))),
	    .at = "<cert-data>",
	    .expect =
		"L bad-certificate /truststore/certificate-bags/"
		"certificate-bag[name='x']/certificate[name='a']/cert-data: RFC 5652: "
		"a CMS message that signs something" },
	{ "CMS of two anchors", NULL, BAGS(BAG("x", ONE("a", "p256.cms"))),
	    .at = "<cert-data>", .expect = "L bad-element /truststore" },
	{ "CMS of nothing", NULL, BAGS(BAG("x", ONE("a", "empty.cms"))),
	    .at = "<cert-data>",
	    .expect =
		"L bad-certificate /truststore/certificate-bags/"
		"certificate-bag[name='x']/certificate[name='a']/cert-data: a CMS "
		"message without a certificate" },
	{ "names too long together", NULL,
	    BAGS(BAG("ninety-nine-bottles-of-beer-on-the-wall",
		ONE("ninety-nine-bottles-of-beer", "ca.crt"))),
	    .expect = "bad-element /truststore/certificate-bags/certificate-bag" },
	{ "bag with a slash", NULL, BAGS(BAG("a/b", ONE("a", "ca.crt"))),
	    .expect =
		"unsupported /truststore/certificate-bags/certificate-bag[name='a/b']/"
		"name, line 1: the name of a bag" },
	{ "no bag", NULL, STORE("<certificate-bags/>"),
	    .expect = "trust-store-empty /truststore, line 1: the trust store has no" },
	{ "the same bag twice", NULL,
	    BAGS(BAG("x", ONE("a", "ca.crt")) BAG("x", ONE("b", "other.crt"))),
	    .expect = "bad-element /truststore/certificate-bags/certificate-bag" },
};

static void
test_good(void **state)
{
	(void)state;
	check_rows(good, nitems(good));
}

static void
test_bad(void **state)
{
	(void)state;
	check_rows(bad, nitems(bad));
}

/* --- and back --- */

static int
add_output(void *context, const char *data, int len)
{
	return buf_add(context, data, (size_t)len) == 0 ? len : -1;
}

static void
write_back(struct buf *out, const struct config *config)
{
	xmlTextWriterPtr writer =
	    xmlNewTextWriter(xmlOutputBufferCreateIO(add_output, NULL, out, NULL));

	assert_int_equal(xmlTextWriterStartElementNS(writer, NULL, BAD_CAST "config",
			     BAD_CAST NETCONF_NS) < 0,
	    0);
	assert_int_equal(config_write_keystore(writer, config), 0);
	assert_int_equal(config_write_truststore(writer, config), 0);
	assert_true(xmlTextWriterEndDocument(writer) >= 0);
	xmlFreeTextWriter(writer);
}

/* What is read back says the same, and never the key. */
static void
test_back(void **state)
{
	const struct document_options options = { .base = NULL };
	struct run run = { .root = NULL }, again = { .root = NULL };
	struct config config = { .mode = VERIFY_NONE };
	struct buf out = { NULL, 0, 0 };
	char *before, *after;

	(void)state;
	settings_default(&config.settings);
	assert_int_equal(run_read(&run,
			     CONFIG(DOC(LOCAL) BAGS(
				 BAG("x", ONE("a", "ca.crt")) BAG("trust-store",
				     ONE("b &amp; c", "other.crt")))),
			     &options),
	    0);
	assert_int_equal(document_apply(run.document, &config, NOW, &run.err), 0);
	before = describe(&config);
	write_back(&out, &config);
	assert_null(strstr((char *)out.data, "cleartext"));
	assert_non_null(strstr((char *)out.data, "<hidden-private-key/>"));
	assert_non_null(strstr((char *)out.data, "<name>b &amp; c</name>"));

	if (run_read(&again, (char *)out.data, &options) == -1 ||
	    document_apply(again.document, &config, NOW + 5, &again.err) == -1)
		fail_msg("%s: %s", again.err.where, again.err.text);
	after = describe(&config);
	assert_string_equal(before, "local:2:match trust(x/a,b & c)-0 none");
	assert_string_equal(after, "local:2:match trust(b & c,x/a)-0 none");
	free(before);
	free(after);
	buf_clear(&out);
	config_clear(&config);
	run_clear(&again);
	run_clear(&run);
}

static void
test_names(void **state)
{
	static const struct {
		const char *joined, *bag, *name;
	} rows[] = {
		{ "a", "trust-store", "a" },
		{ "b/a", "b", "a" },
		{ "b/a/c", "b", "a/c" },
		{ "/a", "trust-store", "/a" },
		{ "a/", "trust-store", "a/" },
		{ "/", "trust-store", "/" },
		{ "trust-store/a/b", "trust-store", "a/b" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf joined = { NULL, 0, 0 };
		struct text bag, name;

		anchor_name_split(text_of(rows[i].joined), &bag, &name);
		assert_true(text_is(bag, rows[i].bag) && text_is(name, rows[i].name));
		assert_int_equal(anchor_name_join(&joined, bag, name), 0);
		assert_string_equal((char *)joined.data, rows[i].joined);
		buf_clear(&joined);
	}
}

/* Files in other forms, beside those that are there. */
static int
setup(void **state)
{
	static const char make[] =
	    "set -e; cd '%s'; d=$(mktemp -d ./ietf.XXXXXX); "
	    "c() { openssl crl2pkcs7 -nocrl \"$@\"; }; "
	    "c -certfile p256.crt -certfile inter.crt -out $d/p256.cms.pem; "
	    "c -certfile p256.crt -certfile inter.crt -outform DER | base64 >$d/p256.cms; "
	    "c -certfile other.crt -outform DER | base64 -w 0 >$d/other.cms; "
	    "c -outform DER | base64 >$d/empty.cms; "
	    "echo x | openssl cms -sign -nodetach -signer p256.crt -inkey p256.key "
	    "-outform DER | base64 >$d/signed.cms; "
	    "openssl pkcs8 -topk8 -nocrypt -in p256.key -outform DER | base64 "
	    ">$d/p256.key64; "
	    "for k in p256 p384; do openssl pkey -in $k.key -pubout -outform DER | base64 "
	    ">$d/$k.pub64; done; mv $d/* .; rmdir $d";
	char command[2048];

	if (documents_setup(state) != 0)
		return -1;
	snprintf(command, sizeof(command), make, documents_directory());
	return system(command) == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, documents_teardown);
}
