/* SPDX-License-Identifier: ISC */
/*
 * NETCONF operations (RFC 6241 7, RFC 5277 2.1 and our own) and how they are answered.
 */
#ifndef HANDLERS_NETCONF_RPC_H
#define HANDLERS_NETCONF_RPC_H

#include "handlers/netconf.h"
#include "handlers/xml_out.h"

/* Answers one message; sets closing when it must be the last. */
void rpc_answer(struct netconf *, const struct xml_node *root);

/* Answers what could not even be read; the session must end after it. */
void rpc_answer_malformed(struct netconf *, const struct err *);

/*
 * For operations that answer with data: begins <rpc-reply>, with the attributes of the
 * request.  -1 without memory, when nothing has been written.
 */
int rpc_reply_begin(struct rpc *, struct xml_out *ret_out, struct err *);
int rpc_reply_end(struct xml_out *);

/* The datastore named in <source> or <target>: <running/> or <candidate/>. */
int rpc_store(const struct rpc *, const char *parameter, enum ses_store *ret_store,
    struct err *);

/* The value of a parameter; { NULL, 0 } when it is not there. */
struct text rpc_parameter(const struct rpc *, const char *ns, const char *name);

/* err_set() about a parameter: with its path in the request, and its name. */
int rpc_refuse(const struct rpc *, enum err_code, const char *name, const char *text,
    struct err *);

#endif
