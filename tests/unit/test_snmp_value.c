/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "handlers/snmp_value.h"

static void
check_octets(const char *name, const struct snmp_value *value, const void *octets,
    size_t len)
{
	if (value->type != ASN_OCTET_STR || value->len != len ||
	    memcmp(value->data, octets, len) != 0)
		fail_msg("%s: %zu octets: %.*s", name, value->len, (int)value->len,
		    (const char *)value->data);
}

static const struct {
	const char *name;
	int64_t n;
	long integer;
	unsigned long number;
} numbers[] = {
	{ "zero", 0, 0, 0 },
	{ "small", 42, 42, 42 },
	{ "negative", -5, -5, 0 },
	{ "largest Integer32", INT32_MAX, INT32_MAX, INT32_MAX },
	{ "one more", INT64_C(2147483648), INT32_MAX, 2147483648ul },
	{ "largest Unsigned32", UINT32_MAX, INT32_MAX, UINT32_MAX },
	{ "2106 and later", INT64_C(253402300799), INT32_MAX, UINT32_MAX },
	{ "largest", INT64_MAX, INT32_MAX, UINT32_MAX },
	{ "smallest", INT64_MIN, -INT32_MAX, 0 },
};

static void
test_numbers(void **state)
{
	struct snmp_value value;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(numbers); i++) {
		snmp_value_integer(&value, numbers[i].n);
		if (value.type != ASN_INTEGER || value.len != sizeof(long) ||
		    *(const long *)value.data != numbers[i].integer)
			fail_msg("%s: Integer32", numbers[i].name);
		snmp_value_number(&value, numbers[i].n);
		if (value.type != ASN_UNSIGNED || value.len != sizeof(unsigned long) ||
		    *(const unsigned long *)value.data != numbers[i].number)
			fail_msg("%s: Unsigned32", numbers[i].name);
	}
	snmp_value_counter(&value, UINT64_C(0x100000007));
	assert_int_equal(value.type, ASN_COUNTER);
	assert_int_equal(*(const unsigned long *)value.data, 7);
	snmp_value_ticks(&value, 123);
	assert_int_equal(value.type, ASN_TIMETICKS);
}

static const struct {
	const char *name;
	int64_t t;
	uint8_t octets[12]; /* eleven; a first one of 0xff: absent */
} dates[] = {
	{ "1970", 0, "\x07\xb2\x01\x01\0\0\0\0+\0" },
	{ "before 1970", -1, "\x07\xb1\x0c\x1f\x17\x3b\x3b\0+\0" },
	{ "1950", -631152000, "\x07\x9e\x01\x01\0\0\0\0+\0" },
	{ "leap day", INT64_C(1709208000), "\x07\xe8\x02\x1d\x0c\0\0\0+\0" },
	{ "after 2038", INT64_C(4102444800), "\x08\x34\x01\x01\0\0\0\0+\0" },
	{ "no expiry", INT64_C(253402300799), "\x27\x0f\x0c\x1f\x17\x3b\x3b\0+\0" },
	{ "year 65536", INT64_C(2005949145600), "\xff" },
	{ "before year 0", INT64_C(-62198755200), "\xff" },
	{ "no time at all", INT64_MAX, "\xff" },
};

static void
test_dates(void **state)
{
	struct snmp_value value;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(dates); i++) {
		snmp_value_clear(&value);
		snmp_value_date(&value, dates[i].t);
		if (dates[i].octets[0] != 0xff)
			check_octets(dates[i].name, &value, dates[i].octets, 11);
		else if (value.type != 0)
			fail_msg("%s: not absent", dates[i].name);
	}
}

static const struct {
	const char *name, *text;
	size_t max;
	const char *expect;
} texts[] = {
	{ "empty", "", 255, "" },
	{ "short", "local", 64, "local" },
	{ "just fits", "12345678", 8, "12345678" },
	{ "one too long", "123456789", 8, "12345..." },
	{ "no half character",
	    "1234\xc3\xbc"
	    "6789",
	    8, "1234..." },
	{ "whole character",
	    "123\xc3\xbc"
	    "6789",
	    8, "123\xc3\xbc..." },
	{ "four octets",
	    "12\xf0\x9f\x94\x92"
	    "6789",
	    8, "12..." },
};

static void
test_texts(void **state)
{
	struct snmp_value value;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(texts); i++) {
		snmp_value_text(&value, text_of(texts[i].text), texts[i].max);
		check_octets(texts[i].name, &value, texts[i].expect,
		    strlen(texts[i].expect));
		snmp_value_copy(&value, text_of(texts[i].text), texts[i].max);
		check_octets(texts[i].name, &value, texts[i].expect,
		    strlen(texts[i].expect));
		assert_ptr_equal(value.data, value.own.octets);
	}
	snmp_value_text(&value, (struct text){ NULL, 0 }, 255);
	check_octets("not there", &value, "", 0);
}

static const struct {
	const char *name;
	uint32_t mask;
	unsigned int count;
	const char *octets;
	size_t len;
} bits[] = {
	{ "none", 0, 9, "\0\0", 2 },
	{ "first", 0x1, 9, "\x80\0", 2 },
	{ "eighth", 0x80, 9, "\x01\0", 2 },
	{ "ninth", 0x100, 9, "\0\x80", 2 },
	{ "all of eight", 0xff, 8, "\xff", 1 },
	{ "more than there are", 0xffff, 9, "\xff\x80", 2 },
};

static void
test_bits(void **state)
{
	struct snmp_value value;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(bits); i++) {
		snmp_value_bits(&value, bits[i].mask, bits[i].count);
		check_octets(bits[i].name, &value, bits[i].octets, bits[i].len);
	}
}

static void
test_sha256(void **state)
{
	uint8_t sha256[SHA256_SIZE] = { 0 };
	struct snmp_value value;

	(void)state;
	snmp_value_sha256(&value, sha256);
	check_octets("none", &value, "", 0);
	sha256[0] = 0xab;
	sha256[31] = 0x01;
	snmp_value_sha256(&value, sha256);
	check_octets("one", &value,
	    "ab00000000000000000000000000000000000000000000000000000000000001", 64);
}

static void
test_enums(void **state)
{
	struct snmp_value value;

	(void)state;
	snmp_value_enum(&value, &validity_names, VALIDITY_EXPIRED);
	assert_int_equal(*(const long *)value.data, 5);
	snmp_value_enum(&value, &validity_names, 99);
	assert_int_equal(*(const long *)value.data, 1); /* unknown */
	snmp_value_truth(&value, true);
	assert_int_equal(*(const long *)value.data, 1);
	snmp_value_truth(&value, false);
	assert_int_equal(*(const long *)value.data, 2);
}

static void
test_errors(void **state)
{
	struct snmp_value value;
	struct err err = { 0 };
	char where[256];

	(void)state;
	snmp_value_error(&value, &err);
	check_octets("none", &value, "", 0);
	err_set(&err, ERR_KEY_MISMATCH, "nginx", "it is another one");
	snmp_value_error(&value, &err);
	check_octets("short", &value, "nginx: it is another one", 24);
	memset(where, 'w', sizeof(where) - 1);
	where[sizeof(where) - 1] = '\0';
	err_set(&err, ERR_KEY_MISMATCH, where, "%s", where);
	snmp_value_error(&value, &err);
	assert_int_equal(value.len, LIMIT_TEXT);
	assert_memory_equal((const char *)value.data + LIMIT_TEXT - 4, "w...", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_enums),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
