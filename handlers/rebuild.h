/* SPDX-License-Identifier: ISC */
/*
 * A snapshot that is lost, or of another version, built again from what else is in its
 * generation: config.xml and the factory certificate.  The keys are in their places;
 * SNMP indices other than those of local and factory are new ones.
 */
#ifndef HANDLERS_REBUILD_H
#define HANDLERS_REBUILD_H

#include "handlers/engine_client.h"

/* Hands the result to the engine, which takes it as the running configuration. */
int rebuild(struct engine_client *, uint64_t generation, struct err *);

#endif
