/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "handlers/netconf_frame.h"
#include "lib/bytes.h"
#include "lib/names.h"

/*
 * What a reader makes of a stream: messages each followed by "|", "." at a clean end.
 */
static int
take(void *context, const void *data, size_t len, struct err *err)
{
	(void)err;
	return buf_add(context, data, len);
}

static void
read_all(struct frame *f, struct buf *seen)
{
	enum frame_result result;
	struct err err;

	for (;;) {
		if (frame_read(f, take, seen, &result, &err) == -1) {
			assert_int_equal(buf_add_text(seen,
					     err.code == ERR_IO ? "cut" : "bad"),
			    0);
			return;
		}
		if (result == FRAME_MORE)
			return;
		assert_int_equal(buf_add_text(seen, result == FRAME_END ? "." : "|"),
		    0);
		if (result == FRAME_END)
			return;
	}
}

/* Feeds input in pieces of this size and says what came out. */
static void
run(const char *input, size_t len, bool chunked, size_t piece, struct buf *seen)
{
	struct frame f;
	int fds[2];
	size_t at, n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	frame_init(&f, fds[0]);
	if (chunked)
		frame_chunked(&f);
	assert_int_equal(buf_add_text(seen, ""), 0);
	for (at = 0; at < len; at += n) {
		n = piece < len - at ? piece : len - at;
		assert_int_equal(write(fds[1], input + at, n), n);
		read_all(&f, seen);
		if (strstr((char *)seen->data, "bad") != NULL)
			break;
	}
	close(fds[1]);
	if (at >= len)
		read_all(&f, seen);
	close(fds[0]);
}

static const struct {
	const char *name, *input;
	bool chunked;
	const char *expect;
} rows[] = {
	{ "nothing", "", false, "." },
	{ "nothing, chunked", "", true, "." },
	{ "one message", "<a/>]]>]]>", false, "<a/>|." },
	{ "two messages", "<a/>]]>]]><b/>]]>]]>", false, "<a/>|<b/>|." },
	{ "newline between", "<a/>]]>]]>\n<b/>]]>]]>\n", false, "<a/>|<b/>|." },
	{ "part of a mark", "a]]>]]b]]]]>]]>", false, "a]]>]]b]]|." },
	{ "mark begins within a mark", "a]]>]]>]]>]]>", false, "a||." },
	{ "mark after brackets", "]]]>]]>", false, "]|." },
	{ "cut off", "<a/>", false, "<a/>cut" },
	{ "cut off within the mark", "<a/>]]>]", false, "<a/>cut" },
	{ "only half a mark", "]]>", false, "cut" },
	{ "one chunk", "\n#4\n<a/>\n##\n", true, "<a/>|." },
	{ "two chunks", "\n#1\n<\n#3\na/>\n##\n", true, "<a/>|." },
	{ "two chunked messages", "\n#1\na\n##\n\n#1\nb\n##\n", true, "a|b|." },
	{ "marks are data", "\n#6\n]]>]]>\n##\n", true, "]]>]]>|." },
	{ "chunk of newlines", "\n#3\n\n##\n##\n", true, "\n##|." },
	{ "largest size", "\n#4294967295\nabc", true, "abccut" },
	{ "above the largest size", "\n#4294967296\nabc", true, "bad" },
	{ "size without end", "\n#99999999999999999999999\nabc", true, "bad" },
	{ "size zero", "\n#0\n\n##\n", true, "bad" },
	{ "leading zero", "\n#007\n<rpc/>\n\n##\n", true, "bad" },
	{ "negative size", "\n#-5\nhello\n##\n", true, "bad" },
	{ "plus sign", "\n#+5\nhello\n##\n", true, "bad" },
	{ "size in hex", "\n#5a\nhello\n##\n", true, "bad" },
	{ "no size", "\n#\nhello\n##\n", true, "bad" },
	{ "end without a chunk", "\n##\n", true, "bad" },
	{ "no header", "<rpc/>", true, "bad" },
	{ "no hash", "\nx", true, "bad" },
	{ "carriage return", "\r\n#1\na\n##\n", true, "bad" },
	{ "carriage return after the size", "\n#1\r\na\n##\n", true, "bad" },
	{ "junk between chunks", "\n#3\n<rpJUNK\n#1\nc\n##\n", true, "<rpbad" },
	{ "no newline at the end", "\n#1\na\n##\r", true, "abad" },
	{ "old mark", "\n#1\na]]>]]>", true, "abad" },
	{ "cut off in a header", "\n#1", true, "cut" },
	{ "cut off before the end", "\n#1\na", true, "acut" },
	{ "cut off in the end", "\n#1\na\n##", true, "acut" },
};

static void
test_read(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 4096 };
	struct buf seen = { NULL, 0, 0 };
	size_t i, p;

	(void)state;
	for (i = 0; i < nitems(rows); i++)
		for (p = 0; p < nitems(pieces); p++) {
			run(rows[i].input, strlen(rows[i].input), rows[i].chunked,
			    pieces[p], &seen);
			if (strcmp((char *)seen.data, rows[i].expect) != 0)
				fail_msg("%s, in pieces of %zu: \"%s\"", rows[i].name,
				    pieces[p], (char *)seen.data);
			buf_clear(&seen);
		}
}

/* A claim of four gigabytes costs nothing. */
static void
test_claim(void **state)
{
	static struct frame f;

	(void)state;
	assert_true(sizeof(f) < 4 * FRAME_CHUNK);
}

static int
refuse(void *context, const void *data, size_t len, struct err *err)
{
	(void)context;
	(void)data;
	(void)len;
	return err_set(err, ERR_TOO_LARGE, NULL, "enough");
}

static void
test_sink_refuses(void **state)
{
	enum frame_result result;
	struct frame f;
	struct err err;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	frame_init(&f, fds[0]);
	assert_int_equal(write(fds[1], "<a/>", 4), 4);
	assert_int_equal(frame_read(&f, refuse, NULL, &result, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	close(fds[0]);
	close(fds[1]);
}

/* What is written can be read, and no chunk is larger than FRAME_CHUNK. */
static void
round_trip(size_t len, bool chunked)
{
	struct buf seen = { NULL, 0, 0 };
	char *data = malloc(len + 1), wire[3 * FRAME_CHUNK];
	struct frame f;
	int fds[2];
	ssize_t n;

	assert_non_null(data);
	memset(data, 'x', len);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	frame_init(&f, fds[0]);
	if (chunked)
		frame_chunked(&f);
	assert_int_equal(frame_write(&f, data, len / 3), 0);
	assert_int_equal(frame_write(&f, data + len / 3, len - len / 3), 0);
	assert_int_equal(frame_write_end(&f), 0);
	close(fds[0]);
	n = recv(fds[1], wire, sizeof(wire), MSG_WAITALL);
	assert_true(n > 0);
	run(wire, (size_t)n, chunked, sizeof(wire), &seen);
	assert_int_equal(seen.len, len + 2);
	assert_memory_equal(seen.data, data, len);
	assert_string_equal((char *)seen.data + len, "|.");
	buf_clear(&seen);
	free(data);
	close(fds[1]);
}

static void
test_write(void **state)
{
	static const size_t sizes[] = { 1, 3, FRAME_CHUNK - 1, FRAME_CHUNK,
		FRAME_CHUNK + 1, 2 * FRAME_CHUNK };
	size_t i;

	(void)state;
	for (i = 0; i < nitems(sizes); i++) {
		round_trip(sizes[i], false);
		round_trip(sizes[i], true);
	}
}

static void
test_write_to_nobody(void **state)
{
	struct frame f;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	close(fds[1]);
	frame_init(&f, fds[0]);
	assert_int_equal(frame_write(&f, "<a/>", 4), 0);
	assert_int_equal(frame_write_end(&f), -1);
	assert_true(f.failed);
	assert_int_equal(frame_write(&f, "<a/>", 4), -1);
	close(fds[0]);
}

/* Nothing of a message stays behind in the frame: there may have been a password. */
static void
test_wiped(void **state)
{
	static const char input[] = "\n#6\nsecret\n##\n";
	struct buf seen = { NULL, 0, 0 };
	struct frame f;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	frame_init(&f, fds[0]);
	frame_chunked(&f);
	assert_int_equal(write(fds[1], input, sizeof(input) - 1), sizeof(input) - 1);
	read_all(&f, &seen);
	assert_string_equal((char *)seen.data, "secret|");
	assert_null(memmem(&f, sizeof(f), "secret", 6));
	buf_clear(&seen);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_claim),
		cmocka_unit_test(test_sink_refuses),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_to_nobody),
		cmocka_unit_test(test_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
