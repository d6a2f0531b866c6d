# SPDX-License-Identifier: ISC
"""contrib/monitoring/prometheus: an alert fires in Prometheus, from what snmpd answers."""
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
from harness import V3_AUTH, V3_PRIV, V3_USER, Server, free_port, wait_for
from pki import document

PROGRAMS = ("prometheus", "prometheus-snmp-exporter")
WAIT = 60


def fetch(url):
    """The body of a page, or None."""
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.read().decode()
    except (OSError, urllib.error.URLError):
        return None


@pytest.fixture
def kit(top):
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    return top / "contrib/monitoring/prometheus"


@pytest.fixture
def started(notified):
    """Starts servers beside the device, and stops them."""
    servers = []

    def start(name, argv):
        server = Server(name, argv, notified.dir / f"{name}.log", notified.env)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def exporter(notified, kit, started):
    """Asks the exporter for a module's metrics of the device."""
    text = (kit / "snmp.yml").read_text().replace("AUTHENTICATION PHRASE", V3_AUTH).replace("PRIVACY PHRASE", V3_PRIV)
    text = text.replace("username: auditor", f"username: {V3_USER}")
    (notified.dir / "snmp.yml").write_text(text)
    port = free_port()
    server = started("snmp-exporter", [shutil.which("prometheus-snmp-exporter"), f"--config.file={notified.dir}/snmp.yml",
                                       f"--web.listen-address=127.0.0.1:{port}"])
    wait_for(lambda: fetch(f"http://127.0.0.1:{port}/metrics") or not server.is_running(), "the exporter answers")
    assert server.is_running(), server.text()

    def ask(module="certconf"):
        return fetch(f"http://127.0.0.1:{port}/snmp?module={module}&target=127.0.0.1:{notified.snmp_port}") or ""

    ask.port = port
    return ask


def test_what_the_exporter_shows(notified, exporter, pki):
    leaf = pki.leaf(days=90)
    notified.import_document(document(leaf.chain, leaf.key, None, pki.root, "outgoing"), "--commit")
    wait_for(lambda: f'certconfLocalFingerprint="{leaf.sha256()}"' in exporter(), "the exporter shows it")
    text = exporter()
    label = '{certconfLocalIndex="1",certconfLocalName="local"}'
    assert re.search(rf"^certconfLocalStatus{label} 2$", text, re.MULTILINE)
    assert re.search(rf"^certconfLocalKeyStatus{label} 2$", text, re.MULTILINE)
    assert re.search(rf"^certconfLocalDaysRemaining{label} (89|90)$", text, re.MULTILINE)
    assert re.search(r'^certconfServiceEnabled\{certconfServiceIndex="1",certconfServiceName="nginx"\} [12]$', text,
                     re.MULTILINE)
    assert re.search(r"^certconfEarliestNotAfter 1\.\d+e\+09$", text, re.MULTILINE)
    assert "certconfCfg" not in text
    config = exporter("certconf_config")
    assert re.search(r"^certconfCfgState 1$", config, re.MULTILINE), config


def alerts(url):
    """Names of the alerts that fire."""
    text = fetch(f"{url}/api/v1/alerts")
    found = json.loads(text)["data"]["alerts"] if text else []
    return {alert["labels"]["alertname"]: alert["labels"] for alert in found if alert["state"] == "firing"}


def test_an_alert_fires(notified, kit, exporter, started, pki):
    """The rules as they are but for how long a condition must last."""
    leaf = pki.ageing(300, 20)
    notified.import_document(document(leaf.chain, leaf.key), "--commit")
    (notified.dir / "rules.yml").write_text(re.sub(r"(?m)^( +for: ).*$", r"\g<1>0s", (kit / "rules.yml").read_text()))
    text = (kit / "prometheus.yml").read_text()
    for old, new in (("scrape_interval: 5m", "scrape_interval: 1s"), ("192.0.2.10", f"127.0.0.1:{notified.snmp_port}"),
                     ("127.0.0.1:9116", f"127.0.0.1:{exporter.port}")):
        assert old in text
        text = text.replace(old, new)
    (notified.dir / "prometheus.yml").write_text("global: {evaluation_interval: 1s}\n" + text)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = started("prometheus", [shutil.which("prometheus"), f"--config.file={notified.dir}/prometheus.yml",
                                    f"--storage.tsdb.path={notified.dir}/tsdb", f"--web.listen-address=127.0.0.1:{port}"])
    wait_for(lambda: "CertconfCertificateExpiring" in alerts(url) or not server.is_running(), "the alert fires", WAIT)
    assert server.is_running(), server.text()
    labels = alerts(url)["CertconfCertificateExpiring"]
    assert labels["certconfLocalName"] == "local" and labels["instance"] == f"127.0.0.1:{notified.snmp_port}"
    assert "CertconfAgentDown" not in alerts(url)
    renewed = pki.leaf(days=90)
    notified.import_document(document(renewed.chain, renewed.key), "--commit")
    wait_for(lambda: "CertconfCertificateExpiring" not in alerts(url), "the alert ends", WAIT)
    notified.stop_agent()
    try:
        wait_for(lambda: "CertconfAgentDown" in alerts(url), "the agent is missed", WAIT)
    finally:
        notified.start_agent()


def test_the_generator_makes_the_same(build, kit, mibs, tmp_path):
    """Numbers, types, indices, lookups and enumerations; what is only help may be older."""
    yaml = pytest.importorskip("yaml")
    program = shutil.which("prometheus-snmp-generator") or pytest.skip("no generator")
    (tmp_path / "generator.yml").write_text((kit / "generator.yml").read_text())
    result = subprocess.run([program, "--fail-on-parse-errors", "generate", "-o", tmp_path / "snmp.yml"], cwd=tmp_path,
                            env={"PATH": "/usr/bin", "MIBDIRS": f"{mibs}:{build}/mib/out", "MIBS": "CERTCONF-MIB"},
                            text=True, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr

    def known(path):
        modules = yaml.safe_load(path.read_text())
        for module in modules.values():
            for metric in module["metrics"]:
                metric.pop("help")
        return modules

    assert known(tmp_path / "snmp.yml") == known(kit / "snmp.yml")
