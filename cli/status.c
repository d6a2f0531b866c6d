/* SPDX-License-Identifier: ISC */
/* certconf status: the device's certificate page, with its own words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/next.h"
#include "cli/out.h"
#include "cli/state.h"
#include "cli/terms.h"
#include "lib/status.h"

#define SHOWN 5 /* of a list, without --all */

struct word {
	const char *value; /* NULL ends the list */
	const char *words;
	enum severity severity;
};

static const struct word key_words[] = {
	{ "match", "Key matches certificate", SEVERITY_OK },
	{ "mismatch", "Key does not match certificate", SEVERITY_CRITICAL },
	{ "missing", "No private key", SEVERITY_CRITICAL },
	{ "unreadable", "Key cannot be read", SEVERITY_CRITICAL },
	{ NULL, "Not known", SEVERITY_UNKNOWN },
};

static const struct word mode_words[] = {
	{ "none", "No verification", SEVERITY_UNKNOWN },
	{ "outgoing", "Outgoing connections only", SEVERITY_UNKNOWN },
	{ "outgoing-and-incoming", "Outgoing connections and incoming calls",
	    SEVERITY_UNKNOWN },
	{ NULL, "Not known", SEVERITY_UNKNOWN },
};

static const struct word sync_words[] = {
	{ "in-sync", "certificate in force", SEVERITY_OK },
	{ "out-of-sync", "another certificate", SEVERITY_CRITICAL },
	{ NULL, "not known", SEVERITY_UNKNOWN },
};

static const struct word service_words[] = {
	{ "running", "running", SEVERITY_OK },
	{ "stopped", "stopped", SEVERITY_WARNING },
	{ "failed", "failed", SEVERITY_CRITICAL },
	{ "restarting", "restarting", SEVERITY_WARNING },
	{ NULL, "not known", SEVERITY_UNKNOWN },
};

static const struct word *
word_for(const struct word *words, const char *value)
{
	while (words->value != NULL && strcmp(words->value, value) != 0)
		words++;
	return words;
}

static enum severity
severity_of_text(const char *text)
{
	int value = name_find(&severity_names, text);

	return value == -1 ? SEVERITY_UNKNOWN : (enum severity)value;
}

static enum severity
severity_of_status(const char *text)
{
	int value = name_find(&validity_names, text);

	return value == -1 ? SEVERITY_UNKNOWN : severity_of((enum validity)value);
}

static void
heading(const char *title, const char *rest)
{
	(void)printf("\n%s", title);
	if (*rest != '\0')
		(void)fputs(": ", stdout);
	out_safe(stdout, rest);
	(void)putchar('\n');
}

static void
painted_field(const char *label, const struct word *word)
{
	(void)printf("  %-14s ", label);
	out_painted(stdout, word->severity, word->words);
	(void)putchar('\n');
}

/* Of its dates: none that anybody should look at when it is not monitored. */
static enum severity
severity_of_dates(const json_t *row)
{
	return json_monitored(row) ? severity_of_status(json_text(row, "status"))
				   : SEVERITY_UNKNOWN;
}

/* "5 of 132 are shown; all: certconf status --all" */
static void
note_rest(size_t shown, size_t count)
{
	if (shown < count)
		(void)printf("  and %zu more: certconf status --all\n", count - shown);
}

/* --- head --- */

static void
print_head(const json_t *state)
{
	const char *model = json_text(state, "model"),
		   *host = json_text(state, "host-name");
	const char *overall = json_text(state, "overall-status");
	char date[40];

	out_safe(stdout, *host != '\0' ? host : "(host name not set)");
	if (*model != '\0')
		(void)fputs(", ", stdout);
	out_safe(stdout, model);
	(void)fputs("\nStatus: ", stdout);
	out_painted(stdout, severity_of_text(overall),
	    *overall != '\0' ? overall : "unknown");
	if (json_has(state, "generation"))
		(void)printf(", generation %" PRId64, json_number(state, "generation"));
	if (json_has(state, "running-since"))
		(void)printf(" in force since %s",
		    date_words(json_text(state, "running-since"), date, sizeof(date)));
	(void)putchar('\n');
}

/* --- local certificate --- */

struct dn_label {
	const char *label, *leaf;
};

static const struct dn_label dn_labels[] = {
	{ "  C", "country" },
	{ "  ST", "state" },
	{ "  L", "locality" },
	{ "  O", "organization" },
	{ "  OU", "organizational-unit" },
	{ "  CN", "common-name" },
};

static void
print_name(const char *label, const json_t *parts)
{
	size_t i;

	(void)printf("  %s\n", label);
	for (i = 0; i < nitems(dn_labels); i++)
		out_field(dn_labels[i].label, json_text(parts, dn_labels[i].leaf));
}

static void
print_expiry(const json_t *certificate)
{
	char date[40], days[64];

	(void)printf("  %-14s ", "Expires");
	out_safe(stdout,
	    date_words(json_text(certificate, "not-after"), date, sizeof(date)));
	if (json_has(certificate, "days-left") && strcmp(date, "never") != 0) {
		(void)fputs(" (", stdout);
		out_painted(stdout, severity_of_dates(certificate),
		    days_words(json_number(certificate, "days-left"), days,
			sizeof(days)));
		(void)putchar(')');
	}
	(void)putchar('\n');
}

static void
print_chain(const json_t *certificate)
{
	char count[48], text[96];

	if (!json_has(certificate, "chain-status"))
		return;
	count_words(json_number(certificate, "chain-length"), "certificate", count,
	    sizeof(count));
	(void)snprintf(text, sizeof(text), "%s, %s",
	    json_text(certificate, "chain-status"), count);
	out_field("Chain", text);
}

static void
print_certificate(const json_t *certificate)
{
	char date[40];

	print_name("Subject", json_object_get(certificate, "subject-parts"));
	print_name("Issuer", json_object_get(certificate, "issuer-parts"));
	out_field("Issued",
	    date_words(json_text(certificate, "not-before"), date, sizeof(date)));
	print_expiry(certificate);
	if (!json_monitored(certificate))
		out_field("Monitored", "no");
	painted_field("Private key",
	    word_for(key_words, json_text(certificate, "key-status")));
	print_chain(certificate);
	if (json_has(certificate, "subject-alternative-names"))
		out_field("Also named",
		    json_text(certificate, "subject-alternative-names"));
	if (json_has(certificate, "fingerprint"))
		out_field("SHA-256", json_text(certificate, "fingerprint"));
}

/* What services use unless they say otherwise: local, or factory while it is absent. */
static const json_t *
local_certificate(const json_t *state)
{
	const json_t *local = state_named(state, "certificate", "local");

	return local != NULL ? local : state_named(state, "certificate", "factory");
}

static void
print_local(const json_t *state)
{
	const json_t *local = local_certificate(state);

	heading("Local certificate",
	    json_flag(local, "factory") ? "the factory certificate, made on this device"
					: "");
	if (local == NULL)
		(void)puts("  none");
	else
		print_certificate(local);
}

/* --- other certificates --- */

static const struct column other_columns[] = {
	{ .title = "NAME" },
	{ .title = "SUBJECT", .cut = true },
	{ .title = "EXPIRES" },
	{ .title = "PRIVATE KEY" },
	{ .title = "IN USE" },
};

static int
add_other(struct table *table, const json_t *certificate)
{
	const struct word *key =
	    word_for(key_words, json_text(certificate, "key-status"));
	char date[40], use[32];
	const char *const values[] = {
		json_text(certificate, "name"),
		json_text(certificate, "subject"),
		date_words(json_text(certificate, "not-after"), date, sizeof(date)),
		key->words,
		use,
	};

	(void)snprintf(use, sizeof(use), "%s%s",
	    json_flag(certificate, "in-use") ? "yes" : "no",
	    json_monitored(certificate) ? "" : ", not monitored");
	if (table_row(table, values) == -1)
		return -1;
	table_paint(table, 2, severity_of_dates(certificate));
	table_paint(table, 3, key->severity);
	return 0;
}

static void
print_others(const json_t *state, size_t limit)
{
	const json_t *list = json_object_get(state, "certificate"), *certificate;
	size_t i, shown = 0, count = json_array_size(list);
	struct table *table;

	if (count < 2 ||
	    (table = table_new(other_columns, nitems(other_columns))) == NULL)
		return;
	json_array_foreach(list, i, certificate) {
		if (certificate != local_certificate(state) && shown < limit &&
		    add_other(table, certificate) == 0)
			shown++;
	}
	heading("Other certificates", "");
	table_print(table);
	note_rest(shown, count - 1);
	table_free(table);
}

/* --- trust store --- */

static const struct column anchor_columns[] = {
	{ .title = "NAME", .cut = true },
	{ .title = "SUBJECT", .cut = true },
	{ .title = "ISSUER", .cut = true },
	{ .title = "ISSUED" },
	{ .title = "EXPIRES" },
};

static int
add_anchor(struct table *table, const json_t *anchor)
{
	const char *issuer = json_text(anchor, "issuer");
	char issued[11], expires[32];
	const char *const values[] = {
		json_text(anchor, "name"),
		json_text(anchor, "subject"),
		json_flag(anchor, "self-signed") ? "(the same)" : issuer,
		issued,
		expires,
	};

	(void)snprintf(issued, sizeof(issued), "%s", json_text(anchor, "not-before"));
	(void)snprintf(expires, sizeof(expires), "%.10s%s",
	    json_text(anchor, "not-after"),
	    json_monitored(anchor) ? "" : ", not monitored");
	if (table_row(table, values) == -1)
		return -1;
	table_paint(table, 4, severity_of_dates(anchor));
	return 0;
}

static void
print_trust(const json_t *state, size_t limit)
{
	const json_t *list = json_object_get(state, "trust-anchor"), *anchor;
	size_t i, count = json_array_size(list);
	struct table *table;
	char words[48];

	heading("Trust store",
	    count == 0
		? "none"
		: count_words((int64_t)count, "certificate", words, sizeof(words)));
	if (count == 0 ||
	    (table = table_new(anchor_columns, nitems(anchor_columns))) == NULL)
		return;
	json_array_foreach(list, i, anchor) {
		if (i == limit || add_anchor(table, anchor) == -1)
			break;
	}
	table_print(table);
	note_rest(i, count);
	table_free(table);
}

/* --- monitoring --- */

static void
print_override(const json_t *entry)
{
	char words[48], text[80];

	if (!json_has(entry, "warning-days"))
		return;
	count_words(json_number(entry, "warning-days"), "day", words, sizeof(words));
	(void)snprintf(text, sizeof(text), "warns %s before its end", words);
	out_field(json_text(entry, "name"), text);
}

/* What is not as it is by default; who is not monitored is told where it is shown. */
static void
print_monitoring(json_t *monitoring)
{
	const json_t *entry;
	const char *name;
	char number[24];
	json_t *value;
	size_t i;

	if (monitoring == NULL)
		return;
	heading("Monitoring", "");
	json_object_foreach(monitoring, name, value)
	{
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
		if (json_is_integer(value))
			out_field(name, number);
		else if (json_is_string(value))
			out_field(name, json_string_value(value));
	}
	json_array_foreach(json_object_get(monitoring, "certificate"), i, entry)
		print_override(entry);
}

/* --- services --- */

static const struct column service_columns[] = {
	{ .title = "SERVICE" },
	{ .title = "ENABLED" },
	{ .title = "CERTIFICATE" },
	{ .title = "STATE" },
	{ .title = "SERVES" },
	{ .title = "UNTIL" },
	{ .title = "LAST ERROR", .cut = true },
};

static int
add_service(struct table *table, const json_t *service)
{
	const struct word *sync = word_for(sync_words, json_text(service, "in-sync"));
	const struct word *run = word_for(service_words, json_text(service, "state"));
	bool locked = strcmp(json_text(service, "feature"), "missing") == 0;
	bool waits = json_flag(service, "restart-pending");
	bool is_old = waits && sync->severity == SEVERITY_CRITICAL;
	char state[64];
	char until[11];
	const char *const values[] = {
		json_text(service, "name"),
		json_flag(service, "enabled") ? "yes" : "no",
		json_text(service, "credential"),
		locked ? "feature key missing" : state,
		is_old ? "certificate before" : sync->words,
		until,
		json_text(service, "last-error"),
	};

	(void)snprintf(state, sizeof(state), "%s%s", run->words,
	    waits ? ", restart pending" : "");
	(void)snprintf(until, sizeof(until), "%s",
	    json_text(service, "served-not-after"));
	if (table_row(table, values) == -1)
		return -1;
	table_paint(table, 3,
	    locked || (waits && run->severity != SEVERITY_CRITICAL) ? SEVERITY_WARNING
								    : run->severity);
	table_paint(table, 4, is_old ? SEVERITY_WARNING : sync->severity);
	return 0;
}

static void
print_services(const json_t *state)
{
	const json_t *list = json_object_get(state, "service"), *service;
	struct table *table;
	size_t i;

	heading("Services", json_array_size(list) == 0 ? "none are defined" : "");
	if (json_array_size(list) == 0 ||
	    (table = table_new(service_columns, nitems(service_columns))) == NULL)
		return;
	json_array_foreach(list, i, service) {
		if (add_service(table, service) == -1)
			break;
	}
	table_print(table);
	table_free(table);
}

/* --- what to do next --- */

static void
print_next(const json_t *state)
{
	char me[TERMS_USER];
	json_t *lines = next_steps(state, terms_user(me)), *line;
	size_t i;

	heading("Next", json_array_size(lines) == 0 ? "nothing needs to be done" : "");
	json_array_foreach(lines, i, line) {
		(void)fputs("  ", stdout);
		out_safe(stdout, json_string_value(line));
		(void)putchar('\n');
	}
	json_decref(lines);
}

static void
print_page(const struct cli *cli, const json_t *state)
{
	size_t limit = cli_has(cli, OPTION_ALL) ? SIZE_MAX : SHOWN;
	const char *mode = json_text(state, "verification-mode");

	print_head(state);
	print_local(state);
	print_others(state, limit);
	print_trust(state, limit);
	heading("Verification", word_for(mode_words, mode)->words);
	print_monitoring(json_object_get(state, "monitoring"));
	print_services(state);
	print_next(state);
}

int
verb_status(struct cli *cli)
{
	struct err err = { 0 };
	struct client *client;
	int status = EXIT_DONE;
	json_t *state;

	if ((client = cli_connect(cli)) == NULL)
		return EXIT_UNREACHABLE;
	if ((state = state_read(client, &err)) == NULL) {
		status = cli_fail_request(cli, client, &err);
	} else if (cli_has(cli, OPTION_JSON)) {
		out_json(json_incref(state));
	} else {
		print_page(cli, state);
	}
	json_decref(state);
	client_close(client);
	return status;
}
