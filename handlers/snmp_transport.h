/* SPDX-License-Identifier: ISC */
/*
 * How the net-snmp library reaches the AgentX master: a unix socket as its own, but one
 * that waits for a master that hangs only so long, when it connects and when it sends.
 */
#ifndef HANDLERS_SNMP_TRANSPORT_H
#define HANDLERS_SNMP_TRANSPORT_H

/*
 * Makes the prefix known to the library; from then on PREFIX:/path is such a socket.
 * Call it once, after init_agent().  Returns -1 without memory.
 */
int snmp_transport_register(void);

#define SNMP_TRANSPORT_PREFIX "certconf"

#endif
