/* SPDX-License-Identifier: ISC */
/* Judging a bundle that somebody else made. */
#include <string.h>

#include "lib/bundle_form.h"
#include "lib/limits.h"

#define FILES_MAX ((LIMIT_CREDENTIALS + 2) * 4 + LIMIT_SERVICES * 8 + 2)

const struct bundle_form bundle_forms[] = {
	{ PLACE_TOP, "", "config.xml", CONTENT_CONFIG, 0 },
	{ PLACE_TOP, "trust/", "ca.pem", CONTENT_CA, 0 },
	{ PLACE_CREDENTIAL, "credentials/", "/cert.pem", CONTENT_CERT, 0 },
	{ PLACE_CREDENTIAL, "credentials/", "/chain.pem", CONTENT_CHAIN, 0 },
	{ PLACE_CREDENTIAL, "credentials/", "/fullchain.pem", CONTENT_FULLCHAIN, 0 },
	{ PLACE_CREDENTIAL, "credentials/", "/privkey.pem", CONTENT_PRIVKEY, 0 },
	{ PLACE_SERVICE, "services/", "/cert.pem", CONTENT_CERT,
	    SERVICE_FILES_SEPARATE },
	{ PLACE_SERVICE, "services/", "/chain.pem", CONTENT_CHAIN,
	    SERVICE_FILES_SEPARATE },
	{ PLACE_SERVICE, "services/", "/fullchain.pem", CONTENT_FULLCHAIN,
	    SERVICE_FILES_SEPARATE },
	{ PLACE_SERVICE, "services/", "/privkey.pem", CONTENT_PRIVKEY,
	    SERVICE_FILES_SEPARATE },
	{ PLACE_SERVICE, "services/", "/combined.pem", CONTENT_COMBINED,
	    SERVICE_FILES_COMBINED },
	{ PLACE_SERVICE, "services/", "/ca.pem", CONTENT_CA, SERVICE_FILES_CA },
	{ PLACE_SERVICE, "services/", "/verification-mode", CONTENT_MODE, 0 },
	{ PLACE_SERVICE, "services/", "/service.conf", CONTENT_VARIANT, 0 },
};
const size_t bundle_nforms = nitems(bundle_forms);

const struct bundle_parts bundle_contents[CONTENT_MAX] = {
	[CONTENT_CONFIG] = { 1, { PART_OCTETS } },
	[CONTENT_CA] = { 1, { PART_OCTETS } },
	[CONTENT_CERT] = { 1, { PART_OCTETS } },
	[CONTENT_CHAIN] = { 1, { PART_OCTETS } },
	[CONTENT_FULLCHAIN] = { 1, { PART_OCTETS } },
	[CONTENT_PRIVKEY] = { 1, { PART_KEY } },
	[CONTENT_COMBINED] = { 2, { PART_OCTETS, PART_KEY } },
	[CONTENT_MODE] = { 1, { PART_OCTETS } },
	[CONTENT_VARIANT] = { 1, { PART_VARIANT } },
};

static int
refuse(const char *where, const char *what, struct err *err)
{
	return err_set(err, ERR_DENIED, where, "the bundle is refused: %s", what);
}

static int
check_header(const struct bundle *bundle, const struct services *services,
    struct err *err)
{
	const struct bundle_header *header = bundle->header;
	size_t room = bundle->size - sizeof(*header);

	if (memcmp(header->magic, BUNDLE_MAGIC, sizeof(header->magic)) != 0 ||
	    header->version != BUNDLE_VERSION)
		return refuse("", "it is none of this version", err);
	if (header->size != bundle->size)
		return refuse("", "its size is not what it says", err);
	if (header->nfiles > FILES_MAX ||
	    header->nfiles > room / sizeof(struct bundle_file))
		return refuse("", "it has too many files", err);
	room -= header->nfiles * sizeof(struct bundle_file);
	if (header->nparts > header->nfiles * BUNDLE_FILE_PARTS ||
	    header->nparts > room / sizeof(struct bundle_part))
		return refuse("", "it has too many parts", err);
	if (services != NULL && header->services_revision != services->revision)
		return err_set(err, ERR_CONFLICT, "",
		    "the service definitions changed meanwhile");
	return 0;
}

/* A path component that can lead nowhere else: typedef name of the YANG module. */
static bool
is_name(struct text name)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_-.";

	if (name.len == 0 || name.len > LIMIT_NAME || name.data[0] == '.' ||
	    name.data[0] == '-')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '\0' || strchr(allowed, name.data[i]) == NULL)
			return false;
	}
	return true;
}

static bool
fits_form(const struct bundle_form *form, const char *path, struct text *ret_name)
{
	size_t len = strlen(path), before = strlen(form->directory);
	size_t after = strlen(form->file);

	if (len < before + after || memcmp(path, form->directory, before) != 0 ||
	    strcmp(path + len - after, form->file) != 0)
		return false;
	*ret_name = (struct text){ path + before, len - before - after };
	return form->place == PLACE_TOP ? ret_name->len == 0 : is_name(*ret_name);
}

static const struct bundle_form *
find_form(const char *path, struct text *ret_name)
{
	for (size_t i = 0; i < bundle_nforms; i++) {
		if (fits_form(&bundle_forms[i], path, ret_name))
			return &bundle_forms[i];
	}
	return NULL;
}

/* Whether the file belongs to that service, and its definition asks for it. */
static int
check_service(const struct bundle_file *file, const struct bundle_form *form,
    struct text name, const struct services *services, struct err *err)
{
	const struct service_facts *facts;

	if (form->place != PLACE_SERVICE)
		return file->service == BUNDLE_NO_SERVICE
		    ? 0
		    : refuse(file->path, "it is no file of a service", err);
	if (services == NULL)
		return 0;
	if (file->service >= services->count || file->service >= LIMIT_SERVICES)
		return refuse(file->path, "there is no such service", err);
	facts = &services->rows[file->service];
	if (!text_is(name, facts->name))
		return refuse(file->path, "it is of another service", err);
	if (form->wanted != 0 && (facts->files & form->wanted) == 0)
		return refuse(file->path, "the service does not want it", err);
	return 0;
}

static int
check_octets(const struct bundle *bundle, const struct bundle_part *part,
    const char *path, struct err *err)
{
	const uint8_t *end = (const uint8_t *)(bundle->parts + bundle->header->nparts);

	if (part->offset < (uint64_t)(end - bundle->data) ||
	    part->offset > bundle->size || part->len > bundle->size - part->offset)
		return refuse(path, "its octets lie outside", err);
	return 0;
}

static int
check_variant(const struct bundle_file *file, const struct bundle_part *part,
    const struct services *services, struct err *err)
{
	if (part->mode >= VERIFY_MODE_MAX)
		return refuse(file->path, "there is no such verification mode", err);
	if (services != NULL && !services->rows[file->service].has_variant[part->mode])
		return refuse(file->path, "the service has no such variant", err);
	return 0;
}

/* One of the words, so that a program that reads it need not expect anything else. */
static int
check_mode(const struct bundle *bundle, const struct bundle_part *part,
    const char *path, struct err *err)
{
	const char *octets = (const char *)bundle->data + part->offset;

	for (size_t i = 0; i < verify_mode_names.count; i++) {
		const char *word = verify_mode_names.rows[i].text;
		size_t len = strlen(word);

		if (part->len == len + 1 && memcmp(octets, word, len) == 0 &&
		    octets[len] == '\n')
			return 0;
	}
	return refuse(path, "it names no verification mode", err);
}

/*
 * The parts are those the form has, and each follows the last one of the file before.
 */
static int
check_parts(const struct bundle *bundle, const struct bundle_file *file,
    const struct bundle_parts *wanted, const struct services *services, struct err *err)
{
	uint32_t nparts = bundle->header->nparts;

	if (file->nparts != wanted->count || file->first_part > nparts ||
	    file->nparts > nparts - file->first_part)
		return refuse(file->path, "it has other parts than it must have", err);
	for (uint32_t i = 0; i < file->nparts; i++) {
		const struct bundle_part *part = &bundle->parts[file->first_part + i];

		if (part->kind != wanted->kinds[i])
			return refuse(file->path, "a part is of another kind", err);
		if (part->kind == PART_OCTETS &&
		    check_octets(bundle, part, file->path, err) == -1)
			return -1;
		if (part->kind == PART_VARIANT &&
		    check_variant(file, part, services, err) == -1)
			return -1;
	}
	return 0;
}

static int
check_file(const struct bundle *bundle, const struct bundle_file *file,
    const struct services *services, struct err *err)
{
	const struct bundle_form *form;
	struct text name;

	if (memchr(file->path, '\0', sizeof(file->path)) == NULL)
		return refuse("", "a path has no end", err);
	if ((form = find_form(file->path, &name)) == NULL)
		return refuse("", "a path is of no form that exists", err);
	if (check_service(file, form, name, services, err) == -1 ||
	    check_parts(bundle, file, &bundle_contents[form->content], services, err) ==
		-1)
		return -1;
	if (form->content == CONTENT_MODE)
		return check_mode(bundle, &bundle->parts[file->first_part], file->path,
		    err);
	return 0;
}

static uint64_t
octets_of(const struct bundle *bundle, const struct bundle_file *file)
{
	uint64_t octets = 0;

	for (uint32_t i = 0; i < file->nparts; i++) {
		const struct bundle_part *part = &bundle->parts[file->first_part + i];

		octets += part->kind == PART_OCTETS ? part->len : 0;
	}
	return octets;
}

static int
check_files(const struct bundle *bundle, const struct services *services,
    struct err *err)
{
	uint32_t next_part = 0;
	uint64_t written = 0;

	for (uint32_t i = 0; i < bundle->header->nfiles; i++) {
		const struct bundle_file *file = &bundle->files[i];

		if (check_file(bundle, file, services, err) == -1)
			return -1;
		if (i > 0 && strcmp(file[-1].path, file->path) >= 0)
			return refuse(file->path, "the files are not in order", err);
		if (file->first_part != next_part)
			return refuse(file->path, "the parts are not in order", err);
		next_part += file->nparts;
		written += octets_of(bundle, file);
		if (written > BUNDLE_WRITTEN_MAX)
			return err_set(err, ERR_TOO_LARGE, file->path,
			    "the files of the generation exceed %llu octets",
			    (unsigned long long)BUNDLE_WRITTEN_MAX);
	}
	if (next_part != bundle->header->nparts)
		return refuse("", "a part belongs to no file", err);
	return 0;
}

int
bundle_open(struct bundle *bundle, const void *data, size_t size,
    const struct services *services, struct err *err)
{
	struct bundle opened = { .data = data, .size = size, .header = data };

	if (size < sizeof(*opened.header) || (uintptr_t)data % 8 != 0)
		return refuse("", "it is too short", err);
	if (check_header(&opened, services, err) == -1)
		return -1;
	opened.files = (const void *)(opened.data + sizeof(*opened.header));
	opened.parts = (const void *)(opened.files + opened.header->nfiles);
	if (check_files(&opened, services, err) == -1)
		return -1;
	*bundle = opened;
	return 0;
}
