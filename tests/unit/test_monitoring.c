/* SPDX-License-Identifier: ISC */
/* Monitoring: in documents, through a snapshot, merged, and with what it is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/changes.h"
#include "lib/monitoring.h"
#include "lib/settings.h"
#include "tests/unit/documents.h"
#include "tests/unit/model.h"

#define MONITORING(inside) "<monitoring>" inside "</monitoring>"
#define DAYS(n) "<warning-days>" n "</warning-days>"
#define ENTRY(name, inside) "<certificate><name>" name "</name>" inside "</certificate>"
#define ANCHOR(name, inside)                                                           \
	"<trust-anchor><name>" name "</name>" inside "</trust-anchor>"
#define OFF "<monitor>false</monitor>"
#define ON "<monitor>true</monitor>"
#define BOTH "local:2:match trust(Example root,Other root)-0 none"

static const struct row rows[] = {
	/* settings */
	{ "every one", NULL,
	    DOC(MONITORING("<notify>source commit</notify>" DAYS(
		"60") "<warning-percent>50</warning-percent><critical-days>14"
		      "</critical-days><critical-percent>0</critical-percent>"
		      "<repeat-hours>8760</repeat-hours><minimum-interval>0"
		      "</minimum-interval>")),
	    .expect = "none notify=commit source warning-days=60 warning-percent=50 "
		      "critical-days=14 critical-percent=0 repeat-hours=8760 "
		      "minimum-interval=0" },
	{ "as by default", NULL, DOC(MONITORING(DAYS("30"))), .expect = "none" },
	{ "merged", DOC(MONITORING(DAYS("60"))),
	    DOC(MONITORING("<critical-days>9</critical-days>")),
	    .expect = "none warning-days=60 critical-days=9" },
	{ "replaced", DOC(MONITORING(DAYS("60"))),
	    DOC("<monitoring" OPERATION(
		"replace") "><critical-days>9</critical-days></monitoring>"),
	    .expect = "none critical-days=9" },
	{ "deleted", DOC(MONITORING(DAYS("60"))),
	    DOC("<monitoring" OPERATION("delete") "/>"), .expect = "none" },
	{ "deleted, not there", NULL, DOC("<monitoring" OPERATION("delete") "/>"),
	    .expect =
		"data-missing /certconf/monitoring, line 2: it cannot be deleted" },
	{ "removed, not there", NULL, DOC("<monitoring" OPERATION("remove") "/>"),
	    .expect = "none" },
	{ "created", NULL,
	    DOC("<monitoring" OPERATION("create") ">" DAYS("9") "</monitoring>"),
	    .expect = "none warning-days=9" },
	{ "created, there", DOC(MONITORING("<repeat-hours>1</repeat-hours>")),
	    DOC("<monitoring" OPERATION("create") "/>"),
	    .expect =
		"data-exists /certconf/monitoring, line 2: it cannot be created" },
	{ "one deleted", DOC(MONITORING(DAYS("60") "<repeat-hours>1</repeat-hours>")),
	    DOC(MONITORING("<warning-days" OPERATION("delete") "/>")),
	    .expect = "none repeat-hours=1" },
	{ "one deleted, as by default", DOC(MONITORING(DAYS("30"))),
	    DOC(MONITORING("<warning-days" OPERATION("delete") "/>")),
	    .expect =
		"data-missing /certconf/monitoring/warning-days, line 2: it cannot" },
	{ "default operation none passes through", DOC(MONITORING(DAYS("60"))),
	    DOC(MONITORING(
		DAYS("61") "<repeat-hours" OPERATION("merge") ">3"
							      "</repeat-hours>")),
	    .expect = "none warning-days=60 repeat-hours=3", .operation = "none" },
	{ "whole configuration replaced", DOC(LOCAL MONITORING(DAYS("60"))), DOC(WEB),
	    .expect = "web=on none", .operation = "replace" },
	{ "no class", NULL, DOC(MONITORING("<notify/>")), .expect = "none notify=" },
	{ "classes over lines", NULL,
	    DOC(MONITORING("<notify>\n local-expiry\n chain\n</notify>")),
	    .expect = "none notify=local-expiry chain" },

	/* credentials */
	{ "muted", DOC(LOCAL), DOC(MONITORING(ENTRY("local", OFF))),
	    .expect = "local:2:match none local:muted" },
	{ "with what it is about", NULL,
	    DOC(MONITORING(ENTRY("local", OFF DAYS("0"))) LOCAL),
	    .expect = "local:2:match none local:muted local:0" },
	{ "override alone", DOC(LOCAL MONITORING(ENTRY("local", OFF))),
	    DOC(MONITORING(ENTRY("local", ON DAYS("3650")))),
	    .expect = "local:2:match none local:3650" },
	{ "merged into an entry", DOC(LOCAL MONITORING(ENTRY("local", DAYS("5")))),
	    DOC(MONITORING(ENTRY("local", OFF))),
	    .expect = "local:2:match none local:muted local:5" },
	{ "entry replaced", DOC(LOCAL MONITORING(ENTRY("local", DAYS("5")))),
	    DOC(MONITORING("<certificate" OPERATION("replace") "><name>local</name>" OFF
							       "</certificate>")),
	    .expect = "local:2:match none local:muted" },
	{ "entry deleted", DOC(LOCAL MONITORING(ENTRY("local", OFF DAYS("5")))),
	    DOC(MONITORING("<certificate" OPERATION(
		"delete") "><name>local</name></certificate>")),
	    .expect = "local:2:match none" },
	{ "entry deleted, not there", DOC(LOCAL),
	    DOC(MONITORING("\n<certificate" OPERATION(
		"delete") "><name>local</name></certificate>")),
	    .expect =
		"data-missing /certconf/monitoring/certificate[name='local'], line "
		"3: it cannot be deleted" },
	{ "entry created", DOC(LOCAL),
	    DOC(MONITORING("<certificate" OPERATION("create") "><name>local</name>" OFF
							      "</certificate>")),
	    .expect = "local:2:match none local:muted" },
	{ "entry created, there", DOC(LOCAL MONITORING(ENTRY("local", OFF))),
	    DOC(MONITORING("<certificate" OPERATION("create") "><name>local</name>" OFF
							      "</certificate>")),
	    .expect = "data-exists /certconf/monitoring/certificate[name='local']" },
	{ "override deleted", DOC(LOCAL MONITORING(ENTRY("local", OFF DAYS("5")))),
	    DOC(MONITORING(ENTRY("local", "<warning-days" OPERATION("delete") "/>"))),
	    .expect = "local:2:match none local:muted" },
	{ "no such credential", DOC(LOCAL), DOC("\n" MONITORING(ENTRY("www", OFF))),
	    .expect =
		"data-missing /certconf/monitoring/certificate[name='www'], line 3: "
		"there is no credential of this name whose certificate could be "
		"monitored" },
	{ "credential that the same document deletes", DOC(LOCAL),
	    DOC(MONITORING(ENTRY("local", OFF)) "<credential" OPERATION(
		"delete") "><name>local</name></credential>"),
	    .expect = "data-missing /certconf/monitoring/certificate[name='local']" },
	{ "no such credential, removed", DOC(LOCAL),
	    DOC(MONITORING(
		"<certificate" OPERATION("remove") "><name>x</name></certificate>")),
	    .expect = "local:2:match none" },
	{ "goes with the credential", DOC(LOCAL MONITORING(ENTRY("local", OFF))),
	    DOC("<credential" OPERATION("delete") "><name>local</name></credential>"),
	    .expect = "none" },
	{ "does not come back with it", DOC(LOCAL MONITORING(ENTRY("local", OFF))),
	    DOC(LOCAL), .expect = "local:2:match none", .operation = "replace" },
	{ "stays when it is renewed",
	    DOC(LOCAL MONITORING(ENTRY("local", OFF DAYS("5")))),
	    DOC("<credential" OPERATION("replace") "><name>local</name>" CERT(
		"renewed.crt") "</credential>"),
	    .expect = "local:1:match none local:muted local:5" },

	/* anchors */
	{ "anchor muted", DOC(LOCAL TRUST), DOC(MONITORING(ANCHOR("Other root", OFF))),
	    .expect = BOTH " Other root:muted" },
	{ "anchor with its store", NULL,
	    DOC(MONITORING(ANCHOR("Other root", OFF)) LOCAL TRUST),
	    .expect = BOTH " Other root:muted" },
	{ "anchor no longer muted",
	    DOC(LOCAL TRUST MONITORING(ANCHOR("Other root", OFF))),
	    DOC(MONITORING(ANCHOR("Other root", ON))), .expect = BOTH },
	{ "stays with the store given again",
	    DOC(LOCAL TRUST MONITORING(ANCHOR("Other root", OFF))), DOC(TRUST),
	    .expect = BOTH " Other root:muted" },
	{ "stays with the certificate",
	    DOC(TRUST MONITORING(ANCHOR("Other root", OFF))),
	    DOC("<trust-store><certificate><name>One</name><cert-data>@other.crt@"
		"</cert-data></certificate></trust-store>"),
	    .expect = "trust(One)-0 none One:muted" },
	{ "goes with the anchor", DOC(TRUST MONITORING(ANCHOR("Other root", OFF))),
	    DOC("<trust-store><certificate><name>Other root</name><cert-data>@ca.crt@"
		"</cert-data></certificate></trust-store>"),
	    .expect = "trust(Other root)-0 none" },
	{ "no such anchor", DOC(TRUST), DOC(MONITORING("\n" ANCHOR("Third", OFF))),
	    .expect =
		"data-missing /certconf/monitoring/trust-anchor[name='Third'], line "
		"3: there is no anchor of this name in the trust store" },
	{ "no trust store", NULL, DOC(MONITORING(ANCHOR("Third", OFF))),
	    .expect = "data-missing /certconf/monitoring/trust-anchor[name='Third']" },
};

static void
documents(void **state)
{
	(void)state;
	check_rows(rows, nitems(rows));
}

/* --- merging --- */

static const struct {
	const char *name;
	const char *base, *mine, *theirs;
	const char *expect; /* what is monitored then, or where the conflict is */
} merges[] = {
	{ "different settings", "", DAYS("60"), "<repeat-hours>1</repeat-hours>",
	    "warning-days=60 repeat-hours=1" },
	{ "the same", "", DAYS("60"), DAYS("60"), "warning-days=60" },
	{ "one setting", "", DAYS("60"), DAYS("61"),
	    "/certconf/monitoring/warning-days" },
	{ "changed and put back", DAYS("60"), "", DAYS("61"),
	    "/certconf/monitoring/warning-days" },
	{ "put back", DAYS("60"), "", DAYS("60"), "" },
	{ "classes", "", "<notify>commit</notify>", "<notify>chain</notify>",
	    "/certconf/monitoring/notify" },
	{ "mute and override", "", ENTRY("local", OFF), ENTRY("local", DAYS("5")),
	    "local:muted local:5" },
	{ "muted by both", "", ENTRY("local", OFF), ENTRY("local", OFF),
	    "local:muted" },
	{ "no longer muted", ENTRY("local", OFF), "", ENTRY("local", OFF), "" },
	{ "two overrides", "", ENTRY("local", DAYS("4")), ENTRY("local", DAYS("5")),
	    "/certconf/monitoring/certificate[name='local']/warning-days" },
	{ "factory", "", ENTRY("factory", OFF), DAYS("5"),
	    "warning-days=5 factory:muted" },
	{ "anchors", ANCHOR("root 0", OFF), ANCHOR("root 1", OFF),
	    ANCHOR("root 0", OFF) ANCHOR("root 2", OFF), "root 1:muted root 2:muted" },
};

/* Puts a container monitoring with this in it on a configuration. */
static void
say(struct config *config, const char *inside, struct run *run)
{
	struct document_options options = { .base = NULL };
	char document[1024];

	snprintf(document, sizeof(document),
	    HEAD "<monitoring>%s</monitoring></certconf>", inside);
	if (run_read(run, document, &options) == -1 ||
	    document_apply(run->document, config, MODEL_NOW, &run->err) == -1)
		fail_msg("%s: at %s: %s", inside, run->err.where, run->err.text);
}

/* Each begins as the same configuration, out of one snapshot. */
static void
merge(void **state)
{
	struct config model, base, mine, theirs;
	struct snapshot snapshot;
	struct buf buf = { NULL, 0, 0 };
	struct err err;

	(void)state;
	model_begin(&model);
	model_trust(&model, "root", 3);
	assert_int_equal(config_complete(&model, MODEL_NOW, &err), 0);
	assert_int_equal(snapshot_write(&buf, &model, model_services(), MODEL_NOW,
			     &err),
	    0);
	assert_int_equal(snapshot_open(&snapshot, buf.data, buf.len, &err), 0);
	for (size_t i = 0; i < nitems(merges); i++) {
		struct run runs[3] = { { .root = NULL } };
		char *got;

		assert_int_equal(snapshot_load(&snapshot, &base, &err), 0);
		assert_int_equal(snapshot_load(&snapshot, &mine, &err), 0);
		assert_int_equal(snapshot_load(&snapshot, &theirs, &err), 0);
		say(&base, merges[i].base, &runs[0]);
		say(&mine, merges[i].mine, &runs[1]);
		say(&theirs, merges[i].theirs, &runs[2]);
		if (config_merge(&theirs, &base, &mine, &err) == -1)
			got = strdup(err.where);
		else
			got = describe_monitoring(&theirs);
		if (strcmp(got, merges[i].expect) != 0)
			fail_msg("%s: %s", merges[i].name, got);
		free(got);
		config_clear(&theirs);
		config_clear(&mine);
		config_clear(&base);
		for (size_t k = 0; k < nitems(runs); k++)
			run_clear(&runs[k]);
	}
	buf_clear(&buf);
	config_clear(&model);
}

static const struct model_cert other = { .name = "other", .key = 1 };

/* A certificate renewed here and muted there, and the other way round. */
static void
merge_with_renewed(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct config base, mine, theirs, *muting, *renewing;
		struct err err;

		model_begin(&base);
		mine = theirs = base;
		memset(&mine.arena, 0, sizeof(mine.arena));
		memset(&theirs.arena, 0, sizeof(theirs.arena));
		muting = way == 0 ? &mine : &theirs;
		renewing = way == 0 ? &theirs : &mine;
		/* rows of their own */
		muting->credentials = calloc(2, sizeof(*muting->credentials));
		renewing->credentials = calloc(2, sizeof(*renewing->credentials));
		for (size_t i = 0; i < 2; i++)
			muting->credentials[i] = renewing->credentials[i] =
			    base.credentials[i];
		config_credential(muting, text_of("local"))->muted = true;
		model_credential(renewing, "local", &other, 1);
		if (config_merge(&theirs, &base, &mine, &err) == -1)
			fail_msg("way %d: at %s: %s", way, err.where, err.text);
		assert_true(config_credential(&theirs, text_of("local"))->muted);
		assert_memory_equal(config_credential(&theirs, text_of("local"))
					->chain[0]
					.sha256,
		    config_credential(renewing, text_of("local"))->chain[0].sha256,
		    SHA256_SIZE);
		free(muting->credentials);
		free(renewing->credentials);
		config_clear(&mine);
		config_clear(&theirs);
		config_clear(&base);
	}
}

/* --- what is seen as a change --- */

static const struct {
	const char *name, *before, *now;
	bool same;
	const char *changes;
} comparisons[] = {
	{ "nothing", DAYS("60"), DAYS("60"), true, "" },
	{ "a setting", "", "<repeat-hours>0</repeat-hours>", false, "monitoring" },
	{ "a mute", "", ENTRY("local", OFF), false, "monitoring" },
	{ "an override of none", "", ENTRY("local", DAYS("0")), false, "monitoring" },
	{ "an anchor", ANCHOR("root 2", OFF), "", false, "monitoring" },
};

static void
write_said(struct buf *buf, const char *inside, struct snapshot *ret_snapshot)
{
	struct run run = { .root = NULL };
	struct config config;
	struct err err;

	model_begin(&config);
	model_trust(&config, "root", 3);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	say(&config, inside, &run);
	assert_int_equal(snapshot_write(buf, &config, model_services(), MODEL_NOW,
			     &err),
	    0);
	assert_int_equal(snapshot_open(ret_snapshot, buf->data, buf->len, &err), 0);
	config_clear(&config);
	run_clear(&run);
}

static void
changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(comparisons); i++) {
		struct buf a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
		struct snapshot before, now;
		struct config config;
		struct err err;
		char text[256];
		char *got;

		write_said(&a, comparisons[i].before, &before);
		write_said(&b, comparisons[i].now, &now);
		assert_int_equal(snapshot_same_monitoring(&before, &now),
		    comparisons[i].same);
		changes_format(&before, &now, text, sizeof(text));
		/* the certificates of the two models are not the same */
		if (comparisons[i].same ? strstr(text, "monitoring") != NULL
					: strstr(text, "monitoring") == NULL)
			fail_msg("%s: %s", comparisons[i].name, text);
		assert_int_equal(snapshot_load(&now, &config, &err), 0);
		got = describe_monitoring(&config);
		monitoring_reset(&config);
		assert_true(monitoring_is_default(&config));
		free(got);
		config_clear(&config);
		buf_clear(&a);
		buf_clear(&b);
	}
}

/* --- values --- */

static const struct {
	enum setting setting;
	const char *text;
	int64_t expect; /* -1: refused */
} values[] = {
	{ SETTING_WARN_DAYS, "0", 0 },
	{ SETTING_WARN_DAYS, "3650", 3650 },
	{ SETTING_WARN_DAYS, "3651", -1 },
	{ SETTING_WARN_DAYS, "+7", 7 },
	{ SETTING_WARN_DAYS, "007", 7 },
	{ SETTING_WARN_DAYS, "+", -1 },
	{ SETTING_WARN_DAYS, "-1", -1 },
	{ SETTING_WARN_DAYS, "", -1 },
	{ SETTING_WARN_DAYS, "7 ", -1 },
	{ SETTING_WARN_DAYS, "18446744073709551617", -1 },
	{ SETTING_CRIT_PERCENT, "101", -1 },
	{ SETTING_REPEAT_HOURS, "8760", 8760 },
	{ SETTING_MIN_INTERVAL, "3601", -1 },
	{ SETTING_NOTIFY_ENABLE, "", 0 },
	{ SETTING_NOTIFY_ENABLE, "local-expiry", 1 },
	{ SETTING_NOTIFY_ENABLE, " source \t\n local-expiry ", 0x81 },
	{ SETTING_NOTIFY_ENABLE, "commit commit", -1 },
	{ SETTING_NOTIFY_ENABLE, "Commit", -1 },
	{ SETTING_NOTIFY_ENABLE, "localExpiry", -1 },
};

static void
reading(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(values); i++) {
		struct err err = { .code = ERR_NONE };
		uint32_t value = 0;
		int rc = setting_read(values[i].setting, text_of(values[i].text),
		    &value, &err);

		if ((rc == -1) != (values[i].expect == -1) ||
		    (rc == 0 && value != values[i].expect))
			fail_msg("\"%s\": %d, %u %s", values[i].text, rc, value,
			    err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents),
		cmocka_unit_test(merge),
		cmocka_unit_test(merge_with_renewed),
		cmocka_unit_test(changes),
		cmocka_unit_test(reading),
	};

	return cmocka_run_group_tests(tests, documents_setup, documents_teardown);
}
