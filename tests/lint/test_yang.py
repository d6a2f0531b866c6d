# SPDX-License-Identifier: ISC
"""The YANG modules are clean, complete, and say the same as the C tables."""
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

YIN = "{urn:ietf:params:xml:ns:yang:yin:1}"
MODULES = ["certconf", "certconf-netconf"]
DATA = ["container", "list", "leaf", "leaf-list"]

# What certconf-netconf augments, where the module of RFC 6241 is not installed.
NETCONF_STAND_IN = """
module ietf-netconf {
  namespace "urn:ietf:params:xml:ns:netconf:base:1.0";
  prefix nc;
  organization "none";
  contact "none";
  description "Stands in for the module of RFC 6241.";
  revision 2011-06-01 { description "None."; }
  rpc edit-config { input { leaf test-option { type string; } } }
  rpc commit;
  rpc cancel-commit;
}
"""


@pytest.fixture(scope="module")
def yanglint(top, tmp_path_factory):
    """A function that runs yanglint with these arguments on our modules."""
    program = shutil.which("yanglint")
    if program is None:
        pytest.skip("no yanglint; on Debian: apt-get install libyang2-tools")
    extra = tmp_path_factory.mktemp("yang")
    (extra / "ietf-netconf.yang").write_text(NETCONF_STAND_IN)
    paths = ["-p", top / "yang", "-p", extra, "-p", "/usr/share/yang/modules/libyang"]

    def run(*arguments):
        return subprocess.run([program, "-D", *paths, *arguments], capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def yin(yanglint, top):
    """The module certconf as XML."""
    result = yanglint("-f", "yin", top / "yang/certconf.yang")
    assert result.returncode == 0, result.stderr
    return ElementTree.fromstring(result.stdout)


def dump(build, program):
    """The lines that a program of tests/unit prints, as lists of words."""
    path = build / "tests/unit" / program
    if not path.exists():
        pytest.skip(f"{path} is not built: make check makes it")
    output = subprocess.run([path], capture_output=True, text=True, check=True).stdout
    return [line.split(" ") for line in output.splitlines()]


@pytest.mark.parametrize("module", MODULES)
def test_clean(yanglint, top, module):
    result = yanglint(top / f"yang/{module}.yang")
    assert result.returncode == 0 and not result.stderr, result.stderr


def test_main_module_needs_only_common_types(yin):
    assert [node.get("module") for node in yin.iter(f"{YIN}import")] == ["ietf-yang-types"]


@pytest.mark.parametrize("module", MODULES)
def test_text_form(top, module):
    """Lines, as RFC 8407 wants them for printing: short, no tabs, no trailing spaces."""
    for number, line in enumerate((top / f"yang/{module}.yang").read_text().split("\n"), 1):
        assert len(line) <= 80 and "\t" not in line and line == line.rstrip(), f"line {number}"


@pytest.mark.parametrize("module", MODULES)
def test_everything_is_described(yanglint, top, module):
    """RFC 8407 4.14: it is the documentation people see."""
    result = yanglint("-f", "yin", top / f"yang/{module}.yang")
    wanted = DATA + ["typedef", "grouping", "rpc", "notification", "choice", "case", "enum", "augment", "revision"]
    tree = ElementTree.fromstring(result.stdout)
    bare = [f"{node.tag.removeprefix(YIN)} {node.get('name')}" for node in tree.iter()
            if node.tag.removeprefix(YIN) in wanted and node.find(f"{YIN}description") is None]
    assert not bare, "without description: " + ", ".join(bare)


@pytest.mark.parametrize("module", MODULES)
def test_the_revision_is_what_the_server_says(top, module):
    """Its hello names the revision of each module, which nothing but this ties to the file."""
    newest = re.search(r"^  revision (\S+) \{", (top / f"yang/{module}.yang").read_text(), re.MULTILINE)
    source = (top / "handlers/session.c").read_text()
    said = re.search(r'^#define REVISION "([^"]+)"', source, re.MULTILINE)
    assert f"?module={module}&revision=\" REVISION" in source
    assert said.group(1) == newest.group(1)


def rows_of(node, path, config):
    """What lib/schema.c has to say of a node and those below it; of state only that it is there."""
    for child in node:
        kind = child.tag.removeprefix(YIN)
        if kind in ("choice", "case"):
            yield from rows_of(child, path, config)
        if kind not in DATA:
            continue
        name = f"{path}/{child.get('name')}"
        read_only = child.find(f"{YIN}config")
        is_config = config and (read_only is None or read_only.get("value") != "false")
        kind_of_type = child.find(f"{YIN}type")
        mandatory = child.find(f"{YIN}mandatory")
        key = node.find(f"{YIN}key")
        is_mandatory = (mandatory is not None and mandatory.get("value") == "true") or (
            key is not None and child.get("name") in key.get("value").split())
        yield ([name, kind, "-" if kind_of_type is None else kind_of_type.get("name")]
               + ["config"] * is_config + ["mandatory"] * is_mandatory)
        if is_config:
            yield from rows_of(child, name, is_config)


def test_schema_table(build, yin):
    assert sorted(dump(build, "schema-dump")) == sorted(rows_of(yin, "", True))


def test_enumerations(build, yin):
    """Texts and numbers; error codes share numbers in the MIB, so YANG has none for them."""
    expect = {}
    for yang_type, _, number, text in dump(build, "names-dump"):
        if yang_type != "-":
            expect.setdefault(yang_type, {})[text] = None if yang_type == "error-code" else number
    found = {}
    for typedef in yin.findall(f"{YIN}typedef"):
        values = typedef.findall(f"{YIN}type/{YIN}enum")
        for value in values:
            number = value.find(f"{YIN}value")
            found.setdefault(typedef.get("name"), {})[value.get("name")] = (
                None if number is None else number.get("value"))
    assert found == expect


# Documents, and whether they are of the model: yanglint and we must agree.
HEAD = '<certconf xmlns="urn:certconf:params:xml:ns:yang:certconf">'
DOCUMENTS = [
    ("", True),
    ("<credential><name>a</name><certificate>x</certificate></credential>", True),
    ("<trust-store><certificate><name>a b</name><cert-data>x</cert-data></certificate></trust-store>", True),
    ("<trust-store><certificates>x</certificates></trust-store>", True),
    ("<verification-mode>outgoing-and-incoming</verification-mode>", True),
    ("<service><name>a</name><enabled>true</enabled><credential>b</credential></service>", True),
    ("<verification-mode>both</verification-mode>", False),
    ("<verification-mode> none</verification-mode>", False),
    ("<service><name>a</name><enabled>1</enabled></service>", False),
    ("<service><name>-a</name></service>", False),
    ("<service><name>a/b</name></service>", False),
    (f"<service><name>{'a' * 64}</name></service>", True),
    (f"<service><name>{'a' * 65}</name></service>", False),
    (f"<trust-store><certificate><name>{'é' * 64}</name><cert-data>x</cert-data></certificate></trust-store>", True),
    (f"<trust-store><certificate><name>{'é' * 65}</name><cert-data>x</cert-data></certificate></trust-store>", False),
    ("<trust-store><certificate><name>a&#9;b</name><cert-data>x</cert-data></certificate></trust-store>", False),
    ("<trust-store><certificate><name>a</name></certificate></trust-store>", False),
    ("<trust-store><certificate><name>a</name><cert-data>x</cert-data></certificate>"
     "<certificates>x</certificates></trust-store>", False),
    ("<service><name>a</name></service><service><name>a</name></service>", False),
    ("<service><enabled>true</enabled></service>", False),
    ("<service><name>a</name><colour>red</colour></service>", False),
    ("<verification-mode>none</verification-mode><verification-mode>none</verification-mode>", False),
    ("<trust-store>text</trust-store>", False),
    ("<state><model>x</model></state>", False),
    ("<monitoring><warning-days>0</warning-days><notify/></monitoring>", True),
    ("<monitoring><warning-days>3650</warning-days><critical-percent>100</critical-percent></monitoring>", True),
    ("<monitoring><repeat-hours>+7</repeat-hours><minimum-interval>007</minimum-interval></monitoring>", True),
    ("<monitoring><notify>source local-expiry</notify></monitoring>", True),
    ("<monitoring><notify>\n source\n local-expiry\n</notify></monitoring>", True),
    ("<monitoring><certificate><name>factory</name><monitor>false</monitor>"
     "<warning-days>5</warning-days></certificate></monitoring>", True),
    ("<monitoring><trust-anchor><name>a b</name><monitor>true</monitor></trust-anchor></monitoring>", True),
    ("<monitoring><warning-days>3651</warning-days></monitoring>", False),
    ("<monitoring><warning-days>-1</warning-days></monitoring>", False),
    ("<monitoring><warning-days/></monitoring>", False),
    ("<monitoring><warning-percent>101</warning-percent></monitoring>", False),
    ("<monitoring><repeat-hours>8761</repeat-hours></monitoring>", False),
    ("<monitoring><minimum-interval>1.5</minimum-interval></monitoring>", False),
    ("<monitoring><notify>commit commit</notify></monitoring>", False),
    ("<monitoring><notify>localExpiry</notify></monitoring>", False),
    ("<monitoring><certificate><monitor>false</monitor></certificate></monitoring>", False),
    ("<monitoring><trust-anchor><name>a</name><warning-days>5</warning-days></trust-anchor></monitoring>", False),
]


@pytest.mark.parametrize("inside, good", DOCUMENTS)
def test_documents(build, yanglint, top, tmp_path, inside, good):
    path = Path(tmp_path / "document.xml")
    path.write_text(f"{HEAD}{inside}</certconf>\n", encoding="utf-8")
    theirs = yanglint("-t", "config", top / "yang/certconf.yang", path)
    assert (theirs.returncode == 0) == good, f"yanglint: {theirs.stderr}"
    checker = build / "tests/unit/schema-dump"
    if not checker.exists():
        pytest.skip(f"{checker} is not built: make check makes it")
    ours = subprocess.run([checker, path], capture_output=True, text=True, check=False)
    assert (ours.returncode == 0) == good, f"schema-dump: {ours.stderr}"
