/* SPDX-License-Identifier: ISC */
/*
 * What changes without a commit: one struct of fixed size that the engine replaces
 * whole and hands to whoever answers questions.  SNMP, NETCONF and CLI all read this
 * one.
 */
#ifndef LIB_STATUS_H
#define LIB_STATUS_H

#include "lib/err.h"
#include "lib/limits.h"
#include "lib/names.h"
#include "lib/served.h"
#include "lib/services.h"
#include "lib/settings.h"

#define STATUS_TEXT 256
#define STATUS_NAME (LIMIT_NAME + 1)

struct status_service {
	char name[STATUS_NAME];
	uint8_t enabled;
	uint8_t feature;         /* enum feature_state */
	uint8_t state;           /* enum service_state */
	uint8_t in_sync;         /* enum sync_state */
	uint8_t last_result;     /* enum action_result */
	uint8_t has_served;      /* served_* below are what the last probe saw */
	uint8_t restart_pending; /* it does not use yet what is in force */
	uint8_t undefined;       /* enabled, but its definition is gone */
	uint32_t index;          /* certconfServiceIndex; 0: it has no definition */
	uint32_t local_index;
	struct served served;
	int64_t served_not_after;
	int64_t last_probe;   /* 0: never */
	int64_t last_restart; /* 0: never */
	uint32_t restarts;
	char last_error[STATUS_TEXT];
};

struct status_commit {
	uint64_t generation;
	int64_t time;
	uint32_t origin; /* enum origin */
	uint32_t result; /* enum action_result */
	char user[STATUS_NAME];
	char comment[STATUS_TEXT];
	char error_text[STATUS_TEXT];
	/* what it changed: "credential local, service nginx" */
	char changes[STATUS_TEXT];
};

/* A notification as it was raised, for who missed it. */
struct status_notice {
	uint32_t seq;
	uint32_t kind; /* enum notify_kind */
	int64_t time;
	char text[STATUS_TEXT]; /* what happened, in one sentence */
};

/* A document of the spool, which is tried again until it is in force. */
struct status_kept {
	char name[STATUS_NAME];
	int64_t stamp;       /* when it was put there, in ns: this one and no other */
	int64_t tried, next; /* 0: not yet; not any more */
	uint32_t tries;
	char text[STATUS_TEXT]; /* why it failed last; "": not known here */
};

struct status {
	int64_t started;   /* when this engine began */
	int64_t published; /* when this struct was filled */
	uint64_t generation;
	int64_t running_since;
	uint32_t config_state; /* enum config_state */
	uint32_t admin_mode;   /* enum verify_mode: the candidate's, else running's */
	uint32_t clock;        /* enum clock_status */
	uint32_t restart_pending; /* of any service */
	uint32_t spin_lock;
	uint32_t confirm_timeout; /* seconds, certconfCfgConfirmTimeout; 0: off */
	char import_source[STATUS_TEXT]; /* certconfCfgSource; "": none */
	uint32_t loads, load_errors;
	int64_t last_load;
	/* CLOCK_MONOTONIC ms; 0: before the start */
	int64_t local_changed, trust_changed;
	/* the candidate */
	uint32_t has_candidate;
	uint32_t candidate_conflicts; /* with running: it can only be discarded */
	uint64_t candidate_revision;
	int64_t candidate_since;
	uint8_t candidate_sha256[32]; /* of the leaf of local in it; zeros when none */
	char candidate_user[STATUS_NAME];
	struct err candidate_problem; /* ERR_NONE when it is valid */
	char lock_user[STATUS_NAME];  /* "": nobody */
	/* the confirmed commit that waits (RFC 6241 8.4) */
	uint64_t confirm_restore; /* generation it goes back to; 0: none waits */
	int64_t confirm_until;    /* as the clock is now */
	char confirm_user[STATUS_NAME];
	char confirm_persist[STATUS_NAME]; /* "": bound to its session */
	/* the last thing somebody asked for */
	uint32_t last_action, last_result;
	int64_t last_start, last_end;
	char last_user[STATUS_NAME];
	struct err last_error;
	/* the last document that was refused, until one is taken */
	int64_t refused_at; /* 0: none */
	char refused_user[STATUS_NAME];
	char refused_text[STATUS_TEXT];
	uint32_t nkept;
	struct status_kept kept[LIMIT_KEPT];
	/* a file of the live generation is not as it was written; "": all are */
	char files_problem[STATUS_TEXT];
	/* notifications */
	uint32_t notify_suppressed, notify_last_seq;
	uint32_t nnotices;
	struct status_notice notices[LIMIT_NOTICES]; /* newest first */
	/* the device */
	char model[STATUS_NAME];
	char host[STATUS_NAME];
	char source[STATUS_TEXT]; /* directory of the live generation */
	uint32_t nservices, ncommits;
	struct status_service services[LIMIT_SERVICES];
	struct status_commit commits[LIMIT_HISTORY]; /* newest first */
};

/*
 * Whether all texts in a status that came from somewhere else have an end and all
 * counts fit: what cannot be right, or NULL.  Enumerations are checked where they are
 * shown.
 */
const char *status_check(const struct status *);

/* What was in force until it is confirmed has ended so: also the commits before it. */
void status_settle(struct status_commit *commits, uint32_t ncommits,
    enum action_result);

/*
 * Judgements on dates that every front end must share.  The warning and critical bands
 * begin that many days, or that percentage of the lifetime, before the end, whichever
 * is the shorter: days alone would make a certificate of six days warn for ever.
 */
enum validity validity_of(int64_t not_before, int64_t not_after, int64_t now,
    enum clock_status, const struct settings *);
enum severity severity_of(enum validity);
/* Built at; no clock that can be believed shows less.  configure may set another. */
#ifndef BUILD_DATE_EPOCH
#define BUILD_DATE_EPOCH 1793491200 /* 2026-11-01 */
#endif

/* Whether the clock can be believed: CLOCK_IMPLAUSIBLE before the build date. */
enum clock_status clock_judge(int64_t now);

/*
 * UTC, "2027-11-23T08:00:49Z"; "9999-12-31T23:59:59Z" for no expiry and all beyond.
 * Returns buf, which needs TIME_TEXT octets.
 */
#define TIME_TEXT 24
const char *time_format(int64_t t, char *buf, size_t size);

#endif
