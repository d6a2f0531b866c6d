/* SPDX-License-Identifier: ISC */
/*
 * Certificates alone in a CMS message (RFC 5652 5.2): SignedData without content and
 * without signers, as ietf-crypto-types (RFC 9640) has them.
 */
#ifndef LIB_CMS_H
#define LIB_CMS_H

#include "lib/pem.h"

/* Whether the octets begin as a CMS message, of whatever content, or none at all. */
bool cms_is(struct blob der);

/*
 * All its certificates, in order.  Refuses any other content, content that is signed,
 * revocation lists, none, and more than max.  "line" is passed on.
 */
int cms_read(struct arena *, struct blob der, size_t max, uint32_t line,
    pem_found *found, void *context, struct err *);

/* Appends such a message with these certificates; -1 without memory. */
int cms_write(struct buf *, const struct blob *ders, size_t count);

#endif
