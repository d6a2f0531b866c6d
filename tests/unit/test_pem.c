/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "lib/names.h"
#include "tests/unit/pki.h"

#define B "-----BEGIN CERTIFICATE-----\n"
#define E "-----END CERTIFICATE-----\n"

/* Base64 of "one", "two!", "three" stands for certificates: reading does not look
 * inside. */
struct seen {
	struct buf text;
};

static int
remember(void *context, struct blob der, uint32_t line, struct err *err)
{
	struct seen *seen = context;

	if (der.len == 3 && memcmp(der.data, "bad", 3) == 0)
		return err_set(err, ERR_EXPIRED, NULL, "said so");
	return buf_printf(&seen->text, "%.*s@%u ", (int)der.len, (const char *)der.data,
	    line);
}

/* What was found as "one@1 two!@4 ", or the refusal as "!CODE line N: TEXT". */
static const struct {
	const char *name, *input;
	size_t max;
	const char *expect;
} texts[] = {
	{ "one", B "b25l\n" E, 9, "one@1 " },
	{ "two", B "b25l\n" E B "dHdvIQ==\n" E, 9, "one@1 two!@4 " },
	{ "no line end at the end", B "b25l\n-----END CERTIFICATE-----", 9, "one@1 " },
	{ "text around",
	    "curl says:\n=====\n-----\n" B "b25l\n" E "\ntext\n" B "dHdvIQ==\n" E
	    "more\n",
	    9, "one@4 two!@9 " },
	{ "indented", "  \t" B "    b2\n    5l\n  " E, 9, "one@1 " },
	{ "DOS line ends",
	    "-----BEGIN CERTIFICATE-----\r\nb25l\r\n-----END CERTIFICATE-----\r\n", 9,
	    "one@1 " },
	{ "all on one line",
	    "-----BEGIN CERTIFICATE----- b25l -----END CERTIFICATE----- "
	    "-----BEGIN CERTIFICATE----- dHdvIQ== -----END CERTIFICATE-----",
	    9, "one@1 two!@1 " },
	{ "old label",
	    "-----BEGIN X509 CERTIFICATE-----\nb25l\n-----END X509 CERTIFICATE-----\n",
	    9, "one@1 " },
	{ "commented out", "# " B "# b25l\n# " E B "dHdvIQ==\n" E, 9, "two!@4 " },
	{ "dashes before", "------- \n" B "b25l\n" E, 9, "one@2 " },
	{ "base64 alone", "b25l", 9, "one@1 " },
	{ "base64 in lines", "\n\n dHd\n vIQ\n == \n", 9, "two!@3 " },
	{ "as many as allowed", B "b25l\n" E B "b25l\n" E, 2, "one@1 one@4 " },

	{ "empty", "", 9, "!bad-certificate line 0: no certificate" },
	{ "white space", " \n\t\n", 9, "!bad-certificate line 0: no certificate" },
	{ "prose", "no PEM, sorry", 9,
	    "!bad-certificate line 1: no certificate: neither PEM nor base64 of DER" },
	{ "prose on the third line", "\n\n.", 9,
	    "!bad-certificate line 3: no certificate: neither PEM nor base64 of DER" },
	{ "base64 cut", "b25", 9,
	    "!bad-certificate line 1: no certificate: neither PEM nor base64 of DER" },
	{ "private key",
	    B "b25l\n" E
	      "-----BEGIN EC PRIVATE KEY-----\nb25l\n-----END EC PRIVATE KEY-----\n",
	    9,
	    "!bad-certificate line 4: certificate 2: a private key where only certificates may be" },
	{ "PKCS#8 key",
	    "-----BEGIN PRIVATE KEY-----\nb25l\n-----END PRIVATE KEY-----\n", 9,
	    "!bad-certificate line 1: certificate 1: a private key where only certificates may be" },
	{ "request",
	    "-----BEGIN CERTIFICATE REQUEST-----\nb25l\n-----END CERTIFICATE REQUEST-----\n",
	    9,
	    "!bad-certificate line 1: certificate 1: a PEM block that is no certificate" },
	{ "trusted certificate",
	    "-----BEGIN TRUSTED CERTIFICATE-----\nb25l\n-----END TRUSTED CERTIFICATE-----\n",
	    9,
	    "!bad-certificate line 1: certificate 1: a PEM block that is no certificate" },
	{ "lower case",
	    "-----BEGIN certificate-----\nb25l\n-----END certificate-----\n", 9,
	    "!bad-certificate line 1: certificate 1: a PEM block that is no certificate" },
	{ "no END", B "b25l\n", 9,
	    "!bad-certificate line 1: certificate 1: damaged PEM block: END line is missing" },
	{ "no END before BEGIN", B "b25l\n" E B "b25l\n" B "b25l\n" E, 9,
	    "!bad-certificate line 4: certificate 2: damaged PEM block: END line does not fit" },
	{ "other END", B "b25l\n-----END PRIVATE KEY-----\n", 9,
	    "!bad-certificate line 1: certificate 1: damaged PEM block: END line does not fit" },
	{ "END cut", B "b25l\n-----END CERTIFICATE---\n", 9,
	    "!bad-certificate line 1: certificate 1: damaged PEM block: END line does not fit" },
	{ "END cut in the dashes", B "b25l\n---", 9,
	    "!bad-certificate line 1: certificate 1: damaged PEM block: END line is missing" },
	{ "BEGIN lost", "b25l\n" E, 9,
	    "!bad-certificate line 2: certificate 1: damaged PEM block: END without BEGIN" },
	{ "four dashes", "----BEGIN CERTIFICATE-----\nb25l\n" E, 9,
	    "!bad-certificate line 3: certificate 1: damaged PEM block: END without BEGIN" },
	{ "BEGIN not complete", "-----BEGIN CERTIFICATE\nb25l\n" E, 9,
	    "!bad-certificate line 1: certificate 1: damaged PEM block: BEGIN line is not complete" },
	{ "BEGIN at the end", "-----BEGIN ", 9,
	    "!bad-certificate line 1: certificate 1: damaged PEM block: BEGIN line is not complete" },
	{ "not base64", B "b25l\n" E B "b2#l\n" E, 9,
	    "!bad-certificate line 4: certificate 2: RFC 4648: not base64: wrong character" },
	{ "header", B "Proc-Type: 4\n\nb25l\n" E, 9,
	    "!bad-certificate line 1: certificate 1: RFC 4648: not base64: wrong character" },
	{ "a character lost", B "b25\n" E, 9,
	    "!bad-certificate line 1: certificate 1: RFC 4648: not base64: incomplete" },
	{ "one too many", B "b25l\n" E B "b25l\n" E "\n" B "b25l\n" E, 2,
	    "!too-large line 8: more than 2 certificates" },
	{ "refused by the caller", B "b25l\n" E "\n" B "YmFk\n" E, 9,
	    "!expired line 5: certificate 2: said so" },
	{ "refused by the caller, base64", "\nYmFk", 9,
	    "!expired line 2: certificate 1: said so" },
};

static void
read_texts(void **state)
{
	struct seen seen;
	struct arena arena = { NULL };
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(texts); i++) {
		seen.text = (struct buf){ NULL, 0, 0 };
		if (pem_read_certificates(&arena, text_of(texts[i].input), texts[i].max,
			remember, &seen, &err) == -1) {
			seen.text.len = 0;
			buf_printf(&seen.text, "!%s line %u: %s",
			    err_kind(err.code)->text, err.line, err.text);
		}
		if (strcmp((char *)seen.text.data, texts[i].expect) != 0)
			fail_msg("%s: %s", texts[i].name, (char *)seen.text.data);
		buf_clear(&seen.text);
	}
	arena_clear(&arena);
}

/* Every text that a lost tail could leave is either whole or refused. */
static void
no_cut_text_is_taken(void **state)
{
	static const char whole[] = B "b25l\n" E B "dHdvIQ==\n" E;
	const size_t first = strlen(B "b25l\n" E) - 1;
	struct arena arena = { NULL };
	struct seen seen = { { NULL, 0, 0 } };
	struct err err;
	size_t len;
	bool good;
	int rc;

	(void)state;
	for (len = 1; len <= strlen(whole); len++) {
		struct text text = { whole, len };

		rc = pem_read_certificates(&arena, text, 9, remember, &seen, &err);
		/* cut within the free text that may follow, so nothing is lost yet */
		good = (len >= first && len < first + 1 + strlen("-----BEGIN ")) ||
		    len >= strlen(whole) - 1;
		if ((rc == 0) != good)
			fail_msg("%zu octets: %s", len, rc == 0 ? "taken" : err.text);
	}
	buf_clear(&seen.text);
	arena_clear(&arena);
}

static const struct {
	const char *name, *input, *expect; /* NULL: refused */
} base64[] = {
	{ "nothing", "", "" },
	{ "three octets", "YWJj", "abc" },
	{ "two octets", "YWI=", "ab" },
	{ "one octet", "YQ==", "a" },
	{ "all kinds of white space", " Y\tW\nJ\rj\v\f", "abc" },
	{ "plus and slash", "YWJj/v8+", "abc\xfe\xff>" },
	{ "space in the padding", "YQ= =", "a" },
	{ "one digit", "Y", NULL },
	{ "two digits", "YQ", NULL },
	{ "three digits", "YWI", NULL },
	{ "padding missing", "YWJjYQ=", NULL },
	{ "padding alone", "====", NULL },
	{ "two paddings alone", "==", NULL },
	{ "three paddings", "Y===", NULL },
	{ "one padding too many", "YWJj=", NULL },
	{ "padding in the middle", "YQ==YWJj", NULL },
	{ "padding first", "=YWJ", NULL },
	{ "URL alphabet", "YWJj_v8-", NULL },
	{ "dash", "YWJj-", NULL },
	{ "high octet", "YWJ\xc3", NULL },
	{ "colon", "YW:j", NULL },
};

static void
base64_texts(void **state)
{
	struct buf buf = { NULL, 0, 0 };
	struct err err;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < nitems(base64); i++) {
		buf.len = 0;
		rc = base64_read(&buf, text_of(base64[i].input), &err);
		if ((rc == 0) != (base64[i].expect != NULL))
			fail_msg("%s: %d", base64[i].name, rc);
		if (rc == 0 && strcmp((char *)buf.data, base64[i].expect) != 0)
			fail_msg("%s: %s", base64[i].name, (char *)buf.data);
		if (rc == -1 && strstr(err.text, base64[i].input) != NULL)
			fail_msg("%s: quoted", base64[i].name);
	}
	buf_clear(&buf);
}

static void
a_nul_is_no_base64(void **state)
{
	static const char nul[] = "YWJ\0YWJj";
	struct text text = { nul, sizeof(nul) - 1 };
	struct buf buf = { NULL, 0, 0 };
	struct err err;

	(void)state;
	assert_int_equal(base64_read(&buf, text, &err), -1);
	buf_clear(&buf);
}

/* All lengths around those of a line and of a piece of the decoder. */
static void
written_is_read_again(void **state)
{
	uint8_t data[1600];
	struct buf pem = { NULL, 0, 0 }, der = { NULL, 0, 0 };
	struct pem_reader reader;
	struct pem_block block;
	struct err err;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(data); len++)
		data[len] = (uint8_t)(len * 7 + len / 256);
	for (len = 0; len <= sizeof(data); len++) {
		pem.len = der.len = 0;
		assert_int_equal(pem_write(&pem, "SOMETHING ELSE",
				     (struct blob){ data, len }),
		    0);
		reader = (struct pem_reader){ { (char *)pem.data, pem.len }, 1 };
		assert_int_equal(pem_next(&reader, &block, &err), 1);
		assert_true(text_is(block.label, "SOMETHING ELSE"));
		assert_int_equal(base64_read(&der, block.body, &err), 0);
		assert_int_equal(der.len, len);
		assert_memory_equal(der.data, data, len);
		assert_int_equal(pem_next(&reader, &block, &err), 0);
	}
	buf_clear(&pem);
	buf_clear(&der);
}

/* What openssl wrote is written the same. */
static void
written_as_others_write_it(void **state)
{
	static const char *const files[] = { "p256.crt", "rsa2048.crt", "sans.crt",
		"ed448.crt" };
	struct arena arena = { NULL };
	struct buf pem = { NULL, 0, 0 }, der = { NULL, 0, 0 };
	struct pem_reader reader;
	struct pem_block block;
	struct text text;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(files); i++) {
		pem.len = der.len = 0;
		text = pki_text(&arena, files[i]);
		reader = (struct pem_reader){ text, 1 };
		assert_int_equal(pem_next(&reader, &block, &err), 1);
		assert_int_equal(base64_read(&der, block.body, &err), 0);
		pem_write_certificate(&pem, (struct blob){ der.data, der.len });
		assert_int_equal(pem.len, text.len);
		assert_memory_equal(pem.data, text.data, text.len);
	}
	buf_clear(&pem);
	buf_clear(&der);
	arena_clear(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_texts),
		cmocka_unit_test(no_cut_text_is_taken),
		cmocka_unit_test(base64_texts),
		cmocka_unit_test(a_nul_is_no_base64),
		cmocka_unit_test(written_is_read_again),
		cmocka_unit_test(written_as_others_write_it),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
