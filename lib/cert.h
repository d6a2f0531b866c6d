/* SPDX-License-Identifier: ISC */
/*
 * X.509 certificates: facts from DER (RFC 5280).
 *
 * The facts come from a light template over OpenSSL's ASN.1 engine that leaves the
 * public key undecoded, since decoding it is nine tenths of what d2i_X509() costs.
 * Whoever wants to use the key makes an X509 of the same octets.
 */
#ifndef LIB_CERT_H
#define LIB_CERT_H

#include <time.h>

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/names.h"

/* The six parts of a name that the device's page shows. */
enum dn_part { DN_C, DN_ST, DN_L, DN_O, DN_OU, DN_CN, DN_PART_MAX };

enum san_type {
	SAN_OTHER,
	SAN_DNS,
	SAN_IP,
	SAN_EMAIL,
	SAN_URI,
	SAN_DIRECTORY,
	SAN_TYPE_MAX
};

#define CERT_SELF_ISSUED 0x01u /* subject equals issuer */
#define CERT_CA 0x02u /* basicConstraints says CA, or version 1 and self-issued */
#define CERT_NO_EXPIRY 0x04u /* notAfter is 99991231235959Z, RFC 5280 4.1.2.5 */
#define CERT_HAS_KEY_USAGE 0x08u
#define CERT_WEAK_DIGEST 0x10u /* signed with MD2, MD4, MD5 or SHA-1 */
#define CERT_WEAK_KEY 0x20u    /* RSA or DSA below 2048 bits, EC below 256 */

/*
 * All texts are valid UTF-8 of at most LIMIT_TEXT octets, cut with "..." when longer.
 */
struct cert {
	struct blob der;
	uint8_t sha256[SHA256_SIZE]; /* of der */
	uint8_t key_id[SHA256_SIZE]; /* SHA-256 of the SubjectPublicKeyInfo */
	int64_t not_before;          /* UTC seconds; may be before 1970 */
	int64_t not_after;
	uint32_t flags; /* CERT_* */
	enum key_algorithm key_algorithm;
	uint32_t key_bits;
	/* bit n = RFC 5280 4.2.1.3 bit n; with CERT_HAS_KEY_USAGE */
	uint32_t key_usage;
	struct text subject; /* RFC 4514, most specific part first */
	struct text issuer;
	struct text serial; /* lower-case hex; negative: its content octets */
	struct text sig_algorithm;
	struct text ext_key_usage;             /* "serverAuth, clientAuth" */
	struct text sans;                      /* "DNS:a, IP:b" */
	struct text subject_part[DN_PART_MAX]; /* several values joined with ", " */
	struct text issuer_part[DN_PART_MAX];
	struct blob subject_der; /* within der: what chains are built by */
	struct blob issuer_der;
};

/*
 * The facts of one DER certificate.  The octets are borrowed: they must outlive
 * ret_cert; everything else is allocated in the arena.  Refuses trailing octets, more
 * than LIMIT_CERTIFICATE, a repeated extension, inner and outer signature algorithms
 * that differ, and dates that are none.
 */
int cert_parse(struct arena *, struct blob der, struct cert *ret_cert, struct err *);

/* One subject alternative name. */
struct san {
	enum san_type type;
	struct text value; /* without its type; as the texts of struct cert */
};

/*
 * All of them, each in full, from the octets of a certificate that was parsed or came
 * from a snapshot.  None is not an error: ret_count is 0.
 */
int cert_sans(const struct cert *, struct arena *, struct san **ret_sans,
    size_t *ret_count, struct err *);

/*
 * Subject and authority key identifier, allocated in the arena; { NULL, 0 } if absent.
 */
int cert_key_ids(const struct cert *, struct arena *, struct blob *ret_subject,
    struct blob *ret_authority, struct err *);

/* Whole days until not_after, rounded down, negative when it is past. */
int64_t cert_days_left(const struct cert *, time_t now);

/* Percent of its lifetime left, 0..100. */
int cert_life_left(const struct cert *, time_t now);

/*
 * What people call it: CN, else the first SAN, else the whole subject, else its serial.
 */
struct text cert_label(const struct cert *);

/* Whether a public_key-signed thing may be used here: refuses weak digest, weak key. */
int cert_check_strength(const struct cert *, struct err *);

#endif
