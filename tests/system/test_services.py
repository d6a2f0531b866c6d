# SPDX-License-Identifier: ISC
"""Services: without a probe, watched between commits, and defined anew while something is under way."""
import os
import re
import signal
import threading
import time

import harness
import pytest
from harness import held_back, silent_server, unprobed, wait_for
from pki import document

EXIT_ROLLED_BACK = 5


def credential(pki, leaf=None):
    leaf = leaf or pki.leaf()
    return document(leaf.chain, leaf.key, services=["nginx"])


def reload_definitions(device):
    """SIGHUP, until the daemon says that it has read them."""
    before = device.agent.text().count("definitions read again")
    os.kill(device.agent.pid, signal.SIGHUP)
    wait_for(lambda: device.agent.text().count("definitions read again") > before, "definitions read again")


def counting(device, name="restart", then="exec true"):
    """A restart command that keeps count; and the function that tells it."""
    count, script = device.dir / f"{name}.count", device.dir / name
    script.write_text(f"#!/bin/sh\necho >>{count}\n{then}\n")
    script.chmod(0o755)
    return script, lambda: count.read_text().count("\n") if count.exists() else 0


def reload_line(device):
    return "exec " + " ".join(str(part) for part in device.nginx_argv("-s", "reload"))


# --- without a probe ---

def test_without_a_probe_the_exit_status_decides(make_device, pki):
    device = make_device()
    good, restarts = counting(device)
    device.write_service(text=unprobed(good))
    device.start_agent()
    device.import_document(credential(pki), "--commit")
    row = device.service()
    assert restarts() == 1
    assert row["state"] == "unknown", "nobody looked, and it does not restart any more"
    assert row["last-result"] == "success" and row["restarts"] == 1
    before = device.generation()
    device.write_service(text=unprobed("/bin/false"))
    reload_definitions(device)
    result = device.import_document(credential(pki), "--commit", check=False)
    # the way back cannot be proven either: its restart fails too
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert device.generation() == before
    row = device.service()
    assert row["state"] == "failed" and row["last-result"] == "failed"
    assert "status 1" in row["last-error"]


def test_a_probe_later(make_device, pki):
    """The service's own state is told as soon as somebody can look."""
    device = make_device()
    whole = device.nginx_service(restart=["/bin/true"], interval=1)
    device.write_service(text=re.sub(r"(?m)^probe .*\n", "", whole))
    device.start_agent()
    device.import_document(credential(pki), "--commit")
    device.write_service(text=whole)
    reload_definitions(device)
    wait_for(lambda: device.service()["state"] == "stopped", "the probe finds nobody")
    device.start_nginx()
    wait_for(lambda: device.service()["state"] == "running", "the probe finds it")


# --- watched ---

def test_enabled_later_it_is_watched(make_device, pki):
    """A service enabled after the start is asked at its interval, and what changes is seen."""
    web = make_device()
    web.write_service(text=web.nginx_service(interval=1))
    web.start_agent()
    web.start_nginx()
    assert web.service()["state"] == "unknown"
    leaf = pki.leaf()
    web.import_document(credential(pki, leaf), "--commit")
    assert web.service()["state"] == "running"
    assert web.service()["served-fingerprint"] == leaf.sha256()
    web.nginx.stop()
    wait_for(lambda: web.service()["state"] == "stopped", "it is seen that nginx is gone", 5)
    web.start_nginx()
    wait_for(lambda: web.service()["state"] == "running", "it is seen that nginx is back", 5)
    assert web.service()["in-sync"] == "in-sync"
    first = web.service()["last-probe"]
    wait_for(lambda: web.service()["last-probe"] > first, "it is asked again though nothing changes", 5)


def test_disabled_it_is_not_watched(make_device, pki):
    web = make_device()
    web.write_service(text=web.nginx_service(interval=1) + 'stop = { "/bin/true" }\n')
    web.start_agent()
    web.start_nginx()
    web.import_document(credential(pki), "--commit")
    web.cli("set", "service", "nginx", "disabled", "--commit")
    web.nginx.stop()
    with silent_server(web.https_port) as accepted:
        # a second service is watched meanwhile: two of its probes are more than one interval
        web.write_service("other", web.nginx_service(interval=1).replace(
            f":{web.https_port}", f":{web.snmp_port}"))
        reload_definitions(web)
        web.cli("set", "service", "other", "enabled", "--commit")
        seen = set()
        wait_for(lambda: seen.add(web.service("other").get("last-probe")) or len(seen - {None}) >= 3,
                 "another service is asked three times")
        assert not accepted


# --- defined anew ---

def test_definitions_change_while_a_probe_is_under_way(make_device, pki):
    """What the old definition's probe finds is told of nobody else."""
    device = make_device()
    device.write_service(text=device.nginx_service(restart=["/bin/true"], interval=1))
    device.start_agent()
    device.import_document(credential(pki), "--commit")
    engine = device.process("engine")
    with silent_server(device.https_port) as accepted:
        for number in range(3):
            before = len(accepted)
            wait_for(lambda: len(accepted) > before and device.probe(), "a probe waits for its answer")
            # sorts before nginx: every row moves
            device.write_service(f"a{number}", unprobed("/bin/true"))
            reload_definitions(device)
            wait_for(lambda: len(device.status()["service"]) == number + 2, "the new service is shown")
        more = len(accepted)
        wait_for(lambda: len(accepted) > more, "nginx is still watched")
        wait_for(lambda: device.service().get("last-error"), "what the probe of nginx found is told of nginx")
        for number in range(3):
            row = device.service(f"a{number}")
            assert row["state"] == "unknown" and "last-error" not in row and "last-probe" not in row, row
    for name in ("a0", "a1", "a2"):
        (device.services / f"{name}.conf").unlink()
    reload_definitions(device)
    wait_for(lambda: len(device.status()["service"]) == 1, "they are gone again")
    assert device.process("engine") == engine, "no process died over it"
    device.import_document(credential(pki), "--commit")


def test_a_service_that_vanishes_while_it_is_asked(make_device, pki):
    device = make_device()
    device.write_service(text=device.nginx_service(restart=["/bin/true"], interval=1))
    device.start_agent()
    device.import_document(credential(pki), "--commit")
    engine = device.process("engine")
    with silent_server(device.https_port) as accepted:
        wait_for(lambda: accepted and device.probe(), "a probe waits for its answer")
        (device.services / "nginx.conf").unlink()
        reload_definitions(device)
        wait_for(lambda: device.service()["state"] == "failed", "it is told that it has no definition")
        assert "definition" in device.service()["last-error"]
        wait_for(lambda: not device.probe(), "the probe has ended")
    assert device.process("engine") == engine
    device.write_service(text=device.nginx_service(restart=["/bin/true"], interval=1))
    reload_definitions(device)
    wait_for(lambda: device.service()["state"] == "stopped", "it is watched again")


def test_definitions_change_during_a_commit(make_device, pki):
    """A commit ends with the definitions it began with; then the new ones hold."""
    device = make_device()
    script, running, let_go = held_back(device)
    device.write_service(text=unprobed(script))
    device.start_agent()
    results = []
    thread = threading.Thread(target=lambda: results.append(
        device.import_document(credential(pki), "--commit", check=False)))
    thread.start()
    wait_for(running.exists, "the restart command runs")
    restart, restarts = counting(device, "other-restart")
    device.write_service("a", unprobed("/bin/true"))
    device.write_service(text=unprobed(restart))
    os.kill(device.agent.pid, signal.SIGHUP)
    # answered after the signal was: sessions come from the same process
    device.cli("status")
    assert [row["name"] for row in device.status()["service"]] == ["nginx"]
    assert device.status()["configuration-state"] == "committing"
    let_go()
    thread.join(60)
    assert results and results[0].returncode == 0, results
    wait_for(lambda: [row["name"] for row in device.status()["service"]] == ["a", "nginx"],
             "the new definitions hold")
    assert device.service()["restarts"] == 1 and device.service("a")["restarts"] == 0
    assert device.service()["state"] == "unknown"
    assert restarts() == 0
    device.import_document(credential(pki), "--commit")
    assert restarts() == 1


# --- not too often ---

def test_a_second_commit_waits_for_the_interval(make_device, pki):
    web = make_device()
    script, restarts = counting(web, then=reload_line(web))
    web.write_service(text=web.nginx_service(restart=[script]))
    web.start_agent(**{"restart-interval": 3})
    web.start_nginx()
    started = time.monotonic()
    first = web.import_document(credential(pki), "--commit")
    assert time.monotonic() - started < 3, "the first has nothing to wait for"
    assert "waits" not in first.stdout
    began = time.monotonic()
    leaf = pki.leaf()
    second = web.import_document(credential(pki, leaf), "--commit")
    assert re.search(r"waits \d+ s", second.stdout), second.stdout
    assert time.monotonic() - started >= 3
    assert time.monotonic() - began < 8
    assert restarts() == 2
    web.wait_served(leaf.sha256())


def test_the_way_back_does_not_wait(make_device, pki):
    web = make_device()
    flag = web.dir / "fail"
    script, restarts = counting(web, then=f"[ ! -e {flag} ] || {{ rm {flag}; exit 1; }}\n{reload_line(web)}")
    web.write_service(text=web.nginx_service(restart=[script]))
    web.start_agent(**{"restart-interval": 60})
    web.start_nginx()
    served = web.served()
    flag.touch()
    started = time.monotonic()
    result = web.import_document(credential(pki), "--commit", check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert time.monotonic() - started < 30
    assert restarts() == 2
    web.wait_served(served)


@pytest.mark.parametrize("how", ["the same document", "the candidate", "its certificate alone"])
def test_what_changes_nothing_restarts_nothing(make_device, pki, how):
    device = make_device()
    script, restarts = counting(device)
    device.write_service(text=unprobed(script))
    device.start_agent()
    leaf = pki.leaf()
    device.import_document(credential(pki, leaf), "--commit")
    before, commits = device.generation(), device.status()["commit"]
    if how == "the candidate":
        device.import_document(credential(pki, leaf))
        result = device.cli("commit")
    elif how == "the same document":
        result = device.import_document(credential(pki, leaf), "--commit")
    else:
        result = device.import_document(document(leaf.chain), "--commit")
    assert "nginx restarted" not in result.stdout
    assert restarts() == 1
    assert device.generation() == before
    assert device.status()["commit"] == commits
    assert harness.alive(device.agent.pid)
