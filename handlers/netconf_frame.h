/* SPDX-License-Identifier: ISC */
/*
 * NETCONF messages on a stream socket: RFC 6242 end-of-message framing until both sides
 * have said base:1.1, chunked framing after that.
 *
 * What arrives is passed on piece by piece, so memory is bounded by what was received,
 * never by a size somebody claims.
 */
#ifndef HANDLERS_NETCONF_FRAME_H
#define HANDLERS_NETCONF_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define FRAME_CHUNK 16384
#define FRAME_HEADER 16        /* room for "\n#16384\n" before a chunk */
#define FRAME_WRITE_SECONDS 60 /* a client that does not read is given up */

struct frame {
	int fd;
	bool chunked;
	bool begun;  /* part of a message has been read */
	bool failed; /* the client cannot be written to any more */
	unsigned int state;
	uint64_t left;  /* of the chunk; or its size, while that is read */
	size_t at, end; /* what is unread in in[] */
	size_t out_len;
	uint8_t in[FRAME_CHUNK];
	uint8_t out[FRAME_HEADER + FRAME_CHUNK + FRAME_HEADER];
};

/* Takes a piece of a message; -1 with err set ends the reading. */
typedef int frame_sink(void *context, const void *data, size_t len, struct err *);

/* The socket stays the caller's; it may be blocking. */
void frame_init(struct frame *, int fd);

/* From here on, both ways, messages come in chunks. */
void frame_chunked(struct frame *);

enum frame_result {
	FRAME_MORE,    /* all that has arrived is read; poll for more */
	FRAME_MESSAGE, /* a message is complete; there may be another behind it */
	FRAME_END      /* the client closed, between two messages */
};

/*
 * Reads what is there, without waiting, up to the end of one message.  -1 for a framing
 * error, for a connection that ended within a message, and when the sink refuses: after
 * each of them nothing more can be read.
 */
int frame_read(struct frame *, frame_sink *, void *context,
    enum frame_result *ret_result, struct err *);

/*
 * Writes part of a message, and ends a message.  -1 when the client is gone or does not
 * read; frame.failed then stays set, and the rest of the message need not be written.
 */
int frame_write(struct frame *, const void *data, size_t len);
int frame_write_end(struct frame *);

/*
 * Says that nothing more comes and reads on without looking until the client closes, so
 * that one in the middle of a large document comes to read why it was refused.  Ends
 * when nothing has arrived for idle_ms.
 */
void frame_linger(struct frame *, int idle_ms);

#endif
