/* SPDX-License-Identifier: ISC */
/*
 * An error: filled once, where the reason is known, and passed up untouched until
 * whoever answers the request tells it: as a log line, an rpc-error, an SNMP object or
 * an exit status, all from this one struct.  It never holds a value that could be
 * secret.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <stddef.h>
#include <stdint.h>

enum err_code {
	ERR_NONE,
	ERR_OTHER,
	ERR_MEMORY,
	ERR_IO,
	ERR_BUSY,   /* another commit is under way, or too many sessions */
	ERR_LOCKED, /* by another session */
	ERR_DENIED, /* the asker may not */
	ERR_NOT_FOUND,
	ERR_TOO_LARGE, /* a limit of lib/limits.h */
	ERR_UNSUPPORTED,
	ERR_CONFLICT, /* the candidate and a newer generation changed the same thing */
	ERR_XML_SYNTAX,
	ERR_UNKNOWN_ELEMENT,
	ERR_UNKNOWN_NAMESPACE,
	ERR_UNKNOWN_ATTRIBUTE,
	ERR_MISSING_ELEMENT,
	ERR_MISSING_ATTRIBUTE,
	ERR_BAD_ELEMENT, /* a value outside its type or range, an element twice */
	ERR_BAD_ATTRIBUTE,
	ERR_DATA_EXISTS,
	ERR_DATA_MISSING,
	ERR_BAD_CERTIFICATE,
	ERR_BAD_KEY,
	ERR_BAD_PASSPHRASE,
	ERR_KEY_MISMATCH,
	ERR_CHAIN_INVALID,
	ERR_EXPIRED,
	ERR_NOT_YET_VALID,
	ERR_WEAK_CRYPTO,
	ERR_TRUST_STORE_EMPTY,
	ERR_MODE_NEEDS_TRUST_STORE,
	ERR_STORAGE,
	ERR_SERVICE_FAILED,
	ERR_CONFIRM_TIMEOUT,
	ERR_STUCK, /* neither the new nor the previous generation is in force */
	ERR_CODE_MAX
};

/* How each front end tells an error. */
struct err_kind {
	const char *text;         /* in logs and JSON */
	const char *netconf_tag;  /* RFC 6241 appendix A */
	const char *netconf_type; /* RFC 6241 4.3: rpc, protocol or application */
	int mib;                  /* CertconfErrorCodeType */
	int exit_status;          /* of the certconf command */
};

struct err {
	enum err_code code;
	uint32_t line;    /* of the document, from 1; 0 when there is none */
	char where[256];  /* XPath, file or name; "" when none fits */
	char element[64]; /* name of the element or attribute at fault, or "" */
	char text[256];   /* one sentence for people, no full stop */
};

/*
 * Fills err and returns -1, so that refusing is one line.  The text is UTF-8; it is cut
 * at a character boundary.  err must not be NULL.
 */
int err_set(struct err *err, enum err_code code, const char *where, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* Adds the place to an error that has none yet; returns -1. */
int err_at(struct err *err, const char *where, uint32_t line);

void err_clear(struct err *err);

/* Never NULL. */
const struct err_kind *err_kind(enum err_code code);

/*
 * The whole error as one sentence: "WHERE, line N: TEXT".  Returns buf, which is always
 * terminated.
 */
const char *err_format(const struct err *err, char *buf, size_t size);

#endif
