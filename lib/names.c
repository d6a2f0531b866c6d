/* SPDX-License-Identifier: ISC */
#include "lib/names.h"

#include <string.h>

static const struct name verify_modes[] = {
	[VERIFY_NONE] = { 1, "none" },
	[VERIFY_OUTGOING] = { 2, "outgoing" },
	[VERIFY_OUTGOING_AND_INCOMING] = { 3, "outgoing-and-incoming" },
};
_Static_assert(nitems(verify_modes) == VERIFY_MODE_MAX, "name every verify mode");

static const struct name severities[] = {
	[SEVERITY_UNKNOWN] = { 1, "unknown" },
	[SEVERITY_OK] = { 2, "ok" },
	[SEVERITY_WARNING] = { 3, "warning" },
	[SEVERITY_CRITICAL] = { 4, "critical" },
};
_Static_assert(nitems(severities) == SEVERITY_MAX, "name every severity");

static const struct name validities[] = {
	[VALIDITY_UNKNOWN] = { 1, "unknown" },
	[VALIDITY_VALID] = { 2, "valid" },
	[VALIDITY_WARNING] = { 3, "warning" },
	[VALIDITY_CRITICAL] = { 4, "critical" },
	[VALIDITY_EXPIRED] = { 5, "expired" },
	[VALIDITY_NOT_YET_VALID] = { 6, "not-yet-valid" },
	[VALIDITY_CLOCK_UNSET] = { 7, "clock-unset" },
};
_Static_assert(nitems(validities) == VALIDITY_MAX, "name every validity");

static const struct name key_statuses[] = {
	[KEY_STATUS_UNKNOWN] = { 1, "unknown" },
	[KEY_STATUS_MATCH] = { 2, "match" },
	[KEY_STATUS_MISMATCH] = { 3, "mismatch" },
	[KEY_STATUS_MISSING] = { 4, "missing" },
	[KEY_STATUS_UNREADABLE] = { 5, "unreadable" },
	[KEY_STATUS_NOT_APPLICABLE] = { 6, "not-applicable" },
};
_Static_assert(nitems(key_statuses) == KEY_STATUS_MAX, "name every key status");

static const struct name chain_statuses[] = {
	[CHAIN_UNKNOWN] = { 1, "unknown" },
	[CHAIN_VALID] = { 2, "valid" },
	[CHAIN_SELF_SIGNED] = { 3, "self-signed" },
	[CHAIN_INCOMPLETE] = { 4, "incomplete" },
	[CHAIN_UNTRUSTED_ROOT] = { 5, "untrusted-root" },
	[CHAIN_ISSUER_EXPIRED] = { 6, "issuer-expired" },
	[CHAIN_BAD_SIGNATURE] = { 7, "bad-signature" },
	[CHAIN_BAD_PURPOSE] = { 8, "bad-purpose" },
};
_Static_assert(nitems(chain_statuses) == CHAIN_STATUS_MAX, "name every chain status");

static const struct name clock_statuses[] = {
	[CLOCK_UNKNOWN] = { 1, "unknown" },
	[CLOCK_SYNCHRONIZED] = { 2, "synchronized" },
	[CLOCK_UNSYNCHRONIZED] = { 3, "unsynchronized" },
	[CLOCK_IMPLAUSIBLE] = { 4, "implausible" },
};
_Static_assert(nitems(clock_statuses) == CLOCK_STATUS_MAX, "name every clock status");

static const struct name key_algorithms[] = {
	[KEY_OTHER] = { 1, "other" },
	[KEY_RSA] = { 2, "rsa" },
	[KEY_EC] = { 3, "ec" },
	[KEY_ED25519] = { 4, "ed25519" },
	[KEY_ED448] = { 5, "ed448" },
	[KEY_DSA] = { 6, "dsa" },
	[KEY_MLDSA] = { 7, "mldsa" },
};
_Static_assert(nitems(key_algorithms) == KEY_ALGORITHM_MAX, "name every key algorithm");

static const struct name sync_states[] = {
	[SYNC_UNKNOWN] = { 1, "unknown" },
	[SYNC_IN] = { 2, "in-sync" },
	[SYNC_OUT] = { 3, "out-of-sync" },
};
_Static_assert(nitems(sync_states) == SYNC_STATE_MAX, "name every sync state");

static const struct name actions[] = {
	[ACTION_NOOP] = { 1, "noop" },
	[ACTION_IMPORT] = { 2, "import" },
	[ACTION_VALIDATE] = { 3, "validate" },
	[ACTION_COMMIT] = { 4, "commit" },
	[ACTION_CONFIRM] = { 5, "confirm" },
	[ACTION_ROLLBACK] = { 6, "rollback" },
	[ACTION_DISCARD] = { 7, "discard" },
	[ACTION_RESTART] = { 8, "restart" },
	[ACTION_DELETE_LOCAL] = { 9, "delete-local" },
	[ACTION_DELETE_TRUST] = { 10, "delete-trust" },
	[ACTION_COMMIT_DEFER_RESTART] = { 11, "commit-defer-restart" },
};
_Static_assert(nitems(actions) == ACTION_MAX, "name every action");

static const struct name action_results[] = {
	[RESULT_NONE] = { 1, "none" },
	[RESULT_SUCCESS] = { 2, "success" },
	[RESULT_FAILED] = { 3, "failed" },
	[RESULT_IN_PROGRESS] = { 4, "in-progress" },
	[RESULT_NEED_CONFIRM] = { 5, "need-confirm" },
	[RESULT_ROLLED_BACK] = { 6, "rolled-back" },
};
_Static_assert(nitems(action_results) == ACTION_RESULT_MAX, "name every action result");

static const struct name config_states[] = {
	[CONFIG_IDLE] = { 1, "idle" },
	[CONFIG_LOADING] = { 2, "loading" },
	[CONFIG_STAGED] = { 3, "staged" },
	[CONFIG_INVALID] = { 4, "invalid" },
	[CONFIG_COMMITTING] = { 5, "committing" },
	[CONFIG_AWAITING_CONFIRM] = { 6, "awaiting-confirm" },
	[CONFIG_ROLLING_BACK] = { 7, "rolling-back" },
	[CONFIG_STUCK] = { 8, "stuck" },
};
_Static_assert(nitems(config_states) == CONFIG_STATE_MAX, "name every config state");

static const struct name service_states[] = {
	[SERVICE_UNKNOWN] = { 1, "unknown" },
	[SERVICE_RUNNING] = { 2, "running" },
	[SERVICE_STOPPED] = { 3, "stopped" },
	[SERVICE_FAILED] = { 4, "failed" },
	[SERVICE_RESTARTING] = { 5, "restarting" },
};
_Static_assert(nitems(service_states) == SERVICE_STATE_MAX, "name every service state");

static const struct name feature_states[] = {
	[FEATURE_NOT_REQUIRED] = { 1, "not-required" },
	[FEATURE_PRESENT] = { 2, "present" },
	[FEATURE_MISSING] = { 3, "missing" },
};
_Static_assert(nitems(feature_states) == FEATURE_STATE_MAX, "name every feature state");

static const struct name origins[] = {
	[ORIGIN_UNKNOWN] = { 1, "unknown" },
	[ORIGIN_SNMP] = { 2, "snmp" },
	[ORIGIN_XML_IMPORT] = { 3, "xml-import" },
	[ORIGIN_NETCONF] = { 4, "netconf" },
	[ORIGIN_CLI] = { 5, "cli" },
	[ORIGIN_AUTO_ROLLBACK] = { 6, "auto-rollback" },
};
_Static_assert(nitems(origins) == ORIGIN_MAX, "name every origin");

const struct names verify_mode_names = {
	"CertconfVerifyModeType",
	"verification-mode",
	verify_modes,
	nitems(verify_modes),
};
const struct names severity_names = {
	"CertconfSeverityType",
	"severity",
	severities,
	nitems(severities),
};
const struct names validity_names = {
	"CertconfValidityType",
	"validity",
	validities,
	nitems(validities),
};
const struct names key_status_names = {
	"CertconfKeyStatusType",
	"key-status",
	key_statuses,
	nitems(key_statuses),
};
const struct names chain_status_names = {
	"CertconfChainStatusType",
	"chain-status",
	chain_statuses,
	nitems(chain_statuses),
};
const struct names clock_status_names = {
	"CertconfClockStatusType",
	"clock-status",
	clock_statuses,
	nitems(clock_statuses),
};
const struct names key_algorithm_names = {
	"CertconfKeyAlgorithmType",
	"key-algorithm",
	key_algorithms,
	nitems(key_algorithms),
};
const struct names sync_state_names = {
	"CertconfSyncStateType",
	"sync-state",
	sync_states,
	nitems(sync_states),
};
const struct names action_names = {
	"CertconfActionType",
	"action",
	actions,
	nitems(actions),
};
const struct names action_result_names = {
	"CertconfActionResultType",
	"action-result",
	action_results,
	nitems(action_results),
};
const struct names config_state_names = {
	"certconfCfgState",
	"configuration-state",
	config_states,
	nitems(config_states),
};
const struct names service_state_names = {
	"certconfServiceState",
	"service-state",
	service_states,
	nitems(service_states),
};
const struct names feature_state_names = {
	"certconfServiceFeature",
	"feature-state",
	feature_states,
	nitems(feature_states),
};
const struct names origin_names = {
	"certconfCommitOrigin",
	"origin",
	origins,
	nitems(origins),
};

const struct names *const all_names[] = {
	&verify_mode_names,
	&severity_names,
	&validity_names,
	&key_status_names,
	&chain_status_names,
	&clock_status_names,
	&key_algorithm_names,
	&sync_state_names,
	&action_names,
	&action_result_names,
	&config_state_names,
	&service_state_names,
	&feature_state_names,
	&origin_names,
	NULL,
};

const char *
name_text(const struct names *names, unsigned int value)
{
	return names->rows[value < names->count ? value : 0].text;
}

int
name_mib(const struct names *names, unsigned int value)
{
	return names->rows[value < names->count ? value : 0].mib;
}

int
name_find(const struct names *names, const char *text)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (strcmp(names->rows[i].text, text) == 0)
			return (int)i;
	return -1;
}
