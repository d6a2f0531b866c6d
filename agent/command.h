/* SPDX-License-Identifier: ISC */
/*
 * Running a command of a service definition, in a forked helper: no shell, a clean
 * environment, a deadline, and nothing of it left over when it fails.  The helper is
 * the subreaper of all that the command starts, so a process that left its group or
 * session is found too.
 */
#ifndef AGENT_COMMAND_H
#define AGENT_COMMAND_H

#include <stdbool.h>

#include "lib/err.h"

struct command {
	const char *service; /* for the error */
	const char *what;    /* "restart", "check" */
	char *const *argv;   /* the first is an absolute path */
	uint32_t deadline_ms;
	bool daemonises; /* what it leaves running is the service */
};

/*
 * Runs it to its end.  ERR_SERVICE_FAILED with its exit status and the last line it
 * printed.  The calling process must have no other children; SIGTERM to it counts as
 * the deadline.
 */
int command_run(const struct command *, struct err *);

#endif
