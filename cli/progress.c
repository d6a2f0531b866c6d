/* SPDX-License-Identifier: ISC */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "cli/reply.h"
#include "cli/state.h"
#include "lib/schema.h"

struct progress {
	bool json;
	json_t *steps;
	int64_t tried; /* generation of the commit; 0: no step was told */
	bool back;     /* it went back to the generation before */
	bool proven;   /* and a probe saw that one served */
	bool judged; /* that the agent found it valid has been said, or is not to be */
};

enum about { ABOUT_NOTHING, ABOUT_GENERATION, ABOUT_SERVICE };

struct wording {
	const char *step;
	enum about about;
	const char *before, *after; /* around what it is about */
	const char *text;           /* the agent's, if only this one is reworded */
};

/* Steps whose end we put in words of our own. */
static const struct wording wordings[] = {
	{ "validate", ABOUT_NOTHING, "validated", "", NULL },
	{ "stage", ABOUT_GENERATION, "staged generation ", "", NULL },
	{ "restart", ABOUT_SERVICE, "", " restarted", "restarted" },
};

static const struct wording *
wording_of(const char *step, const char *text)
{
	size_t i;

	for (i = 0; i < nitems(wordings); i++) {
		if (strcmp(wordings[i].step, step) != 0)
			continue;
		if (wordings[i].text == NULL || *text == '\0' ||
		    strcmp(wordings[i].text, text) == 0)
			return &wordings[i];
	}
	return NULL;
}

static void
remember(struct progress *p, const json_t *step)
{
	bool is_probe = strcmp(json_text(step, "step"), "probe") == 0;

	if (!json_flag(step, "rolling-back")) {
		if (json_number(step, "generation") != 0)
			p->tried = json_number(step, "generation");
		return;
	}
	p->back = true;
	if (is_probe)
		p->proven = !json_flag(step, "failed");
}

/* The agent's words, after the service they are about. */
static void
tell_text(const json_t *step, const char *text, enum severity severity)
{
	const char *service = json_text(step, "service");

	if (*service != '\0') {
		out_safe(stdout, service);
		(void)fputs(": ", stdout);
	}
	out_painted(stdout, severity, text);
}

static void
tell_wording(const json_t *step, const struct wording *w)
{
	(void)fputs(w->before, stdout);
	if (w->about == ABOUT_GENERATION)
		(void)printf("%" PRId64, json_number(step, "generation"));
	if (w->about == ABOUT_SERVICE)
		out_safe(stdout, json_text(step, "service"));
	(void)fputs(w->after, stdout);
}

static void
tell(const json_t *step)
{
	const char *text = json_text(step, "text");
	const struct wording *w = wording_of(json_text(step, "step"), text);
	bool is_failed = json_flag(step, "failed");

	if (*text == '\0' && w == NULL && !is_failed)
		return;
	(void)fputs("  ", stdout);
	if (is_failed)
		tell_text(step, *text != '\0' ? text : "failed", SEVERITY_CRITICAL);
	else if (w != NULL)
		tell_wording(step, w);
	else
		tell_text(step, text, SEVERITY_UNKNOWN);
	(void)putchar('\n');
	(void)fflush(stdout);
}

static void
on_event(void *context, const xmlNode *notification)
{
	const xmlNode *n = node_child(notification, "commit-step");
	struct progress *p = context;
	json_t *step;

	if (!node_is(n, CERTCONF_NS, "commit-step") || (step = reply_json(n)) == NULL)
		return;
	remember(p, step);
	if (p->json) {
		(void)json_array_append_new(p->steps, step);
		return;
	}
	if (!p->judged)
		(void)puts(
		    "  validated"); /* or it would not have come to a first step */
	p->judged = true;
	if (strcmp(json_text(step, "step"), "done") != 0)
		tell(step); /* the end has a line of its own */
	json_decref(step);
}

/* Warnings are an extra: without an answer there are none. */
static void
look_after(const struct cli *cli, struct client *client, const struct request *request)
{
	struct err err = { 0 };
	json_t *state;

	if (request->warn == NULL || (state = state_read(client, &err)) == NULL)
		return;
	request->warn(request->context, cli, state);
	json_decref(state);
}

/* Which generation is in force; 0 when it cannot be told. */
static int64_t
in_force(struct client *client)
{
	struct err err = { 0 };
	json_t *state = client_lost(client) ? NULL : state_read(client, &err);
	int64_t generation = json_number(state, "generation");

	json_decref(state);
	return generation;
}

static json_t *
result_json(const struct progress *p, const char *result, int64_t generation)
{
	json_t *json = json_pack("{s:s, s:O}", "result", result, "steps", p->steps);

	if (generation != 0)
		(void)json_object_set_new(json, "generation", json_integer(generation));
	return json;
}

static int
succeeded(const struct progress *p, struct client *client, const char *done)
{
	int64_t generation = p->tried != 0 ? p->tried : in_force(client);
	/* The agent takes no step when there is nothing to change or restart. */
	const char *what = p->tried != 0 ? done : "Nothing had to be done";

	if (p->json)
		out_json(result_json(p, "success", generation));
	else if (generation != 0)
		(void)printf("%s: generation %" PRId64 " is in force.\n", what,
		    generation);
	else
		(void)printf("%s.\n", what);
	return EXIT_DONE;
}

/* The way back succeeded too: what was in force before is again. */
static void
tell_back(const struct progress *p, int64_t generation)
{
	const char *how = p->proven ? ", proven by probe" : "";

	if (generation != 0)
		(void)printf("Rolled back: generation %" PRId64 " is in force%s.\n",
		    generation, how);
	else
		(void)printf("Rolled back: what was in force before is again%s.\n",
		    how);
}

/* The way back failed too: a person must look. */
static void
tell_stuck(const struct progress *p, int64_t generation)
{
	if (generation != 0 && p->tried != 0 && p->tried != generation)
		(void)printf("Stuck: neither generation %" PRId64 " nor %" PRId64
			     " could be proven; generation %" PRId64
			     "'s files are in force. ",
		    p->tried, generation, generation);
	else
		(void)fputs("Stuck: neither the new generation nor the one before "
			    "could be proven. ",
		    stdout);
	(void)puts("Look at the service, then: certconf restart");
}

static int
failed(const struct cli *cli, const struct progress *p, struct client *client,
    const struct err *err)
{
	bool is_lost = client_lost(client);
	bool stuck = err->code == ERR_STUCK && !is_lost;
	bool back = p->back && !is_lost && !stuck;
	int64_t generation = back || stuck ? in_force(client) : 0;
	json_t *json;

	(void)fflush(stdout);
	cli_sentence(cli, err);
	if (is_lost)
		(void)
		    fputs("certconf: what became of it is not known: certconf status\n",
			stderr);
	if (p->json) {
		json = result_json(p, back ? "rolled-back" : "failed", generation);
		(void)json_object_set_new(json, "error", cli_error_json(cli, err));
		out_json(json);
	} else if (back) {
		tell_back(p, generation);
	} else if (stuck) {
		tell_stuck(p, generation);
	}
	if (is_lost)
		return EXIT_UNREACHABLE;
	return back ? EXIT_ROLLED_BACK : cli_status(err);
}

static int
ask(struct client *client, const struct request *request, struct err *err)
{
	if (request->unreadable)
		return client_unreadable(client, request->pieces[0], err);
	return client_rpc(client, request->pieces, request->count, NULL, err);
}

int
progress_run(struct cli *cli, struct client *client, const struct request *request)
{
	struct progress p = {
		.json = cli_has(cli, OPTION_JSON),
		.steps = json_array(),
		.judged = !request->judges,
	};
	struct err err = { 0 };
	int status;

	if (client_subscribe(client, on_event, &p, &err) == 0 &&
	    ask(client, request, &err) == 0) {
		status = succeeded(&p, client, request->done);
		look_after(cli, client, request);
	} else {
		if (request->explain != NULL)
			request->explain(request->context, cli, &err);
		status = failed(cli, &p, client, &err);
	}
	json_decref(p.steps);
	return status;
}
