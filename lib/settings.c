/* SPDX-License-Identifier: ISC */
/* The settings by their numbers. */
#include "lib/settings.h"

#include <stdbool.h>
#include <string.h>

#define CLASSES 0xffu /* of certconfNotifyEnable: all */

const struct setting_row setting_rows[SETTING_MAX] = {
	[SETTING_NOTIFY_ENABLE] = { offsetof(struct settings, notify_enable), CLASSES,
	    CLASSES, "notify" },
	[SETTING_WARN_DAYS] = { offsetof(struct settings, warn_days), 3650, 30,
	    "warning-days" },
	[SETTING_WARN_PERCENT] = { offsetof(struct settings, warn_percent), 100, 33,
	    "warning-percent" },
	[SETTING_CRIT_DAYS] = { offsetof(struct settings, crit_days), 3650, 7,
	    "critical-days" },
	[SETTING_CRIT_PERCENT] = { offsetof(struct settings, crit_percent), 100, 10,
	    "critical-percent" },
	[SETTING_REPEAT_HOURS] = { offsetof(struct settings, repeat_hours), 8760, 24,
	    "repeat-hours" },
	[SETTING_MIN_INTERVAL] = { offsetof(struct settings, min_interval), 3600, 5,
	    "minimum-interval" },
};

const char *const notify_class_names[NOTIFY_CLASSES] = {
	"local-expiry",
	"trust-expiry",
	"key-mismatch",
	"chain",
	"change",
	"commit",
	"service",
	"source",
};
_Static_assert(CLASSES == (1u << NOTIFY_CLASSES) - 1, "name every class");

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

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next of several words, with white space between them. */
static struct text
next_word(struct text *rest)
{
	struct text word;
	size_t len = 0;

	while (rest->len > 0 && is_space(rest->data[0]))
		*rest = (struct text){ rest->data + 1, rest->len - 1 };
	while (len < rest->len && !is_space(rest->data[len]))
		len++;
	word = (struct text){ rest->data, len };
	*rest = (struct text){ rest->data + len, rest->len - len };
	return word;
}

static unsigned int
find_class(struct text name)
{
	unsigned int n = 0;

	while (n < NOTIFY_CLASSES && !text_is(name, notify_class_names[n]))
		n++;
	return n;
}

static int
read_classes(struct text value, uint32_t *ret_value, struct err *err)
{
	uint32_t classes = 0;
	struct text word;

	while ((word = next_word(&value)).len > 0) {
		unsigned int n = find_class(word);

		if (n == NOTIFY_CLASSES)
			return err_set(err, ERR_BAD_ELEMENT, NULL,
			    "there are only the classes local-expiry, trust-expiry, "
			    "key-mismatch, chain, change, commit, service and source");
		if (classes & 1u << n)
			return err_set(err, ERR_BAD_ELEMENT, NULL,
			    "the class %s is there twice", notify_class_names[n]);
		classes |= 1u << n;
	}
	*ret_value = classes;
	return 0;
}

static int
read_number(struct text value, uint32_t max, uint32_t *ret_value, struct err *err)
{
	uint64_t number = 0;
	size_t i = value.len > 1 && value.data[0] == '+'; /* RFC 7950 9.2.1 */
	bool good = value.len > 0;

	for (; good && i < value.len; i++) {
		good = value.data[i] >= '0' && value.data[i] <= '9';
		number = number * 10 + (uint64_t)(value.data[i] - '0');
		good = good && number <= max;
	}
	if (!good)
		return err_set(err, ERR_BAD_ELEMENT, NULL,
		    "the value must be a number from 0 to %u", max);
	*ret_value = (uint32_t)number;
	return 0;
}

int
setting_read(enum setting setting, struct text value, uint32_t *ret_value,
    struct err *err)
{
	if (setting == SETTING_NOTIFY_ENABLE)
		return read_classes(value, ret_value, err);
	return read_number(value, setting_rows[setting].max, ret_value, err);
}

int
setting_write(struct buf *buf, enum setting setting, uint32_t value)
{
	const char *space = "";

	if (setting != SETTING_NOTIFY_ENABLE)
		return buf_printf(buf, "%u", value);
	for (unsigned int n = 0; n < NOTIFY_CLASSES; n++) {
		if ((value & 1u << n) == 0)
			continue;
		if (buf_printf(buf, "%s%s", space, notify_class_names[n]) == -1)
			return -1;
		space = " ";
	}
	return 0;
}
