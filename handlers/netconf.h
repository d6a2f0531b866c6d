/* SPDX-License-Identifier: ISC */
/* One NETCONF client, as the parts that serve it share it. */
#ifndef HANDLERS_NETCONF_H
#define HANDLERS_NETCONF_H

#include "handlers/engine_client.h"
#include "handlers/netconf_frame.h"
#include "lib/xml.h"

#define NOTIFICATION_NS "urn:ietf:params:xml:ns:netconf:notification:1.0"

struct netconf {
	struct engine_client *engine;
	const struct identity *identity;
	struct frame frame;
	bool subscribed; /* to the steps of commits */
	bool closing;    /* after the answer to this request */
};

/* A request being answered. */
struct rpc {
	struct netconf *netconf;
	const struct xml_node *root;      /* <rpc> */
	const struct xml_node *operation; /* its child */
	bool answered;                    /* the operation has written its own reply */
	const char *tag; /* of the error, where RFC 6241 has one of its own; or NULL */
};

#endif
