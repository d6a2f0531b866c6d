# SPDX-License-Identifier: ISC
"""Processes that are killed, at any moment: the old or the new configuration, never a mixture."""
import json
import os
import signal
import stat
import threading

import harness
import pki as pki_module
import pytest
from harness import wait_for
from pki import document


def whole(leaf, pki, mode="outgoing"):
    return document(leaf.chain, leaf.key, None, pki.root, mode, ["nginx"])


def consistent(device):
    """What live names is complete and belongs together; returns the leaf's fingerprint."""
    live = device.state / "live"
    local = live / "credentials/local"
    cert, key = (local / "fullchain.pem").read_bytes(), (local / "privkey.pem").read_bytes()
    assert pki_module.openssl("x509", "-noout", "-pubkey", data=cert) == pki_module.openssl(
        "pkey", "-pubout", data=key), "the key belongs to the certificate"
    assert (live / "manifest").exists() and (live / "config.xml").exists()
    return pki_module.fingerprint(cert.decode())


def answers(device):
    return device.cli("status", check=False).returncode == 0


@pytest.mark.parametrize("kind", ["monitor", "engine", "nursery"])
def test_kill_of_a_process(web, pki, kind):
    leaf = pki.leaf()
    web.import_document(whole(leaf, pki), "--commit")
    pids = web.process(kind)
    assert pids, [harness.title(pid) for pid in harness.descendants(web.agent.pid)]
    for pid in pids:
        harness.kill(pid)
    wait_for(lambda: not any(harness.alive(pid) for pid in pids), f"{kind} is gone")
    wait_for(lambda: web.process(kind) and answers(web), "everything is started again")
    assert consistent(web) == leaf.sha256()
    web.wait_served(leaf.sha256())
    renewed = pki.leaf()
    web.import_document(whole(renewed, pki), "--commit")
    web.wait_served(renewed.sha256())


def test_kill_of_the_snmp_process(device):
    pids = device.process("snmp")
    assert pids, [harness.title(pid) for pid in harness.descendants(device.agent.pid)]
    for pid in pids:
        harness.kill(pid)
    wait_for(lambda: not any(harness.alive(pid) for pid in pids), "it is gone")
    wait_for(lambda: device.process("snmp"), "it is started again")
    wait_for(device.snmp_answers, "SNMP answers again")


def test_kill_of_everything(web, pki):
    leaf = pki.leaf()
    web.import_document(whole(leaf, pki), "--commit")
    pids = [web.agent.pid, *harness.descendants(web.agent.pid)]
    for pid in pids:
        harness.kill(pid)
    wait_for(lambda: not any(harness.alive(pid) for pid in pids), "all are gone")
    web.agent.stop()
    web.start_agent()
    assert consistent(web) == leaf.sha256()
    web.wait_served(leaf.sha256())


def test_no_process_is_left_when_the_supervisor_is_killed(agent):
    below = harness.descendants(agent.agent.pid)
    assert len(below) >= 3
    harness.kill(agent.agent.pid)
    wait_for(lambda: not any(harness.alive(pid) for pid in below), "all are gone")


def test_terminate_ends_all(agent):
    below = harness.descendants(agent.agent.pid)
    agent.stop_agent()
    assert not [pid for pid in below if harness.alive(pid)]


def slow_restart(device):
    """A restart command that tells when it runs, and waits to be let go."""
    fifo, running = device.dir / "go", device.dir / "running"
    os.mkfifo(fifo)
    script = device.dir / "restart"
    script.write_text(f"#!/bin/sh\n: >{running}\nread -r line <{fifo}\nexec "
                      + " ".join(str(part) for part in device.nginx_argv("-s", "reload")) + "\n")
    script.chmod(0o755)
    return script, running


def test_power_cut_in_the_middle_of_a_commit(make_device, pki):
    """Killed while a service restarts: at the next start the previous generation wins."""
    web = make_device()
    script, running = slow_restart(web)
    web.write_service()
    web.start_agent()
    web.start_nginx()
    good = pki.leaf()
    web.import_document(whole(good, pki), "--commit")
    before = web.generation()
    web.write_service(text=web.nginx_service(restart=[script]))
    os.kill(web.agent.pid, signal.SIGHUP)
    bad = pki.leaf()

    def commit():
        web.import_document(whole(bad, pki), "--commit", check=False)

    thread = threading.Thread(target=commit)
    thread.start()
    wait_for(running.exists, "the restart command runs")
    assert consistent(web) == bad.sha256(), "the new generation is active while services restart"
    pids = [web.agent.pid, *harness.descendants(web.agent.pid)]
    for pid in pids:
        harness.kill(pid)
    thread.join(60)
    web.agent.stop()
    web.write_service()
    web.start_agent()
    assert consistent(web) == good.sha256()
    assert web.generation() == before
    wait_for(lambda: web.served() == good.sha256(), "nginx serves the previous certificate")


@pytest.mark.parametrize("moment", range(12))
def test_kill_at_any_moment_of_a_commit(web, pki, moment):
    """Killed some milliseconds into a commit: whole, old or new, and usable."""
    old, new = pki.leaf(), pki.leaf()
    web.import_document(whole(old, pki), "--commit")
    thread = threading.Thread(target=lambda: web.import_document(whole(new, pki), "--commit", check=False))
    thread.start()
    thread.join(0.012 * moment)
    pids = [web.agent.pid, *harness.descendants(web.agent.pid)]
    for pid in pids:
        harness.kill(pid)
    thread.join(60)
    web.agent.stop()
    web.start_agent()
    found = consistent(web)
    assert found in (old.sha256(), new.sha256())
    wait_for(lambda: json.loads(web.cli("status", "--json").stdout)["configuration-state"] == "idle",
             "the way back is over")
    third = pki.leaf()
    # busy while the commit that was cut off is put back
    wait_for(lambda: web.import_document(whole(third, pki), "--commit", check=False).returncode == 0,
             "the next commit works")
    assert consistent(web) == third.sha256()
    web.wait_served(third.sha256())


def test_leftovers_are_removed_at_start(agent):
    junk = agent.state / "generations" / "999"
    agent.stop_agent()
    junk.mkdir()
    (junk / "config.xml").write_text("cut off")
    agent.start_agent()
    assert not junk.exists()


def test_a_missing_snapshot_is_rebuilt(agent, pki):
    leaf = pki.leaf()
    agent.import_document(document(leaf.chain, leaf.key), "--commit")
    agent.stop_agent()
    (agent.state / "live" / "snapshot").unlink()
    agent.start_agent()
    assert consistent(agent) == leaf.sha256()


def test_nothing_is_readable_that_should_not_be(agent, pki):
    leaf = pki.leaf()
    agent.import_document(document(leaf.chain, leaf.key), "--commit")
    for path in harness.walk(agent.state):
        if path.name != "privkey.pem":
            continue
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
