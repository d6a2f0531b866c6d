/* SPDX-License-Identifier: ISC */
/*
 * What everyone may know of the services root defined in services.d: one table of fixed
 * size, handed around as a sealed memory file.  Commands, owners and paths are not in
 * it; the monitor alone knows those.
 */
#ifndef LIB_SERVICES_H
#define LIB_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/names.h"

/* Which way a service's TLS connections go. */
#define SERVICE_SERVES 0x1u      /* answers everybody, a web page */
#define SERVICE_CALLS_OUT 0x2u   /* connects to others, whom it may verify */
#define SERVICE_TAKES_CALLS 0x4u /* outgoing-and-incoming asks for certificates */

/* Which PEM files it wants in live/services/NAME/. */
#define SERVICE_FILES_SEPARATE 0x1u /* cert, chain, fullchain, privkey */
#define SERVICE_FILES_COMBINED 0x2u /* combined: fullchain and key in one */
#define SERVICE_FILES_CA 0x4u       /* ca: the trust store */

struct service_facts {
	char name[LIMIT_NAME + 1];
	char credential[LIMIT_NAME + 1]; /* default of the leaf credential */
	uint32_t index;                  /* bound to the name for ever, from 1 */
	uint32_t directions;             /* SERVICE_SERVES ... */
	uint32_t files;                  /* SERVICE_FILES_... */
	uint32_t order;                  /* restarts go from low to high */
	uint32_t deadline_ms;            /* for restart and probe each */
	uint32_t settle_ms;
	uint32_t probe_interval;   /* seconds; 0 = never */
	uint32_t feature;          /* enum feature_state */
	uint8_t custom_credential; /* the factory credential does not count */
	uint8_t restart_device;    /* only a reboot restarts it */
	uint8_t has_check;
	uint8_t has_restart;
	uint8_t has_stop;
	uint8_t has_probe;
	uint8_t has_variant[VERIFY_MODE_MAX];
	/* Of each variant: another text is another configuration. */
	uint8_t variant_sha256[VERIFY_MODE_MAX][SHA256_SIZE];
	char probe_address[108]; /* "127.0.0.1:443", "[::1]:443" or a socket's path */
	char probe_name[256];    /* server name to ask for; "" for none */
	char feature_keys[256];  /* any of these suffices; for messages */
};

/* A name that had a definition once: its index is still its own. */
struct service_former {
	char name[LIMIT_NAME + 1];
	uint32_t index;
};

struct services {
	uint64_t revision; /* changes when the definitions do */
	uint32_t count;
	struct service_facts rows[LIMIT_SERVICES]; /* sorted by order, then name */
	uint32_t nformer;
	struct service_former former[LIMIT_SERVICES]; /* the newest names first */
};

/* NULL when root defined no such service. */
const struct service_facts *services_named(const struct services *, struct text name);

/* The index of a name, with a definition or without one; 0: it has none. */
uint32_t services_index(const struct services *, struct text name);

/* Whether the service needs the trust store in this mode. */
bool service_verifies(const struct service_facts *, enum verify_mode);

/* Whether root gave it a configuration for any verification mode. */
bool service_has_variants(const struct service_facts *);

#endif
