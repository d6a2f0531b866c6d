/* SPDX-License-Identifier: ISC */
/*
 * Sealed memory files: how snapshots, bundles and tables pass between processes.  The
 * maker writes, then seals against shrinking, growing and writing; the receiver checks
 * all four seals and the size before it maps, so what it read cannot change under it.
 */
#ifndef AGENT_MEMFILE_H
#define AGENT_MEMFILE_H

#include "lib/bytes.h"
#include "lib/err.h"

/* A sealed file with these octets; -1 with err set. */
int memfile_new(const char *name, const void *data, size_t len, struct err *);

/* A private, read-only mapping; data is NULL when the file is empty. */
struct mapping {
	void *data;
	size_t size;
};
/* Refuses what is not sealed or larger than max. */
int memfile_map(int fd, size_t max, struct mapping *ret_mapping, struct err *);
void mapping_clear(struct mapping *);

#endif
