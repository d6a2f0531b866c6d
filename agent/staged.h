/* SPDX-License-Identifier: ISC */
/*
 * A generation seen where the live one is, by this process and what it starts alone: so
 * that a service's own check command, which reads what live names, judges what is only
 * staged.
 */
#ifndef AGENT_STAGED_H
#define AGENT_STAGED_H

#include "agent/generations.h"

/*
 * In a mount namespace of its own, and without root in a user namespace too.
 * ERR_UNSUPPORTED when the kernel does not let us, or there is no live generation.
 */
int staged_enter(const struct generations *, uint64_t number, struct err *);

#endif
