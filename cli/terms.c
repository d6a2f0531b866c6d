/* SPDX-License-Identifier: ISC */
#include "cli/terms.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/edit.h"
#include "lib/names.h"
#include "lib/schema.h"

#define ID_PREFIX "certconf-cli:"
#define DIGITS 9 /* no duration has more */

struct unit {
	const char *suffix;
	uint32_t seconds;
};

static const struct unit units[] = {
	{ "", 1 },
	{ "s", 1 },
	{ "m", 60 },
	{ "h", 3600 },
	{ "d", 86400 },
};

uint32_t
duration_read(const char *text)
{
	size_t digits = strspn(text, "0123456789"), i;
	uint64_t value = 0;

	if (digits == 0 || digits > DIGITS)
		return 0;
	for (i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	for (i = 0; i < nitems(units); i++) {
		if (strcmp(text + digits, units[i].suffix) == 0 &&
		    value * units[i].seconds <= LIMIT_CONFIRM_SECONDS)
			return (uint32_t)(value * units[i].seconds);
	}
	return 0;
}

const char *
terms_user(char buf[TERMS_USER])
{
	const struct passwd *entry = getpwuid(geteuid());

	if (entry != NULL && strlen(entry->pw_name) < TERMS_USER)
		(void)snprintf(buf, TERMS_USER, "%s", entry->pw_name);
	else
		(void)snprintf(buf, TERMS_USER, "%ju", (uintmax_t)geteuid());
	return buf;
}

/* A login name that leaves no room for the rest is told by its number. */
void
terms_id(char ret_id[LIMIT_NAME + 1])
{
	const size_t room = LIMIT_NAME - strlen(ID_PREFIX);
	char user[TERMS_USER];

	if (strlen(terms_user(user)) <= room)
		(void)snprintf(ret_id, LIMIT_NAME + 1, ID_PREFIX "%.*s", (int)room,
		    user);
	else
		(void)snprintf(ret_id, LIMIT_NAME + 1, ID_PREFIX "%ju",
		    (uintmax_t)geteuid());
}

/* A leaf without content. */
static int
write_empty(struct buf *buf, const char *ns, const char *name, struct err *err)
{
	if (buf_printf(buf, "<%s xmlns=\"%s\"/>", name, ns) == -1)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	return 0;
}

int
terms_write(struct buf *buf, const struct terms *terms, const struct terms_ns *ns,
    struct err *err)
{
	char seconds[16];
	const struct edit_leaf leaves[] = {
		{ ns->confirm, "confirm-timeout", seconds },
		{ ns->confirm, "persist", terms->id },
		{ ns->confirm, "persist-id", terms->extends ? terms->id : NULL },
	};
	size_t i;

	if (terms->defer_restart &&
	    write_empty(buf, ns->own, "defer-restart", err) == -1)
		return -1;
	if (terms->timeout == 0)
		return 0;
	if (strcmp(ns->confirm, NETCONF_NS) == 0 &&
	    write_empty(buf, NETCONF_NS, "confirmed", err) == -1)
		return -1;
	(void)snprintf(seconds, sizeof(seconds), "%" PRIu32, terms->timeout);
	for (i = 0; i < nitems(leaves); i++) {
		if (edit_leaf(buf, &leaves[i], err) == -1)
			return -1;
	}
	return 0;
}
