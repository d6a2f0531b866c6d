/* SPDX-License-Identifier: ISC */
/* certconf history: the last commits, newest first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"
#include "cli/state.h"

static const struct column columns[] = {
	{ .title = "GENERATION", .right = true },
	{ .title = "TIME" },
	{ .title = "USER" },
	{ .title = "FROM" },
	{ .title = "RESULT" },
	{ .title = "CHANGED", .cut = true },
	{ .title = "COMMENT", .cut = true },
};

#define RESULT_COLUMN 4

struct result {
	const char *name;
	enum severity severity;
};

static const struct result results[] = {
	{ "success", SEVERITY_OK },
	{ "need-confirm", SEVERITY_WARNING },
	{ "failed", SEVERITY_CRITICAL },
	{ "rolled-back", SEVERITY_WARNING },
};

static enum severity
severity_of_result(const char *result)
{
	size_t i;

	for (i = 0; i < nitems(results); i++) {
		if (strcmp(result, results[i].name) == 0)
			return results[i].severity;
	}
	return SEVERITY_UNKNOWN;
}

static int
add_commit(struct table *table, const json_t *commit, int64_t in_force)
{
	int64_t generation = json_number(commit, "generation");
	const char *result = json_text(commit, "result");
	bool now = generation == in_force &&
	    (strcmp(result, "success") == 0 || strcmp(result, "need-confirm") == 0);
	const char *error = json_text(commit, "error-text");
	char number[32], when[40];
	const char *const values[] = {
		number,
		date_words(json_text(commit, "time"), when, sizeof(when)),
		json_text(commit, "user"),
		json_text(commit, "origin"),
		result,
		json_text(commit, "changes"),
		*error != '\0' ? error : json_text(commit, "comment"),
	};

	(void)snprintf(number, sizeof(number), "%s%" PRId64, now ? "* " : "",
	    generation);
	if (table_row(table, values) == -1)
		return -1;
	table_paint(table, RESULT_COLUMN, severity_of_result(values[RESULT_COLUMN]));
	return 0;
}

static int
print_history(const json_t *state)
{
	const json_t *commits = json_object_get(state, "commit"), *commit;
	struct table *table;
	int rc = 0;
	size_t i;

	if (json_array_size(commits) == 0) {
		(void)puts("Nothing was committed yet.");
		return 0;
	}
	if ((table = table_new(columns, nitems(columns))) == NULL)
		return -1;
	json_array_foreach(commits, i, commit) {
		if (add_commit(table, commit, json_number(state, "generation")) == -1)
			rc = -1;
	}
	if (rc == 0) {
		table_print(table);
		(void)puts(
		    "\n* is in force. To go back to another: certconf rollback N");
	}
	table_free(table);
	return rc;
}

int
verb_history(struct cli *cli)
{
	int status = EXIT_DONE;
	struct err err = { 0 };
	struct client *client;
	json_t *state, *list;

	if ((client = cli_connect(cli)) == NULL)
		return EXIT_UNREACHABLE;
	if ((state = state_read(client, &err)) == NULL) {
		status = cli_fail_request(cli, client, &err);
	} else if (cli_has(cli, OPTION_JSON)) {
		list = json_object_get(state, "commit");
		out_json(json_pack("{s:o}", "commit",
		    list != NULL ? json_incref(list) : json_array()));
	} else if (print_history(state) == -1) {
		status = EXIT_FAILED;
	}
	json_decref(state);
	client_close(client);
	return status;
}
