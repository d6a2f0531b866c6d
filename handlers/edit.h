/* SPDX-License-Identifier: ISC */
/* Operations that change or judge a configuration. */
#ifndef HANDLERS_EDIT_H
#define HANDLERS_EDIT_H

#include "handlers/netconf_rpc.h"

int edit_config(struct rpc *, struct err *);
int edit_validate(struct rpc *, struct err *);
/* A client could not even make a document of what it was given. */
int edit_failed(struct rpc *, struct err *);
/*
 * A document that came another way, merged into the candidate or committed alone.  What
 * is wrong with it the engine is told, too.
 */
int edit_import(struct engine_client *, const struct xml_node *root, bool alone,
    struct err *);

#endif
