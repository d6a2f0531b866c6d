# SPDX-License-Identifier: ISC
"""contrib/snmp with the snmpd.conf Debian ships: status is shown, changes need rights."""
import hashlib
import pwd
import re
import subprocess
from pathlib import Path

import harness
import pytest
from harness import V3_AUTH, V3_PRIV, Server, wait_for
from pki import document

DEBIANS = Path("/etc/snmp/snmpd.conf")
AT = f".{harness.ENTERPRISE_OID}.1.1"
STATUS = {"System": f"{AT}.1", "LocalTable": f"{AT}.2", "NotifyControl": f"{AT}.9"}
CONFIG, COMMITS = f"{AT}.7", f"{AT}.8"
UPTIME = ".1.3.6.1.2.1.1.3.0"
OWN = "agentXPerms 0660 0755 Debian-snmp nogroup"


@pytest.fixture(scope="module")
def debians():
    """The text of Debian's file, which nobody has changed."""
    try:
        text = DEBIANS.read_text()
    except OSError as error:
        pytest.skip(f"{DEBIANS}: {error.strerror}")
    conffiles = subprocess.run(["dpkg-query", "-W", "-f=${Conffiles}", "snmpd"], text=True, capture_output=True,
                               check=False).stdout
    found = re.search(rf"{DEBIANS} ([0-9a-f]{{32}})", conffiles)
    if found is None or hashlib.md5(text.encode()).hexdigest() != found[1]:
        pytest.skip(f"{DEBIANS} is not the one of the package")
    return text


def changed(text, pattern, new):
    """The text with one line in the place of another, which must be there."""
    result, count = re.subn(pattern, lambda _: new, text, flags=re.MULTILINE)
    assert count == 1, pattern
    return result


@pytest.fixture
def unit(make_device, top, debians, mibs):
    """Debian's file and the drop-in; only addresses, directories and names are of the test."""
    device = make_device(mibs)
    directory = device.dir / "snmp"
    (directory / "snmpd.conf.d").mkdir()
    text = changed(debians, r"^agentaddress .*$", f"agentaddress udp:127.0.0.1:{device.snmp_port}")
    text = changed(text, r"^includeDir .*$", f"includeDir {directory}/snmpd.conf.d")
    (directory / "snmpd.conf").write_text(text)
    text = (top / "contrib/snmp/certconf-snmpd.conf").read_text()
    for user, line in (("monitor", "rouser"), ("auditor", "rouser"), ("operator", "rwuser")):
        text = changed(text, rf"^#createUser {user} .*$", f'createUser {user} SHA-256 "{V3_AUTH}" AES "{V3_PRIV}"')
        text = changed(text, rf"^#{line} {user}", f"{line} {user}")
    text = changed(text, r"^agentXPerms 0660 0755 Debian-snmp _certconf$", OWN if harness.ROOT else "")
    (directory / "snmpd.conf.d" / "certconf.conf").write_text(text)
    env = {**device.env, "MIBS": "", "SNMP_PERSISTENT_DIR": str(directory), "SNMPCONFPATH": str(directory)}
    device.snmpd = Server("snmpd", ["/usr/sbin/snmpd", "-f", "-C", "-c", directory / "snmpd.conf", "-Lo",
                                    "-I", "-smux", "-x", device.agentx, "-p", directory / "snmpd.pid"],
                          directory / "snmpd.log", env)
    device.snmpd.start()
    wait_for(lambda: device.agentx.exists() or not device.snmpd.is_running(), "snmpd opens its AgentX socket")
    device.write_service()
    device.start_agent()
    wait_for(device.snmp_answers, "the agent answers over SNMP")
    return device


def lines(device, oid, write=False):
    """What is below an OID, as one may see it."""
    walk = device.snmp("snmpwalk", "-On", "-Cc", oid, write=write, check=False).stdout
    return [line for line in walk.splitlines() if line.startswith(f"{oid}.") and "No Such" not in line]


def test_the_socket_is_for_the_group(unit):
    assert "error" not in unit.snmpd.text().lower(), unit.snmpd.text()
    assert not re.search("bad user|bad group", unit.snmpd.text(), re.IGNORECASE)
    if harness.ROOT:
        mode = unit.agentx.stat()
        assert mode.st_mode & 0o7777 == 0o660 and pwd.getpwuid(mode.st_uid).pw_name == "Debian-snmp"
    assert unit.process("snmp"), "certconf-snmp runs, as the user that may connect"


def test_status_is_shown_and_changes_are_not(unit):
    for name, oid in STATUS.items():
        assert lines(unit, oid), name
    assert lines(unit, CONFIG) == []
    for number in range(1, 19):
        result = unit.snmp("snmpget", f"{CONFIG}.{number}.0", check=False)
        assert "No Such" in result.stdout + result.stderr, number
    # a walk over everything does not come by there either
    assert not [line for line in lines(unit, AT) if line.startswith((f"{CONFIG}.", f"{COMMITS}."))]


def as_user(unit, tool, user, *args):
    """A tool as the manual has it, for one of the two users."""
    who = ["-v3", "-u", user, "-l", "authPriv", "-a", "SHA-256", "-A", V3_AUTH, "-x", "AES", "-X", V3_PRIV]
    return subprocess.run([tool, *who, "-On", "-t", "3", f"127.0.0.1:{unit.snmp_port}", *args], env=unit.tools_env,
                          text=True, capture_output=True, timeout=30, check=False)


def test_nobody_but_the_operator_sees_a_commit(unit):
    """There is a row, of the first commit: the view of monitoring systems has none of it."""
    wait_for(lambda: lines(unit, COMMITS, write=True), "the first commit is in the table")
    assert lines(unit, COMMITS) == []
    for tool, oid in (("snmpwalk", AT), ("snmpwalk", COMMITS), ("snmpgetnext", COMMITS)):
        shown = as_user(unit, tool, "monitor", oid).stdout
        assert not re.search(rf"^({re.escape(CONFIG)}|{re.escape(COMMITS)})\.", shown, re.MULTILINE), shown
    assert f"{AT}.1.3.0 = " in as_user(unit, "snmpwalk", "monitor", AT).stdout
    assert all(f"\n{oid}." in as_user(unit, "snmpwalk", "auditor", AT).stdout for oid in (CONFIG, COMMITS))
    for user, status in (("monitor", 2), ("auditor", 2), ("operator", 0)):
        assert as_user(unit, "snmpset", user, f"{AT}.9.2.0", "u", "30").returncode == status


def test_what_tells_that_the_device_lives_is_shown(unit):
    assert "Timeticks" in unit.snmp("snmpget", "-On", UPTIME).stdout
    assert "Timeticks" in as_user(unit, "snmpget", "monitor", UPTIME).stdout


def test_a_set_needs_rights(unit):
    for oid in (f"{AT}.1.1.0", f"{CONFIG}.3.0"):
        result = unit.snmp("snmpset", oid, "i", "3", check=False)
        assert result.returncode != 0 and re.search("noAccess|notWritable", result.stdout + result.stderr)
    who = ["-v3", "-u", "operator", "-l", "authNoPriv", "-a", "SHA-256", "-A", V3_AUTH]
    result = subprocess.run(["snmpset", *who, "-t", "3", f"127.0.0.1:{unit.snmp_port}", f"{CONFIG}.3.0", "i", "3"],
                            env=unit.tools_env, text=True, capture_output=True, timeout=30, check=False)
    assert result.returncode != 0 and "uthorization" in result.stdout + result.stderr


def test_the_user_may(unit):
    assert lines(unit, CONFIG, write=True)
    unit.snmp("snmpset", f"{CONFIG}.3.0", "i", "3", write=True)  # validate
    wait_for(lambda: unit.snmp("snmpget", "-Oqve", f"{CONFIG}.10.0", write=True).stdout.strip() == "3",
             "the last action is validate")


def recipe(top):
    """The lines of certconf-snmp(7) from the shell's variables on, and what follows of the same."""
    page = (top / "man/certconf-snmp.7").read_text().replace("\\-", "-")
    blocks = re.findall(r"^\.Bd -literal -offset indent\n((?:who=|snmpset \$phrases)[\s\S]*?)\.Ed$", page, re.MULTILINE)
    assert len(blocks) == 2
    return "".join(blocks).replace("\\e\n    ", "").splitlines()


def test_the_recipe_of_the_manual(unit, top, pki):
    """Each line as it is there, but for host, phrases and what the spin lock was."""
    leaf = pki.leaf()
    (unit.state / "import" / "unit.xml").write_text(document(leaf.chain, leaf.key, trust=pki.root))
    (unit.state / "import" / "unit.xml").chmod(0o600)
    variables, spin, shown = "", None, []
    for line in recipe(top):
        for old, new in (("localhost", f"-Oqvne 127.0.0.1:{unit.snmp_port}"), ("third-passphrase", V3_AUTH),
                         ("fourth-passphrase", V3_PRIV)):
            line = line.replace(old, new)
        if "=" in line.partition(" ")[0]:
            variables += f"{line}\n"
            continue
        if spin is not None:
            line = re.sub(r"(\$cfg\.1\.0 i )(\d+)", lambda found: f"{found[1]}{int(found[2]) - 41 + spin}", line)
        result = subprocess.run(["sh", "-euc", variables + line], env=unit.tools_env, text=True, capture_output=True,
                                timeout=30, check=False)
        assert result.returncode == 0, line + result.stdout + result.stderr
        spin = int(result.stdout) if spin is None else spin
        shown.append(result.stdout.splitlines())
        wait_for(lambda: unit.snmp("snmpget", "-Oqve", f"{CONFIG}.5.0", write=True).stdout.strip() in "136",
                 f"{line} is done")
    assert shown[2][:2] == ["3", "2"], "staged, success"
    assert shown[4][0] == "5", "needConfirm"
    wait_for(lambda: unit.snmp("snmpget", "-Oqve", f"{AT}.1.2.0").stdout.strip() == "2", "the mode is in force")
    assert unit.snmp("snmpget", "-Oqve", f"{CONFIG}.4.0", write=True).stdout.split()[0] == "0"
    assert unit.snmp("snmpget", "-Oqve", f"{CONFIG}.11.0", write=True).stdout.strip() == "2"


def test_the_device_says_how_to_confirm_what_snmp_began(unit, pki):
    leaf = pki.leaf()
    (unit.state / "import" / "unit.xml").write_text(document(leaf.chain, leaf.key))
    (unit.state / "import" / "unit.xml").chmod(0o600)
    unit.snmp("snmpset", f"{CONFIG}.2.0", "s", "unit.xml", f"{CONFIG}.3.0", "i", "2", write=True)
    wait_for(lambda: unit.snmp("snmpget", "-Oqve", f"{CONFIG}.5.0", write=True).stdout.strip() == "3", "it is staged")
    unit.snmp("snmpset", f"{CONFIG}.4.0", "u", "600", f"{CONFIG}.3.0", "i", "4", write=True)
    wait_for(lambda: unit.snmp("snmpget", "-Oqve", f"{CONFIG}.5.0", write=True).stdout.strip() == "6", "it waits")
    assert "begun by snmp: certconf confirm --id snmp keeps it" in unit.cli("status").stdout
    refused = unit.cli("confirm", check=False)
    assert refused.returncode == 4 and "--id snmp" in refused.stderr
    unit.cli("confirm", "--id", "snmp")
    wait_for(lambda: unit.snmp("snmpget", "-Oqve", f"{CONFIG}.5.0", write=True).stdout.strip() == "1", "it is confirmed")
