# SPDX-License-Identifier: ISC
"""Beside another AgentX subagent, kamailio with its module snmpstats, on one master."""
import shutil
from pathlib import Path

import harness
import pytest
from harness import ENTERPRISE_OID, wait_for

# All MIBs of kamailio's own are below this one.
KAMAILIO_OID = "1.3.6.1.4.1.34352"
MODULES = sorted(Path("/usr/lib").glob("*/kamailio/modules/snmpstats.so"))


def kamailio(device):
    """A private kamailio that is a subagent and does nothing else."""
    where = device.dir / "kamailio"
    where.mkdir()
    (where / "agentx.conf").write_text(f"agentXSocket {device.agentx}\nagentXPingInterval 1\n")
    (where / "kamailio.cfg").write_text(f"""\
#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
disable_tcp=yes
listen=udp:127.0.0.1:{harness.free_port(harness.socket.SOCK_DGRAM)}
mpath="{MODULES[0].parent}/"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "snmpstats.so"
request_route {{ exit; }}
""")
    env = {**device.env, "MIBS": "", "SNMPCONFPATH": str(where), "SNMP_PERSISTENT_DIR": str(where)}
    return harness.Server("kamailio", [shutil.which("kamailio") or "/usr/sbin/kamailio", "-DD", "-f",
                                       where / "kamailio.cfg", "-Y", where, "-P", where / "pid", "-w", where],
                          where / "out.log", env)


def end(neighbour):
    """All its processes at once: it takes its time when it is asked."""
    for pid in harness.group(neighbour.pid):
        harness.kill(pid)
    neighbour.stop()


@pytest.fixture
def both(make_device, mibs):
    if not MODULES:
        pytest.skip("kamailio-snmpstats-modules is not installed")
    device = make_device(mibs)
    device.start_snmpd()
    neighbour = kamailio(device)
    neighbour.start()
    device.start_agent()
    device.neighbour = neighbour
    try:
        wait_for(lambda: both_answer(device) or not neighbour.is_running(), "both answer")
        assert neighbour.is_running(), neighbour.text()
        yield device
    finally:
        end(neighbour)


def rows(device, oid):
    """How many objects a walk finds; it must come to its end."""
    result = device.snmp("snmpbulkwalk", "-On", "-Cr10", f".{oid}")
    return sum(line.startswith(f".{oid}.") and "No Such" not in line for line in result.stdout.splitlines())


def both_answer(device):
    return device.snmp_answers() and rows(device, KAMAILIO_OID) > 0


def test_walks_over_both_complete(both):
    ours, theirs = rows(both, f"{ENTERPRISE_OID}.1"), rows(both, KAMAILIO_OID)
    assert ours > 50 and theirs > 0
    assert rows(both, "1.3.6.1.4.1") >= ours + theirs


def test_either_restarts(both):
    both.stop_agent()
    assert rows(both, KAMAILIO_OID) > 0
    both.start_agent()
    wait_for(lambda: both_answer(both), "ours are back")
    end(both.neighbour)
    wait_for(lambda: rows(both, KAMAILIO_OID) == 0, "theirs are gone")
    assert both.snmp_answers()
    both.neighbour.start()
    wait_for(lambda: both_answer(both), "theirs are back")


def test_the_master_restarts(both):
    both.snmpd.stop()
    both.start_snmpd()
    wait_for(lambda: both_answer(both), "both are back", 40)
