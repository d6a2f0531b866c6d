/* SPDX-License-Identifier: ISC */
#include "lib/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT _Alignof(max_align_t)
#define BLOCK_MIN ((size_t)4 << 10)
#define BLOCK_MAX ((size_t)1 << 20)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) uint8_t data[];
};

/* Each block is twice the one before, so that few are needed for much. */
static struct arena_block *
block_new(struct arena *arena, size_t size)
{
	struct arena_block *block;
	size_t room = BLOCK_MIN;

	if (arena->blocks != NULL && arena->blocks->size < BLOCK_MAX / 2)
		room = arena->blocks->size * 2;
	else if (arena->blocks != NULL)
		room = BLOCK_MAX;
	if (room < size)
		room = size;
	if ((block = calloc(1, sizeof(*block) + room)) == NULL)
		return NULL;
	block->size = room;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *data;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size == 0)
		size = ALIGNMENT; /* so that no two have the same address */
	if (block == NULL || block->size - block->used < size)
		block = block_new(arena, size);
	if (block == NULL)
		return NULL;
	data = block->data + block->used;
	block->used += size;
	return data;
}

struct text
arena_text(struct arena *arena, const char *data, size_t len)
{
	struct text text = { NULL, 0 };
	char *copy;

	if (len == SIZE_MAX || (copy = arena_alloc(arena, len + 1)) == NULL)
		return text;
	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	text.data = copy;
	text.len = len;
	return text;
}

void
arena_clear(struct arena *arena)
{
	struct arena_block *block;

	while ((block = arena->blocks) != NULL) {
		arena->blocks = block->next;
		free(block);
	}
}

int
buf_reserve(struct buf *buf, size_t more)
{
	uint8_t *data;
	size_t size = buf->size < 64 ? 64 : buf->size;

	if (more >= SIZE_MAX / 4 - buf->len)
		return -1;
	if (buf->len + more < buf->size)
		return 0;
	while (size <= buf->len + more)
		size *= 2;
	/* Not realloc(): it would leave a copy of a secret in freed memory. */
	if ((data = malloc(size)) == NULL)
		return -1;
	if (buf->data != NULL) {
		memcpy(data, buf->data, buf->len);
		explicit_bzero(buf->data, buf->len);
		free(buf->data);
	}
	data[buf->len] = '\0';
	buf->data = data;
	buf->size = size;
	return 0;
}

int
buf_add(struct buf *buf, const void *data, size_t len)
{
	if (buf_reserve(buf, len) == -1)
		return -1;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int
buf_add_text(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

int
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || buf_reserve(buf, (size_t)n) == -1)
		return -1;
	va_start(ap, fmt);
	n = vsnprintf((char *)buf->data + buf->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	buf->len += (size_t)n;
	return 0;
}

void
buf_clear(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

void
buf_wipe(struct buf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->size);
	buf_clear(buf);
}

struct text
text_of(const char *terminated)
{
	struct text text = { terminated, 0 };

	if (terminated != NULL)
		text.len = strlen(terminated);
	return text;
}

bool
text_equal(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool
text_is(struct text a, const char *terminated)
{
	return text_equal(a, text_of(terminated));
}

/* RFC 3629 4: what may follow each first octet. */
static const struct {
	uint8_t first, last; /* of the first octet */
	uint8_t second_min, second_max;
	uint8_t len;
} utf8_forms[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t
utf8_char(const char *data, size_t len)
{
	const uint8_t *p = (const uint8_t *)data;
	size_t i, k, n;

	if (len == 0)
		return 0;
	for (i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++) {
		if (p[0] < utf8_forms[i].first || p[0] > utf8_forms[i].last)
			continue;
		n = utf8_forms[i].len;
		if (n == 1)
			return 1;
		if (n > len || p[1] < utf8_forms[i].second_min ||
		    p[1] > utf8_forms[i].second_max)
			return 0;
		for (k = 2; k < n; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return n;
	}
	return 0;
}

size_t
utf8_cut(struct text text, size_t max)
{
	size_t n = text.len;

	if (n <= max)
		return n;
	n = max;
	while (n > 0 && ((uint8_t)text.data[n] & 0xc0) == 0x80)
		n--;
	return n;
}

void
text_copy(char *dst, size_t size, struct text text)
{
	size_t len = utf8_cut(text, size - 1);

	if (len > 0)
		memcpy(dst, text.data, len);
	dst[len] = '\0';
}

char *
hex_format(char *dst, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		dst[2 * i] = digits[data[i] >> 4];
		dst[2 * i + 1] = digits[data[i] & 15];
	}
	dst[2 * len] = '\0';
	return dst;
}
