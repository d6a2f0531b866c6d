/* SPDX-License-Identifier: ISC */
/* What engine and monitor tell each other of the spool. */
#ifndef AGENT_SPOOL_H
#define AGENT_SPOOL_H

#include "lib/status.h"

/* A document of the spool. */
struct spool_document {
	char name[STATUS_NAME]; /* without its suffix */
	int64_t stamp;          /* when it was put there, in ns */
};

/*
 * PRIV_SPOOL: this one is done and goes, unless another took its place; "": none.  The
 * answer brings a file with a struct spool_document for each that is left.
 */
struct priv_spool {
	struct spool_document done;
};

#endif
