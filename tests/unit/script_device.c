/* SPDX-License-Identifier: ISC */
#include "tests/unit/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/monitor.h"
#include "tests/unit/store_fixture.h"

#define WAIT_MS 10000

struct device device;

void
device_path(char *dst, size_t size, const char *name)
{
	(void)snprintf(dst, size, "%s/%s", device.dir, name);
}

static void
make_dir(const char *name)
{
	char path[512];

	device_path(path, sizeof(path), name);
	assert_int_equal(mkdir(path, 0755), 0);
}

void
device_make_result(void)
{
	char path[512];

	fixture_write(device.dir, "result", "");
	device_path(path, sizeof(path), "result");
	assert_int_equal(chmod(path, 0666), 0);
}

int
device_setup(void **state)
{
	char text[1024];

	(void)state;
	device.by_root = geteuid() == 0;
	device.dir = fixture_dir();
	memset(&device.conf, 0, sizeof(device.conf));
	(void)snprintf(device.conf.user, sizeof(device.conf.user), "nobody");
	(void)snprintf(device.conf.snmp_user, sizeof(device.conf.snmp_user), "nobody");
	(void)snprintf(device.conf.model, sizeof(device.conf.model), "test model");
	device_path(device.conf.state_dir, sizeof(device.conf.state_dir), "state");
	device_path(device.conf.run_dir, sizeof(device.conf.run_dir), "run");
	device_path(device.conf.services_dir, sizeof(device.conf.services_dir),
	    "services.d");
	device_path(device.conf.features_dir, sizeof(device.conf.features_dir),
	    "features.d");
	device.conf.foreground = 1;
	device.conf.log_level = LOG_LEVEL_DEBUG;
	make_dir("services.d");
	(void)snprintf(text, sizeof(text),
	    "order = 1\nfiles = { combined }\n"
	    "check = { /bin/sh, -c, 'test ! -e %s/restarted' }\n"
	    "restart = { /bin/sh, -c, 'cat %s/state/live/services/web/service.conf "
	    "> %s/restarted' }\n"
	    "variant outgoing { config = 'verify 1;\n' }\n",
	    device.dir, device.dir, device.dir);
	fixture_write(device.dir, "services.d/web.conf", text);
	fixture_write(device.dir, "services.d/bad.conf",
	    "order = 2\nrestart = { /bin/sh, -c, 'echo no such luck; exit 4' }\n");
	device_make_result();
	return 0;
}

int
device_teardown(void **state)
{
	(void)state;
	fixture_remove(device.dir);
	return 0;
}

static void
run_nursery(int engine)
{
	while (msg_recv(engine, &script_msg) == 1)
		msg_close(&script_msg);
	_exit(0);
}

pid_t
device_start(void (*engine)(int, int))
{
	const struct processes processes = { engine, run_nursery };
	const pid_t self = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != self)
		_exit(1);
	_exit(monitor_run(&device.conf, &processes));
}

void
device_wait_for_file(const char *name, const char *expected)
{
	const int64_t until = clock_ms() + WAIT_MS;
	char *text = NULL;

	do {
		free(text);
		(void)poll(NULL, 0, 5);
		text = fixture_read(device.dir, name);
	} while ((text == NULL || strchr(text, '\n') == NULL) && clock_ms() < until);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

int
device_wait_for_end(pid_t pid)
{
	const int64_t until = clock_ms() + WAIT_MS;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_ms() >= until) {
			(void)kill(pid, SIGKILL);
			fail_msg("the monitor does not end");
		}
		(void)poll(NULL, 0, 5);
	}
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void
device_stop(pid_t pid)
{
	char path[512];

	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(device_wait_for_end(pid), 0);
	device_path(path, sizeof(path), "run/netconf.sock");
	assert_int_equal(access(path, F_OK), -1);
	device_path(path, sizeof(path), "run/certconfd.pid");
	assert_int_equal(access(path, F_OK), -1);
}
