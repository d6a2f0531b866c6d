/* SPDX-License-Identifier: ISC */
/*
 * The rules about a whole configuration, in the order in which they are judged: the
 * credentials by name, the mode, the services by name.  The first that is broken is
 * told.
 */
#include "lib/config.h"

#include <stdio.h>
#include <string.h>

#include "lib/status.h"

struct checking {
	const struct config *config;
	const struct services *services;
	int64_t now;
	bool dates; /* whether they are judged */
};

/* What people look for when a certificate of a chain is refused. */
static const char *
describe(const struct credential *credential, size_t n, char *buf, size_t size)
{
	struct text label = cert_label(&credential->chain[n]);

	if (n == 0)
		(void)snprintf(buf, size, "the certificate");
	else
		(void)snprintf(buf, size, "intermediate certificate %zu (%.*s)", n,
		    (int)utf8_cut(label, 100), label.data);
	return buf;
}

static int
check_dates(const struct credential *credential, size_t n, int64_t now, struct err *err)
{
	const struct cert *cert = &credential->chain[n];
	char where[CONFIG_PATH_MAX], what[160], date[TIME_TEXT];

	(void)config_path("credential", credential->name, "/certificate", where);
	(void)describe(credential, n, what, sizeof(what));
	if (now > cert->not_after)
		return err_set(err, ERR_EXPIRED, where, "%s expired on %s", what,
		    time_format(cert->not_after, date, sizeof(date)));
	if (now < cert->not_before)
		return err_set(err, ERR_NOT_YET_VALID, where,
		    "%s is not valid before %s, and now is before that", what,
		    time_format(cert->not_before, date, sizeof(date)));
	return 0;
}

/*
 * A root sent along at the end of a chain is an anchor, and judged as one: not at all.
 */
static bool
is_anchor(const struct credential *credential, size_t n)
{
	return n > 0 && n == credential->count - 1 &&
	    (credential->chain[n].flags & CERT_SELF_ISSUED) != 0;
}

static int
check_chain(const struct checking *checking, const struct credential *credential,
    struct err *err)
{
	char where[CONFIG_PATH_MAX];

	(void)config_path("credential", credential->name, "/certificate", where);
	if (credential->verdict.status == CHAIN_BAD_SIGNATURE)
		return err_set(err, ERR_CHAIN_INVALID, where,
		    "a signature in the chain is wrong: a certificate was not made by the "
		    "one after it");
	for (size_t i = 0; i < credential->count && !is_anchor(credential, i); i++) {
		if (checking->dates &&
		    check_dates(credential, i, checking->now, err) == -1)
			return -1;
		if (cert_check_strength(&credential->chain[i], err) == -1)
			return err_at(err, where, 0);
	}
	return 0;
}

static int
check_credential(const struct checking *checking, const struct credential *credential,
    struct err *err)
{
	char where[CONFIG_PATH_MAX];

	(void)config_path("credential", credential->name, "", where);
	if (credential->count == 0)
		return err_set(err, ERR_DATA_MISSING, where,
		    "the certificate is missing");
	if (!credential->has_key)
		return err_set(err, ERR_BAD_KEY, where, "the private key is missing");
	if (memcmp(credential->key_id, credential->chain[0].key_id, SHA256_SIZE) != 0)
		return err_set(err, ERR_KEY_MISMATCH, where,
		    "the private key does not belong to the certificate");
	return check_chain(checking, credential, err);
}

static int
check_mode(const struct checking *checking, struct err *err)
{
	const struct config *config = checking->config;

	if (config->mode == VERIFY_NONE || config->nanchors > 0)
		return 0;
	return err_set(err, ERR_MODE_NEEDS_TRUST_STORE, "/certconf/verification-mode",
	    "verification mode %s needs a trust store, which is %s",
	    name_text(&verify_mode_names, config->mode),
	    config->has_trust_store ? "empty" : "absent");
}

/* The rules of an enabled service, in their order.  "where" is the service's path. */
typedef int service_rule(const struct config *, const struct service_facts *,
    const char *where, struct err *);

static int
check_feature(const struct config *config, const struct service_facts *facts,
    const char *where, struct err *err)
{
	(void)config;
	if (facts->feature != FEATURE_MISSING)
		return 0;
	return err_set(err, ERR_DATA_MISSING, where,
	    "the service needs a feature key that is not installed: %s",
	    facts->feature_keys);
}

static int
check_used(const struct config *config, const struct service_facts *facts,
    const char *where, struct err *err)
{
	struct text asked = config_asked_by(config, facts);
	const struct credential *used = config_used_by(config, facts);

	if (used == NULL)
		return err_set(err, ERR_DATA_MISSING, where,
		    "the service uses credential '%.*s', which does not exist",
		    (int)asked.len, asked.data);
	if (facts->custom_credential && credential_is_factory(used))
		return err_set(err, ERR_DATA_MISSING, where,
		    "service %s needs a credential of its own for '%.*s': "
		    "the factory one does not count",
		    facts->name, (int)asked.len, asked.data);
	return 0;
}

/* That the mode has its trust store was judged before. */
static int
check_variant(const struct config *config, const struct service_facts *facts,
    const char *where, struct err *err)
{
	if (!service_has_variants(facts) || facts->has_variant[config->mode])
		return 0;
	return err_set(err, ERR_UNSUPPORTED, where,
	    "the service has no configuration for verification mode %s",
	    name_text(&verify_mode_names, config->mode));
}

static service_rule *const service_rules[] = { check_feature, check_used,
	check_variant };

static int
check_service(const struct checking *checking, const struct service_setting *setting,
    struct err *err)
{
	const struct service_facts *facts =
	    services_named(checking->services, setting->name);
	char where[CONFIG_PATH_MAX];

	if (!setting->enabled)
		return 0;
	(void)config_path("service", setting->name, "", where);
	if (facts == NULL)
		return err_set(err, ERR_DATA_MISSING, where,
		    "no such service is defined on this device, or certconfd has not "
		    "read its definition: it does at SIGHUP");
	for (size_t i = 0; i < nitems(service_rules); i++) {
		if (service_rules[i](checking->config, facts, where, err) == -1)
			return -1;
	}
	return 0;
}

int
config_check(const struct config *config, const struct services *services, time_t now,
    enum clock_status clock, struct err *err)
{
	const struct checking checking = {
		.config = config,
		.services = services,
		.now = now,
		.dates = clock != CLOCK_IMPLAUSIBLE && now != CONFIG_ANY_TIME,
	};

	for (size_t i = 0; i < config->ncredentials; i++) {
		const struct credential *credential = &config->credentials[i];

		if (!credential_is_factory(credential) &&
		    check_credential(&checking, credential, err) == -1)
			return -1;
	}
	if (check_mode(&checking, err) == -1)
		return -1;
	for (size_t i = 0; i < config->nservices; i++) {
		if (check_service(&checking, &config->services[i], err) == -1)
			return -1;
	}
	return 0;
}
