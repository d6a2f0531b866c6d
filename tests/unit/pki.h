/* SPDX-License-Identifier: ISC */
/*
 * The certificates and keys of tests/data/make-pki, for the tests that need some.  They
 * are made anew for each test program unless CERTCONF_PKI names a directory to share.
 */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/cert.h"
#include "lib/limits.h"
#include "lib/pem.h"

static char pki_directory[256];
static bool pki_is_ours;

/* Group set-up and tear-down for cmocka. */
static inline int
pki_setup(void **state)
{
	const char *srcdir = getenv("srcdir"), *shared = getenv("CERTCONF_PKI");
	const char *tmp = getenv("TMPDIR");
	char command[1024];

	(void)state;
	pki_is_ours = shared == NULL;
	if (shared != NULL) {
		snprintf(pki_directory, sizeof(pki_directory), "%s", shared);
	} else {
		snprintf(pki_directory, sizeof(pki_directory), "%s/certconf-pki.XXXXXX",
		    tmp != NULL ? tmp : "/tmp");
		if (mkdtemp(pki_directory) == NULL || rmdir(pki_directory) == -1)
			return -1;
	}
	snprintf(command, sizeof(command), "'%s/tests/data/make-pki' '%s'",
	    srcdir != NULL ? srcdir : ".", pki_directory);
	return system(command) == 0 ? 0 : -1;
}

static inline int
pki_teardown(void **state)
{
	char command[1024];

	(void)state;
	if (!pki_is_ours)
		return 0;
	snprintf(command, sizeof(command), "rm -rf '%s'", pki_directory);
	return system(command) == 0 ? 0 : -1;
}

/* One of its files, or several names separated by spaces, one after the other. */
static inline struct text
pki_text(struct arena *arena, const char *names)
{
	struct buf buf = { NULL, 0, 0 };
	char list[1024], path[1300], chunk[4096], *next = list, *name;
	struct text text;
	FILE *file;
	size_t n;

	snprintf(list, sizeof(list), "%s", names);
	while ((name = strsep(&next, " ")) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", pki_directory, name);
		if ((file = fopen(path, "re")) == NULL) {
			fprintf(stderr, "%s: not there\n", path);
			abort();
		}
		while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
			buf_add(&buf, chunk, n);
		fclose(file);
	}
	text = arena_text(arena, (const char *)buf.data, buf.len);
	buf_clear(&buf);
	return text;
}

struct pki_found {
	struct arena *arena;
	struct cert *certs;
	size_t count;
};

static inline int
pki_take(void *context, struct blob der, uint32_t line, struct err *err)
{
	struct pki_found *found = context;

	(void)line;
	return cert_parse(found->arena, der, &found->certs[found->count++], err);
}

/* Certificates by name without ".crt", separated by spaces, up to 16; their number. */
static inline size_t
pki_certs(struct arena *arena, const char *names, struct cert *certs)
{
	struct pki_found found = { arena, certs, 0 };
	char list[512], files[1024] = "", *next = list, *name;
	struct err err;

	if (names[0] == '\0')
		return 0;
	snprintf(list, sizeof(list), "%s", names);
	while ((name = strsep(&next, " ")) != NULL) {
		if (files[0] != '\0')
			strncat(files, " ", sizeof(files) - strlen(files) - 1);
		strncat(files, name, sizeof(files) - strlen(files) - 1);
		strncat(files, ".crt", sizeof(files) - strlen(files) - 1);
	}
	if (pem_read_certificates(arena, pki_text(arena, files), 16, pki_take, &found,
		&err) == -1) {
		fprintf(stderr, "%s: %s\n", names, err.text);
		abort();
	}
	return found.count;
}

/* Expects a text, which must be UTF-8 of a length that can be shown. */
static inline void
pki_check_text(const char *name, const char *what, struct text text, const char *expect)
{
	size_t i, n;

	if (!text_is(text, expect))
		fail_msg("%s: %s is \"%.*s\"", name, what, (int)text.len, text.data);
	if (text.len > LIMIT_TEXT)
		fail_msg("%s: %s is too long", name, what);
	for (i = 0; i < text.len; i += n)
		if ((n = utf8_char(text.data + i, text.len - i)) == 0)
			fail_msg("%s: %s is no UTF-8", name, what);
}

#endif
