/* SPDX-License-Identifier: ISC */
/* Messages between our processes. */
#include "agent/msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * What comes before the struct; never empty, so a length of zero always means the end.
 */
struct head {
	uint32_t type, id;
};

/* Room for descriptors, aligned for the kernel's header before them. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(MSG_FDS_MAX * sizeof(int))];
};

int
msg_pair(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds);
}

static void
put_fds(struct msghdr *mh, union control *control, const int *fds, int nfds)
{
	struct cmsghdr *c;
	size_t size = (size_t)nfds * sizeof(int);

	memset(control, 0, sizeof(*control));
	mh->msg_control = control->room;
	mh->msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(mh);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), fds, size);
}

int
msg_send(int fd, uint32_t type, uint32_t id, const void *data, size_t len,
    const int *fds, int nfds)
{
	struct head head = { type, id };
	/* sendmsg() does not write through iov_base; its type just cannot say so */
	struct iovec iov[2] = { { &head, sizeof(head) },
		{ (void *)(uintptr_t)data, len } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = len > 0 ? 2 : 1 };
	union control control;
	ssize_t n;

	if (len > MSG_SIZE_MAX || nfds < 0 || nfds > MSG_FDS_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (nfds > 0)
		put_fds(&mh, &control, fds, nfds);
	do
		n = sendmsg(fd, &mh, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* Takes over what descriptors came, also of a message that is refused afterwards. */
static int
take_fds(struct msghdr *mh, struct msg *msg)
{
	struct cmsghdr *c;
	size_t n;

	for (c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			return -1;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > (size_t)(MSG_FDS_MAX - msg->nfds))
			return -1;
		memcpy(&msg->fds[msg->nfds], CMSG_DATA(c), n * sizeof(int));
		msg->nfds += (int)n;
	}
	return 0;
}

int
msg_recv(int fd, struct msg *msg)
{
	struct head head = { 0, 0 };
	struct iovec iov[2] = { { &head, sizeof(head) },
		{ msg->data, sizeof(msg->data) } };
	union control control;
	struct msghdr mh = { .msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n;

	msg->nfds = 0;
	msg->len = 0;
	msg->type = msg->id = 0;
	do
		n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return (int)n;
	if (take_fds(&mh, msg) == -1 ||
	    (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
	    (size_t)n < sizeof(head)) {
		msg_close(msg);
		errno = EPROTO;
		return -1;
	}
	msg->type = head.type;
	msg->id = head.id;
	msg->len = (size_t)n - sizeof(head);
	return 1;
}

bool
msg_fits(const struct msg *msg, const struct msg_shape *shapes, size_t nshapes)
{
	const struct msg_shape *shape;

	if (msg->type >= nshapes)
		return false;
	shape = &shapes[msg->type];
	return shape->size != 0 && msg->len == shape->size &&
	    msg->nfds >= shape->min_fds && msg->nfds <= shape->max_fds;
}

int
msg_take(struct msg *msg, int n)
{
	int fd;

	if (n < 0 || n >= msg->nfds)
		return -1;
	fd = msg->fds[n];
	msg->fds[n] = -1;
	return fd;
}

void
msg_close(struct msg *msg)
{
	int i;

	for (i = 0; i < msg->nfds; i++)
		if (msg->fds[i] != -1)
			(void)close(msg->fds[i]);
	msg->nfds = 0;
}
