/* SPDX-License-Identifier: ISC */
/*
 * Writing a snapshot.  All row counts are known before the first row is written, so the
 * rows are filled in place; only the heap grows.  A certificate that occurs again
 * shares the octets of its first row.
 */
#include "lib/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bundle.h"
#include "lib/digest.h"
#include "lib/limits.h"
#include "lib/order.h"
#include "lib/snapshot_row.h"

struct writing {
	const struct config *config;
	const struct services *services;
	const struct cert **certs;        /* in the order of the rows */
	const struct credential **locals; /* sorted by index */
	const struct anchor **trusts;     /* sorted by index */
	uint32_t ncerts, first_anchor;
	uint32_t nothers; /* settings of services that are not defined */
	uint8_t *rows;    /* from the header to the heap */
	size_t size;
	struct snapshot_header *header;
	struct buf heap, sans;
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

/* Octets in the heap; the offset is checked once at the end, for the whole heap. */
static int
put(struct writing *w, const void *data, size_t len, struct span *ret_span)
{
	ret_span->offset = (uint32_t)w->heap.len;
	ret_span->len = (uint32_t)len;
	return len == 0 ? 0 : buf_add(&w->heap, data, len);
}

static int
put_text(struct writing *w, struct text text, struct span *ret_span)
{
	return put(w, text.data, text.len, ret_span);
}

static int
put_san(struct writing *w, uint32_t cert, const struct san *san)
{
	struct snapshot_san row = { .cert = cert, .type = san->type };

	if (put_text(w, san->value, &row.value) == -1)
		return -1;
	return buf_add(&w->sans, &row, sizeof(row));
}

static int
put_sans_of(struct writing *w, uint32_t cert, struct err *err)
{
	struct arena arena = { NULL };
	struct san *sans;
	size_t count;
	int rc = -1;

	if (cert_sans(w->certs[cert], &arena, &sans, &count, err) == -1)
		goto out;
	for (size_t i = 0; i < count && i < SNAPSHOT_SANS_MAX; i++) {
		if (put_san(w, cert, &sans[i]) == -1) {
			no_memory(err);
			goto out;
		}
	}
	rc = 0;
out:
	arena_clear(&arena);
	return rc;
}

/* Of leaves only: nobody asks which names an authority has. */
static int
put_sans(struct writing *w, struct err *err)
{
	uint32_t cert = 0;

	for (size_t i = 0; i < w->config->ncredentials; i++) {
		const struct credential *local = w->locals[i];

		if (local->count > 0 && local->chain[0].sans.len > 0 &&
		    put_sans_of(w, cert, err) == -1)
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

/* The header, and zeroed rows behind it. */
static int
lay_out(struct writing *w, struct err *err)
{
	const uint32_t counts[SNAPSHOT_PARTS] = {
		[SNAPSHOT_LOCALS] = (uint32_t)w->config->ncredentials,
		[SNAPSHOT_CERTS] = w->ncerts,
		[SNAPSHOT_TRUSTS] = (uint32_t)w->config->nanchors,
		[SNAPSHOT_SERVICES] = w->services->count,
		[SNAPSHOT_OTHERS] = w->nothers,
		[SNAPSHOT_SANS] = (uint32_t)(w->sans.len / sizeof(struct snapshot_san)),
		[SNAPSHOT_BY_NAME] = (uint32_t)w->config->ncredentials,
		[SNAPSHOT_BY_SHA256] = w->ncerts,
	};
	struct snapshot_range ranges[SNAPSHOT_PARTS];
	size_t size = sizeof(struct snapshot_header);

	for (size_t i = 0; i < SNAPSHOT_PARTS; i++) {
		if (counts[i] > snapshot_parts[i].max)
			return err_set(err, ERR_TOO_LARGE, "",
			    "the configuration has more rows than a snapshot holds");
		ranges[i].offset = (uint32_t)size;
		ranges[i].count = counts[i];
		size += (counts[i] * snapshot_parts[i].row_size + 7) / 8 * 8;
	}
	if (size > UINT32_MAX)
		return err_set(err, ERR_TOO_LARGE, "", "the snapshot exceeds 4 GiB");
	if ((w->rows = calloc(1, size)) == NULL)
		return no_memory(err);
	w->size = size;
	w->header = (struct snapshot_header *)(void *)w->rows;
	for (size_t i = 0; i < SNAPSHOT_PARTS; i++)
		memcpy(w->rows + snapshot_parts[i].range, &ranges[i],
		    sizeof(ranges[i]));
	return 0;
}

/* A text that is often the same as another: a root's issuer is its subject. */
static int
put_like(struct writing *w, struct text text, struct text other, struct span other_span,
    struct span *ret_span)
{
	if (text.len > 0 && text_equal(text, other)) {
		*ret_span = other_span;
		return 0;
	}
	return put_text(w, text, ret_span);
}

static struct span
span_in(struct blob der, struct blob part)
{
	if (part.len == 0)
		return (struct span){ 0, 0 };
	return (struct span){ (uint32_t)(part.data - der.data), (uint32_t)part.len };
}

static int
put_texts(struct writing *w, const struct cert *cert, struct snapshot_cert_row *row)
{
	int rc = put_text(w, cert->subject, &row->subject);

	rc |= put_like(w, cert->issuer, cert->subject, row->subject, &row->issuer);
	rc |= put_text(w, cert->serial, &row->serial);
	rc |= put_text(w, cert->sig_algorithm, &row->sig_algorithm);
	rc |= put_text(w, cert->ext_key_usage, &row->ext_key_usage);
	rc |= put_text(w, cert->sans, &row->sans);
	for (size_t i = 0; i < DN_PART_MAX; i++) {
		rc |= put_text(w, cert->subject_part[i], &row->subject_part[i]);
		rc |= put_like(w, cert->issuer_part[i], cert->subject_part[i],
		    row->subject_part[i], &row->issuer_part[i]);
	}
	return rc;
}

static int
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
	row->subject_der = span_in(cert->der, cert->subject_der);
	row->issuer_der = span_in(cert->der, cert->issuer_der);
	if (put(w, cert->der.data, cert->der.len, &row->der) == -1)
		return -1;
	return put_texts(w, cert, row);
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

	order_by_digest(order, w->ncerts, digest_of, w->certs);
	for (uint32_t i = 0; i < w->ncerts; i++) {
		uint32_t n = order[i], before = i > 0 ? order[i - 1] : 0;

		if (i > 0 &&
		    memcmp(rows[before].sha256, w->certs[n]->sha256, SHA256_SIZE) == 0)
			rows[n] = rows[before];
		else if (put_cert(w, w->certs[n], &rows[n]) == -1)
			return -1;
	}
	return 0;
}

static struct text
name_of(const void *context, uint32_t n)
{
	const struct credential *const *locals = context;

	return locals[n]->name;
}

static int
put_locals(struct writing *w)
{
	struct snapshot_local *rows = range_rows(w, SNAPSHOT_LOCALS);
	uint32_t count = (uint32_t)w->config->ncredentials, cert = 0;

	order_by_text(range_rows(w, SNAPSHOT_BY_NAME), count, name_of, w->locals);
	for (uint32_t i = 0; i < count; i++) {
		const struct credential *local = w->locals[i];
		struct snapshot_local *row = &rows[i];

		row->index = local->index;
		row->first_cert = cert;
		row->count = (uint32_t)local->count;
		row->key_status = local->key_status;
		row->has_key = local->has_key;
		row->chain_status = local->verdict.status;
		row->installed = local->installed;
		row->chain_not_after = local->verdict.not_after;
		row->issuer_not_after = local->verdict.issuer_not_after;
		memcpy(row->key_id, local->key_id, SHA256_SIZE);
		memcpy(row->anchor, local->verdict.anchor, SHA256_SIZE);
		if (put_text(w, local->name, &row->name) == -1)
			return -1;
		cert += row->count;
	}
	return 0;
}

static int
put_trusts(struct writing *w)
{
	struct snapshot_trust *rows = range_rows(w, SNAPSHOT_TRUSTS);

	for (uint32_t i = 0; i < w->config->nanchors; i++) {
		ptrdiff_t place = w->trusts[i] - w->config->anchors;

		rows[i].index = w->trusts[i]->index;
		rows[i].cert = w->first_anchor + (uint32_t)place;
		if (put_text(w, w->trusts[i]->name, &rows[i].name) == -1)
			return -1;
	}
	return 0;
}

static int
put_setting(struct writing *w, const struct service_setting *setting,
    struct snapshot_service *row)
{
	if (setting == NULL)
		return 0;
	row->configured = 1;
	row->enabled = setting->enabled;
	return put_text(w, setting->credential, &row->credential);
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
		if (put_text(w, name, &rows[i].name) == -1 ||
		    put_setting(w, config_service(w->config, name), &rows[i]) == -1)
			return no_memory(err);
		if (bundle_material(w->config, facts, rows[i].material, err) == -1)
			return -1;
	}
	return 0;
}

static int
put_others(struct writing *w)
{
	struct snapshot_service *row = range_rows(w, SNAPSHOT_OTHERS);

	for (size_t i = 0; i < w->config->nservices; i++) {
		const struct service_setting *setting = &w->config->services[i];

		if (services_named(w->services, setting->name) != NULL)
			continue;
		if (put_text(w, setting->name, &row->name) == -1 ||
		    put_setting(w, setting, row) == -1)
			return -1;
		row++;
	}
	return 0;
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
	header->size = w->size + w->heap.len;
	if (header->size > UINT32_MAX)
		return err_set(err, ERR_TOO_LARGE, "", "the snapshot exceeds 4 GiB");
	header->heap = (struct span){ (uint32_t)w->size, (uint32_t)w->heap.len };
	memcpy(header->trust_sha256, config->trust_sha256, SHA256_SIZE);
	return digest_config(config, header->config_sha256, err);
}

static int
put_rows(struct writing *w, time_t now, struct err *err)
{
	if (w->sans.len > 0)
		memcpy(range_rows(w, SNAPSHOT_SANS), w->sans.data, w->sans.len);
	if (put_certs(w) == -1 || put_locals(w) == -1 || put_trusts(w) == -1 ||
	    put_others(w) == -1)
		return no_memory(err);
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

	if (arrange(&w, err) == -1 || put_sans(&w, err) == -1 ||
	    lay_out(&w, err) == -1 || put_rows(&w, now, err) == -1)
		goto out;
	if (buf_reserve(buf, w.size + w.heap.len) == -1) {
		no_memory(err);
		goto out;
	}
	(void)buf_add(buf, w.rows, w.size);
	(void)buf_add(buf, w.heap.data, w.heap.len);
	rc = 0;
out:
	buf_clear(&w.heap);
	buf_clear(&w.sans);
	free(w.rows);
	free(w.trusts);
	free(w.locals);
	free(w.certs);
	return rc;
}
