/* SPDX-License-Identifier: ISC */
/*
 * The columns that all tables of certificates have.  A table that uses them says which
 * certificate a row is about.
 */
#ifndef HANDLERS_SNMP_FACT_H
#define HANDLERS_SNMP_FACT_H

#include "handlers/snmp_table.h"
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

/* As the get of a column; its arg is enum snmp_fact: FACT(COLUMN_..., SUBJECT). */
void snmp_fact(const struct snmp_cell *, struct snmp_value *);

#define FACT(n, fact) GETTER_OF(n, snmp_fact, FACT_##fact)

/* The verdict on its dates, by the bands that are common to all. */
void snmp_fact_validity(const struct snmp_cell *, struct snmp_value *);

/* The twelve columns of a table's subject and issuer, which follow each other. */
#define DN_COLUMNS(table)                                                              \
	FACT(COLUMN_##table##_SUBJECT_COUNTRY, SUBJECT_PART + DN_C),                   \
	    FACT(COLUMN_##table##_SUBJECT_STATE, SUBJECT_PART + DN_ST),                \
	    FACT(COLUMN_##table##_SUBJECT_LOCALITY, SUBJECT_PART + DN_L),              \
	    FACT(COLUMN_##table##_SUBJECT_ORG, SUBJECT_PART + DN_O),                   \
	    FACT(COLUMN_##table##_SUBJECT_ORG_UNIT, SUBJECT_PART + DN_OU),             \
	    FACT(COLUMN_##table##_SUBJECT_COMMON_NAME, SUBJECT_PART + DN_CN),          \
	    FACT(COLUMN_##table##_ISSUER_COUNTRY, ISSUER_PART + DN_C),                 \
	    FACT(COLUMN_##table##_ISSUER_STATE, ISSUER_PART + DN_ST),                  \
	    FACT(COLUMN_##table##_ISSUER_LOCALITY, ISSUER_PART + DN_L),                \
	    FACT(COLUMN_##table##_ISSUER_ORG, ISSUER_PART + DN_O),                     \
	    FACT(COLUMN_##table##_ISSUER_ORG_UNIT, ISSUER_PART + DN_OU),               \
	    FACT(COLUMN_##table##_ISSUER_COMMON_NAME, ISSUER_PART + DN_CN)

#endif
