/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "agent/engine.h"
#include "agent/log.h"
#include "agent/xalloc.h"

struct child {
	LIST_ENTRY(child) next;
	uint32_t number;
	child_ended *ended; /* NULL: nobody waits for it */
	void *context;
};

static void
on_message(void *context, struct msg *msg)
{
	const struct spawn_ended *end = (const void *)msg->data;
	struct engine *e = context;
	struct child *c;

	if (msg->type != SPAWN_ENDED || msg->len != sizeof(*end))
		fatal("spawner", "an irregular message of type %u", msg->type);
	LIST_FOREACH(c, &e->children, next)
		if (c->number == end->number)
			break;
	if (c == NULL)
		return;
	LIST_REMOVE(c, next);
	if (c->ended != NULL)
		c->ended(e, c->context, end->status);
	free(c);
}

static void
on_end(void *context)
{
	struct engine *e = context;

	(void)event_base_loopbreak(e->base);
}

static const struct channel_callbacks callbacks = { on_message, on_end };

void
spawner_open(struct engine *e, int fd)
{
	LIST_INIT(&e->children);
	e->nursery = channel_new(e->base, fd, &callbacks, e);
}

uint32_t
spawner_new(struct engine *e, struct spawn_new *spawn, const int *fds, int nfds,
    child_ended *ended, void *context)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->number = spawn->number = ++e->last_id;
	c->ended = ended;
	c->context = context;
	LIST_INSERT_HEAD(&e->children, c, next);
	channel_send(e->nursery, SPAWN_NEW, 0, spawn, sizeof(*spawn), fds, nfds);
	return c->number;
}

void
spawner_end(struct engine *e, uint32_t number)
{
	const struct spawn_kill kill = { number };

	channel_send(e->nursery, SPAWN_KILL, 0, &kill, sizeof(kill), NULL, 0);
}

void
spawner_kill(struct engine *e, uint32_t number)
{
	struct child *c;

	LIST_FOREACH(c, &e->children, next)
		if (c->number == number)
			c->ended = NULL;
	spawner_end(e, number);
}
