/* SPDX-License-Identifier: ISC */
/* From the variables of a SET to one request to the engine. */
#include "handlers/snmp_set.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "agent/log.h"
#include "handlers/snmp_tables.h"
#include "mib/mib_oids.h"

#define RESERVED_MS 10000

/* --- what can be set --- */

/* One variable, and where it goes. */
struct asked {
	struct snmp_prepare *set;
	const netsnmp_variable_list *vb;
	uint32_t index; /* of its row; 0 for scalars */
	unsigned int arg;
};

static const enum action actions[] = { ACTION_IMPORT, ACTION_VALIDATE, ACTION_COMMIT,
	ACTION_CONFIRM, ACTION_ROLLBACK, ACTION_DISCARD, ACTION_RESTART,
	ACTION_DELETE_LOCAL, ACTION_DELETE_TRUST, ACTION_COMMIT_DEFER_RESTART };

static int
take_mode(const struct asked *asked)
{
	unsigned int mode;

	for (mode = 0; mode < VERIFY_MODE_MAX; mode++) {
		if (name_mib(&verify_mode_names, mode) != *asked->vb->val.integer)
			continue;
		asked->set->mode = mode;
		return SNMP_ERR_NOERROR;
	}
	return SNMP_ERR_WRONGVALUE;
}

static int
take_action(const struct asked *asked)
{
	size_t i;

	for (i = 0; i < nitems(actions); i++) {
		if (name_mib(&action_names, actions[i]) != *asked->vb->val.integer)
			continue;
		asked->set->action = actions[i];
		return SNMP_ERR_NOERROR;
	}
	return SNMP_ERR_WRONGVALUE;
}

static int
take_spin_lock(const struct asked *asked)
{
	asked->set->spin_lock = (uint32_t)*asked->vb->val.integer;
	return SNMP_ERR_NOERROR;
}

static int
take_confirm_timeout(const struct asked *asked)
{
	asked->set->confirm_timeout = (uint32_t)*asked->vb->val.integer;
	return SNMP_ERR_NOERROR;
}

/* A bare file name of text that can be shown and logged; empty: none. */
static bool
is_file_name(const char *name, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = utf8_char(name + i, len - i);
		if (n == 0 || name[i] == '/' || name[i] == 0x7f ||
		    (unsigned char)name[i] < 0x20)
			return false;
	}
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int
take_source(const struct asked *asked)
{
	char *source = asked->set->source;

	memcpy(source, asked->vb->val.string, asked->vb->val_len);
	source[asked->vb->val_len] = '\0';
	return is_file_name(source, asked->vb->val_len) ? SNMP_ERR_NOERROR
							: SNMP_ERR_WRONGVALUE;
}

/* A setting of monitoring: they go to the engine as they are. */
static int
take_change(const struct asked *asked, enum change_kind kind, uint32_t index,
    int64_t value)
{
	struct snmp_prepare *set = asked->set;
	uint32_t i;

	for (i = 0; i < set->nchanges; i++)
		if (set->changes[i].kind == kind && set->changes[i].index == index)
			return SNMP_ERR_INCONSISTENTVALUE; /* twice in one PDU */
	if (set->nchanges == SNMP_CHANGES_MAX)
		return SNMP_ERR_RESOURCEUNAVAILABLE;
	set->changes[set->nchanges++] =
	    (struct setting_change){ .kind = kind, .index = index, .value = value };
	return SNMP_ERR_NOERROR;
}

static int
take_setting(const struct asked *asked)
{
	return take_change(asked, CHANGE_SETTING, asked->arg, *asked->vb->val.integer);
}

/* RFC 2578 7.1.4: bit 0 is the highest of the first octet; what is left out is 0. */
static int
take_classes(const struct asked *asked)
{
	const uint8_t *octets = asked->vb->val.string;
	uint32_t mask = 0;
	size_t i;

	for (i = 0; i < 8 * asked->vb->val_len; i++)
		if ((octets[i / 8] & (0x80u >> (i % 8))) != 0) {
			if (i >= 32)
				return SNMP_ERR_WRONGVALUE;
			mask |= 1u << i;
		}
	if ((mask & ~setting_rows[SETTING_NOTIFY_ENABLE].max) != 0)
		return SNMP_ERR_WRONGVALUE; /* a class there is not */
	return take_change(asked, CHANGE_SETTING, SETTING_NOTIFY_ENABLE, mask);
}

/* TruthValue; what is set is its contrary. */
static int
take_monitor(const struct asked *asked)
{
	return take_change(asked, asked->arg, asked->index,
	    *asked->vb->val.integer == 2);
}

static int
take_warn_days(const struct asked *asked)
{
	return take_change(asked, CHANGE_LOCAL_WARN_DAYS, asked->index,
	    *asked->vb->val.integer);
}

/* --- all that can be set --- */

/* bit is SNMP_SET_*; 0: it is one of the changes. */
static const struct writable {
	const struct snmp_table *table;
	unsigned int column;
	uint8_t type;
	int64_t min, max; /* of a number, or of the length of a string */
	int (*take)(const struct asked *);
	uint32_t bit;
	unsigned int arg;
} writables[] = {
	{ &snmp_system_group, SCALAR_VERIFY_ADMIN_MODE, ASN_INTEGER, 0, INT32_MAX,
	    take_mode, SNMP_SET_MODE, 0 },
	{ &snmp_config_group, SCALAR_CFG_SPIN_LOCK, ASN_INTEGER, 0, INT32_MAX,
	    take_spin_lock, SNMP_SET_SPIN_LOCK, 0 },
	{ &snmp_config_group, SCALAR_CFG_SOURCE, ASN_OCTET_STR, 0, LIMIT_TEXT,
	    take_source, SNMP_SET_SOURCE, 0 },
	{ &snmp_config_group, SCALAR_CFG_ACTION, ASN_INTEGER, 0, INT32_MAX, take_action,
	    SNMP_SET_ACTION, 0 },
	{ &snmp_config_group, SCALAR_CFG_CONFIRM_TIMEOUT, ASN_UNSIGNED, 0,
	    LIMIT_CONFIRM_SECONDS, take_confirm_timeout, SNMP_SET_CONFIRM_TIMEOUT, 0 },
	{ &snmp_notify_control_group, SCALAR_NOTIFY_ENABLE, ASN_OCTET_STR, 0, 8,
	    take_classes, 0, 0 },
	{ &snmp_notify_control_group, SCALAR_WARN_DAYS, ASN_UNSIGNED, 0, 3650,
	    take_setting, 0, SETTING_WARN_DAYS },
	{ &snmp_notify_control_group, SCALAR_WARN_PERCENT, ASN_UNSIGNED, 0, 100,
	    take_setting, 0, SETTING_WARN_PERCENT },
	{ &snmp_notify_control_group, SCALAR_CRIT_DAYS, ASN_UNSIGNED, 0, 3650,
	    take_setting, 0, SETTING_CRIT_DAYS },
	{ &snmp_notify_control_group, SCALAR_CRIT_PERCENT, ASN_UNSIGNED, 0, 100,
	    take_setting, 0, SETTING_CRIT_PERCENT },
	{ &snmp_notify_control_group, SCALAR_REPEAT_INTERVAL, ASN_UNSIGNED, 0, 8760,
	    take_setting, 0, SETTING_REPEAT_HOURS },
	{ &snmp_notify_control_group, SCALAR_NOTIFY_MIN_INTERVAL, ASN_UNSIGNED, 0, 3600,
	    take_setting, 0, SETTING_MIN_INTERVAL },
	{ &snmp_local_table, COLUMN_LOCAL_MONITOR, ASN_INTEGER, 1, 2, take_monitor, 0,
	    CHANGE_LOCAL_MUTED },
	{ &snmp_local_table, COLUMN_LOCAL_WARN_DAYS, ASN_INTEGER, WARN_DAYS_GLOBAL,
	    WARN_DAYS_MAX, take_warn_days, 0, 0 },
	{ &snmp_trust_table, COLUMN_TRUST_MONITOR, ASN_INTEGER, 1, 2, take_monitor, 0,
	    CHANGE_TRUST_MUTED },
};

static const struct writable *
find_writable(const struct snmp_table *table, const netsnmp_variable_list *vb)
{
	const struct snmp_column *column =
	    snmp_table_column(table, vb->name, vb->name_length);
	size_t i;

	for (i = 0; column != NULL && i < nitems(writables); i++)
		if (writables[i].table == table &&
		    writables[i].column == column->number)
			return &writables[i];
	return NULL;
}

/* --- phases --- */

/* Type, length and range, RFC 3416 4.2.5. */
static int
check_value(const struct writable *writable, const netsnmp_variable_list *vb)
{
	const bool is_text = writable->type == ASN_OCTET_STR;
	int64_t value;

	if (vb->type != writable->type)
		return SNMP_ERR_WRONGTYPE;
	if (!is_text && vb->val_len != sizeof(long))
		return SNMP_ERR_WRONGLENGTH;
	if (is_text)
		value = (int64_t)vb->val_len;
	else if (writable->type == ASN_UNSIGNED)
		value = (int64_t)(unsigned long)*vb->val.integer;
	else
		value = *vb->val.integer;
	if (value >= writable->min && value <= writable->max)
		return SNMP_ERR_NOERROR;
	return is_text ? SNMP_ERR_WRONGLENGTH : SNMP_ERR_WRONGVALUE;
}

static int
take(struct snmp_set *set, const struct snmp_subtree *s,
    const netsnmp_variable_list *vb)
{
	const struct writable *writable = find_writable(s->table, vb);
	uint32_t index[SNMP_INDICES] = { 0 };
	struct asked asked = { .set = &set->asked, .vb = vb };
	int error;

	if (writable == NULL)
		return SNMP_ERR_NOTWRITABLE;
	if (!snmp_table_row(s, vb->name, vb->name_length, index))
		return SNMP_ERR_NOCREATION;
	if ((error = check_value(writable, vb)) != SNMP_ERR_NOERROR)
		return error;
	if ((set->asked.has & writable->bit) != 0)
		return SNMP_ERR_INCONSISTENTVALUE; /* twice in one PDU */
	set->asked.has |= writable->bit;
	asked.index = index[0];
	asked.arg = writable->arg;
	return writable->take(&asked);
}

static void
reserve1(struct snmp_set *set, const struct snmp_subtree *s,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	netsnmp_request_info *r;
	int error;

	if (set->state == SET_IDLE || set->pdu != info->asp->pdu->transid) {
		snmp_set_abandon(set);
		set->state = SET_GATHERING;
		set->pdu = info->asp->pdu->transid;
	}
	for (r = requests; r != NULL; r = r->next) {
		if (r->processed)
			continue;
		error = take(set, s, r->requestvb);
		if (error != SNMP_ERR_NOERROR)
			netsnmp_set_request_error(info, r, error);
	}
}

static void
refuse(struct snmp_set *set, int error, uint32_t culprit, uint32_t change)
{
	set->state = SET_REFUSED;
	set->error = error;
	set->culprit = culprit;
	set->change = change;
}

/* Which variable of the PDU a refusal most likely is about; 0: one of the changes. */
static uint32_t
to_blame(uint32_t has)
{
	static const uint32_t likely[] = { SNMP_SET_ACTION, SNMP_SET_MODE,
		SNMP_SET_CONFIRM_TIMEOUT, SNMP_SET_SPIN_LOCK, SNMP_SET_SOURCE };
	size_t i;

	for (i = 0; i < nitems(likely); i++)
		if ((has & likely[i]) != 0)
			return likely[i];
	return 0;
}

static void
ask_engine(struct snmp_set *set)
{
	static const int errors[TICKET_MAX] = {
		[TICKET_OK] = SNMP_ERR_NOERROR,
		[TICKET_BUSY] = SNMP_ERR_RESOURCEUNAVAILABLE,
		[TICKET_LOCKED] = SNMP_ERR_RESOURCEUNAVAILABLE,
		[TICKET_SPIN] = SNMP_ERR_INCONSISTENTVALUE,
		[TICKET_INCONSISTENT] = SNMP_ERR_INCONSISTENTVALUE,
		[TICKET_NO_ROW] = SNMP_ERR_NOCREATION,
	};
	uint32_t culprit = to_blame(set->asked.has);
	struct snmp_ticket ticket = { 0 };
	int error = SNMP_ERR_GENERR;

	if (snmp_channel_prepare(set->channel, &set->asked, &ticket) == -1)
		log_warn("set", "the engine did not answer a SET in time");
	else if (ticket.verdict < TICKET_MAX)
		error = errors[ticket.verdict];
	if (ticket.verdict == TICKET_SPIN)
		culprit = SNMP_SET_SPIN_LOCK;
	if (ticket.change != 0)
		culprit = 0;
	if (error != SNMP_ERR_NOERROR) {
		refuse(set, error, culprit, ticket.change == 0 ? 0 : ticket.change - 1);
		return;
	}
	set->state = SET_RESERVED;
	set->ticket = ticket.ticket;
	set->deadline_ms = set->channel->view.tick_ms + RESERVED_MS;
}

/* Whether the refusal is about this variable. */
static bool
is_to_blame(const struct snmp_set *set, const struct snmp_subtree *s,
    const netsnmp_variable_list *vb)
{
	const struct writable *writable = find_writable(s->table, vb);
	uint32_t index[SNMP_INDICES] = { 0 };
	struct snmp_prepare alone = { 0 };
	const struct setting_change *change = &set->asked.changes[set->change];
	struct asked asked = { .set = &alone, .vb = vb };

	if (writable == NULL || writable->bit != set->culprit)
		return false;
	if (writable->bit != 0)
		return true;
	/* a row that is gone meanwhile is still named by its index */
	(void)snmp_table_row(s, vb->name, vb->name_length, index);
	asked.index = index[0];
	asked.arg = writable->arg;
	(void)writable->take(&asked);
	return alone.nchanges == 1 && alone.changes[0].kind == change->kind &&
	    (alone.changes[0].index == change->index || index[0] == 0);
}

/* All groups have been through RESERVE1 when the first comes here. */
static void
reserve2(struct snmp_set *set, const struct snmp_subtree *s,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	netsnmp_request_info *r;

	if (set->state == SET_GATHERING)
		ask_engine(set);
	if (set->state != SET_REFUSED)
		return;
	for (r = requests; r != NULL; r = r->next)
		if (is_to_blame(set, s, r->requestvb))
			netsnmp_set_request_error(info, r, set->error);
}

/* The last moment to say no: what was reserved may have been given up meanwhile. */
static void
action(struct snmp_set *set, const struct snmp_subtree *s,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	(void)s;
	if (set->state != SET_RESERVED)
		netsnmp_set_request_error(info, requests, SNMP_ERR_COMMITFAILED);
}

static void
commit(struct snmp_set *set, const struct snmp_subtree *s,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	(void)s;
	(void)info;
	(void)requests;
	if (set->state == SET_RESERVED)
		snmp_channel_apply(set->channel, set->ticket);
	set->state = SET_IDLE; /* the other groups of the PDU come here too */
}

static void
give_up(struct snmp_set *set, const struct snmp_subtree *s,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	(void)s;
	(void)info;
	(void)requests;
	snmp_set_abandon(set);
}

static const struct {
	int mode;
	void (*run)(struct snmp_set *, const struct snmp_subtree *,
	    netsnmp_agent_request_info *, netsnmp_request_info *);
} phases[] = {
	{ MODE_SET_RESERVE1, reserve1 },
	{ MODE_SET_RESERVE2, reserve2 },
	{ MODE_SET_ACTION, action },
	{ MODE_SET_COMMIT, commit },
	{ MODE_SET_UNDO, give_up },
	{ MODE_SET_FREE, give_up },
};

void
snmp_set_phase(void *context, const struct snmp_subtree *s,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct snmp_set *set = context;
	size_t i = 0;

	while (i < nitems(phases) && phases[i].mode != info->mode)
		i++;
	if (i == nitems(phases)) {
		netsnmp_set_request_error(info, requests, SNMP_ERR_GENERR);
		return;
	}
	/* a phase of an earlier PDU that was abandoned: there is nothing left to do */
	if (info->mode != MODE_SET_RESERVE1 &&
	    (set->state == SET_IDLE || set->pdu != info->asp->pdu->transid)) {
		if (info->mode == MODE_SET_RESERVE2 || info->mode == MODE_SET_ACTION)
			netsnmp_set_request_error(info, requests, SNMP_ERR_GENERR);
		return;
	}
	phases[i].run(set, s, info, requests);
}

void
snmp_set_abandon(struct snmp_set *set)
{
	if (set->state == SET_RESERVED)
		snmp_channel_release(set->channel, set->ticket);
	set->state = SET_IDLE;
	set->ticket = 0;
	set->asked = (struct snmp_prepare){ 0 };
}

void
snmp_set_expire(struct snmp_set *set, int64_t tick_ms)
{
	if (set->state != SET_RESERVED || tick_ms < set->deadline_ms)
		return;
	log_info("set",
	    "the master neither committed nor dropped a SET; it is released");
	snmp_set_abandon(set);
}
