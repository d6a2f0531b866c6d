# SPDX-License-Identifier: ISC
"""Notifications of the whole: every alarm with its clear, and that none is ever lost."""
import os
import random
import signal
import subprocess

import pytest
from conftest import need
from harness import Timeout, wait_for
from pki import NAMESPACE, document
from snmp_robust import RELEASE
from snmp_wait import eventually
from traps import Traps

(LOCAL_EXPIRING, LOCAL_EXPIRED, LOCAL_EXPIRY_CLEAR) = range(1, 4)
CHAIN_INVALID, CHAIN_INVALID_CLEAR = 7, 8
TRUST_EXPIRING, TRUST_EXPIRED, TRUST_EXPIRY_CLEAR, LOCAL_REPLACED, TRUST_CHANGED, MODE_CHANGE = range(17, 23)
COMMIT_DONE, COMMIT_FAILED, OUT_OF_SYNC, IN_SYNC_CLEAR, SOURCE_ERROR, SOURCE_ERROR_CLEAR = range(23, 29)

# The release figure: 10,000 notifications while snmpd is started 50 times.
ANCHORS, RESTARTS = (200, 50) if RELEASE else (40, 3)


def monitoring(**leaves):
    """A document that says when to warn and what to tell."""
    inner = "".join(f"<{name.replace('_', '-')}>{value}</{name.replace('_', '-')}>" for name, value in leaves.items())
    return f'<certconf xmlns="{NAMESPACE}"><monitoring>{inner}</monitoring></certconf>\n'


def commit(device, text, *more, **options):
    device.import_document(text, "--commit", *more, **options)


@pytest.fixture
def told(make_device, mibs):
    """certconfd and snmpd, and what arrives where the notifications go."""
    for program in ("snmpd", "snmpget"):
        need(program)
    device = make_device(mibs)
    with Traps(device.trap_port) as traps:
        device.traps_heard = traps
        device.start_snmpd()
        device.start_agent()
        wait_for(device.snmp_answers, "the agent answers over SNMP")
        commit(device, monitoring(minimum_interval=0))
        wait_for(lambda: kinds(device).count(COMMIT_DONE) == 2, "CommitDone of the start and of this")
        yield device


def kinds(device, after=0):
    """Kinds of what arrived after this number, each number once."""
    return [kind for seq, kind in sorted(set(device.traps_heard.heard())) if seq > after]


def tells(device, *expected):
    """A function that waits until exactly these kinds arrived since now, in any order."""
    before = device.traps_heard.last()

    def wait():
        try:
            wait_for(lambda: sorted(kinds(device, before)) == sorted(expected), "all that was expected")
        except Timeout as late:
            raise Timeout(f"{sorted(expected)}, and not {kinds(device, before)} after {kinds(device)}") from late
    return wait


def test_every_alarm_and_its_clear(told, pki):
    """From the daemon's own judgement to the wire; values and objects of each kind are golden elsewhere."""
    def step(text, *expected, options=()):
        wait = tells(told, COMMIT_DONE, *expected)
        commit(told, text, *options)
        wait()

    good = pki.leaf(days=900)
    step(document(trust=pki.root), TRUST_CHANGED)
    step(document(good.chain, good.key), LOCAL_REPLACED)
    step(document(mode="outgoing"), MODE_CHANGE)
    soon = pki.ageing(360, 5)
    step(document(soon.chain, soon.key), LOCAL_REPLACED, LOCAL_EXPIRING)
    past = pki.leaf(days=-1)
    step(document(past.chain, past.key), LOCAL_REPLACED, LOCAL_EXPIRED, options=["--allow-expired"])
    step(document(good.chain, good.key), LOCAL_REPLACED, LOCAL_EXPIRY_CLEAR)
    stranger = pki.stranger()
    step(document(stranger.chain, stranger.key), LOCAL_REPLACED, CHAIN_INVALID)
    step(document(good.chain, good.key), LOCAL_REPLACED, CHAIN_INVALID_CLEAR)
    step(monitoring(warning_days=3650, warning_percent=0), LOCAL_EXPIRING, TRUST_EXPIRING)
    step(monitoring(warning_days=30), LOCAL_EXPIRY_CLEAR, TRUST_EXPIRY_CLEAR)
    wait = tells(told, COMMIT_FAILED)
    commit(told, document(good.chain, pki.leaf().key), check=False)
    wait()


def test_source_error_and_its_clear(told):
    told.stop_agent()
    told.start_agent(**{"verify-interval": 1})
    file = told.state / "live" / "config.xml"
    good = file.read_bytes()
    wait = tells(told, SOURCE_ERROR)
    errors = int(told.get("certconfLoadErrors.0")) if told.snmp_answers() else 0
    file.write_bytes(good + b" ")
    wait()
    eventually(told, "certconfLoadErrors.0", str(errors + 1))
    wait = tells(told, SOURCE_ERROR_CLEAR)
    file.write_bytes(good)
    wait()


def test_the_interval_holds_back_and_counts(told):
    commit(told, monitoring(minimum_interval=3))
    wait_for(lambda: kinds(told)[-1] == COMMIT_DONE, "CommitDone")
    before = len(kinds(told))
    suppressed = int(told.get("certconfNotifySuppressed.0"))
    for days in range(40, 46):
        commit(told, monitoring(minimum_interval=3, warning_days=days))
    wait_for(lambda: len(kinds(told)) > before, "the newest at the end of the interval")
    eventually(told, "certconfNotifyLastSeq.0", str(told.traps_heard.last()))
    assert int(told.get("certconfNotifySuppressed.0")) + len(kinds(told)) - before - suppressed == 6


def test_the_log_has_what_arrived(told, pki):
    commit(told, document(trust=pki.root))
    wait_for(lambda: TRUST_CHANGED in kinds(told), "TrustChanged")
    told.stop_agent()
    told.start_agent()
    wait_for(told.snmp_answers, "the agent answers over SNMP again")
    walk = told.snmp("snmpwalk", "-OQs", "CERTCONF-MIB::certconfNotifyLogText", check=False).stdout
    if "No Such" in walk:
        pytest.skip("the table is not there yet")
    for seq, _ in told.traps_heard.heard():
        assert f"certconfNotifyLogText.{seq} = " in walk


# --- nothing is lost ---

@pytest.fixture(scope="session")
def anchors(tmp_path_factory):
    """Many roots, all of one key."""
    directory = tmp_path_factory.mktemp("anchors")
    key = directory / "key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", key], check=True, timeout=30)
    return "".join(subprocess.run(
        ["openssl", "req", "-x509", "-new", "-key", key, "-days", "900", "-subj", f"/CN=Root {number}",
         "-addext", "basicConstraints=critical,CA:true"], check=True, timeout=30, capture_output=True,
        text=True).stdout for number in range(ANCHORS))


def flip(device, up):
    """All anchors enter the warning band, or leave it."""
    commit(device, monitoring(minimum_interval=0, warning_percent=0, warning_days=3650 if up else 0))


def is_complete(device, last):
    """Every number from 1 on arrived, each first in its order."""
    first = list(dict.fromkeys(seq for seq, _ in device.traps_heard.heard()))
    return first and first[-1] >= last and first == list(range(1, len(first) + 1))


def alarms(device):
    return sum(kind in (TRUST_EXPIRING, TRUST_EXPIRY_CLEAR) for kind in kinds(device))


def last_told(device):
    return int(device.get("certconfNotifyLastSeq.0"))


def test_none_is_lost_when_the_daemon_is_killed(told, anchors):
    """Those that wait for a master are known to the next start, under their numbers."""
    commit(told, document(trust=anchors))
    told.snmpd.stop()
    flip(told, True)
    for _ in range(3):
        told.agent.stop(signal.SIGKILL)
        told.start_agent()
    flip(told, False)
    told.start_snmpd()
    wait_for(told.snmp_answers, "the agent answers over SNMP again")
    wait_for(lambda: alarms(told) == 2 * ANCHORS and is_complete(told, last_told(told)), "all of them, in order")
    found = kinds(told)
    assert found.count(TRUST_EXPIRING) == found.count(TRUST_EXPIRY_CLEAR) == ANCHORS


def test_none_is_lost_over_restarts_of_snmpd(told, anchors):
    chance = random.Random(4)
    commit(told, document(trust=anchors))
    for turn in range(RESTARTS):
        flip(told, turn % 2 == 0)
        wait_for(lambda: told.traps_heard.last() > chance.randrange(ANCHORS * (turn + 1)) or chance.random() < 0.1,
                 "some have arrived")
        told.snmpd.stop()
        if turn % 10 == 7:
            told.agent.stop(signal.SIGKILL)
            told.start_agent()
        told.start_snmpd()
        wait_for(told.snmp_answers, "the agent answers over SNMP again")
    flip(told, RESTARTS % 2 == 0)
    expected = ANCHORS * (RESTARTS + 1)
    wait_for(lambda: alarms(told) == expected and is_complete(told, last_told(told)), "all of them, in order",
             deadline=120)
    found = kinds(told)
    assert told.get("certconfNotifySuppressed.0") == "0"
    print(f"\n{expected} alarms, {len(found)} notifications over {RESTARTS} restarts of snmpd: 0 lost, "
          f"in order; {len(told.traps_heard.heard()) - len(found)} came twice")
    assert os.environ.get("CERTCONF_RELEASE") is None or len(found) >= 10000
