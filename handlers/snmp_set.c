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

static const enum action actions[] = { ACTION_VALIDATE, ACTION_COMMIT, ACTION_CONFIRM,
	ACTION_ROLLBACK, ACTION_DISCARD, ACTION_RESTART, ACTION_DELETE_LOCAL,
	ACTION_DELETE_TRUST, ACTION_COMMIT_DEFER_RESTART };

static int
take_mode(struct snmp_prepare *asked, long n)
{
	unsigned int mode;

	for (mode = 0; mode < VERIFY_MODE_MAX; mode++) {
		if (name_mib(&verify_mode_names, mode) != n)
			continue;
		asked->mode = mode;
		return SNMP_ERR_NOERROR;
	}
	return SNMP_ERR_WRONGVALUE;
}

static int
take_action(struct snmp_prepare *asked, long n)
{
	size_t i;

	for (i = 0; i < nitems(actions); i++) {
		if (name_mib(&action_names, actions[i]) != n)
			continue;
		asked->action = actions[i];
		return SNMP_ERR_NOERROR;
	}
	return SNMP_ERR_WRONGVALUE;
}

static int
take_spin_lock(struct snmp_prepare *asked, long n)
{
	if (n < 0 || n > INT32_MAX)
		return SNMP_ERR_WRONGVALUE;
	asked->spin_lock = (uint32_t)n;
	return SNMP_ERR_NOERROR;
}

static int
take_confirm_timeout(struct snmp_prepare *asked, long n)
{
	if (n < 0 || n > LIMIT_CONFIRM_SECONDS)
		return SNMP_ERR_WRONGVALUE;
	asked->confirm_timeout = (uint32_t)n;
	return SNMP_ERR_NOERROR;
}

/* Every object that can be set. */
static const struct writable {
	const struct snmp_table *table;
	unsigned int column;
	uint32_t bit; /* in struct snmp_prepare */
	uint8_t type;
	int (*take)(struct snmp_prepare *, long);
} writables[] = {
	{ &snmp_system_group, SCALAR_VERIFY_ADMIN_MODE, SNMP_SET_MODE, ASN_INTEGER,
	    take_mode },
	{ &snmp_config_group, SCALAR_CFG_ACTION, SNMP_SET_ACTION, ASN_INTEGER,
	    take_action },
	{ &snmp_config_group, SCALAR_CFG_SPIN_LOCK, SNMP_SET_SPIN_LOCK, ASN_INTEGER,
	    take_spin_lock },
	{ &snmp_config_group, SCALAR_CFG_CONFIRM_TIMEOUT, SNMP_SET_CONFIRM_TIMEOUT,
	    ASN_UNSIGNED, take_confirm_timeout },
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

static int
take(struct snmp_set *set, const struct snmp_subtree *s,
    const netsnmp_variable_list *vb)
{
	const struct writable *writable = find_writable(s->table, vb);
	uint32_t index[SNMP_INDICES];
	int error;

	if (writable == NULL)
		return SNMP_ERR_NOTWRITABLE;
	if (!snmp_table_row(s, vb->name, vb->name_length, index))
		return SNMP_ERR_NOCREATION;
	error = netsnmp_check_vb_type_and_size(vb, writable->type, sizeof(long));
	if (error != SNMP_ERR_NOERROR)
		return error;
	if (set->asked.has & writable->bit)
		return SNMP_ERR_INCONSISTENTVALUE; /* twice in one PDU */
	set->asked.has |= writable->bit;
	return writable->take(&set->asked, *vb->val.integer);
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
refuse(struct snmp_set *set, int error, uint32_t culprit)
{
	set->state = SET_REFUSED;
	set->error = error;
	set->culprit = culprit;
}

/* Which variable of the PDU a refusal most likely is about. */
static uint32_t
to_blame(uint32_t has)
{
	static const uint32_t likely[] = { SNMP_SET_ACTION, SNMP_SET_MODE,
		SNMP_SET_CONFIRM_TIMEOUT, SNMP_SET_SPIN_LOCK };
	size_t i = 0;

	while (i < nitems(likely) - 1 && (has & likely[i]) == 0)
		i++;
	return likely[i];
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
	};
	const uint32_t culprit = to_blame(set->asked.has);
	struct snmp_ticket ticket;

	if (snmp_channel_prepare(set->channel, &set->asked, &ticket) == -1) {
		log_warn("set", "the engine did not answer a SET in time");
		refuse(set, SNMP_ERR_GENERR, culprit);
	} else if (ticket.verdict >= TICKET_MAX) {
		refuse(set, SNMP_ERR_GENERR, culprit);
	} else if (ticket.verdict == TICKET_SPIN) {
		refuse(set, errors[ticket.verdict], SNMP_SET_SPIN_LOCK);
	} else if (ticket.verdict != TICKET_OK) {
		refuse(set, errors[ticket.verdict], culprit);
	} else {
		set->state = SET_RESERVED;
		set->ticket = ticket.ticket;
		set->deadline_ms = set->channel->view.tick_ms + RESERVED_MS;
	}
}

/* All groups have been through RESERVE1 when the first comes here. */
static void
reserve2(struct snmp_set *set, const struct snmp_subtree *s,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	const struct writable *writable;
	netsnmp_request_info *r;

	if (set->state == SET_GATHERING)
		ask_engine(set);
	if (set->state != SET_REFUSED)
		return;
	for (r = requests; r != NULL; r = r->next) {
		writable = find_writable(s->table, r->requestvb);
		if (writable != NULL && writable->bit == set->culprit)
			netsnmp_set_request_error(info, r, set->error);
	}
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
