/* SPDX-License-Identifier: ISC */
#include "cli/embed.h"

#include <string.h>

#include "lib/limits.h"

#define NAMES_MAX 256

struct tag {
	const char *start, *end; /* "<" and what follows ">" */
	bool closing, empty;
};

/* A walk over the tags of a document known to be well-formed and without DOCTYPE. */
struct walk {
	const char *p, *end;
	struct tag open[LIMIT_DEPTH + 1];
	size_t depth;
};

static const char *
after(const char *p, const char *end, const char *mark)
{
	const char *found = memmem(p, (size_t)(end - p), mark, strlen(mark));

	return found == NULL ? end : found + strlen(mark);
}

static bool
begins(const char *p, const char *end, const char *mark)
{
	return (size_t)(end - p) >= strlen(mark) && memcmp(p, mark, strlen(mark)) == 0;
}

/* Attribute values may hold ">". */
static const char *
tag_end(const char *p, const char *end)
{
	char quote = '\0';

	for (; p < end && (quote != '\0' || *p != '>'); p++) {
		if (quote == '\0' && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == quote)
			quote = '\0';
	}
	return p < end ? p + 1 : end;
}

struct skip {
	const char *begin, *end;
};

static const struct skip skips[] = {
	{ "<!--", "-->" },
	{ "<![CDATA[", "]]>" },
	{ "<?", "?>" },
};

/* What follows the comment, CDATA section or instruction at p; NULL when it is none. */
static const char *
skip(const char *p, const char *end)
{
	size_t i;

	for (i = 0; i < sizeof(skips) / sizeof(skips[0]); i++) {
		if (begins(p, end, skips[i].begin))
			return after(p + strlen(skips[i].begin), end, skips[i].end);
	}
	return NULL;
}

static bool
next_tag(struct walk *w, struct tag *tag)
{
	const char *next;

	while ((w->p = memchr(w->p, '<', (size_t)(w->end - w->p))) != NULL) {
		if ((next = skip(w->p, w->end)) == NULL)
			break;
		w->p = next;
	}
	if (w->p == NULL)
		return false;
	tag->start = w->p;
	tag->end = tag_end(w->p, w->end);
	tag->closing = begins(tag->start, tag->end, "</");
	tag->empty = !tag->closing && tag->end[-2] == '/';
	w->p = tag->end;
	return true;
}

/*
 * Goes on until the tags of count elements have begun; the last is then the innermost.
 */
static int
walk_to(struct walk *w, size_t count, struct tag *tag, struct err *err)
{
	while (next_tag(w, tag)) {
		if (tag->closing && w->depth > 0) {
			w->depth--;
			continue;
		}
		if (w->depth > LIMIT_DEPTH)
			break;
		w->open[w->depth] = *tag;
		if (--count == 0)
			return 0;
		w->depth += !tag->empty;
	}
	return err_set(err, ERR_XML_SYNTAX, NULL, "the element to send is not found");
}

/* Where the element ends that begins with the innermost tag: at its end tag. */
static const char *
walk_out(struct walk *w)
{
	struct tag tag;
	size_t depth = 1;

	while (next_tag(w, &tag)) {
		if (tag.closing && --depth == 0)
			return tag.start;
		depth += !tag.closing && !tag.empty;
	}
	return w->end;
}

/*
 * The place of an element among all in document order, from 1; 0 when it is not there.
 */
static size_t
ordinal(const struct xml_node *root, const struct xml_node *wanted)
{
	const struct xml_node *n = root;
	size_t count = 1;

	while (n != wanted) {
		if (n->child != NULL) {
			n = n->child;
			count++;
			continue;
		}
		while (n != root && n->next == NULL)
			n = n->parent;
		if (n == root)
			return 0;
		n = n->next;
		count++;
	}
	return count;
}

/* --- namespaces --- */

struct names {
	struct text seen[NAMES_MAX];
	size_t count;
};

/* Whether an inner element has the attribute already; otherwise it has now. */
static bool
seen(struct names *names, struct text name)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (text_equal(names->seen[i], name))
			return true;
	}
	if (names->count == NAMES_MAX)
		return true;
	names->seen[names->count++] = name;
	return false;
}

/* One attribute at p, or NULL at the end of the tag. */
static const char *
read_attribute(const char *p, const char *end, struct text *name, struct text *whole)
{
	static const char space[] = " \t\r\n";
	const char *start;

	while (p < end && strchr(space, *p) != NULL)
		p++;
	start = p;
	while (p < end && *p != '=' && strchr(space, *p) == NULL)
		p++;
	*name = (struct text){ start, (size_t)(p - start) };
	while (p < end && *p != '"' && *p != '\'')
		p++;
	if (p == end)
		return NULL;
	p = memchr(p + 1, *p, (size_t)(end - p - 1));
	if (p == NULL)
		return NULL;
	*whole = (struct text){ start, (size_t)(p + 1 - start) };
	return p + 1;
}

static bool
is_declaration(struct text name)
{
	return text_is(name, "xmlns") ||
	    (name.len > 6 && memcmp(name.data, "xmlns:", 6) == 0);
}

static int
add_attributes(struct embedding *e, struct names *names, const struct tag *tag,
    bool all)
{
	const char *p = tag->start, *end = tag->end - 1;
	struct text name, whole;

	while (p < end && strchr(" \t\r\n", *p) == NULL)
		p++;
	while ((p = read_attribute(p, end, &name, &whole)) != NULL) {
		if ((!all && !is_declaration(name)) || seen(names, name))
			continue;
		if (buf_add(&e->attributes, " ", 1) == -1 ||
		    buf_add(&e->attributes, whole.data, whole.len) == -1)
			return -1;
	}
	return 0;
}

/* Those of the element itself, and what is declared around it. */
static int
gather(struct embedding *e, const struct walk *w)
{
	struct names names = { .count = 0 };
	size_t i;

	for (i = w->depth + 1; i > 0; i--) {
		if (add_attributes(e, &names, &w->open[i - 1], i == w->depth + 1) == -1)
			return -1;
	}
	/* Otherwise names without a prefix would be those of the envelope. */
	if (!seen(&names, text_of("xmlns")))
		return buf_add_text(&e->attributes, " xmlns=\"\"");
	return 0;
}

/* --- */

static uint32_t
count_lines(const char *p, const char *end)
{
	uint32_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		n++;
	}
	return n;
}

/*
 * Behind a byte order mark and the XML declaration, which may not stand in the middle.
 */
static const char *
behind_declaration(struct text document)
{
	const char *p = document.data, *end = p + document.len;

	if (begins(p, end, "\xef\xbb\xbf"))
		p += 3;
	return begins(p, end, "<?xml") ? after(p, end, "?>") : p;
}

int
embed_find(struct text document, const struct xml_node *root,
    const struct xml_node *element, struct embedding *ret, struct err *err)
{
	struct walk w = { .p = behind_declaration(document) };
	const char *start = w.p;
	struct tag tag = { 0 };

	*ret = (struct embedding){ .lines = 0 };
	w.end = document.data + document.len;
	if (element == NULL) {
		ret->body = (struct text){ start, (size_t)(w.end - start) };
		if (buf_add_text(&ret->attributes, " xmlns=\"\"") == -1)
			return err_set(err, ERR_MEMORY, NULL, "out of memory");
	} else {
		if (walk_to(&w, ordinal(root, element), &tag, err) == -1)
			return -1;
		if (gather(ret, &w) == -1)
			return err_set(err, ERR_MEMORY, NULL, "out of memory");
		ret->body.data = tag.end;
		ret->body.len = tag.empty ? 0 : (size_t)(walk_out(&w) - tag.end);
	}
	/* A value may hold line ends of its own. */
	ret->lines = count_lines(document.data, ret->body.data) -
	    count_lines((char *)ret->attributes.data,
		(char *)ret->attributes.data + ret->attributes.len);
	return 0;
}

void
embed_clear(struct embedding *e)
{
	buf_clear(&e->attributes);
	*e = (struct embedding){ .lines = 0 };
}
