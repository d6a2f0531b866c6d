/* SPDX-License-Identifier: ISC */
#include "agent/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/digest.h"

#define END_KEY "end "
#define END_LEN (sizeof(END_KEY) - 1 + 2 * SHA256_SIZE + 1)

static int
read_all(int fd, const char *name, size_t max, struct record *record, struct err *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return err_set(err, ERR_STORAGE, name, "stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > max)
		return err_set(err, ERR_STORAGE, name, "not a file, or too large");
	if ((record->data = malloc((size_t)st.st_size + 1)) == NULL)
		return err_set(err, ERR_MEMORY, name, "out of memory");
	while (record->len < (size_t)st.st_size) {
		n = read(fd, record->data + record->len,
		    (size_t)st.st_size - record->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set(err, ERR_STORAGE, name, "read: %s",
			    strerror(errno));
		if (n == 0)
			return err_set(err, ERR_STORAGE, name, "the file shrank");
		record->len += (size_t)n;
	}
	record->data[record->len] = '\0';
	return 0;
}

static int
digest_of(const void *data, size_t len, uint8_t ret_sha256[SHA256_SIZE],
    struct err *err)
{
	struct digest digest;

	digest_begin(&digest);
	digest_add(&digest, data, len);
	return digest_end(&digest, ret_sha256, err);
}

/* Whether it ends as written; cuts the end off. */
static int
check_end(struct record *record, const char *name, struct err *err)
{
	uint8_t told[SHA256_SIZE], found[SHA256_SIZE];
	char *end;

	if (record->len < END_LEN || strlen(record->data) != record->len ||
	    record->data[record->len - 1] != '\n')
		return err_set(err, ERR_STORAGE, name, "the file is damaged");
	end = record->data + record->len - END_LEN;
	record->data[record->len - 1] = '\0';
	if (strncmp(end, END_KEY, strlen(END_KEY)) != 0 ||
	    !record_sha256(end + strlen(END_KEY), told))
		return err_set(err, ERR_STORAGE, name, "the file is damaged");
	record->len -= END_LEN;
	if (digest_of(record->data, record->len, found, err) == -1)
		return -1;
	if (memcmp(told, found, SHA256_SIZE) != 0)
		return err_set(err, ERR_STORAGE, name, "the file is damaged");
	record->data[record->len] = '\0';
	return 0;
}

static int
check_kind(struct record *record, const char *name, const char *kind, struct err *err)
{
	size_t len = strlen(kind);

	if (strncmp(record->data, kind, len) != 0 || record->data[len] != '\n')
		return err_set(err, ERR_STORAGE, name, "the file is not a %s", kind);
	record->next = record->data + len + 1;
	return 0;
}

int
record_load(int dirfd, const char *name, const char *kind, size_t max,
    struct record *ret_record, struct err *err)
{
	struct record record = { NULL, 0, NULL };
	int fd, rc = -1;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE, name,
		    "open: %s", strerror(errno));
	if (read_all(fd, name, max, &record, err) == -1 ||
	    check_end(&record, name, err) == -1 ||
	    check_kind(&record, name, kind, err) == -1)
		goto out;
	*ret_record = record;
	record.data = NULL; /* the caller's now */
	rc = 0;
out:
	record_clear(&record);
	(void)close(fd);
	return rc;
}

bool
record_next(struct record *record, const char **ret_key, char **ret_value)
{
	char *line = record->next, *end;

	if (*line == '\0' || (end = strchr(line, '\n')) == NULL)
		return false;
	*end = '\0';
	record->next = end + 1;
	*ret_key = line;
	if ((*ret_value = strchr(line, ' ')) == NULL)
		*ret_value = end;
	else
		*(*ret_value)++ = '\0';
	return true;
}

void
record_clear(struct record *record)
{
	free(record->data);
	*record = (struct record){ NULL, 0, NULL };
}

char *
record_word(char **value)
{
	char *word = *value, *end;

	if (*word == '\0')
		return NULL;
	if ((end = strchr(word, ' ')) == NULL) {
		*value = word + strlen(word);
	} else {
		*end = '\0';
		*value = end + 1;
	}
	return word;
}

bool
record_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	unsigned long long number;
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || number > max)
		return false;
	*ret_number = number;
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
record_sha256(const char *text, uint8_t ret_sha256[SHA256_SIZE])
{
	int high, low;
	size_t i;

	if (text == NULL || strlen(text) != 2 * SHA256_SIZE)
		return false;
	for (i = 0; i < SHA256_SIZE; i++) {
		high = hex_digit(text[2 * i]);
		low = hex_digit(text[2 * i + 1]);
		if (high == -1 || low == -1)
			return false;
		ret_sha256[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

int
record_begin(struct buf *buf, const char *kind)
{
	return buf_printf(buf, "%s\n", kind);
}

int
record_text(struct buf *buf, const char *key, const char *value)
{
	size_t i, at;

	if (buf_printf(buf, "%s ", key) == -1)
		return -1;
	at = buf->len;
	if (buf_add_text(buf, value) == -1 || buf_add(buf, "\n", 1) == -1)
		return -1;
	for (i = at; i + 1 < buf->len; i++)
		if (buf->data[i] < ' ' || buf->data[i] == 0x7f)
			buf->data[i] = ' ';
	return 0;
}

int
record_end(struct buf *buf, struct err *err)
{
	uint8_t sha256[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	if (digest_of(buf->data, buf->len, sha256, err) == -1)
		return -1;
	if (buf_printf(buf, "%s%s\n", END_KEY, hex_format(hex, sha256, SHA256_SIZE)) ==
	    -1)
		return err_set(err, ERR_MEMORY, "", "out of memory");
	return 0;
}
