/* SPDX-License-Identifier: ISC */
/* All tables and groups that answer. */
#ifndef HANDLERS_SNMP_TABLES_H
#define HANDLERS_SNMP_TABLES_H

#include "handlers/snmp_table.h"

extern const struct snmp_table snmp_local_table;
extern const struct snmp_table snmp_trust_table;
extern const struct snmp_table snmp_service_table;
extern const struct snmp_group snmp_system_group;
extern const struct snmp_group snmp_config_group;
extern const struct snmp_group snmp_notify_control_group;

#endif
