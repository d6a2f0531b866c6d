# SPDX-License-Identifier: ISC
"""SNMP that hangs, dies and is forbidden costs SNMP, for a while, and nothing else."""
import os
import signal
import statistics
import threading
import time

import harness
import pytest
from harness import wait_for
from pki import document
from snmp_robust import RELEASE, Prober, Stopped

HANG_SECONDS = 60 if RELEASE else 8
ROUNDS = 20 if RELEASE else 3
# sysObjectID.0 is the master's own.
OF_THE_MASTER = (1, 3, 6, 1, 2, 1, 1, 2, 0)


def snmp_pid(device):
    found = device.process("snmp")
    return found[0] if found else None


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


class Work:
    """What goes on beside SNMP: a request and a commit through a session that stays."""

    def __init__(self, device, pki):
        self.session = harness.Netconf(device)
        self.roots = [pki.root, pki.other_root]

    def request(self):
        assert "<rpc-reply" in self.session.call("<get/>")

    def commit(self):
        self.roots.reverse()
        self.session.ok("<edit-config><target><running/></target><default-operation>merge</default-operation>"
                        f"<config>{document(trust=self.roots[0])}</config></edit-config>")

    def medians(self, seconds):
        """Of as many as there is time for."""
        requests, commits, end = [], [], time.monotonic() + seconds
        while time.monotonic() < end or len(commits) < 5:
            requests.append(timed(self.request))
            commits.append(timed(self.commit))
        return statistics.median(requests), statistics.median(commits), max(requests), max(commits)


def test_everything_else_goes_on_while_snmpd_hangs(make_device, mibs, pki):
    device = make_device(mibs)
    device.start_snmpd()
    script, running, let_go = harness.held_back(device)
    device.write_service("held", harness.unprobed(script))
    device.start_agent()
    leaf = pki.leaf()
    with Prober(device.snmp_port) as prober:
        prober.time_to_answer()
        began = threading.Thread(target=lambda: device.import_document(
            document(leaf.chain, leaf.key, services=["held"]), "--commit"))
        began.start()
        wait_for(running.exists, "a commit is under way")
        pid = snmp_pid(device)
        with Stopped(device.snmpd.pid):
            wait_for(lambda: "lost the AgentX master" in device.agent.text(), "it is taken for lost")
            let_go()
            began.join(harness.DEADLINE)
            assert not began.is_alive(), "the commit that was under way has ended"
            device.import_document(document(services=[]), "--commit")
            work = Work(device, pki)
            stopped = work.medians(HANG_SECONDS)
        taken = prober.time_to_answer()
        usual = work.medians(HANG_SECONDS / 4)
    print(f"snmpd stopped for {HANG_SECONDS} s: request {1000 * stopped[0]:.1f} ms ({1000 * usual[0]:.1f} otherwise), "
          f"commit {1000 * stopped[1]:.1f} ms ({1000 * usual[1]:.1f}), SNMP answers after {taken:.2f} s")
    assert stopped[0] < 5 * usual[0]
    assert stopped[1] < 5 * usual[1]
    assert max(stopped[2:]) < 5, "nothing waited for the master"
    assert device.generation() > 1
    assert harness.alive(pid), "it never looked as if it hung"


def test_a_snmp_process_that_hangs_is_replaced(notified):
    device = notified
    pid = snmp_pid(device)
    os.kill(pid, signal.SIGSTOP)
    try:
        device.cli("status")
        wait_for(lambda: "no sign of life" in device.agent.text(), "the engine has had enough", 15)
        with Prober(device.snmp_port) as prober:
            prober.time_to_answer()
    finally:
        harness.kill(pid)
    assert snmp_pid(device) != pid


def hammer(device, stop, results):
    """Requests one after the other, for objects of the master and of ours."""
    with Prober(device.snmp_port) as ours, Prober(device.snmp_port, OF_THE_MASTER) as masters:
        while not stop.is_set():
            results[0] += ours.answers()
            results[1] += masters.answers()


@pytest.mark.parametrize("victim", ["snmp", "engine", "certconfd"])
def test_killed_while_requests_are_in_flight(notified, victim):
    """snmpd keeps answering for itself, and ours come back."""
    device = notified
    stop, results = threading.Event(), [0, 0]
    threads = [threading.Thread(target=hammer, args=(device, stop, results)) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            pid = wait_for(lambda: snmp_pid(device), "there is a snmp process")
            with Prober(device.snmp_port) as prober:
                prober.time_to_answer()
                if victim == "certconfd":
                    for each in [device.agent.pid, *harness.descendants(device.agent.pid)]:
                        harness.kill(each)
                    device.agent.stop()
                    device.start_agent()
                else:
                    harness.kill(device.process(victim)[0])
                wait_for(lambda old=pid: snmp_pid(device) not in (None, old), "another snmp process")
                prober.time_to_answer()
            before = results[1]
            wait_for(lambda: results[1] > before + 5, "the master answers")
            assert device.snmpd.is_running(), device.snmpd.text()
    finally:
        stop.set()
        for thread in threads:
            thread.join(harness.DEADLINE)
    assert results[0] > 0


def test_sets_while_the_master_dies(notified):
    """Whatever became of each, the next one is neither refused nor late."""
    device = notified
    for number in range(ROUNDS if RELEASE else 1):
        threads = [threading.Thread(target=lambda: device.set(("certconfCfgAction.0", "i", "validate"), check=False))
                   for _ in range(1 + number % 5)]
        for thread in threads:
            thread.start()
        wait_for(lambda: device.get("certconfCfgAction.0"), "they are on their way")
        device.snmpd.stop(signal.SIGKILL)
        device.start_snmpd()
        for thread in threads:
            thread.join(30)
        with Prober(device.snmp_port) as prober:
            prober.time_to_answer()
        wait_for(lambda: device.set(("certconfCfgAction.0", "i", "validate"), check=False).returncode == 0,
                 "a SET is taken")
    assert device.cli("status").returncode == 0


def test_a_socket_that_may_not_be_connected_to(notified):
    """As if it were not there, until its permissions are right."""
    device = notified
    mode = device.agentx.stat().st_mode
    device.agentx.chmod(0)
    pid = snmp_pid(device)
    harness.kill(pid)
    wait_for(lambda: "no AgentX master" in device.agent.text(), "another one has tried in vain")
    device.agentx.chmod(mode & 0o777)
    with Prober(device.snmp_port) as prober:
        prober.time_to_answer()
