/* SPDX-License-Identifier: ISC */
/*
 * Writing a generation: the files of a bundle, with private keys and root's own texts
 * put where it says, the snapshot and the manifest; then one sync, and only then its
 * name. Meant for a forked helper, since it takes as long as the disk does.
 */
#ifndef AGENT_STAGE_H
#define AGENT_STAGE_H

#include "agent/generations.h"
#include "agent/keys.h"
#include "agent/service.h"

struct stage {
	const struct generations *generations;
	const struct service_set *services;
	const struct keys *keys; /* those that wait */
	struct blob snapshot, bundle;
	uint64_t restore; /* kept too: what is gone back to without a confirmation */
	/* whose keys are held, and with whose files new ones may be shared */
	uint64_t base;
	struct status_commit commit; /* of the generation to write */
};

/*
 * ERR_STORAGE when the disk does not take it; nothing of it remains then.  On a full
 * disk the oldest generations go first, but never the live one and the base.
 */
int stage_run(const struct stage *, struct err *);

#endif
