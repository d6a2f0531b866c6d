/* SPDX-License-Identifier: ISC */
/* A document that SNMP names, or one of the spool. */
#ifndef HANDLERS_IMPORT_H
#define HANDLERS_IMPORT_H

#include "handlers/engine_client.h"

/*
 * Puts it on the candidate, or in force alone, as an <edit-config> does that merges.
 * What is wrong with it the engine is told, too.
 */
int import_document(struct engine_client *, int fd, bool alone, struct err *);

#endif
