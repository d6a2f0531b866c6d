/* SPDX-License-Identifier: ISC */
/* certconfSystem, the device at a glance, and certconfNotifyControl. */
#include "handlers/snmp_tables.h"

#include "mib/mib_oids.h"

#define MODEL_MAX_SHOWN 64
#define NOTIFY_CLASSES 8 /* bits of certconfNotifyEnable */

/* --- certconfSystem --- */

static void
admin_mode(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, &verify_mode_names, cell->view->status.admin_mode);
}

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

static int64_t
days_until(const struct snmp_cell *cell, int64_t not_after)
{
	const struct cert cert = { .not_after = not_after };

	return cert_days_left(&cert, (time_t)cell->view->now);
}

static void
earliest_not_after(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct summary *summary = snmp_view_summary(cell->view);

	if (summary->earliest_index != 0)
		snmp_value_date(value, summary->earliest_not_after);
}

static void
earliest_days(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct summary *summary = snmp_view_summary(cell->view);

	if (summary->earliest_index != 0)
		snmp_value_integer(value,
		    days_until(cell, summary->earliest_not_after));
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
	    *(const uint32_t *)(const void *)(summary + cell->arg));
}

static void
trust_earliest_not_after(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct summary *summary = snmp_view_summary(cell->view);

	if (summary->trust_judged > 0)
		snmp_value_date(value, summary->trust_earliest_not_after);
}

static void
trust_earliest_days(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct summary *summary = snmp_view_summary(cell->view);

	if (summary->trust_judged > 0)
		snmp_value_integer(value,
		    days_until(cell, summary->trust_earliest_not_after));
}

static void
local_last_change(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_ticks(value,
	    snmp_view_stamp(cell->view, cell->view->status.local_changed));
}

static void
trust_last_change(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_ticks(value,
	    snmp_view_stamp(cell->view, cell->view->status.trust_changed));
}

static void
system_time(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_date(value, cell->view->now);
}

static void
clock_status(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, &clock_status_names, cell->view->status.clock);
}

static void
restart_pending(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_truth(value, cell->view->status.restart_pending != 0);
}

static void
factory_in_use(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_truth(value, snmp_view_summary(cell->view)->factory_in_use);
}

static void
last_load(const struct snmp_cell *cell, struct snmp_value *value)
{
	if (cell->view->status.last_load != 0)
		snmp_value_date(value, cell->view->status.last_load);
}

static void
loads(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_counter(value, cell->view->status.loads);
}

static void
load_errors(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_counter(value, cell->view->status.load_errors);
}

static void
model(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_text(value, text_of(cell->view->status.model), MODEL_MAX_SHOWN);
}

static void
daemon_version(const struct snmp_cell *cell, struct snmp_value *value)
{
	(void)cell;
	snmp_value_text(value, text_of(PACKAGE_VERSION), MODEL_MAX_SHOWN);
}

#define COUNT(member) summary_count, offsetof(struct summary, member)

static const struct snmp_column system_columns[] = {
	{ SCALAR_VERIFY_ADMIN_MODE, admin_mode, 0 },
	{ SCALAR_VERIFY_OPER_MODE, oper_mode, 0 },
	{ SCALAR_OVERALL_STATUS, overall, 0 },
	{ SCALAR_EARLIEST_NOT_AFTER, earliest_not_after, 0 },
	{ SCALAR_EARLIEST_DAYS, earliest_days, 0 },
	{ SCALAR_EARLIEST_INDEX, earliest_index, 0 },
	{ SCALAR_LOCAL_COUNT, COUNT(local_count) },
	{ SCALAR_LOCAL_WARN_COUNT, COUNT(local_warn) },
	{ SCALAR_LOCAL_EXPIRED_COUNT, COUNT(local_expired) },
	{ SCALAR_LOCAL_FAULT_COUNT, COUNT(local_fault) },
	{ SCALAR_TRUST_COUNT, COUNT(trust_count) },
	{ SCALAR_TRUST_WARN_COUNT, COUNT(trust_warn) },
	{ SCALAR_TRUST_EXPIRED_COUNT, COUNT(trust_expired) },
	{ SCALAR_TRUST_EARLIEST_NOT_AFTER, trust_earliest_not_after, 0 },
	{ SCALAR_TRUST_EARLIEST_DAYS, trust_earliest_days, 0 },
	{ SCALAR_LOCAL_LAST_CHANGE, local_last_change, 0 },
	{ SCALAR_TRUST_LAST_CHANGE, trust_last_change, 0 },
	{ SCALAR_SYSTEM_TIME, system_time, 0 },
	{ SCALAR_CLOCK_STATUS, clock_status, 0 },
	{ SCALAR_RESTART_PENDING, restart_pending, 0 },
	{ SCALAR_FACTORY_IN_USE, factory_in_use, 0 },
	{ SCALAR_LAST_LOAD_TIME, last_load, 0 },
	{ SCALAR_LOADS, loads, 0 },
	{ SCALAR_LOAD_ERRORS, load_errors, 0 },
	{ SCALAR_MODEL, model, 0 },
	{ SCALAR_DAEMON_VERSION, daemon_version, 0 },
};

static const unsigned long system_oid[] = { OID_SYSTEM };

const struct snmp_table snmp_system_group = {
	.name = "certconfSystem",
	.oid = system_oid,
	.oid_len = nitems(system_oid),
	.columns = system_columns,
	.ncolumns = nitems(system_columns),
	.writable = true,
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
	    setting_get(&cell->view->snapshot.header->settings, cell->arg));
}

static void
suppressed(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_counter(value, cell->view->status.notify_suppressed);
}

static void
last_seq(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_counter(value, cell->view->status.notify_last_seq);
}

static const struct snmp_column notify_columns[] = {
	{ SCALAR_NOTIFY_ENABLE, notify_enable, 0 },
	{ SCALAR_WARN_DAYS, setting, SETTING_WARN_DAYS },
	{ SCALAR_WARN_PERCENT, setting, SETTING_WARN_PERCENT },
	{ SCALAR_CRIT_DAYS, setting, SETTING_CRIT_DAYS },
	{ SCALAR_CRIT_PERCENT, setting, SETTING_CRIT_PERCENT },
	{ SCALAR_REPEAT_INTERVAL, setting, SETTING_REPEAT_HOURS },
	{ SCALAR_NOTIFY_MIN_INTERVAL, setting, SETTING_MIN_INTERVAL },
	{ SCALAR_NOTIFY_SUPPRESSED, suppressed, 0 },
	{ SCALAR_NOTIFY_LAST_SEQ, last_seq, 0 },
};

static const unsigned long notify_oid[] = { OID_NOTIFY_CONTROL };

const struct snmp_table snmp_notify_control_group = {
	.name = "certconfNotifyControl",
	.oid = notify_oid,
	.oid_len = nitems(notify_oid),
	.columns = notify_columns,
	.ncolumns = nitems(notify_columns),
	.writable = true,
};
