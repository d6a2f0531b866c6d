/* SPDX-License-Identifier: ISC */
/*
 * certconfChainTable and certconfSanTable: what belongs to a local certificate in any
 * number.  The view says how many of them come before each certificate.
 */
#include "handlers/snmp_tables.h"

#include "handlers/snmp_fact.h"
#include "mib/mib_oids.h"

/* Row n, as the certificate it belongs to and its place there. */
static const struct snapshot_local *
place(const struct snmp_view *view, const uint32_t *before, size_t n,
    uint32_t ret_index[SNMP_INDICES])
{
	const uint32_t owner = snmp_view_owner(view, before, (uint32_t)n);
	const struct snapshot_local *local = &view->snapshot.locals[owner];

	ret_index[0] = local->index;
	ret_index[1] = (uint32_t)n - before[owner] + 1;
	return local;
}

/* --- intermediates --- */

static const struct snmp_column chain_columns[] = {
	FACT(COLUMN_CHAIN_SUBJECT, SUBJECT),
	FACT(COLUMN_CHAIN_ISSUER, ISSUER),
	FACT(COLUMN_CHAIN_NOT_AFTER, NOT_AFTER),
	FACT(COLUMN_CHAIN_DAYS_REMAINING, DAYS_LEFT),
	GETTER(COLUMN_CHAIN_STATUS, snmp_fact_validity),
	FACT(COLUMN_CHAIN_FINGERPRINT, FINGERPRINT),
};

static size_t
chain_count(const struct snmp_view *view)
{
	return view->nchain;
}

static const void *
chain_row(const struct snmp_view *view, size_t n, uint32_t ret_index[SNMP_INDICES])
{
	return place(view, view->chain_before, n, ret_index);
}

static uint32_t
intermediate(const struct snmp_cell *cell)
{
	const struct snapshot_local *local = cell->row;

	return local->first_cert + cell->index[1];
}

static const unsigned long chain_oid[] = { OID_CHAIN_ENTRY };

const struct snmp_table snmp_chain_table = {
	SNMP_TABLE("certconfChainTable", chain_oid, chain_columns),
	.indices = 2,
	.count = chain_count,
	.row = chain_row,
	.cert = intermediate,
};

/* --- alternative names --- */

static void
san_type(const struct snmp_cell *cell, struct snmp_value *value)
{
	static const int types[SAN_TYPE_MAX] = {
		[SAN_OTHER] = MIB_SAN_TYPE_OTHER,
		[SAN_DNS] = MIB_SAN_TYPE_DNS,
		[SAN_IP] = MIB_SAN_TYPE_IP_ADDRESS,
		[SAN_EMAIL] = MIB_SAN_TYPE_EMAIL,
		[SAN_URI] = MIB_SAN_TYPE_URI,
		[SAN_DIRECTORY] = MIB_SAN_TYPE_DIRECTORY_NAME,
	};
	const struct snapshot_san *san = cell->row;

	snmp_value_integer(value, types[san->type]); /* snapshot_open() looked */
}

static void
san_value(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot_san *san = cell->row;

	snmp_value_text(value, snapshot_text(&cell->view->snapshot, san->value),
	    LIMIT_TEXT);
}

static const struct snmp_column san_columns[] = {
	GETTER(COLUMN_SAN_TYPE, san_type),
	GETTER(COLUMN_SAN_VALUE, san_value),
};

static size_t
san_count(const struct snmp_view *view)
{
	return view->nsans;
}

static const void *
san_row(const struct snmp_view *view, size_t n, uint32_t ret_index[SNMP_INDICES])
{
	const struct snapshot_local *local =
	    place(view, view->san_before, n, ret_index);
	uint32_t count, first;

	first = snapshot_sans(&view->snapshot, local->first_cert, &count);
	return &view->snapshot.sans[first + ret_index[1] - 1];
}

static const unsigned long san_oid[] = { OID_SAN_ENTRY };

const struct snmp_table snmp_san_table = {
	SNMP_TABLE("certconfSanTable", san_oid, san_columns),
	.indices = 2,
	.count = san_count,
	.row = san_row,
};
