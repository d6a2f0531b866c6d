/* SPDX-License-Identifier: ISC */
/* What runs below a process that is its descendants' subreaper. */
#ifndef AGENT_DESCENDANTS_H
#define AGENT_DESCENDANTS_H

#include <stdbool.h>
#include <stdint.h>

/* Reaps those that ended; whether any is left. */
bool descendants_left(void);

/* Waits until none is left, at most so long; whether none is. */
bool descendants_wait(int64_t ms);

/* SIGTERM to all, then after grace_ms SIGKILL, again and again until none is left. */
void descendants_end(int64_t grace_ms);

#endif
