/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "agent/engine.h"
#include "agent/log.h"

/* An engine without a monitor: what it would have saved is taken as being saved. */
static struct engine *
engine_new(void)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct err err;

	assert_non_null(e);
	assert_non_null(e->base = event_base_new());
	assert_non_null(e->running = held_empty(&e->services, &err));
	STAILQ_INIT(&e->actions);
	outbox_open(e);
	e->counters_saving = true;
	e->counters.spin_lock = 41;
	e->generation = 5;
	e->ready = true;
	return e;
}

static void
timer_free(struct event *timer)
{
	if (timer != NULL)
		event_free(timer);
}

static void
engine_free(struct engine *e)
{
	outbox_free(e);
	timer_free(e->publish_timer);
	held_drop(e->running);
	event_base_free(e->base);
	free(e);
}

/* --- what is refused --- */

enum situation {
	QUIET,
	NOT_READY,
	LOCKED,
	OURS_WAITS, /* for its confirmation */
	THEIRS_WAITS,
	SESSION_WAITS, /* without a persist-id */
	GOING_BACK,
	CHANGING
};

static void
arrange(struct engine *e, enum situation situation)
{
	static const struct {
		enum confirm_phase phase;
		const char *persist;
	} waits[] = {
		[OURS_WAITS] = { CONFIRM_WAITING, "snmp" },
		[THEIRS_WAITS] = { CONFIRM_WAITING, "somebody" },
		[SESSION_WAITS] = { CONFIRM_WAITING, "" },
		[GOING_BACK] = { CONFIRM_GOING_BACK, "snmp" },
		[CHANGING] = { CONFIRM_CHANGING, "snmp" },
	};

	e->ready = situation != NOT_READY;
	e->lock_session[STORE_CANDIDATE] = situation == LOCKED ? 7 : 0;
	if (situation < OURS_WAITS)
		return;
	e->confirm.phase = waits[situation].phase;
	e->confirm.point.restore = 4;
	e->confirm.session = 7;
	(void)snprintf(e->confirm.point.persist, sizeof(e->confirm.point.persist), "%s",
	    waits[situation].persist);
}

static const struct {
	const char *name;
	enum situation situation;
	struct snmp_prepare set;
	enum ticket_verdict verdict;
} judged[] = {
	{ "nothing", QUIET, { 0 }, TICKET_OK },
	{ "commit", QUIET, { SNMP_SET_ACTION, .action = ACTION_COMMIT }, TICKET_OK },
	{ "deferred", QUIET, { SNMP_SET_ACTION, .action = ACTION_COMMIT_DEFER_RESTART },
	    TICKET_OK },
	{ "import", QUIET, { SNMP_SET_ACTION, .action = ACTION_IMPORT },
	    TICKET_INCONSISTENT },
	{ "no action", QUIET, { SNMP_SET_ACTION, .action = ACTION_MAX },
	    TICKET_INCONSISTENT },
	{ "mode", QUIET, { SNMP_SET_MODE, .mode = VERIFY_NONE }, TICKET_OK },
	{ "mode without trust store", QUIET, { SNMP_SET_MODE, .mode = VERIFY_OUTGOING },
	    TICKET_INCONSISTENT },
	{ "no mode", QUIET, { SNMP_SET_MODE, .mode = VERIFY_MODE_MAX },
	    TICKET_INCONSISTENT },
	{ "spin lock", QUIET, { SNMP_SET_SPIN_LOCK, .spin_lock = 41 }, TICKET_OK },
	{ "old spin lock", QUIET,
	    { SNMP_SET_SPIN_LOCK | SNMP_SET_ACTION, .action = ACTION_COMMIT,
		.spin_lock = 40 },
	    TICKET_SPIN },
	{ "timeout", QUIET, { SNMP_SET_CONFIRM_TIMEOUT, .confirm_timeout = 86400 },
	    TICKET_OK },
	{ "long timeout", QUIET, { SNMP_SET_CONFIRM_TIMEOUT, .confirm_timeout = 86401 },
	    TICKET_INCONSISTENT },
	{ "timeout, not ready", NOT_READY,
	    { SNMP_SET_CONFIRM_TIMEOUT, .confirm_timeout = 1 }, TICKET_OK },
	{ "commit, not ready", NOT_READY, { SNMP_SET_ACTION, .action = ACTION_COMMIT },
	    TICKET_BUSY },
	{ "commit, locked", LOCKED, { SNMP_SET_ACTION, .action = ACTION_COMMIT },
	    TICKET_LOCKED },
	{ "timeout, locked", LOCKED, { SNMP_SET_CONFIRM_TIMEOUT, .confirm_timeout = 1 },
	    TICKET_OK },
	{ "nothing to confirm", QUIET, { SNMP_SET_ACTION, .action = ACTION_CONFIRM },
	    TICKET_INCONSISTENT },
	{ "confirm ours", OURS_WAITS, { SNMP_SET_ACTION, .action = ACTION_CONFIRM },
	    TICKET_OK },
	{ "commit after ours", OURS_WAITS, { SNMP_SET_ACTION, .action = ACTION_COMMIT },
	    TICKET_OK },
	{ "roll back after ours", OURS_WAITS,
	    { SNMP_SET_ACTION, .action = ACTION_ROLLBACK }, TICKET_OK },
	{ "confirm theirs", THEIRS_WAITS, { SNMP_SET_ACTION, .action = ACTION_CONFIRM },
	    TICKET_INCONSISTENT },
	{ "commit after theirs", THEIRS_WAITS,
	    { SNMP_SET_ACTION, .action = ACTION_COMMIT }, TICKET_BUSY },
	{ "deferred after theirs", THEIRS_WAITS,
	    { SNMP_SET_ACTION, .action = ACTION_COMMIT_DEFER_RESTART }, TICKET_BUSY },
	{ "roll back after theirs", THEIRS_WAITS,
	    { SNMP_SET_ACTION, .action = ACTION_ROLLBACK }, TICKET_BUSY },
	{ "validate after theirs", THEIRS_WAITS,
	    { SNMP_SET_ACTION, .action = ACTION_VALIDATE }, TICKET_OK },
	{ "stage after theirs", THEIRS_WAITS,
	    { SNMP_SET_ACTION, .action = ACTION_DELETE_TRUST }, TICKET_OK },
	{ "confirm a session's", SESSION_WAITS,
	    { SNMP_SET_ACTION, .action = ACTION_CONFIRM }, TICKET_INCONSISTENT },
	{ "commit after a session's", SESSION_WAITS,
	    { SNMP_SET_ACTION, .action = ACTION_COMMIT }, TICKET_BUSY },
	{ "confirm too late", GOING_BACK, { SNMP_SET_ACTION, .action = ACTION_CONFIRM },
	    TICKET_BUSY },
	{ "commit too late", GOING_BACK, { SNMP_SET_ACTION, .action = ACTION_COMMIT },
	    TICKET_BUSY },
	{ "setting", QUIET,
	    { .nchanges = 1, .changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 60 } } },
	    TICKET_OK },
	{ "no setting", QUIET,
	    { .nchanges = 1, .changes = { { CHANGE_SETTING, SETTING_MAX, 60 } } },
	    TICKET_NO_ROW },
	{ "no kind", QUIET, { .nchanges = 1, .changes = { { CHANGE_KIND_MAX, 0, 0 } } },
	    TICKET_NO_ROW },
	{ "out of range", QUIET,
	    { .nchanges = 1,
		.changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 3651 } } },
	    TICKET_NO_ROW },
	{ "no row to mute", QUIET,
	    { .nchanges = 1, .changes = { { CHANGE_LOCAL_MUTED, 9, 1 } } },
	    TICKET_NO_ROW },
	{ "no anchor to mute", QUIET,
	    { .nchanges = 1, .changes = { { CHANGE_TRUST_MUTED, 1, 1 } } },
	    TICKET_NO_ROW },
	{ "too many", QUIET, { .nchanges = SNMP_CHANGES_MAX + 1 }, TICKET_BUSY },
	{ "setting, not ready", NOT_READY,
	    { .nchanges = 1, .changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 60 } } },
	    TICKET_BUSY },
	{ "setting, locked", LOCKED,
	    { .nchanges = 1, .changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 60 } } },
	    TICKET_LOCKED },
	{ "setting, theirs waits", THEIRS_WAITS,
	    { .nchanges = 1, .changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 60 } } },
	    TICKET_OK },
	{ "setting, going back", GOING_BACK,
	    { .nchanges = 1, .changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 60 } } },
	    TICKET_OK },
	{ "setting and old spin lock", QUIET,
	    { SNMP_SET_SPIN_LOCK, .spin_lock = 40, .nchanges = 1,
		.changes = { { CHANGE_SETTING, SETTING_WARN_DAYS, 60 } } },
	    TICKET_SPIN },
	{ "confirm twice", CHANGING, { SNMP_SET_ACTION, .action = ACTION_CONFIRM },
	    TICKET_BUSY },
};

static void
test_judge(void **state)
{
	struct engine *e;
	uint32_t change;

	(void)state;
	for (size_t i = 0; i < nitems(judged); i++) {
		e = engine_new();
		arrange(e, judged[i].situation);
		if (actions_judge(e, &judged[i].set, &change) != judged[i].verdict)
			fail_msg("%s", judged[i].name);
		engine_free(e);
	}
}

/* A confirmation that is refused says why; what is busy is only answered. */
static void
test_a_refusal_says_why(void **state)
{
	const struct snmp_prepare confirm = { SNMP_SET_ACTION,
		.action = ACTION_CONFIRM };
	struct engine *e = engine_new();
	uint32_t change;

	(void)state;
	assert_int_equal(actions_judge(e, &confirm, &change), TICKET_INCONSISTENT);
	assert_int_equal(e->status.last_action, ACTION_CONFIRM);
	assert_int_equal(e->status.last_result, RESULT_FAILED);
	assert_int_equal(e->status.last_error.code, ERR_NOT_FOUND);
	engine_free(e);
}

/* --- what is done at once --- */

static void
test_timeout_and_spin_lock(void **state)
{
	const struct snmp_prepare set = { SNMP_SET_CONFIRM_TIMEOUT | SNMP_SET_SPIN_LOCK,
		.confirm_timeout = 600, .spin_lock = 41 };
	struct engine *e = engine_new();

	(void)state;
	actions_add(e, &set);
	assert_int_equal(e->status.confirm_timeout, 600);
	assert_int_equal(e->counters.spin_lock, 42);
	assert_true(STAILQ_EMPTY(&e->actions));
	engine_free(e);
}

/* A mode alone is staged, and shown until it is; with a commit it is a change alone. */
static void
test_mode(void **state)
{
	static const struct {
		const char *name;
		struct snmp_prepare set;
		uint32_t shown;
	} rows[] = {
		{ "alone", { SNMP_SET_MODE, .mode = VERIFY_OUTGOING },
		    VERIFY_OUTGOING },
		{ "with commit",
		    { SNMP_SET_MODE | SNMP_SET_ACTION, .mode = VERIFY_OUTGOING,
			.action = ACTION_COMMIT },
		    VERIFY_OUTGOING },
		{ "with deferred commit",
		    { SNMP_SET_MODE | SNMP_SET_ACTION, .mode = VERIFY_OUTGOING,
			.action = ACTION_COMMIT_DEFER_RESTART },
		    VERIFY_OUTGOING },
		{ "not at all", { SNMP_SET_ACTION, .action = ACTION_COMMIT },
		    VERIFY_NONE },
	};
	/* what is queued is its own business: kept until the process ends */
	static struct engine *engines[nitems(rows)];
	struct engine *e;
	uint32_t mode;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		e = engines[i] = engine_new();
		actions_add(e, &rows[i].set);
		mode = VERIFY_NONE;
		actions_admin_mode(e, &mode);
		assert_false(STAILQ_EMPTY(&e->actions));
		if (mode != rows[i].shown)
			fail_msg("%s", rows[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_a_refusal_says_why),
		cmocka_unit_test(test_timeout_and_spin_lock),
		cmocka_unit_test(test_mode),
	};

	log_open("test", 1, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
