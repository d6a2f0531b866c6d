/* SPDX-License-Identifier: ISC */
/* Whether what certconfd.conf names is there, before anything starts. */
#ifndef AGENT_CONF_CHECK_H
#define AGENT_CONF_CHECK_H

#include "agent/conf.h"

/*
 * Users, groups and the snmp program; the users only as root, who alone changes them.
 */
int conf_check(const struct conf *, struct err *);

/* All definitions of services; what is refused is logged.  Returns an exit status. */
int conf_check_services(const struct conf *);

#endif
