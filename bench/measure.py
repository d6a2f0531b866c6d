# SPDX-License-Identifier: ISC
"""Measures a build: import and commit, idle CPU and memory, time to the first SNMP answer."""
import statistics
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests/system"))

import harness  # noqa: E402
import pki as pki_module  # noqa: E402

ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
ROUNDS = 15
IDLE_SECONDS = 10


def put(netconf, document, default="merge"):
    """One transaction on the running configuration."""
    netconf.ok("<edit-config><target><running/></target>"
               f"<default-operation>{default}</default-operation>"
               f"<config>{document}</config></edit-config>")


def processes(pid):
    return [pid, *harness.descendants(pid)]


def private_kib(pid):
    """Private memory of one process."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))


def cpu_ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def row(what, figure, goal):
    print(f"{what:<58} {figure:>24}   {goal}")


def milliseconds(times):
    times = sorted(1000 * t for t in times)
    return f"{statistics.median(times):.1f} ms ({times[0]:.1f} to {times[-1]:.1f})"


def measure_commit(device, pki):
    """The whole document on a device that knows none of its certificates."""
    netconf = harness.Netconf(device)
    empty = f'<certconf xmlns="{pki_module.NAMESPACE}"/>'
    roots = ROOTS.read_text()
    count = roots.count("BEGIN CERTIFICATE")
    whole, small = [], []
    leaves = [pki.leaf() for _ in range(2)]
    for number in range(ROUNDS):
        leaf = leaves[number % 2]
        document = pki_module.document(leaf.chain, leaf.key, trust=roots + pki.root, mode="outgoing")
        started = time.monotonic()
        put(netconf, document)
        whole.append(time.monotonic() - started)
        other = leaves[(number + 1) % 2]
        document = pki_module.document(other.chain, other.key)
        started = time.monotonic()
        put(netconf, document)
        small.append(time.monotonic() - started)
        put(netconf, empty, "replace")
    row(f"import, validate, commit: credential and {count + 1} roots", milliseconds(whole), "< 60 ms")
    row("the same, credential only, roots unchanged", milliseconds(small), "")
    commands = []
    leaf = leaves[0]
    document = pki_module.document(leaf.chain, leaf.key, trust=roots + pki.root, mode="outgoing")
    for _ in range(5):
        started = time.monotonic()
        device.import_document(document, "--commit")
        commands.append(time.monotonic() - started)
        put(netconf, empty, "replace")
    row("the same by the command: certconf import --commit", milliseconds(commands), "")
    device.import_document(document, "--commit")


def measure_idle(device):
    pids = processes(device.agent.pid)
    before = {pid: cpu_ticks(pid) for pid in pids}
    time.sleep(IDLE_SECONDS)  # what is measured is that nothing happens meanwhile
    used = sum(cpu_ticks(pid) - before[pid] for pid in pids if Path(f"/proc/{pid}").exists())
    row(f"idle CPU, all processes, {IDLE_SECONDS} s", f"{used / IDLE_SECONDS:.2f} %", "0 %")
    total = 0
    for pid in processes(device.agent.pid):
        kib = private_kib(pid)
        total += kib
        row(f"  private memory of {harness.title(pid)} [{pid}]", f"{kib / 1024:.1f} MiB", "")
    row("private memory of all processes", f"{total / 1024:.1f} MiB", "< 30 MiB")


def measure_start(device):
    times = []
    for _ in range(5):
        device.stop_agent()
        device.agent = harness.Server("certconfd", [device.build / "certconfd", "-d", "-f", device.conf],
                                      device.dir / "certconfd.log", device.env)
        started = time.monotonic()
        device.agent.start()
        harness.wait_for(device.snmp_answers, "the first answer over SNMP")
        times.append(time.monotonic() - started)
    row("first snmpget answered after start", milliseconds(times), "< 1000 ms")


def main(build):
    with tempfile.TemporaryDirectory(prefix="certconf-bench.") as directory:
        Path(directory).chmod(0o755)
        pki_directory = Path(directory) / "pki"
        pki_directory.mkdir()
        pki = pki_module.Pki(pki_directory)
        device = harness.Device(Path(directory) / "device", build, TOP)
        try:
            device.start_snmpd()
            device.write_conf(**{"log-level": "info"})
            device.start_agent()
            measure_commit(device, pki)
            measure_idle(device)
            measure_start(device)
        finally:
            device.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
