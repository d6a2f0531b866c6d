/* SPDX-License-Identifier: ISC */
/*
 * What is in the files may be damaged or come from another version, and who writes them
 * may be gone in the middle.  So the status is read, not mapped: a read past its end is
 * short, where a mapping would kill snmpd.  The snapshot is large; it is mapped and
 * checked once, and certconfd never truncates one.
 */
#include "handlers/snmp_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 500 /* how often another file is looked for */
#define TRIES 8     /* to read the status while it is being written */

static int64_t
coarse_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
clock_now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
say(const struct snmp_files *f, const char *name, const char *what)
{
	char line[3 * STATUS_TEXT];

	(void)snprintf(line, sizeof(line), "certconf: %s/%s: %s", f->dir, name, what);
	f->log(line);
}

/* --- files --- */

static void
file_close(struct snmp_file *file)
{
	if (file->fd != -1)
		(void)close(file->fd);
	*file = (struct snmp_file){ .fd = -1, .gone = true };
}

/*
 * Whether another file is there than before; it is open then.  A FIFO that somebody put
 * there must not make snmpd wait.
 */
static bool
file_changed(const struct snmp_files *f, struct snmp_file *file, const char *name)
{
	char path[STATUS_TEXT + 32];
	struct stat st;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file->gone = stat(path, &st) == -1;
	if (file->gone)
		return false;
	if (file->fd != -1 && st.st_dev == file->device && st.st_ino == file->inode)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 || fstat(fd, &st) == -1) {
		file->gone = true;
		if (fd != -1)
			(void)close(fd);
		return false;
	}
	file_close(file);
	*file = (struct snmp_file){ .fd = fd, .device = st.st_dev, .inode = st.st_ino };
	return true;
}

/* --- snapshot --- */

static int
map_snapshot(const struct snmp_file *file, struct mapping *ret_mapping,
    struct snapshot *ret_snapshot, struct err *err)
{
	struct mapping map;
	struct stat st;

	if (fstat(file->fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > SNAPSHOT_MAX)
		return err_set(err, ERR_STORAGE, "", "it is no snapshot");
	map.size = (size_t)st.st_size;
	map.data = mmap(NULL, map.size, PROT_READ, MAP_PRIVATE, file->fd, 0);
	if (map.data == MAP_FAILED)
		return err_set(err, ERR_MEMORY, "", "%s", strerror(errno));
	if (snapshot_open(ret_snapshot, map.data, map.size, err) == -1) {
		mapping_clear(&map);
		return -1;
	}
	*ret_mapping = map;
	return 0;
}

/* One that cannot be read leaves the one before in its place. */
static void
take_snapshot(struct snmp_files *f)
{
	struct snmp_file *file = &f->snapshot_file;
	struct snapshot snapshot;
	struct mapping map;
	struct err err;

	if (map_snapshot(file, &map, &snapshot, &err) == -1) {
		file->foreign = err.code == ERR_UNSUPPORTED;
		say(f, PUBLISHED_SNAPSHOT, err.text);
		return;
	}
	mapping_clear(&f->mapping);
	f->mapping = map;
	f->view.snapshot = snapshot;
	f->has_snapshot = file->usable = true;
	snmp_view_changed(&f->view);
}

/* --- status --- */

static bool
read_at(const struct snmp_file *file, void *data, size_t len, size_t at)
{
	return pread(file->fd, data, len, (off_t)at) == (ssize_t)len;
}

static bool
read_sequence(const struct snmp_file *file, uint64_t *ret)
{
	const bool done =
	    read_at(file, ret, sizeof(*ret), offsetof(struct published, sequence));

	/* what is read after the number must not be older than it */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return done;
}

/* Whether scratch holds a whole status. */
static bool
read_status(struct snmp_files *f)
{
	const struct snmp_file *file = &f->status_file;
	uint64_t before, after;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!read_sequence(file, &before) || before == 0)
			return false;
		if (before % 2 != 0)
			continue;
		if (!read_at(file, &f->scratch, sizeof(f->scratch), 0))
			return false;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (read_sequence(file, &after) && after == before)
			return true;
	}
	return false;
}

/*
 * Another status file: its head tells whether the rest can be read.  What is said of it
 * is said once.
 */
static void
take_status_file(struct snmp_files *f)
{
	struct snmp_file *file = &f->status_file;
	struct published *head = &f->scratch;
	struct stat st;

	if (fstat(file->fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    !read_at(file, head, offsetof(struct published, status), 0) ||
	    memcmp(head->magic, PUBLISHED_MAGIC, sizeof(head->magic)) != 0) {
		say(f, PUBLISHED_STATUS, "it is no status");
		return;
	}
	file->foreign = head->version != PUBLISHED_VERSION ||
	    head->size != sizeof(*head) || st.st_size != (off_t)sizeof(*head);
	if (file->foreign)
		say(f, PUBLISHED_STATUS,
		    "of another version of certconf; nothing is shown");
	else
		file->usable = true;
}

static void
take_status(struct snmp_files *f)
{
	struct snmp_file *file = &f->status_file;
	const char *wrong;

	if (!file->usable || !read_status(f))
		return;
	wrong = published_check(&f->scratch);
	if (wrong != NULL) {
		file->usable = false;
		say(f, PUBLISHED_STATUS, wrong);
		return;
	}
	f->last = f->scratch;
	f->has_status = true;
	f->stale = false;
	f->view.status = f->last.status;
	f->view.stale = false;
	snmp_view_changed(&f->view);
}

static bool
status_is_new(const struct snmp_files *f)
{
	uint64_t sequence;

	return f->status_file.usable && read_sequence(&f->status_file, &sequence) &&
	    (!f->has_status || sequence != f->last.sequence);
}

/* --- the view --- */

static bool
engine_is_up(const struct snmp_files *f)
{
	const int64_t age = clock_now_ms() - f->last.heartbeat_ms;

	return f->status_file.usable && !f->status_file.gone &&
	    f->snapshot_file.usable && !f->snapshot_file.gone && age >= 0 &&
	    age <= PUBLISHED_ALIVE_MS;
}

/* What was seen by an engine that is gone may be otherwise now. */
static void
show_stale(struct snmp_files *f)
{
	struct status *s = &f->view.status;

	f->stale = true;
	f->view.stale = true;
	s->clock = CLOCK_UNKNOWN;
	for (uint32_t i = 0; i < s->nservices; i++) {
		s->services[i].state = SERVICE_UNKNOWN;
		s->services[i].in_sync = SYNC_UNKNOWN;
	}
	err_set(&s->last_error, ERR_OTHER, "",
	    "engine down; what is shown is what was known last");
	snmp_view_changed(&f->view);
}

static void
show_current(struct snmp_files *f)
{
	f->stale = false;
	f->view.stale = false;
	f->view.status = f->last.status;
	snmp_view_changed(&f->view);
}

static void
look(struct snmp_files *f, int64_t now)
{
	f->look_ms = now + LOOK_MS;
	if (file_changed(f, &f->status_file, PUBLISHED_STATUS))
		take_status_file(f);
	if (file_changed(f, &f->snapshot_file, PUBLISHED_SNAPSHOT))
		take_snapshot(f);
}

/*
 * Called for each variable, of which a manager asks thousands; so whatever costs a
 * system call is done once in a few milliseconds.
 */
static void
refresh(struct snmp_view *view)
{
	struct snmp_files *f = view->context;
	const int64_t now = coarse_ms();

	if (now == f->refreshed_ms)
		return;
	f->refreshed_ms = now;
	snmp_view_set_time(view, f->uptime());
	if (now >= f->look_ms)
		look(f, now);
	if (status_is_new(f)) {
		take_status(f);
		if (f->last.snapshots != f->snapshots)
			look(f, now);
		f->snapshots = f->last.snapshots;
	}
	view->ready = f->has_snapshot && f->has_status && !f->snapshot_file.foreign &&
	    !f->status_file.foreign;
	if (f->has_status && f->stale == engine_is_up(f)) {
		if (f->stale)
			show_current(f);
		else
			show_stale(f);
	}
}

void
snmp_files_open(struct snmp_files *f, const char *dir)
{
	snmp_files_close(f);
	(void)snprintf(f->dir, sizeof(f->dir), "%s", dir);
	f->view = (struct snmp_view){ .refresh = refresh, .context = f };
	f->refreshed_ms = f->look_ms = 0;
}

void
snmp_files_close(struct snmp_files *f)
{
	snmp_view_clear(&f->view);
	mapping_clear(&f->mapping);
	file_close(&f->snapshot_file);
	file_close(&f->status_file);
	f->has_snapshot = f->has_status = f->stale = false;
	f->snapshots = 0;
	f->view.ready = false;
}
