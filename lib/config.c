/* SPDX-License-Identifier: ISC */
/* A configuration as sorted lists of what it names. */
#include "lib/config.h"

#include <stdio.h>
#include <string.h>

#include "lib/order.h"

/* Rows that begin with their name, sorted by it. */
struct list {
	void *rows;
	size_t count, room, row_size;
};

static struct text *
list_name(const struct list *list, size_t n)
{
	return (struct text *)(void *)((uint8_t *)list->rows + n * list->row_size);
}

/* Where the row of this name is or belongs. */
static size_t
list_place(const struct list *list, struct text name, bool *ret_found)
{
	size_t low = 0, high = list->count;

	*ret_found = false;
	/* most lists arrive in order: then the new name belongs after the last */
	if (high > 0 && order_text(*list_name(list, high - 1), name) < 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = order_text(*list_name(list, middle), name);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void *
list_find(const struct list *list, struct text name)
{
	bool found;
	size_t place = list_place(list, name, &found);

	return found ? list_name(list, place) : NULL;
}

static int
list_grow(struct arena *arena, struct list *list)
{
	size_t room = list->room == 0 ? 8 : list->room * 2;
	void *rows;

	if (list->count < list->room)
		return 0;
	if ((rows = arena_alloc(arena, room * list->row_size)) == NULL)
		return -1;
	if (list->count > 0)
		memcpy(rows, list->rows, list->count * list->row_size);
	list->rows = rows;
	list->room = room;
	return 0;
}

/* The row of this name; a new one is all zeros but for a copy of the name. */
static void *
list_add(struct arena *arena, struct list *list, struct text name, bool *ret_new)
{
	bool found;
	size_t place = list_place(list, name, &found);
	struct text copy;
	uint8_t *row;

	*ret_new = !found;
	if (found)
		return list_name(list, place);
	copy = arena_text(arena, name.data, name.len);
	if (copy.data == NULL || list_grow(arena, list) == -1)
		return NULL;

	row = (uint8_t *)list->rows + place * list->row_size;
	memmove(row + list->row_size, row, (list->count - place) * list->row_size);
	memset(row, 0, list->row_size);
	list->count++;
	*list_name(list, place) = copy;
	return row;
}

static void
list_remove(struct list *list, struct text name)
{
	bool found;
	size_t place = list_place(list, name, &found);
	uint8_t *row;

	if (!found)
		return;
	row = (uint8_t *)list->rows + place * list->row_size;
	list->count--;
	memmove(row, row + list->row_size, (list->count - place) * list->row_size);
}

static struct list
credentials(const struct config *config)
{
	return (struct list){ config->credentials, config->ncredentials,
		config->credentials_room, sizeof(struct credential) };
}

static struct list
former(const struct config *config)
{
	return (struct list){ config->former, config->nformer, config->former_room,
		sizeof(struct credential) };
}

static struct list
services(const struct config *config)
{
	return (struct list){ config->services, config->nservices,
		config->services_room, sizeof(struct service_setting) };
}

void
config_clear(struct config *config)
{
	arena_clear(&config->arena);
	memset(config, 0, sizeof(*config));
}

bool
credential_is_factory(const struct credential *credential)
{
	return text_is(credential->name, CREDENTIAL_FACTORY);
}

struct credential *
config_credential(const struct config *config, struct text name)
{
	struct list list = credentials(config);

	return list_find(&list, name);
}

const struct credential *
config_former(const struct config *config, struct text name)
{
	struct list list = former(config);

	return list_find(&list, name);
}

/* What stays the same when a credential comes back under its name. */
static void
inherit(struct credential *credential, const struct credential *before)
{
	if (before == NULL)
		return;
	credential->index = before->index;
	credential->installed = before->installed;
	credential->verdict = before->verdict;
	credential->judged = before->judged;
	credential->njudged = before->njudged;
}

struct credential *
config_add_credential(struct config *config, struct text name)
{
	struct list list = credentials(config);
	bool is_new;
	struct credential *row = list_add(&config->arena, &list, name, &is_new);

	config->credentials = list.rows;
	config->ncredentials = list.count;
	config->credentials_room = list.room;
	if (row != NULL && is_new)
		inherit(row, config_former(config, name));
	return row;
}

/* Without memory it is forgotten: then its index would be a new one, which harms
 * nobody. */
static void
remember(struct config *config, const struct credential *credential)
{
	struct list list = former(config);
	bool is_new;
	struct credential *row =
	    list_add(&config->arena, &list, credential->name, &is_new);

	config->former = list.rows;
	config->nformer = list.count;
	config->former_room = list.room;
	if (row != NULL && is_new) {
		struct text name = row->name;

		*row = *credential;
		row->name = name;
	}
}

void
config_remove_credential(struct config *config, struct text name)
{
	struct list list = credentials(config);
	const struct credential *row = list_find(&list, name);

	if (row == NULL)
		return;
	remember(config, row);
	list_remove(&list, name);
	config->ncredentials = list.count;
}

void
config_remove_credentials(struct config *config)
{
	size_t kept = 0;

	for (size_t i = 0; i < config->ncredentials; i++) {
		struct credential *row = &config->credentials[i];

		if (credential_is_factory(row))
			config->credentials[kept++] = *row;
		else
			remember(config, row);
	}
	config->ncredentials = kept;
}

struct service_setting *
config_service(const struct config *config, struct text name)
{
	struct list list = services(config);

	return list_find(&list, name);
}

struct service_setting *
config_add_service(struct config *config, struct text name)
{
	struct list list = services(config);
	bool is_new;
	struct service_setting *row = list_add(&config->arena, &list, name, &is_new);

	config->services = list.rows;
	config->nservices = list.count;
	config->services_room = list.room;
	return row;
}

void
config_remove_service(struct config *config, struct text name)
{
	struct list list = services(config);

	list_remove(&list, name);
	config->nservices = list.count;
}

void
config_remove_services(struct config *config)
{
	config->nservices = 0;
}

const struct credential *
config_effective(const struct config *config, struct text name)
{
	const struct credential *credential = config_credential(config, name);

	if (credential == NULL && text_is(name, CREDENTIAL_LOCAL))
		credential = config_credential(config, text_of(CREDENTIAL_FACTORY));
	return credential;
}

struct text
config_asked_by(const struct config *config, const struct service_facts *facts)
{
	const struct service_setting *setting =
	    config_service(config, text_of(facts->name));

	if (setting != NULL && setting->credential.len > 0)
		return setting->credential;
	return text_of(
	    facts->credential[0] != '\0' ? facts->credential : CREDENTIAL_LOCAL);
}

const struct credential *
config_used_by(const struct config *config, const struct service_facts *facts)
{
	return config_effective(config, config_asked_by(config, facts));
}

const char *
config_path(const char *list, struct text name, const char *below,
    char buf[CONFIG_PATH_MAX])
{
	(void)snprintf(buf, CONFIG_PATH_MAX, "/certconf/%s[name='%.*s']%s", list,
	    (int)name.len, name.data, below);
	return buf;
}
