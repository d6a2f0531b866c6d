/* SPDX-License-Identifier: ISC */
#include "lib/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/names.h"

#define FAILED "operation-failed"
#define VALUE "invalid-value"
#define APP "application"

/* Text, RFC 6241 tag and type, CertconfErrorCodeType, exit status. */
static const struct err_kind kinds[] = {
	[ERR_NONE] = { "none", FAILED, APP, 1, 0 },
	[ERR_OTHER] = { "other", FAILED, APP, 2, 1 },
	[ERR_MEMORY] = { "out-of-memory", "resource-denied", APP, 2, 1 },
	[ERR_IO] = { "io-error", FAILED, APP, 19, 1 },
	[ERR_BUSY] = { "busy", "in-use", APP, 3, 4 },
	[ERR_LOCKED] = { "locked", "lock-denied", "protocol", 4, 4 },
	[ERR_DENIED] = { "access-denied", "access-denied", APP, 2, 4 },
	[ERR_NOT_FOUND] = { "not-found", "data-missing", APP, 5, 1 },
	[ERR_TOO_LARGE] = { "too-large", "too-big", APP, 6, 3 },
	[ERR_UNSUPPORTED] = { "unsupported", "operation-not-supported", APP, 2, 1 },
	[ERR_CONFLICT] = { "conflict", FAILED, APP, 2, 4 },
	[ERR_XML_SYNTAX] = { "xml-syntax", "malformed-message", "rpc", 7, 3 },
	[ERR_UNKNOWN_ELEMENT] = { "unknown-element", "unknown-element", APP, 8, 3 },
	[ERR_UNKNOWN_NAMESPACE] = { "unknown-namespace", "unknown-namespace", APP, 8,
	    3 },
	[ERR_UNKNOWN_ATTRIBUTE] = { "unknown-attribute", "unknown-attribute", APP, 8,
	    3 },
	[ERR_MISSING_ELEMENT] = { "missing-element", "missing-element", APP, 8, 3 },
	[ERR_MISSING_ATTRIBUTE] = { "missing-attribute", "missing-attribute", APP, 8,
	    3 },
	[ERR_BAD_ELEMENT] = { "bad-element", "bad-element", APP, 8, 3 },
	[ERR_BAD_ATTRIBUTE] = { "bad-attribute", "bad-attribute", APP, 8, 3 },
	[ERR_DATA_EXISTS] = { "data-exists", "data-exists", APP, 8, 3 },
	[ERR_DATA_MISSING] = { "data-missing", "data-missing", APP, 5, 3 },
	[ERR_BAD_CERTIFICATE] = { "bad-certificate", VALUE, APP, 9, 3 },
	[ERR_BAD_KEY] = { "bad-key", VALUE, APP, 10, 3 },
	[ERR_BAD_PASSPHRASE] = { "bad-passphrase", VALUE, APP, 11, 3 },
	[ERR_KEY_MISMATCH] = { "key-mismatch", VALUE, APP, 12, 3 },
	[ERR_CHAIN_INVALID] = { "chain-invalid", VALUE, APP, 13, 3 },
	[ERR_EXPIRED] = { "expired", VALUE, APP, 14, 3 },
	[ERR_NOT_YET_VALID] = { "not-yet-valid", VALUE, APP, 15, 3 },
	[ERR_WEAK_CRYPTO] = { "weak-crypto", VALUE, APP, 16, 3 },
	[ERR_TRUST_STORE_EMPTY] = { "trust-store-empty", FAILED, APP, 17, 3 },
	[ERR_MODE_NEEDS_TRUST_STORE] = { "mode-needs-trust-store", FAILED, APP, 18, 3 },
	[ERR_STORAGE] = { "storage-error", FAILED, APP, 19, 1 },
	[ERR_SERVICE_FAILED] = { "service-failed", FAILED, APP, 20, 5 },
	[ERR_CONFIRM_TIMEOUT] = { "confirm-timeout", FAILED, APP, 21, 1 },
	[ERR_STUCK] = { "stuck", "rollback-failed", APP, 20, 5 },
};
_Static_assert(nitems(kinds) == ERR_CODE_MAX, "name every error code");

/*
 * Copies what fits of a text, whole characters only.  What could break a line of a log
 * or an XML document becomes "?".
 */
static void
copy_fit(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src), n = 0, k;

	for (; len > 0; src += k, len -= k) {
		k = utf8_char(src, len);
		if (n + (k == 0 ? 1 : k) >= size)
			break;
		if (k == 0 || (uint8_t)src[0] < 0x20 || src[0] == 0x7f) {
			dst[n++] = '?';
			k = 1;
			continue;
		}
		memcpy(dst + n, src, k);
		n += k;
	}
	dst[n] = '\0';
}

int
err_set(struct err *err, enum err_code code, const char *where, const char *fmt, ...)
{
	struct err new = { .code = code }; /* where and arguments may be parts of err */
	char text[2 * sizeof(new.text)];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	copy_fit(new.text, sizeof(new.text), text);
	if (where != NULL)
		copy_fit(new.where, sizeof(new.where), where);
	*err = new;
	return -1;
}

int
err_at(struct err *err, const char *where, uint32_t line)
{
	if (err->where[0] == '\0' && where != NULL)
		copy_fit(err->where, sizeof(err->where), where);
	if (err->line == 0)
		err->line = line;
	return -1;
}

void
err_clear(struct err *err)
{
	*err = (struct err){ .code = ERR_NONE };
}

const struct err_kind *
err_kind(enum err_code code)
{
	return &kinds[(unsigned int)code < ERR_CODE_MAX ? code : ERR_OTHER];
}

const char *
err_format(const struct err *err, char *buf, size_t size)
{
	const char *text = err->text[0] != '\0' ? err->text : err_kind(err->code)->text;
	const char *comma = err->where[0] != '\0' ? ", " : "";
	char whole[sizeof(err->where) + sizeof(err->text) + 32];

	if (size == 0)
		return buf;
	if (err->line != 0)
		snprintf(whole, sizeof(whole), "%s%sline %u: %s", err->where, comma,
		    err->line, text);
	else if (err->where[0] != '\0')
		snprintf(whole, sizeof(whole), "%s: %s", err->where, text);
	else
		snprintf(whole, sizeof(whole), "%s", text);
	copy_fit(buf, size, whole);
	return buf;
}
