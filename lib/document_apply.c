/* SPDX-License-Identifier: ISC */
/*
 * A document put on a configuration, node by node.  Whoever is refused leaves the
 * configuration half changed: it is of no more use.
 */
#include "lib/document_parts.h"

#include <string.h>

#include "lib/key.h"
#include "lib/monitoring.h"
#include "lib/names.h"

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, NULL,
	    "not enough memory for the configuration");
}

/* --- credentials --- */

static struct cert *
copy_chain(struct config *config, const struct document_credential *from)
{
	struct cert *chain =
	    arena_alloc(&config->arena, from->count * sizeof(*from->certs));

	if (chain != NULL)
		memcpy(chain, from->certs, from->count * sizeof(*from->certs));
	return chain;
}

/* Certificate and key came together, and were checked. */
static int
put_pair(struct config *config, const struct document_credential *from,
    struct credential *to, struct err *err)
{
	if ((to->chain = copy_chain(config, from)) == NULL)
		return no_memory(err);
	to->count = from->count;
	to->has_key = true;
	memcpy(to->key_id, from->key_id, SHA256_SIZE);
	return 0;
}

/* The key under that name that the monitor has, also if it is only a former one's. */
static const uint8_t *
held_key(const struct config *config, const struct document_credential *from,
    const struct credential *to)
{
	const struct credential *former = config_former(config, from->name);

	if (to->has_key)
		return to->key_id;
	return former != NULL && former->has_key ? former->key_id : NULL;
}

/* The key must be the one that is held under that name. */
static int
put_certificate(struct config *config, const struct document *document,
    const struct document_credential *from, struct credential *to, struct err *err)
{
	/* our own config.xml has the leaf first */
	const uint8_t *held =
	    document->keys_held ? from->certs[0].key_id : held_key(config, from, to);

	if (held == NULL)
		return document_refuse(from->edit.node, ERR_MISSING_ELEMENT,
		    "private-key",
		    "no private key is held for this credential: give it with the "
		    "certificate",
		    err);
	if ((to->chain = copy_chain(config, from)) == NULL)
		return no_memory(err);
	if (chain_order(to->chain, from->count, held, &to->count, err) == -1) {
		if (err->code == ERR_KEY_MISMATCH)
			err_set(err, ERR_KEY_MISMATCH, NULL,
			    "the certificate does not belong to the private key that is "
			    "held for this credential: give its own with it");
		return document_at(err, from->certificate);
	}
	to->has_key = true;
	memmove(to->key_id, held, SHA256_SIZE);
	return 0;
}

/* The certificate must be the one that is there. */
static int
put_key(const struct document_credential *from, struct credential *to, struct err *err)
{
	if (key_prove(from->pkey, &to->chain[0], err) == -1) {
		if (err->code == ERR_KEY_MISMATCH)
			err_set(err, ERR_KEY_MISMATCH, NULL,
			    "the private key does not belong to the certificate of this "
			    "credential: give its own with it");
		return document_at(err, from->key);
	}
	to->has_key = true;
	memcpy(to->key_id, from->key_id, SHA256_SIZE);
	return 0;
}

static int
put_credential(struct config *config, const struct document *document,
    const struct document_credential *from, struct err *err)
{
	struct credential *to = config_add_credential(config, from->name);
	bool keeps_chain;

	if (to == NULL)
		return no_memory(err);
	keeps_chain = to->count > 0 && from->edit.operation == EDIT_MERGE;
	if (from->count > 0)
		return from->pkey != NULL
		    ? put_pair(config, from, to, err)
		    : put_certificate(config, document, from, to, err);
	if (!keeps_chain)
		return document_refuse(from->edit.node, ERR_MISSING_ELEMENT,
		    "certificate", "the credential has no certificate", err);
	return from->pkey != NULL ? put_key(from, to, err) : 0;
}

static int
apply_credential(struct config *config, const struct document *document,
    const struct document_credential *from, struct err *err)
{
	bool exists = config_credential(config, from->name) != NULL;

	if (document_check_existence(&from->edit, exists, err) == -1)
		return -1;
	if (document_edit_removes(&from->edit))
		config_remove_credential(config, from->name);
	return document_edit_sets(&from->edit)
	    ? put_credential(config, document, from, err)
	    : 0;
}

/* --- the rest --- */

static int
apply_trust_store(struct config *config, const struct document *document,
    struct err *err)
{
	const struct document_edit *edit = &document->trust;

	if (edit->node == NULL)
		return 0;
	if (document_check_existence(edit, config->has_trust_store, err) == -1)
		return -1;
	if (document_edit_removes(edit))
		config_remove_trust(config);
	if (!document_edit_sets(edit))
		return 0;
	if (config_set_trust(config, document->anchors, document->nanchors, err) == -1)
		return document_at(err, edit->node);
	return 0;
}

/* It is always there: the default, which is none, is what is not there. */
static int
apply_mode(struct config *config, const struct document_edit *edit, struct err *err)
{
	if (edit->node == NULL || edit->operation == EDIT_NONE)
		return 0;
	if (document_check_existence(edit, config->mode != VERIFY_NONE, err) == -1)
		return -1;
	config->mode = VERIFY_NONE;
	if (document_edit_sets(edit))
		config->mode = (enum verify_mode)name_find(&verify_mode_names,
		    (const char *)edit->node->text.data);
	return 0;
}

static int
put_service(struct config *config, const struct document_service *from, struct err *err)
{
	struct service_setting *to = config_add_service(config, from->name);
	struct text credential;

	if (to == NULL)
		return no_memory(err);
	if (from->edit.operation == EDIT_REPLACE) {
		to->enabled = false;
		to->credential = (struct text){ NULL, 0 };
	}
	if (from->enabled != NULL)
		to->enabled = text_is(xml_value(from->enabled), "true");
	if (from->credential == NULL)
		return 0;
	credential = xml_value(from->credential);
	to->credential = arena_text(&config->arena, credential.data, credential.len);
	return to->credential.data != NULL ? 0 : no_memory(err);
}

static int
apply_service(struct config *config, const struct document_service *from,
    struct err *err)
{
	bool exists = config_service(config, from->name) != NULL;

	if (document_check_existence(&from->edit, exists, err) == -1)
		return -1;
	if (document_edit_removes(&from->edit))
		config_remove_service(config, from->name);
	return document_edit_sets(&from->edit) ? put_service(config, from, err) : 0;
}

/* Everything a person configured; the keys of what is removed can still be kept. */
static void
remove_all(struct config *config)
{
	config_remove_credentials(config);
	config_remove_services(config);
	config_remove_trust(config);
	config->mode = VERIFY_NONE;
	monitoring_reset(config);
}

int
document_apply(const struct document *document, struct config *config, time_t now,
    struct err *err)
{
	if (document->whole.operation == EDIT_REPLACE)
		remove_all(config);
	for (size_t i = 0; i < document->ncredentials; i++)
		if (apply_credential(config, document, &document->credentials[i],
			err) == -1)
			return -1;
	if (apply_trust_store(config, document, err) == -1 ||
	    apply_mode(config, &document->mode, err) == -1)
		return -1;
	for (size_t i = 0; i < document->nservices; i++)
		if (apply_service(config, &document->services[i], err) == -1)
			return -1;
	if (document_apply_monitoring(document, config, err) == -1)
		return -1;
	return config_complete(config, now, err);
}
