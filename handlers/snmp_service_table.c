/* SPDX-License-Identifier: ISC */
/* certconfServiceTable: whether the services really use what is in force. */
#include "handlers/snmp_tables.h"

#include "handlers/snmp_field.h"
#include "mib/mib_oids.h"

#define ROW struct status_service

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

static const struct snmp_column columns[] = {
	FIELD(COLUMN_SERVICE_NAME, ROW, name, snmp_field_text),
	FIELD(COLUMN_SERVICE_ENABLED, ROW, enabled, snmp_field_truth),
	FIELD_ENUM(COLUMN_SERVICE_FEATURE, ROW, feature, feature_state_names),
	FIELD(COLUMN_SERVICE_LOCAL_INDEX, ROW, local_index, snmp_field_number),
	FIELD_ENUM(COLUMN_SERVICE_STATE, ROW, state, service_state_names),
	FIELD_ENUM(COLUMN_SERVICE_IN_SYNC, ROW, in_sync, sync_state_names),
	GETTER(COLUMN_SERVICE_SERVED_FPRINT, served),
	GETTER(COLUMN_SERVICE_SERVED_NOT_AFTER, served_not_after),
	FIELD(COLUMN_SERVICE_LAST_PROBE, ROW, last_probe, snmp_field_date),
	FIELD(COLUMN_SERVICE_LAST_RESTART, ROW, last_restart, snmp_field_date),
	FIELD_ENUM(COLUMN_SERVICE_LAST_RESULT, ROW, last_result, action_result_names),
	FIELD(COLUMN_SERVICE_RESTARTS, ROW, restarts, snmp_field_counter),
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
	SNMP_TABLE("certconfServiceTable", table_oid, columns),
	.indices = 1,
	.count = count,
	.row = row,
};
