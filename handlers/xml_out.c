/* SPDX-License-Identifier: ISC */
#include "handlers/xml_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/status.h"

#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define XML_NS "http://www.w3.org/XML/1998/namespace"

static int
write_frame(void *context, const char *data, int len)
{
	return frame_write(context, data, (size_t)len) == 0 ? len : -1;
}

static int
close_frame(void *context)
{
	(void)context;
	return 0;
}

int
xml_out_begin(struct xml_out *out, struct frame *frame)
{
	xmlOutputBufferPtr output;

	memset(out, 0, sizeof(*out));
	out->frame = frame;
	output = xmlOutputBufferCreateIO(write_frame, close_frame, frame, NULL);
	if (output == NULL)
		return -1;
	if ((out->writer = xmlNewTextWriter(output)) == NULL) {
		(void)xmlOutputBufferClose(output);
		return -1;
	}
	out->failed = xmlTextWriterWriteRaw(out->writer, BAD_CAST DECLARATION) == -1;
	return 0;
}

int
xml_out_end(struct xml_out *out)
{
	/* half a message can only be followed by the end of the session */
	if (xmlTextWriterEndDocument(out->writer) == -1 || out->failed)
		out->frame->failed = true;
	xmlFreeTextWriter(out->writer);
	buf_wipe(&out->text);
	return frame_write_end(out->frame);
}

static void
check(struct xml_out *out, int rc)
{
	if (rc == -1)
		out->failed = true;
}

void
xml_out_open(struct xml_out *out, const char *name)
{
	check(out, xmlTextWriterStartElement(out->writer, BAD_CAST name));
}

void
xml_out_open_ns(struct xml_out *out, const char *name, const char *ns)
{
	xml_out_open(out, name);
	xml_out_attribute(out, "xmlns", ns);
}

void
xml_out_attribute(struct xml_out *out, const char *name, const char *value)
{
	check(out,
	    xmlTextWriterWriteAttribute(out->writer, BAD_CAST name, BAD_CAST value));
}

void
xml_out_copy_attribute(struct xml_out *out, const struct xml_attr *attr)
{
	/* the prefix xml is bound to its namespace everywhere */
	bool declare = attr->ns[0] != '\0' && strcmp(attr->ns, XML_NS) != 0;
	const char *prefix = attr->prefix[0] != '\0' ? attr->prefix : NULL;

	check(out,
	    xmlTextWriterWriteAttributeNS(out->writer, BAD_CAST prefix,
		BAD_CAST attr->name, declare ? BAD_CAST attr->ns : NULL,
		BAD_CAST attr->value));
}

void
xml_out_close(struct xml_out *out)
{
	check(out, xmlTextWriterEndElement(out->writer));
}

/* Octets of the character, if XML 1.0 2.2 lets it be in a document; otherwise 0. */
static size_t
xml_character(const char *data, size_t len)
{
	size_t n = utf8_char(data, len);

	if (n == 1 && (uint8_t)data[0] < 0x20 && strchr("\t\n\r", data[0]) == NULL)
		return 0;
	if (n == 1 && data[0] == '\0')
		return 0;
	/* U+FFFE and U+FFFF */
	if (n == 3 && memcmp(data, "\xef\xbf", 2) == 0 && (uint8_t)data[2] >= 0xbe)
		return 0;
	return n;
}

static int
make_fit(struct buf *buf, struct text text)
{
	size_t at, n, from = 0;

	buf->len = 0;
	for (at = 0; at < text.len; at += n) {
		if ((n = xml_character(text.data + at, text.len - at)) > 0)
			continue;
		n = 1;
		if (buf_add(buf, text.data + from, at - from) == -1 ||
		    buf_add_text(buf, REPLACEMENT) == -1)
			return -1;
		from = at + n;
	}
	return buf_add(buf, text.data + from, text.len - from);
}

void
xml_out_content(struct xml_out *out, struct text value)
{
	if (value.len == 0)
		return;
	if (make_fit(&out->text, value) == -1)
		out->failed = true;
	else
		check(out,
		    xmlTextWriterWriteString(out->writer, BAD_CAST out->text.data));
}

void
xml_out_text(struct xml_out *out, const char *name, struct text value)
{
	xml_out_open(out, name);
	xml_out_content(out, value);
	xml_out_close(out);
}

void
xml_out_string(struct xml_out *out, const char *name, const char *value)
{
	xml_out_text(out, name, text_of(value));
}

void
xml_out_number(struct xml_out *out, const char *name, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	xml_out_string(out, name, text);
}

void
xml_out_bool(struct xml_out *out, const char *name, bool value)
{
	xml_out_string(out, name, value ? "true" : "false");
}

void
xml_out_name(struct xml_out *out, const char *name, const struct names *names,
    unsigned int value)
{
	xml_out_string(out, name, name_text(names, value));
}

void
xml_out_time(struct xml_out *out, const char *name, int64_t value)
{
	char text[TIME_TEXT];

	xml_out_string(out, name, time_format(value, text, sizeof(text)));
}

void
xml_out_hex(struct xml_out *out, const char *name, const uint8_t sha256[SHA256_SIZE])
{
	char text[2 * SHA256_SIZE + 1];

	xml_out_string(out, name, hex_format(text, sha256, SHA256_SIZE));
}

void
xml_out_empty(struct xml_out *out, const char *name)
{
	xml_out_text(out, name, (struct text){ NULL, 0 });
}
