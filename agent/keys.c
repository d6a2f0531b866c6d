/* SPDX-License-Identifier: ISC */
#include "agent/keys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/document.h"
#include "lib/limits.h"

#define KEYS_SIZE_MAX ((size_t)128 << 20)
#define PEM_BEGIN "-----BEGIN PRIVATE KEY-----\n"
#define PEM_END "-----END PRIVATE KEY-----\n"

/* --- memory --- */

static uint8_t *
memory_new(size_t size, struct err *err)
{
	uint8_t *memory;

	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (memory == MAP_FAILED) {
		err_set(err, ERR_MEMORY, "", "no memory for private keys");
		return NULL;
	}
	/* as far as the limit on locked memory goes; without it they could reach the
	 * swap */
	(void)mlock(memory, size);
	(void)madvise(memory, size, MADV_DONTDUMP);
	return memory;
}

static void
memory_free(uint8_t *memory, size_t size)
{
	if (memory == NULL)
		return;
	explicit_bzero(memory, size);
	(void)munmap(memory, size);
}

/* --- entries --- */

static int
by_id(const void *a, const void *b)
{
	const struct key_entry *x = a, *y = b;

	return memcmp(x->key_id, y->key_id, SHA256_SIZE);
}

struct blob
keys_find(const struct keys *keys, const uint8_t key_id[SHA256_SIZE])
{
	struct key_entry wanted = { .pem = { NULL, 0 } };
	const struct key_entry *found;

	if (keys->count == 0)
		return wanted.pem;
	memcpy(wanted.key_id, key_id, SHA256_SIZE);
	found = bsearch(&wanted, keys->entries, keys->count, sizeof(wanted), by_id);
	return found == NULL ? wanted.pem : found->pem;
}

bool
keys_is_pem(struct blob pem)
{
	const size_t begin = strlen(PEM_BEGIN), end = strlen(PEM_END);
	size_t i;

	if (pem.len < begin + end || pem.len > LIMIT_KEY ||
	    memcmp(pem.data, PEM_BEGIN, begin) != 0 ||
	    memcmp(pem.data + pem.len - end, PEM_END, end) != 0)
		return false;
	for (i = begin; i < pem.len - end; i++)
		if (pem.data[i] != '\n' &&
		    (pem.data[i] <= ' ' || pem.data[i] > '~' || pem.data[i] == '-'))
			return false;
	return true;
}

/* Room for so many more octets and entries, in new memory. */
static int
grow(const struct keys *keys, size_t more, size_t nmore, struct keys *ret_keys,
    struct err *err)
{
	struct keys new = { .size = keys->used + more };

	if (new.size > KEYS_SIZE_MAX)
		return err_set(err, ERR_TOO_LARGE, "",
		    "more than %zu octets of keys waiting", KEYS_SIZE_MAX);
	new.entries = calloc(keys->count + nmore + 1, sizeof(*new.entries));
	if (new.entries == NULL)
		return err_set(err, ERR_MEMORY, "", "no memory for private keys");
	if ((new.memory = memory_new(new.size == 0 ? 1 : new.size, err)) == NULL) {
		free(new.entries);
		return -1;
	}
	*ret_keys = new;
	return 0;
}

static void
put(struct keys *keys, const uint8_t key_id[SHA256_SIZE], struct blob pem)
{
	struct key_entry *entry = &keys->entries[keys->count++];

	memcpy(entry->key_id, key_id, SHA256_SIZE);
	memcpy(keys->memory + keys->used, pem.data, pem.len);
	entry->pem = (struct blob){ keys->memory + keys->used, pem.len };
	keys->used += pem.len;
}

static void
replace(struct keys *keys, struct keys *new)
{
	if (new->count > 0)
		qsort(new->entries, new->count, sizeof(*new->entries), by_id);
	keys_clear(keys);
	*keys = *new;
}

void
keys_clear(struct keys *keys)
{
	memory_free(keys->memory, keys->size == 0 ? 1 : keys->size);
	free(keys->entries);
	*keys = (struct keys){ .memory = NULL };
}

/* --- what came --- */

static int
next_record(const uint8_t **at, size_t *left, struct key_record *ret_head,
    struct blob *ret_pem, struct err *err)
{
	if (*left < sizeof(*ret_head))
		return err_set(err, ERR_BAD_KEY, "", "a key record is cut off");
	memcpy(ret_head, *at, sizeof(*ret_head));
	*at += sizeof(*ret_head);
	*left -= sizeof(*ret_head);
	if (ret_head->len > *left)
		return err_set(err, ERR_BAD_KEY, "", "a key record is cut off");
	*ret_pem = (struct blob){ *at, ret_head->len };
	*at += ret_head->len;
	*left -= ret_head->len;
	if (!keys_is_pem(*ret_pem))
		return err_set(err, ERR_BAD_KEY, "",
		    "a key record holds no private key");
	return 0;
}

static int
count_records(const uint8_t *at, size_t left, size_t *ret_count, struct err *err)
{
	struct key_record head;
	struct blob pem;
	size_t n = 0;

	for (; left > 0; n++)
		if (next_record(&at, &left, &head, &pem, err) == -1)
			return -1;
	*ret_count = n;
	return 0;
}

int
keys_add(struct keys *keys, const void *records, size_t size, struct err *err)
{
	const uint8_t *at = records;
	struct key_record head;
	struct keys new;
	struct blob pem;
	size_t i, count, left = size;

	if (count_records(at, size, &count, err) == -1 ||
	    grow(keys, size, count, &new, err) == -1)
		return -1;
	for (i = 0; i < keys->count; i++)
		put(&new, keys->entries[i].key_id, keys->entries[i].pem);
	while (left > 0) {
		(void)next_record(&at, &left, &head, &pem, err); /* counted before */
		if (keys_find(keys, head.key_id).data == NULL)
			put(&new, head.key_id, pem);
	}
	replace(keys, &new);
	return 0;
}

static bool
is_named(const struct bundle *bundle, const uint8_t key_id[SHA256_SIZE])
{
	uint32_t i;

	for (i = 0; i < bundle->header->nparts; i++)
		if (bundle->parts[i].kind == PART_KEY &&
		    memcmp(bundle->parts[i].key_id, key_id, SHA256_SIZE) == 0)
			return true;
	return false;
}

int
keys_keep(struct keys *keys, const struct bundle *bundles, size_t nbundles,
    struct err *err)
{
	const struct key_entry *entry;
	struct keys new;
	size_t i, n;

	if (keys->count == 0)
		return 0;
	if (nbundles == 0) {
		keys_clear(keys);
		return 0;
	}
	if (grow(keys, 0, 0, &new, err) == -1)
		return -1;
	for (i = 0; i < keys->count; i++) {
		entry = &keys->entries[i];
		for (n = 0; n < nbundles; n++)
			if (is_named(&bundles[n], entry->key_id)) {
				put(&new, entry->key_id, entry->pem);
				break;
			}
	}
	replace(keys, &new);
	return 0;
}
