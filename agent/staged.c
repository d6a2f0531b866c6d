/* SPDX-License-Identifier: ISC */
#include "agent/staged.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

static int
write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return -1;
	n = write(fd, text, strlen(text));
	(void)close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Within it we are who we were outside. */
static int
map_self(uid_t uid, gid_t gid)
{
	char users[64], groups[64];

	(void)snprintf(users, sizeof(users), "%ju %ju 1\n", (uintmax_t)uid,
	    (uintmax_t)uid);
	(void)snprintf(groups, sizeof(groups), "%ju %ju 1\n", (uintmax_t)gid,
	    (uintmax_t)gid);
	if (write_file("/proc/self/setgroups", "deny\n") == -1 ||
	    write_file("/proc/self/uid_map", users) == -1 ||
	    write_file("/proc/self/gid_map", groups) == -1)
		return -1;
	return 0;
}

static int
unshare_mounts(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int rc;

	if (unshare(CLONE_NEWNS) == 0)
		return 0;
	if (errno != EPERM || uid == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1)
		return -1;
	/* what cannot be dumped has its files in /proc belong to root */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	rc = map_self(uid, gid);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return rc;
}

/* Both by name below the working directory, which came along into the namespace. */
static int
bind_over(uint64_t number, uint64_t over)
{
	char source[GENERATION_NAME_SIZE], target[GENERATION_NAME_SIZE];

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return -1;
	return mount(generation_name(source, number), generation_name(target, over),
	    NULL, MS_BIND, NULL);
}

int
staged_enter(const struct generations *g, uint64_t number, struct err *err)
{
	if (number == g->live)
		return 0;
	if (g->live == 0)
		return err_set(err, ERR_UNSUPPORTED, "",
		    "there is nothing live to put it in the place of");
	if (fchdir(g->dir) == -1 || unshare_mounts() == -1 ||
	    bind_over(number, g->live) == -1)
		return err_set(err, ERR_UNSUPPORTED, "",
		    "it cannot be shown in the place of the live one: %s",
		    strerror(errno));
	return 0;
}
