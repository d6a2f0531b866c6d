/* SPDX-License-Identifier: ISC */
/*
 * What the nursery does before it forks its first child: OpenSSL and libxml2
 * initialised and used once, so that a child starts at once and, in its sandbox, never
 * needs a file.
 */
#ifndef HANDLERS_WARM_H
#define HANDLERS_WARM_H

#include "lib/err.h"

int warm_up(struct err *);

#endif
