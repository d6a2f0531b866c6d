/* SPDX-License-Identifier: ISC */
/*
 * The directories of the store.
 *
 *   generations/17        never changed once it has this name
 *   generations/18.tmp    being written; left from a crash otherwise
 *   generations/3.old     on its way out
 *   live -> generations/17
 */
#ifndef AGENT_GENERATIONS_H
#define AGENT_GENERATIONS_H

#include <stdbool.h>

#include "agent/manifest.h"

#define GENERATION_NAME_SIZE 32

struct generations {
	int root;      /* the state directory */
	int dir;       /* generations/ */
	uint64_t live; /* what the link names; 0: nothing */
};

/* root stays the caller's and must outlive it; generations/ is made when missing. */
int generations_open(struct generations *, int root, struct err *);
void generations_close(struct generations *);

/* The name generations/ knows it by, and the one while it is written.  Return dst. */
const char *generation_name(char dst[GENERATION_NAME_SIZE], uint64_t number);
const char *generation_tmp_name(char dst[GENERATION_NAME_SIZE], uint64_t number);

/* A descriptor of its directory; ERR_NOT_FOUND when there is none. */
int generation_open(const struct generations *, uint64_t number, struct err *);

/* Those complete by their name, newest first; the caller frees. */
int generations_list(const struct generations *, uint64_t **ret_numbers,
    size_t *ret_count, struct err *);

/* The newest complete one that is older than the live one; ERR_NOT_FOUND when there is
 * none. */
int generation_before_live(const struct generations *, uint64_t *ret_number,
    struct err *);

/* Whether each file is there with its size: fast, for what was verified before. */
int generation_check(const struct generations *, uint64_t number, struct err *);
/*
 * Reads each file and compares its SHA-256.  The snapshot can be made anew, so a
 * damaged one does not count: ret_snapshot tells.
 */
int generation_verify(const struct generations *, uint64_t number, bool *ret_snapshot,
    struct err *);

/* Points live at it. */
int generation_activate(struct generations *, uint64_t number, struct err *);
/* Takes it out of the list; sweep removes it.  Refuses the live one; none is fine. */
int generation_discard(const struct generations *, uint64_t number, struct err *);
/* Removes what was discarded, and with all what a crash left half-written. */
int generations_sweep(const struct generations *, bool all, struct err *);

/* A file of it as a sealed memory file, if it is as it was written; -1 otherwise. */
int generation_file(const struct generations *, uint64_t number, const char *path,
    struct err *);

#endif
