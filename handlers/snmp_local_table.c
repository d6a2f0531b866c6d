/* SPDX-License-Identifier: ISC */
/* certconfLocalTable: the certificates of the device and their private keys. */
#include "handlers/snmp_tables.h"

#include <stdio.h>

#include "handlers/snmp_fact.h"
#include "mib/mib_oids.h"

#define NAME_MAX_SHOWN 64

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

/* Of the certificate; while only the key is there, of the key. */
static void
key_id(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;
	struct cert cert;

	if (local->count > 0)
		snapshot_cert(&cell->view->snapshot, local->first_cert, &cert);
	snmp_value_sha256(value, local->count > 0 ? cert.key_id : local->key_id);
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
	const struct snapshot_local *local = cell->row;

	snmp_value_truth(value, local->muted == 0);
}

static void
warn_days(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_local *local = cell->row;

	snmp_value_integer(value, local->warn_days);
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

static const struct snmp_column columns[] = {
	GETTER(COLUMN_LOCAL_NAME, row_name),
	FACT(COLUMN_LOCAL_SUBJECT, SUBJECT),
	FACT(COLUMN_LOCAL_ISSUER, ISSUER),
	FACT(COLUMN_LOCAL_SERIAL, SERIAL),
	FACT(COLUMN_LOCAL_NOT_BEFORE, NOT_BEFORE),
	FACT(COLUMN_LOCAL_NOT_AFTER, NOT_AFTER),
	FACT(COLUMN_LOCAL_NOT_BEFORE_TIME, NOT_BEFORE_TIME),
	FACT(COLUMN_LOCAL_NOT_AFTER_TIME, NOT_AFTER_TIME),
	FACT(COLUMN_LOCAL_DAYS_REMAINING, DAYS_LEFT),
	FACT(COLUMN_LOCAL_SECS_REMAINING, SECONDS_LEFT),
	FACT(COLUMN_LOCAL_LIFE_REMAINING, LIFE_LEFT),
	GETTER(COLUMN_LOCAL_STATUS, validity),
	GETTER(COLUMN_LOCAL_KEY_STATUS, key_status),
	GETTER(COLUMN_LOCAL_CHAIN_STATUS, chain_status),
	GETTER(COLUMN_LOCAL_CHAIN_NOT_AFTER, chain_not_after),
	GETTER(COLUMN_LOCAL_CHAIN_LENGTH, chain_length),
	FACT(COLUMN_LOCAL_FINGERPRINT, FINGERPRINT),
	GETTER(COLUMN_LOCAL_KEY_ID, key_id),
	FACT(COLUMN_LOCAL_KEY_ALGORITHM, KEY_ALGORITHM),
	FACT(COLUMN_LOCAL_KEY_BITS, KEY_BITS),
	FACT(COLUMN_LOCAL_SIG_ALGORITHM, SIG_ALGORITHM),
	FACT(COLUMN_LOCAL_SELF_SIGNED, SELF_SIGNED),
	FACT(COLUMN_LOCAL_KEY_USAGE, KEY_USAGE),
	FACT(COLUMN_LOCAL_EXT_KEY_USAGE, EXT_KEY_USAGE),
	FACT(COLUMN_LOCAL_SANS, SANS),
	GETTER(COLUMN_LOCAL_SOURCE, source),
	GETTER(COLUMN_LOCAL_INSTALLED, installed),
	GETTER(COLUMN_LOCAL_ROW_LAST_CHANGE, row_changed),
	GETTER(COLUMN_LOCAL_MONITOR, monitored),
	GETTER(COLUMN_LOCAL_WARN_DAYS, warn_days),
	DN_COLUMNS(LOCAL),
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

/* The leaf; there is none while only the key is there. */
static uint32_t
leaf(const struct snmp_cell *cell)
{
	const struct snapshot_local *local = cell->row;

	return local->count > 0 ? local->first_cert : NO_CERT;
}

static const unsigned long table_oid[] = { OID_LOCAL_ENTRY };

const struct snmp_table snmp_local_table = {
	SNMP_TABLE("certconfLocalTable", table_oid, columns),
	.writable = true,
	.indices = 1,
	.count = count,
	.row = row,
	.cert = leaf,
};
