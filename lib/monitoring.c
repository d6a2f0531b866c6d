/* SPDX-License-Identifier: ISC */
#include "lib/monitoring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/order.h"

bool
monitoring_of_credential(const struct credential *credential)
{
	return credential->muted || credential->has_warn_days;
}

static bool
has_muted(const struct config *config)
{
	for (size_t i = 0; i < config->nanchors; i++)
		if (config->anchors[i].muted)
			return true;
	return false;
}

bool
monitoring_is_default(const struct config *config)
{
	for (unsigned int i = 0; i < SETTING_MAX; i++)
		if (setting_get(&config->settings, i) != setting_rows[i].standard)
			return false;
	for (size_t i = 0; i < config->ncredentials; i++)
		if (monitoring_of_credential(&config->credentials[i]))
			return false;
	return !has_muted(config);
}

void
monitoring_copy(struct credential *to, const struct credential *from)
{
	to->muted = from->muted;
	to->has_warn_days = from->has_warn_days;
	to->warn_days = from->warn_days;
}

void
monitoring_forget(struct credential *credential)
{
	monitoring_copy(credential, &(struct credential){ .muted = false });
}

void
monitoring_reset(struct config *config)
{
	settings_default(&config->settings);
	for (size_t i = 0; i < config->ncredentials; i++)
		monitoring_forget(&config->credentials[i]);
	for (size_t i = 0; i < config->nanchors; i++)
		config->anchors[i].muted = false;
}

/* --- merging --- */

/* One value, three ways: false when mine and theirs changed it differently. */
static bool
merge_value(int64_t *theirs, int64_t base, int64_t mine)
{
	if (mine == base || mine == *theirs)
		return true;
	if (*theirs != base)
		return false;
	*theirs = mine;
	return true;
}

static int
conflict(const char *where, struct err *err)
{
	return err_set(err, ERR_CONFLICT, where,
	    "this was changed here and, differently, in what is running since");
}

static int
merge_settings(struct settings *theirs, const struct settings *base,
    const struct settings *mine, struct err *err)
{
	char where[CONFIG_PATH_MAX];

	for (unsigned int i = 0; i < SETTING_MAX; i++) {
		int64_t value = setting_get(theirs, i);

		if (!merge_value(&value, setting_get(base, i), setting_get(mine, i))) {
			(void)snprintf(where, sizeof(where), "/certconf/monitoring/%s",
			    setting_rows[i].leaf);
			return conflict(where, err);
		}
		setting_put(theirs, i, (uint32_t)value);
	}
	return 0;
}

static int64_t
warn_days_of(const struct credential *credential)
{
	if (credential == NULL || !credential->has_warn_days)
		return WARN_DAYS_GLOBAL;
	return credential->warn_days;
}

static bool
is_muted(const struct credential *credential)
{
	return credential != NULL && credential->muted;
}

static int
merge_credential(struct credential *theirs, const struct credential *base,
    const struct credential *mine, struct err *err)
{
	int64_t muted = theirs->muted, days = warn_days_of(theirs);
	char where[CONFIG_PATH_MAX];

	/* of two values there are no three: this cannot be a conflict */
	(void)merge_value(&muted, is_muted(base), is_muted(mine));
	if (!merge_value(&days, warn_days_of(base), warn_days_of(mine)))
		return conflict(config_path("monitoring/certificate", theirs->name,
				    "/warning-days", where),
		    err);
	theirs->muted = muted != 0;
	theirs->has_warn_days = days != WARN_DAYS_GLOBAL;
	theirs->warn_days = theirs->has_warn_days ? (uint32_t)days : 0;
	return 0;
}

static int
merge_credentials(struct config *theirs, const struct config *base,
    const struct config *mine, struct err *err)
{
	for (size_t i = 0; i < theirs->ncredentials; i++) {
		struct credential *row = &theirs->credentials[i];
		const struct credential *other = config_credential(mine, row->name);

		if (other != NULL &&
		    merge_credential(row, config_credential(base, row->name), other,
			err) == -1)
			return -1;
	}
	return 0;
}

/* --- anchors, by their certificates --- */

struct sorted {
	const struct config *config;
	uint32_t *order;
};

static const uint8_t *
digest_of(const void *context, uint32_t n)
{
	const struct config *config = context;

	return config->anchors[n].cert.sha256;
}

static int
sort_anchors(struct sorted *sorted, const struct config *config)
{
	sorted->config = config;
	sorted->order = calloc(config->nanchors + 1, sizeof(*sorted->order));
	if (sorted->order == NULL)
		return -1;
	return order_by_digest(sorted->order, (uint32_t)config->nanchors, digest_of,
	    config);
}

static const struct anchor *
find_anchor(const struct sorted *sorted, const uint8_t sha256[SHA256_SIZE])
{
	size_t low = 0, high = sorted->config->nanchors;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct anchor *anchor =
		    &sorted->config->anchors[sorted->order[middle]];
		int way = memcmp(anchor->cert.sha256, sha256, SHA256_SIZE);

		if (way == 0)
			return anchor;
		if (way < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void
merge_anchor(struct anchor *theirs, const struct sorted *base,
    const struct sorted *mine)
{
	const struct anchor *old = find_anchor(base, theirs->cert.sha256);
	const struct anchor *new = find_anchor(mine, theirs->cert.sha256);
	int64_t muted = theirs->muted;

	if (new == NULL)
		return;
	(void)merge_value(&muted, old != NULL && old->muted, new->muted);
	theirs->muted = muted != 0;
}

static int
merge_anchors(struct config *theirs, const struct config *base,
    const struct config *mine, struct err *err)
{
	struct sorted by_base = { NULL, NULL }, by_mine = { NULL, NULL };
	int rc = 0;

	if (!has_muted(base) && !has_muted(mine))
		return 0;
	if (sort_anchors(&by_base, base) == -1 || sort_anchors(&by_mine, mine) == -1)
		rc = err_set(err, ERR_MEMORY, "", "out of memory for the trust store");
	for (size_t i = 0; i < theirs->nanchors && rc == 0; i++)
		merge_anchor(&theirs->anchors[i], &by_base, &by_mine);
	free(by_mine.order);
	free(by_base.order);
	return rc;
}

int
monitoring_merge(struct config *theirs, const struct config *base,
    const struct config *mine, struct err *err)
{
	if (merge_settings(&theirs->settings, &base->settings, &mine->settings, err) ==
		-1 ||
	    merge_credentials(theirs, base, mine, err) == -1)
		return -1;
	return merge_anchors(theirs, base, mine, err);
}
