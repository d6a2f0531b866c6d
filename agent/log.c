/* SPDX-License-Identifier: ISC */
/*
 * The log.  What it is told may hold text from outside, so control characters are
 * replaced: an event stays one line.
 */
#include "agent/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_SIZE 1024

static int fatal_status = 1;
static const struct {
	int priority;
	const char *mark;
} levels[LOG_LEVEL_MAX] = {
	[LOG_LEVEL_ERR] = { LOG_ERR, "error: " },
	[LOG_LEVEL_WARN] = { LOG_WARNING, "warning: " },
	[LOG_LEVEL_INFO] = { LOG_INFO, "" },
	[LOG_LEVEL_DEBUG] = { LOG_DEBUG, "debug: " },
};

static struct {
	const char *process;
	int foreground;
	enum log_level level;
} self = { "certconfd", 1, LOG_LEVEL_INFO };

static void
connect_syslog(void)
{
	closelog();
	/* at once: a sandboxed process can make no socket later */
	openlog("certconfd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_open(const char *process, int foreground, enum log_level level)
{
	self.process = process;
	self.foreground = foreground;
	self.level = level;
	if (!foreground)
		connect_syslog();
}

void
log_process(const char *process)
{
	char title[16]; /* what the kernel keeps, and ps shows */

	self.process = process;
	snprintf(title, sizeof(title), "cc-%s", process);
	prctl(PR_SET_NAME, title);
	if (!self.foreground)
		connect_syslog();
}

static void
replace_control(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == '\x7f')
			*s = '?';
}

__attribute__((format(printf, 3, 0))) static void
write_line(enum log_level level, const char *module, const char *fmt, va_list ap)
{
	char text[LINE_SIZE], line[LINE_SIZE + 160];
	int n;

	if (level > self.level)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	replace_control(text);
	if (!self.foreground) {
		syslog(levels[level].priority, "%s: %s: %s%s", self.process, module,
		    levels[level].mark, text);
		return;
	}
	/* one write a line, so that those of several processes do not mix */
	n = snprintf(line, sizeof(line), "%.32s: %.32s: %s%s\n", self.process, module,
	    levels[level].mark, text);
	if (write(STDERR_FILENO, line, (size_t)n) == -1)
		return; /* nowhere left to say so */
}

void
log_err(const char *module, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_LEVEL_ERR, module, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *module, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_LEVEL_WARN, module, fmt, ap);
	va_end(ap);
}

void
log_info(const char *module, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_LEVEL_INFO, module, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *module, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_LEVEL_DEBUG, module, fmt, ap);
	va_end(ap);
}

void
log_fatal_status(int status)
{
	fatal_status = status;
}

void
fatal(const char *module, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_LEVEL_ERR, module, fmt, ap);
	va_end(ap);
	/* no exit handlers: they may need what this process gave up */
	_exit(fatal_status);
}
