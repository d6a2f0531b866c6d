/* SPDX-License-Identifier: ISC */
#include "lib/changes.h"

#include <stdio.h>
#include <string.h>

#define MORE ", ..."

struct list {
	char *buf;
	size_t size, len;
	bool full;
};

static void
add(struct list *list, const char *what, struct text name)
{
	const char *comma = list->len == 0 ? "" : ", ";
	const char *space = name.len == 0 ? "" : " ";
	const size_t room = list->size - list->len;
	int n;

	if (list->full)
		return;
	n = snprintf(list->buf + list->len, room, "%s%s%s%.*s", comma, what, space,
	    (int)name.len, name.data == NULL ? "" : name.data);
	if (n >= 0 && (size_t)n + sizeof(MORE) <= room) {
		list->len += (size_t)n;
		return;
	}
	list->full = true;
	(void)snprintf(list->buf + list->len, room, "%s", MORE);
}

/* --- credentials: a name keeps its index --- */

static bool
same_local(const struct snapshot *a, const struct snapshot_local *x,
    const struct snapshot *b, const struct snapshot_local *y)
{
	uint32_t i;

	if (x->count != y->count || x->has_key != y->has_key ||
	    memcmp(x->key_id, y->key_id, SHA256_SIZE) != 0)
		return false;
	for (i = 0; i < x->count; i++)
		if (memcmp(snapshot_sha256(a, x->first_cert + i),
			snapshot_sha256(b, y->first_cert + i), SHA256_SIZE) != 0)
			return false;
	return true;
}

static void
add_credentials(struct list *list, const struct snapshot *old,
    const struct snapshot *new)
{
	const struct snapshot_local *row, *before;
	uint32_t i;

	for (i = 0; i < new->header->locals.count && !list->full; i++) {
		row = &new->locals[i];
		before = snapshot_local(old, row->index);
		if (before == NULL || !same_local(old, before, new, row))
			add(list, "credential", snapshot_text(new, row->name));
	}
	for (i = 0; i < old->header->locals.count && !list->full; i++) {
		row = &old->locals[i];
		if (snapshot_local(new, row->index) == NULL)
			add(list, "without credential", snapshot_text(old, row->name));
	}
}

/* --- services --- */

static const struct snapshot_service *
service_named(const struct snapshot *s, struct text name)
{
	uint32_t i;

	for (i = 0; i < s->header->services.count; i++)
		if (text_equal(snapshot_text(s, s->services[i].name), name))
			return &s->services[i];
	return NULL;
}

/* Its settings; that its certificate changed is told with the credential. */
static void
add_services(struct list *list, const struct snapshot *old, const struct snapshot *new)
{
	const struct snapshot_service *before, *after;
	struct text name;
	uint32_t i;

	for (i = 0; i < new->header->services.count; i++) {
		after = &new->services[i];
		name = snapshot_text(new, after->name);
		before = service_named(old, name);
		if (before == NULL ? !after->configured
				   : before->enabled == after->enabled &&
			    text_equal(snapshot_text(old, before->credential),
				snapshot_text(new, after->credential)))
			continue;
		add(list, "service", name);
	}
}

const char *
changes_format(const struct snapshot *old, const struct snapshot *new, char *buf,
    size_t size)
{
	const struct text none = { NULL, 0 };
	struct list list = { buf, size, 0, false };

	buf[0] = '\0';
	add_credentials(&list, old, new);
	if (memcmp(old->header->trust_sha256, new->header->trust_sha256, SHA256_SIZE) !=
	    0)
		add(&list, "trust store", none);
	if (old->header->verify_mode != new->header->verify_mode)
		add(&list, "verification mode",
		    text_of(name_text(&verify_mode_names, new->header->verify_mode)));
	add_services(&list, old, new);
	if (!snapshot_same_monitoring(old, new))
		add(&list, "monitoring", none);
	return buf;
}
