/* SPDX-License-Identifier: ISC */
#include "agent/importdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cfgfile.h"
#include "lib/limits.h"

int
importdir_make(int root, const char *dir, struct err *err)
{
	if (mkdirat(root, dir, 0700) == -1 && errno != EEXIST)
		return err_set(err, ERR_STORAGE, dir, "make directory: %s",
		    strerror(errno));
	return 0;
}

static bool
is_bare(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0;
}

static int
check(int fd, const char *name, mode_t type, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set(err, ERR_IO, name, "%s", strerror(errno));
	if ((st.st_mode & S_IFMT) != type)
		return err_set(err, ERR_DENIED, name, "is not a %s",
		    type == S_IFDIR ? "directory" : "file");
	if (cfgfile_check_owner(&st, name, err) == -1)
		return -1;
	if (type == S_IFREG && (uintmax_t)st.st_size > LIMIT_DOCUMENT)
		return err_set(err, ERR_TOO_LARGE, name,
		    "is larger than a document may be, %zu octets", LIMIT_DOCUMENT);
	return 0;
}

/* Not blocking: what is no file must not be waited for. */
static int
open_checked(int dir, const char *name, mode_t type, struct err *err)
{
	const int fd = openat(dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
		(type == S_IFDIR ? O_DIRECTORY : 0));

	if (fd == -1)
		return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_DENIED, name,
		    errno == ELOOP        ? "is a symbolic link"
			: errno == ENOENT ? "there is no such file in its directory"
					  : "it cannot be opened");
	if (check(fd, name, type, err) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

int
importdir_open(int root, const char *dir_name, const char *name, struct err *err)
{
	int dir, fd;

	if (!is_bare(name))
		return err_set(err, ERR_DENIED, "", "that is not a bare file name");
	if ((dir = open_checked(root, dir_name, S_IFDIR, err)) == -1)
		return -1;
	fd = open_checked(dir, name, S_IFREG, err);
	(void)close(dir);
	return fd;
}

/* --- the spool --- */

#define SUFFIX ".xml"
#define FILE_NAME (STATUS_NAME + sizeof(SUFFIX))

static void
file_name(const char *name, char buf[FILE_NAME])
{
	(void)snprintf(buf, FILE_NAME, "%s" SUFFIX, name);
}

int
spool_open(int root, const char *name, struct err *err)
{
	char file[FILE_NAME];

	file_name(name, file);
	return importdir_open(root, SPOOL_DIR, file, err);
}

static int64_t
stamp_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* It is shown. */
static bool
is_utf8(const char *text)
{
	size_t left = strlen(text), n = 1;

	for (; left > 0 && n > 0; text += n, left -= n)
		n = (unsigned char)*text < 0x20 ? 0 : utf8_char(text, left);
	return left == 0;
}

/* What is not called as a document is nobody's, and so is what is being written. */
static bool
take_name(const char *file, char name[STATUS_NAME])
{
	const size_t suffix = strlen(SUFFIX), len = strlen(file);

	if (file[0] == '.' || len <= suffix || len - suffix >= STATUS_NAME ||
	    strcmp(file + len - suffix, SUFFIX) != 0 || !is_utf8(file))
		return false;
	memset(name, 0, STATUS_NAME);
	memcpy(name, file, len - suffix);
	return true;
}

static DIR *
open_spool(int root)
{
	struct err ignored;
	int fd = open_checked(root, SPOOL_DIR, S_IFDIR, &ignored);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);

	if (dir == NULL && fd != -1)
		(void)close(fd);
	return dir;
}

size_t
spool_list(int root, struct spool_document rows[LIMIT_KEPT])
{
	const struct dirent *entry;
	DIR *dir = open_spool(root);
	struct stat st;
	size_t n = 0;

	memset(rows, 0, LIMIT_KEPT * sizeof(*rows));
	while (dir != NULL && n < LIMIT_KEPT && (entry = readdir(dir)) != NULL) {
		if (!take_name(entry->d_name, rows[n].name) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		rows[n++].stamp = stamp_of(&st);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

int
spool_remove(int root, const struct spool_document *document, struct err *err)
{
	char file[FILE_NAME];
	DIR *dir = open_spool(root);
	struct stat st;
	int rc = 0;

	file_name(document->name, file);
	if (dir == NULL)
		return 0;
	if (!is_bare(file))
		rc = err_set(err, ERR_DENIED, "", "that is not a bare file name");
	else if (fstatat(dirfd(dir), file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    stamp_of(&st) == document->stamp && unlinkat(dirfd(dir), file, 0) == -1)
		rc = err_set(err, ERR_STORAGE, file, "remove: %s", strerror(errno));
	(void)closedir(dir);
	return rc;
}
