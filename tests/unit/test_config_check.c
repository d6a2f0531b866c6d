/* SPDX-License-Identifier: ISC */
/* The rules that concern the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config.h"
#include "tests/unit/model.h"

#define LOCAL "/certconf/credential[name='local']"

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

		model_begin(&config);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check),
	};

	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
