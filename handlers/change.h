/* SPDX-License-Identifier: ISC */
/*
 * A change of the configuration, from any front end: the base is loaded, changed,
 * judged, composed and handed to the engine; done again when somebody else was faster.
 */
#ifndef HANDLERS_CHANGE_H
#define HANDLERS_CHANGE_H

#include "handlers/engine_client.h"

#define CHANGE_TRIES 4 /* the first, and three more while others are faster */

enum change_test {
	CHANGE_TEST_THEN_SET, /* what is not valid as a whole is refused */
	CHANGE_SET,           /* it is taken, with its problem */
	CHANGE_TEST_ONLY,
	CHANGE_TEST_MAX
};

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
	enum origin origin;
	const char *comment;
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
int change_commit(struct engine_client *, enum origin, const char *comment,
    struct err *);

#endif
