/* SPDX-License-Identifier: ISC */
/* The one place where requests of net-snmp meet rows and columns. */
#include "handlers/snmp_table.h"

#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#define ENTRY 1 /* the only child a table has, RFC 2578 7.1.12 */

/* --- answers --- */

static void
answer(netsnmp_request_info *request, const oid *name, size_t len,
    const struct snmp_value *value)
{
	snmp_set_var_objid(request->requestvb, name, len);
	snmp_set_var_typed_value(request->requestvb, value->type, value->data,
	    value->len);
}

/* First column whose number is at least this one. */
static size_t
column_from(const struct snmp_column *columns, size_t count, oid number)
{
	size_t i = 0;

	while (i < count && columns[i].number < number)
		i++;
	return i;
}

static bool
get_value(struct snmp_subtree *s, const struct snmp_column *column, const void *row,
    struct snmp_value *value)
{
	struct snmp_cell cell = { s->view, row, column->arg };

	snmp_value_clear(value);
	column->get(&cell, value);
	return value->type != 0;
}

/* --- tables --- */

/* Number of rows whose index is below this one, or not above it. */
static size_t
rows_below(const struct snmp_subtree *s, uint32_t index, bool or_equal)
{
	size_t low = 0, high = s->table->count(s->view), mid;
	uint32_t found = 0;

	while (low < high) {
		mid = low + (high - low) / 2;
		(void)s->table->row(s->view, mid, &found);
		if (found < index || (or_equal && found == index))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t
cell_name(const struct snmp_table *table, unsigned int column, uint32_t index,
    oid ret_name[MAX_OID_LEN])
{
	memcpy(ret_name, table->oid, table->oid_len * sizeof(oid));
	ret_name[table->oid_len] = ENTRY;
	ret_name[table->oid_len + 1] = column;
	ret_name[table->oid_len + 2] = index;
	return table->oid_len + 3;
}

static void
table_get(struct snmp_subtree *s, netsnmp_agent_request_info *info,
    netsnmp_request_info *request, const netsnmp_table_request_info *asked)
{
	const struct snmp_table *table = s->table;
	size_t c = column_from(table->columns, table->ncolumns, asked->colnum), n;
	struct snmp_value value;
	const void *row;
	uint32_t index;

	if (c == table->ncolumns || table->columns[c].number != asked->colnum) {
		netsnmp_set_request_error(info, request, SNMP_NOSUCHOBJECT);
		return;
	}
	if (asked->index_oid_len == 1 && asked->index_oid[0] <= UINT32_MAX) {
		n = rows_below(s, (uint32_t)asked->index_oid[0], false);
		row = n < table->count(s->view) ? table->row(s->view, n, &index) : NULL;
		if (row != NULL && index == asked->index_oid[0] &&
		    get_value(s, &table->columns[c], row, &value)) {
			answer(request, request->requestvb->name,
			    request->requestvb->name_length, &value);
			return;
		}
	}
	netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
}

/* The first row of a column to look at for what follows the OID asked for. */
static size_t
first_row(const struct snmp_subtree *s, const netsnmp_table_request_info *asked)
{
	if (asked->index_oid_len == 0)
		return 0;
	if (asked->index_oid[0] > UINT32_MAX)
		return s->table->count(s->view);
	return rows_below(s, (uint32_t)asked->index_oid[0], true);
}

/*
 * Walks on, over absent instances and into the next column.  At the end the request is
 * left as it is: the library then asks the next subtree, whereas an answer of
 * noSuchInstance would make it ask for ever.
 */
static void
table_get_next(struct snmp_subtree *s, netsnmp_request_info *request,
    const netsnmp_table_request_info *asked)
{
	const struct snmp_table *table = s->table;
	size_t c = column_from(table->columns, table->ncolumns, asked->colnum), n = 0;
	size_t count = table->count(s->view), len;
	oid name[MAX_OID_LEN];
	struct snmp_value value;
	const void *row;
	uint32_t index;

	if (c < table->ncolumns && table->columns[c].number == asked->colnum)
		n = first_row(s, asked);
	for (; c < table->ncolumns; c++, n = 0) {
		for (; n < count; n++) {
			row = table->row(s->view, n, &index);
			if (!get_value(s, &table->columns[c], row, &value))
				continue;
			len = cell_name(table, table->columns[c].number, index, name);
			answer(request, name, len, &value);
			return;
		}
	}
}

static int
table_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct snmp_subtree *s = reg->my_reg_void;
	netsnmp_table_request_info *asked;
	netsnmp_request_info *r;

	(void)handler;
	s->view->refresh(s->view);
	for (r = requests; r != NULL; r = r->next) {
		if (r->processed || (asked = netsnmp_extract_table_info(r)) == NULL)
			continue;
		if (info->mode == MODE_GETNEXT && s->view->ready)
			table_get_next(s, r, asked);
		else if (info->mode == MODE_GET && s->view->ready)
			table_get(s, info, r, asked);
		else if (info->mode == MODE_GET)
			netsnmp_set_request_error(info, r, SNMP_NOSUCHINSTANCE);
	}
	return SNMP_ERR_NOERROR;
}

/* --- groups of scalars --- */

unsigned int
snmp_group_scalar(const struct snmp_group *group, const oid *name, size_t len)
{
	size_t c;

	if (len <= group->oid_len ||
	    snmp_oid_compare(name, group->oid_len, group->oid, group->oid_len) != 0)
		return 0;
	c = column_from(group->columns, group->ncolumns, name[group->oid_len]);
	if (c == group->ncolumns || group->columns[c].number != name[group->oid_len])
		return 0;
	return group->columns[c].number;
}

static void
group_get(struct snmp_subtree *s, netsnmp_agent_request_info *info,
    netsnmp_request_info *request)
{
	const struct snmp_group *group = s->group;
	const netsnmp_variable_list *vb = request->requestvb;
	unsigned int number = snmp_group_scalar(group, vb->name, vb->name_length);
	struct snmp_value value;
	size_t c;

	if (number == 0) {
		netsnmp_set_request_error(info, request, SNMP_NOSUCHOBJECT);
		return;
	}
	c = column_from(group->columns, group->ncolumns, number);
	if (s->view->ready && vb->name_length == group->oid_len + 2 &&
	    vb->name[group->oid_len + 1] == 0 &&
	    get_value(s, &group->columns[c], NULL, &value))
		answer(request, vb->name, vb->name_length, &value);
	else
		netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
}

static void
group_get_next(struct snmp_subtree *s, netsnmp_request_info *request)
{
	const struct snmp_group *group = s->group;
	const netsnmp_variable_list *vb = request->requestvb;
	struct snmp_value value;
	oid name[MAX_OID_LEN];
	size_t c;

	memcpy(name, group->oid, group->oid_len * sizeof(oid));
	name[group->oid_len + 1] = 0;
	for (c = 0; c < group->ncolumns; c++) {
		name[group->oid_len] = group->columns[c].number;
		if (snmp_oid_compare(name, group->oid_len + 2, vb->name,
			vb->name_length) <= 0)
			continue;
		if (!get_value(s, &group->columns[c], NULL, &value))
			continue;
		answer(request, name, group->oid_len + 2, &value);
		return;
	}
}

static int
group_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct snmp_subtree *s = reg->my_reg_void;
	netsnmp_request_info *r;

	(void)handler;
	s->view->refresh(s->view);
	if (info->mode != MODE_GET && info->mode != MODE_GETNEXT) {
		s->group->set(s->set_context, s->group, info, requests);
		return SNMP_ERR_NOERROR;
	}
	for (r = requests; r != NULL; r = r->next) {
		if (r->processed)
			continue;
		if (info->mode == MODE_GET)
			group_get(s, info, r);
		else if (s->view->ready)
			group_get_next(s, r);
	}
	return SNMP_ERR_NOERROR;
}

/* --- registration --- */

static int
register_table(struct snmp_subtree *s)
{
	const struct snmp_table *table = s->table;
	netsnmp_table_registration_info *info =
	    SNMP_MALLOC_TYPEDEF(netsnmp_table_registration_info);
	netsnmp_handler_registration *reg =
	    netsnmp_create_handler_registration(table->name, table_handler, table->oid,
		table->oid_len, HANDLER_CAN_RONLY);

	if (info == NULL || reg == NULL)
		return -1; /* the process ends, so nothing is given back */
	reg->my_reg_void = s;
	netsnmp_table_helper_add_index(info, ASN_UNSIGNED);
	info->min_column = table->columns[0].number;
	info->max_column = table->columns[table->ncolumns - 1].number;
	return netsnmp_register_table(reg, info) == MIB_REGISTERED_OK ? 0 : -1;
}

static int
register_group(struct snmp_subtree *s)
{
	const struct snmp_group *group = s->group;
	netsnmp_handler_registration *reg =
	    netsnmp_create_handler_registration(group->name, group_handler, group->oid,
		group->oid_len,
		group->set != NULL ? HANDLER_CAN_RWRITE : HANDLER_CAN_RONLY);

	if (reg == NULL)
		return -1;
	reg->my_reg_void = s;
	return netsnmp_register_handler(reg) == MIB_REGISTERED_OK ? 0 : -1;
}

int
snmp_subtree_register(struct snmp_subtree *s)
{
	return s->table != NULL ? register_table(s) : register_group(s);
}
