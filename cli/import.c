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
#include "cli/patience.h"
#include "cli/progress.h"
#include "cli/source.h"
#include "cli/spool.h"
#include "cli/state.h"
#include "lib/document.h"
#include "lib/schema.h"

struct import {
	struct source source;
	bool unreadable; /* the document is no XML: sent as it is, to be refused */
	struct embedding embedding;
	struct composition parts;
	struct buf password, content;
	struct buf head, extending_head; /* the latter when it may extend what waits */
	struct edit edit;
	struct text pieces[3], extending[3];
	size_t count;
	struct patience patience;
	struct err reason; /* why it failed */
};

static void
import_clear(struct import *im)
{
	source_clear(&im->source);
	embed_clear(&im->embedding);
	buf_wipe(&im->password);
	buf_wipe(&im->content);
	buf_wipe(&im->head);
	buf_wipe(&im->extending_head);
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
static int
enclose(struct import *im, const struct embedding *embedding, struct text body,
    struct err *err)
{
	if (edit_open(&im->head, &im->edit, embedding, err) == -1)
		return -1;
	im->edit.terms.extends = true;
	if (im->edit.terms.timeout != 0 &&
	    edit_open(&im->extending_head, &im->edit, embedding, err) == -1)
		return -1;
	im->pieces[im->count++] = text_in(&im->head);
	im->pieces[im->count++] = body;
	im->pieces[im->count++] = text_of(EDIT_CLOSE);
	memcpy(im->extending, im->pieces, sizeof(im->extending));
	im->extending[0] = text_in(&im->extending_head);
	return 0;
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
	if (enclose(im, &im->embedding, im->embedding.body, err) == -1)
		return -1;
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
	if (source_password(cli, OPTION_PASSWORD_FILE, im->parts.encrypted,
		&im->password, err) == -1)
		return -1;
	if (im->parts.encrypted && im->password.data == NULL)
		return err_set(err, ERR_BAD_PASSPHRASE, files.key,
		    "the private key is encrypted: give its password with "
		    "--key-password-file FILE");
	im->edit.password = (const char *)im->password.data;
	return enclose(im, NULL, text_in(&im->content), err);
}

static void
explain(void *context, struct cli *cli, struct err *err)
{
	struct import *im = context;

	if (im->unreadable)
		source_hint(&im->source, err);
	im->reason = *err;
	if (cli_status(err) != EXIT_INVALID)
		cli->file = NULL;
	else if (cli->noperands == 0)
		cli->file = compose_blame(&im->parts, err);
}

/* As certconf check does; of what stands above the certificate only the number is
 * known. */
static void
warn_certificate(const json_t *certificate, bool has_trust_store)
{
	int64_t length = json_number(certificate, "chain-length");

	if (strcmp(json_text(certificate, "chain-status"),
		name_text(&chain_status_names, CHAIN_INCOMPLETE)) != 0)
		return;
	if (length == 1)
		cli_warn_incomplete(json_text(certificate, "subject"));
	else if (has_trust_store)
		cli_warn_incomplete("the last certificate given");
}

/* What is in force now and deserves a second look. */
static void
warn(void *context, const struct cli *cli, const json_t *state)
{
	bool has_trust_store =
	    json_array_size(json_object_get(state, "trust-anchor")) > 0;
	const char *name = cli->option[OPTION_NAME];
	const json_t *certificate;
	size_t i;

	(void)context;
	json_array_foreach(json_object_get(state, "certificate"), i, certificate) {
		if (json_flag(certificate, "in-use") ||
		    (name != NULL && strcmp(json_text(certificate, "name"), name) == 0))
			warn_certificate(certificate, has_trust_store);
	}
}

static bool
again(void *context, const struct err *err)
{
	const struct import *im = context;

	return patience_again(&im->patience, err);
}

static int
commit(struct cli *cli, struct client *client, struct import *im)
{
	const struct request request = {
		.pieces = im->pieces,
		.extending = im->extending_head.len > 0 ? im->extending : NULL,
		.count = im->count,
		.unreadable = im->unreadable,
		.judges = true,
		.done = "Committed",
		.explain = explain,
		.warn = warn,
		.again = again,
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

	do {
		client = patience_connect(&im->patience, cli_socket(cli), &im->reason);
		if (client == NULL)
			return cli_fail(cli, EXIT_UNREACHABLE, &im->reason);
		if (im->edit.running)
			status = commit(cli, client, im);
		else
			status = stage(cli, client, im);
		client_close(client);
	} while (status == PROGRESS_AGAIN);
	return status;
}

/*
 * Nobody may see how this command ends: the agent is told of what could not even be
 * sent to it.
 */
static void
report(const struct cli *cli, const struct import *im)
{
	struct client *client;
	struct buf request = { 0 };
	struct err ignored = { 0 };
	char text[LIMIT_TEXT + 1];

	(void)err_format(&im->reason, text, sizeof(text));
	text[utf8_cut(text_of(text), LIMIT_TEXT)] = '\0';
	client = patience_connect(&im->patience, cli_socket(cli), &ignored);
	if (client == NULL)
		return;
	if (buf_add_text(&request, "<import-failed xmlns=\"" CERTCONF_NS "\">") == 0 &&
	    edit_leaf(&request, &(struct edit_leaf){ CERTCONF_NS, "text", text },
		&ignored) == 0 &&
	    buf_add_text(&request, "</import-failed>") == 0)
		(void)client_rpc(client,
		    &(struct text){ (char *)request.data, request.len }, 1, NULL,
		    &ignored);
	buf_clear(&request);
	client_close(client);
}

/*
 * With --wait: what could not be put in force is left for the agent to try again, and
 * what was is not needed there any more.
 */
static void
settle(const struct cli *cli, const struct import *im, int status)
{
	const char *name = cli->option[OPTION_NAME];
	const struct spooled spooled = {
		.dir = cli->option[OPTION_SPOOL],
		.name = !cli_has(cli, OPTION_CERT) ? SPOOL_DOCUMENT
		    : name != NULL                 ? name
						   : CREDENTIAL_LOCAL,
		.pieces = im->pieces,
		.count = im->unreadable ? 0 : im->count,
		.reason = im->reason.text,
	};

	if (!cli_has(cli, OPTION_WAIT))
		return;
	if (im->count == 0)
		report(cli, im);
	if (status == EXIT_DONE)
		spool_drop(&spooled);
	else
		spool_keep(&spooled);
}

/* Options that make sense with files only. */
static const enum option_id file_options[] = { OPTION_CERT, OPTION_KEY,
	OPTION_TRUST_STORE, OPTION_MODE, OPTION_NAME };

static bool
has_file_option(const struct cli *cli)
{
	size_t i;

	for (i = 0; i < nitems(file_options); i++) {
		if (cli_has(cli, file_options[i]))
			return true;
	}
	return false;
}

/* Both names of the password's file mean the same: from here on it is one. */
static int
take_password_file(struct cli *cli)
{
	const char **other = &cli->option[OPTION_KEY_PASSWORD_FILE];
	bool is_document = cli->noperands == 1;

	if (cli_has(cli, OPTION_PASSWORD_FILE) && *other != NULL)
		return cli_misuse(cli,
		    "--password-file and --key-password-file mean the same: give one");
	if (*other != NULL)
		cli->option[OPTION_PASSWORD_FILE] = *other;
	*other = NULL;
	if (cli_has(cli, OPTION_PASSWORD_FILE) && !is_document &&
	    !cli_has(cli, OPTION_KEY))
		return cli_misuse(cli,
		    "--key is missing: a password is given together with its key");
	return EXIT_DONE;
}

/* Standard input can be read once. */
static int
check_stdin(const struct cli *cli)
{
	static const enum option_id readable[] = { OPTION_CERT, OPTION_KEY,
		OPTION_TRUST_STORE, OPTION_PASSWORD_FILE };
	bool is_document = cli->noperands == 1;
	int stdins = is_document && source_is_stdin(cli->operands[0]);
	size_t i;

	for (i = 0; i < nitems(readable); i++)
		stdins += source_is_stdin(cli->option[readable[i]]);
	if (stdins < 2)
		return EXIT_DONE;
	if (is_document)
		return cli_misuse(cli,
		    "standard input can be only one of the two: the document or its "
		    "password");
	return cli_misuse(cli, "only one file can be standard input");
}

static int
check_usage(const struct cli *cli)
{
	const char *mode = cli->option[OPTION_MODE];
	bool is_document = cli->noperands == 1;

	if (cli_has(cli, OPTION_SPOOL) && !cli_has(cli, OPTION_WAIT))
		return cli_misuse(cli, "--spool needs --wait");
	if (is_document && has_file_option(cli))
		return cli_misuse(cli,
		    "give either a document or --cert, --key and the like");
	if (!cli_has(cli, OPTION_CERT) && cli_has(cli, OPTION_KEY))
		return cli_misuse(cli,
		    "--cert is missing: a key is given together with its certificate");
	if (!is_document && !cli_has(cli, OPTION_CERT) &&
	    !cli_has(cli, OPTION_TRUST_STORE) && mode == NULL)
		return cli_misuse(cli,
		    "what is to be imported? a document, or --cert, --trust-store or "
		    "--mode");
	if (mode != NULL && name_find(&verify_mode_names, mode) == -1)
		return cli_no_mode(cli, mode);
	return check_stdin(cli);
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

	if ((status = take_password_file(cli)) != EXIT_DONE ||
	    (status = check_usage(cli)) != EXIT_DONE ||
	    (status = patience_read(cli, &im.patience)) != EXIT_DONE ||
	    (status = cli_terms(cli, &im.edit.terms)) != EXIT_DONE)
		return status;
	if (cli->noperands == 1)
		rc = read_document(cli, &im, &err);
	else
		rc = read_files(cli, &im, &err);
	if (rc == 0) {
		status = send_import(cli, &im);
	} else {
		status = cli_fail(cli,
		    err.code == ERR_MEMORY ? EXIT_FAILED : EXIT_INVALID, &err);
		im.count = 0;
		im.reason = err;
	}
	settle(cli, &im, status);
	import_clear(&im);
	return status;
}
