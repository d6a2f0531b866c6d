/* SPDX-License-Identifier: ISC */
/*
 * Composing the files of a generation.  First they are planned, so that the size of the
 * tables is known; then the octets are composed behind the tables, each text when a
 * part first needs it.  The PEM text of a chain is written once, leaf first: cert,
 * chain and fullchain are stretches of it, for credentials and services.
 */
#include "lib/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bundle_form.h"
#include "lib/config_xml.h"
#include "lib/digest.h"
#include "lib/pem.h"

/* Octets of the bundle. */
struct stretch {
	uint64_t offset, len;
};

/* A part, and for octets what they are to be. */
struct plan {
	struct bundle_part part;
	enum bundle_content content;
	size_t credential; /* its number in the configuration */
};

struct composing {
	const struct config *config;
	const struct services *services;
	struct text asked[LIMIT_SERVICES]; /* credential that each service names */
	struct buf files, plans;
	struct buf *out;
	size_t start; /* of the bundle in out */
	struct stretch config_xml, ca, mode;
	struct stretch *chains; /* one for each credential; len 0: not composed yet */
	uint64_t *leaves;       /* octets of each leaf in its chain */
};

/* One file to be. */
struct making {
	const struct bundle_form *form;
	const char *name; /* of the credential or service in the path; "" for none */
	uint32_t service;
	const struct credential *credential;
};

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "", "out of memory for the files");
}

static struct bundle_part
part_of(const struct composing *c, const struct making *making, enum part_kind kind)
{
	struct bundle_part part = { .kind = kind };

	if (kind == PART_KEY)
		memcpy(part.key_id, making->credential->key_id, SHA256_SIZE);
	else if (kind == PART_VARIANT)
		part.mode = c->config->mode;
	return part;
}

static int
add_file(struct composing *c, const struct making *making, struct err *err)
{
	const struct bundle_parts *parts = &bundle_contents[making->form->content];
	struct bundle_file file = {
		.service = making->service,
		.first_part = (uint32_t)(c->plans.len / sizeof(struct plan)),
		.nparts = parts->count,
	};

	(void)snprintf(file.path, sizeof(file.path), "%s%s%s", making->form->directory,
	    making->name, making->form->file);
	if (buf_add(&c->files, &file, sizeof(file)) == -1)
		return no_memory(err);
	for (uint32_t i = 0; i < parts->count; i++) {
		struct plan plan = { .part = part_of(c, making, parts->kinds[i]),
			.content = making->form->content };

		if (making->credential != NULL)
			plan.credential =
			    (size_t)(making->credential - c->config->credentials);
		if (buf_add(&c->plans, &plan, sizeof(plan)) == -1)
			return no_memory(err);
	}
	return 0;
}

/* Whether the file can be made of what there is. */
static bool
has_content(const struct composing *c, const struct making *making)
{
	const struct credential *credential = making->credential;
	const struct service_facts *facts = making->service == BUNDLE_NO_SERVICE
	    ? NULL
	    : &c->services->rows[making->service];
	bool has_chain = credential != NULL && credential->count > 0;
	bool has_key = credential != NULL && credential->has_key;

	switch (making->form->content) {
	case CONTENT_CONFIG:
	case CONTENT_MODE:
		return true;
	case CONTENT_CA:
		return c->config->has_trust_store;
	case CONTENT_CERT:
	case CONTENT_CHAIN:
	case CONTENT_FULLCHAIN:
		return has_chain;
	case CONTENT_PRIVKEY:
		return has_key;
	case CONTENT_COMBINED:
		return has_chain && has_key;
	case CONTENT_VARIANT:
		return facts != NULL && facts->has_variant[c->config->mode];
	case CONTENT_MAX:
		break;
	}
	return false;
}

/*
 * Whether a credential gets this file: all of them what somebody reads, the factory one
 * its certificate too, which config.xml does not have, and the others only their key.
 */
static bool
is_needed(const struct making *making, bool keys_only)
{
	if (!keys_only || making->form->content == CONTENT_PRIVKEY)
		return true;
	return making->form->content == CONTENT_CERT &&
	    credential_is_factory(making->credential);
}

/* All files of one place that this one has; keys_only leaves out what nobody reads. */
static int
add_files(struct composing *c, enum bundle_place place, struct making *making,
    bool keys_only, struct err *err)
{
	for (size_t i = 0; i < bundle_nforms; i++) {
		const struct bundle_form *form = &bundle_forms[i];
		uint32_t files = making->service == BUNDLE_NO_SERVICE
		    ? 0
		    : c->services->rows[making->service].files;

		making->form = form;
		if (form->place != place || !has_content(c, making) ||
		    (form->wanted != 0 && (form->wanted & files) == 0) ||
		    !is_needed(making, keys_only))
			continue;
		if (add_file(c, making, err) == -1)
			return -1;
	}
	return 0;
}

/* Whether a service asks for it by name. */
static bool
is_asked_for(const struct composing *c, struct text name)
{
	for (uint32_t i = 0; i < c->services->count; i++) {
		if (text_equal(c->asked[i], name))
			return true;
	}
	return false;
}

static int
add_credential(struct composing *c, struct text name,
    const struct credential *credential, struct err *err)
{
	bool keys_only = !text_is(name, CREDENTIAL_LOCAL) && !is_asked_for(c, name);
	char terminated[LIMIT_NAME + 1];
	struct making making = { .name = terminated,
		.service = BUNDLE_NO_SERVICE,
		.credential = credential };

	if (name.len > LIMIT_NAME)
		return err_set(err, ERR_TOO_LARGE, "",
		    "the name of a credential exceeds %d octets", LIMIT_NAME);
	(void)snprintf(terminated, sizeof(terminated), "%.*s", (int)name.len,
	    name.data);
	return add_files(c, PLACE_CREDENTIAL, &making, keys_only, err);
}

/* local always resolves: to the factory credential while it is absent. */
static int
add_credentials(struct composing *c, struct err *err)
{
	struct text local = text_of(CREDENTIAL_LOCAL);
	const struct credential *effective = config_effective(c->config, local);

	if (effective != NULL && credential_is_factory(effective) &&
	    add_credential(c, local, effective, err) == -1)
		return -1;
	for (size_t i = 0; i < c->config->ncredentials; i++) {
		const struct credential *credential = &c->config->credentials[i];

		if (add_credential(c, credential->name, credential, err) == -1)
			return -1;
	}
	return 0;
}

static int
add_services(struct composing *c, struct err *err)
{
	for (uint32_t i = 0; i < c->services->count; i++) {
		const struct service_facts *facts = &c->services->rows[i];
		struct making making = { .name = facts->name,
			.service = i,
			.credential = config_used_by(c->config, facts) };

		if (add_files(c, PLACE_SERVICE, &making, false, err) == -1)
			return -1;
	}
	return 0;
}

static int
by_path(const void *left, const void *right)
{
	const struct bundle_file *a = left, *b = right;

	return strcmp(a->path, b->path);
}

/* Puts the files in order, and their parts behind each other in that order. */
static int
sort_files(struct composing *c, struct err *err)
{
	struct bundle_file *files = (void *)c->files.data;
	const struct plan *plans = (const void *)c->plans.data;
	size_t nfiles = c->files.len / sizeof(*files);
	struct buf sorted = { 0 };

	qsort(files, nfiles, sizeof(*files), by_path);
	if (buf_reserve(&sorted, c->plans.len) == -1)
		return no_memory(err);
	for (size_t i = 0; i < nfiles; i++) {
		uint32_t first = (uint32_t)(sorted.len / sizeof(*plans));

		(void)buf_add(&sorted, &plans[files[i].first_part],
		    files[i].nparts * sizeof(*plans));
		files[i].first_part = first;
	}
	buf_clear(&c->plans);
	c->plans = sorted;
	return 0;
}

static uint64_t
offset_now(const struct composing *c)
{
	return c->out->len - c->start;
}

static int
compose_config(struct composing *c, struct err *err)
{
	if (c->config_xml.len > 0)
		return 0;
	c->config_xml.offset = offset_now(c);
	if (config_format_xml(c->out, c->config, err) == -1)
		return -1;
	c->config_xml.len = offset_now(c) - c->config_xml.offset;
	return 0;
}

static int
compose_ca(struct composing *c, struct err *err)
{
	if (c->ca.len > 0)
		return 0;
	c->ca.offset = offset_now(c);
	for (size_t i = 0; i < c->config->nanchors; i++) {
		if (pem_write_certificate(c->out, c->config->anchors[i].cert.der) == -1)
			return no_memory(err);
	}
	c->ca.len = offset_now(c) - c->ca.offset;
	return 0;
}

/* For programs that can look: libcertconf. */
static int
compose_mode(struct composing *c, struct err *err)
{
	if (c->mode.len > 0)
		return 0;
	c->mode.offset = offset_now(c);
	if (buf_add_text(c->out, name_text(&verify_mode_names, c->config->mode)) ==
		-1 ||
	    buf_add_text(c->out, "\n") == -1)
		return no_memory(err);
	c->mode.len = offset_now(c) - c->mode.offset;
	return 0;
}

static int
compose_chain(struct composing *c, size_t n, struct err *err)
{
	const struct credential *credential = &c->config->credentials[n];
	struct stretch *chain = &c->chains[n];

	if (chain->len > 0)
		return 0;
	chain->offset = offset_now(c);
	for (size_t i = 0; i < credential->count; i++) {
		if (pem_write_certificate(c->out, credential->chain[i].der) == -1)
			return no_memory(err);
		if (i == 0)
			c->leaves[n] = offset_now(c) - chain->offset;
	}
	chain->len = offset_now(c) - chain->offset;
	return 0;
}

static int
compose(struct composing *c, const struct plan *plan, struct err *err)
{
	if (plan->content == CONTENT_CONFIG)
		return compose_config(c, err);
	if (plan->content == CONTENT_CA)
		return compose_ca(c, err);
	if (plan->content == CONTENT_MODE)
		return compose_mode(c, err);
	return compose_chain(c, plan->credential, err);
}

static struct stretch
stretch_of(const struct composing *c, const struct plan *plan)
{
	struct stretch chain = c->chains[plan->credential];
	uint64_t leaf = c->leaves[plan->credential];
	const struct stretch stretches[CONTENT_MAX] = {
		[CONTENT_CONFIG] = c->config_xml,
		[CONTENT_CA] = c->ca,
		[CONTENT_MODE] = c->mode,
		[CONTENT_CERT] = { chain.offset, leaf },
		[CONTENT_CHAIN] = { chain.offset + leaf, chain.len - leaf },
		[CONTENT_FULLCHAIN] = chain,
		[CONTENT_COMBINED] = chain,
	};

	return stretches[plan->content];
}

/* All octets, behind the tables; the parts then know where theirs are. */
static int
compose_all(struct composing *c, struct err *err)
{
	struct plan *plans = (void *)c->plans.data;
	uint64_t written = 0;

	for (size_t i = 0; i < c->plans.len / sizeof(*plans); i++) {
		struct stretch stretch;

		if (plans[i].part.kind != PART_OCTETS)
			continue;
		if (compose(c, &plans[i], err) == -1)
			return -1;
		stretch = stretch_of(c, &plans[i]);
		plans[i].part.offset = stretch.offset;
		plans[i].part.len = stretch.len;
		written += stretch.len;
	}
	if (written > BUNDLE_WRITTEN_MAX)
		return err_set(err, ERR_TOO_LARGE, "",
		    "the files of the generation exceed %llu octets",
		    (unsigned long long)BUNDLE_WRITTEN_MAX);
	return 0;
}

/* About what the octets will need: each certificate twice, in PEM and in config.xml. */
static size_t
guess_octets(const struct config *config)
{
	size_t octets = 4096, certs = config->nanchors;

	for (size_t i = 0; i < config->nanchors; i++)
		octets +=
		    config->anchors[i].cert.der.len * 3 + config->anchors[i].name.len;
	for (size_t i = 0; i < config->ncredentials; i++) {
		const struct credential *credential = &config->credentials[i];

		certs += credential->count;
		for (size_t k = 0; k < credential->count; k++)
			octets += credential->chain[k].der.len * 3;
	}
	return octets + certs * 256;
}

static int
put_together(struct composing *c, struct err *err)
{
	const struct plan *plans = (const void *)c->plans.data;
	struct bundle_header header = {
		.version = BUNDLE_VERSION,
		.nfiles = (uint32_t)(c->files.len / sizeof(struct bundle_file)),
		.nparts = (uint32_t)(c->plans.len / sizeof(*plans)),
		.services_revision = c->services->revision,
	};
	size_t parts = sizeof(header) + c->files.len;
	size_t tables = parts + header.nparts * sizeof(struct bundle_part);
	uint8_t *at;

	memcpy(header.magic, BUNDLE_MAGIC, sizeof(header.magic));
	if (buf_reserve(c->out, tables + guess_octets(c->config)) == -1)
		return no_memory(err);
	c->out->len += tables;
	if (compose_all(c, err) == -1)
		return -1;
	header.size = offset_now(c);
	at = c->out->data + c->start; /* only now: it has stopped moving */
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), c->files.data, c->files.len);
	for (uint32_t i = 0; i < header.nparts; i++)
		memcpy(at + parts + i * sizeof(struct bundle_part), &plans[i].part,
		    sizeof(struct bundle_part));
	return 0;
}

int
bundle_write(struct buf *buf, const struct config *config,
    const struct services *services, struct err *err)
{
	struct composing c = { .config = config,
		.services = services,
		.out = buf,
		.start = buf->len };
	struct making top = { .name = "", .service = BUNDLE_NO_SERVICE };
	int rc = -1;

	c.chains = calloc(config->ncredentials + 1, sizeof(*c.chains));
	c.leaves = calloc(config->ncredentials + 1, sizeof(*c.leaves));
	if (c.chains == NULL || c.leaves == NULL) {
		no_memory(err);
		goto out;
	}
	for (uint32_t i = 0; i < services->count; i++)
		c.asked[i] = config_asked_by(config, &services->rows[i]);
	if (add_files(&c, PLACE_TOP, &top, false, err) == -1 ||
	    add_credentials(&c, err) == -1 || add_services(&c, err) == -1 ||
	    sort_files(&c, err) == -1 || put_together(&c, err) == -1)
		goto out;
	rc = 0;
out:
	if (rc == -1)
		buf->len = c.start;
	buf_clear(&c.plans);
	buf_clear(&c.files);
	free(c.leaves);
	free(c.chains);
	return rc;
}

int
bundle_material(const struct config *config, const struct service_facts *facts,
    uint8_t ret_sha256[SHA256_SIZE], struct err *err)
{
	const struct credential *used = config_used_by(config, facts);
	bool verifies = service_verifies(facts, config->mode);
	bool ca = verifies || (facts->files & SERVICE_FILES_CA) != 0;
	struct digest digest;

	digest_begin(&digest);
	digest_add_number(&digest, used != NULL ? used->count : 0);
	for (size_t i = 0; used != NULL && i < used->count; i++)
		digest_add(&digest, used->chain[i].sha256, SHA256_SIZE);
	if (used != NULL)
		digest_add(&digest, used->key_id, SHA256_SIZE);
	/*
	 * A service without a variant for the mode does not learn of it, and one that
	 * looks into the file with its name, as libcertconf does, needs no restart
	 */
	digest_add_number(&digest, facts->has_variant[config->mode]);
	if (facts->has_variant[config->mode])
		digest_add(&digest, facts->variant_sha256[config->mode], SHA256_SIZE);
	digest_add_number(&digest, verifies);
	if (ca)
		digest_add(&digest, config->trust_sha256, SHA256_SIZE);
	return digest_end(&digest, ret_sha256, err);
}
