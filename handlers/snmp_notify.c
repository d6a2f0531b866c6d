/* SPDX-License-Identifier: ISC */
/* Notifications and the objects they carry. */
#include "handlers/snmp_notify.h"

#include <stdlib.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "agent/log.h"
#include "agent/xalloc.h"
#include "handlers/snmp_value.h"
#include "mib/mib_oids.h"

#define BATCH 32       /* before the master must show that it reads */
#define QUEUE_MAX 1024 /* as many as the engine keeps */
#define AGENTX_PING 13 /* RFC 2741 6.1: h.type of agentx-Ping-PDU */
#define USER_MAX_SHOWN 64
#define OID_SNMP_TRAP_OID 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0

struct snmp_queued {
	STAILQ_ENTRY(snmp_queued) next;
	struct notification notification;
};

/* --- what a notification carries --- */

struct object {
	const oid *oid;
	size_t len;
	void (*get)(const struct notification *, struct snmp_value *);
};

static void
row_name(const struct notification *n, struct snmp_value *value)
{
	snmp_value_text(value, text_of(n->u.row.name), LIMIT_NAME);
}

static void
row_subject(const struct notification *n, struct snmp_value *value)
{
	snmp_value_text(value, text_of(n->u.row.subject), LIMIT_TEXT);
}

static void
row_issuer(const struct notification *n, struct snmp_value *value)
{
	snmp_value_text(value, text_of(n->u.row.issuer), LIMIT_TEXT);
}

static void
row_serial(const struct notification *n, struct snmp_value *value)
{
	snmp_value_text(value, text_of(n->u.row.serial), LIMIT_NAME);
}

static void
row_not_after(const struct notification *n, struct snmp_value *value)
{
	if (n->u.row.not_after != 0)
		snmp_value_date(value, n->u.row.not_after);
}

static void
row_days(const struct notification *n, struct snmp_value *value)
{
	snmp_value_integer(value, n->u.row.days_left);
}

static void
row_status(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &validity_names, n->u.row.status);
}

static void
row_key_status(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &key_status_names, n->u.row.key_status);
}

static void
row_chain_status(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &chain_status_names, n->u.row.chain_status);
}

static void
row_fingerprint(const struct notification *n, struct snmp_value *value)
{
	snmp_value_sha256(value, n->u.row.sha256);
}

static void
generation_number(struct snmp_value *value, uint64_t generation)
{
	snmp_value_number(value,
	    generation > UINT32_MAX ? UINT32_MAX : (int64_t)generation);
}

static void
commit_generation(const struct notification *n, struct snmp_value *value)
{
	generation_number(value, n->u.commit.generation);
}

static void
commit_action(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &action_names, n->u.commit.action);
}

static void
commit_result(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &action_result_names, n->u.commit.result);
}

static void
commit_error(const struct notification *n, struct snmp_value *value)
{
	snmp_value_integer(value, err_kind(n->u.commit.err.code)->mib);
}

static void
commit_error_text(const struct notification *n, struct snmp_value *value)
{
	snmp_value_error(value, &n->u.commit.err);
}

static void
commit_user(const struct notification *n, struct snmp_value *value)
{
	snmp_value_text(value, text_of(n->u.commit.user), USER_MAX_SHOWN);
}

static void
service_name(const struct notification *n, struct snmp_value *value)
{
	snmp_value_text(value, text_of(n->u.service.name), LIMIT_NAME);
}

static void
service_state(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &service_state_names, n->u.service.state);
}

static void
service_in_sync(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &sync_state_names, n->u.service.in_sync);
}

static void
service_last_result(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &action_result_names, n->u.service.last_result);
}

static void
restart_generation(const struct notification *n, struct snmp_value *value)
{
	generation_number(value, n->u.restart.generation);
}

static void
restart_pending(const struct notification *n, struct snmp_value *value)
{
	snmp_value_truth(value, n->u.restart.pending != 0);
}

static void
clock_time(const struct notification *n, struct snmp_value *value)
{
	snmp_value_date(value, n->u.clock.time);
}

static void
clock_status(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &clock_status_names, n->u.clock.status);
}

static void
trust_count(const struct notification *n, struct snmp_value *value)
{
	snmp_value_number(value, n->u.trust.count);
}

static void
trust_generation(const struct notification *n, struct snmp_value *value)
{
	generation_number(value, n->u.trust.generation);
}

static void
mode_in_force(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &verify_mode_names, n->u.mode.mode);
}

static void
mode_user(const struct notification *n, struct snmp_value *value)
{
	snmp_value_text(value, text_of(n->u.mode.user), USER_MAX_SHOWN);
}

static void
source_errors(const struct notification *n, struct snmp_value *value)
{
	snmp_value_counter(value, n->u.source.errors);
}

static void
source_loaded(const struct notification *n, struct snmp_value *value)
{
	snmp_value_date(value, n->u.source.loaded);
}

static void
source_overall(const struct notification *n, struct snmp_value *value)
{
	snmp_value_enum(value, &severity_names, n->u.source.overall);
}

static void
seq(const struct notification *n, struct snmp_value *value)
{
	snmp_value_number(value, n->seq);
}

#define NAME(name)                                                                     \
	(const oid[]){ OID_##name }, sizeof((oid[]){ OID_##name }) / sizeof(oid)

static const struct object expiry_objects[] = {
	{ NAME(LOCAL_NAME), row_name },
	{ NAME(LOCAL_SUBJECT), row_subject },
	{ NAME(LOCAL_ISSUER), row_issuer },
	{ NAME(LOCAL_SERIAL), row_serial },
	{ NAME(LOCAL_NOT_AFTER), row_not_after },
	{ NAME(LOCAL_DAYS_REMAINING), row_days },
	{ NAME(LOCAL_STATUS), row_status },
};

static const struct object key_objects[] = {
	{ NAME(LOCAL_NAME), row_name },
	{ NAME(LOCAL_SUBJECT), row_subject },
	{ NAME(LOCAL_KEY_STATUS), row_key_status },
};

static const struct object chain_objects[] = {
	{ NAME(LOCAL_NAME), row_name },
	{ NAME(LOCAL_SUBJECT), row_subject },
	{ NAME(LOCAL_CHAIN_STATUS), row_chain_status },
};

static const struct object valid_objects[] = {
	{ NAME(LOCAL_NAME), row_name },
	{ NAME(LOCAL_SUBJECT), row_subject },
	{ NAME(LOCAL_STATUS), row_status },
};

static const struct object factory_objects[] = {
	{ NAME(LOCAL_NAME), row_name },
	{ NAME(LOCAL_NOT_AFTER), row_not_after },
	{ NAME(LOCAL_FINGERPRINT), row_fingerprint },
};

static const struct object replaced_objects[] = {
	{ NAME(LOCAL_NAME), row_name },
	{ NAME(LOCAL_SUBJECT), row_subject },
	{ NAME(LOCAL_NOT_AFTER), row_not_after },
	{ NAME(LOCAL_FINGERPRINT), row_fingerprint },
};

static const struct object anchor_objects[] = {
	{ NAME(TRUST_NAME), row_name },
	{ NAME(TRUST_SUBJECT), row_subject },
	{ NAME(TRUST_SERIAL), row_serial },
	{ NAME(TRUST_NOT_AFTER), row_not_after },
	{ NAME(TRUST_DAYS_REMAINING), row_days },
	{ NAME(TRUST_STATUS), row_status },
};

static const struct object clock_objects[] = {
	{ NAME(SYSTEM_TIME), clock_time },
	{ NAME(CLOCK_STATUS), clock_status },
};

static const struct object trust_objects[] = {
	{ NAME(TRUST_COUNT), trust_count },
	{ NAME(CFG_GENERATION), trust_generation },
};

static const struct object mode_objects[] = {
	{ NAME(VERIFY_OPER_MODE), mode_in_force },
	{ NAME(CFG_LAST_USER), mode_user },
};

static const struct object source_objects[] = {
	{ NAME(LOAD_ERRORS), source_errors },
	{ NAME(LAST_LOAD_TIME), source_loaded },
	{ NAME(OVERALL_STATUS), source_overall },
};

static const struct object commit_objects[] = {
	{ NAME(CFG_GENERATION), commit_generation },
	{ NAME(CFG_LAST_ACTION), commit_action },
	{ NAME(CFG_LAST_RESULT), commit_result },
	{ NAME(CFG_LAST_ERROR), commit_error },
	{ NAME(CFG_LAST_ERROR_TEXT), commit_error_text },
	{ NAME(CFG_LAST_USER), commit_user },
};

static const struct object stuck_objects[] = {
	{ NAME(CFG_GENERATION), commit_generation },
	{ NAME(CFG_LAST_ERROR), commit_error },
	{ NAME(CFG_LAST_ERROR_TEXT), commit_error_text },
};

static const struct object service_objects[] = {
	{ NAME(SERVICE_NAME), service_name },
	{ NAME(SERVICE_STATE), service_state },
	{ NAME(SERVICE_IN_SYNC), service_in_sync },
	{ NAME(SERVICE_LAST_RESULT), service_last_result },
};

static const struct object restart_objects[] = {
	{ NAME(CFG_GENERATION), restart_generation },
	{ NAME(RESTART_PENDING), restart_pending },
};

static const struct object seq_object = { NAME(NOTIFY_SEQ), seq };

#define KIND(name, objects)                                                            \
	{                                                                              \
		NAME(name), objects, nitems(objects)                                   \
	}

static const struct kind {
	const oid *oid;
	size_t len;
	const struct object *objects;
	size_t nobjects;
} kinds[NOTIFY_KIND_MAX] = {
	[NOTIFY_LOCAL_EXPIRING] = KIND(LOCAL_EXPIRING, expiry_objects),
	[NOTIFY_LOCAL_EXPIRED] = KIND(LOCAL_EXPIRED, expiry_objects),
	[NOTIFY_LOCAL_EXPIRY_CLEAR] = KIND(LOCAL_EXPIRY_CLEAR, expiry_objects),
	[NOTIFY_LOCAL_NOT_YET_VALID] = KIND(LOCAL_NOT_YET_VALID, expiry_objects),
	[NOTIFY_LOCAL_KEY_MISMATCH] = KIND(LOCAL_KEY_MISMATCH, key_objects),
	[NOTIFY_LOCAL_KEY_MISMATCH_CLEAR] = KIND(LOCAL_KEY_MISMATCH_CLEAR, key_objects),
	[NOTIFY_LOCAL_CHAIN_INVALID] = KIND(LOCAL_CHAIN_INVALID, chain_objects),
	[NOTIFY_LOCAL_CHAIN_INVALID_CLEAR] =
	    KIND(LOCAL_CHAIN_INVALID_CLEAR, chain_objects),
	[NOTIFY_LOCAL_NOT_YET_VALID_CLEAR] =
	    KIND(LOCAL_NOT_YET_VALID_CLEAR, valid_objects),
	[NOTIFY_FACTORY_REPLACED] = KIND(FACTORY_REPLACED, factory_objects),
	[NOTIFY_CLOCK_FAULT] = KIND(CLOCK_FAULT, clock_objects),
	[NOTIFY_CLOCK_FAULT_CLEAR] = KIND(CLOCK_FAULT_CLEAR, clock_objects),
	[NOTIFY_RESTART_PENDING] = KIND(RESTART_PENDING_RAISED, restart_objects),
	[NOTIFY_RESTART_PENDING_CLEAR] = KIND(RESTART_PENDING_CLEAR, restart_objects),
	[NOTIFY_STUCK] = KIND(STUCK, stuck_objects),
	[NOTIFY_STUCK_CLEAR] = KIND(STUCK_CLEAR, stuck_objects),
	[NOTIFY_TRUST_EXPIRING] = KIND(TRUST_EXPIRING, anchor_objects),
	[NOTIFY_TRUST_EXPIRED] = KIND(TRUST_EXPIRED, anchor_objects),
	[NOTIFY_TRUST_EXPIRY_CLEAR] = KIND(TRUST_EXPIRY_CLEAR, anchor_objects),
	[NOTIFY_LOCAL_REPLACED] = KIND(LOCAL_REPLACED, replaced_objects),
	[NOTIFY_TRUST_CHANGED] = KIND(TRUST_CHANGED, trust_objects),
	[NOTIFY_VERIFY_MODE_CHANGE] = KIND(VERIFY_MODE_CHANGE, mode_objects),
	[NOTIFY_COMMIT_DONE] = KIND(COMMIT_DONE, commit_objects),
	[NOTIFY_COMMIT_FAILED] = KIND(COMMIT_FAILED, commit_objects),
	[NOTIFY_SERVICE_OUT_OF_SYNC] = KIND(SERVICE_OUT_OF_SYNC, service_objects),
	[NOTIFY_SERVICE_IN_SYNC_CLEAR] = KIND(SERVICE_IN_SYNC_CLEAR, service_objects),
	[NOTIFY_SOURCE_ERROR] = KIND(SOURCE_ERROR, source_objects),
	[NOTIFY_SOURCE_ERROR_CLEAR] = KIND(SOURCE_ERROR_CLEAR, source_objects),
};

const unsigned long *
snmp_notify_oid(uint32_t kind, size_t *ret_len)
{
	if (kind >= NOTIFY_KIND_MAX)
		return NULL;
	*ret_len = kinds[kind].len;
	return kinds[kind].oid;
}

/* The object with its instance: the row, or 0 for a scalar. */
static void
add_object(netsnmp_variable_list **list, const struct object *object, oid instance,
    const struct notification *n)
{
	struct snmp_value value;
	oid name[MAX_OID_LEN];

	snmp_value_clear(&value);
	object->get(n, &value);
	if (value.type == 0)
		return;
	memcpy(name, object->oid, object->len * sizeof(oid));
	name[object->len] = instance;
	snmp_varlist_add_variable(list, name, object->len + 1, value.type, value.data,
	    value.len);
}

static void
send_one(const struct notification *n)
{
	static const oid trap_oid[] = { OID_SNMP_TRAP_OID };
	const struct kind *kind = &kinds[n->kind];
	netsnmp_variable_list *list = NULL;
	size_t i;

	snmp_varlist_add_variable(&list, trap_oid, nitems(trap_oid), ASN_OBJECT_ID,
	    kind->oid, kind->len * sizeof(oid));
	for (i = 0; i < kind->nobjects; i++)
		add_object(&list, &kind->objects[i], n->index, n);
	add_object(&list, &seq_object, 0, n);
	send_v2trap(list);
	snmp_free_varbind(list);
}

/* --- the queue --- */

static void
drop_first(struct snmp_notify *q)
{
	struct snmp_queued *first = STAILQ_FIRST(&q->queue);

	if (q->unsent == first)
		q->unsent = STAILQ_NEXT(first, next);
	STAILQ_REMOVE_HEAD(&q->queue, next);
	q->count--;
	free(first);
}

void
snmp_notify_init(struct snmp_notify *q, void (*on_taken)(void *, uint32_t),
    void *context)
{
	*q = (struct snmp_notify){ .on_taken = on_taken, .context = context };
	STAILQ_INIT(&q->queue);
}

void
snmp_notify_add(struct snmp_notify *q, const struct notification *n)
{
	struct snmp_queued *queued = xcalloc(1, sizeof(*queued));

	if (q->count == QUEUE_MAX)
		drop_first(q); /* the engine has counted it as suppressed */
	queued->notification = *n;
	STAILQ_INSERT_TAIL(&q->queue, queued, next);
	q->count++;
	if (q->unsent == NULL)
		q->unsent = queued;
}

void
snmp_notify_connected(struct snmp_notify *q, struct snmp_session *session)
{
	q->session = session;
	q->asked = false;
	q->unsent = STAILQ_FIRST(&q->queue);
}

/* --- handing over --- */

static int
on_pong(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu,
    void *context)
{
	struct snmp_notify *q = context;

	(void)request;
	if (session != q->session || !q->asked)
		return 1; /* of a connection that is gone */
	q->asked = false;
	if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE ||
	    pdu->errstat != SNMP_ERR_NOERROR)
		return 1; /* the next turn asks again */
	while (!STAILQ_EMPTY(&q->queue) && STAILQ_FIRST(&q->queue) != q->unsent)
		drop_first(q);
	q->on_taken(q->context, q->sent_seq);
	return 1;
}

/* A ping by our own hand: the library ignores the answers to notifications. */
static void
ask(struct snmp_notify *q)
{
	netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_PING);

	if (pdu == NULL)
		return;
	pdu->time = 0;
	pdu->sessid = q->session->sessid;
	q->asked = true;
	if (snmp_async_send(q->session, pdu, on_pong, q) == 0) {
		snmp_free_pdu(pdu);
		q->asked = false;
	}
}

void
snmp_notify_run(struct snmp_notify *q)
{
	int n;

	if (q->session == NULL || q->asked || STAILQ_EMPTY(&q->queue))
		return;
	for (n = 0; n < BATCH && q->unsent != NULL; n++) {
		send_one(&q->unsent->notification);
		q->sent_seq = q->unsent->notification.seq;
		q->unsent = STAILQ_NEXT(q->unsent, next);
	}
	ask(q);
}

void
snmp_notify_clear(struct snmp_notify *q)
{
	while (!STAILQ_EMPTY(&q->queue))
		drop_first(q);
}
