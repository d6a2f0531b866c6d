/* SPDX-License-Identifier: ISC */
#include "cli/next.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "lib/names.h"

#define SENTENCE 1024

/* Who a commit is by that SNMP began, and its persist-id. */
#define SNMP_USER "snmp"
#define SNMP_ID "snmp"

static void say(json_t *lines, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(json_t *lines, const char *fmt, ...)
{
	char text[SENTENCE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)json_array_append_new(lines, json_string(text));
}

static bool
is(const json_t *object, const char *name, const char *value)
{
	return strcmp(json_text(object, name), value) == 0;
}

/* "2026-11-23 08:00:49 UTC, by alice", with what of it is known. */
static const char *
when_and_who(const json_t *object, const char *when, char *buf, size_t size)
{
	const char *time = json_text(object, when), *user = json_text(object, "user");
	char date[40];

	(void)snprintf(buf, size, "%s%s%s",
	    *time != '\0' ? date_words(time, date, sizeof(date)) : "time unknown",
	    *user != '\0' ? ", by " : "", user);
	return buf;
}

static void
tell_stuck(const json_t *state, json_t *lines)
{
	int64_t generation = json_number(state, "generation");

	if (!is(state, "configuration-state", "stuck"))
		return;
	if (generation != 0)
		say(lines,
		    "Stuck: neither the last commit nor generation %" PRId64
		    ", whose files are in force, could be proven. Look at the services "
		    "and the log, then: certconf restart",
		    generation);
	else
		say(lines,
		    "Stuck: neither the last commit nor what was before could be "
		    "proven. Look at the services and the log, then: certconf restart");
}

static void
tell_commit(const json_t *state, json_t *lines)
{
	if (is(state, "configuration-state", "committing"))
		say(lines, "A commit is under way.");
	if (is(state, "configuration-state", "rolling-back"))
		say(lines, "A commit failed and is being rolled back.");
}

/* How who may end the waiting does that. */
static void
confirm_words(const json_t *waits, const char *me, char *buf, size_t size)
{
	const char *id = "";

	if (!json_flag(waits, "persistent")) {
		(void)snprintf(buf, size,
		    "only the session that began it can confirm it, and its end goes "
		    "back");
		return;
	}
	if (is(waits, "user", SNMP_USER) && strcmp(me, SNMP_USER) != 0)
		id = " --id " SNMP_ID;
	else if (!is(waits, "user", me))
		id = " --id ID";
	(void)snprintf(buf, size,
	    "certconf confirm%s keeps it, certconf cancel%s goes back", id, id);
}

static void
tell_confirm(const json_t *state, json_t *lines, const char *me)
{
	const json_t *waits = json_object_get(state, "confirmed-commit");
	char until[UNTIL_WORDS], how[128];

	if (waits == NULL)
		return;
	confirm_words(waits, me, how, sizeof(how));
	say(lines, "Awaiting confirmation until %s, begun by %s: %s",
	    until_words(json_text(waits, "until"), json_text(state, "current-time"),
		until, sizeof(until)),
	    json_text(waits, "user"), how);
}

static void
tell_lock(const json_t *state, json_t *lines)
{
	const json_t *lock = json_object_get(state, "lock");

	if (lock != NULL)
		say(lines, "The configuration is locked by %s.",
		    json_text(lock, "user"));
}

static void
tell_candidate(const json_t *state, json_t *lines)
{
	const json_t *candidate = json_object_get(state, "candidate");
	const char *problem = json_text(candidate, "problem");
	char who[160];

	if (candidate == NULL)
		return;
	when_and_who(candidate, "since", who, sizeof(who));
	if (json_flag(candidate, "conflict"))
		say(lines,
		    "Uncommitted changes (%s) conflict with what is in force: "
		    "certconf discard",
		    who);
	else if (*problem != '\0')
		say(lines,
		    "Uncommitted changes (%s) are not valid: %s. Correct them, or: "
		    "certconf discard",
		    who, problem);
	else
		say(lines,
		    "Uncommitted changes (%s): certconf commit, or certconf discard",
		    who);
}

const char *
pending_names(const json_t *state, bool device, char *buf, size_t size)
{
	const json_t *service;
	size_t i, len = 0;

	buf[0] = '\0';
	json_array_foreach(json_object_get(state, "service"), i, service) {
		if (json_flag(service, "restart-pending") &&
		    json_flag(service, "restart-device") == device && len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s",
			    len > 0 ? ", " : "", json_text(service, "name"));
	}
	return buf;
}

static void
tell_restart(const json_t *state, json_t *lines)
{
	char names[SENTENCE / 2];
	bool is_told = false;

	if (*pending_names(state, false, names, sizeof(names)) != '\0') {
		say(lines,
		    "A restart is pending: what is in force is not used yet by %s. "
		    "certconf restart finishes it",
		    names);
		is_told = true;
	}
	if (*pending_names(state, true, names, sizeof(names)) != '\0') {
		say(lines,
		    "A restart of the device is pending: only then what is in force is "
		    "used by %s.",
		    names);
		is_told = true;
	}
	if (!is_told && json_flag(state, "restart-pending"))
		say(lines,
		    "A restart is pending: what is in force is not used everywhere. "
		    "certconf restart finishes it");
}

static void
tell_files(const json_t *state, json_t *lines)
{
	if (json_has(state, "files-problem"))
		say(lines,
		    "The files in force are not as they were written: %s. "
		    "certconf rollback %" PRId64 " writes them again",
		    json_text(state, "files-problem"),
		    json_number(state, "generation"));
}

/* Whether what failed last is what was refused last, whose text may have been cut. */
static bool
is_refusal(const json_t *last, const json_t *refused)
{
	const char *text = json_text(refused, "text");

	return refused != NULL && is(last, "result", "failed") &&
	    is(last, "user", json_text(refused, "user")) &&
	    strncmp(json_text(last, "error-text"), text, strlen(text)) == 0;
}

static const char *
action_words(const json_t *last)
{
	return is(last, "action", "noop") ? "change" : json_text(last, "action");
}

/* Also when something else was done since; by then it is not known what it was of. */
static void
tell_refused(const json_t *state, json_t *lines)
{
	const json_t *refused = json_object_get(state, "refused");
	const json_t *last = json_object_get(state, "last");
	char who[160];

	if (refused != NULL)
		say(lines, "Last %s failed (%s): %s",
		    is_refusal(last, refused) ? action_words(last) : "import",
		    when_and_who(refused, "time", who, sizeof(who)),
		    json_text(refused, "text"));
}

static void
tell_kept(const json_t *state, json_t *lines)
{
	const char *text, *next;
	const json_t *kept;
	char since[40], date[40];
	size_t i;

	json_array_foreach(json_object_get(state, "kept-import"), i, kept) {
		text = json_text(kept, "error-text");
		next = json_text(kept, "next-try");
		say(lines, "An import of %s of %s failed and is kept%s%s. %s%s",
		    json_text(kept, "name"),
		    date_words(json_text(kept, "since"), since, sizeof(since)),
		    *text != '\0' ? ": " : "", text,
		    *next != '\0' ? "It is tried again at " : "It is not tried again",
		    *next != '\0' ? date_words(next, date, sizeof(date)) : "");
	}
}

/* A commit that nobody confirmed; the action is its way back. */
static bool
is_undone(const json_t *last)
{
	return is(last, "error", "confirm-timeout") &&
	    is(last, "result", "rolled-back");
}

/* A refusal is told once, by tell_refused(). */
static void
tell_last(const json_t *state, json_t *lines)
{
	const json_t *last = json_object_get(state, "last");
	const char *text = json_text(last, "error-text");
	char who[160];

	if (last == NULL || is(last, "action", "import") || *text == '\0' ||
	    is_refusal(last, json_object_get(state, "refused")))
		return;
	if (is_undone(last))
		say(lines, "Last commit with --confirm was undone (%s): %s",
		    when_and_who(last, "start", who, sizeof(who)), text);
	else if (is(last, "result", "rolled-back") || is(last, "result", "failed"))
		say(lines, "Last %s %s (%s): %s", action_words(last),
		    is(last, "result", "failed") ? "failed" : "was rolled back",
		    when_and_who(last, "start", who, sizeof(who)), text);
}

struct trouble {
	const char *leaf, *value;
	bool undefined;   /* only of a service without a definition */
	const char *what; /* after its name, before its last error */
	const char *cure; /* NULL: disable it */
};

/* Of an enabled service; the first that fits is told. */
static const struct trouble troubles[] = {
	{ "state", "failed", true, "is enabled", NULL },
	{ "feature", "missing", false, "is enabled, but its feature key is missing",
	    NULL },
	{ "state", "failed", false, "failed",
	    "Look at it and the log, then: certconf restart" },
	{ "state", "stopped", false, "does not answer",
	    "Start it, or: certconf restart" },
	{ "in-sync", "out-of-sync", false,
	    "serves another certificate than the one in force",
	    "Load it with: certconf restart" },
};

static void
tell_service(const json_t *service, json_t *lines)
{
	const char *name = json_text(service, "name");
	const char *error = json_text(service, "last-error");
	const struct trouble *t;
	char cure[160];
	size_t i;

	for (i = 0; i < nitems(troubles); i++) {
		t = &troubles[i];
		if (!is(service, t->leaf, t->value) ||
		    (strcmp(t->leaf, "in-sync") == 0 &&
			json_flag(service, "restart-pending")) ||
		    (t->undefined && json_has(service, "credential")))
			continue;
		(void)snprintf(cure, sizeof(cure),
		    "Provide it, or: certconf set service %s disabled --commit", name);
		say(lines, "%s %s%s%s. %s", name, t->what, *error != '\0' ? ": " : "",
		    error, t->cure != NULL ? t->cure : cure);
		return;
	}
}

static void
tell_services(const json_t *state, json_t *lines)
{
	const json_t *service;
	size_t i;

	json_array_foreach(json_object_get(state, "service"), i, service) {
		if (json_flag(service, "enabled"))
			tell_service(service, lines);
	}
}

struct flaw {
	const char *leaf, *value;
	bool with_trust_store; /* without one it is none */
	const char *text;
};

static const struct flaw flaws[] = {
	{ "status", "not-yet-valid", false,
	    "it is not valid yet. Look at the clock, or import another: certconf "
	    "import" },
	{ "key-status", "mismatch", false,
	    "its private key does not belong to it. Import both: certconf import" },
	{ "key-status", "missing", false,
	    "its private key is missing. Import both: certconf import" },
	{ "key-status", "unreadable", false,
	    "its private key cannot be read. Import both: certconf import" },
	{ "chain-status", "incomplete", true,
	    "its chain is incomplete: an issuer is neither given nor in the trust "
	    "store. Import it with its intermediates, or a trust store with its root" },
	{ "chain-status", "untrusted-root", true,
	    "its chain ends in a root that is not in the trust store. Import a trust "
	    "store with that root, or a certificate of another issuer" },
	{ "chain-status", "issuer-expired", false,
	    "an issuer in its chain has expired. Import its successor: certconf "
	    "import" },
	{ "chain-status", "bad-signature", false,
	    "a signature in its chain is wrong. Import it with the right issuers: "
	    "certconf import" },
	{ "chain-status", "bad-purpose", false,
	    "its chain does not allow it to be used for TLS. Import another: certconf "
	    "import" },
};

/* Whether what is wrong with it is anything to do. */
static bool
counts(const json_t *certificate)
{
	return json_flag(certificate, "in-use") && json_monitored(certificate);
}

static void
tell_flaws(const json_t *state, json_t *lines)
{
	bool trust = json_array_size(json_object_get(state, "trust-anchor")) > 0;
	const json_t *certificate;
	size_t i, k;

	json_array_foreach(json_object_get(state, "certificate"), i, certificate) {
		for (k = 0; counts(certificate) && k < nitems(flaws); k++) {
			if (is(certificate, flaws[k].leaf, flaws[k].value) &&
			    (trust || !flaws[k].with_trust_store))
				say(lines, "Certificate %s: %s",
				    json_text(certificate, "name"), flaws[k].text);
		}
	}
}

static const char *const ending[] = { "warning", "critical", "expired" };

static void
tell_expiry(const json_t *state, json_t *lines)
{
	const json_t *certificate;
	char days[64];
	size_t i, k;

	json_array_foreach(json_object_get(state, "certificate"), i, certificate) {
		for (k = 0; counts(certificate) && k < nitems(ending); k++) {
			if (is(certificate, "status", ending[k]))
				say(lines,
				    "Certificate %s: %s. Import its successor: "
				    "certconf import",
				    json_text(certificate, "name"),
				    days_words(json_number(certificate, "days-left"),
					days, sizeof(days)));
		}
	}
}

static void
tell_factory(const json_t *state, json_t *lines)
{
	const json_t *certificate;
	size_t i;

	if (!json_flag(state, "factory-in-use"))
		return;
	json_array_foreach(json_object_get(state, "certificate"), i, certificate) {
		if (json_flag(certificate, "factory") && !json_monitored(certificate))
			return; /* somebody knows, and wants it so */
	}
	say(lines,
	    "The factory certificate is in use. Import your own: "
	    "certconf import --cert FILE --key FILE --commit");
}

static void
tell_clock(const json_t *state, json_t *lines)
{
	if (is(state, "clock-status", "implausible"))
		say(lines,
		    "The clock cannot be right: dates are not judged until it is set.");
}

/* Good news is not to be had from an agent that sees a fault we do not know. */
static void
tell_unknown(const json_t *state, json_t *lines)
{
	const char *overall = json_text(state, "overall-status");

	if (json_array_size(lines) == 0 &&
	    (is(state, "overall-status", "warning") ||
		is(state, "overall-status", "critical")))
		say(lines,
		    "The status is %s for a reason the agent does not tell: look at "
		    "its log.",
		    overall);
}

/* Most urgent first. */
static void (*const tellers[])(const json_t *state, json_t *lines) = {
	tell_stuck, tell_files, tell_commit, tell_candidate, tell_lock, tell_restart,
	tell_refused, tell_kept, tell_last, tell_services, tell_flaws, tell_expiry,
	tell_factory, tell_clock,
	tell_unknown, /* the last: it looks at what the others found */
};

json_t *
next_steps(const json_t *state, const char *me)
{
	json_t *lines = json_array();
	size_t i;

	/* the only thing that ends by itself */
	if (lines != NULL)
		tell_confirm(state, lines, me);
	for (i = 0; lines != NULL && i < nitems(tellers); i++)
		tellers[i](state, lines);
	return lines;
}
