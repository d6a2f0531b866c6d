/* SPDX-License-Identifier: ISC */
/* Bundles that are refused, and that none leads astray. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bundle.h"
#include "tests/unit/model.h"

#define ROUNDS 20000

/* --- refusals: each spoils one thing of a good bundle --- */

struct parts {
	struct bundle_header *header;
	struct bundle_file *files;
	struct bundle_part *parts;
	struct services services;
};

static struct bundle_file *
file_of(struct parts *p, const char *path)
{
	for (uint32_t i = 0; i < p->header->nfiles; i++) {
		if (strcmp(p->files[i].path, path) == 0)
			return &p->files[i];
	}
	fail_msg("no file %s", path);
	return NULL;
}

static struct bundle_part *
part_of(struct parts *p, const char *path, uint32_t n)
{
	return &p->parts[file_of(p, path)->first_part + n];
}

static void
set_path(struct parts *p, const char *path, const char *other)
{
	struct bundle_file *file = file_of(p, path);

	memset(file->path, 0, sizeof(file->path));
	snprintf(file->path, sizeof(file->path), "%s", other);
}

static void
magic(struct parts *p)
{
	p->header->magic[3] = 'x';
}

static void
version(struct parts *p)
{
	p->header->version++;
}

static void
size(struct parts *p)
{
	p->header->size--;
}

static void
many_files(struct parts *p)
{
	p->header->nfiles = UINT32_MAX;
}

static void
many_parts(struct parts *p)
{
	p->header->nparts = UINT32_MAX / 56;
}

static void
one_part_more(struct parts *p)
{
	p->header->nparts++;
}

static void
one_file_less(struct parts *p)
{
	p->header->nfiles--;
}

static void
other_revision(struct parts *p)
{
	p->services.revision++;
}

static void
dots(struct parts *p)
{
	set_path(p, "credentials/local/cert.pem", "credentials/../cert.pem");
}

static void
slash(struct parts *p)
{
	set_path(p, "credentials/local/cert.pem", "credentials/a/b/cert.pem");
}

static void
hidden(struct parts *p)
{
	set_path(p, "credentials/local/cert.pem", "credentials/.a/cert.pem");
}

static void
dash(struct parts *p)
{
	set_path(p, "credentials/local/cert.pem", "credentials/-a/cert.pem");
}

static void
no_name(struct parts *p)
{
	set_path(p, "credentials/local/cert.pem", "credentials//cert.pem");
}

static void
control(struct parts *p)
{
	set_path(p, "credentials/local/cert.pem", "credentials/a\n/cert.pem");
}

static void
long_name(struct parts *p)
{
	set_path(p, "credentials/local/cert.pem",
	    "credentials/lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"
	    "/cert.pem");
}

static void
absolute(struct parts *p)
{
	set_path(p, "trust/ca.pem", "/trust/ca.pem");
}

static void
unknown_file(struct parts *p)
{
	set_path(p, "trust/ca.pem", "trust/other.pem");
}

static void
endless(struct parts *p)
{
	memset(file_of(p, "trust/ca.pem")->path, 'a', BUNDLE_PATH_MAX);
}

static void
twice(struct parts *p)
{
	set_path(p, "credentials/local/cert.pem", "credentials/factory/privkey.pem");
	*part_of(p, "credentials/factory/privkey.pem", 1) =
	    *part_of(p, "credentials/factory/privkey.pem", 0);
}

static void
no_such_service(struct parts *p)
{
	file_of(p, "services/web/cert.pem")->service = 4;
}

static void
other_service(struct parts *p)
{
	file_of(p, "services/web/cert.pem")->service = 1;
}

static void
no_service(struct parts *p)
{
	file_of(p, "services/web/cert.pem")->service = BUNDLE_NO_SERVICE;
}

static void
service_of_credential(struct parts *p)
{
	file_of(p, "credentials/local/privkey.pem")->service = 0;
}

static void
unwanted(struct parts *p)
{
	p->services.rows[1].files = SERVICE_FILES_SEPARATE;
}

static void
key_in_cert(struct parts *p)
{
	part_of(p, "services/web/cert.pem", 0)->kind = PART_KEY;
}

static void
octets_in_key(struct parts *p)
{
	part_of(p, "services/web/privkey.pem", 0)->kind = PART_OCTETS;
}

static void
variant_of_octets(struct parts *p)
{
	part_of(p, "services/sip/service.conf", 0)->kind = PART_OCTETS;
}

static void
unknown_kind(struct parts *p)
{
	part_of(p, "services/web/cert.pem", 0)->kind = PART_KIND_MAX;
}

static void
unknown_mode(struct parts *p)
{
	part_of(p, "services/sip/service.conf", 0)->mode = VERIFY_MODE_MAX;
}

static void
no_variant(struct parts *p)
{
	part_of(p, "services/proxy/service.conf", 0)->mode =
	    VERIFY_OUTGOING_AND_INCOMING;
}

static void
half_a_mode(struct parts *p)
{
	part_of(p, "services/web/verification-mode", 0)->len--;
}

static void
another_text_as_mode(struct parts *p)
{
	part_of(p, "services/web/verification-mode", 0)->offset--;
}

static void
offset_outside(struct parts *p)
{
	part_of(p, "trust/ca.pem", 0)->offset = p->header->size + 1;
}

static void
offset_in_tables(struct parts *p)
{
	part_of(p, "trust/ca.pem", 0)->offset = sizeof(struct bundle_header);
}

static void
len_outside(struct parts *p)
{
	part_of(p, "trust/ca.pem", 0)->len = p->header->size;
}

static void
len_wraps(struct parts *p)
{
	part_of(p, "trust/ca.pem", 0)->len = UINT64_MAX;
}

static void
shared_parts(struct parts *p)
{
	file_of(p, "services/web/cert.pem")->first_part--;
}

static void
extra_part(struct parts *p)
{
	file_of(p, "services/web/cert.pem")->nparts++;
}

static void
no_part(struct parts *p)
{
	file_of(p, "services/web/cert.pem")->nparts = 0;
}

static const struct {
	const char *name;
	void (*spoil)(struct parts *);
	enum err_code code;
	const char *text;
} refusals[] = {
	{ "magic", magic, ERR_DENIED, "version" },
	{ "version", version, ERR_DENIED, "version" },
	{ "size", size, ERR_DENIED, "size" },
	{ "many files", many_files, ERR_DENIED, "too many files" },
	{ "many parts", many_parts, ERR_DENIED, "too many parts" },
	{ "one part more", one_part_more, ERR_DENIED, "" },
	{ "one file less", one_file_less, ERR_DENIED, "" },
	{ "other definitions", other_revision, ERR_CONFLICT, "definitions" },
	{ "dots", dots, ERR_DENIED, "form" },
	{ "slash", slash, ERR_DENIED, "form" },
	{ "hidden", hidden, ERR_DENIED, "form" },
	{ "dash", dash, ERR_DENIED, "form" },
	{ "no name", no_name, ERR_DENIED, "form" },
	{ "control character", control, ERR_DENIED, "form" },
	{ "long name", long_name, ERR_DENIED, "form" },
	{ "absolute", absolute, ERR_DENIED, "form" },
	{ "unknown file", unknown_file, ERR_DENIED, "form" },
	{ "endless path", endless, ERR_DENIED, "end" },
	{ "a file twice", twice, ERR_DENIED, "order" },
	{ "no such service", no_such_service, ERR_DENIED, "no such service" },
	{ "other service", other_service, ERR_DENIED, "another service" },
	{ "no service", no_service, ERR_DENIED, "no such service" },
	{ "service of credential", service_of_credential, ERR_DENIED,
	    "no file of a service" },
	{ "unwanted", unwanted, ERR_DENIED, "does not want" },
	{ "key in certificate", key_in_cert, ERR_DENIED, "kind" },
	{ "octets as key", octets_in_key, ERR_DENIED, "kind" },
	{ "octets as variant", variant_of_octets, ERR_DENIED, "kind" },
	{ "unknown kind", unknown_kind, ERR_DENIED, "kind" },
	{ "unknown mode", unknown_mode, ERR_DENIED, "mode" },
	{ "no variant", no_variant, ERR_DENIED, "variant" },
	{ "half a mode", half_a_mode, ERR_DENIED, "verification mode" },
	{ "another text as mode", another_text_as_mode, ERR_DENIED,
	    "verification mode" },
	{ "offset outside", offset_outside, ERR_DENIED, "outside" },
	{ "offset in tables", offset_in_tables, ERR_DENIED, "outside" },
	{ "length outside", len_outside, ERR_DENIED, "outside" },
	{ "length wraps", len_wraps, ERR_DENIED, "outside" },
	{ "parts shared", shared_parts, ERR_DENIED, "" },
	{ "a part more", extra_part, ERR_DENIED, "" },
	{ "no part", no_part, ERR_DENIED, "parts" },
};

static struct parts
parts_of(uint8_t *data)
{
	struct parts p = { .header = (void *)data, .services = *model_services() };

	p.files = (void *)(data + sizeof(*p.header));
	p.parts = (void *)(p.files + p.header->nfiles);
	return p;
}

static void
refused(void **state)
{
	struct config config;
	struct buf buf;

	(void)state;
	model_bundle(&config, &buf, true);
	for (size_t i = 0; i < nitems(refusals); i++) {
		uint8_t *copy = malloc(buf.len);
		struct err err = { .code = ERR_NONE };
		struct bundle bundle;
		struct parts p;

		assert_non_null(copy);
		memcpy(copy, buf.data, buf.len);
		p = parts_of(copy);
		refusals[i].spoil(&p);
		if (bundle_open(&bundle, copy, buf.len, &p.services, &err) != -1 ||
		    err.code != refusals[i].code ||
		    strstr(err.text, refusals[i].text) == NULL)
			fail_msg("%s: %d: %s: %s", refusals[i].name, err.code,
			    err.where, err.text);
		free(copy);
	}
	buf_clear(&buf);
	config_clear(&config);
}

/* What is opened is as harmless as its contract says. */
static void
walk(const struct bundle *bundle)
{
	uint64_t written = 0;
	unsigned long sum = 0;

	for (uint32_t i = 0; i < bundle->header->nfiles; i++) {
		const struct bundle_file *file = &bundle->files[i];

		assert_true(strlen(file->path) < BUNDLE_PATH_MAX);
		assert_null(strstr(file->path, ".."));
		assert_null(strstr(file->path, "/."));
		assert_true(file->path[0] != '/');
		for (uint32_t k = 0; k < file->nparts; k++) {
			const struct bundle_part *part =
			    &bundle->parts[file->first_part + k];

			if (part->kind != PART_OCTETS)
				continue;
			written += part->len;
			for (uint64_t n = 0; n < part->len; n += 64)
				sum += bundle->data[part->offset + n];
			if (part->len > 0)
				sum += bundle->data[part->offset + part->len - 1];
		}
	}
	assert_true(written <= BUNDLE_WRITTEN_MAX);
	assert_true(sum < ULONG_MAX);
}

static void
try(const uint8_t *data, size_t len, unsigned int *accepted)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	struct bundle bundle;
	struct err err;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	if (bundle_open(&bundle, copy, len, model_services(), &err) == 0) {
		++*accepted;
		walk(&bundle);
	}
	if (bundle_open(&bundle, copy, len, NULL, &err) == 0)
		walk(&bundle);
	free(copy);
}

static void
damage(void **state)
{
	const char *given = getenv("SEED");
	unsigned int seed = given != NULL ? (unsigned int)strtoul(given, NULL, 0) : 1;
	unsigned int accepted = 0;
	struct config config;
	struct buf buf;
	struct parts p;
	size_t tables;

	(void)state;
	printf("seed %u (SEED= sets another)\n", seed);
	srandom(seed);
	model_bundle(&config, &buf, true);
	for (size_t len = 0; len < buf.len; len += 1 + len / 16)
		try(buf.data, len, &accepted);
	assert_int_equal(accepted, 0);
	p = parts_of(buf.data);
	tables = (size_t)((uint8_t *)(p.parts + p.header->nparts) - buf.data);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		size_t spots[3], n = 1 + (size_t)random() % 3;
		uint8_t old[3];

		for (size_t k = 0; k < n; k++) {
			spots[k] = (size_t)random() % tables;
			old[k] = buf.data[spots[k]];
			buf.data[spots[k]] ^= (uint8_t)(1 << random() % 8);
			if (random() % 4 == 0)
				buf.data[spots[k]] = 0xff;
		}
		try(buf.data, buf.len, &accepted);
		while (n-- > 0)
			buf.data[spots[n]] = old[n];
	}
	printf("%u of %d damaged ones were opened\n", accepted, ROUNDS);
	assert_true(accepted > 0 && accepted < ROUNDS);
	buf_clear(&buf);
	config_clear(&config);
}
int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(damage),
	};

	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
