/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/out.h"
#include "cli/terms.h"
#include "lib/names.h"

bool
cli_has(const struct cli *cli, enum option_id id)
{
	return cli->option[id] != NULL;
}

const char *
cli_socket(const struct cli *cli)
{
	const char *path = cli->option[OPTION_SOCKET];

	if (path == NULL)
		path = getenv("CERTCONF_SOCKET");
	return path != NULL && *path != '\0' ? path : RUN_DIR "/netconf.sock";
}

static void
safe_part(const char *text, const char *end)
{
	out_safe(stderr, text);
	(void)fputs(end, stderr);
}

/* "certconf: FILE line 12: /certconf/...: text"; the file is named once. */
void
cli_sentence(const struct cli *cli, const struct err *err)
{
	/* of a document the command made itself nobody has seen a line */
	uint32_t line = cli->file != NULL ? err->line : 0;
	bool in_file = cli->file != NULL && strcmp(cli->file, err->where) != 0 &&
	    (line != 0 || err->where[0] == '/' || err->where[0] == '\0');

	(void)fputs("certconf: ", stderr);
	if (in_file)
		safe_part(cli->file, line == 0 ? ": " : " ");
	if (line != 0)
		(void)fprintf(stderr, "line %" PRIu32 ": ", line);
	if (err->where[0] != '\0')
		safe_part(err->where, ": ");
	safe_part(err->text, "\n");
}

json_t *
cli_error_json(const struct cli *cli, const struct err *err)
{
	json_t *json = json_pack("{s:s, s:s}", "error-app-tag",
	    err_kind(err->code)->text, "error-message", err->text);

	if (cli->file != NULL)
		(void)json_object_set_new(json, "file", json_string(cli->file));
	if (cli->file != NULL && err->line != 0)
		(void)json_object_set_new(json, "line", json_integer(err->line));
	if (err->where[0] != '\0')
		(void)json_object_set_new(json, "error-path", json_string(err->where));
	return json;
}

int
cli_fail(const struct cli *cli, int status, const struct err *err)
{
	(void)fflush(stdout);
	cli_sentence(cli, err);
	if (cli_has(cli, OPTION_JSON))
		out_json(json_pack("{s:o}", "error", cli_error_json(cli, err)));
	return status;
}

int
cli_status(const struct err *err)
{
	return err->code == ERR_NOT_FOUND ? EXIT_INVALID
					  : err_kind(err->code)->exit_status;
}

int
cli_misuse(const struct cli *cli, const char *fmt, ...)
{
	const char *verb = cli->verb != NULL ? cli->verb->name : "";
	va_list ap;

	(void)fputs("certconf: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, " (see certconf help%s%s)\n", *verb != '\0' ? " " : "",
	    verb);
	return EXIT_USAGE;
}

/* "none, outgoing or outgoing-and-incoming" */
static const char *
list_modes(char *buf, size_t size)
{
	const char *before;
	size_t len = 0, i;

	buf[0] = '\0';
	for (i = 0; i < verify_mode_names.count && len < size; i++) {
		before = i == 0 ? "" : i + 1 < verify_mode_names.count ? ", " : " or ";
		len += (size_t)snprintf(buf + len, size - len, "%s%s", before,
		    verify_mode_names.rows[i].text);
	}
	return buf;
}

int
cli_no_mode(const struct cli *cli, const char *mode)
{
	char modes[128];

	return cli_misuse(cli, "there is no verification mode %s: it is %s", mode,
	    list_modes(modes, sizeof(modes)));
}

/* The options that say how a commit is made, where a verb need not make one. */
static const struct {
	enum option_id option;
	const char *name;
} of_commits[] = {
	{ OPTION_COMMENT, "--comment" },
	{ OPTION_CONFIRM, "--confirm" },
	{ OPTION_DEFER_RESTART, "--defer-restart" },
};

int
cli_terms(const struct cli *cli, struct terms *ret_terms)
{
	const char *time = cli->option[OPTION_CONFIRM];
	bool may_stage = (cli->verb->options & 1u << OPTION_COMMIT) != 0;
	size_t i;

	*ret_terms = (struct terms){
		.defer_restart = cli_has(cli, OPTION_DEFER_RESTART),
		.timeout = time != NULL ? duration_read(time) : 0,
	};
	for (i = 0; i < nitems(of_commits); i++) {
		if (may_stage && cli_has(cli, of_commits[i].option) &&
		    !cli_has(cli, OPTION_COMMIT))
			return cli_misuse(cli,
			    "%s needs --commit: otherwise give it to certconf commit",
			    of_commits[i].name);
	}
	if (time != NULL && ret_terms->timeout == 0)
		return cli_misuse(cli,
		    "--confirm takes a time such as 90s, 10m or 2h, of at most a day");
	terms_id(ret_terms->id);
	return EXIT_DONE;
}

void
cli_warn_incomplete(const char *subject)
{
	(void)fflush(stdout);
	(void)fputs("certconf: warning: the chain is incomplete: the issuer of ",
	    stderr);
	safe_part(subject, " is not given and not in the trust store\n");
}

struct client *
cli_connect(const struct cli *cli)
{
	struct err err = { 0 };
	struct client *client = client_open(cli_socket(cli), &err);

	if (client == NULL)
		(void)cli_fail(cli, EXIT_UNREACHABLE, &err);
	return client;
}

int
cli_fail_request(const struct cli *cli, const struct client *client,
    const struct err *err)
{
	return cli_fail(cli, client_lost(client) ? EXIT_UNREACHABLE : cli_status(err),
	    err);
}
