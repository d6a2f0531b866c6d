/* SPDX-License-Identifier: ISC */
/* <rpc-error>, RFC 6241 4.3 and appendix A. */
#ifndef HANDLERS_NETCONF_ERROR_H
#define HANDLERS_NETCONF_ERROR_H

#include "agent/proto.h"
#include "handlers/xml_out.h"

struct netconf_error {
	const struct err *err;
	const struct ses_reply *reply;  /* what the engine said with it; or NULL */
	const struct xml_node *request; /* NULL when it could not be read */
	bool old_client; /* base:1.0: it does not know malformed-message */
	const char *tag; /* instead of the one of its kind; or NULL */
};

void netconf_error_write(struct xml_out *, const struct netconf_error *);

#endif
