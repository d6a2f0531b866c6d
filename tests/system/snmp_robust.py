# SPDX-License-Identifier: ISC
"""What the tests of a master that misbehaves and bench/robust have in common."""
import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import harness
from harness import ENTERPRISE_OID, wait_for

RELEASE = bool(os.environ.get("CERTCONF_RELEASE"))
INTEGER, OCTETS, NULL, OID, SEQUENCE, GET = 0x02, 0x04, 0x05, 0x06, 0x30, 0xA0
NO_SUCH = (0x80, 0x81, 0x82)
SPIN_LOCK = (*map(int, ENTERPRISE_OID.split(".")), 1, 1, 7, 1, 0)
# How often one that has not answered is asked again.
PATIENCE = 0.03


# --- one question, asked until it is answered: snmpget waits for whole seconds ---

def ber(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    return bytes([tag, size] if size < 128 else [tag, 0x82, size >> 8, size & 255]) + body


def encoded(oid):
    out = [oid[0] * 40 + oid[1]]
    for number in oid[2:]:
        septets = [number & 127]
        while number := number >> 7:
            septets.insert(0, number & 127 | 128)
        out += septets
    return ber(OID, bytes(out))


def get_request(oid, community=harness.READ_COMMUNITY, request=77):
    """A GetRequest-PDU of SNMPv2c."""
    number = ber(INTEGER, request.to_bytes(4, "big"))
    zero = ber(INTEGER, b"\0")
    pdu = ber(GET, number, zero, zero, ber(SEQUENCE, ber(SEQUENCE, encoded(oid), ber(NULL))))
    return ber(SEQUENCE, ber(INTEGER, b"\1"), ber(OCTETS, community.encode()), pdu)


class Prober:
    """Asks for one object of ours, through the master."""

    def __init__(self, port, oid=SPIN_LOCK):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.to, self.oid, self.name, self.number = ("127.0.0.1", port), oid, encoded(oid), 1 << 24

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def answers(self):
        """Whether there is a value, and not only the word that there is none."""
        self.number += 1
        wanted = ber(INTEGER, self.number.to_bytes(4, "big"))
        try:
            self.socket.sendto(get_request(self.oid, request=self.number), self.to)
            while wanted not in (answer := self.socket.recv(2048)):
                pass  # of an earlier question, which had been given up
        except OSError:
            return False
        _, found, value = answer.partition(self.name)
        return bool(found) and value[0] not in NO_SUCH

    def time_to_answer(self, deadline=harness.DEADLINE):
        began = time.monotonic()
        wait_for(self.answers, "our OIDs answer through the master", deadline)
        return time.monotonic() - began


class Receiver:
    """Takes notifications in as fast as they come: what snmptrapd loses is not a loss of ours."""

    NUMBER = encoded((*map(int, ENTERPRISE_OID.split(".")), 1, 1, 9, 10, 0))

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", port))
        self.numbers, self.over = [], False
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join(harness.DEADLINE)
        self.socket.close()

    def _run(self):
        while not self.over:
            _, found, value = self.socket.recv(65536).partition(self.NUMBER)
            if found:
                self.numbers.append(int.from_bytes(value[2:2 + value[1]], "big"))


# --- what a process has ---

def descriptors(pid):
    """What it has open, without the numbers the kernel gave sockets."""
    return sorted(os.readlink(path).partition(":")[0] for path in Path(f"/proc/{pid}/fd").iterdir())


def private_kib(pid):
    """Memory no other process has."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:"))


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- what is done to it ---

def restart_rounds(pid, port, stop, start, rounds):
    """Restarts the master; times from its socket to our answer, descriptors and growth in KiB.

    The first rounds fill what the library keeps: they are counted but not compared with.  A
    descriptor may be on its way out while it is looked at, before as well as after.
    """
    times, seen, memory, warm_up = [], [], 0, min(3, rounds - 1)
    with Prober(port) as prober:
        prober.time_to_answer()
        for number in range(rounds):
            if number == warm_up:
                memory = private_kib(pid)
            if number >= warm_up:
                seen.append(descriptors(pid))
            stop(signal.SIGKILL if number % 2 else signal.SIGTERM)
            start()
            times.append(prober.time_to_answer())
        with contextlib.suppress(harness.Timeout):
            wait_for(lambda: descriptors(pid) in seen, "what it had open before")
    return times, descriptors(pid) in seen, private_kib(pid) - memory


class Stopped:
    """A process that is stopped for a while; always let go."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)
        wait_for(lambda: harness.proc_status(self.pid).get("State", "T").startswith("T"), "it is stopped")
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)
