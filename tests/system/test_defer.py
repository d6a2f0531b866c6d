# SPDX-License-Identifier: ISC
"""Restarts that are deferred: what is in force is not used yet, everybody can see that, and restart ends it."""
import os
import signal
import subprocess

import harness
from harness import wait_for
from pki import document, fingerprint

RELEASE = bool(os.environ.get("CERTCONF_RELEASE"))


def full(test):
    """Of the full set only: otherwise there is no such test."""
    return test if RELEASE else None


def credential(leaf):
    return document(leaf.chain, leaf.key, services=["nginx"])


def in_force(device):
    """SHA-256 of the certificate that live names."""
    return fingerprint((device.state / "live/credentials/local/cert.pem").read_text())


def pending(device):
    """What is told of it: of the whole, and of the service."""
    return device.status()["restart-pending"], device.service()["restart-pending"]


def reload_by_hand(device):
    subprocess.run([str(part) for part in device.nginx_argv("-s", "reload")], check=True, timeout=20)


def deferred(device, pki):
    """A device that serves one certificate and has another in force; both."""
    old, new = pki.leaf(), pki.leaf()
    device.import_document(credential(old), "--commit")
    device.wait_served(old.sha256())
    assert pending(device) == (False, False)
    result = device.import_document(credential(new), "--commit", "--defer-restart")
    assert "A restart is pending for nginx: certconf restart finishes it." in result.stdout
    return old, new


def untouched(device, old, new):
    device.wait_served(old.sha256())  # an old worker may answer once more
    assert in_force(device) == new.sha256()
    assert pending(device) == (True, True)


def test_services_stay_as_they_are_until_restart(web, pki):
    old, new = deferred(web, pki)
    restarts = web.service()["restarts"]
    untouched(web, old, new)
    text = web.cli("status").stdout
    assert "A restart is pending: what is in force is not used yet by nginx. certconf restart finishes it" in text
    assert web.status()["overall-status"] == "warning", "it was asked for"
    assert "serves another certificate" not in text and "certificate before" in text
    assert web.cli("restart").stdout.startswith("  ")
    web.wait_served(new.sha256())
    assert pending(web) == (False, False)
    assert web.service()["restarts"] == restarts + 1 and web.service()["in-sync"] == "in-sync"


def test_the_candidate_can_be_deferred_too(web, pki):
    old, new = pki.leaf(), pki.leaf()
    web.import_document(credential(old), "--commit")
    web.import_document(credential(new))
    web.cli("commit", "--defer-restart", "--comment", "tonight")
    untouched(web, old, new)
    assert web.status()["last"]["action"] == "commit-defer-restart"
    web.cli("restart")
    web.wait_served(new.sha256())


def test_over_snmp(device, pki):
    deferred(device, pki)
    wait_for(lambda: device.get("certconfRestartPending.0") == "true", "it is told over SNMP")
    device.cli("restart")
    wait_for(lambda: device.get("certconfRestartPending.0") == "false", "and that it is over")


def test_a_restart_of_the_daemon_forgets_nothing(web, pki):
    old, new = deferred(web, pki)
    web.stop_agent()
    web.start_agent()
    untouched(web, old, new)
    pids = [web.agent.pid, *harness.descendants(web.agent.pid)]
    for pid in pids:
        harness.kill(pid)
    wait_for(lambda: not any(harness.alive(pid) for pid in pids), "all are gone")
    web.agent.stop()
    web.start_agent()
    untouched(web, old, new)
    web.cli("restart")
    web.wait_served(new.sha256())
    assert pending(web) == (False, False)


def test_it_is_over_when_it_is_served(make_device, pki):
    """Whoever restarted the service: the wire decides."""
    web = make_device()
    web.write_service(text=web.nginx_service(interval=1))
    web.start_agent()
    web.start_nginx()
    _, new = deferred(web, pki)
    reload_by_hand(web)
    web.wait_served(new.sha256())
    wait_for(lambda: pending(web) == (False, False), "the probe has seen it")


def test_one_that_only_the_device_restarts(make_device, pki):
    """Each commit that changes its files leaves it pending; certconf cannot end that."""
    web = make_device()
    lines = web.nginx_service(interval=1).splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("restart ")) + "restart-device = true\n"
    web.write_service(text=text)
    web.start_agent()
    web.start_nginx()
    factory, new = web.served(), pki.leaf()
    result = web.import_document(credential(new), "--commit")
    assert "A restart is pending for nginx: restart the device." in result.stdout
    assert web.served() == factory and in_force(web) == new.sha256()
    assert pending(web) == (True, True) and web.service()["restart-device"] is True
    assert "A restart of the device is pending" in web.cli("status").stdout
    web.cli("restart", check=False)
    assert pending(web) == (True, True) and web.served() == factory
    reload_by_hand(web)  # as the start of a device does
    wait_for(lambda: pending(web) == (False, False), "the probe has seen it")


@full
def test_back_to_what_is_served(web, pki):
    """Then nothing is pending any more."""
    old, _ = deferred(web, pki)
    web.cli("rollback")
    wait_for(lambda: pending(web) == (False, False), "nothing is pending")
    web.wait_served(old.sha256())
    assert in_force(web) == old.sha256()


@full
def test_the_next_commit_restarts_it_too(make_device, pki):
    """What it changes of the service is used together with what was deferred."""
    web = make_device()
    web.write_service()
    web.start_agent()
    web.start_nginx()
    deferred(web, pki)
    third = pki.leaf()
    web.import_document(credential(third), "--commit")
    web.wait_served(third.sha256())
    assert pending(web) == (False, False)


def test_deferred_and_confirmed(web, pki):
    """Both at once: going back finds the service serving what is in force again."""
    old, new = pki.leaf(), pki.leaf()
    web.import_document(credential(old), "--commit")
    web.wait_served(old.sha256())
    web.import_document(credential(new), "--commit", "--defer-restart", "--confirm", "1h")
    untouched(web, old, new)
    web.cli("cancel")
    assert in_force(web) == old.sha256()
    web.wait_served(old.sha256())
    wait_for(lambda: pending(web) == (False, False), "nothing is pending")


@full
def test_definitions_read_again_forget_nothing(web, pki):
    old, new = deferred(web, pki)
    web.write_service("aaa", harness.unprobed("/bin/true"))
    before = web.agent.text().count("definitions read again")
    os.kill(web.agent.pid, signal.SIGHUP)
    wait_for(lambda: web.agent.text().count("definitions read again") > before, "definitions read again")
    untouched(web, old, new)
    assert web.service("aaa")["restart-pending"] is False
    web.cli("restart")
    web.wait_served(new.sha256())
