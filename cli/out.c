/* SPDX-License-Identifier: ISC */
#include "cli/out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libsmartcols.h>

#define LABEL_WIDTH 14
#define NO_EXPIRY "9999-12-31"

static const char *const colours[SEVERITY_MAX] = {
	[SEVERITY_UNKNOWN] = "",
	[SEVERITY_OK] = "\033[32m",
	[SEVERITY_WARNING] = "\033[33m",
	[SEVERITY_CRITICAL] = "\033[1;31m",
};

/* Octets of a control character at the start of text: C0, DEL, or C1 in UTF-8. */
static size_t
control_length(const char *text)
{
	unsigned char first = (unsigned char)text[0], second;

	if (first < 0x20 || first == 0x7f)
		return 1;
	second = (unsigned char)text[1];
	return first == 0xc2 && second >= 0x80 && second < 0xa0 ? 2 : 0;
}

void
out_safe(FILE *f, const char *text)
{
	size_t n;

	while (*text != '\0') {
		if ((n = control_length(text)) == 0)
			(void)fputc(*text++, f);
		for (; n > 0; n--)
			(void)fprintf(f, "\\x%02x", (unsigned char)*text++);
	}
}

/* A terminal, and neither NO_COLOR nor TERM=dumb says otherwise. */
static bool
wants_colours(FILE *f)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color != NULL && *no_color != '\0')
		return false;
	if (term != NULL && strcmp(term, "dumb") == 0)
		return false;
	return isatty(fileno(f)) == 1;
}

void
out_painted(FILE *f, enum severity severity, const char *text)
{
	bool paint = *colours[severity] != '\0' && wants_colours(f);

	if (paint)
		(void)fputs(colours[severity], f);
	out_safe(f, text);
	if (paint)
		(void)fputs("\033[0m", f);
}

void
out_field(const char *label, const char *value)
{
	(void)printf("  %-*s ", LABEL_WIDTH, label);
	out_safe(stdout, value != NULL && *value != '\0' ? value : "(not set)");
	(void)putchar('\n');
}

/* --- tables --- */

struct table {
	struct libscols_table *scols;
	struct libscols_line *last;
	size_t columns;
};

static int
add_column(struct table *t, const struct column *c)
{
	int flags = (c->right ? SCOLS_FL_RIGHT : 0) | (c->cut ? SCOLS_FL_TRUNC : 0);

	return scols_table_new_column(t->scols, c->title, 0, flags) == NULL ? -1 : 0;
}

struct table *
table_new(const struct column *columns, size_t count)
{
	struct table *t;
	size_t i;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->columns = count;
	if ((t->scols = scols_new_table()) == NULL)
		goto fail;
	for (i = 0; i < count; i++) {
		if (add_column(t, &columns[i]) == -1)
			goto fail;
	}
	(void)scols_table_enable_colors(t->scols, wants_colours(stdout));
	/* Room for the indentation table_print() gives it. */
	(void)scols_table_reduce_termwidth(t->scols, 2);
	return t;
fail:
	table_free(t);
	return NULL;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	scols_unref_table(t->scols);
	free(t);
}

int
table_row(struct table *t, const char *const *values)
{
	size_t i;

	if ((t->last = scols_table_new_line(t->scols, NULL)) == NULL)
		return -1;
	for (i = 0; i < t->columns; i++) {
		if (scols_line_set_data(t->last, i, values[i]) != 0)
			return -1;
	}
	return 0;
}

void
table_paint(struct table *t, size_t column, enum severity severity)
{
	struct libscols_cell *cell;

	if (t->last == NULL || *colours[severity] == '\0')
		return;
	if ((cell = scols_line_get_cell(t->last, column)) != NULL)
		(void)scols_cell_set_color(cell, colours[severity]);
}

void
table_print(struct table *t)
{
	char *text = NULL, *line, *rest;

	if (scols_print_table_to_string(t->scols, &text) != 0)
		return;
	for (line = text; line != NULL && *line != '\0'; line = rest) {
		if ((rest = strchr(line, '\n')) != NULL)
			*rest++ = '\0';
		(void)printf("  %s\n", line);
	}
	free(text);
}

/* --- words --- */

const char *
date_words(const char *date, char *buf, size_t size)
{
	size_t len = strlen(date);

	if (strncmp(date, NO_EXPIRY, strlen(NO_EXPIRY)) == 0)
		(void)snprintf(buf, size, "never");
	else if (len == 20 && date[10] == 'T' && date[19] == 'Z')
		(void)snprintf(buf, size, "%.10s %.8s UTC", date, date + 11);
	else
		(void)snprintf(buf, size, "%s", date);
	return buf;
}

/* Days are rounded down, so -1 is anything up to a day ago. */
const char *
days_words(int64_t days, char *buf, size_t size)
{
	if (days == 0)
		(void)snprintf(buf, size, "less than a day left");
	else if (days == -1)
		(void)snprintf(buf, size, "ended less than a day ago");
	else if (days < 0)
		(void)snprintf(buf, size, "ended %" PRId64 " day%s ago", -(days + 1),
		    days == -2 ? "" : "s");
	else
		(void)snprintf(buf, size, "%" PRId64 " day%s left", days,
		    days == 1 ? "" : "s");
	return buf;
}

static bool
date_seconds(const char *date, int64_t *ret_seconds)
{
	struct tm tm = { .tm_year = 0 };
	const char *end = strptime(date, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (end == NULL || *end != '\0')
		return false;
	*ret_seconds = timegm(&tm);
	return true;
}

struct span {
	int64_t below,
	    seconds; /* of a unit; used for what is below that many seconds */
	const char *unit;
};

static const struct span spans[] = {
	{ 100, 1, "s" },
	{ (int64_t)100 * 60, 60, "min" },
	{ INT64_MAX, 3600, "h" },
};

const char *
until_words(const char *until, const char *now, char *buf, size_t size)
{
	const struct span *span = spans;
	int64_t from, to;
	char date[40];

	(void)date_words(until, date, sizeof(date));
	if (!date_seconds(until, &to) || !date_seconds(now, &from) || to <= from) {
		(void)snprintf(buf, size, "%s", date);
		return buf;
	}
	while (to - from >= span->below)
		span++;
	(void)snprintf(buf, size, "%s (in %" PRId64 " %s)", date,
	    (to - from + span->seconds / 2) / span->seconds, span->unit);
	return buf;
}

const char *
count_words(int64_t count, const char *noun, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%" PRId64 " %s%s", count, noun,
	    count == 1 ? "" : "s");
	return buf;
}

/* --- JSON --- */

const char *
json_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

int64_t
json_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool
json_flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

bool
json_monitored(const json_t *row)
{
	return !json_is_false(json_object_get(row, "monitor"));
}

bool
json_has(const json_t *object, const char *name)
{
	return json_object_get(object, name) != NULL;
}

void
out_json(json_t *json)
{
	(void)json_dumpf(json, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(json);
}
