/* SPDX-License-Identifier: ISC */
#include "handlers/netconf_rpc.h"

#include <stdio.h>
#include <string.h>

#include "handlers/edit.h"
#include "handlers/netconf_commit.h"
#include "handlers/netconf_error.h"
#include "handlers/netconf_get.h"
#include "lib/schema.h"

struct parameter {
	const char *ns, *name;
	bool mandatory;
};

enum access { ACCESS_ANYBODY, ACCESS_READ, ACCESS_WRITE };

struct operation {
	const char *ns, *name;
	enum access access;
	int (*run)(struct rpc *, struct err *);
	const struct parameter *parameters; /* ends with a NULL name */
};

/* --- parameters --- */

int
rpc_refuse(const struct rpc *rpc, enum err_code code, const char *name,
    const char *text, struct err *err)
{
	char where[sizeof(err->where)];

	snprintf(where, sizeof(where), "/rpc/%s/%s", rpc->operation->name, name);
	err_set(err, code, where, "%s", text);
	text_copy(err->element, sizeof(err->element), text_of(name));
	return -1;
}

struct text
rpc_parameter(const struct rpc *rpc, const char *ns, const char *name)
{
	const struct xml_node *node = xml_child(rpc->operation, ns, name);

	return node != NULL ? xml_text(node) : (struct text){ NULL, 0 };
}

int
rpc_store(const struct rpc *rpc, const char *parameter, enum ses_store *ret_store,
    struct err *err)
{
	static const char *const stores[SES_STORE_MAX] = {
		[STORE_RUNNING] = "running",
		[STORE_CANDIDATE] = "candidate",
	};
	const struct xml_node *node = xml_child(rpc->operation, NETCONF_NS, parameter);
	const struct xml_node *child = node != NULL ? node->child : NULL;
	size_t i;

	if (child == NULL)
		return rpc_refuse(rpc, ERR_MISSING_ELEMENT, parameter,
		    "no datastore is named", err);
	for (i = 0; i < SES_STORE_MAX; i++)
		if (child->next == NULL && strcmp(child->ns, NETCONF_NS) == 0 &&
		    strcmp(child->name, stores[i]) == 0) {
			*ret_store = (enum ses_store)i;
			return 0;
		}
	return rpc_refuse(rpc, ERR_BAD_ELEMENT, parameter,
	    "datastore must be either running or candidate", err);
}

static const struct parameter *
find_parameter(const struct operation *op, const struct xml_node *node)
{
	const struct parameter *p;

	for (p = op->parameters; p != NULL && p->name != NULL; p++)
		if (strcmp(p->name, node->name) == 0 && strcmp(p->ns, node->ns) == 0)
			return p;
	return NULL;
}

static int
check_parameters(const struct rpc *rpc, const struct operation *op, struct err *err)
{
	const struct xml_node *node, *first;
	const struct parameter *p;

	for (node = rpc->operation->child; node != NULL; node = node->next) {
		if (find_parameter(op, node) == NULL)
			return rpc_refuse(rpc, ERR_UNKNOWN_ELEMENT, node->name,
			    "operation has no such parameter", err);
		first = xml_child(rpc->operation, node->ns, node->name);
		if (first != node)
			return rpc_refuse(rpc, ERR_BAD_ELEMENT, node->name,
			    "parameter is given twice", err);
	}
	for (p = op->parameters; p != NULL && p->name != NULL; p++)
		if (p->mandatory && xml_child(rpc->operation, p->ns, p->name) == NULL)
			return rpc_refuse(rpc, ERR_MISSING_ELEMENT, p->name,
			    "parameter is missing", err);
	return 0;
}

/* --- operations that are one request to the engine --- */

static int
ask(struct rpc *rpc, uint32_t type, const void *data, size_t len, struct err *err)
{
	return engine_client_request(rpc->netconf->engine, type, data, len, err);
}

static int
lock(struct rpc *rpc, struct err *err)
{
	struct ses_lock lock = { 0 };
	enum ses_store store;

	if (rpc_store(rpc, "target", &store, err) == -1)
		return -1;
	lock.store = store;
	return ask(rpc, SES_LOCK, &lock, sizeof(lock), err);
}

static int
unlock(struct rpc *rpc, struct err *err)
{
	struct ses_lock lock = { 0 };
	enum ses_store store;

	if (rpc_store(rpc, "target", &store, err) == -1)
		return -1;
	lock.store = store;
	return ask(rpc, SES_UNLOCK, &lock, sizeof(lock), err);
}

static int
discard_changes(struct rpc *rpc, struct err *err)
{
	const struct ses_none none = { 0 };

	return ask(rpc, SES_DISCARD, &none, sizeof(none), err);
}

static int
restart(struct rpc *rpc, struct err *err)
{
	const struct ses_none none = { 0 };

	return ask(rpc, SES_RESTART, &none, sizeof(none), err);
}

static int
create_subscription(struct rpc *rpc, struct err *err)
{
	const struct ses_subscribe subscribe = { .on = 1 };
	struct text stream = rpc_parameter(rpc, NOTIFICATION_NS, "stream");

	if (stream.data != NULL && !text_is(stream, "NETCONF"))
		return rpc_refuse(rpc, ERR_BAD_ELEMENT, "stream",
		    "the only event stream is NETCONF", err);
	if (rpc->netconf->subscribed)
		return err_set(err, ERR_OTHER, NULL, "session has subscribed already");
	if (ask(rpc, SES_SUBSCRIBE, &subscribe, sizeof(subscribe), err) == -1)
		return -1;
	rpc->netconf->subscribed = true;
	return 0;
}

static int
close_session(struct rpc *rpc, struct err *err)
{
	(void)err;
	rpc->netconf->closing = true;
	return 0;
}

/* --- the table --- */

static const struct parameter no_parameters[] = { { NULL, NULL, false } };
static const struct parameter target[] = {
	{ NETCONF_NS, "target", true },
	{ NULL, NULL, false },
};
static const struct parameter get[] = {
	{ NETCONF_NS, "filter", false },
	{ NULL, NULL, false },
};
static const struct parameter source_filter[] = {
	{ NETCONF_NS, "source", true },
	{ NETCONF_NS, "filter", false },
	{ NULL, NULL, false },
};
static const struct parameter source[] = {
	{ NETCONF_NS, "source", true },
	{ NULL, NULL, false },
};
static const struct parameter stream[] = {
	{ NOTIFICATION_NS, "stream", false },
	{ NULL, NULL, false },
};
static const struct parameter commit[] = {
	{ NETCONF_NS, "confirmed", false },
	{ NETCONF_NS, "confirm-timeout", false },
	{ NETCONF_NS, "persist", false },
	{ NETCONF_NS, "persist-id", false },
	{ CERTCONF_NETCONF_NS, "comment", false },
	{ CERTCONF_NETCONF_NS, "from", false },
	{ CERTCONF_NETCONF_NS, "defer-restart", false },
	{ NULL, NULL, false },
};
static const struct parameter cancel[] = {
	{ NETCONF_NS, "persist-id", false },
	{ CERTCONF_NETCONF_NS, "from", false },
	{ NULL, NULL, false },
};
static const struct parameter confirm[] = {
	{ CERTCONF_NS, "persist-id", false },
	{ CERTCONF_NS, "from", false },
	{ NULL, NULL, false },
};
static const struct parameter failure[] = {
	{ CERTCONF_NS, "text", true },
	{ NULL, NULL, false },
};
static const struct parameter rollback[] = {
	{ CERTCONF_NS, "generation", false },
	{ CERTCONF_NS, "comment", false },
	{ CERTCONF_NS, "from", false },
	{ CERTCONF_NS, "defer-restart", false },
	{ CERTCONF_NS, "confirm-timeout", false },
	{ CERTCONF_NS, "persist", false },
	{ CERTCONF_NS, "persist-id", false },
	{ NULL, NULL, false },
};
static const struct parameter edit[] = {
	{ NETCONF_NS, "target", true },
	{ NETCONF_NS, "default-operation", false },
	{ NETCONF_NS, "test-option", false },
	{ NETCONF_NS, "error-option", false },
	{ NETCONF_NS, "config", true },
	{ CERTCONF_NETCONF_NS, "comment", false },
	{ CERTCONF_NETCONF_NS, "from", false },
	{ CERTCONF_NETCONF_NS, "defer-restart", false },
	{ CERTCONF_NETCONF_NS, "confirm-timeout", false },
	{ CERTCONF_NETCONF_NS, "persist", false },
	{ CERTCONF_NETCONF_NS, "persist-id", false },
	{ CERTCONF_NETCONF_NS, "private-key-password", false },
	{ CERTCONF_NETCONF_NS, "allow-expired", false },
	{ NULL, NULL, false },
};

static const struct operation operations[] = {
	{ NETCONF_NS, "get", ACCESS_READ, get_all, get },
	{ NETCONF_NS, "get-config", ACCESS_READ, get_config, source_filter },
	{ NETCONF_NS, "edit-config", ACCESS_WRITE, edit_config, edit },
	{ NETCONF_NS, "validate", ACCESS_WRITE, edit_validate, source },
	{ NETCONF_NS, "commit", ACCESS_WRITE, commit_candidate, commit },
	{ NETCONF_NS, "cancel-commit", ACCESS_WRITE, commit_cancel, cancel },
	{ NETCONF_NS, "discard-changes", ACCESS_WRITE, discard_changes, no_parameters },
	{ NETCONF_NS, "lock", ACCESS_WRITE, lock, target },
	{ NETCONF_NS, "unlock", ACCESS_WRITE, unlock, target },
	{ NETCONF_NS, "close-session", ACCESS_ANYBODY, close_session, no_parameters },
	{ NOTIFICATION_NS, "create-subscription", ACCESS_READ, create_subscription,
	    stream },
	{ CERTCONF_NS, "rollback", ACCESS_WRITE, commit_rollback, rollback },
	{ CERTCONF_NS, "confirm", ACCESS_WRITE, commit_confirm, confirm },
	{ CERTCONF_NS, "restart", ACCESS_WRITE, restart, no_parameters },
	{ CERTCONF_NS, "import-failed", ACCESS_WRITE, edit_failed, failure },
};

/* --- answering --- */

int
rpc_reply_begin(struct rpc *rpc, struct xml_out *ret_out, struct err *err)
{
	const struct xml_attr *attr;

	if (xml_out_begin(ret_out, &rpc->netconf->frame) == -1)
		return err_set(err, ERR_MEMORY, NULL, "no memory");
	xml_out_open_ns(ret_out, "rpc-reply", NETCONF_NS);
	for (attr = rpc->root != NULL ? rpc->root->attrs : NULL; attr != NULL;
	     attr = attr->next)
		xml_out_copy_attribute(ret_out, attr);
	rpc->answered = true;
	return 0;
}

int
rpc_reply_end(struct xml_out *out)
{
	return xml_out_end(out);
}

static void
answer_error(struct rpc *rpc, const struct err *why)
{
	struct netconf *n = rpc->netconf;
	const struct netconf_error e = { why, &n->engine->reply, rpc->root,
		!n->frame.chunked, rpc->tag };
	struct xml_out out;
	struct err err;

	/* without memory for a few lines, or within a reply, there is only the end */
	if (rpc->answered || rpc_reply_begin(rpc, &out, &err) == -1) {
		n->closing = true;
		return;
	}
	netconf_error_write(&out, &e);
	(void)rpc_reply_end(&out);
}

static void
answer_ok(struct rpc *rpc)
{
	struct xml_out out;
	struct err err;

	if (rpc_reply_begin(rpc, &out, &err) == -1) {
		rpc->netconf->closing = true;
		return;
	}
	xml_out_empty(&out, "ok");
	(void)rpc_reply_end(&out);
}

static const struct operation *
find_operation(const struct xml_node *node)
{
	size_t i;

	for (i = 0; i < nitems(operations); i++)
		if (strcmp(operations[i].name, node->name) == 0 &&
		    strcmp(operations[i].ns, node->ns) == 0)
			return &operations[i];
	return NULL;
}

/* RFC 6241 4.1: exactly one operation, and a message-id. */
static int
check_rpc(const struct rpc *rpc, struct err *err)
{
	if (xml_attr(rpc->root, "", "message-id") == NULL) {
		err_set(err, ERR_MISSING_ATTRIBUTE, "/rpc",
		    "RFC 6241 4.1: <rpc> has no message-id");
		snprintf(err->element, sizeof(err->element), "message-id");
		return -1;
	}
	if (rpc->operation == NULL || rpc->operation->next != NULL)
		return err_set(err,
		    rpc->operation == NULL ? ERR_MISSING_ELEMENT : ERR_BAD_ELEMENT,
		    "/rpc", "<rpc> must hold one operation");
	return 0;
}

static int
check_access(const struct rpc *rpc, const struct operation *op, struct err *err)
{
	const struct identity *who = rpc->netconf->identity;

	if (op->access == ACCESS_WRITE && !who->may_write)
		return err_set(err, ERR_DENIED, NULL,
		    "%s may not change the configuration", who->user);
	if (op->access == ACCESS_READ && !who->may_read)
		return err_set(err, ERR_DENIED, NULL,
		    "%s may not read the configuration", who->user);
	return 0;
}

static int
refuse_operation(const struct rpc *rpc, struct err *err)
{
	char where[sizeof(err->where)];

	snprintf(where, sizeof(where), "/rpc/%s", rpc->operation->name);
	return err_set(err, ERR_UNSUPPORTED, where, "there is no such operation");
}

static int
dispatch(struct rpc *rpc, struct err *err)
{
	const struct operation *op;

	if (check_rpc(rpc, err) == -1)
		return -1;
	if ((op = find_operation(rpc->operation)) == NULL)
		return refuse_operation(rpc, err);
	if (check_access(rpc, op, err) == -1 || check_parameters(rpc, op, err) == -1)
		return -1;
	return op->run(rpc, err);
}

void
rpc_answer_malformed(struct netconf *n, const struct err *why)
{
	struct rpc rpc = { .netconf = n };

	memset(&n->engine->reply, 0, sizeof(n->engine->reply));
	answer_error(&rpc, why);
	n->closing = true;
}

void
rpc_answer(struct netconf *n, const struct xml_node *root)
{
	struct rpc rpc = { .netconf = n, .root = root, .operation = root->child };
	struct err err;

	err_clear(&err);
	if (strcmp(root->name, "rpc") != 0 || strcmp(root->ns, NETCONF_NS) != 0) {
		err_set(&err, ERR_XML_SYNTAX, NULL, "message is not an <rpc>");
		rpc_answer_malformed(n, &err);
		return;
	}
	memset(&n->engine->reply, 0, sizeof(n->engine->reply));
	if (dispatch(&rpc, &err) == -1)
		answer_error(&rpc, &err);
	else if (!rpc.answered)
		answer_ok(&rpc);
	if (n->engine->gone)
		n->closing = true;
}
