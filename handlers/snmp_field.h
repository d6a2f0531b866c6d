/* SPDX-License-Identifier: ISC */
/*
 * Columns that are a member of the row's struct as it is: number of the column, type of
 * the row, member, and how it is shown.
 */
#ifndef HANDLERS_SNMP_FIELD_H
#define HANDLERS_SNMP_FIELD_H

#include "handlers/snmp_table.h"

#define FIELD_NAMED(n, row, member, function, its_names)                               \
	{                                                                              \
		.number = (n), .get = (function), .arg = offsetof(row, member),        \
		.size = sizeof(((row *)0)->member), .names = (its_names)               \
	}
#define FIELD(n, row, member, function) FIELD_NAMED(n, row, member, function, NULL)
#define FIELD_ENUM(n, row, member, its_names)                                          \
	FIELD_NAMED(n, row, member, snmp_field_enum, &(its_names))

/* Of unsigned members, of whatever size. */
void snmp_field_number(const struct snmp_cell *, struct snmp_value *);
void snmp_field_counter(const struct snmp_cell *, struct snmp_value *);
void snmp_field_truth(const struct snmp_cell *, struct snmp_value *);
void snmp_field_enum(const struct snmp_cell *, struct snmp_value *);
/* Of arrays of char, all of which can be shown. */
void snmp_field_text(const struct snmp_cell *, struct snmp_value *);
/* Of int64_t: UTC seconds, 0 for never, which is absent. */
void snmp_field_date(const struct snmp_cell *, struct snmp_value *);
/* Of arrays of SHA256_SIZE octets. */
void snmp_field_sha256(const struct snmp_cell *, struct snmp_value *);

#endif
