/* SPDX-License-Identifier: ISC */
/* The facts of one certificate, which tables of local ones and of anchors both show. */
#ifndef HANDLERS_SNMP_FACT_H
#define HANDLERS_SNMP_FACT_H

#include "handlers/snmp_value.h"
#include "lib/cert.h"

enum snmp_fact {
	FACT_SUBJECT,
	FACT_ISSUER,
	FACT_SERIAL,
	FACT_NOT_BEFORE,
	FACT_NOT_AFTER,
	FACT_NOT_BEFORE_TIME,
	FACT_NOT_AFTER_TIME,
	FACT_DAYS_LEFT,
	FACT_SECONDS_LEFT,
	FACT_LIFE_LEFT,
	FACT_FINGERPRINT,
	FACT_KEY_ALGORITHM,
	FACT_KEY_BITS,
	FACT_SIG_ALGORITHM,
	FACT_SELF_SIGNED,
	FACT_KEY_USAGE,
	FACT_EXT_KEY_USAGE,
	FACT_SANS,
	FACT_SUBJECT_PART, /* plus enum dn_part */
	FACT_ISSUER_PART = FACT_SUBJECT_PART + DN_PART_MAX,
	FACT_MAX = FACT_ISSUER_PART + DN_PART_MAX
};

void snmp_fact(struct snmp_value *, const struct cert *, unsigned int fact,
    int64_t now);

#endif
