# SPDX-License-Identifier: ISC
"""Commits in a row leave descriptors, processes and memory of every process where they were."""
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import harness
import pytest
from harness import wait_for
from pki import document

COMMITS = 200 if os.environ.get("CERTCONF_RELEASE") else 20
WARM_UP = 5
ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
# Of so many commits, whatever their number: a snapshot with these roots takes more by itself,
# and a heap that grows once does so by 132 KiB.
GROWTH_KIB = 192
# What /proc/PID/status may be wrong by: pages a processor has not yet added to the sum.
INEXACT_KIB = 256


@dataclass
class Footprint:
    """What a process has taken."""
    children: list
    descriptors: int
    mappings: int
    kib: int
    exact: bool = True


def writable_kib(pid):
    """Memory that is not merely read from a file; shared is what it shares with who forked it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty:", "Shared_Dirty:")))


def footprint(pid):
    """Of a process that gave up being looked into, only root sees more than /proc/PID/status.

    The descriptors are then the size of the table, which grows when it is full.
    """
    children = harness.children(pid)
    try:
        return Footprint(children, len(os.listdir(f"/proc/{pid}/fd")),
                         len(Path(f"/proc/{pid}/maps").read_text().splitlines()), writable_kib(pid))
    except PermissionError:
        status = harness.proc_status(pid)
        kib = sum(int(status[name].split()[0]) for name in ("RssAnon", "RssShmem"))
        return Footprint(children, int(status["FDSize"]), 0, kib, False)


@pytest.fixture
def leaves(pki):
    return [pki.leaf() for _ in range(2)]


@pytest.fixture
def stocked(device, pki, leaves):
    """A device with so many trust anchors that a generation that is held too long is seen."""
    if not ROOTS.exists():
        pytest.skip("ca-certificates is not installed")
    device.import_document(document(leaves[0].chain, leaves[0].key, trust=ROOTS.read_text() + pki.root,
                                    mode="outgoing", services=["nginx"]), "--commit")
    return device


def own_processes(device):
    """Every process that stays, by what it calls itself."""
    return {f"{harness.title(pid)} [{pid}]": pid for pid in (device.agent.pid, *harness.descendants(device.agent.pid))}


def commit(device, session, leaf, number):
    """By the command and by a session that stays, in turns."""
    text = document(leaf.chain, leaf.key)
    if number % 2 == 0:
        device.import_document(text, "--commit")
    else:
        session.ok(f"<edit-config><target><running/></target><config>{text}</config></edit-config>")
    device.wait_served(leaf.sha256())


def until(measure, wanted):
    """Waits until it is so; a failure shows the difference."""
    with contextlib.suppress(harness.Timeout):
        wait_for(lambda: measure() == wanted, "as before")
    assert measure() == wanted


def settled(device, processes):
    """When nothing is left but those that were there: their footprints."""
    until(lambda: own_processes(device), processes)
    until(lambda: len(harness.children(device.nginx.pid)), 1)
    return {name: footprint(pid) for name, pid in {**processes, "nginx": device.nginx.pid}.items()}


def without_nginx_workers(footprints):
    """What must be just as before; another worker in its place is what a reload is."""
    return {name: (found.descriptors, len(found.children) if name == "nginx" else found.children)
            for name, found in footprints.items()}


def grown(before, after):
    """Processes of ours that have taken more memory than they may; what nginx takes is its affair."""
    found = []
    for name, old in before.items():
        new, may = after[name], GROWTH_KIB if old.exact else GROWTH_KIB + INEXACT_KIB
        if name != "nginx" and (new.kib - old.kib > may or new.mappings - old.mappings > COMMITS // 4):
            found.append(f"{name}: {old.kib} KiB in {old.mappings} mappings before, {new.kib} KiB in "
                         f"{new.mappings} mappings after {COMMITS} commits")
    return found


def test_commits_in_a_row_leave_nothing_behind(stocked, build, leaves):
    device = stocked
    with harness.Netconf(device) as session:
        for number in range(WARM_UP):
            commit(device, session, leaves[(number + 1) % 2], number)
        wait_for(lambda: len(device.process("session")) == 1, "one session is left")
        wait_for(device.snmp_answers, "the agent answers over SNMP")
        processes = own_processes(device)
        before = settled(device, processes)
        assert len(before) == 7, "supervisor, monitor, engine, nursery, session, snmp and nginx"
        for number in range(COMMITS):
            commit(device, session, leaves[number % 2], number)
        until(lambda: without_nginx_workers(settled(device, processes)), without_nginx_workers(before))
        if "define WITH_SANITIZERS 1" not in (build / "config.h").read_text():
            assert not grown(before, settled(device, processes))
