/* SPDX-License-Identifier: ISC */
/* certconfConfig: what is going on with the configuration, and asking for a change. */
#include "handlers/snmp_tables.h"

#include "mib/mib_oids.h"

#define USER_MAX_SHOWN 64
#define SPIN_LOCK_MASK 0x7fffffffu /* TestAndIncr is 0..2147483647, RFC 2579 */

static void
spin_lock(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_integer(value, cell->view->status.spin_lock & SPIN_LOCK_MASK);
}

static void
source(const struct snmp_cell *cell, struct snmp_value *value)
{
	(void)cell; /* no document is imported by SNMP yet */
	snmp_value_text(value, text_of(""), LIMIT_TEXT);
}

static void
action(const struct snmp_cell *cell, struct snmp_value *value)
{
	(void)cell;
	snmp_value_enum(value, &action_names, ACTION_NOOP);
}

static void
confirm_timeout(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_number(value, cell->view->status.confirm_timeout);
}

static void
state(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, &config_state_names, cell->view->status.config_state);
}

static void
candidate_fingerprint(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_sha256(value, cell->view->status.candidate_sha256);
}

static void
candidate_user(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_text(value, text_of(cell->view->status.candidate_user),
	    USER_MAX_SHOWN);
}

static void
candidate_since(const struct snmp_cell *cell, struct snmp_value *value)
{
	if (cell->view->status.has_candidate)
		snmp_value_date(value, cell->view->status.candidate_since);
}

static void
lock_user(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_text(value, text_of(cell->view->status.lock_user), USER_MAX_SHOWN);
}

static void
last_action(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, &action_names, cell->view->status.last_action);
}

static void
last_result(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, &action_result_names, cell->view->status.last_result);
}

static void
last_error(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_integer(value, err_kind(cell->view->status.last_error.code)->mib);
}

static void
last_error_text(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_error(value, &cell->view->status.last_error);
}

static void
last_start(const struct snmp_cell *cell, struct snmp_value *value)
{
	if (cell->view->status.last_start != 0)
		snmp_value_date(value, cell->view->status.last_start);
}

static void
last_end(const struct snmp_cell *cell, struct snmp_value *value)
{
	if (cell->view->status.last_end != 0)
		snmp_value_date(value, cell->view->status.last_end);
}

static void
last_user(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_text(value, text_of(cell->view->status.last_user), USER_MAX_SHOWN);
}

static void
generation(const struct snmp_cell *cell, struct snmp_value *value)
{
	uint64_t n = cell->view->status.generation;

	snmp_value_number(value, n > UINT32_MAX ? UINT32_MAX : (int64_t)n);
}

static void
running_since(const struct snmp_cell *cell, struct snmp_value *value)
{
	if (cell->view->status.running_since != 0)
		snmp_value_date(value, cell->view->status.running_since);
}

static const struct snmp_column columns[] = {
	{ SCALAR_CFG_SPIN_LOCK, spin_lock, 0 },
	{ SCALAR_CFG_SOURCE, source, 0 },
	{ SCALAR_CFG_ACTION, action, 0 },
	{ SCALAR_CFG_CONFIRM_TIMEOUT, confirm_timeout, 0 },
	{ SCALAR_CFG_STATE, state, 0 },
	{ SCALAR_CFG_CANDIDATE_FPRINT, candidate_fingerprint, 0 },
	{ SCALAR_CFG_CANDIDATE_USER, candidate_user, 0 },
	{ SCALAR_CFG_CANDIDATE_SINCE, candidate_since, 0 },
	{ SCALAR_CFG_LOCK_USER, lock_user, 0 },
	{ SCALAR_CFG_LAST_ACTION, last_action, 0 },
	{ SCALAR_CFG_LAST_RESULT, last_result, 0 },
	{ SCALAR_CFG_LAST_ERROR, last_error, 0 },
	{ SCALAR_CFG_LAST_ERROR_TEXT, last_error_text, 0 },
	{ SCALAR_CFG_LAST_START, last_start, 0 },
	{ SCALAR_CFG_LAST_END, last_end, 0 },
	{ SCALAR_CFG_LAST_USER, last_user, 0 },
	{ SCALAR_CFG_GENERATION, generation, 0 },
	{ SCALAR_CFG_RUNNING_SINCE, running_since, 0 },
};

static const unsigned long group_oid[] = { OID_CONFIG };

const struct snmp_table snmp_config_group = {
	.name = "certconfConfig",
	.oid = group_oid,
	.oid_len = nitems(group_oid),
	.columns = columns,
	.ncolumns = nitems(columns),
	.writable = true,
};
