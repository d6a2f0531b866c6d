/* SPDX-License-Identifier: ISC */
#include "lib/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/limits.h"
#include "lib/names.h"
#include "lib/order.h"
#include "lib/settings.h"

static const struct schema_node credential[] = {
	{ "name", SCHEMA_LEAF, TYPE_NAME, .config = true, .mandatory = true },
	{ "certificate", SCHEMA_LEAF, TYPE_TEXT, .config = true },
	{ "private-key", SCHEMA_LEAF, TYPE_TEXT, .config = true },
	{ "private-key-password", SCHEMA_LEAF, TYPE_TEXT, .config = true },
	{ .name = NULL },
};

static const struct schema_node anchor[] = {
	{ "name", SCHEMA_LEAF, TYPE_LABEL, .config = true, .mandatory = true },
	{ "cert-data", SCHEMA_LEAF, TYPE_TEXT, .config = true, .mandatory = true },
	{ .name = NULL },
};

static const struct schema_node trust_store[] = {
	{ "certificate", SCHEMA_LIST, .config = true, .children = anchor },
	{ "certificates", SCHEMA_LEAF, TYPE_TEXT, .config = true },
	{ .name = NULL },
};

static const struct schema_node service[] = {
	{ "name", SCHEMA_LEAF, TYPE_NAME, .config = true, .mandatory = true },
	{ "enabled", SCHEMA_LEAF, TYPE_BOOLEAN, .config = true },
	{ "credential", SCHEMA_LEAF, TYPE_NAME, .config = true },
	{ .name = NULL },
};

static const struct schema_node monitored_certificate[] = {
	{ "name", SCHEMA_LEAF, TYPE_NAME, .config = true, .mandatory = true },
	{ "monitor", SCHEMA_LEAF, TYPE_BOOLEAN, .config = true, .operation = true },
	{ "warning-days", SCHEMA_LEAF, TYPE_THRESHOLD_DAYS, .config = true,
	    .operation = true },
	{ .name = NULL },
};

static const struct schema_node monitored_anchor[] = {
	{ "name", SCHEMA_LEAF, TYPE_LABEL, .config = true, .mandatory = true },
	{ "monitor", SCHEMA_LEAF, TYPE_BOOLEAN, .config = true, .operation = true },
	{ .name = NULL },
};

#define SETTING(name, type)                                                            \
	{                                                                              \
		name, SCHEMA_LEAF, type, .config = true, .operation = true             \
	}

static const struct schema_node monitoring[] = {
	SETTING("warning-days", TYPE_THRESHOLD_DAYS),
	SETTING("warning-percent", TYPE_PERCENTAGE),
	SETTING("critical-days", TYPE_THRESHOLD_DAYS),
	SETTING("critical-percent", TYPE_PERCENTAGE),
	SETTING("repeat-hours", TYPE_REPEAT_HOURS),
	SETTING("minimum-interval", TYPE_MINIMUM_INTERVAL),
	SETTING("notify", TYPE_NOTIFICATION_CLASSES),
	{ "certificate", SCHEMA_LIST, .config = true, .operation = true,
	    .children = monitored_certificate },
	{ "trust-anchor", SCHEMA_LIST, .config = true, .operation = true,
	    .children = monitored_anchor },
	{ .name = NULL },
};

static const struct schema_node certconf[] = {
	{ "credential", SCHEMA_LIST, .config = true, .operation = true,
	    .children = credential },
	{ "trust-store", SCHEMA_CONTAINER, .config = true, .operation = true,
	    .children = trust_store },
	{ "verification-mode", SCHEMA_LEAF, TYPE_VERIFY_MODE, .config = true,
	    .operation = true },
	{ "service", SCHEMA_LIST, .config = true, .operation = true,
	    .children = service },
	{ "monitoring", SCHEMA_CONTAINER, .config = true, .operation = true,
	    .children = monitoring },
	{ .name = "state", .kind = SCHEMA_CONTAINER },
	{ .name = NULL },
};

const struct schema_node schema_certconf = {
	"certconf",
	SCHEMA_CONTAINER,
	.config = true,
	.operation = true,
	.children = certconf,
};

static const char *const operations[] = {
	[EDIT_NONE] = "none", /* only as a default-operation */
	[EDIT_MERGE] = "merge",
	[EDIT_REPLACE] = "replace",
	[EDIT_CREATE] = "create",
	[EDIT_DELETE] = "delete",
	[EDIT_REMOVE] = "remove",
};
_Static_assert(nitems(operations) == EDIT_OPERATION_MAX, "name every operation");

enum edit_operation
edit_operation_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < EDIT_OPERATION_MAX; i++)
		if (strcmp(operations[i], name) == 0)
			break;
	return (enum edit_operation)i;
}

enum edit_operation
schema_operation(const struct xml_node *node, enum edit_operation inherited)
{
	const char *name = xml_attr(node, NETCONF_NS, "operation");

	return name == NULL ? inherited : edit_operation_find(name);
}

/* Its content says what to remove, and so need not be complete. */
static bool
is_removed(const struct xml_node *node)
{
	enum edit_operation operation = schema_operation(node, EDIT_NONE);

	return operation == EDIT_DELETE || operation == EDIT_REMOVE;
}

static int
refuse(const struct xml_node *node, enum err_code code, const char *element,
    const char *text, struct err *err)
{
	char path[sizeof(err->where)];

	err_set(err, code, xml_path(node, path, sizeof(path)), "%s", text);
	text_copy(err->element, sizeof(err->element), text_of(element));
	err->line = node->line;
	return -1;
}

/* --- values --- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static int
check_name(struct text value, struct err *err)
{
	if (value.len == 0 || value.len > LIMIT_NAME)
		return err_set(err, ERR_BAD_ELEMENT, NULL,
		    "a name has 1 to %d characters", LIMIT_NAME);
	if (value.data[0] == '-' || value.data[0] == '.')
		return err_set(err, ERR_BAD_ELEMENT, NULL,
		    "a name does not begin with \"%c\"", value.data[0]);
	for (size_t i = 0; i < value.len; i++)
		if (!is_name_character(value.data[i]))
			return err_set(err, ERR_BAD_ELEMENT, NULL,
			    "a name has only letters, digits, \"_\", \"-\" and \".\"");
	return 0;
}

/* C0, DEL and C1. */
static bool
is_control(const char *c, size_t len)
{
	const uint8_t *u = (const uint8_t *)c;

	return u[0] < 0x20 || u[0] == 0x7f || (len == 2 && u[0] == 0xc2 && u[1] < 0xa0);
}

static int
check_label(struct text value, struct err *err)
{
	size_t i, k, count = 0;

	for (i = 0; i < value.len; i += k, count++) {
		k = utf8_char(value.data + i, value.len - i);
		if (k == 0 || is_control(value.data + i, k))
			return err_set(err, ERR_BAD_ELEMENT, NULL,
			    "a name has no control characters or line breaks");
	}
	if (count == 0 || count > LIMIT_NAME)
		return err_set(err, ERR_BAD_ELEMENT, NULL,
		    "a name has 1 to %d characters", LIMIT_NAME);
	return 0;
}

static int
check_text(struct text value, struct err *err)
{
	(void)value;
	(void)err;
	return 0;
}

static int
check_boolean(struct text value, struct err *err)
{
	if (!text_is(value, "true") && !text_is(value, "false"))
		return err_set(err, ERR_BAD_ELEMENT, NULL,
		    "the value must be true or false");
	return 0;
}

static int
check_verify_mode(struct text value, struct err *err)
{
	for (size_t i = 0; i < verify_mode_names.count; i++)
		if (text_is(value, verify_mode_names.rows[i].text))
			return 0;
	return err_set(err, ERR_BAD_ELEMENT, NULL,
	    "the value must be none, outgoing or outgoing-and-incoming");
}

static int
check_threshold_days(struct text value, struct err *err)
{
	uint32_t n;

	return setting_read(SETTING_WARN_DAYS, value, &n, err);
}

static int
check_percentage(struct text value, struct err *err)
{
	uint32_t n;

	return setting_read(SETTING_WARN_PERCENT, value, &n, err);
}

static int
check_repeat_hours(struct text value, struct err *err)
{
	uint32_t n;

	return setting_read(SETTING_REPEAT_HOURS, value, &n, err);
}

static int
check_minimum_interval(struct text value, struct err *err)
{
	uint32_t n;

	return setting_read(SETTING_MIN_INTERVAL, value, &n, err);
}

static int
check_notification_classes(struct text value, struct err *err)
{
	uint32_t n;

	return setting_read(SETTING_NOTIFY_ENABLE, value, &n, err);
}

static int
check_empty(struct text value, struct err *err)
{
	if (value.len > 0)
		return err_set(err, ERR_BAD_ELEMENT, NULL, "the element must be empty");
	return 0;
}

static int (*const types[])(struct text, struct err *) = {
	[TYPE_NONE] = check_text,
	[TYPE_NAME] = check_name,
	[TYPE_LABEL] = check_label,
	[TYPE_TEXT] = check_text,
	[TYPE_BOOLEAN] = check_boolean,
	[TYPE_VERIFY_MODE] = check_verify_mode,
	[TYPE_THRESHOLD_DAYS] = check_threshold_days,
	[TYPE_PERCENTAGE] = check_percentage,
	[TYPE_REPEAT_HOURS] = check_repeat_hours,
	[TYPE_MINIMUM_INTERVAL] = check_minimum_interval,
	[TYPE_NOTIFICATION_CLASSES] = check_notification_classes,
	[TYPE_EMPTY] = check_empty,
	[TYPE_PUBLIC_KEY_FORMAT] = schema_public_key_format,
	[TYPE_PRIVATE_KEY_FORMAT] = schema_private_key_format,
};
_Static_assert(nitems(types) == SCHEMA_TYPE_MAX, "check every type");

/* A refusal never quotes the value: it may be a secret. */
static int
check_value(enum schema_type type, struct text value, struct err *err)
{
	bool is_exact = type == TYPE_NONE || type == TYPE_TEXT || type == TYPE_LABEL ||
	    type == TYPE_NOTIFICATION_CLASSES;

	/* RFC 7950 9.6.1: it belongs to the value; people cannot see it */
	if (!is_exact && value.len > 0 &&
	    (is_space(value.data[0]) || is_space(value.data[value.len - 1])))
		return err_set(err, ERR_BAD_ELEMENT, NULL,
		    "there is white space around the value");
	return types[type](value, err);
}

/* --- nodes --- */

static int check_node(const struct xml_node *, const struct schema_node *,
    struct err *);

static const struct schema_node *
find_schema(const struct schema_node *children, const char *name)
{
	for (; children->name != NULL; children++)
		if (strcmp(children->name, name) == 0)
			return children;
	return NULL;
}

static int
check_attributes(const struct xml_node *node, const struct schema_node *schema,
    struct err *err)
{
	const struct xml_attr *a;

	for (a = node->attrs; a != NULL; a = a->next) {
		enum edit_operation operation = edit_operation_find(a->value);

		if (strcmp(a->ns, NETCONF_NS) != 0 || strcmp(a->name, "operation") != 0)
			return refuse(node, ERR_UNKNOWN_ATTRIBUTE, a->name,
			    "the element has an attribute that is not known", err);
		if (operation == EDIT_OPERATION_MAX || operation == EDIT_NONE)
			return refuse(node, ERR_BAD_ATTRIBUTE, a->name,
			    "an operation is merge, replace, create, delete or remove, "
			    "RFC 6241 section 7.2",
			    err);
		if (!schema->operation)
			return refuse(node, ERR_UNSUPPORTED, a->name,
			    "an operation is only possible on a credential, "
			    "trust-store, verification-mode, service or what is in "
			    "monitoring, on an asymmetric-key or truststore",
			    err);
		if (schema == &schema_certconf && operation != EDIT_MERGE &&
		    operation != EDIT_REPLACE)
			return refuse(node, ERR_UNSUPPORTED, a->name,
			    "the operation on the whole configuration is merge or replace",
			    err);
	}
	return 0;
}

static int
check_leaf(const struct xml_node *node, const struct schema_node *schema,
    struct err *err)
{
	if (node->child != NULL)
		return refuse(node, ERR_BAD_ELEMENT, node->name,
		    "there is an element where only text belongs", err);
	if (is_removed(node))
		return 0;
	if (check_value(schema->type, xml_value(node), err) == -1)
		return refuse(node, err->code, node->name, err->text, err);
	return 0;
}

/* An element that the model, of that namespace, does not have there. */
static int
check_known(const struct xml_node *node, const struct schema_node *schema,
    const char *ns, struct err *err)
{
	char text[sizeof(err->text)];

	(void)snprintf(text, sizeof(text),
	    node->ns[0] == '\0' ? "the element has no namespace; it must be %s"
				: "the element is in another namespace than %s",
	    ns);
	if (strcmp(node->ns, ns) != 0)
		return refuse(node, ERR_UNKNOWN_NAMESPACE, node->name, text, err);
	if (schema == NULL)
		return refuse(node, ERR_UNKNOWN_ELEMENT, node->name,
		    "there is no such element here", err);
	if (!schema->config)
		return refuse(node, ERR_UNKNOWN_ELEMENT, node->name,
		    "this is state, which can only be read: leave it out", err);
	if (schema->refusal != NULL)
		return refuse(node, ERR_UNSUPPORTED, node->name, schema->refusal, err);
	return 0;
}

static int
check_missing(const struct xml_node *node, const struct schema_node *schema,
    struct err *err)
{
	const struct schema_node *s;
	char text[sizeof(err->text)];

	for (s = schema->children; s->name != NULL; s++) {
		bool is_key =
		    schema->kind == SCHEMA_LIST && strcmp(s->name, "name") == 0;

		if (!s->mandatory || (schema->operation && !is_key) ||
		    xml_child(node, node->ns, s->name) != NULL)
			continue;
		(void)snprintf(text, sizeof(text), "it has no element %s", s->name);
		return refuse(node, ERR_MISSING_ELEMENT, s->name, text, err);
	}
	return 0;
}

static int
check_children(const struct xml_node *node, const struct schema_node *schema,
    struct err *err)
{
	const struct xml_node *child;
	uint32_t seen = 0; /* a bit for each leaf and container */

	for (child = node->child; child != NULL; child = child->next) {
		const struct schema_node *s =
		    find_schema(schema->children, child->name);
		uint32_t bit;

		if (check_known(child, s, node->ns, err) == -1)
			return -1;
		bit = s->kind == SCHEMA_LIST ? 0 : 1u << (s - schema->children);
		if (seen & bit)
			return refuse(child, ERR_BAD_ELEMENT, child->name,
			    "the element is there twice", err);
		seen |= bit;
		if (check_node(child, s, err) == -1)
			return -1;
	}
	return check_missing(node, schema, err);
}

/* --- lists --- */

static struct text
key_of(const void *context, uint32_t n)
{
	const struct xml_node *const *entries = context;

	return xml_value(xml_child(entries[n], entries[n]->ns, "name"));
}

/* Puts the entries of a list in this array, unless it is NULL; returns their number. */
static uint32_t
list_entries(const struct xml_node *parent, const struct schema_node *schema,
    const struct xml_node **ret_entries)
{
	const struct xml_node *child;
	uint32_t count = 0;

	for (child = parent->child; child != NULL; child = child->next) {
		if (strcmp(child->name, schema->name) != 0)
			continue;
		if (ret_entries != NULL)
			ret_entries[count] = child;
		count++;
	}
	return count;
}

/* Called when each entry has its key. */
static int
check_keys(const struct xml_node *parent, const struct schema_node *schema,
    struct err *err)
{
	uint32_t count = list_entries(parent, schema, NULL);
	const struct xml_node **entries = calloc(count + 1, sizeof(*entries));
	uint32_t *order = calloc(count + 1, sizeof(*order));
	int rc = 0;

	if (entries == NULL || order == NULL) {
		rc = err_set(err, ERR_MEMORY, NULL,
		    "not enough memory for the document");
		goto out;
	}
	list_entries(parent, schema, entries);
	order_by_text(order, count, key_of, entries);
	for (uint32_t i = 1; i < count && rc == 0; i++)
		if (text_equal(key_of(entries, order[i - 1]),
			key_of(entries, order[i])))
			rc = refuse(entries[order[i]], ERR_BAD_ELEMENT, "name",
			    "the list has an entry of this name already", err);
out:
	free(order);
	free(entries);
	return rc;
}

static int
check_lists(const struct xml_node *node, const struct schema_node *schema,
    struct err *err)
{
	const struct schema_node *s;

	for (s = schema->children; s->name != NULL; s++)
		if (s->kind == SCHEMA_LIST && check_keys(node, s, err) == -1)
			return -1;
	return 0;
}

/* The choice of trust-store. */
static int
check_choice(const struct xml_node *node, const struct schema_node *schema,
    struct err *err)
{
	const struct xml_node *all;

	if (schema->children != trust_store)
		return 0;
	all = xml_child(node, CERTCONF_NS, "certificates");
	if (all != NULL && xml_child(node, CERTCONF_NS, "certificate") != NULL)
		return refuse(all, ERR_BAD_ELEMENT, all->name,
		    "the trust store is given twice: as certificate and as certificates",
		    err);
	return 0;
}

static int
check_node(const struct xml_node *node, const struct schema_node *schema,
    struct err *err)
{
	if (check_attributes(node, schema, err) == -1)
		return -1;
	if (schema->kind == SCHEMA_LEAF)
		return check_leaf(node, schema, err);
	if (xml_text(node).len > 0)
		return refuse(node, ERR_BAD_ELEMENT, node->name,
		    "there is text where only elements belong", err);
	if (check_children(node, schema, err) == -1 ||
	    check_choice(node, schema, err) == -1)
		return -1;
	return check_lists(node, schema, err);
}

static const struct {
	const char *ns;
	const struct schema_node *node;
} roots[] = {
	{ CERTCONF_NS, &schema_certconf },
	{ KEYSTORE_NS, &schema_keystore },
	{ TRUSTSTORE_NS, &schema_truststore },
};

int
schema_check(const struct xml_node *root, struct err *err)
{
	const struct schema_node *schema;
	size_t i;

	for (i = nitems(roots) - 1; i > 0; i--)
		if (strcmp(root->ns, roots[i].ns) == 0)
			break;
	schema = strcmp(root->name, roots[i].node->name) == 0 ? roots[i].node : NULL;
	if (check_known(root, schema, roots[i].ns, err) == -1)
		return -1;
	return check_node(root, schema, err);
}
