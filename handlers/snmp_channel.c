/* SPDX-License-Identifier: ISC */
/* Messages of the engine, as they become what requests are answered from. */
#include "handlers/snmp_channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "agent/clock.h"
#include "agent/log.h"

#define ANSWER_MS 100 /* the master, and through it a manager, waits meanwhile */

static void
irregular(struct snmp_channel *c, const char *what)
{
	log_err("engine", "sent %s", what);
	c->ended = true;
}

static void
send_message(struct snmp_channel *c, uint32_t type, uint32_t id, const void *data,
    size_t len)
{
	if (!c->ended && msg_send(c->fd, type, id, data, len, NULL, 0) == -1 &&
	    errno != EAGAIN)
		c->ended = true;
}

/* --- what the engine says --- */

/* A text of fixed size in a message. */
struct field {
	size_t offset, size;
};

#define FIELD(type, member)                                                            \
	{                                                                              \
		offsetof(type, member), sizeof(((type *)NULL)->member)                 \
	}

static const struct field row_fields[] = {
	FIELD(struct notification, u.row.name),
	FIELD(struct notification, u.row.subject),
	FIELD(struct notification, u.row.issuer),
	FIELD(struct notification, u.row.serial),
};

static const struct field commit_fields[] = {
	FIELD(struct notification, u.commit.err.where),
	FIELD(struct notification, u.commit.err.text),
	FIELD(struct notification, u.commit.user),
};

static const struct field sync_fields[] = {
	FIELD(struct notification, u.service.name),
};

static const struct field mode_fields[] = {
	FIELD(struct notification, u.mode.user),
};

#define FIELDS(fields)                                                                 \
	{                                                                              \
		fields, nitems(fields)                                                 \
	}

/* Which of them a notification has. */
static const struct {
	const struct field *fields;
	size_t count;
} notification_fields[NOTIFY_KIND_MAX] = {
	[NOTIFY_LOCAL_EXPIRING] = FIELDS(row_fields),
	[NOTIFY_LOCAL_EXPIRED] = FIELDS(row_fields),
	[NOTIFY_LOCAL_EXPIRY_CLEAR] = FIELDS(row_fields),
	[NOTIFY_LOCAL_NOT_YET_VALID] = FIELDS(row_fields),
	[NOTIFY_LOCAL_KEY_MISMATCH] = FIELDS(row_fields),
	[NOTIFY_LOCAL_KEY_MISMATCH_CLEAR] = FIELDS(row_fields),
	[NOTIFY_LOCAL_CHAIN_INVALID] = FIELDS(row_fields),
	[NOTIFY_LOCAL_CHAIN_INVALID_CLEAR] = FIELDS(row_fields),
	[NOTIFY_LOCAL_NOT_YET_VALID_CLEAR] = FIELDS(row_fields),
	[NOTIFY_FACTORY_REPLACED] = FIELDS(row_fields),
	[NOTIFY_STUCK] = FIELDS(commit_fields),
	[NOTIFY_STUCK_CLEAR] = FIELDS(commit_fields),
	[NOTIFY_TRUST_EXPIRING] = FIELDS(row_fields),
	[NOTIFY_TRUST_EXPIRED] = FIELDS(row_fields),
	[NOTIFY_TRUST_EXPIRY_CLEAR] = FIELDS(row_fields),
	[NOTIFY_LOCAL_REPLACED] = FIELDS(row_fields),
	[NOTIFY_VERIFY_MODE_CHANGE] = FIELDS(mode_fields),
	[NOTIFY_COMMIT_DONE] = FIELDS(commit_fields),
	[NOTIFY_COMMIT_FAILED] = FIELDS(commit_fields),
	[NOTIFY_SERVICE_OUT_OF_SYNC] = FIELDS(sync_fields),
	[NOTIFY_SERVICE_IN_SYNC_CLEAR] = FIELDS(sync_fields),
};

static bool
terminated(const uint8_t *data, const struct field *fields, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (memchr(data + fields[i].offset, '\0', fields[i].size) == NULL)
			return false;
	return true;
}

static void
on_snapshot(struct snmp_channel *c)
{
	struct snapshot snapshot;
	struct mapping mapping;
	struct err err;

	if (c->msg.nfds != 1 ||
	    memfile_map(c->msg.fds[0], SNAPSHOT_MAX, &mapping, &err) == -1) {
		irregular(c, "a snapshot that cannot be mapped");
		return;
	}
	if (snapshot_open(&snapshot, mapping.data, mapping.size, &err) == -1) {
		mapping_clear(&mapping);
		irregular(c, err.text);
		return;
	}
	if (c->has_snapshot)
		mapping_clear(&c->mapping);
	c->mapping = mapping;
	c->view.snapshot = snapshot;
	c->has_snapshot = true;
}

static void
on_status(struct snmp_channel *c)
{
	const char *wrong = status_check((const void *)c->msg.data);

	if (wrong != NULL) {
		irregular(c, wrong);
		return;
	}
	memcpy(&c->view.status, c->msg.data, sizeof(c->view.status));
	c->has_status = true;
	c->status_due_ms = 0;
}

static void
on_notify(struct snmp_channel *c)
{
	struct notification notification;
	const uint8_t *data = c->msg.data;
	uint32_t kind;

	memcpy(&notification, data, sizeof(notification));
	kind = notification.kind;
	if (kind >= NOTIFY_KIND_MAX ||
	    !terminated(data, notification_fields[kind].fields,
		notification_fields[kind].count)) {
		irregular(c, "a notification of no known form");
		return;
	}
	c->on_notification(c->context, &notification);
}

/* An answer that came too late: the SET was refused meanwhile. */
static void
on_ticket(struct snmp_channel *c)
{
	struct snmp_ticket ticket;

	memcpy(&ticket, c->msg.data, sizeof(ticket));
	if (c->waiting && c->msg.id == c->request) {
		c->answer = ticket;
		c->waiting = false;
	} else if (ticket.ticket != 0) {
		snmp_channel_release(c, ticket.ticket);
	}
}

static const struct {
	size_t size;
	int nfds;
	void (*run)(struct snmp_channel *);
} messages[SNMP_TYPE_MAX] = {
	[SNMP_SNAPSHOT] = { sizeof(struct snmp_snapshot), 1, on_snapshot },
	[SNMP_STATUS] = { sizeof(struct status), 0, on_status },
	[SNMP_NOTIFY] = { sizeof(struct notification), 0, on_notify },
	[SNMP_TICKET] = { sizeof(struct snmp_ticket), 0, on_ticket },
};

static void
on_message(struct snmp_channel *c)
{
	uint32_t type = c->msg.type;

	if (type >= SNMP_TYPE_MAX || messages[type].run == NULL ||
	    c->msg.len != messages[type].size || c->msg.nfds != messages[type].nfds) {
		irregular(c, "a message of no known form");
		return;
	}
	messages[type].run(c);
	snmp_view_changed(&c->view);
	c->view.ready = c->has_snapshot && c->has_status;
}

/* Takes in one message, waiting at most so long; false when none came. */
static bool
read_one(struct snmp_channel *c, int timeout_ms)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	int n;

	if (c->ended || poll(&pfd, 1, timeout_ms) <= 0)
		return false;
	n = msg_recv(c->fd, &c->msg);
	if (n == 1) {
		on_message(c);
		msg_close(&c->msg);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		c->ended = true;
	}
	return n == 1;
}

void
snmp_channel_read(struct snmp_channel *c, int timeout_ms)
{
	while (read_one(c, timeout_ms))
		timeout_ms = 0;
}

/* --- what requests are answered from --- */

/*
 * A manager that has set something reads it back at once, so the first request after a
 * SET waits a moment for the status that shows it.
 */
static void
refresh(struct snmp_view *view)
{
	struct snmp_channel *c = view->context;
	int64_t left;

	snmp_channel_read(c, 0);
	while (c->status_due_ms != 0) {
		left = c->status_due_ms - clock_ms();
		if (left <= 0 || !read_one(c, (int)left))
			c->status_due_ms = 0;
	}
	snmp_view_set_time(view, (uint32_t)netsnmp_get_agent_uptime());
}

void
snmp_channel_init(struct snmp_channel *c, int fd,
    void (*on_notification)(void *, const struct notification *), void *context)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->view.refresh = refresh;
	c->view.context = c;
	c->on_notification = on_notification;
	c->context = context;
}

/* --- what is said to the engine --- */

int
snmp_channel_prepare(struct snmp_channel *c, const struct snmp_prepare *set,
    struct snmp_ticket *ret_ticket)
{
	int64_t end = clock_ms() + ANSWER_MS, left;

	c->waiting = true;
	send_message(c, SNMP_PREPARE, ++c->request, set, sizeof(*set));
	while (c->waiting && !c->ended && (left = end - clock_ms()) > 0)
		(void)read_one(c, (int)left);
	if (c->waiting) {
		c->waiting = false;
		return -1;
	}
	*ret_ticket = c->answer;
	return 0;
}

void
snmp_channel_apply(struct snmp_channel *c, uint32_t ticket)
{
	const struct snmp_by_ticket by = { ticket };

	send_message(c, SNMP_APPLY, 0, &by, sizeof(by));
	c->status_due_ms = clock_ms() + ANSWER_MS;
}

void
snmp_channel_release(struct snmp_channel *c, uint32_t ticket)
{
	const struct snmp_by_ticket by = { ticket };

	send_message(c, SNMP_RELEASE, 0, &by, sizeof(by));
}

void
snmp_channel_notified(struct snmp_channel *c, uint32_t seq)
{
	const struct snmp_notified notified = { seq };

	send_message(c, SNMP_NOTIFIED, 0, &notified, sizeof(notified));
}

void
snmp_channel_heartbeat(struct snmp_channel *c, bool connected)
{
	const struct snmp_heartbeat heartbeat = { connected };

	send_message(c, SNMP_HEARTBEAT, 0, &heartbeat, sizeof(heartbeat));
}
