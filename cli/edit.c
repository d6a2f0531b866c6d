/* SPDX-License-Identifier: ISC */
#include "cli/edit.h"

#include <string.h>

#include "lib/names.h"
#include "lib/schema.h"

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, NULL, "out of memory");
}

struct escape {
	char octet;
	const char *markup;
};

static const struct escape escapes[] = {
	{ '&', "&amp;" },
	{ '<', "&lt;" },
	{ '>', "&gt;" },
	{ '\t', "&#9;" },
	{ '\n', "&#10;" },
	{ '\r', "&#13;" },
};

static const char *
escape_of(char octet)
{
	size_t i;

	for (i = 0; i < nitems(escapes); i++) {
		if (escapes[i].octet == octet)
			return escapes[i].markup;
	}
	return NULL;
}

int
markup_value(struct buf *buf, const char *leaf, const char *value, struct err *err)
{
	size_t left = strlen(value), n;
	const char *markup;
	int rc;

	for (; left > 0; value += n, left -= n) {
		n = utf8_char(value, left);
		markup = escape_of(*value);
		if (n == 0)
			return err_set(err, ERR_BAD_ELEMENT, leaf,
			    "the value holds octets that are not UTF-8");
		if (markup == NULL && (unsigned char)*value < 0x20)
			return err_set(err, ERR_BAD_ELEMENT, leaf,
			    "the value holds a control character");
		rc =
		    markup != NULL ? buf_add_text(buf, markup) : buf_add(buf, value, n);
		if (rc == -1)
			return no_memory(err);
	}
	return 0;
}

/* Octets of a text that stand for themselves in XML. */
static size_t
plain_length(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)p[i] >= 0x7f || strchr("&<>\r", p[i]) != NULL ||
		    ((unsigned char)p[i] < 0x20 && p[i] != '\n' && p[i] != '\t'))
			break;
	}
	return i;
}

int
markup_pem(struct buf *buf, struct text pem, struct err *err)
{
	const char *p = pem.data, *markup;
	size_t left = pem.len, n;

	while (left > 0) {
		n = plain_length(p, left);
		if (buf_add(buf, p, n) == -1)
			return no_memory(err);
		p += n;
		left -= n;
		if (left == 0)
			break;
		markup = escape_of(*p);
		if (buf_add_text(buf, markup != NULL ? markup : "?") == -1)
			return no_memory(err);
		p++;
		left--;
	}
	return 0;
}

int
edit_leaf(struct buf *buf, const struct edit_leaf *leaf, struct err *err)
{
	if (leaf->value == NULL)
		return 0;
	if (buf_printf(buf, "<%s xmlns=\"%s\">", leaf->name, leaf->ns) == -1)
		return no_memory(err);
	if (markup_value(buf, leaf->name, leaf->value, err) == -1)
		return -1;
	return buf_printf(buf, "</%s>", leaf->name) == -1 ? no_memory(err) : 0;
}

int
edit_open(struct buf *buf, const struct edit *edit, const struct embedding *e,
    struct err *err)
{
	const struct edit_leaf leaves[] = {
		{ NETCONF_NS, "default-operation", edit->default_operation },
		{ CERTCONF_NETCONF_NS, "private-key-password", edit->password },
		{ CERTCONF_NETCONF_NS, "comment", edit->comment },
		{ CERTCONF_NETCONF_NS, "from", edit->from },
	};
	const struct terms_ns ns = { CERTCONF_NETCONF_NS, CERTCONF_NETCONF_NS };
	size_t i;
	int rc;

	rc = buf_printf(buf, "<edit-config><target><%s/></target>",
	    edit->running ? "running" : "candidate");
	if (rc == 0 && edit->allow_expired)
		rc = buf_add_text(buf,
		    "<allow-expired xmlns=\"" CERTCONF_NETCONF_NS "\"/>");
	if (rc == -1)
		return no_memory(err);
	for (i = 0; i < nitems(leaves); i++) {
		if (edit_leaf(buf, &leaves[i], err) == -1)
			return -1;
	}
	if (edit->running && terms_write(buf, &edit->terms, &ns, err) == -1)
		return -1;

	rc = buf_add_text(buf,
	    "<certconf-nc:config xmlns:certconf-nc=\"" NETCONF_NS "\"");
	if (rc == 0 && e != NULL)
		rc = buf_add(buf, e->attributes.data, e->attributes.len);
	if (rc == 0)
		rc = buf_add(buf, ">", 1);
	for (i = 0; e != NULL && rc == 0 && i < e->lines; i++)
		rc = buf_add(buf, "\n", 1);
	return rc == -1 ? no_memory(err) : 0;
}
