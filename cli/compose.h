/* SPDX-License-Identifier: ISC */
/* Making a document of certificate, key and trust store files. */
#ifndef CLI_COMPOSE_H
#define CLI_COMPOSE_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/err.h"

struct compose_files {
	const char *cert, *key, *trust_store; /* paths; NULL: not given */
	const char *name;                     /* of the credential */
	const char *mode;                     /* NULL: left as it is */
};

/* Which lines of the message came from which file. */
struct compose_part {
	const char *file, *leaf;
	uint32_t first, last; /* 0: not line by line, the file is DER */
};

struct composition {
	struct compose_part parts[3];
	size_t count;
	bool encrypted; /* the key is, and needs a password */
};

/*
 * Appends <certconf> with what the files hold to a message that begins with buf. Errors
 * name the file.
 */
int compose(struct buf *, const struct compose_files *, struct composition *,
    struct err *);

/*
 * Puts an error about the message in terms of the file it is about, and gives its path;
 * NULL, with the line taken away, when it is about none of them.
 */
const char *compose_blame(const struct composition *, struct err *);

#endif
