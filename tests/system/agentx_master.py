# SPDX-License-Identifier: ISC
"""An AgentX master (RFC 2741) that does what a test wants, in the phases it wants."""
import socket
import struct

OPEN, CLOSE, REGISTER = 1, 2, 3
TEST_SET, COMMIT_SET, UNDO_SET, CLEANUP_SET, NOTIFY, PING, RESPONSE = 8, 9, 10, 11, 12, 13, 18
NETWORK_BYTE_ORDER = 0x10
INTEGER = 2
SESSION = 7


def varbind(order, oid, value):
    numbers = [int(n) for n in oid.strip(".").split(".")]
    return (struct.pack(f"{order}HHBBBB", INTEGER, 0, len(numbers), 0, 0, 0)
            + struct.pack(f"{order}{len(numbers)}I", *numbers) + struct.pack(f"{order}i", value))


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
        self.packet += 1
        self._send(kind, transaction, self.packet, payload)
        while True:
            got, of, packet, data = self._receive()
            if got == RESPONSE and packet == self.packet:
                return struct.unpack(f"{self.order}IHH", data[:8])[1:]
            self._answer(got, of, packet, data)

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
