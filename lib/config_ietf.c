/* SPDX-License-Identifier: ISC */
/* A configuration as ietf-keystore (RFC 9642) and ietf-truststore (RFC 9641). */
#include "lib/config_xml.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "lib/anchor_name.h"
#include "lib/cms.h"
#include "lib/limits.h"
#include "lib/order.h"
#include "lib/schema.h"

struct output {
	xmlTextWriterPtr writer;
	bool failed; /* remembered, so that a list of elements needs no checks */
};

static void
note(struct output *out, int result)
{
	if (result < 0)
		out->failed = true;
}

static void
begin(struct output *out, const char *name)
{
	note(out, xmlTextWriterStartElement(out->writer, BAD_CAST name));
}

static void
end(struct output *out)
{
	note(out, xmlTextWriterEndElement(out->writer));
}

/* Names are of the model: XML can hold them. */
static void
write_leaf(struct output *out, const char *name, struct text value)
{
	begin(out, name);
	note(out,
	    xmlTextWriterWriteFormatString(out->writer, "%.*s", (int)value.len,
		value.data != NULL ? value.data : ""));
	end(out);
}

/* As CMS, in base64. */
static void
write_cert_data(struct output *out, const struct cert *certs, size_t count)
{
	struct blob ders[LIMIT_CHAIN];
	struct buf cms = { NULL, 0, 0 }, text = { NULL, 0, 0 };

	for (size_t i = 0; i < count; i++)
		ders[i] = certs[i].der;
	note(out, cms_write(&cms, ders, count));
	note(out, buf_reserve(&text, (cms.len + 2) / 3 * 4));
	if (!out->failed) {
		text.len = (size_t)EVP_EncodeBlock(text.data, cms.data, (int)cms.len);
		begin(out, "cert-data");
		note(out,
		    xmlTextWriterWriteRawLen(out->writer, text.data, (int)text.len));
		end(out);
	}
	buf_clear(&cms);
	buf_clear(&text);
}

static void
write_certificate(struct output *out, struct text name, const struct cert *certs,
    size_t count)
{
	begin(out, "certificate");
	write_leaf(out, "name", name);
	write_cert_data(out, certs, count);
	end(out);
}

static void
write_key(struct output *out, const struct credential *credential)
{
	begin(out, "asymmetric-key");
	write_leaf(out, "name", credential->name);
	if (credential->has_key) {
		begin(out, "hidden-private-key");
		end(out);
	}
	if (credential->count > 0) {
		begin(out, "certificates");
		write_certificate(out, credential->name, credential->chain,
		    credential->count);
		end(out);
	}
	end(out);
}

int
config_write_keystore(xmlTextWriterPtr writer, const struct config *config)
{
	struct output out = { .writer = writer };

	note(&out,
	    xmlTextWriterStartElementNS(writer, NULL, BAD_CAST "keystore",
		BAD_CAST KEYSTORE_NS));
	begin(&out, "asymmetric-keys");
	for (size_t i = 0; i < config->ncredentials; i++)
		if (!credential_is_factory(&config->credentials[i]))
			write_key(&out, &config->credentials[i]);
	end(&out);
	end(&out);
	return out.failed ? -1 : 0;
}

static struct text
bag_of(const void *context, uint32_t n)
{
	const struct config *config = context;
	struct text bag, name;

	anchor_name_split(config->anchors[n].name, &bag, &name);
	return bag;
}

static void
write_anchor(struct output *out, const struct anchor *anchor)
{
	struct text bag, name;

	anchor_name_split(anchor->name, &bag, &name);
	write_certificate(out, name, &anchor->cert, 1);
}

/* Those of the bag that order[from] is in; returns where the next one begins. */
static uint32_t
write_bag(struct output *out, const struct config *config, const uint32_t *order,
    uint32_t from)
{
	struct text bag = bag_of(config, order[from]);
	uint32_t i;

	begin(out, "certificate-bag");
	write_leaf(out, "name", bag);
	for (i = from;
	     i < config->nanchors && text_equal(bag_of(config, order[i]), bag); i++)
		write_anchor(out, &config->anchors[order[i]]);
	end(out);
	return i;
}

int
config_write_truststore(xmlTextWriterPtr writer, const struct config *config)
{
	struct output out = { .writer = writer };
	uint32_t count = (uint32_t)config->nanchors, i = 0;
	uint32_t *order = calloc((size_t)count + 1, sizeof(*order));

	if (order == NULL || order_by_text(order, count, bag_of, config) == -1)
		out.failed = true;
	note(&out,
	    xmlTextWriterStartElementNS(writer, NULL, BAD_CAST "truststore",
		BAD_CAST TRUSTSTORE_NS));
	if (count > 0)
		begin(&out, "certificate-bags");
	while (i < count && !out.failed)
		i = write_bag(&out, config, order, i);
	if (count > 0)
		end(&out);
	end(&out);
	free(order);
	return out.failed ? -1 : 0;
}
