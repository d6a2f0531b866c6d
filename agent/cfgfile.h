/* SPDX-License-Identifier: ISC */
/*
 * Configuration files of root, read with libConfuse.  Since they decide what runs as
 * root, a file counts only if it belongs to root (or to us, when we are not root),
 * nobody else may write it, and it is no symbolic link.
 */
#ifndef AGENT_CFGFILE_H
#define AGENT_CFGFILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include <confuse.h>

#include "lib/err.h"

/* The last of the options of each file; it tells that no section was left open. */
#define CFGFILE_END CFG_BOOL("_end", cfg_false, CFGF_NONE), CFG_END()

/* A rule for one option ("probe|address"); it says what is wrong with cfg_error(). */
struct cfgfile_rule {
	const char *option;
	cfg_validate_callback_t check;
};

/*
 * Parses a file in a directory; the caller frees with cfg_free().  NULL with err set:
 * the file (where), the line and the rule; ERR_NOT_FOUND when there is none.
 */
cfg_t *cfgfile_load(int dirfd, const char *name, cfg_opt_t *options,
    const struct cfgfile_rule *rules, size_t nrules, struct err *);

/* Whether what lies there may be believed; says why not. */
int cfgfile_check_owner(const struct stat *, const char *name, struct err *);

/* 1 to 64 letters, digits, "_", "-", "."; not beginning with "." or "-". */
bool cfgfile_is_name(const char *);

#endif
