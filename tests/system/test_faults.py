# SPDX-License-Identifier: ISC
"""Every way a service can fail a commit: how it ends, proven by handshakes, and where it is told.

./check has each fault once; with CERTCONF_RELEASE in the environment each has 20 runs.
"""
import contextlib
import json
import re
from dataclasses import dataclass, field

import harness
import pytest
from harness import wait_for
from pki import document, fingerprint
from side_by_side import RELEASE, Case, SideBySide, repeated
from stub_service import StubService, checks_come_first

RUNS = 20
EXIT_FAILED, EXIT_ROLLED_BACK = 1, 5
COMMIT_DONE, COMMIT_FAILED = 23, 24
ANOTHER, CHAIN = "serves another certificate than the committed one", "serves another chain than the committed one"
GONE = r"nothing answers at 127\.0\.0\.1"
BACK, FINE, STUCK = "rolled back", "in force", "stuck"
NOT_WORKING = ("stopped", "failed")


@dataclass(frozen=True)
class Fault:
    """One row: what the stub does with the new certificate, and how the commit ends.

    stays is how it ends when the stub does the same with every certificate."""
    name: str
    does: dict
    ends: str = BACK
    words: str = ""
    stays: str = None
    options: dict = field(default_factory=dict)


FAULTS = [
    Fault("fails to start", {"restart": "stop", "command": 1, "say": "stub: no such option"}, BACK,
          "restart command ended with status 1: stub: no such option", STUCK),
    Fault("is gone though its command succeeds", {"restart": "stop"}, BACK, GONE, STUCK),
    Fault("its command is killed", {"restart": "stop", "command": "kill"}, BACK,
          "restart command was killed by signal 9", STUCK),
    Fault("works though its command fails", {"command": 3, "say": "hook failed"}, BACK,
          "restart command ended with status 3: hook failed", BACK),
    # it has answered as often as it must before the settle time
    Fault("exits within the settle time", {"restart": "start", "answers": 3, "lasts": 0.3}, BACK, GONE, STUCK,
          {"settle": 1}),
    Fault("its command hangs", {"command": "hang", "restart": "nothing"}, BACK,
          "restart command did not end within 3 s", BACK, {"deadline": 3}),
    Fault("hangs in the handshake", {"serve": "silence"}, BACK, "no answer in time|does not answer TLS", STUCK),
    Fault("ignores the signal", {"serve": "unmoved"}, BACK, ANOTHER, BACK),
    Fault("keeps the old certificate", {"restart": "start", "serve": "old"}, BACK, ANOTHER, BACK),
    Fault("serves another chain", {"chain": "other"}, BACK, CHAIN, STUCK),
    Fault("serves no chain", {"chain": "none"}, BACK, CHAIN, STUCK),
    Fault("adds a root to the chain", {"chain": "more"}, FINE),
    Fault("answers without TLS", {"serve": "plain"}, BACK, "does not answer TLS", STUCK),
    Fault("leaves its process group", {"restart": "daemonise"}, BACK,
          'left processes running, and the definition does not say "daemonises"', STUCK),
    Fault("may leave its process group", {"restart": "daemonise"}, FINE, options={"more": "daemonises = true"}),
    Fault("may leave its process group and fails", {"restart": "daemonise", "command": 4}, BACK,
          "restart command ended with status 4", STUCK, {"more": "daemonises = true"}),
    Fault("takes long to come up", {"restart": "start", "delay": 2}, FINE, options={"deadline": 20}),
]
LONG = [  # as slow as in the field
    Fault("exits 3 seconds later", {"restart": "start", "answers": 3, "lasts": 3}, BACK, GONE, STUCK,
          {"settle": 5}),
    Fault("takes 10 seconds to come up", {"restart": "start", "delay": 10}, FINE, options={"deadline": 30}),
]
# What does not work before the commit: how it was made so, and what is told of it.
BEFORE = {
    "was down": (None, GONE),
    "answered without TLS": ({"serve": "plain"}, "does not answer TLS"),
    "hung": ({"serve": "silence"}, "no answer in time|does not answer TLS"),
}


# --- what is the same in all of them ---

@pytest.fixture(scope="module")
def side_by_side(request, make_shared_device, mibs, pki):
    """Leaves are made before: making one is not for several threads at a time."""
    leaves = [pki.leaf() for _ in range(4)]
    cases = SideBySide(request, make_shared_device, mibs, pki=pki, leaves=leaves)
    yield cases
    cases.close()


def credential(leaf, *services):
    return document(leaf.chain, leaf.key, services=services)


def start(device, stubs, factory_only=False, traps=True):
    """A device with stubs that serve what it has; what each definition says is written."""
    if traps:
        device.start_trap_receiver()
        device.start_snmpd()
    device.start_agent()
    for stub in stubs:
        stub.start()
    if traps:
        wait_for(device.snmp_answers, "the agent answers over SNMP")


@contextlib.contextmanager
def running(world, fault=None, **options):
    """A device whose stub serves the first of the leaves."""
    device, old = world.make_device(), world.leaves[0]
    with StubService(device) as stub:
        (stub.dir / "extra.pem").write_text(world.pki.other_root)
        stub.define(**{**(fault.options if fault else {}), **options})
        start(device, [stub])
        device.import_document(credential(old, "stub"), "--commit")
        stub.wait_served(old.sha256())
        yield device, stub


def state_of(device):
    """The <state> of <get>, without namespaces in the way."""
    with harness.Netconf(device) as session:
        reply = session.call("<get/>")
    return reply[reply.index("<state"):]


def in_force(device, stub, generation, leaf):
    """Everywhere the same number, and the same leaf on disk and on the wire."""
    stub.wait_served(leaf.sha256())
    assert stub.chain()[:2] == chain_of(leaf)
    assert device.generation() == generation
    assert device.status()["generation"] == generation
    assert f"<generation>{generation}</generation>" in state_of(device)
    wait_for(lambda: device.get("certconfCfgGeneration.0") == str(generation), "SNMP has the generation")
    assert fingerprint((stub.place.live / "cert.pem").read_text()) == leaf.sha256()


def chain_of(leaf):
    end = "-----END CERTIFICATE-----\n"
    return [fingerprint(piece + end) for piece in leaf.chain.split(end)[:-1]]


def told_everywhere(device, result, words, verdict, state="idle"):
    """The reason, wherever somebody may look for it."""
    status, newest = device.status(), json.loads(device.cli("history", "--json").stdout)
    newest = newest["commit"] if isinstance(newest, dict) else newest
    tree = state_of(device).replace("&quot;", '"')
    seen = {
        "the command": result.stderr,
        "certconf status --json": status["last"]["error-text"],
        "certconf history": device.cli("history").stdout,
        "certconf history --json": newest[0]["error-text"],
        "NETCONF, the last action": re.search(r"<last>.*?</last>", tree, re.S)[0],
        "NETCONF, the newest commit": re.search(r"<commit>.*?</commit>", tree, re.S)[0],
        "SNMP": device.get("certconfCfgLastErrorText.0").replace('\\"', '"'),
        "the log": "\n".join(line for line in device.agent.text().splitlines() if " in force: " in line),
    }
    missing = {where: text for where, text in seen.items() if not re.search(words, " ".join(text.split()))}
    assert not missing, f"{words!r} is not told by {missing}"
    assert newest[0]["result"] == verdict and status["last"]["result"] == verdict
    assert re.search(rf"<result>{verdict}</result>", seen["NETCONF, the last action"])
    assert re.search(rf"<result>{verdict}</result>", seen["NETCONF, the newest commit"])
    assert status["configuration-state"] == state
    assert f"<configuration-state>{state}</configuration-state>" in tree
    snmp = {"rolled-back": "rolledBack", "failed": "failed"}[verdict]
    assert device.get("certconfCfgLastResult.0") == snmp
    assert device.get("certconfCfgState.0") == state


def works_again(device, stub, leaf):
    """The next commit is a good one; all notifications of commits have come, the last its own."""
    done, failed = (len(device.notifications(kind)) for kind in (COMMIT_DONE, COMMIT_FAILED))
    device.import_document(credential(leaf, "stub"), "--commit")
    in_force(device, stub, device.generation(), leaf)
    assert device.get("certconfCfgState.0") == "idle"
    wait_for(lambda: len(device.notifications(COMMIT_DONE)) > done, "it is notified")
    return len(device.notifications(COMMIT_DONE)) - done, len(device.notifications(COMMIT_FAILED)) - failed


def leftovers(device, stub):
    """Processes of the restart command that still run."""
    return [pid for pid in harness.descendants(device.agent.pid)
            if "restart" in command_line(pid) and str(stub.dir) in command_line(pid)]


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


# --- each fault ---

def commit_fails(world, fault):
    old, new, after = world.leaves[:3]
    with running(world, fault) as (device, stub):
        before, restarts = device.generation(), len(stub.restarts())
        wait_for(lambda: device.notifications(COMMIT_DONE), "the good commit is notified")
        stub.misbehave(leaf=new.sha256(), **fault.does)
        result = device.import_document(credential(new, "stub"), "--commit", check=False)
        assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
        assert f"Rolled back: generation {before} is in force, proven by probe" in result.stdout
        in_force(device, stub, before, old)
        assert stub.restarts()[restarts:] == [new.sha256(), old.sha256()]
        told_everywhere(device, result, fault.words, "rolled-back")
        assert not leftovers(device, stub)
        wait_for(lambda: device.notifications(COMMIT_FAILED), "it is notified")
        assert works_again(device, stub, after) == (1, 0)
        failed = device.notifications(COMMIT_FAILED)
        assert len(failed) == 1 and re.search(fault.words, failed[0].replace('\\"', '"')), failed


def commit_succeeds(world, fault):
    new = world.leaves[1]
    with running(world, fault) as (device, stub):
        before = device.generation()
        stub.misbehave(leaf=new.sha256(), **fault.does)
        result = device.import_document(credential(new, "stub"), "--commit", check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        assert device.generation() > before
        in_force(device, stub, device.generation(), new)
        assert len(stub.restarts()) == 2
        assert stub.pid() is not None and not device.notifications(COMMIT_FAILED)
        assert device.status()["commit"][0]["result"] == "success"


def one_fault(world, fault):
    (commit_succeeds if fault.ends == FINE else commit_fails)(world, fault)


@pytest.mark.parametrize("case", repeated([Case(fault.name, one_fault, fault)
                                           for fault in FAULTS + (LONG if RELEASE else [])], RUNS), ids=str)
def test_fault(request, side_by_side, case):
    side_by_side.result(request, case)


# --- what did not work before ---

def not_ours(world, how, words):
    """It is neither restarted nor counted, and its row says what is the matter with it."""
    new = world.leaves[1]
    with running(world) as (device, stub):
        restarts = len(stub.restarts())
        if how is None:
            stub.ask("stop")
        else:
            stub.misbehave(**how)
            stub.ask("start")
        result = device.import_document(credential(new, "stub"), "--commit", check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        assert re.search(r"stub: not running before; left alone", result.stdout), result.stdout
        assert len(stub.restarts()) == restarts, "its command was not run"
        assert (stub.pid() is None) == (how is None), "it was not started"
        row = device.service("stub")
        assert row["state"] in NOT_WORKING and re.search(words, row["last-error"]), row
        assert not device.notifications(COMMIT_FAILED)
        stub.behave()
        stub.ask("start")
        in_force(device, stub, device.generation(), new)


@pytest.mark.parametrize("case", repeated([Case(name, not_ours, *row) for name, row in BEFORE.items()], RUNS),
                         ids=str)
def test_what_did_not_work_before_fails_no_commit(request, side_by_side, case):
    side_by_side.result(request, case)


# --- faults that stay, so that the way back fails too ---

def stuck_commit(device, stub, world, fault):
    """Neither generation can be proven; returns the command's result."""
    before, new = device.generation(), world.leaves[1]
    stub.misbehave(**fault.does)
    result = device.import_document(credential(new, "stub"), "--commit", check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert "Stuck: " in result.stdout and "Rolled back" not in result.stdout
    assert device.generation() == before and device.status()["generation"] == before
    assert fingerprint((stub.place.live / "cert.pem").read_text()) == world.leaves[0].sha256()
    told_everywhere(device, result, fault.words, "failed", "stuck")
    assert "Stuck: " in device.cli("status").stdout
    assert not leftovers(device, stub)
    wait_for(lambda: device.notifications(COMMIT_FAILED), "it is notified")
    return result


def the_next_commit_mends_it(world, fault):
    """stuck, until a commit of another certificate finds the service working again."""
    with running(world, fault) as (device, stub):
        stuck_commit(device, stub, world, fault)
        stub.behave()
        works_again(device, stub, world.leaves[2])
        assert device.status()["configuration-state"] == "idle"
        assert len(device.notifications(COMMIT_FAILED)) == 1


def any_commit_mends_it(world, fault):
    """stuck, until a commit that changes nothing of the service retries it all the same."""
    with running(world, fault) as (device, stub):
        stuck_commit(device, stub, world, fault)
        stub.behave()
        device.import_document(document(trust=world.pki.root), "--commit")
        in_force(device, stub, device.generation(), world.leaves[0])
        assert device.status()["configuration-state"] == "idle"
        assert device.get("certconfCfgState.0") == "idle"


def restart_mends_it(world, fault):
    """What the command itself says: look at the service, then certconf restart."""
    with running(world, fault) as (device, stub):
        before = device.generation()
        stuck_commit(device, stub, world, fault)
        stub.behave()
        device.cli("restart")
        in_force(device, stub, before, world.leaves[0])
        assert device.status()["configuration-state"] == "idle"


def a_restart_forgets_nothing(world, fault):
    """What the daemon left broken is still its business when it is started again."""
    with running(world, fault) as (device, stub):
        stuck_commit(device, stub, world, fault)
        device.stop_agent()
        device.start_agent()
        wait_for(lambda: device.status()["configuration-state"] == "stuck", "it is still known to be stuck")
        wait_for(device.snmp_answers, "the agent answers over SNMP")
        assert device.get("certconfCfgState.0") == "stuck"
        stub.behave()
        works_again(device, stub, world.leaves[2])
        assert device.status()["configuration-state"] == "idle"


def stuck_once_more(world, fault):
    """The next commit fails as well: still stuck, still the same generation."""
    with running(world, fault) as (device, stub):
        stuck_commit(device, stub, world, fault)
        before = device.generation()
        result = device.import_document(credential(world.leaves[2], "stub"), "--commit", check=False)
        assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
        assert device.generation() == before
        assert device.status()["configuration-state"] == "stuck"
        stub.behave()
        works_again(device, stub, world.leaves[3])


def only_our_doing_is_retried(world, fault):
    """A service that was down before all of it is still nobody's business."""
    device = world.make_device()
    with StubService(device) as stub, StubService(device, "down") as down:
        stub.define()
        down.define()
        start(device, [stub])
        device.import_document(credential(world.leaves[0], "stub", "down"), "--commit")
        stuck_commit(device, stub, world, fault)
        stub.behave()
        assert works_again(device, stub, world.leaves[2]) == (1, 0)
        assert not down.restarts() and down.pid() is None


def the_wire_decides(world, fault):
    """The command fails on the way back too, but the previous certificate is served: no harm done."""
    with running(world, fault) as (device, stub):
        before = device.generation()
        stub.misbehave(**fault.does)
        result = device.import_document(credential(world.leaves[1], "stub"), "--commit", check=False)
        assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
        in_force(device, stub, before, world.leaves[0])
        told_everywhere(device, result, fault.words, "rolled-back")


def staying():
    """In the sample one of each kind."""
    by_name = {fault.name: fault for fault in FAULTS + LONG}
    gone, plain = by_name["fails to start"], by_name["answers without TLS"]
    works = by_name["works though its command fails"]
    sample = [Case("the next commit mends it", the_next_commit_mends_it, gone),
              Case("any commit mends it", any_commit_mends_it, plain),
              Case("any commit starts it", any_commit_mends_it, gone),
              Case("restart mends it", restart_mends_it, gone),
              Case("a restart forgets nothing", a_restart_forgets_nothing, gone),
              Case("only our doing is retried", only_our_doing_is_retried, gone),
              Case("stuck once more", stuck_once_more, plain),
              Case("the wire decides", the_wire_decides, works)]
    works = {STUCK: the_next_commit_mends_it, BACK: the_wire_decides}
    return sample + [Case(f"stays: {fault.name}", works[fault.stays], fault)
                     for fault in FAULTS + LONG if RELEASE and fault.stays]


@pytest.mark.parametrize("case", repeated(staying(), 3), ids=str)
def test_fault_that_stays(request, side_by_side, case):
    side_by_side.result(request, case)


# --- more than one service ---

def other_gets_its_chance(world, broken, order):
    """Whichever fails on the way back, the other is restarted and proven."""
    device = world.make_device()
    old, new, after = world.leaves[:3]
    with StubService(device, "first") as first, StubService(device, "second") as second:
        bad, good = (first, second) if broken == "first" else (second, first)
        first.define(order=order[0], deadline=4)
        second.define(order=order[1], deadline=4)
        start(device, [first, second])
        device.import_document(credential(old, "first", "second"), "--commit")
        before = device.generation()
        # both are restarted; the second of them fails the commit, and bad the way back
        last = first if order[0] > order[1] else second
        last.misbehave(leaf=new.sha256(), command=1)
        bad.misbehave(**({"serve": "plain"} if bad is not last else {"serve": "plain", "command": 1}))
        result = device.import_document(credential(new), "--commit", check=False)
        assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
        assert "Stuck: " in result.stdout
        good.wait_served(old.sha256())
        assert good.restarts() == bad.restarts() == [leaf.sha256() for leaf in (old, new, old)]
        assert device.generation() == before
        rows = {row["name"]: row for row in device.status()["service"]}
        assert rows[good.name]["state"] == "running" and rows[bad.name]["state"] in NOT_WORKING, rows
        told_everywhere(device, result, "status 1|does not answer TLS", "failed", "stuck")
        for stub in (first, second):
            stub.behave()
        device.import_document(credential(after), "--commit")
        for stub in (first, second):
            stub.wait_served(after.sha256())
        assert device.get("certconfCfgState.0") == "idle"


def first_failure_ends_the_commit(world):
    """What comes after the service that failed is not restarted, neither there nor on the way back."""
    device = world.make_device()
    old, new = world.leaves[:2]
    with StubService(device, "first") as first, StubService(device, "second") as second:
        first.define(order=1)
        second.define(order=2)
        start(device, [first, second], traps=False)
        device.import_document(credential(old, "first", "second"), "--commit")
        first.misbehave(leaf=new.sha256(), command=1)
        result = device.import_document(credential(new), "--commit", check=False)
        assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
        for stub in (first, second):
            stub.wait_served(old.sha256())
        assert len(first.restarts()) == 3 and len(second.restarts()) == 1


@pytest.mark.parametrize("case", repeated([
    Case("the first fails on the way back", other_gets_its_chance, "first", (1, 2)),
    Case("the last fails on the way back", other_gets_its_chance, "second", (1, 2)),
    Case("in the order of the definitions", other_gets_its_chance, "first", (2, 1)),
    Case("the first fails the commit", first_failure_ends_the_commit)], RUNS), ids=str)
def test_two_services(request, side_by_side, case):
    side_by_side.result(request, case)


# --- check commands ---

def checking(device, body):
    """A check command; it writes down which leaf it was given, and then does what body says."""
    script, seen = device.dir / "check", device.dir / "checked"
    script.write_text(f"#!/bin/sh\ncat {device.state}/live/services/stub/cert.pem >{seen}\n{body}\n")
    script.chmod(0o755)
    return [script], lambda: fingerprint(seen.read_text()) if seen.exists() else None


def check_fails(world, body, words):
    """Nothing was put in force, so there is nothing to go back to; nothing is restarted in any case."""
    early = checks_come_first()
    device = world.make_device()
    old, new, after = world.leaves[:3]
    with StubService(device) as stub:
        flag = device.dir / "fail"
        check, checked = checking(device, f"[ ! -e {flag} ] || {{ {body}; }}")
        stub.define(check=check, deadline=3)
        start(device, [stub])
        device.import_document(credential(old, "stub"), "--commit")
        assert checked() == old.sha256()
        before, restarts, server = device.generation(), len(stub.restarts()), stub.pid()
        inode = (device.state / "live").lstat().st_ino
        flag.touch()
        result = device.import_document(credential(new, "stub"), "--commit", check=False)
        assert result.returncode == (EXIT_FAILED if early else EXIT_ROLLED_BACK), result.stdout + result.stderr
        assert ("Rolled back: " in result.stdout) != early
        assert checked() == new.sha256(), "it was given what is staged"
        assert len(stub.restarts()) == restarts and stub.pid() == server
        assert ((device.state / "live").lstat().st_ino == inode) == early, "live does not move for a check"
        in_force(device, stub, before, old)
        told_everywhere(device, result, words, "failed" if early else "rolled-back")
        wait_for(lambda: device.notifications(COMMIT_FAILED), "it is notified")
        flag.unlink()
        assert works_again(device, stub, after) == (1, 0)
        assert len(device.notifications(COMMIT_FAILED)) == 1


@pytest.mark.parametrize("case", repeated([
    Case("its exit status", check_fails, "echo first; echo 'line 7: no such file' >&2; exit 9",
         "check command ended with status 9: line 7: no such file"),
    Case("a signal", check_fails, "kill -9 $$", "check command was killed by signal 9"),
    Case("its deadline", check_fails, "exec sleep 600", "check command did not end within 3 s")], 3), ids=str)
def test_check_that_fails(request, side_by_side, case):
    side_by_side.result(request, case)


def every_service_is_checked_before_any_is_restarted(world):
    """A check of the last service keeps the first from being restarted."""
    device = world.make_device()
    old, new = world.leaves[:2]
    with StubService(device) as first, StubService(device, "other") as other:
        flag = device.dir / "fail"
        check, _ = checking(device, f"[ ! -e {flag} ]")
        first.define(order=1)
        other.define(order=2, check=check)
        start(device, [first, other], traps=False)
        device.import_document(credential(old, "stub", "other"), "--commit")
        flag.touch()
        result = device.import_document(credential(new), "--commit", check=False)
        assert result.returncode in (EXIT_FAILED, EXIT_ROLLED_BACK), result.stdout + result.stderr
        assert len(first.restarts()) == len(other.restarts()) == 1
        for stub in (first, other):
            stub.wait_served(old.sha256())


@pytest.mark.parametrize("case", [Case("before", every_service_is_checked_before_any_is_restarted)], ids=str)
def test_order_of_checks(request, side_by_side, case):
    side_by_side.result(request, case)
