/* SPDX-License-Identifier: ISC */
/* The subagent's session with its master, and the loop around it. */
#include "handlers/snmp_agentx.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>

#include "agent/log.h"
#include "handlers/snmp_transport.h"

#define APPLICATION "certconf-snmp"
#define PING_SECONDS 1 /* also how often a lost master is looked for */
#define ANSWER_US                                                                      \
	333000 /* how long the library waits for the master, without retry             \
		*/
#define FDS_MAX 64

/* The library reads whatever these name, and the MIBs in them, unless it is kept from
 * it. */
static const struct {
	const char *name, *value;
} environment[] = {
	{ "MIBS", "" },
	{ "MIBDIRS", "/dev/null" },
	{ "SNMPCONFPATH", "/dev/null" },
	{ "SNMP_PERSISTENT_DIR", "/dev/null" },
};

/* --- callbacks of the library --- */

static int
on_log(int major, int minor, void *message, void *context)
{
	const struct snmp_log_message *m = message;

	(void)major;
	(void)minor;
	(void)context;
	/* its messages end in a newline */
	if (m->priority <= LOG_WARNING)
		log_warn("net-snmp", "%.*s", (int)strcspn(m->msg, "\n"), m->msg);
	else
		log_debug("net-snmp", "%.*s", (int)strcspn(m->msg, "\n"), m->msg);
	return 0;
}

/* Every session is born with these: all that the library does to the master it waits
 * for. */
static int
on_session_init(int major, int minor, void *session, void *context)
{
	netsnmp_session *s = session;

	(void)major;
	(void)minor;
	(void)context;
	s->timeout = ANSWER_US;
	s->retries = 0;
	return 0;
}

static int
on_start(int major, int minor, void *session, void *context)
{
	struct snmp_agentx *ax = context;

	(void)major;
	(void)minor;
	log_info("agentx", "connected to the AgentX master at %s", ax->socket);
	ax->connected = true;
	ax->on_session(ax->context, session);
	return 0;
}

static int
on_stop(int major, int minor, void *session, void *context)
{
	struct snmp_agentx *ax = context;

	(void)major;
	(void)minor;
	(void)session;
	if (!ax->connected)
		return 0;
	log_warn("agentx", "lost the AgentX master at %s", ax->socket);
	ax->connected = false;
	ax->on_session(ax->context, NULL);
	return 0;
}

/* --- life --- */

static void
set_options(const char *socket)
{
	char address[sizeof(SNMP_TRANSPORT_PREFIX) + PATH_MAX];

	(void)snprintf(address, sizeof(address), "%s:%s", SNMP_TRANSPORT_PREFIX,
	    socket);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE,
	    1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS,
	    1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
	    NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET,
	    address);
}

int
snmp_agentx_init(struct snmp_agentx *ax, const char *socket,
    void (*on_session)(void *, struct snmp_session *), void *context)
{
	size_t i;

	*ax = (struct snmp_agentx){ .socket = socket,
		.on_session = on_session,
		.context = context };
	for (i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
		if (setenv(environment[i].name, environment[i].value, 1) == -1)
			return -1;
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log,
	    NULL);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SESSION_INIT,
	    on_session_init, NULL);
	netsnmp_enable_subagent();
	set_options(socket);
	if (init_agent(APPLICATION) != 0 || snmp_transport_register() == -1)
		return -1;
	/* init_agent() sets this to 15 without asking, so it comes after */
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID,
	    NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, PING_SECONDS);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START,
	    on_start, ax);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP,
	    on_stop, ax);
	return 0;
}

void
snmp_agentx_start(struct snmp_agentx *ax)
{
	init_snmp(APPLICATION);
	if (!ax->connected)
		log_info("agentx", "no AgentX master at %s yet", ax->socket);
}

/*
 * The set is made anew each turn: after a reconnect the library's socket mostly has the
 * number of the old one, which a set that is kept would take for unchanged.
 */
static nfds_t
gather(struct pollfd fds[FDS_MAX], netsnmp_large_fd_set *set, int numfds)
{
	nfds_t n = 0;
	int fd;

	for (fd = 0; fd < numfds && n < FDS_MAX - 1; fd++)
		if (NETSNMP_LARGE_FD_ISSET(fd, set))
			fds[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return n;
}

static int
wait_ms(const struct timeval *tv, int max)
{
	int64_t ms = (int64_t)tv->tv_sec * 1000 + (tv->tv_usec + 999) / 1000;

	return ms < max ? (int)ms : max;
}

void
snmp_agentx_turn(struct snmp_agentx *ax, int fd, int timeout_ms)
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct pollfd fds[FDS_MAX];
	netsnmp_large_fd_set set;
	int numfds = 0, block = 0;
	nfds_t n, i;

	(void)ax;
	netsnmp_large_fd_set_init(&set, FD_SETSIZE);
	(void)snmp_select_info2(&numfds, &set, &tv, &block);
	n = gather(fds, &set, numfds);
	fds[n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	NETSNMP_LARGE_FD_ZERO(&set);
	if (poll(fds, n + 1, wait_ms(&tv, timeout_ms)) > 0)
		for (i = 0; i < n; i++)
			if (fds[i].revents != 0)
				NETSNMP_LARGE_FD_SET(fds[i].fd, &set);
	snmp_read2(&set);
	netsnmp_large_fd_set_cleanup(&set);
	snmp_timeout();
	run_alarms();
	netsnmp_check_outstanding_agent_requests();
}

/* snmp_shutdown() frees what is still given to a callback as its context. */
void
snmp_agentx_close(struct snmp_agentx *ax)
{
	(void)snmp_unregister_callback(SNMP_CALLBACK_APPLICATION,
	    SNMPD_CALLBACK_INDEX_START, on_start, ax, 1);
	(void)snmp_unregister_callback(SNMP_CALLBACK_APPLICATION,
	    SNMPD_CALLBACK_INDEX_STOP, on_stop, ax, 1);
	ax->on_session(ax->context, NULL);
	snmp_shutdown(APPLICATION);
}
