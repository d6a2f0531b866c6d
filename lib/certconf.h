/* SPDX-License-Identifier: ISC */
/*
 * libcertconf: how an application obeys certconf.  Its certificate, key and trust store
 * and the verification mode in force go into an SSL_CTX, and a descriptor tells when
 * there are others.  libcertconf(3) describes all of it.
 */
#ifndef LIB_CERTCONF_H
#define LIB_CERTCONF_H

#include <stdint.h>

#include <openssl/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One service of services.d, as its files are now.  Opaque. */
struct certconf;

/* Which way the connections of an SSL_CTX go. */
enum certconf_direction {
	CERTCONF_OUTGOING = 1, /* we connect to others */
	CERTCONF_INCOMING_CALL =
	    2,             /* others call us, and may have to show who they are */
	CERTCONF_SERVE = 3 /* we answer everybody, as a web page does */
};

enum certconf_mode {
	CERTCONF_MODE_UNKNOWN = 0,
	CERTCONF_MODE_NONE = 1,
	CERTCONF_MODE_OUTGOING = 2,
	CERTCONF_MODE_OUTGOING_AND_INCOMING = 3
};

enum certconf_code {
	CERTCONF_OK = 0,
	CERTCONF_ERROR_ARGUMENT = 1,  /* a call that is never right */
	CERTCONF_ERROR_SYSTEM = 2,    /* out of memory or descriptors, no permission */
	CERTCONF_ERROR_NOT_FOUND = 3, /* no generation, or the service is not in it */
	CERTCONF_ERROR_MATERIAL = 4,  /* a file is not what it must be */
	CERTCONF_ERROR_TRUST_STORE = 5, /* the mode verifies, and there is nothing to
					   verify with */
	CERTCONF_ERROR_TLS = 6          /* OpenSSL refused it */
};

/* The caller's own.  A text is one sentence without a full stop, never a secret. */
struct certconf_error {
	int code; /* enum certconf_code */
	char text[252];
};

/*
 * Opens a service by its name in services.d.  Returns 0, or -1 with errno set.  The
 * second form takes the state directory, where `live` is, instead of the one certconf
 * was built with.  The handle is the caller's, to be closed.
 */
int certconf_open(const char *service, struct certconf **ret_handle);
int certconf_open_at(const char *directory, const char *service,
    struct certconf **ret_handle);

/* NULL is fine.  An SSL_CTX that was set up stays as it is. */
void certconf_close(struct certconf *);

/*
 * Sets up a new SSL_CTX: the certificate, its chain and key, all of one generation, and
 * the verification the mode demands of this direction.  Returns 0, or -1 with the
 * reason in err, which may be NULL; the context then refuses every peer until a later
 * try succeeds.  A context is set up once: after a change make another one.
 */
int certconf_tls_apply(struct certconf *, SSL_CTX *, enum certconf_direction,
    struct certconf_error *err);

/*
 * Says whom an outgoing connection is meant to reach, before its handshake: a DNS name
 * or an IP address.  Without it a handshake in a mode that verifies fails.  Returns 0,
 * or -1 with errno set.
 */
int certconf_tls_peer(const struct certconf *, SSL *, const char *host);

/*
 * Whether another generation came into force since the last call, or since the handle
 * was opened: 1 or 0, or -1 with errno set.  Never blocks.
 */
int certconf_tls_changed(struct certconf *);

/*
 * A descriptor that is readable when certconf_tls_changed() should be asked; it stays
 * the handle's.  -1 with errno set when the system gave none.
 */
int certconf_fd(const struct certconf *);

/* Of what certconf_tls_apply() set up last; unknown and 0 before. */
enum certconf_mode certconf_mode(const struct certconf *);
uint64_t certconf_generation(const struct certconf *);

/* "none", "outgoing", "outgoing-and-incoming" or "unknown". */
const char *certconf_mode_name(enum certconf_mode);

#ifdef __cplusplus
}
#endif

#endif
