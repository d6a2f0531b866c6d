/* SPDX-License-Identifier: ISC */
/* <get> and <get-config>: a configuration and the state of the device as XML. */
#ifndef HANDLERS_NETCONF_GET_H
#define HANDLERS_NETCONF_GET_H

#include "handlers/netconf_rpc.h"

int get_config(struct rpc *, struct err *);
int get_all(struct rpc *, struct err *);

#endif
