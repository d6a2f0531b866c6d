/* SPDX-License-Identifier: ISC */
/*
 * What a session, a worker and a probe give up before they read a first octet from
 * outside: files, sockets, programs, core dumps, new privileges.  Landlock refuses every
 * path, seccomp every system call that is not on a short list (the process is killed).
 * Under sanitizers the filter only logs and address-space limits stay off.
 */
#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H

#include "lib/err.h"

enum sandbox_kind { SANDBOX_SESSION, SANDBOX_PROBE };

/* -1 when the kernel refuses a part it has; a kernel without Landlock is no error. */
int sandbox_enter(enum sandbox_kind, struct err *);

#endif
