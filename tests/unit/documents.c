/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/names.h"
#include "tests/unit/documents.h"
#include "tests/unit/pki.h"

/* "@a.crt b.crt@" becomes what is in those files of the test's directory. */
static struct text
expand(struct arena *arena, const char *template)
{
	struct buf out = { NULL, 0, 0 };
	const char *p = template, *at, *end;
	struct text text;

	while ((at = strchr(p, '@')) != NULL) {
		char names[256];

		end = strchr(at + 1, '@');
		assert_non_null(end);
		snprintf(names, sizeof(names), "%.*s", (int)(end - at - 1), at + 1);
		buf_add(&out, p, (size_t)(at - p));
		text = pki_text(arena, names);
		buf_add(&out, text.data, text.len);
		p = end + 1;
	}
	buf_add_text(&out, p);
	text = arena_text(arena, (const char *)out.data, out.len);
	buf_clear(&out);
	return text;
}

int
run_read(struct run *run, const char *template, const struct document_options *options)
{
	const struct xml_node *config;

	run->text = expand(&run->arena, template);
	if (xml_read(run->text.data, run->text.len, &run->root, &run->err) == -1 ||
	    document_find(run->root, &config, &run->err) == -1)
		return -1;
	return document_read(config, options, &run->document, &run->err);
}

void
run_clear(struct run *run)
{
	document_free(run->document);
	xml_free(run->root);
	arena_clear(&run->arena);
}

static void
add_text(struct buf *out, const char *before, struct text text)
{
	buf_add_text(out, before);
	buf_add(out, text.data, text.len);
}

/* A word with a space before it, unless it is the first. */
static void
begin_word(struct buf *out, const char *word)
{
	if (out->len > 0)
		buf_add_text(out, " ");
	buf_add_text(out, word);
}

char *
describe_monitoring(const struct config *config)
{
	struct buf out = { NULL, 0, 0 };

	buf_add_text(&out, "");
	for (unsigned int i = 0; i < SETTING_MAX; i++) {
		uint32_t value = setting_get(&config->settings, i);

		if (value == setting_rows[i].standard)
			continue;
		begin_word(&out, setting_rows[i].leaf);
		buf_add_text(&out, "=");
		setting_write(&out, i, value);
	}
	for (size_t i = 0; i < config->ncredentials; i++) {
		const struct credential *c = &config->credentials[i];

		if (c->muted) {
			begin_word(&out, "");
			add_text(&out, "", c->name);
			buf_add_text(&out, ":muted");
		}
		if (c->has_warn_days) {
			begin_word(&out, "");
			add_text(&out, "", c->name);
			buf_printf(&out, ":%u", c->warn_days);
		}
	}
	for (size_t i = 0; i < config->nanchors; i++) {
		if (!config->anchors[i].muted)
			continue;
		begin_word(&out, "");
		add_text(&out, "", config->anchors[i].name);
		buf_add_text(&out, ":muted");
	}
	return (char *)out.data;
}

char *
describe(const struct config *config)
{
	struct buf out = { NULL, 0, 0 };
	char *monitoring;

	buf_add_text(&out, "");
	for (size_t i = 0; i < config->ncredentials; i++) {
		const struct credential *c = &config->credentials[i];

		buf_printf(&out, "%.*s:%zu:%s ", (int)c->name.len, c->name.data,
		    c->count, name_text(&key_status_names, c->key_status));
	}
	if (config->has_trust_store)
		buf_add_text(&out, "trust(");
	for (size_t i = 0; i < config->nanchors; i++)
		add_text(&out, i > 0 ? "," : "", config->anchors[i].name);
	if (config->has_trust_store)
		buf_printf(&out, ")-%u ", config->duplicates);
	for (size_t i = 0; i < config->nservices; i++) {
		const struct service_setting *s = &config->services[i];

		add_text(&out, "", s->name);
		buf_add_text(&out, s->enabled ? "=on" : "=off");
		add_text(&out, s->credential.len > 0 ? "/" : "", s->credential);
		buf_add_text(&out, " ");
	}
	buf_add_text(&out, name_text(&verify_mode_names, config->mode));
	monitoring = describe_monitoring(config);
	buf_add_text(&out, monitoring[0] != '\0' ? " " : "");
	buf_add_text(&out, monitoring);
	free(monitoring);
	return (char *)out.data;
}

static uint32_t
line_of(struct text text, const char *part)
{
	const char *at = strstr(text.data, part), *p;
	uint32_t line = 1;

	assert_non_null(at);
	for (p = text.data; p < at; p++)
		line += *p == '\n';
	return line;
}

char *
describe_refusal(const struct run *run, const char *at)
{
	struct err err = run->err;
	struct buf out = { NULL, 0, 0 };
	char text[600];

	if (at != NULL && err.line == line_of(run->text, at)) {
		err.line = 0;
		buf_printf(&out, "L ");
	}
	buf_printf(&out, "%s %s", err_kind(err.code)->text,
	    err_format(&err, text, sizeof(text)));
	return (char *)out.data;
}

int
compare(const char *name, const char *got, const char *expect, bool whole)
{
	if (whole ? strcmp(got, expect) == 0
		  : strncmp(got, expect, strlen(expect)) == 0)
		return 0;
	print_error("%s: got \"%s\", expected \"%s\"\n", name, got, expect);
	return 1;
}

static int
check_row(const struct row *row)
{
	struct document_options plain = { .base = NULL },
				options = {
					.default_operation = row->operation,
					.password = text_of(row->password),
				};
	struct run before = { .root = NULL }, run = { .root = NULL };
	struct config config = { .mode = VERIFY_NONE };
	char *got;
	int failed;

	settings_default(&config.settings);
	if (row->before != NULL &&
	    (run_read(&before, row->before, &plain) == -1 ||
		document_apply(before.document, &config, NOW - 1000, &before.err) ==
		    -1))
		fail_msg("%s: before: %s", row->name, before.err.text);
	if (run_read(&run, row->document, &options) == -1 ||
	    document_apply(run.document, &config, NOW, &run.err) == -1)
		got = describe_refusal(&run, row->at);
	else
		got = describe(&config);
	failed = compare(row->name, got, row->expect, run.err.code == ERR_NONE);
	free(got);
	config_clear(&config);
	run_clear(&run);
	run_clear(&before);
	return failed;
}

void
check_rows(const struct row *rows, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count; i++)
		failed += check_row(&rows[i]);
	assert_int_equal(failed, 0);
}

const char *
documents_directory(void)
{
	return pki_directory;
}

int
documents_setup(void **state)
{
	return pki_setup(state);
}

int
documents_teardown(void **state)
{
	return pki_teardown(state);
}
