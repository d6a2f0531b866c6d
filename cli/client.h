/* SPDX-License-Identifier: ISC */
/*
 * A NETCONF client on the agent's unix socket: RFC 6241 with the chunked framing of RFC
 * 6242, one request at a time.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "lib/bytes.h"
#include "lib/err.h"

/* Called for each notification that comes before a reply. */
typedef void client_event(void *context, const xmlNode *notification);

struct client;

/*
 * Connects and exchanges hellos.  NULL: there is no agent to talk to, and err says why.
 */
struct client *client_open(const char *path, struct err *);
void client_close(struct client *);

/* Asks for notifications; without a subscription none come. */
int client_subscribe(struct client *, client_event *, void *context, struct err *);

/*
 * Sends one <rpc> whose content is the pieces, octet for octet, and waits for its
 * reply. ret_reply may be NULL when nothing but success matters; otherwise it is the
 * caller's to free with xmlFreeDoc().  An rpc-error of the agent's becomes err.
 */
int client_rpc(struct client *, const struct text *pieces, size_t count,
    xmlDoc **ret_reply, struct err *);

/*
 * Sends octets that are no XML as a message of their own, so that the agent refuses
 * them in its own words.  Always -1, with these in err.
 */
int client_unreadable(struct client *, struct text octets, struct err *);

/* client_rpc() with one terminated piece. */
int client_ask(struct client *, const char *content, xmlDoc **ret_reply, struct err *);

/*
 * Whether the connection broke, so that what became of the last request is not known.
 */
bool client_lost(const struct client *);

#endif
