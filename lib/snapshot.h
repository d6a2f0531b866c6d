/* SPDX-License-Identifier: ISC */
/*
 * The flat picture of one configuration that everything answers from: SNMP, NETCONF
 * get, CLI, probes.  Rows of fixed size sorted by index, and one heap of octets;
 * immutable.
 *
 *   header | locals | certs | trusts | services | others | sans | by_sha256 | heap
 *
 * certs are the chains, each leaf first, and then the anchors.  by_sha256 holds row
 * numbers of certs sorted by SHA-256.
 *
 * Readers check each offset as they use it, so a damaged snapshot can show wrong values
 * but never lead outside of it.  Numbers are in the byte order of the machine: a
 * snapshot never leaves it, and one of another version is built anew.
 */
#ifndef LIB_SNAPSHOT_H
#define LIB_SNAPSHOT_H

#include "lib/cert.h"
#include "lib/config.h"

#define SNAPSHOT_VERSION 3

/* None is larger: what is built is refused above it, and so is what is mapped. */
#define SNAPSHOT_MAX ((size_t)1 << 30)

struct span {
	uint32_t offset, len; /* in the heap */
};

struct snapshot_range {
	uint32_t offset, count; /* octets from the start; rows */
};

struct snapshot_header {
	char magic[8];
	uint32_t version;
	uint32_t verify_mode;
	uint64_t size;
	int64_t built; /* UTC seconds */
	uint32_t has_trust_store;
	uint32_t next_local_index, next_trust_index;
	struct settings settings;
	struct snapshot_range locals, certs, trusts, services;
	/* Settings of services that are not defined now; names of leaves, by cert. */
	struct snapshot_range others, sans;
	struct snapshot_range by_sha256;
	struct span heap; /* offset from the start here */
	/* Over the anchors in their order; zeros when there is no trust store. */
	uint8_t trust_sha256[SHA256_SIZE];
	/*
	 * Over all that is configured but for monitoring, without indices and dates.
	 */
	uint8_t config_sha256[SHA256_SIZE];
};

struct snapshot_local {
	uint32_t index;
	uint32_t first_cert, count; /* chain in certs, leaf first; count 0: key only */
	uint32_t key_status;        /* enum key_status */
	uint32_t has_key;
	uint32_t chain_status; /* enum chain_status */
	uint32_t muted;        /* out of summaries and notifications */
	int32_t warn_days;     /* of its own, whatever the percentage; -1: as all */
	int64_t installed;
	int64_t chain_not_after, issuer_not_after;
	struct span name;
	uint8_t key_id[SHA256_SIZE];
	uint8_t anchor[SHA256_SIZE];
};

struct snapshot_trust {
	uint32_t index;
	uint32_t cert;
	uint32_t muted;
	struct span name;
};

struct snapshot_service {
	struct span name;
	struct span credential; /* the setting; empty: what the definition says */
	uint32_t enabled;
	uint32_t configured;  /* the document says something of it */
	uint32_t local_index; /* row of the credential it really uses */
	uint32_t reserved;
	uint8_t material[SHA256_SIZE]; /* over all files it gets: changed = restart */
};

struct snapshot_san {
	uint32_t cert;
	uint32_t type; /* enum san_type */
	struct span value;
};

/* A mapped snapshot; data is borrowed. */
struct snapshot {
	const uint8_t *data;
	size_t size;
	const struct snapshot_header *header;
	const struct snapshot_local *locals; /* sorted by index */
	const struct snapshot_trust *trusts; /* sorted by index */
	const struct snapshot_service
	    *services; /* one per definition, in their order */
	const struct snapshot_san *sans;
};

/*
 * Checks magic, version, size, that each range lies inside, and all that is used as an
 * index or a count without looking: the chains of locals, enumerations, sans.  The
 * octets must outlive the snapshot and be aligned to 8, as any mapping is.
 */
int snapshot_open(struct snapshot *, const void *data, size_t size, struct err *);

struct text snapshot_text(const struct snapshot *, struct span);
/* Facts of certificate n as pointers into the snapshot; all empty when n is outside. */
void snapshot_cert(const struct snapshot *, uint32_t n, struct cert *ret_cert);
/*
 * Less of them, for a walk over a great many rows, to which octets that need not be
 * looked at are most of what a row costs.  All but the texts and blobs; and one text,
 * of the member of struct cert at this offset.
 */
void snapshot_figures(const struct snapshot *, uint32_t n, struct cert *ret_cert);
struct text snapshot_cert_text(const struct snapshot *, uint32_t n, size_t member);
/* SHA-256 of certificate n, borrowed; of zeros when n is outside. */
const uint8_t *snapshot_sha256(const struct snapshot *, uint32_t n);
/* Only its dates; 0 and 0 when n is outside. */
void snapshot_dates(const struct snapshot *, uint32_t n, int64_t *ret_not_before,
    int64_t *ret_not_after);
/* Where the subject alternative names of certificate n begin in sans, and how many. */
uint32_t snapshot_sans(const struct snapshot *, uint32_t n, uint32_t *ret_count);
/* Whether all rows of local certificates say the same. */
bool snapshot_same_locals(const struct snapshot *, const struct snapshot *);
/* The one with this SHA-256, or false. */
bool snapshot_find_cert(const struct snapshot *, const uint8_t sha256[SHA256_SIZE],
    struct cert *ret_cert);
/* NULL when there is none. */
const struct snapshot_local *snapshot_local(const struct snapshot *, uint32_t index);

/*
 * Whether what "now" says of monitoring is what "before" says; credentials and anchors
 * that only "before" has do not count, and new ones count unless they are by default.
 */
bool snapshot_same_monitoring(const struct snapshot *before,
    const struct snapshot *now);

/*
 * Puts one change of monitoring into a snapshot's octets, which were opened before;
 * false when it has no such row or takes no such value.
 */
bool snapshot_change(void *data, size_t size, const struct setting_change *);

/*
 * A configuration to change, that borrows from the snapshot; ret_config is overwritten.
 */
int snapshot_load(const struct snapshot *, struct config *ret_config, struct err *);

/*
 * Appends the snapshot of a complete configuration; its services are those defined.
 * What is in the buffer already must be a multiple of 8 octets.
 */
int snapshot_write(struct buf *, const struct config *, const struct services *,
    time_t now, struct err *);

#endif
