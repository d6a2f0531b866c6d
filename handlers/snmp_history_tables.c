/* SPDX-License-Identifier: ISC */
/* certconfCommitTable and certconfNotifyLogTable: what happened lately. */
#include "handlers/snmp_tables.h"

#include "agent/proto.h"
#include "handlers/snmp_field.h"
#include "mib/mib_oids.h"

/* --- commits --- */

#define ROW struct status_commit

static const struct snmp_column commit_columns[] = {
	FIELD(COLUMN_COMMIT_TIME, ROW, time, snmp_field_date),
	FIELD(COLUMN_COMMIT_USER, ROW, user, snmp_field_text),
	FIELD_ENUM(COLUMN_COMMIT_ORIGIN, ROW, origin, origin_names),
	FIELD_ENUM(COLUMN_COMMIT_RESULT, ROW, result, action_result_names),
	FIELD(COLUMN_COMMIT_ERROR_TEXT, ROW, error_text, snmp_field_text),
};

static size_t
commit_count(const struct snmp_view *view)
{
	return view->ncommits;
}

static const void *
commit_row(const struct snmp_view *view, size_t n, uint32_t ret_index[SNMP_INDICES])
{
	ret_index[0] = (uint32_t)view->commits[n]->generation;
	return view->commits[n];
}

static const unsigned long commit_oid[] = { OID_COMMIT_ENTRY };

const struct snmp_table snmp_commit_table = {
	SNMP_TABLE("certconfCommitTable", commit_oid, commit_columns),
	.indices = 1,
	.count = commit_count,
	.row = commit_row,
};

/* --- notifications --- */

#undef ROW
#define ROW struct status_notice

/* Kinds are in the order of their OIDs, from 1. */
static void
notice_type(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_notice *notice = cell->row;

	if (notice->kind < NOTIFY_KIND_MAX)
		snmp_value_oid(value,
		    (const unsigned long[]){ OID_NOTIFICATIONS, notice->kind + 1ul },
		    sizeof((unsigned long[]){ OID_NOTIFICATIONS, 0 }) /
			sizeof(unsigned long));
}

static const struct snmp_column log_columns[] = {
	FIELD(COLUMN_NOTIFY_LOG_TIME, ROW, time, snmp_field_date),
	GETTER(COLUMN_NOTIFY_LOG_TYPE, notice_type),
	FIELD(COLUMN_NOTIFY_LOG_TEXT, ROW, text, snmp_field_text),
};

static size_t
log_count(const struct snmp_view *view)
{
	return view->nnotices;
}

static const void *
log_row(const struct snmp_view *view, size_t n, uint32_t ret_index[SNMP_INDICES])
{
	ret_index[0] = view->notices[n]->seq;
	return view->notices[n];
}

static const unsigned long log_oid[] = { OID_NOTIFY_LOG_ENTRY };

const struct snmp_table snmp_log_table = {
	SNMP_TABLE("certconfNotifyLogTable", log_oid, log_columns),
	.indices = 1,
	.count = log_count,
	.row = log_row,
};
