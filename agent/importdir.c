/* SPDX-License-Identifier: ISC */
#include "agent/importdir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cfgfile.h"
#include "lib/limits.h"

int
importdir_make(int root, struct err *err)
{
	if (mkdirat(root, IMPORT_DIR, 0700) == -1 && errno != EEXIST)
		return err_set(err, ERR_STORAGE, IMPORT_DIR, "make directory: %s",
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
		    errno == ELOOP ? "is a symbolic link"
			: errno == ENOENT
			? "there is no such file in the import directory"
			: "it cannot be opened");
	if (check(fd, name, type, err) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

int
importdir_open(int root, const char *name, struct err *err)
{
	int dir, fd;

	if (!is_bare(name))
		return err_set(err, ERR_DENIED, "", "that is not a bare file name");
	if ((dir = open_checked(root, IMPORT_DIR, S_IFDIR, err)) == -1)
		return -1;
	fd = open_checked(dir, name, S_IFREG, err);
	(void)close(dir);
	return fd;
}
