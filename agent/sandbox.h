/* SPDX-License-Identifier: ISC */
/*
 * What a session, a worker and a probe give up before they read a first octet from
 * outside: files, sockets, programs, core dumps, new privileges.  Landlock refuses
 * every path, seccomp every system call that is not on a short list (the process is
 * killed). Under sanitizers the filter only logs and address-space limits stay off.
 */
#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H

#include <stdbool.h>

#include "lib/err.h"

enum sandbox_kind { SANDBOX_SESSION, SANDBOX_PROBE, SANDBOX_KIND_MAX };

#ifdef WITH_SANITIZERS
#define SANDBOX_LENIENT true
#else
#define SANDBOX_LENIENT false
#endif

/* -1 when the kernel refuses a part it has; a kernel without Landlock is no error. */
int sandbox_enter(enum sandbox_kind, struct err *);

/* The system-call part of it; does nothing when built without libseccomp. */
int sandbox_filter(enum sandbox_kind, struct err *);

/*
 * Lets the process use this many seconds of CPU time more, counted from now; after that
 * the kernel ends it with SIGXCPU.
 */
void sandbox_cpu_budget(unsigned int seconds);

/* Closes all descriptors from 3 on but these two; either may be -1. */
void sandbox_close_others(int keep, int keep_too);

#endif
