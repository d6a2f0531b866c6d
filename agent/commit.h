/* SPDX-License-Identifier: ISC */
/*
 * A commit under way; for commit.c, the walk, commit_services.c, the steps that concern
 * services, and commit_end.c, how it ends.
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
	bool disabled;  /* it is to be stopped */
	bool was_down;  /* before the commit, and this one starts it */
	bool unseen;    /* its certificate stays: a probe cannot tell */
	bool checked;   /* its check command was run, or there is none */
	bool restarted; /* its command was run: the way back must run it too */
	bool stopped;
	struct prober *prober;
};

struct commit {
	struct engine *engine;
	struct commit_request request;
	const enum commit_step *plan;
	size_t at;      /* in the plan */
	bool gathering; /* nothing is done yet: changes may join */
	bool staged;    /* or being staged: what changes now is not in those files */
	bool activated, turned_back;
	bool switched; /* the way back is in force, whatever the services do */
	struct held *target;
	uint64_t generation, previous_generation;
	struct err reason;            /* the first failure */
	struct confirm_point confirm; /* what waits after it */
	char changes[STATUS_TEXT];    /* for the history */
	uint32_t waiting;             /* probes under way */
	uint32_t next;                /* service to run a command of next */
	bool in_commands;             /* next is in use */
	bool failed;                  /* something in this step has */
	bool failed_once;             /* in any step */
	struct pending waited;        /* before it */
	uint64_t failed_back;         /* services that could not be brought back */
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
/* The monitor did what a step asked for; text: what is told of it; NULL: nothing. */
void commit_answered(struct commit *, enum commit_step, const struct err *,
    const char *text);

/* --- commit_end --- */
/* It puts a generation of its own in force. */
bool commit_is_new(const struct commit *);
void commit_record(const struct commit *, enum action_result,
    struct status_commit *ret_record);
/* From the activation on the number is used up, whatever becomes of it. */
void commit_use_up_number(struct commit *);
/* Until this is answered a crash goes back: only then may anybody be told of it. */
enum step_result commit_end(struct commit *);
/* In this order: it is in force, it is recorded, it is told, then the next thing. */
void commit_finish(struct commit *, bool failed);
void commit_free(struct commit *);

/* --- commit_services --- */
void commit_choose_services(struct commit *);
enum step_result commit_survey(struct commit *);
enum step_result commit_check(struct commit *);
enum step_result commit_restart(struct commit *);
enum step_result commit_probe(struct commit *);
/* Which services wait for a restart after it. */
struct pending commit_pending(const struct commit *, bool failed);

#endif
