/* SPDX-License-Identifier: ISC */
#include "agent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/durable.h"
#include "agent/log.h"
#include "agent/record.h"

#define DIR_NAME "state"
#define COUNTERS "counters"
#define JOURNAL "journal"
#define HISTORY "history"
#define KIND(name) "certconf-" name " 1"
#define FILE_MAX 65536

/* Where a number of a file goes. */
struct number {
	const char *key;
	uint64_t max;
	size_t offset, size; /* of the member: 4 or 8 octets */
};

#define NUMBER(type, key, max, member)                                                 \
	{                                                                              \
		key, max, offsetof(struct type, member),                               \
		    sizeof(((struct type *)NULL)->member)                              \
	}

static const struct number counters_numbers[] = {
	NUMBER(counters, "generation", INT64_MAX, generation),
	NUMBER(counters, "next-local-index", UINT32_MAX, next_local_index),
	NUMBER(counters, "next-trust-index", UINT32_MAX, next_trust_index),
	NUMBER(counters, "spin-lock", UINT32_MAX, spin_lock),
	NUMBER(counters, "notify-sequence", UINT32_MAX, notify_seq),
};
static const struct number journal_numbers[] = {
	NUMBER(journal, "tried", INT64_MAX, tried),
	NUMBER(journal, "restore", INT64_MAX, restore),
	NUMBER(journal, "boot", INT64_MAX, boot),
};
static const struct number commit_numbers[] = {
	NUMBER(status_commit, "time", INT64_MAX, time),
};

/* Where a text goes. */
static const struct {
	const char *key;
	size_t offset, size;
} commit_texts[] = {
	{ "user", offsetof(struct status_commit, user), STATUS_NAME },
	{ "comment", offsetof(struct status_commit, comment), STATUS_TEXT },
	{ "error", offsetof(struct status_commit, error_text), STATUS_TEXT },
};

static const struct {
	const char *key;
	const struct names *names;
	size_t offset;
} commit_names[] = {
	{ "origin", &origin_names, offsetof(struct status_commit, origin) },
	{ "result", &action_result_names, offsetof(struct status_commit, result) },
};

/* --- reading --- */

static bool
take_number(const struct number *numbers, size_t n, void *object, const char *key,
    const char *value)
{
	uint64_t number;
	uint32_t small;
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(numbers[i].key, key) == 0)
			break;
	if (i == n || !record_number(value, numbers[i].max, &number))
		return false;
	small = (uint32_t)number;
	if (numbers[i].size == sizeof(small))
		memcpy((char *)object + numbers[i].offset, &small, sizeof(small));
	else
		memcpy((char *)object + numbers[i].offset, &number, sizeof(number));
	return true;
}

static int
load_numbers(int dir, const char *name, const char *kind, const struct number *numbers,
    size_t n, void *object, struct err *err)
{
	struct record record;
	const char *key;
	char *value;
	int rc = 0;

	if (record_load(dir, name, kind, FILE_MAX, &record, err) == -1)
		return -1;
	while (rc == 0 && record_next(&record, &key, &value))
		if (!take_number(numbers, n, object, key, value))
			rc = err_set(err, ERR_STORAGE, name,
			    "a line of an unknown kind");
	record_clear(&record);
	return rc;
}

static bool
take_commit_line(struct status_commit *commit, const char *key, const char *value)
{
	char *at;
	size_t i, len;
	int number;

	for (i = 0; i < nitems(commit_texts); i++)
		if (strcmp(commit_texts[i].key, key) == 0) {
			at = (char *)commit + commit_texts[i].offset;
			len = strnlen(value, commit_texts[i].size - 1);
			memcpy(at, value, len);
			at[len] = '\0';
			return true;
		}
	for (i = 0; i < nitems(commit_names); i++)
		if (strcmp(commit_names[i].key, key) == 0) {
			number = name_find(commit_names[i].names, value);
			number = number < 0 ? 0 : number;
			memcpy((char *)commit + commit_names[i].offset, &number,
			    sizeof(number));
			return true;
		}
	return take_number(commit_numbers, nitems(commit_numbers), commit, key, value);
}

static int
parse_history(struct history *history, struct record *record, struct err *err)
{
	struct status_commit *commit = NULL;
	const char *key;
	char *value;

	while (record_next(record, &key, &value)) {
		if (strcmp(key, "commit") == 0) {
			if (history->count == LIMIT_HISTORY)
				return err_set(err, ERR_STORAGE, HISTORY,
				    "too many commits");
			commit = &history->commits[history->count++];
			if (!record_number(value, INT64_MAX, &commit->generation))
				return err_set(err, ERR_STORAGE, HISTORY,
				    "not a number");
		} else if (commit == NULL || !take_commit_line(commit, key, value)) {
			return err_set(err, ERR_STORAGE, HISTORY,
			    "a line of an unknown kind");
		}
	}
	return 0;
}

static int
load_history(struct state *state, struct err *err)
{
	struct record record;
	int rc;

	if (record_load(state->dir, HISTORY, KIND(HISTORY), FILE_MAX, &record, err) ==
	    -1)
		return -1;
	rc = parse_history(&state->history, &record, err);
	record_clear(&record);
	return rc;
}

/* Without one of these files the generations still tell what is in force. */
static void
tell_damage(const struct err *err)
{
	if (err->code != ERR_NOT_FOUND)
		log_err("state", "%s: %s; going on without it", err->where, err->text);
}

static void
load(struct state *state)
{
	struct err err;

	if (load_numbers(state->dir, COUNTERS, KIND(COUNTERS), counters_numbers,
		nitems(counters_numbers), &state->counters, &err) == -1) {
		tell_damage(&err);
		state->counters = (struct counters){ 0 };
		state->counters_lost = true;
	}
	if (load_numbers(state->dir, JOURNAL, KIND(JOURNAL), journal_numbers,
		nitems(journal_numbers), &state->journal, &err) == -1) {
		tell_damage(&err);
		state->journal = (struct journal){ 0 };
	}
	if (load_history(state, &err) == -1) {
		tell_damage(&err);
		state->history = (struct history){ 0 };
	}
}

int
state_open(struct state *state, int root, struct err *err)
{
	*state = (struct state){ .dir = -1 };
	if (mkdirat(root, DIR_NAME, 0700) == -1 && errno != EEXIST)
		return err_set(err, ERR_STORAGE, DIR_NAME, "make directory: %s",
		    strerror(errno));
	state->dir =
	    openat(root, DIR_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state->dir == -1)
		return err_set(err, ERR_STORAGE, DIR_NAME, "open: %s", strerror(errno));
	load(state);
	return 0;
}

void
state_close(struct state *state)
{
	if (state->dir != -1)
		(void)close(state->dir);
	state->dir = -1;
}

/* --- writing --- */

static int
add_numbers(struct buf *buf, const struct number *numbers, size_t n, const void *object)
{
	const char *at;
	uint64_t number;
	uint32_t small;
	size_t i;

	for (i = 0; i < n; i++) {
		at = (const char *)object + numbers[i].offset;
		if (numbers[i].size == sizeof(small)) {
			memcpy(&small, at, sizeof(small));
			number = small;
		} else {
			memcpy(&number, at, sizeof(number));
		}
		if (buf_printf(buf, "%s %ju\n", numbers[i].key, (uintmax_t)number) ==
		    -1)
			return -1;
	}
	return 0;
}

static int
save(struct state *state, const char *name, struct buf *buf, int built, struct err *err)
{
	int rc;

	if (built == -1)
		rc = err_set(err, ERR_MEMORY, name, "out of memory");
	else if ((rc = record_end(buf, err)) == 0)
		rc = durable_replace(state->dir, name, buf->data, buf->len, err);
	buf_clear(buf);
	return rc;
}

static int
save_numbers(struct state *state, const char *name, const char *kind,
    const struct number *numbers, size_t n, const void *object, struct err *err)
{
	struct buf buf = { 0 };
	int built = record_begin(&buf, kind);

	if (built == 0)
		built = add_numbers(&buf, numbers, n, object);
	return save(state, name, &buf, built, err);
}

static uint32_t
later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

int
state_put_counters(struct state *state, const struct counters *counters,
    struct err *err)
{
	const struct counters *old = &state->counters;
	struct counters new = *counters;

	if (new.generation < old->generation)
		new.generation = old->generation;
	new.next_local_index = later(new.next_local_index, old->next_local_index);
	new.next_trust_index = later(new.next_trust_index, old->next_trust_index);
	if (!state->counters_lost &&
	    new.generation == old->generation &&new.next_local_index ==
		old->next_local_index &&new.next_trust_index ==
		old->next_trust_index &&new.spin_lock ==
		old->spin_lock &&new.notify_seq == old->notify_seq)
		return 0;
	if (save_numbers(state, COUNTERS, KIND(COUNTERS), counters_numbers,
		nitems(counters_numbers), &new, err) == -1)
		return -1;
	state->counters = new;
	state->counters_lost = false;
	return 0;
}

int
state_put_journal(struct state *state, const struct journal *journal, struct err *err)
{
	if (save_numbers(state, JOURNAL, KIND(JOURNAL), journal_numbers,
		nitems(journal_numbers), journal, err) == -1)
		return -1;
	state->journal = *journal;
	return 0;
}

int
state_clear_journal(struct state *state, struct err *err)
{
	if (durable_remove(state->dir, JOURNAL, err) == -1)
		return -1;
	state->journal = (struct journal){ 0 };
	return 0;
}

static int
add_commit(struct buf *buf, const struct status_commit *commit)
{
	uint32_t number;
	size_t i;

	if (buf_printf(buf, "commit %ju\n", (uintmax_t)commit->generation) == -1 ||
	    add_numbers(buf, commit_numbers, nitems(commit_numbers), commit) == -1)
		return -1;
	for (i = 0; i < nitems(commit_names); i++) {
		memcpy(&number, (const char *)commit + commit_names[i].offset,
		    sizeof(number));
		if (record_text(buf, commit_names[i].key,
			name_text(commit_names[i].names, number)) == -1)
			return -1;
	}
	for (i = 0; i < nitems(commit_texts); i++)
		if (record_text(buf, commit_texts[i].key,
			(const char *)commit + commit_texts[i].offset) == -1)
			return -1;
	return 0;
}

int
state_add_commit(struct state *state, const struct status_commit *commit,
    struct err *err)
{
	const struct history *old = &state->history;
	struct history new = { .count = 1 };
	struct buf buf = { 0 };
	uint32_t i, skip = 0;
	int built;

	new.commits[0] = *commit;
	if (old->count > 0 && old->commits[0].generation == commit->generation)
		skip = 1;
	for (i = skip; i < old->count && new.count < LIMIT_HISTORY; i++)
		new.commits[new.count++] = old->commits[i];
	built = record_begin(&buf, KIND(HISTORY));
	for (i = 0; built == 0 && i < new.count; i++)
		built = add_commit(&buf, &new.commits[i]);
	if (save(state, HISTORY, &buf, built, err) == -1)
		return -1;
	state->history = new;
	return 0;
}
