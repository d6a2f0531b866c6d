/* SPDX-License-Identifier: ISC */
/* From what a value means to what the protocol carries. */
#include "handlers/snmp_value.h"

#include <string.h>
#include <time.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#define TRUTH_TRUE 1 /* TruthValue of SNMPv2-TC */
#define TRUTH_FALSE 2
#define ELLIPSIS "..."

void
snmp_value_clear(struct snmp_value *value)
{
	value->type = 0;
	value->data = NULL;
	value->len = 0;
}

static int64_t
clamp(int64_t n, int64_t min, int64_t max)
{
	return n < min ? min : n > max ? max : n;
}

static void
set_number(struct snmp_value *value, uint8_t type, uint32_t n)
{
	value->type = type;
	value->own.number = n;
	value->data = &value->own.number;
	value->len = sizeof(value->own.number);
}

static void
set_octets(struct snmp_value *value, const void *data, size_t len)
{
	value->type = ASN_OCTET_STR;
	value->data = data;
	value->len = len;
}

void
snmp_value_integer(struct snmp_value *value, int64_t n)
{
	value->type = ASN_INTEGER;
	value->own.integer = (long)clamp(n, -INT32_MAX, INT32_MAX);
	value->data = &value->own.integer;
	value->len = sizeof(value->own.integer);
}

void
snmp_value_number(struct snmp_value *value, int64_t n)
{
	set_number(value, ASN_UNSIGNED, (uint32_t)clamp(n, 0, UINT32_MAX));
}

void
snmp_value_counter(struct snmp_value *value, uint64_t n)
{
	set_number(value, ASN_COUNTER, (uint32_t)n);
}

void
snmp_value_ticks(struct snmp_value *value, uint32_t hundredths)
{
	set_number(value, ASN_TIMETICKS, hundredths);
}

void
snmp_value_truth(struct snmp_value *value, bool truth)
{
	snmp_value_integer(value, truth ? TRUTH_TRUE : TRUTH_FALSE);
}

void
snmp_value_enum(struct snmp_value *value, const struct names *names, unsigned int n)
{
	snmp_value_integer(value, name_mib(names, n));
}

void
snmp_value_bits(struct snmp_value *value, uint32_t mask, unsigned int count)
{
	unsigned int i;

	memset(value->own.octets, 0, sizeof(uint32_t));
	/* RFC 2578 7.1.4: bit 0 is the highest of the first octet */
	for (i = 0; i < count; i++)
		if (mask & (1u << i))
			value->own.octets[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	set_octets(value, value->own.octets, (count + 7) / 8);
}

void
snmp_value_date(struct snmp_value *value, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	int year;

	if (gmtime_r(&t, &tm) == NULL)
		return;
	year = tm.tm_year + 1900;
	if (year < 0 || year > UINT16_MAX)
		return;
	memcpy(value->own.octets,
	    (const uint8_t[]){ (uint8_t)(year >> 8), (uint8_t)year,
		(uint8_t)(tm.tm_mon + 1), (uint8_t)tm.tm_mday, (uint8_t)tm.tm_hour,
		(uint8_t)tm.tm_min, (uint8_t)tm.tm_sec, 0, '+', 0, 0 },
	    11);
	set_octets(value, value->own.octets, 11);
}

void
snmp_value_text(struct snmp_value *value, struct text text, size_t max)
{
	size_t len;

	if (text.len <= max) {
		set_octets(value, text.len > 0 ? text.data : "", text.len);
		return;
	}
	len = utf8_cut(text, max - strlen(ELLIPSIS));
	memcpy(value->own.octets, text.data, len);
	memcpy(value->own.octets + len, ELLIPSIS, strlen(ELLIPSIS));
	set_octets(value, value->own.octets, len + strlen(ELLIPSIS));
}

void
snmp_value_copy(struct snmp_value *value, struct text text, size_t max)
{
	snmp_value_text(value, text, max);
	if (value->len > 0 && value->data != value->own.octets)
		memcpy(value->own.octets, value->data, value->len);
	value->data = value->own.octets;
}

void
snmp_value_sha256(struct snmp_value *value, const uint8_t sha256[SHA256_SIZE])
{
	static const uint8_t none[SHA256_SIZE];

	if (memcmp(sha256, none, sizeof(none)) == 0) {
		set_octets(value, "", 0);
		return;
	}
	hex_format((char *)value->own.octets, sha256, SHA256_SIZE);
	set_octets(value, value->own.octets, (size_t)2 * SHA256_SIZE);
}

void
snmp_value_oid(struct snmp_value *value, const unsigned long *oid, size_t len)
{
	if (len > SNMP_VALUE_OID)
		return;
	memcpy(value->own.oid, oid, len * sizeof(*oid));
	value->type = ASN_OBJECT_ID;
	value->data = value->own.oid;
	value->len = len * sizeof(*oid);
}

void
snmp_value_error(struct snmp_value *value, const struct err *err)
{
	char line[sizeof(err->where) + sizeof(err->text) + 32] = "";

	if (err->code != ERR_NONE)
		err_format(err, line, sizeof(line));
	snmp_value_copy(value, text_of(line), LIMIT_TEXT);
}
