# SPDX-License-Identifier: ISC
"""The last way there is: a way back, a recovery, certconf restart.

Every service gets its chance there, what fails is remembered until it works again, and
what nobody asked for is left alone.
"""
import json
import os
import signal
import threading

import harness
import pytest
from harness import silent_server, unprobed, wait_for
from netconf import BASE, Client
from pki import document
from stub_service import StubService
from test_confirm import kill_all
from test_services import reload_definitions, reload_line

EXIT_ROLLED_BACK = 5
STUCK, STUCK_CLEAR = 15, 16
IN_TIME = "the confirmation did not come in time"


class Scripted:
    """A service without a probe; its restart command does what it was told to for each run, and else succeeds."""

    def __init__(self, device, name, order=100, then="", more=""):
        self.name, self.device = name, device
        self.count, self.plan, self.running, self.fifo, self.script = (
            device.dir / f"{name}.{what}" for what in ("count", "plan", "running", "fifo", "command"))
        os.mkfifo(self.fifo)
        self.tell()
        self.script.write_text(f"#!/bin/sh\necho >>{self.count}\nread -r now rest <{self.plan}\n{then}\n"
                               f'echo "$rest" >{self.plan}\n'
                               f'[ "$now" != hold ] || {{ now=; : >{self.running}; read -r line <{self.fifo}; }}\n'
                               'exit "${now:-0}"\n')
        self.script.chmod(0o755)
        self.definition = f"order = {order}\n{more}\n" + unprobed(self.script)
        device.write_service(name, self.definition)

    def tell(self, *statuses):
        """How its next runs end: an exit status, or hold."""
        self.plan.write_text(" ".join(map(str, statuses)) + "\n")

    def fails(self):
        self.tell(*[1] * 20)

    def works(self):
        self.tell()

    def let_go(self):
        self.fifo.write_text("\n")

    def restarts(self):
        return self.count.read_text().count("\n") if self.count.exists() else 0


def credential(leaf, *services):
    return document(leaf.chain, leaf.key, services=services)


def commit(device, leaf, *options, services=(), check=True):
    return device.import_document(credential(leaf, *services), "--commit", *options, check=check)


def commit_elsewhere(device, pki):
    """A commit that changes nothing of any service."""
    leaf = pki.leaf()
    device.import_document(document(leaf.chain, leaf.key, name=f"unused{pki.number}"), "--commit")


def rolls_back(device, leaf, stuck):
    result = commit(device, leaf, check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert ("Stuck: " in result.stdout) == stuck and ("Rolled back: " in result.stdout) != stuck, result.stdout
    return result


def config_state(device):
    return device.status()["configuration-state"]


def pending(device):
    """Names of the services that wait for a restart."""
    status = device.status()
    names = [row["name"] for row in status["service"] if row["restart-pending"]]
    assert status["restart-pending"] == bool(names)
    return names


def newest(device):
    return json.loads(device.cli("history", "--json").stdout)["commit"][0]


def each(services):
    return [service.restarts() for service in services]


@pytest.fixture
def three(make_device, pki):
    """A device with services a, b and c, each restarted once."""
    device = make_device()
    services = [Scripted(device, name) for name in "abc"]
    device.start_agent()
    commit(device, pki.leaf(), services="abc")
    return device, *services


# --- a recovery, and certconf restart ---

def test_a_recovery_stops_at_no_service(three, pki):
    """What it could not bring back is remembered, also over the next start."""
    device, a, b, c = three
    c.tell("hold")
    thread = threading.Thread(target=lambda: commit(device, pki.leaf(), check=False))
    thread.start()
    wait_for(c.running.exists, "the last one is being restarted")
    kill_all(device)
    thread.join(60)
    c.works()
    a.fails()
    device.start_agent()
    wait_for(lambda: config_state(device) == "stuck", "the recovery is over")
    assert each((a, b, c)) == [3, 3, 3]
    assert pending(device) == ["a"]
    assert newest(device)["result"] == "failed"
    assert newest(device)["error-text"].startswith("a: restart command ended with status 1")
    device.stop_agent()
    device.start_agent()
    assert config_state(device) == "stuck" and pending(device) == ["a"]
    a.works()
    commit_elsewhere(device, pki)
    assert each((a, b, c)) == [4, 3, 3], "only what was lost is restarted"
    assert config_state(device) == "idle" and pending(device) == []


def test_restart_stops_at_no_service(three):
    device, a, b, c = three
    a.fails()
    assert device.cli("restart", check=False).returncode != 0
    assert each((a, b, c)) == [2, 2, 2]
    assert pending(device) == ["a"] and config_state(device) == "stuck"
    a.works()
    device.cli("restart")
    assert each((a, b, c)) == [3, 3, 3]
    assert pending(device) == [] and config_state(device) == "idle"


def test_what_restart_left_dead_is_started_by_the_next_commit(make_device, pki):
    """That it is down is our doing: it is not left alone."""
    device, old, new = make_device(), pki.leaf(), pki.leaf()
    with StubService(device) as stub:
        stub.define(deadline=3)
        device.start_agent()
        stub.start()
        commit(device, old, services=["stub"])
        commit(device, new, "--defer-restart")
        stub.misbehave(restart="stop", command=1)
        assert device.cli("restart", check=False).returncode != 0
        assert stub.pid() is None and pending(device) == ["stub"]
        stub.behave()
        commit_elsewhere(device, pki)
        stub.wait_served(new.sha256())
        assert pending(device) == [] and config_state(device) == "idle"


# --- the way back ---

def test_a_way_back_that_fails_twice(make_device, pki):
    """One fails by its exit status, the next is asked all the same: both are remembered."""
    device = make_device()
    old, new = pki.leaf(), pki.leaf()
    first, last = Scripted(device, "first", 1), Scripted(device, "last", 3)
    with StubService(device) as stub:
        stub.define(order=2, deadline=3)
        device.start_agent()
        stub.start()
        commit(device, old, services=["first", "stub", "last"])
        first.tell(0, 1)
        last.tell(1)
        stub.misbehave(leaf=old.sha256(), restart="nothing", command=1)
        result = rolls_back(device, new, stuck=True)
        assert "serves another certificate than the committed one" in result.stdout + result.stderr
        assert stub.served() == new.sha256()
        assert pending(device) == ["first", "stub"] and config_state(device) == "stuck"
        stub.behave()
        commit_elsewhere(device, pki)
        stub.wait_served(old.sha256())
        assert first.restarts() == 4 and last.restarts() == 3
        assert pending(device) == [] and config_state(device) == "idle"


def test_a_probe_proves_nothing_where_the_certificate_stays(make_device, pki):
    """Only the mode changes: the same leaf is served whether nginx has heard of it or not."""
    web, leaf = make_device(), pki.leaf()
    script = Scripted(web, "nginx", then=f'[ "$now" != "" ] && [ "$now" != 0 ] || {reload_line(web)[len("exec "):]}')
    modes = dict.fromkeys(harness.MODES, "") | {"outgoing": "add_header X-Mode outgoing;"}
    web.write_service(text=web.nginx_service(restart=[script.script], variants=modes))
    other = Scripted(web, "other", 200, more='variant none { config = "" }\nvariant outgoing { config = "x" }\n'
                                             'variant outgoing-and-incoming { config = "" }')
    web.start_agent()
    web.start_nginx()
    web.import_document(document(leaf.chain, leaf.key, trust=pki.root, services=["nginx", "other"]), "--commit")
    script.tell(0, 1)
    other.tell(1)
    before = script.restarts(), other.restarts()
    result = web.cli("set", "verification-mode", "outgoing", "--commit", check=False)
    assert result.returncode == EXIT_ROLLED_BACK and "Stuck: " in result.stdout, result.stdout + result.stderr
    assert (script.restarts() - before[0], other.restarts() - before[1]) == (2, 2)
    assert web.served() == leaf.sha256()
    assert pending(web) == ["nginx"] and config_state(web) == "stuck"
    commit_elsewhere(web, pki)
    assert script.restarts() - before[0] == 3
    assert pending(web) == [] and config_state(web) == "idle"


def test_stuck_lasts_while_anything_is_lost(make_device, mibs, pki):
    """A commit that fails elsewhere and rolls back well, or restarts nothing, does not end it."""
    device = make_device(mibs)
    device.start_trap_receiver()
    device.start_snmpd()
    before, lost = Scripted(device, "before", 1), Scripted(device, "lost", 2)
    device.start_agent()
    wait_for(device.snmp_answers, "the agent answers over SNMP")
    commit(device, pki.leaf(), services=["before", "lost"])
    lost.fails()
    rolls_back(device, pki.leaf(), stuck=True)
    before.tell(1)
    assert commit(device, pki.leaf(), check=False).returncode == EXIT_ROLLED_BACK
    assert (before.restarts(), lost.restarts()) == (5, 3), "it did not come to the one that is lost"
    assert config_state(device) == "stuck" and pending(device) == ["lost"]
    commit(device, pki.leaf(), "--defer-restart")
    assert config_state(device) == "stuck" and pending(device) == ["before", "lost"]
    lost.works()
    commit_elsewhere(device, pki)
    assert (before.restarts(), lost.restarts()) == (6, 4)
    assert config_state(device) == "idle" and pending(device) == []
    wait_for(lambda: device.notifications(STUCK_CLEAR), "its end is notified")
    assert len(device.notifications(STUCK)) == len(device.notifications(STUCK_CLEAR)) == 1


# --- the way back from a trial ---

def test_what_was_stopped_before_a_trial_stays_so(make_device, pki):
    device, old = make_device(), pki.leaf()
    with StubService(device) as stub:
        stub.define()
        device.start_agent()
        stub.start()
        commit(device, old, services=["stub"])
        stub.ask("stop")
        before, restarts = device.generation(), stub.restarts()
        result = commit(device, pki.leaf(), "--confirm", "1s")
        assert "stub: not running before; left alone" in result.stdout, result.stdout
        wait_for(lambda: device.generation() == before and config_state(device) != "awaiting-confirm"
                 and newest(device)["result"] == "rolled-back", "the way back")
        assert config_state(device) == "idle" and pending(device) == []
        assert stub.restarts() == restarts and stub.pid() is None


def test_the_end_of_a_trial_is_told_as_that(make_device, pki):
    """Not as what a command said of itself on the way back, when the wire knows better."""
    device, old = make_device(), pki.leaf()
    with StubService(device) as stub:
        stub.define()
        device.start_agent()
        stub.start()
        commit(device, old, services=["stub"])
        stub.misbehave(leaf=old.sha256(), command=1)
        commit(device, pki.leaf(), "--confirm", "1s")
        wait_for(lambda: newest(device)["result"] == "rolled-back", "the way back")
        stub.wait_served(old.sha256())
        assert newest(device)["error-text"] == IN_TIME
        last = device.status()["last"]
        assert (last["action"], last["result"], last["error"]) == ("rollback", "rolled-back", "confirm-timeout")
        assert config_state(device) == "idle" and pending(device) == []
        stub.behave()
        commit(device, pki.leaf(), "--confirm", "1h")
        device.cli("cancel")
        assert device.status()["last"]["result"] == "success"
        assert newest(device)["result"] == "rolled-back"


def test_a_session_that_ends_while_its_trial_waits_for_its_turn(make_device, pki):
    """Its lock and its candidate end with it, but not the key of what is being committed."""
    device, first, second = make_device(), pki.leaf(), pki.leaf()
    service = Scripted(device, "a")
    device.start_agent(**{"restart-interval": 4})
    commit(device, first, services=["a"])
    before = device.generation()
    with Client(device.run / "netconf.sock") as client:
        assert client.rpc("<lock><target><candidate/></target></lock>").ok
        assert client.edit(credential(second)).ok
        client.send(f'<rpc xmlns="{BASE}" message-id="9"><commit><confirmed/>'
                    "<confirm-timeout>3600</confirm-timeout></commit></rpc>")
        wait_for(lambda: "waits" in device.agent.text(), "the restart has to wait")
        # one whose client has closed waits for the answer; its end is seen at once
        for pid in device.process("session"):
            harness.kill(pid)
        wait_for(lambda: "was ended by signal 9" in device.agent.text(), "the session has ended")
    wait_for(lambda: len(device.status()["commit"]) > 2 and config_state(device) == "idle", "it has ended")
    assert newest(device)["result"] == "rolled-back"
    assert newest(device)["error-text"] == "the session that had to confirm it ended"
    assert device.generation() == before and service.restarts() == 3
    assert "not held" not in device.agent.text()


def test_what_a_trial_enabled_waits_for_nothing_after_it(make_device, pki):
    device = make_device()
    service = Scripted(device, "a")
    device.start_agent()
    commit(device, pki.leaf())
    device.import_document(document(services=["a"]), "--commit", "--defer-restart", "--confirm", "1s")
    assert "services wait for a restart" in device.agent.text()
    wait_for(lambda: newest(device)["result"] == "rolled-back", "the way back")
    assert pending(device) == [] and service.restarts() == 0


# --- what is deferred ---

def test_deferred_there_and_back_it_still_waits(make_device, pki):
    """The certificate is the served one again, but not the trust store."""
    web, first, second = make_device(), pki.leaf(), pki.leaf()
    web.write_service(text=web.nginx_service(interval=1) + 'files = { separate, ca }\n')
    web.start_agent()
    web.start_nginx()
    web.import_document(document(first.chain, first.key, trust=pki.root, services=["nginx"]), "--commit")
    for text in (document(trust=pki.other_root), credential(second), credential(first)):
        web.import_document(text, "--commit", "--defer-restart")
        assert pending(web) == ["nginx"]
    probed = set()
    wait_for(lambda: probed.add(web.service().get("last-probe")) or len(probed) > 2, "it is asked again")
    assert web.service()["in-sync"] == "in-sync" and pending(web) == ["nginx"]
    web.cli("restart")
    assert pending(web) == []


# --- between commits ---

def test_a_service_that_falls_silent_is_told_once(make_device, pki):
    web = make_device()
    web.write_service(text=web.nginx_service(interval=1))
    web.start_agent()
    web.start_nginx()
    commit(web, pki.leaf(), services=["nginx"])
    web.nginx.stop()
    wait_for(lambda: web.service()["state"] == "stopped", "it is seen that nginx is gone")
    with silent_server(web.https_port) as accepted:
        wait_for(lambda: "nginx: out of sync" in web.agent.text(), "it is told", 60)
        assert web.service()["state"] == "failed" and len(accepted) >= 3
        before = len(accepted)
        wait_for(lambda: len(accepted) > before + 1, "it is asked once more, to the end")
    assert web.agent.text().count("nginx: out of sync") == 1


# --- definitions ---

def test_definitions_change_during_restart(three):
    """It ends with the ones it began with; then the new ones hold."""
    device, a, b, c = three
    a.tell("hold")
    results = []
    thread = threading.Thread(target=lambda: results.append(device.cli("restart", check=False)))
    thread.start()
    wait_for(a.running.exists, "the first one is being restarted")
    new = Scripted(device, "new")
    device.write_service("b", new.definition)
    device.write_service("aa", c.definition)
    os.kill(device.agent.pid, signal.SIGHUP)
    device.cli("status")  # answered after the signal was: sessions come from the same process
    names = [row["name"] for row in device.status()["service"]]
    a.let_go()
    thread.join(60)
    assert names == ["a", "b", "c"]
    assert results and results[0].returncode == 0, results
    assert each((a, b, c, new)) == [2, 2, 2, 0]
    wait_for(lambda: len(device.status()["service"]) == 5, "the new definitions hold")
    device.cli("restart")
    assert each((a, b, c, new)) == [3, 2, 3, 1]


def test_a_definition_that_is_back_is_like_new(three):
    device, a, _, _ = three
    path = device.services / "a.conf"
    path.unlink()
    reload_definitions(device)
    wait_for(lambda: "definition" in device.service("a").get("last-error", ""), "it is told that it is gone")
    device.write_service("a", a.definition)
    reload_definitions(device)
    wait_for(lambda: "last-error" not in device.service("a"), "it is not told any more")
    assert device.service("a")["state"] == "unknown"
    device.cli("restart")
    assert a.restarts() == 2
