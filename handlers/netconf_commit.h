/* SPDX-License-Identifier: ISC */
/* Operations that put a configuration in force, keep it or go back from it. */
#ifndef HANDLERS_NETCONF_COMMIT_H
#define HANDLERS_NETCONF_COMMIT_H

#include "handlers/change.h"
#include "handlers/netconf_rpc.h"

/* What the request says of the commit it makes; what it leaves out is zero. */
int commit_terms(const struct rpc *, struct commit_terms *ret_terms, struct err *);

/*
 * After the engine has refused: a persist-id that is not the one of what waits is told
 * as RFC 6241 8.4 wants it.
 */
void commit_refused(struct rpc *, struct err *);

int commit_candidate(struct rpc *, struct err *);
int commit_rollback(struct rpc *, struct err *);
int commit_confirm(struct rpc *, struct err *);
int commit_cancel(struct rpc *, struct err *);

#endif
