/* SPDX-License-Identifier: ISC */
/*
 * Monitoring as a part of a configuration: the settings, and what is said of single
 * credentials and anchors.  That stays with the credential of that name, and with the
 * certificate of an anchor; it goes when they go.
 */
#ifndef LIB_MONITORING_H
#define LIB_MONITORING_H

#include "lib/config.h"

/* Whether anything is said of it that is not the default. */
bool monitoring_of_credential(const struct credential *);
bool monitoring_is_default(const struct config *);

/* Says the same of another credential. */
void monitoring_copy(struct credential *to, const struct credential *from);

/* Puts the defaults back: of one credential, of everything. */
void monitoring_forget(struct credential *);
void monitoring_reset(struct config *);

/*
 * The part of config_merge() that is about monitoring, after all else is merged.  Each
 * value is a unit of its own, so that it never conflicts with a new certificate.
 */
int monitoring_merge(struct config *theirs, const struct config *base,
    const struct config *mine, struct err *err);

#endif
