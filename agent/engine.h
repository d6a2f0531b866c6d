/* SPDX-License-Identifier: ISC */
/*
 * The engine: one event loop over candidate and running, the commit, expiry and
 * notifications.  It never blocks, never parses XML, PEM or DER, and owns no file.
 *
 * This header is for the engine's own modules, which share one struct engine:
 *
 *   privlink   requests to the monitor and what it tells
 *   spawner    processes the nursery makes
 *   sessions   what sessions and workers ask
 *   candidate  the candidate, its lock, what is refused
 *   commit     the steps of a commit and the way back
 *   confirm    the commit that waits for its confirmation
 *   pending    services that do not use yet what is in force
 *   prober     one service asked over TLS what it serves
 *   watch      the services between commits
 *   alarms, sources, outbox, notices
 *              notifications; see agent/notify.h
 *   snmplink   the snmp process: status out, SETs in
 *   actions    what SNMP asked for, one after the other
 *   spool      what was refused once, tried again
 *   settings   what SNMP changes without a commit
 *   publish    the status everyone answers from
 *   board      the files for the plugin of snmpd
 */
#ifndef AGENT_ENGINE_H
#define AGENT_ENGINE_H

#include <stdbool.h>
#include <sys/queue.h>

#include <event2/event.h>

#include "agent/channel.h"
#include "agent/clock.h"
#include "agent/held.h"
#include "agent/proto.h"

struct commit;
struct session;
struct prober;
struct board;

/* A request the monitor has not answered yet. */
struct priv_pending;
/* A process the nursery made. */
struct child;
/* Something SNMP asked for. */
struct queued_action;
/* Notifications, and what they are about. */
struct outbox;
struct sources;

struct candidate {
	struct held *held; /* NULL: there is none */
	uint64_t revision; /* grows with every change, also a discard */
	uint64_t base;     /* generation it was made from */
	bool conflicts;    /* with a generation that came later */
	/*
	 * The worker that is putting it on a new generation, and on which; 0: none is.
	 */
	uint32_t rebase_session;
	uint64_t rebase_generation;
	uint64_t rebase_settings; /* settings_revision when that began */
	int64_t since;
	char user[STATUS_NAME];
	struct err problem;
};

/* What SNMP reserved in RESERVE2. */
struct ticket {
	uint32_t number; /* 0: none is out */
	struct snmp_prepare set;
};

/* Levels of an alarm about dates. */
enum alarm { ALARM_NONE, ALARM_WARNING, ALARM_CRITICAL, ALARM_EXPIRED, ALARM_MAX };

struct service_run {
	struct prober *watcher; /* a probe between commits, under way */
	int64_t restarted_ms;   /* CLOCK_MONOTONIC; 0: not by us */
	int64_t next_probe_ms;
	bool told_out_of_sync; /* that was told, its end was not */
	uint32_t differs;      /* probes in a row that found it otherwise */
	bool files_changed;    /* one of its live files is not as it was written */
};

enum confirm_phase {
	CONFIRM_NONE,
	CONFIRM_WAITING,
	CONFIRM_CHANGING,  /* being confirmed or extended: the monitor writes it down */
	CONFIRM_GOING_BACK /* as soon as nothing else is under way */
};

/* A confirmed commit that waits (RFC 6241 8.4). */
struct confirm {
	enum confirm_phase phase;
	struct confirm_point point;
	uint32_t session;          /* without point.persist: it ends with this one */
	int timer_fd;              /* CLOCK_BOOTTIME */
	struct event *timer;       /* on it; NULL: it does not run */
	uint32_t asked_by;         /* the session that waits for an answer; 0: none */
	struct confirm_point next; /* CONFIRM_CHANGING: what it becomes */
	char changed_by[STATUS_NAME];
	struct err reason;         /* CONFIRM_GOING_BACK */
	bool loading;              /* the generation to go back to */
	uint64_t loading_settings; /* settings_revision when that began */
	/* Services that were down when it was committed: going back leaves them so. */
	uint64_t left_alone;
};

/* What is being done about the spool; its documents are in the status. */
struct spool {
	struct event *timer;
	int64_t interval_ms; /* 0: nothing is tried */
	/* CLOCK_MONOTONIC; of each row of the status */
	int64_t due_ms[LIMIT_KEPT];
	bool looked;            /* at least once */
	bool asking;            /* the monitor has not answered yet */
	uint32_t session;       /* the worker that tries one; 0: none */
	char name[STATUS_NAME]; /* of that */
	int64_t stamp;
};

struct engine {
	struct event_base *base;
	struct channel *monitor, *nursery, *snmp;
	bool ready; /* there is a generation in force: sessions may begin */

	struct services services;
	int services_fd;
	uint32_t restart_interval, verify_interval;

	struct held *running;
	/* What was in force before it and is not kept: the candidate may be made from
	 * it. 0: none. */
	struct held *left;
	uint64_t left_generation;
	uint64_t generation; /* 0: a new device */
	uint64_t recovered;  /* a commit that was cut off before this start; 0: none */
	bool same_boot;      /* and the machine has not been started since */
	bool damaged;        /* its files were: it was not cut off */
	/* Services that waited for a restart before a trial; all when it is not known.
	 */
	uint64_t waited_before;
	struct counters counters;
	bool counters_saving, counters_changed; /* under way; and changed since */
	struct candidate candidate;
	uint32_t lock_session[SES_STORE_MAX]; /* 0: not locked */
	uint64_t settings_revision; /* grows with what SNMP changes without a commit */
	int kept_settings; /* of the generation at start, until there is one; -1: none
			    */

	struct commit *commit; /* NULL: none under way */
	uint64_t tip;          /* revision of what a change of its own is built on */
	bool stuck;            /* the last one could not even be undone */
	struct err stuck_reason;
	struct confirm confirm;
	struct pending pending;
	int new_services_fd; /* definitions that wait for the commit to end; -1: none */
	struct pending new_pending; /* comes with it */
	struct status status;
	struct event *publish_timer, *watch_timer, *alarms_timer, *action_timer,
	    *heartbeat_timer;
	struct service_run services_run[LIMIT_SERVICES];
	bool verifying; /* PRIV_VERIFY is not answered yet */
	uint64_t verified_generation;
	int64_t next_verify_ms;

	int64_t turned_away_ms; /* when that was logged last; 0: never */
	uint32_t last_id;       /* of requests, children and sessions */
	LIST_HEAD(, priv_pending) requests;
	LIST_HEAD(, child) children;
	LIST_HEAD(, session) sessions;
	STAILQ_HEAD(, queued_action) actions;
	uint32_t action_session; /* the worker that does the first of them; 0: none */
	bool opening;            /* the document of the first of them */
	struct spool spool;
	struct outbox *outbox;
	struct sources *sources;
	struct ticket ticket;
	uint32_t last_ticket;
	struct event *ticket_timer;
	int64_t heartbeat_ms;
	struct board *board; /* NULL: no plugin is served */
};

_Noreturn void engine_run(int monitor, int nursery);
/* There is a configuration in force: a commit that was cut off is undone, and all
 * begins. */
void engine_begin(struct engine *);
/* Makes the counters durable; what changes meanwhile becomes one more write. */
void engine_save_counters(struct engine *);

struct timeval timeval_ms(int64_t ms);

/* --- privlink --- */
typedef void priv_answer(struct engine *, void *context, const struct err *,
    struct msg *);
void privlink_open(struct engine *, int fd);
/* Definitions that came while a commit used the old ones. */
void privlink_take_services(struct engine *);
/* answer may be NULL. */
void privlink_request(struct engine *, uint32_t type, const void *data, size_t len,
    const int *fds, int nfds, priv_answer *answer, void *context);
/* Tells the monitor which keys are still needed. */
void privlink_forget_keys(struct engine *);

/* --- spawner --- */
typedef void child_ended(struct engine *, void *context, int status);
void spawner_open(struct engine *, int fd);
uint32_t spawner_new(struct engine *, struct spawn_new *, const int *fds, int nfds,
    child_ended *ended, void *context);
/* Ends the process; its callback is called when it has. */
void spawner_end(struct engine *, uint32_t number);
/* Ends the process; its callback is not called any more. */
void spawner_kill(struct engine *, uint32_t number);

/* --- sessions --- */
void sessions_add_client(struct engine *, const struct identity *, int client);
/* A session without a client; returns its number. */
uint32_t sessions_add_worker(struct engine *, const struct job *, const char *user);
/* The same, with a document to read, which is taken. */
uint32_t sessions_add_reader(struct engine *, const struct job *, int document,
    const char *user);
void sessions_tell_step(struct engine *, const struct ses_step *);
/* Everybody who waits for what has ended is told how. */
struct commit_outcome;
void sessions_commit_ended(struct engine *, const struct commit_outcome *);
/* those that waited until there was a generation */
void sessions_begin(struct engine *);

/* --- candidate --- */
/* Takes held. */
void candidate_set(struct engine *, struct held *, uint64_t base, const char *user,
    const struct err *problem);
void candidate_drop(struct engine *);
/* What the worker made of it after candidate_rebase(); takes held. */
void candidate_rebased(struct engine *, struct held *, const struct err *problem);
/* After a commit that was not the candidate's. */
void candidate_rebase(struct engine *);
/*
 * Why this session may not write now: ERR_LOCKED, ERR_BUSY, ERR_DENIED; 0 when it may.
 */
int candidate_may_write(struct engine *, const struct identity *, struct err *);
/* The same, for a change that may come along with the commit under way. */
int candidate_may_join(struct engine *, const struct identity *, struct err *);
void candidate_unlock_all(struct engine *, uint32_t session);
/* Everything that is refused comes through here: last error, log, notification. */
void engine_refused(struct engine *, const char *user, enum action, const struct err *);

/* --- commit --- */
enum commit_kind {
	COMMIT_NEW,
	COMMIT_DEFER,   /* as new, but services stay as they are */
	COMMIT_RECOVER, /* after one that was cut off */
	COMMIT_REVERT,  /* from one that was not confirmed */
	COMMIT_RESTART,
	COMMIT_KIND_MAX
};
struct commit_request {
	enum commit_kind kind;
	struct held *target; /* taken */
	bool from_candidate;
	/* a kept generation that has its keys; 0: the running one */
	uint64_t keys_from;
	enum action action;
	enum origin origin;
	uint32_t session; /* who is told the outcome; 0: nobody */
	char user[STATUS_NAME];
	char comment[STATUS_TEXT];
	uint64_t recovered;       /* COMMIT_RECOVER: the generation that was cut off */
	uint32_t confirm_timeout; /* seconds; 0: for good */
	char persist[STATUS_NAME];
	uint64_t restore;  /* COMMIT_REVERT: the generation of target */
	struct err reason; /* COMMIT_REVERT */
	/* COMMIT_RECOVER: by a restart of ours, in this same boot */
	bool may_have_died;
};
struct commit_outcome {
	struct err err; /* ERR_NONE: in force */
	bool stale;     /* the definitions of services changed: it can be done again */
	bool rolled_back;
};
void commit_start(struct engine *, const struct commit_request *);
/*
 * A commit whose services were restarted a moment ago waits before it does anything,
 * and takes in changes meanwhile: so services restart once for all of them.
 */
bool commit_is_gathering(const struct engine *);
/* What the commit under way puts in force, or goes back to; NULL: none is. */
const struct held *commit_target(const struct engine *);
/* The target of this request, built on that, takes its place; takes it. */
void commit_join(struct engine *, const struct commit_request *);

/* --- confirm --- */
/* From now on this waits; restore 0: nothing does.  session: 0 with persist. */
void confirm_set(struct engine *, const struct confirm_point *, uint32_t session,
    uint64_t left_alone);
/*
 * Whether who names persist_id ("": who is this session) may commit, confirm or cancel
 * now.  Nothing waits: whether any may.
 */
int confirm_judge(const struct engine *, uint32_t session, const char *persist_id,
    struct err *);
/* Why there is nothing to confirm or to cancel for it: also ERR_NOT_FOUND. */
int confirm_judge_waiting(const struct engine *, uint32_t session,
    const char *persist_id, struct err *);
/*
 * Keeps it, or with next->restore waits anew as next says; answers session at its end.
 */
void confirm_change(struct engine *, const struct confirm_point *next, const char *user,
    uint32_t session);
/* For SNMP: keeps what it began itself. */
int confirm_keep(struct engine *, const char *user, struct err *);
/* Goes back as soon as nothing is under way; answers session then. */
void confirm_go_back(struct engine *, const struct err *reason, uint32_t session);
void confirm_session_ended(struct engine *, uint32_t session);
/* What has to be done and could not while a commit was under way. */
void confirm_next(struct engine *);

/* --- pending --- */
/* Neither what was tried nor what was before is proven; a person must look. */
void pending_set_stuck(struct engine *, bool, const struct err *reason);
void pending_set(struct engine *, struct pending);
/* Makes it durable as it is. */
void pending_save(struct engine *);
bool pending_is(const struct engine *, uint32_t service);
/* It could not be brought back: that it is down may be our doing. */
bool pending_is_lost(const struct engine *, uint32_t service);
/* A probe found what is committed served. */
void pending_served(struct engine *, uint32_t service);

/* --- prober --- */
struct prober_spec {
	const struct service_facts *service;
	struct served expected; /* what it should serve */
	bool must_match;        /* anything else is no answer */
	uint32_t deadline_ms;   /* until it must be seen */
	uint32_t settle_ms;     /* and once more after this */
	uint32_t in_a_row;      /* so many times; 1: the first answer is the last */
	bool once;              /* no second try after a failure */
};
typedef void prober_done(struct engine *, void *context, const struct probe_result *);
struct prober *prober_start(struct engine *, const struct prober_spec *, prober_done *,
    void *);
void prober_free(struct prober *);

/* --- watch --- */
/* Looks for what is due now; again whenever the services in use may have changed. */
void watch_start(struct engine *);
/* After new definitions: nothing under way is about the old rows any more. */
void watch_move(struct engine *, const struct services *old);
/* What a probe saw, into the service's status. */
void watch_saw(struct engine *, uint32_t service, const struct probe_result *);
/* Whether what it served then is what is in force now. */
void watch_judge(struct engine *, uint32_t service);
/* Another generation is live: nothing is known against its files. */
void watch_files_anew(struct engine *);
/*
 * Tells that it is out of sync, or that it is not any more, if that was not told yet.
 */
void watch_tell(struct engine *, uint32_t service);
/* What a service should serve in this configuration; nchain 0: nothing. */
void watch_expected(const struct engine *, const struct held *, uint32_t service,
    struct served *ret_served);

/* --- alarms --- */
/* There is a configuration in force: what was raised before the start goes on. */
void alarms_begin(struct engine *);
/* Judges everything; again by itself each minute. */
void alarms_check(struct engine *);
/* Only what is about the device: a restart that is pending, stuck, files, clock. */
void alarms_device(struct engine *);
/* A service is out of sync, or is not any more. */
void alarms_service(struct engine *, uint32_t service, bool raised);
/* Another configuration is in force: what that changed is told, and all judged. */
void alarms_changed(struct engine *, const struct held *old, const char *user);

/* --- sources --- */
void sources_open(struct engine *);
void sources_free(struct engine *);
/* Something happened; it is told now, or as soon as may be. */
void source_event(struct engine *, const struct notification *);

/* --- outbox --- */
void outbox_open(struct engine *);
void outbox_free(struct engine *);
/* fd: state/outbox, or -1; nobody: there is no SNMP. */
void outbox_boot(struct engine *, int fd, bool nobody);
/* A master has all up to this one. */
void outbox_taken(struct engine *, uint32_t seq);
/* To the snmp process: what it may have; or all again, to a new one. */
void outbox_send(struct engine *);
void outbox_resend(struct engine *);

/* --- snmplink --- */
void snmplink_open(struct engine *, int fd);
void snmplink_send_status(struct engine *);
void snmplink_send_snapshot(struct engine *);

/* --- actions --- */
/* The first of the queue, if nothing stands against it now. */
void actions_next(struct engine *);
/*
 * Whether one more fits and nothing stands against it; ret_change as in struct
 * snmp_ticket.
 */
enum ticket_verdict actions_judge(struct engine *, const struct snmp_prepare *,
    uint32_t *ret_change);
void actions_add(struct engine *, const struct snmp_prepare *);
/* A mode that was asked for and is still being staged. */
void actions_admin_mode(const struct engine *, uint32_t *mode);
/* The worker of the first one has ended. */
void actions_worker_ended(struct engine *);

/* --- spool --- */
/* There is a configuration in force: what was left before the start is tried at once.
 */
void spool_begin(struct engine *);
/* A commit has ended: it may have been about one of them. */
void spool_look(struct engine *);
/* The worker that tried one has; err: why it failed; NULL: it is in force. */
void spool_worker_ended(struct engine *, const struct err *);

/* --- settings --- */
/* How many, from the first on, are of a row of what is running and in its range. */
size_t settings_judge(const struct engine *, const struct setting_change *, size_t n);
/* In force at once, and kept; at most SNMP_CHANGES_MAX. */
void settings_change(struct engine *, const struct setting_change *, size_t n);
/*
 * What is read from the disk lacks what SNMP changed since it was written: the file of
 * these changes, -1 for none, comes beside it.  Takes held; NULL without memory.
 */
struct held *settings_with_kept(struct held *, int fd, struct err *);
/* The snapshot PRIV_LOAD brought, with them. */
struct held *settings_take_loaded(struct msg *, struct err *);

/* --- board --- */
/* Takes the descriptor of the status file. */
void board_open(struct engine *, int fd);
void board_status(struct engine *);
/* Shows the running snapshot unless it is shown already. */
void board_snapshot(struct engine *);

/* --- publish --- */
/* Something in the status changed: it is sent within this turn of the loop. */
void publish(struct engine *);
void publish_now(struct engine *);
/* The services as the running configuration has them. */
void publish_services(struct engine *);
void publish_action(struct engine *, enum action, enum action_result, const char *user,
    const struct err *);
void publish_commit(struct engine *, const struct status_commit *);

#endif
