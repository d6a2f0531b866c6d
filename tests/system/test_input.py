# SPDX-License-Identifier: ISC
"""What is accepted, in every form it occurs in."""
import base64
import textwrap

import pki as pki_module
import pytest
from pki import PASSWORD, document, openssl

EXIT_INVALID = 3
ROOTS = "/etc/ssl/certs/ca-certificates.crt"


def indent(text):
    return textwrap.indent(text, "      ")


def base64_der(pem, line=None):
    der = openssl("x509", "-outform", "DER", data=pem.encode())
    text = base64.b64encode(der).decode()
    return text if line is None else "\n".join(textwrap.wrap(text, line))


def key_as(leaf, *args):
    return openssl("pkey", "-in", leaf.key_file, *args).decode()


CERTIFICATES = {
    "leaf first": lambda leaf, pki: leaf.cert + pki.intermediate,
    "leaf last": lambda leaf, pki: pki.intermediate + leaf.cert,
    "with its root": lambda leaf, pki: pki.root + pki.intermediate + leaf.cert,
    "indented": lambda leaf, pki: indent(leaf.cert + pki.intermediate),
    "text around": lambda leaf, pki: f"subject=unit\n{leaf.cert}\nissuer=ca\n{pki.intermediate}\nend",
    "base64 of DER": lambda leaf, pki: base64_der(leaf.cert),
    "base64 of DER in lines": lambda leaf, pki: base64_der(leaf.cert, 64),
}

KEYS = {
    "PKCS#8": ("ec", lambda leaf: leaf.key, None),
    "PKCS#8 of RSA": ("rsa", lambda leaf: leaf.key, None),
    "PKCS#1": ("rsa", lambda leaf: key_as(leaf, "-traditional"), None),
    "SEC1": ("ec", lambda leaf: key_as(leaf, "-traditional"), None),
    "Ed25519": ("ed25519", lambda leaf: leaf.key, None),
    "Ed448": ("ed448", lambda leaf: leaf.key, None),
    "PBES2": ("ec", lambda leaf: leaf.encrypted_key(), PASSWORD),
    "PBES2 of RSA": ("rsa", lambda leaf: leaf.encrypted_key(), PASSWORD),
    "traditional encrypted": (
        "rsa", lambda leaf: key_as(leaf, "-traditional", "-aes256", "-passout", f"pass:{PASSWORD}"),
        PASSWORD),
    "indented": ("ec", lambda leaf: indent(leaf.key), None),
    "base64 of DER": (
        "ec", lambda leaf: base64.b64encode(
            openssl("pkey", "-in", leaf.key_file, "-outform", "DER")).decode(), None),
}


def in_force(device):
    return pki_module.fingerprint((device.state / "live/credentials/local/cert.pem").read_text())


@pytest.mark.parametrize("form", CERTIFICATES)
def test_certificate_forms(agent, pki, form):
    leaf = pki.leaf()
    agent.import_document(document(CERTIFICATES[form](leaf, pki), leaf.key), "--commit")
    assert in_force(agent) == leaf.sha256()
    first = (agent.state / "live/credentials/local/fullchain.pem").read_text()
    assert pki_module.fingerprint(first) == leaf.sha256(), "the leaf comes first"


@pytest.mark.parametrize("form", KEYS)
def test_key_forms(agent, pki, form):
    kind, make, password = KEYS[form]
    leaf = pki.leaf(kind=kind)
    agent.import_document(document(leaf.chain, make(leaf), password), "--commit")
    assert in_force(agent) == leaf.sha256()
    stored = (agent.state / "live/credentials/local/privkey.pem").read_text()
    assert "ENCRYPTED" not in stored
    assert openssl("pkey", "-pubout", data=stored.encode()) == openssl("pkey", "-pubout", "-in",
                                                                       leaf.key_file)


@pytest.mark.parametrize("around", ["{}", '<config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">{}</config>',
                                    '<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">'
                                    "<edit-config><target><candidate/></target><config>{}</config>"
                                    "</edit-config></rpc>",
                                    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->\n{}'],
                         ids=["bare", "config", "rpc", "declaration"])
def test_envelopes(agent, pki, around):
    leaf = pki.leaf()
    agent.import_document(around.format(document(leaf.chain, leaf.key)), "--commit")
    assert in_force(agent) == leaf.sha256()


def test_trust_store_of_debian(agent):
    with open(ROOTS, encoding="utf-8") as file:
        roots = file.read()
    agent.import_document(document(trust="Bundle of CA Root Certificates\n==========\n" + roots), "--commit")
    stored = (agent.state / "live/trust/ca.pem").read_text()
    assert stored.count("BEGIN CERTIFICATE") == roots.count("BEGIN CERTIFICATE")


def test_a_trust_store_replaces_the_whole(agent, pki):
    agent.import_document(document(trust=pki.root + pki.intermediate), "--commit")
    agent.import_document(document(trust=pki.other_root), "--commit")
    stored = (agent.state / "live/trust/ca.pem").read_text()
    assert pki_module.fingerprint(stored) == pki_module.fingerprint(pki.other_root)
    assert stored.count("BEGIN CERTIFICATE") == 1


def test_import_of_files(agent, pki, tmp_path):
    leaf = pki.leaf()
    key, password, chain, trust = (tmp_path / name for name in ("key", "password", "chain", "trust"))
    key.write_text(leaf.encrypted_key())
    password.write_text(PASSWORD + "\n")
    chain.write_text(leaf.chain)
    trust.write_text(pki.root)
    agent.cli("import", "--cert", chain, "--key", key, "--key-password-file", password, "--trust-store", trust,
              "--mode", "outgoing", "--commit")
    assert in_force(agent) == leaf.sha256()


def test_template_can_be_filled_in(agent, pki, tmp_path):
    """Every example in the template is of the model: check gets as far as the values."""
    template = agent.cli("template").stdout
    path = tmp_path / "template.xml"
    path.write_text(template)
    result = agent.cli("check", path, check=False)
    assert "unknown" not in result.stdout + result.stderr


def test_check_needs_no_agent(make_device, pki):
    device, leaf = make_device(), pki.leaf()
    path = device.dir / "good.xml"
    path.write_text(document(leaf.chain, leaf.key))
    device.cli("check", path)
    path.write_text(document(leaf.chain, pki.leaf().key))
    assert device.cli("check", path, check=False).returncode == EXIT_INVALID
