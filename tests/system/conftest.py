# SPDX-License-Identifier: ISC
"""Fixtures that start the real programs, and what is shown when a test fails."""
import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import harness  # noqa: E402
import pki as pki_module  # noqa: E402


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """A small PKI, made once."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return pki_module.Pki(tmp_path_factory.mktemp("pki"))


@contextlib.contextmanager
def devices_of(node, build, top):
    """Makes devices; all are stopped at the end, and no sanitizer may have complained."""
    devices = []

    def make(mibs=None):
        # not below tmp_path: a unix socket's path has at most 107 octets
        directory = Path(tempfile.mkdtemp(prefix="certconf-"))
        directory.chmod(0o755)  # started by root, the agent's processes run as nobody
        device = harness.Device(directory, build, top, mibs)
        devices.append(device)
        return device

    node.devices = devices
    try:
        yield make
    finally:
        for device in devices:
            device.stop()
        reports = [report for device in devices for report in device.sanitizer_reports()]
        for device in devices:
            shutil.rmtree(device.dir, ignore_errors=True)
    assert not reports, "\n".join(reports)


@pytest.fixture
def make_device(request, build, top):
    """Makes devices for one test."""
    with devices_of(request.node, build, top) as make:
        yield make


@pytest.fixture(scope="module")
def make_shared_device(request, build, top):
    """Makes devices that all tests of a file share."""
    with devices_of(request.node, build, top) as make:
        yield make


def need(program):
    if shutil.which(program) is None and shutil.which(f"/usr/sbin/{program}") is None:
        pytest.skip(f"{program} is not installed")


def start_notified(device):
    for program in ("snmpd", "snmptrapd", "snmpget"):
        need(program)
    device.start_trap_receiver()
    device.start_snmpd()
    device.write_service()
    device.start_agent()
    harness.wait_for(device.snmp_answers, "the agent answers over SNMP")


@pytest.fixture
def agent(make_device):
    """certconfd alone: no SNMP, no service."""
    device = make_device()
    device.start_agent()
    return device


@pytest.fixture
def notified(make_device, mibs):
    """snmpd, certconfd, and a snmptrapd where its notifications arrive."""
    device = make_device(mibs)
    start_notified(device)
    return device


@pytest.fixture(scope="module")
def shared(make_shared_device, mibs):
    """The same, once for a file."""
    device = make_shared_device(mibs)
    start_notified(device)
    return device


@pytest.fixture
def web(make_device):
    """certconfd and a real nginx that serves what it manages."""
    need("nginx")
    device = make_device()
    device.write_service()
    device.start_agent()
    device.start_nginx()
    return device


@pytest.fixture
def device(make_device, mibs):
    """All of it: snmpd, certconfd and nginx."""
    for program in ("snmpd", "snmpget", "nginx"):
        need(program)
    whole = make_device(mibs)
    whole.start_snmpd()
    whole.write_service()
    whole.start_agent()
    whole.start_nginx()
    harness.wait_for(whole.snmp_answers, "the agent answers over SNMP")
    return whole


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds logs and the state directory's listing to a failed test's report."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for device in [*getattr(item, "devices", ()), *getattr(item.parent, "devices", ())]:
            for name, text in device.artefacts():
                report.sections.append((f"{device.dir.name}: {name}", text))
