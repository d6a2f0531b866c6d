/* SPDX-License-Identifier: ISC */
/*
 * The import directory: documents root puts there for the action import of SNMP, which
 * names them.  They are opened here and read by a worker, and stay.
 */
#ifndef AGENT_IMPORTDIR_H
#define AGENT_IMPORTDIR_H

#include "lib/err.h"

#define IMPORT_DIR "import"

/* Makes it when it is missing, for nobody but its owner. */
int importdir_make(int root, struct err *);
/*
 * A document, open for reading.  Refuses what is not a file in it of root's (or of the
 * user this runs as), what others may write, and what is larger than a document may be.
 */
int importdir_open(int root, const char *name, struct err *);

#endif
