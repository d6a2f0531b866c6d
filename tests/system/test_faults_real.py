# SPDX-License-Identifier: ISC
"""What the four real servers can do to a commit: by their shipped definitions, spoilt on the way.

A wrapper around the shipped restart command does once, for the new generation, what a row
says; what it does otherwise is the shipped command.  ./check has one fault of each server;
with CERTCONF_RELEASE in the environment each server has all it can have, three times.
"""
import re
import subprocess
import sys
from dataclasses import dataclass, field

import harness
import pytest
import shipped
from harness import wait_for
from pki import document, fingerprint
from side_by_side import RELEASE, Case, SideBySide, repeated
from test_faults import (ANOTHER, BACK, CHAIN, COMMIT_DONE, COMMIT_FAILED, EXIT_ROLLED_BACK, FINE, GONE, STUCK,
                         told_everywhere)
from test_kill_commit import hang_up

RUNS = 3
ALL = ("nginx", "haproxy", "stunnel", "kamailio")
# What the rows are written in; restart and stop are the commands of the definition.
WRAPPER = """\
#!/bin/sh
restart() { @RESTART@; }
stop() { @STOP@; }
# its processes
running()
{
	until [ -s @PIDFILE@ ]; do sleep 0.05; done
	tree $(cat @PIDFILE@)
}
tree()
{
	for pid in "$@"; do
		printf '%s ' "$pid"
		tree $(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
	done
}
# until it serves what is live
wait_new()
{
	until [ "$(openssl s_client -connect 127.0.0.1:@PORT@ </dev/null 2>/dev/null |
		openssl x509 -noout -fingerprint 2>/dev/null)" = \
		"$(openssl x509 -noout -fingerprint -in @LOCAL@)" ]; do sleep 0.05; done
}
# a copy of its files of now
copy()
{
	rm -rf "$1" && cp -rpL @LIVE@ "$1" || exit
	[ ! -e "$1/service.conf" ] || sed -i "s,@LIVE@,$1/,g" "$1/service.conf"
}
# the first certificate of a file alone
shorten() { sed -i '1,/-----END CERT/! { /-----BEGIN CERT/,/-----END CERT/d }' "$1"; }
# the configuration, with the files from this directory
elsewhere() { @ELSEWHERE@ >@CONFIG@; }
cd @DIR@ && echo >>restarts
if ! rm spoil 2>/dev/null; then
	[ ! -e squatter ] || { kill -9 $(cat squatter); rm squatter; }
	[ ! -e frozen ] || { kill -CONT $(cat frozen); rm frozen; }
	copy @DIR@/old
	cat good.cfg >@CONFIG@
	restart
	exit
fi
@BODY@
"""
# haproxy has the paths from a file that is read first, the others include it or name them.
ELSEWHERE = {
    "haproxy": 'sed "s,^defaults,\\tsetenv CERTCONF_BIND \\"ssl crt $1/combined.pem verify none\\"\\n&," good.cfg',
    "": 'sed "s,@LIVE@,$1/,g" good.cfg',
}
SQUATTER = """\
import os, pathlib, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
pathlib.Path("squatter").write_text(str(os.getpid()))
while True:
    with server.accept()[0] as connection:
        connection.sendall(b"220 ready\\r\\n")
"""


@dataclass(frozen=True)
class Fault:
    """A row: what the wrapper does, what is told, who can have it, and how the commit ends."""
    name: str
    body: str
    words: str = ""
    services: tuple = ALL
    ends: str = BACK
    options: dict = field(default_factory=dict)


FAULTS = [
    Fault("fails to start", "stop; echo 'cannot bind' >&2; exit 3",
          "restart command ended with status 3: cannot bind"),
    Fault("is started with a broken configuration", "stop; echo 'no_such_word {' >>@CONFIG@; restart",
          "restart command ended with status [1-9]"),
    Fault("works though its command fails", "restart && echo 'hook failed' >&2; exit 5",
          "restart command ended with status 5: hook failed", options={"settle": 2}),
    # the signal is sent, and that is all anybody hears of it
    Fault("is reloaded with a broken configuration", "echo 'no_such_word {' >>@CONFIG@; restart", ANOTHER,
          ("nginx", "haproxy", "stunnel")),
    Fault("is killed a moment later", "restart || exit; { sleep 1; kill -9 $(running); } &", GONE,
          options={"settle": 3}),
    Fault("its command hangs", "exec sleep 600", "restart command did not end within 6 s"),
    Fault("hangs", "restart && wait_new; running >frozen; kill -STOP $(cat frozen)", "no answer in time|does not answer TLS"),
    Fault("never gets the signal", "exit 0", ANOTHER),
    Fault("keeps the old certificate", "elsewhere @DIR@/old; stop; restart", ANOTHER),
    Fault("serves no chain", "copy @DIR@/short; for f in short/fullchain.pem short/combined.pem; do\n"
          "[ ! -e $f ] || shorten $f; done; elsewhere @DIR@/short; stop; restart", CHAIN),
    Fault("has lost its port to a server without TLS",
          "stop; @SQUATTER@ & until [ -s squatter ]; do sleep 0.05; done; restart; exit 0", "does not answer TLS"),
    # every start of it does, so the way back fails as well
    Fault("daemonises without saying so", "stop; restart",
          'left processes running, and the definition does not say "daemonises"', ends=STUCK,
          options={"daemonises": False}),
    Fault("takes long to come up", "stop; { sleep 2; restart; } >/dev/null 2>&1 &", ends=FINE, options={"deadline": 30}),
    Fault("was down before", "", ends=FINE),
]
# What ./check takes: one of each, and four different ones.
SAMPLE = {"nginx": "serves no chain", "haproxy": "keeps the old certificate",
          "stunnel": "is killed a moment later", "kamailio": "is started with a broken configuration"}


class Spoilt:
    """A device with one shipped service and the wrapper; a context that stops the service."""

    def __init__(self, world, service, fault):
        self.device, self.service, self.fault = world.make_device(), service, fault
        self.kit = shipped.all_kits(self.device)[service]
        self.dir = self.device.dir / "wrapper"
        self.dir.mkdir()

    def __enter__(self):
        return self

    def start(self):
        device, kit = self.device, self.kit
        device.start_trap_receiver()
        device.start_snmpd()
        if kit.program == "stunnel":
            kit.write({}, harness.free_port())
            kit.calls.define()
        else:
            kit.write({"nobody": harness.free_port()})
        (self.dir / "good.cfg").write_text(kit.config.read_text())
        self.define()
        device.start_agent()
        kit.start()
        wait_for(device.snmp_answers, "the agent answers over SNMP")

    def define(self):
        options = {"deadline": 6, "settle": 0, **self.fault.options}
        options.pop("daemonises", None)
        self.kit.define(**options, restart=[self.wrapper()])

    def spoil(self):
        """From now on; with the options that no good commit could be made with."""
        (self.dir / "spoil").touch()
        if self.fault.options.get("daemonises", True):
            return
        path = self.device.services / f"{self.kit.name}.conf"
        text = path.read_text()
        assert "daemonises = true\n" in text
        path.write_text(text.replace("daemonises = true\n", ""))
        hang_up(self.device)

    def __exit__(self, *_):
        for name, sign in (("squatter", "-KILL"), ("frozen", "-CONT")):
            path = self.dir / name
            if path.exists():
                subprocess.run(["kill", sign, *path.read_text().split()], check=False, stderr=subprocess.DEVNULL)
        self.kit.stop()

    def wrapper(self):
        (self.dir / "squat").write_text(SQUATTER)
        script, text = self.dir / "restart", WRAPPER
        for name, value in (
                ("BODY", self.fault.body),
                ("ELSEWHERE", ELSEWHERE.get(self.service, ELSEWHERE[""])),
                ("SQUATTER", shipped.quoted([sys.executable, "-I", "-S", self.dir / "squat", self.kit.port])),
                ("RESTART", shipped.quoted(self.kit.command("restart"))),
                ("STOP", shipped.quoted(self.kit.command("stop"))),
                ("DIR", self.dir), ("CONFIG", self.kit.config), ("PIDFILE", self.kit.pidfile),
                ("LIVE", self.kit.live), ("PORT", self.kit.port),
                ("LOCAL", self.device.state / "live/credentials/local/cert.pem")):
            text = text.replace(f"@{name}@", str(value))
        script.write_text(text)
        script.chmod(0o755)
        return script

    def restarts(self):
        path = self.dir / "restarts"
        return path.read_text().count("\n") if path.exists() else 0

    def wait_served(self, leaf):
        wait_for(lambda: all(self.device.served(self.kit.port) == leaf.sha256() for _ in range(3)),
                 f"{self.service} serves {leaf.sha256()}: {self.kit.log()}")

    def commit(self, leaf, check=True):
        return self.device.import_document(document(leaf.chain, leaf.key, services=[self.service]), "--commit",
                                           check=check)

    def in_force(self, generation, leaf):
        """The same everywhere: on disk, on the wire, in what is told."""
        self.wait_served(leaf)
        device = self.device
        assert device.generation() == device.status()["generation"] == generation
        live = device.state / "live/credentials/local/cert.pem"
        assert fingerprint(live.read_text()) == leaf.sha256()
        wait_for(lambda: device.get("certconfCfgGeneration.0") == str(generation), "SNMP has the generation")


@pytest.fixture(scope="module")
def side_by_side(request, make_shared_device, mibs, pki):
    missing = shipped.missing()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    cases = SideBySide(request, make_shared_device, mibs, leaves=[pki.leaf() for _ in range(3)])
    yield cases
    cases.close()


def fails(spoilt, leaves):
    """The commit ends as the row says; afterwards a good one works."""
    device, fault, (old, new, after) = spoilt.device, spoilt.fault, leaves
    before, restarts = device.generation(), spoilt.restarts()
    wait_for(lambda: device.notifications(COMMIT_DONE), "the good commit is notified")
    spoilt.spoil()
    result = spoilt.commit(new, check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert spoilt.restarts() == restarts + 2
    if fault.ends == STUCK:
        assert device.generation() == before
        told_everywhere(device, result, fault.words, "failed", "stuck")
        return
    assert f"Rolled back: generation {before} is in force, proven by probe" in result.stdout
    spoilt.in_force(before, old)
    told_everywhere(device, result, fault.words, "rolled-back")
    wait_for(lambda: device.notifications(COMMIT_FAILED), "it is notified")
    done = len(device.notifications(COMMIT_DONE))
    spoilt.commit(after)
    spoilt.in_force(device.generation(), after)
    wait_for(lambda: len(device.notifications(COMMIT_DONE)) > done, "the next one is notified")
    assert len(device.notifications(COMMIT_FAILED)) == 1


def does_not_fail(spoilt, leaves):
    device, new = spoilt.device, leaves[1]
    before, restarts = device.generation(), spoilt.restarts()
    if spoilt.fault.body:
        spoilt.spoil()
    else:
        spoilt.kit.stop()
    result = spoilt.commit(new, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    if not spoilt.fault.body:
        assert spoilt.restarts() == restarts, "its command was not run"
        assert device.served(spoilt.kit.port) is None, "it was not started"
        row = device.service(spoilt.service)
        assert row["state"] == "stopped" and re.search(GONE, row["last-error"]), row
        spoilt.kit.start()
    assert device.generation() > before
    spoilt.in_force(device.generation(), new)
    assert not device.notifications(COMMIT_FAILED)


def one_fault(world, service, fault):
    with Spoilt(world, service, fault) as spoilt:
        spoilt.start()
        spoilt.commit(world.leaves[0])
        spoilt.wait_served(world.leaves[0])
        (does_not_fail if fault.ends == FINE else fails)(spoilt, world.leaves)


def cases():
    return [Case(f"{service} {fault.name}", one_fault, service, fault) for service in ALL for fault in FAULTS
            if service in fault.services and (RELEASE or SAMPLE[service] == fault.name)]


@pytest.mark.parametrize("case", repeated(cases(), RUNS), ids=str)
def test_fault_of(request, side_by_side, case):
    side_by_side.result(request, case)
