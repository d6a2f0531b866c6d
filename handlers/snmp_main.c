/* SPDX-License-Identifier: ISC */
/*
 * certconf-snmp: the AgentX session and nothing else.  The monitor starts it with the
 * engine's channel as descriptor 3; when that channel ends, so does this process.  When
 * the net-snmp library has to wait for the master, nothing but SNMP waits.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/xalloc.h"
#include "handlers/snmp_agentx.h"
#include "handlers/snmp_channel.h"
#include "handlers/snmp_notify.h"
#include "handlers/snmp_set.h"
#include "handlers/snmp_tables.h"

#define CHANNEL_FD 3
#define HEARTBEAT_MS 1000

struct front {
	struct snmp_channel channel;
	struct snmp_notify notify;
	struct snmp_set set;
	struct snmp_agentx agentx;
	int64_t heartbeat_ms; /* when the next one is due */
};

static void
on_notification(void *context, const struct notification *notification)
{
	struct front *front = context;

	snmp_notify_add(&front->notify, notification);
}

static void
on_taken(void *context, uint32_t seq)
{
	struct front *front = context;

	snmp_channel_notified(&front->channel, seq);
}

static void
on_session(void *context, struct snmp_session *session)
{
	struct front *front = context;

	snmp_notify_connected(&front->notify, session);
	snmp_set_abandon(&front->set);
}

/* Sends the heartbeat if it is due; returns how long until the next. */
static int
heartbeat(struct front *front)
{
	int64_t now = clock_ms();

	if (now >= front->heartbeat_ms) {
		snmp_channel_heartbeat(&front->channel, front->agentx.connected);
		front->heartbeat_ms = now + HEARTBEAT_MS;
	}
	return (int)(front->heartbeat_ms - now);
}

/*
 * A wrong answer is worse than none: nothing is registered before there is all of it.
 */
static void
wait_for_engine(struct front *front)
{
	while (!front->channel.ended && !front->channel.view.ready)
		snmp_channel_read(&front->channel, heartbeat(front));
}

static void
run(struct front *front)
{
	while (!front->channel.ended) {
		snmp_agentx_turn(&front->agentx, CHANNEL_FD, heartbeat(front));
		snmp_channel_read(&front->channel, 0);
		snmp_set_expire(&front->set, clock_ms());
		snmp_notify_run(&front->notify);
	}
}

/* Log level and foreground as the daemon has them; a wrong level is the usual one. */
static void
open_log(const char *level, const char *foreground)
{
	const long n = strtol(level, NULL, 10);

	log_open("snmp", strcmp(foreground, "1") == 0,
	    n >= 0 && n < LOG_LEVEL_MAX ? (enum log_level)n : LOG_LEVEL_INFO);
}

static int
channel_is_there(void)
{
	struct stat st;

	return fstat(CHANNEL_FD, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    fcntl(CHANNEL_FD, F_SETFD, FD_CLOEXEC) == 0 &&
	    fcntl(CHANNEL_FD, F_SETFL, O_NONBLOCK) == 0;
}

int
main(int argc, char *argv[])
{
	struct front *front;

	if (argc != 4 || !channel_is_there()) {
		fprintf(stderr,
		    "usage: certconf-snmp AGENTX-SOCKET LOG-LEVEL FOREGROUND\n"
		    "certconfd starts it, with its channel as descriptor 3\n");
		return 2;
	}
	open_log(argv[2], argv[3]);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		fatal("main", "cannot ignore SIGPIPE");
	front = xcalloc(1, sizeof(*front));
	snmp_notify_init(&front->notify, on_taken, front);
	snmp_channel_init(&front->channel, CHANNEL_FD, on_notification, front);
	front->set.channel = &front->channel;
	wait_for_engine(front);
	if (!front->channel.ended) {
		if (snmp_agentx_init(&front->agentx, argv[1], on_session, front) ==
			-1 ||
		    snmp_tables_register(&front->channel.view, snmp_set_phase,
			&front->set) == -1)
			fatal("main", "the net-snmp library cannot be set up");
		snmp_agentx_start(&front->agentx);
		run(front);
		snmp_agentx_close(&front->agentx);
	}
	snmp_notify_clear(&front->notify);
	snmp_view_clear(&front->channel.view);
	free(front);
	return 0;
}
