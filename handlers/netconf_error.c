/* SPDX-License-Identifier: ISC */
#include "handlers/netconf_error.h"

#include <stdio.h>
#include <string.h>

#include "lib/schema.h"

/*
 * The last step of a path, without its predicate: "private-key" of ".../private-key".
 */
static struct text
last_step(const char *path)
{
	const char *from = path, *p;
	bool quoted = false;

	for (p = path; *p != '\0'; p++) {
		quoted ^= *p == '\'';
		if (*p == '/' && !quoted)
			from = p + 1;
	}
	return (struct text){ from, strcspn(from, "[") };
}

static bool
is_path(const char *where)
{
	return where[0] == '/';
}

/* The first element of that name which is neither of NETCONF's nor of our namespace. */
static const struct xml_node *
foreign_element(const struct xml_node *node, const char *name)
{
	const struct xml_node *child, *found = NULL;

	if (strcmp(node->name, name) == 0 && strcmp(node->ns, NETCONF_NS) != 0 &&
	    strcmp(node->ns, CERTCONF_NS) != 0)
		return node;
	for (child = node->child; child != NULL && found == NULL; child = child->next)
		found = foreign_element(child, name);
	return found;
}

static void
write_bad_element(struct xml_out *out, const struct netconf_error *e)
{
	if (e->err->element[0] != '\0')
		xml_out_string(out, "bad-element", e->err->element);
	else if (is_path(e->err->where))
		xml_out_text(out, "bad-element", last_step(e->err->where));
}

/* The path is that of the element; only the attribute has a name of its own. */
static void
write_bad_attribute(struct xml_out *out, const struct netconf_error *e)
{
	xml_out_string(out, "bad-attribute", e->err->element);
	if (is_path(e->err->where))
		xml_out_text(out, "bad-element", last_step(e->err->where));
}

static void
write_bad_namespace(struct xml_out *out, const struct netconf_error *e)
{
	const struct xml_node *node = NULL;

	write_bad_element(out, e);
	if (e->request != NULL)
		node = foreign_element(e->request, e->err->element);
	if (node != NULL)
		xml_out_string(out, "bad-namespace", node->ns);
}

static void
write_lock_holder(struct xml_out *out, const struct netconf_error *e)
{
	xml_out_number(out, "session-id",
	    e->reply != NULL ? e->reply->lock_session : 0);
}

/* What RFC 6241 appendix A wants in <error-info>. */
static const struct {
	enum err_code code;
	void (*write)(struct xml_out *, const struct netconf_error *);
} infos[] = {
	{ ERR_LOCKED, write_lock_holder },
	{ ERR_UNKNOWN_ELEMENT, write_bad_element },
	{ ERR_MISSING_ELEMENT, write_bad_element },
	{ ERR_BAD_ELEMENT, write_bad_element },
	{ ERR_UNKNOWN_NAMESPACE, write_bad_namespace },
	{ ERR_UNKNOWN_ATTRIBUTE, write_bad_attribute },
	{ ERR_MISSING_ATTRIBUTE, write_bad_attribute },
	{ ERR_BAD_ATTRIBUTE, write_bad_attribute },
};

static void
write_own(struct xml_out *out, const char *name, const char *value)
{
	xml_out_open_ns(out, name, CERTCONF_NS);
	xml_out_content(out, text_of(value));
	xml_out_close(out);
}

static void
write_info(struct xml_out *out, const struct netconf_error *e)
{
	bool rolled_back = e->reply != NULL && e->reply->rolled_back != 0;
	char line[16];
	size_t i;

	for (i = 0; i < nitems(infos); i++)
		if (infos[i].code == e->err->code)
			break;
	if (i == nitems(infos) && e->err->line == 0 && !rolled_back)
		return;
	xml_out_open(out, "error-info");
	if (i < nitems(infos))
		infos[i].write(out, e);
	if (e->err->line != 0) {
		snprintf(line, sizeof(line), "%u", e->err->line);
		write_own(out, "line", line);
	}
	if (rolled_back)
		write_own(out, "rolled-back", "true");
	xml_out_close(out);
}

/* Of the message, of the operation, or of what the operation is about. */
static const char *
error_type(const struct err *err)
{
	if (strcmp(err->where, "/rpc") == 0)
		return "rpc";
	if (strncmp(err->where, "/rpc/", 5) == 0)
		return "protocol";
	return err_kind(err->code)->netconf_type;
}

static const char *
error_tag(const struct netconf_error *e)
{
	if (e->tag != NULL)
		return e->tag;
	if (e->err->code == ERR_XML_SYNTAX && e->old_client)
		return "operation-failed";
	return err_kind(e->err->code)->netconf_tag;
}

static void
write_message(struct xml_out *out, const struct err *err)
{
	char message[sizeof(err->where) + sizeof(err->text) + 4];

	if (err->where[0] != '\0' && !is_path(err->where))
		snprintf(message, sizeof(message), "%s: %s", err->where, err->text);
	else
		snprintf(message, sizeof(message), "%s", err->text);
	xml_out_open(out, "error-message");
	xml_out_attribute(out, "xml:lang", "en");
	xml_out_content(out, text_of(message));
	xml_out_close(out);
}

void
netconf_error_write(struct xml_out *out, const struct netconf_error *e)
{
	xml_out_open(out, "rpc-error");
	xml_out_string(out, "error-type", error_type(e->err));
	xml_out_string(out, "error-tag", error_tag(e));
	xml_out_string(out, "error-severity", "error");
	xml_out_string(out, "error-app-tag", err_kind(e->err->code)->text);
	if (is_path(e->err->where))
		xml_out_string(out, "error-path", e->err->where);
	write_message(out, e->err);
	write_info(out, e);
	xml_out_close(out);
}
