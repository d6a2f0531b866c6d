# SPDX-License-Identifier: ISC
"""certconf.so in a real snmpd: the same answers as through AgentX, and what if there is no daemon."""
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import harness
import pytest
import snmp_raw
from harness import wait_for
from pki import document

ROOT_OID = tuple(int(number) for number in harness.ENTERPRISE_OID.split("."))
SYSTEM = (*ROOT_OID, 1, 1, 1)
TIMETICKS = 0x43
# What is another a moment later: certconfSystemTime, certconfLocalSecsRemaining.
MOVING = ((*ROOT_OID, 1, 1, 1, 18), (*ROOT_OID, 1, 1, 2, 1, 10))
HEAD = struct.Struct("=8sIIQqQ")  # magic, version, size, sequence, heartbeat, snapshots
RELEASE = "CERTCONF_RELEASE" in os.environ
MUTATIONS = 4000 if RELEASE else 300


class Plugged:
    """A snmpd with the plugin in it, and nothing else of ours."""

    def __init__(self, device, name="plugged", more=""):
        self.device, self.port = device, harness.free_port(socket.SOCK_DGRAM)
        self.dir = device.dir / name
        persistent = self.dir / "persistent"
        persistent.mkdir(parents=True)
        (self.dir / "snmpd.conf").write_text(f"""\
agentAddress udp:127.0.0.1:{self.port}
dontLogTCPWrappersConnects yes
rwcommunity {harness.READ_COMMUNITY} 127.0.0.1 .1
dlmod certconf {device.build}/.libs/certconf.so
certconfRunDirectory {device.run}
{more}
""")
        env = {**device.env, "MIBS": "", "SNMP_PERSISTENT_DIR": str(persistent), "SNMPCONFPATH": str(self.dir)}
        if "libasan" in subprocess.run(["ldd", device.build / ".libs/certconf.so"], text=True, capture_output=True,
                                       check=True).stdout:
            env["LD_PRELOAD"] = subprocess.run(["gcc", "-print-file-name=libasan.so"], text=True,
                                               capture_output=True, check=True).stdout.strip()
        self.server = harness.Server("snmpd", ["/usr/sbin/snmpd", "-f", "-Lo", "-I", "-smux", "-p",
                                               self.dir / "snmpd.pid"], device.dir / "snmp" / f"{name}.log", env)
        self.client = snmp_raw.Client(self.port, harness.DEADLINE)

    def start(self):
        self.server.start()
        wait_for(lambda: "NET-SNMP version" in self.server.text() or not self.server.is_running(), "snmpd starts")
        assert self.server.is_running(), self.server.text()
        return self

    def stop(self):
        self.client.close()
        return self.server.stop()

    def walk(self):
        return self.client.walk(ROOT_OID)

    def get(self, name):
        """One object of CERTCONF-MIB."""
        port, self.device.snmp_port = self.device.snmp_port, self.port
        try:
            return self.device.get(name)
        finally:
            self.device.snmp_port = port

    def set(self, name, kind, value):
        return subprocess.run(["snmpset", "-v2c", "-c", harness.READ_COMMUNITY, f"127.0.0.1:{self.port}",
                               f"CERTCONF-MIB::{name}", kind, value], env=self.device.tools_env, text=True,
                              capture_output=True, check=False, timeout=30)

    def said(self, text):
        return self.server.text().count(text)


def comparable(walk):
    """Without what differs between two agents, or a moment later."""
    return [(oid, tag, None if tag == TIMETICKS or any(oid[:len(m)] == m for m in MOVING) else value)
            for oid, tag, value in walk]


@pytest.fixture(autouse=True, scope="module")
def built(build):
    if not (build / ".libs/certconf.so").exists():
        pytest.skip("built without the plugin")


@pytest.fixture
def plug():
    """Starts snmpds with the plugin; all are alive at the end, and stopped."""
    started = []

    def make(device, *args, **kwargs):
        if shutil.which("snmpd", path=f"{os.environ['PATH']}:/usr/sbin") is None:
            pytest.skip("snmpd is not installed")
        started.append(Plugged(device, *args, **kwargs).start())
        return started[-1]

    yield make
    running = [plugged.server.is_running() for plugged in started]
    for plugged in started:
        plugged.stop()
    assert all(running), "a snmpd is gone"


@pytest.fixture
def small(make_device, mibs):
    """certconfd without SNMP."""
    device = make_device(mibs)
    device.start_agent()
    return device


@pytest.fixture
def plugged(small, plug):
    snmpd = plug(small)
    wait_for(snmpd.walk, "the plugin answers")
    return snmpd


def whole(pki, **changes):
    leaf = pki.leaf(days=90)
    return document(**{"certificate": leaf.chain, "key": leaf.key, "trust": pki.root, "mode": "outgoing", **changes})


def generation(plugged):
    return plugged.get("certconfCfgGeneration.0")


# --- the same as through AgentX ---

def test_a_walk_is_the_same_as_through_agentx(notified, plug, pki):
    plugged = plug(notified)
    agentx = snmp_raw.Client(notified.snmp_port, harness.DEADLINE)
    notified.import_document(whole(pki), "--commit")
    wait_for(lambda: generation(plugged) == notified.get("certconfCfgGeneration.0"), "both show the same")
    wait_for(lambda: comparable(plugged.walk()) == comparable(agentx.walk(ROOT_OID)), "both walks are the same")
    walk = plugged.walk()
    agentx.close()
    assert len(walk) > 100
    assert {oid[:9] for oid, _, _ in walk} >= {(*ROOT_OID, 1, 1)}


def test_both_in_one_snmpd(make_device, plug, mibs, pki):
    """The plugin answers, the subagent registers and notifies beside it."""
    device = make_device(mibs)
    agentx = device.dir / "snmp" / "agentx"
    perms = "agentXPerms 0660 0755 nobody nogroup" if harness.ROOT else ""
    plugged = plug(device, more=f"master agentx\nagentXSocket {agentx}\n{perms}")
    device.start_agent(**{"agentx-socket": agentx})
    wait_for(lambda: "connected to the AgentX master" in device.agent.text(), "the subagent is there")
    device.import_document(whole(pki), "--commit")
    wait_for(lambda: plugged.get("certconfVerifyOperMode.0") == "outgoing", "the plugin answers")
    result = plugged.set("certconfVerifyAdminMode.0", "i", "none")
    assert result.returncode != 0 and "notWritable" in result.stdout + result.stderr
    assert "duplicate" not in plugged.server.text().lower()


def test_a_set_is_not_writable(plugged):
    for name, kind, value in (("certconfVerifyAdminMode.0", "i", "outgoing"), ("certconfCfgAction.0", "i", "commit"),
                              ("certconfWarnDays.0", "u", "3"), ("certconfLocalMonitor.2", "i", "2")):
        result = plugged.set(name, kind, value)
        assert result.returncode != 0 and "notWritable" in result.stdout + result.stderr, name
    assert plugged.get("certconfVerifyOperMode.0") == "none"


def test_another_generation_is_seen_within_a_second(plugged, small, pki):
    for days in (50, 60, 70):
        leaf = pki.leaf(days=days)
        small.import_document(document(leaf.chain, leaf.key), "--commit")
        began = time.monotonic()
        wait_for(lambda leaf=leaf: plugged.get("certconfLocalFingerprint.1") == leaf.sha256(), "the new one is shown", 1)
        assert plugged.get("certconfCfgGeneration.0") == str(small.generation()), time.monotonic() - began


def test_everybody_may_read_it_and_no_secret_is_in_it(small, pki):
    small.import_document(document(mode="none"), "--commit", "--comment", "a word of mine")
    secret = "persist-id-of-the-holder"
    leaf = pki.leaf()
    small.import_document(document(leaf.chain, leaf.key))
    with harness.Netconf(small) as netconf:
        netconf.ok(f"<commit><confirmed/><confirm-timeout>600</confirm-timeout><persist>{secret}</persist></commit>")
    files = {name: small.run / name for name in ("snapshot", "status")}
    for path in files.values():
        assert path.stat().st_mode & 0o7777 == 0o644
        assert path.stat().st_uid == os.geteuid()
    text = files["status"].read_bytes()
    assert b"Test unit" in text
    assert secret.encode() not in text and b"a word of mine" not in text
    assert b"PRIVATE" not in files["snapshot"].read_bytes()
    wait_for(lambda: not list(small.run.glob("*.new")), "what was copied has its name")


# --- the daemon is away ---

def is_down(plugged):
    return plugged.get("certconfOverallStatus.0") == "unknown" and \
        "engine down" in plugged.get("certconfCfgLastErrorText.0")


def test_the_last_known_state_when_the_daemon_was_killed(plugged, small, pki):
    small.import_document(whole(pki), "--commit")
    wait_for(lambda: plugged.get("certconfCfgGeneration.0") == "2", "the plugin shows it")
    before = plugged.get("certconfLocalFingerprint.1"), generation(plugged), plugged.get("certconfCfgState.0")
    assert plugged.get("certconfOverallStatus.0") != "unknown"
    small.agent.stop(signal.SIGKILL)
    wait_for(lambda: is_down(plugged), "the engine is found to be down", 10)
    after = plugged.get("certconfLocalFingerprint.1"), generation(plugged), plugged.get("certconfCfgState.0")
    assert after == before
    assert plugged.get("certconfClockStatus.0") == "unknown"
    assert plugged.get("certconfCfgLastError.0") == "other"
    small.start_agent()
    wait_for(lambda: not is_down(plugged), "the engine is found to be back")
    assert "engine down" not in plugged.get("certconfCfgLastErrorText.0")


def test_services_of_an_engine_that_is_down_are_unknown(make_device, plug, mibs):
    device = make_device(mibs)
    device.write_service("plain", harness.unprobed("/bin/true"))
    device.start_agent()
    plugged = plug(device)
    wait_for(lambda: plugged.get("certconfServiceName.1") == "plain", "the service is shown")
    device.agent.stop(signal.SIGKILL)
    wait_for(lambda: is_down(plugged), "the engine is found to be down", 10)
    assert plugged.get("certconfServiceState.1") == "unknown"
    assert plugged.get("certconfServiceInSync.1") == "unknown"


def test_a_stopped_engine_is_down_until_it_goes_on(plugged, small):
    engine, = small.process("engine")
    os.kill(engine, signal.SIGSTOP)
    try:
        wait_for(lambda: is_down(plugged), "the engine is found to be down", 10)
    finally:
        os.kill(engine, signal.SIGCONT)
    wait_for(lambda: not is_down(plugged), "the engine is found to be back", 5)


def test_files_that_vanish_leave_the_last_known_state(plugged, small):
    before = plugged.get("certconfLocalFingerprint.2")
    for name in ("snapshot", "status"):
        (small.run / name).rename(small.run / f"{name}.away")
        wait_for(lambda: is_down(plugged), "that it is gone is seen", 5)
        assert plugged.get("certconfLocalFingerprint.2") == before
        (small.run / f"{name}.away").rename(small.run / name)
        wait_for(lambda: not is_down(plugged), "that it is back is seen", 5)


def test_a_snmpd_that_starts_before_the_daemon(make_device, plug, mibs):
    device = make_device(mibs)
    plugged = plug(device)
    assert plugged.walk() == []
    assert "No Such Instance" in plugged.get("certconfOverallStatus.0")
    device.start_agent()
    wait_for(plugged.walk, "the plugin answers")


def test_restarts_of_both(plugged, small, plug, pki):
    for round_number in range(3):
        small.stop_agent()
        small.start_agent()
        leaf = pki.leaf()
        small.import_document(document(leaf.chain, leaf.key), "--commit")
        wait_for(lambda leaf=leaf: plugged.get("certconfLocalFingerprint.1") == leaf.sha256(), "the new one is shown", 5)
        other = plug(small, name=f"plugged-{round_number}")
        wait_for(lambda: comparable(other.walk()) == comparable(plugged.walk()), "both show the same")


def test_snmpd_reads_its_configuration_again(plugged):
    for _ in range(3):
        said = plugged.said("NET-SNMP version")
        os.kill(plugged.server.pid, signal.SIGHUP)
        wait_for(lambda said=said: plugged.said("NET-SNMP version") > said, "it has")
        wait_for(plugged.walk, "the plugin answers again")


# --- files that are not as they should be ---

class Files:
    """Both files, as somebody else writes them after the daemon was stopped."""

    def __init__(self, device):
        self.run = device.run
        self.snapshot = (self.run / "snapshot").read_bytes()
        status = (self.run / "status").read_bytes()
        self.head, self.body = list(HEAD.unpack(status[:HEAD.size])), status[HEAD.size:]
        self.fd = -1

    def __enter__(self):
        self.put("status", self.status())
        self.fd = os.open(self.run / "status", os.O_RDWR)
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def put(self, name, data):
        path = self.run / f"{name}.put"
        path.write_bytes(data)
        path.rename(self.run / name)

    def status(self):
        """The next one, whose engine is alive."""
        self.head[3] = (self.head[3] + 2) & ~1
        self.head[4] = time.monotonic_ns() // 1000000
        return HEAD.pack(*self.head) + self.body

    def write_status(self, data):
        """Where it lies, so that it is seen at once."""
        os.ftruncate(self.fd, len(data))
        os.pwrite(self.fd, data, 0)

    def show_snapshot(self, data):
        self.put("snapshot", data)
        self.head[5] += 1
        self.write_status(self.status())


def mutate(random_numbers, data, at):
    """Octets, words or the length other than they should be, from an offset on."""
    changed = bytearray(data)
    kind = random_numbers.randrange(4)
    if kind == 0:
        return bytes(changed[:random_numbers.randrange(len(changed))])
    for _ in range(random_numbers.choice((1, 1, 2, 8))):
        if kind == 1:
            changed[random_numbers.randrange(at, len(changed))] = random_numbers.randrange(256)
        else:
            # the head of either file has the counts and offsets
            limit = len(changed) if kind == 2 else min(len(changed), at + 512)
            place = random_numbers.randrange(at, limit - 4) & ~3
            word = random_numbers.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, random_numbers.getrandbits(32)))
            changed[place:place + 4] = struct.pack("=I", word)
    return bytes(changed)


def ticked(plugged):
    """Asks until the plugin has looked again, which it does every few milliseconds."""
    for _ in range(3):
        plugged.client.ask(SYSTEM)
        time.sleep(0.004)
    return plugged.client.walk(ROOT_OID)


def test_damaged_files_never_end_snmpd(make_device, plug, mibs, pki):
    device = make_device(mibs)
    device.write_service("plain", harness.unprobed("/bin/true"))
    device.start_agent()
    device.import_document(whole(pki), "--commit")
    plugged = plug(device)
    plugged.client.socket.settimeout(5)
    wait_for(plugged.walk, "the plugin answers")
    device.stop_agent()
    random_numbers = random.Random(4)
    answered = 0
    with Files(device) as files:
        wait_for(lambda: not is_down(plugged), "the files are read")
        for number in range(MUTATIONS):
            if number % 2:
                files.show_snapshot(mutate(random_numbers, files.snapshot, 0))
            else:
                files.write_status(mutate(random_numbers, files.status(), HEAD.size))
            answered += bool(ticked(plugged))
            assert plugged.server.is_running(), plugged.server.text()[-2000:]
        files.show_snapshot(files.snapshot)
        files.put("status", files.status())
        wait_for(lambda: len(plugged.walk()) > 100, "what is whole is shown again")
    assert answered > MUTATIONS / 4


@pytest.mark.parametrize("name, place", [("snapshot", 8), ("status", 8), ("status", 12)])
def test_a_newer_format_is_told_once_and_nothing_is_shown(plugged, small, name, place):
    small.stop_agent()
    good = (small.run / name).read_bytes()
    other = bytearray(good)
    other[place:place + 4] = struct.pack("=I", 99999)
    path = small.run / f"{name}.put"
    path.write_bytes(other)
    path.rename(small.run / name)
    wait_for(lambda: not plugged.walk(), "nothing is shown", 5)
    assert "No Such Instance" in plugged.get("certconfOverallStatus.0")
    lines = [line for line in plugged.server.text().splitlines() if f"{small.run}/{name}: " in line]
    assert len(lines) == 1 and "version" in lines[0]
    path.write_bytes(good)
    path.rename(small.run / name)
    wait_for(plugged.walk, "the usual format is shown again")


@pytest.mark.parametrize("name", ["snapshot", "status"])
def test_what_is_no_file_does_not_block_snmpd(plugged, small, name):
    small.stop_agent()
    path = small.run / name
    path.unlink()
    os.mkfifo(path)
    wait_for(lambda: is_down(plugged), "it is found", 5)
    path.unlink()
    path.mkdir()
    wait_for(lambda: is_down(plugged), "it is found", 5)
    path.rmdir()
    path.symlink_to("/dev/zero")
    wait_for(lambda: is_down(plugged), "it is found", 5)
    assert plugged.walk()


def test_a_status_that_is_always_being_written(plugged, small):
    """A writer that died in the middle leaves an odd number: the last whole one is shown."""
    small.stop_agent()
    with Files(small) as files:
        wait_for(plugged.walk, "the file is read")
        files.head[3] |= 1
        os.pwrite(files.fd, HEAD.pack(*files.head) + bytes(len(files.body)), 0)
        wait_for(lambda: is_down(plugged), "that nobody writes it is seen", 10)
        assert plugged.get("certconfModel.0") == "Test unit"


# --- as snmpd of the distribution runs ---

def test_as_another_user(small, plug, pki):
    """Debian's snmpd is Debian-snmp, which may do nothing in the run directory but read."""
    if not harness.ROOT:
        pytest.skip("only root can be somebody else")
    small.import_document(whole(pki), "--commit")
    plugged = plug(small, more="agentuser nobody\nagentgroup nogroup")
    uid = harness.proc_status(plugged.server.pid)["Uid"].split()[1]
    assert int(uid) == 65534
    wait_for(lambda: plugged.get("certconfVerifyOperMode.0") == "outgoing", "the plugin answers")


def test_the_plugin_is_installed_where_dlmod_looks(build, tmp_path):
    subprocess.run(["make", "-C", build, "install-dlmodLTLIBRARIES", f"DESTDIR={tmp_path}"], check=True,
                   capture_output=True, env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    found = list(tmp_path.rglob("certconf.so"))
    assert len(found) == 1 and Path(*found[0].parts[-3:]) == Path("snmp/dlmod/certconf.so")
    names = subprocess.run(["nm", "-D", "--defined-only", found[0]], text=True, capture_output=True, check=True).stdout
    assert set(re.findall(r"^\w+ [A-Z] (\w+)$", names, re.MULTILINE)) == {"init_certconf", "deinit_certconf"}
