/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/digest.h"
#include "lib/names.h"

/* What is added: a row's list ends with ADD_NOTHING. */
struct step {
	enum { ADD_NOTHING, ADD_OCTETS, ADD_TEXT, ADD_NUMBER } add;
	const char *data;
	size_t len;
	uint64_t number;
};

#define STEPS 4
#define OCTETS(octets)                                                                 \
	{                                                                              \
		ADD_OCTETS, octets, sizeof(octets) - 1, 0                              \
	}
#define TEXT(text)                                                                     \
	{                                                                              \
		ADD_TEXT, text, sizeof(text) - 1, 0                                    \
	}
#define NO_TEXT                                                                        \
	{                                                                              \
		ADD_TEXT, NULL, 0, 0                                                   \
	}
#define NUMBER(number)                                                                 \
	{                                                                              \
		ADD_NUMBER, NULL, 0, number                                            \
	}

static void
digest_steps(const struct step *steps, uint8_t sha256[SHA256_SIZE])
{
	struct digest digest;
	struct err err;

	digest_begin(&digest);
	for (; steps->add != ADD_NOTHING; steps++) {
		if (steps->add == ADD_OCTETS)
			digest_add(&digest, steps->data, steps->len);
		else if (steps->add == ADD_TEXT)
			digest_add_text(&digest,
			    (struct text){ steps->data, steps->len });
		else
			digest_add_number(&digest, steps->number);
	}
	assert_int_equal(digest_end(&digest, sha256, &err), 0);
}

/* FIPS 180-2 appendix B, and the empty one. */
static const struct {
	const char *name;
	struct step steps[STEPS];
	const char *expect;
} known[] = {
	{ "nothing", { { 0 } },
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "one block", { OCTETS("abc") },
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "two blocks",
	    { OCTETS("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") },
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void
known_digests(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(known); i++) {
		uint8_t sha256[SHA256_SIZE];
		char hex[2 * SHA256_SIZE + 1];

		digest_steps(known[i].steps, sha256);
		hex_format(hex, sha256, SHA256_SIZE);
		if (strcmp(hex, known[i].expect) != 0)
			fail_msg("%s: %s", known[i].name, hex);
	}
}

static const struct {
	const char *name;
	struct step a[STEPS], b[STEPS];
	bool same;
} pairs[] = {
	{ "pieces are the whole", { OCTETS("abc") },
	    { OCTETS("a"), OCTETS("b"), OCTETS("c") }, true },
	{ "an empty piece is nothing", { OCTETS("abc") }, { OCTETS("abc"), OCTETS("") },
	    true },
	{ "other octets", { OCTETS("abc") }, { OCTETS("abd") }, false },
	{ "NUL is an octet", { OCTETS("a") }, { OCTETS("a\0") }, false },

	{ "texts have their bounds", { TEXT("ab"), TEXT("c") },
	    { TEXT("a"), TEXT("bc") }, false },
	{ "two texts are not one", { TEXT("abc") }, { TEXT("ab"), TEXT("c") }, false },
	{ "an empty text is one", { TEXT("abc") }, { TEXT("abc"), TEXT("") }, false },
	{ "which of them is empty", { TEXT(""), TEXT("abc") },
	    { TEXT("abc"), TEXT("") }, false },
	{ "one that is not there is empty", { NO_TEXT, TEXT("a") },
	    { TEXT(""), TEXT("a") }, true },
	{ "a text is its length and its octets", { TEXT("abc") },
	    { NUMBER(3), OCTETS("abc") }, true },
	{ "a text is not just its octets", { TEXT("abc") }, { OCTETS("abc") }, false },

	{ "same number", { NUMBER(UINT64_MAX) }, { NUMBER(UINT64_MAX) }, true },
	{ "other number", { NUMBER(1) }, { NUMBER(2) }, false },
	{ "the upper half counts", { NUMBER(1) }, { NUMBER((UINT64_C(1) << 32) + 1) },
	    false },
	{ "nought is a number", { NUMBER(0) }, { { 0 } }, false },
	{ "a number has eight octets", { NUMBER(0), NUMBER(UINT64_MAX) },
	    { OCTETS("\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff") }, true },
	{ "numbers have an order", { NUMBER(1), NUMBER(2) }, { NUMBER(2), NUMBER(1) },
	    false },
};

static void
compared_digests(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(pairs); i++) {
		uint8_t a[SHA256_SIZE], b[SHA256_SIZE];

		digest_steps(pairs[i].a, a);
		digest_steps(pairs[i].b, b);
		if ((memcmp(a, b, SHA256_SIZE) == 0) != pairs[i].same)
			fail_msg("%s: %s", pairs[i].name,
			    pairs[i].same ? "they differ" : "they are the same");
	}
}

/* FIPS 180-2 appendix B.3: a million times "a", cut anywhere. */
static void
pieces_of_all_sizes(void **state)
{
	static const char expect[] =
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
	uint8_t sha256[SHA256_SIZE], piece[257];
	char hex[2 * SHA256_SIZE + 1];
	struct digest digest;
	struct err err;

	(void)state;
	memset(piece, 'a', sizeof(piece));
	digest_begin(&digest);
	for (size_t left = 1000000, len = 0; left > 0; left -= len) {
		len = (len + 1) % (sizeof(piece) + 1);
		if (len > left)
			len = left;
		digest_add(&digest, piece, len);
	}
	assert_int_equal(digest_end(&digest, sha256, &err), 0);
	assert_string_equal(hex_format(hex, sha256, SHA256_SIZE), expect);
}

/* Whatever failed, it is told at the end and what is there stays. */
static void
failure_is_told_at_the_end(void **state)
{
	struct digest digest = { .context = NULL };
	uint8_t sha256[SHA256_SIZE], untouched[SHA256_SIZE];
	struct err err = { .code = ERR_NONE };

	(void)state;
	memset(sha256, 0x55, SHA256_SIZE);
	memset(untouched, 0x55, SHA256_SIZE);
	digest_add(&digest, "abc", 3);
	digest_add_text(&digest, text_of("abc"));
	digest_add_number(&digest, 3);
	assert_int_equal(digest_end(&digest, sha256, &err), -1);
	assert_int_equal(err.code, ERR_MEMORY);
	assert_memory_equal(sha256, untouched, SHA256_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests),
		cmocka_unit_test(compared_digests),
		cmocka_unit_test(pieces_of_all_sizes),
		cmocka_unit_test(failure_is_told_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
