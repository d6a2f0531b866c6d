/* SPDX-License-Identifier: ISC */
/*
 * The services root defined, one file each in services.d, and the feature keys in
 * features.d.  What everyone may know of them becomes the table of lib/services.h;
 * commands, owners and variants stay in the monitor.
 *
 *   credential = local
 *   credential-required = any            # or custom: factory does not count
 *   directions = { serves }              # serves, calls-out, takes-calls
 *   features = { https, encryption }     # one of these must be in features.d
 *   files = { separate, ca }             # separate, combined, ca
 *   owner = www-data   group = ssl-cert   mode = 0640
 *   order = 100                          # restarts go from low to high
 *   check = { "/usr/sbin/nginx", "-t" }  # before restart; no shell
 *   restart = { "/usr/sbin/nginx", "-s", "reload" }
 *   restart-device = false               # only a reboot restarts it
 *   stop = { "/usr/sbin/nginx", "-s", "stop" }
 *   daemonises = false                   # restart leaves the service running below it
 *   deadline = 30   settle = 2           # seconds
 *   probe { address = "127.0.0.1:443"  server-name = "a.example"  interval = 900 }
 *   variant outgoing { config = '…' }    # becomes service.conf; single quotes: as it
 * is
 */
#ifndef AGENT_SERVICE_H
#define AGENT_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"
#include "lib/services.h"

struct service {
	struct service_facts facts;
	char **check, **restart, **stop; /* end with NULL; NULL: there is none */
	bool daemonises;
	uid_t uid;
	gid_t gid;
	mode_t mode;                     /* of what holds a private key */
	char *variants[VERIFY_MODE_MAX]; /* NULL: none for this mode */
};

struct service_set {
	struct services table;
	struct service rows[LIMIT_SERVICES]; /* as in the table */
	uint32_t refused;                    /* files with a mistake */
};

/* One definition; its name is the file's without ".conf".  service_clear() it. */
int service_load(int dirfd, const char *file, struct service *ret_service,
    struct err *);
void service_clear(struct service *);

/*
 * All of them.  A bad file is logged, and its service is what it was in the former set,
 * which loses it and is good for nothing but its table and freeing; without one
 * (NULL) it is not defined.  A directory that is not there defines none.
 */
struct service_set *service_set_load(const char *services_dir, const char *features_dir,
    struct service_set *former);
void service_set_free(struct service_set *);

#endif
