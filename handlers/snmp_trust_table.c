/* SPDX-License-Identifier: ISC */
/* certconfTrustTable: the anchors that others are verified against. */
#include "handlers/snmp_tables.h"

#include <stdio.h>

#include "handlers/snmp_fact.h"
#include "mib/mib_oids.h"

#define NAME_MAX_SHOWN 64

static void
row_name(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_trust *trust = cell->row;

	snmp_value_text(value, snapshot_text(&cell->view->snapshot, trust->name),
	    NAME_MAX_SHOWN);
}

static void
source(const struct snmp_cell *cell, struct snmp_value *value)
{
	char path[STATUS_TEXT + 32] = "";

	if (cell->view->status.source[0] != '\0')
		(void)snprintf(path, sizeof(path), "%s/trust/ca.pem",
		    cell->view->status.source);
	snmp_value_copy(value, text_of(path), LIMIT_TEXT);
}

static void
monitored(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_trust *trust = cell->row;

	snmp_value_truth(value, trust->muted == 0);
}

static const struct snmp_column columns[] = {
	GETTER(COLUMN_TRUST_NAME, row_name),
	FACT(COLUMN_TRUST_SUBJECT, SUBJECT),
	FACT(COLUMN_TRUST_ISSUER, ISSUER),
	FACT(COLUMN_TRUST_SERIAL, SERIAL),
	FACT(COLUMN_TRUST_NOT_BEFORE, NOT_BEFORE),
	FACT(COLUMN_TRUST_NOT_AFTER, NOT_AFTER),
	FACT(COLUMN_TRUST_NOT_AFTER_TIME, NOT_AFTER_TIME),
	FACT(COLUMN_TRUST_DAYS_REMAINING, DAYS_LEFT),
	GETTER(COLUMN_TRUST_STATUS, snmp_fact_validity),
	FACT(COLUMN_TRUST_FINGERPRINT, FINGERPRINT),
	FACT(COLUMN_TRUST_KEY_ALGORITHM, KEY_ALGORITHM),
	FACT(COLUMN_TRUST_KEY_BITS, KEY_BITS),
	FACT(COLUMN_TRUST_SELF_SIGNED, SELF_SIGNED),
	GETTER(COLUMN_TRUST_SOURCE, source),
	GETTER(COLUMN_TRUST_MONITOR, monitored),
	DN_COLUMNS(TRUST),
};

static size_t
count(const struct snmp_view *view)
{
	return view->snapshot.header->trusts.count;
}

static const void *
row(const struct snmp_view *view, size_t n, uint32_t *ret_index)
{
	const struct snapshot_trust *trust = &view->snapshot.trusts[n];

	*ret_index = trust->index;
	return trust;
}

static uint32_t
anchor(const struct snmp_cell *cell)
{
	const struct snapshot_trust *trust = cell->row;

	return trust->cert;
}

static const unsigned long table_oid[] = { OID_TRUST_ENTRY };

const struct snmp_table snmp_trust_table = {
	SNMP_TABLE("certconfTrustTable", table_oid, columns),
	.writable = true,
	.indices = 1,
	.count = count,
	.row = row,
	.cert = anchor,
};
