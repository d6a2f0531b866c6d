/* SPDX-License-Identifier: ISC */
/*
 * For tests/lint/test_yang.py.  Without arguments it prints the table of lib/schema.c,
 * a line for each node: its path, kind, type, and "config" and "mandatory" where they
 * hold.  With the name of a document it says whether that is of the model.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/schema.h"

static const char *const kinds[] = {
	[SCHEMA_CONTAINER] = "container",
	[SCHEMA_LIST] = "list",
	[SCHEMA_LEAF] = "leaf",
};

/* The names of the types in yang/certconf.yang. */
static const char *const types[] = {
	[TYPE_NONE] = "-",
	[TYPE_NAME] = "name",
	[TYPE_LABEL] = "label",
	[TYPE_TEXT] = "string",
	[TYPE_BOOLEAN] = "boolean",
	[TYPE_VERIFY_MODE] = "verification-mode",
	[TYPE_THRESHOLD_DAYS] = "threshold-days",
	[TYPE_PERCENTAGE] = "percentage",
	[TYPE_REPEAT_HOURS] = "repeat-hours",
	[TYPE_MINIMUM_INTERVAL] = "minimum-interval",
	[TYPE_NOTIFICATION_CLASSES] = "notification-classes",
	/* only of other models */
	[TYPE_EMPTY] = "empty",
	[TYPE_PUBLIC_KEY_FORMAT] = "identityref",
	[TYPE_PRIVATE_KEY_FORMAT] = "identityref",
};
_Static_assert(sizeof(types) / sizeof(types[0]) == SCHEMA_TYPE_MAX, "name every type");

static void
print_node(const char *parent, const struct schema_node *node)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", parent, node->name);
	(void)printf("%s %s %s%s%s\n", path, kinds[node->kind], types[node->type],
	    node->config ? " config" : "", node->mandatory ? " mandatory" : "");
	if (node->children == NULL)
		return;
	for (const struct schema_node *child = node->children; child->name != NULL;
	     child++)
		print_node(path, child);
}

static int
check(const char *path, struct err *err)
{
	char piece[4096];
	FILE *file = fopen(path, "re");
	struct xml_reader *reader = xml_reader_new();
	struct xml_node *root = NULL;
	size_t n;
	int rc = 0;

	if (file == NULL || reader == NULL)
		abort();
	while (rc == 0 && (n = fread(piece, 1, sizeof(piece), file)) > 0)
		rc = xml_reader_feed(reader, piece, n, err);
	if (rc == 0)
		rc = xml_reader_end(reader, &root, err);
	if (rc == 0)
		rc = schema_check(root, err);
	xml_free(root);
	xml_reader_free(reader);
	(void)fclose(file);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct err err;
	char text[600];

	if (argc < 2) {
		print_node("", &schema_certconf);
		return 0;
	}
	if (check(argv[1], &err) == 0)
		return 0;
	(void)fprintf(stderr, "%s\n", err_format(&err, text, sizeof(text)));
	return 3;
}
