# SPDX-License-Identifier: ISC
"""The verification mode, enforced: four real servers, by their shipped definitions.

One device holds all of them.  A commit takes it from mode to mode, and in each every kind
of caller calls in and every kind of peer is called, with one exchange of data each.
"""
import contextlib
from pathlib import Path

import peers
import pytest
import shipped
from harness import MODES
from pki import document

NONE, OUTGOING, BOTH = MODES
ALL_CALLERS = ("absent", "trusted", "untrusted", "expired")
ALL_PEERS = ("trusted", "wrong-name", "untrusted")
TRUSTED = ("trusted",)

# What is to be: who is let in, and who is called.
IN = {
    "serves": {NONE: ALL_CALLERS, OUTGOING: ALL_CALLERS, BOTH: ALL_CALLERS},
    "takes-calls": {NONE: ALL_CALLERS, OUTGOING: ALL_CALLERS, BOTH: TRUSTED},
}
OUT = {NONE: ALL_PEERS, OUTGOING: TRUSTED, BOTH: TRUSTED}

# service: what it does with who comes, and whether it calls others
SERVICES = {
    "nginx": ("serves", True),
    "nginx-calls": ("takes-calls", True),
    "haproxy": ("serves", True),
    "haproxy-calls": ("takes-calls", True),
    "stunnel": ("serves", True),
    "stunnel-calls": ("takes-calls", False),
    "kamailio": ("takes-calls", True),
}
# Each mode is come to from another one, the last by asking less than before.
WAY = (OUTGOING, BOTH, NONE)


class Unit:
    """The device, its services, who calls it and whom it calls."""

    def __init__(self, device, pki):
        self.device = device
        self.callers = {"absent": None, "trusted": pki.leaf("caller.example.test"),
                        "untrusted": pki.stranger("caller.example.test"),
                        "expired": pki.leaf("caller.example.test", days=-1)}
        called = {"trusted": pki.leaf(shipped.PEER_NAME), "wrong-name": pki.leaf("other.example.test"),
                  "untrusted": pki.stranger(shipped.PEER_NAME)}
        self.peers = {who: peers.Peer(credential) for who, credential in called.items()}
        self.backend = peers.Peer()
        self.kits = shipped.all_kits(device)

    def start(self):
        ports = {who: peer.port for who, peer in self.peers.items()}
        for kit in self.kits.values():
            kit.define()
            if kit.program == "stunnel":
                if kit.calls is not None:
                    kit.write(ports, self.backend.port)
            else:
                kit.write(ports)
        self.device.start_agent()
        for kit in self.kits.values():
            if not (kit.pid() and self.device.served(kit.port)):
                kit.start()

    def stop(self):
        for kit in self.kits.values():
            kit.stop()
        for peer in (*self.peers.values(), self.backend):
            peer.close()

    def call_in(self, name, who):
        kit = self.kits[name]
        request = peers.sip_options("ping", "unit.example.test") if name == "kamailio" else peers.http_request()
        return peers.ask(kit.port, request, self.callers[who])

    def call_out(self, name, who):
        kit = self.kits[name]
        if kit.out:
            return peers.ask(kit.out[who], peers.http_request(), tls=False)
        request = (peers.sip_options(who, shipped.PEER_NAME) if name == "kamailio"
                   else peers.http_request(f"/{who}/"))
        return peers.ask(kit.port, request, self.callers["trusted"])


@pytest.fixture(scope="module")
def unit(make_shared_device, pki):
    """All services enabled, with a credential of their own, in mode none."""
    if shipped.missing():
        pytest.skip(f"not installed: {', '.join(shipped.missing())}")
    whole = Unit(make_shared_device(), pki)
    try:
        whole.start()
        leaf = pki.leaf()
        whole.device.import_document(document(leaf.chain, leaf.key, trust=pki.root, mode=NONE,
                                              services=SERVICES), "--commit")
        yield whole
    finally:
        whole.stop()


@pytest.fixture(scope="module", params=WAY)
def mode(request, unit):
    """The device in this mode; one commit moves every service that is concerned."""
    with contextlib.ExitStack() as stack:
        for kit in unit.kits.values():
            stack.enter_context(kit.restarting())
        unit.device.cli("set", "verification-mode", request.param, "--commit")
    for name in SERVICES:
        row = unit.device.service(name)
        assert row["state"] == "running" and row["in-sync"] == "in-sync", row
        kit = unit.kits[name]
        assert (Path(kit.live) / "service.conf").read_text() == kit.variant(request.param)
    return request.param


@pytest.mark.parametrize("who", ALL_CALLERS)
@pytest.mark.parametrize("name", SERVICES)
def test_calls_in(unit, mode, name, who):
    status = unit.call_in(name, who)
    if who in IN[SERVICES[name][0]][mode]:
        assert status == 200
    else:
        assert status == (400 if name.startswith("nginx") else 0)


@pytest.mark.parametrize("who", ALL_PEERS)
@pytest.mark.parametrize("name", [name for name, (_, calls_out) in SERVICES.items() if calls_out])
def test_calls_out(unit, mode, name, who):
    status = unit.call_out(name, who)
    if who in OUT[mode]:
        assert status == 200
    else:
        refused = {"nginx": 502, "haproxy": 503, "stunnel": 0, "kamailio": 408}
        assert status == refused[name.partition("-")[0]]
