/* SPDX-License-Identifier: ISC */
#include "lib/served.h"

#include <string.h>

#include "lib/digest.h"
#include "lib/snapshot.h"

int
served_digest(const uint8_t *sha256, uint32_t count, struct served *ret_served,
    struct err *err)
{
	struct digest digest;

	memset(ret_served, 0, sizeof(*ret_served));
	if (count == 0)
		return 0;
	memcpy(ret_served->leaf, sha256, SHA256_SIZE);
	ret_served->nchain = count;
	digest_begin(&digest);
	digest_add(&digest, sha256, (size_t)count * SHA256_SIZE);
	return digest_end(&digest, ret_served->chain, err);
}

static const struct snapshot_local *
used_by(const struct snapshot *s, const char *service)
{
	uint32_t i;

	for (i = 0; i < s->header->services.count; i++)
		if (text_is(snapshot_text(s, s->services[i].name), service))
			return snapshot_local(s, s->services[i].local_index);
	return NULL;
}

int
served_expected(const struct snapshot *s, const char *service,
    struct served *ret_served, struct err *err)
{
	const struct snapshot_local *local = used_by(s, service);
	uint8_t sha256[LIMIT_CHAIN * SHA256_SIZE];
	uint32_t i, count = 0;
	struct cert cert;

	for (i = 0; local != NULL && i < local->count && count < LIMIT_CHAIN; i++) {
		snapshot_cert(s, local->first_cert + i, &cert);
		if (i > 0 && (cert.flags & CERT_SELF_ISSUED) != 0)
			break;
		memcpy(sha256 + (size_t)count++ * SHA256_SIZE,
		    snapshot_sha256(s, local->first_cert + i), SHA256_SIZE);
	}
	return served_digest(sha256, count, ret_served, err);
}
