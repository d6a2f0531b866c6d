/* SPDX-License-Identifier: ISC */
/* The state tree of the agent, as JSON under the names of the YANG module. */
#ifndef CLI_STATE_H
#define CLI_STATE_H

#include <jansson.h>

#include "cli/client.h"

/*
 * A new reference; NULL with err set.  It has "monitoring" of the configuration too,
 * where that is not as it is by default.
 */
json_t *state_read(struct client *, struct err *);

/* The entry of a list whose leaf "name" is this, borrowed; NULL when there is none. */
const json_t *state_named(const json_t *state, const char *list, const char *name);

#endif
