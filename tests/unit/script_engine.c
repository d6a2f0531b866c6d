/* SPDX-License-Identifier: ISC */
#include "tests/unit/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/memfile.h"
#include "tests/unit/store_fixture.h"

struct script script;
struct msg script_msg;

_Noreturn void
script_say(const char *what)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/result", device.dir);
	fd = open(path, O_WRONLY);
	if (fd == -1 || dprintf(fd, "%s\n", what) < 0)
		_exit(2);
	for (;;)
		(void)pause();
}

void
script_check(bool good, const char *what)
{
	if (!good)
		script_say(what);
}

void
script_expect(uint32_t type, int nfds)
{
	char text[128];

	script_check(msg_recv(script.fd, &script_msg) == 1, "the monitor is gone");
	(void)snprintf(text, sizeof(text),
	    "message %u with %d descriptors, wanted %u with %d", script_msg.type,
	    script_msg.nfds, type, nfds);
	script_check(script_msg.type == type && script_msg.nfds == nfds, text);
}

void
script_take_services(int fd)
{
	struct mapping map;
	struct err err;

	script_check(memfile_map(fd, sizeof(struct services), &map, &err) == 0 &&
		map.size == sizeof(struct services),
	    "no table of services");
	memcpy(&script.services, map.data, sizeof(script.services));
	mapping_clear(&map);
}

void
script_boot(int monitor, int nfds)
{
	script.fd = monitor;
	script_expect(PRIV_BOOT, nfds + 1); /* and the file for the plugin */
	script_check(script_msg.len == sizeof(script.boot),
	    "a boot message of another size");
	memcpy(&script.boot, script_msg.data, sizeof(script.boot));
	script_take_services(script_msg.fds[0]);
	script.snapshot = nfds > 1 ? msg_take(&script_msg, 1) : -1;
	msg_close(&script_msg);
}

/* Asks and waits for the answer; ret_fd may be NULL. */
void
script_ask(uint32_t type, const void *data, size_t len, const int *fds, int nfds,
    struct err *ret_err, int *ret_fd)
{
	const struct priv_done *done = (const void *)script_msg.data;

	script_check(msg_send(script.fd, type, ++script.last_id, data, len, fds,
			 nfds) == 0,
	    "the monitor does not listen");
	do {
		msg_close(&script_msg);
		script_check(msg_recv(script.fd, &script_msg) == 1,
		    "the monitor is gone");
	} while (script_msg.type != PRIV_DONE);
	script_check(script_msg.id == script.last_id && script_msg.len == sizeof(*done),
	    "an irregular answer");
	*ret_err = done->err;
	if (ret_fd != NULL)
		*ret_fd = msg_take(&script_msg, 0);
	msg_close(&script_msg);
}

void
script_ask_ok(uint32_t type, const void *data, size_t len, const int *fds, int nfds)
{
	struct err err;
	char text[1024];

	script_ask(type, data, len, fds, nfds, &err, NULL);
	(void)snprintf(text, sizeof(text), "request %u: %s: %s", type, err.where,
	    err.text);
	script_check(err.code == ERR_NONE, text);
}

static int
sealed(struct buf *buf)
{
	struct err err;
	int fd = memfile_new("test", buf->data, buf->len, &err);

	script_check(fd != -1, "no memory file");
	buf_clear(buf);
	return fd;
}

void
script_key(char version)
{
	const struct priv_keys keys = { 0 };
	struct buf buf = { 0 };
	int fd;

	fixture_key(&buf, version);
	fd = sealed(&buf);
	script_ask_ok(PRIV_KEYS, &keys, sizeof(keys), &fd, 1);
	(void)close(fd);
}

struct err
script_stage(char version, uint64_t number, uint64_t base)
{
	struct priv_stage request = { .generation = number, .base = base };
	struct service_set *set = calloc(1, sizeof(*set));
	struct buf bundle = { 0 }, snapshot = { 0 };
	struct err err;
	int fds[2];

	set->table = script.services;
	fixture_bundle(&bundle, set, version);
	fixture_snapshot(&snapshot, set);
	fds[0] = sealed(&snapshot);
	fds[1] = sealed(&bundle);
	(void)snprintf(request.commit.comment, sizeof(request.commit.comment),
	    "version %c", version);
	script_ask(PRIV_STAGE, &request, sizeof(request), fds, 2, &err, NULL);
	(void)close(fds[0]);
	(void)close(fds[1]);
	service_set_free(set);
	return err;
}

void
script_activate(uint64_t number, uint64_t previous)
{
	struct priv_activate request = { .generation = number, .previous = previous };

	request.counters.generation = number;
	request.counters.next_local_index = 5;
	script_ask_ok(PRIV_ACTIVATE, &request, sizeof(request), NULL, 0);
}

void
script_end(uint64_t number, bool keep)
{
	struct priv_end request = { .generation = number, .keep = keep };

	request.commit.result = keep ? RESULT_SUCCESS : RESULT_ROLLED_BACK;
	request.commit.time = 1700000000;
	script_ask_ok(PRIV_END, &request, sizeof(request), NULL, 0);
}

void
script_hold(bool on)
{
	const struct priv_hold request = { .on = on,
		.services_revision = script.services.revision };

	script_ask_ok(PRIV_HOLD, &request, sizeof(request), NULL, 0);
}

struct err
script_restart(uint32_t service, uint64_t revision)
{
	const struct priv_run request = { .service = service,
		.command = COMMAND_RESTART,
		.services_revision = revision };
	struct err err;

	script_ask(PRIV_RUN, &request, sizeof(request), NULL, 0, &err, NULL);
	return err;
}

void
script_confined(void)
{
	uid_t real, effective, saved;

	script_check(prctl(PR_GET_DUMPABLE) == 0, "the engine can be dumped");
	script_check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
	    "it can gain privileges");
	script_check(getresuid(&real, &effective, &saved) == 0, "it has no user");
	if (!device.by_root)
		return;
	script_check(real != 0 && effective != 0 && saved != 0, "the engine is root");
	script_check(setuid(0) == -1, "it can become root again");
	script_check(getgroups(0, NULL) == 1, "it is in other groups than its own");
	script_check(open("/etc/shadow", O_RDONLY) == -1,
	    "it can read what only root may");
}
