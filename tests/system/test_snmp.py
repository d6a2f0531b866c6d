# SPDX-License-Identifier: ISC
"""SNMP against a real snmpd: what is shown, what can be set, what is notified."""
import re
import signal
import threading
import time

import harness
import pki as pki_module
import pytest
from harness import wait_for
from pki import document
from snmp_wait import after, eventually, settled


def whole(leaf, pki, mode="outgoing"):
    return document(leaf.chain, leaf.key, None, pki.root, mode, ["nginx"])


def test_the_factory_certificate(device):
    assert device.get("certconfFactoryInUse.0") == "true"
    assert device.get("certconfModel.0") == "Test unit"
    assert device.get("certconfVerifyOperMode.0") == "none"
    assert device.get("certconfLocalSelfSigned.2") == "true"
    assert device.get("certconfLocalFingerprint.2") == device.served()


def test_a_certificate_with_all_its_columns(device, pki):
    leaf = pki.leaf(days=90)
    device.import_document(whole(leaf, pki), "--commit")
    eventually(device, "certconfLocalFingerprint.1", leaf.sha256())
    assert device.get("certconfLocalName.1") == "local"
    assert "unit.example.test" in device.get("certconfLocalSubject.1")
    assert "Example issuing CA" in device.get("certconfLocalIssuer.1")
    assert device.get("certconfLocalDaysRemaining.1") in ("89", "90")
    assert device.get("certconfLocalKeyStatus.1") == "match"
    assert device.get("certconfLocalChainStatus.1") == "valid"
    assert device.get("certconfLocalChainLength.1") == "1"
    assert device.get("certconfLocalKeyAlgorithm.1") == "ec"
    assert device.get("certconfLocalKeyBits.1") == "256"
    assert device.get("certconfVerifyOperMode.0") == "outgoing"
    assert device.get("certconfTrustCount.0") == "1"
    assert device.get("certconfFactoryInUse.0") == "false"
    table = device.snmp("snmptable", "-Cib", "-Cf", ";", "CERTCONF-MIB::certconfLocalTable").stdout
    assert "unit.example.test" in table and "Greater London" in table
    trust = device.snmp("snmptable", "-Cib", "-Cf", ";", "CERTCONF-MIB::certconfTrustTable").stdout
    assert "Example root" in trust


def test_walk_is_in_order_and_ends(device, pki):
    device.import_document(whole(pki.leaf(), pki), "--commit")
    walk = device.snmp("snmpwalk", "-On", "-Cc", "CERTCONF-MIB::certconf").stdout
    oids = [tuple(int(part) for part in line.split(" = ")[0].strip(".").split("."))
            for line in walk.splitlines() if line.startswith(".1.3.6.1.4.1.")]
    assert len(oids) > 100
    assert oids == sorted(set(oids))
    bulk = device.snmp("snmpbulkwalk", "-On", "-Cr25", "CERTCONF-MIB::certconf").stdout
    assert len([line for line in bulk.splitlines() if line.startswith(".1.3.6.1.4.1.")]) == len(oids)


def test_no_secret_is_shown(device, pki):
    leaf = pki.leaf()
    device.import_document(document(leaf.chain, leaf.encrypted_key(), pki_module.PASSWORD), "--commit")
    walk = device.snmp("snmpwalk", "CERTCONF-MIB::certconf").stdout
    assert "PRIVATE" not in walk and pki_module.PASSWORD not in walk


def test_the_read_community_cannot_write(device):
    result = device.snmp("snmpset", "CERTCONF-MIB::certconfCfgAction.0", "i", "validate", check=False)
    assert result.returncode != 0 and "noAccess" in result.stderr + result.stdout


def test_stage_and_commit_in_two_steps(device, pki):
    device.import_document(document(trust=pki.root), "--commit")
    device.set(("certconfVerifyAdminMode.0", "i", "outgoing"))
    eventually(device, "certconfVerifyAdminMode.0", "outgoing")
    assert device.get("certconfVerifyOperMode.0") == "none"
    eventually(device, "certconfCfgState.0", "staged")
    device.set(("certconfCfgAction.0", "i", "commit"))
    eventually(device, "certconfVerifyOperMode.0", "outgoing")
    assert settled(device) == "success"
    assert device.get("certconfCfgAction.0") == "noop"


def test_mode_and_commit_in_one_pdu_leave_the_candidate(device, pki):
    device.import_document(document(trust=pki.root), "--commit")
    device.import_document(document(trust=pki.other_root))
    device.set(("certconfVerifyAdminMode.0", "i", "outgoing"), ("certconfCfgAction.0", "i", "commit"))
    eventually(device, "certconfVerifyOperMode.0", "outgoing")
    stored = (device.state / "live/trust/ca.pem").read_text()
    assert pki_module.fingerprint(stored) == pki_module.fingerprint(pki.root)
    device.cli("commit")
    stored = (device.state / "live/trust/ca.pem").read_text()
    assert pki_module.fingerprint(stored) == pki_module.fingerprint(pki.other_root)


def test_a_mode_without_trust_store_is_refused(device):
    result = device.set(("certconfVerifyAdminMode.0", "i", "outgoing"), ("certconfCfgAction.0", "i", "commit"),
                        check=False)
    assert result.returncode != 0 and "inconsistentValue" in result.stdout + result.stderr
    eventually(device, "certconfCfgLastError.0", "modeNeedsTrustStore")
    assert settled(device) == "failed"
    assert "trust store" in device.get("certconfCfgLastErrorText.0")
    assert device.get("certconfVerifyOperMode.0") == "none"


def test_validate_and_discard(device, pki):
    device.import_document(document(trust=pki.root))
    device.set(("certconfCfgAction.0", "i", "validate"))
    assert after(device, "validate") == "success"
    device.set(("certconfCfgAction.0", "i", "discard"))
    assert after(device, "discard") == "success"
    eventually(device, "certconfCfgState.0", "idle")


def test_delete_trust(device, pki):
    device.import_document(document(trust=pki.root), "--commit")
    device.set(("certconfCfgAction.0", "i", "deleteTrust"))
    eventually(device, "certconfCfgState.0", "staged")
    device.set(("certconfCfgAction.0", "i", "commit"))
    eventually(device, "certconfTrustCount.0", "0")


def test_delete_and_rollback(device, pki):
    leaf, factory = pki.leaf(), device.served()
    device.import_document(whole(leaf, pki), "--commit")
    device.set(("certconfCfgAction.0", "i", "deleteTrust"))
    assert after(device, "deleteTrust") == "failed"
    assert device.get("certconfCfgLastError.0") == "modeNeedsTrustStore"
    assert device.get("certconfTrustCount.0") == "1"
    device.set(("certconfCfgAction.0", "i", "deleteLocal"))
    eventually(device, "certconfCfgState.0", "staged")
    device.set(("certconfCfgAction.0", "i", "commit"))
    wait_for(lambda: device.served() == factory, "nginx serves the factory certificate")
    eventually(device, "certconfFactoryInUse.0", "true")
    assert settled(device) == "success"
    device.set(("certconfCfgAction.0", "i", "rollback"))
    wait_for(lambda: device.served() == leaf.sha256(), "nginx serves the earlier certificate")


def test_restart(device, pki):
    device.import_document(whole(pki.leaf(), pki), "--commit")
    device.set(("certconfCfgAction.0", "i", "restart"))
    assert after(device, "restart") == "success"


@pytest.mark.parametrize("action, error", [("import", "inconsistentValue"), ("noop", "wrongValue")])
def test_actions_that_cannot_be_asked_for(device, action, error):
    """An import without certconfCfgSource, and nothing at all."""
    result = device.set(("certconfCfgAction.0", "i", action), check=False)
    assert result.returncode != 0 and error in result.stdout + result.stderr


def test_a_value_out_of_range(device):
    result = device.snmp("snmpset", ".1.3.6.1.4.1.32473.1.1.1.1.0", "i", "9", write=True, check=False)
    assert result.returncode != 0 and "wrongValue" in result.stdout + result.stderr


def test_spin_lock(device):
    value = int(device.get("certconfCfgSpinLock.0"))
    device.set(("certconfCfgSpinLock.0", "i", value), ("certconfCfgAction.0", "i", "validate"))
    eventually(device, "certconfCfgSpinLock.0", str(value + 1))
    result = device.set(("certconfCfgSpinLock.0", "i", value), ("certconfCfgAction.0", "i", "validate"),
                        check=False)
    assert result.returncode != 0 and "inconsistentValue" in result.stdout + result.stderr


def test_a_lock_refuses_a_set(device):
    with harness.Netconf(device) as other:
        other.ok("<lock><target><candidate/></target></lock>")
        result = device.set(("certconfVerifyAdminMode.0", "i", "none"), check=False)
        assert result.returncode != 0 and "resourceUnavailable" in result.stdout + result.stderr
        wait_for(lambda: device.get("certconfCfgLockUser.0"), "SNMP shows who holds the lock")


def test_a_set_is_answered_at_once(make_device, mibs, pki):
    """While a commit takes its time, an SNMP SET that starts one does not wait for it."""
    slow = make_device(mibs)
    slow.start_snmpd()
    script = slow.dir / "restart"
    script.write_text("#!/bin/sh\nsleep 3\nexec " + " ".join(
        str(part) for part in slow.nginx_argv("-s", "reload")) + "\n")
    script.chmod(0o755)
    slow.write_service(text=slow.nginx_service(restart=[script]))
    slow.start_agent()
    slow.start_nginx()
    wait_for(slow.snmp_answers, "the agent answers over SNMP")
    slow.import_document(whole(pki.leaf(), pki), "--commit")
    slow.set(("certconfCfgAction.0", "i", "deleteLocal"))
    eventually(slow, "certconfCfgState.0", "staged")
    started = time.monotonic()
    slow.set(("certconfCfgAction.0", "i", "commit"))
    assert time.monotonic() - started < 1.5
    eventually(slow, "certconfCfgState.0", "committing")
    assert slow.get("certconfCfgLastResult.0") == "inProgress"
    assert settled(slow) == "success"


def test_a_refused_import_is_visible(device, pki):
    device.import_document(document(pki.leaf().chain, pki.leaf().key), "--commit", check=False)
    eventually(device, "certconfCfgLastError.0", "keyMismatch")
    assert "does not belong" in device.get("certconfCfgLastErrorText.0")
    assert device.get("certconfCfgLastResult.0") == "failed"


# Measured from the moment the new socket can be connected to.
RECONNECT = 2


def answers_within(device, seconds):
    wait_for(device.snmp_answers, "answers through the new snmpd", seconds)


def test_a_restarted_snmpd_is_found_again(device):
    device.snmpd.stop()
    wait_for(lambda: "lost the AgentX master" in device.agent.text(), "the agent has seen it go")
    device.start_snmpd()
    answers_within(device, RECONNECT)


def test_a_snmpd_that_was_killed_is_found_again(device):
    for round_number in range(1, 4):
        device.snmpd.stop(signal.SIGKILL)
        wait_for(lambda: device.agent.text().count("lost the AgentX master") >= round_number,
                 "the agent has seen it go")
        device.start_snmpd()
        answers_within(device, RECONNECT)


def test_a_snmpd_that_starts_later(make_device, mibs):
    device = make_device(mibs)
    device.write_conf(**{"agentx-socket": device.agentx})
    device.start_agent()
    wait_for(lambda: "no AgentX master" in device.agent.text(), "the first attempt has failed")
    device.start_snmpd()
    answers_within(device, RECONNECT)


def test_first_answer(make_device, mibs):
    device = make_device(mibs)
    device.start_snmpd()
    device.start_agent()
    wait_for(device.snmp_answers, "the first answer", 3)


# --- numbers and times ---

def date(device, name):
    """A DateAndTime of RFC 2579, as snmpget prints it; None when it is absent."""
    text = device.get(name)
    match = re.match(r"(\d+)-(\d+)-(\d+),(\d+):(\d+):(\d+)\.\d+,\+0:0$", text)
    assert match or "No Such" in text, text
    return tuple(int(part) for part in match.groups()) if match else None


def stamp(device, name):
    """A TimeStamp in hundredths of a second."""
    return int(device.snmp("snmpget", "-OqvtU", f"CERTCONF-MIB::{name}").stdout)


def test_numbers_survive_a_restart(notified, pki):
    """Spin lock and notification numbers go on where they were: a manager sees no step back."""
    for _ in range(3):
        value = int(notified.get("certconfCfgSpinLock.0"))
        notified.set(("certconfCfgSpinLock.0", "i", value), ("certconfCfgAction.0", "i", "validate"))
        eventually(notified, "certconfCfgSpinLock.0", str(value + 1))
    notified.import_document(document(trust=pki.root), "--commit")
    wait_for(lambda: len(notified.notifications(COMMIT_DONE)) >= 2, "CommitDone")
    lock, number = (int(notified.get(name)) for name in ("certconfCfgSpinLock.0", "certconfNotifyLastSeq.0"))
    assert lock >= 3 and number >= 2
    for _ in range(2):
        notified.stop_agent()
        notified.start_agent()
        wait_for(notified.snmp_answers, "the agent answers over SNMP again")
        assert int(notified.get("certconfCfgSpinLock.0")) == lock
        result = notified.set(("certconfCfgSpinLock.0", "i", lock - 1),
                              ("certconfCfgAction.0", "i", "validate"), check=False)
        assert "inconsistentValue" in result.stdout + result.stderr, "an old value is as old as before"
        before = len(notified.notifications(COMMIT_FAILED))
        notified.import_document(document(pki.leaf().chain, pki.leaf().key), "--commit", check=False)
        wait_for(lambda: len(notified.notifications(COMMIT_FAILED)) > before, "CommitFailed")
        number += 1
        eventually(notified, "certconfNotifyLastSeq.0", str(number))
        assert re.search(rf"\.1\.1\.9\.10\.0 = \S+ {number}\b", notified.notifications(COMMIT_FAILED)[-1])


def test_each_table_has_its_own_last_change(device, pki):
    leaf = pki.leaf()
    device.import_document(document(leaf.chain, leaf.key, trust=pki.root), "--commit")
    eventually(device, "certconfLocalFingerprint.1", leaf.sha256())
    local, trust = stamp(device, "certconfLocalLastChange.0"), stamp(device, "certconfTrustLastChange.0")
    assert local > 0 and trust > 0
    for _ in range(20):  # each time the agent is asked, its status is sent anew
        device.cli("status")
        assert stamp(device, "certconfLocalLastChange.0") == local, "it is a moment, not about a moment"
    # another root changes no chain's status: nothing in the table of certificates
    device.import_document(document(trust=pki.root + pki.other_root), "--commit")
    eventually(device, "certconfTrustCount.0", "2")
    wait_for(lambda: stamp(device, "certconfTrustLastChange.0") > trust, "the trust store has changed")
    assert stamp(device, "certconfLocalLastChange.0") == local, "the certificates have not"
    trust = stamp(device, "certconfTrustLastChange.0")
    device.cli("set", "verification-mode", "outgoing", "--commit")
    eventually(device, "certconfVerifyOperMode.0", "outgoing")
    assert stamp(device, "certconfLocalLastChange.0") == local
    assert stamp(device, "certconfTrustLastChange.0") == trust
    renewed = pki.leaf()
    device.import_document(document(renewed.chain, renewed.key), "--commit")
    eventually(device, "certconfLocalFingerprint.1", renewed.sha256())
    wait_for(lambda: stamp(device, "certconfLocalLastChange.0") > trust, "the certificates have changed")
    assert stamp(device, "certconfTrustLastChange.0") == trust
    local = stamp(device, "certconfLocalLastChange.0")
    device.import_document(document(trust=pki.other_root), "--commit")
    wait_for(lambda: stamp(device, "certconfLocalLastChange.0") > local, "a chain has lost its root")
    assert device.get("certconfLocalChainStatus.1") != "valid"


def test_times_belong_to_the_last_action(make_device, mibs, pki):
    device = make_device(mibs)
    device.start_snmpd()
    script, running, let_go = harness.held_back(device)
    device.write_service(text=harness.unprobed(script))
    device.start_agent()
    wait_for(device.snmp_answers, "the agent answers over SNMP")
    thread = threading.Thread(target=lambda: device.import_document(whole(pki.leaf(), pki), "--commit",
                                                                    check=False))
    thread.start()
    wait_for(running.exists, "the restart command runs")
    eventually(device, "certconfCfgLastResult.0", "inProgress")
    start = date(device, "certconfCfgLastStart.0")
    assert start and date(device, "certconfCfgLastEnd.0") is None, "it has not ended"
    wait_for(lambda: device.status()["current-time"] > "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*start),
             "the next second")
    let_go()
    thread.join(60)
    settled(device)
    end = date(device, "certconfCfgLastEnd.0")
    assert date(device, "certconfCfgLastStart.0") == start
    assert end > start
    device.import_document(document(pki.leaf().chain, pki.leaf().key), "--commit", check=False)
    eventually(device, "certconfCfgLastError.0", "keyMismatch")
    assert date(device, "certconfCfgLastStart.0") >= end, "when this one began, not the one before"
    assert date(device, "certconfCfgLastEnd.0") >= date(device, "certconfCfgLastStart.0")


# --- notifications ---

LOCAL_EXPIRING, LOCAL_EXPIRED, LOCAL_CLEAR, COMMIT_DONE, COMMIT_FAILED = 1, 2, 3, 23, 24


def test_commit_done_and_failed(notified, pki):
    notified.import_document(document(trust=pki.root), "--commit")
    wait_for(lambda: any("xml" not in line and "certconfd" not in line
                         for line in notified.notifications(COMMIT_DONE)), "CommitDone of a person")
    notified.import_document(document(pki.leaf().chain, pki.leaf().key), "--commit", check=False)
    line = wait_for(lambda: notified.notifications(COMMIT_FAILED), "CommitFailed")[0]
    assert "does not belong" in line


def test_expiring_and_clear(notified, pki):
    soon = pki.ageing(360, 5)
    notified.import_document(document(soon.chain, soon.key), "--commit")
    wait_for(lambda: notified.notifications(LOCAL_EXPIRING), "LocalExpiring")
    assert notified.get("certconfLocalStatus.1") == "critical"
    assert notified.get("certconfOverallStatus.0") == "critical"
    later = pki.leaf(days=900)
    notified.import_document(document(later.chain, later.key), "--commit")
    wait_for(lambda: notified.notifications(LOCAL_CLEAR), "LocalExpiryClear")


def test_expired(notified, pki):
    past = pki.leaf(days=-1)
    notified.import_document(document(past.chain, past.key), "--commit", "--allow-expired")
    wait_for(lambda: notified.notifications(LOCAL_EXPIRED), "LocalExpired")


def test_a_notification_waits_for_a_master(notified, pki):
    wait_for(lambda: notified.notifications(COMMIT_DONE), "CommitDone of the first start")
    before = len(notified.notifications(COMMIT_DONE))
    notified.snmpd.stop()
    notified.import_document(document(trust=pki.root), "--commit")
    assert len(notified.notifications(COMMIT_DONE)) == before
    notified.start_snmpd()
    wait_for(lambda: len(notified.notifications(COMMIT_DONE)) > before,
             "CommitDone after the master is back")
