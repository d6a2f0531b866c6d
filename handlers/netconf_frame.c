/* SPDX-License-Identifier: ISC */
#include "handlers/netconf_frame.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define END_MARK "]]>]]>"
#define END_MARK_LEN (sizeof(END_MARK) - 1)

/* What RFC 6242 4.2 lets come next. */
enum chunk_state {
	CHUNK_LF,
	CHUNK_HASH,
	CHUNK_SIZE_OR_END, /* 1..9 or the second "#" */
	CHUNK_SIZE,
	CHUNK_DATA,
	CHUNK_END_LF
};

void
frame_init(struct frame *f, int fd)
{
	memset(f, 0, sizeof(*f));
	f->fd = fd;
}

void
frame_chunked(struct frame *f)
{
	f->chunked = true;
	f->state = CHUNK_LF;
}

/* Returns 1 when something came, 0 at the end, -1 when nothing is there yet. */
static int
fill(struct frame *f)
{
	ssize_t n;

	memmove(f->in, f->in + f->at, f->end - f->at);
	f->end -= f->at;
	f->at = 0;
	do
		n = recv(f->fd, f->in + f->end, sizeof(f->in) - f->end, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno == EAGAIN ? -1 : 0; /* a reset connection has ended */
	f->end += (size_t)n;
	return n > 0;
}

/* Consumed octets may have been a password. */
static void
message_ended(struct frame *f)
{
	explicit_bzero(f->in, f->at);
	f->begun = false;
}

static int
pass(struct frame *f, size_t len, frame_sink *sink, void *context, struct err *err)
{
	const uint8_t *data = f->in + f->at;

	if (len == 0)
		return 0;
	f->at += len;
	f->begun = true;
	return sink(context, data, len, err);
}

/* How many octets at the end of in[] could be the first of an end mark. */
static size_t
partial_mark(const struct frame *f)
{
	size_t n = f->end - f->at;

	for (n = n < END_MARK_LEN ? n : END_MARK_LEN - 1; n > 0; n--)
		if (memcmp(f->in + f->end - n, END_MARK, n) == 0)
			break;
	return n;
}

/* People and some clients put a newline between two messages. */
static void
skip_white_space(struct frame *f)
{
	while (f->at < f->end && memchr(" \t\r\n", f->in[f->at], 4) != NULL)
		f->at++;
}

static int
read_marked(struct frame *f, frame_sink *sink, void *context,
    enum frame_result *ret_result, struct err *err)
{
	const uint8_t *mark;

	if (!f->begun)
		skip_white_space(f);
	mark = memmem(f->in + f->at, f->end - f->at, END_MARK, END_MARK_LEN);
	if (mark == NULL)
		return pass(f, f->end - f->at - partial_mark(f), sink, context, err);
	if (pass(f, (size_t)(mark - f->in) - f->at, sink, context, err) == -1)
		return -1;
	f->at += END_MARK_LEN;
	*ret_result = FRAME_MESSAGE;
	return 0;
}

static int
bad_frame(struct err *err)
{
	return err_set(err, ERR_XML_SYNTAX, NULL,
	    "RFC 6242 4.2: chunk header is not \"#\" and a size from 1 to 4294967295");
}

/* A digit of the size, or the newline behind it. */
static int
size_octet(struct frame *f, uint8_t c, struct err *err)
{
	if (c == '\n') {
		f->state = CHUNK_DATA;
		return 0;
	}
	if (c < '0' || c > '9')
		return bad_frame(err);
	f->left = f->left * 10 + (uint64_t)(c - '0');
	return f->left > UINT32_MAX ? bad_frame(err) : 0;
}

static int
size_or_end_octet(struct frame *f, uint8_t c, struct err *err)
{
	if (c == '#' && f->begun) {
		f->state = CHUNK_END_LF;
		return 0;
	}
	if (c < '1' || c > '9') /* no size begins with a zero, no message is empty */
		return bad_frame(err);
	f->left = (uint64_t)(c - '0');
	f->state = CHUNK_SIZE;
	return 0;
}

/* One octet outside of the data; *ret_result changes when it ends the message. */
static int
header_octet(struct frame *f, uint8_t c, enum frame_result *ret_result, struct err *err)
{
	switch ((enum chunk_state)f->state) {
	case CHUNK_LF:
		f->state = CHUNK_HASH;
		return c == '\n' ? 0 : bad_frame(err);
	case CHUNK_HASH:
		f->state = CHUNK_SIZE_OR_END;
		return c == '#' ? 0 : bad_frame(err);
	case CHUNK_SIZE_OR_END:
		return size_or_end_octet(f, c, err);
	case CHUNK_SIZE:
		return size_octet(f, c, err);
	case CHUNK_DATA:
		break;
	case CHUNK_END_LF:
		f->state = CHUNK_LF;
		*ret_result = FRAME_MESSAGE;
		return c == '\n' ? 0 : bad_frame(err);
	}
	return 0;
}

static int
read_chunked(struct frame *f, frame_sink *sink, void *context,
    enum frame_result *ret_result, struct err *err)
{
	size_t n;

	while (f->at < f->end && *ret_result == FRAME_MORE) {
		if (f->state != CHUNK_DATA) {
			if (header_octet(f, f->in[f->at++], ret_result, err) == -1)
				return -1;
			continue;
		}
		n = f->end - f->at < f->left ? f->end - f->at : (size_t)f->left;
		f->left -= n;
		if (f->left == 0)
			f->state = CHUNK_LF;
		if (pass(f, n, sink, context, err) == -1)
			return -1;
	}
	return 0;
}

static bool
within_message(const struct frame *f)
{
	return f->begun || (f->chunked ? f->state != CHUNK_LF : f->at < f->end);
}

int
frame_read(struct frame *f, frame_sink *sink, void *context,
    enum frame_result *ret_result, struct err *err)
{
	enum frame_result result = FRAME_MORE;
	int came = 1, rc;

	while (result == FRAME_MORE) {
		rc = f->chunked ? read_chunked(f, sink, context, &result, err)
				: read_marked(f, sink, context, &result, err);
		if (rc == -1)
			return -1;
		if (result == FRAME_MORE && (came = fill(f)) != 1)
			break;
	}
	if (came == 0 && within_message(f))
		return err_set(err, ERR_IO, NULL, "connection ended within a message");
	if (result == FRAME_MESSAGE)
		message_ended(f);
	*ret_result = came == 0 ? FRAME_END : result;
	return 0;
}

static int
wait_for(int fd, short events, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n == -1 && errno == EINTR);
	return n == 1 ? 0 : -1;
}

static int
send_all(struct frame *f, const uint8_t *data, size_t len)
{
	ssize_t n;

	while (len > 0 && !f->failed) {
		n = send(f->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			f->failed =
			    wait_for(f->fd, POLLOUT, FRAME_WRITE_SECONDS * 1000) == -1;
		} else if (errno != EINTR) {
			f->failed = true;
		}
	}
	return f->failed ? -1 : 0;
}

/* Sends what out[] holds, and the text behind it, in one go. */
static int
send_chunk(struct frame *f, const char *behind)
{
	char header[FRAME_HEADER];
	size_t len = 0, start, more = strlen(behind);

	if (f->chunked && f->out_len > 0)
		len = (size_t)snprintf(header, sizeof(header), "\n#%zu\n", f->out_len);
	start = FRAME_HEADER - len;
	memcpy(f->out + start, header, len);
	memcpy(f->out + FRAME_HEADER + f->out_len, behind, more);
	len += f->out_len + more;
	f->out_len = 0;
	return send_all(f, f->out + start, len);
}

int
frame_write(struct frame *f, const void *data, size_t len)
{
	const uint8_t *from = data;
	size_t n;

	while (len > 0 && !f->failed) {
		n = FRAME_CHUNK - f->out_len < len ? FRAME_CHUNK - f->out_len : len;
		memcpy(f->out + FRAME_HEADER + f->out_len, from, n);
		f->out_len += n;
		from += n;
		len -= n;
		if (f->out_len == FRAME_CHUNK)
			send_chunk(f, "");
	}
	return f->failed ? -1 : 0;
}

int
frame_write_end(struct frame *f)
{
	return send_chunk(f, f->chunked ? "\n##\n" : END_MARK);
}

void
frame_linger(struct frame *f, int idle_ms)
{
	ssize_t n = 1;

	(void)shutdown(f->fd, SHUT_WR);
	while (n > 0 && wait_for(f->fd, POLLIN, idle_ms) == 0)
		n = recv(f->fd, f->in, sizeof(f->in), MSG_DONTWAIT);
	explicit_bzero(f->in, sizeof(f->in));
}
