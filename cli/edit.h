/* SPDX-License-Identifier: ISC */
/* Writing edit-config requests. */
#ifndef CLI_EDIT_H
#define CLI_EDIT_H

#include <stdbool.h>

#include "cli/embed.h"
#include "cli/terms.h"
#include "lib/bytes.h"
#include "lib/err.h"

struct edit {
	bool running; /* in force at once, on its own; otherwise the candidate */
	bool allow_expired;
	const char *from;              /* "cli" or "xml-import" */
	const char *default_operation; /* NULL: merge */
	const char *comment;           /* NULL: none */
	const char *password;          /* of encrypted keys; NULL: none */
	struct terms terms;            /* with running */
};

/* Everything up to the content of <config>, on one line but for e->lines. */
int edit_open(struct buf *, const struct edit *, const struct embedding *,
    struct err *);

/* What follows the content. */
#define EDIT_CLOSE "</certconf-nc:config></edit-config>"

struct edit_leaf {
	const char *ns, *name;
	const char *value; /* NULL: the leaf is left out */
};

int edit_leaf(struct buf *, const struct edit_leaf *, struct err *);

/*
 * Appends text as XML character data on the line it begins on: for values.  Refuses
 * what XML cannot hold, naming the leaf but not the value.
 */
int markup_value(struct buf *, const char *leaf, const char *value, struct err *);

/*
 * Appends the text of a PEM file, line by line as it is.  What XML cannot hold becomes
 * "?": between the blocks it has no meaning, and within one the agent refuses it.
 */
int markup_pem(struct buf *, struct text pem, struct err *);

#endif
