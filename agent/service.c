/* SPDX-License-Identifier: ISC */
#include "agent/service.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/digest.h"

#include "agent/cfgfile.h"
#include "agent/log.h"
#include "agent/xalloc.h"

#define SUFFIX ".conf"

static void
refused(struct service_set *set, const struct err *err, const char *consequence)
{
	char text[512];

	set->refused++;
	log_err("service", "%s; %s", err_format(err, text, sizeof(text)), consequence);
}

/* Only directories nobody else can put files into count. */
static int
open_dir(const char *path, struct err *err)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, path,
		    "%s", strerror(errno));
	if (fstat(fd, &st) == -1 || cfgfile_check_owner(&st, path, err) == -1) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* --- feature keys --- */

static bool
has_feature(int dirfd, const char *key)
{
	struct stat st;
	struct err err;

	if (dirfd == -1 || fstatat(dirfd, key, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (S_ISREG(st.st_mode) && cfgfile_check_owner(&st, key, &err) == 0)
		return true;
	log_warn("service", "features.d/%s is not a file of root's and does not count",
	    key);
	return false;
}

/* One of the keys suffices. */
static void
judge_feature(int dirfd, struct service_facts *facts)
{
	char keys[sizeof(facts->feature_keys)], *key, *rest = keys;

	if (facts->feature == FEATURE_NOT_REQUIRED)
		return;
	memcpy(keys, facts->feature_keys, sizeof(keys));
	while ((key = strsep(&rest, ", ")) != NULL)
		if (*key != '\0' && has_feature(dirfd, key)) {
			facts->feature = FEATURE_PRESENT;
			return;
		}
}

/* --- the set --- */

static bool
is_definition(const char *file)
{
	size_t len = strlen(file);

	return file[0] != '.' && len > strlen(SUFFIX) &&
	    strcmp(file + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* The definition that was in force before this file had a mistake; taken out of it. */
static bool
take_former(struct service_set *former, const char *file, struct service *ret_service)
{
	const size_t len = strlen(file) - strlen(SUFFIX);
	struct service *s;
	uint32_t i;

	for (i = 0; former != NULL && i < former->table.count; i++) {
		s = &former->rows[i];
		if (strlen(s->facts.name) != len ||
		    memcmp(s->facts.name, file, len) != 0)
			continue;
		*ret_service = *s;
		memset(s, 0, sizeof(*s));
		if (ret_service->facts.feature == FEATURE_PRESENT)
			ret_service->facts.feature = FEATURE_MISSING; /* judged anew */
		return true;
	}
	return false;
}

static void
add_file(struct service_set *set, struct service_set *former, int dirfd,
    const char *file)
{
	struct service service;
	struct err err = { 0 };

	if (service_load(dirfd, file, &service, &err) == -1) {
		if (!take_former(former, file, &service)) {
			refused(set, &err, "this service is not defined");
			return;
		}
		refused(set, &err, "the definition read before stays in force");
	}
	if (set->table.count == LIMIT_SERVICES) {
		err_set(&err, ERR_TOO_LARGE, file, "more than %d services",
		    LIMIT_SERVICES);
		refused(set, &err, "this service is not defined");
		service_clear(&service);
		return;
	}
	set->rows[set->table.count++] = service;
}

static int
by_order(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	if (x->facts.order != y->facts.order)
		return x->facts.order < y->facts.order ? -1 : 1;
	return strcmp(x->facts.name, y->facts.name);
}

static void
add_command(struct digest *digest, char *const *argv)
{
	size_t i;

	for (i = 0; argv != NULL && argv[i] != NULL; i++)
		digest_add_text(digest, text_of(argv[i]));
	digest_add_number(digest, i);
}

/* Definitions that are the same have the same revision, also after a restart. */
static uint64_t
revision_of(const struct service_set *set)
{
	uint8_t sha256[SHA256_SIZE] = { 0 };
	const struct service *s;
	struct digest digest;
	struct err err;
	uint64_t revision;
	uint32_t i, mode;

	digest_begin(&digest);
	for (i = 0; i < set->table.count; i++) {
		s = &set->rows[i];
		digest_add(&digest, &s->facts, sizeof(s->facts));
		add_command(&digest, s->check);
		add_command(&digest, s->restart);
		add_command(&digest, s->stop);
		digest_add_number(&digest, s->daemonises);
		digest_add_number(&digest, s->uid);
		digest_add_number(&digest, s->gid);
		digest_add_number(&digest, s->mode);
		for (mode = 0; mode < VERIFY_MODE_MAX; mode++)
			digest_add_text(&digest,
			    text_of(
				s->variants[mode] == NULL ? "" : s->variants[mode]));
	}
	if (digest_end(&digest, sha256, &err) == -1)
		fatal("service", "%s", err.text);
	memcpy(&revision, sha256, sizeof(revision));
	return revision == 0 ? 1 : revision;
}

static void
finish(struct service_set *set, int features)
{
	uint32_t i;

	for (i = 0; i < set->table.count; i++)
		judge_feature(features, &set->rows[i].facts);
	qsort(set->rows, set->table.count, sizeof(set->rows[0]), by_order);
	for (i = 0; i < set->table.count; i++)
		set->table.rows[i] = set->rows[i].facts;
	set->table.revision = revision_of(set);
}

static void
read_dir(struct service_set *set, struct service_set *former, int fd)
{
	struct dirent *entry;
	DIR *dir;

	if ((dir = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (is_definition(entry->d_name))
			add_file(set, former, fd, entry->d_name);
	(void)closedir(dir);
}

struct service_set *
service_set_load(const char *services_dir, const char *features_dir,
    struct service_set *former)
{
	struct service_set *set = xcalloc(1, sizeof(*set));
	struct err err;
	int fd, features;

	if ((fd = open_dir(services_dir, &err)) != -1)
		read_dir(set, former, fd);
	else if (err.code != ERR_NOT_FOUND)
		log_err("service", "%s: %s; no service is defined", err.where,
		    err.text);
	features = open_dir(features_dir, &err);
	if (features == -1 && err.code != ERR_NOT_FOUND)
		log_err("service", "%s: %s; no feature counts", err.where, err.text);
	finish(set, features);
	if (features != -1)
		(void)close(features);
	return set;
}

void
service_set_free(struct service_set *set)
{
	uint32_t i;

	if (set == NULL)
		return;
	for (i = 0; i < set->table.count; i++)
		service_clear(&set->rows[i]);
	free(set);
}
