/* SPDX-License-Identifier: ISC */
/* certconfLocalTable: the certificates of the device and their private keys. */
#include "handlers/snmp_tables.h"

#include <stdio.h>

#include "handlers/snmp_fact.h"
#include "mib/mib_oids.h"

#define NAME_MAX_SHOWN 64
#define WARN_DAYS_GLOBAL (-1)

/* The leaf; false while only the key is there. */
static bool
leaf(struct snmp_view *view, const struct snapshot_local *local, struct cert *ret_cert)
{
	if (local->count == 0)
		return false;
	snapshot_cert(&view->snapshot, local->first_cert, ret_cert);
	return true;
}

/* --- about the row --- */

static void
row_name(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;

	snmp_value_text(value, snapshot_text(&cell->view->snapshot, local->name),
	    NAME_MAX_SHOWN);
}

static void
key_status(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;

	snmp_value_enum(value, &key_status_names, local->key_status);
}

static void
key_id(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;
	struct cert cert;

	snmp_value_sha256(value,
	    leaf(cell->view, local, &cert) ? cert.key_id : local->key_id);
}

/* Where the generation in force keeps its files. */
static void
source(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;
	struct text name = snapshot_text(&cell->view->snapshot, local->name);
	char path[STATUS_TEXT + LIMIT_NAME + 32];

	if (cell->view->status.source[0] == '\0')
		path[0] = '\0';
	else
		(void)snprintf(path, sizeof(path), "%s/credentials/%.*s",
		    cell->view->status.source, (int)name.len, name.data);
	snmp_value_copy(value, text_of(path), LIMIT_TEXT);
}

static void
installed(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;

	if (local->count > 0)
		snmp_value_date(value, local->installed);
}

/* The row is the certificate: it changes when another one is installed. */
static void
row_changed(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;
	int64_t ago = cell->view->now - local->installed;

	if (local->installed < cell->view->status.started || ago < 0)
		snmp_value_ticks(value, 0);
	else
		snmp_value_ticks(value,
		    snmp_view_stamp(cell->view, cell->view->tick_ms - ago * 1000));
}

static void
monitored(const struct snmp_cell *cell, struct snmp_value *value)
{
	(void)cell; /* muting comes with the settings */
	snmp_value_truth(value, true);
}

static void
warn_days(const struct snmp_cell *cell, struct snmp_value *value)
{
	(void)cell;
	snmp_value_integer(value, WARN_DAYS_GLOBAL);
}

/* --- about its certificate and chain --- */

static void
validity(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, &validity_names,
	    local_validity(&cell->view->snapshot, cell->row, &cell->view->status,
		cell->view->now));
}

static void
chain_status(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;

	if (local->count > 0)
		snmp_value_enum(value, &chain_status_names,
		    local_chain_status(local, cell->view->now));
}

static void
chain_not_after(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;

	if (local->count > 0)
		snmp_value_date(value, local->chain_not_after);
}

static void
chain_length(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;

	if (local->count > 0)
		snmp_value_number(value, local->count - 1);
}

/* Whatever is a fact of the leaf alone. */
static void
fact(const struct snmp_cell *cell, struct snmp_value *value)
{
	struct cert cert;

	if (leaf(cell->view, cell->row, &cert))
		snmp_fact(value, &cert, cell->arg, cell->view->now);
}

static const struct snmp_column columns[] = {
	{ COLUMN_LOCAL_NAME, row_name, 0 },
	{ COLUMN_LOCAL_SUBJECT, fact, FACT_SUBJECT },
	{ COLUMN_LOCAL_ISSUER, fact, FACT_ISSUER },
	{ COLUMN_LOCAL_SERIAL, fact, FACT_SERIAL },
	{ COLUMN_LOCAL_NOT_BEFORE, fact, FACT_NOT_BEFORE },
	{ COLUMN_LOCAL_NOT_AFTER, fact, FACT_NOT_AFTER },
	{ COLUMN_LOCAL_NOT_BEFORE_TIME, fact, FACT_NOT_BEFORE_TIME },
	{ COLUMN_LOCAL_NOT_AFTER_TIME, fact, FACT_NOT_AFTER_TIME },
	{ COLUMN_LOCAL_DAYS_REMAINING, fact, FACT_DAYS_LEFT },
	{ COLUMN_LOCAL_SECS_REMAINING, fact, FACT_SECONDS_LEFT },
	{ COLUMN_LOCAL_LIFE_REMAINING, fact, FACT_LIFE_LEFT },
	{ COLUMN_LOCAL_STATUS, validity, 0 },
	{ COLUMN_LOCAL_KEY_STATUS, key_status, 0 },
	{ COLUMN_LOCAL_CHAIN_STATUS, chain_status, 0 },
	{ COLUMN_LOCAL_CHAIN_NOT_AFTER, chain_not_after, 0 },
	{ COLUMN_LOCAL_CHAIN_LENGTH, chain_length, 0 },
	{ COLUMN_LOCAL_FINGERPRINT, fact, FACT_FINGERPRINT },
	{ COLUMN_LOCAL_KEY_ID, key_id, 0 },
	{ COLUMN_LOCAL_KEY_ALGORITHM, fact, FACT_KEY_ALGORITHM },
	{ COLUMN_LOCAL_KEY_BITS, fact, FACT_KEY_BITS },
	{ COLUMN_LOCAL_SIG_ALGORITHM, fact, FACT_SIG_ALGORITHM },
	{ COLUMN_LOCAL_SELF_SIGNED, fact, FACT_SELF_SIGNED },
	{ COLUMN_LOCAL_KEY_USAGE, fact, FACT_KEY_USAGE },
	{ COLUMN_LOCAL_EXT_KEY_USAGE, fact, FACT_EXT_KEY_USAGE },
	{ COLUMN_LOCAL_SANS, fact, FACT_SANS },
	{ COLUMN_LOCAL_SOURCE, source, 0 },
	{ COLUMN_LOCAL_INSTALLED, installed, 0 },
	{ COLUMN_LOCAL_ROW_LAST_CHANGE, row_changed, 0 },
	{ COLUMN_LOCAL_MONITOR, monitored, 0 },
	{ COLUMN_LOCAL_WARN_DAYS, warn_days, 0 },
	{ COLUMN_LOCAL_SUBJECT_COUNTRY, fact, FACT_SUBJECT_PART + DN_C },
	{ COLUMN_LOCAL_SUBJECT_STATE, fact, FACT_SUBJECT_PART + DN_ST },
	{ COLUMN_LOCAL_SUBJECT_LOCALITY, fact, FACT_SUBJECT_PART + DN_L },
	{ COLUMN_LOCAL_SUBJECT_ORG, fact, FACT_SUBJECT_PART + DN_O },
	{ COLUMN_LOCAL_SUBJECT_ORG_UNIT, fact, FACT_SUBJECT_PART + DN_OU },
	{ COLUMN_LOCAL_SUBJECT_COMMON_NAME, fact, FACT_SUBJECT_PART + DN_CN },
	{ COLUMN_LOCAL_ISSUER_COUNTRY, fact, FACT_ISSUER_PART + DN_C },
	{ COLUMN_LOCAL_ISSUER_STATE, fact, FACT_ISSUER_PART + DN_ST },
	{ COLUMN_LOCAL_ISSUER_LOCALITY, fact, FACT_ISSUER_PART + DN_L },
	{ COLUMN_LOCAL_ISSUER_ORG, fact, FACT_ISSUER_PART + DN_O },
	{ COLUMN_LOCAL_ISSUER_ORG_UNIT, fact, FACT_ISSUER_PART + DN_OU },
	{ COLUMN_LOCAL_ISSUER_COMMON_NAME, fact, FACT_ISSUER_PART + DN_CN },
};

static size_t
count(const struct snmp_view *view)
{
	return view->snapshot.header->locals.count;
}

static const void *
row(const struct snmp_view *view, size_t n, uint32_t *ret_index)
{
	const struct snapshot_local *local = &view->snapshot.locals[n];

	*ret_index = local->index;
	return local;
}

static const unsigned long table_oid[] = { OID_LOCAL_ENTRY };

const struct snmp_table snmp_local_table = {
	.name = "certconfLocalTable",
	.oid = table_oid,
	.oid_len = nitems(table_oid),
	.columns = columns,
	.ncolumns = nitems(columns),
	.writable = true,
	.indices = 1,
	.count = count,
	.row = row,
};
