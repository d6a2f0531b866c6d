/* SPDX-License-Identifier: ISC */
/*
 * A configuration as XML: what get-config answers and config.xml holds.  Without
 * secrets, and without the factory credential, which nobody can configure; edited and
 * sent back it is accepted, since a credential without its key keeps the key that is
 * held.
 */
#ifndef LIB_CONFIG_XML_H
#define LIB_CONFIG_XML_H

#include <libxml/xmlwriter.h>

#include "lib/config.h"

/*
 * Writes what is below <certconf>, for a caller who may have more to put there; the
 * same configuration gives the same octets.  -1 when there is no memory or the writer
 * fails.
 */
int config_write_xml_nodes(xmlTextWriterPtr, const struct config *);

/*
 * The same as the nodes <keystore> and <truststore> of RFC 9642 and RFC 9641:
 * cert-data is CMS, and keys are hidden.
 */
int config_write_keystore(xmlTextWriterPtr, const struct config *);
int config_write_truststore(xmlTextWriterPtr, const struct config *);

/* Appends a whole document, indented, with its XML declaration. */
int config_format_xml(struct buf *, const struct config *, struct err *);

#endif
