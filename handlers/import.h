/* SPDX-License-Identifier: ISC */
/* The document that SNMP names. */
#ifndef HANDLERS_IMPORT_H
#define HANDLERS_IMPORT_H

#include "handlers/engine_client.h"

/*
 * Puts it on the candidate, as an <edit-config> does that merges.  What is wrong with
 * it the engine is told, too.
 */
int import_document(struct engine_client *, int fd, struct err *);

#endif
