/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the monitor share:
 *
 *   monitor            start, loop, orderly end
 *   monitor_children   every process it starts, and what happens when one ends
 *   monitor_requests   what the engine may ask
 *   monitor_board      what the plugin of snmpd reads
 *   monitor_clients    who connects to the socket
 */
#ifndef AGENT_MONITOR_SELF_H
#define AGENT_MONITOR_SELF_H

#include <stdbool.h>

#include "agent/conf.h"
#include "agent/keys.h"
#include "agent/monitor.h"
#include "agent/msg.h"
#include "agent/privdrop.h"
#include "agent/service.h"
#include "agent/store.h"

#define HELPERS_MAX (LIMIT_SERVICES + 2)

/* A forked process that does what takes long and tells how it went. */
struct helper {
	bool used;
	pid_t pid;   /* 0: it was reaped */
	int fd;      /* its struct err comes here */
	uint32_t id; /* of the request it answers; 0: of none */
	bool stages;
};

struct snmp_child {
	pid_t pid; /* 0: it does not run */
	int64_t started_ms, start_at_ms;
	int64_t backoff_ms;
};

struct monitor {
	const struct conf *conf;
	const struct processes *processes;
	struct store store;
	struct service_set *services;
	struct keys keys;
	struct account account, snmp_account;
	struct account write_group, read_group; /* only gid; ngroups 0: there is none */
	int signals, listener, engine;
	pid_t engine_pid, nursery_pid;
	struct snmp_child snmp;
	struct helper helpers[HELPERS_MAX];
	int64_t accept_at_ms; /* not before; after a failure */
	uint32_t last_session;
	bool committing;   /* the engine uses the definitions: PRIV_HOLD */
	bool reload_waits; /* for the end of a commit, which uses the old definitions */
	bool ending;
	struct msg msg; /* the one being handled */
};

/* --- monitor --- */
/* Sends to the engine; it must take it. */
void monitor_tell(struct monitor *, uint32_t type, uint32_t id, const void *data,
    size_t len, const int *fds, int nfds);

/*
 * What SNMP changed in a generation since it was written, as a file; -1: nothing.
 */
int monitor_kept_settings(const struct monitor *, uint64_t generation);

/* --- monitor_children --- */
void children_start(struct monitor *);
/* Starts the snmp process when its time has come. */
void children_start_snmp(struct monitor *);
void children_kill_snmp(struct monitor *);
/*
 * Reaps those that ended.  The end of engine or nursery is fatal until the orderly end.
 */
void children_reap(struct monitor *);
/* SIGTERM to all, SIGKILL to those that are left after a while. */
void children_end(struct monitor *);

/*
 * Forks a helper.  In it work runs, with the descriptors of the store and keep open and
 * nothing else.  id 0: nobody waits for the result.
 */
typedef int helper_work(struct monitor *, void *context, struct err *);
int helper_start(struct monitor *, uint32_t id, helper_work *work, void *context,
    const int *keep, size_t nkeep, struct err *);
bool helper_stages(const struct monitor *); /* one writes a generation now */
/* Its descriptor is readable: passes its result on. */
void helper_ended(struct monitor *, struct helper *);

/* --- monitor_requests --- */
/* Everything that waits on the engine's channel; what is irregular is fatal. */
void requests_handle(struct monitor *);
/* The answer to a request that brings no file. */
void requests_answer(struct monitor *, uint32_t id, const struct err *);

/* --- monitor_board --- */
/* The status file for the plugin of snmpd, anew; the engine writes it.  -1: there is
 * none.
 */
int board_make(const struct monitor *);
/* In a helper: the snapshot of PRIV_PUBLISH becomes the one that is shown. */
helper_work board_copy;

/* --- monitor_clients --- */
int clients_open(struct monitor *, struct err *);
void clients_find_groups(struct monitor *);
void clients_accept(struct monitor *);
void clients_close(struct monitor *);

#endif
