/* SPDX-License-Identifier: ISC */
/* Reading what the agent answers: nodes of a reply, its errors, its state as JSON. */
#ifndef CLI_REPLY_H
#define CLI_REPLY_H

#include <stdbool.h>

#include <jansson.h>
#include <libxml/tree.h>

#include "lib/err.h"

bool node_is(const xmlNode *, const char *ns, const char *name);
/*
 * First child element and next sibling element of that name in any namespace, or NULL.
 */
const xmlNode *node_child(const xmlNode *, const char *name);
const xmlNode *node_next(const xmlNode *, const char *name);
/* Its text without white space around it, to be freed; NULL when there is none. */
char *node_text(const xmlNode *);
bool node_has_text(const xmlNode *, const char *text);

/* 0 when the rpc-reply holds no rpc-error; otherwise -1, and err is that error. */
int reply_check(const xmlNode *rpc_reply, struct err *);

/*
 * An element of the state tree as JSON, under the names of the YANG module: lists as
 * arrays, numbers and booleans as such.  A new reference; NULL without memory.
 */
json_t *reply_json(const xmlNode *);

#endif
