/* SPDX-License-Identifier: ISC */
/*
 * Every message that passes between the processes, with its struct and its descriptors.
 * Each struct has a fixed size; strings in them are terminated, and the receiver
 * checks.
 *
 *   engine  <-> monitor    PRIV_*   what may be asked of root, and what root tells
 *   engine  <-> nursery    SPAWN_*  make a process; one has ended
 *   session <-> engine     SES_*    sessions and workers
 *   probe    -> engine     PROBE_*
 *   snmp    <-> engine     SNMP_*
 */
#ifndef AGENT_PROTO_H
#define AGENT_PROTO_H

#include <sys/types.h>

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/served.h"
#include "lib/settings.h"
#include "lib/status.h"

/* Who asks. */
struct identity {
	uint32_t session; /* number, from 1; 0 for the engine itself */
	uid_t uid;
	gid_t gid;
	pid_t pid;
	uint8_t may_read, may_write;
	char user[STATUS_NAME]; /* login name, or the uid in digits */
};

/* Numbers that only grow; kept in state/counters before what they count is in force. */
struct counters {
	uint64_t generation; /* the last one given out */
	uint32_t next_local_index, next_trust_index;
	uint32_t spin_lock;
	uint32_t notify_seq;
};

/* What may be asked for of a kept generation; each comes as a sealed file. */
enum load_file { LOAD_SNAPSHOT, LOAD_CONFIG, LOAD_FACTORY, LOAD_FILE_MAX };

/* --- engine and monitor --- */
enum priv_type {
	PRIV_BOOT = 1, /* monitor -> engine, first: what is in force */
	PRIV_CLIENT,   /* monitor -> engine: somebody connected */
	PRIV_SNMP,     /* monitor -> engine: a new snmp process; its channel */
	PRIV_SERVICES, /* monitor -> engine: root changed the definitions */
	/* engine -> monitor: keep these until they are staged or forgotten */
	PRIV_KEYS,
	PRIV_FORGET,   /* engine -> monitor: drop all waiting keys but those named */
	PRIV_STAGE,    /* engine -> monitor: write a generation completely */
	PRIV_ACTIVATE, /* engine -> monitor: journal it and point live at it */
	PRIV_RUN,      /* engine -> monitor: run a command of a service */
	PRIV_END,  /* engine -> monitor: the commit is over: history, journal, prune */
	PRIV_LOAD, /* engine -> monitor: a file of a kept generation */
	PRIV_COUNTERS, /* engine -> monitor: make these durable */
	PRIV_HOLD,     /* engine -> monitor: keep the definitions of services, or not */
	PRIV_PENDING,  /* engine -> monitor: these services wait for a restart */
	PRIV_SETTINGS, /* engine -> monitor: keep what SNMP changed without a commit */
	PRIV_IMPORT,   /* engine -> monitor: open a document of the import directory */
	PRIV_SPOOL,    /* engine -> monitor: what is in the spool; agent/spool.h */
	PRIV_VERIFY,   /* engine -> monitor: compare the live files with the manifest */
	PRIV_OUTBOX,   /* engine -> monitor: make these notifications durable */
	PRIV_SNMP_KILL, /* engine -> monitor: its heartbeat stopped; start another */
	PRIV_PUBLISH,   /* engine -> monitor: the plugin of snmpd shows this snapshot */
	PRIV_DONE,      /* monitor -> engine: the answer to a request, by its id */
	PRIV_TYPE_MAX
};

/* Services that wait for a restart; bit n is row n of the services table. */
struct pending {
	uint64_t services;
	uint64_t unseen; /* of them: no probe can tell, the certificate is the same */
	uint64_t lost;   /* of them: they could not be brought back, it is our doing */
};
_Static_assert(LIMIT_SERVICES <= 64, "a bit for every service");

/*
 * What a confirmed commit that waits goes back to, and when (RFC 6241 8.4).  restore 0:
 * none waits.
 */
struct confirm_point {
	uint64_t restore;
	int64_t deadline_ms; /* CLOCK_BOOTTIME */
	char user[STATUS_NAME];
	char persist[STATUS_NAME]; /* "": it ends with its session */
};

/*
 * PRIV_BOOT: services table, then the running snapshot (none on a new device), then,
 * with has_settings, what SNMP changed in it since: struct setting_change, one after
 * the other; with has_outbox state/outbox; last with publishes the status file for the
 * plugin of snmpd, to write into.
 */
struct priv_boot {
	uint64_t generation; /* 0: none yet */
	uint64_t recovered;  /* a commit of this generation was cut off; 0: none was */
	int64_t running_since;
	struct counters counters;
	uint32_t ncommits;
	uint32_t same_boot; /* recovered was cut off since the machine was started */
	uint32_t damaged;   /* its files were, it was not cut off */
	uint32_t has_settings;
	struct status_commit commits[LIMIT_HISTORY]; /* newest first */
	char model[STATUS_NAME];
	char host[STATUS_NAME];
	char state_dir[STATUS_TEXT];
	uint8_t machine_id[SHA256_SIZE]; /* hash of it: a clone has another */
	uint32_t restart_interval;       /* seconds between restarts of one service */
	uint32_t verify_interval;        /* seconds between PRIV_VERIFY; 0: never */
	uint32_t retry_interval; /* seconds between tries of the spool; 0: never */
	struct pending pending;
	struct confirm_point confirm; /* it still waits */
	uint8_t has_outbox;
	uint8_t has_snmp; /* there is somebody to notify */
	uint8_t publishes;
};

/* PRIV_CLIENT: the connected socket. */
struct priv_client {
	struct identity identity;
};

/*
 * PRIV_SNMP: its channel.  PRIV_PUBLISH: the snapshot.  PRIV_SNMP_KILL, PRIV_VERIFY:
 * nothing.
 */
struct priv_none {
	uint32_t zero;
};

/* PRIV_KEYS: a sealed file of key records, which the engine never maps. */
struct priv_keys {
	uint32_t zero;
};

/* PRIV_FORGET: the bundles whose keys stay; the monitor reads the ids from them. */
struct priv_forget {
	uint32_t nkeep; /* descriptors: 0..2 bundles */
};

/* PRIV_STAGE: snapshot, bundle. */
struct priv_stage {
	uint64_t generation;
	uint64_t base; /* generation whose keys and factory credential are held */
	struct status_commit commit;
};

/* PRIV_ACTIVATE: nothing.  Refused when that generation is not completely there. */
struct priv_activate {
	uint64_t generation;
	uint64_t previous; /* what start-up goes back to */
	uint8_t back;      /* this is the way back */
	struct counters counters;
};

enum service_command { COMMAND_CHECK, COMMAND_RESTART, COMMAND_STOP, COMMAND_MAX };

/*
 * PRIV_RUN.  A check sees this generation where live is; ERR_UNSUPPORTED when that
 * cannot be arranged.
 */
struct priv_run {
	uint32_t service; /* row of the services table */
	uint32_t command; /* enum service_command */
	uint64_t services_revision;
	uint64_t generation; /* COMMAND_CHECK */
};

struct priv_end {
	uint64_t generation;          /* the one that was tried */
	uint32_t keep;                /* 0: it was rolled back, its directory goes */
	struct confirm_point confirm; /* what waits from now on */
	struct status_commit commit;
};

struct priv_load {
	uint64_t generation; /* 0: the newest kept one before the live one */
	uint32_t file;       /* enum load_file */
	uint32_t zero;
};

struct priv_counters {
	struct counters counters;
};

/* PRIV_OUTBOX: records, appended to what is there; anew: in its place. */
struct priv_outbox {
	uint32_t anew;
	uint32_t zero;
};

/* As many as one SET changes. */
#define SNMP_CHANGES_MAX 64
#define PRIV_SETTINGS_GENERATIONS 4

/*
 * PRIV_SETTINGS: to be put into what is read of these generations, as long as they are
 * kept and not staged anew.
 */
struct priv_settings {
	uint32_t ngenerations, nchanges;
	uint64_t generations[PRIV_SETTINGS_GENERATIONS];
	struct setting_change changes[SNMP_CHANGES_MAX];
};

/* PRIV_IMPORT: the answer brings the file. */
struct priv_import {
	char name[STATUS_TEXT]; /* in the import directory */
	uint32_t spooled;       /* or, without its suffix, in the spool */
	uint32_t zero;
};

/* PRIV_HOLD: ERR_CONFLICT when there are others than these already. */
struct priv_hold {
	uint32_t on;
	uint64_t services_revision;
};

/*
 * PRIV_PENDING; and PRIV_SERVICES, with the table: also those that waited before they
 * had no definition.
 */
struct priv_services {
	struct pending pending;
	uint64_t services_revision;
};

/*
 * PRIV_DONE: the file for PRIV_LOAD, and after a snapshot that for which something is
 * kept (PRIV_SETTINGS) a file of struct setting_change; the files for PRIV_IMPORT
 * and PRIV_SPOOL; otherwise nothing.
 */
struct priv_done {
	uint64_t generation; /* PRIV_LOAD: the one it is from */
	struct err err;      /* ERR_NONE: done */
};

/* --- engine and nursery --- */
enum spawn_type { SPAWN_NEW = 1, SPAWN_KILL, SPAWN_ENDED, SPAWN_TYPE_MAX };
enum spawn_kind { SPAWN_SESSION, SPAWN_WORKER, SPAWN_PROBE, SPAWN_KIND_MAX };

/* What a worker does: an edit of fixed size. */
enum job_kind {
	JOB_NONE,
	JOB_FACTORY,  /* make the factory credential; first boot */
	JOB_SET_MODE, /* arg: enum verify_mode */
	JOB_DELETE_LOCAL,
	JOB_DELETE_TRUST,
	JOB_VALIDATE,
	JOB_ROLLBACK, /* arg: generation */
	JOB_REBASE,   /* the candidate onto the new running configuration */
	JOB_REBUILD,  /* arg: generation whose snapshot is lost */
	JOB_IMPORT,   /* the document it comes with, onto the candidate or alone */
	JOB_KIND_MAX
};

struct job {
	uint32_t kind;
	uint32_t commit;        /* commit it alone, leaving the candidate as it is */
	uint32_t defer_restart; /* with commit */
	/* with commit: seconds; 0: no confirmation is needed */
	uint32_t confirm_timeout;
	uint64_t arg;
};

struct probe_job {
	char name[256];  /* server name to ask for; "" for none */
	uint32_t nchain; /* certificates to take the digest of */
	uint32_t deadline_ms;
};

/*
 * SPAWN_NEW: session: engine channel, client.  worker: engine channel, with JOB_IMPORT
 * the document.  probe: engine channel, connected socket.
 */
struct spawn_new {
	uint32_t kind;
	uint32_t number; /* the engine's, given back in SPAWN_ENDED */
	struct identity identity;
	union {
		struct job job;
		struct probe_job probe;
	} u;
};

struct spawn_kill {
	uint32_t number;
};

struct spawn_ended {
	uint32_t number;
	int32_t status; /* as from waitpid() */
};

/* --- session or worker, and engine --- */
enum ses_type {
	SES_GET = 1, /* session: a configuration and what is known of it */
	SES_EDIT,    /* session: the next candidate */
	SES_COMMIT,  /* session: put the candidate, or a change of its own, in force */
	SES_VALIDATED, /* session: the verdict on the candidate */
	SES_DISCARD,
	SES_CONFIRM, /* session: keep what a confirmed commit has put in force */
	SES_CANCEL,  /* session: go back from it now; answered when that is done */
	SES_LOCK,
	SES_UNLOCK,
	SES_RESTART,   /* run the restart commands of all enabled services */
	SES_LOAD,      /* a file of a kept generation */
	SES_SUBSCRIBE, /* tell me the steps of commits */
	SES_REBUILT,   /* worker: the snapshot of JOB_REBUILD */
	SES_REFUSED,   /* session: I refused something: last error, log, notification */
	SES_REPLY,     /* engine: the answer to each of the above */
	SES_STEP, /* engine: a step of a commit, to subscribers and to who commits */
	SES_TYPE_MAX
};

enum ses_store { STORE_RUNNING, STORE_CANDIDATE, SES_STORE_MAX };

/*
 * SES_GET.  The reply brings services table, snapshot and status, each a sealed file.
 */
struct ses_get {
	uint32_t store;
	/* For a change that is committed alone: also what is about to be in force. */
	uint32_t for_change;
};

/*
 * SES_EDIT: snapshot, bundle, keys (the last only with has_keys).  SES_COMMIT with
 * private: the same.  Taken only if base is still what the engine has; otherwise the
 * reply is ERR_BUSY with stale set, and the session does it again.
 */
struct ses_edit {
	uint64_t base; /* revision of what it was built on */
	uint64_t services_revision;
	uint32_t has_keys;
	uint32_t action;    /* enum action, for the last action */
	struct err problem; /* ERR_NONE: config_check() found nothing */
};

struct ses_commit {
	/* a change of the session's own, with the files of SES_EDIT */
	uint32_t private;
	uint32_t origin;          /* enum origin */
	uint32_t defer_restart;   /* services stay as they are */
	uint32_t confirm_timeout; /* seconds, 1..LIMIT_CONFIRM_SECONDS; 0: final */
	/* with private: a kept generation that has its keys; 0: none */
	uint64_t keys_from;
	struct ses_edit edit; /* with private */
	char comment[STATUS_TEXT];
	/* with confirm_timeout: who knows it may confirm; "": only this session */
	char persist[STATUS_NAME];
	/*
	 * what this one confirms or extends; "": what this session began, if anything
	 */
	char persist_id[STATUS_NAME];
};

/*
 * SES_CONFIRM, SES_CANCEL: ERR_NOT_FOUND when none waits, ERR_BAD_ELEMENT at persist-id
 * when it is another's.
 */
struct ses_confirm {
	char persist_id[STATUS_NAME];
};

struct ses_validated {
	uint64_t revision;
	struct err problem;
};

struct ses_lock {
	uint32_t store;
};

struct ses_load {
	uint64_t generation; /* 0: the one before the running one */
	uint32_t file;       /* enum load_file */
	uint32_t zero;
};

struct ses_subscribe {
	uint32_t on;
};

struct ses_refused {
	uint32_t action; /* enum action */
	struct err err;
};

struct ses_none {
	uint32_t zero;
};

/* SES_REPLY. */
struct ses_reply {
	struct err err; /* ERR_NONE: ok */
	uint32_t stale;
	uint32_t rolled_back; /* a commit that failed: the previous generation serves */
	uint32_t unchanged;   /* a commit of what is running already */
	uint32_t lock_session; /* who holds the lock, with ERR_LOCKED */
	/* of the candidate; or generation, for running and SES_LOAD */
	uint64_t revision;
	uint64_t generation; /* in force now */
	uint32_t next_local_index, next_trust_index;
};

/* What a commit does, in order; the texts are those the CLI shows. */
enum commit_step {
	STEP_SURVEY, /* which services work now: only those can fail it */
	STEP_STAGE,
	STEP_CHECK, /* the check commands, against what was staged */
	STEP_ACTIVATE,
	STEP_RESTART,
	STEP_PROBE,
	STEP_END, /* it is over, one way or the other */
	STEP_MAX
};

struct ses_step {
	uint64_t generation;
	int64_t time;
	uint32_t step; /* enum commit_step */
	uint32_t rolling_back;
	uint32_t failed;
	char service[STATUS_NAME]; /* "" where it is not about one */
	char text[STATUS_TEXT];
};

/* --- probe and engine --- */
enum probe_type { PROBE_RESULT = 1, PROBE_TYPE_MAX };
struct probe_result {
	struct err err;       /* ERR_NONE: a TLS server answered */
	struct served served; /* as many as the job wants, if there are so many */
	uint32_t nchain;      /* all that were presented */
	uint32_t connected;   /* something answered, whatever it was */
	int64_t not_after;
};

/* --- snmp and engine --- */
enum snmp_type {
	SNMP_SNAPSHOT = 1, /* engine: a new running snapshot */
	SNMP_STATUS,       /* engine: the status, whole */
	SNMP_NOTIFY,       /* engine: send this */
	SNMP_PREPARE,      /* snmp: a SET; all of one PDU */
	SNMP_TICKET,       /* engine: the answer */
	SNMP_APPLY,        /* snmp: do it; cannot be refused */
	SNMP_RELEASE,      /* snmp: forget it */
	SNMP_NOTIFIED,     /* snmp: handed to a connected master, up to this number */
	SNMP_HEARTBEAT,    /* snmp: alive; whether the master is there */
	SNMP_TYPE_MAX
};

/* SNMP_SNAPSHOT: the snapshot. */
struct snmp_snapshot {
	uint64_t generation;
};

/* SNMP_STATUS: struct status. */

/* In the order of the MIB: n is { certconfNotifications n+1 }. */
enum notify_kind {
	NOTIFY_LOCAL_EXPIRING,
	NOTIFY_LOCAL_EXPIRED,
	NOTIFY_LOCAL_EXPIRY_CLEAR,
	NOTIFY_LOCAL_NOT_YET_VALID,
	NOTIFY_LOCAL_KEY_MISMATCH,
	NOTIFY_LOCAL_KEY_MISMATCH_CLEAR,
	NOTIFY_LOCAL_CHAIN_INVALID,
	NOTIFY_LOCAL_CHAIN_INVALID_CLEAR,
	NOTIFY_LOCAL_NOT_YET_VALID_CLEAR,
	NOTIFY_FACTORY_REPLACED,
	NOTIFY_CLOCK_FAULT,
	NOTIFY_CLOCK_FAULT_CLEAR,
	NOTIFY_RESTART_PENDING,
	NOTIFY_RESTART_PENDING_CLEAR,
	NOTIFY_STUCK,
	NOTIFY_STUCK_CLEAR,
	NOTIFY_TRUST_EXPIRING,
	NOTIFY_TRUST_EXPIRED,
	NOTIFY_TRUST_EXPIRY_CLEAR,
	NOTIFY_LOCAL_REPLACED,
	NOTIFY_TRUST_CHANGED,
	NOTIFY_VERIFY_MODE_CHANGE,
	NOTIFY_COMMIT_DONE,
	NOTIFY_COMMIT_FAILED,
	NOTIFY_SERVICE_OUT_OF_SYNC,
	NOTIFY_SERVICE_IN_SYNC_CLEAR,
	NOTIFY_SOURCE_ERROR,
	NOTIFY_SOURCE_ERROR_CLEAR,
	NOTIFY_KIND_MAX
};

/* Values as they were when it was raised; a change of this is one of state/outbox. */
struct notification {
	uint32_t kind; /* enum notify_kind */
	uint32_t seq;
	int64_t time;
	uint32_t index; /* of the row; 0 for scalars */
	uint32_t level; /* of an alarm, 0: it is cleared */
	union {
		struct {
			char name[STATUS_NAME];
			char subject[STATUS_TEXT], issuer[STATUS_TEXT];
			char serial[STATUS_NAME];
			uint8_t sha256[SHA256_SIZE];
			int64_t not_after; /* 0: the row is gone, nobody knows it */
			int32_t days_left;
			uint32_t status;       /* enum validity */
			uint32_t key_status;   /* enum key_status */
			uint32_t chain_status; /* enum chain_status */
		} row;                         /* of a local certificate or an anchor */
		struct {
			uint64_t generation;
			uint32_t action, result;
			struct err err;
			char user[STATUS_NAME];
		} commit; /* also stuck and its clear */
		struct {
			char name[STATUS_NAME];
			uint32_t state;   /* enum service_state */
			uint32_t in_sync; /* enum sync_state */
			uint32_t last_result;
		} service;
		struct {
			uint32_t pending;
			uint64_t generation;
		} restart;
		struct {
			int64_t time;
			uint32_t status; /* enum clock_status */
		} clock;
		struct {
			uint64_t generation;
			uint32_t count;
		} trust; /* the store as a whole */
		struct {
			uint32_t mode; /* enum verify_mode */
			char user[STATUS_NAME];
		} mode;
		struct {
			int64_t loaded;
			uint32_t errors;
			uint32_t overall; /* enum severity */
			char text[STATUS_TEXT];
		} source;
	} u;
};

/* What one SET PDU asks for; has is a set of SNMP_SET_*. */
#define SNMP_SET_MODE 0x1u
#define SNMP_SET_ACTION 0x2u
#define SNMP_SET_SPIN_LOCK 0x4u
#define SNMP_SET_CONFIRM_TIMEOUT 0x8u
#define SNMP_SET_SOURCE 0x10u
struct snmp_prepare {
	uint32_t has;
	uint32_t mode;   /* enum verify_mode */
	uint32_t action; /* enum action */
	uint32_t spin_lock;
	uint32_t confirm_timeout; /* seconds; the commit of this PDU uses it too */
	uint32_t nchanges;
	struct setting_change changes[SNMP_CHANGES_MAX];
	char source[STATUS_TEXT]; /* the import of this PDU uses it too */
};

/* How a SET is refused. */
enum ticket_verdict {
	TICKET_OK,
	TICKET_BUSY,
	TICKET_LOCKED,
	TICKET_SPIN,
	TICKET_INCONSISTENT,
	TICKET_NO_ROW, /* and none can be made */
	TICKET_MAX
};
struct snmp_ticket {
	uint32_t ticket; /* 0 when refused */
	uint32_t verdict;
	uint32_t change; /* which one to blame, from 1; 0: none of them */
};

struct snmp_by_ticket { /* SNMP_APPLY, SNMP_RELEASE */
	uint32_t ticket;
};

struct snmp_notified {
	uint32_t seq;
};

struct snmp_heartbeat {
	uint32_t connected;
};

#endif
