/* SPDX-License-Identifier: ISC */
#include "lib/tls_material.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "lib/limits.h"

#define MODE_SIZE 64                 /* octets of the file; far more than it needs */
#define CHAIN_SIZE ((size_t)4 << 20) /* LIMIT_CHAIN of LIMIT_CERTIFICATE, as PEM */
#define ANCHORS_SIZE ((size_t)512 << 20) /* more than any document can bring */
#define WHERE_SIZE (LIMIT_NAME + 64)

/*
 * Names of anchors sent to a caller, in octets: both versions of TLS leave 65535 for
 * them, and many a client takes less.  When there are more, none are sent, which means
 * "any".
 */
#define NAMES_SIZE 32768

/* Whether the other end is verified. */
static const bool verifying[VERIFY_MODE_MAX][CERTCONF_SERVE + 1] = {
	[VERIFY_OUTGOING] = { [CERTCONF_OUTGOING] = true },
	[VERIFY_OUTGOING_AND_INCOMING] = { [CERTCONF_OUTGOING] = true,
	    [CERTCONF_INCOMING_CALL] = true },
};

struct loading {
	struct tls_material *material;
	int dir; /* services/NAME */
	const char *service;
	enum certconf_direction direction;
	EVP_MD_CTX *digest;
};

/* A file's name for messages. */
static const char *
where_of(const struct loading *l, const char *file, char where[WHERE_SIZE])
{
	(void)snprintf(where, WHERE_SIZE, "services/%s/%s", l->service, file);
	return where;
}

static int
add_digest(struct loading *l, const void *data, size_t len, struct certconf_error *err)
{
	const uint64_t length = len; /* so that two fields are never one */

	if (EVP_DigestUpdate(l->digest, &length, sizeof(length)) == 1 &&
	    EVP_DigestUpdate(l->digest, data, len) == 1)
		return 0;
	return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, "SHA-256");
}

/* Nobody is there who could type one. */
static int
no_password(char *buf, int size, int writing, void *context)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

/* --- the mode --- */

static int
load_mode(struct loading *l, struct certconf_error *err)
{
	static const char name[] = "verification-mode";
	struct tls_octets octets;
	char where[WHERE_SIZE];
	char *end;
	int mode = -1;

	where_of(l, name, where);
	if (tls_read(l->dir, name, MODE_SIZE, where, &octets, err) == -1)
		return -1;
	end = memchr(octets.data, '\n', octets.len);
	if (end != NULL && end + 1 == (char *)octets.data + octets.len) {
		*end = '\0';
		mode = name_find(&verify_mode_names, (char *)octets.data);
	}
	tls_octets_free(&octets);
	if (mode == -1)
		return tls_fail(err, CERTCONF_ERROR_MATERIAL,
		    "%s names no verification mode", where);
	l->material->mode = (enum verify_mode)mode;
	l->material->verifies = verifying[mode][l->direction];
	return 0;
}

/* --- certificates --- */

/* All certificates of a PEM text in their order; none is an error. */
static int
each_certificate(const struct tls_octets *octets,
    int (*take)(struct tls_material *, X509 *), struct tls_material *material,
    const char *where, struct certconf_error *err)
{
	BIO *bio = BIO_new_mem_buf(octets->data, (int)octets->len);
	X509 *x509;
	int count = 0, rc = 0;

	if (bio == NULL)
		return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, where);
	while (rc == 0 &&
	    (x509 = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
		rc = take(material, x509); /* which holds it, also when it fails */
		X509_free(x509);
		count++;
	}
	if (rc == -1 || /* or what ends every PEM text */
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		rc = tls_fail_openssl(err, CERTCONF_ERROR_MATERIAL, where);
	else if (count == 0)
		rc = tls_fail(err, CERTCONF_ERROR_MATERIAL, "%s holds no certificate",
		    where);
	BIO_free(bio);
	return rc;
}

/* The leaf comes first. */
static int
take_link(struct tls_material *material, X509 *x509)
{
	if (X509_up_ref(x509) != 1)
		return -1;
	if (material->leaf == NULL) {
		material->leaf = x509;
		return 0;
	}
	if (material->chain == NULL)
		material->chain = sk_X509_new_null();
	if (material->chain != NULL && sk_X509_push(material->chain, x509) > 0)
		return 0;
	X509_free(x509);
	return -1;
}

/* The names are wanted as long as there is a list. */
static int
add_name(struct tls_material *material, const X509_NAME *name)
{
	X509_NAME *copy;

	for (int i = 0; i < sk_X509_NAME_num(material->names); i++) {
		if (X509_NAME_cmp(sk_X509_NAME_value(material->names, i), name) == 0)
			return 0;
	}
	material->names_size += 2 + (size_t)i2d_X509_NAME(name, NULL);
	if (material->names_size > NAMES_SIZE) {
		sk_X509_NAME_pop_free(material->names, X509_NAME_free);
		material->names = NULL;
		return 0;
	}
	if ((copy = X509_NAME_dup(name)) == NULL)
		return -1;
	if (sk_X509_NAME_push(material->names, copy) > 0)
		return 0;
	X509_NAME_free(copy);
	return -1;
}

static int
take_anchor(struct tls_material *material, X509 *x509)
{
	if (X509_STORE_add_cert(material->anchors, x509) != 1)
		return -1;
	if (material->names == NULL)
		return 0;
	return add_name(material, X509_get_subject_name(x509));
}

/* --- the certificate and its key --- */

static int
parse_key(struct tls_material *material, const struct tls_octets *octets,
    const char *where, struct certconf_error *err)
{
	BIO *bio = BIO_new_mem_buf(octets->data, (int)octets->len);

	if (bio == NULL)
		return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, where);
	material->key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	if (material->key == NULL)
		return tls_fail(err, CERTCONF_ERROR_MATERIAL,
		    "%s holds no private key that can be read", where);
	if (X509_check_private_key(material->leaf, material->key) != 1)
		return tls_fail(err, CERTCONF_ERROR_MATERIAL,
		    "%s does not belong to the certificate", where);
	return 0;
}

static int
load_key(struct loading *l, const char *file, struct certconf_error *err)
{
	struct tls_octets octets;
	char where[WHERE_SIZE];
	int rc;

	where_of(l, file, where);
	if (tls_read(l->dir, file, CHAIN_SIZE + LIMIT_KEY, where, &octets, err) == -1)
		return -1;
	rc = parse_key(l->material, &octets, where, err);
	tls_octets_free(&octets);
	return rc;
}

static int
add_leaf_digest(struct loading *l, const char *where, struct certconf_error *err)
{
	uint8_t leaf[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (X509_digest(l->material->leaf, EVP_sha256(), leaf, &len) != 1)
		return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, where);
	return add_digest(l, leaf, len, err);
}

static int
load_chain(struct loading *l, const char *file, struct certconf_error *err)
{
	struct tls_octets octets;
	char where[WHERE_SIZE];
	int rc;

	where_of(l, file, where);
	if (tls_read(l->dir, file, CHAIN_SIZE + LIMIT_KEY, where, &octets, err) == -1)
		return -1;
	rc = each_certificate(&octets, take_link, l->material, where, err);
	tls_octets_free(&octets);
	return rc == 0 ? add_leaf_digest(l, where, err) : -1;
}

/* In the layout the definition asked for; one may ask for no certificate at all. */
static int
load_certificate(struct loading *l, struct certconf_error *err)
{
	static const struct {
		const char *chain, *key;
	} layouts[] = {
		{ "fullchain.pem", "privkey.pem" },
		{ "combined.pem", "combined.pem" },
	};
	struct stat st;

	for (size_t i = 0; i < nitems(layouts); i++) {
		if (fstatat(l->dir, layouts[i].chain, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
		    errno == ENOENT)
			continue;
		if (load_chain(l, layouts[i].chain, err) == -1)
			return -1;
		return load_key(l, layouts[i].key, err);
	}
	if (l->direction == CERTCONF_OUTGOING)
		return 0;
	return tls_fail(err, CERTCONF_ERROR_NOT_FOUND,
	    "services/%s has no certificate, without which nobody can be answered",
	    l->service);
}

/* --- the trust store --- */

static int
parse_anchors(struct loading *l, const struct tls_octets *octets, const char *where,
    struct certconf_error *err)
{
	struct tls_material *material = l->material;

	material->anchors = X509_STORE_new();
	if (l->direction == CERTCONF_INCOMING_CALL)
		material->names = sk_X509_NAME_new_null();
	if (material->anchors == NULL ||
	    (l->direction == CERTCONF_INCOMING_CALL && material->names == NULL))
		return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, where);
	if (each_certificate(octets, take_anchor, material, where, err) == -1)
		return -1;
	return add_digest(l, octets->data, octets->len, err);
}

static int
load_anchors(struct loading *l, int generation, struct certconf_error *err)
{
	static const char name[] = "trust/ca.pem";
	struct tls_octets octets;
	int rc;

	if (!l->material->verifies)
		return 0;
	if (tls_read(generation, name, ANCHORS_SIZE, name, &octets, err) == -1)
		return err->code != CERTCONF_ERROR_NOT_FOUND
		    ? -1
		    : tls_fail(err, CERTCONF_ERROR_TRUST_STORE,
			  "the verification mode is %s, and there is no trust store",
			  name_text(&verify_mode_names, l->material->mode));
	rc = parse_anchors(l, &octets, name, err);
	tls_octets_free(&octets);
	return rc;
}

/* --- all of it --- */

static int
load(struct loading *l, int generation, struct certconf_error *err)
{
	const uint8_t direction = (uint8_t)l->direction;
	uint8_t mode;

	if (EVP_DigestInit_ex(l->digest, EVP_sha256(), NULL) != 1)
		return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, "SHA-256");
	if (load_mode(l, err) == -1)
		return -1;
	mode = (uint8_t)l->material->mode;
	if (add_digest(l, l->service, strlen(l->service), err) == -1 ||
	    add_digest(l, &direction, sizeof(direction), err) == -1 ||
	    add_digest(l, &mode, sizeof(mode), err) == -1 ||
	    load_certificate(l, err) == -1 || load_anchors(l, generation, err) == -1)
		return -1;
	if (EVP_DigestFinal_ex(l->digest, l->material->digest, NULL) != 1)
		return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, "SHA-256");
	return 0;
}

int
tls_material_load(struct tls_material *material, const struct tls_generation *g,
    const char *service, enum certconf_direction direction, struct certconf_error *err)
{
	struct loading l = { .material = material,
		.service = service,
		.direction = direction };
	char where[WHERE_SIZE];
	int rc = -1;

	*material = (struct tls_material){ 0 };
	l.dir = openat(g->dir, where_of(&l, "", where),
	    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (l.dir == -1)
		return errno != ENOENT ? tls_fail_errno(err, where)
				       : tls_fail(err, CERTCONF_ERROR_NOT_FOUND,
					     "generation %ju has no service %s",
					     (uintmax_t)g->number, service);
	if ((l.digest = EVP_MD_CTX_new()) == NULL)
		tls_fail(err, CERTCONF_ERROR_SYSTEM, "out of memory");
	else
		rc = load(&l, g->dir, err);
	EVP_MD_CTX_free(l.digest);
	(void)close(l.dir);
	return rc;
}

void
tls_material_clear(struct tls_material *material)
{
	X509_free(material->leaf);
	EVP_PKEY_free(material->key);
	sk_X509_pop_free(material->chain, X509_free);
	X509_STORE_free(material->anchors);
	sk_X509_NAME_pop_free(material->names, X509_NAME_free);
	*material = (struct tls_material){ 0 };
}
