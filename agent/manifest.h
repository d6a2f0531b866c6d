/* SPDX-License-Identifier: ISC */
/*
 * What a generation holds: each file with its size and SHA-256, which of them are
 * private keys, and who made it, when and why.  It is written last, so that a directory
 * with a manifest is complete.
 */
#ifndef AGENT_MANIFEST_H
#define AGENT_MANIFEST_H

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/status.h"

#include "agent/record.h"

#define MANIFEST_NAME "manifest"
#define SNAPSHOT_NAME "snapshot"

struct manifest_file {
	const char *path; /* below the generation */
	uint64_t size;
	uint8_t sha256[SHA256_SIZE];
	bool is_key; /* nothing but the private key with this id */
	uint8_t key_id[SHA256_SIZE];
};

struct manifest {
	struct status_commit commit; /* result as far as it was known */
	uint64_t base;               /* generation it was made from */
	struct manifest_file *files; /* once loaded: sorted by path */
	size_t nfiles, size;
	const struct manifest_file **keys; /* once loaded: sorted by id */
	size_t nkeys;
	struct record record; /* the paths of a loaded one are in it */
};

/* Adds one file; path must stay. */
int manifest_add(struct manifest *, const struct manifest_file *, struct err *);
/* As the file it becomes. */
int manifest_format(const struct manifest *, struct buf *, struct err *);

/* The manifest in a generation's directory. */
int manifest_load(int dirfd, struct manifest *ret_manifest, struct err *);
/* NULL when there is no such file.  Borrowed. */
const struct manifest_file *manifest_find(const struct manifest *, const char *path);
const struct manifest_file *manifest_key(const struct manifest *,
    const uint8_t key_id[SHA256_SIZE]);
void manifest_clear(struct manifest *);

#endif
