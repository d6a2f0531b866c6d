/* SPDX-License-Identifier: ISC */
/*
 * The process that serves one NETCONF client: straight-line, blocking code in a
 * sandbox. It reads what came from outside and hands the engine sealed files.
 */
#ifndef HANDLERS_SESSION_H
#define HANDLERS_SESSION_H

#include "agent/proto.h"

/* Enters the sandbox, serves until the client or the engine is gone, and returns. */
void session_run(int engine, int client, const struct identity *);

#endif
