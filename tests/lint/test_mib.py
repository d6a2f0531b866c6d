# SPDX-License-Identifier: ISC
"""The MIB module: clean, loaded by the tools, frozen, and of one mind with lib/names.c."""
import os
import re
import shutil
import subprocess

import pytest

MODULE = "CERTCONF-MIB"


@pytest.fixture(scope="module")
def mib(top):
    """The module as it is in the sources."""
    return top / "mib" / f"{MODULE}.txt"


@pytest.fixture(scope="module")
def generated(top, mib):
    """What mib/generate finds in the module."""
    def run(what, *args):
        return subprocess.run([top / "mib/generate", what, *args], capture_output=True, text=True,
                              check=True).stdout
    return run


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def frozen_lines(top):
    return [line for line in (top / "mib/oids.txt").read_text().splitlines()
            if line and not line.startswith("#")]


def enumerations(listing):
    """Name of type or object -> {label: number}."""
    found = {}
    for line in listing.splitlines():
        words = line.split()
        if words[0] == "enum":
            found.setdefault(words[1], {})[words[3]] = int(words[2])
    return found


def test_nothing_is_renumbered_or_removed(top, mib, generated):
    now = set(generated("list", mib).splitlines())
    gone = [line for line in frozen_lines(top) if line not in now]
    assert not gone, "given out once, given out for good:\n" + "\n".join(gone)


def test_what_is_new_is_frozen(top, mib, generated):
    frozen = set(frozen_lines(top))
    new = [line for line in generated("list", mib).splitlines() if line not in frozen]
    assert not new, "add these to mib/oids.txt:\n" + "\n".join(new)


def test_numbers_are_given_once(mib, generated):
    lines = [line.split() for line in generated("list", mib).splitlines()]
    oids = [words[1] for words in lines if words[0] == "oid"]
    values = [(words[1], words[2]) for words in lines if words[0] == "enum"]
    assert len(oids) == len(set(oids))
    assert len(values) == len(set(values))


def test_smilint(mib, mibs):
    need("smilint")
    result = subprocess.run(["smilint", "-l", "6", "-s", mib], capture_output=True, text=True, check=False,
                            env={**os.environ, "SMIPATH": str(mibs)})
    assert result.stdout + result.stderr == ""


def test_snmptranslate(top, mib, mibs, tmp_path):
    """net-snmp's tools load it and agree on every OID."""
    need("snmptranslate")
    env = {**os.environ, "MIBDIRS": f"{mibs}:{mib.parent}", "MIBS": MODULE, "SNMPCONFPATH": str(tmp_path),
           "SNMP_PERSISTENT_DIR": str(tmp_path)}
    tree = subprocess.run(["snmptranslate", "-Tz"], capture_output=True, text=True, check=True, env=env)
    assert [line for line in tree.stderr.splitlines() if not line.startswith("Created directory")] == []
    found = dict(re.findall(r'"(\w+)"\s+"([\d.]+)"', tree.stdout))
    root = found["certconf"]
    for line in frozen_lines(top):
        kind, number, name = line.split()[:3]
        if kind == "oid":
            assert found[name] == f"{root}.{number}"


def test_another_enterprise(mib, generated, tmp_path):
    """configure --with-enterprise changes one line, and all numbers follow."""
    other = generated("module", "4242", mib)
    changed = [line for line, old in zip(other.splitlines(), mib.read_text().splitlines()) if line != old]
    assert changed == ["certconf OBJECT IDENTIFIER ::= { enterprises 4242 }"]
    (tmp_path / "other.txt").write_text(other)
    assert generated("list", tmp_path / "other.txt") == generated("list", mib)
    assert "#define MIB_ENTERPRISE 4242\n" in generated("header", tmp_path / "other.txt")


def camel(text):
    first, *rest = text.split("-")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def names_of_c(build):
    program = build / "tests/unit/names-dump"
    if not program.exists():
        pytest.skip(f"{program} is not built: make check makes it")
    output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in output.splitlines():
        _, mib_type, number, text = line.split()
        if mib_type != "-":
            found.setdefault(mib_type, set()).add((camel(text), int(number)))
    return found


def test_enumerations_agree_with_c(build, mib, generated):
    """Texts in C and YANG are the MIB's labels with dashes; error codes share numbers."""
    ours = enumerations(generated("list", mib))
    for mib_type, values in names_of_c(build).items():
        if mib_type == "CertconfErrorCodeType":
            assert {number for _, number in values} <= set(ours[mib_type].values())
        else:
            assert dict(values) == ours[mib_type], mib_type


def test_every_notification_carries_its_number(mib):
    blocks = re.findall(r"^(\w+) NOTIFICATION-TYPE\s+OBJECTS\s+\{([^}]*)\}", mib.read_text(), re.MULTILINE)
    assert len(blocks) == 28
    for name, objects in blocks:
        assert objects.split()[-1] == "certconfNotifySeq", name


def test_imports_are_what_every_tool_has(mib):
    sources = set(re.findall(r"FROM\s+([\w-]+)", mib.read_text()))
    assert sources == {"SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF"}


@pytest.fixture
def three(mibs, tmp_path):
    """All that a machine without the IETF's modules needs: SMI, TC and CONF."""
    for name in ("SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF"):
        (tmp_path / f"{name}.txt").write_text((mibs / f"{name}.txt").read_text())
    return tmp_path


def test_three_modules_are_enough(mib, three):
    need("snmptranslate")
    env = {**os.environ, "MIBDIRS": f"{three}:{mib.parent}", "MIBS": MODULE, "SNMPCONFPATH": str(three),
           "SNMP_PERSISTENT_DIR": str(three)}
    found = subprocess.run(["snmptranslate", "-On", f"{MODULE}::certconfNotifyLogText.7"], capture_output=True,
                           text=True, check=True, env=env)
    assert found.stdout.strip().endswith(".1.1.10.1.4.7")


SNIMPY = """
import sys
from snimpy import mib
mib.path(sys.argv[1])
mib.load(sys.argv[2])
for table in mib.getTables(sys.argv[2]):
    print(table, len(table.columns), *table.index)
print(len(mib.getScalars(sys.argv[2])))
"""


def test_snimpy(mib, three):
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import snimpy"], capture_output=True, check=False).returncode != 0:
        pytest.skip("snimpy is not installed")
    found = subprocess.run([python, "-c", SNIMPY, f"{three}:{mib.parent}", MODULE], capture_output=True, text=True,
                           check=True)
    assert found.stdout.splitlines() == [
        "certconfLocalTable 43 certconfLocalIndex",
        "certconfChainTable 7 certconfLocalIndex certconfChainPosition",
        "certconfSanTable 3 certconfLocalIndex certconfSanIndex",
        "certconfTrustTable 28 certconfTrustIndex",
        "certconfServiceTable 13 certconfServiceIndex",
        "certconfCommitTable 6 certconfCommitIndex",
        "certconfNotifyLogTable 4 certconfNotifyLogSeq",
        "55"]


def test_monitoring_needs_no_writing(mib):
    """In the compliance of who only watches no object is writable at the least."""
    text = mib.read_text()
    writable = re.findall(r"^(\w+) OBJECT-TYPE(?:(?!OBJECT-TYPE).)*?MAX-ACCESS +read-write", text,
                          re.MULTILINE | re.DOTALL)
    watching = text[text.index("certconfMonitorCompliance MODULE-COMPLIANCE"):]
    assert len(writable) == 15
    assert re.findall(r"OBJECT +(\w+)\n +MIN-ACCESS +read-only", watching) == writable
