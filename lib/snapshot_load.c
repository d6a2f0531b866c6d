/* SPDX-License-Identifier: ISC */
/* From a snapshot back to the configuration it is of. */
#include "lib/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/order.h"

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "", "out of memory for the configuration");
}

static int
by_name(const void *left, const void *right)
{
	/* credentials and settings both begin with their name */
	const struct text *a = left, *b = right;

	return order_text(*a, *b);
}

static void
load_credential(const struct snapshot *snapshot, const struct snapshot_local *local,
    struct cert *chain, struct credential *ret_credential)
{
	struct credential *credential = ret_credential;

	credential->name = snapshot_text(snapshot, local->name);
	credential->key_status = local->key_status;
	credential->has_key = local->has_key != 0;
	memcpy(credential->key_id, local->key_id, SHA256_SIZE);
	credential->index = local->index;
	credential->muted = local->muted != 0;
	credential->has_warn_days = local->warn_days != WARN_DAYS_GLOBAL;
	if (credential->has_warn_days)
		credential->warn_days = (uint32_t)local->warn_days;
	credential->installed = local->installed;
	credential->verdict.status = local->chain_status;
	credential->verdict.not_after = local->chain_not_after;
	credential->verdict.issuer_not_after = local->issuer_not_after;
	memcpy(credential->verdict.anchor, local->anchor, SHA256_SIZE);
	if (local->count == 0)
		return;
	for (uint32_t i = 0; i < local->count; i++)
		snapshot_cert(snapshot, local->first_cert + i, &chain[i]);
	credential->chain = chain;
	credential->count = local->count;
	credential->judged = chain;
	credential->njudged = local->count;
}

static int
load_credentials(const struct snapshot *snapshot, struct config *config,
    struct err *err)
{
	size_t count = snapshot->header->locals.count, ncerts = 0;
	struct cert *certs;

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		ncerts += snapshot->locals[i].count;
	config->credentials =
	    arena_alloc(&config->arena, count * sizeof(*config->credentials));
	certs = arena_alloc(&config->arena, ncerts * sizeof(*certs));
	if (config->credentials == NULL || certs == NULL)
		return no_memory(err);
	config->ncredentials = config->credentials_room = count;
	for (size_t i = 0; i < count; i++) {
		const struct snapshot_local *local = &snapshot->locals[i];

		load_credential(snapshot, local, certs, &config->credentials[i]);
		certs += local->count;
	}
	qsort(config->credentials, count, sizeof(*config->credentials), by_name);
	return 0;
}

/* The rows are sorted by index; the certificates are as the document had them. */
static struct anchor *
anchor_of(const struct snapshot_header *header, struct config *config, uint32_t row,
    uint32_t cert)
{
	uint32_t place = cert - (header->certs.count - header->trusts.count);

	return &config->anchors[place < header->trusts.count ? place : row];
}

static int
load_anchors(const struct snapshot *snapshot, struct config *config, struct err *err)
{
	const struct snapshot_header *header = snapshot->header;

	config->has_trust_store = header->has_trust_store != 0;
	memcpy(config->trust_sha256, header->trust_sha256, SHA256_SIZE);
	if (header->trusts.count == 0)
		return 0;
	config->anchors = arena_alloc(&config->arena,
	    header->trusts.count * sizeof(*config->anchors));
	if (config->anchors == NULL)
		return no_memory(err);
	config->nanchors = header->trusts.count;
	for (uint32_t i = 0; i < header->trusts.count; i++) {
		const struct snapshot_trust *trust = &snapshot->trusts[i];
		struct anchor *anchor = anchor_of(header, config, i, trust->cert);

		anchor->name = snapshot_text(snapshot, trust->name);
		anchor->index = trust->index;
		anchor->muted = trust->muted != 0;
		snapshot_cert(snapshot, trust->cert, &anchor->cert);
	}
	return 0;
}

static void
load_services(const struct snapshot *snapshot, const struct snapshot_service *rows,
    uint32_t count, struct config *config)
{
	for (uint32_t i = 0; i < count; i++) {
		struct service_setting *setting = &config->services[config->nservices];

		if (!rows[i].configured)
			continue;
		setting->name = snapshot_text(snapshot, rows[i].name);
		setting->enabled = rows[i].enabled != 0;
		if (rows[i].credential.len > 0)
			setting->credential =
			    snapshot_text(snapshot, rows[i].credential);
		config->nservices++;
	}
}

static int
load_settings(const struct snapshot *snapshot, struct config *config, struct err *err)
{
	const struct snapshot_header *header = snapshot->header;
	const void *others = snapshot->data + header->others.offset;
	size_t room = header->services.count + header->others.count;

	config->services =
	    arena_alloc(&config->arena, room * sizeof(*config->services));
	if (config->services == NULL)
		return no_memory(err);
	config->services_room = room;
	load_services(snapshot, snapshot->services, header->services.count, config);
	load_services(snapshot, others, header->others.count, config);
	if (config->nservices > 1)
		qsort(config->services, config->nservices, sizeof(*config->services),
		    by_name);
	return 0;
}

int
snapshot_load(const struct snapshot *snapshot, struct config *ret_config,
    struct err *err)
{
	const struct snapshot_header *header = snapshot->header;
	struct config config = {
		.mode = header->verify_mode,
		.settings = header->settings,
		.next_local_index = header->next_local_index,
		.next_trust_index = header->next_trust_index,
	};

	if (load_credentials(snapshot, &config, err) == -1 ||
	    load_anchors(snapshot, &config, err) == -1 ||
	    load_settings(snapshot, &config, err) == -1) {
		config_clear(&config);
		return -1;
	}
	*ret_config = config;
	return 0;
}
