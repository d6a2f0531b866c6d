# SPDX-License-Identifier: ISC
"""What SNMP may change: monitoring, at once and without a commit, and documents."""
import os

import harness
import pki as pki_module
from harness import wait_for
from pki import document
from snmp_wait import after, eventually, refused

SETTINGS = (
    ("certconfNotifyEnable.0", "x", "80", "80"),
    ("certconfWarnDays.0", "u", 60, "60"),
    ("certconfWarnPercent.0", "u", 50, "50"),
    ("certconfCritDays.0", "u", 14, "14"),
    ("certconfCritPercent.0", "u", 20, "20"),
    ("certconfRepeatInterval.0", "u", 0, "0"),
    ("certconfNotifyMinInterval.0", "u", 3600, "3600"),
    ("certconfLocalMonitor.2", "i", 2, "2"),
    ("certconfLocalWarnDays.2", "i", 3650, "3650"),
)


def raw(device, name):
    """The value as a number, or its octets in hexadecimal."""
    text = device.snmp("snmpget", "-OqvexU", f"CERTCONF-MIB::{name}").stdout.strip()
    return text.strip('"').replace(" ", "")


def kept(device):
    """The lines of state/settings, without what frames them."""
    path = device.state / "state" / "settings"
    lines = path.read_text().splitlines()[1:-1] if path.exists() else []
    return sorted(lines)


def kill_all(device):
    """The whole daemon at once."""
    for pid in [device.agent.pid, *harness.descendants(device.agent.pid)]:
        harness.kill(pid)
    device.agent.process.wait(harness.DEADLINE)


def again(device):
    device.start_agent()
    wait_for(device.snmp_answers, "the agent answers over SNMP")


def test_every_setting(notified):
    """Each is written, read back at once, and there after kill -9."""
    for name, kind, value, shown in SETTINGS:
        notified.set((name, kind, value))
        assert raw(notified, name) == shown, name
    wait_for(lambda: len(kept(notified)) == len(SETTINGS), "all are on the disk")
    kill_all(notified)
    again(notified)
    assert [raw(notified, row[0]) for row in SETTINGS] == [row[3] for row in SETTINGS]
    notified.stop_agent()
    again(notified)
    assert [raw(notified, row[0]) for row in SETTINGS] == [row[3] for row in SETTINGS]


def test_all_in_one_pdu(notified):
    notified.set(*[row[:3] for row in SETTINGS])
    assert [raw(notified, row[0]) for row in SETTINGS] == [row[3] for row in SETTINGS]
    notified.set(("certconfLocalWarnDays.2", "i", -1), ("certconfLocalMonitor.2", "i", 1))
    assert raw(notified, "certconfLocalWarnDays.2") == "-1"
    assert raw(notified, "certconfLocalMonitor.2") == "1"


def test_a_damaged_file_is_set_aside(notified):
    notified.set(("certconfWarnDays.0", "u", 60))
    wait_for(lambda: kept(notified), "it is on the disk")
    notified.stop_agent()
    path = notified.state / "state" / "settings"
    path.write_text(path.read_text().replace("60", "61"))
    again(notified)
    assert notified.get("certconfWarnDays.0") == "30"
    assert path.with_name("settings.damaged").exists()


def test_it_goes_into_the_next_generation(notified, pki):
    """Set before a commit or while a candidate is edited, it is in what is committed."""
    notified.set(("certconfWarnDays.0", "u", 60))
    notified.import_document(document(trust=pki.root))
    notified.set(("certconfCritDays.0", "u", 3))
    notified.cli("commit")
    assert notified.get("certconfTrustCount.0") == "1"
    assert notified.get("certconfWarnDays.0") == "60"
    assert notified.get("certconfCritDays.0") == "3"
    notified.stop_agent()
    again(notified)
    assert notified.get("certconfWarnDays.0") == "60"
    assert notified.get("certconfCritDays.0") == "3"


def test_a_rollback_brings_what_was_in_force_then(notified, pki):
    """Also what was set in that generation after it was written."""
    notified.set(("certconfWarnDays.0", "u", 60))
    notified.import_document(document(trust=pki.root), "--commit")
    notified.set(("certconfWarnDays.0", "u", 70))
    notified.cli("rollback")
    eventually(notified, "certconfTrustCount.0", "0")
    assert notified.get("certconfWarnDays.0") == "60"


def test_going_back_keeps_what_was_set(notified, pki):
    """A confirmed commit that is not confirmed takes back itself, and nothing of this."""
    notified.set(("certconfWarnDays.0", "u", 60))
    notified.import_document(document(trust=pki.root))
    notified.cli("commit", "--confirm", "10m")
    notified.set(("certconfWarnDays.0", "u", 70), ("certconfCritPercent.0", "u", 5))
    notified.cli("cancel")
    eventually(notified, "certconfTrustCount.0", "0")
    assert notified.get("certconfWarnDays.0") == "70"
    assert notified.get("certconfCritPercent.0") == "5"
    kill_all(notified)
    again(notified)
    assert notified.get("certconfWarnDays.0") == "70"


def test_a_cut_trial_keeps_what_was_set(notified, pki):
    """Nobody can confirm after kill -9 what only its session might: the start goes back."""
    notified.import_document(document(trust=pki.root))
    notified.set(("certconfCfgConfirmTimeout.0", "u", 1))
    notified.set(("certconfCfgAction.0", "i", "commit"))
    eventually(notified, "certconfTrustCount.0", "1")
    notified.set(("certconfWarnDays.0", "u", 70))
    wait_for(lambda: len(kept(notified)) == 2, "both generations have it")
    kill_all(notified)
    again(notified)
    eventually(notified, "certconfTrustCount.0", "0")
    assert notified.get("certconfWarnDays.0") == "70"


def test_who_edits_the_candidate_is_not_in_the_way(notified, pki):
    """A rebase after somebody else's commit sees no conflict with what was set."""
    notified.import_document(document(trust=pki.root))
    notified.set(("certconfWarnDays.0", "u", 60))
    leaf = pki.leaf()
    notified.import_document(document(leaf.chain, leaf.key), "--commit")
    notified.set(("certconfWarnDays.0", "u", 61))
    eventually(notified, "certconfCfgState.0", "staged")
    notified.cli("commit")
    assert notified.get("certconfTrustCount.0") == "1"
    assert notified.get("certconfWarnDays.0") == "61"


def test_a_lock_refuses_it(notified):
    """It is there so that nothing changes; the value stays."""
    with harness.Netconf(notified) as session:
        session.ok("<lock><target><running/></target></lock>")
        result = notified.set(("certconfWarnDays.0", "u", 60), check=False)
        assert refused(result, "resourceUnavailable")
        session.ok("<unlock><target><running/></target></unlock>")
    assert notified.get("certconfWarnDays.0") == "30"
    notified.set(("certconfWarnDays.0", "u", 60))


def test_the_index_names_the_variable(notified):
    """All or nothing, and the manager is told which it was."""
    result = notified.set(("certconfWarnDays.0", "u", 60), ("certconfLocalMonitor.99", "i", 2),
                          ("certconfCritDays.0", "u", 5), check=False)
    assert refused(result, "noCreation")
    assert "certconfLocalMonitor.99" in result.stderr + result.stdout
    assert notified.get("certconfWarnDays.0") == "30"
    assert notified.get("certconfCritDays.0") == "7"


def test_alarms_are_judged_anew(notified, pki):
    """A warning is raised by a threshold, and cleared by muting."""
    leaf = pki.leaf(days=90)
    notified.import_document(document(leaf.chain, leaf.key, services=["nginx"]), "--commit")
    eventually(notified, "certconfLocalStatus.1", "valid")
    notified.set(("certconfLocalWarnDays.1", "i", 100))
    assert notified.get("certconfLocalStatus.1") == "warning"
    notified.set(("certconfLocalMonitor.1", "i", "false"))
    assert notified.get("certconfLocalMonitor.1") == "false"


def test_netconf_sees_it(notified):
    """Both stores have it; what is edited in the candidate and not committed is left alone."""
    get = "<get-config><source><{}/></source></get-config>"
    edit = ('<edit-config><target><candidate/></target><config>'
            '<certconf xmlns="urn:certconf:params:xml:ns:yang:certconf"><monitoring>'
            "<warning-days>45</warning-days></monitoring></certconf></config></edit-config>")
    with harness.Netconf(notified) as session:
        notified.set(("certconfWarnDays.0", "u", 60))
        assert "<warning-days>60<" in session.call(get.format("running"))
        session.ok(edit)
        notified.set(("certconfWarnDays.0", "u", 61), ("certconfCritDays.0", "u", 5))
        assert "<warning-days>61<" in session.call(get.format("running"))
        candidate = session.call(get.format("candidate"))
        assert "<warning-days>45<" in candidate and "<critical-days>5<" in candidate
        session.ok("<commit/>")
    assert notified.get("certconfWarnDays.0") == "45"
    assert notified.get("certconfCritDays.0") == "5"


SYS_LOCATION = ".1.3.6.1.2.1.1.6.0"
SYS_DESCR = ".1.3.6.1.2.1.1.1.0"


def let_write_all(device):
    """snmpd's own objects too, for the user that may write."""
    conf = device.dir / "snmp" / "snmpd.conf"
    conf.write_text(conf.read_text().replace(f"priv .{harness.ENTERPRISE_OID}", "priv .1"))
    device.snmpd.stop()
    device.agentx.unlink(missing_ok=True)
    device.snmpd.start()
    wait_for(device.snmp_answers, "the agent answers over SNMP")


def test_with_objects_of_snmpd(notified):
    """All or nothing over both: its own fail after ours were reserved, and ours after its own."""
    let_write_all(notified)
    warn, crit = (f"CERTCONF-MIB::certconf{name}Days.0" for name in ("Warn", "Crit"))

    def both(*args, check=True):
        return notified.snmp("snmpset", "-Oqv", *map(str, args), write=True, check=check)

    def now():
        location = notified.snmp("snmpget", "-Oqv", SYS_LOCATION, write=True).stdout.strip().strip('"')
        return location, notified.get("certconfWarnDays.0"), notified.get("certconfCritDays.0")

    both(warn, "u", 60, SYS_LOCATION, "s", "here", crit, "u", 5)
    assert now() == ("here", "60", "5")
    for wrong in ((SYS_LOCATION, "i", 1), (SYS_LOCATION, "s", "x" * 300), (SYS_DESCR, "s", "x"),
                  (crit, "u", 4000)):
        assert both(warn, "u", 61, SYS_LOCATION, "s", "there", *wrong, check=False).returncode != 0
        assert both(*wrong, warn, "u", 61, SYS_LOCATION, "s", "there", check=False).returncode != 0
        assert now() == ("here", "60", "5"), wrong
    with harness.Netconf(notified) as session:
        session.ok("<lock><target><running/></target></lock>")
        assert refused(both(SYS_LOCATION, "s", "there", warn, "u", 61, check=False), "resourceUnavailable")
    assert now() == ("here", "60", "5")


# --- documents ---

def put(device, text, name="new.xml", mode=0o600):
    path = device.state / "import" / name
    path.write_text(text)
    path.chmod(mode)
    return path


def ask_import(device, name="new.xml"):
    device.set(("certconfCfgSource.0", "s", name), ("certconfCfgAction.0", "i", "import"))
    wait_for(lambda: device.get("certconfCfgState.0") != "loading", "it is done")
    assert device.get("certconfCfgLastAction.0") == "import"
    return device.get("certconfCfgLastResult.0")


def test_import(notified, pki):
    """Source and action in one PDU, then a commit: as over NETCONF."""
    leaf = pki.leaf()
    path = put(notified, document(leaf.chain, leaf.key, trust=pki.root))
    assert (notified.state / "import").stat().st_mode & 0o777 == 0o700
    assert ask_import(notified) == "success"
    assert notified.get("certconfCfgSource.0") == "new.xml"
    assert notified.get("certconfCfgState.0") == "staged"
    assert notified.get("certconfCfgCandidateFprint.0") == leaf.sha256()
    assert notified.get("certconfCfgCandidateUser.0") == "snmp"
    notified.set(("certconfCfgAction.0", "i", "commit"))
    eventually(notified, "certconfLocalFingerprint.1", leaf.sha256())
    assert path.exists()
    notified.set(("certconfCfgAction.0", "i", "import"))
    assert after(notified, "import") == "success", "the source is still there"


def test_import_with_a_password_inside(notified, pki):
    leaf = pki.leaf()
    put(notified, document(leaf.chain, leaf.encrypted_key(), pki_module.PASSWORD))
    assert ask_import(notified) == "success"
    put(notified, document(leaf.chain, leaf.encrypted_key()))
    assert ask_import(notified) == "failed"
    assert notified.get("certconfCfgLastError.0") == "badPassphrase"
    assert "private-key-password" in notified.get("certconfCfgLastErrorText.0")
    assert pki_module.PASSWORD not in notified.agent.text()


def test_import_of_what_is_wrong(notified, pki):
    put(notified, "<certconf xmlns='urn:certconf:params:xml:ns:yang:certconf'>\n<nonsense/>\n</certconf>")
    assert ask_import(notified) == "failed"
    assert notified.get("certconfCfgState.0") == "idle", "nothing was changed"
    assert "line 2" in notified.get("certconfCfgLastErrorText.0")
    assert ask_import(notified, "missing.xml") == "failed"
    assert "no such file" in notified.get("certconfCfgLastErrorText.0")
    text = document(trust=pki.root)
    put(notified, text, "writable.xml", 0o666)
    assert ask_import(notified, "writable.xml") == "failed"
    (notified.state / "import" / "link.xml").symlink_to(put(notified, text, "good.xml"))
    assert ask_import(notified, "link.xml") == "failed"
    assert "symbolic link" in notified.get("certconfCfgLastErrorText.0")
    os.mkfifo(notified.state / "import" / "fifo.xml", 0o600)
    assert ask_import(notified, "fifo.xml") == "failed"
    (notified.state / "import" / "directory.xml").mkdir()
    assert ask_import(notified, "directory.xml") == "failed"
    with (notified.state / "import" / "large.xml").open("wb") as large:
        large.truncate((256 << 20) + 1)
    (notified.state / "import" / "large.xml").chmod(0o600)
    assert ask_import(notified, "large.xml") == "failed"
    assert notified.get("certconfCfgLastError.0") == "tooLarge"
    assert notified.get("certconfCfgState.0") == "idle"
    assert ask_import(notified, "good.xml") == "success"


def test_import_without_a_source(notified):
    result = notified.set(("certconfCfgAction.0", "i", "import"), check=False)
    assert refused(result, "inconsistentValue")
    assert "certconfCfgSource" in notified.get("certconfCfgLastErrorText.0")


def test_imports_wait_for_each_other(notified, pki):
    """Each reads what its own SET named."""
    leaf = pki.leaf()
    put(notified, document(trust=pki.root), "trust.xml")
    put(notified, document(leaf.chain, leaf.key), "leaf.xml")
    for name in "trust.xml", "leaf.xml":
        notified.set(("certconfCfgSource.0", "s", name), ("certconfCfgAction.0", "i", "import"))
    eventually(notified, "certconfCfgCandidateFprint.0", leaf.sha256())
    notified.set(("certconfCfgAction.0", "i", "commit"))
    eventually(notified, "certconfLocalFingerprint.1", leaf.sha256())
    assert notified.get("certconfTrustCount.0") == "1"
