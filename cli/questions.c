/* SPDX-License-Identifier: ISC */
/* The table of questions, and which of them somebody means. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/questions.h"
#include "lib/names.h"
#include "mib/mib_oids.h"

#define AT(...)                                                                        \
	.oid = (const uint32_t[]){ __VA_ARGS__ },                                      \
	.length = sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)

#define VALIDITY_VALUES                                                                \
	"1 unknown, 2 valid, 3 warning, 4 critical, 5 expired, 6 notYetValid, 7 "      \
	"clockUnset"
#define DAYS_VALUES "days, negative after the end"
#define DATE_VALUES "a date in 11 octets, UTC"
#define TRUTH_VALUES "1 true, 2 false"
#define MODE_VALUES "1 none, 2 outgoing, 3 outgoingAndIncoming"
#define RESULT_VALUES                                                                  \
	"1 none, 2 success, 3 failed, 4 inProgress, 5 needConfirm, 6 rolledBack"
#define FINGERPRINT_VALUES "SHA-256 in hexadecimal digits"

const struct question questions[] = {
	/* the device at a glance */
	{ "Is everything in order?", "certconfOverallStatus",
	    "1 unknown, 2 ok, 3 warning, 4 critical",
	    "status health overall state summary alarm wrong fault problem",
	    AT(OID_OVERALL_STATUS, 0) },
	{ "How many days until the first certificate in use ends?",
	    "certconfEarliestDays", DAYS_VALUES,
	    "expire expires expiry expiring expiration left remaining when threshold",
	    AT(OID_EARLIEST_DAYS, 0) },
	{ "When does the first certificate in use end?", "certconfEarliestNotAfter",
	    DATE_VALUES, "expire expires expiry expiration date notafter",
	    AT(OID_EARLIEST_NOT_AFTER, 0) },
	{ "Which certificate ends first?", "certconfEarliestIndex",
	    "its certconfLocalIndex; 0 none", "expire expires expiry culprit earliest",
	    AT(OID_EARLIEST_INDEX, 0) },
	{ "How many certificates are about to end?", "certconfLocalWarnCount",
	    "a count", "expire expiring warning critical number",
	    AT(OID_LOCAL_WARN_COUNT, 0) },
	{ "How many certificates have expired?", "certconfLocalExpiredCount", "a count",
	    "ended number", AT(OID_LOCAL_EXPIRED_COUNT, 0) },
	{ "How many certificates have a fault other than their end?",
	    "certconfLocalFaultCount", "a count",
	    "key mismatch chain broken wrong problem number",
	    AT(OID_LOCAL_FAULT_COUNT, 0) },
	{ "How many certificates are there?", "certconfLocalCount", "a count",
	    "vanished missing number", AT(OID_LOCAL_COUNT, 0) },
	{ "Is the built-in certificate in use?", "certconfFactoryInUse", TRUTH_VALUES,
	    "factory default self-signed custom installed", AT(OID_FACTORY_IN_USE, 0) },
	{ "How far is the other end verified?", "certconfVerifyOperMode", MODE_VALUES,
	    "verification verify mode mutual tls client policy",
	    AT(OID_VERIFY_OPER_MODE, 0) },
	{ "Do services wait for a restart?", "certconfRestartPending", TRUTH_VALUES,
	    "pending deferred reload", AT(OID_RESTART_PENDING, 0) },
	{ "Is the clock right?", "certconfClockStatus",
	    "1 unknown, 2 synchronized, 3 unsynchronized, 4 implausible",
	    "time ntp date unset synchronised", AT(OID_CLOCK_STATUS, 0) },
	{ "What time does the device have?", "certconfSystemTime", DATE_VALUES,
	    "clock date skew", AT(OID_SYSTEM_TIME, 0) },
	{ "Must the table of certificates be walked again?", "certconfLocalLastChange",
	    "sysUpTime of the last change", "changed replaced renewed poll",
	    AT(OID_LOCAL_LAST_CHANGE, 0) },
	{ "Must the table of trust anchors be walked again?", "certconfTrustLastChange",
	    "sysUpTime of the last change", "changed ca poll",
	    AT(OID_TRUST_LAST_CHANGE, 0) },
	{ "Does the agent fail to read its store?", "certconfLoadErrors", "a counter",
	    "load error source alive stale", AT(OID_LOAD_ERRORS, 0) },
	{ "Which version is the agent?", "certconfDaemonVersion", "text",
	    "software release alive down", AT(OID_DAEMON_VERSION, 0) },
	{ "Which model is the device?", "certconfModel", "text", "product",
	    AT(OID_MODEL, 0) },

	/* certificates */
	{ "What are the certificates called?", "certconfLocalName", "text",
	    "name names list label discovery index", AT(OID_LOCAL_NAME) },
	{ "How many days until each certificate ends?", "certconfLocalDaysRemaining",
	    DAYS_VALUES,
	    "expire expires expiry expiring expiration left remaining when",
	    AT(OID_LOCAL_DAYS_REMAINING) },
	{ "When does each certificate end, in Unix seconds?",
	    "certconfLocalNotAfterTime", "seconds since 1970",
	    "expire expires expiry expiration date time",
	    AT(OID_LOCAL_NOT_AFTER_TIME) },
	{ "How much of its lifetime has each certificate left?",
	    "certconfLocalLifeRemaining", "percent", "life remaining short",
	    AT(OID_LOCAL_LIFE_REMAINING) },
	{ "How is each certificate in its time?", "certconfLocalStatus",
	    VALIDITY_VALUES, "validity valid expired expiry status state warning",
	    AT(OID_LOCAL_STATUS) },
	{ "Does the private key match each certificate?", "certconfLocalKeyStatus",
	    "1 unknown, 2 match, 3 mismatch, 4 missing, 5 unreadable, 6 notApplicable",
	    "keys mismatch pair status", AT(OID_LOCAL_KEY_STATUS) },
	{ "Does the chain of each certificate build?", "certconfLocalChainStatus",
	    "1 unknown, 2 valid, 3 selfSigned, 4 incomplete, 5 untrustedRoot, 6 issuerExpired, "
	    "7 badSignature, 8 badPurpose",
	    "intermediate intermediates incomplete trusted root issuer status",
	    AT(OID_LOCAL_CHAIN_STATUS) },
	{ "Which certificate is installed?", "certconfLocalFingerprint",
	    FINGERPRINT_VALUES, "fingerprint sha256 identity renewed proof",
	    AT(OID_LOCAL_FINGERPRINT) },
	{ "Whom was each certificate issued to?", "certconfLocalSubject",
	    "a distinguished name", "subject owner dn who", AT(OID_LOCAL_SUBJECT) },
	{ "Who issued each certificate?", "certconfLocalIssuer", "a distinguished name",
	    "issuer ca authority dn", AT(OID_LOCAL_ISSUER) },
	{ "Which names is each certificate good for?", "certconfSanValue",
	    "text; its kind is certconfSanType",
	    "san alternative dns host hostname address ip", AT(OID_SAN_VALUE) },
	{ "How large are the keys?", "certconfLocalKeyBits", "bits",
	    "key size length weak crypto", AT(OID_LOCAL_KEY_BITS) },
	{ "Which algorithm are certificates signed with?", "certconfLocalSigAlgorithm",
	    "text", "signature sha1 md5 weak crypto hash",
	    AT(OID_LOCAL_SIG_ALGORITHM) },
	{ "How many days until each intermediate ends?", "certconfChainDaysRemaining",
	    DAYS_VALUES, "chain intermediates expire expires expiry",
	    AT(OID_CHAIN_DAYS_REMAINING) },
	{ "Is a certificate muted?", "certconfLocalMonitor",
	    TRUTH_VALUES ": true is not muted", "mute silence monitor ignore",
	    AT(OID_LOCAL_MONITOR), .set = "i 2" },
	{ "From how many days before its end is there a warning of one certificate?",
	    "certconfLocalWarnDays", "days; -1: as certconfWarnDays says",
	    "threshold band warn override", AT(OID_LOCAL_WARN_DAYS), .set = "i 60" },

	/* the trust store */
	{ "How many trust anchors are there?", "certconfTrustCount", "a count",
	    "ca cas root roots emptied store", AT(OID_TRUST_COUNT, 0) },
	{ "How many days until the first trust anchor ends?",
	    "certconfTrustEarliestDays", DAYS_VALUES,
	    "ca root expire expires expiry store", AT(OID_TRUST_EARLIEST_DAYS, 0) },
	{ "How many trust anchors have expired?", "certconfTrustExpiredCount",
	    "a count", "ca root ended store", AT(OID_TRUST_EXPIRED_COUNT, 0) },
	{ "What are the trust anchors called?", "certconfTrustName", "text",
	    "name names list label discovery index ca root store", AT(OID_TRUST_NAME) },
	{ "How many days until each trust anchor ends?", "certconfTrustDaysRemaining",
	    DAYS_VALUES, "ca root expire expires expiry store left remaining",
	    AT(OID_TRUST_DAYS_REMAINING) },
	{ "How is each trust anchor in its time?", "certconfTrustStatus",
	    VALIDITY_VALUES, "ca root validity expired status store",
	    AT(OID_TRUST_STATUS) },
	{ "Which roots does the device trust?", "certconfTrustFingerprint",
	    FINGERPRINT_VALUES, "ca root anchor anchors audit store",
	    AT(OID_TRUST_FINGERPRINT) },
	{ "Is a trust anchor muted?", "certconfTrustMonitor",
	    TRUTH_VALUES ": true is not muted", "mute silence monitor ignore ca root",
	    AT(OID_TRUST_MONITOR), .set = "i 2" },

	/* services */
	{ "What are the services called?", "certconfServiceName", "text",
	    "service name names list discovery index", AT(OID_SERVICE_NAME) },
	{ "Does each service serve the committed certificate?", "certconfServiceInSync",
	    "1 unknown, 2 inSync, 3 outOfSync", "sync reloaded renewed stale old",
	    AT(OID_SERVICE_IN_SYNC) },
	{ "Does each service run?", "certconfServiceState",
	    "1 unknown, 2 running, 3 stopped, 4 failed, 5 restarting",
	    "services state up down failed status", AT(OID_SERVICE_STATE) },
	{ "Which certificate does each service serve?", "certconfServiceServedFprint",
	    FINGERPRINT_VALUES, "services fingerprint probe",
	    AT(OID_SERVICE_SERVED_FPRINT) },
	{ "When was each service last probed?", "certconfServiceLastProbe", DATE_VALUES,
	    "services probe alive", AT(OID_SERVICE_LAST_PROBE) },

	/* changes */
	{ "How far is the other end to be verified after the next commit?",
	    "certconfVerifyAdminMode", MODE_VALUES,
	    "verification verify mode mutual tls client change",
	    AT(OID_VERIFY_ADMIN_MODE, 0), .set = "i 2" },
	{ "Which document is to be imported?", "certconfCfgSource",
	    "its name in the import directory", "source file load",
	    AT(OID_CFG_SOURCE, 0), .set = "s unit.xml" },
	{ "How is a change imported, committed, confirmed or discarded?",
	    "certconfCfgAction",
	    "1 noop, 2 import, 3 validate, 4 commit, 5 confirm, 6 rollback, 7 discard, "
	    "8 restart, 9 deleteLocal, 10 deleteTrust, 11 commitDeferRestart",
	    "action do rollback restart delete validate", AT(OID_CFG_ACTION, 0),
	    .set = "i 4" },
	{ "After how many seconds is a commit undone unless it is confirmed?",
	    "certconfCfgConfirmTimeout", "seconds; 0: never; it stays set",
	    "confirm timeout trial lockout", AT(OID_CFG_CONFIRM_TIMEOUT, 0),
	    .set = "u 600" },
	{ "Has another manager set something in between?", "certconfCfgSpinLock",
	    "to be set, first in a PDU, to what was read", "spin lock race concurrent",
	    AT(OID_CFG_SPIN_LOCK, 0), .set = "i 41" },
	{ "What is going on with the configuration?", "certconfCfgState",
	    "1 idle, 2 loading, 3 staged, 4 invalid, 5 committing, 6 awaitingConfirm, 7 rollingBack, "
	    "8 stuck",
	    "commit candidate stuck confirm state status", AT(OID_CFG_STATE, 0) },
	{ "How did the last action end?", "certconfCfgLastResult", RESULT_VALUES,
	    "commit result import", AT(OID_CFG_LAST_RESULT, 0) },
	{ "Why did the last action fail?", "certconfCfgLastErrorText", "text",
	    "commit error reason import failed", AT(OID_CFG_LAST_ERROR_TEXT, 0) },
	{ "Which generation is in force?", "certconfCfgGeneration",
	    "a number that grows with each commit", "commit changed",
	    AT(OID_CFG_GENERATION, 0) },
	{ "How many imports failed and are tried again?", "certconfCfgKeptImports",
	    "a number; 0 is as it should be",
	    "spool renewal hook certbot kept wait failed",
	    AT(OID_CFG_KEPT_IMPORTS, 0) },
	{ "Who holds the lock?", "certconfCfgLockUser", "text; empty: nobody",
	    "locked user", AT(OID_CFG_LOCK_USER, 0) },
	{ "How did the last commits end?", "certconfCommitResult", RESULT_VALUES,
	    "history commit", AT(OID_COMMIT_RESULT) },

	/* notifications */
	{ "From how many days before the end is there a warning?", "certconfWarnDays",
	    "days", "threshold band warn", AT(OID_WARN_DAYS, 0), .set = "u 45" },
	{ "From how many percent of its lifetime is there a warning?",
	    "certconfWarnPercent", "percent; 0: days alone", "threshold band warn",
	    AT(OID_WARN_PERCENT, 0), .set = "u 33" },
	{ "From how many days before the end is it critical?", "certconfCritDays",
	    "days", "threshold band crit", AT(OID_CRIT_DAYS, 0), .set = "u 7" },
	{ "From how many percent of its lifetime is it critical?",
	    "certconfCritPercent", "percent; 0: days alone", "threshold band crit",
	    AT(OID_CRIT_PERCENT, 0), .set = "u 10" },
	{ "Which notifications are switched on?", "certconfNotifyEnable",
	    "a bit for each class", "trap traps enable disable",
	    AT(OID_NOTIFY_ENABLE, 0), .set = "x FF" },
	{ "After how many hours is an alarm that lasts told again?",
	    "certconfRepeatInterval", "hours; 0: never", "trap traps repeat reminder",
	    AT(OID_REPEAT_INTERVAL, 0), .set = "u 24" },
	{ "How many seconds lie between two notifications of one source?",
	    "certconfNotifyMinInterval", "seconds", "trap traps throttle interval rate",
	    AT(OID_NOTIFY_MIN_INTERVAL, 0), .set = "u 60" },
	{ "Was a notification missed?", "certconfNotifyLastSeq",
	    "the newest certconfNotifySeq", "trap traps lost gap sequence",
	    AT(OID_NOTIFY_LAST_SEQ, 0) },
	{ "What were the last notifications?", "certconfNotifyLogText", "text",
	    "trap traps log missed events", AT(OID_NOTIFY_LOG_TEXT) },
};
const size_t nquestions = nitems(questions);

/* What communities must not see. */
static const uint32_t config_arcs[][sizeof((const uint32_t[]){ OID_CONFIG }) /
    sizeof(uint32_t)] = { { OID_CONFIG }, { OID_COMMIT_TABLE } };

/* What every object that can be changed is also asked for by. */
static const char set_words[] = "set snmpset write writable change";

/* They are in most questions and say nothing. */
static const char *const idle[] = { "a", "an", "and", "are", "at", "be", "by", "can",
	"certconf", "do", "does", "for", "from", "has", "have", "how", "i", "in", "is",
	"it", "its", "me", "my", "of", "oid", "on", "or", "s", "see", "show", "tell",
	"that", "the", "their", "there", "to", "what", "which", "with" };

const char *
question_oid(const struct question *q, char *buf, size_t size)
{
	size_t i, at = 0;

	for (i = 0; i < q->length && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%u", i > 0 ? "." : "",
		    q->oid[i]);
	return buf;
}

bool
question_is_instance(const struct question *q)
{
	return q->oid[q->length - 1] == 0;
}

bool
question_is_config(const struct question *q)
{
	size_t i;

	for (i = 0; i < nitems(config_arcs); i++) {
		if (q->length > nitems(config_arcs[i]) &&
		    memcmp(q->oid, config_arcs[i], sizeof(config_arcs[i])) == 0)
			return true;
	}
	return false;
}

/* --- matching --- */

/* The next word at *s, and *s after it; its length, 0 at the end. */
static size_t
next_word(const char **s, const char **ret_word)
{
	const char *end;

	while (**s != '\0' && !isalnum((unsigned char)**s))
		(*s)++;
	for (end = *s; isalnum((unsigned char)*end); end++)
		;
	*ret_word = *s;
	*s = end;
	return (size_t)(end - *ret_word);
}

static bool
is_idle(const char *word, size_t length)
{
	size_t i;

	for (i = 0; i < nitems(idle); i++) {
		if (strlen(idle[i]) == length &&
		    strncasecmp(idle[i], word, length) == 0)
			return true;
	}
	return false;
}

/* certificate and certificates are one word: a letter more or less at the end. */
static bool
same_word(const char *a, size_t na, const char *b, size_t nb)
{
	size_t shorter = na < nb ? na : nb, longer = na < nb ? nb : na;

	return strncasecmp(a, b, shorter) == 0 &&
	    (shorter == longer || (shorter >= 3 && longer - shorter <= 1));
}

static bool
text_has(const char *text, const char *word, size_t length)
{
	const char *own;
	size_t n;

	while ((n = next_word(&text, &own)) > 0) {
		if (same_word(own, n, word, length))
			return true;
	}
	return false;
}

/* An operand may be a whole question in quotes. */
static void
match_operand(const struct question *q, const char *operand, size_t *found,
    size_t *asked)
{
	const char *word;
	size_t n;

	while ((n = next_word(&operand, &word)) > 0) {
		if (is_idle(word, n))
			continue;
		(*asked)++;
		*found += text_has(q->text, word, n) || text_has(q->words, word, n) ||
		    text_has(q->object, word, n) ||
		    text_has(q->object + strlen("certconf"), word, n) ||
		    (q->set != NULL && text_has(set_words, word, n));
	}
}

size_t
question_match(const struct question *q, char *const *words, int count,
    size_t *ret_asked)
{
	size_t found = 0;
	int i;

	*ret_asked = 0;
	for (i = 0; i < count; i++)
		match_operand(q, words[i], &found, ret_asked);
	return found;
}
