/* SPDX-License-Identifier: ISC */
/*
 * One function for each state, called with one octet; runs of plain text are skipped
 * without.  Whether a tag is well-formed is not judged here: libxml2 sees every octet
 * this lets pass.
 */
#include "lib/xml_scan.h"

#include <string.h>
#include <strings.h>

static const uint8_t byte_order_mark[] = { 0xef, 0xbb, 0xbf };

static int
refuse(const struct xml_scan *s, struct err *err, enum err_code code, const char *text)
{
	err_set(err, code, NULL, "%s", text);
	err->line = s->state == SCAN_TEXT ? s->line : s->token_line;
	return -1;
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What needs no look inside a text, and after which a text can be cut. */
static bool
is_plain(uint8_t c)
{
	return (c >= ' ' && c < 0x7f && c != '<' && c != '&' && c != ']' && c != '>') ||
	    c == '\n' || c == '\t';
}

static int
begin(struct xml_scan *s, uint8_t c, struct err *err)
{
	s->token_line = s->line;
	if (s->total == s->bom && s->bom < sizeof(byte_order_mark) &&
	    c == byte_order_mark[s->bom]) {
		s->bom++;
		return 0;
	}
	if (c == '<') {
		s->state = SCAN_LESS_THAN;
		s->token_len = 1;
		return 0;
	}
	if (!is_space(c))
		return refuse(s, err, ERR_XML_SYNTAX,
		    "this is not an XML document in UTF-8: it does not begin with \"<\"");
	s->state = SCAN_TEXT;
	return 0;
}

static int
text(struct xml_scan *s, uint8_t c, struct err *err)
{
	if (c == '<') {
		s->state = SCAN_LESS_THAN;
		s->token_len = 1;
		s->token_line = s->line;
		return 0;
	}
	if (s->depth > 0) {
		s->state = c == '&' ? SCAN_REFERENCE : SCAN_TEXT;
		return 0;
	}
	if (!is_space(c))
		return refuse(s, err, ERR_XML_SYNTAX,
		    s->has_root ? "there is text after the end of the root element"
				: "there is text before the root element");
	return 0;
}

static int
reference(struct xml_scan *s, uint8_t c, struct err *err)
{
	if (c == ';') {
		s->state = SCAN_TEXT;
		return 0;
	}
	return c == '<' ? text(s, c, err) : 0;
}

static int
start_tag_begins(struct xml_scan *s, struct err *err)
{
	if (s->depth == 0 && s->has_root)
		return refuse(s, err, ERR_XML_SYNTAX, "there is a second root element");
	if (s->depth == LIMIT_DEPTH) {
		err_set(err, ERR_TOO_LARGE, NULL,
		    "elements are nested more than %d levels deep", LIMIT_DEPTH);
		err->line = s->token_line;
		return -1;
	}
	if (s->elements++ == LIMIT_ELEMENTS) {
		err_set(err, ERR_TOO_LARGE, NULL,
		    "the document has more than %d elements", LIMIT_ELEMENTS);
		err->line = s->token_line;
		return -1;
	}
	s->attributes = 0;
	s->state = SCAN_START_TAG;
	return 0;
}

static int
less_than(struct xml_scan *s, uint8_t c, struct err *err)
{
	s->last[0] = s->last[1] = 0;
	switch (c) {
	case '!':
		s->state = SCAN_EXCLAMATION;
		return 0;
	case '/':
		if (s->depth == 0)
			return refuse(s, err, ERR_XML_SYNTAX,
			    "there is an end tag without its start tag");
		s->state = SCAN_END_TAG;
		return 0;
	case '?':
		/* nothing but a byte order mark and this "<" may come before it */
		if (s->total != s->bom + 1)
			return refuse(s, err, ERR_XML_SYNTAX,
			    "processing instructions are not accepted");
		s->state = SCAN_DECLARATION;
		return 0;
	default:
		return start_tag_begins(s, err);
	}
}

/* token_len counts "<!" too: the third octet of the token is the first seen here. */
static int
exclamation(struct xml_scan *s, uint8_t c, struct err *err)
{
	static const char comment[] = "<!--", cdata[] = "<![CDATA[";
	const char *expect = s->last[0] == '[' ? cdata : comment;

	if (s->token_len == 3 && c == '[')
		expect = cdata;
	if (s->token_len > strlen(expect) || c != (uint8_t)expect[s->token_len - 1])
		return refuse(s, err, ERR_XML_SYNTAX,
		    "a document type declaration (DOCTYPE) is not accepted, "
		    "RFC 6241 section 3");
	s->last[0] = (uint8_t)expect[2]; /* which of the two it is */
	if (s->token_len == strlen(expect)) {
		s->state = expect == cdata ? SCAN_CDATA : SCAN_COMMENT;
		s->last[0] = s->last[1] = 0;
	}
	return 0;
}

static int
comment(struct xml_scan *s, uint8_t c, struct err *err)
{
	(void)err;
	if (c == '>' && s->last[0] == '-' && s->last[1] == '-')
		s->state = SCAN_TEXT;
	s->last[1] = s->last[0];
	s->last[0] = c;
	return 0;
}

static int
cdata(struct xml_scan *s, uint8_t c, struct err *err)
{
	(void)err;
	if (c == '>' && s->last[0] == ']' && s->last[1] == ']')
		s->state = SCAN_TEXT;
	s->last[1] = s->last[0];
	s->last[0] = c;
	return 0;
}

/* "<?xml" and what belongs to it, without "<?". */
static int
check_declaration(const struct xml_scan *s, struct err *err)
{
	const char *p = s->declaration;

	if (strncmp(p, "xml", 3) != 0 || !is_space((uint8_t)p[3]))
		return refuse(s, err, ERR_XML_SYNTAX,
		    "processing instructions are not accepted");
	if ((p = strstr(p, "encoding")) == NULL)
		return 0;
	p += strlen("encoding");
	p += strspn(p, " \t\r\n=");
	if ((*p != '"' && *p != '\'') || strncasecmp(p + 1, "UTF-8", 5) != 0 ||
	    p[6] != *p)
		return refuse(s, err, ERR_XML_SYNTAX,
		    "the document's encoding is not UTF-8, RFC 6241 section 3");
	return 0;
}

static int
declaration(struct xml_scan *s, uint8_t c, struct err *err)
{
	size_t n = s->token_len - 3;

	if (n + 1 >= sizeof(s->declaration))
		return refuse(s, err, ERR_XML_SYNTAX,
		    "the XML declaration is too long");
	s->declaration[n] = (char)c;
	if (c == '>' && s->last[0] == '?') {
		if (check_declaration(s, err) == -1)
			return -1;
		s->state = SCAN_TEXT;
	}
	s->last[0] = c;
	return 0;
}

static int
check_tag_len(const struct xml_scan *s, struct err *err)
{
	if (s->token_len <= LIMIT_TAG)
		return 0;
	err_set(err, ERR_TOO_LARGE, NULL, "a tag is longer than %zu octets", LIMIT_TAG);
	err->line = s->token_line;
	return -1;
}

static int
start_tag(struct xml_scan *s, uint8_t c, struct err *err)
{
	if (check_tag_len(s, err) == -1)
		return -1;
	if (c == '"' || c == '\'') {
		s->quote = c;
		s->state = SCAN_QUOTED;
		if (s->attributes++ == LIMIT_ATTRIBUTES) {
			err_set(err, ERR_TOO_LARGE, NULL,
			    "a tag has more than %d attributes", LIMIT_ATTRIBUTES);
			err->line = s->token_line;
			return -1;
		}
	} else if (c == '>') {
		s->has_root = true;
		if (s->last[0] != '/')
			s->open_line[s->depth++] = s->token_line;
		s->state = SCAN_TEXT;
	}
	s->last[0] = c;
	return 0;
}

static int
quoted(struct xml_scan *s, uint8_t c, struct err *err)
{
	if (c == s->quote)
		s->state = SCAN_START_TAG;
	return check_tag_len(s, err);
}

static int
end_tag(struct xml_scan *s, uint8_t c, struct err *err)
{
	if (c == '>') {
		s->depth--;
		s->state = SCAN_TEXT;
	}
	return check_tag_len(s, err);
}

static int (*const states[])(struct xml_scan *, uint8_t, struct err *) = {
	[SCAN_BEGIN] = begin,
	[SCAN_TEXT] = text,
	[SCAN_REFERENCE] = reference,
	[SCAN_LESS_THAN] = less_than,
	[SCAN_EXCLAMATION] = exclamation,
	[SCAN_COMMENT] = comment,
	[SCAN_CDATA] = cdata,
	[SCAN_DECLARATION] = declaration,
	[SCAN_START_TAG] = start_tag,
	[SCAN_QUOTED] = quoted,
	[SCAN_END_TAG] = end_tag,
};
_Static_assert(sizeof(states) / sizeof(states[0]) == SCAN_STATE_MAX,
    "every state has a function");

static int
octet(struct xml_scan *s, uint8_t c, struct err *err)
{
	if (c == '\0') {
		s->token_line = s->line;
		return refuse(s, err, ERR_XML_SYNTAX, "the document holds a NUL octet");
	}
	if (s->total == LIMIT_DOCUMENT)
		return err_set(err, ERR_TOO_LARGE, NULL,
		    "the document is larger than %zu MiB", LIMIT_DOCUMENT >> 20);
	s->token_len++;
	if (states[s->state](s, c, err) == -1)
		return -1;
	s->total++;
	if (c == '\n')
		s->line++;
	return 0;
}

/* The number of octets at the beginning of a text that need no look. */
static size_t
skip(struct xml_scan *s, const uint8_t *data, size_t len)
{
	bool (*const needs_none)(uint8_t) = s->depth > 0 ? is_plain : is_space;
	size_t n = 0;

	if (len > LIMIT_DOCUMENT - s->total)
		len = LIMIT_DOCUMENT - s->total;
	for (; n < len && needs_none(data[n]); n++)
		s->line += data[n] == '\n';
	s->total += n;
	return n;
}

int
xml_scan_feed(struct xml_scan *s, const uint8_t *data, size_t len, size_t *ret_cut,
    struct err *err)
{
	size_t i = 0;

	*ret_cut = 0;
	while (i < len) {
		if (s->state == SCAN_TEXT) {
			size_t n = skip(s, data + i, len - i);

			i += n;
			if (n > 0)
				*ret_cut = i;
			if (i == len)
				break;
		}
		if (octet(s, data[i++], err) == -1)
			return -1;
		/* the end of a tag, comment or CDATA section */
		if (s->state == SCAN_TEXT && data[i - 1] == '>')
			*ret_cut = i;
	}
	return 0;
}

int
xml_scan_end(const struct xml_scan *s, struct err *err)
{
	if (s->total == s->bom)
		return err_set(err, ERR_XML_SYNTAX, NULL, "the document is empty");
	if (s->state != SCAN_TEXT)
		return refuse(s, err, ERR_XML_SYNTAX,
		    "the document ends in the middle of a tag, comment or reference");
	if (s->depth > 0) {
		refuse(s, err, ERR_XML_SYNTAX,
		    "the document ends before this element does");
		err->line = s->open_line[s->depth - 1];
		return -1;
	}
	if (!s->has_root)
		return refuse(s, err, ERR_XML_SYNTAX, "the document has no element");
	return 0;
}
