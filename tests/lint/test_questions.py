# SPDX-License-Identifier: ISC
"""certconf oid and certconf-snmp(7): of one mind with the MIB, and nothing is left out."""
import json
import os
import re
import subprocess

import pytest

DONE, INVALID = 0, 3


@pytest.fixture(scope="module")
def certconf(build):
    """Runs the command where there are no MIB files and no agent."""
    program = build / "certconf"
    if not program.exists():
        pytest.skip(f"{program} is not built")

    def run(*argv):
        env = {**os.environ, "MIBS": "", "MIBDIRS": "/nonexistent", "CERTCONF_SOCKET": "/nonexistent"}
        return subprocess.run([program, *argv], env=env, text=True, capture_output=True, check=False)
    return run


@pytest.fixture(scope="module")
def rows(certconf):
    result = certconf("oid", "--json")
    assert result.returncode == DONE, result.stderr
    return json.loads(result.stdout)["question"]


@pytest.fixture(scope="module")
def page(top):
    return (top / "man/certconf-snmp.7").read_text().replace(r"\-", "-").replace(r"\&", "")


def frozen(top, kind):
    """Rows of mib/oids.txt without the kind."""
    return [line.split()[1:] for line in (top / "mib/oids.txt").read_text().splitlines()
            if line.startswith(f"{kind} ")]


def enumeration(top, name):
    """{number: label} of an object, by its own or its type's name."""
    text = (top / "mib/CERTCONF-MIB.txt").read_text()
    syntax = re.search(rf"^{name} OBJECT-TYPE\s+SYNTAX\s+(\w+)", text, re.MULTILINE)[1]
    if syntax == "TruthValue":
        return {"1": "true", "2": "false"}
    return {number: label for owner, number, label in frozen(top, "enum") if owner in (name, syntax)}


def test_each_number_is_the_objects(top, build, rows):
    numbers = {name: number for number, name in frozen(top, "oid")}
    enterprise = re.search(r"MIB_ENTERPRISE (\d+)", (build / "mib/mib_oids.h").read_text())[1]
    for row in rows:
        number = f"1.3.6.1.4.1.{enterprise}.{numbers[row['object']]}"
        assert row["oid"] in (number, f"{number}.0"), row
        walk = re.search(r"Entry", next(name for at, name in frozen(top, "oid")
                                        if at == numbers[row["object"]].rpartition(".")[0]))
        assert row["command"].startswith("snmpwalk" if walk else "snmpget"), row
        assert row["command"].endswith(f" .{row['oid']}"), row
        secret = re.match(rf"1\.3\.6\.1\.4\.1\.{enterprise}\.1\.1\.[78]\.", number)
        assert ("-v3 -l authPriv -u auditor " in row["command"]) == bool(secret), row
    assert len(rows) > 40 and len({row["question"] for row in rows}) == len(rows)


LETTERS = {"Unsigned32": "u", "CertconfText": "s", "BITS": "x"}


def test_what_is_writable_has_a_command_to_set_it(top, rows):
    """All of it and nothing else, with the type of the MIB, as the user who may."""
    text = (top / "mib/CERTCONF-MIB.txt").read_text()
    writable = dict(re.findall(r"^(certconf\w+) OBJECT-TYPE\s+SYNTAX\s+(\w+)(?:(?!OBJECT-TYPE)[\s\S])*?"
                               r"MAX-ACCESS  read-write", text, re.MULTILINE))
    sets = {row["object"]: row for row in rows if "set" in row}
    assert set(sets) == set(writable) and len(writable) >= 15
    for name, row in sets.items():
        column = "" if row["oid"].endswith(".0") else ".1"
        assert re.fullmatch(rf"snmpset -v3 -l authPriv -u operator .* \.{re.escape(row['oid'] + column)} "
                            rf"{LETTERS.get(writable[name], 'i')} \S+", row["set"]), row


def test_values_are_the_mibs(top, rows):
    for row in rows:
        found = dict(re.findall(r"(?:^|, )(\d+) ([a-zA-Z]+)", row["values"]))
        assert found == enumeration(top, row["object"]) or not found, row
        assert found or not enumeration(top, row["object"]) or "bit" in row["values"] \
            or row["object"] == "certconfNotifyEnable", row


def test_each_question_finds_itself(certconf, rows):
    for row in rows:
        found = json.loads(certconf("oid", "--json", row["question"]).stdout)["question"]
        assert row in found and len(found) <= 8, row["question"]


@pytest.mark.parametrize("words, name", [
    (["expiry"], "certconfEarliestDays"), (["does", "the", "key", "match"], "certconfLocalKeyStatus"),
    (["certconfServiceInSync"], "certconfServiceInSync"), (["stuck"], "certconfCfgState"),
    (["verification", "mode"], "certconfVerifyOperMode"), (["missed", "traps"], "certconfNotifyLastSeq"),
    (["set", "mute"], "certconfLocalMonitor"), (["writable"], "certconfCfgAction"),
    (["CHAIN", "STATUS"], "certconfLocalChainStatus"), (["service status"], "certconfServiceState")])
def test_words_people_use(certconf, words, name):
    result = certconf("oid", *words)
    assert result.returncode == DONE and name in result.stdout
    assert re.search(r"^  snmp(get|walk) .* \.1\.3\.6\.1\.4\.1\.[\d.]+$", result.stdout, re.MULTILINE)


def test_an_unknown_question(certconf):
    result = certconf("oid", "expiry", "of", "milk")
    assert result.returncode == INVALID and result.stdout == ""
    assert "nearest: " in result.stderr and "first certificate" in result.stderr
    result = certconf("oid", "--json", "milk")
    assert result.returncode == INVALID and "error" in json.loads(result.stdout)
    assert certconf("oid", "the").returncode == INVALID
    assert certconf("oid", "--commit").returncode == 2


def test_without_words_all_are_listed(certconf, rows):
    text = certconf("oid").stdout
    assert all(row["oid"] in text and row["question"] in text for row in rows)


def test_the_page_has_the_same_questions(page, rows):
    shown = re.findall(r"^\.It (.*\?) Ta (\w+) Ta ([\d.]+)$", page, re.MULTILINE)
    assert shown == [(row["question"], row["object"], re.sub(r"^1\.3\.6\.1\.4\.1\.\d+\.1\.", "", row["oid"]))
                     for row in rows]


def test_the_page_names_every_object_and_notification(top, page):
    text = (top / "mib/CERTCONF-MIB.txt").read_text()
    names = re.findall(r"^(certconf\w+) (?:OBJECT|NOTIFICATION)-TYPE", text, re.MULTILINE)
    assert len(names) >= 200
    missing = [name for name in names if not re.search(rf"\b{name}\b", page)]
    assert not missing, f"certconf-snmp(7) lacks {missing}"


def test_numbers_on_the_page(top, page):
    """Columns and scalars under their headings, notifications with their pairs."""
    last = {name: number.rpartition(".")[2] for number, name in frozen(top, "oid")}
    shown = re.findall(r"^\.It (\d+) Ta (certconf\w+) Ta ", page, re.MULTILINE)
    assert len(shown) > 150
    wrong = [(number, name) for number, name in shown if last[name] != number]
    for line in re.findall(r"^\.It certconf\w+ Ta \d+(?: Ta certconf\w+ Ta \d+)?", page, re.MULTILINE):
        wrong += [(number, name) for name, number in re.findall(r"(certconf\w+) Ta (\d+)", line)
                  if last[name] != number]
    assert not wrong


def test_values_on_the_page(top, page):
    heads = re.findall(r"^\.It (certconf[\w , ]+)\n((?:\d .*\n)+)", page, re.MULTILINE)
    assert len(heads) >= 7
    for names, values in heads:
        found = dict(re.findall(r"\b(\d+) (\w+)", values))
        for name in names.split(" , "):
            if name != "certconfOverallStatus" or found:
                assert found == enumeration(top, name), name
