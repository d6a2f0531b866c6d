/* SPDX-License-Identifier: ISC */
/* Reading a snapshot that may be damaged. */
#include "lib/snapshot.h"

#include <string.h>

#include "lib/limits.h"
#include "lib/snapshot_row.h"

#define LOCALS_MAX (LIMIT_CREDENTIALS + 1) /* and factory */
#define CERTS_MAX (LOCALS_MAX * LIMIT_CHAIN + LIMIT_ANCHORS)

#define PART(range, type, max)                                                         \
	{                                                                              \
		offsetof(struct snapshot_header, range), sizeof(type), max             \
	}
const struct snapshot_part snapshot_parts[SNAPSHOT_PARTS] = {
	[SNAPSHOT_LOCALS] = PART(locals, struct snapshot_local, LOCALS_MAX),
	[SNAPSHOT_CERTS] = PART(certs, struct snapshot_cert_row, CERTS_MAX),
	[SNAPSHOT_TRUSTS] = PART(trusts, struct snapshot_trust, LIMIT_ANCHORS),
	[SNAPSHOT_SERVICES] = PART(services, struct snapshot_service, LIMIT_SERVICES),
	[SNAPSHOT_OTHERS] = PART(others, struct snapshot_service, LIMIT_SERVICES),
	[SNAPSHOT_SANS] = PART(sans, struct snapshot_san, UINT32_MAX),
	[SNAPSHOT_BY_SHA256] = PART(by_sha256, uint32_t, CERTS_MAX),
};
#undef PART

#define ROW(member) offsetof(struct snapshot_cert_row, member)
#define TEXT(member, other)                                                            \
	{                                                                              \
		offsetof(struct cert, member), ROW(member), ROW(other)                 \
	}
#define DN_PART(part)                                                                  \
	TEXT(subject_part[part], subject_part[part]),                                  \
	    TEXT(issuer_part[part], subject_part[part])
const struct snapshot_text_field snapshot_texts[SNAPSHOT_TEXTS] = {
	TEXT(subject, subject),
	TEXT(issuer, subject),
	TEXT(serial, serial),
	TEXT(sig_algorithm, sig_algorithm),
	TEXT(ext_key_usage, ext_key_usage),
	TEXT(sans, sans),
	DN_PART(DN_C),
	DN_PART(DN_ST),
	DN_PART(DN_L),
	DN_PART(DN_O),
	DN_PART(DN_OU),
	DN_PART(DN_CN),
};
#undef DN_PART
#undef TEXT
#undef ROW

_Static_assert(sizeof(struct snapshot_header) % 8 == 0, "what follows is aligned");

static const void *
rows_at(const struct snapshot *snapshot, const struct snapshot_range *range)
{
	return snapshot->data + range->offset;
}

static int
damaged(struct err *err, const char *what)
{
	return err_set(err, ERR_STORAGE, "snapshot", "damaged: %s", what);
}

static int
check_ranges(const struct snapshot *snapshot, struct err *err)
{
	const struct snapshot_header *header = snapshot->header;

	for (size_t i = 0; i < SNAPSHOT_PARTS; i++) {
		const struct snapshot_part *part = &snapshot_parts[i];
		struct snapshot_range range;

		memcpy(&range, snapshot->data + part->range, sizeof(range));
		if (range.offset % 8 != 0 || range.offset < sizeof(*header) ||
		    range.offset > snapshot->size || range.count > part->max ||
		    range.count > (snapshot->size - range.offset) / part->row_size)
			return damaged(err, "a range lies outside");
	}
	if (header->heap.offset > snapshot->size ||
	    header->heap.len > snapshot->size - header->heap.offset)
		return damaged(err, "the heap lies outside");
	if (header->by_sha256.count != header->certs.count)
		return damaged(err, "an index is not complete");
	return 0;
}

static int
check_locals(const struct snapshot *snapshot, struct err *err)
{
	uint32_t ncerts = snapshot->header->certs.count;

	for (uint32_t i = 0; i < snapshot->header->locals.count; i++) {
		const struct snapshot_local *local = &snapshot->locals[i];

		if (local->count > LIMIT_CHAIN || local->first_cert > ncerts ||
		    local->count > ncerts - local->first_cert)
			return damaged(err, "a chain lies outside");
		if (local->key_status >= KEY_STATUS_MAX ||
		    local->chain_status >= CHAIN_STATUS_MAX)
			return damaged(err, "a status is none");
		if (local->warn_days < WARN_DAYS_GLOBAL ||
		    local->warn_days > WARN_DAYS_MAX)
			return damaged(err, "a number of days is out of range");
	}
	return 0;
}

static int
check_sans(const struct snapshot *snapshot, struct err *err)
{
	for (uint32_t i = 0; i < snapshot->header->sans.count; i++) {
		if (snapshot->sans[i].type >= SAN_TYPE_MAX)
			return damaged(err, "an alternative name is none");
	}
	return 0;
}

static int
check_header(const struct snapshot_header *header, size_t size, struct err *err)
{
	if (memcmp(header->magic, SNAPSHOT_MAGIC, sizeof(header->magic)) != 0)
		return damaged(err, "it does not begin as a snapshot");
	if (header->version != SNAPSHOT_VERSION)
		return err_set(err, ERR_UNSUPPORTED, "snapshot",
		    "version %u instead of %u", header->version, SNAPSHOT_VERSION);
	if (header->size != size)
		return damaged(err, "its size is not what it says");
	if (header->verify_mode >= VERIFY_MODE_MAX)
		return damaged(err, "the verification mode is none");
	for (unsigned int i = 0; i < SETTING_MAX; i++)
		if (setting_get(&header->settings, i) > setting_rows[i].max)
			return damaged(err, "a setting is out of range");
	return 0;
}

int
snapshot_open(struct snapshot *snapshot, const void *data, size_t size, struct err *err)
{
	struct snapshot opened = { .data = data, .size = size, .header = data };

	if (size < sizeof(*opened.header) || (uintptr_t)data % 8 != 0)
		return damaged(err, "it is too short");
	if (check_header(opened.header, size, err) == -1 ||
	    check_ranges(&opened, err) == -1)
		return -1;

	opened.locals = rows_at(&opened, &opened.header->locals);
	opened.trusts = rows_at(&opened, &opened.header->trusts);
	opened.services = rows_at(&opened, &opened.header->services);
	opened.sans = rows_at(&opened, &opened.header->sans);
	if (check_locals(&opened, err) == -1 || check_sans(&opened, err) == -1)
		return -1;
	*snapshot = opened;
	return 0;
}

struct text
snapshot_text(const struct snapshot *snapshot, struct span span)
{
	const struct span *heap = &snapshot->header->heap;

	if (span.offset > heap->len || span.len > heap->len - span.offset)
		return (struct text){ "", 0 };
	return (struct text){ (const char *)snapshot->data + heap->offset + span.offset,
		span.len };
}

static struct blob
blob_at(const struct snapshot *snapshot, struct span span)
{
	struct text text = snapshot_text(snapshot, span);

	return (struct blob){ (const uint8_t *)text.data, text.len };
}

/* Offsets of these are within the certificate. */
static struct blob
blob_in(struct blob der, struct span span)
{
	if (span.offset > der.len || span.len > der.len - span.offset)
		return (struct blob){ der.data, 0 };
	return (struct blob){ der.data + span.offset, span.len };
}

static const struct snapshot_cert_row *
cert_row(const struct snapshot *snapshot, uint32_t n)
{
	const struct snapshot_cert_row *rows =
	    rows_at(snapshot, &snapshot->header->certs);

	return n < snapshot->header->certs.count ? &rows[n] : NULL;
}

void
snapshot_figures(const struct snapshot *snapshot, uint32_t n, struct cert *ret_cert)
{
	const struct snapshot_cert_row *row = cert_row(snapshot, n);

	memset(ret_cert, 0, sizeof(*ret_cert));
	if (row == NULL)
		return;
	memcpy(ret_cert->sha256, row->sha256, SHA256_SIZE);
	memcpy(ret_cert->key_id, row->key_id, SHA256_SIZE);
	ret_cert->not_before = row->not_before;
	ret_cert->not_after = row->not_after;
	ret_cert->flags = row->flags;
	ret_cert->key_algorithm =
	    row->key_algorithm < KEY_ALGORITHM_MAX ? row->key_algorithm : KEY_OTHER;
	ret_cert->key_bits = row->key_bits;
	ret_cert->key_usage = row->key_usage;
}

static struct text
text_of_field(const struct snapshot *snapshot, const struct snapshot_cert_row *row,
    const struct snapshot_text_field *field)
{
	const struct span *span = (const void *)((const uint8_t *)row + field->span);

	return snapshot_text(snapshot, *span);
}

struct text
snapshot_cert_text(const struct snapshot *snapshot, uint32_t n, size_t member)
{
	const struct snapshot_cert_row *row = cert_row(snapshot, n);

	for (size_t i = 0; row != NULL && i < SNAPSHOT_TEXTS; i++) {
		if (snapshot_texts[i].text == member)
			return text_of_field(snapshot, row, &snapshot_texts[i]);
	}
	return (struct text){ "", 0 };
}

void
snapshot_cert(const struct snapshot *snapshot, uint32_t n, struct cert *ret_cert)
{
	const struct snapshot_cert_row *row = cert_row(snapshot, n);

	snapshot_figures(snapshot, n, ret_cert);
	if (row == NULL)
		return;
	ret_cert->der = blob_at(snapshot, row->der);
	for (size_t i = 0; i < SNAPSHOT_TEXTS; i++) {
		const struct snapshot_text_field *field = &snapshot_texts[i];
		struct text *text = (void *)((uint8_t *)ret_cert + field->text);

		*text = text_of_field(snapshot, row, field);
	}
	ret_cert->subject_der = blob_in(ret_cert->der, row->subject_der);
	ret_cert->issuer_der = blob_in(ret_cert->der, row->issuer_der);
}

const uint8_t *
snapshot_sha256(const struct snapshot *snapshot, uint32_t n)
{
	static const uint8_t zeros[SHA256_SIZE];
	const struct snapshot_cert_row *row = cert_row(snapshot, n);

	return row != NULL ? row->sha256 : zeros;
}

void
snapshot_dates(const struct snapshot *snapshot, uint32_t n, int64_t *ret_not_before,
    int64_t *ret_not_after)
{
	const struct snapshot_cert_row *row = cert_row(snapshot, n);

	*ret_not_before = row != NULL ? row->not_before : 0;
	*ret_not_after = row != NULL ? row->not_after : 0;
}

uint32_t
snapshot_sans(const struct snapshot *snapshot, uint32_t n, uint32_t *ret_count)
{
	const struct snapshot_san *sans = snapshot->sans;
	uint32_t low = 0, high = snapshot->header->sans.count, end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (sans[middle].cert < n)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < snapshot->header->sans.count && sans[end].cert == n;)
		end++;
	*ret_count = end - low;
	return low;
}

bool
snapshot_find_cert(const struct snapshot *snapshot, const uint8_t sha256[SHA256_SIZE],
    struct cert *ret_cert)
{
	const uint32_t *order = rows_at(snapshot, &snapshot->header->by_sha256);
	uint32_t low = 0, high = snapshot->header->by_sha256.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int way = memcmp(snapshot_sha256(snapshot, order[middle]), sha256,
		    SHA256_SIZE);

		if (way == 0) {
			snapshot_cert(snapshot, order[middle], ret_cert);
			return ret_cert->der.len > 0;
		}
		if (way < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

const struct snapshot_local *
snapshot_local(const struct snapshot *snapshot, uint32_t index)
{
	uint32_t low = 0, high = snapshot->header->locals.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct snapshot_local *local = &snapshot->locals[middle];

		if (local->index == index)
			return local;
		if (local->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
same_local(const struct snapshot *a, const struct snapshot_local *x,
    const struct snapshot *b, const struct snapshot_local *y)
{
	if (x->index != y->index || x->count != y->count ||
	    x->key_status != y->key_status || x->chain_status != y->chain_status ||
	    x->installed != y->installed ||
	    memcmp(x->key_id, y->key_id, SHA256_SIZE) != 0 ||
	    !text_equal(snapshot_text(a, x->name), snapshot_text(b, y->name)))
		return false;
	for (uint32_t i = 0; i < x->count; i++)
		if (memcmp(snapshot_sha256(a, x->first_cert + i),
			snapshot_sha256(b, y->first_cert + i), SHA256_SIZE) != 0)
			return false;
	return true;
}

bool
snapshot_same_locals(const struct snapshot *a, const struct snapshot *b)
{
	const uint32_t count = a->header->locals.count;

	if (count != b->header->locals.count)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!same_local(a, &a->locals[i], b, &b->locals[i]))
			return false;
	return true;
}

/* --- monitoring --- */

static const struct snapshot_trust *
find_trust(const struct snapshot *snapshot, uint32_t index)
{
	uint32_t low = 0, high = snapshot->header->trusts.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct snapshot_trust *trust = &snapshot->trusts[middle];

		if (trust->index == index)
			return trust;
		if (trust->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
same_monitored(const struct snapshot_local *before, const struct snapshot_local *now)
{
	static const struct snapshot_local none = { .warn_days = WARN_DAYS_GLOBAL };

	if (before == NULL)
		before = &none;
	return (before->muted != 0) == (now->muted != 0) &&
	    before->warn_days == now->warn_days;
}

bool
snapshot_same_monitoring(const struct snapshot *before, const struct snapshot *now)
{
	const struct snapshot_header *header = now->header;

	if (memcmp(&before->header->settings, &header->settings,
		sizeof(header->settings)) != 0)
		return false;
	for (uint32_t i = 0; i < header->locals.count; i++)
		if (!same_monitored(snapshot_local(before, now->locals[i].index),
			&now->locals[i]))
			return false;
	for (uint32_t i = 0; i < header->trusts.count; i++) {
		const struct snapshot_trust *trust =
		    find_trust(before, now->trusts[i].index);
		bool muted = trust != NULL && trust->muted != 0;

		if (muted != (now->trusts[i].muted != 0))
			return false;
	}
	return true;
}

static bool
change_setting(struct snapshot_header *header, const struct setting_change *change)
{
	if (change->index >= SETTING_MAX || change->value < 0 ||
	    change->value > setting_rows[change->index].max)
		return false;
	setting_put(&header->settings, change->index, (uint32_t)change->value);
	return true;
}

static bool
change_local(struct snapshot_local *row, const struct setting_change *change)
{
	if (change->kind == CHANGE_LOCAL_MUTED) {
		row->muted = change->value != 0;
		return true;
	}
	if (change->value < WARN_DAYS_GLOBAL || change->value > WARN_DAYS_MAX)
		return false;
	row->warn_days = (int32_t)change->value;
	return true;
}

bool
snapshot_change(void *data, size_t size, const struct setting_change *change)
{
	struct snapshot_header *header = data;
	struct snapshot snapshot = { .data = data, .size = size, .header = header };
	struct snapshot_local *locals = (void *)((char *)data + header->locals.offset);
	struct snapshot_trust *trusts = (void *)((char *)data + header->trusts.offset);
	const struct snapshot_local *local;
	uint32_t i = 0;

	snapshot.locals = locals;
	if (change->kind == CHANGE_SETTING)
		return change_setting(header, change);
	if (change->kind == CHANGE_LOCAL_MUTED ||
	    change->kind == CHANGE_LOCAL_WARN_DAYS) {
		local = snapshot_local(&snapshot, change->index);
		return local != NULL && change_local(&locals[local - locals], change);
	}
	if (change->kind != CHANGE_TRUST_MUTED)
		return false;
	while (i < header->trusts.count && trusts[i].index != change->index)
		i++;
	if (i == header->trusts.count)
		return false;
	trusts[i].muted = change->value != 0;
	return true;
}
