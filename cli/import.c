/* SPDX-License-Identifier: ISC */
/* certconf import: a document, or files made into one, for the candidate or at once. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/compose.h"
#include "cli/edit.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/source.h"
#include "lib/document.h"
#include "lib/schema.h"

struct import {
	struct source source;
	bool unreadable; /* the document is no XML: sent as it is, to be refused */
	struct embedding embedding;
	struct composition parts;
	struct buf password, content, head;
	struct edit edit;
	struct text pieces[3];
	size_t count;
};

static void
import_clear(struct import *im)
{
	source_clear(&im->source);
	embed_clear(&im->embedding);
	buf_wipe(&im->password);
	buf_wipe(&im->content);
	buf_wipe(&im->head);
}

/* What the envelope of a whole <rpc> asked for besides. */
static const char *
asked(const struct xml_node *config, const char *ns, const char *name)
{
	const struct xml_node *n = xml_child(config->parent, ns, name);

	return n == NULL || n->text.data == NULL ? NULL : (const char *)n->text.data;
}

static void
take_envelope(struct import *im, const struct xml_node *config)
{
	struct edit *edit = &im->edit;

	if (config->parent == NULL)
		return;
	edit->default_operation = asked(config, NETCONF_NS, "default-operation");
	if (edit->comment == NULL)
		edit->comment = asked(config, CERTCONF_NETCONF_NS, "comment");
	if (edit->password == NULL)
		edit->password =
		    asked(config, CERTCONF_NETCONF_NS, "private-key-password");
	if (xml_child(config->parent, CERTCONF_NETCONF_NS, "allow-expired") != NULL)
		edit->allow_expired = true;
}

/* The <config> of the document, or NULL when all of it goes into one of ours. */
static const struct xml_node *
find_config(const struct xml_node *root)
{
	const struct xml_node *found = NULL;
	struct err err = { 0 };

	if (root == NULL || document_find(root, &found, &err) == -1)
		return NULL;
	return strcmp(found->ns, NETCONF_NS) == 0 ? found : NULL;
}

/* Once the request is written: the tree may be large, and a commit may take long. */
static void
drop_tree(struct import *im)
{
	xml_free(im->source.root);
	im->source.root = NULL;
	im->edit.default_operation = im->edit.comment = im->edit.password = NULL;
}

static struct text
text_in(const struct buf *buf)
{
	return (struct text){ (const char *)buf->data, buf->len };
}

/* The request of what its parts hold now. */
static void
enclose(struct import *im, struct text body)
{
	im->pieces[im->count++] = text_in(&im->head);
	im->pieces[im->count++] = body;
	im->pieces[im->count++] = text_of(EDIT_CLOSE);
}

static int
read_document(struct cli *cli, struct import *im, struct err *err)
{
	const struct xml_node *config;
	struct text octets;

	if (source_read(cli->operands[0], &im->source, err) == -1)
		return -1;
	if (source_password(cli, OPTION_PASSWORD_FILE,
		source_needs_password(&im->source), &im->password, err) == -1)
		return -1;
	cli->file = cli->operands[0];
	octets = text_in(&im->source.octets);
	if (im->source.root == NULL) {
		im->unreadable = true;
		im->pieces[im->count++] = octets;
		return 0;
	}
	im->edit.password = (const char *)im->password.data;
	if ((config = find_config(im->source.root)) != NULL)
		take_envelope(im, config);
	if (embed_find(octets, im->source.root, config, &im->embedding, err) == -1)
		return -1;
	if (edit_open(&im->head, &im->edit, &im->embedding, err) == -1)
		return -1;
	enclose(im, im->embedding.body);
	drop_tree(im);
	return 0;
}

static int
read_files(struct cli *cli, struct import *im, struct err *err)
{
	const char *name = cli->option[OPTION_NAME];
	const struct compose_files files = {
		.cert = cli->option[OPTION_CERT],
		.key = cli->option[OPTION_KEY],
		.trust_store = cli->option[OPTION_TRUST_STORE],
		.mode = cli->option[OPTION_MODE],
		.name = name != NULL ? name : CREDENTIAL_LOCAL,
	};

	if (compose(&im->content, &files, &im->parts, err) == -1)
		return -1;
	if (source_password(cli, OPTION_KEY_PASSWORD_FILE, im->parts.encrypted,
		&im->password, err) == -1)
		return -1;
	im->edit.password = (const char *)im->password.data;
	if (edit_open(&im->head, &im->edit, NULL, err) == -1)
		return -1;
	enclose(im, text_in(&im->content));
	return 0;
}

static void
explain(void *context, struct cli *cli, struct err *err)
{
	const struct import *im = context;

	if (cli_status(err) != EXIT_INVALID)
		cli->file = NULL;
	else if (cli->noperands == 0)
		cli->file = compose_blame(&im->parts, err);
}

static int
commit(struct cli *cli, struct client *client, struct import *im)
{
	const struct request request = {
		.pieces = im->pieces,
		.count = im->count,
		.unreadable = im->unreadable,
		.judges = true,
		.done = "Committed",
		.explain = explain,
		.context = im,
	};

	return progress_run(cli, client, &request);
}

static int
stage(struct cli *cli, struct client *client, struct import *im)
{
	struct err err = { 0 };
	int rc;

	if (im->unreadable)
		rc = client_unreadable(client, im->pieces[0], &err);
	else
		rc = client_rpc(client, im->pieces, im->count, NULL, &err);
	if (rc == -1) {
		explain(im, cli, &err);
		return cli_fail_request(cli, client, &err);
	}
	if (cli_has(cli, OPTION_JSON))
		out_json(json_pack("{s:s, s:s}", "result", "success", "next",
		    "certconf commit"));
	else
		(void)puts("Taken into the candidate.\n"
			   "Nothing is in force yet: certconf commit");
	return EXIT_DONE;
}

static int
send_import(struct cli *cli, struct import *im)
{
	struct client *client;
	int status;

	if ((client = cli_connect(cli)) == NULL)
		return EXIT_UNREACHABLE;
	if (im->edit.running)
		status = commit(cli, client, im);
	else
		status = stage(cli, client, im);
	client_close(client);
	return status;
}

static bool
is_stdin(const char *path)
{
	return path != NULL && strcmp(path, INPUT_STDIN) == 0;
}

/* Options that make sense with a document only, or with files only. */
static const enum option_id document_options[] = { OPTION_PASSWORD_FILE, OPTION_MAX };
static const enum option_id file_options[] = { OPTION_CERT, OPTION_KEY,
	OPTION_TRUST_STORE, OPTION_MODE, OPTION_NAME, OPTION_KEY_PASSWORD_FILE,
	OPTION_MAX };

static bool
has_any(const struct cli *cli, const enum option_id *ids)
{
	for (; *ids != OPTION_MAX; ids++) {
		if (cli_has(cli, *ids))
			return true;
	}
	return false;
}

static int
check_usage(const struct cli *cli)
{
	static const enum option_id readable[] = { OPTION_CERT, OPTION_KEY,
		OPTION_TRUST_STORE, OPTION_KEY_PASSWORD_FILE, OPTION_PASSWORD_FILE };
	const char *mode = cli->option[OPTION_MODE];
	bool document = cli->noperands == 1;
	int stdins = document && is_stdin(cli->operands[0]);
	size_t i;

	if (has_any(cli, document ? file_options : document_options))
		return cli_misuse(cli,
		    "give either a document or --cert, --key and the like");
	if (!document && !cli_has(cli, OPTION_CERT) &&
	    !cli_has(cli, OPTION_TRUST_STORE) && mode == NULL)
		return cli_misuse(cli, "what is to be imported?");
	if (!cli_has(cli, OPTION_CERT) && cli_has(cli, OPTION_KEY))
		return cli_misuse(cli, "--key needs --cert: they come together");
	if (cli_has(cli, OPTION_KEY_PASSWORD_FILE) && !cli_has(cli, OPTION_KEY))
		return cli_misuse(cli, "--key-password-file needs --key");
	if (mode != NULL && name_find(&verify_mode_names, mode) == -1)
		return cli_misuse(cli, "there is no verification mode %s", mode);
	for (i = 0; i < nitems(readable); i++)
		stdins += is_stdin(cli->option[readable[i]]);
	if (stdins > 1)
		return cli_misuse(cli, "only one file can be standard input");
	return EXIT_DONE;
}

int
verb_import(struct cli *cli)
{
	struct import im = { .edit = {
				 .running = cli_has(cli, OPTION_COMMIT),
				 .allow_expired = cli_has(cli, OPTION_ALLOW_EXPIRED),
				 .from = "xml-import",
				 .comment = cli->option[OPTION_COMMENT],
			     } };
	struct err err = { 0 };
	int status, rc;

	if ((status = check_usage(cli)) != EXIT_DONE)
		return status;
	if (cli->noperands == 1)
		rc = read_document(cli, &im, &err);
	else
		rc = read_files(cli, &im, &err);
	if (rc == 0)
		status = send_import(cli, &im);
	else
		status = cli_fail(cli,
		    err.code == ERR_MEMORY ? EXIT_FAILED : EXIT_INVALID, &err);
	import_clear(&im);
	return status;
}
