/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/names.h"

#include "agent/msg.h"

static struct msg got;
static uint8_t octets[MSG_SIZE_MAX + 64];

static void
test_send_and_receive(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		int nfds;
		int sent; /* errno, or 0 */
	} rows[] = {
		{ "nothing but a type", 0, 0, 0 },
		{ "a struct", 100, 0, 0 },
		{ "a struct and a descriptor", 100, 1, 0 },
		{ "as much as fits", MSG_SIZE_MAX, MSG_FDS_MAX, 0 },
		{ "too long", MSG_SIZE_MAX + 1, 0, EMSGSIZE },
		{ "too many descriptors", 1, MSG_FDS_MAX + 1, EMSGSIZE },
		{ "a negative number of them", 1, -1, EMSGSIZE },
	};
	int ends[2], fds[MSG_FDS_MAX + 1], i;
	size_t n;

	(void)state;
	memset(octets, 'x', sizeof(octets));
	for (i = 0; i <= MSG_FDS_MAX; i++)
		fds[i] = open("/dev/null", O_RDONLY);
	assert_int_equal(msg_pair(ends), 0);
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		errno = 0;
		i = msg_send(ends[0], 5, 77, octets, rows[n].len, fds, rows[n].nfds);
		assert_int_equal(i == -1 ? errno : 0, rows[n].sent);
		if (i == -1)
			continue;
		assert_int_equal(msg_recv(ends[1], &got), 1);
		assert_int_equal(got.type, 5);
		assert_int_equal(got.id, 77);
		assert_int_equal(got.len, rows[n].len);
		assert_int_equal(got.nfds, rows[n].nfds);
		assert_memory_equal(got.data, octets, rows[n].len);
		for (i = 0; i < got.nfds; i++)
			assert_int_equal(fcntl(got.fds[i], F_GETFD), FD_CLOEXEC);
		msg_close(&got);
	}
	(void)close(ends[0]);
	assert_int_equal(msg_recv(ends[1], &got), 0);
	(void)close(ends[1]);
	for (i = 0; i <= MSG_FDS_MAX; i++)
		(void)close(fds[i]);
}

/* What another program could put on the socket. */
static void
test_irregular(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} rows[] = {
		{ "shorter than its head", 7 },
		{ "longer than any message", MSG_SIZE_MAX + 9 },
	};
	int ends[2];
	size_t n;

	(void)state;
	assert_int_equal(msg_pair(ends), 0);
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		assert_int_equal(send(ends[0], octets, rows[n].len, 0), rows[n].len);
		errno = 0;
		assert_int_equal(msg_recv(ends[1], &got), -1);
		assert_int_equal(errno, EPROTO);
		assert_int_equal(got.nfds, 0);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static int
open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* More descriptors than fit must neither be taken nor leak. */
static void
test_too_many_descriptors(void **state)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec iov = { octets, 8 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
	int ends[2], fds[8] = { 0, 0, 0, 0, 0, 0, 0, 0 }, before;

	(void)state;
	assert_int_equal(msg_pair(ends), 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	before = open_descriptors();
	assert_int_equal(sendmsg(ends[0], &mh, 0), 8);
	assert_int_equal(msg_recv(ends[1], &got), -1);
	assert_int_equal(errno, EPROTO);
	assert_int_equal(open_descriptors(), before);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
test_full(void **state)
{
	int ends[2], sent = 0;

	(void)state;
	assert_int_equal(msg_pair(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	while (msg_send(ends[0], 1, 1, octets, 1000, NULL, 0) == 0)
		sent++;
	assert_int_equal(errno, EAGAIN);
	assert_true(sent > 0);
	(void)close(ends[1]);
	/* an error, and no SIGPIPE */
	assert_int_equal(msg_send(ends[0], 1, 1, octets, 1000, NULL, 0), -1);
	assert_int_equal(msg_send(ends[0], 1, 1, octets, 1000, NULL, 0), -1);
	assert_int_equal(errno, EPIPE);
	(void)close(ends[0]);
}

static void
test_fits(void **state)
{
	static const struct msg_shape
	    shapes[] = { [1] = { 8, 0, 0 }, [2] = { 4, 1, 2 } };
	static const struct {
		const char *name;
		uint32_t type;
		size_t len;
		int nfds;
		bool fits;
	} rows[] = {
		{ "as in the table", 1, 8, 0, true },
		{ "least descriptors", 2, 4, 1, true },
		{ "most descriptors", 2, 4, 2, true },
		{ "shorter", 1, 7, 0, false },
		{ "longer", 1, 9, 0, false },
		{ "a descriptor too many", 1, 8, 1, false },
		{ "a descriptor too few", 2, 4, 0, false },
		{ "a type that is none", 0, 0, 0, false },
		{ "a type beyond the table", 3, 8, 0, false },
		{ "a type far beyond it", UINT32_MAX, 8, 0, false },
	};
	size_t n;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		got.type = rows[n].type;
		got.len = rows[n].len;
		got.nfds = rows[n].nfds;
		assert_int_equal(msg_fits(&got, shapes, nitems(shapes)), rows[n].fits);
	}
	got.nfds = 0;
}

static void
test_take(void **state)
{
	int ends[2], fd = open("/dev/null", O_RDONLY), taken;

	(void)state;
	assert_int_equal(msg_pair(ends), 0);
	assert_int_equal(msg_send(ends[0], 1, 1, NULL, 0, &fd, 1), 0);
	assert_int_equal(msg_recv(ends[1], &got), 1);
	taken = msg_take(&got, 0);
	assert_true(taken >= 0);
	assert_int_equal(msg_take(&got, 0), -1);
	assert_int_equal(msg_take(&got, 1), -1);
	assert_int_equal(msg_take(&got, -1), -1);
	msg_close(&got);
	assert_int_equal(fcntl(taken, F_GETFD), FD_CLOEXEC);
	(void)close(taken);
	(void)close(fd);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send_and_receive),
		cmocka_unit_test(test_irregular),
		cmocka_unit_test(test_too_many_descriptors),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
