# SPDX-License-Identifier: ISC
"""A receiver of notifications that loses none in a burst: it keeps the datagrams as they came."""
import contextlib
import socket
import threading

from harness import DEADLINE, ENTERPRISE_OID
from snmp_robust import encoded

ROOM = 16 << 20
TRAP_OID = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
OURS = tuple(map(int, ENTERPRISE_OID.split(".")))
NOTIFICATIONS, SEQ = (*OURS, 1, 0), (*OURS, 1, 1, 9, 10, 0)


def after(datagram, name):
    """The value that follows an object's name: its octets."""
    at = datagram.find(encoded(name))
    if at == -1:
        return None
    at += len(encoded(name))
    return datagram[at + 2:at + 2 + datagram[at + 1]]


class Traps:
    """snmptrapd's place, until it is closed."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, getattr(socket, "SO_RCVBUFFORCE", 33)):
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, option, ROOM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.settimeout(0.2)
        self.datagrams, self.ended = [], False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join(DEADLINE)
        self.socket.close()

    def _read(self):
        while not self.ended:
            with contextlib.suppress(TimeoutError):
                self.datagrams.append(self.socket.recv(65536))

    def heard(self):
        """(sequence number, number of its kind) of each of ours, in the order they came."""
        found = []
        for datagram in list(self.datagrams):
            kind, seq = after(datagram, TRAP_OID), after(datagram, SEQ)
            if kind and kind.startswith(encoded(NOTIFICATIONS)[2:]):
                found.append((int.from_bytes(seq, "big"), kind[-1]))
        return found

    def last(self):
        """The highest number so far."""
        return max((seq for seq, _ in self.heard()), default=0)
