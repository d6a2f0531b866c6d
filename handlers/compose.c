/* SPDX-License-Identifier: ISC */
#include "handlers/compose.h"

#include <unistd.h>

#include "agent/memfile.h"
#include "lib/bundle.h"
#include "lib/snapshot.h"

static int
snapshot_file(const struct config *config, const struct services *services, time_t now,
    struct err *err)
{
	struct buf buf = { NULL, 0, 0 };
	int fd = -1;

	if (snapshot_write(&buf, config, services, now, err) == 0)
		fd = memfile_new("snapshot", buf.data, buf.len, err);
	buf_clear(&buf);
	return fd;
}

static int
bundle_file(const struct config *config, const struct services *services,
    struct err *err)
{
	struct buf buf = { NULL, 0, 0 };
	int fd = -1;

	if (bundle_write(&buf, config, services, err) == 0)
		fd = memfile_new("bundle", buf.data, buf.len, err);
	buf_clear(&buf);
	return fd;
}

int
compose(const struct config *config, const struct services *services, struct blob keys,
    time_t now, struct composed *ret_composed, struct err *err)
{
	struct composed c = { { -1, -1, -1 }, COMPOSED_KEYS };

	c.fds[COMPOSED_SNAPSHOT] = snapshot_file(config, services, now, err);
	if (c.fds[COMPOSED_SNAPSHOT] == -1)
		goto out;
	if ((c.fds[COMPOSED_BUNDLE] = bundle_file(config, services, err)) == -1)
		goto out;
	if (keys.len > 0) {
		c.fds[COMPOSED_KEYS] = memfile_new("keys", keys.data, keys.len, err);
		if (c.fds[COMPOSED_KEYS] == -1)
			goto out;
		c.nfds = COMPOSED_MAX;
	}
	*ret_composed = c;
	return 0;
out:
	composed_close(&c);
	return -1;
}

void
composed_close(struct composed *c)
{
	int i;

	for (i = 0; i < COMPOSED_MAX; i++)
		if (c->fds[i] != -1)
			(void)close(c->fds[i]);
}
