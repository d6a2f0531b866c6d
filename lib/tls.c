/* SPDX-License-Identifier: ISC */
/*
 * What the verification mode means for an SSL_CTX.  A context begins by refusing every
 * peer and is opened only by the last step of setting it up, so that a caller who does
 * not look at the result is not less safe than one who does.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "lib/certconf.h"
#include "lib/limits.h"
#include "lib/tls_material.h"

#define ATTEMPTS 100 /* each is overtaken by a commit, which takes far longer */
#define HOST_MAX 253 /* RFC 1035: octets of a name as it is written */
#define LABEL_MAX 63

/*
 * An outgoing context expects a host that does not exist, until certconf_tls_peer()
 * puts another in its place.  Its name tells what the context was set up with, so that
 * this goes with the context and needs no index, lock or list.
 */
#define NOBODY "certconf/"
#define NOBODY_SIZE (sizeof(NOBODY) + LIMIT_NAME + 1 + 2 * TLS_DIGEST_SIZE)

struct certconf {
	struct tls_live live;
	char service[LIMIT_NAME + 1];
	enum certconf_mode mode;
	uint64_t generation;
};

_Static_assert((int)VERIFY_NONE + 1 == (int)CERTCONF_MODE_NONE &&
	(int)VERIFY_MODE_MAX == (int)CERTCONF_MODE_OUTGOING_AND_INCOMING,
    "the public modes are the internal ones, plus unknown");

/* --- the handle --- */

static int
invalid(void)
{
	errno = EINVAL;
	return -1;
}

/* As in the definitions, so that no name leads elsewhere. */
static bool
is_service_name(const char *name)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_-.";
	size_t len = strlen(name);

	return len > 0 && len <= LIMIT_NAME && name[0] != '.' && name[0] != '-' &&
	    strspn(name, allowed) == len;
}

int
certconf_open_at(const char *directory, const char *service,
    struct certconf **ret_handle)
{
	struct certconf *h;
	int why;

	if (directory == NULL || service == NULL || !is_service_name(service))
		return invalid();
	if ((h = calloc(1, sizeof(*h))) == NULL)
		return -1;
	if (tls_live_open(&h->live, directory) == -1) {
		why = errno;
		free(h);
		errno = why;
		return -1;
	}
	memcpy(h->service, service, strlen(service) + 1);
	*ret_handle = h;
	return 0;
}

int
certconf_open(const char *service, struct certconf **ret_handle)
{
	return certconf_open_at(STATE_DIR, service, ret_handle);
}

void
certconf_close(struct certconf *h)
{
	if (h == NULL)
		return;
	tls_live_close(&h->live);
	free(h);
}

int
certconf_tls_changed(struct certconf *h)
{
	return tls_live_changed(&h->live);
}

int
certconf_fd(const struct certconf *h)
{
	if (h->live.inotify == -1)
		errno = h->live.why_no_inotify;
	return h->live.inotify;
}

enum certconf_mode
certconf_mode(const struct certconf *h)
{
	return h->mode;
}

uint64_t
certconf_generation(const struct certconf *h)
{
	return h->generation;
}

const char *
certconf_mode_name(enum certconf_mode mode)
{
	if (mode < CERTCONF_MODE_NONE || mode > CERTCONF_MODE_OUTGOING_AND_INCOMING)
		return "unknown";
	return name_text(&verify_mode_names, (unsigned int)mode - 1);
}

/* --- verification --- */

/* What certconf set it up with; NULL when it is no outgoing context of certconf's. */
static const char *
nobody_of(X509_VERIFY_PARAM *param)
{
	const char *host = X509_VERIFY_PARAM_get0_host(param, 0);

	return host != NULL && strncmp(host, NOBODY, strlen(NOBODY)) == 0 ? host : NULL;
}

/* Whether somebody said whom the connection is for. */
static bool
has_peer(X509_VERIFY_PARAM *param)
{
	char *address;

	if (X509_VERIFY_PARAM_get0_host(param, 0) != NULL)
		return nobody_of(param) == NULL;
	(void)ERR_set_mark(); /* that there is none is an error of its own */
	address = X509_VERIFY_PARAM_get1_ip_asc(param);
	(void)ERR_pop_to_mark();
	OPENSSL_free(address);
	return address != NULL;
}

/* A chain alone says that somebody is trusted, not that it is who was called. */
static int
verify_callee(X509_STORE_CTX *store, void *context)
{
	(void)context;
	if (!has_peer(X509_STORE_CTX_get0_param(store))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
		return 0;
	}
	return X509_verify_cert(store) == 1;
}

static int
verify_nobody(X509_STORE_CTX *store, void *context)
{
	(void)context;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* Until it is set up, a context takes nobody, in either role. */
static void
refuse_everybody(SSL_CTX *ctx)
{
	SSL_CTX_set_cert_verify_callback(ctx, verify_nobody, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
	    NULL);
}

/* --- setting up --- */

/* "certconf/SERVICE/", then the digest; returns the length of the first. */
static size_t
format_nobody(char name[NOBODY_SIZE], const struct certconf *h,
    const uint8_t digest[TLS_DIGEST_SIZE])
{
	int len = snprintf(name, NOBODY_SIZE, NOBODY "%s/", h->service);

	for (size_t i = 0; digest != NULL && i < TLS_DIGEST_SIZE; i++)
		(void)snprintf(name + len + 2 * i, 3, "%02x", digest[i]);
	return (size_t)len;
}

static int
set_certificate(SSL_CTX *ctx, struct tls_material *m, struct certconf_error *err)
{
	/* exactly the chain that was committed: OpenSSL would add anchors to a short
	 * one */
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	if (m->leaf == NULL)
		return 0;
	if (SSL_CTX_use_cert_and_key(ctx, m->leaf, m->key, m->chain, 1) != 1)
		return tls_fail_openssl(err, CERTCONF_ERROR_TLS, "the certificate");
	return 0;
}

static bool
has_version(SSL_CTX *ctx)
{
	const long version = SSL_CTX_get_min_proto_version(ctx);

	return version >= TLS1_2_VERSION && version <= TLS1_3_VERSION;
}

/* A newer one that the caller chose stays. */
static int
set_version(SSL_CTX *ctx, struct certconf_error *err)
{
	if (!has_version(ctx))
		(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/*
	 * asked, since DTLS and the methods of one version ignore it without an error
	 */
	if (has_version(ctx))
		return 0;
	return tls_fail(err, CERTCONF_ERROR_TLS,
	    "TLS 1.2 cannot be demanded of this SSL_CTX: make it with TLS_method()");
}

/*
 * Sessions are taken up again only where they would be let in again: one from before a
 * change never says anything about the other end under what is in force now.
 */
static int
set_sessions(SSL_CTX *ctx, const struct tls_material *m, struct certconf_error *err)
{
	if (SSL_CTX_set_session_id_context(ctx, m->digest, TLS_DIGEST_SIZE) == 1)
		return 0;
	return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, "sessions");
}

static int
set_nobody(SSL_CTX *ctx, const struct certconf *h, const struct tls_material *m,
    struct certconf_error *err)
{
	char name[NOBODY_SIZE];

	format_nobody(name, h, m->digest);
	if (X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(ctx), name, 0) == 1)
		return 0;
	return tls_fail_openssl(err, CERTCONF_ERROR_SYSTEM, "host");
}

static void
set_verification(SSL_CTX *ctx, enum certconf_direction direction,
    struct tls_material *m)
{
	int mode = SSL_VERIFY_NONE;

	if (m->verifies) {
		mode = SSL_VERIFY_PEER;
		if (direction == CERTCONF_INCOMING_CALL)
			mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
		SSL_CTX_set1_cert_store(ctx, m->anchors);
		/* every certificate of the trust store is one, as in certconf's
		 * verdicts */
		X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
		    X509_V_FLAG_PARTIAL_CHAIN);
		SSL_CTX_set_client_CA_list(ctx, m->names);
		m->names = NULL; /* the context's now */
	}
	SSL_CTX_set_cert_verify_callback(ctx,
	    m->verifies && direction == CERTCONF_OUTGOING ? verify_callee : NULL, NULL);
	SSL_CTX_set_verify(ctx, mode, NULL);
}

/* What marks a context as set up comes last: the certificate, or whom it expects. */
static int
install(SSL_CTX *ctx, const struct certconf *h, enum certconf_direction direction,
    struct tls_material *m, struct certconf_error *err)
{
	if (set_version(ctx, err) == -1 || set_sessions(ctx, m, err) == -1 ||
	    set_certificate(ctx, m, err) == -1 ||
	    (direction == CERTCONF_OUTGOING && set_nobody(ctx, h, m, err) == -1))
		return -1;
	set_verification(ctx, direction, m);
	return 0;
}

static bool
is_new(SSL_CTX *ctx)
{
	return SSL_CTX_get0_certificate(ctx) == NULL &&
	    nobody_of(SSL_CTX_get0_param(ctx)) == NULL;
}

static int
load_live(const struct certconf *h, enum certconf_direction direction,
    struct tls_material *m, uint64_t *ret_generation, struct certconf_error *err)
{
	struct tls_generation g;
	bool past = true;
	int rc = -1;

	/* what is superseded may be removed while it is read */
	for (int i = 0; past && i < ATTEMPTS; i++) {
		tls_material_clear(m);
		rc = tls_generation_open(&h->live, &g, err);
		if (rc == 0)
			rc = tls_material_load(m, &g, h->service, direction, err);
		*ret_generation = g.number;
		/* a certificate that is not there may be one that was removed, too */
		past = (rc == -1 || m->leaf == NULL) &&
		    tls_generation_is_past(&h->live, &g);
		tls_generation_close(&g);
	}
	if (rc == 0 && past)
		return tls_fail(err, CERTCONF_ERROR_SYSTEM,
		    "the generations change faster than they can be read");
	return rc;
}

static int
apply(struct certconf *h, SSL_CTX *ctx, enum certconf_direction direction,
    struct certconf_error *err)
{
	struct tls_material m = { 0 };
	uint64_t generation;
	int rc = -1;

	if (h == NULL || ctx == NULL || direction < CERTCONF_OUTGOING ||
	    direction > CERTCONF_SERVE)
		return tls_fail(err, CERTCONF_ERROR_ARGUMENT,
		    "there is no handle, no SSL_CTX or no such direction");
	if (!is_new(ctx))
		return tls_fail(err, CERTCONF_ERROR_ARGUMENT,
		    "this SSL_CTX has been set up before: make a new one");
	refuse_everybody(ctx);
	if (load_live(h, direction, &m, &generation, err) == 0 &&
	    install(ctx, h, direction, &m, err) == 0) {
		h->mode = (enum certconf_mode)((int)m.mode + 1);
		h->generation = generation;
		rc = 0;
	}
	tls_material_clear(&m);
	return rc;
}

int
certconf_tls_apply(struct certconf *h, SSL_CTX *ctx, enum certconf_direction direction,
    struct certconf_error *ret_err)
{
	struct certconf_error err = { 0 };
	int rc;

	(void)ERR_set_mark(); /* the caller's queue stays as it is */
	rc = apply(h, ctx, direction, &err);
	(void)ERR_pop_to_mark();
	if (ret_err != NULL)
		*ret_err = err;
	return rc;
}

/* --- one connection --- */

/* Up to len octets of letters, digits, "-" and "_". */
static bool
is_label(const char *label, size_t len, bool *ret_number)
{
	bool number = true;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)label[i];

		if (!isascii(c) || (!isalnum(c) && c != '-' && c != '_'))
			return false;
		number = number && isdigit(c);
	}
	*ret_number = number;
	return len > 0 && len <= LABEL_MAX;
}

/* Labels between dots; with a number as the last it would be half an address. */
static bool
is_host_name(const char *host)
{
	const char *label = host, *dot;
	bool number = true;

	if (strlen(host) > HOST_MAX)
		return false;
	for (;; label = dot + 1) {
		dot = strchrnul(label, '.');
		if (!is_label(label, (size_t)(dot - label), &number))
			return false;
		if (*dot == '\0')
			return !number;
	}
}

static bool
is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 ||
	    inet_pton(AF_INET6, host, address) == 1;
}

/* Whom the certificate must name, and for a name what the server is asked for. */
static bool
expect(SSL *ssl, const char *host, bool address)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	/* RFC 9525 6.3: neither the common name nor half a label counts */
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_host(param, NULL, 0) != 1 ||
	    X509_VERIFY_PARAM_set1_ip(param, NULL, 0) != 1)
		return false;
	if (address)
		return SSL_set_tlsext_host_name(ssl, NULL) == 1 &&
		    X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 &&
	    X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

/* A session is one with this host: a resumed one is not verified again. */
static bool
bind_session(SSL *ssl, const char *nobody, const char *host)
{
	char bound[NOBODY_SIZE + HOST_MAX + 2];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len;
	int n = snprintf(bound, sizeof(bound), "%s/%s", nobody, host);

	return EVP_Digest(bound, (size_t)n, digest, &len, EVP_sha256(), NULL) == 1 &&
	    SSL_set_session_id_context(ssl, digest, len) == 1;
}

int
certconf_tls_peer(const struct certconf *h, SSL *ssl, const char *host)
{
	char name[HOST_MAX + 2], ours[NOBODY_SIZE];
	const char *nobody;
	size_t len;
	bool address, done;

	if (h == NULL || ssl == NULL || host == NULL ||
	    (len = strlen(host)) >= sizeof(name))
		return invalid();
	memcpy(name, host, len + 1);
	/* the dot that ends a name fully is in no certificate, and in no server name */
	if (len > 1 && name[len - 1] == '.')
		name[len - 1] = '\0';
	address = is_address(name);
	nobody = nobody_of(SSL_CTX_get0_param(SSL_get_SSL_CTX(ssl)));
	len = format_nobody(ours, h, NULL);
	if ((!address && !is_host_name(name)) || nobody == NULL ||
	    strncmp(nobody, ours, len) != 0)
		return invalid();
	(void)ERR_set_mark();
	done = expect(ssl, name, address) && bind_session(ssl, nobody, name);
	(void)ERR_pop_to_mark();
	if (done)
		return 0;
	errno = ENOMEM;
	return -1;
}
