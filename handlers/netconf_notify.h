/* SPDX-License-Identifier: ISC */
/* Notifications, RFC 5277: the steps of commits. */
#ifndef HANDLERS_NETCONF_NOTIFY_H
#define HANDLERS_NETCONF_NOTIFY_H

#include "handlers/netconf.h"

void notify_step(struct netconf *, const struct ses_step *);

#endif
