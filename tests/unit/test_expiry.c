/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "agent/engine.h"
#include "agent/log.h"

#define HOUR 3600

/* An engine without a monitor: what it would have saved is taken as being saved. */
static struct engine *
engine_new(void)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct err err;

	assert_non_null(e);
	assert_non_null(e->base = event_base_new());
	assert_non_null(e->running = held_empty(&e->services, &err));
	LIST_INIT(&e->alarms);
	STAILQ_INIT(&e->outbox);
	e->counters_saving = true;
	return e;
}

static void
engine_free(struct engine *e)
{
	outbox_taken(e, UINT32_MAX);
	event_free(e->expiry_timer);
	if (e->publish_timer != NULL)
		event_free(e->publish_timer);
	event_base_free(e->base);
	held_drop(e->running);
	free(e);
}

static void
put_setting(struct engine *e, enum setting setting, uint32_t value)
{
	const struct setting_change change = { CHANGE_SETTING, setting, value };
	struct err err;
	struct held *changed = held_changed(e->running, &change, 1, &err);

	assert_non_null(changed);
	assert_int_equal(setting_get(&changed->snapshot.header->settings, setting),
	    value);
	held_drop(e->running);
	e->running = changed;
}

/* What waits for a restart is told again, as long as it waits. */
static void
test_restart_pending_is_repeated(void **state)
{
	static const struct {
		const char *name;
		uint64_t services;
		int64_t sent; /* so long ago */
		uint32_t repeat_hours, classes;
		uint32_t told;
	} rows[] = {
		{ "nothing waits", 0, 25 * HOUR, 24, 0xff, 0 },
		{ "told just now", 1, 0, 24, 0xff, 0 },
		{ "not yet", 1, 24 * HOUR - 60, 24, 0xff, 0 },
		{ "due", 1, 24 * HOUR, 24, 0xff, 1 },
		{ "due each hour", 4, HOUR, 1, 0xff, 1 },
		{ "once only", 1, 1000 * HOUR, 0, 0xff, 0 },
		{ "its class is off", 1, 25 * HOUR, 24, 0xbf, 0 },
	};
	struct engine *e;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		e = engine_new();
		e->pending.services = rows[i].services;
		e->notified[NOTIFY_RESTART_PENDING] = time(NULL) - rows[i].sent;
		put_setting(e, SETTING_REPEAT_HOURS, rows[i].repeat_hours);
		put_setting(e, SETTING_NOTIFY_ENABLE, rows[i].classes);
		expiry_check(e);
		if (e->counters.notify_seq != rows[i].told)
			fail_msg("%s", rows[i].name);
		expiry_check(e);
		if (e->counters.notify_seq != rows[i].told)
			fail_msg("%s: again at once", rows[i].name);
		engine_free(e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_pending_is_repeated),
	};

	log_open("test", 1, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
