/* SPDX-License-Identifier: ISC */
/*
 * The first process: forks the monitor, and again when it ends irregularly.  It reads
 * nothing.
 */
#ifndef AGENT_SUPERVISOR_H
#define AGENT_SUPERVISOR_H

#include "agent/monitor.h"

/*
 * Goes into the background first unless conf says otherwise; the command then returns
 * when all has started or cannot.  Returns an exit status.
 */
int supervisor_run(struct conf *, const struct processes *);

#endif
