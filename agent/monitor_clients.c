/* SPDX-License-Identifier: ISC */
/*
 * The listening socket.  Anybody may connect; who it is comes from the kernel, and what
 * he may do from the groups root configured.  The session itself is the engine's.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/monitor_self.h"
#include "agent/xalloc.h"

#define SOCKET_NAME "netconf.sock"
#define BACKLOG 64
#define GROUPS_USUAL 64
#define GROUPS_LIMIT 65536
#define PAUSE_MS 1000 /* after a failed accept */

/* --- groups --- */

static void
find_group(const char *name, struct account *ret_group)
{
	const struct group *gr;

	ret_group->ngroups = 0;
	if (name[0] == '\0')
		return;
	if ((gr = getgrnam(name)) == NULL) {
		log_warn("clients", "there is no group \"%s\": nobody is in it", name);
		return;
	}
	ret_group->gid = gr->gr_gid;
	ret_group->ngroups = 1;
}

void
clients_find_groups(struct monitor *m)
{
	find_group(m->conf->write_group, &m->write_group);
	find_group(m->conf->read_group, &m->read_group);
}

static bool
is_in(const struct account *group, gid_t gid, const gid_t *groups, size_t n)
{
	size_t i;

	if (group->ngroups == 0)
		return false;
	for (i = 0; i < n; i++)
		if (groups[i] == group->gid)
			return true;
	return gid == group->gid;
}

/* The other groups of who connected; the caller frees.  NULL with 0 when unknown. */
static gid_t *
peer_groups(int fd, size_t *ret_count)
{
	socklen_t len = GROUPS_USUAL * sizeof(gid_t);
	gid_t *groups = xcalloc(GROUPS_USUAL, sizeof(*groups));

	*ret_count = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1) {
		if (errno == ERANGE && len <= GROUPS_LIMIT * sizeof(gid_t)) {
			free(groups);
			groups = xcalloc(1, len);
			if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) ==
			    -1)
				len = 0;
		} else {
			len = 0;
		}
	}
	*ret_count = len / sizeof(gid_t);
	return groups;
}

/* --- identity --- */

static void
name_user(struct identity *identity)
{
	const struct passwd *pw = getpwuid(identity->uid);

	if (pw != NULL && strlen(pw->pw_name) < sizeof(identity->user))
		(void)snprintf(identity->user, sizeof(identity->user), "%s",
		    pw->pw_name);
	else
		(void)snprintf(identity->user, sizeof(identity->user), "%ju",
		    (uintmax_t)identity->uid);
}

static int
identify(struct monitor *m, int fd, struct identity *ret_identity)
{
	struct identity identity;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	gid_t *groups;
	size_t n;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return -1;
	memset(&identity, 0, sizeof(identity));
	identity.session = ++m->last_session;
	identity.uid = cred.uid;
	identity.gid = cred.gid;
	identity.pid = cred.pid;
	groups = peer_groups(fd, &n);
	identity.may_write = cred.uid == 0 || cred.uid == geteuid() ||
	    is_in(&m->write_group, cred.gid, groups, n);
	identity.may_read =
	    identity.may_write || is_in(&m->read_group, cred.gid, groups, n);
	free(groups);
	name_user(&identity);
	*ret_identity = identity;
	return 0;
}

static void
hand_over(struct monitor *m, int fd)
{
	struct priv_client client = { 0 };

	if (identify(m, fd, &client.identity) == -1) {
		log_warn("clients", "a client without credentials: %s",
		    strerror(errno));
		return;
	}
	log_debug("clients", "%s connected", client.identity.user);
	if (msg_send(m->engine, PRIV_CLIENT, 0, &client, sizeof(client), &fd, 1) == -1)
		log_warn("clients", "%s is turned away: the engine takes no more: %s",
		    client.identity.user, strerror(errno));
}

void
clients_accept(struct monitor *m)
{
	int fd;

	fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd != -1) {
		hand_over(m, fd);
		(void)close(fd);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	log_warn("clients", "accept: %s", strerror(errno));
	/* the connection is still there and would wake us at once */
	m->accept_at_ms = clock_ms() + PAUSE_MS;
}

/* --- the socket --- */

static int
bind_socket(int fd, const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_TOO_LARGE, path,
		    "a socket's path has at most %zu octets",
		    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (unlink(path) == -1 && errno != ENOENT)
		return err_set(err, ERR_IO, path, "remove: %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		return err_set(err, ERR_IO, path, "bind: %s", strerror(errno));
	if (chmod(path, 0666) == -1 || listen(fd, BACKLOG) == -1)
		return err_set(err, ERR_IO, path, "listen: %s", strerror(errno));
	return 0;
}

int
clients_open(struct monitor *m, struct err *err)
{
	char path[STATUS_TEXT + sizeof(SOCKET_NAME) + 1];

	if (mkdir(m->conf->run_dir, 0755) == -1 && errno != EEXIST)
		return err_set(err, ERR_IO, m->conf->run_dir, "make directory: %s",
		    strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/" SOCKET_NAME, m->conf->run_dir);
	m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->listener == -1)
		return err_set(err, ERR_IO, path, "socket: %s", strerror(errno));
	return bind_socket(m->listener, path, err);
}

void
clients_close(struct monitor *m)
{
	char path[STATUS_TEXT + sizeof(SOCKET_NAME) + 1];

	if (m->listener == -1)
		return;
	(void)snprintf(path, sizeof(path), "%s/" SOCKET_NAME, m->conf->run_dir);
	(void)unlink(path);
	(void)close(m->listener);
	m->listener = -1;
}
