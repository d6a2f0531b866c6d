# SPDX-License-Identifier: ISC
"""The kits for monitoring systems: every number, name and enumeration is the MIB's."""
import json
import re
import shutil
import subprocess

import pytest

ENTERPRISE = "1.3.6.1.4.1.32473"
# What is not one object: the subtrees of views, and the arc all notifications are below.
SUBTREES = {"", "1", "1.0", "1.1", "1.1.7", "1.1.8"}


@pytest.fixture(scope="module")
def kits(top):
    return top / "contrib/monitoring"


@pytest.fixture(scope="module")
def numbers(top):
    """OID below the enterprise -> name."""
    lines = (top / "mib/oids.txt").read_text().splitlines()
    return dict(line.split()[1:] for line in lines if line.startswith("oid "))


@pytest.fixture(scope="module")
def enumerations(top):
    """Type or object -> {number: label}."""
    found = {}
    for line in (top / "mib/oids.txt").read_text().splitlines():
        if line.startswith("enum "):
            _, owner, number, label = line.split()
            found.setdefault(owner, {})[int(number)] = label
    return found


@pytest.fixture(scope="module")
def syntax(top):
    """Object -> its type."""
    text = (top / "mib/CERTCONF-MIB.txt").read_text()
    return dict(re.findall(r"^(certconf\w+) OBJECT-TYPE\s+SYNTAX\s+(\w+)", text, re.MULTILINE))


def values_of(enumerations, syntax, name):
    if syntax[name] == "TruthValue":
        return {1: "true", 2: "false"}
    return enumerations.get(syntax[name]) or enumerations.get(name, {})


def texts(top):
    return [path for where in ("monitoring", "snmp") for path in sorted((top / "contrib" / where).rglob("*"))
            if path.is_file()]


def test_every_number_is_of_the_mib(top, numbers):
    scalars = {number for number in numbers if re.fullmatch(r"1\.1\.(1|7|9)\.\d+", number)}
    wrong, seen = [], 0
    for path in texts(top):
        for number in re.findall(rf"{re.escape(ENTERPRISE)}((?:\.\d+)*)", path.read_text()):
            number = number.lstrip(".")
            seen += 1
            base, _, last = number.rpartition(".")
            column = numbers.get(number, "")
            if number not in SUBTREES and not column and not (last == "0" and base in scalars) \
                    and not re.fullmatch(r"1\.1\.\d+\.1\.\d+", base):
                wrong.append(f"{path}: {number}")
            if re.fullmatch(r"1\.1\.\d+\.1\.\d+\.\d+", number) and base not in numbers:
                wrong.append(f"{path}: {number}")
    assert seen > 100 and not wrong, "\n".join(wrong)


def test_every_kit_has_a_short_readme(kits):
    for kit in kits.iterdir():
        lines = (kit / "README").read_text().splitlines()
        assert 5 <= len(lines) <= 20, kit


def test_every_kit_is_installed(top):
    makefile = (top / "contrib/Makefile.inc").read_text()
    missing = [str(path.relative_to(top)) for path in texts(top) if str(path.relative_to(top)) not in makefile]
    assert not missing, "\n".join(missing)


# --- Prometheus ---

def metrics(kits):
    """Name -> (number, type, enumeration) of each metric of snmp.yml."""
    yaml = pytest.importorskip("yaml")
    modules = yaml.safe_load((kits / "prometheus/snmp.yml").read_text())
    assert set(modules) == {"certconf", "certconf_config"}
    return {metric["name"]: metric for module in modules.values() for metric in module["metrics"]}


def test_snmp_yml(kits, numbers, enumerations, syntax):
    found = metrics(kits)
    assert len(found) > 50
    for name, metric in found.items():
        assert numbers[metric["oid"].removeprefix(f"{ENTERPRISE}.")] == name
        assert metric.get("enum_values", {}) == values_of(enumerations, syntax, name), name
        assert (metric["type"] == "DateAndTime") == (syntax[name] == "DateAndTime"), name
        assert (metric["type"] == "DisplayString") == (syntax[name] == "CertconfText"), name
        for lookup in metric.get("lookups", ()):
            assert numbers[lookup["oid"].removeprefix(f"{ENTERPRISE}.")] == lookup["labelname"]


def promtool(*argv, cwd):
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    result = subprocess.run([program, *argv], cwd=cwd, text=True, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_rules(kits):
    promtool("check", "rules", "rules.yml", cwd=kits / "prometheus")
    promtool("test", "rules", "rules-test.yml", cwd=kits / "prometheus")


def test_every_alert_is_tested(kits):
    alerts = set(re.findall(r"- alert: (\w+)", (kits / "prometheus/rules.yml").read_text()))
    tested = set(re.findall(r"alertname: (\w+)", (kits / "prometheus/rules-test.yml").read_text()))
    assert len(alerts) > 15 and alerts == tested


def expressions(kits):
    board = json.loads((kits / "prometheus/grafana-dashboard.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel, target["expr"]
    for annotation in board["annotations"]["list"]:
        yield annotation, annotation["expr"]


def test_metrics_that_are_asked_for_are_scraped(kits):
    scraped = set(metrics(kits))
    labels = {label["labelname"] for metric in metrics(kits).values() for label in metric.get("indexes", ())}
    labels |= {"certconfLocalName", "certconfTrustName", "certconfServiceName"}
    text = (kits / "prometheus/rules.yml").read_text() + "".join(expr for _, expr in expressions(kits))
    asked = set(re.findall(r"\bcertconf[A-Z]\w+", text))
    assert len(asked) > 15 and asked <= scraped | labels, asked - scraped - labels


def test_the_dashboard(kits, enumerations, syntax, tmp_path):
    """Each expression is one, and its texts of values are the MIB's."""
    rules = [{"record": "a", "expr": expr.replace("$instance", ".*")} for _, expr in expressions(kits)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "a", "rules": rules}]}))
    promtool("check", "rules", "rules.yml", cwd=tmp_path)
    mapped = 0
    for panel, expr in expressions(kits):
        for mapping in panel.get("fieldConfig", {}).get("defaults", {}).get("mappings", ()):
            shown = {int(value): option["text"] for value, option in mapping["options"].items()}
            assert shown == values_of(enumerations, syntax, re.match(r"certconf\w+", expr)[0]), panel["title"]
            mapped += 1
    assert mapped >= 6


# --- LibreNMS ---

def test_librenms(kits, numbers, enumerations, syntax):
    """States are the MIB's, numbers are those of the objects named beside them."""
    yaml = pytest.importorskip("yaml")
    sensors = yaml.safe_load((kits / "librenms/certconf.yaml").read_text())["modules"]["sensors"]
    assert set(sensors) == {"count", "state"} and len(sensors["state"]["data"]) == 10
    named = set(numbers.values())
    for kind, sensor in [(kind, row) for kind in sensors for row in sensors[kind]["data"]]:
        name = sensor.get("value", sensor["oid"])
        assert numbers[re.fullmatch(rf"\.{re.escape(ENTERPRISE)}\.([\d.]+)\.{{{{ \$index }}}}", sensor["num_oid"])[1]] == name
        assert "value" not in sensor or sensor["oid"].endswith("Table")
        assert {sensor["oid"], *re.findall(r"\$(certconf\w+)", sensor["descr"])} <= named
        assert all(skip["oid"] in named for skip in sensor.get("skip_values", ()))
        if kind == "state":
            assert {row["value"]: row["descr"] for row in sensor["states"]} == values_of(enumerations, syntax, name)
            assert all(row["generic"] == 3 for row in sensor["states"] if row["descr"] == "unknown")


# --- Zabbix ---

def template_of(kits):
    yaml = pytest.importorskip("yaml")
    export = yaml.safe_load((kits / "zabbix/template_certconf_snmp.yaml").read_text())["zabbix_export"]
    assert export["version"] == "6.0" and len(export["templates"]) == 1
    return export, export["templates"][0]


def items_of(template):
    return [*template["items"], *(item for rule in template["discovery_rules"] for item in rule["item_prototypes"])]


def below(node):
    """Every mapping in what was read."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from below(child)


def test_zabbix_items(kits, numbers, enumerations, syntax):
    """Each asks for one object, as a type that can hold it, and shows it by the MIB's words."""
    _, template = template_of(kits)
    maps = {found["name"]: {int(row["value"]): row["newvalue"] for row in found["mappings"]}
            for found in template["valuemaps"]}
    items = items_of(template)
    assert len(items) > 20 and len({item["key"] for item in items}) == len(items)
    for item in items:
        name = numbers[re.sub(r"\.0$|\.\{#SNMPINDEX\}$", "", item["snmp_oid"].removeprefix(f"{ENTERPRISE}."))]
        kind = syntax[name]
        assert (item.get("value_type") == "CHAR") == (kind == "CertconfText"), name
        assert item.get("value_type") == "FLOAT" or kind != "Integer32", f"{name} may be negative"
        assert maps.get(item.get("valuemap", {}).get("name"), {}) == values_of(enumerations, syntax, name), name


def test_zabbix_tells_each_status_but_ok(kits, enumerations):
    _, template = template_of(kits)
    told = set(re.findall(r"last\(/certconf by SNMP/certconf\.status\)=(\d)", str(list(below(template)))))
    assert told == {str(number) for number, label in enumerations["CertconfSeverityType"].items() if label != "ok"}


def test_zabbix_references(kits, numbers):
    """Triggers are about items there are, identifiers are unique, discoveries ask for columns."""
    export, template = template_of(kits)
    keys = {item["key"] for item in items_of(template)}
    triggers = [node for node in below(template) if "expression" in node]
    assert len(triggers) > 20
    for trigger in triggers:
        asked = re.findall(r"/certconf by SNMP/([^,)]+)", trigger["expression"])
        assert asked and set(asked) <= keys, trigger
    for rule in template["discovery_rules"]:
        for macro, number in re.findall(r"\{#(\w+)\},([\d.]+)", rule["snmp_oid"]):
            assert macro in ("NAME", "MONITOR", "ENABLED") and macro.lower() in numbers[
                number.removeprefix(f"{ENTERPRISE}.")].lower()
    identifiers = [node["uuid"] for node in below(export) if "uuid" in node]
    assert len(identifiers) == len(set(identifiers))
    assert all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", each) for each in identifiers)
