/* SPDX-License-Identifier: ISC */
/*
 * What an encrypted PKCS#8 key asks for before it is opened, for lib/key_read.c alone.
 */
#ifndef LIB_KEY_PBES2_H
#define LIB_KEY_PBES2_H

#include <openssl/x509.h>

#include "lib/err.h"

/*
 * Refuses what is not PBES2 (RFC 8018) with PBKDF2 or scrypt (RFC 7914), and what would
 * take more work than LIMIT_KDF_ITERATIONS: OpenSSL has no limit of its own, and a
 * document could keep a session busy for hours.
 */
int pbes2_check(const X509_ALGOR *, struct err *);

#endif
