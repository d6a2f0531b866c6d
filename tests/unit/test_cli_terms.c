/* SPDX-License-Identifier: ISC */
/* Durations, and the leaves of a request that say how it commits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/terms.h"
#include "lib/names.h"
#include "lib/schema.h"

static const struct {
	const char *text;
	uint32_t seconds; /* 0: it is none */
} durations[] = {
	{ "1", 1 },
	{ "90", 90 },
	{ "90s", 90 },
	{ "10m", 600 },
	{ "2h", 7200 },
	{ "24h", 86400 },
	{ "1d", 86400 },
	{ "86400", 86400 },
	{ "007", 7 },
	{ "86401", 0 },
	{ "25h", 0 },
	{ "2d", 0 },
	{ "0", 0 },
	{ "0m", 0 },
	{ "", 0 },
	{ "m", 0 },
	{ "10 m", 0 },
	{ "10min", 0 },
	{ "-5", 0 },
	{ "+5", 0 },
	{ "1.5h", 0 },
	{ "4294967297", 0 },
	{ "18446744073709551617", 0 },
	{ "999999999d", 0 },
};

static void
test_durations(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < nitems(durations); i++)
		if (duration_read(durations[i].text) != durations[i].seconds)
			fail_msg("\"%s\": %u", durations[i].text,
			    duration_read(durations[i].text));
}

#define OWN "urn:own"

static const struct {
	const char *name;
	struct terms terms;
	const char *confirm_ns;
	const char *expect;
} rows[] = {
	{ "for good", { .id = "a" }, OWN, "" },
	{ "deferred", { .defer_restart = true, .id = "a" }, OWN,
	    "<defer-restart xmlns=\"" OWN "\"/>" },
	{ "confirmed", { .timeout = 90, .id = "a<b" }, OWN,
	    "<confirm-timeout xmlns=\"" OWN "\">90</confirm-timeout>"
	    "<persist xmlns=\"" OWN "\">a&lt;b</persist>" },
	{ "confirmed, of NETCONF", { .timeout = 1, .id = "a" }, NETCONF_NS,
	    "<confirmed xmlns=\"" NETCONF_NS "\"/>"
	    "<confirm-timeout xmlns=\"" NETCONF_NS "\">1</confirm-timeout>"
	    "<persist xmlns=\"" NETCONF_NS "\">a</persist>" },
	{ "extended", { .timeout = 1, .id = "a", .extends = true }, OWN,
	    "<confirm-timeout xmlns=\"" OWN "\">1</confirm-timeout>"
	    "<persist xmlns=\"" OWN "\">a</persist>"
	    "<persist-id xmlns=\"" OWN "\">a</persist-id>" },
	{ "nothing to extend", { .id = "a", .extends = true }, OWN, "" },
};

static void
test_leaves(void **state)
{
	struct terms_ns ns = { .own = OWN };
	struct buf buf = { 0 };
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		ns.confirm = rows[i].confirm_ns;
		assert_int_equal(buf_add_text(&buf, ""), 0);
		assert_int_equal(terms_write(&buf, &rows[i].terms, &ns, &err), 0);
		if (strcmp((const char *)buf.data, rows[i].expect) != 0)
			fail_msg("%s: %s", rows[i].name, (const char *)buf.data);
		buf_clear(&buf);
	}
}

static void
test_own_id(void **state)
{
	char id[LIMIT_NAME + 1], user[TERMS_USER];

	(void)state;
	terms_id(id);
	assert_int_equal(strncmp(id, "certconf-cli:", 13), 0);
	assert_string_equal(id + 13, terms_user(user));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_own_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
