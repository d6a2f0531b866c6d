/* SPDX-License-Identifier: ISC */
#include "agent/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/digest.h"

#include "agent/durable.h"
#include "agent/log.h"

#define PIECES_MAX 8
#define CONF_MODE 0644
#define READ_SIZE 65536

/*
 * Generations whose keys are held: the base, and the one in force when it is another.
 */
enum source { SOURCE_BASE, SOURCE_LIVE, SOURCE_MAX };

struct writer {
	const struct stage *stage;
	struct bundle bundle;
	struct {
		int fd; /* -1: there is none */
		struct manifest manifest;
	} sources[SOURCE_MAX];
	int dir;                    /* of the new generation */
	char made[BUNDLE_PATH_MAX]; /* the directory made last */
	struct manifest manifest;
};

/* One file on its way: its pieces, and what must be wiped afterwards. */
struct output {
	const char *path;
	struct blob pieces[PIECES_MAX];
	size_t npieces;
	struct buf secrets; /* key files that were read */
	bool has_secret;
	struct durable_owner owner;
};

/* --- the sources of keys --- */

static void
open_source(struct writer *w, enum source n, uint64_t generation)
{
	struct err ignored;

	w->sources[n].fd = generation_open(w->stage->generations, generation, &ignored);
	if (w->sources[n].fd == -1)
		return;
	/* without its manifest a generation holds nothing that can be believed */
	if (manifest_load(w->sources[n].fd, &w->sources[n].manifest, &ignored) == -1) {
		(void)close(w->sources[n].fd);
		w->sources[n].fd = -1;
	}
}

static int
open_sources(struct writer *w, struct err *err)
{
	const uint64_t live = w->stage->generations->live;

	open_source(w, SOURCE_BASE, w->stage->base);
	if (w->stage->base != 0 && w->sources[SOURCE_BASE].fd == -1)
		return err_set(err, ERR_NOT_FOUND, "",
		    "generation %ju is not kept whole", (uintmax_t)w->stage->base);
	if (live != w->stage->base)
		open_source(w, SOURCE_LIVE, live);
	return 0;
}

static void
close_sources(struct writer *w)
{
	size_t i;

	for (i = 0; i < SOURCE_MAX; i++) {
		if (w->sources[i].fd != -1)
			(void)close(w->sources[i].fd);
		manifest_clear(&w->sources[i].manifest);
	}
}

static int
read_key(int fd, const struct manifest_file *file, struct buf *buf, struct err *err)
{
	uint8_t pem[LIMIT_KEY + 1];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(pem) && (n = read(fd, pem + len, sizeof(pem) - len)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set(err, ERR_STORAGE, file->path, "read: %s",
			    strerror(errno));
		len += (size_t)n;
	}
	if (len != file->size || !keys_is_pem((struct blob){ pem, len }))
		err_set(err, ERR_STORAGE, file->path, "is not as it was written");
	else if (buf_add(buf, pem, len) == -1)
		err_set(err, ERR_MEMORY, file->path, "out of memory");
	else
		len = 0;
	explicit_bzero(pem, sizeof(pem));
	return len == 0 ? 0 : -1;
}

/* ERR_DATA_MISSING when no kept generation has it. */
static int
find_held_key(struct writer *w, const uint8_t key_id[SHA256_SIZE], struct buf *buf,
    struct err *err)
{
	const struct manifest_file *file;
	size_t i;
	int fd, rc;

	err_set(err, ERR_DATA_MISSING, "", "a private key is not held");
	for (i = 0; i < SOURCE_MAX; i++) {
		if (w->sources[i].fd == -1 ||
		    (file = manifest_key(&w->sources[i].manifest, key_id)) == NULL)
			continue;
		fd = openat(w->sources[i].fd, file->path,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd == -1) {
			err_set(err, ERR_STORAGE, file->path, "open: %s",
			    strerror(errno));
			continue;
		}
		rc = read_key(fd, file, buf, err);
		(void)close(fd);
		if (rc == 0)
			return 0;
	}
	return -1;
}

/* --- pieces --- */

static int
add_octets(struct writer *w, struct output *out, const struct bundle_file *file,
    const struct bundle_part *part, struct err *err)
{
	(void)file;
	(void)err;
	out->pieces[out->npieces++] =
	    (struct blob){ w->bundle.data + part->offset, (size_t)part->len };
	return 0;
}

static int
add_key(struct writer *w, struct output *out, const struct bundle_file *file,
    const struct bundle_part *part, struct err *err)
{
	struct err why;
	struct blob pem;

	(void)file;
	out->has_secret = true;
	/* a held key wins, so that nobody can put another in the place of its name */
	if (find_held_key(w, part->key_id, &out->secrets, &why) == 0)
		pem = (struct blob){ out->secrets.data, out->secrets.len };
	else if ((pem = keys_find(w->stage->keys, part->key_id)).data == NULL)
		return err_set(err, why.code, out->path, "%s", why.text);
	out->pieces[out->npieces++] = pem;
	return 0;
}

static int
add_variant(struct writer *w, struct output *out, const struct bundle_file *file,
    const struct bundle_part *part, struct err *err)
{
	const char *text = NULL;

	(void)w;
	if (file->service < w->stage->services->table.count &&
	    part->mode < VERIFY_MODE_MAX)
		text = w->stage->services->rows[file->service].variants[part->mode];
	if (text == NULL)
		return err_set(err, ERR_NOT_FOUND, out->path,
		    "root defined no configuration for this mode");
	out->pieces[out->npieces++] =
	    (struct blob){ (const uint8_t *)text, strlen(text) };
	return 0;
}

static int (*const add_part[])(struct writer *, struct output *,
    const struct bundle_file *, const struct bundle_part *, struct err *) = {
	[PART_OCTETS] = add_octets,
	[PART_KEY] = add_key,
	[PART_VARIANT] = add_variant,
};
_Static_assert(nitems(add_part) == PART_KIND_MAX, "a function for every kind of part");

static void
choose_owner(const struct writer *w, const struct bundle_file *file, struct output *out)
{
	const struct service *s;

	out->owner = (struct durable_owner){ geteuid(), getegid(),
		out->has_secret ? 0600 : CONF_MODE };
	if (file == NULL || file->service >= w->stage->services->table.count)
		return;
	s = &w->stage->services->rows[file->service];
	if (out->has_secret)
		out->owner.mode = s->mode;
	if (geteuid() != 0)
		return; /* it could not give its files away */
	out->owner.uid = s->uid;
	out->owner.gid = s->gid;
}

static int
collect(struct writer *w, const struct bundle_file *file, struct output *out,
    struct err *err)
{
	const struct bundle_part *part;
	uint32_t i;

	out->path = file->path;
	if (file->nparts > PIECES_MAX)
		return err_set(err, ERR_TOO_LARGE, file->path, "more than %d parts",
		    PIECES_MAX);
	for (i = 0; i < file->nparts; i++) {
		part = &w->bundle.parts[file->first_part + i];
		if (part->kind >= PART_KIND_MAX)
			return err_set(err, ERR_OTHER, file->path,
			    "a part of an unknown kind");
		if (add_part[part->kind](w, out, file, part, err) == -1)
			return -1;
	}
	choose_owner(w, file, out);
	return 0;
}

/* --- one file --- */

static int
describe(const struct output *out, struct manifest_file *ret_file, struct err *err)
{
	struct digest digest;
	size_t i;

	*ret_file = (struct manifest_file){ .path = out->path };
	digest_begin(&digest);
	for (i = 0; i < out->npieces; i++) {
		digest_add(&digest, out->pieces[i].data, out->pieces[i].len);
		ret_file->size += out->pieces[i].len;
	}
	return digest_end(&digest, ret_file->sha256, err);
}

static bool
same_piece(int fd, struct blob piece)
{
	uint8_t old[READ_SIZE];
	ssize_t n;

	while (piece.len > 0) {
		n = read(fd, old, piece.len < sizeof(old) ? piece.len : sizeof(old));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0 || memcmp(old, piece.data, (size_t)n) != 0)
			return false;
		piece.data += n;
		piece.len -= (size_t)n;
	}
	return true;
}

static bool
same_octets(int fd, const struct output *out)
{
	size_t i;

	for (i = 0; i < out->npieces; i++)
		if (!same_piece(fd, out->pieces[i]))
			return false;
	return true;
}

static bool
is_like(const struct stat *st, const struct durable_owner *owner, uint64_t size)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == size &&
	    st->st_uid == owner->uid && st->st_gid == owner->gid &&
	    (st->st_mode & 07777) == owner->mode;
}

/*
 * The same file of the base gets a second name here: small devices then write only what
 * changed.  Its octets are compared, since it may have been damaged since.
 */
static bool
share(const struct writer *w, const struct output *out, const struct manifest_file *new)
{
	const int dir = w->sources[SOURCE_BASE].fd;
	const struct manifest_file *old;
	struct stat st;
	bool same;
	int fd;

	if (dir == -1 ||
	    (old = manifest_find(&w->sources[SOURCE_BASE].manifest, out->path)) ==
		NULL ||
	    old->size != new->size ||
	    memcmp(old->sha256, new->sha256, SHA256_SIZE) != 0)
		return false;
	fd = openat(dir, out->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return false;
	same = fstat(fd, &st) == 0 && is_like(&st, &out->owner, new->size) &&
	    same_octets(fd, out);
	(void)close(fd);
	return same && durable_hardlink(dir, out->path, w->dir, out->path);
}

/* The directories above a file; files of one directory follow each other. */
static int
make_directories(struct writer *w, const char *path, struct err *err)
{
	char dir[BUNDLE_PATH_MAX];
	const char *slash;
	size_t len;

	for (slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		len = (size_t)(slash - path);
		if (strncmp(w->made, path, len) == 0 &&
		    (w->made[len] == '\0' || w->made[len] == '/'))
			continue;
		memcpy(dir, path, len);
		dir[len] = '\0';
		if (durable_mkdir(w->dir, dir, err) == -1)
			return -1;
		memcpy(w->made, dir, len + 1);
	}
	return 0;
}

static int
write_output(struct writer *w, const struct output *out,
    const struct manifest_file *entry, struct err *err)
{
	if (make_directories(w, out->path, err) == -1)
		return -1;
	if (!share(w, out, entry) &&
	    durable_create(w->dir, out->path, out->pieces, out->npieces, &out->owner,
		err) == -1)
		return -1;
	return manifest_add(&w->manifest, entry, err);
}

static int
write_file(struct writer *w, const struct bundle_file *file, struct err *err)
{
	const struct bundle_part *first = &w->bundle.parts[file->first_part];
	struct output out = { .path = NULL };
	struct manifest_file entry;
	int rc = -1;

	if (collect(w, file, &out, err) == -1 || describe(&out, &entry, err) == -1)
		goto out;
	if (file->nparts == 1 && first->kind == PART_KEY) {
		entry.is_key = true;
		memcpy(entry.key_id, first->key_id, SHA256_SIZE);
	}
	rc = write_output(w, &out, &entry, err);
out:
	buf_wipe(&out.secrets);
	return rc;
}

static int
write_snapshot(struct writer *w, struct err *err)
{
	struct output out = { .path = SNAPSHOT_NAME, .npieces = 1 };
	struct manifest_file entry;

	out.pieces[0] = w->stage->snapshot;
	choose_owner(w, NULL, &out);
	if (describe(&out, &entry, err) == -1)
		return -1;
	return write_output(w, &out, &entry, err);
}

static int
write_manifest(struct writer *w, struct err *err)
{
	const struct durable_owner owner = { geteuid(), getegid(), CONF_MODE };
	struct buf buf = { 0 };
	struct blob piece;
	int rc = -1;

	w->manifest.commit = w->stage->commit;
	w->manifest.base = w->stage->base;
	if (manifest_format(&w->manifest, &buf, err) == 0) {
		piece = (struct blob){ buf.data, buf.len };
		rc = durable_create(w->dir, MANIFEST_NAME, &piece, 1, &owner, err);
	}
	buf_clear(&buf);
	return rc;
}

/* --- all of it --- */

static int
write_all(struct writer *w, struct err *err)
{
	const struct generations *g = w->stage->generations;
	char name[GENERATION_NAME_SIZE], tmp[GENERATION_NAME_SIZE];
	uint32_t i;

	for (i = 0; i < w->bundle.header->nfiles; i++)
		if (write_file(w, &w->bundle.files[i], err) == -1)
			return -1;
	if (write_snapshot(w, err) == -1 || write_manifest(w, err) == -1 ||
	    durable_sync_all(w->dir, "generations", err) == -1)
		return -1;
	return durable_rename(g->dir,
	    generation_tmp_name(tmp, w->stage->commit.generation),
	    generation_name(name, w->stage->commit.generation), err);
}

static int
make_directory(struct writer *w, struct err *err)
{
	const struct generations *g = w->stage->generations;
	char tmp[GENERATION_NAME_SIZE];

	generation_tmp_name(tmp, w->stage->commit.generation);
	if (durable_remove_tree(g->dir, tmp, err) == -1 ||
	    durable_mkdir(g->dir, tmp, err) == -1)
		return -1;
	/* opened before anything is written: syncfs() tells errors since then */
	w->dir = openat(g->dir, tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (w->dir == -1)
		return err_set(err, ERR_STORAGE, tmp, "open: %s", strerror(errno));
	return 0;
}

static int
check(struct writer *w, struct err *err)
{
	const struct stage *stage = w->stage;
	const uint64_t number = stage->commit.generation;
	struct err ignored;
	int fd;

	if (bundle_open(&w->bundle, stage->bundle.data, stage->bundle.len,
		&stage->services->table, err) == -1)
		return -1;
	if (w->bundle.header->services_revision != stage->services->table.revision)
		return err_set(err, ERR_OTHER, "",
		    "the definitions of services changed");
	if (number == 0 ||
	    (fd = generation_open(stage->generations, number, &ignored)) != -1) {
		if (number != 0)
			(void)close(fd);
		return err_set(err, ERR_STORAGE, "", "generation %ju is there already",
		    (uintmax_t)number);
	}
	return 0;
}

static int
write_generation(const struct stage *stage, struct err *err)
{
	struct writer w = { .stage = stage, .dir = -1 };
	char tmp[GENERATION_NAME_SIZE];
	struct err ignored;
	size_t i;
	int rc = -1;

	for (i = 0; i < SOURCE_MAX; i++)
		w.sources[i].fd = -1;
	if (check(&w, err) == -1 || open_sources(&w, err) == -1 ||
	    make_directory(&w, err) == -1)
		goto out;
	if ((rc = write_all(&w, err)) == -1)
		(void)durable_remove_tree(stage->generations->dir,
		    generation_tmp_name(tmp, stage->commit.generation), &ignored);
out:
	if (w.dir != -1)
		(void)close(w.dir);
	manifest_clear(&w.manifest);
	close_sources(&w);
	return rc;
}

/* --- a full disk --- */

#define SPARE_FILES 64 /* directories, snapshot, manifest */

/* Each file and directory takes whole blocks. */
static bool
is_short_of_room(const struct stage *stage)
{
	struct bundle_header header;
	uint64_t files = SPARE_FILES, octets = stage->bundle.len + stage->snapshot.len;
	struct statvfs fs;

	if (stage->bundle.len < sizeof(header) ||
	    fstatvfs(stage->generations->dir, &fs) == -1)
		return false;
	memcpy(&header, stage->bundle.data, sizeof(header));
	files += header.nfiles;
	return (uint64_t)fs.f_bavail * fs.f_frsize < octets + files * fs.f_frsize ||
	    (fs.f_files != 0 && fs.f_favail < files);
}

/* Gives up the oldest generation nobody needs; false when there is none. */
static bool
make_room(const struct stage *stage)
{
	const struct generations *g = stage->generations;
	uint64_t *numbers = NULL, oldest = 0;
	struct err err;
	size_t count, i;

	if (generations_list(g, &numbers, &count, &err) == -1)
		return false;
	for (i = 0; i < count; i++)
		if (numbers[i] != g->live && numbers[i] != stage->base &&
		    numbers[i] != stage->restore)
			oldest = numbers[i];
	free(numbers);
	if (oldest == 0)
		return false;
	log_warn("store", "the disk is full: generation %ju is not kept any more",
	    (uintmax_t)oldest);
	if (generation_discard(g, oldest, &err) == -1)
		return false;
	if (generations_sweep(g, false, &err) == -1)
		log_warn("store", "%s: %s", err.where, err.text);
	return true;
}

int
stage_run(const struct stage *stage, struct err *err)
{
	int rc;

	do {
		err_clear(err);
		rc = write_generation(stage, err);
	} while (rc == -1 && err->code == ERR_STORAGE && is_short_of_room(stage) &&
	    make_room(stage));
	return rc;
}
