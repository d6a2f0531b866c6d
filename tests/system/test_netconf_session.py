# SPDX-License-Identifier: ISC
"""A session, and the worker that makes the factory credential, against an engine that
only keeps what it is given: framing, operations, errors, secrets and the sandbox."""
import base64
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

import netconf
from harness import ROOT, descendants, wait_for
from netconf import BASE, INPUT, NOTIFICATION, OURS, Client, Reply
from pki import PASSWORD, document

EMPTY = f'<certconf xmlns="{OURS}"/>'
HELLO = f'<hello xmlns="{BASE}">{{}}</hello>]]>]]>'
CAPABILITIES = "<capabilities><capability>urn:ietf:params:netconf:base:1.1</capability></capabilities>"


class Engine:
    """tests/unit/fake_ses_engine and its socket."""

    def __init__(self, build, directory, rights=None):
        self.socket, self.log = directory / "socket", directory / "log"
        argv = [build / "tests/unit/fake_ses_engine", self.socket] + ([rights] if rights else [])
        with self.log.open("w") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        wait_for(lambda: "ready" in self.text() or self.process.poll() is not None, "the fake engine listens")
        assert self.process.poll() is None, self.text()

    def text(self):
        return self.log.read_text()

    def client(self, *args, **options):
        return Client(self.socket, *args, **options)

    def statuses(self):
        """How the worker and the sessions ended, as from waitpid()."""
        return [int(line.split()[1]) for line in self.text().splitlines() if line.startswith("ended")]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def make_engine(build, tmp_path):
    engines = []

    def make(rights=None):
        directory = tmp_path / str(len(engines))
        directory.mkdir()
        engines.append(Engine(build, directory, rights))
        return engines[-1]

    yield make
    for engine in engines:
        engine.stop()
        assert "Sanitizer" not in engine.text() and "runtime error" not in engine.text(), engine.text()


@pytest.fixture
def engine(make_engine):
    return make_engine()


@pytest.fixture
def client(engine):
    with engine.client() as session:
        yield session


# --- hello and framing ---

def test_hello(client):
    listed = [node.text for node in client.hello.root.iter(f"{{{BASE}}}capability")]
    assert listed[:2] == [netconf.CAPABILITY + "1.0", netconf.CAPABILITY + "1.1"]
    assert f"{OURS}?module=certconf&revision=2026-11-23" in listed
    assert client.hello.root.findtext(f"{{{BASE}}}session-id") == "5"


@pytest.mark.parametrize("versions", [("1.0",), ("1.1",), ("1.0", "1.1")])
def test_base_versions(engine, versions):
    with engine.client(versions) as session:
        assert session.get_config().find("c:verification-mode") == "none"


@pytest.mark.parametrize("hello", [
    "junk]]>]]>", "<hello/>]]>]]>", HELLO.format(""), HELLO.format("<capabilities/>"),
    HELLO.format(CAPABILITIES + "<session-id>4</session-id>"), HELLO.format(CAPABILITIES.replace("1.1", "2.0")),
    HELLO.format(CAPABILITIES).replace("hello", "rpc"), "<!DOCTYPE x>" + HELLO.format(CAPABILITIES),
    "]]>]]>", "<a>" * 100 + "]]>]]>", "x" * 70000,
])
def test_hello_refused(engine, hello):
    with engine.client(hello=False) as session:
        session.send_raw(hello.encode())
        assert session.ended()
    with engine.client() as session:  # the next one is served
        assert session.get().ok is False


def malformed(client, data):
    client.send_raw(data)
    reply = Reply(client.receive())
    assert reply.error("error-tag") == "malformed-message"
    assert reply.error("error-type") == "rpc"
    assert client.ended()
    return reply


@pytest.mark.parametrize("data", [
    b"\n#0\n\n##\n", b"\n##\n", b"\n#abc\n", b"\n#-5\nhello\n##\n", b"\n#007\n<rpc/>\n\n##\n",
    b"\n#4294967296\nabc", b"\n#99999999999999999999\nabc", b"hello world\n\n", b"\n#3\n<rpJUNK\n#1\nc\n##\n",
])
def test_bad_frames(client, data):
    malformed(client, data)


@pytest.mark.parametrize("text", [
    "abc", "<rpc", "<rpc/><rpc/>", "<a>&undefined;</a>", "<a\0/>", "<hello/>", f'<hello xmlns="{BASE}"/>', "<rpc/>",
    f'<!DOCTYPE x [<!ENTITY a "b">]><rpc xmlns="{BASE}" message-id="1"><get/></rpc>',
    f'<!DOCTYPE x SYSTEM "file:///etc/passwd"><rpc xmlns="{BASE}" message-id="1"><get/></rpc>',
])
def test_bad_xml(client, text):
    data = text.encode()
    malformed(client, b"\n#%d\n%s\n##\n" % (len(data), data))


def test_bad_xml_of_an_old_client(engine):
    """malformed-message is new in base:1.1 and must not be sent to others (RFC 6241 A)."""
    with engine.client(("1.0",)) as session:
        session.send("<rpc>")
        assert Reply(session.receive()).error("error-tag") == "operation-failed"
        assert session.ended()


def test_huge_claim(client):
    """Four gigabytes are claimed and nothing is sent: nothing is allocated."""
    client.send_raw(b"\n#4294967295\nabc")
    client.socket.shutdown(1)
    assert client.ended() or True


def test_large_document_is_refused_before_its_end(client):
    """The reason arrives although the client is still sending."""
    client.send_raw(b"\n#200000000\n<rpc><a b='1' b='2'/>")
    with pytest.raises((BrokenPipeError, EOFError, ConnectionResetError)):
        for _ in range(3000):
            client.send_raw(b" " * 65536)
        raise EOFError
    assert "malformed-message" in client.receive()


def test_many_messages_at_once(client):
    message = b'<rpc xmlns="%s" message-id="%d"><get-config><source><running/></source></get-config></rpc>'
    for number in range(50):
        text = message % (BASE.encode(), number)
        client.send_raw(b"\n#%d\n%s\n##\n" % (len(text), text))
    for number in range(50):
        assert Reply(client.receive()).root.get("message-id") == str(number)


# --- requests ---

REFUSED = [
    ("<nothing/>", "operation-not-supported", None),
    ("", "missing-element", None),
    ("<get/><get/>", "bad-element", None),
    ("<get><filter/></get>", "operation-not-supported", None),
    ("<get><junk/></get>", "unknown-element", "junk"),
    ("<get-config/>", "missing-element", "source"),
    ("<get-config><source/></get-config>", "missing-element", "source"),
    ("<get-config><source><startup/></source></get-config>", "bad-element", "source"),
    ("<get-config><source><running/><candidate/></source></get-config>", "bad-element", "source"),
    ("<get-config><source><running/></source><source><running/></source></get-config>", "bad-element", "source"),
    ("<edit-config><target><candidate/></target></edit-config>", "missing-element", "config"),
    (f"<edit-config><config>{EMPTY}</config></edit-config>", "missing-element", "target"),
    (f"<edit-config><target><candidate/></target><test-option>no</test-option><config>{EMPTY}</config>"
     "</edit-config>", "bad-element", "test-option"),
    (f"<edit-config><target><candidate/></target><error-option>no</error-option><config>{EMPTY}</config>"
     "</edit-config>", "bad-element", "error-option"),
    (f"<edit-config><target><candidate/></target><default-operation>delete</default-operation>"
     f"<config>{EMPTY}</config></edit-config>", "bad-element", "default-operation"),
    (f'<edit-config><target><running/></target><from xmlns="{INPUT}">snmp</from><config>{EMPTY}</config>'
     "</edit-config>", "bad-element", "from"),
    ('<edit-config><target><candidate/></target><config><x xmlns="urn:nowhere"/></config></edit-config>',
     "unknown-namespace", "x"),
    (f'<commit><comment xmlns="{INPUT}">{"x" * 256}</comment></commit>', "too-big", None),
    ("<commit><confirmed>1</confirmed><confirmed/></commit>", "bad-element", "confirmed"),
    ("<commit><confirm-timeout>9</confirm-timeout></commit>", "missing-element", "confirmed"),
    ("<commit><confirmed/><confirm-timeout>86401</confirm-timeout></commit>", "bad-element", "confirm-timeout"),
    (f"<commit><confirmed/><persist>{'x' * 65}</persist></commit>", "too-big", None),
    ("<cancel-commit/>", "data-missing", None),
    (f'<confirm xmlns="{OURS}"/>', "data-missing", None),
    (f'<rollback xmlns="{OURS}"><generation>99</generation></rollback>', "data-missing", None),
    (f'<rollback xmlns="{OURS}"><generation>-1</generation></rollback>', "bad-element", "generation"),
    (f'<rollback xmlns="{OURS}"><generation>1x</generation></rollback>', "bad-element", "generation"),
    (f'<rollback xmlns="{OURS}"><generation/></rollback>', "bad-element", "generation"),
    (f'<create-subscription xmlns="{NOTIFICATION}"><stream>X</stream></create-subscription>', "bad-element",
     "stream"),
    (f'<create-subscription xmlns="{NOTIFICATION}"><startTime>X</startTime></create-subscription>',
     "unknown-element", "startTime"),
]


@pytest.mark.parametrize("operation,tag,element", REFUSED)
def test_refused(client, operation, tag, element):
    reply = client.rpc(operation)
    assert reply.error("error-tag") == tag, reply.text
    assert reply.error("error-severity") == "error"
    assert reply.error("error-message")
    if element is not None:
        assert reply.info("bad-element") == element
    assert client.get_config().find("c:verification-mode") == "none"  # and the session goes on


def test_bad_namespace(client):
    reply = client.edit('<x xmlns="urn:nowhere"/>')
    assert reply.info("bad-namespace") == "urn:nowhere"


def test_message_id_is_needed(client):
    client.send(f'<rpc xmlns="{BASE}"><get/></rpc>')
    reply = Reply(client.receive())
    assert reply.error("error-tag") == "missing-attribute"
    assert reply.error("error-type") == "rpc"
    assert reply.info("bad-attribute") == "message-id"
    assert reply.info("bad-element") == "rpc"


def test_attributes_come_back(client):
    reply = client.rpc("<get/>", ' user="a&lt;b&quot;c" x:y="1" xmlns:x="urn:x" xml:lang="en"')
    assert reply.root.get("user") == 'a<b"c'
    assert reply.root.get("{urn:x}y") == "1"
    assert reply.root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"


def test_close_session(client):
    assert client.rpc("<close-session/>").ok
    assert client.ended()


def test_locks(client):
    lock = "<lock><target><candidate/></target></lock>"
    assert client.rpc(lock).ok
    refused = client.rpc(lock)
    assert refused.error("error-tag") == "lock-denied"
    assert refused.info("session-id") == "77"
    assert client.rpc(lock.replace("lock>", "unlock>")).ok


# --- who may what ---

def test_reader(make_engine):
    with make_engine("r").client() as session:
        assert session.get().find("c:state/c:generation") == "1"
        for reply in session.edit(EMPTY), session.commit(), session.rpc("<discard-changes/>"):
            assert reply.error("error-tag") == "access-denied"
        assert session.rpc("<close-session/>").ok


def test_reader_cannot_send_a_document(make_engine):
    with make_engine("r").client() as session:
        session.send_raw(b"\n#70000\n<rpc>" + b" " * 69995)
        assert Reply(session.receive()).error("error-tag") == "too-big"


def test_nobody(make_engine):
    with make_engine("-").client() as session:
        for operation in ("<get/>", "<get-config><source><running/></source></get-config>", "<commit/>"):
            assert session.rpc(operation).error("error-tag") == "access-denied"
        assert session.rpc("<close-session/>").ok


# --- the factory credential ---

def test_factory(client):
    reply = client.get()
    row = "c:state/c:certificate[c:name='factory']/"
    assert reply.find(row + "c:index") == "2"
    assert reply.find(row + "c:factory") == "true"
    assert reply.find(row + "c:key-status") == "match"
    assert reply.find(row + "c:subject-parts/c:common-name") == "unit.example.net"
    assert reply.find(row + "c:subject-alternative-names") == "DNS:unit.example.net"
    assert reply.find(row + "c:key-usage") == "digitalSignature"
    assert reply.find(row + "c:ext-key-usage") == "serverAuth, clientAuth"
    assert len(reply.find(row + "c:serial")) >= 32
    assert reply.find("c:state/c:overall-status") == "warning"
    assert reply.find("c:credential/c:name") is None  # nobody configures it


def test_factory_is_unique(make_engine):
    found = set()
    for _ in range(2):
        with make_engine().client() as session:
            found.add(session.get().find("c:state/c:certificate/c:key-id"))
    assert len(found) == 2


# --- edits ---

def test_edit_and_commit(client, pki):
    leaf = pki.leaf()
    assert client.edit(document(leaf.chain, leaf.key, trust=pki.root, mode="outgoing", services=["web"])).ok
    assert client.get_config("candidate").find("c:verification-mode") == "outgoing"
    assert client.get_config().find("c:verification-mode") == "none"
    assert client.commit("first").ok
    reply = client.get()
    row = "c:state/c:certificate[c:name='local']/"
    assert reply.find(row + "c:index") == "1"
    assert reply.find(row + "c:fingerprint") == leaf.sha256()
    assert reply.find(row + "c:key-status") == "match"
    assert reply.find(row + "c:chain-status") == "valid"
    assert reply.find(row + "c:chain-length") == "2"
    assert reply.find("c:state/c:verification-mode") == "outgoing"
    assert reply.find("c:state/c:trust-anchor/c:name") is not None
    assert reply.find("c:service[c:name='web']/c:enabled") == "true"
    assert reply.find("c:state/c:commit[c:number='1']/c:comment") == "first"


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed25519", "ed448"])
def test_key_kinds(client, pki, kind):
    """Each kind is parsed, proven and written within the sandbox, encrypted ones too."""
    leaf = pki.leaf(kind=kind)
    assert client.edit(document(leaf.chain, leaf.key)).ok
    assert client.edit(document(leaf.chain, leaf.encrypted_key(), PASSWORD)).ok
    assert client.edit(document(leaf.chain, leaf.encrypted_key()), private_key_password=PASSWORD).ok
    refused = client.edit(document(leaf.chain, leaf.encrypted_key(), "wrong password"))
    assert refused.error("error-app-tag") in ("bad-passphrase", "bad-key")


def encrypted(leaf, *how):
    return subprocess.run(["openssl", *how, "-in", leaf.key_file, "-passout", f"pass:{PASSWORD}"],
                          capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("how", [
    ("rsa", "-traditional", "-aes128"), ("pkcs8", "-topk8", "-scrypt"),
    ("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-iter", "100000"),
])
def test_encryptions(client, pki, how):
    """MD5 for traditional PEM, scrypt and PBKDF2: none needs a file."""
    leaf = pki.leaf(kind="rsa")
    assert client.edit(document(leaf.chain, encrypted(leaf, *how), PASSWORD)).ok


def test_no_secret_in_errors(client, pki):
    leaf, other = pki.leaf(), pki.leaf()
    secret = "a very secret word"
    for config in (document(leaf.chain, leaf.encrypted_key(), secret),
                   document(leaf.chain, other.key, secret),
                   document(leaf.chain, secret), document(secret, leaf.key),
                   document(leaf.chain, leaf.key).replace("private-key>", "privat-key>")):
        reply = client.edit(config)
        assert reply.error("error-tag"), reply.text
        assert secret not in reply.text
        assert leaf.key.splitlines()[2] not in reply.text


def key_octets(leaf, kind):
    """A part of the key's PEM that only this key has, and a part of its private number."""
    lines = leaf.key.splitlines()
    der = base64.b64decode("".join(lines[1:-1]))
    private = {"rsa": der[-40:], "ec": der[36:68], "ed25519": der[-32:]}[kind]
    return {lines[-2][-30:].encode() if kind == "rsa" else lines[1][50:].encode(), private}


def copies(pid, secrets):
    """Which of these octet strings are in the memory of a process."""
    found = set()
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            first, last = (int(part, 16) for part in line.split()[0].split("-"))
            try:
                memory.seek(first)
                data = memory.read(last - first)
            except (OSError, OverflowError):
                continue  # what the kernel shows to nobody
            found |= {secret for secret in secrets if secret in data}
    return found


@pytest.mark.skipif(not ROOT, reason="nobody else may look into the memory of a session")
@pytest.mark.parametrize("kind", ["rsa", "ec", "ed25519"])
def test_no_secret_stays_in_memory(build, engine, client, pki, kind):
    if "define WITH_SANITIZERS 1" in (build / "config.h").read_text():
        pytest.skip("sanitizers keep freed memory")
    leaf, other = pki.leaf(kind=kind), pki.leaf(kind=kind)
    assert client.edit(document(leaf.chain, leaf.key)).ok
    assert client.edit(document(leaf.chain, leaf.encrypted_key(), PASSWORD)).ok
    assert client.edit(document(leaf.chain, other.key, PASSWORD)).error("error-tag")
    client.get_config()  # is answered after what the others left is cleaned
    session, = descendants(engine.process.pid)
    assert not copies(session, key_octets(leaf, kind) | key_octets(other, kind) | {PASSWORD.encode()})


def test_error_names_place_and_line(client, pki):
    leaf, other = pki.leaf(), pki.leaf()
    reply = client.edit(document(leaf.chain, other.key))
    assert reply.error("error-tag") == "invalid-value"
    assert reply.error("error-app-tag") == "key-mismatch"
    assert reply.error("error-path").startswith("/certconf/credential[name='local']")
    assert int(reply.info("line", "c")) > 1


def test_refusal_is_told_to_the_engine(client, pki):
    leaf, other = pki.leaf(), pki.leaf()
    client.edit(document(leaf.chain, other.key))
    reply = client.get()
    assert reply.find("c:state/c:last/c:action") == "import"
    assert reply.find("c:state/c:last/c:error") == "key-mismatch"
    assert "belong" in reply.find("c:state/c:refused/c:text")


def test_bad_xml_is_told_to_the_engine(engine):
    with engine.client() as session:
        session.send("<rpc><unclosed></rpc>")
        session.receive()
    with engine.client() as session:
        assert session.get().find("c:state/c:last/c:error") == "xml-syntax"


def test_test_options(client):
    invalid = document(mode="outgoing")  # without a trust store
    for option in ("test-then-set", "test-only"):
        reply = client.edit(invalid, options=f"<test-option>{option}</test-option>")
        assert reply.error("error-app-tag") == "mode-needs-trust-store"
    assert client.get_config("candidate").find("c:verification-mode") == "none"
    assert client.edit(invalid, options="<test-option>set</test-option>").ok
    assert client.get_config("candidate").find("c:verification-mode") == "outgoing"
    reply = client.rpc("<validate><source><candidate/></source></validate>")
    assert reply.error("error-app-tag") == "mode-needs-trust-store"
    assert client.commit().error("error-app-tag") == "mode-needs-trust-store"
    assert client.rpc("<discard-changes/>").ok
    assert client.rpc("<validate><source><candidate/></source></validate>").ok
    # running is never what is not valid
    reply = client.edit(invalid, "running", options="<test-option>set</test-option>")
    assert reply.error("error-app-tag") == "mode-needs-trust-store"


def test_test_only_changes_nothing(client, pki):
    leaf = pki.leaf()
    assert client.edit(document(leaf.chain, leaf.key), options="<test-option>test-only</test-option>").ok
    assert client.get_config("candidate").find("c:credential/c:name") is None


def test_validate_inline(client, pki):
    leaf = pki.leaf()
    validate = "<validate><source><config>{}</config></source></validate>"
    assert client.rpc(validate.format(document(leaf.chain, leaf.key))).ok
    assert client.rpc(validate.format(document(mode="outgoing"))).error("error-tag") == "operation-failed"
    assert client.rpc("<validate><source><running/></source></validate>").ok


def test_running_is_edited_alone(client, pki):
    assert client.edit(document(trust=pki.root)).ok
    leaf = pki.leaf()
    assert client.edit(document(leaf.chain, leaf.key), "running", comment="alone", **{"from": "xml-import"}).ok
    running, candidate = client.get(), client.get_config("candidate")
    assert running.find("c:state/c:certificate[c:name='local']/c:fingerprint") == leaf.sha256()
    assert running.find("c:state/c:commit/c:origin") == "xml-import"
    assert running.find("c:state/c:commit/c:comment") == "alone"
    assert running.find("c:trust-store") is None
    assert candidate.find("c:trust-store/c:certificate/c:name") is not None
    assert candidate.find("c:credential/c:name") is None


def test_get_config_can_be_sent_back(client, pki):
    leaf = pki.leaf()
    assert client.edit(document(leaf.chain, leaf.key, trust=pki.root + pki.other_root, mode="outgoing",
                                services=["web", "sip"]), "running").ok
    before = client.get_config()
    text = before.text[before.text.index("<certconf"):before.text.index("</data>")]
    assert client.edit(text, "running", options="<default-operation>replace</default-operation>").ok
    after = client.get_config()
    assert after.text.partition("<data>")[2] == before.text.partition("<data>")[2]


def test_renewal_needs_only_the_certificate(client, pki):
    leaf = pki.leaf()
    assert client.edit(document(leaf.chain, leaf.key), "running").ok
    assert client.edit(document(pki.renew(leaf).chain), "running").ok
    assert client.edit(document(pki.leaf().chain), "running").error("error-tag")


@pytest.mark.parametrize("wrap", [
    "{}", f'<config xmlns="{BASE}">{{}}</config>',
    f'<rpc xmlns="{BASE}" message-id="1"><edit-config><target><running/></target><config>{{}}</config>'
    "</edit-config></rpc>",
])
def test_what_a_file_holds(client, pki, wrap):
    leaf = pki.leaf()
    assert client.edit(wrap.format(document(leaf.chain, leaf.key))).ok
    assert client.get_config("candidate").find("c:credential/c:name") == "local"


def test_expired(client, pki):
    leaf = pki.leaf(days=-1)
    assert client.edit(document(leaf.chain, leaf.key)).error("error-app-tag") == "expired"
    assert client.edit(document(leaf.chain, leaf.key), allow_expired="").ok
    assert client.edit(document(leaf.chain, leaf.key), "running", allow_expired="").ok


def test_delete(client, pki):
    leaf = pki.leaf()
    delete = (f'<certconf xmlns="{OURS}" xmlns:nc="{BASE}"><credential nc:operation="delete"><name>local</name>'
              "</credential></certconf>")
    assert client.edit(delete).error("error-tag") == "data-missing"
    assert client.edit(document(leaf.chain, leaf.key), "running").ok
    assert client.edit(delete, "running").ok
    assert client.get().find("c:state/c:factory-in-use") == "true"


# --- commits that wait, and services that do ---

WAITS = "c:state/c:confirmed-commit"
CANCEL = "<cancel-commit>{}</cancel-commit>"
KEEP = f'<confirm xmlns="{OURS}">{{}}</confirm>'


def own(name, text=None):
    """A leaf of ours in an operation of NETCONF's."""
    return f'<{name} xmlns="{INPUT}"/>' if text is None else f'<{name} xmlns="{INPUT}">{text}</{name}>'


def test_confirmed_commit_is_a_capability(client):
    listed = [node.text for node in client.hello.root.iter(f"{{{BASE}}}capability")]
    assert "urn:ietf:params:netconf:capability:confirmed-commit:1.1" in listed


@pytest.mark.parametrize("answer", [CANCEL, KEEP])
def test_a_commit_that_waits(client, pki, answer):
    assert client.get().findall(WAITS) == []
    assert client.edit(document(trust=pki.root)).ok
    before = client.get().find("c:state/c:generation")
    assert client.rpc("<commit><confirmed/></commit>").ok
    reply = client.get()
    assert reply.find(WAITS + "/c:restore") == before
    assert reply.find(WAITS + "/c:user") == "tester"
    assert reply.find(WAITS + "/c:persistent") == "false"
    wrong = client.rpc(answer.format("<persist-id>x</persist-id>"))
    assert wrong.error("error-tag") == "invalid-value"
    assert wrong.error("error-path").endswith("/persist-id")
    assert client.rpc(answer.format("")).ok
    assert client.get().findall(WAITS) == []
    assert client.rpc(answer.format("")).error("error-tag") == "data-missing"


@pytest.mark.parametrize("timeout, seconds", [("", 600), ("<confirm-timeout>77</confirm-timeout>", 77)])
def test_how_long_it_waits(client, pki, timeout, seconds):
    assert client.edit(document(trust=pki.root)).ok
    assert client.rpc(f"<commit><confirmed/>{timeout}<persist>a b</persist></commit>").ok
    reply = client.get()
    assert reply.find(WAITS + "/c:persistent") == "true"
    assert "a b" not in reply.text, "who may confirm is told to nobody"
    now, until = (datetime.fromisoformat(reply.find(path)) for path in (
        "c:state/c:current-time", WAITS + "/c:until"))
    assert seconds - 10 <= (until - now).total_seconds() <= seconds
    assert client.rpc(KEEP.format("<persist-id>a b</persist-id>")).ok


def test_running_and_rollback_wait_too(client, pki):
    options = own("confirm-timeout", "60") + own("persist", "a")
    assert client.edit(document(trust=pki.root), "running", options=options).ok
    assert client.get().find(WAITS + "/c:persistent") == "true"
    assert client.rpc(f'<rollback xmlns="{OURS}"><confirm-timeout>60</confirm-timeout><defer-restart/></rollback>').ok
    assert client.get().find(WAITS + "/c:persistent") == "false"


def test_restarts_are_deferred(client, pki):
    assert client.edit(document(services=["web"]), "running", options=own("defer-restart")).ok
    reply = client.get()
    assert reply.find("c:state/c:restart-pending") == "true"
    assert reply.find("c:state/c:service[c:name='web']/c:restart-pending") == "true"
    assert reply.find("c:state/c:service[c:name='sip']/c:restart-pending") == "false"
    assert reply.find("c:state/c:service[c:name='sip']/c:restart-device") == "true"
    assert reply.find("c:state/c:service[c:name='web']/c:index") == "1"
    assert reply.find("c:state/c:commit/c:changes") == "credential local"


def test_what_cannot_be_stopped_stays_enabled(client, pki):
    leaf = pki.leaf()
    both = document(leaf.chain, leaf.key, services=["web", "sip"])
    disabled = f'<certconf xmlns="{OURS}"><service><name>{{}}</name><enabled>false</enabled></service></certconf>'
    removed = (f'<certconf xmlns="{OURS}" xmlns:nc="{BASE}"><service nc:operation="delete"><name>sip</name>'
               "</service></certconf>")
    assert client.edit(disabled.format("sip")).ok, "it is not in use yet"
    assert client.rpc("<discard-changes/>").ok
    assert client.edit(both, "running").ok
    for config in disabled.format("sip"), removed:
        for store in "candidate", "running":
            reply = client.edit(config, store)
            assert reply.error("error-tag") == "operation-not-supported"
            assert reply.error("error-path") == "/certconf/service[name='sip']"
            assert "no stop command" in reply.error("error-message")
    assert client.edit(disabled.format("web"), "running").ok
    assert client.edit(both, "running").ok, "and it is enabled again"
    reply = client.rpc(f'<rollback xmlns="{OURS}"><generation>1</generation></rollback>')
    assert reply.error("error-tag") == "operation-not-supported"


# --- when others are faster, and when things fail ---

@pytest.mark.parametrize("times,taken", [(1, True), (15, True), (16, False)])
def test_stale(client, pki, times, taken):
    reply = client.edit(document(trust=pki.root), "running", comment=f"stale {times}")
    assert reply.ok is taken, reply.text
    if not taken:
        assert reply.error("error-tag") == "in-use"


def test_rolled_back(client, pki):
    reply = client.edit(document(trust=pki.root), "running", comment="fail")
    assert reply.error("error-tag") == "operation-failed"
    assert reply.error("error-app-tag") == "service-failed"
    assert reply.info("rolled-back", "c") == "true"
    assert reply.error("error-message") == "web: does not serve the new certificate"


def test_steps_for_a_subscriber(client, pki):
    subscribe = f'<create-subscription xmlns="{NOTIFICATION}"/>'
    assert client.edit(document(trust=pki.root), "running", comment="steps").ok  # and none is sent
    assert client.rpc(subscribe).ok
    assert client.rpc(subscribe).error("error-tag") == "operation-failed"
    client.send(f'<rpc xmlns="{BASE}" message-id="x"><commit><comment xmlns="{INPUT}">steps</comment></commit>'
                "</rpc>")
    steps = [Reply(client.receive()).root for _ in range(7)]
    assert {root.tag for root in steps} == {f"{{{NOTIFICATION}}}notification"}
    names = [root.findtext("c:commit-step/c:step", None, netconf.NAMES) for root in steps]
    assert names == ["survey", "stage", "check", "activate", "restart", "probe", "done"]
    assert steps[4].findtext("c:commit-step/c:service", None, netconf.NAMES) == "web"
    assert Reply(client.receive()).root.get("message-id") == "x"


def test_rollback(client, pki):
    first, second = pki.leaf(), pki.leaf()
    row = "c:state/c:certificate[c:name='local']/"
    assert client.edit(document(first.chain, first.key, trust=pki.root), "running").ok  # 2
    assert client.edit(document(second.chain, second.key, mode="outgoing"), "running").ok  # 3
    factory = client.get().find("c:state/c:certificate[c:name='factory']/c:fingerprint")
    assert client.rpc(f'<rollback xmlns="{OURS}"/>').ok  # 4, as 2
    reply = client.get()
    assert reply.find(row + "c:fingerprint") == first.sha256()
    assert reply.find(row + "c:index") == "1"
    assert reply.find("c:verification-mode") == "none"
    assert client.rpc(f'<rollback xmlns="{OURS}"><generation>1</generation></rollback>').ok
    reply = client.get()
    assert reply.find(row + "c:fingerprint") is None
    assert reply.find("c:trust-store") is None
    assert reply.find("c:state/c:certificate[c:name='factory']/c:fingerprint") == factory


def test_engine_ends(client, pki):
    reply = client.edit(document(trust=pki.root), "running", comment="die")
    assert reply.error("error-tag") == "operation-failed"
    assert client.ended()


# --- sizes ---

def test_many_anchors(client, pki):
    """More than fits any buffer, in both directions."""
    assert client.edit(document(trust="text between\n" * 200000 + pki.root + pki.other_root)).ok
    assert len(client.get_config("candidate").findall("c:trust-store/c:certificate")) == 2


def test_many_credentials(client, pki):
    leaf = pki.leaf()
    one = document(leaf.chain, leaf.key, name="NAME")
    body = one[one.index("  <credential>"):one.index("</certconf>")]
    config = f'<certconf xmlns="{OURS}">' + "".join(body.replace("NAME", f"c{n}") for n in range(300)) + "</certconf>"
    assert client.edit(config, "running").ok
    assert len(client.get().findall("c:state/c:certificate")) == 301


def test_all_end_well(engine, pki):
    """No session or worker was ended by the sandbox."""
    leaf = pki.leaf()
    with engine.client() as session:
        assert session.edit(document(leaf.chain, leaf.key, trust=pki.root), "running").ok
        assert session.rpc("<close-session/>").ok
    wait_for(lambda: len(engine.statuses()) == 2, "worker and session have ended")
    assert engine.statuses() == [0, 0]
