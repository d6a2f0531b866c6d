/* SPDX-License-Identifier: ISC */
/* RFC 2741, as far as a master speaks it to a subagent without contexts. */
#include "handlers/snmp_gate.h"

#define NETWORK_BYTE_ORDER 0x10
#define FLAGS_KNOWN 0x17 /* all but a context of its own */
#define OID_MAX 128
#define OID_PREFIX 5 /* numbers a prefix stands for: 1.3.6.1.N */

enum kind {
	KIND_CLOSE = 2,
	KIND_GET = 5,
	KIND_GET_NEXT = 6,
	KIND_GET_BULK = 7,
	KIND_TEST_SET = 8,
	KIND_COMMIT_SET = 9,
	KIND_UNDO_SET = 10,
	KIND_CLEANUP_SET = 11,
	KIND_RESPONSE = 18,
	KIND_MAX
};

struct reader {
	const uint8_t *at;
	size_t left;
	bool big;
};

/* --- pieces --- */

static uint32_t
number(const uint8_t *p, size_t len, bool big)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < len; i++)
		n = n << 8 | p[big ? i : len - 1 - i];
	return n;
}

static bool
skip(struct reader *r, size_t len)
{
	if (len > r->left)
		return false;
	r->at += len;
	r->left -= len;
	return true;
}

/* Octets are padded to a multiple of four. */
static bool
skip_octets(struct reader *r)
{
	size_t len;

	if (r->left < 4)
		return false;
	len = number(r->at, 4, r->big);
	return skip(r, 4) && len <= r->left && skip(r, (len + 3) & ~(size_t)3);
}

static bool
skip_oid(struct reader *r)
{
	size_t count, numbers;

	if (r->left < 4)
		return false;
	count = r->at[0];
	numbers = count + (r->at[1] != 0 ? OID_PREFIX : 0);
	return numbers <= OID_MAX && r->at[2] <= 1 && skip(r, 4 + 4 * count);
}

static bool
skip_value(struct reader *r, unsigned int type)
{
	enum form { FORM_NONE, FORM_4, FORM_8, FORM_EMPTY, FORM_OID, FORM_OCTETS };
	static const uint8_t forms[] = {
		[2] = FORM_4,       /* INTEGER */
		[4] = FORM_OCTETS,  /* OCTET STRING */
		[5] = FORM_EMPTY,   /* Null */
		[6] = FORM_OID,     /* OBJECT IDENTIFIER */
		[64] = FORM_OCTETS, /* IpAddress */
		[65] = FORM_4,      /* Counter32 */
		[66] = FORM_4,      /* Gauge32 */
		[67] = FORM_4,      /* TimeTicks */
		[68] = FORM_OCTETS, /* Opaque */
		[70] = FORM_8,      /* Counter64 */
		[128] = FORM_EMPTY, /* noSuchObject */
		[129] = FORM_EMPTY, /* noSuchInstance */
		[130] = FORM_EMPTY, /* endOfMibView */
	};

	switch (type < sizeof(forms) ? (enum form)forms[type] : FORM_NONE) {
	case FORM_4:
		return skip(r, 4);
	case FORM_8:
		return skip(r, 8);
	case FORM_EMPTY:
		return true;
	case FORM_OID:
		return skip_oid(r);
	case FORM_OCTETS:
		return skip_octets(r);
	case FORM_NONE:
	default:
		return false;
	}
}

static bool
skip_varbind(struct reader *r)
{
	unsigned int type;

	if (r->left < 4)
		return false;
	type = number(r->at, 2, r->big);
	return skip(r, 4) && skip_oid(r) && skip_value(r, type);
}

static bool
skip_range(struct reader *r)
{
	return skip_oid(r) && skip_oid(r);
}

/* --- payloads --- */

static bool
all(struct reader *r, bool (*one)(struct reader *))
{
	while (r->left != 0)
		if (!one(r))
			return false;
	return true;
}

static bool
is_empty(struct reader *r)
{
	return r->left == 0;
}

static bool
is_close(struct reader *r)
{
	return r->left == 4;
}

static bool
is_ranges(struct reader *r)
{
	return r->left != 0 && all(r, skip_range);
}

static bool
is_bulk(struct reader *r)
{
	return skip(r, 4) && is_ranges(r);
}

static bool
is_varbinds(struct reader *r)
{
	return r->left != 0 && all(r, skip_varbind);
}

static bool
is_response(struct reader *r)
{
	return skip(r, 8) && all(r, skip_varbind);
}

static bool (*const payloads[KIND_MAX])(struct reader *) = {
	[KIND_CLOSE] = is_close,
	[KIND_GET] = is_ranges,
	[KIND_GET_NEXT] = is_ranges,
	[KIND_GET_BULK] = is_bulk,
	[KIND_TEST_SET] = is_varbinds,
	[KIND_COMMIT_SET] = is_empty,
	[KIND_UNDO_SET] = is_empty,
	[KIND_CLEANUP_SET] = is_empty,
	[KIND_RESPONSE] = is_response,
};

/* --- the phases of a SET --- */

/* Of this transaction, or the one that would be forgotten for it. */
static unsigned int
find(const struct snmp_gate *gate, uint32_t transaction)
{
	unsigned int i;

	for (i = 0; i < GATE_SETS; i++)
		if (gate->sets[i].state != GATE_OVER &&
		    gate->sets[i].transaction == transaction)
			return i;
	return GATE_SETS;
}

static bool
begins(struct snmp_gate *gate, uint32_t transaction)
{
	if (find(gate, transaction) != GATE_SETS)
		return false;
	gate->sets[gate->next].transaction = transaction;
	gate->sets[gate->next].state = GATE_TESTED;
	gate->next = (gate->next + 1) % GATE_SETS;
	return true;
}

static bool
is_its_turn(struct snmp_gate *gate, enum kind kind, uint32_t transaction)
{
	unsigned int at;

	if (kind == KIND_TEST_SET)
		return begins(gate, transaction);
	if (kind != KIND_COMMIT_SET && kind != KIND_UNDO_SET &&
	    kind != KIND_CLEANUP_SET)
		return true;
	at = find(gate, transaction);
	if (at == GATE_SETS)
		return false;
	if (kind == KIND_COMMIT_SET && gate->sets[at].state != GATE_TESTED)
		return false;
	gate->sets[at].state = kind == KIND_COMMIT_SET ? GATE_COMMITTED : GATE_OVER;
	return true;
}

/* --- messages --- */

int
snmp_gate_payload(const uint8_t header[GATE_HEADER])
{
	uint32_t len = number(header + 16, 4, (header[2] & NETWORK_BYTE_ORDER) != 0);

	if (header[0] != 1 || header[1] >= KIND_MAX || payloads[header[1]] == NULL ||
	    (header[2] & ~FLAGS_KNOWN) != 0 || len % 4 != 0 ||
	    len > GATE_MESSAGE_MAX - GATE_HEADER)
		return -1;
	return (int)len;
}

bool
snmp_gate_admits(struct snmp_gate *gate, const uint8_t *message, size_t len)
{
	struct reader r = { message + GATE_HEADER, len - GATE_HEADER,
		(message[2] & NETWORK_BYTE_ORDER) != 0 };

	return snmp_gate_payload(message) == (int)(len - GATE_HEADER) &&
	    payloads[message[1]](&r) &&
	    is_its_turn(gate, (enum kind)message[1], number(message + 8, 4, r.big));
}
