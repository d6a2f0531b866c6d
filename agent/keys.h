/* SPDX-License-Identifier: ISC */
/*
 * Private keys that came with a document and wait for a commit: in locked memory that
 * no core dump shows, overwritten when they are forgotten.
 */
#ifndef AGENT_KEYS_H
#define AGENT_KEYS_H

#include "lib/bundle.h"

struct key_entry {
	uint8_t key_id[SHA256_SIZE];
	struct blob pem; /* in the locked memory */
};

struct keys {
	uint8_t *memory; /* NULL when there is none */
	size_t size, used;
	struct key_entry *entries; /* sorted by id */
	size_t count;
};

/*
 * Adds the records of a file (struct key_record, each followed by its PEM).  Refuses
 * the whole when one is not exactly that.  A key that waits already stays as it is.
 */
int keys_add(struct keys *, const void *records, size_t size, struct err *);
/* { NULL, 0 } when it does not wait here; borrowed until the next change. */
struct blob keys_find(const struct keys *, const uint8_t key_id[SHA256_SIZE]);
/* Forgets all but those that one of the bundles names. */
int keys_keep(struct keys *, const struct bundle *bundles, size_t nbundles,
    struct err *);
/* Forgets all. */
void keys_clear(struct keys *);

/* Whether these octets are one unencrypted PKCS#8 PEM block and nothing else. */
bool keys_is_pem(struct blob);

#endif
