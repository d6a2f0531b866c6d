/* SPDX-License-Identifier: ISC */
/*
 * The files of a generation, as a list of parts: octets that a session composed, and
 * places where the monitor puts a private key or the text root wrote for a verification
 * mode.  So no session sees a held key, and none can write a service's configuration.
 *
 *   header | files | parts | octets
 *
 * Files are sorted by path and so unique; their parts follow each other without a gap.
 * Octets are shared by the parts that need them.
 */
#ifndef LIB_BUNDLE_H
#define LIB_BUNDLE_H

#include "lib/config.h"

#define BUNDLE_VERSION 1
#define BUNDLE_PATH_MAX 160
#define BUNDLE_NO_SERVICE UINT32_MAX
#define BUNDLE_WRITTEN_MAX ((uint64_t)1 << 30) /* octets of all files together */

enum part_kind { PART_OCTETS, PART_KEY, PART_VARIANT, PART_KIND_MAX };

struct bundle_header {
	char magic[8];
	uint32_t version;
	uint32_t nfiles, nparts, reserved;
	uint64_t size;
	uint64_t services_revision;
};

struct bundle_file {
	char path[BUNDLE_PATH_MAX]; /* "credentials/local/cert.pem", below the
				       generation */
	uint32_t service; /* whose owner and mode it gets; or BUNDLE_NO_SERVICE */
	uint32_t first_part, nparts;
	uint32_t reserved;
};

struct bundle_part {
	uint32_t kind;
	uint32_t mode;   /* PART_VARIANT: enum verify_mode */
	uint64_t offset; /* PART_OCTETS: from the start of the bundle */
	uint64_t len;
	uint8_t key_id[SHA256_SIZE]; /* PART_KEY */
};

struct bundle {
	const uint8_t *data;
	size_t size;
	const struct bundle_header *header;
	const struct bundle_file *files;
	const struct bundle_part *parts;
};

/*
 * Checks everything: ranges, kinds, services against their number, and each path
 * against the few forms that exist (no "..", no name beginning with a dot), each of
 * which has just the parts it must have.  What it accepts can be written without
 * further thought. One made for other definitions (services_revision) is ERR_CONFLICT;
 * with NULL for them the services are not judged, for those who only read key ids.  The
 * octets must be aligned to 8, as any mapping is.
 */
int bundle_open(struct bundle *, const void *data, size_t size, const struct services *,
    struct err *);

/* Appends the files of a complete configuration. */
int bundle_write(struct buf *, const struct config *, const struct services *,
    struct err *);

/*
 * SHA-256 over what a service gets in a configuration: chain, key, and as far as they
 * concern it the mode and the trust store.  Equal means nothing to restart.
 */
int bundle_material(const struct config *, const struct service_facts *,
    uint8_t ret_sha256[SHA256_SIZE], struct err *);

#endif
