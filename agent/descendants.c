/* SPDX-License-Identifier: ISC */
/*
 * Only our own children are signalled, and only we reap them, so a process id cannot
 * have passed to somebody else.  Grandchildren become children when their parent ends.
 */
#include "agent/descendants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"

#define KILL_FOR_MS 5000
#define LOOK_EVERY_MS 20

bool
descendants_left(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0 || (pid == -1 && errno == EINTR));
	return pid == 0;
}

/* Waits a little; an ending child is seen at the next look. */
static void
pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

bool
descendants_wait(int64_t ms)
{
	const int64_t end = clock_ms() + ms;

	while (descendants_left()) {
		if (clock_ms() >= end)
			return false;
		pause_ms(LOOK_EVERY_MS);
	}
	return true;
}

/*
 * "PID (NAME) STATE PPID …": the name may hold anything, so from its last bracket on.
 */
static pid_t
parent_of(int proc, const char *pid)
{
	char path[64], stat[1024], *at;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%.20s/stat", pid);
	if ((fd = openat(proc, path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	n = read(fd, stat, sizeof(stat) - 1);
	(void)close(fd);
	if (n <= 0)
		return -1;
	stat[n] = '\0';
	if ((at = strrchr(stat, ')')) == NULL || strlen(at) < 5)
		return -1;
	return (pid_t)strtol(at + 4, NULL, 10);
}

static void
signal_children(int signal)
{
	const pid_t self = getpid();
	struct dirent *entry;
	DIR *dir;

	if ((dir = opendir("/proc")) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    parent_of(dirfd(dir), entry->d_name) == self)
			(void)kill((pid_t)strtol(entry->d_name, NULL, 10), signal);
	(void)closedir(dir);
}

void
descendants_end(int64_t grace_ms)
{
	const int64_t end = clock_ms() + grace_ms + KILL_FOR_MS;

	if (!descendants_left())
		return;
	signal_children(SIGTERM);
	if (descendants_wait(grace_ms))
		return;
	while (descendants_left() && clock_ms() < end) {
		signal_children(SIGKILL);
		pause_ms(1);
	}
}
