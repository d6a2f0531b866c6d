/* SPDX-License-Identifier: ISC */
/*
 * The container monitoring of a document, put on a configuration that has all else of
 * the document already.  What is as it is by default does not exist: it can be created
 * and cannot be deleted.
 */
#include "lib/document_parts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/monitoring.h"
#include "lib/order.h"

struct applying {
	struct config *config;
	uint32_t *order; /* anchors by name; NULL until one is looked for */
};

static struct document_edit
edit_of(const struct xml_node *node, const struct document_edit *parent)
{
	return (
	    struct document_edit){ node, schema_operation(node, parent->operation) };
}

/* --- single values --- */

static int
apply_setting(struct applying *a, enum setting setting,
    const struct document_edit *edit, struct err *err)
{
	struct settings *settings = &a->config->settings;
	uint32_t value = setting_rows[setting].standard;

	if (edit->operation == EDIT_NONE)
		return 0;
	if (document_check_existence(edit, setting_get(settings, setting) != value,
		err) == -1)
		return -1;
	if (document_edit_sets(edit) &&
	    setting_read(setting, xml_value(edit->node), &value, err) == -1)
		return document_at(err, edit->node);
	setting_put(settings, setting, value);
	return 0;
}

static int
apply_monitor(const struct document_edit *edit, bool *muted, struct err *err)
{
	if (edit->operation == EDIT_NONE)
		return 0;
	if (document_check_existence(edit, *muted, err) == -1)
		return -1;
	*muted = document_edit_sets(edit) && text_is(xml_value(edit->node), "false");
	return 0;
}

static int
apply_warn_days(const struct document_edit *edit, struct credential *credential,
    struct err *err)
{
	uint32_t days = 0;

	if (edit->operation == EDIT_NONE)
		return 0;
	if (document_check_existence(edit, credential->has_warn_days, err) == -1)
		return -1;
	if (document_edit_sets(edit) &&
	    setting_read(SETTING_WARN_DAYS, xml_value(edit->node), &days, err) == -1)
		return document_at(err, edit->node);
	credential->has_warn_days = document_edit_sets(edit);
	credential->warn_days = days;
	return 0;
}

/* --- entries of the lists --- */

/* There is nothing of that name: good enough for who wants nothing said of it. */
static int
without_object(const struct document_edit *edit, const char *text, struct err *err)
{
	if (edit->operation == EDIT_DELETE)
		return document_check_existence(edit, false, err);
	if (edit->operation == EDIT_REMOVE)
		return 0;
	return document_refuse(edit->node, ERR_DATA_MISSING, "name", text, err);
}

/* Whether what was said before is to go. */
static bool
starts_anew(const struct document_edit *edit)
{
	return edit->operation != EDIT_MERGE && edit->operation != EDIT_NONE;
}

static int
apply_certificate(struct applying *a, const struct document_edit *edit, struct err *err)
{
	const struct xml_node *name = xml_child(edit->node, CERTCONF_NS, "name");
	const struct xml_node *monitor = xml_child(edit->node, CERTCONF_NS, "monitor");
	const struct xml_node *days =
	    xml_child(edit->node, CERTCONF_NS, "warning-days");
	struct credential *credential = config_credential(a->config, xml_value(name));
	struct document_edit leaf;

	if (credential == NULL)
		return without_object(edit,
		    "there is no credential of this name whose certificate could be "
		    "monitored",
		    err);
	if (document_check_existence(edit, monitoring_of_credential(credential), err) ==
	    -1)
		return -1;
	if (starts_anew(edit))
		monitoring_forget(credential);
	if (document_edit_removes(edit))
		return 0;
	if (monitor != NULL) {
		leaf = edit_of(monitor, edit);
		if (apply_monitor(&leaf, &credential->muted, err) == -1)
			return -1;
	}
	if (days == NULL)
		return 0;
	leaf = edit_of(days, edit);
	return apply_warn_days(&leaf, credential, err);
}

static struct text
name_of(const void *context, uint32_t n)
{
	const struct config *config = context;

	return config->anchors[n].name;
}

static int
sort_anchors(struct applying *a, struct err *err)
{
	const struct config *config = a->config;

	if (a->order != NULL)
		return 0;
	a->order = calloc(config->nanchors + 1, sizeof(*a->order));
	if (a->order == NULL ||
	    order_by_text(a->order, (uint32_t)config->nanchors, name_of, config) == -1)
		return err_set(err, ERR_MEMORY, NULL,
		    "not enough memory for the trust store");
	return 0;
}

static struct anchor *
find_anchor(const struct applying *a, struct text name)
{
	size_t low = 0, high = a->config->nanchors;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct anchor *anchor = &a->config->anchors[a->order[middle]];
		int way = order_text(anchor->name, name);

		if (way == 0)
			return anchor;
		if (way < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int
apply_anchor(struct applying *a, const struct document_edit *edit, struct err *err)
{
	const struct xml_node *name = xml_child(edit->node, CERTCONF_NS, "name");
	const struct xml_node *monitor = xml_child(edit->node, CERTCONF_NS, "monitor");
	struct document_edit leaf;
	struct anchor *anchor;

	if (sort_anchors(a, err) == -1)
		return -1;
	if ((anchor = find_anchor(a, xml_value(name))) == NULL)
		return without_object(edit,
		    "there is no anchor of this name in the trust store", err);
	if (document_check_existence(edit, anchor->muted, err) == -1)
		return -1;
	if (starts_anew(edit))
		anchor->muted = false;
	if (document_edit_removes(edit) || monitor == NULL)
		return 0;
	leaf = edit_of(monitor, edit);
	return apply_monitor(&leaf, &anchor->muted, err);
}

/* --- the container --- */

static int
apply_child(struct applying *a, const struct document_edit *edit, struct err *err)
{
	if (strcmp(edit->node->name, "certificate") == 0)
		return apply_certificate(a, edit, err);
	if (strcmp(edit->node->name, "trust-anchor") == 0)
		return apply_anchor(a, edit, err);
	for (unsigned int i = 0; i < SETTING_MAX; i++)
		if (strcmp(edit->node->name, setting_rows[i].leaf) == 0)
			return apply_setting(a, i, edit, err);
	return 0; /* schema_check() has refused it */
}

int
document_apply_monitoring(const struct document *document, struct config *config,
    struct err *err)
{
	const struct document_edit *edit = &document->monitoring;
	struct applying a = { .config = config };
	const struct xml_node *child;
	int rc = 0;

	if (edit->node == NULL)
		return 0;
	/* a container without presence is always there for who only passes through */
	if (edit->operation != EDIT_NONE &&
	    document_check_existence(edit, !monitoring_is_default(config), err) == -1)
		return -1;
	if (starts_anew(edit))
		monitoring_reset(config);
	if (document_edit_removes(edit))
		return 0;
	for (child = edit->node->child; child != NULL && rc == 0; child = child->next) {
		struct document_edit inner = edit_of(child, edit);

		rc = apply_child(&a, &inner, err);
	}
	free(a.order);
	return rc;
}
