/* SPDX-License-Identifier: ISC */
#include "handlers/engine_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct msg_shape shapes[SES_TYPE_MAX] = {
	[SES_REPLY] = { sizeof(struct ses_reply), 0, 3 },
	[SES_STEP] = { sizeof(struct ses_step), 0, 0 },
};

struct engine_client *
engine_client_new(int fd)
{
	struct engine_client *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->fd = fd;
	return c;
}

void
engine_client_free(struct engine_client *c)
{
	if (c == NULL)
		return;
	msg_close(&c->msg);
	free(c);
}

static void
hand_on_step(struct engine_client *c)
{
	struct ses_step step;

	memcpy(&step, c->msg.data, sizeof(step));
	step.service[sizeof(step.service) - 1] = '\0';
	step.text[sizeof(step.text) - 1] = '\0';
	if (c->step != NULL)
		c->step(c->context, &step);
}

static void
keep_reply(struct engine_client *c)
{
	struct err *err = &c->reply.err;

	memcpy(&c->reply, c->msg.data, sizeof(c->reply));
	err->where[sizeof(err->where) - 1] = '\0';
	err->element[sizeof(err->element) - 1] = '\0';
	err->text[sizeof(err->text) - 1] = '\0';
}

/* The next message, with its descriptors still in it. */
static int
receive(struct engine_client *c)
{
	msg_close(&c->msg);
	if (msg_recv(c->fd, &c->msg) == 1 && msg_fits(&c->msg, shapes, SES_TYPE_MAX))
		return 0;
	c->gone = true;
	return -1;
}

static int
wait_for_reply(struct engine_client *c)
{
	while (receive(c) == 0) {
		if (c->msg.type == SES_REPLY && c->msg.id == c->last_id) {
			keep_reply(c);
			return 0;
		}
		if (c->msg.type == SES_STEP)
			hand_on_step(c);
	}
	return -1;
}

int
engine_client_send_files(struct engine_client *c, uint32_t type, const void *data,
    size_t len, const int *fds, int nfds, struct err *err)
{
	memset(&c->reply, 0, sizeof(c->reply));
	c->last_id++;
	if (c->gone || msg_send(c->fd, type, c->last_id, data, len, fds, nfds) == -1 ||
	    wait_for_reply(c) == -1) {
		c->gone = true;
		return err_set(err, ERR_IO, NULL, "certconfd is not running any more");
	}
	if (c->reply.err.code == ERR_NONE)
		return 0;
	*err = c->reply.err;
	return -1;
}

int
engine_client_request(struct engine_client *c, uint32_t type, const void *data,
    size_t len, struct err *err)
{
	return engine_client_send_files(c, type, data, len, NULL, 0, err);
}

void
engine_client_receive(struct engine_client *c)
{
	if (receive(c) == 0 && c->msg.type == SES_STEP)
		hand_on_step(c);
}

void
engine_client_refused(struct engine_client *c, enum action action,
    const struct err *why)
{
	struct ses_refused refused;
	struct err err;

	if (c->gone)
		return; /* not refused then, just impossible */
	memset(&refused, 0, sizeof(refused));
	refused.action = action;
	refused.err = *why;
	(void)engine_client_request(c, SES_REFUSED, &refused, sizeof(refused), &err);
}

/* Maps file n of the last reply. */
static int
map_file(struct engine_client *c, int n, struct mapping *map, struct err *err)
{
	int fd, rc;

	if ((fd = msg_take(&c->msg, n)) == -1)
		return err_set(err, ERR_OTHER, NULL, "reply without its files");
	rc = memfile_map(fd, SNAPSHOT_MAX, map, err); /* the largest of them */
	(void)close(fd);
	return rc;
}

static int
map_struct(struct engine_client *c, int n, size_t size, struct mapping *map,
    struct err *err)
{
	if (map_file(c, n, map, err) == -1)
		return -1;
	if (map->size != size)
		return err_set(err, ERR_OTHER, NULL,
		    "reply with a file of another size");
	return 0;
}

static int
view_map(struct engine_client *c, struct view *view, struct err *err)
{
	if (map_struct(c, 0, sizeof(*view->services), &view->services_map, err) == -1 ||
	    map_file(c, 1, &view->snapshot_map, err) == -1 ||
	    map_struct(c, 2, sizeof(*view->status), &view->status_map, err) == -1)
		return -1;
	view->services = view->services_map.data;
	view->status = view->status_map.data;
	if (view->services->count > LIMIT_SERVICES)
		return err_set(err, ERR_OTHER, NULL, "table of services is damaged");
	return snapshot_open(&view->snapshot, view->snapshot_map.data,
	    view->snapshot_map.size, err);
}

static int
load_view(struct engine_client *c, const struct ses_get *get, struct view *ret_view,
    struct err *err)
{
	struct view view = { .services = NULL };

	if (engine_client_request(c, SES_GET, get, sizeof(*get), err) == -1)
		return -1;
	if (view_map(c, &view, err) == -1) {
		view_clear(&view);
		return -1;
	}
	view.revision = c->reply.revision;
	view.next_local_index = c->reply.next_local_index;
	view.next_trust_index = c->reply.next_trust_index;
	*ret_view = view;
	return 0;
}

int
view_load(struct engine_client *c, enum ses_store store, struct view *ret_view,
    struct err *err)
{
	return load_view(c, &(struct ses_get){ .store = store }, ret_view, err);
}

int
view_load_for_change(struct engine_client *c, struct view *ret_view, struct err *err)
{
	const struct ses_get get = { .store = STORE_RUNNING, .for_change = 1 };

	return load_view(c, &get, ret_view, err);
}

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

int
view_config(const struct view *view, struct config *ret_config, struct err *err)
{
	if (snapshot_load(&view->snapshot, ret_config, err) == -1)
		return -1;
	ret_config->next_local_index =
	    larger(ret_config->next_local_index, view->next_local_index);
	ret_config->next_trust_index =
	    larger(ret_config->next_trust_index, view->next_trust_index);
	return 0;
}

void
view_clear(struct view *view)
{
	mapping_clear(&view->services_map);
	mapping_clear(&view->snapshot_map);
	mapping_clear(&view->status_map);
	memset(view, 0, sizeof(*view));
}

int
kept_map(struct engine_client *c, uint64_t generation, enum load_file file,
    struct mapping *ret_mapping, struct err *err)
{
	struct ses_load load = { .generation = generation, .file = file };

	if (engine_client_request(c, SES_LOAD, &load, sizeof(load), err) == -1)
		return -1;
	return map_file(c, 0, ret_mapping, err);
}

int
kept_load(struct engine_client *c, uint64_t generation, struct kept *ret_kept,
    struct err *err)
{
	struct kept kept;

	memset(&kept, 0, sizeof(kept));
	if (kept_map(c, generation, LOAD_SNAPSHOT, &kept.map, err) == -1)
		return -1;
	if (snapshot_open(&kept.snapshot, kept.map.data, kept.map.size, err) == -1) {
		kept_clear(&kept);
		return -1;
	}
	kept.generation = c->reply.revision;
	*ret_kept = kept;
	return 0;
}

void
kept_clear(struct kept *kept)
{
	mapping_clear(&kept->map);
	memset(kept, 0, sizeof(*kept));
}
