/* SPDX-License-Identifier: ISC */
/*
 * XML documents from outside, read as a stream into a light tree with line numbers.
 *
 * Refused before libxml2 spends time on it: DOCTYPE and with it every entity of its own
 * (RFC 6241 3), a NUL or any encoding but UTF-8, a tag above LIMIT_TAG or with more
 * than LIMIT_ATTRIBUTES, more than LIMIT_DEPTH levels or LIMIT_ELEMENTS elements, more
 * than LIMIT_DOCUMENT octets, processing instructions, anything after the root element
 * but comments and white space.
 */
#ifndef LIB_XML_H
#define LIB_XML_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/err.h"

#define NETCONF_NS "urn:ietf:params:xml:ns:netconf:base:1.0"

struct xml_attr {
	struct xml_attr *next;
	const char *ns; /* namespace URI; "" when it has none */
	const char *name;
	const char *prefix; /* "" when it has none */
	const char *value;
};

struct xml_node {
	struct xml_node *parent, *child, *last_child, *next;
	const char *ns; /* namespace URI; "" when it has none */
	const char *name;
	struct xml_attr *attrs;
	struct buf text; /* its own character data, all pieces joined */
	uint32_t line;   /* where its start tag ends, and so where its text begins */
	/*
	 * What this node, made from another, stands for: messages name that one, and
	 * its text and attributes are this one's unless it has its own.  NULL in
	 * documents.
	 */
	const struct xml_node *source;
};

/*
 * A reader is fed pieces as they come.  After xml_reader_feed() has failed it must only
 * be freed.
 */
struct xml_reader;
struct xml_reader *xml_reader_new(void);
int xml_reader_feed(struct xml_reader *, const void *data, size_t len, struct err *);
/* Ends the document; the tree is the caller's, to be freed by xml_free(). */
int xml_reader_end(struct xml_reader *, struct xml_node **ret_root, struct err *);
void xml_reader_free(struct xml_reader *);

/* The whole document at once. */
int xml_read(const void *data, size_t len, struct xml_node **ret_root, struct err *);

/*
 * Of a root.  Overwrites all text before it is freed: it may hold keys and passwords.
 */
void xml_free(struct xml_node *);

/* Whether it is the element of that name in that namespace. */
bool xml_is(const struct xml_node *, const char *ns, const char *name);
/* First child of that name in that namespace, or NULL. */
struct xml_node *xml_child(const struct xml_node *, const char *ns, const char *name);
/* The attribute's value, or NULL; ns "" for one without a namespace. */
const char *xml_attr(const struct xml_node *, const char *ns, const char *name);
/* Its text without white space around it; borrowed, like all of xml_value(). */
struct text xml_text(const struct xml_node *);
struct text xml_value(const struct xml_node *);

/*
 * The path of a node for messages and error-path: "/certconf/credential[name='local']/
 * private-key".  Prefixes are left out, and so is what is around a configuration: a
 * <config> of NETCONF and all above it.  A node with a child <name> shows it as its
 * key. Returns buf.
 */
const char *xml_path(const struct xml_node *, char *buf, size_t size);

#endif
