/* SPDX-License-Identifier: ISC */
/*
 * Services that do not use yet what is in force: after a commit that left them alone,
 * those that only a reboot restarts, and those that could not be brought back.
 */
#include "agent/engine.h"
#include "agent/log.h"

void
pending_set_stuck(struct engine *e, bool stuck, const struct err *reason)
{
	if (e->stuck == stuck)
		return;
	e->stuck = stuck;
	err_clear(&e->stuck_reason);
	if (reason != NULL)
		e->stuck_reason = *reason;
	alarms_device(e);
	publish(e);
}

void
pending_save(struct engine *e)
{
	const struct priv_services request = { .pending = e->pending,
		.services_revision = e->services.revision };

	privlink_request(e, PRIV_PENDING, &request, sizeof(request), NULL, 0, NULL,
	    NULL);
}

void
pending_set(struct engine *e, struct pending pending)
{
	const struct pending old = e->pending;

	pending.unseen &= pending.services;
	pending.lost &= pending.services;
	if (pending.services == old.services && pending.unseen == old.unseen &&
	    pending.lost == old.lost)
		return;
	e->pending = pending;
	pending_save(e);
	if (pending.lost == 0 && old.lost != 0)
		pending_set_stuck(e, false, NULL);
	if ((pending.services != 0) != (old.services != 0)) {
		alarms_device(e);
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

bool
pending_is_lost(const struct engine *e, uint32_t service)
{
	return (e->pending.lost >> service & 1) != 0;
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
