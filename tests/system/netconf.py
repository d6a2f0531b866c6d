# SPDX-License-Identifier: ISC
"""A NETCONF client that sends exactly what it is told, also what no client should."""
import socket
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
OURS = "urn:certconf:params:xml:ns:yang:certconf"
INPUT = OURS + "-netconf"  # what we add to the operations of others
NOTIFICATION = "urn:ietf:params:xml:ns:netconf:notification:1.0"
CAPABILITY = "urn:ietf:params:netconf:base:"
NAMES = {"nc": BASE, "c": OURS, "n": NOTIFICATION}


class Reply:
    """A parsed message."""

    def __init__(self, text):
        self.text = text
        self.root = ET.fromstring(text)

    @property
    def ok(self):
        return self.root.find("nc:ok", NAMES) is not None

    def error(self, leaf):
        """A leaf of the <rpc-error>; None when it is not there."""
        return self.root.findtext(f"nc:rpc-error/nc:{leaf}", None, NAMES)

    def info(self, leaf, prefix="nc"):
        return self.root.findtext(f"nc:rpc-error/nc:error-info/{prefix}:{leaf}", None, NAMES)

    def find(self, path):
        """The text below <certconf>; None when it is not there."""
        return self.root.findtext(f"nc:data/c:certconf/{path}", None, NAMES)

    def findall(self, path):
        return self.root.findall(f"nc:data/c:certconf/{path}", NAMES)


class Client:
    """One session."""

    def __init__(self, path, versions=("1.0", "1.1"), hello=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.data, self.chunked, self.number = bytearray(), False, 0
        self.hello = Reply(self.receive())
        if hello:
            self.send_hello(versions)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_hello(self, versions):
        listed = "".join(f"<capability>{CAPABILITY}{version}</capability>" for version in versions)
        self.send(f'<hello xmlns="{BASE}"><capabilities>{listed}</capabilities></hello>')
        self.chunked = "1.1" in versions

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, text):
        data = text.encode()
        if self.chunked:
            self.send_raw(b"\n#%d\n%s\n##\n" % (len(data), data))
        else:
            self.send_raw(data + b"]]>]]>")

    def _fill(self):
        more = self.socket.recv(65536)
        if not more:
            raise EOFError(bytes(self.data))
        self.data += more

    def _take(self, size):
        while len(self.data) < size:
            self._fill()
        taken = bytes(self.data[:size])
        del self.data[:size]
        return taken

    def _take_until(self, mark):
        while mark not in self.data:
            self._fill()
        taken = self._take(self.data.index(mark))
        self._take(len(mark))
        return taken

    def receive(self):
        """The text of one message."""
        if not self.chunked:
            return self._take_until(b"]]>]]>").decode()
        pieces = []
        while True:
            assert self._take(2) == b"\n#"
            size = self._take_until(b"\n")
            if size == b"#":
                return b"".join(pieces).decode()
            assert 0 < int(size) <= 16384
            pieces.append(self._take(int(size)))

    def rpc(self, operation, attributes=""):
        """Sends an operation; returns its reply."""
        self.number += 1
        self.send(f'<rpc xmlns="{BASE}" message-id="{self.number}"{attributes}>{operation}</rpc>')
        reply = Reply(self.receive())
        assert reply.root.get("message-id") in (str(self.number), None)
        return reply

    def get(self):
        return self.rpc("<get/>")

    def get_config(self, store="running"):
        return self.rpc(f"<get-config><source><{store}/></source></get-config>")

    def edit(self, config, store="candidate", options="", **ours):
        """An edit-config; ours are the leaves we add to it, "_" for "-"."""
        for name, value in ours.items():
            name = name.replace("_", "-")
            options += f'<{name} xmlns="{INPUT}">{escape(value)}</{name}>'
        return self.rpc(f"<edit-config><target><{store}/></target>{options}"
                        f"<config>{config}</config></edit-config>")

    def commit(self, comment=None):
        leaf = f'<comment xmlns="{INPUT}">{escape(comment)}</comment>' if comment else ""
        return self.rpc(f"<commit>{leaf}</commit>")

    def ended(self):
        """Whether the server has closed and sent nothing more."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
