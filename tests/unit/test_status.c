/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/status.h"

#define DAY INT64_C(86400)
#define YEAR (365 * DAY)
#define NOW INT64_C(1800000000)

static const struct settings zero;

/* Lifetimes and what is left of them; days and per cent as in CERTCONF-MIB. */
static const struct {
	const char *name;
	int64_t lifetime, left;
	enum clock_status clock;
	uint32_t warn_days, warn_percent, crit_days, crit_percent;
	enum validity expect;
} rows[] = {
	{ "a year, new", YEAR, 300 * DAY, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_VALID },
	{ "30 days left", YEAR, 30 * DAY, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_VALID },
	{ "29 days and more", YEAR, 30 * DAY - 1, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_WARNING },
	{ "7 days left", YEAR, 7 * DAY, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_WARNING },
	{ "6 days and more", YEAR, 7 * DAY - 1, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_CRITICAL },
	{ "the last second", YEAR, 0, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_CRITICAL },
	{ "one later", YEAR, -1, CLOCK_SYNCHRONIZED, 30, 33, 7, 10, VALIDITY_EXPIRED },
	{ "six days, half left", 6 * DAY, 3 * DAY, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_VALID },
	{ "six days, a third", 6 * DAY, 2 * DAY - 3600, CLOCK_SYNCHRONIZED, 30, 33, 7,
	    10, VALIDITY_WARNING },
	{ "six days, a tenth", 6 * DAY, DAY / 2, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_CRITICAL },
	{ "ten years, two left", 10 * YEAR, 2 * YEAR, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_VALID },
	{ "days only", 6 * DAY, 5 * DAY, CLOCK_SYNCHRONIZED, 30, 0, 7, 0,
	    VALIDITY_CRITICAL },
	{ "bands off", YEAR, 0, CLOCK_SYNCHRONIZED, 0, 33, 0, 10, VALIDITY_VALID },
	{ "not begun", YEAR, YEAR + 1, CLOCK_SYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_NOT_YET_VALID },
	{ "clock unset", YEAR, YEAR + 1, CLOCK_IMPLAUSIBLE, 30, 33, 7, 10,
	    VALIDITY_CLOCK_UNSET },
	{ "clock unset, expired", YEAR, -1, CLOCK_IMPLAUSIBLE, 30, 33, 7, 10,
	    VALIDITY_CLOCK_UNSET },
	{ "unsynchronized", YEAR, -1, CLOCK_UNSYNCHRONIZED, 30, 33, 7, 10,
	    VALIDITY_EXPIRED },
	{ "more than all of it", YEAR, YEAR - 1, CLOCK_SYNCHRONIZED, 3650, 1000, 0, 0,
	    VALIDITY_WARNING },
};

static void
validity(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct settings settings = { .warn_days = rows[i].warn_days,
			.warn_percent = rows[i].warn_percent,
			.crit_days = rows[i].crit_days,
			.crit_percent = rows[i].crit_percent };
		int64_t end = NOW + rows[i].left;
		enum validity got = validity_of(end - rows[i].lifetime, end, NOW,
		    rows[i].clock, &settings);

		if (got != rows[i].expect)
			fail_msg("%s: %s instead of %s", rows[i].name,
			    name_text(&validity_names, got),
			    name_text(&validity_names, rows[i].expect));
	}
}

/* What a damaged snapshot may hold must at least not overflow. */
static void
extremes(void **state)
{
	static const int64_t times[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, NOW,
		INT64_MAX - 1, INT64_MAX };
	struct settings settings;
	char buf[TIME_TEXT];

	(void)state;
	memset(&settings, 0xff, sizeof(settings));
	for (size_t a = 0; a < nitems(times); a++) {
		for (size_t b = 0; b < nitems(times); b++) {
			for (size_t c = 0; c < nitems(times); c++)
				assert_true(
				    validity_of(times[a], times[b], times[c],
					CLOCK_UNKNOWN, &settings) < VALIDITY_MAX);
		}
		assert_int_equal(strlen(time_format(times[a], buf, sizeof(buf))),
		    sizeof(buf) - 4);
	}
}

static void
severity(void **state)
{
	(void)state;
	assert_int_equal(severity_of(VALIDITY_VALID), SEVERITY_OK);
	assert_int_equal(severity_of(VALIDITY_WARNING), SEVERITY_WARNING);
	assert_int_equal(severity_of(VALIDITY_EXPIRED), SEVERITY_CRITICAL);
	assert_int_equal(severity_of(VALIDITY_CLOCK_UNSET), SEVERITY_WARNING);
	assert_int_equal(severity_of(VALIDITY_MAX), SEVERITY_UNKNOWN);
}

static void
defaults(void **state)
{
	struct settings settings = zero;

	(void)state;
	settings_default(&settings);
	assert_int_equal(settings.warn_days, 30);
	assert_int_equal(settings.warn_percent, 33);
	assert_int_equal(settings.crit_days, 7);
	assert_int_equal(settings.crit_percent, 10);
	assert_int_equal(settings.repeat_hours, 24);
	assert_int_equal(settings.min_interval, 5);
	assert_int_equal(settings.notify_enable, 0xff);
}

static void
system_clock(void **state)
{
	(void)state;
	assert_int_equal(clock_judge(0), CLOCK_IMPLAUSIBLE);
	assert_int_equal(clock_judge(BUILD_DATE_EPOCH - 1), CLOCK_IMPLAUSIBLE);
	assert_int_equal(clock_judge(BUILD_DATE_EPOCH), CLOCK_SYNCHRONIZED);
}

static const struct {
	int64_t t;
	const char *expect;
} times[] = {
	{ 0, "1970-01-01T00:00:00Z" },
	{ -1, "1969-12-31T23:59:59Z" },
	{ 1826956849, "2027-11-23T08:00:49Z" },
	{ INT64_C(4294967296), "2106-02-07T06:28:16Z" },
	{ INT64_C(253402300799), "9999-12-31T23:59:59Z" },
	{ INT64_C(253402300800), "9999-12-31T23:59:59Z" },
	{ INT64_MIN, "0001-01-01T00:00:00Z" },
};

static void
format(void **state)
{
	char buf[TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < nitems(times); i++)
		assert_string_equal(time_format(times[i].t, buf, sizeof(buf)),
		    times[i].expect);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(validity),
		cmocka_unit_test(extremes),
		cmocka_unit_test(severity),
		cmocka_unit_test(defaults),
		cmocka_unit_test(system_clock),
		cmocka_unit_test(format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
