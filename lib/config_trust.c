/* SPDX-License-Identifier: ISC */
/*
 * The trust store of a configuration.  It is only ever replaced as a whole; anchors
 * that stay keep their index and name.  Everything here is O(n log n): stores of
 * 100,000 occur.
 */
#include "lib/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/limits.h"
#include "lib/order.h"

/* Octets of a name made here: leaves room for "#100000" within LIMIT_NAME. */
#define MADE_NAME_MAX (LIMIT_NAME - 8)

/* Where an anchor has its name from; the lower one keeps it. */
enum name_source { NAME_GIVEN, NAME_INHERITED, NAME_MADE, NAME_SOURCES };

struct naming {
	struct config *config;
	struct anchor *anchors;
	uint32_t count;
	uint8_t *sources;   /* enum name_source of each */
	uint32_t *order;    /* by name */
	struct text *taken; /* all names before any is numbered, sorted */
};

static const uint8_t *
digest_of(const void *context, uint32_t n)
{
	const struct anchor *anchors = context;

	return anchors[n].cert.sha256;
}

static struct text
name_of(const void *context, uint32_t n)
{
	const struct anchor *anchors = context;

	return anchors[n].name;
}

static bool
same_cert(const struct anchor *a, const struct anchor *b)
{
	return memcmp(a->cert.sha256, b->cert.sha256, SHA256_SIZE) == 0;
}

/* Takes those given for the first time, in the order they were given in. */
static int
copy_once(struct naming *naming, const struct anchor *anchors, uint32_t count,
    bool *again)
{
	if (order_by_digest(naming->order, count, digest_of, anchors) == -1)
		return -1;
	for (uint32_t i = 1; i < count; i++) {
		uint32_t n = naming->order[i];

		if (same_cert(&anchors[n], &anchors[naming->order[i - 1]]))
			again[n] = true;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!again[i])
			naming->anchors[naming->count++] = anchors[i];
	}
	return 0;
}

static const struct anchor *
find_anchor(const struct anchor *anchors, const uint32_t *order, size_t count,
    const struct anchor *wanted)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct anchor *anchor = &anchors[order[middle]];
		int way = memcmp(anchor->cert.sha256, wanted->cert.sha256, SHA256_SIZE);

		if (way == 0)
			return anchor;
		if (way < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Index and name of those that were there before, and the mute unless all were gone;
 * order has room for all of them. */
static int
inherit(struct naming *naming, const struct anchor *before, uint32_t nbefore, bool gone)
{
	if (order_by_digest(naming->order, nbefore, digest_of, before) == -1)
		return -1;
	for (uint32_t i = 0; i < naming->count; i++) {
		struct anchor *anchor = &naming->anchors[i];
		const struct anchor *old =
		    find_anchor(before, naming->order, nbefore, anchor);

		anchor->index = old != NULL ? old->index : 0;
		anchor->muted = old != NULL && !gone && old->muted;
		naming->sources[i] = NAME_GIVEN;
		if (anchor->name.len > 0)
			continue;
		naming->sources[i] = old != NULL ? NAME_INHERITED : NAME_MADE;
		if (old != NULL)
			anchor->name = old->name;
	}
	return 0;
}

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

/* Its label without white space around it, which XML would not give back. */
static int
make_name(struct naming *naming, uint32_t n)
{
	struct anchor *anchor = &naming->anchors[n];
	struct text label = cert_label(&anchor->cert);

	while (label.len > 0 && is_blank(label.data[0]))
		label = (struct text){ label.data + 1, label.len - 1 };
	label.len = utf8_cut(label, MADE_NAME_MAX);
	while (label.len > 0 && is_blank(label.data[label.len - 1]))
		label.len--;

	anchor->name = text_of("anchor");
	if (label.len > 0)
		anchor->name =
		    arena_text(&naming->config->arena, label.data, label.len);
	naming->sources[n] = NAME_MADE;
	return anchor->name.data != NULL ? 0 : -1;
}

static bool
is_taken(const struct naming *naming, struct text name)
{
	uint32_t low = 0, high = naming->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int way = order_text(naming->taken[middle], name);

		if (way == 0)
			return true;
		if (way < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* How many from order[first] on have the same name, and which of them keeps it. */
static uint32_t
same_name(const struct naming *naming, uint32_t first, uint32_t *ret_keeper)
{
	const uint32_t *order = naming->order;
	struct text name = naming->anchors[order[first]].name;
	uint32_t n = 1;

	*ret_keeper = order[first];
	for (; first + n < naming->count; n++) {
		uint32_t other = order[first + n];

		if (!text_equal(naming->anchors[other].name, name))
			break;
		if (naming->sources[other] < naming->sources[*ret_keeper])
			*ret_keeper = other;
	}
	return n;
}

/* An inherited name that the document gave to another anchor is made anew. */
static int
give_up_inherited(struct naming *naming)
{
	uint32_t keeper;

	order_by_text(naming->order, naming->count, name_of, naming->anchors);
	for (uint32_t i = 0, n; i < naming->count; i += n) {
		n = same_name(naming, i, &keeper);
		for (uint32_t k = i; k < i + n; k++) {
			uint32_t loser = naming->order[k];

			if (loser != keeper &&
			    naming->sources[loser] == NAME_INHERITED &&
			    make_name(naming, loser) == -1)
				return -1;
		}
	}
	return 0;
}

/* "NAME#2" and so on: the next that nobody has. */
static int
number_name(struct naming *naming, uint32_t n, uint32_t *next)
{
	struct anchor *anchor = &naming->anchors[n];
	char name[MADE_NAME_MAX + 16];
	struct text numbered;

	do {
		int len = snprintf(name, sizeof(name), "%.*s#%u", (int)anchor->name.len,
		    anchor->name.data, ++*next);

		numbered = (struct text){ name, (size_t)len };
	} while (is_taken(naming, numbered));

	numbered = arena_text(&naming->config->arena, numbered.data, numbered.len);
	anchor->name = numbered;
	return numbered.data != NULL ? 0 : -1;
}

/*
 * Numbers the made names that are taken.  Two that are numbered here never meet, as
 * each is an old name and a number.
 */
static int
number_made(struct naming *naming)
{
	uint32_t keeper, next;

	if (order_by_text(naming->order, naming->count, name_of, naming->anchors) == -1)
		return -1;
	for (uint32_t i = 0; i < naming->count; i++)
		naming->taken[i] = naming->anchors[naming->order[i]].name;
	for (uint32_t i = 0, n; i < naming->count; i += n) {
		n = same_name(naming, i, &keeper);
		next = 1;
		for (uint32_t k = i; k < i + n; k++) {
			uint32_t loser = naming->order[k];

			if (loser != keeper && naming->sources[loser] == NAME_MADE &&
			    number_name(naming, loser, &next) == -1)
				return -1;
		}
	}
	return 0;
}

/*
 * Given names are unique, as keys of a list, and so are those inherited from one store:
 * only where they meet, or one was made, can two be the same.
 */
static int
give_names(struct naming *naming)
{
	uint32_t counts[NAME_SOURCES] = { 0 };

	for (uint32_t i = 0; i < naming->count; i++) {
		counts[naming->sources[i]]++;
		if (naming->sources[i] == NAME_MADE && make_name(naming, i) == -1)
			return -1;
	}
	if (counts[NAME_GIVEN] > 0 && counts[NAME_INHERITED] > 0) {
		if (give_up_inherited(naming) == -1)
			return -1;
		counts[NAME_MADE]++; /* possibly */
	}
	return counts[NAME_MADE] > 0 ? number_made(naming) : 0;
}

static int
digest_anchors(const struct naming *naming, uint8_t ret_sha256[SHA256_SIZE],
    struct err *err)
{
	struct digest digest;

	digest_begin(&digest);
	for (uint32_t i = 0; i < naming->count; i++)
		digest_add(&digest, naming->anchors[i].cert.sha256, SHA256_SIZE);
	return digest_end(&digest, ret_sha256, err);
}

int
config_set_trust(struct config *config, const struct anchor *anchors, size_t count,
    struct err *err)
{
	bool gone = config->nanchors == 0;
	const struct anchor *before = gone ? config->former_anchors : config->anchors;
	size_t nbefore = gone ? config->nformer_anchors : config->nanchors;
	size_t room = (count > nbefore ? count : nbefore) + 1;
	struct naming naming = { .config = config };
	uint8_t sha256[SHA256_SIZE];
	bool *again;
	int rc = -1;

	if (count > LIMIT_ANCHORS)
		return err_set(err, ERR_TOO_LARGE, "/certconf/trust-store",
		    "more than %d trust anchors", LIMIT_ANCHORS);
	again = calloc(room, sizeof(*again));
	naming.sources = calloc(room, sizeof(*naming.sources));
	naming.order = calloc(room, sizeof(*naming.order));
	naming.taken = calloc(room, sizeof(*naming.taken));
	naming.anchors = arena_alloc(&config->arena, (count + 1) * sizeof(*anchors));
	if (again == NULL || naming.sources == NULL || naming.order == NULL ||
	    naming.taken == NULL || naming.anchors == NULL) {
		err_set(err, ERR_MEMORY, "", "out of memory for the trust store");
		goto out;
	}
	if (copy_once(&naming, anchors, (uint32_t)count, again) == -1 ||
	    inherit(&naming, before, (uint32_t)nbefore, gone) == -1 ||
	    give_names(&naming) == -1) {
		err_set(err, ERR_MEMORY, "", "out of memory for the trust store");
		goto out;
	}
	if (digest_anchors(&naming, sha256, err) == -1)
		goto out;

	/* the same again changes no verdict */
	if (!config->has_trust_store ||
	    memcmp(sha256, config->trust_sha256, SHA256_SIZE) != 0)
		config->trust_changed = true;
	memcpy(config->trust_sha256, sha256, SHA256_SIZE);
	config->anchors = naming.anchors;
	config->nanchors = naming.count;
	config->duplicates = (uint32_t)count - naming.count;
	config->has_trust_store = true;
	rc = 0;
out:
	free(naming.taken);
	free(naming.order);
	free(naming.sources);
	free(again);
	return rc;
}

void
config_remove_trust(struct config *config)
{
	if (config->nanchors > 0) {
		config->former_anchors = config->anchors;
		config->nformer_anchors = config->nanchors;
	}
	config->anchors = NULL;
	config->nanchors = 0;
	config->has_trust_store = false;
	config->trust_changed = true;
	memset(config->trust_sha256, 0, SHA256_SIZE);
}
