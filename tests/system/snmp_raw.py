# SPDX-License-Identifier: ISC
"""SNMPv2c by hand, for what asks thousands of times and only wants to see an answer."""
import socket

GETNEXT, GETBULK = 0xA1, 0xA5
END = (0x80, 0x81, 0x82)  # noSuchObject, noSuchInstance, endOfMibView


def tlv(tag, value):
    length = len(value)
    head = bytes([length]) if length < 128 else bytes([0x82, length >> 8, length & 255])
    return bytes([tag]) + head + value


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def encode_oid(oid):
    octets = bytes([40 * oid[0] + oid[1]])
    for number in oid[2:]:
        part = [number & 127]
        while number := number >> 7:
            part.insert(0, number & 127 | 128)
        octets += bytes(part)
    return tlv(6, octets)


def decode_oid(data):
    numbers, number = [data[0] // 40, data[0] % 40], 0
    for octet in data[1:]:
        number = number << 7 | octet & 127
        if octet < 128:
            numbers.append(number)
            number = 0
    return tuple(numbers)


def items(data):
    """(tag, value) of each element of a sequence."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 128:
            end = at + (length & 127)
            length, at = int.from_bytes(data[at:end], "big"), end
        yield tag, data[at:at + length]
        at += length


class Client:
    """Asks one agent; an answer that does not come is socket.timeout."""

    def __init__(self, port, deadline, community="public"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(deadline)
        self.socket.connect(("127.0.0.1", port))
        self.community, self.number = community.encode(), 0

    def close(self):
        self.socket.close()

    def ask(self, oid, repetitions=25):
        """[(OID, tag, octets)] of what follows."""
        self.number += 1
        varbinds = tlv(0x30, tlv(0x30, encode_oid(oid) + tlv(5, b"")))
        pdu = tlv(GETBULK, integer(self.number) + integer(0) + integer(repetitions) + varbinds)
        self.socket.send(tlv(0x30, integer(1) + tlv(4, self.community) + pdu))
        while True:
            message = next(items(self.socket.recv(65536)))[1]
            pdu = list(items(list(items(message))[2][1]))
            if int.from_bytes(pdu[0][1], "big") == self.number:
                break
        found = []
        for _, varbind in items(pdu[3][1]):
            (_, name), (tag, value) = items(varbind)
            found.append((decode_oid(name), tag, value))
        return found

    def walk(self, root):
        """All below an OID; they must ascend."""
        found, oid = [], root
        while True:
            for name, tag, value in self.ask(oid):
                if tag in END or name[:len(root)] != root:
                    return found
                assert name > oid, f"{name} after {oid}"
                found.append((name, tag, value))
                oid = name
