/* SPDX-License-Identifier: ISC */
#include "cli/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/out.h"
#include "lib/schema.h"

#define RPC_OPEN "<rpc xmlns=\"" NETCONF_NS "\" message-id=\"1\">"
#define RPC_CLOSE "</rpc>\n"
#define NEW_NAME ".new"

static const char *
directory(const struct spooled *s)
{
	const char *dir = s->dir != NULL ? s->dir : getenv("CERTCONF_SPOOL");

	return dir != NULL && *dir != '\0' ? dir : STATE_DIR "/spool";
}

/* A name is that of a file in it, whatever is in the name. */
static void
file_name(const struct spooled *s, char *buf, size_t size)
{
	char *p;

	(void)snprintf(buf, size, "%s.xml", s->name);
	for (p = buf; *p != '\0'; p++) {
		if (*p == '/' || (p == buf && *p == '.'))
			*p = '_';
	}
}

static int
put(int fd, struct text text)
{
	ssize_t n;

	while (text.len > 0) {
		if ((n = write(fd, text.data, text.len)) == -1 && errno != EINTR)
			return -1;
		if (n > 0) {
			text.data += n;
			text.len -= (size_t)n;
		}
	}
	return 0;
}

static int
write_document(int fd, const struct spooled *s)
{
	size_t i;

	if (put(fd, text_of(RPC_OPEN)) == -1)
		return -1;
	for (i = 0; i < s->count; i++) {
		if (put(fd, s->pieces[i]) == -1)
			return -1;
	}
	return put(fd, text_of(RPC_CLOSE)) == -1 || fsync(fd) == -1 ? -1 : 0;
}

static int
open_dir(const struct spooled *s)
{
	if (mkdir(directory(s), 0700) == -1 && errno != EEXIST)
		return -1;
	return open(directory(s), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Complete or not at all: the agent may look at any time. */
static int
replace(const struct spooled *s, const char *name)
{
	int dir, fd = -1, rc = -1;

	if ((dir = open_dir(s)) == -1)
		return -1;
	(void)unlinkat(dir, NEW_NAME, 0);
	fd = openat(dir, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd != -1 && write_document(fd, s) == 0 &&
	    renameat(dir, NEW_NAME, dir, name) == 0 && fsync(dir) == 0)
		rc = 0;
	if (fd != -1)
		(void)close(fd);
	(void)close(dir);
	return rc;
}

void
spool_keep(const struct spooled *s)
{
	char name[NAME_MAX + 1], text[PATH_MAX + 64];

	file_name(s, name, sizeof(name));
	if (s->count == 0)
		(void)snprintf(text, sizeof(text),
		    "there is nothing that could be tried again");
	else if (replace(s, name) == 0)
		(void)snprintf(text, sizeof(text),
		    "it is kept as %s/%s and tried again every hour", directory(s),
		    name);
	else
		(void)snprintf(text, sizeof(text), "it cannot be kept in %s: %s",
		    directory(s), strerror(errno));
	(void)fputs("certconf: ", stderr);
	out_safe(stderr, text);
	(void)fputc('\n', stderr);
	openlog("certconf", LOG_PID, LOG_DAEMON);
	syslog(LOG_ERR, "import of %s: %s; %s", s->name, s->reason, text);
	closelog();
}

void
spool_drop(const struct spooled *s)
{
	char name[NAME_MAX + 1];
	int dir;

	file_name(s, name, sizeof(name));
	dir = open(directory(s), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		return;
	(void)unlinkat(dir, name, 0);
	(void)close(dir);
}
