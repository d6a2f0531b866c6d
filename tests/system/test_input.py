# SPDX-License-Identifier: ISC
"""What is accepted in every form it occurs in, and what is refused with one clear sentence."""
import base64
import json
import re
import textwrap

import harness
import pki as pki_module
import pytest
from pki import PASSWORD, document, openssl

EXIT_INVALID = 3
ROOTS = "/etc/ssl/certs/ca-certificates.crt"


# --- accepted ---

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


# --- refused ---

def damaged(pem):
    """A certificate whose DER is cut."""
    lines = pem.splitlines()
    return "\n".join([lines[0], *lines[2:]]) + "\n"


def mode_document(mode):
    return document(mode=mode)


# name: (document, what the sentence must say)
REFUSED = {
    "not XML": (lambda p, a, b: "certificate, please", "XML|xml|start tag|document"),
    "cut off": (lambda p, a, b: document(a.chain, a.key)[:-20], "."),
    "DOCTYPE": (lambda p, a, b: "<!DOCTYPE certconf>" + document(a.chain, a.key), "DOCTYPE"),
    "entity": (lambda p, a, b: '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
               + document("&e;", a.key), "DOCTYPE"),
    "billion laughs": (lambda p, a, b: '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
                       + document("&b;", a.key), "DOCTYPE"),
    "wrong namespace": (lambda p, a, b: document(a.chain, a.key).replace("yang:certconf", "yang:other"),
                        "namespace"),
    "unknown element": (lambda p, a, b: document(mode="none").replace(
        "</certconf>", "<colour>blue</colour></certconf>"), "colour"),
    "unknown mode": (lambda p, a, b: document(mode="sometimes"), "verification-mode|outgoing"),
    "element twice": (lambda p, a, b: document(mode="none").replace(
        "</certconf>", "<verification-mode>none</verification-mode></certconf>"), "twice|verification-mode"),
    "missing certificate": (lambda p, a, b: document(None, a.key), "certificate"),
    "certificate without key": (lambda p, a, b: document(a.chain), "key"),
    "key does not match": (lambda p, a, b: document(a.chain, b.key), "does not belong"),
    "encrypted key does not match": (
        lambda p, a, b: document(a.chain, b.encrypted_key(), PASSWORD), "does not belong"),
    "wrong password": (lambda p, a, b: document(a.chain, a.encrypted_key(), "something else"), "password"),
    "missing password": (lambda p, a, b: document(a.chain, a.encrypted_key()), "password"),
    "public key": (lambda p, a, b: document(a.chain, openssl("pkey", "-in", a.key_file, "-pubout").decode()),
                   "public key"),
    "certificate as key": (lambda p, a, b: document(a.chain, a.cert), "private key|certificate"),
    "key as certificate": (lambda p, a, b: document(a.key, a.key), "certificate"),
    "not a certificate": (lambda p, a, b: document("bm90IGEgY2VydGlmaWNhdGU=", a.key), "certificate"),
    "damaged certificate": (lambda p, a, b: document(damaged(a.cert), a.key), "certificate|PEM"),
    "two leaves": (lambda p, a, b: document(a.cert + b.cert, a.key), "chain|issue|belong"),
    "trust store with a damaged third": (
        lambda p, a, b: document(trust=p.root + p.other_root + damaged(p.intermediate)), "3|third"),
    "trust store with a private key": (
        lambda p, a, b: document(trust=p.root + b.key + p.other_root), "private key|not a certificate"),
    "trust store with something else": (
        lambda p, a, b: document(trust=p.root + b.cert.replace("CERTIFICATE", "X509 CRL")), "certificate"),
    "empty trust store": (lambda p, a, b: document(trust="nothing here"), "certificate|trust"),
    "mode without trust store": (lambda p, a, b: document(mode="outgoing"), "trust store"),
    "unknown service": (lambda p, a, b: document(services=["teapot"]), "teapot"),
    "name too long": (lambda p, a, b: document(a.chain, a.key, name="n" * 65), "name|64|long"),
    "name outside its alphabet": (lambda p, a, b: document(a.chain, a.key, name="../../etc"), "name"),
    "the factory credential": (lambda p, a, b: document(a.chain, a.key, name="factory"), "factory"),
    "too deep": (lambda p, a, b: "<a>" * 70 + "</a>" * 70, "."),
}


def secrets(*texts):
    """What must never be seen: lines of keys, and passwords."""
    out = {PASSWORD, "something else"}
    for text in texts:
        out |= {line for line in text.splitlines() if re.fullmatch(r"[A-Za-z0-9+/=]{24,}", line)}
    return out


def assert_no_secret(device, keys, *outputs):
    seen = "".join(outputs) + "".join(log.read_text(errors="replace") for log in device.dir.glob("*.log"))
    for secret in secrets(*keys):
        assert secret not in seen


@pytest.mark.parametrize("what", REFUSED)
def test_refused(agent, pki, what):
    make, sentence = REFUSED[what]
    a, b = pki.leaf(), pki.leaf()
    before, listing = agent.generation(), harness.walk(agent.state / "generations")
    result = agent.import_document(make(pki, a, b), "--commit", check=False)
    said = result.stdout + result.stderr
    assert result.returncode == EXIT_INVALID, said
    assert re.search(sentence, result.stderr), result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2, "one sentence"
    assert agent.generation() == before
    assert harness.walk(agent.state / "generations") == listing
    status = json.loads(agent.cli("status", "--json").stdout)
    visible = json.dumps(status)
    assert re.search(sentence, visible), visible
    assert re.split(r"line \d+: ", status["refused"]["text"])[-1] in result.stderr, "both say the same"
    assert_no_secret(agent, [a.key, b.key], said, visible)


@pytest.mark.parametrize("what", [name for name in REFUSED if name not in ("too deep",)])
def test_refused_without_commit_leaves_the_candidate(agent, pki, what):
    make, _ = REFUSED[what]
    a, b = pki.leaf(), pki.leaf()
    agent.import_document(document(trust=pki.other_root))
    result = agent.import_document(make(pki, a, b), check=False)
    if what == "mode without trust store":
        assert result.returncode == 0  # the candidate has one
        return
    assert result.returncode == EXIT_INVALID, result.stdout + result.stderr
    agent.cli("commit")
    stored = (agent.state / "live/trust/ca.pem").read_text()
    assert pki_module.fingerprint(stored) == pki_module.fingerprint(pki.other_root)


def test_expired_certificate(agent, pki):
    leaf = pki.leaf(days=-1)
    result = agent.import_document(document(leaf.chain, leaf.key), "--commit", check=False)
    assert result.returncode == EXIT_INVALID
    assert "expired" in result.stderr
    agent.import_document(document(leaf.chain, leaf.key), "--commit", "--allow-expired")
    assert in_force(agent) == leaf.sha256()


def test_weak_signature(agent, pki):
    leaf = pki.leaf(digest="sha1")
    result = agent.import_document(document(leaf.chain, leaf.key), "--commit", check=False)
    assert result.returncode == EXIT_INVALID
    assert re.search("SHA-?1", result.stderr, re.IGNORECASE)


def test_unreadable_file(agent):
    result = agent.cli("import", agent.dir / "missing.xml", check=False)
    assert result.returncode in (1, EXIT_INVALID)
    assert "missing.xml" in result.stderr


def test_line_of_the_error(agent, pki):
    text = document(pki.leaf().chain, pki.leaf().key)
    result = agent.import_document(text, "--commit", check=False)
    assert re.search(r"/certconf/credential|document\.xml", result.stderr), result.stderr
    text = document(mode="none").replace("<verification-mode>", "\n\n\n<nonsense/>\n<verification-mode>")
    line = text[:text.index("<nonsense/>")].count("\n") + 1
    result = agent.import_document(text, check=False)
    assert re.search(rf"(line |:){line}\b", result.stderr), result.stderr


def test_a_document_above_the_limit(agent, tmp_path):
    """A quarter of a gigabyte and a little: refused by its size, not by memory running out."""
    path = tmp_path / "large.xml"
    with path.open("w", encoding="utf-8") as file:
        file.write('<certconf xmlns="urn:certconf:params:xml:ns:yang:certconf"><trust-store><certificates>\n')
        filler = ("x" * 63 + "\n") * 16384
        for _ in range(257):
            file.write(filler)
        file.write("</certificates></trust-store></certconf>\n")
    result = agent.cli("import", path, check=False)
    assert result.returncode == EXIT_INVALID, result.stdout + result.stderr
    assert "256" in result.stderr
    agent.cli("status")


def test_a_refusal_is_in_the_log(agent, pki):
    agent.import_document(document(pki.leaf().chain, pki.leaf().key), "--commit", check=False)
    harness.wait_for(lambda: "does not belong" in agent.agent.text(), "the log says why")


def test_a_session_that_dies_is_visible(agent):
    """Killed in the middle of a document, it leaves a word in status and log."""
    with harness.Netconf(agent) as session:
        session.call("<get/>")
        pids = agent.process("session")
        assert pids, [harness.title(pid) for pid in harness.descendants(agent.agent.pid)]
        for pid in pids:
            harness.kill(pid)
    harness.wait_for(lambda: "session" in agent.agent.text() and re.search(
        r"(died|killed|signal)", agent.agent.text()), "the log tells that a session died")
    agent.cli("status")
