/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bundle.h"
#include "tests/unit/model.h"

/* What a bundle has: each file with its parts, O of n certificates, K of a key, V. */
static size_t
count_certificates(const char *data, size_t len)
{
	static const char begin_line[] = "-----BEGIN CERTIFICATE-----\n";
	const char *end = data + len;
	size_t n = 0;

	while ((data = memmem(data, (size_t)(end - data), begin_line,
		    strlen(begin_line))) != NULL) {
		data += strlen(begin_line);
		n++;
	}
	return n;
}

static const char *
describe_key(const struct config *config, const uint8_t *key_id)
{
	for (size_t i = 0; i < config->ncredentials; i++) {
		if (memcmp(config->credentials[i].key_id, key_id, SHA256_SIZE) == 0)
			return config->credentials[i].name.data;
	}
	return "?";
}

static void
describe(struct buf *out, const struct bundle *bundle, const struct config *config)
{
	for (uint32_t i = 0; i < bundle->header->nfiles; i++) {
		const struct bundle_file *file = &bundle->files[i];

		buf_printf(out, "%s", file->path);
		for (uint32_t k = 0; k < file->nparts; k++) {
			const struct bundle_part *part =
			    &bundle->parts[file->first_part + k];
			const char *octets = (const char *)bundle->data + part->offset;

			if (strstr(file->path, "/verification-mode") != NULL)
				buf_printf(out, " %.*s", (int)part->len - 1, octets);
			else if (part->kind == PART_OCTETS)
				buf_printf(out, " %zu",
				    count_certificates(octets, part->len));
			else if (part->kind == PART_KEY)
				buf_printf(out, " key:%s",
				    describe_key(config, part->key_id));
			else
				buf_printf(out, " mode:%u", part->mode);
		}
		if (file->service != BUNDLE_NO_SERVICE)
			buf_printf(out, " service:%u", file->service);
		buf_add_text(out, "\n");
	}
}

/* Credentials with key 0 are all called after the first of them. */
static void
files(void **state)
{
	struct config config;
	struct bundle bundle;
	struct buf buf, out = { 0 };
	struct err err;

	(void)state;
	model_bundle(&config, &buf, true);
	if (bundle_open(&bundle, buf.data, buf.len, model_services(), &err) == -1)
		fail_msg("%s: %s", err.where, err.text);
	describe(&out, &bundle, &config);
	assert_string_equal((const char *)out.data,
	    "config.xml 5\n"
	    "credentials/edge-2.x/privkey.pem key:edge\n"
	    "credentials/edge/cert.pem 1\n"
	    "credentials/edge/chain.pem 1\n"
	    "credentials/edge/fullchain.pem 2\n"
	    "credentials/edge/privkey.pem key:edge\n"
	    "credentials/factory/cert.pem 1\n"
	    "credentials/factory/privkey.pem key:factory\n"
	    "credentials/local/cert.pem 1\n"
	    "credentials/local/chain.pem 1\n"
	    "credentials/local/fullchain.pem 2\n"
	    "credentials/local/privkey.pem key:edge\n"
	    "services/locked/verification-mode outgoing service:3\n"
	    "services/proxy/ca.pem 2 service:2\n"
	    "services/proxy/combined.pem 2 key:edge service:2\n"
	    "services/proxy/service.conf mode:1 service:2\n"
	    "services/proxy/verification-mode outgoing service:2\n"
	    "services/sip/ca.pem 2 service:1\n"
	    "services/sip/cert.pem 1 service:1\n"
	    "services/sip/chain.pem 1 service:1\n"
	    "services/sip/fullchain.pem 2 service:1\n"
	    "services/sip/privkey.pem key:edge service:1\n"
	    "services/sip/service.conf mode:1 service:1\n"
	    "services/sip/verification-mode outgoing service:1\n"
	    "services/web/cert.pem 1 service:0\n"
	    "services/web/chain.pem 1 service:0\n"
	    "services/web/fullchain.pem 2 service:0\n"
	    "services/web/privkey.pem key:edge service:0\n"
	    "services/web/verification-mode outgoing service:0\n"
	    "trust/ca.pem 2\n");
	buf_clear(&out);
	buf_clear(&buf);
	config_clear(&config);
}

/* Without local, without trust store: factory in its place, and no empty ca.pem. */
static void
factory_files(void **state)
{
	struct config config;
	struct bundle bundle;
	struct buf buf, out = { 0 };
	struct err err;

	(void)state;
	model_bundle(&config, &buf, false);
	buf_clear(&buf);
	config_remove_trust(&config);
	config_remove_credential(&config, text_of("edge"));
	config_remove_credential(&config, text_of("edge-2.x"));
	config.mode = VERIFY_OUTGOING_AND_INCOMING;
	assert_int_equal(bundle_write(&buf, &config, model_services(), &err), 0);
	assert_int_equal(bundle_open(&bundle, buf.data, buf.len, model_services(),
			     &err),
	    0);
	describe(&out, &bundle, &config);
	assert_string_equal((const char *)out.data,
	    "config.xml 0\n"
	    "credentials/factory/cert.pem 1\n"
	    "credentials/factory/privkey.pem key:factory\n"
	    "credentials/local/cert.pem 1\n"
	    "credentials/local/chain.pem 0\n"
	    "credentials/local/fullchain.pem 1\n"
	    "credentials/local/privkey.pem key:factory\n"
	    "services/locked/verification-mode outgoing-and-incoming service:3\n"
	    "services/proxy/verification-mode outgoing-and-incoming service:2\n"
	    "services/sip/cert.pem 1 service:1\n"
	    "services/sip/chain.pem 0 service:1\n"
	    "services/sip/fullchain.pem 1 service:1\n"
	    "services/sip/privkey.pem key:factory service:1\n"
	    "services/sip/service.conf mode:2 service:1\n"
	    "services/sip/verification-mode outgoing-and-incoming service:1\n"
	    "services/web/cert.pem 1 service:0\n"
	    "services/web/chain.pem 0 service:0\n"
	    "services/web/fullchain.pem 1 service:0\n"
	    "services/web/privkey.pem key:factory service:0\n"
	    "services/web/verification-mode outgoing-and-incoming service:0\n");
	buf_clear(&out);
	buf_clear(&buf);
	config_clear(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(factory_files),
	};

	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
