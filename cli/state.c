/* SPDX-License-Identifier: ISC */
#include "cli/state.h"

#include <string.h>

#include "cli/out.h"
#include "cli/reply.h"
#include "lib/schema.h"

static int
add_monitoring(json_t *state, const xmlNode *certconf)
{
	const xmlNode *n = node_child(certconf, "monitoring");

	if (!node_is(n, CERTCONF_NS, "monitoring"))
		return 0;
	return json_object_set_new(state, "monitoring", reply_json(n));
}

json_t *
state_read(struct client *client, struct err *err)
{
	const xmlNode *certconf, *n;
	json_t *state = NULL;
	xmlDoc *doc = NULL;

	if (client_ask(client, "<get/>", &doc, err) == -1)
		return NULL;
	n = node_child(xmlDocGetRootElement(doc), "data");
	certconf = node_child(n, "certconf");
	n = node_child(certconf, "state");
	if (!node_is(n, CERTCONF_NS, "state"))
		err_set(err, ERR_OTHER, NULL, "the agent shows no state");
	else if ((state = reply_json(n)) == NULL ||
	    add_monitoring(state, certconf) == -1) {
		err_set(err, ERR_MEMORY, NULL, "out of memory");
		json_decref(state);
		state = NULL;
	}
	xmlFreeDoc(doc);
	return state;
}

const json_t *
state_named(const json_t *state, const char *list, const char *name)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(state, list), i, entry) {
		if (strcmp(json_text(entry, "name"), name) == 0)
			return entry;
	}
	return NULL;
}
