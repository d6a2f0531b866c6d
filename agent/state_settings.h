/* SPDX-License-Identifier: ISC */
/*
 * state/settings: what SNMP changed of monitoring since a generation was written, with
 * the number of that generation.
 */
#ifndef AGENT_STATE_SETTINGS_H
#define AGENT_STATE_SETTINGS_H

#include "agent/proto.h"

#define STATE_SETTINGS "settings"

struct kept_setting {
	uint64_t generation;
	struct setting_change change;
};

/* All zeros: none. */
struct kept_settings {
	struct kept_setting *rows;
	size_t count, room;
};

void kept_settings_clear(struct kept_settings *);
/* ERR_NOT_FOUND when there is no file. */
int kept_settings_load(int dir, struct kept_settings *, struct err *);
int kept_settings_save(int dir, const struct kept_settings *, struct err *);

/* A later change of the same takes the place of the earlier one. */
int kept_settings_put(struct kept_settings *, const struct priv_settings *,
    struct err *);
/*
 * Leaves only those of these generations, and of what comes after that number; whether
 * there were others.
 */
bool kept_settings_keep(struct kept_settings *, const uint64_t *generations,
    size_t count, uint64_t after);
bool kept_settings_drop(struct kept_settings *, uint64_t generation);
/* Appends those of one generation, as struct setting_change. */
int kept_settings_of(const struct kept_settings *, uint64_t generation, struct buf *,
    struct err *);

#endif
