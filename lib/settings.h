/* SPDX-License-Identifier: ISC */
/*
 * What certconfNotifyControl and the YANG container monitoring say: when to warn, and
 * what to tell.  It is part of the configuration and in each snapshot.  SNMP changes it
 * without a commit, as a setting_change put into the snapshots there are.
 */
#ifndef LIB_SETTINGS_H
#define LIB_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/err.h"

enum setting {
	SETTING_NOTIFY_ENABLE,
	SETTING_WARN_DAYS,
	SETTING_WARN_PERCENT,
	SETTING_CRIT_DAYS,
	SETTING_CRIT_PERCENT,
	SETTING_REPEAT_HOURS,
	SETTING_MIN_INTERVAL,
	SETTING_MAX
};

struct settings {
	uint32_t notify_enable; /* bit n = BITS value n */
	uint32_t warn_days, warn_percent, crit_days, crit_percent;
	uint32_t repeat_hours; /* while an alarm lasts; 0: it is told once */
	uint32_t min_interval; /* seconds between notifications of one source */
};

/* Where each is, the largest value it takes, and what it is without being set. */
struct setting_row {
	size_t offset; /* of an uint32_t in struct settings */
	uint32_t max;
	uint32_t standard;
	const char *leaf; /* its name in yang/certconf.yang */
};
extern const struct setting_row setting_rows[SETTING_MAX];

uint32_t setting_get(const struct settings *, enum setting);
void setting_put(struct settings *, enum setting, uint32_t value);

/* The classes of notifications, by their bits in SETTING_NOTIFY_ENABLE. */
#define NOTIFY_CLASSES 8
extern const char *const notify_class_names[NOTIFY_CLASSES];

/*
 * A value as YANG writes it: a number, or of SETTING_NOTIFY_ENABLE names with spaces
 * between them.  Reading refuses what is no value of this setting; writing appends.
 */
int setting_read(enum setting, struct text, uint32_t *ret_value, struct err *);
int setting_write(struct buf *, enum setting, uint32_t value);

/* The defaults of CERTCONF-MIB. */
void settings_default(struct settings *);

/* Days before the end at which one certificate warns: -1, what all do. */
#define WARN_DAYS_GLOBAL (-1)
#define WARN_DAYS_MAX 3650

enum change_kind {
	CHANGE_SETTING,         /* index: enum setting */
	CHANGE_LOCAL_MUTED,     /* index: row of locals; value: 0 or 1 */
	CHANGE_LOCAL_WARN_DAYS, /* value: WARN_DAYS_GLOBAL..WARN_DAYS_MAX */
	CHANGE_TRUST_MUTED,     /* index: row of trusts; value: 0 or 1 */
	CHANGE_KIND_MAX
};

struct setting_change {
	uint32_t kind; /* enum change_kind */
	uint32_t index;
	int64_t value;
};

#endif
