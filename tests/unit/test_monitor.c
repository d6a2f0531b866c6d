/* SPDX-License-Identifier: ISC */
/*
 * The whole monitor against an engine that follows a script: each test forks a monitor,
 * whose engine process runs one of the functions below and writes "ok" or what was
 * wrong into a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/snapshot.h"

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/memfile.h"
#include "agent/monitor.h"
#include "agent/msg.h"
#include "agent/proto.h"
#include "tests/unit/store_fixture.h"

#define WAIT_MS 10000

static char *dir;
static struct conf conf;
static struct msg msg;

/* --- in the engine --- */

static struct {
	int fd;
	uint32_t last_id;
	struct priv_boot boot;
	struct services services;
	int snapshot; /* -1: none came */
} engine;

static _Noreturn void
say(const char *what)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/result", dir);
	fd = open(path, O_WRONLY);
	if (fd == -1 || dprintf(fd, "%s\n", what) < 0)
		_exit(2);
	for (;;)
		(void)pause();
}

static void
check(bool good, const char *what)
{
	if (!good)
		say(what);
}

static void
expect_message(uint32_t type, int nfds)
{
	char text[128];

	check(msg_recv(engine.fd, &msg) == 1, "the monitor is gone");
	(void)snprintf(text, sizeof(text),
	    "message %u with %d descriptors, wanted %u with %d", msg.type, msg.nfds,
	    type, nfds);
	check(msg.type == type && msg.nfds == nfds, text);
}

static void
take_services(int fd)
{
	struct mapping map;
	struct err err;

	check(memfile_map(fd, sizeof(struct services), &map, &err) == 0 &&
		map.size == sizeof(struct services),
	    "no table of services");
	memcpy(&engine.services, map.data, sizeof(engine.services));
	mapping_clear(&map);
}

static void
take_boot(int monitor, int nfds)
{
	engine.fd = monitor;
	expect_message(PRIV_BOOT, nfds);
	check(msg.len == sizeof(engine.boot), "a boot message of another size");
	memcpy(&engine.boot, msg.data, sizeof(engine.boot));
	take_services(msg.fds[0]);
	engine.snapshot = nfds > 1 ? msg_take(&msg, 1) : -1;
	msg_close(&msg);
}

/* Asks and waits for the answer; ret_fd may be NULL. */
static void
ask(uint32_t type, const void *data, size_t len, const int *fds, int nfds,
    struct err *ret_err, int *ret_fd)
{
	const struct priv_done *done = (const void *)msg.data;

	check(msg_send(engine.fd, type, ++engine.last_id, data, len, fds, nfds) == 0,
	    "the monitor does not listen");
	do {
		msg_close(&msg);
		check(msg_recv(engine.fd, &msg) == 1, "the monitor is gone");
	} while (msg.type != PRIV_DONE);
	check(msg.id == engine.last_id && msg.len == sizeof(*done),
	    "an irregular answer");
	*ret_err = done->err;
	if (ret_fd != NULL)
		*ret_fd = msg_take(&msg, 0);
	msg_close(&msg);
}

static void
ask_ok(uint32_t type, const void *data, size_t len, const int *fds, int nfds)
{
	struct err err;
	char text[1024];

	ask(type, data, len, fds, nfds, &err, NULL);
	(void)snprintf(text, sizeof(text), "request %u: %s: %s", type, err.where,
	    err.text);
	check(err.code == ERR_NONE, text);
}

static int
sealed(struct buf *buf)
{
	struct err err;
	int fd = memfile_new("test", buf->data, buf->len, &err);

	check(fd != -1, "no memory file");
	buf_clear(buf);
	return fd;
}

static void
send_key(char version)
{
	const struct priv_keys keys = { 0 };
	struct buf buf = { 0 };
	int fd;

	fixture_key(&buf, version);
	fd = sealed(&buf);
	ask_ok(PRIV_KEYS, &keys, sizeof(keys), &fd, 1);
	(void)close(fd);
}

static struct err
stage(char version, uint64_t number, uint64_t base)
{
	struct priv_stage request = { .generation = number, .base = base };
	struct service_set *set = calloc(1, sizeof(*set));
	struct buf bundle = { 0 }, snapshot = { 0 };
	struct err err;
	int fds[2];

	set->table = engine.services;
	fixture_bundle(&bundle, set, version);
	fixture_snapshot(&snapshot, set);
	fds[0] = sealed(&snapshot);
	fds[1] = sealed(&bundle);
	(void)snprintf(request.commit.comment, sizeof(request.commit.comment),
	    "version %c", version);
	ask(PRIV_STAGE, &request, sizeof(request), fds, 2, &err, NULL);
	(void)close(fds[0]);
	(void)close(fds[1]);
	service_set_free(set);
	return err;
}

static void
activate(uint64_t number, uint64_t previous)
{
	struct priv_activate request = { .generation = number, .previous = previous };

	request.counters.generation = number;
	request.counters.next_local_index = 5;
	ask_ok(PRIV_ACTIVATE, &request, sizeof(request), NULL, 0);
}

static void
end(uint64_t number, bool keep)
{
	struct priv_end request = { .generation = number, .keep = keep };

	request.commit.result = keep ? RESULT_SUCCESS : RESULT_ROLLED_BACK;
	request.commit.time = 1700000000;
	ask_ok(PRIV_END, &request, sizeof(request), NULL, 0);
}

static struct err
restart(uint32_t service, uint64_t revision)
{
	const struct priv_restart request = { service, revision };
	struct err err;

	ask(PRIV_RESTART, &request, sizeof(request), NULL, 0, &err, NULL);
	return err;
}

static void
check_confined(void)
{
	char text[64];
	FILE *f;

	check(prctl(PR_GET_DUMPABLE) == 0, "the engine can be dumped");
	check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "it can gain privileges");
	check(geteuid() != 0, "the engine is root");
	(void)snprintf(text, sizeof(text), "/etc/shadow");
	if ((f = fopen(text, "r")) != NULL)
		say("the engine can read what only root may");
}

static _Noreturn void
nursery(int fd)
{
	while (msg_recv(fd, &msg) == 1)
		msg_close(&msg);
	_exit(0);
}

static void
run_nursery(int fd)
{
	nursery(fd);
}

/* --- the scripts --- */

static void
first_start(int monitor, int nursery_fd)
{
	const struct priv_load load = { 1 };
	const struct priv_forget forget = { 0 };
	const struct priv_counters counters = { { .spin_lock = 9 } };
	struct snapshot snapshot;
	struct mapping map;
	struct err err;
	int fd, flags;

	(void)nursery_fd;
	if (geteuid() != getuid() || geteuid() == 0)
		check_confined();
	take_boot(monitor, 1);
	check(engine.boot.generation == 0 && engine.boot.ncommits == 0,
	    "not a new device");
	check(engine.services.count == 2, "not two services");
	check(strcmp(engine.services.rows[0].name, "web") == 0, "web is not first");
	check(strcmp(engine.boot.model, "test model") == 0, "another model");
	err = stage('a', 1, 0);
	check(err.code == ERR_DATA_MISSING, "staged without its key");
	send_key('a');
	err = stage('a', 1, 0);
	check(err.code == ERR_NONE, err.text);
	activate(1, 0);
	err = restart(0, engine.services.revision);
	check(err.code == ERR_NONE, err.text);
	end(1, true);
	ask(PRIV_LOAD, &load, sizeof(load), NULL, 0, &err, &fd);
	check(err.code == ERR_NONE && fd != -1, "no snapshot is loaded");
	check(memfile_map(fd, 1 << 20, &map, &err) == 0 &&
		snapshot_open(&snapshot, map.data, map.size, &err) == 0,
	    err.text);
	ask_ok(PRIV_FORGET, &forget, sizeof(forget), NULL, 0);
	ask_ok(PRIV_COUNTERS, &counters, sizeof(counters), NULL, 0);
	flags = fcntl(monitor, F_GETFD);
	check((flags & FD_CLOEXEC) != 0, "the channel survives exec");
	say("ok");
}

static void
refusals(int monitor, int nursery_fd)
{
	const struct priv_load load = { 4 };
	struct err err;

	(void)nursery_fd;
	take_boot(monitor, 1);
	err = restart(0, engine.services.revision + 1);
	check(err.code == ERR_CONFLICT, "restarted with other definitions");
	err = restart(7, engine.services.revision);
	check(err.code == ERR_DENIED, "restarted a service that is none");
	err = restart(1, engine.services.revision);
	check(err.code == ERR_SERVICE_FAILED, "a failing restart is told as done");
	check(strcmp(err.where, "bad") == 0, err.where);
	check(strcmp(err.text, "restart command ended with status 4: no such luck") ==
		0,
	    err.text);
	ask(PRIV_LOAD, &load, sizeof(load), NULL, 0, &err, NULL);
	check(err.code == ERR_NOT_FOUND, "loaded what is not kept");
	send_key('a');
	engine.services.revision++;
	err = stage('a', 1, 0);
	check(err.code == ERR_CONFLICT, "staged with other definitions");
	say("ok");
}

/* A second generation, of which the engine does not see the end. */
static void
die_after_activation(int monitor, int nursery_fd)
{
	struct err err;

	(void)nursery_fd;
	take_boot(monitor, 2);
	check(engine.boot.generation == 1 && engine.boot.ncommits == 1, "generation 1");
	check(engine.boot.running_since == 1700000000, "since when");
	check(engine.boot.counters.spin_lock == 9, "the counters");
	check(engine.boot.counters.next_local_index == 5, "the indices");
	send_key('b');
	err = stage('b', 2, 1);
	check(err.code == ERR_NONE, err.text);
	activate(2, 1);
	_exit(7);
}

static void
after_recovery(int monitor, int nursery_fd)
{
	(void)nursery_fd;
	take_boot(monitor, 2);
	check(engine.boot.generation == 1, "not the old generation");
	check(engine.boot.recovered == 2, "not told what was cut off");
	end(2, false);
	say("ok");
}

static void
irregular_type(int monitor, int nursery_fd)
{
	(void)nursery_fd;
	take_boot(monitor, 1);
	(void)msg_send(monitor, PRIV_DONE, 1, &engine.boot, 8, NULL, 0);
	(void)pause();
}

static void
irregular_size(int monitor, int nursery_fd)
{
	(void)nursery_fd;
	take_boot(monitor, 1);
	(void)msg_send(monitor, PRIV_RESTART, 1, &engine.boot,
	    sizeof(struct priv_restart) - 1, NULL, 0);
	(void)pause();
}

static void
irregular_descriptors(int monitor, int nursery_fd)
{
	const struct priv_load load = { 1 };

	take_boot(monitor, 1);
	(void)msg_send(monitor, PRIV_LOAD, 1, &load, sizeof(load), &nursery_fd, 1);
	(void)pause();
}

static void
irregular_text(int monitor, int nursery_fd)
{
	struct priv_end request = { .generation = 1 };

	(void)nursery_fd;
	take_boot(monitor, 1);
	memset(request.commit.user, 'x', sizeof(request.commit.user));
	(void)msg_send(monitor, PRIV_END, 1, &request, sizeof(request), NULL, 0);
	(void)pause();
}

static void
close_channel(int monitor, int nursery_fd)
{
	(void)nursery_fd;
	take_boot(monitor, 1);
	(void)close(monitor);
	(void)pause();
}

/* Tells each client who it is. */
static void
greet_clients(int monitor, int nursery_fd)
{
	const struct priv_client *client = (const void *)msg.data;

	(void)nursery_fd;
	take_boot(monitor, 1);
	for (;;) {
		expect_message(PRIV_CLIENT, 1);
		(void)dprintf(msg.fds[0], "%u %s %d %d\n", client->identity.session,
		    client->identity.user, client->identity.may_read,
		    client->identity.may_write);
		msg_close(&msg);
	}
}

static void
wait_for_services(int monitor, int nursery_fd)
{
	uint64_t before;

	(void)nursery_fd;
	take_boot(monitor, 1);
	before = engine.services.revision;
	check(kill(getppid(), 0) == 0 || errno == EPERM, "no parent");
	expect_message(PRIV_SERVICES, 1);
	take_services(msg.fds[0]);
	check(engine.services.count == 3 && engine.services.revision != before,
	    "not the new services");
	say("ok");
}

static void
wait_for_snmp(int monitor, int nursery_fd)
{
	const struct priv_none none = { 0 };
	char text[64];
	ssize_t n;
	int i;

	(void)nursery_fd;
	take_boot(monitor, 1);
	for (i = 0; i < 2; i++) {
		expect_message(PRIV_SNMP, 1);
		n = recv(msg.fds[0], text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		check(strcmp(text, "/agentx 3 1\n") == 0, text);
		msg_close(&msg);
		ask_ok(PRIV_SNMP_KILL, &none, sizeof(none), NULL, 0);
	}
	say("ok");
}

static void
slow_restart(int monitor, int nursery_fd)
{
	const struct priv_restart request = { 0 };
	struct priv_restart r = request;

	(void)nursery_fd;
	take_boot(monitor, 1);
	r.services_revision = engine.services.revision;
	(void)msg_send(monitor, PRIV_RESTART, 1, &r, sizeof(r), NULL, 0);
	for (;;)
		(void)pause();
}

/* --- in the test --- */

static void
sub(char *dst, size_t size, const char *name)
{
	(void)snprintf(dst, size, "%s/%s", dir, name);
}

static void
make_dir(const char *name)
{
	char path[512];

	sub(path, sizeof(path), name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void
make_result(void)
{
	char path[512];

	fixture_write(dir, "result", "");
	sub(path, sizeof(path), "result");
	assert_int_equal(chmod(path, 0666), 0);
}

static int
setup(void **state)
{
	char text[1024];

	(void)state;
	dir = fixture_dir();
	memset(&conf, 0, sizeof(conf));
	(void)snprintf(conf.user, sizeof(conf.user), "nobody");
	(void)snprintf(conf.snmp_user, sizeof(conf.snmp_user), "nobody");
	(void)snprintf(conf.model, sizeof(conf.model), "test model");
	sub(conf.state_dir, sizeof(conf.state_dir), "state");
	sub(conf.run_dir, sizeof(conf.run_dir), "run");
	sub(conf.services_dir, sizeof(conf.services_dir), "services.d");
	sub(conf.features_dir, sizeof(conf.features_dir), "features.d");
	conf.foreground = 1;
	conf.log_level = LOG_LEVEL_DEBUG;
	make_dir("services.d");
	(void)snprintf(text, sizeof(text),
	    "order = 1\nfiles = { combined }\n"
	    "check = { /bin/sh, -c, 'test ! -e %s/restarted' }\n"
	    "restart = { /bin/sh, -c, 'cat %s/state/live/services/web/service.conf "
	    "> %s/restarted' }\n"
	    "variant outgoing { config = 'verify 1;\n' }\n",
	    dir, dir, dir);
	fixture_write(dir, "services.d/web.conf", text);
	fixture_write(dir, "services.d/bad.conf",
	    "order = 2\nrestart = { /bin/sh, -c, 'echo no such luck; exit 4' }\n");
	make_result();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_remove(dir);
	return 0;
}

static pid_t
start(void (*script)(int, int))
{
	const struct processes processes = { script, run_nursery };
	const pid_t self = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != self)
		_exit(1);
	_exit(monitor_run(&conf, &processes));
}

static void
wait_for_file(const char *name, const char *expected)
{
	const int64_t until = clock_ms() + WAIT_MS;
	char *text = NULL;

	do {
		free(text);
		(void)poll(NULL, 0, 5);
		text = fixture_read(dir, name);
	} while ((text == NULL || strchr(text, '\n') == NULL) && clock_ms() < until);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static int
wait_for_end(pid_t pid)
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

static void
stop(pid_t pid)
{
	char path[512];

	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(wait_for_end(pid), 0);
	sub(path, sizeof(path), "run/netconf.sock");
	assert_int_equal(access(path, F_OK), -1);
	sub(path, sizeof(path), "run/certconfd.pid");
	assert_int_equal(access(path, F_OK), -1);
}

static void
run_ok(void (*script)(int, int))
{
	pid_t pid = start(script);

	wait_for_file("result", "ok\n");
	stop(pid);
	make_result();
}

static void
test_life_of_a_commit(void **state)
{
	char *text;

	(void)state;
	run_ok(first_start);
	wait_for_file("restarted", "verify 1;\n");
	text = fixture_read(dir, "state/live/credentials/local/privkey.pem");
	assert_non_null(strstr(text, "keya"));
	free(text);
	assert_int_equal(wait_for_end(start(die_after_activation)), 1);
	text = fixture_read(dir, "state/live/config.xml");
	assert_non_null(strstr(text, "version b"));
	free(text);
	run_ok(after_recovery);
	text = fixture_read(dir, "state/live/config.xml");
	assert_non_null(strstr(text, "version a"));
	free(text);
}

static void
test_refusals(void **state)
{
	(void)state;
	run_ok(refusals);
}

static void
test_irregular(void **state)
{
	static const struct {
		const char *name;
		void (*script)(int, int);
	} rows[] = {
		{ "a type that is no request", irregular_type },
		{ "another size", irregular_size },
		{ "a descriptor where none belongs", irregular_descriptors },
		{ "a text without an end", irregular_text },
		{ "the channel closed", close_channel },
	};
	size_t n;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		assert_int_equal(wait_for_end(start(rows[n].script)), 1);
	}
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
	    "%.80s/run/netconf.sock", dir);
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
	(void)snprintf(conf.write_group, sizeof(conf.write_group), "adm");
	(void)snprintf(conf.read_group, sizeof(conf.read_group), "daemon");
	pid = start(greet_clients);
	connect_as(0, 0, "1 root 1 1\n");
	connect_as(1, 2, "2 daemon 0 0\n"); /* neither group */
	connect_as(1, 1, "3 daemon 1 0\n");
	connect_as(1, 4, "4 daemon 1 1\n");
	connect_as(54321, 4, "5 54321 1 1\n");
	stop(pid);
	conf.write_group[0] = conf.read_group[0] = '\0';
	pid = start(greet_clients);
	connect_as(1, 4, "1 daemon 0 0\n");
	stop(pid);
}

static void
test_own_user(void **state)
{
	char expected[64];
	pid_t pid;

	(void)state;
	if (geteuid() == 0)
		skip();
	pid = start(greet_clients);
	(void)snprintf(expected, sizeof(expected), "1 %s 1 1\n",
	    geteuid() == 65534 ? "nobody" : getenv("USER"));
	connect_as(geteuid(), getegid(), expected);
	stop(pid);
}

static void
test_pid_and_reload(void **state)
{
	char expected[32];
	pid_t pid = start(wait_for_services);

	(void)state;
	(void)snprintf(expected, sizeof(expected), "%d\n", (int)pid);
	wait_for_file("run/certconfd.pid", expected);
	assert_int_equal(kill(pid, SIGHUP), 0); /* nothing changed: nothing is told */
	fixture_write(dir, "services.d/third.conf", "order = 3\n");
	assert_int_equal(kill(pid, SIGHUP), 0);
	wait_for_file("result", "ok\n");
	stop(pid);
}

static void
test_snmp(void **state)
{
	char path[512];
	pid_t pid;

	(void)state;
	(void)snprintf(conf.agentx_socket, sizeof(conf.agentx_socket), "/agentx");
	sub(conf.snmp_program, sizeof(conf.snmp_program), "snmp");
	fixture_write(dir, "snmp", "#!/bin/sh\necho \"$@\" >&3\nexec sleep 60\n");
	sub(path, sizeof(path), "snmp");
	assert_int_equal(chmod(path, 0755), 0);
	pid = start(wait_for_snmp);
	wait_for_file("result", "ok\n");
	stop(pid);
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
	    dir);
	fixture_write(dir, "services.d/web.conf", text);
	pid = start(slow_restart);
	wait_for_file("begun", "begun\n");
	stop(pid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life_of_a_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_irregular, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pid_and_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snmp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_during_command, setup,
		    teardown),
	};

	log_open("test", 1, LOG_LEVEL_DEBUG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
