/* SPDX-License-Identifier: ISC */
#include "lib/tls_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

int
tls_fail(struct certconf_error *err, enum certconf_code code, const char *fmt, ...)
{
	va_list ap;

	err->code = (int)code;
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
tls_fail_errno(struct certconf_error *err, const char *where)
{
	const int why = errno;
	const char *text = strerrordesc_np(why); /* strerror() is not for threads */

	return tls_fail(err,
	    why == ENOENT ? CERTCONF_ERROR_NOT_FOUND : CERTCONF_ERROR_SYSTEM, "%s: %s",
	    where, text != NULL ? text : "unknown error");
}

int
tls_fail_openssl(struct certconf_error *err, enum certconf_code code, const char *where)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return tls_fail(err, code, "%s: %s", where,
	    text != NULL ? text : "OpenSSL refuses it");
}
