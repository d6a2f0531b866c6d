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
#include "lib/settings.h"

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
	bool has_key; /* the monitor holds it, under key_id */
	uint8_t key_id[SHA256_SIZE];
	uint32_t index;     /* SNMP; 0 until one is given */
	bool muted;         /* monitoring: no summary, no notification */
	bool has_warn_days; /* monitoring: warn_days is its own */
	uint32_t warn_days;
	int64_t installed;            /* when this leaf came into the configuration */
	struct chain_verdict verdict; /* of the chain below */
	const struct cert *judged; /* what verdict and installed are about; or NULL */
	size_t njudged;
};

struct anchor {
	struct text name;
	struct cert cert;
	uint32_t index; /* SNMP; 0 until one is given */
	bool muted;     /* monitoring: no summary, no notification */
};

struct service_setting {
	struct text name;
	bool enabled;
	struct text credential; /* { NULL, 0 }: what the definition says */
};

/*
 * Owns all it points to through its arena, except octets of the snapshot it came from
 * and of the documents and configurations put on it.  All zeros is an empty one.
 */
struct config {
	struct arena arena;
	struct credential *credentials; /* sorted by name; factory is among them */
	size_t ncredentials;
	struct anchor *anchors; /* in document order */
	size_t nanchors;
	bool has_trust_store;
	enum verify_mode mode;
	struct settings settings; /* monitoring: with settings_default() at first */
	struct service_setting *services; /* sorted by name */
	size_t nservices;
	uint32_t next_local_index, next_trust_index; /* high-water marks */
	uint32_t duplicates; /* anchors given twice in the last document, dropped */
	/* Over the anchors in their order; zeros when there is no trust store. */
	uint8_t trust_sha256[SHA256_SIZE];
	bool trust_changed; /* since the chains were judged */
	/* Credentials removed since it was loaded: one that returns is the same row. */
	struct credential *former; /* sorted by name */
	size_t nformer;
	const struct anchor *former_anchors; /* the trust store that was removed */
	size_t nformer_anchors;
	size_t credentials_room, services_room, former_room; /* rows allocated */
};

void config_clear(struct config *);

/*
 * Adding gives the row that is there already, else a new one with a copy of the name;
 * NULL without memory.  It moves the others: no pointer to a row is good across it.
 */
struct credential *config_credential(const struct config *, struct text name);
struct credential *config_add_credential(struct config *, struct text name);
void config_remove_credential(struct config *, struct text name);
struct service_setting *config_service(const struct config *, struct text name);
struct service_setting *config_add_service(struct config *, struct text name);
void config_remove_service(struct config *, struct text name);

/* The credential of that name as it was before it was removed, or NULL. */
const struct credential *config_former(const struct config *, struct text name);
/* Removes all but factory, at the cost of one. */
void config_remove_credentials(struct config *);
void config_remove_services(struct config *);

/*
 * Makes these the whole trust store.  The array is copied, what its certificates point
 * to is borrowed.  An anchor given twice is dropped and counted in duplicates.  One
 * that was there before keeps its index and mute, and its name if the new one is
 * { NULL, 0 };
 * any other without a name is called after its subject, with "#2" and so on where that
 * is taken.
 */
int config_set_trust(struct config *, const struct anchor *anchors, size_t count,
    struct err *);
/* Empties the trust store: absent afterwards. */
void config_remove_trust(struct config *);

/* The name of the credential a service asks for: its setting, else its definition's. */
struct text config_asked_by(const struct config *, const struct service_facts *);
/*
 * That credential, with factory in place of an absent local; NULL when it is not there.
 */
const struct credential *config_used_by(const struct config *,
    const struct service_facts *);
/* What local is to everyone who reads it: factory while it is absent. */
const struct credential *config_effective(const struct config *, struct text name);

/* Whether it is the built-in one. */
bool credential_is_factory(const struct credential *);

/* "/certconf/credential[name='local']/certificate", for messages.  Returns buf. */
#define CONFIG_PATH_MAX 192
const char *config_path(const char *list, struct text name, const char *below,
    char buf[CONFIG_PATH_MAX]);

/*
 * The rules that concern the whole: each credential complete, key and certificate
 * matching, leaf and intermediates neither expired nor not yet valid nor weak; a mode
 * other than none has a trust store; each enabled service is defined, has its feature
 * key, its credential and what the mode needs.  Dates are not judged when the clock is
 * implausible.  The factory credential is never refused.
 */
int config_check(const struct config *, const struct services *, time_t now,
    enum clock_status, struct err *);

/* Rules of the dates are left out of config_check() with this "now": rollback,
 * recovery. */
#define CONFIG_ANY_TIME ((time_t)-1)

/*
 * To be called after each change.  Gives each new credential and anchor its index, each
 * new leaf its date and each credential its key status, and judges each chain that
 * changed or has lost its anchor.  Refuses what exceeds a limit.
 */
int config_complete(struct config *, time_t now, struct err *);

/*
 * Three-way merge: what "mine" changed against "base" is applied to "theirs", which
 * becomes the result and borrows from "mine"; config_complete() must follow.  Units are
 * one credential, the trust store, the mode, one service, one value of monitoring.  The
 * same unit changed in both, differently: ERR_CONFLICT naming it, and "theirs" is good
 * for nothing but clearing.
 */
int config_merge(struct config *theirs, const struct config *base,
    const struct config *mine, struct err *);

#endif
