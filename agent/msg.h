/* SPDX-License-Identifier: ISC */
/*
 * Messages between our processes: a type, a struct of the size that type has, and up to
 * MSG_FDS_MAX descriptors, over a SOCK_SEQPACKET pair, which keeps them whole and in
 * order.  A message of another size, or with descriptors where none belong, is an
 * irregularity: the receiver refuses it and drops the peer.
 */
#ifndef AGENT_MSG_H
#define AGENT_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Even: no more of them fit into the room, which is aligned to 8 octets. */
#define MSG_FDS_MAX 6
#define MSG_SIZE_MAX 131072

struct msg {
	uint32_t type;
	uint32_t id; /* of the request this answers, where there are several */
	size_t len;
	int nfds;
	int fds[MSG_FDS_MAX]; /* taken by setting the place to -1 */
	_Alignas(8) uint8_t data[MSG_SIZE_MAX];
};

/* What messages of one type look like; in a table indexed by type, size 0 is "none". */
struct msg_shape {
	size_t size;
	int min_fds, max_fds;
};

/* Two ends, close-on-exec; -1 with errno set. */
int msg_pair(int ret_fds[2]);

/*
 * Sends; descriptors stay the caller's.  Returns 0, or -1 with errno set (EAGAIN on a
 * non-blocking end that is full).
 */
int msg_send(int fd, uint32_t type, uint32_t id, const void *data, size_t len,
    const int *fds, int nfds);

/*
 * Receives into msg, whose descriptors the caller closes with msg_close().  Returns 1,
 * 0 at the end, -1 with errno set (EPROTO for anything irregular).
 */
int msg_recv(int fd, struct msg *msg);

/* Whether the message is of a type of the table and has the shape that type has. */
bool msg_fits(const struct msg *msg, const struct msg_shape *shapes, size_t nshapes);

/* Takes descriptor n out of the message. */
int msg_take(struct msg *msg, int n);

/* Closes the descriptors still in it. */
void msg_close(struct msg *msg);

#endif
