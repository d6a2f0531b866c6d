/* SPDX-License-Identifier: ISC */
/* The settings by their numbers. */
#include "lib/settings.h"

#include <string.h>

#define CLASSES 0xff /* of certconfNotifyEnable: all */

const struct setting_row setting_rows[SETTING_MAX] = {
	[SETTING_NOTIFY_ENABLE] = { offsetof(struct settings, notify_enable), CLASSES,
	    CLASSES },
	[SETTING_WARN_DAYS] = { offsetof(struct settings, warn_days), 3650, 30 },
	[SETTING_WARN_PERCENT] = { offsetof(struct settings, warn_percent), 100, 33 },
	[SETTING_CRIT_DAYS] = { offsetof(struct settings, crit_days), 3650, 7 },
	[SETTING_CRIT_PERCENT] = { offsetof(struct settings, crit_percent), 100, 10 },
	[SETTING_REPEAT_HOURS] = { offsetof(struct settings, repeat_hours), 8760, 24 },
	[SETTING_MIN_INTERVAL] = { offsetof(struct settings, min_interval), 3600, 5 },
};

uint32_t
setting_get(const struct settings *settings, enum setting setting)
{
	uint32_t value;

	memcpy(&value, (const char *)settings + setting_rows[setting].offset,
	    sizeof(value));
	return value;
}

void
setting_put(struct settings *settings, enum setting setting, uint32_t value)
{
	memcpy((char *)settings + setting_rows[setting].offset, &value, sizeof(value));
}

void
settings_default(struct settings *settings)
{
	for (unsigned int i = 0; i < SETTING_MAX; i++)
		setting_put(settings, i, setting_rows[i].standard);
}
