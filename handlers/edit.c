/* SPDX-License-Identifier: ISC */
#include "handlers/edit.h"

#include <stdio.h>
#include <string.h>

#include "handlers/netconf_commit.h"
#include "lib/document.h"
#include "lib/schema.h"

/* What an edit-config asks for, beside the configuration. */
struct edit {
	enum ses_store store;
	enum change_test test;
	struct commit_terms terms;
	bool any_time;
	const char *default_operation;
	struct text password;
	const struct xml_node *config;
};

/* The texts of an enumeration in a request; NULL ends them. */
static const char *const default_operations[] = { "merge", "replace", "none", NULL };
static const char *const test_options[] = {
	[CHANGE_TEST_THEN_SET] = "test-then-set",
	[CHANGE_SET] = "set",
	[CHANGE_TEST_ONLY] = "test-only",
	NULL,
};
static const char *const error_options[] = {
	"rollback-on-error",
	"stop-on-error",
	"continue-on-error",
	NULL,
};

/* The place of a parameter's value in the list; 0 when it is not given. */
static int
choice(const struct rpc *rpc, const char *name, const char *const *texts,
    size_t *ret_place, struct err *err)
{
	struct text value = rpc_parameter(rpc, NETCONF_NS, name);
	size_t i;

	*ret_place = 0;
	if (value.data == NULL)
		return 0;
	for (i = 0; texts[i] != NULL; i++)
		if (text_is(value, texts[i])) {
			*ret_place = i;
			return 0;
		}
	return rpc_refuse(rpc, ERR_BAD_ELEMENT, name,
	    "value is not one of its enumeration", err);
}

/*
 * Files hold a bare <certconf>, <config> or a whole <rpc>; a client that puts a file
 * into its request as it is need not look inside.
 */
static int
find_config(const struct xml_node *config, const struct xml_node **ret_config,
    struct err *err)
{
	const struct xml_node *child = config->child;

	if (child != NULL && child->next == NULL && strcmp(child->ns, NETCONF_NS) == 0)
		return document_find(child, ret_config, err);
	return document_find(config, ret_config, err);
}

/* A request within the request may say these two itself. */
static void
take_inner(struct edit *edit)
{
	const struct xml_node *inner = edit->config->parent;
	const struct xml_node *node;
	struct text text;
	size_t i;

	if (inner == NULL || strcmp(inner->name, "edit-config") != 0)
		return;
	if ((node = xml_child(inner, NETCONF_NS, "default-operation")) != NULL) {
		text = xml_text(node);
		for (i = 0; default_operations[i] != NULL; i++)
			if (text_is(text, default_operations[i]))
				edit->default_operation = default_operations[i];
	}
	node = xml_child(inner, CERTCONF_NETCONF_NS, "private-key-password");
	if (node != NULL && edit->password.data == NULL)
		edit->password = xml_value(node);
}

/* One that stands for a request that was made once says what that did. */
static void
take_request(struct edit *edit)
{
	const struct xml_node *inner = edit->config->parent, *node;
	struct text text;

	if (inner == NULL)
		return;
	edit->any_time = xml_child(inner, CERTCONF_NETCONF_NS, "allow-expired") != NULL;
	edit->terms.defer_restart =
	    xml_child(inner, CERTCONF_NETCONF_NS, "defer-restart") != NULL;
	if ((node = xml_child(inner, CERTCONF_NETCONF_NS, "comment")) == NULL)
		return;
	text = xml_value(node);
	(void)snprintf(edit->terms.comment, sizeof(edit->terms.comment), "%.*s",
	    (int)text.len, text.data);
}

static int
edit_parse(const struct rpc *rpc, struct edit *edit, struct err *err)
{
	const struct xml_node *config = xml_child(rpc->operation, NETCONF_NS, "config");
	const struct xml_node *node;
	size_t operation, test, error;

	memset(edit, 0, sizeof(*edit));
	if (rpc_store(rpc, "target", &edit->store, err) == -1 ||
	    choice(rpc, "default-operation", default_operations, &operation, err) ==
		-1 ||
	    choice(rpc, "test-option", test_options, &test, err) == -1 ||
	    choice(rpc, "error-option", error_options, &error, err) == -1 ||
	    commit_terms(rpc, &edit->terms, err) == -1)
		return -1;
	edit->default_operation = default_operations[operation];
	edit->test = (enum change_test)test;
	if ((node = xml_child(rpc->operation, CERTCONF_NETCONF_NS,
		 "private-key-password")) != NULL)
		edit->password = xml_value(node);
	edit->any_time =
	    xml_child(rpc->operation, CERTCONF_NETCONF_NS, "allow-expired") != NULL;
	/* running never holds what is not valid */
	if (edit->store == STORE_RUNNING && edit->test == CHANGE_SET)
		edit->test = CHANGE_TEST_THEN_SET;
	if (find_config(config, &edit->config, err) == -1)
		return -1;
	take_inner(edit);
	return 0;
}

/* Only what is committed at once can wait for anything. */
static int
check_terms(const struct rpc *rpc, const struct edit *edit, struct err *err)
{
	const char *wrong = NULL;

	if (edit->store == STORE_RUNNING)
		return 0;
	if (edit->terms.confirm_timeout != 0)
		wrong = "confirm-timeout";
	else if (edit->terms.defer_restart)
		wrong = "defer-restart";
	if (wrong == NULL)
		return 0;
	return rpc_refuse(rpc, ERR_BAD_ELEMENT, wrong,
	    "an edit of the candidate commits nothing: give it to the commit", err);
}

static int
apply_document(void *context, const struct view *view, struct config *config,
    struct err *err)
{
	(void)view;
	return document_apply(context, config, time(NULL), err);
}

static int
make_change(struct engine_client *engine, const struct edit *edit, enum action action,
    struct document *document, struct err *err)
{
	struct change change = {
		.apply = apply_document,
		.context = document,
		.alone = edit->store == STORE_RUNNING,
		.any_time = edit->any_time,
		.test = edit->test,
		.action = action,
		.terms = edit->terms,
	};
	struct buf keys = { NULL, 0, 0 };
	int rc = -1;

	if (document_keys(document, &keys, err) == 0) {
		change.keys = (struct blob){ keys.data, keys.len };
		rc = change_make(engine, &change, err);
	}
	buf_wipe(&keys);
	return rc;
}

/* Reads the document against the base it will be put on, and makes the change. */
static int
read_and_change(struct engine_client *engine, const struct edit *edit,
    enum action action, struct err *err)
{
	struct document_options options = {
		.password = edit->password,
		.default_operation = edit->default_operation,
	};
	struct document *document = NULL;
	struct view view;
	int rc = -1;

	if (view_load(engine, edit->store, &view, err) == -1)
		return -1;
	options.base = &view.snapshot;
	if (document_read(edit->config, &options, &document, err) == -1)
		engine_client_refused(engine, action, err);
	else
		rc = make_change(engine, edit, action, document, err);
	document_free(document);
	view_clear(&view);
	return rc;
}

int
edit_config(struct rpc *rpc, struct err *err)
{
	enum action action;
	struct edit edit;

	if (edit_parse(rpc, &edit, err) == -1 || check_terms(rpc, &edit, err) == -1)
		return -1;
	if (edit.test == CHANGE_TEST_ONLY)
		action = ACTION_VALIDATE;
	else if (edit.store == STORE_CANDIDATE)
		action = ACTION_IMPORT;
	else
		action = terms_action(&edit.terms);
	if (read_and_change(rpc->netconf->engine, &edit, action, err) == 0)
		return 0;
	commit_refused(rpc, err);
	return -1;
}

int
edit_import(struct engine_client *engine, const struct xml_node *root, bool alone,
    struct err *err)
{
	const enum action action = alone ? ACTION_COMMIT : ACTION_IMPORT;
	struct edit edit = {
		.store = alone ? STORE_RUNNING : STORE_CANDIDATE,
		.default_operation = "merge",
		.terms = { .origin = ORIGIN_XML_IMPORT },
	};

	if (document_find(root, &edit.config, err) == -1) {
		engine_client_refused(engine, action, err);
		return -1;
	}
	take_inner(&edit);
	if (alone)
		take_request(&edit);
	return read_and_change(engine, &edit, action, err);
}

/* --- validate --- */

/* RFC 6241 8.6.4.1: a <config> is a complete configuration. */
static int
validate_inline(struct netconf *n, const struct xml_node *config, struct err *err)
{
	struct edit edit = {
		.store = STORE_RUNNING,
		.test = CHANGE_TEST_ONLY,
		.default_operation = "replace",
	};

	if (find_config(config, &edit.config, err) == -1)
		return -1;
	return read_and_change(n->engine, &edit, ACTION_VALIDATE, err);
}

int
edit_validate(struct rpc *rpc, struct err *err)
{
	const struct xml_node *source = xml_child(rpc->operation, NETCONF_NS, "source");
	const struct xml_node *config = xml_child(source, NETCONF_NS, "config");
	enum ses_store store;

	if (config != NULL)
		return validate_inline(rpc->netconf, config, err);
	if (rpc_store(rpc, "source", &store, err) == -1)
		return -1;
	return change_validate(rpc->netconf->engine, store, err);
}

/* --- what failed elsewhere --- */

int
edit_failed(struct rpc *rpc, struct err *err)
{
	const struct text text = rpc_parameter(rpc, CERTCONF_NS, "text");
	struct err told;
	char *p;

	if (text.len == 0 || text.len > LIMIT_TEXT)
		return rpc_refuse(rpc, ERR_BAD_ELEMENT, "text",
		    "text must have 1 to 255 octets", err);
	err_set(&told, ERR_OTHER, NULL, "%.*s", (int)text.len, text.data);
	for (p = told.text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' ';
	engine_client_refused(rpc->netconf->engine, ACTION_IMPORT, &told);
	return 0;
}
