/* SPDX-License-Identifier: ISC */
/*
 * Every change of the disk the store makes.  What these functions report as done is
 * still done after a power cut, except where the comment says that a sync must follow.
 * A sync that fails is never tried again: the kernel forgets what it could not write,
 * so a second try would succeed without having written it.
 */
#ifndef AGENT_DURABLE_H
#define AGENT_DURABLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/bytes.h"
#include "lib/err.h"

/*
 * Called before each operation with its name; what it returns other than 0 is an errno
 * the operation then fails with.  Weak and empty here: a test defines its own to count
 * the operations and to die at the n-th.
 */
int durable_hook(const char *operation, const char *name);

/* Whom a new file belongs to and who may read it. */
struct durable_owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* A new file of these pieces; refuses one that exists.  A sync must follow. */
int durable_create(int dirfd, const char *name, const struct blob *pieces,
    size_t npieces, const struct durable_owner *, struct err *);
/* A directory everybody may read; one that exists is fine.  A sync must follow. */
int durable_mkdir(int dirfd, const char *name, struct err *);
/* A second name for a file; false when the file system cannot.  A sync must follow. */
bool durable_hardlink(int from_dirfd, const char *from, int to_dirfd, const char *to);
/* The whole file system fd is on; fd must be older than what was written. */
int durable_sync_all(int fd, const char *name, struct err *);

/* Replaces a file, mode 0600: after a crash it holds all of the old or of the new. */
int durable_replace(int dirfd, const char *name, const void *data, size_t len,
    struct err *);
/*
 * Adds to a file, which must not become larger than max.  After a failure it is as it
 * was, unless that fails too; ERR_NOT_FOUND when there is none.
 */
int durable_append(int dirfd, const char *name, struct blob piece, size_t max,
    struct err *);
/* Replaces a symbolic link in the same way. */
int durable_symlink(int dirfd, const char *name, const char *target, struct err *);
/* Renames within a directory. */
int durable_rename(int dirfd, const char *from, const char *to, struct err *);
/* Removes a file; none there is fine. */
int durable_remove(int dirfd, const char *name, struct err *);

/* Removes a tree, as far as it can, without any promise about a crash. */
int durable_remove_tree(int dirfd, const char *name, struct err *);

#endif
