/* SPDX-License-Identifier: ISC */
#include "handlers/warm.h"

#include <time.h>

#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "handlers/factory.h"
#include "lib/key.h"
#include "lib/xml.h"

#define INIT_FLAGS                                                                     \
	(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |              \
	    OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS)

static int
not_started(struct err *err, const char *library)
{
	return err_set(err, ERR_OTHER, library, "library cannot be initialised");
}

/* What keys are made, read, written and proven with. */
static int
warm_keys(struct err *err)
{
	struct arena arena = { NULL };
	struct buf der = { NULL, 0, 0 }, pem = { NULL, 0, 0 };
	const struct text none = { NULL, 0 };
	struct text text;
	EVP_PKEY *key = NULL, *again = NULL;
	struct cert cert;
	int rc = -1;

	if (factory_make("", time(NULL), &der, &key, err) == -1 ||
	    key_write(&pem, key, err) == -1)
		goto out;
	text = (struct text){ (const char *)pem.data, pem.len };
	if (key_read(text, none, &again, err) == -1 ||
	    cert_parse(&arena, (struct blob){ der.data, der.len }, &cert, err) == -1)
		goto out;
	rc = key_prove(again, &cert, err);
out:
	EVP_PKEY_free(key);
	EVP_PKEY_free(again);
	buf_wipe(&pem);
	buf_clear(&der);
	arena_clear(&arena);
	return rc;
}

static int
warm_openssl(struct err *err)
{
	unsigned char octet;
	SSL_CTX *context;

	if (OPENSSL_init_crypto(INIT_FLAGS, NULL) != 1 ||
	    OPENSSL_init_ssl(INIT_FLAGS | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL) != 1 ||
	    RAND_bytes(&octet, 1) != 1 || RAND_priv_bytes(&octet, 1) != 1)
		return not_started(err, "OpenSSL");
	if ((context = SSL_CTX_new(TLS_client_method())) == NULL)
		return not_started(err, "OpenSSL");
	SSL_CTX_free(context);
	return warm_keys(err);
}

static int
warm_libxml2(struct err *err)
{
	static const char document[] = "<warm>up</warm>";
	xmlOutputBufferPtr output;
	xmlTextWriterPtr writer;
	struct xml_node *root;

	xmlInitParser();
	if (xml_read(document, sizeof(document) - 1, &root, err) == -1)
		return -1;
	xml_free(root);
	if ((output = xmlAllocOutputBuffer(NULL)) == NULL)
		return not_started(err, "libxml2");
	if ((writer = xmlNewTextWriter(output)) == NULL) {
		(void)xmlOutputBufferClose(output);
		return not_started(err, "libxml2");
	}
	xmlFreeTextWriter(writer); /* with its output */
	return 0;
}

int
warm_up(struct err *err)
{
	/* gmtime() reads /etc/localtime the first time, and so do ASN.1 dates */
	tzset();
	if (warm_openssl(err) == -1)
		return -1;
	return warm_libxml2(err);
}
