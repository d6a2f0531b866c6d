# SPDX-License-Identifier: ISC
"""contrib/monitoring/snmptrapd, snmptt and opennms: every notification of the MIB is understood."""
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from harness import ENTERPRISE_OID, READ_COMMUNITY, Server, free_port, wait_for
from pki import document

EVENTS = "{http://xmlns.opennms.org/xsd/eventconf}"
ROW = 3
VALUES = {"CertconfText": ("s", "some \"text\" & more"), "DateAndTime": ("x", "07EA0C01080000002B0000"),
          "Integer32": ("i", "-5"), "Counter32": ("c", "9"), "Unsigned32": ("u", "9"), "Gauge32": ("u", "9"),
          "CertconfValidityType": ("i", "3")}


@pytest.fixture(scope="module")
def kits(top):
    return top / "contrib/monitoring"


@pytest.fixture(scope="module")
def notifications(top):
    """Number -> (name, [(object, number, type)])."""
    text = (top / "mib/CERTCONF-MIB.txt").read_text()
    numbers = {line.split()[2]: line.split()[1] for line in (top / "mib/oids.txt").read_text().splitlines()
               if line.startswith("oid ")}
    syntax = dict(re.findall(r"^(certconf\w+) OBJECT-TYPE\s+SYNTAX\s+(\w+)", text, re.MULTILINE))
    found = {}
    for name, objects in re.findall(r"^(\w+) NOTIFICATION-TYPE\s+OBJECTS\s+\{([^}]*)\}", text, re.MULTILINE):
        names = re.findall(r"\w+", objects)
        found[int(numbers[name].rpartition(".")[2])] = (name, [(each, numbers[each], syntax[each]) for each in names])
    assert sorted(found) == list(range(1, len(found) + 1))
    return found


def trap(port, number, objects, **values):
    """Sends one, by numbers alone."""
    argv = ["snmptrap", "-v2c", "-c", READ_COMMUNITY, f"127.0.0.1:{port}", "", f".{ENTERPRISE_OID}.1.0.{number}"]
    for name, oid, kind in objects:
        scalar = re.fullmatch(r"1\.1\.(1|7|9)\.\d+", oid)
        letter, value = VALUES.get(kind, ("i", "2"))
        argv += [f".{ENTERPRISE_OID}.{oid}.{0 if scalar else ROW}", letter, str(values.get(name, value))]
    subprocess.run(argv, env={**os.environ, "MIBS": ""}, check=True, timeout=30)


@pytest.fixture
def receiver(tmp_path):
    """snmptrapd with the kit's configuration, and one handler; the port, and what was written."""
    servers, port = [], free_port()
    out = tmp_path / "out"
    out.touch()

    def start(kits, handler, log="log"):
        text = (kits / "snmptrapd/snmptrapd.conf").read_text()
        text = re.sub(r"(?m)^traphandle .*$", lambda _: f"traphandle {handler}", text)
        (tmp_path / "snmptrapd.conf").write_text(text)
        env = {**os.environ, "MIBS": "", "SNMPCONFPATH": str(tmp_path), "SNMP_PERSISTENT_DIR": str(tmp_path)}
        server = Server("snmptrapd", ["/usr/sbin/snmptrapd", "-f", "-C", "-c", tmp_path / "snmptrapd.conf", "-Lo",
                                      "-p", tmp_path / "pid", f"udp:127.0.0.1:{port}"], tmp_path / log, env)
        servers.append(server)
        server.start()
        wait_for(lambda: "NET-SNMP version" in server.text() or not server.is_running(), "snmptrapd is ready")
        assert server.is_running(), server.text()
        return port, out

    yield start
    for server in servers:
        server.stop()


def wait_lines(out, count):
    wait_for(lambda: len(out.read_text().splitlines()) >= count, f"{count} lines")
    return out.read_text().splitlines()


def test_the_handler(kits, receiver, notifications, tmp_path):
    if not os.path.exists("/usr/sbin/snmptrapd"):
        pytest.skip("snmptrapd is not installed")
    port, out = receiver(kits, f".{ENTERPRISE_OID}.1.0.* {kits}/snmptrapd/certconf-trap {tmp_path}/out")
    raised, cleared = set(), set()
    for number, (name, objects) in notifications.items():
        trap(port, number, objects, certconfNotifySeq=100 + number)
        line = wait_lines(out, number)[-1]
        match = re.fullmatch(r"127\.0\.0\.1 (raise|clear|event) (ok|info|notice|warning|critical) (\S+) (\S+) (\d+) "
                             r"(\w+): (.+)", line)
        assert match, line
        kind, severity, alarm, row, sequence, told, text = match.groups()
        assert told == name and int(sequence) == 100 + number and "{" not in text
        scalar = objects[0][1].startswith(("1.1.1.", "1.1.7.")) and objects[0][1].count(".") == 3
        assert row == ("0" if scalar else str(ROW))
        assert (kind == "clear") == (name.endswith("Clear")) and (severity == "ok") == (kind == "clear")
        {"raise": raised, "clear": cleared}.get(kind, set()).add(alarm)
        assert (alarm == "-") == (kind == "event")
        if objects[0][2] == "CertconfText" and "certificate" in text and name == "certconfLocalExpiring":
            assert 'some "text" & more ends soon, days left: -5' in text
        if name == "certconfVerifyModeChange":
            assert "changed to outgoing by" in text
    assert raised == cleared and len(raised) == 10
    expiring = notifications[1][1]
    for count, (status, severity) in enumerate([(3, "warning"), (4, "critical")], len(notifications) + 1):
        trap(port, 1, expiring, certconfLocalStatus=status)
        assert f" raise {severity} expiry {ROW} " in wait_lines(out, count)[-1]
    # what an object holds is not taken for a place, nor for what another one means
    trap(port, 1, expiring, certconfLocalName="{6} {7:3=x} 2\\&")
    assert "certificate {6} {7:3=x} 2\\& ends soon" in wait_lines(out, len(notifications) + 3)[-1]


@pytest.fixture
def snmptt(tmp_path, kits):
    """A command for traphandle that runs SNMPTT as Debian's handler does, with the kit's events."""
    program = shutil.which("snmptt", path="/usr/sbin:/usr/bin") or pytest.skip("snmptt is not installed")
    (tmp_path / "snmptt.ini").write_text(
        "[General]\nmode = standalone\nmultiple_event = 1\ndns_enable = 0\nnet_snmp_perl_enable = 0\n"
        "[DaemonMode]\n[Logging]\nstdout_enable = 0\nlog_enable = 1\n"
        f"log_file = {tmp_path}/out\nlog_system_enable = 1\nlog_system_file = {tmp_path}/system\n"
        f"unknown_trap_log_enable = 1\nunknown_trap_log_file = {tmp_path}/unknown\nsyslog_enable = 0\n"
        "syslog_system_enable = 0\n[SQL]\n[Exec]\nexec_enable = 0\n[Debugging]\nDEBUGGING = 0\n"
        f"[TrapFiles]\nsnmptt_conf_files = <<END\n{kits}/snmptt/snmptt.conf.certconf\nEND\n")
    return f"default {program} --ini={tmp_path}/snmptt.ini"


def test_snmptt(kits, receiver, snmptt, notifications, tmp_path):
    port, out = receiver(kits, snmptt)
    expect = 0
    for number, (name, objects) in notifications.items():
        trap(port, number, objects, certconfNotifySeq=100 + number)
        expect += 1
        line = wait_lines(out, expect)[-1]
        assert re.search(rf" \.{re.escape(ENTERPRISE_OID)}\.1\.0\.{number} (Normal|WARNING|CRITICAL) "
                         r'"(Alarms|Events)" \S+ - (raise|clear|event) ', line), line
        assert line.endswith(f"[{100 + number}]") and "$" not in line, line
        if name == "certconfLocalExpiring":
            assert " WARNING " in line and "ends soon, days left: -5" in line
        if name == "certconfVerifyModeChange":
            assert "changed to outgoing by" in line
    name, objects = notifications[1]
    trap(port, 1, objects, certconfLocalStatus=4)
    assert " CRITICAL " in wait_lines(out, expect + 1)[-1]
    assert not (tmp_path / "unknown").exists() or not (tmp_path / "unknown").read_text()


def test_from_the_real_agent(kits, notified, pki, receiver, tmp_path):
    """What certconfd sends is what the handler expects."""
    port, out = receiver(kits, f".{ENTERPRISE_OID}.1.0.* {kits}/snmptrapd/certconf-trap {tmp_path}/out")
    notified.snmpd.stop()
    notified.trap_port = port
    notified.start_snmpd()
    wait_for(notified.snmp_answers, "the agent answers over SNMP")
    leaf = pki.ageing(300, 20)
    notified.import_document(document(leaf.chain, leaf.key), "--commit")
    wait_for(lambda: "certconfCommitDone" in out.read_text(), "the commit is told")
    notified.import_document(document(leaf.chain, pki.leaf().key), "--commit", check=False)
    wait_for(lambda: "certconfCommitFailed" in out.read_text(), "the refusal is told")
    assert re.search(r"event warning - 0 \d+ certconfCommitFailed: .*does not belong", out.read_text())


def test_opennms(kits, notifications):
    """Each notification has an event; what clears has the key of what it clears."""
    root = ElementTree.parse(kits / "opennms/certconf.events.xml").getroot()
    assert root.tag == f"{EVENTS}events"
    numbers, keys, severities = [], {1: {}, 2: {}}, {}
    for event in root:
        mask = {element[0].text: element[1].text for element in event.find(f"{EVENTS}mask").iter(f"{EVENTS}maskelement")}
        status = [(bind[0].text, bind[1].text) for bind in event.iter(f"{EVENTS}varbind")]
        assert mask["id"] == f".{ENTERPRISE_OID}.1" and mask["generic"] == "6"
        name, objects = notifications[int(mask["specific"])]
        if status:  # the same once more, ahead of the common one, by a value
            assert name not in severities and objects[int(status[0][0]) - 1][0] == "certconfLocalStatus"
            assert status[0][1] == "4" and event.find(f"{EVENTS}severity").text == "Critical"
        else:
            numbers.append(int(mask["specific"]))
            severities[name] = event.find(f"{EVENTS}severity").text
        assert event.find(f"{EVENTS}uei").text == f"uei.opennms.org/vendor/certconf/traps/{name}"
        order = [child.tag.removeprefix(EVENTS) for child in event]
        assert order == [tag for tag in ("mask", "uei", "event-label", "descr", "logmsg", "severity", "varbindsdecode",
                                         "alarm-data")
                         if tag in order] and len(order) >= 6
        used = {int(n) for n in re.findall(r"%parm\[#(\d)\]%", event.find(f"{EVENTS}logmsg").text)}
        assert all(1 <= n <= len(objects) for n in used)
        alarm = event.find(f"{EVENTS}alarm-data")
        if alarm is not None and alarm.get("alarm-type") != "3":
            clear = alarm.get("alarm-type") == "2"
            assert clear == name.endswith("Clear") and "%nodeid%" in alarm.get("reduction-key")
            keys[int(alarm.get("alarm-type"))][name] = alarm.get("clear-key" if clear else "reduction-key")
            assert ("%parm[#1]%" in alarm.get("reduction-key")) == objects[0][0].endswith("Name")
    assert sorted(numbers) == sorted(notifications) and severities["certconfLocalExpiring"] == "Warning"
    modes = next(event for event in root if event.find(f"{EVENTS}varbindsdecode") is not None)
    assert modes.find(f"{EVENTS}uei").text.endswith("VerifyModeChange")
    decoded = {each.get("varbindvalue"): each.get("varbinddecodedstring") for each in modes.iter(f"{EVENTS}decode")}
    assert decoded == {"1": "none", "2": "outgoing", "3": "outgoingAndIncoming"}
    assert set(keys[1].values()) == set(keys[2].values())
    assert keys[1]["certconfLocalExpired"] == keys[1]["certconfLocalExpiring"] == keys[2]["certconfLocalExpiryClear"]
