/* SPDX-License-Identifier: ISC */
#include "agent/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/digest.h"
#include "lib/snapshot.h"

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/memfile.h"
#include "agent/monitor_self.h"
#include "agent/outbox_file.h"
#include "agent/service_index.h"
#include "agent/xalloc.h"

#define PID_NAME "certconfd.pid"
#define ENGINE_TAKES_MS 10000

/* --- telling the engine --- */

void
monitor_tell(struct monitor *m, uint32_t type, uint32_t id, const void *data,
    size_t len, const int *fds, int nfds)
{
	const int64_t end = clock_ms() + ENGINE_TAKES_MS;
	struct pollfd writable = { m->engine, POLLOUT, 0 };
	int64_t left;

	while (msg_send(m->engine, type, id, data, len, fds, nfds) == -1) {
		left = end - clock_ms();
		if (m->ending)
			return;
		if (errno != EAGAIN || left <= 0)
			fatal("monitor", "the engine does not take a message: %s",
			    strerror(errno));
		(void)poll(&writable, 1, (int)left);
	}
}

static int
services_file(const struct monitor *m)
{
	struct err err;
	int fd;

	fd = memfile_new("services", &m->services->table, sizeof(m->services->table),
	    &err);
	if (fd == -1)
		fatal("monitor", "%s", err.text);
	return fd;
}

/* The running snapshot, if this version can read it; -1 otherwise. */
static int
running_snapshot(const struct monitor *m)
{
	struct mapping map = { NULL, 0 };
	struct snapshot snapshot;
	struct err err = { .code = ERR_NONE };
	int fd;

	fd = generation_file(&m->store.generations, m->store.generations.live,
	    SNAPSHOT_NAME, &err);
	if (fd != -1 && memfile_map(fd, SNAPSHOT_MAX, &map, &err) == 0 &&
	    snapshot_open(&snapshot, map.data, map.size, &err) == 0) {
		mapping_clear(&map);
		return fd;
	}
	log_warn("store", "generation %ju: the snapshot must be made anew: %s",
	    (uintmax_t)m->store.generations.live, err.text);
	mapping_clear(&map);
	if (fd != -1)
		(void)close(fd);
	return -1;
}

/* A clone has another; the id itself is nobody's business. */
static void
hash_machine_id(uint8_t ret_sha256[SHA256_SIZE])
{
	struct digest digest;
	struct err err;
	char id[64];
	ssize_t n;
	int fd;

	if ((fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC)) == -1)
		return;
	n = read(fd, id, sizeof(id));
	(void)close(fd);
	if (n <= 0)
		return;
	digest_begin(&digest);
	digest_add_text(&digest, text_of("certconf"));
	digest_add(&digest, id, (size_t)n);
	if (digest_end(&digest, ret_sha256, &err) == -1)
		fatal("monitor", "%s", err.text);
}

/* What was told before, as a sealed file; -1: nothing, or nothing that can be read. */
static int
outbox_file(const struct monitor *m)
{
	struct buf buf = { 0 };
	struct err err = { .code = ERR_NONE };
	int fd;

	if (outbox_file_load(m->store.state.dir, &buf, &err) == -1) {
		if (err.code != ERR_NOT_FOUND)
			log_err("state", "%s: %s; going on without it", err.where,
			    err.text);
		return -1;
	}
	if ((fd = memfile_new("outbox", buf.data, buf.len, &err)) == -1)
		fatal("monitor", "%s", err.text);
	buf_clear(&buf);
	return fd;
}

int
monitor_kept_settings(const struct monitor *m, uint64_t generation)
{
	struct buf buf = { 0 };
	struct err err;
	int fd = -1;

	if (kept_settings_of(&m->store.state.settings, generation, &buf, &err) == -1 ||
	    (buf.len > 0 &&
		(fd = memfile_new("settings", buf.data, buf.len, &err)) == -1))
		log_err("monitor", "settings of generation %ju: %s",
		    (uintmax_t)generation, err.text);
	buf_clear(&buf);
	return fd;
}

static void
tell_boot(struct monitor *m)
{
	struct priv_boot *boot = xcalloc(1, sizeof(*boot));
	const struct state *state = &m->store.state;
	int fds[MSG_FDS_MAX], nfds = 1;

	boot->generation = m->store.generations.live;
	boot->recovered = m->store.recovered;
	boot->same_boot = m->store.same_boot;
	boot->damaged = m->store.damaged;
	boot->running_since = store_running_since(&m->store);
	boot->counters = state->counters;
	boot->ncommits = state->history.count;
	memcpy(boot->commits, state->history.commits, sizeof(boot->commits));
	memcpy(boot->model, m->conf->model, sizeof(boot->model));
	memcpy(boot->host, m->conf->host_name, sizeof(boot->host));
	memcpy(boot->state_dir, m->conf->state_dir, sizeof(boot->state_dir));
	boot->restart_interval = m->conf->restart_interval;
	boot->verify_interval = m->conf->verify_interval;
	boot->retry_interval = m->conf->retry_interval;
	boot->pending = waiting_pending(&state->waiting, &m->services->table);
	if (m->store.unconfirmed)
		boot->confirm = state->journal.confirm;
	hash_machine_id(boot->machine_id);
	fds[0] = services_file(m);
	if (boot->generation != 0) {
		fds[1] = running_snapshot(m);
		nfds += fds[1] != -1;
		fds[nfds] = monitor_kept_settings(m, boot->generation);
		boot->has_settings = fds[nfds] != -1;
		nfds += fds[nfds] != -1;
	}
	boot->has_snmp = m->conf->agentx_socket[0] != '\0';
	boot->has_outbox = (fds[nfds] = outbox_file(m)) != -1;
	nfds += boot->has_outbox;
	boot->publishes = (fds[nfds] = board_make(m)) != -1;
	nfds += boot->publishes;
	monitor_tell(m, PRIV_BOOT, 0, boot, sizeof(*boot), fds, nfds);
	while (nfds > 0)
		(void)close(fds[--nfds]);
	free(boot);
}

/* --- start --- */

static void
open_signals(struct monitor *m)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	if ((m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		fatal("monitor", "signalfd: %s", strerror(errno));
}

static void
find_accounts(struct monitor *m)
{
	const struct conf *conf = m->conf;
	struct err err;

	if (geteuid() != 0)
		return; /* everything runs as who started it */
	if (account_find(conf->user, "", &m->account, &err) == -1 ||
	    account_find(conf->snmp_user, conf->snmp_group, &m->snmp_account, &err) ==
		-1)
		fatal("monitor", "%s: %s", err.where, err.text);
}

static void
pid_path(const struct monitor *m, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/" PID_NAME, m->conf->run_dir);
}

static void
write_pid(const struct monitor *m)
{
	char path[STATUS_TEXT + sizeof(PID_NAME) + 1];
	int fd;

	pid_path(m, path, sizeof(path));
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1 || dprintf(fd, "%jd\n", (intmax_t)getpid()) < 0)
		log_warn("monitor", "%s: %s", path, strerror(errno));
	if (fd != -1)
		(void)close(fd);
}

static void
open_all(struct monitor *m)
{
	struct err err;

	(void)umask(022);
	open_signals(m);
	find_accounts(m);
	if (store_open(&m->store, m->conf->state_dir, &err) == -1)
		fatal("store", "%s: %s", err.where, err.text);
	m->services =
	    service_set_load(m->conf->services_dir, m->conf->features_dir, NULL);
	service_index_assign(m->store.state.dir, m->services);
	m->committing = m->store.recovered != 0;
	clients_find_groups(m);
	if (clients_open(m, &err) == -1)
		fatal("clients", "%s: %s", err.where, err.text);
	write_pid(m);
	log_info("monitor", "generation %ju in force, %u services defined",
	    (uintmax_t)m->store.generations.live, m->services->table.count);
}

/* --- the loop --- */

static void
reload(struct monitor *m)
{
	struct priv_services told = { 0 };
	struct service_set *set;
	bool same;
	int fd;

	if (m->committing) {
		m->reload_waits = true;
		return;
	}
	m->reload_waits = false;
	set =
	    service_set_load(m->conf->services_dir, m->conf->features_dir, m->services);
	service_index_assign(m->store.state.dir, set);
	clients_find_groups(m);
	log_info("service", "definitions read again: %u", set->table.count);
	same = set->table.revision == m->services->table.revision;
	service_set_free(m->services);
	m->services = set;
	if (same)
		return;
	fd = services_file(m);
	told.services_revision = set->table.revision;
	told.pending = waiting_pending(&m->store.state.waiting, &set->table);
	monitor_tell(m, PRIV_SERVICES, 0, &told, sizeof(told), &fd, 1);
	(void)close(fd);
}

static void
take_signals(struct monitor *m)
{
	struct signalfd_siginfo info;

	while (read(m->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGCHLD)
			children_reap(m);
		else if (info.ssi_signo == SIGHUP)
			reload(m);
		else
			m->ending = true;
}

static int
timeout_ms(const struct monitor *m)
{
	int64_t now = clock_ms(), next = INT64_MAX;

	if (m->snmp.pid == 0 && m->conf->agentx_socket[0] != '\0')
		next = m->snmp.start_at_ms;
	if (m->accept_at_ms > now && m->accept_at_ms < next)
		next = m->accept_at_ms;
	if (next == INT64_MAX)
		return -1;
	return next <= now ? 0 : (int)(next - now);
}

static void
turn(struct monitor *m)
{
	struct pollfd fds[3 + HELPERS_MAX] = {
		{ m->signals, POLLIN, 0 },
		{ m->engine, POLLIN, 0 },
		{ clock_ms() < m->accept_at_ms ? -1 : m->listener, POLLIN, 0 },
	};
	size_t i;

	for (i = 0; i < HELPERS_MAX; i++)
		fds[3 + i] =
		    (struct pollfd){ m->helpers[i].used ? m->helpers[i].fd : -1, POLLIN,
			    0 };
	if (poll(fds, nitems(fds), timeout_ms(m)) == -1) {
		if (errno != EINTR)
			fatal("monitor", "poll: %s", strerror(errno));
		return;
	}
	for (i = 0; i < HELPERS_MAX; i++)
		if (fds[3 + i].revents != 0)
			helper_ended(m, &m->helpers[i]);
	if (fds[0].revents != 0)
		take_signals(m);
	if (m->ending)
		return;
	if (fds[1].revents != 0)
		requests_handle(m);
	if (fds[2].revents != 0)
		clients_accept(m);
	if (m->reload_waits)
		reload(m);
	children_start_snmp(m);
}

static void
end_all(struct monitor *m)
{
	char path[STATUS_TEXT + sizeof(PID_NAME) + 1];

	log_info("monitor", "ending");
	clients_close(m);
	children_end(m);
	(void)close(m->engine);
	(void)close(m->signals);
	pid_path(m, path, sizeof(path));
	(void)unlink(path);
	keys_clear(&m->keys);
	service_set_free(m->services);
	store_close(&m->store);
}

static void
tell_ready(const struct monitor *m)
{
	if (m->conf->ready_fd != 0 && write(m->conf->ready_fd, "1", 1) == -1)
		log_debug("monitor", "nobody waits for the start any more");
}

int
monitor_run(const struct conf *conf, const struct processes *processes)
{
	struct monitor *m = xcalloc(1, sizeof(*m));

	m->conf = conf;
	m->processes = processes;
	m->listener = m->engine = m->signals = -1;
	log_fatal_status(MONITOR_CANNOT_START);
	open_all(m);
	children_start(m);
	tell_boot(m);
	log_fatal_status(1);
	tell_ready(m);
	while (!m->ending)
		turn(m);
	end_all(m);
	free(m);
	return 0;
}
