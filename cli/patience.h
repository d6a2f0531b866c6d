/* SPDX-License-Identifier: ISC */
/* --wait: for programs, which nobody asks to try again while the agent is busy. */
#ifndef CLI_PATIENCE_H
#define CLI_PATIENCE_H

#include "cli/cli.h"
#include "cli/client.h"

struct patience {
	int64_t until_ms; /* CLOCK_MONOTONIC; 0: none */
};

/* What --wait says.  Returns EXIT_USAGE, and has told why, when it cannot be. */
int patience_read(const struct cli *, struct patience *);
/*
 * Connects, with patience to an agent that is there and does nothing else.  NULL: there
 * is none, or was none until the time was over.
 */
struct client *patience_connect(const struct patience *, const char *path,
    struct err *);
/* Whether an error may pass, and there is time left; waits a moment then. */
bool patience_again(const struct patience *, const struct err *);

#endif
