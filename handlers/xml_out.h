/* SPDX-License-Identifier: ISC */
/*
 * An XML message written to a client as it is made, so that its size costs no memory.
 * Failures are remembered and told at the end.
 */
#ifndef HANDLERS_XML_OUT_H
#define HANDLERS_XML_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/xmlwriter.h>

#include "handlers/netconf_frame.h"
#include "lib/bytes.h"
#include "lib/names.h"
#include "lib/xml.h"

struct xml_out {
	struct frame *frame;
	xmlTextWriterPtr writer;
	struct buf text; /* a value, made fit for XML */
	bool failed;
};

/* -1 without memory, when nothing has been written yet. */
int xml_out_begin(struct xml_out *, struct frame *);
/* Ends all elements and the message.  -1 when the client cannot be written to. */
int xml_out_end(struct xml_out *);

void xml_out_open(struct xml_out *, const char *name);
void xml_out_open_ns(struct xml_out *, const char *name, const char *ns);
void xml_out_attribute(struct xml_out *, const char *name, const char *value);
/* As it was read, prefix and namespace included. */
void xml_out_copy_attribute(struct xml_out *, const struct xml_attr *);
void xml_out_close(struct xml_out *);

/* Character data of the open element.  What XML cannot hold is replaced by U+FFFD. */
void xml_out_content(struct xml_out *, struct text value);

/* A leaf. */
void xml_out_text(struct xml_out *, const char *name, struct text value);
void xml_out_string(struct xml_out *, const char *name, const char *value);
void xml_out_number(struct xml_out *, const char *name, int64_t value);
void xml_out_bool(struct xml_out *, const char *name, bool value);
void xml_out_name(struct xml_out *, const char *name, const struct names *,
    unsigned int value);
void xml_out_time(struct xml_out *, const char *name, int64_t value);
void xml_out_hex(struct xml_out *, const char *name, const uint8_t sha256[SHA256_SIZE]);
/* A leaf without content. */
void xml_out_empty(struct xml_out *, const char *name);

#endif
