/* SPDX-License-Identifier: ISC */
/*
 * Small files of the store: lines of a key and a value, which people can read too,
 * under a first line that says what it is, and a last one with the SHA-256 of all
 * before it:
 *
 *   certconf-journal 1
 *   tried 17
 *   restore 16
 *   end 5c1f…
 */
#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

#include "lib/bytes.h"
#include "lib/err.h"

struct record {
	char *data;
	size_t len;
	char *next; /* line */
};

/*
 * Reads a file whose first line is kind.  Refuses what is not a file, larger than max,
 * of another kind, or not as it was written; ERR_NOT_FOUND when there is none.
 */
int record_load(int dirfd, const char *name, const char *kind, size_t max,
    struct record *ret_record, struct err *);
/*
 * The next line; false at the end.  Both point into the record; a value may be empty.
 */
bool record_next(struct record *, const char **ret_key, char **ret_value);
void record_clear(struct record *);

/* Takes the first word off a value; NULL when none is left. */
char *record_word(char **value);
/* A whole decimal number, at most max. */
bool record_number(const char *text, uint64_t max, uint64_t *ret_number);
/* Exactly the hex of a SHA-256. */
bool record_sha256(const char *text, uint8_t ret_sha256[SHA256_SIZE]);

/*
 * For writing: kind, then lines, then the end.  buf_printf() may add lines too.  A
 * failure is ERR_MEMORY and is told at the end at the latest.
 */
int record_begin(struct buf *, const char *kind);
/* Text from outside: whatever would break the line becomes a space. */
int record_text(struct buf *, const char *key, const char *value);
int record_end(struct buf *, struct err *);

#endif
