/* SPDX-License-Identifier: ISC */
/*
 * One whole configuration, as something that can be changed: loaded from a snapshot,
 * edited, judged, merged, and written as the next snapshot.
 */
#ifndef LIB_CONFIG_H
#define LIB_CONFIG_H

#include <stdbool.h>
#include <time.h>

#include "lib/cert.h"
#include "lib/chain.h"
#include "lib/services.h"

#define CREDENTIAL_LOCAL "local"
#define CREDENTIAL_FACTORY "factory"
#define INDEX_LOCAL 1 /* SNMP indices that are the same on every device */
#define INDEX_FACTORY 2
#define INDEX_FIRST 3 /* the first that is given out */

struct credential {
	struct text name;
	struct cert *chain; /* leaf first; NULL while only the key is there */
	size_t count;
	enum key_status key_status;
	bool has_key;		     /* the monitor holds it, under key_id */
	uint8_t key_id[SHA256_SIZE];
	uint32_t index;		     /* SNMP; 0 until one is given */
	int64_t installed;	     /* when this leaf came into the configuration */
	struct chain_verdict verdict;
};

struct anchor {
	struct text name;
	struct cert cert;
	uint32_t index; /* SNMP; 0 until one is given */
};

struct service_setting {
	struct text name;
	bool enabled;
	struct text credential; /* { NULL, 0 }: what the definition says */
};

/* Owns all it points to through its arena, except octets of the snapshot it came from. */
struct config {
	struct arena arena;
	struct credential *credentials; /* sorted by name; factory is among them */
	size_t ncredentials;
	struct anchor *anchors; /* in document order */
	size_t nanchors;
	bool has_trust_store;
	enum verify_mode mode;
	struct service_setting *services; /* sorted by name */
	size_t nservices;
	uint32_t next_local_index, next_trust_index; /* high-water marks */
	uint32_t duplicates; /* anchors given twice in the last document, dropped */
};

void config_clear(struct config *);

struct credential *config_credential(const struct config *, struct text name);
struct credential *config_add_credential(struct config *, struct text name); /* NULL: no memory */
void config_remove_credential(struct config *, struct text name);
struct service_setting *config_service(const struct config *, struct text name);
struct service_setting *config_add_service(struct config *, struct text name);
void config_remove_service(struct config *, struct text name);
/* Empties the trust store: absent afterwards. */
void config_remove_trust(struct config *);

/* The name of the credential a service uses: its setting, else the definition's, with
 * factory where that one is absent. */
const struct credential *config_used_by(const struct config *, const struct service_facts *);

/*
 * The rules that concern the whole: each credential complete, key and certificate
 * matching, leaf and intermediates neither expired nor not yet valid nor weak; a mode
 * other than none has a trust store; each enabled service is defined, has its feature
 * key, its credential and what the mode needs.  Dates are not judged when the clock is
 * implausible.  The factory credential is never refused.
 */
int config_check(const struct config *, const struct services *, time_t now,
    enum clock_status, struct err *);

/* Rules of the dates are left out of config_check() with this "now": rollback, recovery. */
#define CONFIG_ANY_TIME ((time_t)-1)

/* Gives each new credential and anchor its index and judges each chain that changed. */
int config_complete(struct config *, time_t now, struct err *);

/*
 * Three-way merge: what "mine" changed against "base" is applied to "theirs", which
 * becomes the result.  Units are one credential, the trust store, the mode, one service.
 * The same unit changed in both, differently: ERR_CONFLICT naming it.
 */
int config_merge(struct config *theirs, const struct config *base, const struct config *mine,
    struct err *);

#endif
