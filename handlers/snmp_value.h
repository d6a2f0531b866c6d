/* SPDX-License-Identifier: ISC */
/*
 * One value of an SNMP object.  Handlers set it by what it means; types, lengths and
 * saturation are decided here alone.  A value that was never set is an absent instance.
 */
#ifndef HANDLERS_SNMP_VALUE_H
#define HANDLERS_SNMP_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/limits.h"
#include "lib/names.h"

#define SNMP_VALUE_OID 16 /* numbers of the longest OID that is a value */

struct snmp_value {
	uint8_t type;     /* ASN.1 as net-snmp has it; 0: absent */
	const void *data; /* here below, or borrowed for the time of the request */
	size_t len;
	union {
		long integer;
		unsigned long number;
		unsigned long oid[SNMP_VALUE_OID];
		uint8_t octets[LIMIT_TEXT + 1];
	} own;
};

void snmp_value_clear(struct snmp_value *);

/* Integer32 and Unsigned32 (which is Gauge32): what does not fit saturates. */
void snmp_value_integer(struct snmp_value *, int64_t);
void snmp_value_number(struct snmp_value *, int64_t);
/* Counter32: wraps. */
void snmp_value_counter(struct snmp_value *, uint64_t);
void snmp_value_ticks(struct snmp_value *, uint32_t hundredths);
void snmp_value_truth(struct snmp_value *, bool);
void snmp_value_enum(struct snmp_value *, const struct names *, unsigned int value);
/* Bit n of the mask is bit n of the BITS, of which there are so many. */
void snmp_value_bits(struct snmp_value *, uint32_t mask, unsigned int count);
/* DateAndTime in UTC, 11 octets; absent for a year that has no form. */
void snmp_value_date(struct snmp_value *, int64_t seconds);
/* UTF-8, borrowed unless it is longer than max and must be cut. */
void snmp_value_text(struct snmp_value *, struct text, size_t max);
/* The same, copied, so that the text need not last. */
void snmp_value_copy(struct snmp_value *, struct text, size_t max);
/* SHA-256 as hexadecimal text; empty for all zeros. */
void snmp_value_sha256(struct snmp_value *, const uint8_t sha256[SHA256_SIZE]);
/* An OBJECT IDENTIFIER, copied. */
void snmp_value_oid(struct snmp_value *, const unsigned long *oid, size_t len);
/* The whole error as one sentence, empty for none. */
void snmp_value_error(struct snmp_value *, const struct err *);

#endif
