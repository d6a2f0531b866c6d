/* SPDX-License-Identifier: ISC */
/* The container state of yang/certconf.yang: what SNMP shows, as XML. */
#ifndef HANDLERS_NETCONF_STATE_H
#define HANDLERS_NETCONF_STATE_H

#include "handlers/engine_client.h"
#include "handlers/xml_out.h"

/* Writes <state>; leaves without a meaning now are left out. */
void state_write(struct xml_out *, const struct view *, int64_t now);

#endif
