# SPDX-License-Identifier: ISC
"""When to warn and what to tell: in documents, over SNMP, in NETCONF and in the command."""
import json
import re
import shutil
import subprocess

import pytest

from netconf import Client
from pki import NAMESPACE, document
from snmp_wait import eventually

OURS = f"{{{NAMESPACE}}}"
SETTINGS = ("<warning-days>90</warning-days><warning-percent>0</warning-percent>"
            "<critical-days>2</critical-days><repeat-hours>1</repeat-hours>"
            "<minimum-interval>60</minimum-interval><notify>local-expiry commit</notify>")


def monitoring(inside, **given):
    """A document with this container monitoring, and what else is given."""
    return document(**given).replace("</certconf>", f"  <monitoring>{inside}</monitoring>\n</certconf>")


def monitored(device):
    """Each leaf of monitoring, as text by its name; entries of lists by theirs."""
    with Client(device.run / "netconf.sock") as client:
        leaves = client.get_config().findall("c:monitoring/*")
    found = {}
    for child in leaves:
        name = child.findtext(f"{OURS}name")
        rest = {leaf.tag.removeprefix(OURS): leaf.text for leaf in child if leaf.tag != f"{OURS}name"}
        found[name or child.tag.removeprefix(OURS)] = rest if name else child.text
    return found


def test_settings_are_in_force_at_once(device, pki):
    leaf = pki.ageing(300, 60)
    device.import_document(document(leaf.chain, leaf.key, trust=pki.root, services=["nginx"]), "--commit")
    eventually(device, "certconfLocalStatus.1", "valid")
    before, restarts = device.generation(), device.service()["restarts"]
    answer = json.loads(device.import_document(monitoring(SETTINGS), "--commit", "--json").stdout)
    assert answer["result"] == "success"
    assert device.generation() == before + 1
    assert device.service()["restarts"] == restarts, "a service was restarted for it"
    assert device.status()["commit"][0]["changes"] == "monitoring"
    eventually(device, "certconfLocalStatus.1", "warning")
    eventually(device, "certconfWarnDays.0", "90")
    assert device.get("certconfWarnPercent.0") == "0"
    assert device.get("certconfCritDays.0") == "2"
    assert device.get("certconfCritPercent.0") == "10"
    assert device.get("certconfRepeatInterval.0") == "1"
    assert device.get("certconfNotifyMinInterval.0") == "60"
    assert device.get("certconfNotifyEnable.0").strip() == "84"  # BITS 0 and 5
    state = device.status()
    assert state["certificate"][0]["status"] == "warning" and state["monitoring"]["warning-days"] == 90
    assert re.search(r"Monitoring\n(  .*\n)*  warning-days +90\n", device.cli("status").stdout)
    found = monitored(device)
    assert found == {"warning-days": "90", "warning-percent": "0", "critical-days": "2", "repeat-hours": "1",
                     "minimum-interval": "60", "notify": "local-expiry commit"}
    assert "<warning-days>90</warning-days>" in (device.state / "live/config.xml").read_text()

    device.import_document(monitoring(SETTINGS), "--commit")
    assert device.generation() == before + 1, "nothing has changed"

    device.cli("rollback")
    assert device.generation() == before + 2
    eventually(device, "certconfWarnDays.0", "30")
    eventually(device, "certconfLocalStatus.1", "valid")
    assert monitored(device) == {}
    device.cli("rollback", str(before + 1))
    eventually(device, "certconfWarnDays.0", "90")
    assert monitored(device) == found


def test_mutes_and_overrides(device, pki):
    leaf = pki.ageing(300, 5)
    device.import_document(monitoring(
        "<certificate><name>local</name><monitor>false</monitor><warning-days>4</warning-days></certificate>"
        "<trust-anchor><name>Other root</name><monitor>false</monitor></trust-anchor>",
        certificate=leaf.chain, key=leaf.key, trust=pki.root + pki.other_root), "--commit")
    state = device.status()
    assert state["overall-status"] in ("ok", "unknown")
    assert [row.get("monitor", True) for row in state["certificate"]] == [False, True]
    assert [row["name"] for row in state["trust-anchor"] if not row.get("monitor", True)] == ["Other root"]
    page = device.cli("status").stdout
    assert re.search(r"Monitored +no", page) and "not monitored" in page
    assert re.search(r"local +warns 4 days before", page)
    eventually(device, "certconfLocalWarnCount.0", "0")
    assert device.get("certconfEarliestIndex.0") == "0"
    # renewed, it stays as it is; told so in the candidate, it is monitored again
    renewed = pki.renew(leaf)
    device.import_document(document(renewed.chain), "--commit")
    assert monitored(device)["local"] == {"monitor": "false", "warning-days": "4"}
    device.cli("set", "certificate", "local", "monitored")
    device.cli("set", "monitoring", "warning-days", "800")
    device.cli("set", "monitoring", "warning-percent", "0")
    device.cli("commit")
    assert monitored(device) == {"local": {"warning-days": "4"}, "Other root": {"monitor": "false"},
                                 "warning-days": "800", "warning-percent": "0"}
    eventually(device, "certconfLocalStatus.1", "valid")
    device.cli("delete", "certificate", "--commit")
    assert "local" not in monitored(device)


def test_what_get_config_says_can_be_sent_back(device, pki):
    leaf = pki.leaf()
    device.import_document(monitoring(
        SETTINGS + "<certificate><name>factory</name><monitor>false</monitor></certificate>"
        "<certificate><name>local</name><warning-days>0</warning-days></certificate>",
        certificate=leaf.chain, key=leaf.key, trust=pki.root, services=["nginx"]), "--commit")
    generation, said = device.generation(), monitored(device)
    device.import_document((device.state / "live/config.xml").read_text(), "--commit")
    assert device.generation() == generation and monitored(device) == said
    with Client(device.run / "netconf.sock") as client:
        whole = re.search(r"<certconf.*</certconf>", client.get_config().text, re.DOTALL).group(0)
        whole = whole.replace("<warning-days>90</warning-days>", "<warning-days>91</warning-days>")
        reply = client.edit(whole, "running", "<default-operation>replace</default-operation>")
        assert reply.ok, reply.text
    assert monitored(device) == {**said, "warning-days": "91"}


def test_a_lost_snapshot_is_built_anew_with_it(device, pki):
    leaf = pki.leaf()
    device.import_document(monitoring(
        SETTINGS + "<certificate><name>factory</name><monitor>false</monitor></certificate>",
        certificate=leaf.chain, key=leaf.key), "--commit")
    said = monitored(device)
    device.stop_agent()
    (device.state / "live" / "snapshot").unlink()
    device.start_agent()
    assert monitored(device) == said


def test_what_names_nothing_is_refused(device):
    result = device.import_document(
        monitoring("\n<certificate><name>www</name><monitor>false</monitor></certificate>"), "--commit", check=False)
    assert result.returncode == 3
    assert "line 3" in result.stderr and "there is no credential of this name" in result.stderr
    result = device.cli("set", "trust-anchor", "nobody", "unmonitored", check=False)
    assert result.returncode == 3 and "no anchor of this name" in result.stderr
    result = device.cli("set", "monitoring", "warning-days", "4000", check=False)
    assert result.returncode == 3 and "from 0 to 3650" in result.stderr
    assert device.cli("set", "monitoring", "colour", "red", check=False).returncode == 2


def test_check_shows_it(device, pki):
    leaf = pki.leaf()
    path = device.dir / "checked.xml"
    path.write_text(monitoring(
        SETTINGS + "<certificate><name>local</name><monitor>false</monitor></certificate>",
        certificate=leaf.chain, key=leaf.key))
    page = device.cli("check", path).stdout
    assert "Monitoring: warning-days 90" in page and re.search(r"Monitored +no", page)
    facts = json.loads(device.cli("check", path, "--json").stdout)
    assert facts["monitoring"]["notify"] == "local-expiry commit"
    assert facts["certificate"][0]["monitor"] is False


def test_the_way_back_of_a_confirmed_commit(device):
    device.import_document(monitoring("<critical-days>3</critical-days>"), "--commit")
    device.import_document(monitoring(SETTINGS), "--commit", "--confirm", "10m")
    assert monitored(device)["critical-days"] == "2"
    device.cli("cancel")
    assert monitored(device) == {"critical-days": "3"}
    eventually(device, "certconfWarnDays.0", "30")


def test_a_candidate_and_a_commit_meet(device, pki):
    """A mute goes with a certificate that was renewed meanwhile; two values for one thing do not."""
    leaf = pki.leaf()
    device.import_document(document(leaf.chain, leaf.key), "--commit")
    device.cli("set", "certificate", "local", "unmonitored")
    device.import_document(document(pki.renew(leaf).chain), "--commit")
    device.cli("commit")
    assert monitored(device) == {"local": {"monitor": "false"}}
    device.cli("set", "monitoring", "repeat-hours", "2")
    device.cli("set", "monitoring", "repeat-hours", "3", "--commit")
    result = device.cli("commit", check=False)
    assert result.returncode == 4 and "conflicts" in result.stderr
    device.cli("discard")


def test_yang_library_takes_what_is_told(device, pki, top, tmp_path):
    """What get-config and config.xml hold is of the model, by another reader than ours."""
    if shutil.which("yanglint") is None:
        pytest.skip("no yanglint; on Debian: apt-get install libyang2-tools")
    leaf = pki.leaf()
    device.import_document(monitoring(
        SETTINGS + "<certificate><name>local</name><warning-days>0</warning-days></certificate>"
        "<trust-anchor><name>Example root</name><monitor>false</monitor></trust-anchor>",
        certificate=leaf.chain, key=leaf.key, trust=pki.root, mode="outgoing"), "--commit")
    with Client(device.run / "netconf.sock") as client:
        everything = re.search(r"<certconf.*</certconf>", client.get().text, re.DOTALL).group(0)
    told = tmp_path / "get.xml"
    told.write_text(everything)
    for kind, path in (("config", device.state / "live/config.xml"), ("get", told)):
        result = subprocess.run(["yanglint", "-p", top / "yang", "-p", "/usr/share/yang/modules/libyang", "-t", kind,
                                 top / "yang/certconf.yang", path], capture_output=True, text=True, check=False)
        assert result.returncode == 0 and not result.stderr, result.stderr
