/* SPDX-License-Identifier: ISC */
/*
 * What may come from an AgentX master, octet by octet.  The net-snmp library trusts its
 * master: lengths that lie, contexts and phases of a SET out of order make it read and
 * write where it must not.  A message that is not as RFC 2741 has it does not reach it.
 */
#ifndef HANDLERS_SNMP_GATE_H
#define HANDLERS_SNMP_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_HEADER 20
#define GATE_MESSAGE_MAX 65536 /* the library takes no more at a time */
#define GATE_SETS 8

/* SETs under way in one session; 0 has to be its first state. */
struct snmp_gate {
	struct {
		uint32_t transaction;
		enum { GATE_OVER, GATE_TESTED, GATE_COMMITTED } state;
	} sets[GATE_SETS];
	unsigned int next; /* which is forgotten when there are too many */
};

/* Octets that follow this header, or -1 when no master may send such a message. */
int snmp_gate_payload(const uint8_t header[GATE_HEADER]);

/* Whether the message, header included, is as it has to be and is its turn. */
bool snmp_gate_admits(struct snmp_gate *gate, const uint8_t *message, size_t len);

#endif
