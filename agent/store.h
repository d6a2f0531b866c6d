/* SPDX-License-Identifier: ISC */
/*
 * The store: generations and what is remembered of them, changed so that wherever the
 * power fails the next start finds one whole generation in force.
 *
 *   stage       generations/N complete and synced; nothing points at it
 *   activate    counters, then the journal, then live moves to N
 *   end         the history, then the journal is gone: N stays
 *
 * A journal at start means that a commit was cut off: live goes back, and the journal
 * stays until the engine, which restarts the services, ends that commit too.
 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include "agent/generations.h"
#include "agent/state.h"

struct store {
	int root, lock;
	struct generations generations;
	struct state state;
	uint64_t recovered; /* what the start went back from; 0: nothing */
	bool same_boot;     /* and the machine was not started since */
	bool damaged;       /* its files were; it was not cut off */
	bool unconfirmed;   /* what is in force waits for its confirmation; see the
			       journal */
};

/*
 * Locks the directory (a second one is refused), removes what a crash left, and sees to
 * it that live names a generation that verifies, if there is one.
 */
int store_open(struct store *, const char *path, struct err *);
void store_close(struct store *);

/* When the generation in force came into force; 0 when there is none. */
int64_t store_running_since(const struct store *);

/* Whether a generation may get this number: higher than all before. */
int store_check_number(const struct store *, uint64_t generation, struct err *);
int store_activate(struct store *, const struct priv_activate *, struct err *);
/* What is not kept any more stays on the disk until generations_sweep(). */
int store_end(struct store *, const struct priv_end *, struct err *);

/* Keeps these for those of their generations that are kept themselves. */
int store_put_settings(struct store *, const struct priv_settings *, struct err *);
/* What was kept for one that will be written now is in it already, or of another. */
int store_drop_settings(struct store *, uint64_t generation, struct err *);

#endif
