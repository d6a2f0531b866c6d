# SPDX-License-Identifier: ISC
"""An AgentX master (RFC 2741) that does what a test wants, in the phases it wants."""
import socket
import struct

OPEN, CLOSE, REGISTER, GET = 1, 2, 3, 5
TEST_SET, COMMIT_SET, UNDO_SET, CLEANUP_SET, NOTIFY, PING, RESPONSE = 8, 9, 10, 11, 12, 13, 18
NETWORK_BYTE_ORDER = 0x10
INTEGER, OCTETS, GAUGE = 2, 4, 66
SESSION = 7


def oid_octets(order, oid):
    numbers = [int(n) for n in oid.strip(".").split(".")]
    return struct.pack(f"{order}BBBB{len(numbers)}I", len(numbers), 0, 0, 0, *numbers)


def varbind(order, oid, value, kind=INTEGER):
    if kind == OCTETS:
        data = struct.pack(f"{order}I", len(value)) + value + bytes(-len(value) % 4)
    else:
        data = struct.pack(f"{order}I", value & 0xffffffff)
    return struct.pack(f"{order}HH", kind, 0) + oid_octets(order, oid) + data


def values(order, data):
    """What the variables of a response hold: numbers, octets; None for any other."""
    found = []
    while data:
        kind, _, subids = struct.unpack(f"{order}HHB", data[:5])
        data = data[8 + 4 * subids:]
        if kind in (INTEGER, GAUGE):
            found.append(struct.unpack(order + ("i" if kind == INTEGER else "I"), data[:4])[0])
            data = data[4:]
        elif kind == OCTETS:
            [length] = struct.unpack(f"{order}I", data[:4])
            found.append(data[4:4 + length])
            data = data[4 + length + -length % 4:]
        else:
            found.append(None)
    return found


class Master:
    """One session with a subagent; whatever it asks on its own is answered with success."""

    def __init__(self, path, deadline):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.listener.settimeout(deadline)
        self.deadline, self.connection, self.packet = deadline, None, 0
        self.order, self.flags = "<", 0
        self.seen = []

    def accept(self):
        """Waits for a subagent that has registered its last subtree."""
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(self.deadline)
        while self.seen.count(REGISTER) < 5:
            self._answer(*self._receive())

    def _exactly(self, length):
        data = b""
        while len(data) < length:
            piece = self.connection.recv(length - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def _receive(self):
        head = self._exactly(20)
        self.flags = head[2] & NETWORK_BYTE_ORDER
        self.order = ">" if self.flags else "<"
        kind = head[1]
        _, transaction, packet, length = struct.unpack(f"{self.order}4I", head[4:])
        return kind, transaction, packet, self._exactly(length)

    def _send(self, kind, transaction, packet, payload):
        self.connection.sendall(struct.pack("BBBB", 1, kind, self.flags, 0) + struct.pack(
            f"{self.order}4I", SESSION, transaction, packet, len(payload)) + payload)

    def _answer(self, kind, transaction, packet, payload):
        del payload
        self.seen.append(kind)
        if kind != RESPONSE:
            self._send(RESPONSE, transaction, packet, struct.pack(f"{self.order}IHH", 1000, 0, 0))

    def ask(self, kind, transaction, payload=b""):
        """Sends a request; the error and index of its response."""
        return struct.unpack(f"{self.order}IHH", self._response(kind, transaction, payload)[:8])[1:]

    def _response(self, kind, transaction, payload):
        self.packet += 1
        self._send(kind, transaction, self.packet, payload)
        while True:
            got, of, packet, data = self._receive()
            if got == RESPONSE and packet == self.packet:
                return data
            self._answer(got, of, packet, data)

    def get(self, transaction, *oids):
        """Their values, in one request."""
        end = struct.pack("BBBB", 0, 0, 0, 0)
        payload = b"".join(oid_octets(self.order, oid) + end for oid in oids)
        return values(self.order, self._response(GET, transaction, payload)[8:])

    def test_set(self, transaction, *varbinds):
        return self.ask(TEST_SET, transaction, b"".join(varbind(self.order, *v) for v in varbinds))

    def say(self, kind, transaction):
        """As ask(), for what has no response."""
        self.packet += 1
        self._send(kind, transaction, self.packet, b"")

    def answer_until(self, condition):
        """Answers whatever the subagent asks until the condition holds."""
        self.connection.settimeout(0.05)
        try:
            while not condition():
                try:
                    self._answer(*self._receive())
                except socket.timeout:
                    continue
        finally:
            self.connection.settimeout(self.deadline)

    def hang_up(self):
        self.connection.close()

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.listener.close()
