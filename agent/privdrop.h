/* SPDX-License-Identifier: ISC */
/* Giving up root for good. */
#ifndef AGENT_PRIVDROP_H
#define AGENT_PRIVDROP_H

#include <sys/types.h>

#include "lib/err.h"

struct account {
	uid_t uid;
	gid_t gid;
	gid_t groups[2]; /* gid, and the one asked for */
	size_t ngroups;
};

/* group: one more the process shall be in; "" for none. */
int account_find(const char *user, const char *group, struct account *ret_account,
    struct err *);

/*
 * Becomes this account with no other group and no way back, gains no privileges by what
 * it executes, and dumps no core.  Does only the last two when we are not root.
 */
int privdrop(const struct account *, struct err *);

#endif
