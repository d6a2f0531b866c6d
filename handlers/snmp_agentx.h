/* SPDX-License-Identifier: ISC */
/*
 * The net-snmp library as an AgentX subagent: set up so that it reads no file, writes
 * none, and waits for a master as shortly as it can be made to.
 */
#ifndef HANDLERS_SNMP_AGENTX_H
#define HANDLERS_SNMP_AGENTX_H

#include <stdbool.h>

struct snmp_session; /* of the library */

struct snmp_agentx {
	const char *socket; /* the master's */
	bool connected;
	/* A master connected; NULL: it is gone. */
	void (*on_session)(void *context, struct snmp_session *);
	void *context;
};

/*
 * Sets the library up; tables are registered between this and the start.  There can be
 * only one.
 */
int snmp_agentx_init(struct snmp_agentx *, const char *socket,
    void (*on_session)(void *, struct snmp_session *), void *context);

/* Tries to connect; when there is no master it goes on trying, each second. */
void snmp_agentx_start(struct snmp_agentx *);

/*
 * Waits until the master or fd has something to say, but no longer than that, and does
 * what the master asks.
 */
void snmp_agentx_turn(struct snmp_agentx *, int fd, int timeout_ms);

/* Tells the master good-bye. */
void snmp_agentx_close(struct snmp_agentx *);

#endif
