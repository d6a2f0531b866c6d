/* SPDX-License-Identifier: ISC */
#include "agent/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/xalloc.h"

struct held *
held_new(int snapshot_fd, int bundle_fd, struct err *err)
{
	struct held *h = xcalloc(1, sizeof(*h));

	h->users = 1;
	h->snapshot_fd = snapshot_fd;
	h->bundle_fd = bundle_fd;
	if (memfile_map(snapshot_fd, SNAPSHOT_MAX, &h->map, err) == -1 ||
	    snapshot_open(&h->snapshot, h->map.data, h->map.size, err) == -1) {
		held_drop(h);
		return NULL;
	}
	return h;
}

struct held *
held_empty(const struct services *services, struct err *err)
{
	struct config config = { .next_local_index = INDEX_FIRST,
		.next_trust_index = 1 };
	struct buf buf = { 0 };
	struct held *h = NULL;
	int fd;

	settings_default(&config.settings);
	if (snapshot_write(&buf, &config, services, 0, err) == 0 &&
	    (fd = memfile_new("snapshot", buf.data, buf.len, err)) != -1)
		h = held_new(fd, -1, err);
	buf_clear(&buf);
	config_clear(&config);
	return h;
}

struct held *
held_changed(const struct held *held, const struct setting_change *changes, size_t n,
    struct err *err)
{
	struct held *changed = NULL;
	void *copy = malloc(held->map.size);
	int fd, bundle = -1;

	if (copy == NULL) {
		err_set(err, ERR_MEMORY, "", "out of memory for the configuration");
		return NULL;
	}
	memcpy(copy, held->map.data, held->map.size);
	for (size_t i = 0; i < n; i++)
		(void)snapshot_change(copy, held->map.size, &changes[i]);
	if (held->bundle_fd != -1 &&
	    (bundle = fcntl(held->bundle_fd, F_DUPFD_CLOEXEC, 0)) == -1)
		err_set(err, ERR_OTHER, "", "bundle: %s", strerror(errno));
	else if ((fd = memfile_new("snapshot", copy, held->map.size, err)) == -1)
		(void)(bundle != -1 && close(bundle));
	else
		changed = held_new(fd, bundle, err);
	free(copy);
	return changed;
}

struct held *
held_use(struct held *h)
{
	h->users++;
	return h;
}

void
held_drop(struct held *h)
{
	if (h == NULL || --h->users > 0)
		return;
	mapping_clear(&h->map);
	close(h->snapshot_fd);
	if (h->bundle_fd != -1)
		close(h->bundle_fd);
	free(h);
}
