/* SPDX-License-Identifier: ISC */
/*
 * The privileged process: owns the store, the durable state and the service commands,
 * accepts connections and starts every other process.  It parses nothing that came from
 * outside and composes no file.  A poll loop; whatever takes long is a forked helper.
 * On any irregularity it stops, and the supervisor starts everything anew.
 */
#ifndef AGENT_MONITOR_H
#define AGENT_MONITOR_H

#include "agent/conf.h"

/* What it starts; main.c fills this in, since only main.c may know them all. */
struct processes {
	void (*engine)(int monitor, int nursery); /* never return */
	void (*nursery)(int engine);
};

/* What it exits with when it cannot start: trying again would not help. */
#define MONITOR_CANNOT_START 2

/* Runs until SIGTERM (returns 0) or an irregularity (exits 1). */
int monitor_run(const struct conf *, const struct processes *);

#endif
