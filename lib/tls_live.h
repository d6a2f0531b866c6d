/* SPDX-License-Identifier: ISC */
/*
 * The generation in force, as a reader without any right sees it.
 *
 *   STATE/live -> generations/42     replaced by rename; everything else below never
 *                                    changes, but is removed some day
 *
 * A generation is opened once, as a directory, so that all files read through it belong
 * together whatever `live` names by then.
 */
#ifndef LIB_TLS_LIVE_H
#define LIB_TLS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/tls_error.h"

#define TLS_LINK_SIZE 256

struct tls_live {
	int root;                 /* the state directory */
	int inotify;              /* -1: why_no_inotify is an errno */
	int why_no_inotify;       /* not fatal: who never polls needs none */
	char seen[TLS_LINK_SIZE]; /* what `live` named when it was asked last; "" for
				      nothing */
};

struct tls_generation {
	int dir;
	uint64_t number; /* 0: the link names something that is none */
	char link[TLS_LINK_SIZE];
};

/* A file in memory. */
struct tls_octets {
	uint8_t *data;
	size_t len;
};

/* 0, or -1 with errno set. */
int tls_live_open(struct tls_live *, const char *directory);
void tls_live_close(struct tls_live *);

/* 1, 0, or -1 with errno set. */
int tls_live_changed(struct tls_live *);

int tls_generation_open(const struct tls_live *, struct tls_generation *,
    struct certconf_error *err);
void tls_generation_close(struct tls_generation *);
/* Whether `live` names another one by now. */
bool tls_generation_is_past(const struct tls_live *, const struct tls_generation *);

/* A regular file of at most limit octets; where is for messages.  ENOENT is told by
 * CERTCONF_ERROR_NOT_FOUND. */
int tls_read(int dir, const char *name, size_t limit, const char *where,
    struct tls_octets *ret_octets, struct certconf_error *err);
/* Any of them may have been a key: all are cleansed. */
void tls_octets_free(struct tls_octets *);

#endif
