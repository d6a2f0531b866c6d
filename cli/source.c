/* SPDX-License-Identifier: ISC */
#include "cli/source.h"

#include <string.h>

#include "cli/input.h"
#include "lib/key.h"
#include "lib/limits.h"
#include "lib/schema.h"

int
source_read(const char *path, struct source *ret, struct err *err)
{
	struct source s = { .root = NULL };

	if (input_read(path, LIMIT_DOCUMENT, &s.octets, err) == -1)
		return -1;
	if (s.octets.data == NULL && buf_reserve(&s.octets, 1) == -1)
		return err_set(err, ERR_MEMORY, path, "out of memory");
	if (xml_read(s.octets.data, s.octets.len, &s.root, &s.problem) == -1 &&
	    s.problem.code == ERR_MEMORY) {
		*err = s.problem;
		source_clear(&s);
		return -1;
	}
	*ret = s;
	return 0;
}

void
source_clear(struct source *s)
{
	xml_free(s->root);
	buf_wipe(&s->octets);
	*s = (struct source){ .root = NULL };
}

/* Its first octets tell: "<" is neither in PEM before its first block nor in DER. */
static bool
is_pem_or_der(const struct buf *octets)
{
	static const char begin[] = "-----BEGIN ";
	const uint8_t *p = octets->data;
	const uint8_t *pem = memmem(p, octets->len, begin, strlen(begin));

	if (pem != NULL)
		return memchr(p, '<', (size_t)(pem - p)) == NULL;
	return octets->len > 1 && p[0] == 0x30 && p[1] >= 0x80; /* a SEQUENCE */
}

void
source_hint(const struct source *s, struct err *err)
{
	uint32_t line = err->line;

	if (s->root != NULL || !is_pem_or_der(&s->octets))
		return;
	err_set(err, err->code, err->where,
	    "this is no XML document; for PEM or DER files: "
	    "certconf import --cert FILE --key FILE");
	err->line = line;
}

static const struct xml_node *
next_node(const struct xml_node *n)
{
	if (n->child != NULL)
		return n->child;
	while (n != NULL && n->next == NULL)
		n = n->parent;
	return n == NULL ? NULL : n->next;
}

bool
source_needs_password(const struct source *s)
{
	const struct xml_node *n;

	for (n = s->root; n != NULL; n = next_node(n)) {
		if (strcmp(n->name, "private-key") == 0 &&
		    strcmp(n->ns, CERTCONF_NS) == 0 &&
		    xml_child(n->parent, CERTCONF_NS, "private-key-password") == NULL &&
		    key_is_encrypted(xml_text(n)))
			return true;
	}
	return false;
}

bool
source_is_stdin(const char *path)
{
	return path != NULL && strcmp(path, INPUT_STDIN) == 0;
}

int
source_password(const struct cli *cli, enum option_id option, bool needed,
    struct buf *ret_password, struct err *err)
{
	if (cli_has(cli, option))
		return input_password(cli->option[option], ret_password, err);
	if (needed && input_can_ask())
		return input_ask("Password of the private key: ", ret_password, err);
	return 0;
}
