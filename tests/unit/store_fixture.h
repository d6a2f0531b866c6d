/* SPDX-License-Identifier: ISC */
/*
 * Small generations for tests of the store: bundle, snapshot and key of a version,
 * which is a letter that all of their files hold.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "agent/keys.h"
#include "agent/service.h"
#include "agent/stage.h"

/* A new temporary directory; the caller frees the name. */
char *fixture_dir(void);
/* Removes it with all that is in it. */
void fixture_remove(char *dir);
/* A file in a directory. */
void fixture_write(const char *dir, const char *name, const char *text);
/* A whole file, terminated; NULL when it is not there.  The caller frees. */
char *fixture_read(const char *dir, const char *name);

/* One service "web" with a combined file and a variant for each mode. */
struct service_set *fixture_services(void);

void fixture_key_id(char version, uint8_t ret_id[SHA256_SIZE]);
/* Appends the key record of a version. */
void fixture_key(struct buf *, char version);
void fixture_bundle(struct buf *, const struct service_set *, char version);
/* One that can be opened; all are alike. */
void fixture_snapshot(struct buf *, const struct service_set *);

/* Stages a version as generation number; keys may be NULL: then the version's own
 * waits. */
int fixture_stage(const struct generations *, const struct service_set *,
    const struct keys *, char version, uint64_t number, uint64_t base, struct err *);

/*
 * The version of a generation all of whose files say the same and verify; '-' when
 * there is none, '?' when they do not.
 */
char fixture_version(const struct generations *, uint64_t number);

#endif
