/* SPDX-License-Identifier: ISC */
/* How libcertconf tells its caller why not. */
#ifndef LIB_TLS_ERROR_H
#define LIB_TLS_ERROR_H

#include "lib/certconf.h"

/* Fills err, which must not be NULL, and returns -1. */
int tls_fail(struct certconf_error *err, enum certconf_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a call that set errno: "WHERE: why". */
int tls_fail_errno(struct certconf_error *err, const char *where);

/* The same for a call of OpenSSL: "WHERE: why". */
int tls_fail_openssl(struct certconf_error *err, enum certconf_code code,
    const char *where);

#endif
