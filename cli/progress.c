/* SPDX-License-Identifier: ISC */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/next.h"
#include "cli/out.h"
#include "cli/reply.h"
#include "cli/state.h"
#include "lib/schema.h"

#define SENTENCE 512

struct progress {
	bool json;
	json_t *steps;
	int64_t tried; /* generation of the commit; 0: no step was told */
	bool told;     /* any step was */
	bool checked;  /* a check command refused it, so that nothing was touched */
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
	{ "check", ABOUT_SERVICE, "", " checked", "checked" },
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
	bool is_check = strcmp(json_text(step, "step"), "check") == 0;

	p->told = true;
	p->checked |= is_check && json_flag(step, "failed");
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

/* --- what is left to do after a success --- */

static void
tell_pending(const json_t *state, bool device, const char *how)
{
	char names[SENTENCE];

	if (*pending_names(state, device, names, sizeof(names)) == '\0')
		return;
	(void)fputs("A restart is pending for ", stdout);
	out_safe(stdout, names);
	(void)printf(": %s.\n", how);
}

static void
tell_waiting(const json_t *state)
{
	const json_t *waits = json_object_get(state, "confirmed-commit");
	char until[UNTIL_WORDS];

	if (waits != NULL)
		(void)printf("It goes back to generation %" PRId64
			     " at %s unless confirmed: certconf confirm.\n",
		    json_number(waits, "restore"),
		    until_words(json_text(waits, "until"),
			json_text(state, "current-time"), until, sizeof(until)));
	tell_pending(state, false, "certconf restart finishes it");
	tell_pending(state, true, "restart the device");
}

static void
add_waiting(json_t *json, const json_t *state)
{
	json_t *waits = json_object_get(state, "confirmed-commit");

	if (waits != NULL)
		(void)json_object_set(json, "confirmed-commit", waits);
	if (json_flag(state, "restart-pending"))
		(void)json_object_set_new(json, "restart-pending", json_true());
}

/*
 * The state is an extra: without it nothing is said of it.  The agent takes no step
 * when there is nothing to change or restart.
 */
static int
succeeded(const struct progress *p, const struct cli *cli, struct client *client,
    const struct request *request)
{
	const char *done =
	    request->stepless || p->told ? request->done : "Nothing had to be done";
	struct err err = { 0 };
	json_t *state = state_read(client, &err), *json;
	int64_t generation = p->tried;

	if (generation == 0)
		generation = json_number(state, "generation");
	if (p->json) {
		json = result_json(p, "success", generation);
		add_waiting(json, state);
		out_json(json);
	} else {
		if (generation != 0)
			(void)printf("%s: generation %" PRId64 " is in force.\n", done,
			    generation);
		else
			(void)printf("%s.\n", done);
		tell_waiting(state);
	}
	if (request->warn != NULL && state != NULL)
		request->warn(request->context, cli, state);
	json_decref(state);
	return EXIT_DONE;
}

/* --- and after a failure --- */

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

/* What a check refused has touched no service, and nothing had to be put back. */
static int
status_of(const struct progress *p, const struct cli *cli,
    const struct request *request, const struct err *err)
{
	if (p->back && err->code != ERR_STUCK)
		return EXIT_ROLLED_BACK;
	if (p->checked && !p->back)
		return EXIT_FAILED;
	return request->status != NULL ? request->status(cli, err) : cli_status(err);
}

static int
failed(const struct progress *p, const struct cli *cli, struct client *client,
    const struct request *request, const struct err *err)
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
	return is_lost ? EXIT_UNREACHABLE : status_of(p, cli, request, err);
}

static int
ask(struct client *client, const struct request *request, struct err *err)
{
	if (request->unreadable)
		return client_unreadable(client, request->pieces[0], err);
	return client_rpc(client, request->pieces, request->count, NULL, err);
}

/* What is no commit of this user's that waits was no reason to be busy. */
static bool
was_other_reason(const struct err *err)
{
	return err->code == ERR_BAD_ELEMENT || err->code == ERR_NOT_FOUND;
}

static int
ask_again(struct client *client, const struct request *request,
    const struct progress *p, struct err *err)
{
	struct err again = { 0 };

	if (request->extending == NULL || err->code != ERR_BUSY || p->told ||
	    client_lost(client))
		return -1;
	if (client_rpc(client, request->extending, request->count, NULL, &again) == 0)
		return 0;
	if (!was_other_reason(&again))
		*err = again;
	return -1;
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
	    (ask(client, request, &err) == 0 ||
		ask_again(client, request, &p, &err) == 0)) {
		status = succeeded(&p, cli, client, request);
	} else if (request->again != NULL && request->again(request->context, &err)) {
		status = PROGRESS_AGAIN;
	} else {
		if (request->explain != NULL)
			request->explain(request->context, cli, &err);
		status = failed(&p, cli, client, request, &err);
	}
	json_decref(p.steps);
	return status;
}
