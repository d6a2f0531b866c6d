# SPDX-License-Identifier: ISC
"""certconf-snmp while its master goes away, comes back, hangs, and is shared with others."""
import os
import resource
import time
from pathlib import Path

import pytest
from harness import wait_for
from snmp_robust import (RELEASE, Prober, Receiver, Stopped, cpu_seconds, descriptors, private_kib,
                         restart_rounds)
from test_snmp_agent import start_snmpd, unit  # noqa: F401

RESTARTS = 200 if RELEASE else 5
HANG_SECONDS = 60 if RELEASE else 8
WALKS = 1000 if RELEASE else 10
GROWTH_KIB = 64
# What a build that looks after its memory itself takes is no measure.
ASAN = "define WITH_SANITIZERS 1"


def measured(build):
    return ASAN not in (build / "config.h").read_text()


def test_restarts_of_snmpd(unit, build):  # noqa: F811
    """Answering after each; what it has at the end is what it had."""
    device = unit.device
    times, equal, growth = restart_rounds(
        unit.engine.pid, device.snmp_port, lambda how: device.snmpd.stop(how), lambda: start_snmpd(device),
        RESTARTS)
    print(f"{RESTARTS} restarts: answers after at most {max(times):.2f} s, {growth} KiB more")
    assert equal, descriptors(unit.engine.pid)
    if measured(build):
        assert growth < GROWTH_KIB
    assert unit.engine.said("ended") == []


def test_what_is_logged_of_a_master_that_is_long_away(unit):  # noqa: F811
    """It is looked for each second; that is written once."""
    unit.device.snmpd.stop()
    wait_for(lambda: "heartbeat 0" in unit.engine.lines, "the master is gone")
    unit.engine.forget()
    before = unit.engine.log.read_text()
    unit.device.agentx.unlink(missing_ok=True)
    wait_for(lambda: len(unit.engine.said("heartbeat 0")) >= 4, "some attempts")
    after = unit.engine.log.read_text()
    assert after == before
    start_snmpd(unit.device)
    wait_for(unit.answers, "certconf-snmp is connected again")


def test_a_master_that_is_stopped(unit):  # noqa: F811
    """Its backlog is soon full; nothing waits for it for longer than for an answer."""
    with Prober(unit.device.snmp_port) as prober:
        with Stopped(unit.device.snmpd.pid):
            began, seen, gaps = time.monotonic(), 0, [time.monotonic()]
            while time.monotonic() - began < HANG_SECONDS:
                if len(unit.engine.said("heartbeat")) > seen:
                    seen = len(unit.engine.said("heartbeat"))
                    gaps.append(time.monotonic())
                time.sleep(0.02)
        taken = prober.time_to_answer()
    longest = max(b - a for a, b in zip(gaps, [*gaps[1:], began + HANG_SECONDS]))
    print(f"stopped for {HANG_SECONDS} s: answers after {taken:.2f} s, heartbeats at most {longest:.2f} s apart")
    # the engine ends what gave no sign of life for five seconds
    assert longest < 5
    assert seen >= HANG_SECONDS // 2
    assert unit.engine.said("ended") == []


def test_more_descriptors_than_a_set_has(unit):  # noqa: F811
    """A socket whose number select() could not take, again after a reconnect."""
    assert unit.engine.end() == 0
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1300:
        pytest.skip("too few descriptors may be opened")
    wrapper = unit.device.dir / "crowded"
    wrapper.write_text(f"""#!/usr/bin/python3
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (1300, 1300))
while os.dup(os.open("/dev/null", os.O_RDONLY)) < 1100:
    pass
for fd in range(4, 1101):
    os.set_inheritable(fd, True)
os.execv("{unit.build / 'certconf-snmp'}", sys.argv)
""")
    wrapper.chmod(0o755)
    unit.start_engine(wrapper)
    unit.publish()
    wait_for(unit.answers, "it answers")
    assert len(descriptors(unit.engine.pid)) > 1024
    for _ in range(2):
        unit.device.snmpd.stop()
        start_snmpd(unit.device)
        wait_for(unit.answers, "it answers again")


def test_the_socket_has_the_same_number_again(unit):  # noqa: F811
    """What waits for the socket must not take the new one for the old one."""
    def sockets():
        return [path.name for path in Path(f"/proc/{unit.engine.pid}/fd").iterdir()
                if os.readlink(path).startswith("socket:")]

    before = sorted(sockets())
    for _ in range(2):
        unit.device.snmpd.stop()
        start_snmpd(unit.device)
        wait_for(unit.answers, "it answers again")
        assert sorted(sockets()) == before


# --- notifications ---

@pytest.mark.parametrize("count", [800, 5000])
def test_a_burst_of_notifications(unit, count):  # noqa: F811
    """snmpd 5.9.3 answers each with a response, and waits for ever when nobody reads them.

    A subagent that sends 800 in a row without reading stops snmpd and itself for good: both
    wait in sendto().  600 still fit into the buffers.
    """
    with Receiver(unit.device.trap_port) as receiver, Prober(unit.device.snmp_port) as prober:
        unit.engine.do("burst", 0, 1, count)
        wait_for(lambda: unit.engine.said(f"notified {count}"), "the last is handed over", 60)
        prober.time_to_answer()
        wait_for(lambda: receiver.numbers[-1:] == [count], "the last arrives")
    print(f"{count} notifications: {len(set(receiver.numbers))} taken in by the receiver")
    assert receiver.numbers == sorted(receiver.numbers)


def test_a_burst_while_the_master_is_stopped(unit):  # noqa: F811
    """What it cannot be told waits here; then it is told, in order."""
    with Receiver(unit.device.trap_port) as receiver:
        with Stopped(unit.device.snmpd.pid):
            unit.engine.do("burst", 0, 1, 800)
            wait_for(lambda: unit.engine.said("heartbeat 0"), "it is taken for lost")
            assert unit.engine.said("notified") == []
        wait_for(lambda: unit.engine.said("notified 800"), "the last is handed over", 60)
        wait_for(lambda: receiver.numbers[-1:] == [800], "the last arrives")
    again = receiver.numbers.index(1, 1) if receiver.numbers.count(1) > 1 else 0
    assert receiver.numbers[again:] == sorted(receiver.numbers[again:])


# --- memory ---

def test_walks_leave_nothing_behind(unit, build):  # noqa: F811
    """Every object, over and over."""
    for _ in range(3):
        walk = unit.walk("Objects")
    requests, before = walk.count("\n") * WALKS, private_kib(unit.engine.pid)
    for _ in range(WALKS):
        assert unit.walk("Objects").count("\n") == walk.count("\n")
    growth = private_kib(unit.engine.pid) - before
    print(f"{requests} requests: {growth} KiB more")
    if measured(build):
        assert growth < GROWTH_KIB


def test_an_idle_one_does_not_spin(unit):  # noqa: F811
    wait_for(unit.answers, "it answers")
    unit.engine.forget()
    before = cpu_seconds(unit.engine.pid)
    wait_for(lambda: len(unit.engine.said("heartbeat")) >= 3, "some seconds have passed")
    assert cpu_seconds(unit.engine.pid) - before < 1
