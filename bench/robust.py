# SPDX-License-Identifier: ISC
"""Restarts of snmpd and a snmpd that is stopped: how soon SNMP answers, and what is left behind."""
import statistics
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests/system"))

import harness  # noqa: E402
from snmp_robust import Prober, Stopped, restart_rounds  # noqa: E402


def row(what, figure, goal):
    print(f"{what:<52} {figure:>26}   {goal}", flush=True)


def timed_requests(session, seconds):
    """Milliseconds a request takes, the median of as many as there is time for."""
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        session.call("<get/>")
        times.append(1000 * (time.monotonic() - began))
    return statistics.median(times)


def measure_restarts(device, rounds):
    [pid] = device.process("snmp")
    times, equal, growth = restart_rounds(pid, device.snmp_port, lambda how: device.snmpd.stop(how),
                                          device.start_snmpd, rounds)
    row(f"{rounds} restarts of snmpd: answering again",
        f"{statistics.median(times):.2f} s (at most {max(times):.2f})", "each < 2 s")
    row("memory of certconf-snmp", f"{growth:+} KiB", "< 64 KiB")
    row("its descriptors", "equal" if equal else "not equal", "equal")


def measure_hang(device, seconds):
    [pid] = device.process("snmp")
    session = harness.Netconf(device)
    usual = timed_requests(session, 2)
    with Prober(device.snmp_port) as prober:
        with Stopped(device.snmpd.pid):
            stopped = timed_requests(session, seconds)
        taken = prober.time_to_answer(60)
    row(f"snmpd stopped for {seconds} s: SNMP answers after", f"{taken:.2f} s", "< 7 s")
    row("NETCONF request meanwhile, and otherwise", f"{stopped:.2f} ms, {usual:.2f} ms", "the same")
    row("the snmp process", "the same" if harness.alive(pid) else "another", "the same")


def main():
    build, *numbers = sys.argv[1:]
    rounds, seconds = [int(n) for n in numbers] + [200, 60][len(numbers):]
    with tempfile.TemporaryDirectory(prefix="certconf-") as name:
        device = harness.Device(name, build, TOP)
        try:
            device.start_snmpd()
            device.start_agent()
            with Prober(device.snmp_port) as prober:
                prober.time_to_answer()
            measure_restarts(device, rounds)
            measure_hang(device, seconds)
        finally:
            device.stop()


main()
