# SPDX-License-Identifier: ISC
"""SNMP: the services, their notifications, and commits that must be confirmed."""
import os
import re
import signal

import harness
import pytest
from conftest import need
from harness import wait_for
from pki import document
from snmp_wait import act, after, eventually, refused

RESTART_PENDING, RESTART_PENDING_CLEAR, STUCK, STUCK_CLEAR = 13, 14, 15, 16
COMMIT_DONE, COMMIT_FAILED, OUT_OF_SYNC, IN_SYNC_CLEAR = 23, 24, 25, 26
# certconfServiceTable's columns as status has them, and what status leaves out when it is so
COLUMNS = {"Name": "name", "Enabled": "enabled", "Feature": "feature", "State": "state", "InSync": "in-sync",
           "ServedFprint": "served-fingerprint", "LastResult": "last-result", "Restarts": "restarts"}
DATES = {"ServedNotAfter": "served-not-after", "LastProbe": "last-probe", "LastRestart": "last-restart"}
ABSENT = {"served-fingerprint": "", "last-result": "none", "in-sync": "unknown"}


@pytest.fixture
def served(make_device, mibs):
    """All of it, watched each second, and a snmptrapd."""
    for program in ("snmpd", "snmptrapd", "snmpget", "nginx"):
        need(program)
    device = make_device(mibs)
    device.start_trap_receiver()
    device.start_snmpd()
    device.write_service(text=device.nginx_service(interval=1))
    device.start_agent()
    device.start_nginx()
    wait_for(device.snmp_answers, "the agent answers over SNMP")
    return device


def install(device, pki, leaf=None):
    """Commits a certificate for nginx, with the trust store; returns it."""
    leaf = leaf or pki.leaf()
    device.import_document(document(leaf.chain, leaf.key, None, pki.root, None, ["nginx"]), "--commit")
    return leaf


def reload_definitions(device):
    before = device.agent.text().count("definitions read again")
    os.kill(device.agent.pid, signal.SIGHUP)
    wait_for(lambda: device.agent.text().count("definitions read again") > before, "definitions read again")


# --- the table ---

def camel(text):
    """A value of status as the MIB spells it."""
    if isinstance(text, bool):
        return "true" if text else "false"
    return re.sub(r"-(.)", lambda match: match.group(1).upper(), str(text))


def date(text):
    """DateAndTime as snmpget prints it, in the form of status."""
    numbers = [int(part) for part in re.findall(r"\d+", text)[:6]]
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*numbers)


def instances(device, column):
    """What a walk over one column finds: its values by index."""
    walk = device.snmp("snmpwalk", "-OQs", f"CERTCONF-MIB::certconfService{column}").stdout
    return {int(index): value.strip('"') for index, value in re.findall(r"\.(\d+) = (.*)", walk)}


def row_of(device, index):
    """One row, in the words of status."""
    row = {column: device.get(f"certconfService{column}.{index}") for column in COLUMNS}
    for column in DATES:
        value = device.get(f"certconfService{column}.{index}")
        row[column] = None if "No Such" in value else date(value)
    return row


def expected(service):
    row = {column: camel(service.get(name, ABSENT.get(name))) if name != "name" else service["name"]
           for column, name in COLUMNS.items()}
    for column, name in DATES.items():
        row[column] = service.get(name)
    return row


def same_as_status(device, index, name):
    """Status and SNMP are asked one after the other, and a probe may end between them."""
    wait_for(lambda: row_of(device, index) == expected(device.service(name)), f"row {index} is that of {name}")


def test_table_shows_what_status_shows(served, pki):
    """Every column of a service that is watched, of one nobody enabled, and of one that may not be."""
    served.write_service("sip", harness.unprobed("/bin/true"))
    served.write_service("extra", harness.unprobed("/bin/true") + "features = { extra }\n")
    reload_definitions(served)
    leaf = install(served, pki)
    wait_for(lambda: len(instances(served, "Name")) == 3, "three services have rows")
    names = instances(served, "Name")
    assert names[1] == "nginx", "it was the first that was defined"
    for index, name in names.items():
        same_as_status(served, index, name)
    assert served.get("certconfServiceServedFprint.1") == leaf.sha256()
    assert served.get("certconfServiceInSync.1") == "inSync"
    assert served.get("certconfServiceLocalIndex.1") == "1"
    assert served.get("certconfServiceRestarts.1") == "1"
    missing = next(index for index, name in names.items() if name == "extra")
    assert served.get(f"certconfServiceFeature.{missing}") == "missing"
    # nobody looked at this one: no zero dates
    assert list(instances(served, "LastProbe")) == [1]
    assert list(instances(served, "LastRestart")) == [1]
    table = served.snmp("snmptable", "-Cib", "-Cf", ";", "CERTCONF-MIB::certconfServiceTable").stdout
    assert "nginx;true;" in table
    assert "certconfCfgSpinLock" in served.snmp("snmpgetnext", "-Os",
                                                 "CERTCONF-MIB::certconfServiceRestarts.3").stdout


def test_a_name_keeps_its_row(served, pki):
    """Whatever comes and goes before it in the order of restarts, and over a restart."""
    install(served, pki)
    first = {1: "nginx"}
    assert instances(served, "Name") == first
    for name in ("aaa", "bbb"):
        served.write_service(name, harness.unprobed("/bin/true") + "order = 1\n")
    reload_definitions(served)
    wait_for(lambda: instances(served, "Name") == {1: "nginx", 2: "aaa", 3: "bbb"}, "new ones come at the end")
    (served.services / "aaa.conf").unlink()
    served.write_service("ccc", harness.unprobed("/bin/true") + "order = 1\n")
    reload_definitions(served)
    wait_for(lambda: instances(served, "Name") == {1: "nginx", 3: "bbb", 4: "ccc"}, "2 is never used again")
    served.stop_agent()
    served.write_service("aaa", harness.unprobed("/bin/true"))
    served.start_agent()
    wait_for(served.snmp_answers, "the agent answers over SNMP again")
    assert instances(served, "Name") == {1: "nginx", 2: "aaa", 3: "bbb", 4: "ccc"}


def test_an_enabled_service_without_definition_has_its_row(served, pki):
    install(served, pki)
    (served.services / "nginx.conf").unlink()
    served.write_service("other", harness.unprobed("/bin/true"))
    reload_definitions(served)
    wait_for(lambda: instances(served, "Name") == {1: "nginx", 2: "other"}, "it is still there")
    eventually(served, "certconfServiceState.1", "failed")
    served.stop_agent()
    served.start_agent()
    wait_for(served.snmp_answers, "the agent answers over SNMP again")
    assert instances(served, "Name") == {1: "nginx", 2: "other"}
    assert served.get("certconfServiceState.1") == "failed"
    assert served.get("certconfServiceEnabled.1") == "true"


# --- out of sync ---

def serve_something_else(device, leaf):
    """nginx is given another certificate by somebody else, and reloads."""
    directory = device.dir / "elsewhere"
    directory.mkdir(exist_ok=True)
    (directory / "fullchain.pem").write_text(leaf.chain)
    (directory / "privkey.pem").write_text(leaf.key)
    (directory / "service.conf").write_text("ssl_verify_client off;\n")
    device.write_nginx(live=str(directory))
    os.kill(device.nginx.pid, signal.SIGHUP)


def serve_what_is_committed(device):
    device.write_nginx()
    os.kill(device.nginx.pid, signal.SIGHUP)


def probes(device, count):
    """Waits for so many more probes."""
    seen = {device.get("certconfServiceLastProbe.1")}
    wait_for(lambda: seen.add(device.get("certconfServiceLastProbe.1")) or len(seen) > count,
             f"{count} more probes")


def row_objects(line, index):
    """What a notification tells of a service's row: column number to value."""
    prefix = rf"\.{re.escape(harness.ENTERPRISE_OID)}\.1\.1\.6\.1\.(\d+)\.{index} = \w+: (\S+)"
    return {int(column): value.strip('"') for column, value in re.findall(prefix, line)}


def test_out_of_sync_is_told_once_and_cleared_once(served, pki):
    leaf, other = install(served, pki), pki.leaf()
    eventually(served, "certconfServiceInSync.1", "inSync")
    serve_something_else(served, other)
    [line] = wait_for(lambda: served.notifications(OUT_OF_SYNC), "ServiceOutOfSync")
    told = row_objects(line, 1)
    assert sorted(told) == [2, 6, 7, 12]
    assert told[2] == "nginx" and "2" in told[6] and "3" in told[7] and "2" in told[12]
    assert served.get("certconfServiceInSync.1") == "outOfSync"
    assert served.get("certconfServiceServedFprint.1") == other.sha256()
    assert served.get("certconfOverallStatus.0") != "ok"
    probes(served, 3)
    assert len(served.notifications(OUT_OF_SYNC)) == 1
    assert not served.notifications(IN_SYNC_CLEAR)
    serve_what_is_committed(served)
    [line] = wait_for(lambda: served.notifications(IN_SYNC_CLEAR), "ServiceInSyncClear")
    assert row_objects(line, 1)[2] == "nginx" and "2" in row_objects(line, 1)[7]
    assert served.get("certconfServiceInSync.1") == "inSync"
    assert served.get("certconfServiceServedFprint.1") == leaf.sha256()
    probes(served, 3)
    assert len(served.notifications(OUT_OF_SYNC)) == len(served.notifications(IN_SYNC_CLEAR)) == 1


def test_another_chain_is_out_of_sync(served, pki):
    """The same leaf without its intermediate."""
    leaf = install(served, pki)
    bare = type("Bare", (), {"chain": leaf.cert, "key": leaf.key})
    serve_something_else(served, bare)
    wait_for(lambda: served.notifications(OUT_OF_SYNC), "ServiceOutOfSync")
    assert served.get("certconfServiceInSync.1") == "outOfSync"
    assert served.get("certconfServiceServedFprint.1") == leaf.sha256()
    serve_what_is_committed(served)
    wait_for(lambda: served.notifications(IN_SYNC_CLEAR), "ServiceInSyncClear")


# --- stuck ---

def test_stuck_is_told_and_cleared(served, pki):
    install(served, pki)
    pid_file = served.dir / "nginx" / "nginx.pid"
    whole = served.nginx_service(interval=1)
    served.write_service(text=served.nginx_service(
        restart=["/bin/sh", "-c", f"kill $(cat {pid_file}); exit 1"], deadline=2, interval=1))
    reload_definitions(served)
    leaf = pki.leaf()
    served.import_document(document(leaf.chain, leaf.key), "--commit", check=False)
    [line] = wait_for(lambda: served.notifications(STUCK), "Stuck")
    eventually(served, "certconfCfgState.0", "stuck")
    prefix = rf"\.{re.escape(harness.ENTERPRISE_OID)}\.1\.1\.7"
    assert re.search(rf"{prefix}\.12\.0 = INTEGER: \w*\(?20\)?", line), line
    assert re.search(rf"{prefix}\.13\.0 = STRING: \"?\w", line), line
    assert re.search(rf"{prefix}\.17\.0 = \w+: {served.get('certconfCfgGeneration.0')}\b", line), line
    served.write_service(text=whole)
    reload_definitions(served)
    served.start_nginx()
    served.import_document(document(leaf.chain, leaf.key), "--commit")
    wait_for(lambda: served.notifications(STUCK_CLEAR), "StuckClear")
    eventually(served, "certconfCfgState.0", "idle")
    assert len(served.notifications(STUCK)) == len(served.notifications(STUCK_CLEAR)) == 1


# --- a deferred restart ---

def pending_told(line):
    match = re.search(rf"\.{re.escape(harness.ENTERPRISE_OID)}\.1\.1\.1\.20\.0 = INTEGER: \w*\(?(\d)\)?", line)
    return match and match.group(1)


def test_commit_with_the_restart_deferred(served, pki):
    old = install(served, pki)
    new = pki.leaf()
    served.import_document(document(new.chain, new.key))
    act(served, "commitDeferRestart")
    assert after(served, "commitDeferRestart") == "success"
    eventually(served, "certconfRestartPending.0", "true")
    eventually(served, "certconfLocalFingerprint.1", new.sha256())
    [line] = wait_for(lambda: served.notifications(RESTART_PENDING), "RestartPendingRaised")
    assert pending_told(line) == "1"
    assert served.served() == old.sha256(), "nobody has touched it"
    assert served.get("certconfServiceRestarts.1") == "1"
    assert not served.notifications(RESTART_PENDING_CLEAR)
    act(served, "restart")
    assert after(served, "restart") == "success"
    served.wait_served(new.sha256())
    [line] = wait_for(lambda: served.notifications(RESTART_PENDING_CLEAR), "RestartPendingClear")
    assert pending_told(line) == "2"
    eventually(served, "certconfRestartPending.0", "false")
    assert len(served.notifications(RESTART_PENDING)) == 1
    assert not served.notifications(OUT_OF_SYNC), "that it waits was told already"


def test_the_mode_with_the_restart_deferred(served, pki):
    install(served, pki)
    act(served, "commitDeferRestart", ("certconfVerifyAdminMode.0", "i", "outgoing"))
    eventually(served, "certconfVerifyOperMode.0", "outgoing")
    assert after(served, "commitDeferRestart") == "success"
    assert served.get("certconfServiceRestarts.1") == "1"


# --- confirmed commits ---

def generation(device):
    return int(device.get("certconfCfgGeneration.0"))


def timeout(seconds):
    return ("certconfCfgConfirmTimeout.0", "u", seconds)


def mode(value):
    return ("certconfVerifyAdminMode.0", "i", value)


def begin(device, value="outgoing", seconds=600, action="commit"):
    """One PDU: the mode is put in force, and has to be confirmed."""
    act(device, action, timeout(seconds), mode(value))
    eventually(device, "certconfVerifyOperMode.0", value)
    eventually(device, "certconfCfgState.0", "awaitingConfirm")
    assert after(device, action) == "needConfirm"


def test_confirmed(served, pki):
    install(served, pki)
    served.set(timeout(600))
    assert served.get("certconfCfgConfirmTimeout.0") == "600"
    leaf = pki.leaf()
    served.import_document(document(leaf.chain, leaf.key))
    act(served, "commit")
    served.wait_served(leaf.sha256())
    eventually(served, "certconfCfgState.0", "awaitingConfirm")
    assert after(served, "commit") == "needConfirm"
    act(served, "confirm")
    assert after(served, "confirm") == "success"
    eventually(served, "certconfCfgState.0", "idle")
    assert served.served() == leaf.sha256()
    assert refused(act(served, "confirm", check=False), "inconsistentValue")


def test_not_confirmed_it_goes_back(served, pki):
    old, new = install(served, pki), pki.leaf()
    served.import_document(document(new.chain, new.key))
    before = generation(served)
    act(served, "commit", timeout(2))
    eventually(served, "certconfLocalFingerprint.1", new.sha256())
    wait_for(lambda: served.notifications(COMMIT_FAILED), "CommitFailed: it was not confirmed")
    served.wait_served(old.sha256())
    eventually(served, "certconfCfgState.0", "idle")
    eventually(served, "certconfLocalFingerprint.1", old.sha256())
    assert served.get("certconfCfgLastError.0") == "confirmTimeout"
    assert generation(served) != before + 1
    assert refused(act(served, "confirm", check=False), "inconsistentValue")


def test_nothing_to_confirm(served):
    assert refused(act(served, "confirm", check=False), "inconsistentValue")
    assert served.get("certconfCfgLastErrorText.0")
    eventually(served, "certconfCfgState.0", "idle")


def test_confirmed_in_one_pdu_with_the_mode(served, pki):
    install(served, pki)
    begin(served)
    act(served, "confirm")
    assert after(served, "confirm") == "success"
    assert served.get("certconfVerifyOperMode.0") == "outgoing"
    assert served.get("certconfCfgConfirmTimeout.0") == "600", "it counts for later commits too"


def test_a_second_one_keeps_where_the_first_goes_back_to(served, pki):
    install(served, pki)
    begin(served)
    begin(served, "outgoingAndIncoming")
    act(served, "commit", timeout(1), mode("outgoing"))
    eventually(served, "certconfVerifyOperMode.0", "none")
    eventually(served, "certconfCfgState.0", "idle")


def test_a_final_commit_confirms(served, pki):
    install(served, pki)
    begin(served)
    act(served, "commit", timeout(0), mode("outgoingAndIncoming"))
    eventually(served, "certconfVerifyOperMode.0", "outgoingAndIncoming")
    assert after(served, "commit") == "success"
    eventually(served, "certconfCfgState.0", "idle")
    assert refused(act(served, "confirm", check=False), "inconsistentValue")


def test_what_somebody_else_began(served, pki):
    """It is theirs to confirm; what would settle it meanwhile is refused."""
    install(served, pki)
    leaf = pki.leaf()
    served.import_document(document(leaf.chain, leaf.key))
    with harness.Netconf(served) as other:
        other.ok("<commit><confirmed/><confirm-timeout>600</confirm-timeout></commit>")
        eventually(served, "certconfCfgState.0", "awaitingConfirm")
        for action in ("commit", "commitDeferRestart", "rollback"):
            assert refused(act(served, action, check=False), "resourceUnavailable"), action
        assert refused(act(served, "confirm", check=False), "inconsistentValue")
        other.ok("<commit/>")
    eventually(served, "certconfCfgState.0", "idle")
    assert served.served() == leaf.sha256()


def test_it_waits_over_a_restart(served, pki):
    install(served, pki)
    begin(served)
    served.stop_agent()
    served.start_agent()
    wait_for(served.snmp_answers, "the agent answers over SNMP again")
    eventually(served, "certconfCfgState.0", "awaitingConfirm")
    assert served.get("certconfCfgConfirmTimeout.0") == "0", "that is of the moment, what waits is not"
    act(served, "confirm")
    assert after(served, "confirm") == "success"
    assert served.get("certconfVerifyOperMode.0") == "outgoing"


def test_the_lock_is_heeded_but_not_for_the_timeout(served):
    with harness.Netconf(served) as other:
        other.ok("<lock><target><candidate/></target></lock>")
        served.set(timeout(60))
        eventually(served, "certconfCfgConfirmTimeout.0", "60")
        assert refused(act(served, "commit", timeout(90), check=False), "resourceUnavailable")
        assert served.get("certconfCfgConfirmTimeout.0") == "60", "all of a PDU or nothing"


def test_everything_in_one_pdu(served, pki):
    install(served, pki)
    lock = int(served.get("certconfCfgSpinLock.0"))
    spin = ("certconfCfgSpinLock.0", "i", lock)
    act(served, "commit", spin, timeout(600), mode("outgoing"))
    eventually(served, "certconfCfgState.0", "awaitingConfirm")
    assert served.get("certconfCfgSpinLock.0") == str(lock + 1)
    result = act(served, "confirm", spin, check=False)
    assert refused(result, "inconsistentValue")
    act(served, "confirm", ("certconfCfgSpinLock.0", "i", lock + 1))
    assert after(served, "confirm") == "success"


@pytest.mark.parametrize("value", [86401, 4294967295])
def test_a_timeout_out_of_range(served, value):
    result = served.snmp("snmpset", f".{harness.ENTERPRISE_OID}.1.1.7.4.0", "u", str(value), write=True, check=False)
    assert refused(result, "wrongValue")
    assert served.get("certconfCfgConfirmTimeout.0") == "0"
