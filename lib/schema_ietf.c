/* SPDX-License-Identifier: ISC */
/*
 * What certconf supports of ietf-keystore (RFC 9642) and ietf-truststore (RFC 9641).
 * The rest of them is here too, so that it is refused by name.
 */
#include "lib/schema.h"

#include <string.h>

#include "lib/names.h"

#define LEAF(leaf, value)                                                              \
	{                                                                              \
		leaf, SCHEMA_LEAF, value, .config = true                               \
	}
#define REFUSED(node, why)                                                             \
	{                                                                              \
		.name = node, .kind = SCHEMA_CONTAINER, .config = true, .refusal = why \
	}

static const struct schema_node certificate[] = {
	{ "name", SCHEMA_LEAF, TYPE_LABEL, .config = true, .mandatory = true },
	{ "cert-data", SCHEMA_LEAF, TYPE_TEXT, .config = true, .mandatory = true },
	{ .name = NULL },
};

static const struct schema_node certificates[] = {
	{ "certificate", SCHEMA_LIST, .config = true, .children = certificate },
	{ .name = NULL },
};

static const struct schema_node asymmetric_key[] = {
	{ "name", SCHEMA_LEAF, TYPE_NAME, .config = true, .mandatory = true },
	LEAF("public-key-format", TYPE_PUBLIC_KEY_FORMAT),
	LEAF("public-key", TYPE_TEXT),
	LEAF("private-key-format", TYPE_PRIVATE_KEY_FORMAT),
	LEAF("cleartext-private-key", TYPE_TEXT),
	LEAF("hidden-private-key", TYPE_EMPTY),
	REFUSED("encrypted-private-key",
	    "encrypted-private-key is not supported: give cleartext-private-key, or an "
	    "encrypted key as private-key of a credential"),
	{ "certificates", SCHEMA_CONTAINER, .config = true, .children = certificates },
	{ .name = NULL },
};

static const struct schema_node asymmetric_keys[] = {
	{ "asymmetric-key", SCHEMA_LIST, .config = true, .operation = true,
	    .children = asymmetric_key },
	{ .name = NULL },
};

static const struct schema_node keystore[] = {
	{ "asymmetric-keys", SCHEMA_CONTAINER, .config = true,
	    .children = asymmetric_keys },
	REFUSED("symmetric-keys", "symmetric keys are not supported: leave them out"),
	{ .name = NULL },
};

const struct schema_node schema_keystore = {
	"keystore",
	SCHEMA_CONTAINER,
	.config = true,
	.children = keystore,
};

static const struct schema_node bag[] = {
	{ "name", SCHEMA_LEAF, TYPE_LABEL, .config = true, .mandatory = true },
	LEAF("description", TYPE_TEXT),
	{ "certificate", SCHEMA_LIST, .config = true, .children = certificate },
	{ .name = NULL },
};

static const struct schema_node bags[] = {
	{ "certificate-bag", SCHEMA_LIST, .config = true, .children = bag },
	{ .name = NULL },
};

static const struct schema_node truststore[] = {
	{ "certificate-bags", SCHEMA_CONTAINER, .config = true, .children = bags },
	REFUSED("public-key-bags", "raw public keys are not supported: leave them out"),
	{ .name = NULL },
};

const struct schema_node schema_truststore = {
	"truststore",
	SCHEMA_CONTAINER,
	.config = true,
	.operation = true,
	.children = truststore,
};

/* --- identities of ietf-crypto-types (RFC 9640) --- */

struct identity {
	const char *name;
	const char *refusal; /* NULL: it is supported */
};

/* The prefix is what the document says it is; only the name behind it counts. */
static int
check_identity(struct text value, const struct identity *rows, struct err *err)
{
	const char *colon = value.len > 0 ? memchr(value.data, ':', value.len) : NULL;

	if (colon != NULL) {
		value.len -= (size_t)(colon + 1 - value.data);
		value.data = colon + 1;
	}
	for (; rows->name != NULL; rows++) {
		if (!text_is(value, rows->name))
			continue;
		if (rows->refusal != NULL)
			return err_set(err, ERR_UNSUPPORTED, NULL, "%s", rows->refusal);
		return 0;
	}
	return err_set(err, ERR_BAD_ELEMENT, NULL,
	    "the value is no such format of RFC 9640");
}

int
schema_public_key_format(struct text value, struct err *err)
{
	static const struct identity rows[] = {
		{ "subject-public-key-info-format", NULL },
		{ "ssh-public-key-format", "public keys of SSH are not supported" },
		{ NULL, NULL },
	};

	return check_identity(value, rows, err);
}

int
schema_private_key_format(struct text value, struct err *err)
{
	static const struct identity rows[] = {
		{ "rsa-private-key-format", NULL },
		{ "ec-private-key-format", NULL },
		{ "one-asymmetric-key-format", NULL },
		{ NULL, NULL },
	};

	return check_identity(value, rows, err);
}
