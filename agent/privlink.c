/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/engine.h"
#include "agent/log.h"
#include "agent/xalloc.h"

struct priv_pending {
	LIST_ENTRY(priv_pending) next;
	uint32_t id;
	priv_answer *answer;
	void *context;
};

static void
done(struct engine *e, struct msg *msg)
{
	const struct priv_done *reply = (const void *)msg->data;
	struct priv_pending *p;

	LIST_FOREACH(p, &e->requests, next)
		if (p->id == msg->id)
			break;
	if (p == NULL)
		fatal("privlink", "the monitor answered what was not asked");
	LIST_REMOVE(p, next);
	if (p->answer != NULL)
		p->answer(e, p->context, &reply->err, msg);
	else if (reply->err.code != ERR_NONE)
		log_warn("privlink", "%s", reply->err.text);
	free(p);
}

static void
take_services(struct engine *e, int fd)
{
	struct mapping map = { 0 };
	struct err err = { 0 };

	if (memfile_map(fd, sizeof(e->services), &map, &err) == -1 ||
	    map.size != sizeof(e->services))
		fatal("privlink", "not a table of services");
	memcpy(&e->services, map.data, sizeof(e->services));
	mapping_clear(&map);
	if (e->services.count > LIMIT_SERVICES)
		fatal("privlink", "not a table of services");
	if (e->services_fd != -1)
		close(e->services_fd);
	e->services_fd = fd;
}

static void
take_status(struct engine *e, const struct priv_boot *boot)
{
	struct status *s = &e->status;

	memcpy(s->model, boot->model, sizeof(s->model));
	memcpy(s->host, boot->host, sizeof(s->host));
	snprintf(s->source, sizeof(s->source), "%.*s/live", (int)sizeof(s->source) - 6,
	    boot->state_dir);
	memcpy(s->commits, boot->commits, sizeof(s->commits));
	s->ncommits = boot->ncommits > LIMIT_HISTORY ? LIMIT_HISTORY : boot->ncommits;
	s->generation = boot->generation;
	s->running_since = boot->running_since;
	s->spin_lock = boot->counters.spin_lock;
	s->notify_last_seq = boot->counters.notify_seq;
	s->loads = 1;
	s->last_load = time(NULL);
}

/*
 * A new device has no generation: a worker makes the factory credential, and its commit
 * is the first.  A snapshot that is lost or of another version is rebuilt by a worker.
 */
static void
boot(struct engine *e, struct msg *msg)
{
	const struct priv_boot *b = (const void *)msg->data;
	const struct job factory = { .kind = JOB_FACTORY, .commit = 1 };
	const struct job rebuild = { .kind = JOB_REBUILD, .arg = b->generation };
	/* others than those */
	const int nfds = msg->nfds - (b->has_settings != 0) - (b->has_outbox != 0) -
	    (b->publishes != 0);
	int last = msg->nfds;
	struct err err = { 0 };

	if (e->running != NULL || nfds < 1)
		fatal("privlink", "an irregular start from the monitor");
	take_services(e, msg_take(msg, 0));
	e->counters = b->counters;
	e->generation = b->generation;
	e->restart_interval = b->restart_interval;
	e->verify_interval = b->verify_interval;
	e->spool.interval_ms = (int64_t)b->retry_interval * 1000;
	e->pending = b->pending;
	e->stuck = b->pending.lost != 0;
	take_status(e, b);
	e->recovered = b->recovered;
	e->same_boot = b->same_boot != 0;
	e->damaged = b->damaged != 0;
	e->waited_before = UINT64_MAX;
	confirm_set(e, &b->confirm, 0, 0);
	e->status.load_errors = b->generation != 0 && nfds < 2;
	if (b->publishes != 0)
		board_open(e, msg_take(msg, --last));
	outbox_boot(e, b->has_outbox != 0 ? msg_take(msg, --last) : -1,
	    b->has_snmp == 0);
	if (b->has_settings)
		e->kept_settings = msg_take(msg, --last);
	if (nfds > 1)
		e->running = settings_with_kept(held_new(msg_take(msg, 1), -1, &err),
		    e->kept_settings, &err);
	if (e->running != NULL) {
		engine_begin(e);
		return;
	}
	if ((e->running = held_empty(&e->services, &err)) == NULL)
		fatal("privlink", "%s", err.text);
	sessions_add_worker(e, e->generation == 0 ? &factory : &rebuild, "certconfd");
}

static void
client(struct engine *e, struct msg *msg)
{
	const struct priv_client *c = (const void *)msg->data;

	if (msg->nfds == 1)
		sessions_add_client(e, &c->identity, msg_take(msg, 0));
}

static void
snmp(struct engine *e, struct msg *msg)
{
	if (msg->nfds == 1)
		snmplink_open(e, msg_take(msg, 0));
}

void
privlink_take_services(struct engine *e)
{
	struct services old;

	if (e->new_services_fd == -1 || e->commit != NULL)
		return;
	old = e->services;
	take_services(e, e->new_services_fd);
	e->new_services_fd = -1;
	watch_move(e, &old);
	pending_save(e); /* what came since was refused with the old definitions */
	log_info("services", "root changed the definitions: %u now", e->services.count);
	publish_services(e);
	publish(e);
	watch_start(e);
	candidate_rebase(e); /* its files are those of the old definitions */
}

static void
services(struct engine *e, struct msg *msg)
{
	if (msg->nfds != 1)
		return;
	if (e->new_services_fd != -1)
		close(e->new_services_fd);
	e->new_services_fd = msg_take(msg, 0);
	e->new_pending =
	    ((const struct priv_services *)(const void *)msg->data)->pending;
	privlink_take_services(e);
}

/* What the monitor may say. */
static const struct {
	size_t size;
	void (*run)(struct engine *, struct msg *);
} messages[PRIV_TYPE_MAX] = {
	[PRIV_BOOT] = { sizeof(struct priv_boot), boot },
	[PRIV_CLIENT] = { sizeof(struct priv_client), client },
	[PRIV_SNMP] = { sizeof(struct priv_none), snmp },
	[PRIV_SERVICES] = { sizeof(struct priv_services), services },
	[PRIV_DONE] = { sizeof(struct priv_done), done },
};

static void
on_message(void *context, struct msg *msg)
{
	if (msg->type >= nitems(messages) || messages[msg->type].run == NULL ||
	    messages[msg->type].size != msg->len)
		fatal("privlink", "an irregular message of type %u", msg->type);
	messages[msg->type].run(context, msg);
}

static void
on_end(void *context)
{
	struct engine *e = context;

	(void)event_base_loopbreak(e->base);
}

static const struct channel_callbacks callbacks = { on_message, on_end };

void
privlink_open(struct engine *e, int fd)
{
	LIST_INIT(&e->requests);
	e->services_fd = e->new_services_fd = e->kept_settings = -1;
	e->monitor = channel_new(e->base, fd, &callbacks, e);
}

void
privlink_request(struct engine *e, uint32_t type, const void *data, size_t len,
    const int *fds, int nfds, priv_answer *answer, void *context)
{
	struct priv_pending *p = xcalloc(1, sizeof(*p));

	p->id = ++e->last_id;
	p->answer = answer;
	p->context = context;
	LIST_INSERT_HEAD(&e->requests, p, next);
	channel_send(e->monitor, type, p->id, data, len, fds, nfds);
}

void
privlink_forget_keys(struct engine *e)
{
	struct priv_forget forget = { 0 };
	const struct held *target = commit_target(e);
	int fds[2];

	if (target != NULL && target->bundle_fd != -1)
		fds[forget.nkeep++] = target->bundle_fd;
	if (e->candidate.held != NULL && e->candidate.held->bundle_fd != -1)
		fds[forget.nkeep++] = e->candidate.held->bundle_fd;
	privlink_request(e, PRIV_FORGET, &forget, sizeof(forget), fds,
	    (int)forget.nkeep, NULL, NULL);
}
