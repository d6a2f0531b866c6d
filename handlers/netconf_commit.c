/* SPDX-License-Identifier: ISC */
#include "handlers/netconf_commit.h"

#include <string.h>

#include "lib/schema.h"

#define CONFIRM_DEFAULT 600 /* seconds; RFC 6241 8.4.5.1 */
#define NUMBER_DIGITS 18

#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* --- leaves --- */

/* Of ours; who defines them is not always who defines the operation. */
static const char *
own_ns(const struct rpc *rpc)
{
	return strcmp(rpc->operation->ns, NETCONF_NS) == 0 ? CERTCONF_NETCONF_NS
							   : CERTCONF_NS;
}

/*
 * Of confirmed commits: NETCONF has them in its own commit and cancel-commit, elsewhere
 * they are ours.
 */
static const char *
confirm_ns(const struct rpc *rpc)
{
	const struct xml_node *op = rpc->operation;
	bool is_theirs = strcmp(op->ns, NETCONF_NS) == 0 &&
	    (strcmp(op->name, "commit") == 0 || strcmp(op->name, "cancel-commit") == 0);

	return is_theirs ? NETCONF_NS : own_ns(rpc);
}

/* A decimal number; 0 for anything else. */
static uint64_t
number_of(struct text text)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < text.len && i < NUMBER_DIGITS; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return 0;
		value = value * 10 + (uint64_t)(text.data[i] - '0');
	}
	return i == text.len ? value : 0;
}

static int
read_origin(const struct rpc *rpc, enum origin *ret_origin, struct err *err)
{
	static const enum origin allowed[] = { ORIGIN_CLI, ORIGIN_XML_IMPORT };
	struct text from = rpc_parameter(rpc, own_ns(rpc), "from");
	size_t i;

	*ret_origin = ORIGIN_NETCONF;
	for (i = 0; i < nitems(allowed); i++)
		if (text_is(from, name_text(&origin_names, allowed[i])))
			*ret_origin = allowed[i];
	if (from.data != NULL && *ret_origin == ORIGIN_NETCONF)
		return rpc_refuse(rpc, ERR_BAD_ELEMENT, "from",
		    "must be cli or xml-import", err);
	return 0;
}

static int
read_comment(const struct rpc *rpc, char ret_comment[STATUS_TEXT], struct err *err)
{
	struct text comment = rpc_parameter(rpc, own_ns(rpc), "comment");

	if (comment.len >= STATUS_TEXT)
		return rpc_refuse(rpc, ERR_TOO_LARGE, "comment",
		    "comment has more than 255 octets", err);
	if (comment.len > 0)
		memcpy(ret_comment, comment.data, comment.len);
	return 0;
}

/* A name that whoever knows it may confirm or cancel with. */
static int
read_id(const struct rpc *rpc, const char *name, char ret_id[STATUS_NAME],
    struct err *err)
{
	struct text id = rpc_parameter(rpc, confirm_ns(rpc), name);
	size_t i;

	if (id.data == NULL)
		return 0;
	if (id.len == 0)
		return rpc_refuse(rpc, ERR_BAD_ELEMENT, name, "must not be empty", err);
	if (id.len > LIMIT_NAME)
		return rpc_refuse(rpc, ERR_TOO_LARGE, name,
		    "has more than " STRING(LIMIT_NAME) " octets", err);
	/* it is kept as a line of a file */
	for (i = 0; i < id.len; i++)
		if ((unsigned char)id.data[i] < ' ' || id.data[i] == 0x7f)
			return rpc_refuse(rpc, ERR_BAD_ELEMENT, name,
			    "must not hold control characters", err);
	memcpy(ret_id, id.data, id.len);
	return 0;
}

static int
read_timeout(const struct rpc *rpc, uint32_t *ret_timeout, struct err *err)
{
	struct text text = rpc_parameter(rpc, confirm_ns(rpc), "confirm-timeout");
	uint64_t seconds = number_of(text);

	if (text.data == NULL)
		return 0;
	if (seconds == 0 || seconds > LIMIT_CONFIRM_SECONDS)
		return rpc_refuse(rpc, ERR_BAD_ELEMENT, "confirm-timeout",
		    "must be 1 to " STRING(LIMIT_CONFIRM_SECONDS) " seconds", err);
	*ret_timeout = (uint32_t)seconds;
	return 0;
}

/* An empty leaf says what it says by being there. */
static int
read_flag(const struct rpc *rpc, const char *ns, const char *name, bool *ret_flag,
    struct err *err)
{
	const struct xml_node *node = xml_child(rpc->operation, ns, name);

	*ret_flag = node != NULL;
	if (node != NULL && (node->child != NULL || xml_text(node).len > 0))
		return rpc_refuse(rpc, ERR_BAD_ELEMENT, name, "must be empty", err);
	return 0;
}

/* What begins a confirmed commit is <confirmed> in NETCONF's, the timeout in ours. */
static int
read_confirmed(const struct rpc *rpc, struct commit_terms *terms, struct err *err)
{
	const char *ns = confirm_ns(rpc);
	bool is_theirs = strcmp(ns, NETCONF_NS) == 0;
	const char *begins = is_theirs ? "confirmed" : "confirm-timeout";
	bool is_confirmed = xml_child(rpc->operation, ns, begins) != NULL;

	if (is_theirs && read_flag(rpc, ns, begins, &is_confirmed, err) == -1)
		return -1;
	if (read_timeout(rpc, &terms->confirm_timeout, err) == -1 ||
	    read_id(rpc, "persist", terms->persist, err) == -1 ||
	    read_id(rpc, "persist-id", terms->persist_id, err) == -1)
		return -1;
	if (!is_confirmed && (terms->confirm_timeout != 0 || terms->persist[0] != '\0'))
		return rpc_refuse(rpc, ERR_MISSING_ELEMENT, begins,
		    "it is missing: without it the commit is for good", err);
	if (is_confirmed && terms->confirm_timeout == 0)
		terms->confirm_timeout = CONFIRM_DEFAULT;
	return 0;
}

int
commit_terms(const struct rpc *rpc, struct commit_terms *ret_terms, struct err *err)
{
	memset(ret_terms, 0, sizeof(*ret_terms));
	if (read_flag(rpc, own_ns(rpc), "defer-restart", &ret_terms->defer_restart,
		err) == -1 ||
	    read_origin(rpc, &ret_terms->origin, err) == -1 ||
	    read_comment(rpc, ret_terms->comment, err) == -1)
		return -1;
	return read_confirmed(rpc, ret_terms, err);
}

/* The engine does not know which operation asked. */
static bool
is_about_id(const struct err *err)
{
	static const char last[] = "/persist-id";
	size_t len = strlen(err->where);

	return err->code == ERR_BAD_ELEMENT && len >= strlen(last) &&
	    strcmp(err->where + len - strlen(last), last) == 0;
}

void
commit_refused(struct rpc *rpc, struct err *err)
{
	char text[sizeof(err->text)];

	if (!is_about_id(err))
		return;
	memcpy(text, err->text, sizeof(text));
	(void)rpc_refuse(rpc, ERR_BAD_ELEMENT, "persist-id", text, err);
	rpc->tag = "invalid-value";
}

/* --- operations --- */

/* -1, with err as it is told. */
static int
refused(struct rpc *rpc, struct err *err)
{
	commit_refused(rpc, err);
	return -1;
}

int
commit_candidate(struct rpc *rpc, struct err *err)
{
	struct commit_terms terms;

	if (commit_terms(rpc, &terms, err) == -1)
		return -1;
	if (change_commit(rpc->netconf->engine, &terms, err) == -1)
		return refused(rpc, err);
	return 0;
}

int
commit_rollback(struct rpc *rpc, struct err *err)
{
	struct text text = rpc_parameter(rpc, CERTCONF_NS, "generation");
	uint64_t generation = number_of(text);
	struct change change;

	memset(&change, 0, sizeof(change));
	if (text.data != NULL && generation == 0)
		return rpc_refuse(rpc, ERR_BAD_ELEMENT, "generation",
		    "must be the number of a generation", err);
	if (commit_terms(rpc, &change.terms, err) == -1)
		return -1;
	if (change_roll_back(rpc->netconf->engine, generation, &change, err) == -1)
		return refused(rpc, err);
	return 0;
}

static int
ask(struct rpc *rpc, enum ses_type type, struct err *err)
{
	struct ses_confirm request;
	enum origin from; /* only judged: it does not matter here */

	memset(&request, 0, sizeof(request));
	if (read_origin(rpc, &from, err) == -1 ||
	    read_id(rpc, "persist-id", request.persist_id, err) == -1)
		return -1;
	if (engine_client_request(rpc->netconf->engine, type, &request, sizeof(request),
		err) == -1)
		return refused(rpc, err);
	return 0;
}

int
commit_confirm(struct rpc *rpc, struct err *err)
{
	return ask(rpc, SES_CONFIRM, err);
}

int
commit_cancel(struct rpc *rpc, struct err *err)
{
	return ask(rpc, SES_CANCEL, err);
}
