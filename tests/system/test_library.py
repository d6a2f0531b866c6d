# SPDX-License-Identifier: ISC
"""libcertconf obeyed by its two examples, through all modes, below a real certconfd."""
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

import harness
import peers
import pki as pki_module

NAME = "unit.example.test"
ROUNDS = 30 if os.environ.get("CERTCONF_RELEASE") else 6
CALLERS = ("absent", "trusted", "untrusted", "expired")


class Room:
    """A device with one service, "room", whose programs are the examples."""

    def __init__(self, device):
        self.device = device
        self.port = harness.free_port()
        self.servers = []
        device.write_service("room", f"""\
directions = {{ calls-out, takes-calls }}
owner = "{device.user}"
deadline = 10
settle = 0
probe {{ address = "127.0.0.1:{self.port}" interval = 0 }}
""")

    def program(self, name):
        return self.device.build / "contrib" / "examples" / name

    def serve(self, kind="call"):
        """The server; returns it once it listens."""
        port = self.port if kind == "call" else harness.free_port()
        argv = [self.program("server"), kind, "room", f"127.0.0.1:{port}", self.device.state]
        server = harness.Server("server", argv, self.device.dir / f"server-{kind}.log", self.device.env)
        server.port = port
        server.start()
        self.servers.append(server)
        harness.wait_for(lambda: is_listening(port) or not server.is_running(), "the server listens")
        assert server.is_running(), server.text()
        return server

    def commit(self, check=True, **parts):
        return self.device.import_document(pki_module.document(services=["room"], **parts), "--commit",
                                           check=check)

    def commit_all(self, pki, credential, mode):
        self.commit(certificate=credential.chain, key=credential.key, trust=pki.root, mode=mode)

    def call(self, port, name=NAME, **options):
        """Runs the client; its exit status and what it printed."""
        argv = [self.program("client"), "room", "127.0.0.1", str(port), name, self.device.state]
        return subprocess.run(argv, env=self.device.env, text=True, capture_output=True, timeout=60,
                              check=False, **options)

    def stop(self):
        for server in self.servers:
            server.stop()


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 3).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def room_of(device):
    room = Room(device)
    try:
        device.start_agent()
        yield room
    finally:
        room.stop()


@pytest.fixture
def room(make_device):
    with room_of(make_device()) as made:
        yield made


@pytest.fixture(scope="module")
def shared_room(make_shared_device, pki):
    """One for all modes, with its server running throughout; whom it calls and is called by."""
    with room_of(make_shared_device()) as made:
        made.commit_all(pki, pki.leaf(NAME), "none")
        made.call_server, made.web_server = made.serve("call"), made.serve("web")
        made.callers = {"absent": None, "trusted": pki.leaf("caller.example.test"),
                        "untrusted": pki.stranger("caller.example.test"),
                        "expired": pki.leaf("caller.example.test", days=-1)}
        yield made


def ask(port, credential=None, maximum=None):
    """What the server answers to one line, or None when it does not."""
    context = peers.context(ssl.PROTOCOL_TLS_CLIENT, credential)
    if maximum is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = maximum
    try:
        with socket.create_connection(("127.0.0.1", port), peers.TIMEOUT) as plain:
            with context.wrap_socket(plain) as stream:
                stream.sendall(b"hello\n")
                return stream.recv(256).decode() or None
    except TimeoutError:
        raise
    except OSError:
        return None


class Callee:
    """Answers each line on 127.0.0.1 with the name it was asked for."""

    def __init__(self, credential):
        self.context = peers.context(ssl.PROTOCOL_TLS_SERVER, credential)
        self.context.sni_callback = self._asked
        self.names = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _asked(self, _stream, name, _context):
        self.names.append(name)

    def _serve(self):
        while True:
            try:
                plain = self.listener.accept()[0]
            except OSError:
                return
            plain.settimeout(peers.TIMEOUT)
            try:
                with self.context.wrap_socket(plain, server_side=True) as stream:
                    if stream.recv(256):
                        stream.sendall(b"answered\n")
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(peers.TIMEOUT)


@pytest.mark.parametrize("mode", harness.MODES)
def test_calls_in(shared_room, mode):
    """Only in outgoing-and-incoming a caller must be somebody; the server runs on meanwhile."""
    shared_room.commit(mode=mode)
    generation = shared_room.device.generation()
    for who in CALLERS:
        answer = ask(shared_room.port, shared_room.callers[who])
        if mode != "outgoing-and-incoming" or who == "trusted":
            assert answer == f"generation {generation}, mode {mode}\n", who
        else:
            assert answer is None, who
    assert shared_room.call_server.is_running()


@pytest.mark.parametrize("mode", harness.MODES)
def test_a_web_page_answers_everybody(shared_room, mode):
    shared_room.commit(mode=mode)
    for who in CALLERS:
        assert ask(shared_room.web_server.port, shared_room.callers[who]), who


@pytest.mark.parametrize("mode", harness.MODES)
def test_calls_out(shared_room, pki, mode):
    shared_room.commit(mode=mode)
    for name, credential, expected, passes in (
            ("trusted", pki.leaf(NAME), NAME, True),
            ("another name", pki.leaf("other.example.test"), NAME, False),
            ("an address that is not in it", pki.leaf(NAME), "127.0.0.1", False),
            ("nobody expected", pki.leaf(NAME), "", False),
            ("untrusted", pki.stranger(NAME), NAME, False),
            ("expired", pki.leaf(NAME, days=-1), NAME, False)):
        with Callee(credential) as callee:
            result = shared_room.call(callee.port, expected)
        passes = passes or mode == "none"
        assert (result.returncode == 0) == passes, f"{name}: {result}"
        assert result.stdout == ("answered\n" if passes else ""), name
        assert callee.names == [expected if expected == NAME else None], name


def test_client_and_server_of_one_device(shared_room):
    """The credential of a device is good for calling itself, in every mode."""
    for mode in harness.MODES:
        shared_room.commit(mode=mode)
        result = shared_room.call(shared_room.port)
        assert result.returncode == 0, result
        assert result.stdout.endswith(f"mode {mode}\n")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_versions(shared_room):
    shared_room.commit(mode="none")
    assert ask(shared_room.port, maximum=ssl.TLSVersion.TLSv1_1) is None
    assert ask(shared_room.port, maximum=ssl.TLSVersion.TLSv1_2)
    assert ask(shared_room.port, maximum=ssl.TLSVersion.TLSv1_3)


def test_a_new_certificate_without_a_restart(room, pki):
    """The probe sees it within the commit, though there is no command that restarts."""
    server = room.serve()
    for _ in range(2):
        credential = pki.leaf(NAME)
        room.commit_all(pki, credential, "outgoing-and-incoming")
        assert room.device.served(room.port) == credential.sha256()
    assert server.is_running()
    assert room.device.service("room")["state"] == "running"


def test_a_server_that_is_there_before_the_daemon(make_device):
    device = make_device()
    room = Room(device)
    try:
        server = room.serve()
        assert ask(room.port) is None
        assert "nothing has been committed yet" in server.text()
        device.start_agent()
        assert ask(room.port) == "generation 1, mode none\n"
    finally:
        room.stop()


def test_a_certificate_always_has_its_key(room, pki):
    """Programs that open while generations come and go see one of them as a whole."""
    credentials = [pki.leaf(NAME, kind) for kind in ("ec", "rsa")]
    room.commit_all(pki, credentials[0], "outgoing-and-incoming")
    room.serve()
    done, results = threading.Event(), []

    def keep_calling():
        while not done.is_set():
            results.append(room.call(room.port))

    caller = threading.Thread(target=keep_calling)
    caller.start()
    try:
        for number in range(ROUNDS):
            room.commit_all(pki, credentials[(number + 1) % 2], "outgoing-and-incoming")
    finally:
        done.set()
        caller.join(60)
    assert len(results) >= ROUNDS // 2
    wrong = [result for result in results if result.returncode != 0]
    assert not wrong, wrong[:3]


def unprivileged(room):
    """How to run the client as somebody who has no rights, and where it then must be."""
    if not harness.ROOT:
        return {}
    where = room.device.dir / "bin"
    where.mkdir()
    shutil.copy(room.device.build / "contrib/examples/.libs/client", where)
    shutil.copy(room.device.build / ".libs/libcertconf.so.0", where)
    room.program = lambda name: where / name
    room.device.env["LD_LIBRARY_PATH"] = str(where)
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def test_a_reader_without_rights(room, pki):
    """What it needs is the key; all the rest anybody may read."""
    room.commit_all(pki, pki.leaf(NAME), "outgoing-and-incoming")
    room.serve()
    who = unprivileged(room)
    assert room.call(room.port, **who).returncode == 0
    key = room.device.state / "live/services/room/privkey.pem"
    if harness.ROOT:
        os.chown(key, 0, 0)
    key.chmod(0)
    result = room.call(room.port, **who)
    assert result.returncode == 1
    assert result.stderr == "client: room: services/room/privkey.pem: Permission denied\n"


def test_a_mode_without_its_trust_store(room, pki):
    """The daemon refuses to commit that; should it ever be so, nobody is called or answered."""
    room.commit_all(pki, pki.leaf(NAME), "outgoing-and-incoming")
    (room.device.state / "live/trust/ca.pem").unlink()
    server = room.serve()
    assert ask(room.port, pki.leaf(NAME)) is None
    assert "there is no trust store" in server.text()
    result = room.call(room.port)
    assert (result.returncode, result.stdout) == (1, "")
    assert "outgoing-and-incoming, and there is no trust store" in result.stderr
