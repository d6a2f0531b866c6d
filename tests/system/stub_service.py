# SPDX-License-Identifier: ISC
"""The stub as a service of a device: its definition, its faults, and what it serves."""
import json
import subprocess
import sys
from pathlib import Path

import harness
import pki as pki_module
import stub as stub_program

PROGRAM = Path(stub_program.__file__).resolve()


def checks_come_first():
    """Whether a check command can be shown what is staged: that takes a mount namespace."""
    how = ["unshare", "--mount"] if harness.ROOT else ["unshare", "--user", "--mount"]
    return subprocess.run([*how, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


class StubService:
    """A service in services.d whose restart command is the stub's; a context that stops it."""

    def __init__(self, device, name="stub"):
        self.device, self.name = device, name
        self.port = harness.free_port()
        self.dir = device.dir / name
        self.dir.mkdir()
        live = device.state / "live/services" / name
        (self.dir / "settings").write_text(json.dumps({"port": self.port, "live": str(live)}))
        self.place = stub_program.Place(self.dir)
        self.manager = harness.Server(name, self.argv("manage"), device.dir / f"{name}.log", device.env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.manager.stop()
        pid = self.place.server()
        if pid is not None:
            harness.kill(pid)

    def argv(self, what):
        return [sys.executable, "-I", "-S", PROGRAM, what, self.dir]

    def define(self, deadline=5, settle=0, order=100, check=None, more=""):
        """Writes the definition; more is lines of it."""
        def command(argv):
            return ", ".join(f'"{part}"' for part in argv)

        lines = ["directions = { serves }", f"restart = {{ {command(self.argv('restart'))} }}",
                 f"deadline = {deadline}", f"settle = {settle}", f"order = {order}", more,
                 f'probe {{ address = "127.0.0.1:{self.port}" interval = 0 }}', ""]
        if check is not None:
            lines.insert(0, f"check = {{ {command(check)} }}")
        self.device.write_service(self.name, "\n".join(lines))

    def start(self):
        """The agent has to have written its files."""
        self.manager.start()
        harness.wait_for(lambda: self.place.socket.exists() or not self.manager.is_running(),
                         "the stub is ready")
        assert self.manager.is_running(), self.manager.text()

    def misbehave(self, **control):
        """From the next restart or start on; see stub.py."""
        stub_program.write_whole(self.dir / "control", json.dumps(control))

    def behave(self):
        self.misbehave()

    def ask(self, request):
        """start or stop, as an operator does it."""
        stub_program.ask(self.place, request)

    def pid(self):
        """The process that serves, or None."""
        return self.place.server()

    def restarts(self):
        """For which leaves the restart command was run, in order."""
        path = self.dir / "restarts"
        return path.read_text().split() if path.exists() else []

    def served(self):
        """SHA-256 of the leaf that is served, or None."""
        return self.device.served(self.port)

    def wait_served(self, sha256):
        harness.wait_for(lambda: all(self.served() == sha256 for _ in range(3)),
                         f"{self.name} serves {sha256}")

    def chain(self):
        """SHA-256 of all certificates that are served, the leaf first."""
        text = subprocess.run(["openssl", "s_client", "-showcerts", "-connect", f"127.0.0.1:{self.port}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                              check=False).stdout
        end = "-----END CERTIFICATE-----\n"
        return [pki_module.fingerprint(piece[piece.index("-----BEGIN"):] + end)
                for piece in text.split(end)[:-1]]
