/* SPDX-License-Identifier: ISC */
#include "lib/pem.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/cms.h"
#include "lib/names.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
#define LINE_OCTETS 48 /* RFC 7468 2: 64 characters a line */
#define GROUPS 256     /* of four characters, decoded at a time */

static bool
starts_with(struct text text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
skip(struct text *text, size_t n)
{
	text->data += n;
	text->len -= n;
}

/* Goes on by n octets, counting lines. */
static void
advance(struct pem_reader *reader, size_t n)
{
	const char *p = reader->rest.data, *end = p + n;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		reader->line++;
		p++;
	}
	skip(&reader->rest, n);
}

/* Octets before the next five dashes, or all. */
static size_t
until_dashes(struct text text)
{
	const char *p = NULL;

	if (text.len > 0)
		p = memmem(text.data, text.len, DASHES, strlen(DASHES));
	return p != NULL ? (size_t)(p - text.data) : text.len;
}

/* Whether only white space stands between the begin of the line and n. */
static bool
begins_line(struct text text, size_t n)
{
	while (n > 0 && is_space(text.data[n - 1])) {
		if (text.data[n - 1] == '\n')
			return true;
		n--;
	}
	return n == 0;
}

/* The begin of the next BEGIN or END line; false when there is none. */
static bool
find_boundary(struct pem_reader *reader)
{
	struct text *rest = &reader->rest, at;
	size_t from = 0, n;

	for (;;) {
		at = (struct text){ rest->data + from, rest->len - from };
		n = from + until_dashes(at);
		if (n == rest->len)
			return false;
		at = (struct text){ rest->data + n, rest->len - n };
		if ((starts_with(at, BEGIN) || starts_with(at, END)) &&
		    begins_line(*rest, n)) {
			advance(reader, n);
			return true;
		}
		from = n + 1; /* dashes may overlap: "------BEGIN" */
	}
}

/* What stands before the next five dashes, which are skipped too. */
static int
take_until_dashes(struct pem_reader *reader, struct text *ret)
{
	size_t n = until_dashes(reader->rest);

	if (n == reader->rest.len)
		return -1;
	*ret = (struct text){ reader->rest.data, n };
	advance(reader, n);
	return 0;
}

/* At the dashes that should begin the END line of a block. */
static int
take_end(struct pem_reader *reader, struct text label)
{
	struct text *rest = &reader->rest, found;

	if (!starts_with(*rest, END))
		return -1;
	skip(rest, strlen(END));
	if (take_until_dashes(reader, &found) == -1 || !text_equal(found, label))
		return -1;
	skip(rest, strlen(DASHES));
	return 0;
}

static int
damaged(struct err *err, uint32_t line, const char *text)
{
	err_set(err, ERR_BAD_ELEMENT, NULL, "damaged PEM block: %s", text);
	err->line = line;
	return -1;
}

int
pem_next(struct pem_reader *reader, struct pem_block *ret_block, struct err *err)
{
	struct pem_block block;

	if (!find_boundary(reader))
		return 0;
	block.line = reader->line;
	if (starts_with(reader->rest, END))
		return damaged(err, block.line, "END without BEGIN");
	skip(&reader->rest, strlen(BEGIN));
	if (take_until_dashes(reader, &block.label) == -1 ||
	    memchr(block.label.data, '\n', block.label.len) != NULL)
		return damaged(err, block.line, "BEGIN line is not complete");
	skip(&reader->rest, strlen(DASHES));
	if (take_until_dashes(reader, &block.body) == -1)
		return damaged(err, block.line, "END line is missing");
	if (take_end(reader, block.label) == -1)
		return damaged(err, block.line, "END line does not fit");
	*ret_block = block;
	return 1;
}

bool
pem_is(struct text text)
{
	struct pem_reader reader = { text, 1 };

	return find_boundary(&reader);
}

/* 1 for a character of the alphabet, 2 for "=", 0 for anything else. */
static int
base64_class(char c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/')
		return 1;
	return c == '=' ? 2 : 0;
}

/* RFC 4648 4, with white space: counts the octets it stands for. */
static int
base64_check(struct text text, size_t *ret_len, struct err *err)
{
	size_t digits = 0, pads = 0, i;
	int class;

	for (i = 0; i < text.len; i++) {
		if (is_space(text.data[i]))
			continue;
		class = base64_class(text.data[i]);
		if (class == 0 || (class == 1 && pads > 0))
			return err_set(err, ERR_BAD_ELEMENT, NULL,
			    "RFC 4648: not base64: wrong character");
		digits += class == 1;
		pads += class == 2;
	}
	if (pads > 2 || (digits + pads) % 4 != 0)
		return err_set(err, ERR_BAD_ELEMENT, NULL,
		    "RFC 4648: not base64: incomplete");
	*ret_len = (digits + pads) / 4 * 3 - pads;
	return 0;
}

/* Decodes what base64_check() has accepted; dst has that many octets. */
static void
base64_decode(uint8_t *dst, size_t len, struct text text)
{
	uint8_t in[GROUPS * 4], out[GROUPS * 3];
	size_t i = 0, n, done;

	while (len > 0) {
		for (n = 0; n < sizeof(in) && i < text.len; i++)
			if (!is_space(text.data[i]))
				in[n++] = (uint8_t)text.data[i];
		EVP_DecodeBlock(out, in, (int)n);
		done = n / 4 * 3 < len ? n / 4 * 3 : len; /* without the padding */
		memcpy(dst, out, done);
		dst += done;
		len -= done;
	}
	OPENSSL_cleanse(in, sizeof(in));
	OPENSSL_cleanse(out, sizeof(out));
}

int
base64_read(struct buf *buf, struct text text, struct err *err)
{
	size_t len;

	if (base64_check(text, &len, err) == -1)
		return -1;
	if (buf_reserve(buf, len) == -1)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	base64_decode(buf->data + buf->len, len, text);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

static int
base64_in_arena(struct arena *arena, struct text text, struct blob *ret,
    struct err *err)
{
	uint8_t *data;
	size_t len;

	if (base64_check(text, &len, err) == -1)
		return -1;
	if ((data = arena_alloc(arena, len)) == NULL)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	base64_decode(data, len, text);
	*ret = (struct blob){ data, len };
	return 0;
}

/* Says which certificate it was, and where. */
static int
blame(struct err *err, size_t number, uint32_t line)
{
	struct err cause = *err;

	if (cause.code == ERR_BAD_ELEMENT)
		cause.code = ERR_BAD_CERTIFICATE;
	err_set(err, cause.code, cause.where, "certificate %zu: %s", number,
	    cause.text);
	memcpy(err->element, cause.element, sizeof(err->element));
	err->line = cause.line != 0 ? cause.line : line;
	return -1;
}

/* RFC 7468 8 and 9. */
static bool
is_cms_label(struct text label)
{
	return text_is(label, "CMS") || text_is(label, "PKCS7");
}

static int
check_label(struct text label, struct err *err)
{
	static const char private_key[] = "PRIVATE KEY";
	size_t len = strlen(private_key);

	if (text_is(label, "CERTIFICATE") || text_is(label, "X509 CERTIFICATE") ||
	    is_cms_label(label))
		return 0;
	if (label.len >= len &&
	    memcmp(label.data + label.len - len, private_key, len) == 0)
		return err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "a private key where only certificates may be");
	return err_set(err, ERR_BAD_CERTIFICATE, NULL,
	    "a PEM block that is no certificate");
}

static int
found_block(struct arena *arena, const struct pem_block *block, size_t max,
    pem_found *found, void *context, struct err *err)
{
	struct blob der;

	if (check_label(block->label, err) == -1)
		return -1;
	if (base64_in_arena(arena, block->body, &der, err) == -1)
		return -1;
	if (is_cms_label(block->label))
		return cms_read(arena, der, max, block->line, found, context, err);
	return found(context, der, block->line, err);
}

static int
read_pem(struct arena *arena, struct text text, size_t max, pem_found *found,
    void *context, struct err *err)
{
	struct pem_reader reader = { text, 1 };
	struct pem_block block;
	size_t number;
	int rc;

	for (number = 1; (rc = pem_next(&reader, &block, err)) == 1; number++) {
		if (number > max) {
			err_set(err, ERR_TOO_LARGE, NULL, "more than %zu certificates",
			    max);
			err->line = block.line;
			return -1;
		}
		if (found_block(arena, &block, max, found, context, err) == -1)
			return blame(err, number, block.line);
	}
	return rc == 0 ? 0 : blame(err, number, 0);
}

/* Base64 of one certificate alone, or of a CMS message. */
static int
read_base64(struct arena *arena, struct text text, size_t max, pem_found *found,
    void *context, struct err *err)
{
	struct pem_reader start = { text, 1 };
	struct blob der;
	size_t n = 0;

	while (n < text.len && is_space(text.data[n]))
		n++;
	if (n == text.len)
		return err_set(err, ERR_BAD_CERTIFICATE, NULL, "no certificate");
	advance(&start, n);
	if (base64_in_arena(arena, text, &der, err) == -1) {
		err_set(err, ERR_BAD_CERTIFICATE, NULL,
		    "no certificate: neither PEM nor base64 of DER");
		return err_at(err, NULL, start.line);
	}
	if (cms_is(der)) {
		if (cms_read(arena, der, max, start.line, found, context, err) == -1)
			return err_at(err, NULL, start.line);
		return 0;
	}
	if (found(context, der, start.line, err) == -1)
		return blame(err, 1, start.line);
	return 0;
}

/* Blocks may hold several each: counts what is found. */
struct limit {
	pem_found *found;
	void *context;
	size_t max, count;
};

static int
found_within(void *context, struct blob der, uint32_t line, struct err *err)
{
	struct limit *limit = context;

	if (limit->count++ == limit->max)
		return err_set(err, ERR_TOO_LARGE, NULL, "more than %zu certificates",
		    limit->max);
	return limit->found(limit->context, der, line, err);
}

int
pem_read_certificates(struct arena *arena, struct text text, size_t max,
    pem_found *found, void *context, struct err *err)
{
	struct limit limit = { found, context, max, 0 };

	if (pem_is(text))
		return read_pem(arena, text, max, found_within, &limit, err);
	return read_base64(arena, text, max, found_within, &limit, err);
}

int
pem_write(struct buf *buf, const char *label, struct blob der)
{
	char line[LINE_OCTETS / 3 * 4 + 2];
	size_t lines = (der.len + LINE_OCTETS - 1) / LINE_OCTETS, i, n;
	int len;

	if (buf_reserve(buf, lines * sizeof(line) + 2 * (strlen(label) + 32)) == -1)
		return -1;
	buf_printf(buf, "-----BEGIN %s-----\n", label);
	for (i = 0; i < der.len; i += n) {
		n = der.len - i < LINE_OCTETS ? der.len - i : LINE_OCTETS;
		len = EVP_EncodeBlock((uint8_t *)line, der.data + i, (int)n);
		line[len] = '\n';
		buf_add(buf, line, (size_t)len + 1);
	}
	buf_printf(buf, "-----END %s-----\n", label);
	OPENSSL_cleanse(line, sizeof(line));
	return 0;
}

int
pem_write_certificate(struct buf *buf, struct blob der)
{
	return pem_write(buf, "CERTIFICATE", der);
}
