/* SPDX-License-Identifier: ISC */
/*
 * SET, in the phases of AgentX (RFC 2741 7.2.4).  What one PDU asks for is gathered in
 * RESERVE1 from whatever groups it names, put to the engine as a whole in RESERVE2, and
 * done in COMMIT, which cannot be refused any more; whatever ends it otherwise releases
 * what the engine has reserved.  There is one SET at a time: the master waits for its
 * end before it begins another.
 */
#ifndef HANDLERS_SNMP_SET_H
#define HANDLERS_SNMP_SET_H

#include "agent/proto.h"
#include "handlers/snmp_channel.h"
#include "handlers/snmp_table.h"

enum snmp_set_state { SET_IDLE, SET_GATHERING, SET_RESERVED, SET_REFUSED };

struct snmp_set {
	struct snmp_channel *channel;
	enum snmp_set_state state;
	long pdu; /* which one: the master's transaction number */
	struct snmp_prepare asked;
	uint32_t ticket; /* with SET_RESERVED */
	int error;       /* with SET_REFUSED: SNMP's number */
	uint32_t
	    culprit;     /* with SET_REFUSED: SNMP_SET_* of the variable to blame; 0: */
	uint32_t change; /* which of the changes */
	int64_t deadline_ms; /* with SET_RESERVED */
};

/* As the set of struct snmp_subtree; context is the struct snmp_set. */
void snmp_set_phase(void *context, const struct snmp_subtree *,
    struct netsnmp_agent_request_info_s *, struct netsnmp_request_info_s *);

/* The master is gone, or has forgotten it: releases what is reserved.  Idempotent. */
void snmp_set_abandon(struct snmp_set *);

/* To be called now and then: abandons what has been reserved for too long. */
void snmp_set_expire(struct snmp_set *, int64_t tick_ms);

#endif
