/* SPDX-License-Identifier: ISC */
#include "agent/outbox_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/durable.h"
#include "agent/log.h"
#include "agent/proto.h"
#include "lib/digest.h"

#define NAME "outbox"
#define ASIDE "outbox.damaged"
#define FIRST_LINE "certconf-outbox 1 %zu\n"

struct head {
	uint32_t len, type;
	uint8_t sha256[SHA256_SIZE];
};

static int
digest_of(const struct head *head, const void *data, uint8_t ret_sha256[SHA256_SIZE],
    struct err *err)
{
	struct digest digest;

	digest_begin(&digest);
	digest_add_number(&digest, head->len);
	digest_add_number(&digest, head->type);
	digest_add(&digest, data, head->len);
	return digest_end(&digest, ret_sha256, err);
}

/* --- making --- */

/* A version with another struct does not take its octets for its own. */
static size_t
first_line(char line[64])
{
	return (size_t)snprintf(line, 64, FIRST_LINE, sizeof(struct notification));
}

int
outbox_file_begin(struct buf *buf, struct err *err)
{
	char line[64];

	if (buf_add(buf, line, first_line(line)) == -1)
		return err_set(err, ERR_MEMORY, NAME, "out of memory");
	return 0;
}

int
outbox_file_add(struct buf *buf, enum outbox_type type, const void *data, size_t len,
    struct err *err)
{
	struct head head = { .len = (uint32_t)len, .type = type };

	if (digest_of(&head, data, head.sha256, err) == -1)
		return -1;
	if (buf_add(buf, &head, sizeof(head)) == -1 || buf_add(buf, data, len) == -1)
		return err_set(err, ERR_MEMORY, NAME, "out of memory");
	return 0;
}

/* --- reading --- */

static void
skip(struct blob *rest, size_t len)
{
	rest->data += len;
	rest->len -= len;
}

bool
outbox_file_open(struct blob *file)
{
	char line[64];
	size_t len = first_line(line);

	if (file->len < len || memcmp(file->data, line, len) != 0)
		return false;
	skip(file, len);
	return true;
}

bool
outbox_file_next(struct blob *rest, struct outbox_record *ret_record)
{
	uint8_t sha256[SHA256_SIZE];
	struct head head;
	struct err err;

	if (rest->len < sizeof(head))
		return false;
	memcpy(&head, rest->data, sizeof(head));
	if (head.len > rest->len - sizeof(head) ||
	    digest_of(&head, rest->data + sizeof(head), sha256, &err) == -1 ||
	    memcmp(sha256, head.sha256, sizeof(sha256)) != 0)
		return false;
	ret_record->type = head.type;
	ret_record->data = (struct blob){ rest->data + sizeof(head), head.len };
	skip(rest, sizeof(head) + head.len);
	return true;
}

static int
read_all(int fd, struct buf *buf, struct err *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return err_set(err, ERR_STORAGE, NAME, "stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > OUTBOX_FILE_MAX)
		return err_set(err, ERR_STORAGE, NAME, "not a file, or too large");
	if (buf_reserve(buf, (size_t)st.st_size) == -1)
		return err_set(err, ERR_MEMORY, NAME, "out of memory");
	while (buf->len < (size_t)st.st_size) {
		n = read(fd, buf->data + buf->len, (size_t)st.st_size - buf->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, ERR_STORAGE, NAME, "read: %s",
			    n == 0 ? "the file shrank" : strerror(errno));
		buf->len += (size_t)n;
	}
	return 0;
}

/* What a crash left half written was never sent to anybody. */
static int
cut_tail(int fd, struct buf *buf, struct err *err)
{
	struct blob rest = { buf->data, buf->len };
	struct outbox_record record;

	if (!outbox_file_open(&rest))
		return err_set(err, ERR_STORAGE, NAME,
		    "the file is damaged, or of another version");
	while (outbox_file_next(&rest, &record))
		continue;
	if (rest.len == 0)
		return 0;
	log_warn("state", NAME ": the last %zu octets are not whole; they are cut off",
	    rest.len);
	buf->len -= rest.len;
	if (ftruncate(fd, (off_t)buf->len) == -1 || fsync(fd) == -1)
		return err_set(err, ERR_STORAGE, NAME, "cut: %s", strerror(errno));
	return 0;
}

int
outbox_file_load(int dirfd, struct buf *ret_file, struct err *err)
{
	int fd, rc = -1;

	fd = openat(dirfd, NAME, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE, NAME,
		    "open: %s", strerror(errno));
	if (read_all(fd, ret_file, err) == 0 && cut_tail(fd, ret_file, err) == 0)
		rc = 0;
	(void)close(fd);
	if (rc == -1) {
		buf_clear(ret_file);
		(void)renameat(dirfd, NAME, dirfd, ASIDE);
	}
	return rc;
}

int
outbox_file_put(int dirfd, struct blob records, bool anew, struct err *err)
{
	if (anew)
		return durable_replace(dirfd, NAME, records.data, records.len, err);
	return durable_append(dirfd, NAME, records, OUTBOX_FILE_MAX, err);
}
