/* SPDX-License-Identifier: ISC */
/*
 * A session without a client: one change of fixed size that needs parsing or building,
 * in the same sandbox.
 */
#ifndef HANDLERS_WORKER_H
#define HANDLERS_WORKER_H

#include "agent/proto.h"

/*
 * Enters the sandbox, does the job, tells the engine, and returns.  document: of
 * JOB_IMPORT, else -1.
 */
void worker_run(int engine, int document, const struct job *);

#endif
