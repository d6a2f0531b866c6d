/* SPDX-License-Identifier: ISC */
/*
 * state/outbox: what was told, oldest first, as a log that is appended to and now and
 * then written anew.  After a first line each record says how long it is and carries a
 * SHA-256, so that what a crash cut off in the middle is found and left out.
 *
 * The alarms that are raised follow from it: those of the last ALARMS records, and what
 * every notification after them changed.
 */
#ifndef AGENT_OUTBOX_FILE_H
#define AGENT_OUTBOX_FILE_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/err.h"

#define OUTBOX_FILE_MAX ((size_t)64 << 20)

enum outbox_type {
	OUTBOX_NOTIFICATION = 1, /* struct notification */
	OUTBOX_TAKEN,            /* uint32_t: a master has all up to this number */
	OUTBOX_ALARMS,           /* struct outbox_alarm, one or more */
};

/* A raised alarm; numbers of classes are never changed. */
struct outbox_alarm {
	uint32_t class, index; /* enum source_class, row */
	uint32_t level;
	uint32_t zero;
	int64_t sent; /* when it was told last */
};

struct outbox_record {
	uint32_t type;
	struct blob data; /* not aligned */
};

/* What a file, or what is appended to it, is made of. */
int outbox_file_begin(struct buf *, struct err *);
int outbox_file_add(struct buf *, enum outbox_type, const void *data, size_t len,
    struct err *);

/* Skips the first line; false: it is another kind of file. */
bool outbox_file_open(struct blob *file);
/* The next record; false at the end, and at what is not whole. */
bool outbox_file_next(struct blob *rest, struct outbox_record *ret_record);

/*
 * The file as far as it is whole; what is not is cut off.  What cannot be read at all
 * goes aside.  ERR_NOT_FOUND: there is none.
 */
int outbox_file_load(int dirfd, struct buf *ret_file, struct err *);
/* Durably: appended, or with anew the whole file. */
int outbox_file_put(int dirfd, struct blob records, bool anew, struct err *);

#endif
