/* SPDX-License-Identifier: ISC */
/*
 * The import directory: documents root puts there for the action import of SNMP, which
 * names them.  They are opened here and read by a worker, and stay.  The spool: what
 * certconf import --wait left there, until it is in force.
 */
#ifndef AGENT_IMPORTDIR_H
#define AGENT_IMPORTDIR_H

#include "agent/spool.h"

#define IMPORT_DIR "import"
#define SPOOL_DIR "spool"

/* Makes it when it is missing, for nobody but its owner. */
int importdir_make(int root, const char *dir, struct err *);
/*
 * A document, open for reading.  Refuses what is not a file in it of root's (or of the
 * user this runs as), what others may write, and what is larger than a document may be.
 */
int importdir_open(int root, const char *dir, const char *name, struct err *);

/* The same, of a document of the spool, which is named without its suffix. */
int spool_open(int root, const char *name, struct err *);
/* The documents of the spool; how many. */
size_t spool_list(int root, struct spool_document rows[LIMIT_KEPT]);
/* Removes it, unless another took its place. */
int spool_remove(int root, const struct spool_document *, struct err *);

#endif
