/* SPDX-License-Identifier: ISC */
/*
 * Documents of ietf-keystore (RFC 9642) and ietf-truststore (RFC 9641), turned into
 * nodes of our own model: an asymmetric key is a credential, the certificates of all
 * bags are the trust store.
 */
#include "lib/document_parts.h"

#include <string.h>

#include <openssl/sha.h>

#include "lib/anchor_name.h"
#include "lib/limits.h"
#include "lib/names.h"
#include "lib/pem.h"
#include "lib/xml_tree.h"

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, NULL, "not enough memory for the document");
}

/* A node of our model that stands for the source. */
static struct xml_node *
stand_in(struct xml_node *parent, const char *name, const struct xml_node *source)
{
	struct xml_node *node = xml_node_new(parent, NULL);

	if (node == NULL)
		return NULL;
	node->ns = CERTCONF_NS;
	node->name = name;
	node->source = source;
	node->line = source->line;
	return node;
}

/* The same, unless there is no source. */
static int
add_leaf(struct xml_node *parent, const char *name, const struct xml_node *source,
    struct err *err)
{
	if (source != NULL && stand_in(parent, name, source) == NULL)
		return no_memory(err);
	return 0;
}

/* --- keystore --- */

static int
find_cert_data(const struct xml_node *key, const struct xml_node **ret_data,
    struct err *err)
{
	const struct xml_node *all = xml_child(key, KEYSTORE_NS, "certificates");
	const struct xml_node *certificate = all != NULL ? all->child : NULL;

	*ret_data = NULL;
	if (certificate == NULL)
		return 0;
	if (certificate->next != NULL)
		return document_refuse(certificate->next, ERR_UNSUPPORTED,
		    "certificate",
		    "a key has one certificate: give its intermediates in the same "
		    "cert-data, as CMS or PEM",
		    err);
	*ret_data = xml_child(certificate, KEYSTORE_NS, "cert-data");
	return 0;
}

static int
add_credential(struct xml_node *root, const struct xml_node *key, struct err *err)
{
	const struct xml_node *secret =
	    xml_child(key, KEYSTORE_NS, "cleartext-private-key");
	const struct xml_node *hidden =
	    xml_child(key, KEYSTORE_NS, "hidden-private-key");
	const struct xml_node *data;
	struct xml_node *credential;

	if (secret != NULL && hidden != NULL)
		return document_refuse(hidden, ERR_BAD_ELEMENT, hidden->name,
		    "the private key is given twice: as cleartext and as hidden", err);
	if (find_cert_data(key, &data, err) == -1)
		return -1;
	if ((credential = stand_in(root, "credential", key)) == NULL)
		return no_memory(err);
	if (add_leaf(credential, "name", xml_child(key, KEYSTORE_NS, "name"), err) ==
		-1 ||
	    add_leaf(credential, "certificate", data, err) == -1)
		return -1;
	return add_leaf(credential, "private-key", secret, err);
}

static int
translate_keystore(struct xml_node *root, const struct xml_node *keystore,
    struct err *err)
{
	const struct xml_node *keys =
	    xml_child(keystore, KEYSTORE_NS, "asymmetric-keys");
	const struct xml_node *key;

	for (key = keys != NULL ? keys->child : NULL; key != NULL; key = key->next)
		if (add_credential(root, key, err) == -1)
			return -1;
	return 0;
}

int
document_check_public(const struct document_credential *credential, struct err *err)
{
	const struct xml_node *key = credential->edit.node->source, *public;
	struct buf der = { NULL, 0, 0 };
	uint8_t id[SHA256_SIZE];
	bool found;
	int rc;

	if (key == NULL || (public = xml_child(key, KEYSTORE_NS, "public-key")) == NULL)
		return 0;
	rc = base64_read(&der, xml_value(public), err);
	if (rc == -1 || SHA256(der.data, der.len, id) == NULL) {
		buf_clear(&der);
		return rc == -1 ? document_at(err, public) : no_memory(err);
	}
	buf_clear(&der);
	found = credential->pkey != NULL &&
	    memcmp(credential->key_id, id, SHA256_SIZE) == 0;
	for (size_t i = 0; i < credential->count && credential->pkey == NULL; i++)
		found |= memcmp(credential->certs[i].key_id, id, SHA256_SIZE) == 0;
	if (found)
		return 0;
	return document_refuse(public, ERR_KEY_MISMATCH, public->name,
	    "it is not the public key of the private key or certificate given with it",
	    err);
}

/* --- truststore --- */

static int
add_name(struct xml_node *anchor, struct text bag, const struct xml_node *name,
    struct err *err)
{
	struct xml_node *node = stand_in(anchor, "name", name);
	struct text text = xml_value(name);
	size_t characters = 0, k;

	if (node == NULL || anchor_name_join(&node->text, bag, text) == -1)
		return no_memory(err);
	text = xml_value(node);
	for (size_t i = 0; i<text.len; i += k> 0 ? k : 1, characters++)
		k = utf8_char(text.data + i, text.len - i);
	if (characters > LIMIT_NAME)
		return document_refuse(node, ERR_BAD_ELEMENT, node->name,
		    "the names of the bag and of the certificate are longer than 63 "
		    "characters together",
		    err);
	return 0;
}

static int
add_anchor(struct xml_node *store, struct text bag, const struct xml_node *certificate,
    struct err *err)
{
	struct xml_node *anchor = stand_in(store, "certificate", certificate);

	if (anchor == NULL)
		return no_memory(err);
	if (add_name(anchor, bag, xml_child(certificate, TRUSTSTORE_NS, "name"), err) ==
	    -1)
		return -1;
	return add_leaf(anchor, "cert-data",
	    xml_child(certificate, TRUSTSTORE_NS, "cert-data"), err);
}

static int
add_bag(struct xml_node *store, const struct xml_node *bag, struct err *err)
{
	const struct xml_node *name = xml_child(bag, TRUSTSTORE_NS, "name"), *child;

	if (memchr(xml_value(name).data, '/', xml_value(name).len) != NULL)
		return document_refuse(name, ERR_UNSUPPORTED, name->name,
		    "the name of a bag has no \"/\" here", err);
	for (child = bag->child; child != NULL; child = child->next)
		if (strcmp(child->name, "certificate") == 0 &&
		    add_anchor(store, xml_value(name), child, err) == -1)
			return -1;
	return 0;
}

static int
translate_truststore(struct xml_node *root, const struct xml_node *truststore,
    struct err *err)
{
	const struct xml_node *bags =
	    xml_child(truststore, TRUSTSTORE_NS, "certificate-bags");
	const struct xml_node *bag;
	struct xml_node *store;

	/* without bags and operation it says nothing */
	if (bags == NULL && truststore->attrs == NULL)
		return 0;
	if ((store = stand_in(root, "trust-store", truststore)) == NULL)
		return no_memory(err);
	for (bag = bags != NULL ? bags->child : NULL; bag != NULL; bag = bag->next)
		if (add_bag(store, bag, err) == -1)
			return -1;
	return 0;
}

int
document_translate(struct xml_node **root, const struct xml_node *other,
    struct err *err)
{
	if (*root == NULL) {
		if ((*root = xml_node_new(NULL, NULL)) == NULL)
			return no_memory(err);
		(*root)->ns = CERTCONF_NS;
		(*root)->name = "certconf";
		(*root)->line = other->line;
	}
	return strcmp(other->ns, KEYSTORE_NS) == 0
	    ? translate_keystore(*root, other, err)
	    : translate_truststore(*root, other, err);
}
