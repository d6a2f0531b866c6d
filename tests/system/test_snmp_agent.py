# SPDX-License-Identifier: ISC
"""certconf-snmp between a real snmpd and an engine that does what the test says.

Golden walks are in tests/golden; UPDATE_GOLDEN=1 writes them anew, for a person to read
the difference.
"""
import os
import shutil
import re
import subprocess
import threading
import time

import agentx_master
import harness
import pytest

from harness import ENTERPRISE_OID, wait_for

# enum ticket_verdict
OK, BUSY, LOCKED, SPIN, INCONSISTENT = range(5)
# bits of struct snmp_prepare
MODE, ACTION, SPIN_LOCK, CONFIRM_TIMEOUT = 1, 2, 4, 8
# CertconfActionType, as in the MIB
(NOOP, IMPORT, VALIDATE, COMMIT, CONFIRM, ROLLBACK, DISCARD, RESTART, DELETE_LOCAL, DELETE_TRUST,
 COMMIT_DEFER_RESTART) = range(1, 12)
# What answers, in the order of its OIDs.
SUBTREES = ("System", "LocalTable", "ChainTable", "SanTable", "TrustTable", "ServiceTable", "Config", "CommitTable",
            "NotifyControl", "NotifyLogTable")

# What the net-snmp library forgets is not ours.
SUPPRESSIONS = harness.Path(__file__).with_name("lsan.supp")

# Objects whose value is a matter of when the walk is made.
OF_THE_MOMENT = ("EarliestDays", "TrustEarliestDays", "LastChange", "SystemTime", "DaysRemaining",
                 "SecsRemaining", "LifeRemaining", "DaemonVersion")


def load_oids(top):
    """Names of objects and their OIDs, from the frozen list."""
    names = {}
    for line in (top / "mib" / "oids.txt").read_text().splitlines():
        words = line.split()
        if words and words[0] == "oid":
            names[words[2].removeprefix("certconf")] = f".{ENTERPRISE_OID}.{words[1]}"
    return names


def start_snmpd(device):
    """snmpd with a user that may write."""
    directory = device.dir / "snmp"
    persistent = directory / "persistent"
    persistent.mkdir(exist_ok=True)
    perms = "agentXPerms 0660 0755 root nogroup" if harness.ROOT else ""
    (directory / "snmpd.conf").write_text(f"""\
agentAddress udp:127.0.0.1:{device.snmp_port}
master agentx
agentXSocket {device.agentx}
{perms}
createUser {harness.V3_USER} SHA-256 "{harness.V3_AUTH}" AES "{harness.V3_PRIV}"
rocommunity {harness.READ_COMMUNITY} 127.0.0.1 .1
rwuser {harness.V3_USER} priv .1
trap2sink 127.0.0.1:{device.trap_port} {harness.READ_COMMUNITY}
""")
    device.agentx.unlink(missing_ok=True)
    env = {**device.env, "MIBS": "", "SNMP_PERSISTENT_DIR": str(persistent), "SNMPCONFPATH": str(persistent)}
    device.snmpd = harness.Server(
        "snmpd", ["/usr/sbin/snmpd", "-f", "-C", "-c", directory / "snmpd.conf", "-Lo", "-I", "-smux",
                  "-p", directory / "snmpd.pid"], directory / "snmpd.log", env)
    device.snmpd.start()
    wait_for(lambda: device.agentx.exists() or not device.snmpd.is_running(), "snmpd opens its AgentX socket")
    assert device.snmpd.is_running(), device.snmpd.text()


class Engine:
    """tests/unit/fake_engine.c, which starts certconf-snmp."""

    def __init__(self, build, agentx, log, program=None):
        self.log = log
        with log.open("ab") as err:
            self.process = subprocess.Popen(
                [build / "tests" / "unit" / "fake_engine", program or build / "certconf-snmp", agentx, "2", "1"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True, bufsize=1,
                env={**os.environ, "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0"})
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        started = wait_for(lambda: self.said("started"), "certconf-snmp is started")
        self.pid = int(started[0].split()[1])

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, prefix):
        """All it has told so far that begins with this."""
        return [line for line in list(self.lines) if line.startswith(prefix)]

    def do(self, *words):
        done = f"done {words[0]}"
        before = len(self.said(done))
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        wait_for(lambda: len(self.said(done)) > before, " ".join(map(str, words)))

    def forget(self):
        self.lines.clear()

    def end(self):
        """Closes the channel; the status certconf-snmp ended with, as of waitpid()."""
        if self.process.poll() is None:
            self.process.stdin.close()
        self.process.wait(harness.DEADLINE)
        self.reader.join(harness.DEADLINE)
        ended = self.said("ended")
        return int(ended[0].split()[1]) if ended else None


class Unit:
    """A private snmpd, certconf-snmp and its engine."""

    def __init__(self, device, build, top):
        self.device, self.build, self.top = device, build, top
        self.oids = load_oids(top)
        self.data = top / "tests" / "data" / "snmp"
        self.engine = None

    def start_engine(self, program=None):
        self.engine = Engine(self.build, self.device.agentx, self.device.dir / "certconf-snmp.log", program)

    def publish(self):
        """A configuration with everything in it."""
        self.engine.do("credential", "local", self.data / "local.pem")
        self.engine.do("credential", "factory", self.data / "factory.pem")
        self.engine.do("credential", "old", self.data / "expired.pem", "mismatch")
        self.engine.do("credential", "spare", "-")
        self.engine.do("trust", self.data / "root.pem", self.data / "other.pem")
        # in the order of restarts, which is not that of their numbers; the last one has none
        for name, index in (("nginx", 12), ("kamailio", 3), ("stunnel", 4), ("nameless", 0)):
            self.engine.do("service", name, index)
        # newest first, as the engine keeps them
        for generation in (18, 17, 16, 2):
            self.engine.do("commit", generation)
        for kind, seq in ((23, 4294967295), (0, 9), (27, 8)):
            self.engine.do("notice", kind, seq)
        self.engine.do("publish")

    def answers(self):
        return self.device.snmp_answers()

    def oid(self, name, instance=0):
        return f"{self.oids[name]}.{instance}"

    def get(self, *names):
        """Values of scalars, in one GET."""
        out = self.device.snmp("snmpget", "-Oqv", *[self.oid(name) for name in names]).stdout
        return [line.strip('"') for line in out.splitlines()]

    def set(self, *what):
        """(name, value) or (name, value, type) in one SET; "" or the error snmpset prints."""
        args = []
        for name, value, *kind in what:
            args += [name if name.startswith(".") else self.oid(name), *(kind or ["i"]), str(value)]
        result = self.device.snmp("snmpset", "-On", *args, write=True, check=False)
        if result.returncode == 0:
            return ""
        reason = re.search(r"Reason: \(?(\w+)", result.stderr)
        return reason.group(1) if reason else result.stderr

    def walk(self, name, *options):
        return self.device.snmp("snmpwalk", "-On", "-Ox", *options, self.oids[name]).stdout


@pytest.fixture
def unit(make_device, build, top):
    for program in ("snmpd", "snmpget", "snmptrapd"):
        if shutil.which(program) is None and shutil.which(f"/usr/sbin/{program}") is None:
            pytest.skip(f"{program} is not installed")
    if not (build / "tests" / "unit" / "fake_engine").exists():
        pytest.skip("tests/unit/fake_engine is not built")
    device = make_device()
    start_snmpd(device)
    made = Unit(device, build, top)
    made.start_engine()
    made.publish()
    wait_for(made.answers, "certconf-snmp answers")
    yield made
    status = made.engine.end()
    assert status == 0, made.engine.log.read_text()


# --- reading ---

def readable(value):
    """Hexadecimal octets as a person reads them: a date, text, or just these."""
    octets = bytes.fromhex(value)
    if len(octets) == 11 and octets[8:] == b"+\0\0":
        year, rest = int.from_bytes(octets[:2], "big"), octets[2:8]
        return "DATE: {}-{:02}-{:02} {:02}:{:02}:{:02}.{}".format(year, *rest)
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return f"OCTETS: {value}"
    return f"TEXT: {text}" if text.isprintable() else f"OCTETS: {value}"


def masked(walk, oids):
    """A walk without what depends on the moment it was made, and with its octets as text."""
    names = {oid: name for name, oid in oids.items()}
    lines = []
    for line in re.sub(r" ?\n(?!\.1|$)", " ", walk).splitlines():
        oid, _, value = line.partition(" = ")
        name = names.get(oid.rpartition(".")[0]) or names.get(".".join(oid.split(".")[:-2]), "")
        if value.startswith("Hex-STRING: "):
            value = readable(value.removeprefix("Hex-STRING: "))
        if name.endswith(OF_THE_MOMENT):
            value = value.split(":")[0] + ": (of the moment)"
        lines.append(f"{oid} = {value}".rstrip())
    return "\n".join(lines) + "\n"


def compare_golden(top, name, text):
    path = top / "tests" / "golden" / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("subtree", SUBTREES)
def test_golden_walk(unit, top, subtree):
    walk = unit.walk(subtree)
    compare_golden(top, f"snmp-{subtree}.walk", masked(walk, unit.oids))


def test_whole_walk_equals_its_parts(unit):
    parts = "".join(unit.walk(name) for name in SUBTREES)
    whole = unit.walk("Objects")
    assert [line.split(" = ")[0] for line in whole.splitlines()] == [
        line.split(" = ")[0] for line in parts.splitlines()]


def test_bulk_walk_equals_walk(unit):
    plain = [line.split(" = ")[0] for line in unit.walk("Objects").splitlines() if line.startswith(".1")]
    for repetitions in (1, 7, 50):
        bulk = unit.device.snmp("snmpbulkwalk", "-On", "-Ox", f"-Cr{repetitions}", unit.oids["Objects"]).stdout
        found = [line.split(" = ")[0] for line in bulk.splitlines() if line.startswith(".1")]
        assert found == plain


def answers_to(unit, command, oids):
    """(OID, value) for each of these, asked for twenty at a time."""
    found = []
    for n in range(0, len(oids), 20):
        out = unit.device.snmp(command, "-On", "-Ox", *oids[n:n + 20]).stdout
        found += [tuple(line.split(" = ")) for line in re.sub(r" ?\n(?!\.1|$)", " ", out).splitlines()]
    return found


def test_get_and_next_from_every_instance(unit):
    """A GET of each gives what a GETNEXT of the one before gave, and each leads on."""
    walk = [tuple(line.split(" = ")) for line in
            re.sub(r" ?\n(?!\.1|$)", " ", unit.walk("Objects")).splitlines() if line.startswith(".1")]
    oids = [oid for oid, _ in walk]
    names = {oid: name for name, oid in unit.oids.items()}
    constant = {oid for oid in oids if not any(
        names.get(oid.rsplit(".", n)[0], "").endswith(OF_THE_MOMENT) for n in (1, 2))}
    got = answers_to(unit, "snmpget", oids)
    assert [oid for oid, _ in got] == oids
    assert [pair for pair in got if pair[0] in constant] == [pair for pair in walk if pair[0] in constant]
    for longer in ("", ".0", ".4294967295.1"):
        after = answers_to(unit, "snmpgetnext", [oid + longer for oid in oids[:-1]])
        assert [oid for oid, _ in after] == oids[1:]


@pytest.mark.parametrize("suffix, expect", [
    ("1.1.2.1.2.1", ""),                    # certconfLocalName.1
    ("1.1.2.1.2", "No Such"),               # without an instance
    ("1.1.2.1.2.99", "No Such Instance"),
    ("1.1.2.1.2.1.1", "No Such Instance"),
    ("1.1.2.1.2.4294967295", "No Such Instance"),
    ("1.1.2.1.1.1", "No Such Object"),      # the index is not accessible
    ("1.1.2.1.99.1", "No Such Object"),
    ("1.1.2.2.2.1", "No Such Object"),      # no entry
    ("1.1.1.1", "No Such Instance"),        # a scalar without .0
    ("1.1.1.1.1", "No Such Instance"),
    ("1.1.1.1.0.0", "No Such Instance"),
    ("1.1.1.99.0", "No Such Object"),
    ("1.1.7.8.0", "No Such Instance"),      # certconfCfgCandidateSince: no candidate
    ("1.1.9.10.0", "No Such Object"),       # certconfNotifySeq is for notifications only
    ("1.1.3.1.2.1.1", ""),                  # certconfChainSubject.1.1
    ("1.1.3.1.2.1", "No Such Instance"),    # half an index
    ("1.1.3.1.2.1.0", "No Such Instance"),
    ("1.1.3.1.2.1.2", "No Such Instance"),
    ("1.1.3.1.2.2.1", "No Such Instance"),  # a chain of one has no intermediate
    ("1.1.3.1.2.1.1.1", "No Such Instance"),
    ("1.1.3.1.1.1.1", "No Such Object"),    # the index is not accessible
    ("1.1.4.1.3.1.2", ""),                  # certconfSanValue.1.2
    ("1.1.4.1.3.1.3", "No Such Instance"),
    ("1.1.8.1.3.17", ""),                   # certconfCommitUser.17
    ("1.1.8.1.3.3", "No Such Instance"),
    ("1.1.10.1.3.4294967295", ""),          # certconfNotifyLogType, largest number
    ("1.1.6.1.2.12", ""),                   # certconfServiceName.12
    ("1.1.6.1.2.5", "No Such Instance"),
    ("1.1.6.1.2.0", "No Such Instance"),    # a service without a number has no row
    ("1.1.6.1.8.3", ""),                    # certconfServiceServedFprint: empty
    ("1.1.6.1.9.3", "No Such Instance"),    # certconfServiceServedNotAfter: nothing was served
    ("1.1.6.1.10.3", "No Such Instance"),   # never probed
    ("1.1.6.1.11.3", "No Such Instance"),   # never restarted
    ("1.1.6.1.11.4", ""),
])
def test_get(unit, suffix, expect):
    out = unit.device.snmp("snmpget", "-On", f".{ENTERPRISE_OID}.{suffix}").stdout
    if expect:
        assert expect in out
    else:
        assert "No Such" not in out


@pytest.mark.parametrize("after, expect", [
    ("1.1.2", "1.1.2.1.2.1"),
    ("1.1.2.0", "1.1.2.1.2.1"),
    ("1.1.2.1.1.5", "1.1.2.1.2.1"),
    ("1.1.2.1.2.1", "1.1.2.1.2.2"),
    ("1.1.2.1.2.1.7", "1.1.2.1.2.2"),
    ("1.1.2.1.2.4294967295", "1.1.2.1.3.1"),
    ("1.1.2.1.24.1", "1.1.2.1.25.1"),       # key usage: only row 1 has one
    ("1.1.2.1.99", "1.1.3.1.2.1.1"),        # after the table comes the next one
    ("1.1.3.1.2.1", "1.1.3.1.2.1.1"),
    ("1.1.3.1.2.1.0.9", "1.1.3.1.2.1.1"),
    ("1.1.3.1.2.1.1", "1.1.3.1.3.1.1"),
    ("1.1.3.1.2.1.1.0", "1.1.3.1.3.1.1"),
    ("1.1.3.1.7.1.1", "1.1.4.1.2.1.1"),
    ("1.1.4.1.2.1.1", "1.1.4.1.2.1.2"),
    ("1.1.4.1.2.1.2", "1.1.4.1.3.1.1"),
    ("1.1.4.1.2.0", "1.1.4.1.2.1.1"),
    ("1.1.8.1.2.2", "1.1.8.1.2.16"),
    ("1.1.8.1.6.18", "1.1.9.1.0"),
    ("1.1.10.1.2.9", "1.1.10.1.2.4294967295"),
    ("1.1.6", "1.1.6.1.2.3"),
    ("1.1.6.1.2.3", "1.1.6.1.2.4"),
    ("1.1.6.1.2.4", "1.1.6.1.2.12"),
    ("1.1.6.1.2.12", "1.1.6.1.3.3"),
    ("1.1.6.1.8.12", "1.1.6.1.9.4"),        # row 3 has no such date
    ("1.1.6.1.13.12", "1.1.7.1.0"),
    ("1.1.1.26.0", "1.1.2.1.2.1"),
    ("1.1.1", "1.1.1.1.0"),
    ("1.1.1.1", "1.1.1.1.0"),
    ("1.1.1.1.0", "1.1.1.2.0"),
    ("1.1.1.1.0.4", "1.1.1.2.0"),
])
def test_get_next(unit, after, expect):
    out = unit.device.snmp("snmpgetnext", "-On", f".{ENTERPRISE_OID}.{after}").stdout
    assert out.startswith(f".{ENTERPRISE_OID}.{expect} ")


def test_values_follow_the_engine(unit):
    assert unit.get("RestartPending", "CfgState", "VerifyOperMode") == ["2", "1", "1"]
    unit.engine.do("set", "restart-pending", 1)
    unit.engine.do("set", "config-state", 4)
    unit.engine.do("status")
    assert unit.get("RestartPending", "CfgState") == ["1", "5"]
    unit.engine.do("mode", 2)
    unit.engine.do("publish")
    assert unit.get("VerifyOperMode", "VerifyAdminMode") == ["3", "3"]


def test_monitoring_is_the_snapshots(unit):
    """Mute and override columns, thresholds: enum change_kind of settings.h."""
    assert unit.device.snmp("snmpget", "-Oqv", unit.oid("LocalMonitor", 1), unit.oid("LocalWarnDays", 1),
                            unit.oid("TrustMonitor", 1)).stdout.split() == ["1", "-1", "1"]
    for change in ((1, 1, 1), (2, 1, 3650), (3, 1, 1), (0, 1, 45), (0, 0, 3)):
        unit.engine.do("change", *change)
    assert unit.device.snmp("snmpget", "-Oqv", unit.oid("LocalMonitor", 1), unit.oid("LocalWarnDays", 1),
                            unit.oid("TrustMonitor", 1)).stdout.split() == ["2", "3650", "2"]
    assert unit.get("WarnDays", "NotifyEnable") == ["45", "C0 "]


def test_implausible_clock(unit):
    unit.engine.do("set", "clock", 3)
    unit.engine.do("status")
    assert unit.device.snmp("snmpget", "-Oqv", unit.oid("LocalStatus", 1)).stdout.strip() == "7"


# --- SET ---

def prepared(has, mode=0, action=0, spin=0, timeout=0):
    """What the engine tells when it is asked for this."""
    return f"prepare has {has} mode {mode} action {action} spin {spin} timeout {timeout}"


def test_set_mode_and_commit_in_one_pdu(unit):
    assert unit.set(("VerifyAdminMode", 2), ("CfgAction", COMMIT)) == ""
    assert unit.get("VerifyAdminMode", "CfgAction") == ["2", "1"]
    wait_for(lambda: unit.engine.said("prepare") == [prepared(MODE | ACTION, mode=1, action=COMMIT - 1)], "it was asked for a ticket")
    assert unit.engine.said("apply") == ["apply 1"]
    assert unit.engine.said("release") == []


@pytest.mark.parametrize("action", [IMPORT, VALIDATE, COMMIT, CONFIRM, ROLLBACK, DISCARD, RESTART, DELETE_LOCAL,
                                    DELETE_TRUST, COMMIT_DEFER_RESTART])
def test_actions(unit, action):
    assert unit.set(("CfgAction", action)) == ""
    assert unit.get("CfgLastAction") == [str(action)]
    wait_for(lambda: unit.engine.said("prepare") == [prepared(ACTION, action=action - 1)], "it was asked for a ticket")


@pytest.mark.parametrize("seconds", [0, 1, 600, 86400])
def test_confirm_timeout(unit, seconds):
    assert unit.set(("CfgConfirmTimeout", seconds, "u")) == ""
    assert unit.get("CfgConfirmTimeout") == [str(seconds)]
    wait_for(lambda: unit.engine.said("prepare") == [prepared(CONFIRM_TIMEOUT, timeout=seconds)], "it was asked for a ticket")


def test_everything_in_one_pdu(unit):
    """Over two groups, in an order of the manager's own."""
    [lock] = unit.get("CfgSpinLock")
    assert unit.set(("CfgSpinLock", lock), ("CfgAction", COMMIT), ("CfgConfirmTimeout", 60, "u"),
                    ("VerifyAdminMode", 2)) == ""
    asked = [prepared(MODE | ACTION | SPIN_LOCK | CONFIRM_TIMEOUT, 1, COMMIT - 1, int(lock), 60)]
    wait_for(lambda: unit.engine.said("prepare") == asked, "it was asked for a ticket")
    assert unit.get("CfgConfirmTimeout", "VerifyAdminMode") == ["60", "2"]
    wait_for(lambda: unit.engine.said("apply") == ["apply 1"], "it is applied")


def test_spin_lock(unit):
    [lock] = unit.get("CfgSpinLock")
    assert unit.set(("CfgSpinLock", lock), ("CfgAction", VALIDATE)) == ""
    assert unit.get("CfgSpinLock") == [str(int(lock) + 1)]
    assert unit.set(("CfgSpinLock", lock), ("CfgAction", VALIDATE)) == "inconsistentValue"
    assert unit.get("CfgSpinLock") == [str(int(lock) + 1)]
    wait_for(lambda: len(unit.engine.said("apply")) == 1, "one was applied")


@pytest.mark.parametrize("what, error", [
    ([("CfgAction", NOOP)], "wrongValue"),
    ([("CfgAction", 0)], "wrongValue"),
    ([("CfgAction", 12)], "wrongValue"),
    ([("CfgAction", -1)], "wrongValue"),
    ([("CfgAction", "commit", "s")], "wrongType"),
    ([("CfgAction", COMMIT, "u")], "wrongType"),
    ([("VerifyAdminMode", 0)], "wrongValue"),
    ([("VerifyAdminMode", 4)], "wrongValue"),
    ([("VerifyAdminMode", 2, "u")], "wrongType"),
    ([("CfgSpinLock", -1)], "wrongValue"),
    ([("CfgSpinLock", 1, "t")], "wrongType"),
    ([("CfgSource", "a/b.xml", "s")], "wrongValue"),
    ([("CfgSource", "/a.xml", "s")], "wrongValue"),
    ([("CfgSource", "..", "s")], "wrongValue"),
    ([("CfgSource", ".", "s")], "wrongValue"),
    ([("CfgSource", "0x610a62", "x")], "wrongValue"),
    ([("CfgSource", "0x61ff62", "x")], "wrongValue"),
    ([("CfgSource", "a" * 256, "s")], "wrongLength"),
    ([("CfgSource", 1)], "wrongType"),
    ([("CfgConfirmTimeout", 86401, "u")], "wrongValue"),
    ([("CfgConfirmTimeout", 4294967295, "u")], "wrongValue"),
    ([("CfgConfirmTimeout", 60)], "wrongType"),
    ([("CfgConfirmTimeout", "10m", "s")], "wrongType"),
    ([("CfgConfirmTimeout", 60, "u"), ("CfgConfirmTimeout", 70, "u")], "inconsistentValue"),
    ([("CfgConfirmTimeout", 60, "u"), ("CfgAction", NOOP)], "wrongValue"),
    ([("CfgState", 1)], "notWritable"),
    ([("VerifyOperMode", 2)], "notWritable"),
    ([("WarnDays", 3651, "u")], "wrongValue"),
    ([("WarnDays", 10)], "wrongType"),
    ([("WarnDays", 4294967295, "u")], "wrongValue"),
    ([("WarnPercent", 101, "u")], "wrongValue"),
    ([("RepeatInterval", 8761, "u")], "wrongValue"),
    ([("NotifyMinInterval", 3601, "u")], "wrongValue"),
    ([("WarnDays", 10, "u"), ("CritDays", 3651, "u")], "wrongValue"),
    ([("WarnDays", 10, "u"), ("WarnDays", 11, "u")], "inconsistentValue"),
    ([("NotifyEnable", "0x" + "ff" * 9, "x")], "wrongLength"),
    ([("NotifyEnable", "0x0080", "x")], "wrongValue"),
    ([("NotifyEnable", 1)], "wrongType"),
    ([("NotifySuppressed", 0, "u")], "notWritable"),
    ([(f".{ENTERPRISE_OID}.1.1.2.1.30.1", 0)], "wrongValue"),
    ([(f".{ENTERPRISE_OID}.1.1.2.1.30.1", 3)], "wrongValue"),
    ([(f".{ENTERPRISE_OID}.1.1.2.1.30.99", 2)], "noCreation"),
    ([(f".{ENTERPRISE_OID}.1.1.2.1.31.1", -2)], "wrongValue"),
    ([(f".{ENTERPRISE_OID}.1.1.2.1.31.1", 3651)], "wrongValue"),
    ([(f".{ENTERPRISE_OID}.1.1.2.1.31.1", 5, "u")], "wrongType"),
    ([(f".{ENTERPRISE_OID}.1.1.5.1.16.99", 2)], "noCreation"),
    ([(f".{ENTERPRISE_OID}.1.1.5.1.2.1", "a", "s")], "notWritable"),
    ([(f".{ENTERPRISE_OID}.1.1.7.3.1", COMMIT)], "noCreation"),
    ([(f".{ENTERPRISE_OID}.1.1.7.99.0", COMMIT)], "notWritable"),
    ([("CfgAction", COMMIT), ("CfgAction", DISCARD)], "inconsistentValue"),
    ([("VerifyAdminMode", 2), ("CfgAction", NOOP)], "wrongValue"),
    ([("CfgAction", COMMIT), ("VerifyAdminMode", 9)], "wrongValue"),
])
def test_set_refused_before_the_engine_is_asked(unit, what, error):
    assert unit.set(*what) == error
    assert unit.engine.said("prepare") == []
    assert unit.set(("CfgAction", VALIDATE)) == ""


@pytest.mark.parametrize("verdict, error", [
    (BUSY, "resourceUnavailable"),
    (LOCKED, "resourceUnavailable"),
    (INCONSISTENT, "inconsistentValue"),
    (77, "genError"),
])
def test_set_refused_by_the_engine(unit, verdict, error):
    unit.engine.do("verdict", verdict)
    assert unit.set(("VerifyAdminMode", 2), ("CfgAction", COMMIT)) == error
    assert unit.get("VerifyAdminMode") == ["1"]
    assert unit.engine.said("apply") == []
    unit.engine.do("verdict", OK)
    assert unit.set(("VerifyAdminMode", 2)) == ""


def test_set_while_the_engine_is_slow(unit):
    """No answer within 100 ms is an error at once; the ticket that comes late is given back."""
    unit.engine.do("slow", 400)
    began = time.monotonic()
    assert unit.set(("CfgAction", COMMIT)) == "genError"
    assert time.monotonic() - began < 1.5
    wait_for(lambda: unit.engine.said("release 1"), "the late ticket is released")
    unit.engine.do("slow", 0)
    assert unit.set(("CfgAction", COMMIT)) == ""
    # the master commits after it has answered the manager
    wait_for(lambda: unit.engine.said("apply") == ["apply 2"], "the second SET is applied")


def test_set_that_another_agent_refuses_is_released(unit):
    """One PDU over us and snmpd itself: what snmpd refuses, we do not do."""
    assert unit.set(("CfgAction", COMMIT), (".1.3.6.1.2.1.1.3.0", 5, "t")) != ""
    harness.wait_for(lambda: len(unit.engine.said("release")) == len(unit.engine.said("prepare")),
                     "each ticket is given back")
    assert unit.engine.said("apply") == []


def test_read_community_cannot_write(unit):
    result = unit.device.snmp("snmpset", "-On", unit.oid("CfgAction"), "i", str(COMMIT), check=False)
    assert result.returncode != 0
    assert unit.engine.said("prepare") == []


# --- SET, phase by phase, under a master of our own ---

@pytest.fixture
def phases(make_device, build, top):
    """certconf-snmp under a master that does not go on by itself."""
    if not (build / "tests" / "unit" / "fake_engine").exists():
        pytest.skip("tests/unit/fake_engine is not built")
    made = Unit(make_device(), build, top)
    made.master = agentx_master.Master(made.device.agentx, harness.DEADLINE)
    made.start_engine()
    made.publish()
    made.master.accept()
    yield made
    made.master.hang_up()
    assert made.engine.end() == 0, made.engine.log.read_text()
    made.master.close()


def commit_set(unit):
    return [(unit.oid("VerifyAdminMode"), 2), (unit.oid("CfgAction"), COMMIT)]


def test_phases_to_the_end(phases):
    assert phases.master.test_set(1, *commit_set(phases)) == (0, 0)
    wait_for(lambda: phases.engine.said("prepare") == [prepared(MODE | ACTION, mode=1, action=COMMIT - 1)], "it was asked for a ticket")
    assert phases.master.ask(agentx_master.COMMIT_SET, 1) == (0, 0)
    assert phases.engine.said("apply") == []
    phases.master.say(agentx_master.CLEANUP_SET, 1)
    phases.master.answer_until(lambda: phases.engine.said("apply 1"))
    wait_for(lambda: len(phases.engine.said("prepare")) == 1, "what it was asked")
    assert phases.engine.said("release") == []


def test_phases_undone(phases):
    assert phases.master.test_set(1, *commit_set(phases)) == (0, 0)
    assert phases.master.ask(agentx_master.COMMIT_SET, 1) == (0, 0)
    assert phases.master.ask(agentx_master.UNDO_SET, 1) == (0, 0)
    phases.master.answer_until(lambda: phases.engine.said("release"))
    assert phases.engine.said("release") == ["release 1"]
    assert phases.engine.said("apply") == []


def test_phases_dropped_after_test(phases):
    assert phases.master.test_set(1, *commit_set(phases)) == (0, 0)
    phases.master.say(agentx_master.CLEANUP_SET, 1)
    phases.master.answer_until(lambda: phases.engine.said("release"))
    assert phases.engine.said("release") == ["release 1"]
    assert phases.master.test_set(2, *commit_set(phases)) == (0, 0)
    assert phases.master.ask(agentx_master.COMMIT_SET, 2) == (0, 0)
    phases.master.say(agentx_master.CLEANUP_SET, 2)
    phases.master.answer_until(lambda: phases.engine.said("apply 2"))


def test_a_second_set_takes_the_place_of_one_that_was_forgotten(phases):
    assert phases.master.test_set(1, *commit_set(phases)) == (0, 0)
    assert phases.master.test_set(2, *commit_set(phases)) == (0, 0)
    wait_for(lambda: phases.engine.said("release"), "the first is released")
    assert phases.engine.said("release") == ["release 1"]
    error, _ = phases.master.ask(agentx_master.COMMIT_SET, 1)
    assert error != 0
    assert phases.master.ask(agentx_master.COMMIT_SET, 2) == (0, 0)
    phases.master.say(agentx_master.CLEANUP_SET, 2)
    phases.master.answer_until(lambda: phases.engine.said("apply 2"))


def test_the_index_names_the_variable_at_fault(phases):
    phases.engine.do("verdict", BUSY)
    assert phases.master.test_set(1, *commit_set(phases)) == (13, 2)
    spin = (phases.oid("CfgSpinLock"), 7)
    assert phases.master.test_set(2, spin, *commit_set(phases)) == (12, 1)
    assert phases.master.test_set(3, *commit_set(phases), (phases.oid("CfgState"), 1)) == (17, 3)


def test_master_hangs_up_between_the_phases(phases):
    assert phases.master.test_set(1, *commit_set(phases)) == (0, 0)
    phases.master.hang_up()
    wait_for(lambda: phases.engine.said("release"), "what was reserved is released")
    assert phases.engine.said("release") == ["release 1"]
    phases.master.seen.clear()
    phases.master.accept()
    assert phases.master.test_set(1, *commit_set(phases)) == (0, 0)
    assert phases.engine.said("apply") == []


def test_master_forgets_the_set(phases):
    """After ten seconds it is released; a commit that still comes fails."""
    assert phases.master.test_set(1, *commit_set(phases)) == (0, 0)
    began = time.monotonic()
    phases.master.answer_until(lambda: phases.engine.said("release 1"))
    assert 8 < time.monotonic() - began < 13
    error, _ = phases.master.ask(agentx_master.COMMIT_SET, 1)
    assert error != 0
    assert phases.engine.said("apply") == []


def test_notifications_go_again_until_a_ping_is_answered(phases):
    """The master dies after it got them and before it answered what came after."""
    phases.engine.do("notify", 1, 31, 1)
    while agentx_master.NOTIFY not in phases.master.seen:
        kind, transaction, packet, data = phases.master._receive()
        phases.master.seen.append(kind)
        if kind != agentx_master.NOTIFY:
            phases.master._answer(kind, transaction, packet, data)
    phases.master.hang_up()
    assert phases.engine.said("notified") == []
    phases.master.seen.clear()
    phases.master.accept()
    phases.master.answer_until(lambda: phases.engine.said("notified 31"))
    assert agentx_master.NOTIFY in phases.master.seen


# --- the master comes and goes ---

def test_snmpd_restarts(unit):
    for _ in range(2):
        unit.device.snmpd.stop()
        start_snmpd(unit.device)
        began = time.monotonic()
        wait_for(unit.answers, "certconf-snmp is connected again")
        assert time.monotonic() - began < 3
    assert unit.set(("CfgAction", VALIDATE)) == ""


def test_snmpd_is_killed(unit):
    unit.device.snmpd.process.kill()
    unit.device.snmpd.stop()
    wait_for(lambda: "heartbeat 0" in unit.engine.lines, "the engine hears of it")
    start_snmpd(unit.device)
    wait_for(unit.answers, "certconf-snmp is connected again")


def test_started_before_snmpd(unit):
    unit.device.snmpd.stop()
    assert unit.engine.end() == 0
    unit.start_engine()
    unit.publish()
    wait_for(lambda: unit.engine.said("heartbeat 0"), "it waits")
    start_snmpd(unit.device)
    wait_for(unit.answers, "it is connected")


def test_nothing_is_registered_before_there_is_a_snapshot(unit):
    assert unit.engine.end() == 0
    unit.start_engine()
    wait_for(lambda: unit.engine.said("heartbeat 0"), "it waits")
    assert not unit.answers()
    unit.publish()
    wait_for(unit.answers, "it answers")


def test_heartbeat(unit):
    unit.engine.forget()
    began = time.monotonic()
    wait_for(lambda: len(unit.engine.said("heartbeat 1")) >= 3, "three heartbeats")
    assert 1.5 < time.monotonic() - began < 4.5


def test_irregular_message_ends_it(unit):
    unit.engine.do("garbage")
    wait_for(lambda: unit.engine.said("ended"), "it ends")
    assert "no known form" in unit.engine.log.read_text()


# --- notifications ---

def trap_lines(unit):
    return [line for line in unit.device.traps.text().splitlines() if line.startswith("TRAP")]


# What each is about: a certificate or anchor, a service, or the device.
ROWS = {**dict.fromkeys([*range(1, 11), *range(17, 21)], 4), 25: 12, 26: 12}


@pytest.mark.parametrize("number", range(1, 29))
def test_notification(unit, top, number):
    unit.device.start_trap_receiver()
    unit.engine.do("notify", number - 1, 100 + number, ROWS.get(number, 0))
    [line] = wait_for(lambda: trap_lines(unit), "the notification arrives")
    text = re.sub(r"(\.1\.3\.6\.1\.2\.1\.1\.3\.0) = .*?\t", r"\1 = (of the moment)\t", line)
    assert f".1.3.6.1.6.3.1.1.4.1.0 = OID: .{ENTERPRISE_OID}.1.0.{number}\t" in text
    compare_golden(top, f"snmp-notification-{number}.txt", text.replace("\t", "\n") + "\n")
    wait_for(lambda: unit.engine.said(f"notified {100 + number}"), "the engine hears it was handed over")


def test_notifications_carry_what_the_mib_says(unit, top):
    """Exactly these objects, in this order, each with its instance."""
    module = (top / "mib" / "CERTCONF-MIB.txt").read_text()
    kinds = re.findall(r"certconf(\w+) NOTIFICATION-TYPE\s+OBJECTS\s+\{([^}]+)\}.*?certconfNotifications (\d+) \}",
                       module, re.S)
    assert sorted(int(number) for _, _, number in kinds) == list(range(1, 29))
    for _, objects, number in kinds:
        names = [name.strip().removeprefix("certconf") for name in objects.split(",")]
        golden = (top / "tests" / "golden" / f"snmp-notification-{number}.txt").read_text().splitlines()
        row = ROWS.get(int(number), 0)
        expect = [unit.oid(name, 0 if name == "NotifySeq" else row) for name in names]
        assert [line.split(" = ")[0] for line in golden[2:]] == expect, number


def sequence(unit):
    return [int(n) for line in trap_lines(unit)
            for n in re.findall(rf"\.{re.escape(ENTERPRISE_OID)}\.1\.1\.9\.10\.0 = Gauge32: (\d+)", line)]


def test_many_notifications_arrive_in_order(unit):
    unit.device.start_trap_receiver()
    for seq in range(1, 401):
        unit.engine.do("notify", 0, seq, 1)
    wait_for(lambda: unit.engine.said("notified 400"), "all are handed over")
    wait_for(lambda: sequence(unit) and sequence(unit)[-1] == 400, "the last arrives")
    assert sequence(unit) == sorted(sequence(unit))
    wait_for(unit.answers, "requests are still answered")


def test_notifications_wait_for_a_master(unit):
    unit.device.start_trap_receiver()
    unit.device.snmpd.stop()
    wait_for(lambda: "heartbeat 0" in unit.engine.lines, "the master is gone")
    unit.engine.forget()
    for seq in (21, 22, 23):
        unit.engine.do("notify", 1, seq, 1)
    assert unit.engine.said("notified") == []
    start_snmpd(unit.device)
    wait_for(lambda: unit.engine.said("notified 23"), "they are handed over")
    wait_for(lambda: sequence(unit)[-3:] == [21, 22, 23], "they arrive")
