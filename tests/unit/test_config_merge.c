/* SPDX-License-Identifier: ISC */
/* Three-way merge: which changes go together, and which do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config.h"
#include "tests/unit/model.h"

#define LOCAL "/certconf/credential[name='local']"

static const struct model_cert other = { .name = "other", .key = 1 };

static void
no_change(struct config *config)
{
	(void)config;
}

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

		model_begin(&base);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merge),
	};

	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
