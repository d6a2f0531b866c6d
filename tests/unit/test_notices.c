/* SPDX-License-Identifier: ISC */
/* The sentences of the log of notifications: one of something is not several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/notify.h"

#define ENDS INT64_C(1800000000) /* 2027-01-15 */

/* A notification about n days, or n anchors, and how its sentence begins. */
static const struct {
	enum notify_kind kind;
	int n;
	const char *expect;
} sentences[] = {
	{ NOTIFY_LOCAL_EXPIRING, 0,
	    "Certificate edge expires in 0 days, on 2027-01-15" },
	{ NOTIFY_LOCAL_EXPIRING, 1,
	    "Certificate edge expires in 1 day, on 2027-01-15" },
	{ NOTIFY_LOCAL_EXPIRING, 20,
	    "Certificate edge expires in 20 days, on 2027-01-15" },
	{ NOTIFY_TRUST_EXPIRING, 1, "Trust anchor edge expires in 1 day, on 2027" },
	{ NOTIFY_TRUST_CHANGED, 0, "The trust store was changed; it has 0 anchors" },
	{ NOTIFY_TRUST_CHANGED, 1, "The trust store was changed; it has 1 anchor" },
	{ NOTIFY_TRUST_CHANGED, 150,
	    "The trust store was changed; it has 150 anchors" },
};

static void
test_one_and_several(void **state)
{
	struct status_notice notice;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(sentences); i++) {
		struct notification n = { .kind = sentences[i].kind, .index = 3 };

		if (n.kind == NOTIFY_TRUST_CHANGED) {
			n.u.trust.count = (uint32_t)sentences[i].n;
		} else {
			(void)snprintf(n.u.row.name, sizeof(n.u.row.name), "edge");
			n.u.row.days_left = sentences[i].n;
			n.u.row.not_after = ENDS;
			n.u.row.status = VALIDITY_WARNING;
		}
		notice_make(&n, &notice);
		if (strncmp(notice.text, sentences[i].expect,
			strlen(sentences[i].expect)) != 0)
			fail_msg("row %zu: %s", i, notice.text);
		if (n.kind == NOTIFY_TRUST_CHANGED)
			assert_string_equal(notice.text, sentences[i].expect);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_and_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
