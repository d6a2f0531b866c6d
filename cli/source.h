/* SPDX-License-Identifier: ISC */
/* The XML document a person gave, and the password for its keys. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "cli/cli.h"
#include "lib/xml.h"

struct source {
	struct buf octets;
	struct xml_node *root; /* NULL: it cannot be read as a document */
	struct err problem;    /* and this is why */
};

/* -1 only when the file cannot be read, or memory is short. */
int source_read(const char *path, struct source *, struct err *);
void source_clear(struct source *);

/*
 * Tells in err, of a document that is PEM or DER instead, how such files are imported.
 */
void source_hint(const struct source *, struct err *);

/* Whether a private key in it is encrypted and brings no password. */
bool source_needs_password(const struct source *);

/* Whether the path is that of standard input; it may be NULL. */
bool source_is_stdin(const char *path);

/*
 * The password from the file the option names; else, when one is needed and a person is
 * there, from the terminal; else nothing.
 */
int source_password(const struct cli *, enum option_id, bool needed,
    struct buf *ret_password, struct err *);

#endif
