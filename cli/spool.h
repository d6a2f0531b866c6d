/* SPDX-License-Identifier: ISC */
/*
 * The spool: what could not be put in force and is tried again by the agent, each hour,
 * until it is.  Only root can look into it.
 */
#ifndef CLI_SPOOL_H
#define CLI_SPOOL_H

#include "lib/bytes.h"

/* The name of what is no credential. */
#define SPOOL_DOCUMENT "document"

struct spooled {
	const char *dir;           /* NULL: the built-in one */
	const char *name;          /* one document a name: a newer one replaces it */
	const struct text *pieces; /* the request, as for client_rpc() */
	size_t count;              /* 0: it could not be made */
	const char *reason;
};

/* Keeps it, and says so on stderr and in the system's log. */
void spool_keep(const struct spooled *);
/* It is in force. */
void spool_drop(const struct spooled *);

#endif
