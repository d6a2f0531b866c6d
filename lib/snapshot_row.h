/* SPDX-License-Identifier: ISC */
/*
 * How a snapshot holds the facts of a certificate: for its writer and its reader only.
 */
#ifndef LIB_SNAPSHOT_ROW_H
#define LIB_SNAPSHOT_ROW_H

#include <stddef.h>

#include "lib/snapshot.h"

#define SNAPSHOT_MAGIC "CCSNAP\r\n"
#define SNAPSHOT_SANS_MAX 1024 /* of one certificate: what certconfSanIndex allows */

struct snapshot_cert_row {
	struct span der;
	uint8_t sha256[SHA256_SIZE];
	uint8_t key_id[SHA256_SIZE];
	int64_t not_before, not_after;
	uint32_t flags;
	uint32_t key_algorithm;
	uint32_t key_bits;
	uint32_t key_usage;
	struct span subject, issuer, serial, sig_algorithm, ext_key_usage, sans;
	struct span subject_part[DN_PART_MAX];
	struct span issuer_part[DN_PART_MAX];
	struct span subject_der, issuer_der;
};

/*
 * Each text of a certificate, where its span is in the row, and the span whose text it
 * often is: a root's issuer is its subject.  The latter comes before it in the table.
 */
struct snapshot_text_field {
	size_t text;       /* in struct cert */
	size_t span, like; /* in struct snapshot_cert_row; the same: like none */
};
#define SNAPSHOT_TEXTS (6 + 2 * DN_PART_MAX)
extern const struct snapshot_text_field snapshot_texts[SNAPSHOT_TEXTS];

/* A range of the header, what its rows are, and how many there may be. */
struct snapshot_part {
	size_t range; /* offset in struct snapshot_header */
	size_t row_size;
	uint32_t max;
};

enum {
	SNAPSHOT_LOCALS,
	SNAPSHOT_CERTS,
	SNAPSHOT_TRUSTS,
	SNAPSHOT_SERVICES,
	SNAPSHOT_OTHERS,
	SNAPSHOT_SANS,
	SNAPSHOT_BY_SHA256,
	SNAPSHOT_PARTS
};

/* In the order in which they lie in the file. */
extern const struct snapshot_part snapshot_parts[SNAPSHOT_PARTS];

#endif
