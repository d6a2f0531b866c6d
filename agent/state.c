/* SPDX-License-Identifier: ISC */
#include "agent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
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
#define WAITING "waiting"
#define BOOT "boot"
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

/* Where a text goes. */
struct place {
	const char *key;
	size_t offset, size;
};

#define PLACE(type, key, member)                                                       \
	{                                                                              \
		key, offsetof(struct type, member),                                    \
		    sizeof(((struct type *)NULL)->member)                              \
	}

/* The lines a struct is in a file, or a part of one. */
struct layout {
	const struct number *numbers;
	size_t nnumbers;
	const struct place *texts;
	size_t ntexts;
};

static const struct number counters_numbers[] = {
	NUMBER(counters, "generation", INT64_MAX, generation),
	NUMBER(counters, "next-local-index", UINT32_MAX, next_local_index),
	NUMBER(counters, "next-trust-index", UINT32_MAX, next_trust_index),
	NUMBER(counters, "spin-lock", UINT32_MAX, spin_lock),
	NUMBER(counters, "notify-sequence", UINT32_MAX, notify_seq),
};
static const struct layout counters_layout = { counters_numbers,
	nitems(counters_numbers), NULL, 0 };

static const struct number journal_numbers[] = {
	NUMBER(journal, "tried", INT64_MAX, tried),
	NUMBER(journal, "restore", INT64_MAX, restore),
	NUMBER(journal, "boot", INT64_MAX, boot),
	NUMBER(journal, "unconfirmed", INT64_MAX, confirm.restore),
	NUMBER(journal, "deadline-ms", INT64_MAX, confirm.deadline_ms),
};
static const struct place journal_texts[] = {
	PLACE(journal, "user", confirm.user),
	PLACE(journal, "persist", confirm.persist),
};
static const struct layout journal_layout = { journal_numbers, nitems(journal_numbers),
	journal_texts, nitems(journal_texts) };

static const struct number commit_numbers[] = {
	NUMBER(status_commit, "time", INT64_MAX, time),
};
static const struct place commit_texts[] = {
	PLACE(status_commit, "user", user),
	PLACE(status_commit, "comment", comment),
	PLACE(status_commit, "error", error_text),
	PLACE(status_commit, "changes", changes),
};
static const struct layout commit_layout = { commit_numbers, nitems(commit_numbers),
	commit_texts, nitems(commit_texts) };

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
take_number(const struct number *place, void *object, const char *value)
{
	uint64_t number;
	uint32_t small;

	if (!record_number(value, place->max, &number))
		return false;
	small = (uint32_t)number;
	if (place->size == sizeof(small))
		memcpy((char *)object + place->offset, &small, sizeof(small));
	else
		memcpy((char *)object + place->offset, &number, sizeof(number));
	return true;
}

static void
take_text(const struct place *place, void *object, const char *value)
{
	const size_t len = strnlen(value, place->size - 1);
	char *at = (char *)object + place->offset;

	memcpy(at, value, len);
	at[len] = '\0';
}

static bool
take_line(const struct layout *layout, void *object, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < layout->nnumbers; i++)
		if (strcmp(layout->numbers[i].key, key) == 0)
			return take_number(&layout->numbers[i], object, value);
	for (i = 0; i < layout->ntexts; i++)
		if (strcmp(layout->texts[i].key, key) == 0) {
			take_text(&layout->texts[i], object, value);
			return true;
		}
	return false;
}

static int
load_lines(int dir, const char *name, const char *kind, const struct layout *layout,
    void *object, struct err *err)
{
	struct record record;
	const char *key;
	char *value;
	int rc = 0;

	if (record_load(dir, name, kind, FILE_MAX, &record, err) == -1)
		return -1;
	while (rc == 0 && record_next(&record, &key, &value))
		if (!take_line(layout, object, key, value))
			rc = err_set(err, ERR_STORAGE, name,
			    "a line of an unknown kind");
	record_clear(&record);
	return rc;
}

static bool
take_commit_line(struct status_commit *commit, const char *key, const char *value)
{
	size_t i;
	int number;

	for (i = 0; i < nitems(commit_names); i++)
		if (strcmp(commit_names[i].key, key) == 0) {
			number = name_find(commit_names[i].names, value);
			number = number < 0 ? 0 : number;
			memcpy((char *)commit + commit_names[i].offset, &number,
			    sizeof(number));
			return true;
		}
	return take_line(&commit_layout, commit, key, value);
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

static const char *const waiting_keys[WAITING_KIND_MAX] = {
	[WAITING_SEEN] = "service",
	[WAITING_UNSEEN] = "service-unseen",
	[WAITING_LOST] = "service-lost",
};

/* WAITING_KIND_MAX: it is none. */
static enum waiting_kind
find_kind(const char *key)
{
	enum waiting_kind kind = WAITING_SEEN;

	while (kind < WAITING_KIND_MAX && strcmp(waiting_keys[kind], key) != 0)
		kind++;
	return kind;
}

static int
load_waiting(struct state *state, struct err *err)
{
	struct waiting *waiting = &state->waiting;
	enum waiting_kind kind;
	struct record record;
	const char *key;
	char *value;
	int rc = 0;

	if (record_load(state->dir, WAITING, KIND(WAITING), FILE_MAX, &record, err) ==
	    -1)
		return -1;
	while (rc == 0 && record_next(&record, &key, &value))
		if ((kind = find_kind(key)) < WAITING_KIND_MAX)
			waiting_add(waiting, value, kind);
		else if (strcmp(key, BOOT) != 0 ||
		    !record_number(value, INT64_MAX, &waiting->boot))
			rc = err_set(err, ERR_STORAGE, WAITING,
			    "a line of an unknown kind");
	record_clear(&record);
	return rc;
}

/*
 * Without one of these files the generations still tell what is in force.  What is in
 * its place goes aside, for a person to look at.
 */
static void
set_aside(const struct state *state, const char *name, const struct err *err)
{
	char aside[64];

	if (err->code == ERR_NOT_FOUND)
		return;
	(void)snprintf(aside, sizeof(aside), "%s.damaged", name);
	(void)renameat(state->dir, name, state->dir, aside);
	log_err("state", "%s: %s; going on without it", err->where, err->text);
}

static void
load(struct state *state)
{
	struct err err;

	if (load_lines(state->dir, COUNTERS, KIND(COUNTERS), &counters_layout,
		&state->counters, &err) == -1) {
		set_aside(state, COUNTERS, &err);
		state->counters = (struct counters){ 0 };
		state->counters_lost = true;
	}
	if (load_lines(state->dir, JOURNAL, KIND(JOURNAL), &journal_layout,
		&state->journal, &err) == -1) {
		set_aside(state, JOURNAL, &err);
		state->journal = (struct journal){ 0 };
	}
	if (load_history(state, &err) == -1) {
		set_aside(state, HISTORY, &err);
		state->history = (struct history){ 0 };
	}
	if (load_waiting(state, &err) == -1) {
		set_aside(state, WAITING, &err);
		state->waiting = (struct waiting){ 0 };
	}
	if (kept_settings_load(state->dir, &state->settings, &err) == -1) {
		set_aside(state, STATE_SETTINGS, &err);
		kept_settings_clear(&state->settings);
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
	kept_settings_clear(&state->settings);
}

/* --- writing --- */

static int
add_lines(struct buf *buf, const struct layout *layout, const void *object)
{
	const struct number *place;
	uint64_t number;
	uint32_t small;
	size_t i;

	for (i = 0; i < layout->nnumbers; i++) {
		place = &layout->numbers[i];
		memcpy(&number, (const char *)object + place->offset, place->size);
		memcpy(&small, &number, sizeof(small));
		if (place->size == sizeof(small))
			number = small;
		if (buf_printf(buf, "%s %ju\n", place->key, (uintmax_t)number) == -1)
			return -1;
	}
	for (i = 0; i < layout->ntexts; i++)
		if (record_text(buf, layout->texts[i].key,
			(const char *)object + layout->texts[i].offset) == -1)
			return -1;
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
save_lines(struct state *state, const char *name, const char *kind,
    const struct layout *layout, const void *object, struct err *err)
{
	struct buf buf = { 0 };
	int built = record_begin(&buf, kind);

	if (built == 0)
		built = add_lines(&buf, layout, object);
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
	struct counters next = *counters;

	if (next.generation < old->generation)
		next.generation = old->generation;
	next.next_local_index = later(next.next_local_index, old->next_local_index);
	next.next_trust_index = later(next.next_trust_index, old->next_trust_index);
	if (!state->counters_lost && next.generation == old->generation &&
	    next.next_local_index == old->next_local_index &&
	    next.next_trust_index == old->next_trust_index &&
	    next.spin_lock == old->spin_lock && next.notify_seq == old->notify_seq)
		return 0;
	if (save_lines(state, COUNTERS, KIND(COUNTERS), &counters_layout, &next, err) ==
	    -1)
		return -1;
	state->counters = next;
	state->counters_lost = false;
	return 0;
}

int
state_put_journal(struct state *state, const struct journal *journal, struct err *err)
{
	if (save_lines(state, JOURNAL, KIND(JOURNAL), &journal_layout, journal, err) ==
	    -1)
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
	    add_lines(buf, &commit_layout, commit) == -1)
		return -1;
	for (i = 0; i < nitems(commit_names); i++) {
		memcpy(&number, (const char *)commit + commit_names[i].offset,
		    sizeof(number));
		if (record_text(buf, commit_names[i].key,
			name_text(commit_names[i].names, number)) == -1)
			return -1;
	}
	return 0;
}

static int
save_history(struct state *state, const struct history *history, struct err *err)
{
	struct buf buf = { 0 };
	int built = record_begin(&buf, KIND(HISTORY));
	uint32_t i;

	for (i = 0; built == 0 && i < history->count; i++)
		built = add_commit(&buf, &history->commits[i]);
	return save(state, HISTORY, &buf, built, err);
}

/* The oldest makes room. */
static void
put_first(struct history *history, const struct status_commit *commit)
{
	if (history->count < LIMIT_HISTORY)
		history->count++;
	memmove(&history->commits[1], &history->commits[0],
	    (history->count - 1) * sizeof(*commit));
	history->commits[0] = *commit;
}

int
state_add_commit(struct state *state, const struct status_commit *commit, bool settle,
    struct err *err)
{
	struct history new = state->history;
	uint32_t i;

	for (i = 0; i < new.count; i++)
		if (new.commits[i].generation == commit->generation)
			break;
	if (i < new.count)
		new.commits[i] = *commit;
	else
		put_first(&new, commit);
	if (settle)
		status_settle(new.commits, new.count,
		    (enum action_result)commit->result);
	if (save_history(state, &new, err) == -1)
		return -1;
	state->history = new;
	return 0;
}

/* --- services that wait for a restart --- */

void
waiting_add(struct waiting *waiting, const char *name, enum waiting_kind kind)
{
	size_t len = strnlen(name, STATUS_NAME - 1);

	if (waiting->count == LIMIT_SERVICES)
		return;
	memcpy(waiting->services[waiting->count].name, name, len);
	waiting->services[waiting->count].name[len] = '\0';
	waiting->services[waiting->count++].kind = kind;
}

int
state_put_waiting(struct state *state, const struct waiting *waiting, struct err *err)
{
	struct waiting new = *waiting;
	struct buf buf = { 0 };
	uint32_t i;
	int built;

	new.boot = state_boot();
	if (memcmp(&new, &state->waiting, sizeof(new)) == 0 ||
	    (new.count == 0 && state->waiting.count == 0))
		return 0;
	built = record_begin(&buf, KIND(WAITING));
	if (built == 0)
		built = buf_printf(&buf, BOOT " %ju\n", (uintmax_t) new.boot);
	for (i = 0; built == 0 && i < new.count; i++)
		built = record_text(&buf, waiting_keys[new.services[i].kind],
		    new.services[i].name);
	if (save(state, WAITING, &buf, built, err) == -1)
		return -1;
	state->waiting = new;
	return 0;
}

static void
add_pending(struct pending *pending, uint32_t row, enum waiting_kind kind)
{
	const uint64_t bit = (uint64_t)1 << row;

	pending->services |= bit;
	if (kind == WAITING_UNSEEN)
		pending->unseen |= bit;
	if (kind == WAITING_LOST)
		pending->lost |= bit;
}

struct pending
waiting_pending(const struct waiting *waiting, const struct services *table)
{
	struct pending pending = { 0 };
	uint32_t i, row;

	if (waiting->boot != state_boot())
		return pending; /* all were started since */
	for (i = 0; i < waiting->count; i++)
		for (row = 0; row < table->count; row++)
			if (strcmp(waiting->services[i].name, table->rows[row].name) ==
			    0)
				add_pending(&pending, row, waiting->services[i].kind);
	return pending;
}

uint64_t
state_boot(void)
{
	char text[64] = "";
	uint64_t number = 0;
	ssize_t n;
	int fd;

	if ((fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	for (ssize_t i = 0; i < n; i++)
		number = number * 31 + (unsigned char)text[i];
	return number >> 1; /* as a number of a record can be */
}
