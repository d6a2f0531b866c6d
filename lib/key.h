/* SPDX-License-Identifier: ISC */
/*
 * Private keys: read in all the forms people have, judged, proven to belong to a
 * certificate, and written in the one form services read (PKCS#8 PEM, unencrypted).
 */
#ifndef LIB_KEY_H
#define LIB_KEY_H

#include <openssl/types.h>

#include "lib/bytes.h"
#include "lib/cert.h"

/*
 * Reads PEM or base64 DER: PKCS#8 plain or encrypted (PBES2), PKCS#1, SEC1, traditional
 * encrypted PEM.  password.data NULL when there is none.  Never prompts.  Refused, each
 * with its own sentence: more than LIMIT_KEY octets, a public key, a certificate, no
 * key at all, an encrypted key without a password, a wrong password (which cannot be
 * told from damage, and the message says so), a password for a key that is not
 * encrypted, more than LIMIT_KDF_ITERATIONS, RSA outside LIMIT_RSA_*, unsupported
 * curves and algorithms (RSA, P-256/384/521, Ed25519, Ed448 are supported).
 */
int key_read(struct text text, struct text password, EVP_PKEY **ret_key, struct err *);

/* Whether the text holds an encrypted private key, told without opening it. */
bool key_is_encrypted(struct text text);

/* SHA-256 of the SubjectPublicKeyInfo: the name a key has everywhere. */
int key_id(const EVP_PKEY *, uint8_t ret_id[SHA256_SIZE], struct err *);

/*
 * Proves by a signature made with the key and verified with the certificate's public
 * key that they belong together.  X509_check_private_key() does not: it says yes to a
 * public key and to a wrong private exponent.
 */
int key_prove(EVP_PKEY *, const struct cert *, struct err *);

/* Appends PKCS#8 PEM to a buffer the caller wipes. */
int key_write(struct buf *, const EVP_PKEY *, struct err *);

#endif
