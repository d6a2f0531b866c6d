/* SPDX-License-Identifier: ISC */
/*
 * Writing a snapshot.  All sizes are known before the first row is written, so that
 * rows and heap are filled in place: a store of 100,000 anchors is too much to copy
 * twice.  A certificate that occurs again shares the octets of its first row.
 */
#include "lib/snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bundle.h"
#include "lib/digest.h"
#include "lib/limits.h"
#include "lib/order.h"
#include "lib/snapshot_row.h"

/* A name of a leaf. */
struct leaf_san {
	uint32_t cert;
	struct san san;
};

struct writing {
	const struct config *config;
	const struct services *services;
	const struct cert **certs;        /* in the order of the rows */
	const struct credential **locals; /* sorted by index */
	const struct anchor **trusts;     /* sorted by index */
	uint32_t ncerts, first_anchor;
	uint32_t nothers; /* settings of services that are not defined */
	struct arena arena;
	struct buf sans; /* struct leaf_san */
	struct snapshot_header *header;
	uint8_t *rows;     /* from the header to the heap */
	size_t size;       /* of these */
	size_t heap, room; /* octets used behind them, and room for more */
};

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "", "out of memory for the snapshot");
}

static int
by_index_local(const void *left, const void *right)
{
	const struct credential *a = *(const struct credential *const *)left;
	const struct credential *b = *(const struct credential *const *)right;

	return (a->index > b->index) - (a->index < b->index);
}

static int
by_index_trust(const void *left, const void *right)
{
	const struct anchor *a = *(const struct anchor *const *)left;
	const struct anchor *b = *(const struct anchor *const *)right;

	return (a->index > b->index) - (a->index < b->index);
}

/* Puts rows and certificates in the order they are written in. */
static int
arrange(struct writing *w, struct err *err)
{
	const struct config *config = w->config;
	size_t ncerts = config->nanchors;
	uint32_t n = 0;

	for (size_t i = 0; i < config->ncredentials; i++)
		ncerts += config->credentials[i].count;
	w->certs = calloc(ncerts + 1, sizeof(*w->certs));
	w->locals = calloc(config->ncredentials + 1, sizeof(*w->locals));
	w->trusts = calloc(config->nanchors + 1, sizeof(*w->trusts));
	if (w->certs == NULL || w->locals == NULL || w->trusts == NULL)
		return no_memory(err);

	for (size_t i = 0; i < config->ncredentials; i++)
		w->locals[i] = &config->credentials[i];
	for (size_t i = 0; i < config->nanchors; i++)
		w->trusts[i] = &config->anchors[i];
	qsort(w->locals, config->ncredentials, sizeof(*w->locals), by_index_local);
	qsort(w->trusts, config->nanchors, sizeof(*w->trusts), by_index_trust);

	for (size_t i = 0; i < config->ncredentials; i++) {
		for (size_t k = 0; k < w->locals[i]->count; k++)
			w->certs[n++] = &w->locals[i]->chain[k];
	}
	w->first_anchor = n;
	for (size_t i = 0; i < config->nanchors; i++)
		w->certs[n++] = &config->anchors[i].cert;
	w->ncerts = n;
	for (size_t i = 0; i < config->nservices; i++)
		w->nothers +=
		    services_named(w->services, config->services[i].name) == NULL;
	return 0;
}

static uint32_t
nsans(const struct writing *w)
{
	return (uint32_t)(w->sans.len / sizeof(struct leaf_san));
}

static int
collect_sans_of(struct writing *w, uint32_t cert, struct err *err)
{
	struct leaf_san leaf = { .cert = cert };
	struct san *sans;
	size_t count;

	if (cert_sans(w->certs[cert], &w->arena, &sans, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count && i < SNAPSHOT_SANS_MAX; i++) {
		leaf.san = sans[i];
		if (buf_add(&w->sans, &leaf, sizeof(leaf)) == -1)
			return no_memory(err);
	}
	return 0;
}

/* Of leaves only: nobody asks which names an authority has. */
static int
collect_sans(struct writing *w, struct err *err)
{
	uint32_t cert = 0;

	for (size_t i = 0; i < w->config->ncredentials; i++) {
		const struct credential *local = w->locals[i];

		if (local->count > 0 && local->chain[0].sans.len > 0 &&
		    collect_sans_of(w, cert, err) == -1)
			return -1;
		cert += (uint32_t)local->count;
	}
	return 0;
}

static void *
range_rows(const struct writing *w, unsigned int part)
{
	struct snapshot_range range;

	memcpy(&range, w->rows + snapshot_parts[part].range, sizeof(range));
	return w->rows + range.offset;
}

static size_t
texts_size(const struct cert *cert)
{
	size_t size = 0;

	for (size_t i = 0; i < SNAPSHOT_TEXTS; i++) {
		const uint8_t *at = (const uint8_t *)cert + snapshot_texts[i].text;

		size += ((const struct text *)(const void *)at)->len;
	}
	return size;
}

/* The most octets the heap can need: nothing is shared. */
static size_t
heap_size(const struct writing *w)
{
	const struct leaf_san *sans = (const void *)w->sans.data;
	const struct config *config = w->config;
	size_t size = 0;

	for (uint32_t i = 0; i < w->ncerts; i++)
		size += w->certs[i]->der.len + texts_size(w->certs[i]);
	for (size_t i = 0; i < nsans(w); i++)
		size += sans[i].san.value.len;
	for (size_t i = 0; i < config->ncredentials; i++)
		size += config->credentials[i].name.len;
	for (size_t i = 0; i < config->nanchors; i++)
		size += config->anchors[i].name.len;
	for (size_t i = 0; i < config->nservices; i++)
		size +=
		    config->services[i].name.len + config->services[i].credential.len;
	return size + w->services->count * sizeof(w->services->rows[0].name);
}

/* The header with its ranges, zeroed rows behind it, and room for the heap. */
static int
lay_out(struct writing *w, struct buf *buf, struct err *err)
{
	const uint32_t counts[SNAPSHOT_PARTS] = {
		[SNAPSHOT_LOCALS] = (uint32_t)w->config->ncredentials,
		[SNAPSHOT_CERTS] = w->ncerts,
		[SNAPSHOT_TRUSTS] = (uint32_t)w->config->nanchors,
		[SNAPSHOT_SERVICES] = w->services->count,
		[SNAPSHOT_OTHERS] = w->nothers,
		[SNAPSHOT_SANS] = nsans(w),
		[SNAPSHOT_BY_SHA256] = w->ncerts,
	};
	struct snapshot_range ranges[SNAPSHOT_PARTS];
	size_t size = sizeof(struct snapshot_header), heap = heap_size(w);

	for (size_t i = 0; i < SNAPSHOT_PARTS; i++) {
		if (counts[i] > snapshot_parts[i].max)
			return err_set(err, ERR_TOO_LARGE, "",
			    "the configuration has more rows than a snapshot holds");
		ranges[i].offset = (uint32_t)size;
		ranges[i].count = counts[i];
		size += (counts[i] * snapshot_parts[i].row_size + 7) / 8 * 8;
	}
	if (size + heap > SNAPSHOT_MAX)
		return err_set(err, ERR_TOO_LARGE, "",
		    "the configuration needs more than %zu MiB", SNAPSHOT_MAX >> 20);
	if (buf_reserve(buf, size + heap) == -1)
		return no_memory(err);
	assert(buf->len % 8 == 0);
	w->rows = buf->data + buf->len;
	w->size = size;
	w->room = heap;
	w->header = (struct snapshot_header *)(void *)w->rows;
	memset(w->rows, 0, size);
	for (size_t i = 0; i < SNAPSHOT_PARTS; i++)
		memcpy(w->rows + snapshot_parts[i].range, &ranges[i],
		    sizeof(ranges[i]));
	return 0;
}

/* Octets in the heap; heap_size() counted them all. */
static struct span
put(struct writing *w, const void *data, size_t len)
{
	struct span span = { (uint32_t)w->heap, (uint32_t)len };

	assert(len <= w->room);
	if (len > 0)
		memcpy(w->rows + w->size + w->heap, data, len);
	w->heap += len;
	w->room -= len;
	return span;
}

static struct span
put_text(struct writing *w, struct text text)
{
	return put(w, text.data, text.len);
}

static bool
is_text_at(const struct writing *w, struct span span, struct text text)
{
	return span.len == text.len &&
	    memcmp(w->rows + w->size + span.offset, text.data, text.len) == 0;
}

static struct span
span_in(struct blob der, struct blob part)
{
	if (part.len == 0)
		return (struct span){ 0, 0 };
	return (struct span){ (uint32_t)(part.data - der.data), (uint32_t)part.len };
}

static void
put_texts(struct writing *w, const struct cert *cert, struct snapshot_cert_row *row)
{
	for (size_t i = 0; i < SNAPSHOT_TEXTS; i++) {
		const struct snapshot_text_field *field = &snapshot_texts[i];
		const struct text *text =
		    (const void *)((const uint8_t *)cert + field->text);
		struct span *span = (void *)((uint8_t *)row + field->span);
		const struct span *like = (const void *)((uint8_t *)row + field->like);

		if (text->len == 0)
			continue;
		*span = like != span && is_text_at(w, *like, *text)
		    ? *like
		    : put_text(w, *text);
	}
}

static void
put_cert(struct writing *w, const struct cert *cert, struct snapshot_cert_row *row)
{
	memcpy(row->sha256, cert->sha256, SHA256_SIZE);
	memcpy(row->key_id, cert->key_id, SHA256_SIZE);
	row->not_before = cert->not_before;
	row->not_after = cert->not_after;
	row->flags = cert->flags;
	row->key_algorithm = cert->key_algorithm;
	row->key_bits = cert->key_bits;
	row->key_usage = cert->key_usage;
	row->der = put(w, cert->der.data, cert->der.len);
	row->subject_der = span_in(cert->der, cert->subject_der);
	row->issuer_der = span_in(cert->der, cert->issuer_der);
	put_texts(w, cert, row);
}

static const uint8_t *
digest_of(const void *context, uint32_t n)
{
	const struct cert *const *certs = context;

	return certs[n]->sha256;
}

static int
put_certs(struct writing *w)
{
	struct snapshot_cert_row *rows = range_rows(w, SNAPSHOT_CERTS);
	uint32_t *order = range_rows(w, SNAPSHOT_BY_SHA256);

	if (order_by_digest(order, w->ncerts, digest_of, w->certs) == -1)
		return -1;
	for (uint32_t i = 0; i < w->ncerts; i++) {
		const struct snapshot_cert_row *before =
		    i > 0 ? &rows[order[i - 1]] : NULL;
		const struct cert *cert = w->certs[order[i]];

		if (before != NULL &&
		    memcmp(before->sha256, cert->sha256, SHA256_SIZE) == 0)
			rows[order[i]] = *before;
		else
			put_cert(w, cert, &rows[order[i]]);
	}
	return 0;
}

static void
put_sans(struct writing *w)
{
	const struct leaf_san *sans = (const void *)w->sans.data;
	struct snapshot_san *rows = range_rows(w, SNAPSHOT_SANS);

	for (uint32_t i = 0; i < nsans(w); i++) {
		rows[i].cert = sans[i].cert;
		rows[i].type = sans[i].san.type;
		rows[i].value = put_text(w, sans[i].san.value);
	}
}

static void
put_locals(struct writing *w)
{
	struct snapshot_local *rows = range_rows(w, SNAPSHOT_LOCALS);
	uint32_t count = (uint32_t)w->config->ncredentials, cert = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct credential *local = w->locals[i];
		struct snapshot_local *row = &rows[i];

		row->index = local->index;
		row->first_cert = cert;
		row->count = (uint32_t)local->count;
		row->key_status = local->key_status;
		row->has_key = local->has_key;
		row->chain_status = local->verdict.status;
		row->muted = local->muted;
		row->warn_days =
		    local->has_warn_days ? (int32_t)local->warn_days : WARN_DAYS_GLOBAL;
		row->installed = local->installed;
		row->chain_not_after = local->verdict.not_after;
		row->issuer_not_after = local->verdict.issuer_not_after;
		memcpy(row->key_id, local->key_id, SHA256_SIZE);
		memcpy(row->anchor, local->verdict.anchor, SHA256_SIZE);
		row->name = put_text(w, local->name);
		cert += row->count;
	}
}

static void
put_trusts(struct writing *w)
{
	struct snapshot_trust *rows = range_rows(w, SNAPSHOT_TRUSTS);

	for (uint32_t i = 0; i < w->config->nanchors; i++) {
		ptrdiff_t place = w->trusts[i] - w->config->anchors;

		rows[i].index = w->trusts[i]->index;
		rows[i].cert = w->first_anchor + (uint32_t)place;
		rows[i].muted = w->trusts[i]->muted;
		rows[i].name = put_text(w, w->trusts[i]->name);
	}
}

static void
put_setting(struct writing *w, const struct service_setting *setting,
    struct snapshot_service *row)
{
	if (setting == NULL)
		return;
	row->configured = 1;
	row->enabled = setting->enabled;
	row->credential = put_text(w, setting->credential);
}

static int
put_services(struct writing *w, struct err *err)
{
	struct snapshot_service *rows = range_rows(w, SNAPSHOT_SERVICES);

	for (uint32_t i = 0; i < w->services->count; i++) {
		const struct service_facts *facts = &w->services->rows[i];
		const struct credential *used = config_used_by(w->config, facts);
		struct text name = text_of(facts->name);

		rows[i].local_index = used != NULL ? used->index : 0;
		rows[i].name = put_text(w, name);
		put_setting(w, config_service(w->config, name), &rows[i]);
		if (bundle_material(w->config, facts, rows[i].material, err) == -1)
			return -1;
	}
	return 0;
}

static void
put_others(struct writing *w)
{
	struct snapshot_service *row = range_rows(w, SNAPSHOT_OTHERS);

	for (size_t i = 0; i < w->config->nservices; i++) {
		const struct service_setting *setting = &w->config->services[i];

		if (services_named(w->services, setting->name) != NULL)
			continue;
		row->name = put_text(w, setting->name);
		put_setting(w, setting, row);
		row++;
	}
}

static void
digest_credentials(const struct config *config, struct digest *digest)
{
	digest_add_number(digest, config->ncredentials);
	for (size_t i = 0; i < config->ncredentials; i++) {
		const struct credential *credential = &config->credentials[i];

		digest_add_text(digest, credential->name);
		digest_add(digest, credential->key_id, SHA256_SIZE);
		digest_add_number(digest, credential->has_key);
		digest_add_number(digest, credential->count);
		for (size_t k = 0; k < credential->count; k++)
			digest_add(digest, credential->chain[k].sha256, SHA256_SIZE);
	}
}

static int
digest_config(const struct config *config, uint8_t ret_sha256[SHA256_SIZE],
    struct err *err)
{
	struct digest digest;

	digest_begin(&digest);
	digest_credentials(config, &digest);
	digest_add_number(&digest, config->has_trust_store);
	digest_add(&digest, config->trust_sha256, SHA256_SIZE);
	digest_add_number(&digest, config->nanchors);
	for (size_t i = 0; i < config->nanchors; i++)
		digest_add_text(&digest, config->anchors[i].name);
	digest_add_number(&digest, config->mode);
	for (size_t i = 0; i < config->nservices; i++) {
		digest_add_text(&digest, config->services[i].name);
		digest_add_number(&digest, config->services[i].enabled);
		digest_add_text(&digest, config->services[i].credential);
	}
	return digest_end(&digest, ret_sha256, err);
}

static int
put_header(struct writing *w, time_t now, struct err *err)
{
	const struct config *config = w->config;
	struct snapshot_header *header = w->header;

	memcpy(header->magic, SNAPSHOT_MAGIC, sizeof(header->magic));
	header->version = SNAPSHOT_VERSION;
	header->verify_mode = config->mode;
	header->built = now;
	header->has_trust_store = config->has_trust_store;
	header->next_local_index = config->next_local_index;
	header->next_trust_index = config->next_trust_index;
	header->settings = config->settings;
	header->size = w->size + w->heap;
	header->heap = (struct span){ (uint32_t)w->size, (uint32_t)w->heap };
	memcpy(header->trust_sha256, config->trust_sha256, SHA256_SIZE);
	return digest_config(config, header->config_sha256, err);
}

static int
put_rows(struct writing *w, time_t now, struct err *err)
{
	if (put_certs(w) == -1)
		return no_memory(err);
	put_locals(w);
	put_sans(w);
	put_trusts(w);
	put_others(w);
	if (put_services(w, err) == -1)
		return -1;
	return put_header(w, now, err);
}

int
snapshot_write(struct buf *buf, const struct config *config,
    const struct services *services, time_t now, struct err *err)
{
	struct writing w = { .config = config, .services = services };
	int rc = -1;

	if (arrange(&w, err) == -1 || collect_sans(&w, err) == -1 ||
	    lay_out(&w, buf, err) == -1 || put_rows(&w, now, err) == -1)
		goto out;
	buf->len += w.size + w.heap;
	buf->data[buf->len] = '\0'; /* as buf_add() would */
	rc = 0;
out:
	buf_clear(&w.sans);
	arena_clear(&w.arena);
	free(w.trusts);
	free(w.locals);
	free(w.certs);
	return rc;
}
