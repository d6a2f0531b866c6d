/* SPDX-License-Identifier: ISC */
/*
 * libxml2 is driven as a push parser with callbacks of our own: its reader and its DOM
 * refuse a text above 10 MB, which a trust store can be, and take several times the
 * document's size.
 */
#include "lib/xml.h"

#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlversion.h>

#include "lib/limits.h"
#include "lib/names.h"
#include "lib/xml_scan.h"
#include "lib/xml_tree.h"

/* How much is looked at, and then given to libxml2, at a time. */
#define PIECE ((size_t)64 << 10)
/* Less is not worth a call; it also settles how libxml2 guesses the encoding. */
#define PUSH_MIN ((size_t)4 << 10)

#if LIBXML_VERSION >= 21200
typedef const xmlError error_type;
#else
typedef xmlError error_type;
#endif

struct xml_reader {
	struct xml_scan scan;
	struct buf waiting; /* looked at, but not given to libxml2 yet */
	size_t cut;         /* octets of waiting that can be given to it */
	xmlParserCtxt *parser;
	struct xml_node *root, *node; /* node is the open element */
	struct err err;               /* the first thing found wrong */
};

/*
 * What libxml2 refuses, said without its own words: those quote the document, and so
 * perhaps a password.
 */
static const struct {
	int code;
	const char *text;
} reasons[] = {
	{ XML_ERR_UNDECLARED_ENTITY,
	    "only the entities &amp; &lt; &gt; &quot; and &apos; are accepted" },
	{ XML_ERR_ENTITYREF_NO_NAME, "\"&\" in text must be written as &amp;" },
	{ XML_ERR_ENTITYREF_SEMICOL_MISSING, "\"&\" in text must be written as &amp;" },
	{ XML_ERR_DOCUMENT_EMPTY, "this is not an XML document" },
	{ XML_ERR_INVALID_CHAR,
	    "there is a character that XML does not allow, or that is not UTF-8" },
	{ XML_ERR_INVALID_DEC_CHARREF, "a character reference is malformed" },
	{ XML_ERR_INVALID_HEX_CHARREF, "a character reference is malformed" },
	{ XML_ERR_INVALID_ENCODING, "there are octets that are not UTF-8" },
	{ XML_ERR_ATTRIBUTE_REDEFINED, "a tag has the same attribute twice" },
	{ XML_NS_ERR_ATTRIBUTE_REDEFINED, "a tag has the same attribute twice" },
	{ XML_ERR_ATTRIBUTE_NOT_STARTED, "the value of an attribute is not in quotes" },
	{ XML_ERR_ATTRIBUTE_WITHOUT_VALUE, "an attribute has no value" },
	{ XML_ERR_LT_IN_ATTRIBUTE,
	    "\"<\" in the value of an attribute must be written as &lt;" },
	{ XML_ERR_NAME_REQUIRED,
	    "\"<\" and \"&\" in text must be written as &lt; and &amp;" },
	{ XML_ERR_GT_REQUIRED, "a tag is malformed" },
	{ XML_ERR_SPACE_REQUIRED, "there is no space between two attributes" },
	{ XML_ERR_HYPHEN_IN_COMMENT, "a comment has \"--\" in it" },
	{ XML_ERR_MISPLACED_CDATA_END, "\"]]>\" in text must be written as ]]&gt;" },
	{ XML_NS_ERR_UNDEFINED_NAMESPACE, "a namespace prefix is not declared" },
	{ XML_NS_ERR_XML_NAMESPACE, "a namespace declaration is not allowed" },
	{ XML_NS_ERR_QNAME, "a name has \":\" in the wrong place" },
	{ XML_NS_ERR_EMPTY, "a namespace declaration is empty" },
	{ XML_ERR_VERSION_MISSING, "the XML declaration has no version" },
	{ XML_ERR_UNKNOWN_VERSION, "the document is not XML 1.0" },
	{ XML_ERR_STANDALONE_VALUE, "the XML declaration is malformed" },
	{ XML_ERR_XMLDECL_NOT_FINISHED, "the XML declaration is malformed" },
};

/* The first thing wrong stands: what comes after it is a consequence. */
static void
stop(struct xml_reader *r, enum err_code code, const char *text)
{
	if (r->err.code != ERR_NONE)
		return;
	err_set(&r->err, code, NULL, "%s", text);
	r->err.line = (uint32_t)r->parser->input->line;
	xmlStopParser(r->parser);
}

static const char *
reason(int code)
{
	for (size_t i = 0; i < nitems(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].text;
	return NULL;
}

static void
refused(void *context, error_type *error)
{
	struct xml_reader *r = context;
	const char *text = reason(error->code);

	if (error->level < XML_ERR_ERROR || r->err.code != ERR_NONE)
		return;
	if (error->code == XML_ERR_NO_MEMORY) {
		stop(r, ERR_MEMORY, "not enough memory for the document");
		return;
	}
	if (error->code == XML_ERR_TAG_NAME_MISMATCH && r->node != NULL)
		err_set(&r->err, ERR_XML_SYNTAX, NULL,
		    "the end tag is not of the element that begins in line %u",
		    r->node->line);
	else if (text != NULL)
		err_set(&r->err, ERR_XML_SYNTAX, NULL, "%s", text);
	else
		err_set(&r->err, ERR_XML_SYNTAX, NULL,
		    "this is not well-formed XML (libxml2 error %d)", error->code);
	r->err.line = error->line > 0 ? (uint32_t)error->line : 0;
	xmlStopParser(r->parser);
}

static const char *
word(const xmlChar *name)
{
	return name == NULL ? "" : (const char *)name;
}

/* Five pointers each: name, prefix, namespace, begin and end of the value. */
static int
add_attributes(struct xml_node *node, int count, const xmlChar **from)
{
	for (int i = 0; i < count; i++, from += 5) {
		struct xml_attr *attr = xml_attr_new(node, (const char *)from[3],
		    (size_t)(from[4] - from[3]));

		if (attr == NULL)
			return -1;
		attr->name = word(from[0]);
		attr->prefix = word(from[1]);
		attr->ns = word(from[2]);
	}
	return 0;
}

static void
start_element(void *context, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int nnamespaces, const xmlChar **namespaces, int nattributes,
    int ndefaulted, const xmlChar **attributes)
{
	struct xml_reader *r = context;
	struct xml_node *node;

	(void)prefix;
	(void)nnamespaces;
	(void)namespaces;
	(void)ndefaulted; /* there is no DTD to have defaults */
	if (r->err.code != ERR_NONE)
		return;
	if ((node = xml_node_new(r->node, r->parser->dict)) == NULL) {
		stop(r, ERR_MEMORY, "not enough memory for the document");
		return;
	}
	if (r->node == NULL)
		r->root = node;
	r->node = node;
	node->name = word(name);
	node->ns = word(uri);
	node->line = (uint32_t)r->parser->input->line;
	if (add_attributes(node, nattributes, attributes) == -1)
		stop(r, ERR_MEMORY, "not enough memory for the document");
}

static void
end_element(void *context, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri)
{
	struct xml_reader *r = context;

	(void)name;
	(void)prefix;
	(void)uri;
	if (r->err.code != ERR_NONE || r->node == NULL)
		return;
	xml_node_done(r->node);
	r->node = r->node->parent;
}

static void
characters(void *context, const xmlChar *data, int len)
{
	struct xml_reader *r = context;

	if (r->err.code != ERR_NONE || r->node == NULL || len <= 0)
		return;
	if (buf_add(&r->node->text, data, (size_t)len) == -1)
		stop(r, ERR_MEMORY, "not enough memory for the document");
}

/* These two cannot be reached: the scan refuses "<!DOCTYPE" before libxml2 sees it. */
static void
document_type(void *context, const xmlChar *name, const xmlChar *external,
    const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	stop(context, ERR_XML_SYNTAX, "a document type declaration is not accepted");
}

static void
entity(void *context, const xmlChar *name)
{
	(void)name;
	stop(context, ERR_XML_SYNTAX, "entity references are not accepted");
}

static const xmlSAXHandler handler = {
	.initialized = XML_SAX2_MAGIC,
	.startElementNs = start_element,
	.endElementNs = end_element,
	.characters = characters,
	.ignorableWhitespace = characters,
	.cdataBlock = characters,
	.internalSubset = document_type,
	.reference = entity,
	.serror = refused,
};

struct xml_reader *
xml_reader_new(void)
{
	xmlSAXHandler sax =
	    handler; /* libxml2 takes a copy, from a pointer to non-const */
	struct xml_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->scan.line = 1;
	if ((r->parser = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL)) == NULL) {
		free(r);
		return NULL;
	}
	/*
	 * HUGE lifts the limit of 10 MB on a text.  The others it lifts do no harm:
	 * depth has our own limit, and there are no entities to expand.
	 */
	xmlCtxtUseOptions(r->parser, XML_PARSE_NONET | XML_PARSE_HUGE);
	return r;
}

/* Gives libxml2 what can be cut off; all of it at the end. */
static int
push(struct xml_reader *r, int terminate, struct err *err)
{
	struct buf *w = &r->waiting;
	int rc;

	if (terminate)
		r->cut = w->len;
	else if (r->cut == 0)
		return 0;
	rc = xmlParseChunk(r->parser, (const char *)w->data, (int)r->cut, terminate);
	if (r->err.code == ERR_NONE && rc == XML_ERR_NO_MEMORY)
		stop(r, ERR_MEMORY, "not enough memory for the document");
	if (r->err.code == ERR_NONE && terminate && !r->parser->wellFormed)
		stop(r, ERR_XML_SYNTAX, "this is not well-formed XML");
	if (r->err.code != ERR_NONE) {
		*err = r->err;
		return -1;
	}
	w->len -= r->cut;
	if (w->len > 0)
		memmove(w->data, w->data + r->cut, w->len);
	r->cut = 0;
	return 0;
}

/*
 * libxml2 gets what comes before a refusal, and its own refusal goes first: so the one
 * that is told does not depend on the pieces a document comes in.
 */
static int
feed_piece(struct xml_reader *r, const uint8_t *data, size_t len, struct err *err)
{
	size_t cut;
	int rc = xml_scan_feed(&r->scan, data, len, &cut, err);

	if (cut > 0)
		r->cut = r->waiting.len + cut;
	if (buf_add(&r->waiting, data, len) == -1)
		return err_set(err, ERR_MEMORY, NULL,
		    "not enough memory for the document");
	if ((rc == -1 || r->cut >= PUSH_MIN) && push(r, 0, err) == -1)
		return -1;
	return rc;
}

int
xml_reader_feed(struct xml_reader *r, const void *data, size_t len, struct err *err)
{
	const uint8_t *p = data;

	while (len > 0) {
		size_t n = len < PIECE ? len : PIECE;

		if (feed_piece(r, p, n, err) == -1)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

int
xml_reader_end(struct xml_reader *r, struct xml_node **ret_root, struct err *err)
{
	int rc = xml_scan_end(&r->scan, err);

	if (push(r, rc == 0, err) == -1 || rc == -1)
		return -1;
	*ret_root = r->root;
	r->root = NULL;
	return 0;
}

void
xml_reader_free(struct xml_reader *r)
{
	if (r == NULL)
		return;
	xml_free(r->root);
	xmlFreeParserCtxt(r->parser);
	buf_wipe(&r->waiting);
	free(r);
}

int
xml_read(const void *data, size_t len, struct xml_node **ret_root, struct err *err)
{
	struct xml_reader *r = xml_reader_new();
	int rc = -1;

	if (r == NULL)
		return err_set(err, ERR_MEMORY, NULL,
		    "not enough memory for the document");
	if (xml_reader_feed(r, data, len, err) == 0)
		rc = xml_reader_end(r, ret_root, err);
	xml_reader_free(r);
	return rc;
}
