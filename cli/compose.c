/* SPDX-License-Identifier: ISC */
#include "cli/compose.h"

#include <string.h>

#include <openssl/evp.h>

#include "cli/edit.h"
#include "cli/input.h"
#include "lib/key.h"
#include "lib/limits.h"
#include "lib/schema.h"

#define BASE64_LINE 48 /* octets that make a line of 64 characters */

struct kind {
	const char *leaf;
	size_t limit;
};

static const struct kind certificate = { "certificate",
	LIMIT_CHAIN *LIMIT_CERTIFICATE * 2 };
static const struct kind private_key = { "private-key", LIMIT_KEY };
static const struct kind trust_store = { "certificates", LIMIT_DOCUMENT };

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, NULL, "out of memory");
}

static bool
is_pem(const struct buf *octets)
{
	static const char begin[] = "-----BEGIN ";

	return memmem(octets->data, octets->len, begin, strlen(begin)) != NULL;
}

static int
add_base64(struct buf *buf, const struct buf *octets)
{
	uint8_t line[BASE64_LINE / 3 * 4 + 2];
	size_t done, n;
	int len;

	for (done = 0; done < octets->len; done += n) {
		n = octets->len - done < BASE64_LINE ? octets->len - done : BASE64_LINE;
		len = EVP_EncodeBlock(line, octets->data + done, (int)n);
		line[len++] = '\n';
		if (buf_add(buf, line, (size_t)len) == -1)
			return -1;
	}
	explicit_bzero(line, sizeof(line));
	return 0;
}

static uint32_t
line_of(const struct buf *buf)
{
	uint32_t line = 1;
	size_t i;

	for (i = 0; i < buf->len; i++)
		line += buf->data[i] == '\n';
	return line;
}

static int
add_octets(struct buf *buf, const struct buf *octets, struct compose_part *part,
    struct err *err)
{
	const struct text text = { (const char *)octets->data, octets->len };

	if (!is_pem(octets))
		return add_base64(buf, octets) == -1 ? no_memory(err) : 0;
	part->first = line_of(buf);
	if (markup_pem(buf, text, err) == -1)
		return -1;
	part->last = line_of(buf);
	return 0;
}

/* Whether the key in the file needs a password; DER is looked at as the agent will. */
static bool
is_encrypted(const struct buf *octets)
{
	struct buf base64 = { 0 };
	struct text text = { (const char *)octets->data, octets->len };
	bool encrypted = false;

	if (is_pem(octets))
		return key_is_encrypted(text);
	if (add_base64(&base64, octets) == 0) {
		text = (struct text){ (const char *)base64.data, base64.len };
		encrypted = key_is_encrypted(text);
	}
	buf_wipe(&base64);
	return encrypted;
}

static int
add_file(struct buf *buf, const struct kind *kind, const char *path,
    struct composition *c, struct err *err)
{
	struct compose_part *part = &c->parts[c->count];
	struct buf octets = { 0 };
	int rc = -1;

	if (path == NULL)
		return 0;
	if (input_read(path, kind->limit, &octets, err) == -1)
		return -1;
	if (octets.len == 0) {
		err_set(err, ERR_IO, path, "the file is empty");
		goto out;
	}
	*part = (struct compose_part){ .file = path, .leaf = kind->leaf };
	if (buf_printf(buf, "<%s>", kind->leaf) == -1 ||
	    add_octets(buf, &octets, part, err) == -1 ||
	    buf_printf(buf, "</%s>", kind->leaf) == -1) {
		rc = no_memory(err);
		goto out;
	}
	if (kind == &private_key)
		c->encrypted = is_encrypted(&octets);
	c->count++;
	rc = 0;
out:
	buf_wipe(&octets);
	return rc;
}

static int
add_credential(struct buf *buf, const struct compose_files *files,
    struct composition *c, struct err *err)
{
	if (files->cert == NULL && files->key == NULL)
		return 0;
	if (buf_add_text(buf, "<credential><name>") == -1)
		return no_memory(err);
	if (markup_value(buf, "name", files->name, err) == -1)
		return -1;
	if (buf_add_text(buf, "</name>") == -1)
		return no_memory(err);
	if (add_file(buf, &certificate, files->cert, c, err) == -1 ||
	    add_file(buf, &private_key, files->key, c, err) == -1)
		return -1;
	return buf_add_text(buf, "</credential>") == -1 ? no_memory(err) : 0;
}

static int
add_trust_store(struct buf *buf, const char *path, struct composition *c,
    struct err *err)
{
	if (path == NULL)
		return 0;
	if (buf_add_text(buf, "<trust-store>") == -1)
		return no_memory(err);
	if (add_file(buf, &trust_store, path, c, err) == -1)
		return -1;
	return buf_add_text(buf, "</trust-store>") == -1 ? no_memory(err) : 0;
}

int
compose(struct buf *buf, const struct compose_files *files, struct composition *ret,
    struct err *err)
{
	*ret = (struct composition){ .count = 0 };
	if (buf_add_text(buf, "<certconf xmlns=\"" CERTCONF_NS "\">") == -1)
		return no_memory(err);
	if (add_credential(buf, files, ret, err) == -1 ||
	    add_trust_store(buf, files->trust_store, ret, err) == -1)
		return -1;
	if (files->mode != NULL &&
	    buf_printf(buf, "<verification-mode>%s</verification-mode>", files->mode) ==
		-1)
		return no_memory(err);
	return buf_add_text(buf, "</certconf>") == -1 ? no_memory(err) : 0;
}

/* The node a path is about, without its list key. */
static bool
is_about(const char *path, const char *leaf)
{
	const char *last = strrchr(path, '/');
	size_t len = strlen(leaf);

	return last != NULL && strncmp(last + 1, leaf, len) == 0 &&
	    (last[len + 1] == '\0' || last[len + 1] == '[');
}

const char *
compose_blame(const struct composition *c, struct err *err)
{
	const struct compose_part *part;
	uint32_t line = err->line;
	size_t i;

	err->line = 0;
	for (i = 0; i < c->count; i++) {
		part = &c->parts[i];
		if (!is_about(err->where, part->leaf))
			continue;
		if (part->first != 0 && line >= part->first && line <= part->last)
			err->line = line - part->first + 1;
		return part->file;
	}
	return NULL;
}
