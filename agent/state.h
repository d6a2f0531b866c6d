/* SPDX-License-Identifier: ISC */
/*
 * What the monitor remembers beside the generations: numbers that only grow, whether a
 * commit is under way, and the last commits.  Each is a small file under state/ that is
 * replaced durably before what it tells of is done.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include <stdbool.h>

#include "agent/state_settings.h"

/* A commit under way: what is tried, and what start-up goes back to. */
struct journal {
	uint64_t tried;   /* 0: none is */
	uint64_t restore; /* 0: there was nothing before it */
	/* which start of the machine this was in; 0: it cannot be told */
	uint64_t boot;
	/*
	 * What was tried is in force and waits for its confirmation until then.
	 * confirm.restore 0: it is still being tried.
	 */
	struct confirm_point confirm;
};

/* As in struct pending. */
enum waiting_kind { WAITING_SEEN, WAITING_UNSEEN, WAITING_LOST, WAITING_KIND_MAX };

/* Services that wait for a restart, by name: definitions come and go. */
struct waiting {
	uint64_t boot; /* another start of the machine restarted them all */
	uint32_t count;
	struct {
		char name[STATUS_NAME];
		enum waiting_kind kind;
	} services[LIMIT_SERVICES];
};

struct history {
	uint32_t count;
	struct status_commit commits[LIMIT_HISTORY]; /* newest first */
};

struct state {
	int dir; /* state/ */
	struct counters counters;
	bool counters_lost; /* the file was missing or damaged */
	struct journal journal;
	struct history history;
	struct waiting waiting;
	struct kept_settings settings;
};

/* root stays the caller's.  A damaged file is logged and left out; state/ is made. */
int state_open(struct state *, int root, struct err *);
void state_close(struct state *);

/* Generation and indices never go back; nothing is written when nothing changes. */
int state_put_counters(struct state *, const struct counters *, struct err *);
int state_put_journal(struct state *, const struct journal *, struct err *);
int state_clear_journal(struct state *, struct err *);
/*
 * Puts it first, or in the place of one of the same generation.  settle: what waited
 * for a confirmation has ended as this one.
 */
int state_add_commit(struct state *, const struct status_commit *, bool settle,
    struct err *);

void waiting_add(struct waiting *, const char *name, enum waiting_kind);
/* The bits of a table's rows. */
struct pending waiting_pending(const struct waiting *, const struct services *);
int state_put_waiting(struct state *, const struct waiting *, struct err *);

/* The start of the machine this is in, as a number; 0: it cannot be told. */
uint64_t state_boot(void);

#endif
