/* SPDX-License-Identifier: ISC */
#include "cli/input.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/limits.h"

#define TERMINAL "/dev/tty"
#define CONTROL_C 3

static int
cannot(struct err *err, const char *path, const char *why)
{
	return err_set(err, ERR_IO, path, "the file cannot be read: %s", why);
}

static int
open_file(const char *path, struct err *err)
{
	struct stat st;
	int fd;

	if (strcmp(path, INPUT_STDIN) == 0)
		return STDIN_FILENO;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return cannot(err, path, strerror(errno));
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)))
		return fd;
	(void)close(fd);
	return err_set(err, ERR_IO, path, "this is neither a regular file nor a pipe");
}

static int
too_large(struct err *err, const char *path, size_t limit)
{
	const size_t mib = (size_t)1 << 20;

	if (limit % mib == 0)
		return err_set(err, ERR_TOO_LARGE, path,
		    "the file is larger than %zu MiB", limit / mib);
	return err_set(err, ERR_TOO_LARGE, path, "the file is larger than %zu KiB",
	    limit / 1024);
}

static int
read_some(int fd, const char *path, struct buf *octets, struct err *err)
{
	uint8_t piece[65536];
	ssize_t n;
	int rc;

	do {
		n = read(fd, piece, sizeof(piece));
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return cannot(err, path, strerror(errno));
	rc = buf_add(octets, piece, (size_t)n);
	explicit_bzero(piece, (size_t)n);
	if (rc == -1)
		return err_set(err, ERR_MEMORY, path, "out of memory");
	return n > 0;
}

int
input_read(const char *path, size_t limit, struct buf *ret_octets, struct err *err)
{
	struct buf octets = { 0 };
	int fd, more;

	if ((fd = open_file(path, err)) == -1)
		return -1;
	do {
		more = read_some(fd, path, &octets, err);
		if (octets.len > limit)
			more = too_large(err, path, limit);
	} while (more == 1);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	if (more == -1) {
		buf_wipe(&octets);
		return -1;
	}
	*ret_octets = octets;
	return 0;
}

/* Ends it after its first line. */
static void
keep_line(struct buf *line)
{
	const uint8_t *end = memchr(line->data, '\n', line->len);

	if (end != NULL)
		line->len = (size_t)(end - line->data);
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	line->data[line->len] = '\0';
}

static int
check_password(const struct buf *password, const char *path, struct err *err)
{
	if (password->len == 0)
		return err_set(err, ERR_BAD_PASSPHRASE, path, "the password is empty");
	if (memchr(password->data, '\0', password->len) != NULL)
		return err_set(err, ERR_BAD_PASSPHRASE, path,
		    "the password holds a NUL");
	if (password->len > LIMIT_PASSWORD)
		return err_set(err, ERR_TOO_LARGE, path,
		    "the password is longer than %d octets", LIMIT_PASSWORD);
	return 0;
}

int
input_password(const char *path, struct buf *ret_password, struct err *err)
{
	struct buf line = { 0 };

	if (input_read(path, LIMIT_TAG, &line, err) == -1)
		return -1;
	keep_line(&line);
	if (check_password(&line, path, err) == -1) {
		buf_wipe(&line);
		return -1;
	}
	*ret_password = line;
	return 0;
}

bool
input_can_ask(void)
{
	return isatty(STDIN_FILENO) == 1;
}

/*
 * One line from the terminal.  Echo is off; so are its signals, since a process that
 * ends by one would leave it like that: Ctrl-C ends the line instead and means no.
 */
static int
read_hidden(int fd, const char *question, struct buf *line, struct err *err)
{
	struct termios shown, hidden;
	int rc = -1;

	if (tcgetattr(fd, &shown) == -1)
		return cannot(err, TERMINAL, strerror(errno));
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	hidden.c_cc[VEOL] = CONTROL_C;
	if (tcsetattr(fd, TCSAFLUSH, &hidden) == -1)
		return cannot(err, TERMINAL, strerror(errno));
	/* Only now: what is typed before would be thrown away by the change. */
	if (write(fd, question, strlen(question)) == -1)
		rc = cannot(err, TERMINAL, strerror(errno));
	else
		rc = read_some(fd, TERMINAL, line, err);
	(void)tcsetattr(fd, TCSAFLUSH, &shown);
	if (rc == 0 || (rc == 1 && line->data[line->len - 1] == CONTROL_C))
		rc = err_set(err, ERR_BAD_PASSPHRASE, NULL, "no password was given");
	return rc == -1 ? -1 : 0;
}

int
input_ask(const char *question, struct buf *ret_password, struct err *err)
{
	struct buf line = { 0 };
	int fd, rc = -1;

	if ((fd = open(TERMINAL, O_RDWR | O_CLOEXEC | O_NOCTTY)) == -1)
		return cannot(err, TERMINAL, strerror(errno));
	rc = read_hidden(fd, question, &line, err);
	(void)!write(fd, "\n", 1);
	if (rc == -1)
		goto out;
	keep_line(&line);
	if ((rc = check_password(&line, NULL, err)) == 0) {
		*ret_password = line;
		line = (struct buf){ 0 };
	}
out:
	buf_wipe(&line);
	(void)close(fd);
	return rc;
}
