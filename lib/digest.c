/* SPDX-License-Identifier: ISC */
/* SHA-256 over many pieces. */
#include "lib/digest.h"

#include <openssl/evp.h>

static void
fail(struct digest *digest)
{
	EVP_MD_CTX_free(digest->context);
	digest->context = NULL;
}

void
digest_begin(struct digest *digest)
{
	digest->context = EVP_MD_CTX_new();
	if (digest->context != NULL &&
	    EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1)
		fail(digest);
}

void
digest_add(struct digest *digest, const void *data, size_t len)
{
	if (digest->context != NULL && len > 0 &&
	    EVP_DigestUpdate(digest->context, data, len) != 1)
		fail(digest);
}

void
digest_add_number(struct digest *digest, uint64_t number)
{
	digest_add(digest, &number, sizeof(number));
}

void
digest_add_text(struct digest *digest, struct text text)
{
	digest_add_number(digest, text.len);
	digest_add(digest, text.data, text.len);
}

int
digest_end(struct digest *digest, uint8_t ret_sha256[SHA256_SIZE], struct err *err)
{
	uint8_t sha256[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (digest->context != NULL &&
	    EVP_DigestFinal_ex(digest->context, sha256, &len) != 1)
		fail(digest);
	if (digest->context == NULL)
		return err_set(err, ERR_MEMORY, "", "out of memory for a SHA-256");

	for (size_t i = 0; i < SHA256_SIZE; i++)
		ret_sha256[i] = sha256[i];
	fail(digest); /* done: it only frees */
	return 0;
}
