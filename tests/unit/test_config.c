/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config_xml.h"
#include "tests/unit/model.h"

static const struct model_cert device = { .name = "device", .key = 0 };
static const struct model_cert other = { .name = "other", .key = 1 };

/* A factory and a local credential, complete. */
static void
begin(struct config *config)
{
	struct err err;

	memset(config, 0, sizeof(*config));
	model_credential(config, CREDENTIAL_FACTORY,
	    &(struct model_cert){ .name = "factory", .key = 2, .sha1 = true }, 1);
	model_credential(config, CREDENTIAL_LOCAL, &device, 1);
	assert_int_equal(config_complete(config, MODEL_NOW, &err), 0);
}

/* --- the rules of config_check() --- */

static void
no_change(struct config *config)
{
	(void)config;
}

static void
no_certificate(struct config *config)
{
	config_credential(config, text_of("local"))->count = 0;
}

static void
no_key(struct config *config)
{
	config_credential(config, text_of("local"))->has_key = false;
}

static void
other_key(struct config *config)
{
	config_credential(config, text_of("local"))->key_id[0] ^= 1;
}

static void
sha1_leaf(struct config *config)
{
	model_credential(config, "local",
	    &(struct model_cert){ .name = "old", .sha1 = true }, 1);
}

static void
expired_leaf(struct config *config)
{
	model_credential(config, "local",
	    &(struct model_cert){ .name = "old", .days_after = -1 }, 1);
}

static void
future_leaf(struct config *config)
{
	model_credential(config, "local",
	    &(struct model_cert){ .name = "new", .days_before = -1 }, 1);
}

static void
expired_factory(struct config *config)
{
	model_credential(config, "factory",
	    &(struct model_cert){ .name = "factory", .days_after = -1 }, 1);
}

static void
chain_of(struct config *config, bool sha1_middle, int middle_days, bool sha1_root)
{
	const struct model_cert chain[] = {
		{ .name = "leaf", .issuer = "middle", .key = 0, .issuer_key = 1 },
		{ .name = "middle",
		    .issuer = "root",
		    .key = 1,
		    .issuer_key = 3,
		    .ca = true,
		    .sha1 = sha1_middle,
		    .days_after = middle_days },
		{ .name = "root",
		    .key = 3,
		    .ca = true,
		    .sha1 = sha1_root,
		    .days_after = sha1_root ? -1 : 100 },
	};

	model_credential(config, "local", chain, 3);
}

static void
sha1_middle(struct config *config)
{
	chain_of(config, true, 100, false);
}

static void
expired_middle(struct config *config)
{
	chain_of(config, false, -2, false);
}

static void
old_root(struct config *config)
{
	chain_of(config, false, 100, true);
}

static void
mode_alone(struct config *config)
{
	config->mode = VERIFY_OUTGOING;
}

static void
mode_empty(struct config *config)
{
	mode_alone(config);
	model_trust(config, "root", 0);
}

static void
mode_and_trust(struct config *config)
{
	mode_alone(config);
	model_trust(config, "root", 2);
}

static void
undefined_service(struct config *config)
{
	model_service(config, "nosuch", true, NULL);
}

static void
undefined_disabled(struct config *config)
{
	model_service(config, "nosuch", false, NULL);
}

static void
locked_service(struct config *config)
{
	model_service(config, "locked", true, NULL);
}

static void
absent_credential(struct config *config)
{
	model_service(config, "web", true, "absent");
}

static void
absent_by_default(struct config *config)
{
	model_service(config, "proxy", true, NULL);
}

static void
absent_disabled(struct config *config)
{
	model_service(config, "web", false, "absent");
}

static void
web_on_factory(struct config *config)
{
	config_remove_credential(config, text_of("local"));
	model_service(config, "web", true, NULL);
}

static void
sip_on_factory(struct config *config)
{
	config_remove_credential(config, text_of("local"));
	model_service(config, "sip", true, NULL);
}

static void
sip_on_local(struct config *config)
{
	model_service(config, "sip", true, NULL);
}

static void
proxy_without_variant(struct config *config)
{
	model_trust(config, "root", 1);
	config->mode = VERIFY_OUTGOING_AND_INCOMING;
	model_service(config, "proxy", true, "local");
}

#define LOCAL "/certconf/credential[name='local']"
static const struct {
	const char *name;
	void (*change)(struct config *);
	time_t now;
	enum clock_status clock;
	enum err_code code;
	const char *where, *text; /* text: what it contains */
} rules[] = {
	{ "good", no_change, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_NONE, NULL, NULL },
	{ "no certificate", no_certificate, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_DATA_MISSING, LOCAL, "certificate is missing" },
	{ "no key", no_key, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_BAD_KEY, LOCAL,
	    "private key is missing" },
	{ "key of another", other_key, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_KEY_MISMATCH,
	    LOCAL, "does not belong" },
	{ "SHA-1 leaf", sha1_leaf, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_WEAK_CRYPTO,
	    LOCAL "/certificate", "" },
	{ "expired", expired_leaf, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_EXPIRED,
	    LOCAL "/certificate", "expired on 2027-01-14T08:00:00Z" },
	{ "expired, any time", expired_leaf, CONFIG_ANY_TIME, CLOCK_SYNCHRONIZED,
	    ERR_NONE, NULL, NULL },
	{ "expired, implausible clock", expired_leaf, MODEL_NOW, CLOCK_IMPLAUSIBLE,
	    ERR_NONE, NULL, NULL },
	{ "not yet valid", future_leaf, MODEL_NOW, CLOCK_UNSYNCHRONIZED,
	    ERR_NOT_YET_VALID, LOCAL "/certificate",
	    "not valid before 2027-01-16T08:00:00Z" },
	{ "last second", no_change, MODEL_NOW + (time_t)365 * MODEL_DAY,
	    CLOCK_SYNCHRONIZED, ERR_NONE, NULL, NULL },
	{ "one later", no_change, MODEL_NOW + (time_t)365 * MODEL_DAY + 1,
	    CLOCK_SYNCHRONIZED, ERR_EXPIRED, LOCAL "/certificate", "" },
	{ "factory expired", expired_factory, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_NONE,
	    NULL, NULL },
	{ "SHA-1 intermediate", sha1_middle, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_WEAK_CRYPTO, LOCAL "/certificate", "" },
	{ "expired intermediate", expired_middle, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_EXPIRED, LOCAL "/certificate",
	    "intermediate certificate 1 (middle) expired" },
	{ "old root at the end", old_root, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_NONE,
	    NULL, NULL },
	{ "mode without trust", mode_alone, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_MODE_NEEDS_TRUST_STORE, "/certconf/verification-mode", "absent" },
	{ "mode with empty trust", mode_empty, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_MODE_NEEDS_TRUST_STORE, "/certconf/verification-mode", "empty" },
	{ "mode with trust", mode_and_trust, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_NONE,
	    NULL, NULL },
	{ "undefined service", undefined_service, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_DATA_MISSING, "/certconf/service[name='nosuch']", "no such service" },
	{ "undefined, disabled", undefined_disabled, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_NONE, NULL, NULL },
	{ "feature key", locked_service, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_DATA_MISSING, "/certconf/service[name='locked']", "secure-web" },
	{ "absent credential", absent_credential, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_DATA_MISSING, "/certconf/service[name='web']", "'absent'" },
	{ "absent default", absent_by_default, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_DATA_MISSING, "/certconf/service[name='proxy']", "'edge'" },
	{ "absent, disabled", absent_disabled, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_NONE,
	    NULL, NULL },
	{ "factory will do", web_on_factory, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_NONE,
	    NULL, NULL },
	{ "factory does not count", sip_on_factory, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_DATA_MISSING, "/certconf/service[name='sip']", "service sip needs" },
	{ "custom credential", sip_on_local, MODEL_NOW, CLOCK_SYNCHRONIZED, ERR_NONE,
	    NULL, NULL },
	{ "no variant", proxy_without_variant, MODEL_NOW, CLOCK_SYNCHRONIZED,
	    ERR_UNSUPPORTED, "/certconf/service[name='proxy']",
	    "outgoing-and-incoming" },
};

static void
check(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rules); i++) {
		struct err err = { .code = ERR_NONE };
		struct config config;
		int rc;

		begin(&config);
		rules[i].change(&config);
		rc = config_check(&config, model_services(), rules[i].now,
		    rules[i].clock, &err);
		if (rc == 0 ? rules[i].code != ERR_NONE
			    : err.code != rules[i].code ||
			    strcmp(err.where, rules[i].where) != 0 ||
			    strstr(err.text, rules[i].text) == NULL)
			fail_msg("%s: code %d at %s: %s", rules[i].name, err.code,
			    err.where, err.text);
		config_clear(&config);
	}
}

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
	begin(&config);
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
	begin(&config);
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

/* --- merging --- */

static void
drop_local(struct config *config)
{
	config_remove_credential(config, text_of("local"));
}

static void
replace_local(struct config *config)
{
	model_credential(config, "local", &other, 1);
}

static void
add_www(struct config *config)
{
	model_credential(config, "www", &other, 1);
}

static void
add_mail(struct config *config)
{
	model_credential(config, "mail", &other, 1);
}

static void
set_trust(struct config *config)
{
	model_trust(config, "mine", 2);
}

static void
drop_trust(struct config *config)
{
	config_remove_trust(config);
}

static void
set_mode(struct config *config)
{
	config->mode = VERIFY_OUTGOING;
}

static void
set_other_mode(struct config *config)
{
	config->mode = VERIFY_OUTGOING_AND_INCOMING;
}

static void
enable_web(struct config *config)
{
	model_service(config, "web", true, NULL);
}

static void
enable_sip(struct config *config)
{
	model_service(config, "sip", true, "www");
}

static void
drop_sip(struct config *config)
{
	config_remove_service(config, text_of("sip"));
}

static const struct {
	const char *name;
	void (*mine)(struct config *), (*theirs)(struct config *);
	const char *conflict; /* where; NULL: merged */
	/* what the result has */
	const char *credentials, *services;
	enum verify_mode mode;
} merges[] = {
	{ "nothing", no_change, no_change, NULL, "factory local ", "sip ",
	    VERIFY_NONE },
	{ "mine only", add_www, no_change, NULL, "factory local www ", "sip ",
	    VERIFY_NONE },
	{ "theirs only", no_change, add_www, NULL, "factory local www ", "sip ",
	    VERIFY_NONE },
	{ "different ones", add_www, add_mail, NULL, "factory local mail www ", "sip ",
	    VERIFY_NONE },
	{ "removed here", drop_local, add_mail, NULL, "factory mail ", "sip ",
	    VERIFY_NONE },
	{ "removed there", add_mail, drop_local, NULL, "factory mail ", "sip ",
	    VERIFY_NONE },
	{ "removed by both", drop_local, drop_local, NULL, "factory ", "sip ",
	    VERIFY_NONE },
	{ "removed and changed", drop_local, replace_local, LOCAL, NULL, NULL, 0 },
	{ "changed and removed", replace_local, drop_local, LOCAL, NULL, NULL, 0 },
	{ "both changed", replace_local, replace_local, LOCAL, NULL, NULL, 0 },
	{ "both added", add_www, add_www, "/certconf/credential[name='www']", NULL,
	    NULL, 0 },
	{ "mode", set_mode, add_www, NULL, "factory local www ", "sip ",
	    VERIFY_OUTGOING },
	{ "mode by both", set_mode, set_mode, NULL, "factory local ", "sip ",
	    VERIFY_OUTGOING },
	{ "two modes", set_mode, set_other_mode, "/certconf/verification-mode", NULL,
	    NULL, 0 },
	{ "trust", set_trust, enable_web, NULL, "factory local ", "sip web ",
	    VERIFY_NONE },
	{ "trust gone", drop_trust, enable_web, NULL, "factory local ", "sip web ",
	    VERIFY_NONE },
	{ "two trust stores", set_trust, drop_trust, "/certconf/trust-store", NULL,
	    NULL, 0 },
	{ "services", enable_web, enable_sip, NULL, "factory local ", "sip web ",
	    VERIFY_NONE },
	{ "one service", drop_sip, enable_sip, "/certconf/service[name='sip']", NULL,
	    NULL, 0 },
	{ "same service", enable_web, enable_web, NULL, "factory local ", "sip web ",
	    VERIFY_NONE },
};

static const char *
names_of(const struct config *config, bool of_services, char buf[256])
{
	size_t n = of_services ? config->nservices : config->ncredentials, len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		struct text name = of_services ? config->services[i].name
					       : config->credentials[i].name;

		len += (size_t)snprintf(buf + len, 256 - len, "%.*s ", (int)name.len,
		    name.data);
	}
	return buf;
}

/* Three copies of one configuration, as three snapshots of it would give. */
static void
copy(struct config *to, const struct config *from)
{
	struct err err;

	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->ncredentials; i++) {
		struct credential *row =
		    config_add_credential(to, from->credentials[i].name);

		*row = from->credentials[i];
	}
	assert_int_equal(config_set_trust(to, from->anchors, from->nanchors, &err), 0);
	for (size_t i = 0; i < from->nanchors; i++)
		to->anchors[i].index = from->anchors[i].index;
	for (size_t i = 0; i < from->nservices; i++)
		*config_add_service(to, from->services[i].name) = from->services[i];
	to->mode = from->mode;
}

static void
merge(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(merges); i++) {
		struct config base, mine, theirs;
		struct err err = { .code = ERR_NONE };
		char credentials[256], services[256];
		int rc;

		begin(&base);
		model_trust(&base, "root", 2);
		model_service(&base, "sip", false, NULL);
		assert_int_equal(config_complete(&base, MODEL_NOW, &err), 0);
		copy(&mine, &base);
		copy(&theirs, &base);
		merges[i].mine(&mine);
		merges[i].theirs(&theirs);
		assert_int_equal(config_complete(&mine, MODEL_NOW, &err), 0);
		assert_int_equal(config_complete(&theirs, MODEL_NOW, &err), 0);

		rc = config_merge(&theirs, &base, &mine, &err);
		if (merges[i].conflict != NULL) {
			if (rc == 0 || err.code != ERR_CONFLICT ||
			    strcmp(err.where, merges[i].conflict) != 0)
				fail_msg("%s: %d at %s: %s", merges[i].name, rc,
				    err.where, err.text);
		} else if (rc == -1 ||
		    config_complete(&theirs, MODEL_NOW, &err) == -1) {
			fail_msg("%s: at %s: %s", merges[i].name, err.where, err.text);
		} else if (strcmp(names_of(&theirs, false, credentials),
			       merges[i].credentials) != 0 ||
		    strcmp(names_of(&theirs, true, services), merges[i].services) !=
			0 ||
		    theirs.mode != merges[i].mode) {
			fail_msg("%s: gives %s and %s", merges[i].name, credentials,
			    services);
		}
		for (size_t a = 0; a < theirs.ncredentials; a++) {
			for (size_t b = 0; b < a; b++)
				assert_int_not_equal(theirs.credentials[a].index,
				    theirs.credentials[b].index);
		}
		config_clear(&theirs);
		config_clear(&mine);
		config_clear(&base);
	}
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
	assert_string_equal(err.where, LOCAL "/certificate");

	config_clear(&config);
	for (unsigned int i = 0; i <= LIMIT_CREDENTIALS; i++) {
		snprintf(name, sizeof(name), "c%05u", i);
		assert_non_null(config_add_credential(&config, text_of(name)));
	}
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	config_clear(&config);
}

/* --- XML --- */

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
	struct anchor anchor;
	const char *at;
	struct err err;

	(void)state;
	begin(&config);
	anchor = make_anchor(&config, "root", "a <&\x0b root");
	assert_int_equal(config_set_trust(&config, &anchor, 1, &err), 0);
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

static int
clear(void **state)
{
	(void)state;
	model_clear();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check),
		cmocka_unit_test(indices),
		cmocka_unit_test(sorted),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(trust),
		cmocka_unit_test(trust_many),
		cmocka_unit_test(merge),
		cmocka_unit_test(limits),
		cmocka_unit_test(xml),
	};

	return cmocka_run_group_tests(tests, NULL, clear);
}
