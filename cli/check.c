/* SPDX-License-Identifier: ISC */
/*
 * certconf check: judges a document by the same rules as the agent, as the first one on
 * a new device.  What only the device knows is not judged: its services.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/source.h"
#include "lib/document.h"
#include "lib/status.h"

struct check {
	struct source source;
	struct buf password;
	struct document *document;
	struct config config;
	struct services *services;
	time_t now;
};

static void
check_clear(struct check *c)
{
	config_clear(&c->config);
	document_free(c->document);
	free(c->services);
	buf_wipe(&c->password);
	source_clear(&c->source);
}

/* --- judging --- */

/* A new device has its factory credential. */
static int
add_factory(struct config *config, struct err *err)
{
	struct credential *factory;

	factory = config_add_credential(config, text_of(CREDENTIAL_FACTORY));
	if (factory == NULL)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	factory->index = INDEX_FACTORY;
	factory->has_key = true;
	factory->key_status = KEY_STATUS_MATCH;
	config->next_local_index = INDEX_FIRST;
	settings_default(&config->settings);
	config->next_trust_index = 1;
	return 0;
}

/* Taken to be defined on the device, and to want nothing special. */
static int
assume_services(struct check *c, struct err *err)
{
	const struct service_setting *setting;
	struct service_facts *facts;
	size_t i;

	if ((c->services = calloc(1, sizeof(*c->services))) == NULL)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	if (c->config.nservices > LIMIT_SERVICES)
		return err_set(err, ERR_TOO_LARGE, "/certconf/service",
		    "there are more than %d services", LIMIT_SERVICES);
	for (i = 0; i < c->config.nservices; i++) {
		setting = &c->config.services[i];
		facts = &c->services->rows[c->services->count++];
		text_copy(facts->name, sizeof(facts->name), setting->name);
		text_copy(facts->credential, sizeof(facts->credential),
		    text_of(CREDENTIAL_LOCAL));
		facts->feature = FEATURE_NOT_REQUIRED;
	}
	return 0;
}

static int
read_source(struct cli *cli, struct check *c, struct err *err)
{
	if (source_read(cli->operands[0], &c->source, err) == -1)
		return -1;
	if (source_password(cli, OPTION_PASSWORD_FILE,
		source_needs_password(&c->source), &c->password, err) == -1)
		return -1;
	cli->file = cli->operands[0];
	if (c->source.root == NULL) {
		*err = c->source.problem;
		source_hint(&c->source, err);
		return -1;
	}
	return 0;
}

static int
judge(struct cli *cli, struct check *c, struct err *err)
{
	const struct document_options options = {
		.password = { (const char *)c->password.data, c->password.len },
		.default_operation = "merge",
	};
	const struct xml_node *config = NULL;
	bool any_time = cli_has(cli, OPTION_ALLOW_EXPIRED);

	if (document_find(c->source.root, &config, err) == -1 ||
	    document_read(config, &options, &c->document, err) == -1 ||
	    add_factory(&c->config, err) == -1 ||
	    document_apply(c->document, &c->config, c->now, err) == -1 ||
	    assume_services(c, err) == -1)
		return -1;
	return config_check(&c->config, c->services,
	    any_time ? CONFIG_ANY_TIME : c->now, clock_judge(c->now), err);
}

/* --- facts --- */

static void
put_text(json_t *object, const char *name, struct text text)
{
	if (text.len > 0)
		(void)json_object_set_new(object, name,
		    json_stringn(text.data, text.len));
}

static void
put_time(json_t *object, const char *name, int64_t t)
{
	char date[TIME_TEXT];

	(void)json_object_set_new(object, name,
	    json_string(time_format(t, date, sizeof(date))));
}

static json_t *
cert_json(const struct cert *cert, struct text name, time_t now)
{
	char hex[2 * SHA256_SIZE + 1];
	json_t *json = json_object();

	put_text(json, "name", name);
	put_text(json, "subject", cert->subject);
	put_text(json, "issuer", cert->issuer);
	put_time(json, "not-before", cert->not_before);
	put_time(json, "not-after", cert->not_after);
	(void)json_object_set_new(json, "days-left",
	    json_integer(cert_days_left(cert, now)));
	put_text(json, "subject-alternative-names", cert->sans);
	(void)json_object_set_new(json, "fingerprint",
	    json_string(hex_format(hex, cert->sha256, SHA256_SIZE)));
	return json;
}

/* As the agent tells it: only when it is not monitored. */
static void
put_monitor(json_t *json, bool muted)
{
	if (muted)
		(void)json_object_set_new(json, "monitor", json_false());
}

static json_t *
credentials_json(const struct check *c)
{
	json_t *list = json_array(), *json;
	const struct credential *row;
	size_t i;

	for (i = 0; i < c->config.ncredentials; i++) {
		row = &c->config.credentials[i];
		if (row->count == 0)
			continue;
		json = cert_json(&row->chain[0], row->name, c->now);
		(void)json_object_set_new(json, "chain-length",
		    json_integer((json_int_t)row->count));
		(void)json_object_set_new(json, "key-status",
		    json_string(name_text(&key_status_names, row->key_status)));
		(void)json_object_set_new(json, "chain-status",
		    json_string(name_text(&chain_status_names, row->verdict.status)));
		put_monitor(json, row->muted);
		if (row->has_warn_days)
			(void)json_object_set_new(json, "warning-days",
			    json_integer(row->warn_days));
		(void)json_array_append_new(list, json);
	}
	return list;
}

static json_t *
anchors_json(const struct check *c)
{
	json_t *list = json_array(), *json;
	const struct anchor *anchor;
	size_t i;

	for (i = 0; i < c->config.nanchors; i++) {
		anchor = &c->config.anchors[i];
		json = cert_json(&anchor->cert, anchor->name, c->now);
		put_monitor(json, anchor->muted);
		(void)json_array_append_new(list, json);
	}
	return list;
}

static json_t *
services_json(const struct check *c)
{
	json_t *list = json_array(), *json;
	const struct service_setting *setting;
	size_t i;

	for (i = 0; i < c->config.nservices; i++) {
		setting = &c->config.services[i];
		json = json_object();
		put_text(json, "name", setting->name);
		(void)json_object_set_new(json, "enabled",
		    json_boolean(setting->enabled));
		put_text(json, "credential", setting->credential);
		(void)json_array_append_new(list, json);
	}
	return list;
}

/* What is not as it is by default, as YANG writes it. */
static json_t *
settings_json(const struct settings *settings)
{
	json_t *json = json_object();
	unsigned int i;

	for (i = 0; i < SETTING_MAX; i++) {
		uint32_t value = setting_get(settings, i);
		struct buf text = { NULL, 0, 0 };

		if (value == setting_rows[i].standard)
			continue;
		if (i != SETTING_NOTIFY_ENABLE)
			(void)json_object_set_new(json, setting_rows[i].leaf,
			    json_integer(value));
		else if (buf_add_text(&text, "") == 0 &&
		    setting_write(&text, i, value) == 0)
			(void)json_object_set_new(json, setting_rows[i].leaf,
			    json_string((const char *)text.data));
		buf_clear(&text);
	}
	return json;
}

static json_t *
facts_json(const struct check *c, const char *file)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "result", "success",
	    "file", file, "verification-mode",
	    name_text(&verify_mode_names, c->config.mode), "certificate",
	    credentials_json(c), "trust-anchor", anchors_json(c), "service",
	    services_json(c), "monitoring", settings_json(&c->config.settings));
}

static void
print_certificate(const json_t *certificate)
{
	char date[40], days[64], text[128];

	(void)fputs("Certificate ", stdout);
	out_safe(stdout, json_text(certificate, "name"));
	(void)putchar('\n');
	out_field("Subject", json_text(certificate, "subject"));
	out_field("Issuer", json_text(certificate, "issuer"));
	out_field("Issued",
	    date_words(json_text(certificate, "not-before"), date, sizeof(date)));
	(void)snprintf(text, sizeof(text), "%s (%s)",
	    date_words(json_text(certificate, "not-after"), date, sizeof(date)),
	    days_words(json_number(certificate, "days-left"), days, sizeof(days)));
	out_field("Expires", text);
	if (!json_monitored(certificate))
		out_field("Monitored", "no");
	if (json_has(certificate, "warning-days"))
		out_field("Warning",
		    count_words(json_number(certificate, "warning-days"), "day", days,
			sizeof(days)));
	out_field("Private key", "Key matches certificate");
	(void)snprintf(text, sizeof(text), "%s, %s",
	    json_text(certificate, "chain-status"),
	    count_words(json_number(certificate, "chain-length"), "certificate", days,
		sizeof(days)));
	out_field("Chain", text);
}

/* Only what is not as it is by default. */
static void
print_monitoring(json_t *monitoring)
{
	const char *name;
	json_t *value;

	json_object_foreach(monitoring, name, value)
	{
		if (json_is_integer(value))
			(void)printf("Monitoring: %s %" JSON_INTEGER_FORMAT "\n", name,
			    json_integer_value(value));
		else
			(void)printf("Monitoring: %s %s\n", name,
			    json_string_value(value));
	}
}

static void
print_facts(const struct check *c, const json_t *facts)
{
	const json_t *services = json_object_get(facts, "service"), *entry;
	char words[64];
	size_t i;

	json_array_foreach(json_object_get(facts, "certificate"), i, entry)
		print_certificate(entry);
	if (c->config.has_trust_store)
		(void)printf("Trust store: %s\n",
		    count_words((int64_t)c->config.nanchors, "certificate", words,
			sizeof(words)));
	if (c->config.duplicates > 0)
		(void)printf("  given twice: %s\n",
		    count_words(c->config.duplicates, "certificate", words,
			sizeof(words)));
	(void)printf("Verification mode: %s\n", json_text(facts, "verification-mode"));
	print_monitoring(json_object_get(facts, "monitoring"));
	json_array_foreach(services, i, entry)
		(void)printf(
		    "Service %s: %s; only the device knows whether there is one\n",
		    json_text(entry, "name"),
		    json_flag(entry, "enabled") ? "enabled" : "disabled");
}

/* The same options mean the same; what came from standard input is gone. */
static void
print_next(const struct cli *cli)
{
	const char *password = cli->option[OPTION_PASSWORD_FILE];

	(void)fputs("The document is good.", stdout);
	if (!source_is_stdin(cli->operands[0]) && !source_is_stdin(password)) {
		(void)fputs(" Next: certconf import ", stdout);
		out_safe(stdout, cli->operands[0]);
		(void)fputs(password != NULL ? " -p " : "", stdout);
		out_safe(stdout, password != NULL ? password : "");
		(void)printf("%s --commit",
		    cli_has(cli, OPTION_ALLOW_EXPIRED) ? " --allow-expired" : "");
	}
	(void)putchar('\n');
}

/*
 * A root need not be sent along: without a trust store a chain that stops at an
 * intermediate may be whole, and only a certificate alone is worth a warning.
 */
static void
warn(const struct check *c)
{
	const struct credential *row;
	char subject[256];
	struct text top;
	size_t i;

	for (i = 0; i < c->config.ncredentials; i++) {
		row = &c->config.credentials[i];
		if (row->count == 0 || row->verdict.status != CHAIN_INCOMPLETE ||
		    (row->count > 1 && c->config.nanchors == 0))
			continue;
		top = row->chain[row->count - 1].subject;
		(void)snprintf(subject, sizeof(subject), "%.*s", (int)top.len,
		    top.data);
		cli_warn_incomplete(subject);
	}
}

static int
tell(const struct cli *cli, const struct check *c)
{
	json_t *facts = facts_json(c, cli->operands[0]);

	if (facts == NULL)
		return EXIT_FAILED;
	if (cli_has(cli, OPTION_JSON)) {
		out_json(facts);
	} else {
		print_facts(c, facts);
		print_next(cli);
		json_decref(facts);
	}
	warn(c);
	return EXIT_DONE;
}

int
verb_check(struct cli *cli)
{
	struct check c = { .now = time(NULL) };
	struct err err = { 0 };
	int status;

	if (source_is_stdin(cli->operands[0]) &&
	    source_is_stdin(cli->option[OPTION_PASSWORD_FILE]))
		return cli_misuse(cli,
		    "standard input can be only one of the two: the document or its "
		    "password");
	if (read_source(cli, &c, &err) == -1 || judge(cli, &c, &err) == -1)
		status = cli_fail(cli,
		    err.code == ERR_MEMORY ? EXIT_FAILED : EXIT_INVALID, &err);
	else
		status = tell(cli, &c);
	check_clear(&c);
	return status;
}
