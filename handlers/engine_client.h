/* SPDX-License-Identifier: ISC */
/*
 * The engine as a session or worker sees it: one request at a time, each waited for.
 * Steps of commits arrive in between and are handed on.
 */
#ifndef HANDLERS_ENGINE_CLIENT_H
#define HANDLERS_ENGINE_CLIENT_H

#include <stdbool.h>

#include "agent/memfile.h"
#include "agent/msg.h"
#include "agent/proto.h"
#include "lib/snapshot.h"

typedef void engine_client_step(void *context, const struct ses_step *);

struct engine_client {
	int fd;
	uint32_t last_id;
	bool gone;                /* nothing can be asked any more */
	engine_client_step *step; /* may be NULL */
	void *context;
	struct ses_reply reply; /* to the last request */
	struct msg msg;         /* that brought it */
};

/* NULL without memory; the descriptor stays the caller's. */
struct engine_client *engine_client_new(int fd);
void engine_client_free(struct engine_client *);

/*
 * Asks and waits for the reply.  -1 with err set when the engine refuses, in which case
 * reply tells more, and when it is gone.
 */
int engine_client_request(struct engine_client *, uint32_t type, const void *data,
    size_t len, struct err *);
int engine_client_send_files(struct engine_client *, uint32_t type, const void *data,
    size_t len, const int *fds, int nfds, struct err *);

/* Takes one message that came while nothing was asked; sets gone at the end. */
void engine_client_receive(struct engine_client *);

/*
 * Tells the engine what was refused here, so that last error, log and notification show
 * it.
 */
void engine_client_refused(struct engine_client *, enum action, const struct err *);

/* A configuration and what is known of it. */
struct view {
	struct mapping services_map, snapshot_map, status_map;
	const struct services *services;
	const struct status *status;
	struct snapshot snapshot;
	uint64_t revision; /* of the candidate, or generation of running */
	uint32_t next_local_index, next_trust_index;
};

int view_load(struct engine_client *, enum ses_store, struct view *ret_view,
    struct err *);
/*
 * What a change is built on that is committed alone: running, or the commit that waits
 * for its turn and takes changes in meanwhile.
 */
int view_load_for_change(struct engine_client *, struct view *ret_view, struct err *);
/* The configuration of a view, with the indices that are free; the view must outlive
 * it. */
int view_config(const struct view *, struct config *ret_config, struct err *);
void view_clear(struct view *);

/* A file of a kept generation; 0 is the one before the running one. */
int kept_map(struct engine_client *, uint64_t generation, enum load_file,
    struct mapping *ret_mapping, struct err *);

/* The snapshot of a kept generation; 0 is the one before the running one. */
struct kept {
	uint64_t generation;
	struct mapping map;
	struct snapshot snapshot;
};
int kept_load(struct engine_client *, uint64_t generation, struct kept *ret_kept,
    struct err *);
void kept_clear(struct kept *);

#endif
