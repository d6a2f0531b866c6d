/* SPDX-License-Identifier: ISC */
/*
 * The nursery: forked early, with OpenSSL and libxml2 initialised and no configuration,
 * it forks a session, worker or probe whenever the engine asks, in well under the time
 * those libraries need to start.
 */
#ifndef AGENT_NURSERY_H
#define AGENT_NURSERY_H

#include "agent/proto.h"

/* What the forked processes run; each enters the sandbox first. */
struct nursery_kinds {
	void (*session)(int engine, int client, const struct identity *);
	void (*worker)(int engine, int document, const struct job *);
	void (*probe)(int engine, int server, const struct probe_job *);
};

_Noreturn void nursery_run(int engine, const struct nursery_kinds *);

#endif
