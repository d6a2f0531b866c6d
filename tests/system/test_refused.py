# SPDX-License-Identifier: ISC
"""What is refused: with one clear sentence, which is seen everywhere, and nothing changes."""
import fcntl
import re
import struct
import termios

import harness
import pki as pki_module
import pytest
from harness import wait_for
from pki import PASSWORD, document, openssl

EXIT_INVALID = 3
COMMIT_FAILED = 24  # the notification's number


def damaged(pem):
    """A certificate whose DER is cut."""
    lines = pem.splitlines()
    return "\n".join([lines[0], *lines[2:]]) + "\n"


def with_more(text):
    """A document with this as its last element."""
    return document(mode="none").replace("</certconf>", text + "</certconf>")


def credential(leaf):
    return document(leaf.chain, leaf.key)


# name: (document, what the sentence must say, CertconfErrorCodeType)
REFUSED = {
    "not XML": (lambda p, a, b: "certificate, please", "not an XML document|start tag|&lt;", "xmlSyntax(7)"),
    "cut off": (lambda p, a, b: credential(a)[:-20], "tag|ends", "xmlSyntax(7)"),
    "DOCTYPE": (lambda p, a, b: "<!DOCTYPE certconf>" + credential(a), "DOCTYPE", "xmlSyntax(7)"),
    "entity": (lambda p, a, b: '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
               + document("&e;", a.key), "DOCTYPE", "xmlSyntax(7)"),
    "billion laughs": (lambda p, a, b: '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
                       + document("&b;", a.key), "DOCTYPE", "xmlSyntax(7)"),
    "wrong namespace": (lambda p, a, b: credential(a).replace("yang:certconf", "yang:other"), "namespace",
                        "xmlSchema(8)"),
    "unknown element": (lambda p, a, b: with_more("<colour>blue</colour>"), "colour.*no such element",
                        "xmlSchema(8)"),
    "unknown mode": (lambda p, a, b: document(mode="sometimes"), "verification-mode.*must be none",
                     "xmlSchema(8)"),
    "element twice": (lambda p, a, b: with_more("<verification-mode>none</verification-mode>"),
                      "verification-mode.*twice", "xmlSchema(8)"),
    "missing certificate": (lambda p, a, b: document(None, a.key), "no certificate", "xmlSchema(8)"),
    "certificate without key": (lambda p, a, b: document(a.chain), "no private key", "xmlSchema(8)"),
    "key does not match": (lambda p, a, b: document(a.chain, b.key), "does not belong", "keyMismatch(12)"),
    "encrypted key does not match": (lambda p, a, b: document(a.chain, b.encrypted_key(), PASSWORD),
                                     "does not belong", "keyMismatch(12)"),
    "wrong password": (lambda p, a, b: document(a.chain, a.encrypted_key(), "something else"),
                       "wrong password", "badPassphrase(11)"),
    "missing password": (lambda p, a, b: document(a.chain, a.encrypted_key()), "give its password",
                         "badPassphrase(11)"),
    "public key": (lambda p, a, b: document(a.chain, openssl("pkey", "-in", a.key_file, "-pubout").decode()),
                   "a public key where", "badKey(10)"),
    "certificate as key": (lambda p, a, b: document(a.chain, a.cert), "a certificate where", "badKey(10)"),
    "key as certificate": (lambda p, a, b: document(a.key, a.key), "a private key where",
                           "badCertificate(9)"),
    "not a certificate": (lambda p, a, b: document("bm90IGEgY2VydGlmaWNhdGU=", a.key),
                          "not a DER certificate", "badCertificate(9)"),
    "damaged certificate": (lambda p, a, b: document(damaged(a.cert), a.key), "not a DER certificate",
                            "badCertificate(9)"),
    "two leaves": (lambda p, a, b: document(a.cert + b.cert, a.key), "does not belong to the chain",
                   "chainInvalid(13)"),
    "expired": (lambda p, a, b: credential(p.leaf(days=-1)), "expired", "expired(14)"),
    "weak signature": (lambda p, a, b: credential(p.leaf(digest="sha1")), "(?i)SHA-?1", "weakCrypto(16)"),
    "trust store with a damaged third": (
        lambda p, a, b: document(trust=p.root + p.other_root + damaged(p.intermediate)), "certificate 3",
        "badCertificate(9)"),
    "trust store with a private key": (
        lambda p, a, b: document(trust=p.root + b.key + p.other_root), "certificate 2: a private key",
        "badCertificate(9)"),
    "trust store with something else": (
        lambda p, a, b: document(trust=p.root + b.cert.replace("CERTIFICATE", "X509 CRL")),
        "certificate 2.*no certificate", "badCertificate(9)"),
    "empty trust store": (lambda p, a, b: document(trust="nothing here"), "no certificate",
                          "badCertificate(9)"),
    "mode without trust store": (lambda p, a, b: document(mode="outgoing"), "needs a trust store",
                                 "modeNeedsTrustStore(18)"),
    "unknown service": (lambda p, a, b: document(services=["teapot"]), "teapot", "notFound(5)"),
    "name too long": (lambda p, a, b: document(a.chain, a.key, name="n" * 65), "1 to 64 characters",
                      "xmlSchema(8)"),
    "name outside its alphabet": (lambda p, a, b: document(a.chain, a.key, name="../../etc"), "a name",
                                  "xmlSchema(8)"),
    "the factory credential": (lambda p, a, b: document(a.chain, a.key, name="factory"), "factory",
                               "xmlSchema(8)"),
    "too deep": (lambda p, a, b: "<a>" * 70 + "</a>" * 70, "64 levels", "tooLarge(6)"),
}


def secrets(*texts):
    """What must never be seen: lines of keys, and passwords."""
    out = {PASSWORD, "something else"}
    for text in texts:
        out |= {line for line in text.splitlines() if re.fullmatch(r"[A-Za-z0-9+/=]{24,}", line)}
    return out


def assert_no_secret(device, keys, *outputs):
    seen = "".join(outputs) + "".join(log.read_text(errors="replace") for log in device.logs())
    for secret in secrets(*keys):
        assert secret not in seen


def configuration(device):
    """Both datastores, and the files of all generations."""
    with harness.Netconf(device) as session:
        stores = [session.call(f"<get-config><source><{name}/></source></get-config>")
                  for name in ("candidate", "running")]
    candidate = device.status().get("candidate")
    return stores, candidate, device.generation(), harness.walk(device.state / "generations")


class Before:
    """What there was before something is refused, to tell what is new."""

    def __init__(self, device):
        self.device = device
        self.logged = len(device.agent.text())
        self.notified = len(device.notifications(COMMIT_FAILED))

    def visible_everywhere(self, sentence, label):
        """The one sentence in status, log, SNMP and a notification; returns it."""
        device = self.device
        told = device.status()["refused"]
        text = told["text"]
        assert re.search(sentence, text), text
        assert told["user"]
        assert text in device.agent.text()[self.logged:]
        wait_for(lambda: device.get("certconfCfgLastErrorText.0") == text, f"SNMP tells: {text}")
        assert device.snmp("snmpget", "-OvU", "CERTCONF-MIB::certconfCfgLastError.0").stdout.strip() \
            == f"INTEGER: {label}"
        assert device.get("certconfCfgLastResult.0") == "failed"
        wait_for(lambda: len(device.notifications(COMMIT_FAILED)) > self.notified, "CommitFailed")
        new = device.notifications(COMMIT_FAILED)[self.notified:]
        assert len(new) == 1, "one notification, not more"
        assert text in new[0] and label in new[0], new[0]
        return text


def sentence_of(text):
    """Without the place, which the command tells in another order."""
    return re.sub(r"^(/\S+?(?=, line \d|: ))?(, )?(line \d+)?: ", "", text)


@pytest.fixture(scope="module")
def staged(shared, pki):
    """A device with somebody's changes in the candidate."""
    shared.import_document(document(trust=pki.other_root))
    return shared


# The candidate has a trust store: there the mode may be set.
CASES = [(what, how) for how in ("candidate", "commit") for what in REFUSED
         if (what, how) != ("mode without trust store", "candidate")]


@pytest.mark.parametrize("what,how", CASES)
def test_refused(staged, pki, what, how):
    make, sentence, label = REFUSED[what]
    a, b = pki.leaf(), pki.leaf()
    was, before = configuration(staged), Before(staged)
    result = staged.import_document(make(pki, a, b), *(["--commit"] if how == "commit" else []), check=False)
    assert result.returncode == EXIT_INVALID, result.stdout + result.stderr
    assert re.search(sentence, result.stderr), result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2, "one sentence"
    text = before.visible_everywhere(sentence, label)
    assert configuration(staged) == was
    assert_no_secret(staged, [a.key, b.key], result.stdout, result.stderr, text, str(staged.status()))
    assert result.stderr.strip().endswith(sentence_of(text)), "status and the command say the same"


def test_a_refusal_is_over_when_something_is_taken(notified, pki):
    notified.import_document(document(pki.leaf().chain, pki.leaf().key), check=False)
    assert "refused" in notified.status()
    notified.import_document(document(trust=pki.root), "--commit")
    assert "refused" not in notified.status()
    wait_for(lambda: notified.get("certconfCfgLastError.0") == "none", "SNMP tells of no error any more")


def test_what_was_refused_can_be_committed_later(agent, pki):
    """After a refused document the candidate of before is committed, not a mixture."""
    agent.import_document(document(trust=pki.other_root))
    agent.import_document(document(pki.leaf().chain, pki.leaf().key), check=False)
    agent.cli("commit")
    stored = (agent.state / "live/trust/ca.pem").read_text()
    assert pki_module.fingerprint(stored) == pki_module.fingerprint(pki.other_root)


def test_expired_can_be_allowed(agent, pki):
    leaf = pki.leaf(days=-1)
    agent.import_document(credential(leaf), "--commit", "--allow-expired")
    stored = (agent.state / "live/credentials/local/cert.pem").read_text()
    assert pki_module.fingerprint(stored) == leaf.sha256()
    local = next(row for row in agent.status()["certificate"] if row["name"] == "local")
    assert local["status"] == "expired"


def test_unreadable_file(agent):
    result = agent.cli("import", agent.dir / "missing.xml", check=False)
    assert result.returncode == EXIT_INVALID
    assert "missing.xml" in result.stderr


def test_line_of_the_error(agent, pki):
    text = document(pki.leaf().chain, pki.leaf().key)
    result = agent.import_document(text, "--commit", check=False)
    line = text[:text.index("<private-key>")].count("\n") + 1
    assert re.search(rf"line {line}: /certconf/credential\[name='local'\]/private-key:", result.stderr)
    text = document(mode="none").replace("<verification-mode>", "\n\n\n<nonsense/>\n<verification-mode>")
    line = text[:text.index("<nonsense/>")].count("\n") + 1
    result = agent.import_document(text, check=False)
    assert re.search(rf"document\.xml line {line}: /certconf/nonsense:", result.stderr), result.stderr
    assert f"line {line}:" in agent.status()["refused"]["text"]


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


# --- a process that dies over a document ---

def unread(connection):
    """Octets the other end of a unix socket has not taken yet."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0]


def test_a_session_that_dies_over_a_document(notified, pki):
    """Killed with half a document read: refused, told everywhere, and nothing changes."""
    notified.import_document(document(trust=pki.other_root))
    was, before = configuration(notified), Before(notified)
    wait_for(lambda: not notified.process("session"), "no other session is left")
    text = credential(pki.leaf())
    with harness.Netconf(notified) as session:
        half = (f'<rpc xmlns="{session.BASE}" message-id="1"><edit-config><target><candidate/></target>'
                f"<config>{text[:len(text) // 2]}")
        session.socket.sendall(half.encode())
        wait_for(lambda: unread(session.socket) == 0, "the session has read the half")
        pids = notified.process("session")
        assert len(pids) == 1, [harness.title(pid) for pid in harness.descendants(notified.agent.pid)]
        harness.kill(pids[0])
        with pytest.raises((EOFError, ConnectionError)):
            session.receive()
    wait_for(lambda: "refused" in notified.status(), "the refusal is told")
    before.visible_everywhere("ended by signal 9", "other(2)")
    assert configuration(notified) == was
    notified.import_document(credential(pki.leaf()), "--commit")
