/* SPDX-License-Identifier: ISC */
/* A configuration as the sealed files the engine takes. */
#ifndef HANDLERS_COMPOSE_H
#define HANDLERS_COMPOSE_H

#include "lib/config.h"

/* In the order SES_EDIT and SES_COMMIT want them. */
enum composed_file { COMPOSED_SNAPSHOT, COMPOSED_BUNDLE, COMPOSED_KEYS, COMPOSED_MAX };

struct composed {
	int fds[COMPOSED_MAX]; /* -1 where there is none */
	int nfds;
};

/* keys: key records, or empty; they stay the caller's to wipe. */
int compose(const struct config *, const struct services *, struct blob keys,
    time_t now, struct composed *ret_composed, struct err *);

void composed_close(struct composed *);

#endif
