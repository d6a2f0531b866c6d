/* SPDX-License-Identifier: ISC */
#include "handlers/rebuild.h"

#include <string.h>
#include <unistd.h>

#include "lib/document.h"
#include "lib/pem.h"

/* What the configuration borrows from while it is put together. */
struct rebuilding {
	struct view view; /* of nothing: services and free indices */
	struct mapping text, factory;
	struct xml_node *root;
	struct document *document;
	struct config config;
};

static int
read_document(struct rebuilding *r, struct err *err)
{
	const struct document_options options = { .keys_held = true };

	if (xml_read(r->text.data, r->text.size, &r->root, err) == -1 ||
	    document_read(r->root, &options, &r->document, err) == -1)
		return -1;
	return document_apply(r->document, &r->config, time(NULL), err);
}

static int
found_factory(void *context, struct blob der, uint32_t line, struct err *err)
{
	struct rebuilding *r = context;
	struct credential *credential =
	    config_add_credential(&r->config, text_of(CREDENTIAL_FACTORY));

	(void)line;
	if (credential == NULL ||
	    (credential->chain =
		    arena_alloc(&r->config.arena, sizeof(*credential->chain))) == NULL)
		return err_set(err, ERR_MEMORY, NULL, "not enough memory");
	if (cert_parse(&r->config.arena, der, credential->chain, err) == -1)
		return -1;
	credential->count = 1;
	credential->has_key = true;
	memcpy(credential->key_id, credential->chain->key_id, SHA256_SIZE);
	return 0;
}

static int
hand_over(struct engine_client *c, const struct rebuilding *r, struct err *err)
{
	const struct ses_none nothing = { 0 };
	struct buf buf = { NULL, 0, 0 };
	int fd = -1, rc = -1;

	if (snapshot_write(&buf, &r->config, r->view.services, time(NULL), err) == -1 ||
	    (fd = memfile_new("snapshot", buf.data, buf.len, err)) == -1)
		goto out;
	rc = engine_client_send_files(c, SES_REBUILT, &nothing, sizeof(nothing), &fd, 1,
	    err);
	(void)close(fd);
out:
	buf_clear(&buf);
	return rc;
}

int
rebuild(struct engine_client *c, uint64_t generation, struct err *err)
{
	struct rebuilding r;
	int rc = -1;

	memset(&r, 0, sizeof(r));
	if (view_load(c, STORE_RUNNING, &r.view, err) == -1)
		return -1;
	if (view_config(&r.view, &r.config, err) == -1 ||
	    kept_map(c, generation, LOAD_FACTORY, &r.factory, err) == -1 ||
	    kept_map(c, generation, LOAD_CONFIG, &r.text, err) == -1 ||
	    pem_read_certificates(&r.config.arena,
		(struct text){ r.factory.data, r.factory.size }, 1, found_factory, &r,
		err) == -1 ||
	    read_document(&r, err) == -1)
		goto out;
	rc = hand_over(c, &r, err);
out:
	config_clear(&r.config);
	document_free(r.document);
	xml_free(r.root);
	mapping_clear(&r.text);
	mapping_clear(&r.factory);
	view_clear(&r.view);
	return rc;
}
