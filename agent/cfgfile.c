/* SPDX-License-Identifier: ISC */
#include "agent/cfgfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/limits.h"

#define FILE_MAX ((size_t)1 << 20)
#define SENTINEL "\n_end = true\n"

/* libConfuse gives its error function no context, so the error being filled is here. */
static struct err *current;
static const char *current_name;

__attribute__((format(printf, 2, 0))) static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[sizeof(current->text)];

	if (current == NULL || current->code != ERR_NONE)
		return; /* the first one names the cause */
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	err_set(current, ERR_OTHER, current_name, "%s", text);
	current->line = (uint32_t)cfg->line;
}

int
cfgfile_check_owner(const struct stat *st, const char *name, struct err *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(err, ERR_DENIED, name, "does not belong to root");
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_DENIED, name,
		    "is writable by others than its owner");
	return 0;
}

bool
cfgfile_is_name(const char *name)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_.-";
	size_t len = strlen(name);

	return len >= 1 && len <= LIMIT_NAME && name[0] != '.' && name[0] != '-' &&
	    strspn(name, allowed) == len;
}

/* The file's text with the sentinel after it. */
static char *
read_text(int fd, const char *name, size_t size, struct err *err)
{
	char *text;
	ssize_t n = 0;
	size_t len = 0;

	if ((text = malloc(size + sizeof(SENTINEL))) == NULL) {
		err_set(err, ERR_MEMORY, name, "out of memory");
		return NULL;
	}
	while (len < size && (n = read(fd, text + len, size - len)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			err_set(err, ERR_IO, name, "read: %s", strerror(errno));
			free(text);
			return NULL;
		}
		len += (size_t)n;
	}
	memcpy(text + len, SENTINEL, sizeof(SENTINEL));
	if (strlen(text) != len + sizeof(SENTINEL) - 1) {
		err_set(err, ERR_OTHER, name, "holds a NUL octet");
		free(text);
		return NULL;
	}
	return text;
}

static char *
load_text(int dirfd, const char *name, struct err *err)
{
	char *text = NULL;
	struct stat st;
	int fd;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ELOOP)
			err_set(err, ERR_DENIED, name, "is a symbolic link");
		else
			err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, name,
			    "%s", strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		err_set(err, ERR_DENIED, name, "is not a file");
	else if ((uint64_t)st.st_size > FILE_MAX)
		err_set(err, ERR_TOO_LARGE, name, "is larger than %zu octets",
		    FILE_MAX);
	else if (cfgfile_check_owner(&st, name, err) == 0)
		text = read_text(fd, name, (size_t)st.st_size, err);
	(void)close(fd);
	return text;
}

/*
 * The last line of the file itself: an error at the end is found behind the sentinel.
 */
static uint32_t
last_line(const char *text)
{
	uint32_t lines = 1;
	const char *end;

	for (end = text + strlen(text) - strlen(SENTINEL); text < end; text++)
		lines += *text == '\n';
	return lines;
}

static cfg_t *
parse(const char *text, const char *name, cfg_opt_t *options,
    const struct cfgfile_rule *rules, size_t nrules, struct err *err)
{
	cfg_t *cfg;
	size_t i;

	if ((cfg = cfg_init(options, CFGF_NONE)) == NULL) {
		err_set(err, ERR_MEMORY, name, "out of memory");
		return NULL;
	}
	(void)cfg_set_error_function(cfg, on_error);
	for (i = 0; i < nrules; i++)
		(void)cfg_set_validate_func(cfg, rules[i].option, rules[i].check);
	err_clear(err);
	current = err;
	current_name = name;
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS && err->code == ERR_NONE)
		err_set(err, ERR_OTHER, name, "syntax error");
	if (err->code == ERR_NONE && !cfg_getbool(cfg, "_end"))
		err_set(err, ERR_OTHER, name, "ends within a section or comment");
	current = NULL;
	if (err->code == ERR_NONE)
		return cfg;
	if (strstr(err->text, "'_end'") != NULL)
		err_set(err, ERR_OTHER, name, "a section or list is not closed");
	if (err->line == 0 || err->line > last_line(text))
		err->line = last_line(text);
	(void)cfg_free(cfg);
	return NULL;
}

cfg_t *
cfgfile_load(int dirfd, const char *name, cfg_opt_t *options,
    const struct cfgfile_rule *rules, size_t nrules, struct err *err)
{
	cfg_t *cfg;
	char *text;

	if ((text = load_text(dirfd, name, err)) == NULL)
		return NULL;
	cfg = parse(text, name, options, rules, nrules, err);
	free(text);
	return cfg;
}
