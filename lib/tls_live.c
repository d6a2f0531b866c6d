/* SPDX-License-Identifier: ISC */
#include "lib/tls_live.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define LIVE_NAME "live"

/* --- the link --- */

/* What `live` names; -1 with errno. */
static int
read_link(int root, char link[TLS_LINK_SIZE])
{
	ssize_t n = readlinkat(root, LIVE_NAME, link, TLS_LINK_SIZE);

	if (n == TLS_LINK_SIZE) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (n == -1)
		return -1;
	link[n] = '\0';
	return 0;
}

static void
watch(struct tls_live *live, const char *directory)
{
	live->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (live->inotify == -1) {
		live->why_no_inotify = errno;
		return;
	}
	if (inotify_add_watch(live->inotify, directory,
		IN_MOVED_TO | IN_DELETE | IN_MOVE_SELF | IN_ONLYDIR) == -1) {
		live->why_no_inotify = errno;
		(void)close(live->inotify);
		live->inotify = -1;
	}
}

int
tls_live_open(struct tls_live *live, const char *directory)
{
	*live = (struct tls_live){ .inotify = -1 };
	live->root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (live->root == -1)
		return -1;
	/* watched before it is read, so that no change falls in between */
	watch(live, directory);
	if (read_link(live->root, live->seen) == -1)
		live->seen[0] = '\0';
	return 0;
}

void
tls_live_close(struct tls_live *live)
{
	if (live->inotify != -1)
		(void)close(live->inotify);
	if (live->root != -1)
		(void)close(live->root);
	live->inotify = live->root = -1;
}

/* Takes everything out, so that the descriptor is readable only for what comes next. */
static void
drain(const struct tls_live *live)
{
	_Alignas(struct inotify_event) char events[4096];
	ssize_t n;

	if (live->inotify == -1)
		return;
	do
		n = read(live->inotify, events, sizeof(events));
	while (n > 0 || (n == -1 && errno == EINTR));
}

int
tls_live_changed(struct tls_live *live)
{
	char link[TLS_LINK_SIZE];

	drain(live);
	if (read_link(live->root, link) == -1)
		return errno == ENOENT && live->seen[0] == '\0' ? 0 : -1;
	if (strcmp(link, live->seen) == 0)
		return 0;
	memcpy(live->seen, link, strlen(link) + 1);
	return 1;
}

/* --- a generation --- */

static uint64_t
number_of(const char *link)
{
	const char *slash = strrchr(link, '/');
	const char *digits = slash != NULL ? slash + 1 : link;
	char *end;
	uint64_t number;

	if (digits[0] < '1' || digits[0] > '9')
		return 0;
	errno = 0;
	number = strtoull(digits, &end, 10);
	return errno == 0 && *end == '\0' ? number : 0;
}

int
tls_generation_open(const struct tls_live *live, struct tls_generation *generation,
    struct certconf_error *err)
{
	*generation = (struct tls_generation){ .dir = -1 };
	if (read_link(live->root, generation->link) == -1)
		return errno == ENOENT
		    ? tls_fail(err, CERTCONF_ERROR_NOT_FOUND,
			  "nothing has been committed yet: there is no %s", LIVE_NAME)
		    : tls_fail_errno(err, LIVE_NAME);
	generation->dir =
	    openat(live->root, generation->link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (generation->dir == -1)
		return tls_fail_errno(err, generation->link);
	generation->number = number_of(generation->link);
	return 0;
}

void
tls_generation_close(struct tls_generation *generation)
{
	if (generation->dir != -1)
		(void)close(generation->dir);
	generation->dir = -1;
}

bool
tls_generation_is_past(const struct tls_live *live,
    const struct tls_generation *generation)
{
	char link[TLS_LINK_SIZE];

	return read_link(live->root, link) == 0 && strcmp(link, generation->link) != 0;
}

/* --- a file of it --- */

/* Up to len octets; fewer at the end of the file. */
static ssize_t
read_all(int fd, uint8_t *data, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len && (n = read(fd, data + done, len - done)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int
read_open(int fd, size_t limit, const char *where, struct tls_octets *octets,
    struct certconf_error *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return tls_fail_errno(err, where);
	if (!S_ISREG(st.st_mode))
		return tls_fail(err, CERTCONF_ERROR_MATERIAL, "%s is no regular file",
		    where);
	if ((uint64_t)st.st_size > limit)
		return tls_fail(err, CERTCONF_ERROR_MATERIAL,
		    "%s has more than %zu octets", where, limit);
	octets->len = (size_t)st.st_size;
	if ((octets->data = OPENSSL_malloc(octets->len + 1)) == NULL)
		return tls_fail(err, CERTCONF_ERROR_SYSTEM, "%s: out of memory", where);
	if ((n = read_all(fd, octets->data, octets->len + 1)) == -1)
		return tls_fail_errno(err, where);
	if ((size_t)n != octets->len)
		return tls_fail(err, CERTCONF_ERROR_MATERIAL,
		    "%s changed while it was read", where);
	octets->data[octets->len] = '\0';
	return 0;
}

int
tls_read(int dir, const char *name, size_t limit, const char *where,
    struct tls_octets *ret_octets, struct certconf_error *err)
{
	struct tls_octets octets = { 0 };
	int fd, rc;

	/* not blocking: it could be a pipe */
	fd = openat(dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return tls_fail_errno(err, where);
	rc = read_open(fd, limit, where, &octets, err);
	(void)close(fd);
	if (rc == -1)
		tls_octets_free(&octets);
	else
		*ret_octets = octets;
	return rc;
}

void
tls_octets_free(struct tls_octets *octets)
{
	OPENSSL_clear_free(octets->data, octets->len + 1);
	*octets = (struct tls_octets){ 0 };
}
