/* SPDX-License-Identifier: ISC */
/*
 * The files for the plugin of snmpd.  It runs as another user that may do nothing here,
 * and so everybody may read them; another one always comes by rename, since who has
 * mapped a file dies when it is truncated.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/memfile.h"
#include "agent/monitor_self.h"
#include "agent/xalloc.h"
#include "lib/published.h"
#include "lib/snapshot.h"

#define FILE_MODE 0644

static int
write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = write(fd, data, len);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return -1;
	}
	return 0;
}

/*
 * A file with these octets comes to be under this name; its descriptor, or -1.  It is
 * not made durable: with the machine it ends.
 */
static int
put_file(const struct monitor *m, const char *name, const void *data, size_t len,
    struct err *err)
{
	char path[STATUS_TEXT + 32], temporary[STATUS_TEXT + 32];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", m->conf->run_dir, name);
	(void)snprintf(temporary, sizeof(temporary), "%s/%s.new", m->conf->run_dir,
	    name);
	(void)unlink(temporary);
	fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    FILE_MODE);
	if (fd != -1 && write_all(fd, data, len) == 0 && fchmod(fd, FILE_MODE) == 0 &&
	    rename(temporary, path) == 0)
		return fd;
	err_set(err, ERR_IO, path, "%s", strerror(errno));
	if (fd != -1) {
		(void)close(fd);
		(void)unlink(temporary);
	}
	return -1;
}

int
board_make(const struct monitor *m)
{
	struct published *empty = xcalloc(1, sizeof(*empty));
	struct err err;
	int fd;

	memcpy(empty->magic, PUBLISHED_MAGIC, sizeof(empty->magic));
	empty->version = PUBLISHED_VERSION;
	empty->size = sizeof(*empty);
	fd = put_file(m, PUBLISHED_STATUS, empty, sizeof(*empty), &err);
	if (fd == -1)
		log_warn("monitor", "no plugin of snmpd can answer: %s: %s", err.where,
		    err.text);
	free(empty);
	return fd;
}

int
board_copy(struct monitor *m, void *context, struct err *err)
{
	struct msg *msg = context;
	struct mapping map;
	int fd;

	if (memfile_map(msg->fds[0], SNAPSHOT_MAX, &map, err) == -1)
		return -1;
	fd = put_file(m, PUBLISHED_SNAPSHOT, map.data, map.size, err);
	if (fd != -1)
		(void)close(fd);
	mapping_clear(&map);
	return fd == -1 ? -1 : 0;
}
