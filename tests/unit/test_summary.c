/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/summary.h"
#include "tests/unit/model.h"

/* What a row sets up: certificates end that many days from now; 0: there is none. */
struct scene {
	const char *name;
	int local, middle, root, edge;
	bool edge_used, no_trust;
	void (*change)(struct snapshot *, struct status *);
	/* what is expected */
	enum severity overall;
	uint32_t earliest_index;
	int earliest_days;
	uint32_t warn, expired, fault, trust_warn, trust_expired;
	bool factory;
};

static void
stuck(struct snapshot *snapshot, struct status *status)
{
	(void)snapshot;
	status->config_state = CONFIG_STUCK;
}

static void
pending(struct snapshot *snapshot, struct status *status)
{
	(void)snapshot;
	status->restart_pending = 1;
}

static void
clock_unset(struct snapshot *snapshot, struct status *status)
{
	(void)snapshot;
	status->clock = CLOCK_IMPLAUSIBLE;
}

static void
service_failed(struct snapshot *snapshot, struct status *status)
{
	(void)snapshot;
	status->services[1].state = SERVICE_FAILED;
}

static void
service_out(struct snapshot *snapshot, struct status *status)
{
	(void)snapshot;
	status->services[1].in_sync = SYNC_OUT;
}

static void
service_waits(struct snapshot *snapshot, struct status *status)
{
	(void)snapshot;
	status->services[1].in_sync = SYNC_OUT;
	status->services[1].restart_pending = 1;
}

static void
disabled_out(struct snapshot *snapshot, struct status *status)
{
	(void)snapshot;
	status->services[0].in_sync = SYNC_OUT;
}

static void
feature_gone(struct snapshot *snapshot, struct status *status)
{
	(void)snapshot;
	status->services[1].feature = FEATURE_MISSING;
}

static void
key_unreadable(struct snapshot *snapshot, struct status *status)
{
	(void)status;
	((struct snapshot_local *)snapshot->locals)[0].key_status =
	    KEY_STATUS_UNREADABLE;
}

static void
bad_signature(struct snapshot *snapshot, struct status *status)
{
	(void)status;
	((struct snapshot_local *)snapshot->locals)[0].chain_status =
	    CHAIN_BAD_SIGNATURE;
}

static void
local_muted(struct snapshot *snapshot, struct status *status)
{
	(void)status;
	((struct snapshot_local *)snapshot->locals)[0].muted = 1;
}

/* Of the warning band only, and whatever the percentage. */
static void
warns_early(struct snapshot *snapshot, struct status *status)
{
	(void)status;
	((struct snapshot_local *)snapshot->locals)[0].warn_days = 400;
}

static void
warns_never(struct snapshot *snapshot, struct status *status)
{
	(void)status;
	((struct snapshot_local *)snapshot->locals)[0].warn_days = 0;
}

static void
trust_muted(struct snapshot *snapshot, struct status *status)
{
	(void)status;
	((struct snapshot_trust *)snapshot->trusts)[0].muted = 1;
}

static const struct scene scenes[] = {
	{ "good", .local = 300, .middle = 500, .root = 900, .overall = SEVERITY_OK,
	    .earliest_index = 1, .earliest_days = 300 },
	{ "warning", .local = 20, .middle = 500, .root = 900,
	    .overall = SEVERITY_WARNING, .earliest_index = 1, .earliest_days = 20,
	    .warn = 1 },
	{ "critical", .local = 2, .middle = 500, .root = 900,
	    .overall = SEVERITY_CRITICAL, .earliest_index = 1, .earliest_days = 2,
	    .warn = 1 },
	{ "expired", .local = -2, .middle = 500, .root = 900,
	    .overall = SEVERITY_CRITICAL, .earliest_index = 1, .earliest_days = -2,
	    .expired = 1 },
	{ "intermediate first", .local = 300, .middle = 100, .root = 900,
	    .overall = SEVERITY_OK, .earliest_index = 1, .earliest_days = 100 },
	{ "intermediate expired", .local = 300, .middle = -1, .root = 900,
	    .overall = SEVERITY_CRITICAL, .earliest_index = 1, .earliest_days = -1,
	    .fault = 1 },
	{ "root expired", .local = 300, .middle = 500, .root = -1,
	    .overall = SEVERITY_CRITICAL, .earliest_index = 1, .earliest_days = 300,
	    .fault = 1, .trust_expired = 1 },
	{ "root ends soon", .local = 300, .middle = 500, .root = 2,
	    .overall = SEVERITY_OK, .earliest_index = 1, .earliest_days = 300,
	    .trust_warn = 1 },
	{ "no trust store", .local = 300, .middle = 500, .no_trust = true,
	    .overall = SEVERITY_OK, .earliest_index = 1, .earliest_days = 300 },
	{ "factory", .root = 900, .overall = SEVERITY_WARNING, .earliest_index = 2,
	    .earliest_days = 365, .factory = true },
	{ "unused one expired", .local = 300, .middle = 500, .root = 900, .edge = -5,
	    .overall = SEVERITY_OK, .earliest_index = 1, .earliest_days = 300 },
	{ "used one expired", .local = 300, .middle = 500, .root = 900, .edge = -5,
	    .edge_used = true, .overall = SEVERITY_CRITICAL, .earliest_index = 3,
	    .earliest_days = -5, .expired = 1 },
	{ "muted", .local = -2, .middle = 500, .root = 900, .change = local_muted,
	    .overall = SEVERITY_OK },
	{ "muted, beside one that is not", .local = -2, .middle = 500, .root = 900,
	    .edge = 100, .edge_used = true, .change = local_muted,
	    .overall = SEVERITY_OK, .earliest_index = 3, .earliest_days = 100 },
	{ "muted factory", .root = 900, .factory = true, .change = local_muted,
	    .overall = SEVERITY_OK },
	{ "override, sooner", .local = 300, .middle = 500, .root = 900,
	    .change = warns_early, .overall = SEVERITY_WARNING, .earliest_index = 1,
	    .earliest_days = 300, .warn = 1 },
	{ "override, never", .local = 20, .middle = 500, .root = 900,
	    .change = warns_never, .overall = SEVERITY_OK, .earliest_index = 1,
	    .earliest_days = 20 },
	{ "override leaves the critical band", .local = 2, .middle = 500, .root = 900,
	    .change = warns_never, .overall = SEVERITY_CRITICAL, .earliest_index = 1,
	    .earliest_days = 2, .warn = 1 },
	{ "muted anchor", .local = 300, .middle = 500, .root = 2, .change = trust_muted,
	    .overall = SEVERITY_OK, .earliest_index = 1, .earliest_days = 300 },
	{ "stuck", .local = 300, .middle = 500, .root = 900, .change = stuck,
	    .overall = SEVERITY_CRITICAL, .earliest_index = 1, .earliest_days = 300 },
	{ "restart pending", .local = 300, .middle = 500, .root = 900,
	    .change = pending, .overall = SEVERITY_WARNING, .earliest_index = 1,
	    .earliest_days = 300 },
	{ "clock unset", .local = -1, .middle = 500, .root = 900, .change = clock_unset,
	    .overall = SEVERITY_WARNING, .earliest_index = 1, .earliest_days = -1 },
	{ "service failed", .local = 300, .middle = 500, .root = 900,
	    .change = service_failed, .overall = SEVERITY_CRITICAL, .earliest_index = 1,
	    .earliest_days = 300 },
	{ "service out of sync", .local = 300, .middle = 500, .root = 900,
	    .change = service_out, .overall = SEVERITY_CRITICAL, .earliest_index = 1,
	    .earliest_days = 300 },
	{ "service waits for its restart", .local = 300, .middle = 500, .root = 900,
	    .change = service_waits, .overall = SEVERITY_WARNING, .earliest_index = 1,
	    .earliest_days = 300 },
	{ "disabled one out of sync", .local = 300, .middle = 500, .root = 900,
	    .change = disabled_out, .overall = SEVERITY_OK, .earliest_index = 1,
	    .earliest_days = 300 },
	{ "feature key gone", .local = 300, .middle = 500, .root = 900,
	    .change = feature_gone, .overall = SEVERITY_WARNING, .earliest_index = 1,
	    .earliest_days = 300 },
	{ "key unreadable", .local = 300, .middle = 500, .root = 900,
	    .change = key_unreadable, .overall = SEVERITY_CRITICAL, .earliest_index = 1,
	    .earliest_days = 300, .fault = 1 },
	{ "bad signature", .local = 300, .middle = 500, .root = 900,
	    .change = bad_signature, .overall = SEVERITY_CRITICAL, .earliest_index = 1,
	    .earliest_days = 300, .fault = 1 },
};

static void
add_credentials(struct config *config, const struct scene *scene)
{
	const struct model_cert chain[] = {
		{ .name = "device",
		    .issuer = "middle",
		    .key = 0,
		    .issuer_key = 1,
		    .days_before = 100,
		    .days_after = scene->local },
		{ .name = "middle",
		    .issuer = "root",
		    .key = 1,
		    .issuer_key = 3,
		    .ca = true,
		    .days_before = 100,
		    .days_after = scene->middle },
	};
	const struct model_cert edge = { .name = "edge",
		.days_before = 100,
		.days_after = scene->edge };

	model_credential(config, "factory",
	    &(struct model_cert){ .name = "factory", .key = 2 }, 1);
	if (scene->local != 0)
		model_credential(config, "local", chain, 2);
	if (scene->edge != 0)
		model_credential(config, "edge", &edge, 1);
}

static void
add_trust(struct config *config, const struct scene *scene)
{
	const struct model_cert root = { .name = "root",
		.key = 3,
		.ca = true,
		.days_before = 100,
		.days_after = scene->root };
	struct anchor anchor = { .index = 0 };
	struct err err;

	if (scene->no_trust)
		return;
	anchor.cert = model_cert(&config->arena, &root);
	assert_int_equal(config_set_trust(config, &anchor, 1, &err), 0);
}

/* A service in each row: the first disabled, the second enabled. */
static void
make_status(struct status *status)
{
	memset(status, 0, sizeof(*status));
	status->clock = CLOCK_SYNCHRONIZED;
	status->nservices = 2;
	status->services[1].enabled = 1;
	status->services[1].state = SERVICE_RUNNING;
	status->services[1].in_sync = SYNC_IN;
}

static void
compare(const struct scene *scene, const struct summary *got)
{
	int64_t earliest = MODEL_NOW + (int64_t)scene->earliest_days * MODEL_DAY;

	if (got->overall != scene->overall)
		fail_msg("%s: overall %s", scene->name,
		    name_text(&severity_names, got->overall));
	if (got->earliest_index != scene->earliest_index ||
	    (got->earliest_index != 0 && got->earliest_not_after != earliest))
		fail_msg("%s: earliest is row %u, %+.1f days", scene->name,
		    got->earliest_index,
		    (double)(got->earliest_not_after - MODEL_NOW) / MODEL_DAY);
	if (got->local_warn != scene->warn || got->local_expired != scene->expired ||
	    got->local_fault != scene->fault)
		fail_msg("%s: %u warn, %u expired, %u at fault", scene->name,
		    got->local_warn, got->local_expired, got->local_fault);
	if (got->trust_warn != scene->trust_warn ||
	    got->trust_expired != scene->trust_expired)
		fail_msg("%s: of the anchors %u warn, %u expired", scene->name,
		    got->trust_warn, got->trust_expired);
	if (got->factory_in_use != scene->factory)
		fail_msg("%s: factory in use %d", scene->name, got->factory_in_use);
	if (got->trust_count != !scene->no_trust ||
	    got->local_count != 1u + (scene->local != 0) + (scene->edge != 0))
		fail_msg("%s: %u rows, %u anchors", scene->name, got->local_count,
		    got->trust_count);
}

static void
summaries(void **state)
{
	static struct status status;

	(void)state;
	for (size_t i = 0; i < nitems(scenes); i++) {
		struct config config = { 0 };
		struct snapshot snapshot;
		struct summary summary;
		struct buf buf = { 0 };
		struct err err;

		settings_default(&config.settings);
		add_credentials(&config, &scenes[i]);
		add_trust(&config, &scenes[i]);
		model_service(&config, "web", scenes[i].edge_used, "edge");
		make_status(&status);
		assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
		assert_int_equal(snapshot_write(&buf, &config, model_services(),
				     MODEL_NOW, &err),
		    0);
		assert_int_equal(snapshot_open(&snapshot, buf.data, buf.len, &err), 0);
		if (scenes[i].change != NULL)
			scenes[i].change(&snapshot, &status);
		summary_make(&snapshot, &status, MODEL_NOW, &summary);
		compare(&scenes[i], &summary);
		buf_clear(&buf);
		config_clear(&config);
	}
}

/* An issuer's end shows without anything being judged anew. */
static void
issuer_end(void **state)
{
	static const struct {
		const char *name;
		enum chain_status status, expect;
		int64_t end, now;
	} rows[] = {
		{ "before", CHAIN_VALID, CHAIN_VALID, MODEL_NOW, MODEL_NOW },
		{ "after", CHAIN_VALID, CHAIN_ISSUER_EXPIRED, MODEL_NOW,
		    MODEL_NOW + 1 },
		{ "none", CHAIN_VALID, CHAIN_VALID, 0, MODEL_NOW },
		{ "clock unset", CHAIN_VALID, CHAIN_VALID, 1, 2 },
		{ "self-signed", CHAIN_SELF_SIGNED, CHAIN_SELF_SIGNED, 1, MODEL_NOW },
		{ "bad anyway", CHAIN_BAD_PURPOSE, CHAIN_BAD_PURPOSE, 1, MODEL_NOW },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct snapshot_local local = { .chain_status = rows[i].status,
			.issuer_not_after = rows[i].end };
		enum chain_status got = local_chain_status(&local, rows[i].now);

		if (got != rows[i].expect)
			fail_msg("%s: %s", rows[i].name,
			    name_text(&chain_status_names, got));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summaries),
		cmocka_unit_test(issuer_end),
	};

	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
