# SPDX-License-Identifier: ISC
"""The shipped service definitions: they load as they are, and are refused with a reason."""
import os
import re
import signal
import subprocess

import peers
import pytest
import shipped
from harness import MODES, wait_for
from pki import document

NONE, OUTGOING, BOTH = MODES
EXIT_INVALID = 3
FILES = ("nginx/nginx.conf", "nginx/nginx.takes-calls.conf", "haproxy/haproxy.conf",
         "haproxy/haproxy.takes-calls.conf", "stunnel/stunnel.conf", "stunnel/stunnel-calls.conf",
         "kamailio/kamailio.conf")


@pytest.fixture(autouse=True)
def installed():
    if shipped.missing():
        pytest.skip(f"not installed: {', '.join(shipped.missing())}")


def reload_definitions(device):
    before = device.agent.text().count("definitions read again")
    os.kill(device.agent.pid, signal.SIGHUP)
    wait_for(lambda: device.agent.text().count("definitions read again") > before, "definitions read again")


def test_every_shipped_definition_is_tested(top):
    directory = top / "contrib" / "services"
    assert {str(path.relative_to(directory)) for path in directory.glob("*/*.conf")} == set(FILES)


@pytest.mark.parametrize("systemd", (True, False), ids=("with-systemd", "without"))
@pytest.mark.parametrize("file", FILES)
def test_it_loads(make_device, build, top, file, systemd):
    """As it is shipped, and by what its head says for a machine without systemd."""
    device = make_device()
    text = (top / "contrib" / "services" / file).read_text()
    if not systemd:
        said = re.search(r"sed ((-e '[^']*' )+)", text)[1]
        text = subprocess.run(f"sed {said}", shell=True, input=text, text=True, capture_output=True,
                              check=True).stdout
        assert text == shipped.without_systemd((top / "contrib" / "services" / file).read_text())
    device.write_service(file.partition("/")[0], text)
    device.write_conf()
    result = subprocess.run([device.build / "certconfd", "-t", "-f", device.conf], env=device.env,
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert not re.search(r"error|refused|services\.d", result.stdout + result.stderr), result.stderr
    for mode in MODES:
        assert f"\nvariant {mode} {{\n" in text, mode


def test_takes_calls_in_the_place_of_serves(make_device, pki):
    """The other file copied over the first: the same document again puts it in force."""
    device = make_device()
    kit = shipped.Nginx(device)
    kit.define()
    kit.write({})
    device.start_agent()
    try:
        kit.start()
        leaf, caller = pki.leaf(), pki.leaf("caller.example.test")
        text = document(leaf.chain, leaf.key, trust=pki.root, mode=BOTH, services=["nginx"])
        with kit.restarting():
            device.import_document(text, "--commit")
        assert peers.ask(kit.port, peers.http_request()) == 200
        kit.file = "nginx.takes-calls.conf"
        kit.define()
        reload_definitions(device)
        with kit.restarting():
            device.import_document(text, "--commit")
        assert peers.ask(kit.port, peers.http_request()) == 400
        assert peers.ask(kit.port, peers.http_request(), caller) == 200
    finally:
        kit.stop()


def test_a_feature_key_is_needed(make_device):
    device = make_device()
    kit = shipped.Nginx(device)
    device.write_service("nginx", shipped.replaced(kit.definition(), ("#features = { https }",
                                                                      "features = { https, encryption }")))
    device.start_agent()
    for how in ((), ("--commit",)):
        result = device.cli("set", "service", "nginx", "enabled", *how, check=False)
        assert result.returncode == EXIT_INVALID
        assert "nginx" in result.stderr and "feature key" in result.stderr and "https, encryption" in result.stderr
    (device.features / "encryption").touch()
    reload_definitions(device)
    device.cli("set", "service", "nginx", "enabled")


def test_a_service_that_verifies_needs_the_trust_store(make_device, pki):
    """In one document with the mode, and later, when there is none to be taken away."""
    device = make_device()
    kit = shipped.Haproxy(device)
    kit.define()
    device.start_agent()
    enabling = document(mode=OUTGOING, services=["haproxy"])
    for how in ((), ("--commit",)):
        result = device.import_document(enabling, *how, check=False)
        assert result.returncode == EXIT_INVALID
        assert "trust store" in result.stderr and "absent" in result.stderr
    device.import_document(document(trust=pki.root, mode=OUTGOING, services=["haproxy"]))
    result = device.cli("delete", "trust-store", check=False)
    assert result.returncode == EXIT_INVALID
    assert "trust store" in result.stderr


def test_sip_needs_a_credential_of_its_own(make_device, pki):
    device = make_device()
    kit = shipped.Kamailio(device)
    kit.define()
    device.start_agent()
    result = device.cli("set", "service", "kamailio", "enabled", check=False)
    assert result.returncode == EXIT_INVALID
    assert "kamailio" in result.stderr and "factory" in result.stderr
    leaf = pki.leaf()
    device.import_document(document(leaf.chain, leaf.key, services=["kamailio"]))
    result = device.cli("delete", "certificate", check=False)
    assert result.returncode == EXIT_INVALID
    assert "kamailio" in result.stderr and "factory" in result.stderr


def test_a_name_without_definition_is_refused(make_device):
    device = make_device()
    shipped.Stunnel(device).define()
    device.start_agent()
    result = device.cli("set", "service", "stunnel-calls", "enabled", check=False)
    assert result.returncode == EXIT_INVALID
    assert "stunnel-calls" in result.stderr
    device.cli("set", "service", "stunnel", "enabled")
