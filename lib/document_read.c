/* SPDX-License-Identifier: ISC */
/* Everything that can be told of one node without knowing the rest. */
#include "lib/document_parts.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "lib/key.h"
#include "lib/limits.h"
#include "lib/names.h"
#include "lib/pem.h"

struct reading {
	struct document *document;
	const struct document_options *options;
};

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, NULL, "not enough memory for the document");
}

/* --- certificates --- */

/* Facts of a certificate: those the base has already, if it has them. */
static int
read_facts(const struct reading *reading, struct blob der, struct cert *ret_cert,
    struct err *err)
{
	const struct snapshot *base = reading->options->base;
	uint8_t sha256[SHA256_SIZE];

	if (base != NULL && SHA256(der.data, der.len, sha256) != NULL &&
	    snapshot_find_cert(base, sha256, ret_cert))
		return 0;
	return cert_parse(&reading->document->arena, der, ret_cert, err);
}

struct chain_reading {
	const struct reading *reading;
	struct cert certs[LIMIT_CHAIN];
	size_t count;
};

static int
found_in_chain(void *context, struct blob der, uint32_t line, struct err *err)
{
	struct chain_reading *chain = context;

	(void)line;
	return read_facts(chain->reading, der, &chain->certs[chain->count++], err);
}

static int
read_chain(const struct reading *reading, struct document_credential *credential,
    struct err *err)
{
	struct chain_reading chain = { .reading = reading };
	struct arena *arena = &reading->document->arena;

	if (pem_read_certificates(arena, xml_value(credential->certificate),
		LIMIT_CHAIN, found_in_chain, &chain, err) == -1)
		return document_at(err, credential->certificate);
	credential->count = chain.count;
	credential->certs = arena_alloc(arena, chain.count * sizeof(*chain.certs));
	if (credential->certs == NULL)
		return no_memory(err);
	memcpy(credential->certs, chain.certs, chain.count * sizeof(*chain.certs));
	return 0;
}

/* --- private keys --- */

static int
check_password(const struct xml_node *password, struct err *err)
{
	size_t len = xml_value(password).len;

	if (len == 0)
		return document_refuse(password, ERR_BAD_ELEMENT, password->name,
		    "the password is empty", err);
	if (len > LIMIT_PASSWORD) {
		err_set(err, ERR_TOO_LARGE, NULL,
		    "the password is longer than %d octets", LIMIT_PASSWORD);
		return document_at(err, password);
	}
	return 0;
}

static int
read_encrypted(const struct reading *reading, const struct xml_node *key,
    const struct xml_node *password, EVP_PKEY **ret_pkey, struct err *err)
{
	struct text secret = reading->options->password;

	if (password != NULL)
		secret = xml_value(password);
	if (secret.data == NULL)
		return document_refuse(key, ERR_BAD_PASSPHRASE, "private-key-password",
		    "the private key is encrypted: give its password in the element "
		    "private-key-password beside it, or along with the document",
		    err);
	if (key_read(xml_value(key), secret, ret_pkey, err) == -1)
		return document_at(err, key);
	return 0;
}

static int
read_pkey(const struct reading *reading, const struct xml_node *key,
    const struct xml_node *password, EVP_PKEY **ret_pkey, struct err *err)
{
	const struct text none = { NULL, 0 };

	if (key_is_encrypted(xml_value(key)))
		return read_encrypted(reading, key, password, ret_pkey, err);
	/* A password that only came along with the document may be for another key. */
	if (key_read(xml_value(key), none, ret_pkey, err) == -1)
		return document_at(err, key);
	if (password != NULL)
		return document_refuse(password, ERR_BAD_PASSPHRASE, password->name,
		    "the private key is not encrypted: leave out its password", err);
	return 0;
}

static int
read_key(const struct reading *reading, struct document_credential *credential,
    struct err *err)
{
	const struct xml_node *password =
	    xml_child(credential->edit.node, CERTCONF_NS, "private-key-password");

	if (password != NULL && check_password(password, err) == -1)
		return -1;
	if (credential->key == NULL && password != NULL)
		return document_refuse(password, ERR_MISSING_ELEMENT, "private-key",
		    "there is a password, but no private-key that it opens", err);
	if (credential->key == NULL)
		return 0;
	if (read_pkey(reading, credential->key, password, &credential->pkey, err) == -1)
		return -1;
	if (key_id(credential->pkey, credential->key_id, err) == -1)
		return document_at(err, credential->key);
	return 0;
}

/* A certificate and a key that are given together belong together. */
static int
check_pair(struct document_credential *credential, struct err *err)
{
	if (chain_order(credential->certs, credential->count, credential->key_id,
		&credential->count, err) == -1)
		return document_at(err,
		    err->code == ERR_KEY_MISMATCH ? credential->key
						  : credential->certificate);
	if (key_prove(credential->pkey, &credential->certs[0], err) == -1)
		return document_at(err, credential->key);
	return 0;
}

/* --- nodes --- */

static struct document_edit
edit_of(const struct document *document, const struct xml_node *node)
{
	return (struct document_edit){ node,
		schema_operation(node, document->whole.operation) };
}

static int
read_credential(const struct reading *reading, const struct xml_node *node,
    struct err *err)
{
	struct document *document = reading->document;
	struct document_credential *credential =
	    &document->credentials[document->ncredentials++];

	credential->edit = edit_of(document, node);
	credential->name = xml_value(xml_child(node, CERTCONF_NS, "name"));
	if (text_is(credential->name, CREDENTIAL_FACTORY))
		return document_refuse(node, ERR_BAD_ELEMENT, "name",
		    "the credential factory is built in and cannot be configured", err);
	if (!document_edit_sets(&credential->edit))
		return 0;
	credential->certificate = xml_child(node, CERTCONF_NS, "certificate");
	credential->key = xml_child(node, CERTCONF_NS, "private-key");
	if (credential->certificate != NULL &&
	    read_chain(reading, credential, err) == -1)
		return -1;
	if (read_key(reading, credential, err) == -1 ||
	    document_check_public(credential, err) == -1)
		return -1;
	if (credential->certificate != NULL && credential->key != NULL)
		return check_pair(credential, err);
	return 0;
}

struct trust_reading {
	const struct reading *reading;
	struct text name; /* { NULL, 0 }: from the certificate */
	size_t count;
};

static int
add_anchor(struct document *document, const struct anchor *anchor, struct err *err)
{
	size_t room = document->anchors_room == 0 ? 8 : document->anchors_room * 2;
	struct anchor *anchors = document->anchors;

	if (document->nanchors == document->anchors_room) {
		if ((anchors = reallocarray(anchors, room, sizeof(*anchors))) == NULL)
			return no_memory(err);
		document->anchors = anchors;
		document->anchors_room = room;
	}
	anchors[document->nanchors++] = *anchor;
	return 0;
}

static int
found_in_trust(void *context, struct blob der, uint32_t line, struct err *err)
{
	struct trust_reading *trust = context;
	struct anchor anchor = { .name = trust->name };

	(void)line;
	trust->count++;
	if (read_facts(trust->reading, der, &anchor.cert, err) == -1)
		return -1;
	return add_anchor(trust->reading->document, &anchor, err);
}

static int
read_anchor(const struct reading *reading, const struct xml_node *node, struct err *err)
{
	const struct xml_node *data = xml_child(node, CERTCONF_NS, "cert-data");
	struct trust_reading trust = {
		.reading = reading,
		.name = xml_value(xml_child(node, CERTCONF_NS, "name")),
	};

	/* more than one is refused below, where there is more to say of it */
	if (pem_read_certificates(&reading->document->arena, xml_value(data),
		LIMIT_ANCHORS, found_in_trust, &trust, err) == -1)
		return document_at(err, data);
	if (trust.count > 1)
		return document_refuse(data, ERR_BAD_ELEMENT, data->name,
		    "there is more than one certificate: give them in certificates",
		    err);
	return 0;
}

static int
read_bundle(const struct reading *reading, const struct xml_node *node, struct err *err)
{
	struct trust_reading trust = { .reading = reading };

	if (pem_read_certificates(&reading->document->arena, xml_value(node),
		LIMIT_ANCHORS, found_in_trust, &trust, err) == -1)
		return document_at(err, node);
	return 0;
}

static int
read_trust_store(const struct reading *reading, const struct xml_node *node,
    struct err *err)
{
	struct document *document = reading->document;
	const struct xml_node *child;

	document->trust = edit_of(document, node);
	if (!document_edit_sets(&document->trust))
		return 0;
	for (child = node->child; child != NULL; child = child->next)
		if ((strcmp(child->name, "certificate") == 0
			    ? read_anchor(reading, child, err)
			    : read_bundle(reading, child, err)) == -1)
			return -1;
	if (document->nanchors == 0)
		return document_refuse(node, ERR_TRUST_STORE_EMPTY, node->name,
		    "the trust store has no certificate; operation=\"delete\" removes it",
		    err);
	return 0;
}

static int
read_mode(const struct reading *reading, const struct xml_node *node, struct err *err)
{
	(void)err;
	reading->document->mode = edit_of(reading->document, node);
	return 0;
}

/* Its values are read when it is applied: schema_check() has looked at each. */
static int
read_monitoring(const struct reading *reading, const struct xml_node *node,
    struct err *err)
{
	(void)err;
	reading->document->monitoring = edit_of(reading->document, node);
	return 0;
}

static int
read_service(const struct reading *reading, const struct xml_node *node,
    struct err *err)
{
	struct document *document = reading->document;
	struct document_service *service = &document->services[document->nservices++];

	(void)err;
	service->edit = edit_of(document, node);
	service->name = xml_value(xml_child(node, CERTCONF_NS, "name"));
	service->enabled = xml_child(node, CERTCONF_NS, "enabled");
	service->credential = xml_child(node, CERTCONF_NS, "credential");
	return 0;
}

static const struct {
	const char *name;
	int (*read)(const struct reading *, const struct xml_node *, struct err *);
} readers[] = {
	{ "credential", read_credential },
	{ "trust-store", read_trust_store },
	{ "verification-mode", read_mode },
	{ "service", read_service },
	{ "monitoring", read_monitoring },
};

static int
read_node(const struct reading *reading, const struct xml_node *node, struct err *err)
{
	for (size_t i = 0; i < nitems(readers); i++)
		if (strcmp(node->name, readers[i].name) == 0)
			return readers[i].read(reading, node, err);
	return 0; /* schema_check() has refused it */
}

/* --- the whole --- */

/* What a document says in our model, and in others; NULL: nothing. */
struct parts {
	const struct xml_node *part[2];
};

static size_t
count(const struct parts *parts, const char *name)
{
	const struct xml_node *child;
	size_t n = 0;

	for (size_t i = 0; i < nitems(parts->part); i++) {
		child = parts->part[i] != NULL ? parts->part[i]->child : NULL;
		for (; child != NULL; child = child->next)
			n += strcmp(child->name, name) == 0;
	}
	return n;
}

static int
too_many(const struct xml_node *whole, int limit, const char *what, struct err *err)
{
	err_set(err, ERR_TOO_LARGE, NULL, "there are more than %d %s", limit, what);
	return document_at(err, whole);
}

static int
make_room(struct document *document, const struct parts *parts, struct err *err)
{
	const struct xml_node *whole = document->whole.node;
	size_t ncredentials = count(parts, "credential");
	size_t nservices = count(parts, "service");

	if (ncredentials > LIMIT_CREDENTIALS)
		return too_many(whole, LIMIT_CREDENTIALS, "credentials", err);
	if (nservices > LIMIT_SERVICES)
		return too_many(whole, LIMIT_SERVICES, "services", err);
	document->credentials =
	    calloc(ncredentials + 1, sizeof(*document->credentials));
	document->services = calloc(nservices + 1, sizeof(*document->services));
	if (document->credentials == NULL || document->services == NULL)
		return no_memory(err);
	return 0;
}

static int
read_root(struct document *document, const struct xml_node *root, struct parts *parts,
    struct err *err)
{
	if (schema_check(root, err) == -1)
		return -1;
	if (strcmp(root->ns, CERTCONF_NS) != 0)
		return document_translate(&document->translated, root, err);
	parts->part[0] = root;
	return 0;
}

static int
refuse_second(const struct xml_node *root, const struct xml_node *first,
    struct err *err)
{
	for (; first != root; first = first->next)
		if (xml_is(root, first->ns, first->name))
			return document_refuse(root, ERR_BAD_ELEMENT, root->name,
			    "the element is there twice", err);
	return 0;
}

/* What is in <config>, or the one root itself. */
static int
find_parts(struct document *document, const struct xml_node *config,
    struct parts *parts, struct err *err)
{
	const struct xml_node *root;

	if (!xml_is(config, NETCONF_NS, "config")) {
		if (read_root(document, config, parts, err) == -1)
			return -1;
	} else if (xml_text(config).len > 0) {
		return document_refuse(config, ERR_BAD_ELEMENT, config->name,
		    "there is text where only elements belong", err);
	} else if (config->child == NULL) {
		/* an empty one with operation replace would remove everything */
		return document_refuse(config, ERR_MISSING_ELEMENT, "certconf",
		    "it has no element certconf", err);
	} else {
		for (root = config->child; root != NULL; root = root->next)
			if (refuse_second(root, config->child, err) == -1 ||
			    read_root(document, root, parts, err) == -1)
				return -1;
	}
	parts->part[1] = document->translated;
	document->whole.node =
	    parts->part[0] != NULL ? parts->part[0] : document->translated;
	return 0;
}

/* Both models are about the same things: what both say is said twice. */
static int
check_parts(const struct parts *parts, struct err *err)
{
	const struct xml_node *own, *other;

	if (parts->part[0] == NULL || parts->part[1] == NULL)
		return 0;
	for (other = parts->part[1]->child; other != NULL; other = other->next)
		for (own = parts->part[0]->child; own != NULL; own = own->next)
			if (strcmp(own->name, other->name) == 0 &&
			    (strcmp(own->name, "trust-store") == 0 ||
				text_equal(xml_value(
					       xml_child(own, CERTCONF_NS, "name")),
				    xml_value(xml_child(other, CERTCONF_NS, "name")))))
				return document_refuse(other, ERR_BAD_ELEMENT,
				    other->name, "certconf says this already", err);
	return 0;
}

static int
read_part(const struct reading *reading, const struct xml_node *part, struct err *err)
{
	const struct xml_node *child = part != NULL ? part->child : NULL;

	for (; child != NULL; child = child->next)
		if (read_node(reading, child, err) == -1)
			return -1;
	return 0;
}

/* RFC 6241 7.2: the first three, and merge when there is none. */
static int
default_operation(const char *name, enum edit_operation *ret, struct err *err)
{
	enum edit_operation operation =
	    name == NULL ? EDIT_MERGE : edit_operation_find(name);

	if (operation > EDIT_REPLACE) {
		err_set(err, ERR_BAD_ELEMENT, NULL,
		    "default-operation is merge, replace or none, RFC 6241 section 7.2");
		(void)strcpy(err->element, "default-operation");
		return -1;
	}
	*ret = operation;
	return 0;
}

int
document_read(const struct xml_node *config, const struct document_options *options,
    struct document **ret_document, struct err *err)
{
	struct document *document = calloc(1, sizeof(*document));
	const struct reading reading = { document, options };
	struct parts parts = { { NULL, NULL } };
	enum edit_operation inherited = EDIT_MERGE;
	int rc = -1;

	if (document == NULL)
		return no_memory(err);
	if (default_operation(options->default_operation, &inherited, err) == -1 ||
	    find_parts(document, config, &parts, err) == -1 ||
	    check_parts(&parts, err) == -1 || make_room(document, &parts, err) == -1)
		goto out;
	document->keys_held = options->keys_held;
	document->whole.operation = schema_operation(document->whole.node, inherited);
	for (size_t i = 0; i < nitems(parts.part); i++)
		if (read_part(&reading, parts.part[i], err) == -1)
			goto out;

	*ret_document = document;
	document = NULL;
	rc = 0;
out:
	document_free(document);
	return rc;
}

void
document_free(struct document *document)
{
	if (document == NULL)
		return;
	for (size_t i = 0; i < document->ncredentials; i++)
		EVP_PKEY_free(document->credentials[i].pkey);
	free(document->credentials);
	free(document->services);
	free(document->anchors);
	xml_free(document->translated);
	arena_clear(&document->arena);
	free(document);
}
