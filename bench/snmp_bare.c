/* SPDX-License-Identifier: ISC */
/*
 * What bench/snmp compares with: the least a handler can do.  A scalar that never
 * changes, and a table of one column over a sorted array.  As a program an AgentX
 * subagent, with BARE_PLUGIN a plugin of snmpd.
 *
 *   bare AGENTX-SOCKET ROWS      environment BARE_ROWS for the plugin
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#define BASE 1, 3, 6, 1, 4, 1, 32473, 9
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

void init_bare(void);

static const oid scalar_oid[] = { BASE, 1, 0 }, entry_oid[] = { BASE, 2, 1 };
static uint32_t *indices;
static size_t nrows;

static const char text[] = "CN=Example root 1,O=Example,C=GB";

static int
on_scalar(netsnmp_mib_handler *self, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	static const long value = 3;

	(void)self;
	(void)reg;
	if (info->mode == MODE_GET)
		snmp_set_var_typed_value(requests->requestvb, ASN_INTEGER, &value,
		    sizeof(value));
	return SNMP_ERR_NOERROR;
}

static size_t
after(oid index)
{
	size_t low = 0, high = nrows;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (indices[mid] <= index)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int
on_table(netsnmp_mib_handler *self, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *r)
{
	const size_t len = LEN(entry_oid);
	oid name[LEN(entry_oid) + 2];
	size_t row = 0;

	(void)self;
	(void)reg;
	for (; r != NULL && info->mode == MODE_GETNEXT; r = r->next) {
		const netsnmp_variable_list *vb = r->requestvb;

		if (snmp_oid_compare(vb->name, vb->name_length, entry_oid, len) >= 0 &&
		    vb->name_length > len + 1)
			row = after(vb->name[len + 1]);
		if (row == nrows)
			continue;
		memcpy(name, entry_oid, sizeof(entry_oid));
		name[len] = 1;
		name[len + 1] = indices[row];
		snmp_set_var_objid(r->requestvb, name, len + 2);
		snmp_set_var_typed_value(r->requestvb, ASN_OCTET_STR, text,
		    sizeof(text) - 1);
	}
	return SNMP_ERR_NOERROR;
}

static void
make_rows(size_t count)
{
	indices = calloc(count + 1, sizeof(*indices));
	if (indices == NULL)
		abort();
	for (nrows = 0; nrows < count; nrows++)
		indices[nrows] = (uint32_t)nrows + 1;
}

static void
register_all(void)
{
	netsnmp_register_instance(netsnmp_create_handler_registration("bareScalar",
	    on_scalar, scalar_oid, LEN(scalar_oid), HANDLER_CAN_RONLY));
	netsnmp_register_handler(netsnmp_create_handler_registration("bareTable",
	    on_table, entry_oid, LEN(entry_oid), HANDLER_CAN_RONLY));
}

void
init_bare(void)
{
	const char *rows = getenv("BARE_ROWS");

	make_rows(rows != NULL ? strtoul(rows, NULL, 10) : 0);
	register_all();
}

int
main(int argc, char *argv[])
{
	if (argc != 3)
		return 2;
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE,
	    1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS,
	    1);
	netsnmp_enable_subagent();
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET,
	    argv[1]);
	make_rows(strtoul(argv[2], NULL, 10));
	init_agent("bare");
	register_all();
	init_snmp("bare");
	for (;;)
		agent_check_and_process(1);
}
