/* SPDX-License-Identifier: ISC */
/* certconf template: a document with a place for everything, to be filled in. */
#include <stdio.h>

#include "cli/cli.h"
#include "lib/schema.h"

static const char template_text[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!--\n"
    "  A configuration for certconf. Fill in what you need and remove the rest: what is\n"
    "  not here stays as it is on the device. Then:\n"
    "\n"
    "      certconf check FILE\n"
    "      certconf import FILE, then certconf commit; or certconf import FILE with the\n"
    "      option commit to put it in force at once\n"
    "-->\n"
    "<certconf xmlns=\"" CERTCONF_NS "\">\n"
    "  <!-- The certificate that services present. \"local\" is the one they use unless\n"
    "       told otherwise. -->\n"
    "  <credential>\n"
    "    <name>local</name>\n"
    "    <!-- The certificate and its intermediates, in any order: PEM as it is, or\n"
    "         base64 of DER. -->\n"
    "    <certificate>\n"
    "-----BEGIN CERTIFICATE-----\n"
    "...\n"
    "-----END CERTIFICATE-----\n"
    "    </certificate>\n"
    "    <!-- Its key: PKCS#8, PKCS#1 or SEC1, plain or encrypted. Without this element\n"
    "         the key the device already holds is kept, if it matches. -->\n"
    "    <private-key>\n"
    "-----BEGIN PRIVATE KEY-----\n"
    "...\n"
    "-----END PRIVATE KEY-----\n"
    "    </private-key>\n"
    "    <!-- Of an encrypted key. It is used once and never stored. Better: leave it\n"
    "         out and give it to certconf with the option password-file.\n"
    "    <private-key-password>...</private-key-password>\n"
    "    -->\n"
    "  </credential>\n"
    "\n"
    "  <!-- The whole trust store: the certificates other ends are verified by. It\n"
    "       replaces the one on the device. -->\n"
    "  <trust-store>\n"
    "    <certificates>\n"
    "-----BEGIN CERTIFICATE-----\n"
    "...\n"
    "-----END CERTIFICATE-----\n"
    "    </certificates>\n"
    "  </trust-store>\n"
    "\n"
    "  <!-- none: no verification.\n"
    "       outgoing: outgoing connections only.\n"
    "       outgoing-and-incoming: outgoing connections and incoming calls.\n"
    "       All but none need a trust store. -->\n"
    "  <verification-mode>none</verification-mode>\n"
    "\n"
    "  <!-- One for each service to switch; the device must define it.\n"
    "  <service>\n"
    "    <name>nginx</name>\n"
    "    <enabled>true</enabled>\n"
    "    <credential>local</credential>\n"
    "  </service>\n"
    "  -->\n"
    "</certconf>\n";

int
verb_template(struct cli *cli)
{
	if (cli_has(cli, OPTION_JSON))
		return cli_misuse(cli, "a template is XML: it has no JSON form");
	return fputs(template_text, stdout) == EOF ? EXIT_FAILED : EXIT_DONE;
}
