/* SPDX-License-Identifier: ISC */
/* Snapshots that are refused, and that none leads outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/snapshot.h"
#include "tests/unit/model.h"

#define ROUNDS 20000

/* --- damage --- */

static unsigned long sum; /* so that nothing read is optimised away */

static void
touch(const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += ((const uint8_t *)data)[i];
}

static void
touch_cert(const struct snapshot *snapshot, uint32_t n)
{
	struct cert cert;

	snapshot_cert(snapshot, n, &cert);
	touch(cert.der.data, cert.der.len);
	touch(cert.subject.data, cert.subject.len);
	touch(cert.issuer.data, cert.issuer.len);
	touch(cert.serial.data, cert.serial.len);
	touch(cert.sans.data, cert.sans.len);
	touch(cert.subject_part[DN_CN].data, cert.subject_part[DN_CN].len);
	touch(cert.issuer_part[DN_CN].data, cert.issuer_part[DN_CN].len);
	touch(cert.subject_der.data, cert.subject_der.len);
	touch(cert.issuer_der.data, cert.issuer_der.len);
	sum += (unsigned long)snapshot_find_cert(snapshot, cert.sha256, &cert);
}

static void
touch_text(const struct snapshot *snapshot, struct span span)
{
	struct text text = snapshot_text(snapshot, span);

	touch(text.data, text.len);
}

/* Everything a reader can ask for. */
static void
walk(const struct snapshot *snapshot)
{
	const struct snapshot_header *header = snapshot->header;
	struct config config;
	struct buf buf = { 0 };
	struct err err;
	uint32_t nsans;

	for (uint32_t i = 0; i < header->locals.count; i++) {
		const struct snapshot_local *local = &snapshot->locals[i];

		touch_text(snapshot, local->name);
		for (uint32_t k = 0; k < local->count; k++)
			touch_cert(snapshot, local->first_cert + k);
		(void)snapshot_sans(snapshot, local->first_cert, &nsans);
		sum += snapshot_local(snapshot, local->index) != NULL;
	}
	for (uint32_t i = 0; i < header->trusts.count; i++) {
		touch_text(snapshot, snapshot->trusts[i].name);
		touch_cert(snapshot, snapshot->trusts[i].cert);
	}
	for (uint32_t i = 0; i < header->services.count; i++) {
		touch_text(snapshot, snapshot->services[i].name);
		touch_text(snapshot, snapshot->services[i].credential);
	}
	for (uint32_t i = 0; i < header->sans.count; i++)
		touch_text(snapshot, snapshot->sans[i].value);
	if (snapshot_load(snapshot, &config, &err) == -1)
		return;
	if (config_complete(&config, MODEL_NOW, &err) == 0 &&
	    config_check(&config, model_services(), MODEL_NOW, CLOCK_SYNCHRONIZED,
		&err) == 0)
		(void)snapshot_write(&buf, &config, model_services(), MODEL_NOW, &err);
	buf_clear(&buf);
	config_clear(&config);
}

static void
try(const uint8_t *data, size_t len, unsigned int *accepted)
{
	/* of just this size and aligned, so that a step outside is seen */
	uint8_t *copy = malloc(len > 0 ? len : 1);
	struct snapshot snapshot;
	struct err err;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	if (snapshot_open(&snapshot, copy, len, &err) == 0) {
		++*accepted;
		walk(&snapshot);
	}
	free(copy);
}

/* Flips bits, mostly where numbers are: in the header and the rows. */
static void
damage(void **state)
{
	const char *given = getenv("SEED");
	unsigned int seed = given != NULL ? (unsigned int)strtoul(given, NULL, 0) : 1;
	unsigned int accepted = 0;
	struct config config;
	struct buf buf;

	(void)state;
	printf("seed %u (SEED= sets another)\n", seed);
	srandom(seed);
	model_snapshot(&config, &buf);
	for (size_t len = 0; len < buf.len; len += 1 + len / 16)
		try(buf.data, len, &accepted);
	assert_int_equal(accepted, 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		const struct snapshot_header *header = (const void *)buf.data;
		size_t rows = header->heap.offset, spots[4];
		uint8_t old[4];
		size_t n = 1 + (size_t)random() % 4;

		for (size_t k = 0; k < n; k++) {
			size_t range = random() % 4 == 0 ? sizeof(*header)
			    : random() % 8 == 0          ? buf.len
							 : rows;

			spots[k] = (size_t)random() % range;
			old[k] = buf.data[spots[k]];
			buf.data[spots[k]] ^= (uint8_t)(1 << random() % 8);
			if (random() % 3 == 0)
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

/* --- refusals with a name --- */

static void
spoil_magic(struct snapshot_header *header)
{
	header->magic[0] ^= 1;
}

static void
spoil_version(struct snapshot_header *header)
{
	header->version++;
}

static void
spoil_size(struct snapshot_header *header)
{
	header->size++;
}

static void
spoil_mode(struct snapshot_header *header)
{
	header->verify_mode = VERIFY_MODE_MAX;
}

static void
spoil_setting(struct snapshot_header *header)
{
	header->settings.warn_percent = 101;
}

static void
spoil_count(struct snapshot_header *header)
{
	header->trusts.count = 100000;
}

static void
spoil_offset(struct snapshot_header *header)
{
	header->certs.offset = UINT32_MAX - 7;
}

static void
spoil_alignment(struct snapshot_header *header)
{
	header->certs.offset++;
}

static void
spoil_heap(struct snapshot_header *header)
{
	header->heap.len++;
}

static void
spoil_index(struct snapshot_header *header)
{
	header->by_sha256.count--;
}

static const struct {
	const char *name;
	void (*spoil)(struct snapshot_header *);
	enum err_code code;
	const char *text;
} refusals[] = {
	{ "magic", spoil_magic, ERR_STORAGE, "begin" },
	{ "version", spoil_version, ERR_UNSUPPORTED, "version 4" },
	{ "size", spoil_size, ERR_STORAGE, "size" },
	{ "mode", spoil_mode, ERR_STORAGE, "mode" },
	{ "setting", spoil_setting, ERR_STORAGE, "setting" },
	{ "count", spoil_count, ERR_STORAGE, "range" },
	{ "offset", spoil_offset, ERR_STORAGE, "range" },
	{ "alignment", spoil_alignment, ERR_STORAGE, "range" },
	{ "heap", spoil_heap, ERR_STORAGE, "heap" },
	{ "index", spoil_index, ERR_STORAGE, "index" },
};

static void
refused(void **state)
{
	struct config config;
	struct buf buf;

	(void)state;
	model_snapshot(&config, &buf);
	for (size_t i = 0; i < nitems(refusals); i++) {
		struct snapshot_header saved, *header = (void *)buf.data;
		struct snapshot snapshot;
		struct err err = { .code = ERR_NONE };

		saved = *header;
		refusals[i].spoil(header);
		if (snapshot_open(&snapshot, buf.data, buf.len, &err) != -1 ||
		    err.code != refusals[i].code ||
		    strstr(err.text, refusals[i].text) == NULL)
			fail_msg("%s: %d: %s", refusals[i].name, err.code, err.text);
		*header = saved;
	}
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
