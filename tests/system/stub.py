#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A TLS server that misbehaves as it is told, and the manager that starts and stops it.

usage: stub.py manage DIRECTORY   the manager, in the foreground; starts the server
       stub.py restart DIRECTORY  what a service's restart command is
       stub.py serve DIRECTORY    the server alone, in the foreground

DIRECTORY/settings is a JSON object: the port, and where the certificate is.  What goes
wrong is the object in DIRECTORY/control.  It holds for the certificate its "leaf" names
(SHA-256), or for all when there is none; everybody else gets a faultless service:

  restart   what the manager does when it is asked: "reload" (SIGHUP; a server that does
            not run is started), "stop", "start" (a new process), "daemonise" (the command
            itself leaves one behind), "nothing"
  command   how the command ends: a number is its exit status, "hang" never, "kill" by a
            signal; and say, its last line of output
  serve     "tls", "old" (what was served before), "plain" (no TLS), "silence" (takes
            connections, says nothing), "unmoved" (SIGHUP changes nothing)
  chain     after the leaf: "right", "none", "other", "more" (something at its end); the
            certificates for the last two are in DIRECTORY/extra.pem
  delay     seconds before a new server listens
  answers, lasts   a server that ends so many seconds after so many handshakes
"""
import contextlib
import hashlib
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

DEFAULTS = {"restart": "reload", "command": 0, "say": "", "serve": "tls", "chain": "right", "delay": 0,
            "answers": 0, "lasts": 0}
HANDSHAKE = 10.0
END = "-----END CERTIFICATE-----\n"


def is_running(pid):
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def write_whole(path, text):
    """Nobody ever sees half of it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


class Place:
    """The directory, and what is in it."""

    def __init__(self, directory):
        self.dir = Path(directory)
        settings = json.loads((self.dir / "settings").read_text())
        self.port, self.live = settings["port"], Path(settings["live"])
        self.pid_file, self.socket = self.dir / "pid", self.dir / "socket"

    def leaf(self):
        """SHA-256 of the certificate that should be served."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert((self.live / "cert.pem").read_text())).hexdigest()

    def control(self):
        """What to do about the certificate that is there now."""
        path = self.dir / "control"
        wanted = json.loads(path.read_text()) if path.exists() else {}
        return {**DEFAULTS, **(wanted if wanted.get("leaf", self.leaf()) == self.leaf() else {})}

    def server(self):
        """Process id of the server that runs, or None."""
        pid = int(self.pid_file.read_text()) if self.pid_file.exists() else None
        return pid if pid and is_running(pid) else None


class Server:
    """What answers on the port."""

    def __init__(self, place):
        self.place, self.context, self.serve, self.answered = place, None, "tls", 0
        self.control = place.control()
        self.held = threading.Lock()

    def material(self):
        """The files to serve; those served before are kept beside them."""
        copy = self.place.dir / "copy"
        if self.control["serve"] != "old" or not copy.exists():
            copy.mkdir(exist_ok=True)
            for name in ("fullchain.pem", "privkey.pem"):
                write_whole(copy / name, (self.place.live / name).read_text())
        chain = (copy / "fullchain.pem").read_text().split(END)
        leaf, rest = chain[0] + END, END.join(chain[1:])
        extra = self.place.dir / "extra.pem"
        extra = extra.read_text() if extra.exists() else ""
        served = self.place.dir / "served.pem"
        write_whole(served, leaf + {"right": rest, "none": "", "other": extra,
                                    "more": rest + extra}[self.control["chain"]])
        return served, copy / "privkey.pem"

    def load(self, *_):
        """At the start and for SIGHUP."""
        control = self.place.control()
        if self.context is not None and control["serve"] == "unmoved":
            return
        self.control = control
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.material())
        self.context, self.serve = context, control["serve"]

    def listen(self):
        time.sleep(self.control["delay"])
        self.load()
        signal.signal(signal.SIGHUP, self.load)
        with socket.create_server(("127.0.0.1", self.place.port), backlog=64) as listener:
            write_whole(self.place.pid_file, f"{os.getpid()}\n")
            while True:
                connection = listener.accept()[0]
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(HANDSHAKE)
            if self.serve == "silence":
                connection.recv(65536)
                connection.recv(1)
            elif self.serve == "plain":
                connection.sendall(b"220 unit.example.test ready\r\n")
                connection.recv(65536)
            else:
                with self.context.wrap_socket(connection, server_side=True) as tls:
                    self.count()
                    tls.recv(1)

    def count(self):
        with self.held:
            self.answered += 1
            last = self.answered == self.control["answers"]
        if last:
            time.sleep(self.control["lasts"])
            os._exit(1)


class Manager:
    """Starts the server, and does what the restart command asks for."""

    def __init__(self, place):
        self.place = place

    def log(self, text):
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)

    def start(self):
        """A new server; returns when it listens, unless it is to take its time."""
        slow = self.place.control()["delay"] > 0
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.closerange(3, 256)
            try:
                Server(self.place).listen()
            finally:
                os._exit(1)
        end = time.monotonic() + 20
        while not slow and self.place.server() != pid and is_running(pid) and time.monotonic() < end:
            time.sleep(0.01)

    def stop(self):
        """No server is left."""
        pid = self.place.server()
        while pid is not None and is_running(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def restart(self, how):
        if how in ("stop", "start", "daemonise"):
            self.stop()
        pid = self.place.server()
        if how == "reload" and pid is not None:
            os.kill(pid, signal.SIGHUP)
        elif how in ("reload", "start"):
            self.start()

    def request(self, line):
        """restart: as the control file says; start, stop: just that."""
        if line != "restart":
            self.restart(line)
            return {"command": 0}
        control = self.place.control()
        self.log(f"restart for {self.place.leaf()[:8]}: {control}")
        self.restart(control["restart"])
        return control

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for servers
        self.place.socket.unlink(missing_ok=True)
        try:
            self.start()
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(self.place.socket))
                listener.listen(16)
                while True:
                    with listener.accept()[0] as peer:
                        reply = self.request(peer.makefile().readline().strip())
                        peer.sendall(json.dumps(reply).encode() + b"\n")
        finally:
            self.stop()


def ask(place, request):
    """One request to the manager; returns its answer."""
    with socket.socket(socket.AF_UNIX) as manager:
        manager.connect(str(place.socket))
        manager.sendall(request.encode() + b"\n")
        return json.loads(manager.makefile().readline())


def daemonise(place):
    """As daemons do it: in a session of its own, below nobody, here with our output still open."""
    if os.fork() != 0:
        while place.server() is None:
            time.sleep(0.01)
        return
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-I", "-S", __file__, "serve", str(place.dir)])
    os._exit(0)


def restart(place):
    """The restart command."""
    with (place.dir / "restarts").open("a") as count:
        count.write(f"{place.leaf()}\n")
    reply = ask(place, "restart")
    if reply["restart"] == "daemonise":
        daemonise(place)
    if reply["say"]:
        print(reply["say"], flush=True)
    if reply["command"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    while reply["command"] == "hang":
        signal.pause()
    return reply["command"]


def main(what, directory):
    place = Place(directory)
    if what == "manage":
        return Manager(place).run()
    if what == "serve":
        return Server(place).listen()
    return restart(place)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
