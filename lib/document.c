/* SPDX-License-Identifier: ISC */
#include "lib/document.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/document_parts.h"
#include "lib/key.h"
#include "lib/names.h"

bool
document_edit_sets(const struct document_edit *edit)
{
	return edit->operation == EDIT_MERGE || edit->operation == EDIT_REPLACE ||
	    edit->operation == EDIT_CREATE;
}

bool
document_edit_removes(const struct document_edit *edit)
{
	return edit->operation == EDIT_DELETE || edit->operation == EDIT_REMOVE;
}

static void
name_element(struct err *err, const char *element)
{
	text_copy(err->element, sizeof(err->element), text_of(element));
}

int
document_at(struct err *err, const struct xml_node *node)
{
	char path[sizeof(err->where)];

	if (err->line != 0)
		err->line += node->line - 1;
	if (err->element[0] == '\0')
		name_element(err,
		    node->source != NULL ? node->source->name : node->name);
	return err_at(err, xml_path(node, path, sizeof(path)), node->line);
}

int
document_refuse(const struct xml_node *node, enum err_code code, const char *element,
    const char *text, struct err *err)
{
	err_set(err, code, NULL, "%s", text);
	if (element == node->name && node->source != NULL)
		element = node->source->name;
	name_element(err, element);
	return document_at(err, node);
}

int
document_check_existence(const struct document_edit *edit, bool exists, struct err *err)
{
	if (edit->operation == EDIT_CREATE && exists)
		return document_refuse(edit->node, ERR_DATA_EXISTS, edit->node->name,
		    "it cannot be created: it is there already", err);
	if ((edit->operation == EDIT_DELETE || edit->operation == EDIT_NONE) && !exists)
		return document_refuse(edit->node, ERR_DATA_MISSING, edit->node->name,
		    edit->operation == EDIT_DELETE
			? "it cannot be deleted: it is not there"
			: "it is not there, and the default operation is none",
		    err);
	return 0;
}

static int
refuse_root(const struct xml_node *root, struct err *err)
{
	static const struct {
		const char *name, *ns;
	} roots[] = {
		{ "certconf", CERTCONF_NS },
		{ "keystore", KEYSTORE_NS },
		{ "truststore", TRUSTSTORE_NS },
		{ "config", NETCONF_NS },
		{ "rpc", NETCONF_NS },
	};
	char text[sizeof(err->text)];

	for (size_t i = 0; i < nitems(roots); i++) {
		if (strcmp(root->name, roots[i].name) != 0)
			continue;
		(void)snprintf(text, sizeof(text),
		    "the element must be in namespace %s", roots[i].ns);
		return document_refuse(root, ERR_UNKNOWN_NAMESPACE, root->name, text,
		    err);
	}
	return document_refuse(root, ERR_UNKNOWN_ELEMENT, root->name,
	    "a configuration document is a certconf, keystore, truststore, config or rpc "
	    "element",
	    err);
}

static int
find_in_rpc(const struct xml_node *rpc, const struct xml_node **ret_config,
    struct err *err)
{
	const struct xml_node *edit = xml_child(rpc, NETCONF_NS, "edit-config");
	const struct xml_node *config;

	if (edit == NULL)
		return document_refuse(rpc, ERR_MISSING_ELEMENT, "edit-config",
		    "of rpc elements only those with edit-config hold a configuration",
		    err);
	if ((config = xml_child(edit, NETCONF_NS, "config")) == NULL)
		return document_refuse(edit, ERR_MISSING_ELEMENT, "config",
		    "it has no element config", err);
	*ret_config = config;
	return 0;
}

int
document_find(const struct xml_node *root, const struct xml_node **ret_config,
    struct err *err)
{
	if (xml_is(root, NETCONF_NS, "rpc"))
		return find_in_rpc(root, ret_config, err);
	if (!xml_is(root, CERTCONF_NS, "certconf") &&
	    !xml_is(root, KEYSTORE_NS, "keystore") &&
	    !xml_is(root, TRUSTSTORE_NS, "truststore") &&
	    !xml_is(root, NETCONF_NS, "config"))
		return refuse_root(root, err);
	*ret_config = root;
	return 0;
}

static int
add_key(struct buf *records, const struct document_credential *credential,
    struct err *err)
{
	struct key_record record = { .len = 0 };
	struct buf pem = { NULL, 0, 0 };
	int rc = key_write(&pem, credential->pkey, err);

	if (rc == 0) {
		memcpy(record.key_id, credential->key_id, SHA256_SIZE);
		record.len = (uint32_t)pem.len;
		if (buf_add(records, &record, sizeof(record)) == -1 ||
		    buf_add(records, pem.data, pem.len) == -1)
			rc = err_set(err, ERR_MEMORY, NULL,
			    "not enough memory for the private keys");
	}
	buf_wipe(&pem);
	return rc;
}

int
document_keys(const struct document *document, struct buf *ret_records, struct err *err)
{
	for (size_t i = 0; i < document->ncredentials; i++)
		if (document->credentials[i].pkey != NULL &&
		    add_key(ret_records, &document->credentials[i], err) == -1)
			return -1;
	return 0;
}
