/* SPDX-License-Identifier: ISC */
/* The one place where requests of net-snmp meet rows and columns. */
#include "handlers/snmp_table.h"

#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

/* What follows the column in an OID that was asked for. */
struct suffix {
	const oid *oid;
	size_t len;
};

/* --- rows --- */

static size_t
index_len(const struct snmp_table *table)
{
	return table->indices > 0 ? table->indices : 1;
}

static size_t
row_count(const struct snmp_subtree *s)
{
	if (!s->view->ready)
		return 0;
	return s->table->indices > 0 ? s->table->count(s->view) : 1;
}

/*
 * The order of a row's index and of what was asked for.  Numbers of an OID have 32 bits
 * (RFC 2578 3.5); the library extends the sign of those that come by AgentX.
 */
static int
compare(const uint32_t *index, size_t len, struct suffix asked)
{
	size_t i;

	for (i = 0; i < len && i < asked.len; i++)
		if (index[i] != (uint32_t)asked.oid[i])
			return index[i] < (uint32_t)asked.oid[i] ? -1 : 1;
	return (len > asked.len) - (len < asked.len);
}

/* Number of rows before what was asked for, or up to it. */
static size_t
rows_below(const struct snmp_subtree *s, struct suffix asked, bool or_equal)
{
	size_t low = 0, high = row_count(s), mid;
	uint32_t index[SNMP_INDICES];
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		(void)s->table->row(s->view, mid, index);
		order = compare(index, index_len(s->table), asked);
		if (order < 0 || (or_equal && order == 0))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * The same up to what was asked for.  A walk asks for what it was answered last, and
 * then there is nothing to search, however many rows there are.
 */
static size_t
rows_up_to(const struct snmp_subtree *s, struct suffix asked)
{
	uint32_t index[SNMP_INDICES];

	if (s->answered < row_count(s)) {
		(void)s->table->row(s->view, s->answered, index);
		if (compare(index, index_len(s->table), asked) == 0)
			return s->answered + 1;
	}
	return rows_below(s, asked, true);
}

/* The row with just this index. */
static bool
find_row(const struct snmp_subtree *s, struct suffix asked, struct snmp_cell *cell)
{
	const size_t n = rows_below(s, asked, false);

	if (n == row_count(s))
		return false;
	cell->row = s->table->row(s->view, n, cell->index);
	return compare(cell->index, index_len(s->table), asked) == 0;
}

/* --- columns --- */

/* First column whose number is at least this one. */
static size_t
column_from(const struct snmp_table *table, oid number)
{
	size_t c = 0;

	while (c < table->ncolumns && table->columns[c].number < number)
		c++;
	return c;
}

const struct snmp_column *
snmp_table_column(const struct snmp_table *table, const oid *name, size_t len)
{
	size_t c;

	if (len <= table->oid_len ||
	    snmp_oid_compare(name, table->oid_len, table->oid, table->oid_len) != 0)
		return NULL;
	c = column_from(table, name[table->oid_len]);
	if (c == table->ncolumns || table->columns[c].number != name[table->oid_len])
		return NULL;
	return &table->columns[c];
}

static struct suffix
suffix_of(const struct snmp_table *table, const oid *name, size_t len)
{
	return (struct suffix){ name + table->oid_len + 1, len - table->oid_len - 1 };
}

bool
snmp_table_row(const struct snmp_subtree *s, const oid *name, size_t len,
    uint32_t ret_index[SNMP_INDICES])
{
	struct snmp_cell cell = { .view = s->view };

	if (snmp_table_column(s->table, name, len) == NULL ||
	    !find_row(s, suffix_of(s->table, name, len), &cell))
		return false;
	memcpy(ret_index, cell.index, sizeof(cell.index));
	return true;
}

/* --- answers --- */

static bool
get_value(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_clear(value);
	cell->column->get(cell, value);
	return value->type != 0;
}

static void
answer(netsnmp_request_info *request, const struct snmp_value *value)
{
	snmp_set_var_typed_value(request->requestvb, value->type, value->data,
	    value->len);
}

/*
 * False, with nothing answered, when that is not after what was asked for: rows that
 * are damaged need not ascend, and a manager would walk in a circle.
 */
static bool
answer_next(const struct snmp_cell *cell, netsnmp_request_info *request,
    const struct snmp_value *value)
{
	const struct snmp_table *table = cell->table;
	const netsnmp_variable_list *vb = request->requestvb;
	oid name[MAX_OID_LEN];
	size_t len = table->oid_len, i;

	if (snmp_table_column(table, vb->name, vb->name_length) == cell->column &&
	    compare(cell->index, index_len(table),
		suffix_of(table, vb->name, vb->name_length)) <
		(request->inclusive == 0))
		return false;
	memcpy(name, table->oid, len * sizeof(oid));
	name[len++] = cell->column->number;
	for (i = 0; i < index_len(table); i++)
		name[len++] = cell->index[i];
	snmp_set_var_objid(request->requestvb, name, len);
	answer(request, value);
	return true;
}

static void
get(struct snmp_subtree *s, netsnmp_agent_request_info *info,
    netsnmp_request_info *request)
{
	const netsnmp_variable_list *vb = request->requestvb;
	struct snmp_cell cell = { .view = s->view,
		.table = s->table,
		.column = snmp_table_column(s->table, vb->name, vb->name_length) };
	struct snmp_value value;

	if (cell.column == NULL)
		netsnmp_set_request_error(info, request, SNMP_NOSUCHOBJECT);
	else if (find_row(s, suffix_of(s->table, vb->name, vb->name_length), &cell) &&
	    get_value(&cell, &value))
		answer(request, &value);
	else
		netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
}

/* Where to look for what follows an OID; false when all of the table is before it. */
static bool
begin(const struct snmp_subtree *s, const netsnmp_request_info *request, size_t *ret_c,
    size_t *ret_row)
{
	const struct snmp_table *table = s->table;
	const netsnmp_variable_list *vb = request->requestvb;
	const size_t len =
	    vb->name_length < table->oid_len ? vb->name_length : table->oid_len;
	const int order = snmp_oid_compare(vb->name, len, table->oid, len);
	struct suffix asked;

	*ret_c = *ret_row = 0;
	if (order != 0 || vb->name_length <= table->oid_len)
		return order <= 0;
	*ret_c = column_from(table, vb->name[table->oid_len]);
	/* RFC 2741 7.2.3.2: a master may ask for this very one or the next */
	if (snmp_table_column(table, vb->name, vb->name_length) == NULL)
		return true;
	asked = suffix_of(table, vb->name, vb->name_length);
	*ret_row = request->inclusive == 0 ? rows_up_to(s, asked)
					   : rows_below(s, asked, false);
	return true;
}

/*
 * Walks on, over absent instances and into the next column.  At the end the request is
 * left as it is: the library then asks the next subtree, whereas an answer of
 * noSuchInstance would make it ask for ever.
 */
static void
get_next(struct snmp_subtree *s, netsnmp_request_info *request)
{
	struct snmp_cell cell = { .view = s->view, .table = s->table };
	const size_t count = row_count(s);
	struct snmp_value value;
	size_t c, n;

	if (!begin(s, request, &c, &n))
		return;
	for (; c < s->table->ncolumns; c++, n = 0) {
		cell.column = &s->table->columns[c];
		for (; n < count; n++) {
			cell.row = s->table->row(s->view, n, cell.index);
			if (!get_value(&cell, &value) ||
			    !answer_next(&cell, request, &value))
				continue;
			s->answered = n;
			return;
		}
	}
}

static int
handler(netsnmp_mib_handler *self, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct snmp_subtree *s = reg->my_reg_void;
	netsnmp_request_info *r;

	(void)self;
	s->view->refresh(s->view);
	if (info->mode != MODE_GET && info->mode != MODE_GETNEXT) {
		s->set(s->set_context, s, info, requests);
		return SNMP_ERR_NOERROR;
	}
	for (r = requests; r != NULL; r = r->next) {
		if (r->processed)
			continue;
		if (info->mode == MODE_GET)
			get(s, info, r);
		else
			get_next(s, r);
	}
	return SNMP_ERR_NOERROR;
}

/* --- registration --- */

int
snmp_subtree_register(struct snmp_subtree *s)
{
	const struct snmp_table *table = s->table;
	const bool writable = table->writable && s->set != NULL;
	netsnmp_handler_registration *reg =
	    netsnmp_create_handler_registration(table->name, handler, table->oid,
		table->oid_len, writable ? HANDLER_CAN_RWRITE : HANDLER_CAN_RONLY);

	if (reg == NULL)
		return -1; /* the process ends, so nothing is given back */
	reg->my_reg_void = s;
	if (s->set == NULL)
		reg->priority = SNMP_READ_ONLY_PRIORITY;
	return netsnmp_register_handler(reg) == MIB_REGISTERED_OK ? 0 : -1;
}

void
snmp_subtree_unregister(const struct snmp_subtree *s)
{
	oid name[MAX_OID_LEN];

	memcpy(name, s->table->oid, s->table->oid_len * sizeof(oid));
	(void)unregister_mib_priority(name, s->table->oid_len,
	    s->set == NULL ? SNMP_READ_ONLY_PRIORITY : DEFAULT_MIB_PRIORITY);
}
