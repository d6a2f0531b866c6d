/* SPDX-License-Identifier: ISC */
/*
 * What certconfd shows to the plugin of snmpd: two files in its run directory, readable
 * by all.  Neither is ever truncated; another one comes by rename.
 *
 *   snapshot   the one in force, as it is in memory
 *   status     struct published; the engine writes it where it lies
 *
 * Numbers are in the byte order of the machine, and another version is another format.
 */
#ifndef LIB_PUBLISHED_H
#define LIB_PUBLISHED_H

#include "lib/status.h"

#define PUBLISHED_SNAPSHOT "snapshot"
#define PUBLISHED_STATUS "status"
#define PUBLISHED_MAGIC "CCSTATE\n"
/* Grows when struct status says something else; its size is compared besides. */
#define PUBLISHED_VERSION 1

#define PUBLISHED_HEARTBEAT_MS 1000
/* Without a heartbeat for longer, the engine is down. */
#define PUBLISHED_ALIVE_MS 5000

struct published {
	char magic[8];
	uint32_t version;
	uint32_t size;     /* of this struct */
	uint64_t sequence; /* odd: it is being written; 0: it has never been */
	/* what is read between two equal, even numbers above is whole */
	int64_t heartbeat_ms; /* CLOCK_MONOTONIC */
	uint64_t snapshots;   /* how many of them were put beside it */
	struct status status;
};

/*
 * Leaves only what CERTCONF-MIB shows: who confirms a commit proves it with a name that
 * is a secret, and refused texts and comments are for who may read the configuration.
 */
void published_fill(struct published *, const struct status *);

/* What cannot be right in octets that somebody else wrote; NULL: nothing. */
const char *published_check(const struct published *);

#endif
