# SPDX-License-Identifier: ISC
"""contrib/snmp with the snmpd.conf Debian ships: status is shown, changes need rights."""
import hashlib
import re
import subprocess
from pathlib import Path

import harness
import pytest
from harness import V3_AUTH, V3_PRIV, Server, wait_for

DEBIANS = Path("/etc/snmp/snmpd.conf")
AT = f".{harness.ENTERPRISE_OID}.1.1"
STATUS = {"System": f"{AT}.1", "LocalTable": f"{AT}.2", "NotifyControl": f"{AT}.9"}
CONFIG = f"{AT}.7"


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
    text = changed(text, r"^#createUser operator .*$", f'createUser operator SHA-256 "{V3_AUTH}" AES "{V3_PRIV}"')
    text = changed(text, r"^#rwuser operator", "rwuser operator")
    text = changed(text, r" root _certconf$", " nobody nogroup")
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
    mode = unit.agentx.stat()
    assert mode.st_mode & 0o7777 == 0o660
    assert unit.process("snmp"), "certconf-snmp runs, as the user that may connect"


def test_status_is_shown_and_changes_are_not(unit):
    for name, oid in STATUS.items():
        assert lines(unit, oid), name
    assert lines(unit, CONFIG) == []
    for number in range(1, 19):
        result = unit.snmp("snmpget", f"{CONFIG}.{number}.0", check=False)
        assert "No Such" in result.stdout + result.stderr, number
    # a walk over everything does not come by there either
    assert not [line for line in lines(unit, AT) if line.startswith(f"{CONFIG}.")]


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
