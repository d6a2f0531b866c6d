/* SPDX-License-Identifier: ISC */
/* From members of structs to values. */
#include "handlers/snmp_field.h"

#include <string.h>

static const void *
member(const struct snmp_cell *cell)
{
	return (const char *)cell->row + cell->column->arg;
}

static uint64_t
unsigned_member(const struct snmp_cell *cell)
{
	const void *at = member(cell);

	if (cell->column->size == sizeof(uint8_t))
		return *(const uint8_t *)at;
	if (cell->column->size == sizeof(uint64_t))
		return *(const uint64_t *)at;
	return *(const uint32_t *)at;
}

void
snmp_field_number(const struct snmp_cell *cell, struct snmp_value *value)
{
	const uint64_t n = unsigned_member(cell);

	snmp_value_number(value, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

void
snmp_field_counter(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_counter(value, unsigned_member(cell));
}

void
snmp_field_truth(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_truth(value, unsigned_member(cell) != 0);
}

void
snmp_field_enum(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_enum(value, cell->column->names,
	    (unsigned int)unsigned_member(cell));
}

void
snmp_field_text(const struct snmp_cell *cell, struct snmp_value *value)
{
	const char *text = member(cell);

	snmp_value_text(value, (struct text){ text, strnlen(text, cell->column->size) },
	    cell->column->size - 1);
}

void
snmp_field_date(const struct snmp_cell *cell, struct snmp_value *value)
{
	const int64_t *t = member(cell);

	if (*t != 0)
		snmp_value_date(value, *t);
}

void
snmp_field_sha256(const struct snmp_cell *cell, struct snmp_value *value)
{
	snmp_value_sha256(value, member(cell));
}
