/* SPDX-License-Identifier: ISC */
/*
 * Putting a document into an edit-config without touching its octets, so that the line
 * numbers the agent counts are those of the file.
 */
#ifndef CLI_EMBED_H
#define CLI_EMBED_H

#include "lib/xml.h"

struct embedding {
	struct text body; /* borrowed from the document: what goes between the tags */
	/* of <config>, each after a space: namespaces in scope */
	struct buf attributes;
	uint32_t lines; /* line ends to put before the body */
};

/*
 * element is the one whose content is sent: <config>, or NULL for all of the document
 * behind its XML declaration.  root is its tree; the document is well-formed when an
 * element is given.
 */
int embed_find(struct text document, const struct xml_node *root,
    const struct xml_node *element, struct embedding *, struct err *);
void embed_clear(struct embedding *);

#endif
