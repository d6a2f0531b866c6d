/* SPDX-License-Identifier: ISC */
#include "agent/durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_ROOM 256
#define TREE_DEPTH_MAX 8

__attribute__((weak)) int
durable_hook(const char *operation, const char *name)
{
	(void)operation;
	(void)name;
	return 0;
}

static bool
may(const char *operation, const char *name)
{
	int error = durable_hook(operation, name);

	if (error != 0)
		errno = error;
	return error == 0;
}

static int
failed(struct err *err, const char *name, const char *what)
{
	return err_set(err, ERR_STORAGE, name, "%s: %s", what, strerror(errno));
}

static int
sync_fd(int fd, const char *name, struct err *err)
{
	if (!may("sync", name) || fsync(fd) == -1)
		return failed(err, name, "sync");
	return 0;
}

static int
write_all(int fd, const char *name, struct blob piece, struct err *err)
{
	ssize_t n;

	while (piece.len > 0) {
		if (!may("write", name))
			return failed(err, name, "write");
		n = write(fd, piece.data, piece.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(err, name, "write");
		piece.data += n;
		piece.len -= (size_t)n;
	}
	return 0;
}

/*
 * Owner before mode: whoever gets the file must not find it open to more than he may.
 */
static int
set_owner(int fd, const char *name, const struct durable_owner *owner, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return failed(err, name, "stat");
	if ((st.st_uid != owner->uid || st.st_gid != owner->gid) &&
	    (!may("chown", name) || fchown(fd, owner->uid, owner->gid) == -1))
		return failed(err, name, "change owner");
	if (!may("chmod", name) || fchmod(fd, owner->mode) == -1)
		return failed(err, name, "change mode");
	return 0;
}

static int
create(int dirfd, const char *name, struct err *err)
{
	int fd = -1;

	if (may("create", name))
		fd = openat(dirfd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return failed(err, name, "create");
	return fd;
}

int
durable_create(int dirfd, const char *name, const struct blob *pieces, size_t npieces,
    const struct durable_owner *owner, struct err *err)
{
	size_t i;
	int fd, rc = -1;

	if ((fd = create(dirfd, name, err)) == -1)
		return -1;
	for (i = 0; i < npieces; i++)
		if (write_all(fd, name, pieces[i], err) == -1)
			goto out;
	rc = set_owner(fd, name, owner, err);
out:
	/* some file systems tell only here that there was no room */
	if (close(fd) == -1 && rc == 0)
		rc = failed(err, name, "close");
	return rc;
}

int
durable_mkdir(int dirfd, const char *name, struct err *err)
{
	if (!may("mkdir", name))
		return failed(err, name, "make directory");
	if (mkdirat(dirfd, name, 0755) == -1 && errno != EEXIST)
		return failed(err, name, "make directory");
	return 0;
}

bool
durable_hardlink(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	return may("hardlink", to) && linkat(from_dirfd, from, to_dirfd, to, 0) == 0;
}

int
durable_sync_all(int fd, const char *name, struct err *err)
{
	if (!may("syncfs", name) || syncfs(fd) == -1)
		return failed(err, name, "sync");
	return 0;
}

int
durable_rename(int dirfd, const char *from, const char *to, struct err *err)
{
	if (!may("rename", to) || renameat(dirfd, from, dirfd, to) == -1)
		return failed(err, to, "rename");
	return sync_fd(dirfd, to, err);
}

static void
temporary_name(char dst[NAME_ROOM], const char *name)
{
	(void)snprintf(dst, NAME_ROOM, "%s.tmp", name);
}

int
durable_replace(int dirfd, const char *name, const void *data, size_t len,
    struct err *err)
{
	const struct blob piece = { data, len };
	char tmp[NAME_ROOM];
	int fd, rc = -1;

	temporary_name(tmp, name);
	(void)unlinkat(dirfd, tmp, 0); /* left by a crash */
	if ((fd = create(dirfd, tmp, err)) == -1)
		return -1;
	if (write_all(fd, tmp, piece, err) == -1 || sync_fd(fd, tmp, err) == -1)
		goto out;
	rc = durable_rename(dirfd, tmp, name, err);
out:
	(void)close(fd);
	if (rc == -1)
		(void)unlinkat(dirfd, tmp, 0);
	return rc;
}

int
durable_append(int dirfd, const char *name, struct blob piece, size_t max,
    struct err *err)
{
	struct stat st;
	int fd, rc = -1;

	fd = openat(dirfd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, name, "there is no such file");
	if (fd == -1)
		return failed(err, name, "open");
	if (fstat(fd, &st) == -1) {
		failed(err, name, "stat");
		goto out;
	}
	if (st.st_size < 0 || (size_t)st.st_size > max ||
	    piece.len > max - (size_t)st.st_size) {
		err_set(err, ERR_TOO_LARGE, name, "the file would be too large");
		goto out;
	}
	if (write_all(fd, name, piece, err) == 0 && sync_fd(fd, name, err) == 0)
		rc = 0;
	else
		(void)!ftruncate(fd, st.st_size);
out:
	(void)close(fd);
	return rc;
}

int
durable_symlink(int dirfd, const char *name, const char *target, struct err *err)
{
	char tmp[NAME_ROOM];

	temporary_name(tmp, name);
	(void)unlinkat(dirfd, tmp, 0); /* left by a crash */
	if (!may("symlink", tmp) || symlinkat(target, dirfd, tmp) == -1)
		return failed(err, tmp, "link");
	if (durable_rename(dirfd, tmp, name, err) == -1) {
		(void)unlinkat(dirfd, tmp, 0);
		return -1;
	}
	return 0;
}

int
durable_remove(int dirfd, const char *name, struct err *err)
{
	if (!may("remove", name))
		return failed(err, name, "remove");
	if (unlinkat(dirfd, name, 0) == -1)
		return errno == ENOENT ? 0 : failed(err, name, "remove");
	return sync_fd(dirfd, name, err);
}

static int remove_entry(int dirfd, const char *name, unsigned int depth, struct err *);

/* Takes fd. */
static int
remove_children(int fd, const char *name, unsigned int depth, struct err *err)
{
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	if ((dir = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return failed(err, name, "read directory");
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (remove_entry(dirfd(dir), entry->d_name, depth + 1, err) == -1)
			rc = -1;
	}
	(void)closedir(dir);
	return rc;
}

static int
remove_entry(int dirfd, const char *name, unsigned int depth, struct err *err)
{
	int fd;

	if (!may("remove", name))
		return failed(err, name, "remove");
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return failed(err, name, "remove");
	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_STORAGE, name, "remove: directories too deep");
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return failed(err, name, "remove");
	if (remove_children(fd, name, depth, err) == -1)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == -1)
		return failed(err, name, "remove");
	return 0;
}

int
durable_remove_tree(int dirfd, const char *name, struct err *err)
{
	return remove_entry(dirfd, name, 0, err);
}
