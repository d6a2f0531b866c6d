/* SPDX-License-Identifier: ISC */
/* certconfSystem, the device at a glance, and certconfNotifyControl. */
#include "handlers/snmp_tables.h"

#include "handlers/snmp_field.h"
#include "mib/mib_oids.h"

#define VERSION_MAX 64
#define ROW struct status
#define NOTIFY_CLASSES 8 /* bits of certconfNotifyEnable */

const void *
snmp_status_row(const struct snmp_view *view, size_t n,
    uint32_t ret_index[SNMP_INDICES])
{
	(void)n;
	ret_index[0] = 0;
	return &view->status;
}

/* --- certconfSystem --- */

static void
oper_mode(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, &verify_mode_names,
	    cell->view->snapshot.header->verify_mode);
}

static void
overall(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, &severity_names, snmp_view_summary(cell->view)->overall);
}

/* The earliest end of the certificates, or of the anchors if arg says so. */
enum { EARLIEST_LOCAL, EARLIEST_TRUST };

static bool
has_earliest(const struct snmp_cell *cell, int64_t *ret_not_after)
{
	const struct summary *summary = snmp_view_summary(cell->view);

	if (cell->column->arg == EARLIEST_TRUST) {
		*ret_not_after = summary->trust_earliest_not_after;
		return summary->trust_judged > 0;
	}
	*ret_not_after = summary->earliest_not_after;
	return summary->earliest_index != 0;
}

static void
earliest_not_after(const struct snmp_cell *cell, struct snmp_value *value)
{
	int64_t not_after;

	if (has_earliest(cell, &not_after))
		snmp_value_date(value, not_after);
}

static void
earliest_days(const struct snmp_cell *cell, struct snmp_value *value)
{
	struct cert cert = { 0 };

	if (has_earliest(cell, &cert.not_after))
		snmp_value_integer(value,
		    cert_days_left(&cert, (time_t)cell->view->now));
}

static void
earliest_index(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_number(value, snmp_view_summary(cell->view)->earliest_index);
}

/* One of the counts of the summary: arg is where it is. */
static void
summary_count(const struct snmp_cell *cell, struct snmp_value *value)
{
	const char *summary = (const char *)snmp_view_summary(cell->view);

	snmp_value_number(value,
	    *(const uint32_t *)(const void *)(summary + cell->column->arg));
}

/* sysUpTime when what arg tells in the status was changed. */
static void
last_change(const struct snmp_cell *cell, struct snmp_value *value)
{
	const char *status = (const char *)&cell->view->status;

	snmp_value_ticks(value,
	    snmp_view_stamp(cell->view,
		*(const int64_t *)(const void *)(status + cell->column->arg)));
}

static void
system_time(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_date(value, cell->view->now);
}

static void
factory_in_use(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_truth(value, snmp_view_summary(cell->view)->factory_in_use);
}

static void
daemon_version(const struct snmp_cell *cell, struct snmp_value *value)
{
	(void)cell;
	snmp_value_text(value, text_of(PACKAGE_VERSION), VERSION_MAX);
}

#define COUNT(n, member) GETTER_OF(n, summary_count, offsetof(struct summary, member))

static const struct snmp_column system_columns[] = {
	FIELD_ENUM(SCALAR_VERIFY_ADMIN_MODE, ROW, admin_mode, verify_mode_names),
	GETTER(SCALAR_VERIFY_OPER_MODE, oper_mode),
	GETTER(SCALAR_OVERALL_STATUS, overall),
	GETTER_OF(SCALAR_EARLIEST_NOT_AFTER, earliest_not_after, EARLIEST_LOCAL),
	GETTER_OF(SCALAR_EARLIEST_DAYS, earliest_days, EARLIEST_LOCAL),
	GETTER(SCALAR_EARLIEST_INDEX, earliest_index),
	COUNT(SCALAR_LOCAL_COUNT, local_count),
	COUNT(SCALAR_LOCAL_WARN_COUNT, local_warn),
	COUNT(SCALAR_LOCAL_EXPIRED_COUNT, local_expired),
	COUNT(SCALAR_LOCAL_FAULT_COUNT, local_fault),
	COUNT(SCALAR_TRUST_COUNT, trust_count),
	COUNT(SCALAR_TRUST_WARN_COUNT, trust_warn),
	COUNT(SCALAR_TRUST_EXPIRED_COUNT, trust_expired),
	GETTER_OF(SCALAR_TRUST_EARLIEST_NOT_AFTER, earliest_not_after, EARLIEST_TRUST),
	GETTER_OF(SCALAR_TRUST_EARLIEST_DAYS, earliest_days, EARLIEST_TRUST),
	GETTER_OF(SCALAR_LOCAL_LAST_CHANGE, last_change, offsetof(ROW, local_changed)),
	GETTER_OF(SCALAR_TRUST_LAST_CHANGE, last_change, offsetof(ROW, trust_changed)),
	GETTER(SCALAR_SYSTEM_TIME, system_time),
	FIELD_ENUM(SCALAR_CLOCK_STATUS, ROW, clock, clock_status_names),
	FIELD(SCALAR_RESTART_PENDING, ROW, restart_pending, snmp_field_truth),
	GETTER(SCALAR_FACTORY_IN_USE, factory_in_use),
	FIELD(SCALAR_LAST_LOAD_TIME, ROW, last_load, snmp_field_date),
	FIELD(SCALAR_LOADS, ROW, loads, snmp_field_counter),
	FIELD(SCALAR_LOAD_ERRORS, ROW, load_errors, snmp_field_counter),
	FIELD(SCALAR_MODEL, ROW, model, snmp_field_text),
	GETTER(SCALAR_DAEMON_VERSION, daemon_version),
};

static const unsigned long system_oid[] = { OID_SYSTEM };

const struct snmp_table snmp_system_group = {
	SNMP_GROUP("certconfSystem", system_oid, system_columns),
};

/* --- certconfNotifyControl --- */

static void
notify_enable(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_bits(value, cell->view->snapshot.header->settings.notify_enable,
	    NOTIFY_CLASSES);
}

/* One of the thresholds: arg is enum setting. */
static void
setting(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_number(value,
	    setting_get(&cell->view->snapshot.header->settings,
		(enum setting)cell->column->arg));
}

static const struct snmp_column notify_columns[] = {
	GETTER(SCALAR_NOTIFY_ENABLE, notify_enable),
	GETTER_OF(SCALAR_WARN_DAYS, setting, SETTING_WARN_DAYS),
	GETTER_OF(SCALAR_WARN_PERCENT, setting, SETTING_WARN_PERCENT),
	GETTER_OF(SCALAR_CRIT_DAYS, setting, SETTING_CRIT_DAYS),
	GETTER_OF(SCALAR_CRIT_PERCENT, setting, SETTING_CRIT_PERCENT),
	GETTER_OF(SCALAR_REPEAT_INTERVAL, setting, SETTING_REPEAT_HOURS),
	GETTER_OF(SCALAR_NOTIFY_MIN_INTERVAL, setting, SETTING_MIN_INTERVAL),
	FIELD(SCALAR_NOTIFY_SUPPRESSED, ROW, notify_suppressed, snmp_field_counter),
	FIELD(SCALAR_NOTIFY_LAST_SEQ, ROW, notify_last_seq, snmp_field_counter),
};

static const unsigned long notify_oid[] = { OID_NOTIFY_CONTROL };

const struct snmp_table snmp_notify_control_group = {
	SNMP_GROUP("certconfNotifyControl", notify_oid, notify_columns),
};
