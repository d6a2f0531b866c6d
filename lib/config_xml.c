/* SPDX-License-Identifier: ISC */
/* A configuration as XML. */
#include "lib/config_xml.h"

#include <openssl/evp.h>

#include "lib/monitoring.h"
#include "lib/pem.h"
#include "lib/schema.h"

struct output {
	xmlTextWriterPtr writer;
	struct buf scratch;
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

/* Whether XML 1.0 (2.2) can hold the character of that many octets. */
static bool
is_xml_char(const char *data, size_t len)
{
	unsigned char first = (unsigned char)data[0];

	if (len == 1)
		return first >= ' ' || first == '\t' || first == '\n' || first == '\r';
	/* U+FFFE and U+FFFF are ef bf be and ef bf bf */
	return len != 3 || first != 0xef || (unsigned char)data[1] != 0xbf ||
	    (unsigned char)data[2] < 0xbe;
}

/* Octets from the front that XML can hold and need no second look. */
static size_t
plain_len(struct text text)
{
	size_t n = 0;

	while (n < text.len && text.data[n] >= ' ' && text.data[n] < 0x7f)
		n++;
	return n;
}

/* Names come from certificates too: what XML cannot hold is shown as "?". */
static void
write_text(struct output *out, struct text text)
{
	struct buf *scratch = &out->scratch;
	size_t plain = plain_len(text);

	scratch->len = 0;
	note(out, buf_add(scratch, text.data, plain));
	for (size_t i = plain, len; i<text.len; i += len> 0 ? len : 1) {
		len = utf8_char(text.data + i, text.len - i);
		if (len > 0 && is_xml_char(text.data + i, len))
			note(out, buf_add(scratch, text.data + i, len));
		else
			note(out, buf_add(scratch, "?", 1));
	}
	if (!out->failed)
		note(out, xmlTextWriterWriteString(out->writer, scratch->data));
}

static void
write_leaf(struct output *out, const char *name, struct text value)
{
	begin(out, name);
	write_text(out, value);
	end(out);
}

/* Text that needs no escapes, and may be long. */
static void
write_raw(struct output *out, const struct buf *raw)
{
	if (!out->failed)
		note(out,
		    xmlTextWriterWriteRawLen(out->writer, raw->data, (int)raw->len));
}

static void
write_chain(struct output *out, const struct credential *credential)
{
	struct buf *scratch = &out->scratch;

	begin(out, "certificate");
	scratch->len = 0;
	/* RFC 7468 3: a boundary begins its line */
	note(out, buf_add_text(scratch, "\n"));
	for (size_t i = 0; i < credential->count; i++)
		note(out, pem_write_certificate(scratch, credential->chain[i].der));
	write_raw(out, scratch);
	end(out);
}

static void
write_credential(struct output *out, const struct credential *credential)
{
	begin(out, "credential");
	write_leaf(out, "name", credential->name);
	if (credential->count > 0)
		write_chain(out, credential);
	end(out);
}

static void
write_base64(struct output *out, struct blob der)
{
	struct buf *scratch = &out->scratch;
	size_t len = (der.len + 2) / 3 * 4;

	scratch->len = 0;
	note(out, buf_reserve(scratch, len));
	if (out->failed)
		return;
	scratch->len = (size_t)EVP_EncodeBlock(scratch->data, der.data, (int)der.len);
	write_raw(out, scratch);
}

static void
write_trust(struct output *out, const struct config *config)
{
	begin(out, "trust-store");
	for (size_t i = 0; i < config->nanchors; i++) {
		begin(out, "certificate");
		write_leaf(out, "name", config->anchors[i].name);
		begin(out, "cert-data");
		write_base64(out, config->anchors[i].cert.der);
		end(out);
		end(out);
	}
	end(out);
}

static void
write_service(struct output *out, const struct service_setting *setting)
{
	begin(out, "service");
	write_leaf(out, "name", setting->name);
	write_leaf(out, "enabled", text_of(setting->enabled ? "true" : "false"));
	if (setting->credential.len > 0)
		write_leaf(out, "credential", setting->credential);
	end(out);
}

/* --- monitoring: only what is not as it is by default --- */

static void
write_setting(struct output *out, enum setting setting, uint32_t value)
{
	struct buf text = { NULL, 0, 0 };

	begin(out, setting_rows[setting].leaf);
	note(out, setting_write(&text, setting, value));
	if (text.len > 0)
		write_text(out, (struct text){ (const char *)text.data, text.len });
	end(out);
	buf_clear(&text);
}

static void
write_monitored(struct output *out, const struct credential *credential)
{
	begin(out, "certificate");
	write_leaf(out, "name", credential->name);
	if (credential->muted)
		write_leaf(out, "monitor", text_of("false"));
	if (credential->has_warn_days)
		write_setting(out, SETTING_WARN_DAYS, credential->warn_days);
	end(out);
}

static void
write_muted(struct output *out, const struct anchor *anchor)
{
	begin(out, "trust-anchor");
	write_leaf(out, "name", anchor->name);
	write_leaf(out, "monitor", text_of("false"));
	end(out);
}

static void
write_monitoring(struct output *out, const struct config *config)
{
	if (monitoring_is_default(config))
		return;
	begin(out, "monitoring");
	for (unsigned int i = 0; i < SETTING_MAX; i++) {
		uint32_t value = setting_get(&config->settings, i);

		if (value != setting_rows[i].standard)
			write_setting(out, i, value);
	}
	for (size_t i = 0; i < config->ncredentials; i++)
		if (monitoring_of_credential(&config->credentials[i]))
			write_monitored(out, &config->credentials[i]);
	for (size_t i = 0; i < config->nanchors; i++)
		if (config->anchors[i].muted)
			write_muted(out, &config->anchors[i]);
	end(out);
}

int
config_write_xml_nodes(xmlTextWriterPtr writer, const struct config *config)
{
	struct output out = { .writer = writer };

	for (size_t i = 0; i < config->ncredentials; i++) {
		if (!credential_is_factory(&config->credentials[i]))
			write_credential(&out, &config->credentials[i]);
	}
	if (config->has_trust_store)
		write_trust(&out, config);
	write_leaf(&out, "verification-mode",
	    text_of(name_text(&verify_mode_names, config->mode)));
	for (size_t i = 0; i < config->nservices; i++)
		write_service(&out, &config->services[i]);
	write_monitoring(&out, config);
	buf_clear(&out.scratch);
	return out.failed ? -1 : 0;
}

/* The element <certconf> with its namespace and all below it. */
static int
write_certconf(xmlTextWriterPtr writer, const struct config *config)
{
	if (xmlTextWriterStartElementNS(writer, NULL, BAD_CAST "certconf",
		BAD_CAST CERTCONF_NS) < 0 ||
	    config_write_xml_nodes(writer, config) == -1)
		return -1;
	return xmlTextWriterEndElement(writer) < 0 ? -1 : 0;
}

static int
add_output(void *context, const char *data, int len)
{
	return buf_add(context, data, (size_t)len) == 0 ? len : -1;
}

/* Straight into the buffer: libxml2's own would hold a second copy of it all. */
static xmlTextWriterPtr
open_writer(struct buf *buf)
{
	xmlOutputBufferPtr output =
	    xmlOutputBufferCreateIO(add_output, NULL, buf, NULL);
	xmlTextWriterPtr writer;

	if (output == NULL)
		return NULL;
	if ((writer = xmlNewTextWriter(output)) == NULL)
		(void)xmlOutputBufferClose(output);
	return writer;
}

int
config_format_xml(struct buf *buf, const struct config *config, struct err *err)
{
	xmlTextWriterPtr writer = open_writer(buf);
	int rc = -1;

	if (writer == NULL || xmlTextWriterSetIndent(writer, 1) < 0 ||
	    xmlTextWriterSetIndentString(writer, BAD_CAST "  ") < 0 ||
	    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL) < 0 ||
	    write_certconf(writer, config) == -1 ||
	    xmlTextWriterEndDocument(writer) < 0)
		err_set(err, ERR_MEMORY, "", "out of memory for config.xml");
	else
		rc = 0;
	xmlFreeTextWriter(writer);
	return rc;
}
