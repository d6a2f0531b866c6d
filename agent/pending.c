/* SPDX-License-Identifier: ISC */
/*
 * Services that do not use yet what is in force: after a commit that left them alone,
 * those that only a reboot restarts, and those that could not be brought back.
 */
#include "agent/engine.h"
#include "agent/log.h"

static void
notify(struct engine *e)
{
	struct notification n = { .kind = e->pending.services != 0
		    ? NOTIFY_RESTART_PENDING
		    : NOTIFY_RESTART_PENDING_CLEAR };

	n.u.restart.pending = e->pending.services != 0;
	n.u.restart.generation = e->generation;
	outbox_add(e, &n);
}

void
pending_set(struct engine *e, struct pending pending)
{
	const struct pending old = e->pending;
	struct priv_services request = { .services_revision = e->services.revision };

	pending.unseen &= pending.services;
	if (pending.services == old.services && pending.unseen == old.unseen)
		return;
	e->pending = request.pending = pending;
	privlink_request(e, PRIV_PENDING, &request, sizeof(request), NULL, 0, NULL,
	    NULL);
	if ((pending.services != 0) != (old.services != 0)) {
		notify(e);
		log_info("pending", "%s",
		    pending.services != 0 ? "services wait for a restart"
					  : "no service waits for a restart any more");
	}
	publish(e);
}

bool
pending_is(const struct engine *e, uint32_t service)
{
	return (e->pending.services >> service & 1) != 0;
}

void
pending_served(struct engine *e, uint32_t service)
{
	const uint64_t bit = (uint64_t)1 << service;
	struct pending pending = e->pending;

	if ((pending.services & ~pending.unseen & bit) == 0)
		return;
	pending.services &= ~bit;
	pending_set(e, pending);
}
