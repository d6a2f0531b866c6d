/* SPDX-License-Identifier: ISC */
/*
 * A document that was read, for those who apply it: document_read.c, document_apply.c.
 */
#ifndef LIB_DOCUMENT_PARTS_H
#define LIB_DOCUMENT_PARTS_H

#include "lib/document.h"
#include "lib/schema.h"

/* A node of the document, and what is to be done with it. */
struct document_edit {
	const struct xml_node *node; /* NULL: the document says nothing of it */
	enum edit_operation operation;
};

struct document_credential {
	struct document_edit edit;
	struct text name;
	const struct xml_node *certificate, *key; /* NULL: not given */
	struct cert *certs;
	size_t count;
	/*
	 * With a key the certificates are in order, leaf first, and proven to be its.
	 */
	EVP_PKEY *pkey;
	uint8_t key_id[SHA256_SIZE];
};

struct document_service {
	struct document_edit edit;
	struct text name;
	const struct xml_node *enabled, *credential; /* NULL: not given */
};

struct document {
	struct arena arena; /* certificates and their facts */
	struct document_edit whole, trust, mode, monitoring;
	bool keys_held;              /* as in the options */
	struct xml_node *translated; /* of what came in other models; or NULL */
	struct document_credential *credentials;
	size_t ncredentials;
	struct document_service *services;
	size_t nservices;
	struct anchor *anchors;
	size_t nanchors, anchors_room;
};

/* Whether the content of a node with this operation matters; whether it goes. */
bool document_edit_sets(const struct document_edit *);
bool document_edit_removes(const struct document_edit *);

/* What RFC 6241 7.2 says of create, delete and none. */
int document_check_existence(const struct document_edit *, bool exists, struct err *);

/* The last step of document_apply(): what it names must be there by then. */
int document_apply_monitoring(const struct document *, struct config *, struct err *);

/*
 * Adds the place to an error: a line within the text of the node becomes one of the
 * document.  Returns -1.
 */
int document_at(struct err *, const struct xml_node *);

/*
 * Adds to the <certconf> *root, made when it is NULL, what a <keystore> or <truststore>
 * that schema_check() has accepted says, in nodes that stand for its own.
 */
int document_translate(struct xml_node **root, const struct xml_node *other,
    struct err *);

/* A public-key given with an asymmetric-key must be that of its key or certificate. */
int document_check_public(const struct document_credential *, struct err *);

/* Refuses the node. */
int document_refuse(const struct xml_node *, enum err_code code, const char *element,
    const char *text, struct err *);

#endif
