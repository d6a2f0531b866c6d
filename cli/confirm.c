/* SPDX-License-Identifier: ISC */
/* certconf confirm and cancel: what becomes of a commit that waits. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/edit.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/terms.h"
#include "lib/schema.h"

struct asking {
	const char *ns, *name;
	const char *id_ns, *from_ns;
};

static const struct asking confirming = { CERTCONF_NS, "confirm", CERTCONF_NS,
	CERTCONF_NS };
static const struct asking cancelling = { NETCONF_NS, "cancel-commit", NETCONF_NS,
	CERTCONF_NETCONF_NS };

static int
write_request(struct buf *content, const struct cli *cli, const struct asking *asking,
    struct err *err)
{
	char own[LIMIT_NAME + 1];
	const struct edit_leaf leaves[] = {
		{ asking->id_ns, "persist-id",
		    cli_has(cli, OPTION_ID) ? cli->option[OPTION_ID] : own },
		{ asking->from_ns, "from", "cli" },
	};
	size_t i;

	terms_id(own);
	if (buf_printf(content, "<%s xmlns=\"%s\">", asking->name, asking->ns) == -1)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	for (i = 0; i < nitems(leaves); i++) {
		if (edit_leaf(content, &leaves[i], err) == -1)
			return -1;
	}
	if (buf_printf(content, "</%s>", asking->name) == -1)
		return err_set(err, ERR_MEMORY, NULL, "out of memory");
	return 0;
}

/*
 * That it is over already is nobody's mistake; that it is somebody else's is no wrong
 * value but a wrong person.
 */
static int
status_of(const struct cli *cli, const struct err *err)
{
	if (err->code == ERR_NOT_FOUND)
		return EXIT_FAILED;
	if (err->code == ERR_BAD_ELEMENT && !cli_has(cli, OPTION_ID))
		return EXIT_REFUSED;
	return cli_status(err);
}

static void
explain(void *context, struct cli *cli, struct err *err)
{
	(void)context;
	if (err->code == ERR_BAD_ELEMENT && !cli_has(cli, OPTION_ID))
		err_set(err, ERR_BAD_ELEMENT, NULL,
		    "the commit that waits is not yours: give the id it was begun with, "
		    "--id ID, which is --id snmp when SNMP began it");
}

static int
run(struct cli *cli, const struct asking *asking, struct request *request)
{
	struct buf content = { 0 };
	struct err err = { 0 };
	struct client *client;
	struct text piece;
	int status;

	if (write_request(&content, cli, asking, &err) == -1) {
		status = cli_fail(cli, cli_status(&err), &err);
		goto out;
	}
	if ((client = cli_connect(cli)) == NULL) {
		status = EXIT_UNREACHABLE;
		goto out;
	}
	piece = (struct text){ (const char *)content.data, content.len };
	request->pieces = &piece;
	request->count = 1;
	request->explain = explain;
	request->status = status_of;
	status = progress_run(cli, client, request);
	client_close(client);
out:
	buf_clear(&content);
	return status;
}

int
verb_confirm(struct cli *cli)
{
	struct request request = { .done = "Confirmed", .stepless = true };

	return run(cli, &confirming, &request);
}

int
verb_cancel(struct cli *cli)
{
	struct request request = { .done = "Cancelled", .stepless = true };

	return run(cli, &cancelling, &request);
}
