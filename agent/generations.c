/* SPDX-License-Identifier: ISC */
#include "agent/generations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/digest.h"

#include "agent/durable.h"
#include "agent/memfile.h"

#define DIR_NAME "generations"
#define LIVE_NAME "live"
#define TMP ".tmp"
#define OLD ".old"
#define READ_SIZE 65536

/* --- names --- */

const char *
generation_name(char dst[GENERATION_NAME_SIZE], uint64_t number)
{
	(void)snprintf(dst, GENERATION_NAME_SIZE, "%ju", (uintmax_t)number);
	return dst;
}

const char *
generation_tmp_name(char dst[GENERATION_NAME_SIZE], uint64_t number)
{
	(void)snprintf(dst, GENERATION_NAME_SIZE, "%ju" TMP, (uintmax_t)number);
	return dst;
}

/* The number before a suffix; 0 when the name is anything else. */
static uint64_t
number_of(const char *name, const char *suffix)
{
	char digits[GENERATION_NAME_SIZE], again[GENERATION_NAME_SIZE];
	size_t len = strlen(name), cut = strlen(suffix);
	uint64_t number;

	if (len <= cut || len - cut >= sizeof(digits) ||
	    strcmp(name + len - cut, suffix) != 0)
		return 0;
	memcpy(digits, name, len - cut);
	digits[len - cut] = '\0';
	if (!record_number(digits, INT64_MAX, &number) ||
	    strcmp(generation_name(again, number), digits) != 0)
		return 0;
	return number;
}

static uint64_t
read_live(int root)
{
	char target[PATH_MAX];
	const char prefix[] = DIR_NAME "/";
	ssize_t n;

	n = readlinkat(root, LIVE_NAME, target, sizeof(target) - 1);
	if (n == -1)
		return 0;
	target[n] = '\0';
	if (strncmp(target, prefix, strlen(prefix)) != 0)
		return 0;
	return number_of(target + strlen(prefix), "");
}

/* --- open --- */

int
generations_open(struct generations *g, int root, struct err *err)
{
	g->root = root;
	if (durable_mkdir(root, DIR_NAME, err) == -1)
		return -1;
	g->dir =
	    openat(root, DIR_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (g->dir == -1)
		return err_set(err, ERR_STORAGE, DIR_NAME, "open: %s", strerror(errno));
	g->live = read_live(root);
	return 0;
}

void
generations_close(struct generations *g)
{
	if (g->dir != -1)
		(void)close(g->dir);
	g->dir = -1;
}

int
generation_open(const struct generations *g, uint64_t number, struct err *err)
{
	char name[GENERATION_NAME_SIZE];
	int fd = -1;

	generation_name(name, number);
	if (number != 0)
		fd = openat(g->dir, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_set(err, ERR_NOT_FOUND, "", "generation %s is not kept",
		    name);
	return fd;
}

/* --- list --- */

static int
newest_first(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

/* Calls found for each entry; stops at its first failure. */
static int
each_entry(const struct generations *g,
    int (*found)(void *context, const char *name, struct err *), void *context,
    struct err *err)
{
	struct dirent *entry;
	DIR *dir;
	int fd, rc = 0;

	fd = openat(g->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		if (fd != -1)
			(void)close(fd);
		return err_set(err, ERR_STORAGE, DIR_NAME, "read: %s", strerror(errno));
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		rc = found(context, entry->d_name, err);
	(void)closedir(dir);
	return rc;
}

struct list {
	uint64_t *numbers;
	size_t count, size;
};

static int
add_to_list(void *context, const char *name, struct err *err)
{
	struct list *list = context;
	uint64_t number = number_of(name, ""), *numbers;

	if (number == 0)
		return 0;
	if (list->count == list->size) {
		list->size = list->size == 0 ? 32 : 2 * list->size;
		numbers = reallocarray(list->numbers, list->size, sizeof(*numbers));
		if (numbers == NULL)
			return err_set(err, ERR_MEMORY, DIR_NAME, "out of memory");
		list->numbers = numbers;
	}
	list->numbers[list->count++] = number;
	return 0;
}

int
generations_list(const struct generations *g, uint64_t **ret_numbers, size_t *ret_count,
    struct err *err)
{
	struct list list = { NULL, 0, 0 };

	if (each_entry(g, add_to_list, &list, err) == -1) {
		free(list.numbers);
		return -1;
	}
	if (list.count > 0)
		qsort(list.numbers, list.count, sizeof(*list.numbers), newest_first);
	*ret_numbers = list.numbers;
	*ret_count = list.count;
	return 0;
}

/* --- verify --- */

static int
open_file(int dirfd, const struct manifest_file *file, struct err *err)
{
	struct stat st;
	int fd;

	fd = openat(dirfd, file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return err_set(err, ERR_STORAGE, file->path, "open: %s",
		    strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != file->size) {
		(void)close(fd);
		return err_set(err, ERR_STORAGE, file->path,
		    "has another size than written");
	}
	return fd;
}

static int
check_file(int dirfd, const struct manifest_file *file, struct err *err)
{
	int fd;

	if ((fd = open_file(dirfd, file, err)) == -1)
		return -1;
	(void)close(fd);
	return 0;
}

/* read(), not mmap(): a bad block must be an error here, not a signal. */
static int
read_full(int fd, const struct manifest_file *file, uint8_t *data, size_t len,
    struct err *err)
{
	ssize_t n;

	while (len > 0) {
		n = read(fd, data, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set(err, ERR_STORAGE, file->path, "read: %s",
			    strerror(errno));
		if (n == 0)
			return err_set(err, ERR_STORAGE, file->path, "the file shrank");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
digest_fd(int fd, const struct manifest_file *file, uint8_t ret_sha256[SHA256_SIZE],
    struct err *err)
{
	uint8_t piece[READ_SIZE];
	struct digest digest;
	uint64_t left = file->size;
	size_t len;

	digest_begin(&digest);
	for (; left > 0; left -= len) {
		len = left < sizeof(piece) ? (size_t)left : sizeof(piece);
		if (read_full(fd, file, piece, len, err) == -1) {
			(void)digest_end(&digest, ret_sha256, &(struct err){ 0 });
			return -1;
		}
		digest_add(&digest, piece, len);
	}
	return digest_end(&digest, ret_sha256, err);
}

static int
verify_file(int dirfd, const struct manifest_file *file, struct err *err)
{
	uint8_t sha256[SHA256_SIZE];
	int fd, rc;

	if ((fd = open_file(dirfd, file, err)) == -1)
		return -1;
	rc = digest_fd(fd, file, sha256, err);
	if (rc == 0 && memcmp(sha256, file->sha256, SHA256_SIZE) != 0)
		rc = err_set(err, ERR_STORAGE, file->path, "is not as it was written");
	(void)close(fd);
	return rc;
}

/* Runs a check over all files but the snapshot; ret_snapshot: over that one too. */
static int
each_file(const struct generations *g, uint64_t number,
    int (*check)(int dirfd, const struct manifest_file *, struct err *),
    bool *ret_snapshot, struct err *err)
{
	struct manifest manifest = { 0 };
	struct err ignored;
	size_t i;
	int fd, rc = -1;

	if ((fd = generation_open(g, number, err)) == -1)
		return -1;
	if (manifest_load(fd, &manifest, err) == -1)
		goto out;
	if (manifest.commit.generation != number) {
		err_set(err, ERR_STORAGE, MANIFEST_NAME,
		    "belongs to another generation");
		goto out;
	}
	*ret_snapshot = false;
	for (i = 0; i < manifest.nfiles; i++)
		if (strcmp(manifest.files[i].path, SNAPSHOT_NAME) == 0)
			*ret_snapshot = check(fd, &manifest.files[i], &ignored) == 0;
		else if (check(fd, &manifest.files[i], err) == -1)
			goto out;
	rc = 0;
out:
	manifest_clear(&manifest);
	(void)close(fd);
	return rc;
}

int
generation_check(const struct generations *g, uint64_t number, struct err *err)
{
	bool snapshot;

	return each_file(g, number, check_file, &snapshot, err);
}

int
generation_verify(const struct generations *g, uint64_t number, bool *ret_snapshot,
    struct err *err)
{
	return each_file(g, number, verify_file, ret_snapshot, err);
}

/* --- change --- */

int
generation_activate(struct generations *g, uint64_t number, struct err *err)
{
	char target[sizeof(DIR_NAME) + GENERATION_NAME_SIZE];
	int rc;

	(void)snprintf(target, sizeof(target), DIR_NAME "/%ju", (uintmax_t)number);
	rc = durable_symlink(g->root, LIVE_NAME, target, err);
	/* also after a failure: it may have moved before the sync failed */
	g->live = read_live(g->root);
	return rc;
}

int
generation_discard(const struct generations *g, uint64_t number, struct err *err)
{
	char name[GENERATION_NAME_SIZE], old[GENERATION_NAME_SIZE];
	struct stat st;

	if (number == 0 || number == g->live)
		return err_set(err, ERR_STORAGE, "", "generation %ju is in use",
		    (uintmax_t)number);
	generation_name(name, number);
	if (fstatat(g->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT)
		return 0;
	(void)snprintf(old, sizeof(old), "%ju" OLD, (uintmax_t)number);
	if (durable_remove_tree(g->dir, old, err) == -1)
		return -1;
	return durable_rename(g->dir, name, old, err);
}

struct sweep {
	const struct generations *g;
	bool all;
};

static int
sweep_entry(void *context, const char *name, struct err *err)
{
	const struct sweep *sweep = context;

	if (number_of(name, OLD) == 0 && (!sweep->all || number_of(name, TMP) == 0))
		return 0;
	return durable_remove_tree(sweep->g->dir, name, err);
}

int
generations_sweep(const struct generations *g, bool all, struct err *err)
{
	struct sweep sweep = { g, all };

	return each_entry(g, sweep_entry, &sweep, err);
}

int
generation_before_live(const struct generations *g, uint64_t *ret_number,
    struct err *err)
{
	uint64_t *numbers = NULL, found = 0;
	size_t count, i;

	if (generations_list(g, &numbers, &count, err) == -1)
		return -1;
	for (i = 0; i < count && found == 0; i++)
		if (numbers[i] < g->live)
			found = numbers[i];
	free(numbers);
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND, "",
		    "there is no generation before %ju to go back to",
		    (uintmax_t)g->live);
	*ret_number = found;
	return 0;
}

/* --- files of it --- */

static int
is_as_written(const struct manifest_file *file, const uint8_t *data, struct err *err)
{
	uint8_t sha256[SHA256_SIZE];
	struct digest digest;

	digest_begin(&digest);
	digest_add(&digest, data, (size_t)file->size);
	if (digest_end(&digest, sha256, err) == -1)
		return -1;
	if (memcmp(sha256, file->sha256, SHA256_SIZE) != 0)
		return err_set(err, ERR_STORAGE, file->path,
		    "is not as it was written");
	return 0;
}

static int
copy_file(int fd, const struct manifest_file *file, struct err *err)
{
	uint8_t *data;
	int copy = -1;

	if ((data = malloc((size_t)file->size + 1)) == NULL)
		return err_set(err, ERR_MEMORY, file->path, "out of memory");
	if (read_full(fd, file, data, (size_t)file->size, err) == 0 &&
	    is_as_written(file, data, err) == 0)
		copy = memfile_new(file->path, data, (size_t)file->size, err);
	free(data);
	return copy;
}

int
generation_file(const struct generations *g, uint64_t number, const char *path,
    struct err *err)
{
	struct manifest manifest = { 0 };
	const struct manifest_file *file;
	int dirfd, fd = -1, copy = -1;

	if ((dirfd = generation_open(g, number, err)) == -1)
		return -1;
	if (manifest_load(dirfd, &manifest, err) == -1)
		goto out;
	if ((file = manifest_find(&manifest, path)) == NULL) {
		err_set(err, ERR_NOT_FOUND, path, "is not in this generation");
		goto out;
	}
	if ((fd = open_file(dirfd, file, err)) != -1)
		copy = copy_file(fd, file, err);
out:
	if (fd != -1)
		(void)close(fd);
	manifest_clear(&manifest);
	(void)close(dirfd);
	return copy;
}
