/* SPDX-License-Identifier: ISC */
/* The steps of a commit, told as they happen, and how it ended. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/cli.h"
#include "cli/client.h"

/* One request that commits: content as for client_rpc(). */
struct request {
	const struct text *pieces;
	/*
	 * The same, as what extends a confirmed commit of this user's that waits: tried
	 * when the agent is busy, for that may be the reason; NULL: nothing is.
	 */
	const struct text *extending;
	size_t count;
	bool unreadable;  /* one piece, for client_unreadable() */
	bool stepless;    /* it is done even when no step was told */
	bool judges;      /* the agent judges the configuration before the first step */
	const char *done; /* "Committed": how the last line of a success begins */
	/* Puts an error in terms of what the person gave; may be NULL. */
	void (*explain)(void *context, struct cli *, struct err *);
	/* The exit status of an error; NULL: cli_status(). */
	int (*status)(const struct cli *, const struct err *);
	/* Says what to look at in the state after a success; may be NULL. */
	void (*warn)(void *context, const struct cli *, const json_t *state);
	/* Whether to do it again later, after this error, of which nothing is said
	 * then; may be NULL. */
	bool (*again)(void *context, const struct err *);
	void *context;
};

/* Besides the exit statuses: request.again said yes. */
#define PROGRESS_AGAIN (-1)

/*
 * Runs it, telling each step on the way and the outcome at the end.  Returns an enum
 * exit_status, and everything has been said; or PROGRESS_AGAIN.
 */
int progress_run(struct cli *, struct client *, const struct request *);

#endif
