/* SPDX-License-Identifier: ISC */
#include "agent/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bundle.h"
#include "lib/names.h"

#define KIND "certconf-manifest 1"
#define SIZE_MAX_OF_FILE ((size_t)64 << 20)

int
manifest_add(struct manifest *manifest, const struct manifest_file *file,
    struct err *err)
{
	struct manifest_file *files;
	size_t size;

	if (manifest->nfiles == manifest->size) {
		size = manifest->size == 0 ? 64 : 2 * manifest->size;
		files = reallocarray(manifest->files, size, sizeof(*files));
		if (files == NULL)
			return err_set(err, ERR_MEMORY, MANIFEST_NAME, "out of memory");
		manifest->files = files;
		manifest->size = size;
	}
	manifest->files[manifest->nfiles++] = *file;
	return 0;
}

static int
format_head(const struct manifest *manifest, struct buf *buf)
{
	const struct status_commit *commit = &manifest->commit;

	if (record_begin(buf, KIND) == -1 ||
	    buf_printf(buf, "generation %ju\nbase %ju\ntime %jd\n",
		(uintmax_t)commit->generation, (uintmax_t)manifest->base,
		(intmax_t)commit->time) == -1 ||
	    record_text(buf, "origin", name_text(&origin_names, commit->origin)) ==
		-1 ||
	    record_text(buf, "user", commit->user) == -1)
		return -1;
	return record_text(buf, "comment", commit->comment);
}

static int
format_file(const struct manifest_file *file, struct buf *buf)
{
	char sha256[2 * SHA256_SIZE + 1], key_id[2 * SHA256_SIZE + 1];

	hex_format(sha256, file->sha256, SHA256_SIZE);
	if (!file->is_key)
		return buf_printf(buf, "file %s %ju %s\n", sha256,
		    (uintmax_t)file->size, file->path);
	hex_format(key_id, file->key_id, SHA256_SIZE);
	return buf_printf(buf, "key %s %ju %s %s\n", sha256, (uintmax_t)file->size,
	    key_id, file->path);
}

int
manifest_format(const struct manifest *manifest, struct buf *buf, struct err *err)
{
	size_t i;

	if (format_head(manifest, buf) == -1)
		return err_set(err, ERR_MEMORY, MANIFEST_NAME, "out of memory");
	for (i = 0; i < manifest->nfiles; i++)
		if (format_file(&manifest->files[i], buf) == -1)
			return err_set(err, ERR_MEMORY, MANIFEST_NAME, "out of memory");
	return record_end(buf, err);
}

/* --- reading --- */

/* It is ours, but what it names is opened by root: nothing may lead elsewhere. */
static bool
is_path(const char *path)
{
	const char *part, *end;

	if (path == NULL || strlen(path) >= BUNDLE_PATH_MAX)
		return false;
	for (part = path;; part = end + 1) {
		end = strchrnul(part, '/');
		if (end == part || part[0] == '.')
			return false;
		if (*end == '\0')
			return true;
	}
}

static int
parse_file(struct manifest *manifest, char *value, bool is_key, struct err *err)
{
	struct manifest_file file = { .is_key = is_key };

	if (!record_sha256(record_word(&value), file.sha256) ||
	    !record_number(record_word(&value), UINT64_MAX, &file.size) ||
	    (is_key && !record_sha256(record_word(&value), file.key_id)) ||
	    !is_path(value))
		return err_set(err, ERR_STORAGE, MANIFEST_NAME, "a line names no file");
	file.path = value;
	return manifest_add(manifest, &file, err);
}

static int
parse_plain(struct manifest *manifest, char *value, struct err *err)
{
	return parse_file(manifest, value, false, err);
}

static int
parse_key(struct manifest *manifest, char *value, struct err *err)
{
	return parse_file(manifest, value, true, err);
}

static int
parse_number(uint64_t *ret_number, const char *value, struct err *err)
{
	if (!record_number(value, INT64_MAX, ret_number))
		return err_set(err, ERR_STORAGE, MANIFEST_NAME, "not a number");
	return 0;
}

static int
parse_generation(struct manifest *manifest, char *value, struct err *err)
{
	return parse_number(&manifest->commit.generation, value, err);
}

static int
parse_base(struct manifest *manifest, char *value, struct err *err)
{
	return parse_number(&manifest->base, value, err);
}

static int
parse_time(struct manifest *manifest, char *value, struct err *err)
{
	uint64_t number;

	if (parse_number(&number, value, err) == -1)
		return -1;
	manifest->commit.time = (int64_t)number;
	return 0;
}

static int
parse_origin(struct manifest *manifest, char *value, struct err *err)
{
	int origin = name_find(&origin_names, value);

	(void)err;
	manifest->commit.origin = origin < 0 ? ORIGIN_UNKNOWN : (uint32_t)origin;
	return 0;
}

static void
copy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
}

static int
parse_user(struct manifest *manifest, char *value, struct err *err)
{
	(void)err;
	copy(manifest->commit.user, sizeof(manifest->commit.user), value);
	return 0;
}

static int
parse_comment(struct manifest *manifest, char *value, struct err *err)
{
	(void)err;
	copy(manifest->commit.comment, sizeof(manifest->commit.comment), value);
	return 0;
}

static const struct {
	const char *key;
	int (*parse)(struct manifest *, char *value, struct err *);
} lines[] = {
	{ "file", parse_plain },
	{ "key", parse_key },
	{ "generation", parse_generation },
	{ "base", parse_base },
	{ "time", parse_time },
	{ "origin", parse_origin },
	{ "user", parse_user },
	{ "comment", parse_comment },
};

static int
parse_line(struct manifest *manifest, const char *key, char *value, struct err *err)
{
	size_t i;

	for (i = 0; i < nitems(lines); i++)
		if (strcmp(lines[i].key, key) == 0)
			return lines[i].parse(manifest, value, err);
	return err_set(err, ERR_STORAGE, MANIFEST_NAME, "a line of an unknown kind");
}

static int
by_path(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int
by_key_id(const void *a, const void *b)
{
	const struct manifest_file *const *x = a, *const *y = b;

	return memcmp((*x)->key_id, (*y)->key_id, SHA256_SIZE);
}

static int
sort(struct manifest *manifest, struct err *err)
{
	size_t i;

	if (manifest->nfiles == 0)
		return err_set(err, ERR_STORAGE, MANIFEST_NAME, "names no file");
	qsort(manifest->files, manifest->nfiles, sizeof(*manifest->files), by_path);
	manifest->keys = calloc(manifest->nfiles, sizeof(const struct manifest_file *));
	if (manifest->keys == NULL)
		return err_set(err, ERR_MEMORY, MANIFEST_NAME, "out of memory");
	for (i = 0; i < manifest->nfiles; i++)
		if (manifest->files[i].is_key)
			manifest->keys[manifest->nkeys++] = &manifest->files[i];
	qsort(manifest->keys, manifest->nkeys, sizeof(const struct manifest_file *),
	    by_key_id);
	return 0;
}

int
manifest_load(int dirfd, struct manifest *ret_manifest, struct err *err)
{
	struct manifest manifest = { 0 };
	const char *key;
	char *value;

	if (record_load(dirfd, MANIFEST_NAME, KIND, SIZE_MAX_OF_FILE, &manifest.record,
		err) == -1)
		return -1;
	while (record_next(&manifest.record, &key, &value))
		if (parse_line(&manifest, key, value, err) == -1)
			goto fail;
	if (sort(&manifest, err) == -1)
		goto fail;
	*ret_manifest = manifest;
	return 0;
fail:
	manifest_clear(&manifest);
	return -1;
}

const struct manifest_file *
manifest_find(const struct manifest *manifest, const char *path)
{
	const struct manifest_file wanted = { .path = path };

	if (manifest->nfiles == 0)
		return NULL;
	return bsearch(&wanted, manifest->files, manifest->nfiles, sizeof(wanted),
	    by_path);
}

const struct manifest_file *
manifest_key(const struct manifest *manifest, const uint8_t key_id[SHA256_SIZE])
{
	struct manifest_file wanted = { .path = NULL };
	const struct manifest_file *key = &wanted, **found;

	if (manifest->nkeys == 0)
		return NULL;
	memcpy(wanted.key_id, key_id, SHA256_SIZE);
	found = bsearch(&key, manifest->keys, manifest->nkeys, sizeof(key), by_key_id);
	return found == NULL ? NULL : *found;
}

void
manifest_clear(struct manifest *manifest)
{
	free(manifest->files);
	free(manifest->keys);
	record_clear(&manifest->record);
	*manifest = (struct manifest){ 0 };
}
