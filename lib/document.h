/* SPDX-License-Identifier: ISC */
/*
 * A configuration document: from XML to changes of a configuration.
 *
 * Reading (document_read) parses every certificate and opens every key once; applying
 * (document_apply) puts the result on a configuration and can be done again on another.
 */
#ifndef LIB_DOCUMENT_H
#define LIB_DOCUMENT_H

#include <openssl/types.h>

#include "lib/config.h"
#include "lib/snapshot.h"
#include "lib/xml.h"

/*
 * Keys that came with a document, in the form the monitor keeps: see struct key_record.
 */
struct document;

/*
 * Where the configuration is in an XML document: a bare <certconf>, <keystore> or
 * <truststore>, these inside <config>, or a whole <rpc><edit-config>.  Returns the
 * element that holds them as children, or the bare one; refuses anything else by name.
 */
int document_find(const struct xml_node *root, const struct xml_node **ret_config,
    struct err *);

struct document_options {
	const struct snapshot
	    *base; /* its certificates are not parsed again; may be NULL */
	/* For encrypted keys that bring none; or { NULL, 0 }. */
	struct text password;
	const char *default_operation; /* "merge" (also NULL), "replace" or "none" */
	/* The document is our own config.xml: the key of each certificate is held. */
	bool keys_held;
};

/*
 * config is <config> (its children are read) or one of them.  The tree must outlive the
 * document.  All rules that concern one node are judged here: schema, certificates,
 * keys, passwords, pairs given together.
 */
int document_read(const struct xml_node *config, const struct document_options *,
    struct document **ret_document, struct err *);

/*
 * Applies it: operation by operation (RFC 6241 7.2: merge, replace, create, delete,
 * remove).  A certificate without a key keeps the key already held under that name if
 * it is the same key; otherwise it is refused.  The result is complete
 * (config_complete) but not yet judged as a whole (config_check), and borrows from the
 * document, its tree and options->base, which must outlive it.  After a refusal it must
 * only be cleared.
 */
int document_apply(const struct document *, struct config *, time_t now, struct err *);

/* The private keys that came with it, as key records, to be wiped by the caller. */
int document_keys(const struct document *, struct buf *ret_records, struct err *);

void document_free(struct document *);

/* How keys travel and wait, one after the other: PEM octets (PKCS#8) follow. */
struct key_record {
	uint8_t key_id[SHA256_SIZE];
	uint32_t len;
};

#endif
