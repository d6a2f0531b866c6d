/* SPDX-License-Identifier: ISC */
#include "agent/service_index.h"

#include <stdlib.h>
#include <string.h>

#include "agent/durable.h"
#include "agent/log.h"
#include "agent/record.h"
#include "agent/xalloc.h"

#define NAME "service-indices"
#define KIND "certconf-service-indices 1"
#define KEY "service"
#define INDEX_MAX 65535 /* certconfServiceIndex */
#define NAMES_MAX 4096  /* that a device ever had */
#define FILE_MAX ((size_t)1 << 20)

/* All names there ever were, by index. */
struct names_known {
	uint32_t count, saved; /* the first of them are in the file */
	struct service_former rows[NAMES_MAX];
};

/* --- the file --- */

/* "17 nginx"; the numbers of a file ascend. */
static bool
take_line(struct names_known *known, char *value)
{
	const char *number = record_word(&value), *name = record_word(&value);
	const uint32_t last =
	    known->count == 0 ? 0 : known->rows[known->count - 1].index;
	struct service_former *row;
	uint64_t index;

	if (known->count == NAMES_MAX || name == NULL ||
	    !record_number(number, INDEX_MAX, &index) || index <= last ||
	    strlen(name) > LIMIT_NAME)
		return false;
	row = &known->rows[known->count++];
	row->index = (uint32_t)index;
	memcpy(row->name, name, strlen(name) + 1);
	return true;
}

static int
read_file(int dir, struct names_known *known, struct err *err)
{
	struct record record;
	const char *key;
	char *value;
	int rc = 0;

	if (record_load(dir, NAME, KIND, FILE_MAX, &record, err) == -1)
		return -1;
	while (rc == 0 && record_next(&record, &key, &value))
		if (strcmp(key, KEY) != 0 || !take_line(known, value))
			rc = err_set(err, ERR_STORAGE, NAME,
			    "a line of an unknown kind");
	record_clear(&record);
	known->saved = known->count;
	return rc;
}

static void
load(int dir, struct names_known *known)
{
	struct err err;

	if (read_file(dir, known, &err) == 0)
		return;
	if (err.code != ERR_NOT_FOUND)
		log_err("service",
		    "%s: %s; the rows of services are numbered from 1 again", err.where,
		    err.text);
	known->count = known->saved = 0;
}

static int
save(int dir, const struct names_known *known, struct err *err)
{
	struct buf buf = { 0 };
	int rc = record_begin(&buf, KIND);

	for (uint32_t i = 0; rc == 0 && i < known->count; i++)
		rc = buf_printf(&buf, KEY " %u %s\n", known->rows[i].index,
		    known->rows[i].name);
	if (rc == -1)
		(void)err_set(err, ERR_MEMORY, NAME, "out of memory");
	else if ((rc = record_end(&buf, err)) == 0)
		rc = durable_replace(dir, NAME, buf.data, buf.len, err);
	buf_clear(&buf);
	return rc;
}

/* --- names and numbers --- */

static uint32_t
find(const struct names_known *known, const char *name)
{
	for (uint32_t i = 0; i < known->count; i++)
		if (strcmp(known->rows[i].name, name) == 0)
			return known->rows[i].index;
	return 0;
}

static void
add(struct names_known *known, const char *name)
{
	const uint32_t last =
	    known->count == 0 ? 0 : known->rows[known->count - 1].index;
	struct service_former *row;

	if (known->count == NAMES_MAX || last == INDEX_MAX) {
		log_err("service",
		    "%s: there have been more than %d services; it has no row", name,
		    NAMES_MAX);
		return;
	}
	row = &known->rows[known->count++];
	row->index = last + 1;
	memcpy(row->name, name, strlen(name) + 1);
}

/* The newest ones, if there are too many: an old name is hardly in use any more. */
static void
fill_former(const struct names_known *known, struct services *table)
{
	const struct service_former *row;

	table->nformer = 0;
	for (uint32_t i = known->count; i > 0 && table->nformer < LIMIT_SERVICES; i--) {
		row = &known->rows[i - 1];
		if (services_named(table, text_of(row->name)) == NULL)
			table->former[table->nformer++] = *row;
	}
}

void
service_index_assign(int dir, struct service_set *set)
{
	struct names_known *known = xcalloc(1, sizeof(*known));
	struct services *table = &set->table;
	struct err err;

	load(dir, known);
	for (uint32_t i = 0; i < table->count; i++)
		if (find(known, table->rows[i].name) == 0)
			add(known, table->rows[i].name);
	if (known->count > known->saved && save(dir, known, &err) == -1) {
		log_err("service", "%s: %s; a new service has no row yet", err.where,
		    err.text);
		known->count = known->saved;
	}
	for (uint32_t i = 0; i < table->count; i++) {
		table->rows[i].index = find(known, table->rows[i].name);
		set->rows[i].facts.index = table->rows[i].index;
	}
	fill_former(known, table);
	free(known);
}
