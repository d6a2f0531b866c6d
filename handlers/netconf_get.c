/* SPDX-License-Identifier: ISC */
#include "handlers/netconf_get.h"

#include <string.h>
#include <time.h>

#include "handlers/netconf_state.h"
#include "lib/config_xml.h"
#include "lib/schema.h"

static int
refuse_filter(const struct rpc *rpc, struct err *err)
{
	if (xml_child(rpc->operation, NETCONF_NS, "filter") == NULL)
		return 0;
	return rpc_refuse(rpc, ERR_UNSUPPORTED, "filter", "filters are not supported",
	    err);
}

static int
write_reply(struct rpc *rpc, const struct view *view, const struct config *config,
    bool with_state, struct err *err)
{
	struct xml_out out;

	if (rpc_reply_begin(rpc, &out, err) == -1)
		return -1;
	xml_out_open(&out, "data");
	xml_out_open_ns(&out, "certconf", CERTCONF_NS);
	if (config_write_xml_nodes(out.writer, config) == -1)
		out.failed = true;
	if (with_state)
		state_write(&out, view, time(NULL));
	(void)rpc_reply_end(&out); /* the session sees a client that is gone */
	return 0;
}

static int
answer_data(struct rpc *rpc, enum ses_store store, bool with_state, struct err *err)
{
	struct config config;
	struct view view;
	int rc;

	memset(&config, 0, sizeof(config));
	if (view_load(rpc->netconf->engine, store, &view, err) == -1)
		return -1;
	if ((rc = view_config(&view, &config, err)) == 0)
		rc = write_reply(rpc, &view, &config, with_state, err);
	config_clear(&config);
	view_clear(&view);
	return rc;
}

int
get_config(struct rpc *rpc, struct err *err)
{
	enum ses_store store;

	if (refuse_filter(rpc, err) == -1 ||
	    rpc_store(rpc, "source", &store, err) == -1)
		return -1;
	return answer_data(rpc, store, false, err);
}

int
get_all(struct rpc *rpc, struct err *err)
{
	if (refuse_filter(rpc, err) == -1)
		return -1;
	return answer_data(rpc, STORE_RUNNING, true, err);
}
