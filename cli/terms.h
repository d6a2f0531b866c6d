/* SPDX-License-Identifier: ISC */
/* How a commit is made: --confirm and --defer-restart, and who may confirm it. */
#ifndef CLI_TERMS_H
#define CLI_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/limits.h"

#define TERMS_USER 64

struct terms {
	bool defer_restart;
	uint32_t timeout;        /* seconds; 0: it is for good */
	char id[LIMIT_NAME + 1]; /* with timeout: whoever knows it may confirm it */
	bool extends;            /* what waits under that id already */
};

/*
 * "90", "90s", "10m", "2h" or "1d", of 1 to LIMIT_CONFIRM_SECONDS; 0 for anything else.
 */
uint32_t duration_read(const char *text);

/* Who runs this, as the agent calls him: the login name, else the uid.  Returns buf. */
const char *terms_user(char buf[TERMS_USER]);

/* What this user's own confirmed commits are called, from every terminal. */
void terms_id(char ret_id[LIMIT_NAME + 1]);

/* Where the leaves of a request are defined; the model says so. */
struct terms_ns {
	const char *own;     /* defer-restart */
	const char *confirm; /* NETCONF_NS: the commit of NETCONF itself */
};

int terms_write(struct buf *, const struct terms *, const struct terms_ns *,
    struct err *);

#endif
