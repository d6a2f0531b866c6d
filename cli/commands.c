/* SPDX-License-Identifier: ISC */
/* The verbs that are one request each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/edit.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/state.h"
#include "cli/terms.h"
#include "lib/limits.h"
#include "lib/names.h"
#include "lib/schema.h"
#include "lib/settings.h"

#define START "<certconf xmlns=\"" CERTCONF_NS "\" xmlns:nc=\"" NETCONF_NS "\">"
#define END "</certconf>"

#define COMMENT 128      /* of ours, with its end */
#define NUMBER_DIGITS 20 /* of the largest generation */

/* What is said when a request that commits nothing has succeeded. */
static int
done(const struct cli *cli, const char *text, const char *next)
{
	json_t *json;

	if (cli_has(cli, OPTION_JSON)) {
		json = json_pack("{s:s, s:s}", "result", "success", "text", text);
		if (next != NULL)
			(void)json_object_set_new(json, "next", json_string(next));
		out_json(json);
		return EXIT_DONE;
	}
	(void)puts(text);
	if (next != NULL)
		(void)printf("Nothing is in force yet: %s\n", next);
	return EXIT_DONE;
}

static int
no_memory(const struct cli *cli)
{
	struct err err = { 0 };

	err_set(&err, ERR_MEMORY, NULL, "out of memory");
	return cli_fail(cli, EXIT_FAILED, &err);
}

/* One request, and what to say then. */
static int
ask(const struct cli *cli, const char *content, const char *text)
{
	struct err err = { 0 };
	struct client *client;
	int status;

	if ((client = cli_connect(cli)) == NULL)
		return EXIT_UNREACHABLE;
	if (client_ask(client, content, NULL, &err) == -1)
		status = cli_fail_request(cli, client, &err);
	else
		status = done(cli, text, NULL);
	client_close(client);
	return status;
}

/* A request; and the same once more, as one that extends what waits already. */
struct writing {
	struct buf content, extending;
};

static void
writing_clear(struct writing *w)
{
	buf_clear(&w->content);
	buf_clear(&w->extending);
}

/* One request whose steps are told. */
static int
ask_steps(struct cli *cli, const struct writing *w, bool judges, const char *text)
{
	const struct text piece = { (const char *)w->content.data, w->content.len };
	const struct text extending = { (const char *)w->extending.data,
		w->extending.len };
	const struct request request = {
		.pieces = &piece,
		.extending = extending.len > 0 ? &extending : NULL,
		.count = 1,
		.judges = judges,
		.done = text,
	};
	struct client *client;
	int status;

	if ((client = cli_connect(cli)) == NULL)
		return EXIT_UNREACHABLE;
	status = progress_run(cli, client, &request);
	client_close(client);
	return status;
}

int
verb_validate(struct cli *cli)
{
	return ask(cli, "<validate><source><candidate/></source></validate>",
	    "The candidate is valid.");
}

int
verb_discard(struct cli *cli)
{
	return ask(cli, "<discard-changes/>",
	    "The candidate is what is in force again.");
}

struct committing {
	const char *ns, *name;
	const char *leaf_ns; /* of its leaves: who defines them is not who defines it */
	bool judges;
	const char *generation; /* NULL: none is named */
	const char *comment;    /* unless the option gives one; NULL: none */
	struct terms terms;
};

/* What the history shall say of it: the person's words, else ours. */
static const char *
comment_of(const struct cli *cli, const char *ours)
{
	return cli_has(cli, OPTION_COMMENT) ? cli->option[OPTION_COMMENT] : ours;
}

static int
write_request(struct buf *content, const struct cli *cli,
    const struct committing *request, struct err *err)
{
	const struct edit_leaf leaves[] = {
		{ request->leaf_ns, "generation", request->generation },
		{ request->leaf_ns, "comment", comment_of(cli, request->comment) },
		{ request->leaf_ns, "from", "cli" },
	};
	const struct terms_ns ns = { request->leaf_ns, request->ns };
	size_t i;

	if (buf_printf(content, "<%s xmlns=\"%s\">", request->name, request->ns) == -1)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	for (i = 0; i < nitems(leaves); i++) {
		if (edit_leaf(content, &leaves[i], err) == -1)
			return -1;
	}
	if (terms_write(content, &request->terms, &ns, err) == -1)
		return -1;
	if (buf_printf(content, "</%s>", request->name) == -1)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	return 0;
}

static int
write_both(struct writing *w, const struct cli *cli, struct committing *request,
    struct err *err)
{
	if (write_request(&w->content, cli, request, err) == -1)
		return -1;
	if (request->terms.timeout == 0)
		return 0;
	request->terms.extends = true;
	return write_request(&w->extending, cli, request, err);
}

static int
run_request(struct cli *cli, struct committing *request)
{
	struct writing w = { { 0 }, { 0 } };
	struct err err = { 0 };
	int status;

	if ((status = cli_terms(cli, &request->terms)) != EXIT_DONE)
		return status;
	if (write_both(&w, cli, request, &err) == -1)
		status = cli_fail(cli, cli_status(&err), &err);
	else
		status = ask_steps(cli, &w, request->judges, "Committed");
	writing_clear(&w);
	return status;
}

int
verb_commit(struct cli *cli)
{
	struct committing request = {
		.ns = NETCONF_NS,
		.name = "commit",
		.leaf_ns = CERTCONF_NETCONF_NS,
		.judges = true,
	};

	return run_request(cli, &request);
}

int
verb_rollback(struct cli *cli)
{
	const char *n = cli->noperands == 1 ? cli->operands[0] : NULL;
	char comment[COMMENT];
	struct committing request = {
		.ns = CERTCONF_NS,
		.name = "rollback",
		.leaf_ns = CERTCONF_NS,
		.generation = n,
		.comment = comment,
	};

	if (n != NULL &&
	    (*n == '\0' || strspn(n, "0123456789") != strlen(n) ||
		strlen(n) > NUMBER_DIGITS))
		return cli_misuse(cli,
		    "N is the number of a generation: certconf history");
	(void)snprintf(comment, sizeof(comment), "rollback to %s%s",
	    n != NULL ? "generation " : "the generation before", n != NULL ? n : "");
	return run_request(cli, &request);
}

int
verb_restart(struct cli *cli)
{
	struct writing w = { { 0 }, { 0 } };
	int status;

	if (buf_add_text(&w.content, "<restart xmlns=\"" CERTCONF_NS "\"/>") == -1)
		return no_memory(cli);
	status = ask_steps(cli, &w, false, "Restarted");
	writing_clear(&w);
	return status;
}

/* --- changes --- */

static int
stage(const struct cli *cli, const struct buf *content, const char *text)
{
	const struct text piece = { (const char *)content->data, content->len };
	struct err err = { 0 };
	struct client *client;
	int status;

	if ((client = cli_connect(cli)) == NULL)
		return EXIT_UNREACHABLE;
	if (client_rpc(client, &piece, 1, NULL, &err) == -1)
		status = cli_fail_request(cli, client, &err);
	else
		status = done(cli, text, "certconf commit");
	client_close(client);
	return status;
}

static int
write_edit(struct buf *content, const struct edit *edit, const struct buf *config,
    struct err *err)
{
	if (edit_open(content, edit, NULL, err) == -1)
		return -1;
	if (buf_add(content, config->data, config->len) == -1 ||
	    buf_add_text(content, EDIT_CLOSE) == -1)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	return 0;
}

static int
write_edits(struct writing *w, struct edit *edit, const struct buf *config,
    struct err *err)
{
	if (write_edit(&w->content, edit, config, err) == -1)
		return -1;
	if (edit->terms.timeout == 0)
		return 0;
	edit->terms.extends = true;
	return write_edit(&w->extending, edit, config, err);
}

/*
 * A change of the configuration: to the candidate, and then text is said; or with
 * --commit at once, with this comment unless another is given.
 */
static int
change(struct cli *cli, const struct buf *config, const char *text, const char *comment)
{
	struct edit edit = {
		.running = cli_has(cli, OPTION_COMMIT),
		.from = "cli",
		.comment =
		    cli_has(cli, OPTION_COMMIT) ? comment_of(cli, comment) : NULL,
	};
	struct writing w = { { 0 }, { 0 } };
	struct err err = { 0 };
	int status;

	if ((status = cli_terms(cli, &edit.terms)) != EXIT_DONE)
		return status;
	if (write_edits(&w, &edit, config, &err) == -1)
		status = cli_fail(cli, cli_status(&err), &err);
	else if (edit.running)
		status = ask_steps(cli, &w, true, "Committed");
	else
		status = stage(cli, &w.content, text);
	writing_clear(&w);
	return status;
}

static int
set_mode(struct cli *cli)
{
	const char *mode = cli->operands[1];
	struct buf config = { 0 };
	char comment[COMMENT];
	int status;

	if (cli->noperands != 2)
		return cli_misuse(cli, "usage: certconf set verification-mode MODE");
	if (name_find(&verify_mode_names, mode) == -1)
		return cli_no_mode(cli, mode);
	if (buf_printf(&config, START "<verification-mode>%s</verification-mode>" END,
		mode) == -1)
		return no_memory(cli);
	(void)snprintf(comment, sizeof(comment), "verification mode %s", mode);
	status = change(cli, &config, "The candidate has the new verification mode.",
	    comment);
	buf_clear(&config);
	return status;
}

struct service_switch {
	const char *word;
	const char *value, *text;
};

static const struct service_switch switches[] = {
	{ "enabled", "true", "The service is enabled in the candidate." },
	{ "disabled", "false", "The service is disabled in the candidate." },
};

static const struct service_switch *
switch_find(const char *word)
{
	size_t i;

	for (i = 0; i < nitems(switches); i++) {
		if (strcmp(switches[i].word, word) == 0)
			return &switches[i];
	}
	return NULL;
}

static int
set_service(struct cli *cli)
{
	const struct service_switch *s =
	    cli->noperands == 3 ? switch_find(cli->operands[2]) : NULL;
	const char *name = cli->operands[1];
	bool too_long = strlen(name) > LIMIT_NAME; /* the agent will say so */
	struct buf config = { 0 };
	char comment[COMMENT];
	struct err err = { 0 };
	int status;

	if (s == NULL)
		return cli_misuse(cli, "a service is set to enabled or disabled");
	(void)snprintf(comment, sizeof(comment), "service %s %s",
	    too_long ? "with a long name" : name, s->word);
	if (buf_add_text(&config, START "<service><name>") == -1 ||
	    markup_value(&config, "service", name, &err) == -1 ||
	    buf_printf(&config, "</name><enabled>%s</enabled></service>" END,
		s->value) == -1)
		status = err.code == ERR_NONE ? no_memory(cli)
					      : cli_fail(cli, EXIT_INVALID, &err);
	else
		status = change(cli, &config, s->text, comment);
	buf_clear(&config);
	return status;
}

/* --- monitoring --- */

static bool
is_setting(const char *name)
{
	for (unsigned int i = 0; i < SETTING_MAX; i++) {
		if (strcmp(name, setting_rows[i].leaf) == 0)
			return true;
	}
	return false;
}

/* What is wrong with the value is for the agent to say. */
static int
write_setting(struct buf *config, const char *name, const char *value, struct err *err)
{
	const bool is_default = strcmp(value, "default") == 0;

	(void)buf_printf(config, START "<monitoring><%s%s>", name,
	    is_default ? " nc:operation=\"remove\"" : "");
	if (!is_default && markup_value(config, name, value, err) == -1)
		return -1;
	return buf_printf(config, "</%s></monitoring>" END, name);
}

static int
set_monitoring(struct cli *cli)
{
	const char *name = cli->operands[1];
	struct buf config = { 0 };
	struct err err = { 0 };
	char comment[COMMENT];
	int status;

	if (cli->noperands != 3)
		return cli_misuse(cli,
		    "usage: certconf set monitoring SETTING VALUE|default");
	if (!is_setting(name))
		return cli_misuse(cli, "there is no setting %s: certconf(1)", name);
	(void)snprintf(comment, sizeof(comment), "%s %.64s", name, cli->operands[2]);
	if (write_setting(&config, name, cli->operands[2], &err) == -1)
		status = err.code == ERR_NONE ? no_memory(cli)
					      : cli_fail(cli, EXIT_INVALID, &err);
	else
		status =
		    change(cli, &config, "The candidate has the setting.", comment);
	buf_clear(&config);
	return status;
}

static const struct service_switch monitor_switches[] = {
	{ "monitored", "true", "The candidate has it monitored." },
	{ "unmonitored", "false", "The candidate does not have it monitored." },
};

/* The entry of a list of monitoring: "certificate" or "trust-anchor". */
static int
set_monitored(struct cli *cli)
{
	const char *list = cli->operands[0], *name = cli->operands[1];
	const struct service_switch *s = NULL;
	struct buf config = { 0 };
	struct err err = { 0 };
	char comment[COMMENT];
	int status;

	for (size_t i = 0; cli->noperands == 3 && i < nitems(monitor_switches); i++) {
		if (strcmp(cli->operands[2], monitor_switches[i].word) == 0)
			s = &monitor_switches[i];
	}
	if (s == NULL)
		return cli_misuse(cli, "a %s is set to monitored or unmonitored", list);
	(void)snprintf(comment, sizeof(comment), "%s %.64s %s", list, name, s->word);
	if (buf_printf(&config, START "<monitoring><%s><name>", list) == -1 ||
	    markup_value(&config, list, name, &err) == -1 ||
	    buf_printf(&config, "</name><monitor>%s</monitor></%s></monitoring>" END,
		s->value, list) == -1)
		status = err.code == ERR_NONE ? no_memory(cli)
					      : cli_fail(cli, EXIT_INVALID, &err);
	else
		status = change(cli, &config, s->text, comment);
	buf_clear(&config);
	return status;
}

/* --- deletions --- */

static int delete (struct cli *cli, const char *element, const char *text,
    const char *comment)
{
	struct buf config = { 0 };
	int status;

	if (buf_printf(&config, START "%s" END, element) == -1)
		return no_memory(cli);
	status = change(cli, &config, text, comment);
	buf_clear(&config);
	return status;
}

static int
delete_certificate(struct cli *cli)
{
	return delete (cli,
	    "<credential nc:operation=\"delete\"><name>local</name></credential>",
	    "The candidate has no certificate of yours: the factory one is to serve.",
	    "certificate deleted");
}

static int
delete_trust_store(struct cli *cli)
{
	return delete (cli, "<trust-store nc:operation=\"delete\"/>",
	    "The candidate has no trust store.", "trust store deleted");
}

struct object {
	const char *name;
	int (*run)(struct cli *);
};

static const struct object settable[] = {
	{ "verification-mode", set_mode },
	{ "service", set_service },
	{ "monitoring", set_monitoring },
	{ "certificate", set_monitored },
	{ "trust-anchor", set_monitored },
	{ .name = NULL },
};

static const struct object deletable[] = {
	{ "certificate", delete_certificate },
	{ "trust-store", delete_trust_store },
	{ .name = NULL },
};

static int
run_object(struct cli *cli, const struct object *objects)
{
	const struct object *o;

	for (o = objects; o->name != NULL; o++) {
		if (strcmp(o->name, cli->operands[0]) == 0)
			return o->run(cli);
	}
	return cli_misuse(cli, "%s what? there is no %s", cli->verb->name,
	    cli->operands[0]);
}

int
verb_set(struct cli *cli)
{
	return run_object(cli, settable);
}

int
verb_delete(struct cli *cli)
{
	return run_object(cli, deletable);
}

/* --- version --- */

int
verb_version(struct cli *cli)
{
	struct err err = { 0 };
	struct client *client = client_open(cli_socket(cli), &err);
	json_t *state = client != NULL ? state_read(client, &err) : NULL;
	const char *agent = json_text(state, "version");

	if (cli_has(cli, OPTION_JSON)) {
		out_json(json_pack("{s:s, s:s*}", "version", PACKAGE_VERSION,
		    "agent-version", *agent != '\0' ? agent : NULL));
	} else {
		(void)puts("certconf " PACKAGE_VERSION);
		(void)printf("agent    %s\n", *agent != '\0' ? agent : "not reached");
	}
	json_decref(state);
	client_close(client);
	return EXIT_DONE;
}
