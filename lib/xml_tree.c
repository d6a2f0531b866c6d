/* SPDX-License-Identifier: ISC */
#include "lib/xml_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlstring.h>
#include <libxml/dict.h>

#include "lib/limits.h"

/* Room a text may waste: below this, giving it back costs more than it saves. */
#define WASTE_MAX ((size_t)64 << 10)

struct root {
	struct xml_node node;
	xmlDict *dictionary;
};

struct xml_node *
xml_node_new(struct xml_node *parent, void *dictionary)
{
	struct xml_node *node;
	struct root *root;

	if (parent == NULL) {
		if ((root = calloc(1, sizeof(*root))) == NULL)
			return NULL;
		root->dictionary = dictionary;
		xmlDictReference(root->dictionary);
		return &root->node;
	}
	if ((node = calloc(1, sizeof(*node))) == NULL)
		return NULL;
	node->parent = parent;
	if (parent->last_child == NULL)
		parent->child = node;
	else
		parent->last_child->next = node;
	parent->last_child = node;
	return node;
}

/*
 * libxml2 leaves "&" in the value of an attribute as "&#38;", to be resolved by whoever
 * makes a tree; everything else is resolved.
 */
static void
copy_value(char *dst, const char *value, size_t len)
{
	static const char ampersand[] = "&#38;";
	const size_t skip = sizeof(ampersand) - 1;

	for (size_t i = 0; i < len; i++) {
		*dst++ = value[i];
		if (len - i >= skip && memcmp(value + i, ampersand, skip) == 0)
			i += skip - 1;
	}
	*dst = '\0';
}

struct xml_attr *
xml_attr_new(struct xml_node *node, const char *value, size_t len)
{
	struct xml_attr *attr = malloc(sizeof(*attr) + len + 1);
	struct xml_attr **end = &node->attrs;
	char *copy;

	if (attr == NULL)
		return NULL;
	copy = (char *)(attr + 1);
	copy_value(copy, value, len);
	*attr = (struct xml_attr){ .value = copy };
	while (*end != NULL)
		end = &(*end)->next;
	*end = attr;
	return attr;
}

void
xml_node_done(struct xml_node *node)
{
	struct buf *text = &node->text;
	uint8_t *data;

	/* indentation */
	if (node->child != NULL && xml_text(node).len == 0)
		buf_wipe(text);
	if (text->size - text->len <= WASTE_MAX)
		return;
	/* in place at this size, so that nothing of it is left elsewhere */
	if ((data = realloc(text->data, text->len + 1)) != NULL) {
		text->data = data;
		text->size = text->len + 1;
	}
}

static void
node_clear(struct xml_node *node)
{
	struct xml_attr *attr;

	buf_wipe(&node->text);
	while ((attr = node->attrs) != NULL) {
		node->attrs = attr->next;
		free(attr);
	}
}

/* Frees what is below, leaves first, without recursion. */
static void
children_free(struct xml_node *root)
{
	struct xml_node *node = root;

	while (node != root || root->child != NULL) {
		struct xml_node *parent = node->parent;

		if (node->child != NULL) {
			node = node->child;
			continue;
		}
		parent->child = node->next;
		node_clear(node);
		free(node);
		node = parent;
	}
}

void
xml_free(struct xml_node *node)
{
	struct root *root = (struct root *)(void *)node;

	if (node == NULL)
		return;
	children_free(node);
	node_clear(node);
	xmlDictFree(root->dictionary);
	free(root);
}

bool
xml_is(const struct xml_node *node, const char *ns, const char *name)
{
	return strcmp(node->name, name) == 0 && strcmp(node->ns, ns) == 0;
}

struct xml_node *
xml_child(const struct xml_node *node, const char *ns, const char *name)
{
	struct xml_node *child;

	for (child = node->child; child != NULL; child = child->next)
		if (xml_is(child, ns, name))
			return child;
	return NULL;
}

const char *
xml_attr(const struct xml_node *node, const char *ns, const char *name)
{
	const struct xml_attr *attr;

	for (attr = node->attrs; attr != NULL; attr = attr->next)
		if (strcmp(attr->name, name) == 0 && strcmp(attr->ns, ns) == 0)
			return attr->value;
	return node->source != NULL ? xml_attr(node->source, ns, name) : NULL;
}

struct text
xml_value(const struct xml_node *node)
{
	if (node->text.data == NULL && node->source != NULL)
		node = node->source;
	if (node->text.data == NULL)
		return (struct text){ "", 0 };
	return (struct text){ (const char *)node->text.data, node->text.len };
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct text
xml_text(const struct xml_node *node)
{
	struct text text = xml_value(node);

	while (text.len > 0 && is_space(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* Whether it can stand between two of these quotes in a message. */
static bool
can_quote(struct text text, char quote)
{
	if (text.len == 0 || text.len > LIMIT_NAME)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == quote || (uint8_t)text.data[i] < 0x20)
			return false;
	return true;
}

static void
format_step(const struct xml_node *node, char *buf, size_t size)
{
	const struct xml_node *key = xml_child(node, node->ns, "name");
	struct text text = key == NULL ? (struct text){ NULL, 0 } : xml_text(key);
	const char *quote = can_quote(text, '\'') ? "'" : "\"";

	if (can_quote(text, quote[0]))
		(void)snprintf(buf, size, "/%s[name=%s%.*s%s]", node->name, quote,
		    (int)text.len, text.data, quote);
	else
		(void)snprintf(buf, size, "/%s", node->name);
}

const char *
xml_path(const struct xml_node *node, char *buf, size_t size)
{
	const struct xml_node *steps[LIMIT_DEPTH];
	size_t depth = 0, len = 0;

	if (node->source != NULL)
		node = node->source;
	do {
		steps[depth++] = node;
		node = node->parent;
	} while (
	    node != NULL && depth < LIMIT_DEPTH && !xml_is(node, NETCONF_NS, "config"));
	if (size > 0)
		buf[0] = '\0';
	while (depth > 0 && len + 1 < size) {
		format_step(steps[--depth], buf + len, size - len);
		len += strlen(buf + len);
	}
	return buf;
}
