# SPDX-License-Identifier: ISC
"""Confirmed commits (RFC 6241 8.4): kept when somebody says so, and otherwise undone, whatever happens."""
import json
import os
import pwd
import threading
from datetime import datetime
from pathlib import Path

import harness
import pytest
from harness import ROOT, wait_for
from netconf import OURS, Client
from pki import document, fingerprint

EXIT_FAILED, EXIT_INVALID, EXIT_REFUSED, EXIT_ROLLED_BACK = 1, 3, 4, 5
OWN_ID = f"certconf-cli:{pwd.getpwuid(os.geteuid()).pw_name}"
CANCEL = "<cancel-commit>{}</cancel-commit>"
KEEP = f'<confirm xmlns="{OURS}">{{}}</confirm>'
BY_ID = "<persist-id>{}</persist-id>"
CLOCK_BOOTTIME = 7  # as in fdinfo of a timer
RELEASE = bool(os.environ.get("CERTCONF_RELEASE"))
PROCESSES = ["monitor", "engine", "nursery"] if RELEASE else ["engine"]
SESSIONS = 20 if RELEASE else 1  # that end while what they began waits
ANSWERS = [CANCEL, KEEP, "<commit>{}</commit>"] if RELEASE else [KEEP]


def full(test):
    """Of the full set only: otherwise there is no such test."""
    return test if RELEASE else None


def credential(leaf):
    return document(leaf.chain, leaf.key, services=["nginx"])


def commit(device, leaf, *options, check=True):
    return device.import_document(credential(leaf), "--commit", *options, check=check)


def waiting(device):
    """The confirmed commit that waits, or None."""
    return device.status().get("confirmed-commit")


def history(device):
    return json.loads(device.cli("history", "--json").stdout)["commit"]


def session(device):
    return Client(device.run / "netconf.sock")


def confirmed(client, leaf, more="<confirm-timeout>3600</confirm-timeout>"):
    """A confirmed commit of this credential by this session."""
    assert client.edit(credential(leaf)).ok
    reply = client.rpc(f"<commit><confirmed/>{more}</commit>")
    assert reply.ok, reply.text


def kill_all(device):
    """All processes at once, as when the power fails; but the device is not started anew."""
    pids = [device.agent.pid, *harness.descendants(device.agent.pid)]
    for pid in pids:
        harness.kill(pid)
    wait_for(lambda: not any(harness.alive(pid) for pid in pids), "all are gone")
    device.agent.stop()


def is_back(device, leaf):
    """The certificate is served and named by live, and nothing waits any more."""
    wait_for(lambda: waiting(device) is None and device.status()["configuration-state"] == "idle", "the way back")
    device.wait_served(leaf.sha256())
    assert fingerprint((device.state / "live/credentials/local/cert.pem").read_text()) == leaf.sha256()


@pytest.fixture
def served(web, pki):
    """A device that serves a first certificate of its own, and that certificate."""
    first = pki.leaf()
    commit(web, first)
    web.wait_served(first.sha256())
    return web, first


# --- the time ---

def test_when_the_time_is_over_it_goes_back(served, pki):
    web, first = served
    before, second = web.generation(), pki.leaf()
    result = commit(web, second, "--confirm", "2s", "--comment", "on trial")
    assert f"It goes back to generation {before} at " in result.stdout
    is_back(web, first)
    assert web.generation() == before
    newest = history(web)[0]
    assert newest["result"] == "rolled-back" and newest["comment"] == "on trial"
    assert "confirm" in newest["error-text"]


def test_confirmed_it_stays(served, pki):
    web, _ = served
    second = pki.leaf()
    commit(web, second, "--confirm", "1h")
    web.wait_served(second.sha256())
    assert web.status()["configuration-state"] == "awaiting-confirm"
    assert history(web)[0]["result"] == "need-confirm"
    assert "Awaiting confirmation until " in web.cli("status").stdout
    assert "certconf confirm keeps it, certconf cancel goes back" in web.cli("status").stdout
    assert web.cli("confirm").stdout.startswith(f"Confirmed: generation {web.generation()} is in force.")
    assert waiting(web) is None and history(web)[0]["result"] == "success"
    assert web.status()["configuration-state"] == "idle"
    web.stop_agent()
    web.start_agent()
    assert waiting(web) is None and web.served() == second.sha256()


def test_the_time_begins_when_the_commit_has_succeeded(make_device, pki):
    """Not while services are restarted, which may take longer than it."""
    device = make_device()
    script, running, let_go = harness.held_back(device)
    device.write_service(text=harness.unprobed(script))
    device.start_agent()
    thread = threading.Thread(target=lambda: commit(device, pki.leaf(), "--confirm", "60"))
    thread.start()
    wait_for(running.exists, "the restart command runs")
    assert waiting(device) is None
    released = device.status()["current-time"]
    let_go()
    thread.join(60)
    until = datetime.fromisoformat(waiting(device)["until"])
    assert (until - datetime.fromisoformat(released)).total_seconds() >= 59


def test_a_commit_that_fails_leaves_nothing_waiting(make_device, pki):
    web = make_device()
    web.write_service(text=web.nginx_service(restart=["/bin/false"]))
    web.start_agent()
    web.start_nginx()
    before, factory = web.generation(), web.served()
    result = commit(web, pki.leaf(), "--confirm", "1h", check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert waiting(web) is None and web.generation() == before and web.served() == factory
    assert web.cli("confirm", check=False).returncode == EXIT_FAILED


@pytest.mark.skipif(not ROOT, reason="only root may look at the descriptors of the engine")
def test_the_clock_is_one_nobody_can_set(served, pki):
    web, _ = served

    def text_of(path):
        try:
            return path.read_text()
        except FileNotFoundError:
            return ""  # closed meanwhile

    def clocks():
        timers = map(text_of, Path(f"/proc/{web.process('engine')[0]}/fdinfo").iterdir())
        return [int(text.partition("clockid:")[2].split()[0]) for text in timers if "clockid:" in text]

    assert CLOCK_BOOTTIME not in clocks()
    commit(web, pki.leaf(), "--confirm", "1h")
    assert clocks().count(CLOCK_BOOTTIME) == 1
    commit(web, pki.leaf(), "--confirm", "1h")
    assert clocks().count(CLOCK_BOOTTIME) == 1
    web.cli("confirm")
    assert CLOCK_BOOTTIME not in clocks()


# --- one after the other ---

def test_a_second_one_keeps_the_first_restore_point(served, pki):
    web, first = served
    before = web.generation()
    commit(web, pki.leaf(), "--confirm", "1m")
    earlier = waiting(web)
    third = pki.leaf()
    commit(web, third, "--confirm", "1h")
    web.wait_served(third.sha256())
    assert waiting(web)["restore"] == earlier["restore"] == before
    assert waiting(web)["until"] > earlier["until"]
    web.cli("cancel")
    is_back(web, first)
    assert web.generation() == before


@full
def test_as_many_as_are_kept_lose_no_restore_point(agent, pki):
    """Old generations are discarded, but not the one it goes back to."""
    first = pki.leaf()
    agent.import_document(document(first.chain, first.key), "--commit")
    before = agent.generation()
    for number in range(18):
        trust = pki.root if number % 2 else pki.other_root
        agent.import_document(document(trust=trust), "--commit", "--confirm", "1h")
    assert waiting(agent)["restore"] == before
    agent.cli("cancel")
    assert agent.generation() == before
    assert fingerprint((agent.state / "live/credentials/local/cert.pem").read_text()) == first.sha256()


@full
def test_the_candidate_of_the_second_may_be_unchanged(served, pki):
    """Only the time is begun anew."""
    web, first = served
    commit(web, pki.leaf(), "--confirm", "1m")
    earlier = waiting(web)
    web.cli("commit", "--confirm", "1h")
    assert waiting(web)["restore"] == earlier["restore"] and waiting(web)["until"] > earlier["until"]
    web.cli("commit", "--confirm", "1s")
    is_back(web, first)


def test_a_confirming_commit_commits_the_candidate_too(served, pki):
    web, _ = served
    with session(web) as client:
        confirmed(client, pki.leaf())
        third = pki.leaf()
        assert client.edit(credential(third)).ok
        assert client.commit().ok
    assert waiting(web) is None
    web.wait_served(third.sha256())


def test_what_is_invalid_confirms_nothing(served, pki):
    web, first = served
    with session(web) as client:
        confirmed(client, pki.leaf())
        assert client.edit(document(mode="outgoing"), options="<test-option>set</test-option>").ok
        assert client.commit().error("error-app-tag") == "mode-needs-trust-store"
        assert waiting(web) is not None
        assert client.rpc("<commit><confirmed/></commit>").error("error-app-tag") == "mode-needs-trust-store"
        assert waiting(web) is not None
        assert client.rpc("<discard-changes/>").ok
        assert client.rpc(CANCEL.format("")).ok
    is_back(web, first)


def test_a_confirming_commit_that_fails_goes_all_the_way_back(make_device, pki):
    """What it failed on was not confirmed: what waited waits on, or is undone; never is it kept."""
    web = make_device()
    flag = web.dir / "fail"
    reload_line = " ".join(str(part) for part in web.nginx_argv("-s", "reload"))
    web.write_service(text=web.nginx_service(
        restart=["/bin/sh", "-c", f"[ ! -e {flag} ] || {{ rm {flag}; exit 1; }}; {reload_line}"]))
    web.start_agent()
    web.start_nginx()
    first = pki.leaf()
    commit(web, first)
    with session(web) as client:
        second = pki.leaf()
        confirmed(client, second)
        assert client.edit(credential(pki.leaf())).ok
        flag.touch()
        assert client.commit().info("rolled-back", "c") == "true"
        web.wait_served(second.sha256())
        assert waiting(web) is not None, "what waited was not confirmed by what failed"
        assert client.rpc("<discard-changes/>").ok
        assert client.rpc(CANCEL.format("")).ok
    is_back(web, first)


def test_what_was_extended_is_confirmed_as_a_whole(agent, pki):
    """Then nothing in the history still waits, or can be taken for undone later."""
    agent.import_document(document(trust=pki.root), "--commit", "--confirm", "1h")
    agent.import_document(document(trust=pki.other_root), "--commit", "--confirm", "1h")
    agent.cli("confirm")
    assert [row["result"] for row in history(agent)[:2]] == ["success", "success"]
    agent.import_document(document(trust=pki.root), "--commit", "--confirm", "1h")
    agent.cli("cancel")
    assert [row["result"] for row in history(agent)[:3]] == ["rolled-back", "success", "success"]


def test_the_candidate_outlives_the_way_back(agent, pki):
    """What was prepared meanwhile is put on what is in force again."""
    leaf = pki.leaf()
    agent.import_document(document(leaf.chain, leaf.key), "--commit", "--confirm", "1h")
    agent.import_document(document(trust=pki.root))
    agent.cli("cancel")
    wait_for(lambda: agent.status()["configuration-state"] in ("staged", "invalid"), "it is put there")
    agent.cli("commit")
    assert (agent.state / "live/trust/ca.pem").exists()
    assert agent.status()["factory-in-use"] is True


# --- who may ---

def test_others_have_to_wait(served, pki):
    web, first = served
    with session(web) as client, session(web) as other:
        confirmed(client, pki.leaf())
        for reply in (other.commit(), other.edit(document(trust=pki.root), "running"),
                      other.rpc(f'<rollback xmlns="{OURS}"/>')):
            assert reply.error("error-tag") == "in-use", reply.text
        locked = other.rpc("<lock><target><running/></target></lock>")
        assert locked.error("error-tag") == "lock-denied", locked.text  # RFC 6241 7.5
        assert web.cli("commit", check=False).returncode == EXIT_REFUSED
        assert web.cli("commit", "--confirm", "1h", check=False).returncode == EXIT_REFUSED
        for operation in (CANCEL, KEEP):
            assert not other.rpc(operation.format("")).ok
            assert other.rpc(operation.format(BY_ID.format("x"))).error("error-tag") == "invalid-value"
        assert waiting(web)["persistent"] is False
        assert client.rpc(CANCEL.format("")).ok
    is_back(web, first)


@pytest.mark.parametrize("answer", ANSWERS)
def test_whoever_knows_the_id_may(served, pki, answer):
    web, first = served
    second = pki.leaf()
    with session(web) as client:
        confirmed(client, second, "<persist>a &lt; b</persist>")
    with session(web) as other:
        assert not other.rpc(answer.format("")).ok
        assert other.rpc(answer.format(BY_ID.format("a"))).error("error-tag") == "invalid-value"
        assert waiting(web)["persistent"] is True
        assert other.rpc(answer.format(BY_ID.format("a &lt; b"))).ok
    is_back(web, first if answer == CANCEL else second)


def test_exit_statuses(served, pki):
    web, _ = served
    for verb in "confirm", "cancel":
        result = web.cli(verb, check=False)
        assert result.returncode == EXIT_FAILED and "no confirmed commit waits" in result.stderr
    with session(web) as client:
        confirmed(client, pki.leaf(), "<persist>theirs</persist>")
    for verb in "confirm", "cancel":
        assert web.cli(verb, check=False).returncode == EXIT_REFUSED
        assert web.cli(verb, "--id", "mine", check=False).returncode == EXIT_INVALID
    web.cli("confirm", "--id", "theirs")
    commit(web, pki.leaf(), "--confirm", "1h")
    web.cli("cancel", "--id", OWN_ID)


# --- going back ---

def test_cancelled_it_goes_back(served, pki):
    web, first = served
    before = web.generation()
    commit(web, pki.leaf(), "--confirm", "1h")
    assert web.cli("cancel").stdout.endswith(f"Cancelled: generation {before} is in force.\n")
    assert web.served() == first.sha256(), "it is answered when that is done"
    is_back(web, first)
    assert history(web)[0]["result"] == "rolled-back"
    second = pki.leaf()
    commit(web, second)
    web.wait_served(second.sha256())


def test_the_end_of_its_session_goes_back(served, pki):
    web, first = served
    with session(web) as client:
        confirmed(client, pki.leaf())
    is_back(web, first)


def test_cancelling_after_its_session_has_ended(served, pki):
    """Nobody falls over what is gone, and the next commit is like any other."""
    web, first = served
    engine = web.process("engine")
    for _ in range(SESSIONS):
        client = session(web)
        confirmed(client, pki.leaf())
        client.socket.close()
        with session(web) as other:
            assert not other.rpc(CANCEL.format("")).ok
            assert not other.rpc(KEEP.format("")).ok
        is_back(web, first)
    assert web.process("engine") == engine
    second = pki.leaf()
    commit(web, second)
    web.wait_served(second.sha256())


@full
def test_its_session_ends_during_the_commit(make_device, pki):
    """Nobody is left who could confirm it."""
    device = make_device()
    script, running, let_go = harness.held_back(device)
    device.write_service(text=harness.unprobed("/bin/true"))
    device.start_agent()
    first = pki.leaf()
    commit(device, first)
    before = device.generation()
    device.stop_agent()
    device.write_service(text=harness.unprobed(script))
    device.start_agent()
    with session(device) as client:
        assert client.edit(credential(pki.leaf())).ok
        client.send('<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="9">'
                    "<commit><confirmed/></commit></rpc>")
        wait_for(running.exists, "the restart command runs")
    running.unlink()
    let_go()
    wait_for(running.exists, "and again, on the way back")
    let_go()
    wait_for(lambda: device.generation() == before and waiting(device) is None
             and device.status()["configuration-state"] == "idle", "it goes back")


def test_the_way_back_stops_at_no_service(make_device, pki):
    """The first one fails, the second is restarted all the same, and the failure is told."""
    device = make_device()
    flag, count = device.dir / "fail", device.dir / "count"
    device.write_service("a", harness.unprobed("/bin/sh", "-c", f"test ! -e {flag}") + "order = 1\n")
    device.write_service("b", harness.unprobed("/bin/sh", "-c", f"echo >>{count}") + "order = 2\n")
    device.start_agent()
    first, second = pki.leaf(), pki.leaf()
    device.import_document(document(first.chain, first.key, services=["a", "b"]), "--commit")
    before = device.generation()
    device.import_document(document(second.chain, second.key), "--commit", "--confirm", "1h")
    flag.touch()
    result = device.cli("cancel", check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert count.read_text().count("\n") == 3
    assert device.generation() == before and waiting(device) is None
    assert device.status()["configuration-state"] == "stuck"
    flag.unlink()
    device.cli("restart")
    assert device.status()["configuration-state"] == "idle"


# --- the daemon ends ---

@pytest.mark.parametrize("end", ["stopped", "killed"] if RELEASE else ["killed"])
def test_with_an_id_it_waits_on(served, pki, end):
    web, first = served
    second = pki.leaf()
    commit(web, second, "--confirm", "1h")
    before = waiting(web)
    if end == "killed":
        kill_all(web)
    else:
        web.stop_agent()
    web.start_agent()
    assert {**waiting(web), "until": ""} == {**before, "until": ""}
    assert abs((datetime.fromisoformat(waiting(web)["until"])
                - datetime.fromisoformat(before["until"])).total_seconds()) <= 2
    assert web.served() == second.sha256()
    if end == "killed":
        web.cli("cancel")
        is_back(web, first)
    else:
        web.cli("confirm")
        is_back(web, second)


def test_the_time_runs_while_the_daemon_does_not(served, pki):
    web, first = served
    commit(web, pki.leaf(), "--confirm", "1s")
    kill_all(web)
    web.start_agent()
    is_back(web, first)


def test_without_an_id_it_goes_back_at_the_next_start(served, pki):
    web, first = served
    with session(web) as client:
        confirmed(client, pki.leaf())
        kill_all(web)
    web.start_agent()
    is_back(web, first)


@pytest.mark.parametrize("kind", PROCESSES)
def test_kill_of_a_process(served, pki, kind):
    """With an id nothing is lost but the process."""
    web, first = served
    commit(web, pki.leaf(), "--confirm", "1h")
    pids = web.process(kind)
    for pid in pids:
        harness.kill(pid)
    wait_for(lambda: not any(harness.alive(pid) for pid in pids), f"{kind} is gone")
    wait_for(lambda: web.process(kind) and web.cli("status", check=False).returncode == 0, "all is started again")
    assert waiting(web) is not None
    web.cli("cancel")
    is_back(web, first)


@full
def test_killed_on_the_way_back(make_device, pki):
    """The next start goes on with it."""
    web = make_device()
    script, running, let_go = harness.held_back(web)
    reload_line = " ".join(str(part) for part in web.nginx_argv("-s", "reload"))
    web.write_service()
    web.start_agent()
    web.start_nginx()
    first, second = pki.leaf(), pki.leaf()
    commit(web, first)
    commit(web, second, "--confirm", "1h")
    web.stop_agent()
    script.write_text(script.read_text() + f"exec {reload_line}\n")
    web.write_service(text=web.nginx_service(restart=[script]))
    web.start_agent()
    thread = threading.Thread(target=lambda: web.cli("cancel", check=False))
    thread.start()
    wait_for(running.exists, "the restart command runs on the way back")
    kill_all(web)
    thread.join(60)
    running.unlink()
    web.write_service()
    web.start_agent()
    is_back(web, first)


# --- what is told of it ---

def test_history_tells_who_what_and_how(served, pki):
    web, _ = served
    commit(web, pki.leaf(), "--confirm", "1h", "--comment", "kept")
    web.cli("confirm")
    web.import_document(document(trust=pki.root), "--commit", "--confirm", "1h", "--comment", "undone")
    web.cli("cancel")
    with session(web) as client:
        assert client.edit(document(trust=pki.other_root)).ok
        assert client.commit("over NETCONF").ok
    web.cli("rollback")
    newest = history(web)[:4]
    who = pwd.getpwuid(os.geteuid()).pw_name
    assert [row["user"] for row in newest] == [who] * 4
    assert [row["comment"] for row in newest] == ["rollback to the generation before", "over NETCONF", "undone",
                                                  "kept"]
    assert [row["result"] for row in newest] == ["success", "success", "rolled-back", "success"]
    assert [row["origin"] for row in newest] == ["cli", "netconf", "xml-import", "xml-import"]
    assert [row["changes"] for row in newest] == ["trust store", "trust store", "trust store", "credential local"]
    text = web.cli("history").stdout
    for words in ("GENERATION", "CHANGED", "over NETCONF", "credential local"):
        assert words in text, text
