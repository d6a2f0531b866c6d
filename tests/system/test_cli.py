# SPDX-License-Identifier: ISC
"""The command certconf against an agent of the test's own: what it sends, what it says."""
import json
import os
import pty
import pwd
import re
import socket
import struct
import subprocess
import threading
import xml.etree.ElementTree as ET

import pytest

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
OURS = "urn:certconf:params:xml:ns:yang:certconf"
EVENTS = "urn:ietf:params:xml:ns:netconf:notification:1.0"
NS = {"nc": BASE, "cc": OURS, "cn": OURS + "-netconf", "ev": EVENTS}
DONE, FAILED, USAGE, INVALID, REFUSED, ROLLED_BACK, UNREACHABLE = range(7)
OK = "<ok/>"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n"
LOCKED_KEY = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----\n"
SECRET = "s3cret & <more>"
PARTS = ("<country>GB</country><organization>Example</organization>"
         "<common-name>mcu.example.test</common-name>")

LOCAL = f"""
<certificate><name>local</name><index>1</index><subject>CN=mcu.example.test,O=Example,C=GB</subject>
<issuer>CN=Example CA</issuer><not-before>2026-11-01T00:00:00Z</not-before>
<not-after>2027-02-20T08:00:49Z</not-after><days-left>89</days-left><life-left>80</life-left>
<status>valid</status><fingerprint>{"ab" * 32}</fingerprint><key-status>match</key-status>
<chain-status>valid</chain-status><chain-length>2</chain-length><factory>false</factory>
<in-use>true</in-use><subject-parts>{PARTS}</subject-parts>
<issuer-parts><common-name>Example CA</common-name></issuer-parts>
<subject-alternative-names>DNS:mcu.example.test</subject-alternative-names></certificate>"""

FACTORY = """
<certificate><name>factory</name><index>2</index><subject>CN=unit-1</subject><issuer>CN=unit-1</issuer>
<not-before>2026-01-01T00:00:00Z</not-before><not-after>9999-12-31T23:59:59Z</not-after>
<days-left>2912000</days-left><status>valid</status><key-status>match</key-status>
<factory>true</factory><in-use>true</in-use><self-signed>true</self-signed>
<subject-parts><common-name>unit-1</common-name></subject-parts></certificate>"""

HEAD = """<host-name>mcu1.example.test</host-name><model>MCU 4510</model><version>0.1.0</version>
<overall-status>ok</overall-status><generation>3</generation>
<running-since>2026-11-23T08:00:49Z</running-since><configuration-state>idle</configuration-state>
<verification-mode>outgoing-and-incoming</verification-mode>"""

SERVICE = """<service><name>nginx</name><enabled>true</enabled><credential>local</credential>
<feature>not-required</feature><state>running</state><in-sync>in-sync</in-sync>
<served-not-after>2027-02-20T08:00:49Z</served-not-after><restarts>2</restarts></service>"""

COMMITS = """<commit><number>1</number><generation>4</generation><time>2026-11-23T09:00:00Z</time>
<user>alice</user><origin>cli</origin><result>rolled-back</result><comment>try</comment>
<changes>service nginx</changes><error-text>nginx: no answer</error-text></commit>
<commit><number>2</number><generation>3</generation><time>2026-11-23T08:00:49Z</time><user>bob</user>
<origin>xml-import</origin><result>success</result><comment>renewed</comment>
<changes>credential local</changes></commit>"""


def anchors(count):
    return "".join(f"<trust-anchor><index>{n}</index><name>anchor-{n}</name><subject>CN=CA {n}</subject>"
                   f"<issuer>CN=CA {n}</issuer><not-before>2020-01-01T00:00:00Z</not-before>"
                   f"<not-after>2040-01-01T00:00:00Z</not-after><self-signed>true</self-signed>"
                   f"<status>valid</status></trust-anchor>" for n in range(1, count + 1))


def state(inner):
    return f'<data><certconf xmlns="{OURS}"><state>{inner}</state></certconf></data>'


def error(tag, app_tag="", path="", message="", line=0):
    info = f'<error-info><line xmlns="{OURS}">{line}</line></error-info>' if line else ""
    return (f"<rpc-error><error-type>application</error-type><error-tag>{tag}</error-tag>"
            f"<error-severity>error</error-severity>"
            + (f"<error-app-tag>{app_tag}</error-app-tag>" if app_tag else "")
            + (f'<error-path xmlns:cc="{OURS}">{path}</error-path>' if path else "")
            + f'<error-message xml:lang="en">{message}</error-message>{info}</rpc-error>')


def step(name, generation=3, service="", back=False, failed=False, text=""):
    return (f'<notification xmlns="{EVENTS}"><eventTime>2026-11-23T08:00:49Z</eventTime>'
            f'<commit-step xmlns="{OURS}"><generation>{generation}</generation><step>{name}</step>'
            + (f"<service>{service}</service>" if service else "")
            + f"<rolling-back>{str(back).lower()}</rolling-back><failed>{str(failed).lower()}</failed>"
            + (f"<text>{text}</text>" if text else "") + "</commit-step></notification>")


STEPS = [step("survey", service="nginx", text="serving before the commit"),
         step("stage", text="generation 3 staged"),
         step("activate", text="generation 3 activated"),
         step("restart", service="nginx", text="restarted"),
         step("probe", service="nginx", text="serving the new certificate")]


def unreadable(message):
    """The line in which it is no XML that NETCONF has (RFC 6241 3: no DOCTYPE), or None."""
    if b"<!DOCTYPE" in message:
        return 1
    try:
        ET.fromstring(message)
    except ET.ParseError as problem:
        return problem.position[0]
    return None


class FakeAgent(threading.Thread):
    """Answers each operation by what the test put under its name: one reply, or a list that
    ends with it.  Keeps what it was sent, octet for octet."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.answers = {"create-subscription": OK}
        self.hello = (f'<hello xmlns="{BASE}"><capabilities><capability>urn:ietf:params:netconf:base:1.1'
                      "</capability></capabilities><session-id>4</session-id></hello>]]>]]>")
        self.messages = []
        self.choose = lambda name: None  # an answer of this time, by the operation's name
        self.chunk = 7
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                try:
                    self.talk(client)
                except (EOFError, ConnectionError):
                    pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(5)

    def talk(self, client):
        with client.makefile("rb") as stream:
            client.sendall(self.hello.encode())
            hello = b""
            while not hello.endswith(b"]]>]]>"):
                hello += self.octets(stream, 1)
            while True:
                message = self.message(stream)
                self.messages.append(message)
                for answer in self.answer(message):
                    if answer is None:
                        return
                    self.send(client, answer)

    @staticmethod
    def octets(stream, count):
        data = stream.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def message(self, stream):
        data = b""
        while True:
            assert self.octets(stream, 2) == b"\n#"
            length = stream.readline().rstrip(b"\n")
            if length == b"#":
                return data
            data += self.octets(stream, int(length))

    def send(self, client, text):
        data = text.encode()
        for at in range(0, len(data), self.chunk):
            piece = data[at:at + self.chunk]
            client.sendall(b"\n#%d\n" % len(piece) + piece)
        client.sendall(b"\n##\n")

    def answer(self, message):
        line = unreadable(message)
        if line is not None:
            body = error("malformed-message", "xml-syntax", message="not XML", line=line)
            return [f'<rpc-reply xmlns="{BASE}">{body}</rpc-reply>']
        root = ET.fromstring(message)
        name = root[0].tag.rpartition("}")[2]
        answer = self.choose(name) or self.answers.get(name, error("operation-not-supported", message=f"no {name}"))
        *before, last = answer if isinstance(answer, list) else [answer]
        if last is None:
            return [*before, None]
        number = root.get("message-id")
        return [*before, f'<rpc-reply xmlns="{BASE}" message-id="{number}">{last}</rpc-reply>']

    def sent(self, name):
        """The operation of that name that was sent, as an element."""
        for message in self.messages:
            root = ET.fromstring(message)
            if root[0].tag.rpartition("}")[2] == name:
                return root[0]
        raise AssertionError(f"no {name} in {self.messages}")


@pytest.fixture
def fake(tmp_path):
    """An agent that answers what the test wants."""
    agent = FakeAgent(tmp_path / "sock")
    agent.start()
    yield agent
    agent.close()


@pytest.fixture
def certconf(build, tmp_path):
    """Runs the command, with the fake agent's socket."""
    def run(*args, stdin=None, env=None, **options):
        whole = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                 "CERTCONF_SOCKET": str(tmp_path / "sock"), **(env or {})}
        return subprocess.run([str(build / "certconf"), *map(str, args)], env=whole, text=True,
                              input=stdin, capture_output=True, timeout=30, check=False, **options)
    return run


@pytest.fixture
def write(tmp_path):
    """Makes a file for the test."""
    def make(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return make


def sentence(result, status):
    """The one sentence on stderr of a command that ended so."""
    assert result.returncode == status, result.stdout + result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("certconf: ")
    return lines[0]


# --- status ---

def test_the_page(fake, certconf):
    fake.answers["get"] = state(HEAD + LOCAL + FACTORY + anchors(7) + SERVICE)
    text = certconf("status").stdout
    assert text.startswith("mcu1.example.test, MCU 4510\n")
    for line in (r"  Subject\n    C +GB\n    ST +\(not set\)\n    L +\(not set\)\n    O +Example\n"
                 r"    OU +\(not set\)\n    CN +mcu.example.test\n",
                 r"  Issuer\n    C +\(not set\)\n", r"  Issued +2026-11-01 00:00:00 UTC\n",
                 r"  Expires +2027-02-20 08:00:49 UTC \(89 days left\)\n",
                 r"  Private key +Key matches certificate\n", r"Trust store: 7 certificates\n",
                 r"Verification: Outgoing connections and incoming calls\n",
                 r"nginx +yes +local +running +certificate in force +2027-02-20"):
        assert re.search(line, text), (line, text)
    assert "CN=CA 5" in text and "CN=CA 6" not in text and "and 2 more" in text
    assert re.search(r"^ *NAME +SUBJECT", text, re.MULTILINE) and re.search(r"anchor-5 +CN=CA 5", text)
    assert "Next: nothing needs to be done" in text
    assert "\033" not in text


def test_all_of_the_trust_store(fake, certconf):
    fake.answers["get"] = state(HEAD + LOCAL + anchors(7))
    text = certconf("status", "--all").stdout
    assert "CN=CA 7" in text and "more" not in text


@pytest.mark.parametrize("mode, words", [("none", "No verification"),
                                         ("outgoing", "Outgoing connections only")])
def test_modes_in_the_words_of_the_page(fake, certconf, mode, words):
    fake.answers["get"] = state(f"<verification-mode>{mode}</verification-mode>")
    assert f"Verification: {words}\n" in certconf("status").stdout


def test_the_factory_certificate_is_flagged(fake, certconf):
    fake.answers["get"] = state(HEAD + "<factory-in-use>true</factory-in-use>" + FACTORY)
    text = certconf("status").stdout
    assert "Local certificate: the factory certificate" in text
    assert re.search(r"  Expires +never\n", text)
    assert "certconf import --cert FILE --key FILE --commit" in text


NEXT = {
    "candidate": ("<candidate><user>alice</user><since>2026-11-23T08:00:00Z</since><valid>true</valid>"
                  "<conflict>false</conflict></candidate>",
                  "Uncommitted changes (2026-11-23 08:00:00 UTC, by alice): certconf commit"),
    "invalid candidate": ("<candidate><valid>false</valid><problem>no trust store</problem></candidate>",
                          "are not valid: no trust store"),
    "conflict": ("<candidate><conflict>true</conflict><problem>x</problem></candidate>",
                 "conflict with what is in force: certconf discard"),
    "lock": ("<lock><user>bob</user></lock>", "locked by bob"),
    "stuck": ("<generation>23</generation><configuration-state>stuck</configuration-state>",
              "Stuck: neither the last commit nor generation 23, whose files are in force, could be proven. "
              "Look at the services and the log, then: certconf restart"),
    "committing": ("<configuration-state>committing</configuration-state>", "A commit is under way."),
    "restart": ("<restart-pending>true</restart-pending>", "A restart is pending"),
    "restart of services": ("<service><name>sip</name><restart-pending>true</restart-pending></service>"
                            "<service><name>web</name><restart-pending>true</restart-pending></service>",
                            "A restart is pending: what is in force is not used yet by sip, web. "
                            "certconf restart finishes it"),
    "confirmed commit": ("<current-time>2026-11-23T08:00:00Z</current-time><confirmed-commit><restore>3</restore>"
                         "<until>2026-11-23T08:09:01Z</until><user>bob</user><persistent>true</persistent>"
                         "</confirmed-commit>",
                         "Awaiting confirmation until 2026-11-23 08:09:01 UTC (in 9 min), begun by bob: "
                         "certconf confirm --id ID keeps it, certconf cancel --id ID goes back"),
    "files": ("<files-problem>trust/ca.pem differs</files-problem>", "not as they were written: trust/ca.pem"),
    "refused": ("<refused><time>2026-11-23T08:00:00Z</time><user>hook</user><text>key mismatch</text>"
                "</refused>", "Last import failed (2026-11-23 08:00:00 UTC, by hook): key mismatch"),
    "rolled back": ("<last><action>commit</action><result>rolled-back</result><error-text>nginx failed"
                    "</error-text><start>2026-11-23T08:00:00Z</start><user>al</user></last>",
                    "Last commit was rolled back (2026-11-23 08:00:00 UTC, by al): nginx failed"),
    "out of sync": ("<service><name>sip</name><enabled>true</enabled><in-sync>out-of-sync</in-sync>"
                    "</service>", "sip serves another certificate"),
    "stopped": ("<service><name>sip</name><enabled>true</enabled><credential>local</credential>"
                "<state>stopped</state><in-sync>out-of-sync</in-sync><last-error>refused</last-error></service>",
                "sip does not answer: refused. Start it, or: certconf restart"),
    "failed": ("<service><name>sip</name><enabled>true</enabled><credential>local</credential>"
               "<state>failed</state><last-error>exit status 1</last-error></service>",
               "sip failed: exit status 1. Look at it"),
    "undefined": ("<service><name>sip</name><enabled>true</enabled><state>failed</state>"
                  "<last-error>it has no definition</last-error></service>",
                  "sip is enabled: it has no definition. Provide it, or: certconf set service sip disabled"),
    "not yet valid": ("<certificate><name>local</name><in-use>true</in-use><status>not-yet-valid</status>"
                      "</certificate>", "Certificate local: it is not valid yet."),
    "key": ("<certificate><name>local</name><in-use>true</in-use><key-status>missing</key-status>"
            "</certificate>", "Certificate local: its private key is missing."),
    "bad purpose": ("<certificate><name>local</name><in-use>true</in-use><chain-status>bad-purpose"
                    "</chain-status></certificate>", "does not allow it to be used for TLS"),
    "unknown cause": ("<overall-status>critical</overall-status>", "The status is critical for a reason"),
    "feature": ("<service><name>sip</name><enabled>true</enabled><feature>missing</feature></service>",
                "its feature key is missing"),
    "expired": ("<certificate><name>local</name><in-use>true</in-use><status>expired</status>"
                "<days-left>-3</days-left></certificate>", "Certificate local: ended 2 days ago."),
    "clock": ("<clock-status>implausible</clock-status>", "The clock cannot be right"),
}


@pytest.mark.parametrize("what", NEXT)
def test_what_to_do_next(fake, certconf, what):
    inner, words = NEXT[what]
    fake.answers["get"] = state(inner)
    text = certconf("status").stdout
    assert "\nNext\n" in text and words in text, text


@pytest.mark.parametrize("status, words", [("incomplete", "its chain is incomplete"),
                                           ("untrusted-root", "a root that is not in the trust store")])
def test_a_chain_needs_an_end_only_where_there_is_a_trust_store(fake, certconf, status, words):
    local = LOCAL.replace("<chain-status>valid", f"<chain-status>{status}")
    fake.answers["get"] = state(HEAD + local + anchors(1))
    assert words in certconf("status").stdout
    for inner in (local, local.replace("<in-use>true", "<in-use>false") + anchors(1)):
        fake.answers["get"] = state(HEAD + inner)
        assert "Next: nothing needs to be done" in certconf("status").stdout


def test_a_service_is_in_next_only_while_it_is_enabled(fake, certconf):
    service = SERVICE.replace("true", "false").replace("running", "stopped")
    fake.answers["get"] = state(HEAD + LOCAL + service)
    assert "Next: nothing needs to be done" in certconf("status").stdout


def test_names_do_not_steer_the_terminal(fake, certconf):
    fake.answers["get"] = state("<host-name>a\u009bb\u007f</host-name><certificate><name>local</name>"
                                "<subject-parts><common-name>x\u0085y</common-name></subject-parts>"
                                "</certificate>")
    text = certconf("status").stdout
    assert r"a\xc2\x9bb\x7f" in text and r"x\xc2\x85y" in text


def test_json_has_the_names_of_the_model(fake, certconf):
    fake.answers["get"] = state(HEAD + LOCAL + anchors(1) + SERVICE + COMMITS)
    data = json.loads(certconf("status", "--json").stdout)
    assert data["host-name"] == "mcu1.example.test" and data["generation"] == 3
    local = data["certificate"][0]
    assert (local["name"], local["days-left"], local["factory"]) == ("local", 89, False)
    assert local["subject-parts"]["common-name"] == "mcu.example.test"
    assert data["trust-anchor"][0]["self-signed"] is True
    assert data["service"][0]["restarts"] == 2 and data["service"][0]["enabled"] is True
    assert [commit["generation"] for commit in data["commit"]] == [4, 3]


def test_history(fake, certconf):
    fake.answers["get"] = state(HEAD + COMMITS)
    text = certconf("history").stdout
    assert re.search(r"4 2026-11-23 09:00:00 UTC +alice +cli +rolled-back +service nginx +nginx: no answer", text), text
    assert re.search(r"\* 3 2026-11-23 08:00:49 UTC +bob +xml-import +success +credential local +renewed", text), text
    assert len(json.loads(certconf("history", "--json").stdout)["commit"]) == 2


def test_history_of_a_new_device(fake, certconf):
    fake.answers["get"] = state(HEAD)
    assert "Nothing was committed yet." in certconf("history").stdout
    assert json.loads(certconf("history", "--json").stdout) == {"commit": []}


# --- on a terminal ---

def on_terminal(argv, env, answer=None, columns=100):
    """Runs argv with a terminal of its own, types the answer at the first question."""
    pid, master = pty.fork()
    if pid == 0:
        os.execve(argv[0], argv, env)
    import fcntl
    import termios
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
        if answer is not None and text.endswith(b"key: "):
            os.write(master, answer)
            answer = None
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode()


@pytest.fixture
def terminal(build, tmp_path):
    def run(*args, answer=None, **env):
        clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        return on_terminal([str(build / "certconf"), *map(str, args)],
                           {**clean, "LC_ALL": "C.UTF-8", "TERM": "xterm",
                            "CERTCONF_SOCKET": str(tmp_path / "sock"), **env}, answer)
    return run


def test_colours_only_where_they_are_wanted(fake, terminal):
    fake.answers["get"] = state(HEAD + LOCAL + SERVICE)
    assert "\033[32mKey matches certificate\033[0m" in terminal("status")[1]
    assert "\033[" not in terminal("status", NO_COLOR="1")[1]
    assert "\033[" not in terminal("status", TERM="dumb")[1]


def test_the_password_is_asked_for_without_echo(fake, terminal, write):
    fake.answers["edit-config"] = OK
    cert, key = write("c.pem", PEM), write("k.pem", LOCKED_KEY)
    status, text = terminal("import", "--cert", cert, "--key", key, answer=b"hunter2\n")
    assert status == DONE, text
    assert "Password of the private key: " in text and "hunter2" not in text
    assert fake.sent("edit-config").findtext("cn:private-key-password", namespaces=NS) == "hunter2"


def test_control_c_at_the_password_means_no(fake, terminal, write):
    cert, key = write("c.pem", PEM), write("k.pem", LOCKED_KEY)
    status, text = terminal("import", "--cert", cert, "--key", key, answer=b"hun\x03")
    assert status == INVALID and "no password was given" in text
    assert not fake.messages


def test_a_document_with_an_encrypted_key_asks_too(fake, terminal, write):
    fake.answers["edit-config"] = OK
    body = f"<credential><name>local</name><private-key>{LOCKED_KEY}</private-key></credential>"
    path = write("d.xml", f'<certconf xmlns="{OURS}">{body}</certconf>')
    status, text = terminal("import", path, answer=b"hunter2\n")
    assert status == DONE, text
    assert fake.sent("edit-config").findtext("cn:private-key-password", namespaces=NS) == "hunter2"


# --- import of documents ---

DOCUMENT = f"""<certconf xmlns="{OURS}">
  <verification-mode>none</verification-mode>
</certconf>
"""


def line_in_message(message, needle):
    return message[:message.index(needle)].count(b"\n") + 1


def line_in_file(text, needle):
    return text.encode()[:text.encode().index(needle)].count(b"\n") + 1


SHAPES = {
    "bare": DOCUMENT,
    "declaration": '<?xml version="1.0"\n encoding="UTF-8"?>\n' + DOCUMENT,
    "byte order mark": "\ufeff" + DOCUMENT,
    "comment before": "<!-- <config> -->\n\n" + DOCUMENT,
    "prefix": DOCUMENT.replace("<", "<c:").replace("<c:/", "</c:").replace("xmlns", "xmlns:c"),
    "config": f'<config\n xmlns="{BASE}">\n{DOCUMENT}</config>\n',
    "config of another prefix": f'<n:config xmlns:n="{BASE}"\n>\n{DOCUMENT}</n:config>\n',
    "rpc": f'<?xml version="1.0"?>\n<rpc xmlns="{BASE}"\n message-id="1"><!-- > -->\n<edit-config><target>'
           f"<running/>\n</target>\n<config>\n{DOCUMENT}</config></edit-config></rpc>",
    "namespaces declared far out": f'<n:rpc xmlns:n="{BASE}" xmlns="{OURS}"\n message-id="a>b"><n:edit-config>'
                                   f'<n:target><n:candidate/></n:target>\n<n:config note="a>\nb">'
                                   f"<certconf>\n<verification-mode>none</verification-mode></certconf>"
                                   "</n:config>\n</n:edit-config></n:rpc>",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_documents_travel_with_their_lines(fake, certconf, write, shape):
    fake.answers["edit-config"] = OK
    text = SHAPES[shape]
    result = certconf("import", write("d.xml", text))
    assert result.returncode == DONE, result.stderr
    edit = fake.sent("edit-config")
    assert edit.find("nc:target/nc:candidate", NS) is not None
    assert edit.findtext("nc:config/cc:certconf/cc:verification-mode", namespaces=NS) == "none"
    needle = b"verification-mode>none"
    assert line_in_message(fake.messages[0], needle) == line_in_file(text, needle)
    assert "Nothing is in force yet: certconf commit" in result.stdout


def test_the_octets_are_not_touched(fake, certconf, write):
    fake.answers["edit-config"] = OK
    text = f'<certconf xmlns="{OURS}"><!-- \t --><a b = \'&#65;>\'\n/>\r\n<![CDATA[<config>]]>\u00e9</certconf>'
    certconf("import", write("d.xml", text))
    assert text.encode() in fake.messages[0]


def test_what_a_whole_rpc_asks_for_goes_along(fake, certconf, write):
    fake.answers["edit-config"] = OK
    text = SHAPES["rpc"].replace("<config>", "<default-operation>replace</default-operation>"
                                 f'<comment xmlns="{OURS}-netconf">a &lt; b</comment><config>')
    certconf("import", write("d.xml", text))
    edit = fake.sent("edit-config")
    assert edit.findtext("nc:default-operation", namespaces=NS) == "replace"
    assert edit.findtext("cn:comment", namespaces=NS) == "a < b"


BROKEN = {
    "not XML": "hello\n",
    "empty": "",
    "cut off": DOCUMENT[:60],
    "DOCTYPE": "<!DOCTYPE x>\n" + DOCUMENT,
    "well-formed only in the envelope": f'<certconf xmlns="{OURS}"/></e:config><e:config xmlns:e="x">',
    "closes the message": f'<certconf xmlns="{OURS}"/></certconf-nc:config></edit-config></rpc>',
    "open comment": f'<certconf xmlns="{OURS}"/><!-- ',
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_document_is_still_told_to_the_agent(fake, certconf, write, what):
    result = certconf("import", write("d.xml", BROKEN[what]), "--commit")
    text = sentence(result, INVALID)
    assert "d.xml" in text
    assert len(fake.messages) == 2  # a subscription, and this
    # as it is, so that the agent sees in it what the command sees; no message is empty
    assert fake.messages[1] == (BROKEN[what].encode() or b"\xef\xbb\xbf")
    assert unreadable(fake.messages[1]) is not None


def test_the_place_of_an_error(fake, certconf, write):
    path = "/rpc/edit-config/config/certconf/credential[name='local']/private-key"
    why = "the private key does not belong to the certificate"
    fake.answers["edit-config"] = error("invalid-value", "key-mismatch", path, why, 12)
    file = write("d.xml", DOCUMENT)
    result = certconf("import", file)
    assert sentence(result, INVALID) == (f"certconf: {file} line 12: /certconf/credential[name='local']"
                                         f"/private-key: {why}")
    result = certconf("import", file, "--json")
    assert json.loads(result.stdout)["error"] == {
        "error-app-tag": "key-mismatch", "error-message": why, "file": str(file), "line": 12,
        "error-path": "/certconf/credential[name='local']/private-key"}


STATUSES = {
    "lock": ("lock-denied", "locked", REFUSED),
    "permission": ("access-denied", "access-denied", REFUSED),
    "busy": ("in-use", "busy", REFUSED),
    "busy of another server": ("in-use", "", REFUSED),
    "service": ("operation-failed", "service-failed", ROLLED_BACK),
    "not there": ("data-missing", "not-found", INVALID),
    "expired": ("invalid-value", "expired", INVALID),
    "unknown element": ("unknown-element", "", INVALID),
    "memory": ("resource-denied", "out-of-memory", FAILED),
    "nothing known": ("operation-failed", "", FAILED),
}


@pytest.mark.parametrize("what", STATUSES)
def test_exit_statuses(fake, certconf, write, what):
    tag, app_tag, status = STATUSES[what]
    fake.answers["edit-config"] = error(tag, app_tag, message="because")
    assert "because" in sentence(certconf("import", write("d.xml", DOCUMENT)), status)


def test_a_document_from_standard_input(fake, certconf):
    fake.answers["edit-config"] = OK
    assert certconf("import", "-", stdin=DOCUMENT).returncode == DONE
    assert DOCUMENT.encode() in fake.messages[0]


def test_password_files(fake, certconf, write):
    fake.answers["edit-config"] = OK
    path = write("d.xml", DOCUMENT)
    for args, stdin in ((("--password-file", write("p", SECRET + "\r\nsecond line\n")), None),
                        (("--password-file", "-"), SECRET + "\n"),
                        (("-p", "-"), SECRET), (("--key-password-file", "-"), SECRET)):
        fake.messages.clear()
        assert certconf("import", path, *args, stdin=stdin).returncode == DONE
        edit = fake.sent("edit-config")
        assert edit.findtext("cn:private-key-password", namespaces=NS) == SECRET


def test_either_option_names_the_password_of_a_key(fake, certconf, write):
    fake.answers["edit-config"] = OK
    files = ("--cert", write("c", PEM), "--key", write("k", LOCKED_KEY))
    for option in ("--password-file", "--key-password-file"):
        fake.messages.clear()
        assert certconf("import", *files, option, "-", stdin="hunter2\n").returncode == DONE
        assert fake.sent("edit-config").findtext("cn:private-key-password", namespaces=NS) == "hunter2"


def test_an_encrypted_key_without_password_names_the_option(fake, certconf, write):
    key = write("k", LOCKED_KEY)
    result = certconf("import", "--cert", write("c", PEM), "--key", key, stdin="")
    assert sentence(result, INVALID) == (f"certconf: {key}: the private key is encrypted: give its password "
                                         "with --key-password-file FILE")
    assert not fake.messages


@pytest.mark.parametrize("octets", [PEM, "Bag Attributes\n" + KEY, b"\x30\x82\x01\x00\x30"])
@pytest.mark.parametrize("verb", ["import", "check"])
def test_pem_or_der_as_document_gets_a_hint(fake, certconf, write, verb, octets):
    file = write("a.crt", octets)
    text = sentence(certconf(verb, file), INVALID)
    assert str(file) in text
    assert text.endswith("for PEM or DER files: certconf import --cert FILE --key FILE")


BAD_PASSWORDS = {
    "empty": b"\nx",
    "not UTF-8": b"\xff\xfe\n",
    "control character": b"a\x01b\n",
    "NUL": b"a\0b\n",
    "long": b"x" * 1025,
}


@pytest.mark.parametrize("what", BAD_PASSWORDS)
def test_passwords_that_cannot_be(fake, certconf, write, what):
    file = write("p", BAD_PASSWORDS[what])
    text = sentence(certconf("import", write("d.xml", DOCUMENT), "--password-file", file), INVALID)
    assert "password" in text
    assert not fake.messages


def test_files_that_cannot_be_read(fake, certconf, write, tmp_path):
    path = tmp_path / "missing"
    assert sentence(certconf("import", path), INVALID) == (
        f"certconf: {path}: the file cannot be read: No such file or directory")
    assert "neither a regular file nor a pipe" in sentence(certconf("import", tmp_path), INVALID)
    text = sentence(certconf("import", write("d.xml", DOCUMENT), "--password-file", path), INVALID)
    assert text == f"certconf: {path}: the file cannot be read: No such file or directory"
    assert str(path) in sentence(certconf("import", "--cert", path), INVALID)
    assert not fake.messages


def test_options_reach_the_agent(fake, certconf, write):
    fake.answers["edit-config"] = [*STEPS, OK]
    certconf("import", write("d.xml", DOCUMENT), "--commit", "--comment", "a\nb <c>", "--allow-expired")
    edit = fake.sent("edit-config")
    assert edit.find("nc:target/nc:running", NS) is not None
    assert edit.findtext("cn:comment", namespaces=NS) == "a\nb <c>"
    assert edit.findtext("cn:from", namespaces=NS) == "xml-import"
    assert edit.find("cn:allow-expired", NS) is not None


# --- import of files ---

def test_files_become_a_document(fake, certconf, write):
    fake.answers["edit-config"] = OK
    trust = "Some CA & <friends>\n=====\n" + PEM
    result = certconf("import", "--cert", write("c", PEM), "--key", write("k", KEY), "--trust-store",
                      write("t", trust), "--mode", "outgoing", "--name", "sip")
    assert result.returncode == DONE, result.stderr
    config = fake.sent("edit-config").find("nc:config/cc:certconf", NS)
    assert config.findtext("cc:credential/cc:name", namespaces=NS) == "sip"
    assert config.findtext("cc:credential/cc:certificate", namespaces=NS) == PEM
    assert config.findtext("cc:credential/cc:private-key", namespaces=NS) == KEY
    assert config.findtext("cc:trust-store/cc:certificates", namespaces=NS) == trust
    assert config.findtext("cc:verification-mode", namespaces=NS) == "outgoing"


def test_binary_files_become_base64(fake, certconf, write):
    fake.answers["edit-config"] = OK
    certconf("import", "--cert", write("c.der", bytes(range(200))))
    config = fake.sent("edit-config").find("nc:config/cc:certconf", NS)
    import base64
    text = config.findtext("cc:credential/cc:certificate", namespaces=NS)
    assert base64.b64decode(text) == bytes(range(200))
    assert max(map(len, text.split("\n"))) == 64


def test_a_pem_file_may_hold_text_that_xml_cannot(fake, certconf, write):
    fake.answers["edit-config"] = OK
    certconf("import", "--cert", write("c", b"Name: M\xfcller \x00\x1b]]>\r\n" + PEM.encode()))
    config = fake.sent("edit-config").find("nc:config/cc:certconf", NS)
    text = config.findtext("cc:credential/cc:certificate", namespaces=NS)
    assert text == "Name: M?ller ??]]>\r\n" + PEM


def test_errors_name_the_file(fake, certconf, write):
    cert, key = write("c", PEM), write("k", "Bag Attributes\n" + KEY)
    message_line = PEM.count("\n") + 2
    fake.answers["edit-config"] = error("invalid-value", "bad-key", "/certconf/credential[name='local']"
                                        "/private-key", "it is damaged", message_line)
    result = certconf("import", "--cert", cert, "--key", key)
    assert sentence(result, INVALID) == (f"certconf: {key} line 2: /certconf/credential[name='local']"
                                         "/private-key: it is damaged")
    fake.answers["edit-config"] = error("invalid-value", "expired", "/certconf/credential[name='local']",
                                        "it has expired", 1)
    result = certconf("import", "--cert", cert, "--key", key)
    assert sentence(result, INVALID) == "certconf: /certconf/credential[name='local']: it has expired"


# --- committing ---

def test_steps_are_told_as_they_happen(fake, certconf, write):
    fake.answers["edit-config"] = [*STEPS, OK]
    result = certconf("import", write("d.xml", DOCUMENT), "--commit")
    assert result.returncode == DONE, result.stderr
    assert result.stdout == """\
  validated
  nginx: serving before the commit
  staged generation 3
  generation 3 activated
  nginx restarted
  nginx: serving the new certificate
Committed: generation 3 is in force.
"""


BACK = [*STEPS[1:4], step("probe", service="nginx", failed=True, text="no answer within 5 s"),
        step("activate", back=True, text="generation 2 activated"),
        step("restart", service="nginx", back=True, text="restarted"),
        step("probe", service="nginx", back=True, text="serving the certificate in force")]


def test_a_commit_that_is_rolled_back(fake, certconf):
    fake.answers["commit"] = [*BACK, error("operation-failed", "service-failed",
                                           message="nginx: no answer within 5 s")]
    fake.answers["get"] = state("<generation>2</generation>")
    result = certconf("commit", "--comment", "try")
    assert sentence(result, ROLLED_BACK) == "certconf: nginx: no answer within 5 s"
    assert result.stdout.endswith("Rolled back: generation 2 is in force, proven by probe.\n")
    assert "  nginx: no answer within 5 s\n" in result.stdout
    assert fake.sent("commit").findtext("cn:comment", namespaces=NS) == "try"
    assert fake.sent("commit").findtext("cn:from", namespaces=NS) == "cli"


def test_a_commit_that_is_rolled_back_in_json(fake, certconf):
    fake.answers["commit"] = [*BACK[:-1], error("operation-failed", "service-failed", message="no answer")]
    fake.answers["get"] = state("<generation>2</generation>")
    result = certconf("commit", "--json")
    assert result.returncode == ROLLED_BACK
    data = json.loads(result.stdout)
    assert (data["result"], data["generation"]) == ("rolled-back", 2)
    assert data["error"]["error-app-tag"] == "service-failed"
    assert data["steps"][3]["failed"] is True and data["steps"][4]["rolling-back"] is True


def test_without_a_probe_nothing_is_proven(fake, certconf):
    fake.answers["commit"] = [*BACK[:-1], error("operation-failed", "service-failed", message="no answer")]
    fake.answers["get"] = state("<generation>2</generation>")
    assert certconf("commit").stdout.endswith("Rolled back: generation 2 is in force.\n")


def test_stuck(fake, certconf):
    fake.answers["commit"] = [*BACK, error("rollback-failed", "stuck", message="neither works")]
    result = certconf("commit")
    assert "neither works" in sentence(result, ROLLED_BACK)
    assert "Rolled back" not in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Stuck: neither the new generation nor the one before")
    fake.answers["get"] = state("<generation>2</generation>")
    assert certconf("commit").stdout.splitlines()[-1] == (
        "Stuck: neither generation 3 nor 2 could be proven; generation 2's files are in force. "
        "Look at the service, then: certconf restart")
    assert json.loads(certconf("commit", "--json").stdout)["error"]["error-app-tag"] == "stuck"


WARNINGS = [(1, 0, "the issuer of CN=mcu.example.test"), (2, 1, "the issuer of the last certificate given"),
            (2, 0, "")]


@pytest.mark.parametrize("length, trusted, words", WARNINGS)
def test_an_incomplete_chain_in_force_is_warned_about(fake, certconf, write, length, trusted, words):
    local = LOCAL.replace("<chain-status>valid", "<chain-status>incomplete").replace(
        "<chain-length>2", f"<chain-length>{length}")
    fake.answers.update({"edit-config": [*STEPS, OK], "get": state(HEAD + local + anchors(trusted))})
    result = certconf("import", write("d.xml", DOCUMENT), "--commit")
    assert result.returncode == DONE
    assert ("warning: the chain is incomplete" in result.stderr) == bool(words)
    assert words in result.stderr


def test_a_commit_that_changes_nothing(fake, certconf):
    fake.answers.update({"commit": OK, "get": state("<generation>3</generation>")})
    assert certconf("commit").stdout == "Nothing had to be done: generation 3 is in force.\n"


def test_a_check_that_refuses_has_touched_nothing(fake, certconf):
    fake.answers["commit"] = [*STEPS[:2], step("check", service="nginx", failed=True, text="exit status 1"),
                              error("operation-failed", "service-failed", message="nginx: exit status 1")]
    result = certconf("commit")
    assert sentence(result, FAILED) == "certconf: nginx: exit status 1"
    assert "Rolled back" not in result.stdout
    assert json.loads(certconf("commit", "--json").stdout)["result"] == "failed"


# --- commits that wait ---

ID = f"certconf-cli:{pwd.getpwuid(os.geteuid()).pw_name}"
WAITING = state("<generation>3</generation><current-time>2026-11-23T08:00:49Z</current-time><confirmed-commit>"
                "<restore>2</restore><until>2026-11-23T08:10:49Z</until><user>al</user><persistent>true</persistent>"
                "</confirmed-commit>")
CONFIRMED = [
    (("commit",), "commit", "nc"),
    (("rollback", "2"), "rollback", "cc"),
    (("set", "verification-mode", "none", "--commit"), "edit-config", "cn"),
    (("delete", "certificate", "-c"), "edit-config", "cn"),
]


@pytest.mark.parametrize("args, operation, ns", CONFIRMED)
def test_confirm_reaches_the_agent(fake, certconf, args, operation, ns):
    fake.answers.update({operation: [*STEPS, OK], "get": WAITING})
    result = certconf(*args, "--confirm", "10m")
    assert result.returncode == DONE, result.stderr
    sent = fake.sent(operation)
    assert sent.findtext(f"{ns}:confirm-timeout", namespaces=NS) == "600"
    assert sent.findtext(f"{ns}:persist", namespaces=NS) == ID
    assert sent.find(f"{ns}:persist-id", NS) is None
    assert (sent.find("nc:confirmed", NS) is not None) == (ns == "nc")
    assert result.stdout.endswith(
        "Committed: generation 3 is in force.\nIt goes back to generation 2 at 2026-11-23 08:10:49 UTC (in 10 min) "
        "unless confirmed: certconf confirm.\n")
    data = json.loads(certconf(*args, "--confirm", "10m", "--json").stdout)
    assert data["confirmed-commit"]["restore"] == 2 and data["confirmed-commit"]["persistent"] is True


@pytest.mark.parametrize("args, operation, ns", CONFIRMED)
def test_without_it_a_commit_is_for_good(fake, certconf, args, operation, ns):
    fake.answers[operation] = [*STEPS, OK]
    assert certconf(*args).returncode == DONE
    for leaf in "confirmed", "confirm-timeout", "persist", "persist-id":
        assert fake.sent(operation).find(f"{ns}:{leaf}", NS) is None


@pytest.mark.parametrize("args, operation, ns", [*CONFIRMED, ((), "edit-config", "cn")])
def test_its_own_that_waits_is_extended(fake, certconf, write, args, operation, ns):
    """The agent is asked once more, as the id that may; what is no such commit stays busy."""
    args = args or ("import", write("d.xml", DOCUMENT), "--commit")
    busy = error("in-use", "busy", message="a commit waits for its confirmation")
    replies = [busy, OK]
    fake.answers["get"] = WAITING
    fake.choose = lambda name: replies.pop(0) if name == operation else None
    assert certconf(*args, "--confirm", "90").returncode == DONE
    sent = [ET.fromstring(message)[0] for message in fake.messages if f"<{operation}".encode() in message]
    assert [node.findtext(f"{ns}:persist-id", namespaces=NS) for node in sent] == [None, ID]
    assert {node.findtext(f"{ns}:confirm-timeout", namespaces=NS) for node in sent} == {"90"}
    replies[:] = [busy, error("invalid-value", "bad-element", message="not yours")]
    assert "waits for its confirmation" in sentence(certconf(*args, "--confirm", "90"), REFUSED)
    replies[:] = [busy]
    assert "waits for its confirmation" in sentence(certconf(*args), REFUSED), "a final one is not tried again"


def test_restarts_are_deferred(fake, certconf, write):
    services = ("<generation>3</generation><service><name>web</name><restart-pending>true</restart-pending></service>"
                "<service><name>sip</name><restart-pending>true</restart-pending><restart-device>true</restart-device>"
                "</service>")
    fake.answers.update({"edit-config": [*STEPS, OK], "commit": [*STEPS, OK], "get": state(services)})
    result = certconf("import", write("d.xml", DOCUMENT), "--commit", "--defer-restart")
    assert fake.sent("edit-config").find("cn:defer-restart", NS) is not None
    assert result.stdout.endswith("A restart is pending for web: certconf restart finishes it.\n"
                                  "A restart is pending for sip: restart the device.\n")
    assert certconf("commit", "--defer-restart").returncode == DONE
    assert fake.sent("commit").find("cn:defer-restart", NS) is not None


ANSWERS = [("confirm", "confirm", "cc", "cc", "Confirmed"), ("cancel", "cancel-commit", "nc", "cn", "Cancelled")]


@pytest.mark.parametrize("verb, operation, ns, from_ns, words", ANSWERS)
def test_confirm_and_cancel(fake, certconf, verb, operation, ns, from_ns, words):
    fake.answers.update({operation: OK, "get": state("<generation>3</generation>")})
    assert certconf(verb).stdout == f"{words}: generation 3 is in force.\n"
    assert fake.sent(operation).findtext(f"{ns}:persist-id", namespaces=NS) == ID
    assert fake.sent(operation).findtext(f"{from_ns}:from", namespaces=NS) == "cli"
    fake.messages.clear()
    assert json.loads(certconf(verb, "--id", "a<b", "--json").stdout)["result"] == "success"
    assert fake.sent(operation).findtext(f"{ns}:persist-id", namespaces=NS) == "a<b"


@pytest.mark.parametrize("verb, operation, ns, from_ns, words", ANSWERS)
def test_nothing_to_confirm(fake, certconf, verb, operation, ns, from_ns, words):
    fake.answers[operation] = error("data-missing", "not-found", message="no confirmed commit waits")
    assert "no confirmed commit waits" in sentence(certconf(verb), FAILED)
    fake.answers[operation] = error("invalid-value", "bad-element", "/rpc/x/persist-id", "another")
    told = sentence(certconf(verb), REFUSED)
    assert "not yours" in told and "--id snmp when SNMP" in told
    assert "another" in sentence(certconf(verb, "--id", "x"), INVALID)


def test_a_connection_that_breaks_leaves_the_outcome_open(fake, certconf):
    fake.answers["commit"] = [*STEPS[:2], None]
    result = certconf("commit")
    assert result.returncode == UNREACHABLE
    assert "certconf status" in result.stderr and "Committed" not in result.stdout


# --- the other verbs ---

SIMPLE = [
    (("validate",), "validate", "nc:source/nc:candidate", "valid"),
    (("discard",), "discard-changes", ".", "in force"),
    (("rollback", "7"), "rollback", "cc:generation", "Committed: generation 3"),
    (("rollback",), "rollback", ".", "Committed: generation 3"),
    (("restart",), "restart", ".", "Restarted: generation 3"),
    (("set", "verification-mode", "outgoing"), "edit-config", ".//cc:verification-mode", "certconf commit"),
    (("set", "verification-mode", "none", "--commit"), "edit-config", "nc:target/nc:running", "Committed"),
    (("set", "service", "nginx", "enabled"), "edit-config", ".//cc:service/cc:enabled", "certconf commit"),
    (("delete", "certificate"), "edit-config", ".//cc:credential/cc:name", "certconf commit"),
    (("delete", "trust-store", "--commit", "-m", "x"), "edit-config", ".//cc:trust-store", "Committed"),
]


@pytest.mark.parametrize("args, operation, element, words", SIMPLE)
def test_verbs(fake, certconf, args, operation, element, words):
    fake.answers[operation] = [*STEPS, OK]
    result = certconf(*args)
    assert result.returncode == DONE, result.stderr
    assert words in result.stdout
    assert fake.sent(operation).find(element, NS) is not None
    assert json.loads(certconf(*args, "--json").stdout)["result"] == "success"


COMMENTS = [
    (("rollback", "3"), "rollback", "cc:comment", "rollback to generation 3"),
    (("rollback",), "rollback", "cc:comment", "rollback to the generation before"),
    (("rollback", "-m", "mine"), "rollback", "cc:comment", "mine"),
    (("commit",), "commit", "cn:comment", None),
    (("set", "verification-mode", "none", "-c"), "edit-config", "cn:comment", "verification mode none"),
    (("set", "verification-mode", "none"), "edit-config", "cn:comment", None),
    (("set", "service", "a&b", "enabled", "-c"), "edit-config", "cn:comment", "service a&b enabled"),
    (("set", "service", "nginx", "disabled", "-c", "-m", "mine"), "edit-config", "cn:comment", "mine"),
    (("delete", "certificate", "-c"), "edit-config", "cn:comment", "certificate deleted"),
    (("delete", "trust-store", "-c"), "edit-config", "cn:comment", "trust store deleted"),
]


@pytest.mark.parametrize("args, operation, element, words", COMMENTS)
def test_what_the_history_says_without_a_comment(fake, certconf, args, operation, element, words):
    fake.answers[operation] = OK
    certconf(*args)
    assert fake.sent(operation).findtext(element, namespaces=NS) == words


def test_no_line_of_a_document_nobody_wrote(fake, certconf):
    fake.answers["edit-config"] = error("data-missing", "data-missing", "/certconf/trust-store", "none", 1)
    result = certconf("delete", "trust-store", "--json")
    assert sentence(result, INVALID) == "certconf: /certconf/trust-store: none"
    assert "line" not in json.loads(result.stdout)["error"]


def test_delete_deletes(fake, certconf):
    fake.answers["edit-config"] = OK
    certconf("delete", "certificate")
    node = fake.sent("edit-config").find(".//cc:credential", NS)
    assert node.get(f"{{{BASE}}}operation") == "delete"
    assert node.findtext("cc:name", namespaces=NS) == "local"


def test_version(fake, certconf):
    fake.answers["get"] = state(HEAD)
    assert re.fullmatch(r"certconf \S+\nagent +0\.1\.0\n", certconf("version").stdout)
    assert json.loads(certconf("--version", "--json").stdout)["agent-version"] == "0.1.0"


def test_version_needs_no_agent(certconf):
    result = certconf("version")
    assert result.returncode == DONE and "not reached" in result.stdout


MISUSES = [(), ("nonsense",), ("commit", "--all"), ("commit", "now"), ("status", "--nonsense"),
           ("rollback", "x"), ("rollback", ""), ("set", "verification-mode", "some"), ("set", "colour", "red"),
           ("set", "service", "nginx"), ("set", "service", "nginx", "on"), ("delete", "everything"),
           ("import",), ("import", "a.xml", "--cert", "c"), ("import", "--key", "k"),
           ("import", "--cert", "c", "--password-file", "p"), ("import", "--mode", "all"),
           ("import", "-", "--password-file", "-"), ("import", "--cert", "-", "--key", "-"),
           ("import", "--cert", "c", "--key-password-file", "p"), ("import", "a", "b"), ("check",),
           ("template", "--json"), ("help", "nonsense"), ("delete", "certificate", "--comment", "x"),
           ("import", "a.xml", "--comment"), ("import", "a.xml", "-m", "x"), ("check", "-", "-p", "-"),
           ("import", "a.xml", "-p", "p", "--key-password-file", "p"), ("rollback", "9" * 21),
           ("set", "verification-mode", "none", "x"), ("commit", "--confirm"), ("commit", "--confirm", "0"),
           ("commit", "--confirm", "2d"), ("commit", "--confirm", "10 min"), ("confirm", "10m"),
           ("cancel", "--confirm", "1m"), ("restart", "--defer-restart"), ("commit", "--id", "x"),
           ("import", "a.xml", "--confirm", "1m"), ("set", "verification-mode", "none", "--defer-restart")]

EXPLAINED = [
    (("import", "--key", "k"), "--cert is missing"),
    (("import", "--cert", "c", "-p", "p"), "--key is missing"),
    (("import", "-", "-p", "-"), "standard input can be only one of the two"),
    (("import", "a.xml", "-m", "x"), "needs --commit"),
    (("import", "a.xml", "--confirm", "10m"), "--confirm needs --commit"),
    (("delete", "certificate", "--defer-restart"), "--defer-restart needs --commit"),
    (("commit", "--confirm", "1w"), "a time such as 90s, 10m or 2h"),
    (("import", "--mode", "bogus"), "bogus: it is none, outgoing or outgoing-and-incoming"),
    (("set", "verification-mode", "bogus"), "bogus: it is none, outgoing or outgoing-and-incoming"),
]


@pytest.mark.parametrize("args", MISUSES)
def test_misuse(certconf, args):
    result = certconf(*args)
    assert result.returncode == USAGE
    assert result.stdout == "" and "certconf help" in result.stderr


@pytest.mark.parametrize("args, words", EXPLAINED)
def test_misuse_is_explained(certconf, args, words):
    assert words in sentence(certconf(*args), USAGE)


def test_help_knows_every_verb(certconf):
    text = certconf("help").stdout
    verbs = re.findall(r"^  ([a-z]+) +\S", text, re.MULTILINE)
    assert len(verbs) == 17
    for verb in verbs:
        of_verb = certconf(verb, "--help").stdout
        assert of_verb == certconf("help", verb).stdout
        assert f"usage: certconf {verb}" in of_verb and "example: certconf " in of_verb


def test_no_agent(certconf, tmp_path):
    for args in (("status",), ("commit",), ("history",), ("validate",), ("set", "verification-mode", "none")):
        text = sentence(certconf(*args), UNREACHABLE)
        assert str(tmp_path / "sock") in text and "certconfd" in text
    assert "/elsewhere" in sentence(certconf("-s", "/elsewhere", "status"), UNREACHABLE)
    assert "too long" in sentence(certconf("status", "--socket", "/" + "x" * 200), UNREACHABLE)


def test_nobody_listens(certconf, tmp_path):
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "sock"))
    dead.close()
    assert "is not running: start it" in sentence(certconf("status"), UNREACHABLE)


STRANGERS = {
    "no NETCONF": "HTTP/1.1 400 Bad Request\r\n\r\n]]>]]>",
    "no base 1.1": f'<hello xmlns="{BASE}"><capabilities/></hello>]]>]]>',
    "endless": "x" * 70000,
}


@pytest.mark.parametrize("what", STRANGERS)
def test_somebody_else_listens(fake, certconf, what):
    fake.hello = STRANGERS[what]
    sentence(certconf("status"), UNREACHABLE)


# --- without an agent ---

def test_the_template_is_a_document(certconf):
    root = ET.fromstring(certconf("template").stdout)
    assert root.tag == f"{{{OURS}}}certconf"


def fill_in(template, leaf, trust):
    """The template with its three places filled."""
    blocks = iter((leaf.chain, leaf.key, trust))
    return re.sub(r"-----BEGIN [^-]*-----\n\.\.\.\n-----END [^-]*-----\n", lambda _: next(blocks), template)


def test_the_template_filled_in_is_good(certconf, write, pki):
    leaf = pki.leaf()
    path = write("d.xml", fill_in(certconf("template").stdout, leaf, pki.root))
    result = certconf("check", path)
    assert result.returncode == DONE, result.stderr
    for words in ("Certificate local\n", "Key matches certificate", "Trust store: 1 certificate",
                  "Verification mode: none", "The document is good"):
        assert words in result.stdout
    data = json.loads(certconf("check", path, "--json").stdout)
    assert data["certificate"][0]["fingerprint"] == leaf.sha256()
    assert data["certificate"][0]["key-status"] == "match"


def check_document(leaf, key, extra=""):
    return (f'<certconf xmlns="{OURS}">\n<credential><name>local</name>\n<certificate>{leaf.chain}'
            f"</certificate>\n<private-key>{key}</private-key></credential>{extra}</certconf>\n")


def test_check_refuses_what_does_not_belong_together(certconf, write, pki):
    path = write("d.xml", check_document(pki.leaf(), pki.leaf().key))
    text = sentence(certconf("check", path), INVALID)
    assert str(path) in text and "/certconf/credential[name='local']" in text
    error_object = json.loads(certconf("check", path, "--json").stdout)["error"]
    assert error_object["error-app-tag"] == "key-mismatch"


def test_check_of_what_needs_a_trust_store(certconf, write, pki):
    leaf = pki.leaf()
    path = write("d.xml", check_document(leaf, leaf.key,
                                         "<verification-mode>outgoing</verification-mode>"))
    assert "trust store" in sentence(certconf("check", path), INVALID)


def test_check_does_not_know_services(certconf, write, pki):
    leaf = pki.leaf()
    path = write("d.xml", check_document(leaf, leaf.key, "<service><name>nginx</name><enabled>true"
                                                         "</enabled></service>"))
    result = certconf("check", path)
    assert result.returncode == DONE, result.stderr
    assert "only the device knows" in result.stdout


def test_check_of_an_encrypted_key(certconf, write, pki):
    leaf = pki.leaf()
    path = write("d.xml", check_document(leaf, leaf.encrypted_key("right")))
    assert certconf("check", path, "-p", "-", stdin="right\n").returncode == DONE
    sentence(certconf("check", path, "-p", "-", stdin="wrong\n"), INVALID)
    sentence(certconf("check", path, stdin=""), INVALID)
    password = write("p", "right\n")
    assert certconf("check", path, "-p", password, "--allow-expired").stdout.endswith(
        f"Next: certconf import {path} -p {password} --allow-expired --commit\n")
    assert certconf("check", path, "-p", "-", stdin="right\n").stdout.endswith("The document is good.\n")
    assert certconf("check", "-", stdin=check_document(leaf, leaf.key)).stdout.endswith("is good.\n")


def test_check_warns_of_an_incomplete_chain(certconf, write, pki):
    leaf = pki.leaf()
    alone = check_document(leaf, leaf.key).replace(leaf.chain, leaf.cert)
    result = certconf("check", write("d.xml", alone))
    assert sentence(result, DONE).startswith("certconf: warning: the chain is incomplete: the issuer of ")
    assert "CN=unit.example.test" in result.stderr
    store = f"<trust-store><certificates>{pki.other_root}</certificates></trust-store>"
    result = certconf("check", write("d.xml", check_document(leaf, leaf.key, store)))
    assert "the issuer of" in sentence(result, DONE) and "CN=Example issuing CA" in result.stderr
    # a root need not be sent along
    assert certconf("check", write("d.xml", check_document(leaf, leaf.key))).stderr == ""


@pytest.mark.parametrize("what", BROKEN)
def test_check_of_what_is_no_document(certconf, write, what):
    path = write("d.xml", BROKEN[what])
    assert str(path) in sentence(certconf("check", path), INVALID)


def test_secrets_are_told_to_nobody(fake, certconf, write):
    fake.answers["edit-config"] = error("invalid-value", "bad-key", message="no")
    file = write("d.xml", DOCUMENT.replace("none", KEY))
    result = certconf("import", file, "--password-file", "-", stdin="hunter2\n")
    said = result.stdout + result.stderr
    assert "MC4C" not in said and "hunter2" not in said
