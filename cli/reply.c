/* SPDX-License-Identifier: ISC */
#include "cli/reply.h"

#include <stdlib.h>
#include <string.h>

#include "lib/names.h"
#include "lib/schema.h"

bool
node_is(const xmlNode *n, const char *ns, const char *name)
{
	return n != NULL && n->type == XML_ELEMENT_NODE && n->ns != NULL &&
	    strcmp((const char *)n->name, name) == 0 &&
	    strcmp((const char *)n->ns->href, ns) == 0;
}

static const xmlNode *
from(const xmlNode *n, const char *name)
{
	for (; n != NULL; n = n->next) {
		if (n->type == XML_ELEMENT_NODE &&
		    strcmp((const char *)n->name, name) == 0)
			break;
	}
	return n;
}

const xmlNode *
node_child(const xmlNode *n, const char *name)
{
	return n == NULL ? NULL : from(n->children, name);
}

const xmlNode *
node_next(const xmlNode *n, const char *name)
{
	return from(n->next, name);
}

char *
node_text(const xmlNode *n)
{
	static const char space[] = " \t\r\n";
	xmlChar *content;
	char *text, *start;
	size_t len;

	if (n == NULL || (content = xmlNodeGetContent(n)) == NULL)
		return NULL;
	start = (char *)content + strspn((char *)content, space);
	len = strlen(start);
	while (len > 0 && strchr(space, start[len - 1]) != NULL)
		len--;
	text = strndup(start, len);
	xmlFree(content);
	return text;
}

bool
node_has_text(const xmlNode *n, const char *wanted)
{
	char *text = node_text(n);
	bool same = text != NULL && strcmp(text, wanted) == 0;

	free(text);
	return same;
}

/* --- errors --- */

struct tag {
	const char *tag;
	enum err_code code;
};

/* For errors without one of our own app-tags. */
static const struct tag tags[] = {
	{ "in-use", ERR_BUSY },
	{ "lock-denied", ERR_LOCKED },
	{ "access-denied", ERR_DENIED },
	{ "too-big", ERR_TOO_LARGE },
	{ "malformed-message", ERR_XML_SYNTAX },
	{ "invalid-value", ERR_BAD_ELEMENT },
	{ "bad-element", ERR_BAD_ELEMENT },
	{ "bad-attribute", ERR_BAD_ATTRIBUTE },
	{ "missing-element", ERR_MISSING_ELEMENT },
	{ "missing-attribute", ERR_MISSING_ATTRIBUTE },
	{ "unknown-element", ERR_UNKNOWN_ELEMENT },
	{ "unknown-attribute", ERR_UNKNOWN_ATTRIBUTE },
	{ "unknown-namespace", ERR_UNKNOWN_NAMESPACE },
	{ "data-exists", ERR_DATA_EXISTS },
	{ "data-missing", ERR_DATA_MISSING },
	{ "operation-not-supported", ERR_UNSUPPORTED },
};

static enum err_code
code_of(const char *app_tag, const char *tag)
{
	size_t i;

	for (i = ERR_NONE + 1; app_tag != NULL && i < ERR_CODE_MAX; i++) {
		if (strcmp(err_kind((enum err_code)i)->text, app_tag) == 0)
			return (enum err_code)i;
	}
	for (i = 0; tag != NULL && i < nitems(tags); i++) {
		if (strcmp(tags[i].tag, tag) == 0)
			return tags[i].code;
	}
	return ERR_OTHER;
}

/* The envelope a document travelled in is none of its author's business. */
static const char *
without_envelope(const char *path)
{
	static const char envelope[] = "/rpc/";
	const char *inner;

	if (path == NULL || strncmp(path, envelope, strlen(envelope)) != 0)
		return path;
	inner = strstr(path, "/certconf");
	return inner != NULL ? inner : path;
}

static uint32_t
line_of(const xmlNode *info)
{
	const xmlNode *n = node_child(info, "line");
	char *text = node_text(n);
	unsigned long line = text == NULL ? 0 : strtoul(text, NULL, 10);

	free(text);
	return node_is(n, CERTCONF_NS, "line") && line <= UINT32_MAX ? (uint32_t)line
								     : 0;
}

int
reply_check(const xmlNode *rpc_reply, struct err *err)
{
	const xmlNode *n = node_child(rpc_reply, "rpc-error");
	char *tag, *app_tag, *path, *message;

	if (n == NULL)
		return 0;
	tag = node_text(node_child(n, "error-tag"));
	app_tag = node_text(node_child(n, "error-app-tag"));
	path = node_text(node_child(n, "error-path"));
	message = node_text(node_child(n, "error-message"));
	err_set(err, code_of(app_tag, tag), without_envelope(path), "%s",
	    message != NULL   ? message
		: tag != NULL ? tag
			      : "the agent refused without giving a reason");
	err->line = line_of(node_child(n, "error-info"));
	free(tag);
	free(app_tag);
	free(path);
	free(message);
	return -1;
}

/* --- state --- */

enum shape { SHAPE_TEXT, SHAPE_NUMBER, SHAPE_BOOLEAN, SHAPE_LIST };

struct node_shape {
	const char *name;
	enum shape shape;
};

/* Nodes of the state tree, and of monitoring, whose JSON form is not a string or an
 * object. */
static const struct node_shape shapes[] = {
	{ "certificate", SHAPE_LIST },
	{ "kept-import", SHAPE_LIST },
	{ "trust-anchor", SHAPE_LIST },
	{ "service", SHAPE_LIST },
	{ "commit", SHAPE_LIST },
	{ "generation", SHAPE_NUMBER },
	{ "earliest-days-left", SHAPE_NUMBER },
	{ "index", SHAPE_NUMBER },
	{ "days-left", SHAPE_NUMBER },
	{ "life-left", SHAPE_NUMBER },
	{ "chain-length", SHAPE_NUMBER },
	{ "key-bits", SHAPE_NUMBER },
	{ "restarts", SHAPE_NUMBER },
	{ "tries", SHAPE_NUMBER },
	{ "revision", SHAPE_NUMBER },
	{ "restore", SHAPE_NUMBER },
	{ "number", SHAPE_NUMBER },
	{ "warning-days", SHAPE_NUMBER },
	{ "warning-percent", SHAPE_NUMBER },
	{ "critical-days", SHAPE_NUMBER },
	{ "critical-percent", SHAPE_NUMBER },
	{ "repeat-hours", SHAPE_NUMBER },
	{ "minimum-interval", SHAPE_NUMBER },
	{ "factory-in-use", SHAPE_BOOLEAN },
	{ "restart-pending", SHAPE_BOOLEAN },
	{ "restart-device", SHAPE_BOOLEAN },
	{ "persistent", SHAPE_BOOLEAN },
	{ "self-signed", SHAPE_BOOLEAN },
	{ "factory", SHAPE_BOOLEAN },
	{ "in-use", SHAPE_BOOLEAN },
	{ "monitor", SHAPE_BOOLEAN },
	{ "enabled", SHAPE_BOOLEAN },
	{ "valid", SHAPE_BOOLEAN },
	{ "conflict", SHAPE_BOOLEAN },
	{ "rolling-back", SHAPE_BOOLEAN },
	{ "failed", SHAPE_BOOLEAN },
};

static enum shape
shape_of(const xmlNode *n)
{
	size_t i;

	for (i = 0; i < nitems(shapes); i++) {
		if (strcmp(shapes[i].name, (const char *)n->name) == 0)
			return shapes[i].shape;
	}
	return SHAPE_TEXT;
}

static bool
has_elements(const xmlNode *n)
{
	for (n = n->children; n != NULL; n = n->next) {
		if (n->type == XML_ELEMENT_NODE)
			return true;
	}
	return false;
}

static json_t *
leaf_json(const xmlNode *n)
{
	char *text = node_text(n), *end = NULL;
	enum shape shape = shape_of(n);
	json_t *json = NULL;
	long long number;

	if (text == NULL)
		return NULL;
	if (shape == SHAPE_BOOLEAN &&
	    (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		json = json_boolean(strcmp(text, "true") == 0);
	if (shape == SHAPE_NUMBER && *text != '\0') {
		number = strtoll(text, &end, 10);
		json = *end == '\0' ? json_integer(number) : NULL;
	}
	if (json == NULL)
		json = json_string(text);
	free(text);
	return json;
}

/* Takes value. */
static int
put(json_t *object, const xmlNode *n, json_t *value)
{
	const char *name = (const char *)n->name;
	json_t *list;

	/* a leaf may have a list's name: the service of a commit's step */
	if (shape_of(n) != SHAPE_LIST || !json_is_object(value))
		return json_object_set_new(object, name, value);
	if ((list = json_object_get(object, name)) == NULL) {
		if (json_object_set_new(object, name, json_array()) == -1) {
			json_decref(value);
			return -1;
		}
		list = json_object_get(object, name);
	}
	return json_array_append_new(list, value);
}

json_t *
reply_json(const xmlNode *n)
{
	json_t *object, *value;

	if (!has_elements(n))
		return leaf_json(n);
	if ((object = json_object()) == NULL)
		return NULL;
	for (n = n->children; n != NULL; n = n->next) {
		if (n->type != XML_ELEMENT_NODE)
			continue;
		if ((value = reply_json(n)) == NULL || put(object, n, value) == -1) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
