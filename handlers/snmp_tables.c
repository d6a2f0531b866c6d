/* SPDX-License-Identifier: ISC */
/* The list of all tables: whoever serves them registers this. */
#include "handlers/snmp_tables.h"

static const struct snmp_table *const tables[] = {
	&snmp_system_group,
	&snmp_local_table,
	&snmp_chain_table,
	&snmp_san_table,
	&snmp_trust_table,
	&snmp_service_table,
	&snmp_config_group,
	&snmp_commit_table,
	&snmp_notify_control_group,
	&snmp_log_table,
};

static struct snmp_subtree subtrees[nitems(tables)];

int
snmp_tables_register(struct snmp_view *view,
    void (*set)(void *context, const struct snmp_subtree *,
	struct netsnmp_agent_request_info_s *, struct netsnmp_request_info_s *),
    void *set_context)
{
	size_t i;

	for (i = 0; i < nitems(tables); i++) {
		subtrees[i] = (struct snmp_subtree){ .table = tables[i],
			.view = view,
			.set = set,
			.set_context = set_context };
		if (snmp_subtree_register(&subtrees[i]) == -1)
			return -1;
	}
	return 0;
}

void
snmp_tables_unregister(void)
{
	size_t i;

	for (i = 0; i < nitems(tables); i++)
		if (subtrees[i].table != NULL)
			snmp_subtree_unregister(&subtrees[i]);
}
