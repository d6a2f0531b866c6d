/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/names.h"

/* The MIB's numbers are the C values plus one, and each text is kebab-case. */
static void
rows_are_complete(void **state)
{
	const struct names *names;
	size_t i, k;

	(void)state;
	for (i = 0; (names = all_names[i]) != NULL; i++) {
		assert_non_null(names->mib_type);
		assert_non_null(names->yang_type);
		for (k = 0; k < names->count; k++) {
			if (names->rows[k].mib != (int)k + 1)
				fail_msg("%s: row %zu is %d", names->mib_type, k,
				    names->rows[k].mib);
			if (names->rows[k].text == NULL ||
			    strspn(names->rows[k].text,
				"abcdefghijklmnopqrstuvwxyz0123456789-") !=
				strlen(names->rows[k].text))
				fail_msg("%s: row %zu", names->mib_type, k);
			if (name_find(names, names->rows[k].text) != (int)k)
				fail_msg("%s: %s twice", names->mib_type,
				    names->rows[k].text);
		}
	}
	assert_int_equal(i, 14);
}

static const struct {
	const struct names *names;
	unsigned int value;
	const char *text;
	int mib;
} rows[] = {
	{ &verify_mode_names, VERIFY_OUTGOING_AND_INCOMING, "outgoing-and-incoming",
	    3 },
	{ &severity_names, SEVERITY_CRITICAL, "critical", 4 },
	{ &validity_names, VALIDITY_CLOCK_UNSET, "clock-unset", 7 },
	{ &key_status_names, KEY_STATUS_NOT_APPLICABLE, "not-applicable", 6 },
	{ &chain_status_names, CHAIN_BAD_PURPOSE, "bad-purpose", 8 },
	{ &clock_status_names, CLOCK_IMPLAUSIBLE, "implausible", 4 },
	{ &key_algorithm_names, KEY_MLDSA, "mldsa", 7 },
	{ &sync_state_names, SYNC_OUT, "out-of-sync", 3 },
	{ &action_names, ACTION_COMMIT_DEFER_RESTART, "commit-defer-restart", 11 },
	{ &action_result_names, RESULT_ROLLED_BACK, "rolled-back", 6 },
	{ &config_state_names, CONFIG_STUCK, "stuck", 8 },
	{ &service_state_names, SERVICE_RESTARTING, "restarting", 5 },
	{ &feature_state_names, FEATURE_MISSING, "missing", 3 },
	{ &origin_names, ORIGIN_AUTO_ROLLBACK, "auto-rollback", 6 },
	/* out of range: the first, which is the unknown one */
	{ &verify_mode_names, VERIFY_MODE_MAX, "none", 1 },
	{ &validity_names, VALIDITY_MAX, "unknown", 1 },
	{ &origin_names, (unsigned int)-1, "unknown", 1 },
	{ &action_names, 4711, "noop", 1 },
};

static void
values_have_their_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		assert_string_equal(name_text(rows[i].names, rows[i].value),
		    rows[i].text);
		assert_int_equal(name_mib(rows[i].names, rows[i].value), rows[i].mib);
	}
}

static void
unknown_texts_are_not_found(void **state)
{
	static const char *const texts[] = { "", "Outgoing", "outgoing ", "outgoin",
		"outgoingAndIncoming", "1", "unknown" };
	size_t i;

	(void)state;
	for (i = 0; i < nitems(texts); i++)
		if (name_find(&verify_mode_names, texts[i]) != -1)
			fail_msg("\"%s\" found", texts[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(values_have_their_names),
		cmocka_unit_test(unknown_texts_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
