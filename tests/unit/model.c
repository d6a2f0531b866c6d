/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "lib/bundle.h"
#include "lib/snapshot.h"
#include "tests/unit/model.h"

static EVP_PKEY *keys[MODEL_KEYS];
static long serial = 1;

static EVP_PKEY *
key(unsigned int n)
{
	assert_true(n < MODEL_KEYS);
	if (keys[n] == NULL)
		keys[n] = EVP_EC_gen("P-256");
	assert_non_null(keys[n]);
	return keys[n];
}

int
model_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < MODEL_KEYS; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
	return 0;
}

static void
set_name(X509_NAME *name, const char *common)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			     (const unsigned char *)common, -1, -1, 0),
	    1);
}

static void
add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static X509 *
build(const struct model_cert *m)
{
	X509 *x509 = X509_new();
	const char *issuer = m->issuer != NULL ? m->issuer : m->name;
	unsigned int issuer_key = m->issuer != NULL ? m->issuer_key : m->key;
	int before = m->days_before != 0 ? m->days_before : 10;
	int after = m->days_after != 0 ? m->days_after : 365;

	assert_non_null(x509);
	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
	set_name(X509_get_subject_name(x509), m->name);
	set_name(X509_get_issuer_name(x509), issuer);
	ASN1_TIME_set(X509_getm_notBefore(x509),
	    MODEL_NOW - (time_t)before * MODEL_DAY);
	ASN1_TIME_set(X509_getm_notAfter(x509), MODEL_NOW + (time_t)after * MODEL_DAY);
	X509_set_pubkey(x509, key(m->key));
	if (m->ca)
		add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
	if (m->sans != NULL)
		add_extension(x509, NID_subject_alt_name, m->sans);
	assert_true(
	    X509_sign(x509, key(issuer_key), m->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
	return x509;
}

struct cert
model_cert(struct arena *arena, const struct model_cert *m)
{
	X509 *x509 = build(m);
	unsigned char *der = NULL;
	int len = i2d_X509(x509, &der);
	struct text copy;
	struct cert cert;
	struct err err;

	assert_true(len > 0);
	copy = arena_text(arena, (const char *)der, (size_t)len);
	assert_int_equal(cert_parse(arena,
			     (struct blob){ (const uint8_t *)copy.data, copy.len },
			     &cert, &err),
	    0);
	OPENSSL_free(der);
	X509_free(x509);
	return cert;
}

void
model_credential(struct config *config, const char *name, const struct model_cert *m,
    size_t count)
{
	struct credential *credential = config_add_credential(config, text_of(name));
	struct cert *chain = arena_alloc(&config->arena, count * sizeof(*chain));

	assert_non_null(credential);
	for (size_t i = 0; i < count; i++)
		chain[i] = model_cert(&config->arena, &m[i]);
	credential->chain = chain;
	credential->count = count;
	credential->has_key = true;
	memcpy(credential->key_id, chain[0].key_id, SHA256_SIZE);
}

void
model_trust(struct config *config, const char *prefix, size_t count)
{
	struct anchor *anchors = calloc(count + 1, sizeof(*anchors));
	struct err err;

	assert_non_null(anchors);
	for (size_t i = 0; i < count; i++) {
		char name[64];
		struct model_cert m = { .name = name, .key = 3, .ca = true };

		snprintf(name, sizeof(name), "%s %zu", prefix, i);
		anchors[i].cert = model_cert(&config->arena, &m);
	}
	assert_int_equal(config_set_trust(config, anchors, count, &err), 0);
	free(anchors);
}

void
model_service(struct config *config, const char *name, bool enabled,
    const char *credential)
{
	struct service_setting *setting = config_add_service(config, text_of(name));

	assert_non_null(setting);
	setting->enabled = enabled;
	setting->credential = (struct text){ NULL, 0 };
	if (credential != NULL)
		setting->credential =
		    arena_text(&config->arena, credential, strlen(credential));
}

void
model_begin(struct config *config)
{
	struct err err;

	memset(config, 0, sizeof(*config));
	settings_default(&config->settings);
	model_credential(config, CREDENTIAL_FACTORY,
	    &(struct model_cert){ .name = "factory", .key = 2, .sha1 = true }, 1);
	model_credential(config, CREDENTIAL_LOCAL,
	    &(struct model_cert){ .name = "device", .key = 0 }, 1);
	assert_int_equal(config_complete(config, MODEL_NOW, &err), 0);
}

void
model_bundle(struct config *config, struct buf *ret_bundle, bool local)
{
	const struct model_cert chain[] = {
		{ .name = "device", .issuer = "root 0", .key = 0, .issuer_key = 3 },
		{ .name = "root 0", .key = 3, .ca = true },
	};
	struct err err;

	memset(config, 0, sizeof(*config));
	memset(ret_bundle, 0, sizeof(*ret_bundle));
	model_credential(config, CREDENTIAL_FACTORY,
	    &(struct model_cert){ .name = "factory", .key = 2 }, 1);
	if (local)
		model_credential(config, CREDENTIAL_LOCAL, chain, 2);
	model_credential(config, "edge", chain, 2);
	model_credential(config, "edge-2.x", chain, 1);
	model_trust(config, "root", 2);
	config->mode = VERIFY_OUTGOING;
	model_service(config, "proxy", true, "edge");
	assert_int_equal(config_complete(config, MODEL_NOW, &err), 0);
	if (bundle_write(ret_bundle, config, model_services(), &err) == -1)
		fail_msg("%s", err.text);
}

void
model_snapshot(struct config *config, struct buf *ret_snapshot)
{
	const struct model_cert chain[] = {
		{ .name = "device.example",
		    .issuer = "middle",
		    .key = 0,
		    .issuer_key = 1,
		    .sans = "DNS:device.example,DNS:other.example,IP:192.0.2.1" },
		{ .name = "middle",
		    .issuer = "root 0",
		    .key = 1,
		    .issuer_key = 3,
		    .ca = true },
	};
	struct credential *bare;
	struct err err;

	memset(config, 0, sizeof(*config));
	memset(ret_snapshot, 0, sizeof(*ret_snapshot));
	model_credential(config, CREDENTIAL_FACTORY,
	    &(struct model_cert){ .name = "factory", .key = 2 }, 1);
	model_credential(config, CREDENTIAL_LOCAL, chain, 2);
	model_credential(config, "edge", chain, 2);
	bare = config_add_credential(config, text_of("bare"));
	bare->has_key = true;
	bare->key_id[0] = 1;
	model_trust(config, "root", 5);
	config->mode = VERIFY_OUTGOING;
	model_service(config, "web", true, NULL);
	model_service(config, "proxy", false, "edge");
	model_service(config, "gone", true, "local"); /* not defined */
	assert_int_equal(config_complete(config, MODEL_NOW, &err), 0);
	if (snapshot_write(ret_snapshot, config, model_services(), MODEL_NOW, &err) ==
	    -1)
		fail_msg("%s", err.text);
}

const struct services *
model_services(void)
{
	static const struct services services = {
		.revision = 7,
		.count = 4,
		.rows = {
			{
				.name = "web",
				.credential = "local",
				.directions = SERVICE_SERVES,
				.files = SERVICE_FILES_SEPARATE,
			},
			{
				.name = "sip",
				.credential = "local",
				.directions = SERVICE_CALLS_OUT | SERVICE_TAKES_CALLS,
				.files = SERVICE_FILES_SEPARATE | SERVICE_FILES_CA,
				.custom_credential = 1,
				.has_variant = { 1, 1, 1 },
				.variant_sha256 = { { 1 }, { 2 }, { 3 } },
			},
			{
				.name = "proxy",
				.credential = "edge",
				.directions = SERVICE_SERVES,
				.files = SERVICE_FILES_COMBINED | SERVICE_FILES_CA,
				.has_variant = { 1, 1, 0 },
				.variant_sha256 = { { 1 }, { 2 } },
			},
			{
				.name = "locked",
				.feature = FEATURE_MISSING,
				.feature_keys = "secure-web",
			},
		},
	};

	return &services;
}
