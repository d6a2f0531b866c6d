/* SPDX-License-Identifier: ISC */
/* certconfServiceTable: whether the services really use what is in force. */
#include "handlers/snmp_tables.h"

#include "mib/mib_oids.h"

#define NAME_MAX_SHOWN 64

static void
row_name(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	snmp_value_text(value, text_of(service->name), NAME_MAX_SHOWN);
}

static void
enabled(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	snmp_value_truth(value, service->enabled != 0);
}

static void
feature(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	snmp_value_enum(value, &feature_state_names, service->feature);
}

static void
local_index(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	snmp_value_number(value, service->local_index);
}

static void
state(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	snmp_value_enum(value, &service_state_names, service->state);
}

static void
in_sync(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	snmp_value_enum(value, &sync_state_names, service->in_sync);
}

static void
served(const struct snmp_cell *cell, struct snmp_value *value)
{
	static const uint8_t none[SHA256_SIZE];
	const struct status_service *service = cell->row;

	snmp_value_sha256(value, service->has_served ? service->served.leaf : none);
}

static void
served_not_after(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	if (service->has_served)
		snmp_value_date(value, service->served_not_after);
}

static void
last_probe(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	if (service->last_probe != 0)
		snmp_value_date(value, service->last_probe);
}

static void
last_restart(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	if (service->last_restart != 0)
		snmp_value_date(value, service->last_restart);
}

static void
last_result(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	snmp_value_enum(value, &action_result_names, service->last_result);
}

static void
restarts(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct status_service *service = cell->row;

	snmp_value_counter(value, service->restarts);
}

static const struct snmp_column columns[] = {
	{ COLUMN_SERVICE_NAME, row_name, 0 },
	{ COLUMN_SERVICE_ENABLED, enabled, 0 },
	{ COLUMN_SERVICE_FEATURE, feature, 0 },
	{ COLUMN_SERVICE_LOCAL_INDEX, local_index, 0 },
	{ COLUMN_SERVICE_STATE, state, 0 },
	{ COLUMN_SERVICE_IN_SYNC, in_sync, 0 },
	{ COLUMN_SERVICE_SERVED_FPRINT, served, 0 },
	{ COLUMN_SERVICE_SERVED_NOT_AFTER, served_not_after, 0 },
	{ COLUMN_SERVICE_LAST_PROBE, last_probe, 0 },
	{ COLUMN_SERVICE_LAST_RESTART, last_restart, 0 },
	{ COLUMN_SERVICE_LAST_RESULT, last_result, 0 },
	{ COLUMN_SERVICE_RESTARTS, restarts, 0 },
};

static size_t
count(const struct snmp_view *view)
{
	return view->nservices;
}

static const void *
row(const struct snmp_view *view, size_t n, uint32_t *ret_index)
{
	const struct status_service *service = view->services[n];

	*ret_index = service->index;
	return service;
}

static const unsigned long table_oid[] = { OID_SERVICE_ENTRY };

const struct snmp_table snmp_service_table = {
	.name = "certconfServiceTable",
	.oid = table_oid,
	.oid_len = nitems(table_oid),
	.columns = columns,
	.ncolumns = nitems(columns),
	.indices = 1,
	.count = count,
	.row = row,
};
