/* SPDX-License-Identifier: ISC */
/*
 * A line for each, which people can read:
 *
 *   setting 42 1 60
 *   local-warn-days 42 3 all
 *
 * the generation, the index (enum setting, or that of the row) and the value.
 */
#include "agent/state_settings.h"

#include <stdlib.h>
#include <string.h>

#include "agent/durable.h"
#include "agent/record.h"

#define KIND "certconf-settings 1"
#define FILE_MAX ((size_t)8 << 20)
#define ROWS_MAX 131072
#define AS_ALL "all" /* WARN_DAYS_GLOBAL */

static const char *const kinds[CHANGE_KIND_MAX] = {
	[CHANGE_SETTING] = "setting",
	[CHANGE_LOCAL_MUTED] = "local-muted",
	[CHANGE_LOCAL_WARN_DAYS] = "local-warn-days",
	[CHANGE_TRUST_MUTED] = "trust-muted",
};

void
kept_settings_clear(struct kept_settings *kept)
{
	free(kept->rows);
	*kept = (struct kept_settings){ 0 };
}

static int
put(struct kept_settings *kept, uint64_t generation,
    const struct setting_change *change, struct err *err)
{
	struct kept_setting *rows;
	size_t i, room;

	for (i = 0; i < kept->count; i++)
		if (kept->rows[i].generation == generation &&
		    kept->rows[i].change.kind == change->kind &&
		    kept->rows[i].change.index == change->index) {
			kept->rows[i].change.value = change->value;
			return 0;
		}
	if (kept->count == ROWS_MAX)
		return err_set(err, ERR_STORAGE, STATE_SETTINGS,
		    "too many settings are kept; a commit makes room");
	if (kept->count == kept->room) {
		room = kept->room == 0 ? 64 : 2 * kept->room;
		if ((rows = realloc(kept->rows, room * sizeof(*rows))) == NULL)
			return err_set(err, ERR_MEMORY, STATE_SETTINGS,
			    "out of memory");
		kept->rows = rows;
		kept->room = room;
	}
	kept->rows[kept->count++] =
	    (struct kept_setting){ .generation = generation, .change = *change };
	return 0;
}

int
kept_settings_put(struct kept_settings *kept, const struct priv_settings *request,
    struct err *err)
{
	for (uint32_t g = 0; g < request->ngenerations; g++)
		for (uint32_t i = 0; i < request->nchanges; i++)
			if (put(kept, request->generations[g], &request->changes[i],
				err) == -1)
				return -1;
	return 0;
}

/* --- what is not needed any more --- */

static bool
is_among(const uint64_t *numbers, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

bool
kept_settings_keep(struct kept_settings *kept, const uint64_t *generations,
    size_t count, uint64_t after)
{
	const size_t before = kept->count;

	kept->count = 0;
	for (size_t i = 0; i < before; i++)
		if (kept->rows[i].generation > after ||
		    is_among(generations, count, kept->rows[i].generation))
			kept->rows[kept->count++] = kept->rows[i];
	return kept->count != before;
}

bool
kept_settings_drop(struct kept_settings *kept, uint64_t generation)
{
	const size_t before = kept->count;

	kept->count = 0;
	for (size_t i = 0; i < before; i++)
		if (kept->rows[i].generation != generation)
			kept->rows[kept->count++] = kept->rows[i];
	return kept->count != before;
}

int
kept_settings_of(const struct kept_settings *kept, uint64_t generation, struct buf *buf,
    struct err *err)
{
	for (size_t i = 0; i < kept->count; i++)
		if (kept->rows[i].generation == generation &&
		    buf_add(buf, &kept->rows[i].change, sizeof(kept->rows[i].change)) ==
			-1)
			return err_set(err, ERR_MEMORY, STATE_SETTINGS,
			    "out of memory");
	return 0;
}

/* --- the file --- */

static bool
take_line(const char *key, char *value, struct kept_setting *row)
{
	uint64_t index, number;
	const char *word;
	uint32_t kind = 0;

	while (kind < CHANGE_KIND_MAX && strcmp(kinds[kind], key) != 0)
		kind++;
	if (kind == CHANGE_KIND_MAX || (word = record_word(&value)) == NULL ||
	    !record_number(word, INT64_MAX, &row->generation) ||
	    (word = record_word(&value)) == NULL ||
	    !record_number(word, UINT32_MAX, &index) ||
	    (word = record_word(&value)) == NULL)
		return false;
	row->change.kind = kind;
	row->change.index = (uint32_t)index;
	row->change.value = WARN_DAYS_GLOBAL;
	if (kind == CHANGE_LOCAL_WARN_DAYS && strcmp(word, AS_ALL) == 0)
		return true;
	if (!record_number(word, UINT32_MAX, &number))
		return false;
	row->change.value = (int64_t)number;
	return true;
}

int
kept_settings_load(int dir, struct kept_settings *kept, struct err *err)
{
	struct kept_setting row;
	struct record record;
	const char *key;
	char *value;
	int rc = 0;

	if (record_load(dir, STATE_SETTINGS, KIND, FILE_MAX, &record, err) == -1)
		return -1;
	while (rc == 0 && record_next(&record, &key, &value))
		rc = take_line(key, value, &row)
		    ? put(kept, row.generation, &row.change, err)
		    : err_set(err, ERR_STORAGE, STATE_SETTINGS,
			  "a line of an unknown kind");
	record_clear(&record);
	return rc;
}

static int
add_line(struct buf *buf, const struct kept_setting *row)
{
	const struct setting_change *change = &row->change;

	if (change->value < 0)
		return buf_printf(buf, "%s %ju %u %s\n", kinds[change->kind],
		    (uintmax_t)row->generation, change->index, AS_ALL);
	return buf_printf(buf, "%s %ju %u %ju\n", kinds[change->kind],
	    (uintmax_t)row->generation, change->index, (uintmax_t)change->value);
}

int
kept_settings_save(int dir, const struct kept_settings *kept, struct err *err)
{
	struct buf buf = { 0 };
	int rc = record_begin(&buf, KIND);

	for (size_t i = 0; rc == 0 && i < kept->count; i++)
		rc = add_line(&buf, &kept->rows[i]);
	if (rc == -1)
		rc = err_set(err, ERR_MEMORY, STATE_SETTINGS, "out of memory");
	else if ((rc = record_end(&buf, err)) == 0)
		rc = durable_replace(dir, STATE_SETTINGS, buf.data, buf.len, err);
	buf_clear(&buf);
	return rc;
}
