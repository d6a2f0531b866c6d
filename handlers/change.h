/* SPDX-License-Identifier: ISC */
/*
 * A change of the configuration, from any front end: the base is loaded, changed,
 * judged, composed and handed to the engine; done again when somebody else was faster.
 */
#ifndef HANDLERS_CHANGE_H
#define HANDLERS_CHANGE_H

#include "handlers/engine_client.h"

#define CHANGE_TRIES LIMIT_SESSIONS /* each of the others may be faster once */

enum change_test {
	CHANGE_TEST_THEN_SET, /* what is not valid as a whole is refused */
	CHANGE_SET,           /* it is taken, with its problem */
	CHANGE_TEST_ONLY,
	CHANGE_TEST_MAX
};

/* What is said of a commit, beside what it puts in force. */
struct commit_terms {
	enum origin origin;
	char comment[STATUS_TEXT];
	bool defer_restart;       /* services stay as they are */
	uint32_t confirm_timeout; /* seconds until it is undone; 0: it is for good */
	char persist[STATUS_NAME];
	char persist_id[STATUS_NAME];
};

/* What the last action shows of such a commit. */
enum action terms_action(const struct commit_terms *);

struct change {
	/*
	 * Turns the base into what is wanted, complete; called once more for each new
	 * base.  What config borrows from must last until change_make() returns.
	 */
	int (*apply)(void *context, const struct view *base, struct config *config,
	    struct err *);
	void *context;
	struct blob keys; /* key records that come with it */
	bool alone;       /* on the running configuration, committed at once */
	bool any_time;    /* dates are not judged */
	enum change_test test;
	enum action action; /* for the last action */
	struct commit_terms terms;
	uint64_t keys_from; /* a kept generation that has its keys; 0: none */
	bool silent;        /* the caller tells the engine what was refused here */
};

/*
 * -1 with err set when it is refused; what was refused here and not by the engine, the
 * engine has been told.
 */
int change_make(struct engine_client *, const struct change *, struct err *);

/*
 * A change back to a kept generation (0: the one before), as one of its own: what was
 * changed since is undone, the factory credential stays.
 */
int change_roll_back(struct engine_client *, uint64_t generation, struct change *,
    struct err *);

/*
 * Judges a store as it is; a verdict on the candidate is told to the engine.  -1 with
 * err set when it is not valid.
 */
int change_validate(struct engine_client *, enum ses_store, struct err *);

/* Puts the candidate in force. */
int change_commit(struct engine_client *, const struct commit_terms *, struct err *);

#endif
