# SPDX-License-Identifier: ISC
"""Both ends of a call in the tests: who is called, and who calls, over HTTP or SIP."""
import itertools
import socket
import ssl
import threading

TIMEOUT = 10.0
_numbers = itertools.count(1)


def context(side, credential=None):
    """A TLS context that verifies nothing: it is the other end that is tested."""
    made = ssl.SSLContext(side)
    if side == ssl.PROTOCOL_TLS_CLIENT:
        made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if credential is not None:
        chain = credential.key_file.with_suffix(".chain")
        chain.write_text(credential.chain)
        made.load_cert_chain(chain, credential.key_file)
    return made


def read_head(connection):
    """What is there until the first empty line."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return data.decode(errors="replace")


class Peer:
    """Answers each request on 127.0.0.1, of HTTP or SIP; without a credential in the clear."""

    def __init__(self, credential=None):
        self.tls = credential and context(ssl.PROTOCOL_TLS_SERVER, credential)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(TIMEOUT)
        try:
            with self.tls.wrap_socket(connection, server_side=True) if self.tls else connection as stream:
                request = read_head(stream)
                if request:
                    stream.sendall(self._answer(request).encode())
                    read_head(stream)
        except OSError:
            pass
        finally:
            connection.close()

    @staticmethod
    def _answer(request):
        lines = request.split("\r\n")
        if not lines[0].endswith("SIP/2.0"):
            return "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"
        kept = [line for line in lines[1:] if line.split(":")[0].strip().lower() in
                ("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq")]
        return "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(TIMEOUT)


def http_request(place="/"):
    return f"GET {place} HTTP/1.1\r\nHost: unit.example.test\r\nConnection: close\r\n\r\n"


def sip_options(user, host):
    """A SIP OPTIONS request for this user."""
    number = next(_numbers)
    return (f"OPTIONS sip:{user}@{host} SIP/2.0\r\n"
            f"Via: SIP/2.0/TLS 127.0.0.1:5999;branch=z9hG4bK{number}x;rport\r\nMax-Forwards: 10\r\n"
            f"From: <sip:test@example.test>;tag={number}\r\nTo: <sip:{user}@{host}>\r\n"
            f"Call-ID: {number}@example.test\r\nCSeq: 1 OPTIONS\r\n"
            "Contact: <sip:test@127.0.0.1:5999;transport=tls>\r\nContent-Length: 0\r\n\r\n")


def ask(port, request, credential=None, tls=True):
    """One request and the status of its answer; 0 when the other end would not talk.

    With TLS 1.3 a client hears of being refused only after its own handshake has ended,
    and nginx answers 400 even then: so it is the answer that counts.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as plain:
            stream = plain
            if tls:
                stream = context(ssl.PROTOCOL_TLS_CLIENT, credential).wrap_socket(
                    plain, server_hostname="unit.example.test")
            with stream:
                stream.sendall(request.encode())
                head = read_head(stream)
                while head.startswith("SIP/2.0 1"):
                    head = head.partition("\r\n\r\n")[2] or read_head(stream)
    except TimeoutError:
        raise
    except OSError:
        return 0
    return int(head.split()[1]) if head else 0
