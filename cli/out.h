/* SPDX-License-Identifier: ISC */
/*
 * Output for people: text made harmless for a terminal, colours where they are wanted,
 * tables, dates in words; and the accessors of the JSON it is taken from.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "lib/names.h"

/*
 * Writes text with control characters shown as \xNN: names in certificates are chosen
 * by strangers, and must not steer the terminal.
 */
void out_safe(FILE *, const char *text);

/* out_safe() in the colour of a severity, where colours are wanted. */
void out_painted(FILE *, enum severity, const char *text);

/* "  LABEL   VALUE"; an absent or empty value is shown as "(not set)". */
void out_field(const char *label, const char *value);

struct column {
	const char *title;
	bool right; /* aligned */
	bool cut;   /* shortened first when the terminal is narrow */
};

struct table;
/* The columns are borrowed until table_free(). */
struct table *table_new(const struct column *columns, size_t count);
void table_free(struct table *);
/* One value for each column; a copy is made.  The severity is that of the column
 * painted. */
int table_row(struct table *, const char *const *values);
void table_paint(struct table *, size_t column, enum severity);
/* Prints it two columns in, under the heading it belongs to. */
void table_print(struct table *);

/* "2027-11-23T08:00:49Z" as "2027-11-23 08:00:49 UTC".  Returns buf. */
const char *date_words(const char *date, char *buf, size_t size);
/* "89 days left", "1 day left", "ends today", "ended 3 days ago".  Returns buf. */
const char *days_words(int64_t days, char *buf, size_t size);
/*
 * "2026-11-23 08:10:49 UTC (in 9 min)", both dates as in JSON; the brackets only where
 * that is to come.  Returns buf.
 */
#define UNTIL_WORDS 64
const char *until_words(const char *until, const char *now, char *buf, size_t size);
/* "(2 certificates)": count and noun with its plural s.  Returns buf. */
const char *count_words(int64_t count, const char *noun, char *buf, size_t size);

/* Members of an object; "" or 0 or false when it has none such. */
const char *json_text(const json_t *, const char *name);
int64_t json_number(const json_t *, const char *name);
bool json_flag(const json_t *, const char *name);
/* Whether the agent monitors it: the leaf is there only when it does not. */
bool json_monitored(const json_t *row);
bool json_has(const json_t *, const char *name);

/* Prints the object as JSON, and frees it. */
void out_json(json_t *);

#endif
