/* SPDX-License-Identifier: ISC */
/*
 * Every limit certconf has, in one place; the table in certconfd.conf(5) is made from
 * these.  Whatever exceeds one is refused with an error that names the limit.
 */
#ifndef LIB_LIMITS_H
#define LIB_LIMITS_H

#define LIMIT_DOCUMENT ((size_t)256 << 20)   /* octets of one XML document */
#define LIMIT_TAG ((size_t)64 << 10)         /* octets of one XML tag */
#define LIMIT_ATTRIBUTES 64                  /* attributes of one XML tag */
#define LIMIT_DEPTH 64                       /* nested XML elements */
#define LIMIT_ELEMENTS 1000000               /* elements of one XML document */
#define LIMIT_CERTIFICATE ((size_t)64 << 10) /* octets of one certificate, DER */
#define LIMIT_CHAIN 16                       /* certificates of one credential */
#define LIMIT_ANCHORS 100000                 /* certificates of the trust store */
#define LIMIT_CREDENTIALS 10000
#define LIMIT_SERVICES 64
#define LIMIT_KEY ((size_t)64 << 10) /* octets of one private key file */
#define LIMIT_PASSWORD 1024          /* octets of one private key password */
#define LIMIT_RSA_MIN 2048           /* bits */
#define LIMIT_RSA_MAX 8192           /* bits */
#define LIMIT_KDF_ITERATIONS 2000000 /* PBKDF2, of an encrypted private key */
#define LIMIT_NAME 64                /* octets of a name */
#define LIMIT_TEXT 255               /* octets of a text shown over SNMP */
#define LIMIT_SESSIONS 16            /* NETCONF sessions at a time */
#define LIMIT_SESSIONS_PER_USER 8    /* of these, by one user */
#define LIMIT_HELLO_SECONDS 30       /* until a client's <hello> */
#define LIMIT_HISTORY 16             /* generations and commits kept */
#define LIMIT_NOTICES 64             /* notifications that can be read again */
#define LIMIT_KEPT 16                /* documents of the spool that are tried again */
#define LIMIT_CONFIRM_SECONDS 86400  /* until a confirmed commit is confirmed */

#endif
