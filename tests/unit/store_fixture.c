/* SPDX-License-Identifier: ISC */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bundle_form.h"
#include "lib/document.h"
#include "lib/snapshot.h"

#include "agent/durable.h"

static void
die(const char *what)
{
	perror(what);
	abort();
}

char *
fixture_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;

	if (asprintf(&dir, "%s/certconf-test-XXXXXX", tmp != NULL ? tmp : "/tmp") ==
		-1 ||
	    mkdtemp(dir) == NULL || chmod(dir, 0755) == -1)
		die("mkdtemp");
	return dir;
}

void
fixture_remove(char *dir)
{
	struct err err;

	if (durable_remove_tree(AT_FDCWD, dir, &err) == -1)
		(void)fprintf(stderr, "%s: %s\n", err.where, err.text);
	free(dir);
}

static char *
join(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) == -1)
		die("asprintf");
	return path;
}

void
fixture_write(const char *dir, const char *name, const char *text)
{
	char *path = join(dir, name);
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		die(path);
	free(path);
}

char *
fixture_read(const char *dir, const char *name)
{
	char *path = join(dir, name), *text = calloc(1, 65536);
	FILE *f = fopen(path, "r");

	free(path);
	if (f == NULL) {
		free(text);
		return NULL;
	}
	if (text == NULL)
		die("calloc");
	text[fread(text, 1, 65535, f)] = '\0';
	(void)fclose(f);
	return text;
}

/* --- services --- */

struct service_set *
fixture_services(void)
{
	struct service_set *set = calloc(1, sizeof(*set));
	struct service *s;
	size_t i;

	if (set == NULL)
		die("calloc");
	s = &set->rows[0];
	(void)snprintf(s->facts.name, sizeof(s->facts.name), "web");
	(void)snprintf(s->facts.credential, sizeof(s->facts.credential), "local");
	s->facts.directions = SERVICE_SERVES;
	s->facts.files = SERVICE_FILES_COMBINED;
	s->facts.has_restart = 1;
	s->uid = geteuid();
	s->gid = getegid();
	s->mode = 0640;
	for (i = 0; i < VERIFY_MODE_MAX; i++) {
		s->facts.has_variant[i] = 1;
		if (asprintf(&s->variants[i], "verify %zu;\n", i) == -1)
			die("asprintf");
	}
	set->table.count = 1;
	set->table.revision = 7;
	set->table.rows[0] = s->facts;
	return set;
}

/* --- what a session makes --- */

void
fixture_key_id(char version, uint8_t ret_id[SHA256_SIZE])
{
	memset(ret_id, version, SHA256_SIZE);
}

static void
add(struct buf *buf, const void *data, size_t len)
{
	if (buf_add(buf, data, len) == -1)
		die("buf_add");
}

void
fixture_key(struct buf *buf, char version)
{
	struct key_record head;
	char pem[128];

	(void)snprintf(pem, sizeof(pem),
	    "-----BEGIN PRIVATE KEY-----\nkey%c\n-----END PRIVATE KEY-----\n", version);
	memset(&head, 0, sizeof(head));
	fixture_key_id(version, head.key_id);
	head.len = (uint32_t)strlen(pem);
	add(buf, &head, sizeof(head));
	add(buf, pem, strlen(pem));
}

/* Sorted, as bundles are.  same: the text is that of every version. */
static const struct {
	const char *path;
	uint32_t service;
	size_t nparts;
	enum part_kind kinds[2];
	bool same;
} files[] = {
	{ "config.xml", BUNDLE_NO_SERVICE, 1, { PART_OCTETS }, false },
	{ "credentials/local/cert.pem", BUNDLE_NO_SERVICE, 1, { PART_OCTETS }, false },
	{ "credentials/local/chain.pem", BUNDLE_NO_SERVICE, 1, { PART_OCTETS }, true },
	{ "credentials/local/privkey.pem", BUNDLE_NO_SERVICE, 1, { PART_KEY }, false },
	{ "services/web/combined.pem", 0, 2, { PART_OCTETS, PART_KEY }, false },
	{ "services/web/service.conf", 0, 1, { PART_VARIANT }, true },
	{ "trust/ca.pem", BUNDLE_NO_SERVICE, 1, { PART_OCTETS }, true },
};

static void
text_for(char *dst, size_t size, size_t n, char version)
{
	if (files[n].same)
		(void)snprintf(dst, size, "always %s\n", files[n].path);
	else
		(void)snprintf(dst, size, "version %c of %s\n", version, files[n].path);
}

static void
add_parts(struct buf *parts, struct buf *octets, size_t n, char version)
{
	struct bundle_part part;
	char text[256];
	size_t i;

	for (i = 0; i < files[n].nparts; i++) {
		memset(&part, 0, sizeof(part));
		part.kind = files[n].kinds[i];
		if (part.kind == PART_OCTETS) {
			text_for(text, sizeof(text), n, version);
			part.offset = octets->len;
			part.len = strlen(text);
			add(octets, text, strlen(text));
		} else if (part.kind == PART_KEY) {
			fixture_key_id(version, part.key_id);
		} else {
			part.mode = VERIFY_OUTGOING;
		}
		add(parts, &part, sizeof(part));
	}
}

void
fixture_bundle(struct buf *buf, const struct service_set *set, char version)
{
	struct bundle_header header = { .version = BUNDLE_VERSION };
	struct buf table = { 0 }, parts = { 0 }, octets = { 0 };
	struct bundle_file file;
	struct bundle_part *part;
	uint64_t before;
	size_t i;

	for (i = 0; i < nitems(files); i++) {
		memset(&file, 0, sizeof(file));
		(void)snprintf(file.path, sizeof(file.path), "%s", files[i].path);
		file.service = files[i].service;
		file.first_part = header.nparts;
		file.nparts = (uint32_t)files[i].nparts;
		header.nparts += file.nparts;
		add(&table, &file, sizeof(file));
		add_parts(&parts, &octets, i, version);
	}
	header.nfiles = (uint32_t)nitems(files);
	header.services_revision = set->table.revision;
	memcpy(header.magic, BUNDLE_MAGIC, sizeof(header.magic));
	before = sizeof(header) + table.len + parts.len;
	header.size = before + octets.len;
	part = (void *)parts.data;
	for (i = 0; i < header.nparts; i++)
		part[i].offset += part[i].kind == PART_OCTETS ? before : 0;
	add(buf, &header, sizeof(header));
	add(buf, table.data, table.len);
	add(buf, parts.data, parts.len);
	add(buf, octets.data, octets.len);
	buf_clear(&table);
	buf_clear(&parts);
	buf_clear(&octets);
}

void
fixture_snapshot(struct buf *buf, const struct service_set *set)
{
	struct config config = { 0 };
	struct err err = { 0 };

	if (config_complete(&config, 1700000000, &err) == -1 ||
	    snapshot_write(buf, &config, &set->table, 1700000000, &err) == -1) {
		(void)fprintf(stderr, "snapshot: %s\n", err.text);
		abort();
	}
	config_clear(&config);
}

/* --- generations --- */

int
fixture_stage(const struct generations *g, const struct service_set *set,
    const struct keys *keys, char version, uint64_t number, uint64_t base,
    struct err *err)
{
	struct buf bundle = { 0 }, snapshot = { 0 }, records = { 0 };
	struct keys own = { 0 };
	struct stage stage = { .generations = g,
		.services = set,
		.keys = keys,
		.base = base };
	int rc;

	fixture_bundle(&bundle, set, version);
	fixture_snapshot(&snapshot, set);
	fixture_key(&records, version);
	if (keys == NULL) {
		if (keys_add(&own, records.data, records.len, err) == -1)
			die("keys_add");
		stage.keys = &own;
	}
	stage.bundle = (struct blob){ bundle.data, bundle.len };
	stage.snapshot = (struct blob){ snapshot.data, snapshot.len };
	stage.commit.generation = number;
	stage.commit.time = 1700000000;
	(void)snprintf(stage.commit.user, sizeof(stage.commit.user), "tester");
	(void)snprintf(stage.commit.comment, sizeof(stage.commit.comment),
	    "version %c\nof it", version);
	rc = stage_run(&stage, err);
	keys_clear(&own);
	buf_clear(&bundle);
	buf_clear(&snapshot);
	buf_clear(&records);
	return rc;
}

static bool
file_holds(int dir, size_t n, char version)
{
	char text[256], found[1024], key[16];
	ssize_t len;
	int fd;

	fd = openat(dir, files[n].path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	len = read(fd, found, sizeof(found) - 1);
	(void)close(fd);
	if (len == -1)
		return false;
	found[len] = '\0';
	if (files[n].kinds[0] == PART_VARIANT)
		return strcmp(found, "verify 1;\n") == 0;
	text_for(text, sizeof(text), n, version);
	if (files[n].kinds[0] == PART_OCTETS && strncmp(found, text, strlen(text)) != 0)
		return false;
	(void)snprintf(key, sizeof(key), "\nkey%c\n", version);
	return files[n].kinds[files[n].nparts - 1] != PART_KEY ||
	    strstr(found, key) != NULL;
}

char
fixture_version(const struct generations *g, uint64_t number)
{
	struct manifest manifest;
	struct err err;
	bool snapshot;
	char version;
	size_t i;
	int dir;

	if ((dir = generation_open(g, number, &err)) == -1)
		return '-';
	if (generation_verify(g, number, &snapshot, &err) == -1 || !snapshot ||
	    manifest_load(dir, &manifest, &err) == -1) {
		(void)close(dir);
		return '?';
	}
	version = manifest.commit.comment[strlen("version ")];
	for (i = 0; i < nitems(files); i++)
		if (!file_holds(dir, i, version))
			version = '?';
	manifest_clear(&manifest);
	(void)close(dir);
	return version;
}
