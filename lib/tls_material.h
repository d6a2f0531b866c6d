/* SPDX-License-Identifier: ISC */
/*
 * What one generation has for one service, parsed:
 *
 *   services/NAME/verification-mode             one word and a line end
 *   services/NAME/{fullchain,privkey}.pem       or combined.pem
 *   trust/ca.pem                                read only where it is needed
 */
#ifndef LIB_TLS_MATERIAL_H
#define LIB_TLS_MATERIAL_H

#include <openssl/ssl.h>

#include "lib/names.h"
#include "lib/tls_live.h"

#define TLS_DIGEST_SIZE 32

struct tls_material {
	enum verify_mode mode;
	bool verifies; /* the other end, in this mode and direction */
	X509 *leaf;    /* NULL: the service has no certificate */
	EVP_PKEY *key;
	STACK_OF(X509) * chain;      /* above the leaf */
	X509_STORE *anchors;         /* only when it verifies */
	STACK_OF(X509_NAME) * names; /* for callers to choose by; NULL: any */
	size_t names_size;
	uint8_t digest[TLS_DIGEST_SIZE]; /* of all that decides who is let in */
};

/* What was loaded of it so far must be cleared after a failure, too. */
int tls_material_load(struct tls_material *, const struct tls_generation *,
    const char *service, enum certconf_direction, struct certconf_error *err);
void tls_material_clear(struct tls_material *);

#endif
