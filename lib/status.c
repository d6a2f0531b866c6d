/* SPDX-License-Identifier: ISC */
/* Judging dates, and the thresholds they are judged by. */
#include "lib/status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY 86400
#define YEAR_1_BEGIN INT64_C(-62135596800)
#define YEAR_9999_END INT64_C(253402300799)

/* How long before the end a band begins.  0 per cent: days only. */
static int64_t
band(uint32_t days, uint32_t percent, int64_t lifetime)
{
	int64_t by_days = (int64_t)days * DAY;
	int64_t by_lifetime = lifetime / 100 * (percent < 100 ? percent : 100);

	if (percent == 0 || by_days < by_lifetime)
		return by_days;
	return by_lifetime;
}

/* Dates may come from a damaged snapshot: then the difference is cut off, not
 * undefined. */
static int64_t
seconds_between(int64_t from, int64_t to)
{
	int64_t seconds;

	if (__builtin_sub_overflow(to, from, &seconds))
		return to > from ? INT64_MAX : INT64_MIN;
	return seconds;
}

enum validity
validity_of(int64_t not_before, int64_t not_after, int64_t now, enum clock_status clock,
    const struct settings *settings)
{
	int64_t lifetime = seconds_between(not_before, not_after);
	int64_t left = seconds_between(now, not_after);

	if (clock == CLOCK_IMPLAUSIBLE)
		return VALIDITY_CLOCK_UNSET;
	if (now < not_before)
		return VALIDITY_NOT_YET_VALID;
	if (now > not_after)
		return VALIDITY_EXPIRED;
	if (left < band(settings->crit_days, settings->crit_percent, lifetime))
		return VALIDITY_CRITICAL;
	if (left < band(settings->warn_days, settings->warn_percent, lifetime))
		return VALIDITY_WARNING;
	return VALIDITY_VALID;
}

enum severity
severity_of(enum validity validity)
{
	static const enum severity severities[VALIDITY_MAX] = {
		[VALIDITY_UNKNOWN] = SEVERITY_UNKNOWN,
		[VALIDITY_VALID] = SEVERITY_OK,
		[VALIDITY_WARNING] = SEVERITY_WARNING,
		[VALIDITY_CRITICAL] = SEVERITY_CRITICAL,
		[VALIDITY_EXPIRED] = SEVERITY_CRITICAL,
		[VALIDITY_NOT_YET_VALID] = SEVERITY_CRITICAL,
		[VALIDITY_CLOCK_UNSET] = SEVERITY_WARNING,
	};

	return validity < VALIDITY_MAX ? severities[validity] : SEVERITY_UNKNOWN;
}

enum clock_status
clock_judge(int64_t now)
{
	return now < BUILD_DATE_EPOCH ? CLOCK_IMPLAUSIBLE : CLOCK_SYNCHRONIZED;
}

const char *
time_format(int64_t t, char *buf, size_t size)
{
	time_t time = (time_t)(t < YEAR_1_BEGIN ? YEAR_1_BEGIN
		: t > YEAR_9999_END             ? YEAR_9999_END
						: t);
	struct tm tm;

	if (size == 0)
		return buf;
	buf[0] = '\0';
	if (gmtime_r(&time, &tm) != NULL)
		(void)snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		    tm.tm_sec);
	return buf;
}

void
status_settle(struct status_commit *commits, uint32_t ncommits,
    enum action_result result)
{
	uint32_t i;

	for (i = 0; i < ncommits; i++)
		if (commits[i].result == RESULT_NEED_CONFIRM)
			commits[i].result = result;
}
