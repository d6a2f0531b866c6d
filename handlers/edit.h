/* SPDX-License-Identifier: ISC */
/* Operations that change or judge a configuration. */
#ifndef HANDLERS_EDIT_H
#define HANDLERS_EDIT_H

#include "handlers/netconf_rpc.h"

int edit_config(struct rpc *, struct err *);
int edit_validate(struct rpc *, struct err *);

#endif
