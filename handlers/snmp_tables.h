/* SPDX-License-Identifier: ISC */
/* All tables and groups that answer. */
#ifndef HANDLERS_SNMP_TABLES_H
#define HANDLERS_SNMP_TABLES_H

#include "handlers/snmp_table.h"

extern const struct snmp_table snmp_system_group;
extern const struct snmp_table snmp_local_table;
extern const struct snmp_table snmp_chain_table;
extern const struct snmp_table snmp_san_table;
extern const struct snmp_table snmp_trust_table;
extern const struct snmp_table snmp_service_table;
extern const struct snmp_table snmp_config_group;
extern const struct snmp_table snmp_commit_table;
extern const struct snmp_table snmp_notify_control_group;
extern const struct snmp_table snmp_log_table;

/* The row of a group of scalars: the status, for snmp_field.h. */
const void *snmp_status_row(const struct snmp_view *, size_t n,
    uint32_t ret_index[SNMP_INDICES]);

/* A group of scalars, of which some may be written. */
#define SNMP_GROUP(its_name, its_oid, its_columns)                                     \
	SNMP_TABLE(its_name, its_oid, its_columns), .writable = true,                  \
						    .row = snmp_status_row

/*
 * Registers all of them over one view; set and its context as in struct snmp_subtree,
 * NULL: all is read-only.  At most once in a process, for as long as it lives or until
 * they are unregistered.
 */
int snmp_tables_register(struct snmp_view *,
    void (*set)(void *context, const struct snmp_subtree *,
	struct netsnmp_agent_request_info_s *, struct netsnmp_request_info_s *),
    void *set_context);
/* Also after a registration that failed. */
void snmp_tables_unregister(void);

#endif
