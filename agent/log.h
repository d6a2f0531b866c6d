/* SPDX-License-Identifier: ISC */
/*
 * The log: syslog, or standard error when the daemon runs in the foreground.  One line
 * an event: "commit: generation 17 in force (operator, from the command line)".
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

enum log_level {
	LOG_LEVEL_ERR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_MAX
};

/* process is shown on each line; it must stay valid. */
void log_open(const char *process, int foreground, enum log_level level);
/*
 * After fork, and after closing the descriptors that are not needed, since it connects
 * to syslog anew: the same log under another name.
 */
void log_process(const char *process);

/* A person must act. */
void log_err(const char *module, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *module, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const char *module, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_debug(const char *module, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* With what fatal() exits; 1 until this is called. */
void log_fatal_status(int status);
/* Logs and exits: for irregularities, after which the parent starts everything anew. */
_Noreturn void fatal(const char *module, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
