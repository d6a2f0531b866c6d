/* SPDX-License-Identifier: ISC */
/*
 * A commit under way; for commit.c, the walk, and commit_services.c, the steps that
 * concern services.
 */
#ifndef AGENT_COMMIT_H
#define AGENT_COMMIT_H

#include "agent/engine.h"

/* Again: the same step has more to do. */
enum step_result { STEP_DONE, STEP_WAIT, STEP_AGAIN, STEP_FAILED };

/* One service in this commit. */
struct commit_service {
	bool affected;  /* its material changes and it is enabled */
	bool counted;   /* it worked before, so it can fail the commit */
	bool restarted; /* its command was run: the way back must run it too */
	struct prober *prober;
};

struct commit {
	struct engine *engine;
	struct commit_request request;
	const enum commit_step *plan;
	size_t at; /* in the plan */
	bool activated, turned_back;
	struct held *target;
	uint64_t generation, previous_generation;
	struct err reason; /* the first failure */
	uint32_t waiting;  /* probes under way */
	uint32_t next;     /* service to restart next */
	bool in_restart;   /* next is in use */
	bool failed;       /* something in this step has */
	struct event *timer;
	struct commit_service services[LIMIT_SERVICES];
};

/* A step that waited has ended so. */
void commit_go_on(struct commit *, enum step_result);
/* A step as it happens; with err it failed. */
void commit_tell(struct commit *, enum commit_step, const char *service,
    const struct err *, const char *text);
/* Begins the step again after so long. */
void commit_wait(struct commit *, int64_t ms);
void commit_reason(struct commit *, const struct err *);

/* --- commit_services --- */
void commit_choose_services(struct commit *);
enum step_result commit_survey(struct commit *);
enum step_result commit_restart(struct commit *);
enum step_result commit_probe(struct commit *);

#endif
