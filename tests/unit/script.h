/* SPDX-License-Identifier: ISC */
/*
 * A device for tests of the monitor: its directories, a monitor, and an engine that
 * follows a script.  The script says "ok" or what was wrong through a file.
 */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include <stdbool.h>

#include "agent/conf.h"
#include "agent/msg.h"
#include "agent/proto.h"

/* --- the test's side --- */

struct device {
	bool by_root; /* else the monitor changes no user */
	char *dir;
	struct conf conf;
};
extern struct device device;

/* Services "web", whose restart copies its service.conf, and "bad", whose restart
 * fails. */
int device_setup(void **state);
int device_teardown(void **state);
void device_path(char *dst, size_t size, const char *name);
void device_make_result(void); /* empty again */
/* A monitor whose engine runs the script. */
pid_t device_start(void (*script)(int, int));
/* Until the file has a whole line; it must be what is expected. */
void device_wait_for_file(const char *name, const char *expected);
int device_wait_for_end(pid_t monitor);
/* Ends it in order. */
void device_stop(pid_t monitor);

/* --- the script's side --- */

struct script {
	int fd; /* the channel */
	uint32_t last_id;
	struct priv_boot boot;
	struct services services;
	int snapshot; /* -1: none came */
};
extern struct script script;
extern struct msg script_msg;

_Noreturn void script_say(const char *what);
void script_check(bool good, const char *what);
void script_expect(uint32_t type, int nfds);
void script_take_services(int fd);
void script_boot(int monitor, int nfds);
/* Asks and waits for the answer; ret_fd may be NULL. */
void script_ask(uint32_t type, const void *data, size_t len, const int *fds, int nfds,
    struct err *ret_err, int *ret_fd);
void script_ask_ok(uint32_t type, const void *data, size_t len, const int *fds,
    int nfds);
void script_key(char version);
struct err script_stage(char version, uint64_t number, uint64_t base);
void script_activate(uint64_t number, uint64_t previous);
void script_end(uint64_t number, bool keep);
/* A commit begins, or has ended: the definitions stay meanwhile. */
void script_hold(bool on);
struct err script_restart(uint32_t service, uint64_t revision);
void script_confined(void);

#endif
