/* SPDX-License-Identifier: ISC */
/* The probe: a sandboxed process that does one TLS handshake and tells what it saw. */
#ifndef AGENT_PROBE_H
#define AGENT_PROBE_H

#include "agent/proto.h"

/* server is the connected socket; the answer goes to engine as PROBE_RESULT. */
void probe_run(int engine, int server, const struct probe_job *);

#endif
