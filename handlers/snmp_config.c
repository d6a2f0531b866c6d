/* SPDX-License-Identifier: ISC */
/* certconfConfig: what is going on with the configuration, and asking for a change. */
#include "handlers/snmp_tables.h"

#include "handlers/snmp_field.h"
#include "mib/mib_oids.h"

#define SPIN_LOCK_MASK 0x7fffffffu /* TestAndIncr is 0..2147483647, RFC 2579 */

static void
spin_lock(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_integer(value, cell->view->status.spin_lock & SPIN_LOCK_MASK);
}

static void
source(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_text(value, text_of(cell->view->status.import_source), LIMIT_TEXT);
}

static void
action(const struct snmp_cell *cell, struct snmp_value *value)
{
	(void)cell;
	snmp_value_enum(value, &action_names, ACTION_NOOP);
}

static void
candidate_since(const struct snmp_cell *cell, struct snmp_value *value)
{
	if (cell->view->status.has_candidate)
		snmp_value_date(value, cell->view->status.candidate_since);
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

#define ROW struct status

static const struct snmp_column columns[] = {
	GETTER(SCALAR_CFG_SPIN_LOCK, spin_lock),
	GETTER(SCALAR_CFG_SOURCE, source),
	GETTER(SCALAR_CFG_ACTION, action),
	FIELD(SCALAR_CFG_CONFIRM_TIMEOUT, ROW, confirm_timeout, snmp_field_number),
	FIELD_ENUM(SCALAR_CFG_STATE, ROW, config_state, config_state_names),
	FIELD(SCALAR_CFG_CANDIDATE_FPRINT, ROW, candidate_sha256, snmp_field_sha256),
	FIELD(SCALAR_CFG_CANDIDATE_USER, ROW, candidate_user, snmp_field_text),
	GETTER(SCALAR_CFG_CANDIDATE_SINCE, candidate_since),
	FIELD(SCALAR_CFG_LOCK_USER, ROW, lock_user, snmp_field_text),
	FIELD_ENUM(SCALAR_CFG_LAST_ACTION, ROW, last_action, action_names),
	FIELD_ENUM(SCALAR_CFG_LAST_RESULT, ROW, last_result, action_result_names),
	GETTER(SCALAR_CFG_LAST_ERROR, last_error),
	GETTER(SCALAR_CFG_LAST_ERROR_TEXT, last_error_text),
	FIELD(SCALAR_CFG_LAST_START, ROW, last_start, snmp_field_date),
	FIELD(SCALAR_CFG_LAST_END, ROW, last_end, snmp_field_date),
	FIELD(SCALAR_CFG_LAST_USER, ROW, last_user, snmp_field_text),
	FIELD(SCALAR_CFG_GENERATION, ROW, generation, snmp_field_number),
	FIELD(SCALAR_CFG_RUNNING_SINCE, ROW, running_since, snmp_field_date),
	FIELD(SCALAR_CFG_KEPT_IMPORTS, ROW, nkept, snmp_field_number),
};

static const unsigned long group_oid[] = { OID_CONFIG };

const struct snmp_table snmp_config_group = {
	SNMP_GROUP("certconfConfig", group_oid, columns),
};
