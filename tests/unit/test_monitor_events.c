/* SPDX-License-Identifier: ISC */
/* What reaches the monitor from elsewhere: clients, signals, the end of a process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "tests/unit/script.h"
#include "tests/unit/store_fixture.h"

#define WAIT_MS 10000

/* Tells each client who it is. */
static void
greet_clients(int monitor, int nursery_fd)
{
	const struct priv_client *client = (const void *)script_msg.data;

	(void)nursery_fd;
	script_boot(monitor, 1);
	for (;;) {
		script_expect(PRIV_CLIENT, 1);
		(void)dprintf(script_msg.fds[0], "%u %s %d %d\n",
		    client->identity.session, client->identity.user,
		    client->identity.may_read, client->identity.may_write);
		msg_close(&script_msg);
	}
}

static void
wait_for_services(int monitor, int nursery_fd)
{
	uint64_t before;

	(void)nursery_fd;
	script_boot(monitor, 1);
	before = script.services.revision;
	script_expect(PRIV_SERVICES, 1);
	script_take_services(script_msg.fds[0]);
	script_check(script.services.count == 3 && script.services.revision != before,
	    "not the new services");
	script_say("ok");
}

static void
wait_for_snmp(int monitor, int nursery_fd)
{
	const struct priv_none none = { 0 };
	char text[64];
	ssize_t n;
	int i;

	(void)nursery_fd;
	script_boot(monitor, 1);
	for (i = 0; i < 2; i++) {
		script_expect(PRIV_SNMP, 1);
		n = recv(script_msg.fds[0], text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		script_check(strcmp(text, "/agentx 3 1\n") == 0, text);
		msg_close(&script_msg);
		script_ask_ok(PRIV_SNMP_KILL, &none, sizeof(none), NULL, 0);
	}
	script_say("ok");
}

/* A commit goes on with the definitions it began with. */
static void
reload_during_commit(int monitor, int nursery_fd)
{
	char path[512];
	struct err err;

	(void)nursery_fd;
	script_boot(monitor, 1);
	script_key('a');
	script_hold(true);
	err = script_stage('a', 1, 0);
	script_check(err.code == ERR_NONE, err.text);
	device_path(path, sizeof(path), "ready");
	script_check(open(path, O_WRONLY | O_TRUNC) != -1, "nobody waits");
	device_path(path, sizeof(path), "reloaded");
	while (access(path, F_OK) == -1)
		(void)poll(NULL, 0, 5);
	script_activate(1, 0);
	err = script_restart(0, script.services.revision);
	script_check(err.code == ERR_NONE, err.text);
	script_end(1, true);
	script_hold(false);
	script_expect(PRIV_SERVICES, 1);
	script_say("ok");
}

static void
slow_restart(int monitor, int nursery_fd)
{
	struct priv_run r = { .command = COMMAND_RESTART };

	(void)nursery_fd;
	script_boot(monitor, 1);
	r.services_revision = script.services.revision;
	(void)msg_send(monitor, PRIV_RUN, 1, &r, sizeof(r), NULL, 0);
	for (;;)
		(void)pause();
}

/* What the client of this user is told; uid 0 or our own: as we are. */
static void
connect_as(uid_t uid, gid_t gid, const char *expected)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int64_t until = clock_ms() + WAIT_MS;
	char text[256] = "";
	int fd, status;
	pid_t pid;

	(void)snprintf(address.sun_path, sizeof(address.sun_path),
	    "%.80s/run/netconf.sock", device.dir);
	if ((pid = fork()) == 0) {
		if (geteuid() == 0 && (setgid(gid) == -1 || setuid(uid) == -1))
			_exit(2);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		while (
		    connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
			if (clock_ms() > until)
				_exit(3);
			(void)poll(NULL, 0, 5);
		}
		if (read(fd, text, sizeof(text) - 1) <= 0)
			_exit(4);
		if (strcmp(text, expected) == 0)
			_exit(0);
		(void)fprintf(stderr, "told: %s", text);
		_exit(5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_clients(void **state)
{
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(device.conf.write_group, sizeof(device.conf.write_group), "adm");
	(void)snprintf(device.conf.read_group, sizeof(device.conf.read_group),
	    "daemon");
	pid = device_start(greet_clients);
	connect_as(0, 0, "1 root 1 1\n");
	connect_as(1, 2, "2 daemon 0 0\n"); /* neither group */
	connect_as(1, 1, "3 daemon 1 0\n");
	connect_as(1, 4, "4 daemon 1 1\n");
	connect_as(54321, 4, "5 54321 1 1\n");
	device_stop(pid);
	device.conf.write_group[0] = device.conf.read_group[0] = '\0';
	pid = device_start(greet_clients);
	connect_as(1, 4, "1 daemon 0 0\n");
	device_stop(pid);
}

static void
test_own_user(void **state)
{
	char expected[64];
	pid_t pid;

	(void)state;
	if (geteuid() == 0)
		skip();
	pid = device_start(greet_clients);
	(void)snprintf(expected, sizeof(expected), "1 %s 1 1\n",
	    geteuid() == 65534 ? "nobody" : getenv("USER"));
	connect_as(geteuid(), getegid(), expected);
	device_stop(pid);
}

static void
test_pid_and_reload(void **state)
{
	char expected[32];
	pid_t pid = device_start(wait_for_services);

	(void)state;
	(void)snprintf(expected, sizeof(expected), "%d\n", (int)pid);
	device_wait_for_file("run/certconfd.pid", expected);
	assert_int_equal(kill(pid, SIGHUP), 0); /* nothing changed: nothing is told */
	fixture_write(device.dir, "services.d/third.conf", "order = 3\n");
	assert_int_equal(kill(pid, SIGHUP), 0);
	device_wait_for_file("result", "ok\n");
	device_stop(pid);
}

static void
test_reload_during_commit(void **state)
{
	const int64_t until = clock_ms() + WAIT_MS;
	char path[512], *text = NULL;
	pid_t pid;

	(void)state;
	fixture_write(device.dir, "ready", "not yet");
	device_path(path, sizeof(path), "ready");
	assert_int_equal(chmod(path, 0666), 0);
	pid = device_start(reload_during_commit);
	do {
		assert_true(clock_ms() < until);
		free(text);
		(void)poll(NULL, 0, 5);
		text = fixture_read(device.dir, "ready");
	} while (text[0] != '\0');
	free(text);
	fixture_write(device.dir, "services.d/third.conf", "order = 3\n");
	assert_int_equal(kill(pid, SIGHUP), 0);
	fixture_write(device.dir, "reloaded", "");
	device_wait_for_file("result", "ok\n");
	device_stop(pid);
}

static void
test_snmp(void **state)
{
	char path[512];
	pid_t pid;

	(void)state;
	(void)snprintf(device.conf.agentx_socket, sizeof(device.conf.agentx_socket),
	    "/agentx");
	device_path(device.conf.snmp_program, sizeof(device.conf.snmp_program), "snmp");
	fixture_write(device.dir, "snmp",
	    "#!/bin/sh\necho \"$@\" >&3\nexec sleep 60\n");
	device_path(path, sizeof(path), "snmp");
	assert_int_equal(chmod(path, 0755), 0);
	pid = device_start(wait_for_snmp);
	device_wait_for_file("result", "ok\n");
	device_stop(pid);
}

/* A command that runs is ended with the monitor. */
static void
test_end_during_command(void **state)
{
	char text[512];
	pid_t pid;

	(void)state;
	(void)snprintf(text, sizeof(text),
	    "order = 1\nrestart = { /bin/sh, -c, 'echo begun > %s/begun; sleep 61' }\n",
	    device.dir);
	fixture_write(device.dir, "services.d/web.conf", text);
	pid = device_start(slow_restart);
	device_wait_for_file("begun", "begun\n");
	device_stop(pid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clients, device_setup,
		    device_teardown),
		cmocka_unit_test_setup_teardown(test_own_user, device_setup,
		    device_teardown),
		cmocka_unit_test_setup_teardown(test_pid_and_reload, device_setup,
		    device_teardown),
		cmocka_unit_test_setup_teardown(test_reload_during_commit, device_setup,
		    device_teardown),
		cmocka_unit_test_setup_teardown(test_snmp, device_setup,
		    device_teardown),
		cmocka_unit_test_setup_teardown(test_end_during_command, device_setup,
		    device_teardown),
	};

	log_open("test", 1, LOG_LEVEL_DEBUG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
