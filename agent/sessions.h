/* SPDX-License-Identifier: ISC */
/* A session or worker as the engine sees it; for sessions.c and requests.c. */
#ifndef AGENT_SESSIONS_H
#define AGENT_SESSIONS_H

#include "agent/engine.h"

struct session {
	LIST_ENTRY(session) next;
	struct engine *engine;
	struct identity identity;
	struct job job; /* JOB_NONE: it has a client */
	int client;     /* or document, until it is spawned; -1 otherwise */
	struct channel *channel;
	uint32_t child;
	bool subscribed;
	uint32_t commit_id;   /* the request that waits for a commit; 0: none */
	uint32_t last_commit; /* the request to commit it made last; 0: none */
	bool committed;       /* and that is in force */
	struct err refusal;   /* else why something was refused last */
};

struct session *session_find(const struct engine *, uint32_t number);
/* Fills in what every reply says. */
void session_reply(struct session *, uint32_t id, struct ses_reply *, const int *fds,
    int nfds);

/* What a session may ask. */
struct session_request {
	size_t size;
	int max_fds;
	void (*run)(struct session *, struct msg *);
};
/* NULL: there is no such request. */
const struct session_request *session_request(uint32_t type);

#endif
