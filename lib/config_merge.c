/* SPDX-License-Identifier: ISC */
/*
 * Putting a change on a configuration that changed meanwhile.  Each unit is compared
 * three ways; a unit that is absent is a value like any other.
 */
#include "lib/config.h"

#include <string.h>

#include "lib/monitoring.h"

struct merging {
	struct config *theirs;
	const struct config *base, *mine;
};

enum merge_way { MERGE_KEEP, MERGE_TAKE, MERGE_CONFLICT };

/* What to do with a unit, from which of its three values are the same. */
static enum merge_way
way_of(bool base_is_mine, bool base_is_theirs, bool mine_is_theirs)
{
	if (base_is_mine || mine_is_theirs)
		return MERGE_KEEP;
	return base_is_theirs ? MERGE_TAKE : MERGE_CONFLICT;
}

static int
conflict(const char *where, struct err *err)
{
	return err_set(err, ERR_CONFLICT, where,
	    "this was changed here and, differently, in what is running since");
}

static bool
same_credential(const struct credential *a, const struct credential *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->has_key != b->has_key || a->count != b->count ||
	    memcmp(a->key_id, b->key_id, SHA256_SIZE) != 0)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (memcmp(a->chain[i].sha256, b->chain[i].sha256, SHA256_SIZE) != 0)
			return false;
	}
	return true;
}

static int
take_credential(struct config *theirs, const struct credential *mine, struct text name,
    struct err *err)
{
	struct credential *row;

	if (mine == NULL) {
		config_remove_credential(theirs, name);
		return 0;
	}
	if ((row = config_add_credential(theirs, name)) == NULL)
		return err_set(err, ERR_MEMORY, "", "out of memory for a credential");
	/*
	 * The index stays theirs: mine may have been given to another name meanwhile.
	 */
	row->chain = mine->chain;
	row->count = mine->count;
	row->has_key = mine->has_key;
	memcpy(row->key_id, mine->key_id, SHA256_SIZE);
	return 0;
}

static int
merge_credential(const struct merging *merging, struct text name, struct err *err)
{
	const struct credential *base = config_credential(merging->base, name);
	const struct credential *mine = config_credential(merging->mine, name);
	const struct credential *theirs = config_credential(merging->theirs, name);
	char where[CONFIG_PATH_MAX];

	switch (way_of(same_credential(base, mine), same_credential(base, theirs),
	    same_credential(mine, theirs))) {
	case MERGE_KEEP:
		return 0;
	case MERGE_TAKE:
		return take_credential(merging->theirs, mine, name, err);
	case MERGE_CONFLICT:
		break;
	}
	return conflict(config_path("credential", name, "", where), err);
}

static bool
same_setting(const struct service_setting *a, const struct service_setting *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->enabled == b->enabled && text_equal(a->credential, b->credential);
}

static int
take_setting(struct config *theirs, const struct service_setting *mine,
    struct text name, struct err *err)
{
	struct service_setting *row;

	if (mine == NULL) {
		config_remove_service(theirs, name);
		return 0;
	}
	if ((row = config_add_service(theirs, name)) == NULL)
		return err_set(err, ERR_MEMORY, "", "out of memory for a service");
	row->enabled = mine->enabled;
	row->credential = mine->credential;
	return 0;
}

static int
merge_setting(const struct merging *merging, struct text name, struct err *err)
{
	const struct service_setting *base = config_service(merging->base, name);
	const struct service_setting *mine = config_service(merging->mine, name);
	const struct service_setting *theirs = config_service(merging->theirs, name);
	char where[CONFIG_PATH_MAX];

	switch (way_of(same_setting(base, mine), same_setting(base, theirs),
	    same_setting(mine, theirs))) {
	case MERGE_KEEP:
		return 0;
	case MERGE_TAKE:
		return take_setting(merging->theirs, mine, name, err);
	case MERGE_CONFLICT:
		break;
	}
	return conflict(config_path("service", name, "", where), err);
}

static bool
same_trust(const struct config *a, const struct config *b)
{
	if (a->has_trust_store != b->has_trust_store || a->nanchors != b->nanchors ||
	    memcmp(a->trust_sha256, b->trust_sha256, SHA256_SIZE) != 0)
		return false;
	for (size_t i = 0; i < a->nanchors; i++) {
		if (!text_equal(a->anchors[i].name, b->anchors[i].name))
			return false;
	}
	return true;
}

static int
merge_trust(const struct merging *merging, struct err *err)
{
	struct config *theirs = merging->theirs;
	const struct config *mine = merging->mine;

	switch (way_of(same_trust(merging->base, mine),
	    same_trust(merging->base, theirs), same_trust(mine, theirs))) {
	case MERGE_KEEP:
		return 0;
	case MERGE_TAKE:
		if (mine->has_trust_store)
			return config_set_trust(theirs, mine->anchors, mine->nanchors,
			    err);
		config_remove_trust(theirs);
		return 0;
	case MERGE_CONFLICT:
		break;
	}
	return conflict("/certconf/trust-store", err);
}

static int
merge_mode(const struct merging *merging, struct err *err)
{
	enum verify_mode base = merging->base->mode, mine = merging->mine->mode;
	struct config *theirs = merging->theirs;

	switch (way_of(base == mine, base == theirs->mode, mine == theirs->mode)) {
	case MERGE_KEEP:
		return 0;
	case MERGE_TAKE:
		theirs->mode = mine;
		return 0;
	case MERGE_CONFLICT:
		break;
	}
	return conflict("/certconf/verification-mode", err);
}

/* Names in mine first, then those in base only: these were removed. */
static int
merge_credentials(const struct merging *merging, struct err *err)
{
	const struct config *lists[] = { merging->mine, merging->base };

	for (size_t n = 0; n < nitems(lists); n++) {
		for (size_t i = 0; i < lists[n]->ncredentials; i++) {
			struct text name = lists[n]->credentials[i].name;

			/* the factory one is replaced by the device, not by an edit */
			if (!text_is(name, CREDENTIAL_FACTORY) &&
			    merge_credential(merging, name, err) == -1)
				return -1;
		}
	}
	return 0;
}

static int
merge_settings(const struct merging *merging, struct err *err)
{
	const struct config *lists[] = { merging->mine, merging->base };

	for (size_t n = 0; n < nitems(lists); n++) {
		for (size_t i = 0; i < lists[n]->nservices; i++) {
			if (merge_setting(merging, lists[n]->services[i].name, err) ==
			    -1)
				return -1;
		}
	}
	return 0;
}

int
config_merge(struct config *theirs, const struct config *base,
    const struct config *mine, struct err *err)
{
	const struct merging merging = { theirs, base, mine };

	if (merge_credentials(&merging, err) == -1 ||
	    merge_trust(&merging, err) == -1 || merge_mode(&merging, err) == -1)
		return -1;
	if (merge_settings(&merging, err) == -1)
		return -1;
	return monitoring_merge(theirs, base, mine, err);
}
