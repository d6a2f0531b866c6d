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
fact(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_trust *trust = cell->row;
	struct cert cert;

	snapshot_cert(&cell->view->snapshot, trust->cert, &cert);
	snmp_fact(value, &cert, cell->arg, cell->view->now);
}

static void
validity(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_trust *trust = cell->row;
	const struct status *status = &cell->view->status;
	int64_t from, to;

	snapshot_dates(&cell->view->snapshot, trust->cert, &from, &to);
	snmp_value_enum(value, &validity_names,
	    validity_of(from, to, cell->view->now, status->clock,
		&cell->view->snapshot.header->settings));
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
	(void)cell; /* muting comes with the settings */
	snmp_value_truth(value, true);
}

static const struct snmp_column columns[] = {
	{ COLUMN_TRUST_NAME, row_name, 0 },
	{ COLUMN_TRUST_SUBJECT, fact, FACT_SUBJECT },
	{ COLUMN_TRUST_ISSUER, fact, FACT_ISSUER },
	{ COLUMN_TRUST_SERIAL, fact, FACT_SERIAL },
	{ COLUMN_TRUST_NOT_BEFORE, fact, FACT_NOT_BEFORE },
	{ COLUMN_TRUST_NOT_AFTER, fact, FACT_NOT_AFTER },
	{ COLUMN_TRUST_NOT_AFTER_TIME, fact, FACT_NOT_AFTER_TIME },
	{ COLUMN_TRUST_DAYS_REMAINING, fact, FACT_DAYS_LEFT },
	{ COLUMN_TRUST_STATUS, validity, 0 },
	{ COLUMN_TRUST_FINGERPRINT, fact, FACT_FINGERPRINT },
	{ COLUMN_TRUST_KEY_ALGORITHM, fact, FACT_KEY_ALGORITHM },
	{ COLUMN_TRUST_KEY_BITS, fact, FACT_KEY_BITS },
	{ COLUMN_TRUST_SELF_SIGNED, fact, FACT_SELF_SIGNED },
	{ COLUMN_TRUST_SOURCE, source, 0 },
	{ COLUMN_TRUST_MONITOR, monitored, 0 },
	{ COLUMN_TRUST_SUBJECT_COUNTRY, fact, FACT_SUBJECT_PART + DN_C },
	{ COLUMN_TRUST_SUBJECT_STATE, fact, FACT_SUBJECT_PART + DN_ST },
	{ COLUMN_TRUST_SUBJECT_LOCALITY, fact, FACT_SUBJECT_PART + DN_L },
	{ COLUMN_TRUST_SUBJECT_ORG, fact, FACT_SUBJECT_PART + DN_O },
	{ COLUMN_TRUST_SUBJECT_ORG_UNIT, fact, FACT_SUBJECT_PART + DN_OU },
	{ COLUMN_TRUST_SUBJECT_COMMON_NAME, fact, FACT_SUBJECT_PART + DN_CN },
	{ COLUMN_TRUST_ISSUER_COUNTRY, fact, FACT_ISSUER_PART + DN_C },
	{ COLUMN_TRUST_ISSUER_STATE, fact, FACT_ISSUER_PART + DN_ST },
	{ COLUMN_TRUST_ISSUER_LOCALITY, fact, FACT_ISSUER_PART + DN_L },
	{ COLUMN_TRUST_ISSUER_ORG, fact, FACT_ISSUER_PART + DN_O },
	{ COLUMN_TRUST_ISSUER_ORG_UNIT, fact, FACT_ISSUER_PART + DN_OU },
	{ COLUMN_TRUST_ISSUER_COMMON_NAME, fact, FACT_ISSUER_PART + DN_CN },
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

static const unsigned long table_oid[] = { OID_TRUST_ENTRY };

const struct snmp_table snmp_trust_table = {
	.name = "certconfTrustTable",
	.oid = table_oid,
	.oid_len = nitems(table_oid),
	.columns = columns,
	.ncolumns = nitems(columns),
	.writable = true,
	.indices = 1,
	.count = count,
	.row = row,
};
