/* SPDX-License-Identifier: ISC */
/*
 * The enumerations every front end shows.  A row holds the number the MIB gives a value
 * and the text YANG, CLI and log use; a test compares both with the MIB and the YANG
 * module.  The C values are the MIB's numbers minus one, so that zero is "unknown".
 */
#ifndef LIB_NAMES_H
#define LIB_NAMES_H

#include <stddef.h>

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

enum verify_mode {
	VERIFY_NONE,
	VERIFY_OUTGOING,
	VERIFY_OUTGOING_AND_INCOMING,
	VERIFY_MODE_MAX
};
enum severity {
	SEVERITY_UNKNOWN,
	SEVERITY_OK,
	SEVERITY_WARNING,
	SEVERITY_CRITICAL,
	SEVERITY_MAX
};
enum validity {
	VALIDITY_UNKNOWN,
	VALIDITY_VALID,
	VALIDITY_WARNING,
	VALIDITY_CRITICAL,
	VALIDITY_EXPIRED,
	VALIDITY_NOT_YET_VALID,
	VALIDITY_CLOCK_UNSET,
	VALIDITY_MAX
};
enum key_status {
	KEY_STATUS_UNKNOWN,
	KEY_STATUS_MATCH,
	KEY_STATUS_MISMATCH,
	KEY_STATUS_MISSING,
	KEY_STATUS_UNREADABLE,
	KEY_STATUS_NOT_APPLICABLE,
	KEY_STATUS_MAX
};
enum chain_status {
	CHAIN_UNKNOWN,
	CHAIN_VALID,
	CHAIN_SELF_SIGNED,
	CHAIN_INCOMPLETE,
	CHAIN_UNTRUSTED_ROOT,
	CHAIN_ISSUER_EXPIRED,
	CHAIN_BAD_SIGNATURE,
	CHAIN_BAD_PURPOSE,
	CHAIN_STATUS_MAX
};
enum clock_status {
	CLOCK_UNKNOWN,
	CLOCK_SYNCHRONIZED,
	CLOCK_UNSYNCHRONIZED,
	CLOCK_IMPLAUSIBLE,
	CLOCK_STATUS_MAX
};
enum key_algorithm {
	KEY_OTHER,
	KEY_RSA,
	KEY_EC,
	KEY_ED25519,
	KEY_ED448,
	KEY_DSA,
	KEY_MLDSA,
	KEY_ALGORITHM_MAX
};
enum sync_state { SYNC_UNKNOWN, SYNC_IN, SYNC_OUT, SYNC_STATE_MAX };
enum action {
	ACTION_NOOP,
	ACTION_IMPORT,
	ACTION_VALIDATE,
	ACTION_COMMIT,
	ACTION_CONFIRM,
	ACTION_ROLLBACK,
	ACTION_DISCARD,
	ACTION_RESTART,
	ACTION_DELETE_LOCAL,
	ACTION_DELETE_TRUST,
	ACTION_COMMIT_DEFER_RESTART,
	ACTION_MAX
};
enum action_result {
	RESULT_NONE,
	RESULT_SUCCESS,
	RESULT_FAILED,
	RESULT_IN_PROGRESS,
	RESULT_NEED_CONFIRM,
	RESULT_ROLLED_BACK,
	ACTION_RESULT_MAX
};
enum config_state {
	CONFIG_IDLE,
	CONFIG_LOADING,
	CONFIG_STAGED,
	CONFIG_INVALID,
	CONFIG_COMMITTING,
	CONFIG_AWAITING_CONFIRM,
	CONFIG_ROLLING_BACK,
	CONFIG_STUCK,
	CONFIG_STATE_MAX
};
enum service_state {
	SERVICE_UNKNOWN,
	SERVICE_RUNNING,
	SERVICE_STOPPED,
	SERVICE_FAILED,
	SERVICE_RESTARTING,
	SERVICE_STATE_MAX
};
enum feature_state {
	FEATURE_NOT_REQUIRED,
	FEATURE_PRESENT,
	FEATURE_MISSING,
	FEATURE_STATE_MAX
};
enum origin {
	ORIGIN_UNKNOWN,
	ORIGIN_SNMP,
	ORIGIN_XML_IMPORT,
	ORIGIN_NETCONF,
	ORIGIN_CLI,
	ORIGIN_AUTO_ROLLBACK,
	ORIGIN_MAX
};

struct name {
	int mib;
	const char *text;
};

/* All values of one enumeration. */
struct names {
	const char
	    *mib_type; /* textual convention, or object with its own enumeration */
	const char *yang_type; /* typedef in certconf.yang; NULL when YANG has none */
	const struct name *rows;
	size_t count;
};

extern const struct names verify_mode_names;
extern const struct names severity_names;
extern const struct names validity_names;
extern const struct names key_status_names;
extern const struct names chain_status_names;
extern const struct names clock_status_names;
extern const struct names key_algorithm_names;
extern const struct names sync_state_names;
extern const struct names action_names;
extern const struct names action_result_names;
extern const struct names config_state_names;
extern const struct names service_state_names;
extern const struct names feature_state_names;
extern const struct names origin_names;

/* Text and MIB number of a value; the unknown one's when it is out of range. */
const char *name_text(const struct names *names, unsigned int value);
int name_mib(const struct names *names, unsigned int value);

/* The value with this text, or -1. */
int name_find(const struct names *names, const char *text);

/* All, for tests: ends with NULL. */
extern const struct names *const all_names[];

#endif
