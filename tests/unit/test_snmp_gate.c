/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "handlers/snmp_gate.h"

#define RANDOM_ROUNDS 200000

/* A little-endian message of this kind and transaction; len counts the payload only. */
static size_t
make(uint8_t *message, uint8_t kind, uint32_t transaction, const void *payload,
    size_t len)
{
	const uint32_t size = (uint32_t)len;

	memset(message, 0, GATE_HEADER);
	message[0] = 1;
	message[1] = kind;
	memcpy(message + 8, &transaction, 4);
	memcpy(message + 16, &size, 4);
	memcpy(message + GATE_HEADER, payload, len);
	return GATE_HEADER + len;
}

#define BYTES(...)                                                                     \
	(const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define OID_1 1, 0, 0, 0, 9, 0, 0, 0 /* one number */
#define OID_0 0, 0, 0, 0

static const struct {
	const char *name;
	uint8_t kind;
	const uint8_t *payload;
	size_t len;
	bool expect;
} rows[] = {
	{ "a GET", 5, BYTES(OID_1, OID_0), true },
	{ "two ranges", 5, BYTES(OID_1, OID_0, OID_1, OID_1), true },
	{ "no range", 5, BYTES(0), false },
	{ "half a range", 5, BYTES(OID_1), false },
	{ "an identifier longer than the message", 5, BYTES(9, 0, 0, 0, 1, 0, 0, 0),
	    false },
	{ "more than 128 numbers", 5, BYTES(129, 0, 0, 0, OID_0), false },
	{ "include that is no truth value", 5, BYTES(0, 0, 2, 0, OID_0), false },
	{ "a GETBULK", 7, BYTES(0, 0, 9, 0, OID_1, OID_0), true },
	{ "a GETBULK of nothing", 7, BYTES(0, 0, 9, 0), false },
	{ "an INTEGER", 8, BYTES(2, 0, 0, 0, OID_1, 1, 0, 0, 0), true },
	{ "an INTEGER that is cut", 8, BYTES(2, 0, 0, 0, OID_1), false },
	{ "a Counter64", 8, BYTES(70, 0, 0, 0, OID_1, 1, 0, 0, 0, 0, 0, 0, 0), true },
	{ "octets with their padding", 8,
	    BYTES(4, 0, 0, 0, OID_1, 5, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0), true },
	{ "no octets", 8, BYTES(4, 0, 0, 0, OID_1, 0, 0, 0, 0), true },
	{ "octets without end", 8,
	    BYTES(4, 0, 0, 0, OID_1, 255, 255, 255, 255, 1, 2, 3, 4), false },
	{ "octets without their padding", 8,
	    BYTES(4, 0, 0, 0, OID_1, 8, 0, 0, 0, 1, 2, 3, 4), false },
	{ "an identifier as value", 8, BYTES(6, 0, 0, 0, OID_1, OID_1), true },
	{ "a Null", 8, BYTES(5, 0, 0, 0, OID_1), true },
	{ "a type there is not", 8, BYTES(3, 0, 0, 0, OID_1), false },
	{ "a type of two octets", 8, BYTES(2, 1, 0, 0, OID_1, 1, 0, 0, 0), false },
	{ "a response", 18, BYTES(0, 0, 0, 0, 0, 0, 0, 0), true },
	{ "half a response", 18, BYTES(0, 0, 0, 0), false },
	{ "an end", 2, BYTES(1, 0, 0, 0), true },
	{ "a kind only a subagent sends", 12, BYTES(OID_0), false },
	{ "a kind there is not", 77, BYTES(OID_0), false },
	{ "an octet too many", 18, BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0), false },
};

static void
messages(void **state)
{
	uint8_t message[256];
	size_t i, len;
	bool admitted;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snmp_gate gate = { 0 };

		len = make(message, rows[i].kind, 1, rows[i].payload, rows[i].len);
		admitted = snmp_gate_admits(&gate, message, len);
		if (admitted != rows[i].expect)
			fail_msg("%s: admitted %d", rows[i].name, admitted);
	}
}

static void
headers(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t value;
		int expect;
	} changes[] = {
		{ "as it is", 0, 1, 16 },
		{ "another version", 0, 2, -1 },
		{ "a context", 2, 0x08, -1 },
		{ "the other byte order: a length that is too large", 2, 0x10, -1 },
		{ "no multiple of four", 16, 3, -1 },
		{ "larger than any", 18, 1, -1 },
		{ "without end", 19, 0xff, -1 },
	};
	uint8_t message[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		(void)make(message, 5, 1, BYTES(OID_1, OID_1));
		message[changes[i].at] = changes[i].value;
		if (snmp_gate_payload(message) != changes[i].expect)
			fail_msg("%s", changes[i].name);
	}
}

/* Letters are phases (Test, Commit, Undo, cLeanup) of the transaction after them. */
static void
phases(void **state)
{
	static const struct {
		const char *order;
		bool expect; /* of the last */
	} orders[] = {
		{ "T1", true }, { "T1C1L1", true }, { "T1C1U1", true },
		{ "T1L1", true }, { "T1L1T1", true }, { "T1T2C1L1C2U2", true },
		{ "T1T1", false }, { "C1", false }, { "U1", false }, { "L1", false },
		{ "T1C1C1", false }, { "T1L1L1", false }, { "T1C2", false },
		{ "T1U1C1", false }, { "T1T2T3T4T5T6T7T8T9C9", true },
		{ "T1T2T3T4T5T6T7T8T9C1", false }, /* forgotten */
	};
	static const uint8_t null[] = { 5, 0, 0, 0, OID_1 };
	uint8_t message[64];
	const char *p;
	size_t i, len;
	bool admitted = false;

	(void)state;
	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct snmp_gate gate = { 0 };

		for (p = orders[i].order; *p != '\0'; p += 2) {
			len = make(message,
			    *p == 'T'       ? 8
				: *p == 'C' ? 9
				: *p == 'U' ? 10
					    : 11,
			    (uint32_t)p[1], null, *p == 'T' ? sizeof(null) : 0);
			admitted = snmp_gate_admits(&gate, message, len);
		}
		if (admitted != orders[i].expect)
			fail_msg("%s: admitted %d", orders[i].order, admitted);
	}
}

/* Whatever comes, nothing is read that is not there: each is a block of its own. */
static void
noise(void **state)
{
	static const uint8_t kinds[] = { 2, 5, 6, 7, 8, 9, 10, 11, 18 };
	struct snmp_gate gate = { 0 };
	size_t i, at, len;
	uint8_t *message;

	(void)state;
	srandom(1);
	for (i = 0; i < RANDOM_ROUNDS; i++) {
		len = 4 * ((size_t)random() % 24);
		message = malloc(GATE_HEADER + len);
		assert_non_null(message);
		(void)make(message, kinds[(size_t)random() % sizeof(kinds)], 1, "", 0);
		message[2] = random() % 2 ? 0x10 : 0;
		message[message[2] ? 19 : 16] = (uint8_t)len;
		for (at = 0; at < len; at++)
			message[GATE_HEADER + at] =
			    (uint8_t)(random() % 4 ? random() % 8 : random());
		(void)snmp_gate_admits(&gate, message, GATE_HEADER + len);
		free(message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(headers),
		cmocka_unit_test(phases),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
