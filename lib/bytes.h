/* SPDX-License-Identifier: ISC */
/*
 * Bytes that somebody else owns, an arena that owns many small ones, and a buffer that
 * grows.  Arena and buffer report ERR_MEMORY by returning NULL or -1.
 */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed; not terminated.  { NULL, 0 } is "not there". */
struct text {
	const char *data;
	size_t len;
};

struct blob {
	const uint8_t *data;
	size_t len;
};

#define SHA256_SIZE 32

/* Memory that is freed as a whole.  Zero-initialise; arena_clear() empties it. */
struct arena_block;
struct arena {
	struct arena_block *blocks;
};
/* Zeroed, and aligned for anything. */
void *arena_alloc(struct arena *, size_t size);
/* A copy of it, terminated by a NUL that len does not count; { NULL, 0 } without
 * memory. */
struct text arena_text(struct arena *, const char *data, size_t len);
void arena_clear(struct arena *);

/*
 * A buffer that grows.  Zero-initialise.  Once something was added a NUL follows that
 * len does not count.  What it leaves behind as it grows is overwritten, so that one
 * that holds a secret holds the only copy.
 */
struct buf {
	uint8_t *data;
	size_t len, size;
};
/* Makes room for that much more, so that adding it cannot fail. */
int buf_reserve(struct buf *, size_t more);
int buf_add(struct buf *, const void *data, size_t len);
int buf_add_text(struct buf *, const char *text);
int buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_clear(struct buf *);
/* As buf_clear(), and overwrites what was in it: for anything that held a secret. */
void buf_wipe(struct buf *);

struct text text_of(const char *terminated);
bool text_equal(struct text a, struct text b);
bool text_is(struct text a, const char *terminated);

/*
 * Octets of the character that text begins with, 1 to 4; 0 when it is not valid UTF-8
 * (overlong forms, surrogates and what is above U+10FFFF are not) or empty.
 */
size_t utf8_char(const char *data, size_t len);
/* The most octets of text, at most max, that end with a whole character. */
size_t utf8_cut(struct text text, size_t max);
/* Copies what fits, ending with a whole character and a NUL; size must not be 0. */
void text_copy(char *dst, size_t size, struct text text);

/* Lower-case hex; dst holds 2 * len + 1 octets.  Returns dst. */
char *hex_format(char *dst, const uint8_t *data, size_t len);

#endif
