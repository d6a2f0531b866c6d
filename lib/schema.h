/* SPDX-License-Identifier: ISC */
/*
 * The nodes of yang/certconf.yang that a document may hold, as a table; a test compares
 * it with the YANG file.  The reader of documents refuses by this table what the model
 * does not know, before it looks at any value.
 */
#ifndef LIB_SCHEMA_H
#define LIB_SCHEMA_H

#include <stdbool.h>

#include "lib/xml.h"

#define CERTCONF_NS "urn:certconf:params:xml:ns:yang:certconf"
/* What yang/certconf-netconf.yang adds to the input of edit-config and commit. */
#define CERTCONF_NETCONF_NS "urn:certconf:params:xml:ns:yang:certconf-netconf"
/* RFC 9642 and RFC 9641: of these lib/schema_ietf.c has what certconf supports. */
#define KEYSTORE_NS "urn:ietf:params:xml:ns:yang:ietf-keystore"
#define TRUSTSTORE_NS "urn:ietf:params:xml:ns:yang:ietf-truststore"

enum schema_kind { SCHEMA_CONTAINER, SCHEMA_LIST, SCHEMA_LEAF };
enum schema_type {
	TYPE_NONE,
	/* typedef name: letters, digits, "_", "-", ".", not first "." or "-" */
	TYPE_NAME,
	TYPE_LABEL, /* 1..64 characters of any text */
	TYPE_TEXT,  /* string */
	TYPE_BOOLEAN,
	TYPE_VERIFY_MODE,
	TYPE_THRESHOLD_DAYS,
	TYPE_PERCENTAGE,
	TYPE_REPEAT_HOURS,
	TYPE_MINIMUM_INTERVAL,
	TYPE_NOTIFICATION_CLASSES,
	TYPE_EMPTY,
	TYPE_PUBLIC_KEY_FORMAT, /* identities of RFC 9640 */
	TYPE_PRIVATE_KEY_FORMAT,
	SCHEMA_TYPE_MAX
};

struct schema_node {
	const char *name;
	enum schema_kind kind;
	enum schema_type type;
	bool config;    /* false: state, refused in a document */
	bool mandatory; /* list keys, which are the leaf name, and mandatory leaves */
	bool operation; /* may carry nc:operation */
	const struct schema_node *children; /* ends with a NULL name */
	const char *refusal; /* why certconf does not support it; or NULL */
};

/* The containers certconf, keystore and truststore. */
extern const struct schema_node schema_certconf, schema_keystore, schema_truststore;

/*
 * Whether such an element and all below it are of its model: names, namespaces,
 * nesting, leaves given twice, list keys, types.  Says which node and which rule.  What
 * may have an operation of its own may be an edit of what is there already: of that
 * only the key must be given.
 */
int schema_check(const struct xml_node *root, struct err *);

/* Values of identities, in lib/schema_ietf.c. */
int schema_public_key_format(struct text, struct err *);
int schema_private_key_format(struct text, struct err *);

/* The operations of RFC 6241 7.2, as in the attribute nc:operation. */
enum edit_operation {
	EDIT_NONE,
	EDIT_MERGE,
	EDIT_REPLACE,
	EDIT_CREATE,
	EDIT_DELETE,
	EDIT_REMOVE,
	EDIT_OPERATION_MAX
};

/*
 * What the node's own nc:operation says, else what it inherits.  Valid after
 * schema_check().
 */
enum edit_operation schema_operation(const struct xml_node *,
    enum edit_operation inherited);
/* By name, which may be that of a default-operation: EDIT_OPERATION_MAX for no such. */
enum edit_operation edit_operation_find(const char *name);

#endif
