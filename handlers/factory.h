/* SPDX-License-Identifier: ISC */
/* The built-in credential: a key of the device's own and a certificate it signed. */
#ifndef HANDLERS_FACTORY_H
#define HANDLERS_FACTORY_H

#include <openssl/types.h>
#include <time.h>

#include "lib/bytes.h"
#include "lib/err.h"

#define FACTORY_YEARS 10

/*
 * A new P-256 key, and a certificate for TLS servers and clients by that name
 * ("certconf" for one that cannot be a host's), valid from not_before.  Appends its DER
 * to ret_der; the key is the caller's.
 */
int factory_make(const char *host, time_t not_before, struct buf *ret_der,
    EVP_PKEY **ret_key, struct err *);

#endif
