/* SPDX-License-Identifier: ISC */
/* Certificates and configurations made for the tests of the model. */
#ifndef TESTS_UNIT_MODEL_H
#define TESTS_UNIT_MODEL_H

#include "lib/config.h"

#define MODEL_KEYS 4
#define MODEL_NOW INT64_C(1800000000) /* 2027-01-15: what the tests call now */
#define MODEL_DAY 86400

/* What a certificate is to say; issuer NULL: self-signed. */
struct model_cert {
	const char *name, *issuer;    /* common names */
	unsigned int key, issuer_key; /* 0 .. MODEL_KEYS - 1 */
	int days_before, days_after;  /* of MODEL_NOW; 0: 10 and 365 */
	bool ca, sha1;
	const char *sans; /* "DNS:a,IP:127.0.0.1" */
};

/* Fails the test when it cannot; all is allocated in the arena. */
struct cert model_cert(struct arena *, const struct model_cert *);

/* A credential with this chain and its key, replacing one that is there. */
void model_credential(struct config *, const char *name, const struct model_cert *,
    size_t count);
/* A trust store of count roots called "PREFIX 0" and so on. */
void model_trust(struct config *, const char *prefix, size_t count);
void model_service(struct config *, const char *name, bool enabled,
    const char *credential);

/* A factory and a local credential, complete; their keys are 2 and 0. */
void model_begin(struct config *);
/*
 * Three credentials with key 0 (of which one only if local is set), factory, trust
 * store, mode and a service that is on; and the bundle of it.
 */
void model_bundle(struct config *, struct buf *ret_bundle, bool local);
/* A configuration that has one of everything, and its snapshot. */
void model_snapshot(struct config *, struct buf *ret_snapshot);

/*
 * Four definitions: "web" serves with separate files, "sip" takes and makes calls and
 * wants a credential of its own, "proxy" has combined and CA files and variants for
 * none and outgoing only, "locked" lacks its feature key.
 */
const struct services *model_services(void);

/* Group tear-down for cmocka: frees the keys. */
int model_teardown(void **state);

#endif
