# SPDX-License-Identifier: ISC
"""The daemon killed at each step of a commit with a real nginx: it comes back to what can be proven.

./check kills everything at once, as a power cut does; with CERTCONF_RELEASE in the environment
also the monitor or the engine alone, whose supervisor goes on, and each several times.
"""
import json
import os
import re
import shutil
import signal
import threading
from dataclasses import dataclass

import harness
import pytest
from harness import silent_server, unprobed, wait_for
from pki import document
from side_by_side import RELEASE, Case, SideBySide, repeated
from stub_service import checks_come_first
from test_crash import consistent

RUNS = 3
KINDS = ("everything", "monitor", "engine") if RELEASE else ("everything",)
FOR_EVER = 600
HANDSHAKE = "while waiting for request"  # what nginx says when a probe has seen enough


class Hold:
    """A command that waits to be killed, as often as it is told to."""

    def __init__(self, device, name, before="", after=""):
        self.flag, self.running = device.dir / f"{name}.hold", device.dir / f"{name}.running"
        fifo = device.dir / f"{name}.fifo"
        os.mkfifo(fifo)
        self.script = device.dir / name
        self.script.write_text(f"#!/bin/sh\n{before}\n"
                               f"[ ! -e {self.flag} ] || {{ echo $$ >{self.running}; read -r line <{fifo}; }}\n"
                               f"{after}\n")
        self.script.chmod(0o755)

    def pid(self):
        """The process that waits; None when none has yet."""
        text = self.running.read_text() if self.running.exists() else ""
        return int(text) if text.endswith("\n") else None


class Steps:
    """What a second session is told of a commit."""

    def __init__(self, device):
        self.session = harness.Netconf(device)
        self.session.ok('<create-subscription xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"/>')

    def wait(self, step, back=False):
        """Until this step is told of."""
        while True:
            for told in re.findall(r"<commit-step.*?</commit-step>", self.session.receive(), re.S):
                if f"<step>{step}</step>" in told and ("<rolling-back>true" in told) == back:
                    return


def reload_line(device):
    return " ".join(str(part) for part in device.nginx_argv("-s", "reload"))


def definition(device, restart=None, check=None, **options):
    text = device.nginx_service(restart=restart)
    for name, value in options.items():
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
    return (f'check = {{ "{check}" }}\n' if check else "") + text


# --- how a commit is kept at a step; each yields when it is there ---

def in_survey(device, commit):
    """A second service takes connections and says nothing: it is given three seconds."""
    port = harness.free_port()
    with silent_server(port) as accepted:
        device.write_service("silent", device.nginx_service(restart=["/bin/true"]).replace(
            f":{device.https_port}", f":{port}"))
        hang_up(device)
        device.import_document(document(services=["silent"]), "--commit")
        accepted.clear()
        commit()
        wait_for(lambda: accepted and device.status()["configuration-state"] == "committing",
                 "the silent service is asked")
        yield


def in_check(device, commit):
    hold = Hold(device, "check")
    yield from held(device, commit, hold, definition(device, check=hold.script))


def in_turn(device, commit):
    """nginx was restarted a moment ago."""
    steps = Steps(device)
    commit()
    steps.wait("survey")
    yield


def before_restart(device, commit):
    """What is new is active, and another service's restart comes first."""
    hold = Hold(device, "other")
    device.write_service("other", "order = 1\n" + unprobed(hold.script).replace("= 5", f"= {FOR_EVER}"))
    hang_up(device)
    device.import_document(document(services=["other"]), "--commit")
    hold.flag.touch()
    commit()
    wait_for(hold.pid, "the other one is restarted")
    assert device.status()["configuration-state"] == "committing"
    hold.flag.unlink()
    yield


def in_restart(device, commit):
    hold = Hold(device, "restart", after=reload_line(device))
    yield from held(device, commit, hold, definition(device, restart=[hold.script]))


def after_reload(device, commit):
    """The command has done its work, and has not ended."""
    hold = Hold(device, "restart", before=reload_line(device))
    yield from held(device, commit, hold, definition(device, restart=[hold.script]))


def in_probe(device, commit):
    """nginx never hears of the new certificate."""
    redefine(device, definition(device, restart=["/bin/true"], deadline=FOR_EVER))
    steps = Steps(device)
    commit()
    steps.wait("restart")
    yield


def in_settle(device, commit):
    """It serves the new certificate, and has answered as often as it must."""
    redefine(device, definition(device, settle=FOR_EVER))
    log = device.dir / "nginx" / "error.log"
    before = log.read_text().count(HANDSHAKE)
    commit()
    wait_for(lambda: log.read_text().count(HANDSHAKE) >= before + 4, "asked before it, and three times after")
    yield


def in_restart_back(device, commit):
    """The new generation's restart fails, the previous one's waits."""
    first = device.dir / "first"
    first.touch()
    hold = Hold(device, "restart", before=f"[ ! -e {first} ] || {{ rm {first}; exit 1; }}",
                after=reload_line(device))
    yield from held(device, commit, hold, definition(device, restart=[hold.script]))


def in_settle_back(device, commit):
    """Nothing was restarted, and the way back takes its time to be sure of it."""
    redefine(device, definition(device, restart=["/bin/false"], settle=FOR_EVER))
    steps = Steps(device)
    commit()
    steps.wait("restart", back=True)
    yield


def after_the_end(device, commit):
    """As soon as it was promised."""
    commit().join(60)
    yield


def held(device, commit, hold, text):
    redefine(device, text)
    hold.flag.touch()
    commit()
    pid = wait_for(hold.pid, "the command waits")
    hold.flag.unlink()
    yield
    wait_for(lambda: not harness.alive(pid), "the command has ended with whoever ran it")


@dataclass(frozen=True)
class Moment:
    """A row: how a commit is kept there, what the history says then, and the daemon's interval."""
    name: str
    keep: object
    record: str = "rolled-back"
    interval: int = 0


MOMENTS = [
    Moment("survey", in_survey, None),
    Moment("check", in_check, None if checks_come_first() else "rolled-back"),
    Moment("turn", in_turn, None, FOR_EVER),
    Moment("activated", before_restart),
    Moment("restart", in_restart),
    Moment("restarted", after_reload),
    Moment("probe", in_probe),
    Moment("settle", in_settle),
    Moment("restart of the way back", in_restart_back),
    Moment("probe of the way back", in_settle_back),
    Moment("the end", after_the_end, "success"),
]


# --- the test ---

@pytest.fixture(scope="module")
def side_by_side(request, make_shared_device, pki):
    if shutil.which("nginx") is None and shutil.which("/usr/sbin/nginx") is None:
        pytest.skip("nginx is not installed")
    cases = SideBySide(request, make_shared_device, None, leaves=[pki.leaf() for _ in range(3)])
    yield cases
    cases.close()


def redefine(device, text):
    device.write_service(text=text)
    hang_up(device)


def hang_up(device):
    """SIGHUP, until the daemon says that it has read the definitions."""
    before = device.agent.text().count("definitions read again")
    os.kill(device.agent.pid, signal.SIGHUP)
    wait_for(lambda: device.agent.text().count("definitions read again") > before, "definitions read again")


def kill(device, kind):
    """kill -9; what the supervisor does not start again is started by hand."""
    pids = ([device.agent.pid, *harness.descendants(device.agent.pid)] if kind == "everything"
            else device.process(kind))
    for pid in pids:
        harness.kill(pid)
    wait_for(lambda: not any(harness.alive(pid) for pid in pids), f"{kind} is gone")
    if kind == "everything":
        device.agent.stop()
        device.start_agent(**{"restart-interval": 0})
    else:
        wait_for(lambda: device.process(kind) and device.cli("status", check=False).returncode == 0,
                 f"{kind} is started again")


def whole(leaf):
    return document(leaf.chain, leaf.key, services=["nginx"])


def killed(world, moment, kind):
    device = world.make_device()
    old, new, after = world.leaves
    device.write_service()
    device.start_agent(**{"restart-interval": moment.interval})
    device.start_nginx()
    device.import_document(whole(old), "--commit")
    threads = []

    def commit():
        threads.append(threading.Thread(
            target=lambda: device.import_document(whole(new), "--commit", check=False)))
        threads[-1].start()
        return threads[-1]

    for _ in moment.keep(device, commit):
        before = device.status()["generation"]
        device.write_service()
        kill(device, kind)
    for thread in threads:
        thread.join(60)
    proven(device, moment, before, new if moment.record == "success" else old)
    wait_for(lambda: device.import_document(whole(after), "--commit", check=False).returncode == 0,
             "the next commit works")
    device.wait_served(after.sha256())
    assert consistent(device) == after.sha256()


def proven(device, moment, generation, leaf):
    """One generation everywhere: on disk, on the wire, in what is told."""
    wait_for(lambda: device.status()["configuration-state"] == "idle", "it has recovered")
    assert device.generation() == device.status()["generation"] == generation
    assert consistent(device) == leaf.sha256()
    device.wait_served(leaf.sha256())
    assert device.service()["served-fingerprint"] == leaf.sha256()
    newest = json.loads(device.cli("history", "--json").stdout)
    newest = (newest["commit"] if isinstance(newest, dict) else newest)[0]
    if moment.record == "rolled-back":
        assert newest["result"] == "rolled-back" and newest["generation"] > generation, newest
        assert "cut off by a restart" in newest["error-text"]
    else:
        assert newest["result"] == "success" and newest["generation"] == generation, newest
    kept = {int(path.name) for path in (device.state / "generations").iterdir()}
    assert max(kept) <= newest["generation"], "what was only staged is removed"
    assert not (device.state / "state" / "journal").exists()


@pytest.mark.parametrize("case", repeated([
    Case(moment.name if kind == "everything" else f"{moment.name}, {kind}", killed, moment, kind)
    for moment in MOMENTS for kind in KINDS
    if moment.interval == 0 or kind == "everything"], RUNS), ids=str)
def test_killed_in(request, side_by_side, case):
    """The configuration file is read once by the supervisor, so an interval outlives all but it."""
    side_by_side.result(request, case)
