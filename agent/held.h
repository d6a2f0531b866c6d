/* SPDX-License-Identifier: ISC */
/*
 * A configuration the engine holds: the sealed files a session made, and the mapped
 * snapshot.  Counted, since running, candidate and a commit can share one.
 */
#ifndef AGENT_HELD_H
#define AGENT_HELD_H

#include "agent/memfile.h"
#include "lib/snapshot.h"

struct held {
	unsigned int users;
	int snapshot_fd;
	int bundle_fd; /* -1: none, it came from the disk */
	struct mapping map;
	struct snapshot snapshot;
};

/* Takes both descriptors, also when it fails (NULL, err set). */
struct held *held_new(int snapshot_fd, int bundle_fd, struct err *);
/* An empty configuration: what a new device has. */
struct held *held_empty(const struct services *, struct err *);
/*
 * The same with these changes of monitoring; those of rows it has not are left out.
 * NULL, err set, without memory.
 */
struct held *held_changed(const struct held *, const struct setting_change *, size_t n,
    struct err *);
struct held *held_use(struct held *);
/* Takes NULL. */
void held_drop(struct held *);

#endif
