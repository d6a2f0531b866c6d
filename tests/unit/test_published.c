/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bytes.h"
#include "lib/published.h"

static struct published file;

static void
make(void)
{
	static struct status status;

	memset(&status, 0, sizeof(status));
	memset(&file, 0, sizeof(file));
	memcpy(file.magic, PUBLISHED_MAGIC, sizeof(file.magic));
	file.version = PUBLISHED_VERSION;
	file.size = sizeof(file);
	status.nservices = LIMIT_SERVICES;
	status.ncommits = LIMIT_HISTORY;
	status.nnotices = LIMIT_NOTICES;
	published_fill(&file, &status);
}

#define TEXT(member)                                                                   \
	{                                                                              \
#member, offsetof(struct status, member),                              \
		    sizeof(((struct status *)NULL)->member)                            \
	}

/* Every text a handler may read up to its end. */
static const struct {
	const char *name;
	size_t offset, size;
} texts[] = {
	TEXT(candidate_user),
	TEXT(candidate_problem.where),
	TEXT(candidate_problem.element),
	TEXT(candidate_problem.text),
	TEXT(lock_user),
	TEXT(confirm_user),
	TEXT(confirm_persist),
	TEXT(last_user),
	TEXT(last_error.where),
	TEXT(last_error.element),
	TEXT(last_error.text),
	TEXT(refused_user),
	TEXT(refused_text),
	TEXT(files_problem),
	TEXT(model),
	TEXT(host),
	TEXT(source),
	TEXT(import_source),
	TEXT(services[0].name),
	TEXT(services[LIMIT_SERVICES - 1].name),
	TEXT(services[3].last_error),
	TEXT(commits[0].user),
	TEXT(commits[1].comment),
	TEXT(commits[2].error_text),
	TEXT(commits[LIMIT_HISTORY - 1].changes),
	TEXT(notices[0].text),
	TEXT(notices[LIMIT_NOTICES - 1].text),
};

static void
test_a_text_without_an_end_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(texts); i++) {
		make();
		assert_null(published_check(&file));
		memset((char *)&file.status + texts[i].offset, 'x', texts[i].size);
		if (published_check(&file) == NULL)
			fail_msg("%s may have no end", texts[i].name);
	}
}

static void
test_counts_and_heads(void **state)
{
	(void)state;
	make();
	file.status.nservices = LIMIT_SERVICES + 1;
	assert_non_null(published_check(&file));
	make();
	file.status.ncommits = UINT32_MAX;
	assert_non_null(published_check(&file));
	make();
	file.status.nnotices = LIMIT_NOTICES + 1;
	assert_non_null(published_check(&file));
	make();
	file.version++;
	assert_non_null(published_check(&file));
	make();
	file.size--;
	assert_non_null(published_check(&file));
	make();
	file.magic[0] = 'X';
	assert_non_null(published_check(&file));
}

/* Rows beyond the count are nobody's business. */
static void
test_rows_that_are_not_there_may_hold_anything(void **state)
{
	(void)state;
	make();
	file.status.nservices = 0;
	memset(file.status.services, 'x', sizeof(file.status.services));
	assert_null(published_check(&file));
}

static void
test_what_the_mib_does_not_show_is_left_out(void **state)
{
	static struct status status;
	const char *const all = (const char *)&file.status;

	(void)state;
	snprintf(status.confirm_persist, sizeof(status.confirm_persist), "secret");
	snprintf(status.confirm_user, sizeof(status.confirm_user), "secret");
	snprintf(status.refused_text, sizeof(status.refused_text), "secret");
	snprintf(status.refused_user, sizeof(status.refused_user), "secret");
	snprintf(status.candidate_problem.text, sizeof(status.candidate_problem.text),
	    "secret");
	snprintf(status.commits[0].comment, sizeof(status.commits[0].comment),
	    "secret");
	snprintf(status.commits[LIMIT_HISTORY - 1].changes,
	    sizeof(status.commits[0].changes), "secret");
	snprintf(status.last_user, sizeof(status.last_user), "operator");
	published_fill(&file, &status);
	assert_null(memmem(all, sizeof(file.status), "secret", 6));
	assert_string_equal(file.status.last_user, "operator");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_without_an_end_is_refused),
		cmocka_unit_test(test_counts_and_heads),
		cmocka_unit_test(test_rows_that_are_not_there_may_hold_anything),
		cmocka_unit_test(test_what_the_mib_does_not_show_is_left_out),
	};

	return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
