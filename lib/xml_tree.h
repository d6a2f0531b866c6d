/* SPDX-License-Identifier: ISC */
/*
 * How the reader builds a tree.  Names and namespaces are words of libxml2's
 * dictionary, which the root keeps alive: each word is there once, however often it
 * occurs.
 */
#ifndef LIB_XML_TREE_H
#define LIB_XML_TREE_H

#include "lib/xml.h"

/* A new last child of parent; with parent NULL a root, which keeps dictionary. */
struct xml_node *xml_node_new(struct xml_node *parent, void *dictionary);

/* A new attribute; its value is copied.  NULL without memory. */
struct xml_attr *xml_attr_new(struct xml_node *, const char *value, size_t len);

/* No more is added to this node: gives back what it does not need. */
void xml_node_done(struct xml_node *);

#endif
