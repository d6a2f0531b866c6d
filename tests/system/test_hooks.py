# SPDX-License-Identifier: ISC
"""Renewals by certbot, dehydrated, lego and certmonger, and import --wait with its spool."""
import json
import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from harness import ROOT, Netconf, Server, free_port, held_back, unprobed, wait_for
from pki import document

HOST = "unit.example.test"
USAGE, INVALID, REFUSED, ROLLED_BACK, UNREACHABLE = range(2, 7)


def need(*programs):
    for program in programs:
        if shutil.which(program) is None and shutil.which(f"/usr/sbin/{program}") is None:
            pytest.skip(f"{program} is not installed")


def files(pki, **options):
    leaf = pki.leaf(**options)
    chain = leaf.cert_file.with_suffix(".fullchain")
    chain.write_text(leaf.chain)
    return leaf, ["--cert", chain, "--key", leaf.key_file]


def spooled(device):
    return sorted(path.name for path in (device.state / "spool").iterdir())


def kept(device):
    return {row["name"]: row for row in device.status().get("kept-import", [])}


def renew(device, given, *args, wait="1s"):
    """What a hook does."""
    return device.cli("import", *given, "--commit", "--wait", wait, "--spool", device.state / "spool", *args,
                      check=False)


def leaf_in_force(device, name="local"):
    rows = [row for row in device.status()["certificate"] if row["name"] == name]
    return rows[0]["fingerprint"].replace(":", "").lower() if rows else None


def fails_while(flag):
    """A definition whose restart command fails while the file is there."""
    return unprobed("/usr/bin/test", "!", "-e", str(flag))


# --- import --wait ---

@pytest.mark.parametrize("args,words", [
    (("--cert", "x", "--key", "y", "--wait", "1m"), "--wait needs --commit"),
    (("--cert", "x", "--key", "y", "--commit", "--wait", "soon"), "--wait takes a time"),
    (("--cert", "x", "--key", "y", "--commit", "--wait", "0"), "--wait takes a time"),
    (("--cert", "x", "--key", "y", "--commit", "--spool", "z"), "--spool needs --wait"),
])
def test_usage(make_device, args, words):
    result = make_device().cli("import", *args, check=False)
    assert result.returncode == USAGE and words in result.stderr, result


def test_a_commit_under_way_is_waited_for(make_device, pki):
    device = make_device()
    script, running, go = held_back(device)
    device.write_service("slow", unprobed(script))
    device.start_agent()
    first, results = pki.leaf(), []
    (device.dir / "first.xml").write_text(document(first.chain, first.key, services=["slow"]))
    thread = threading.Thread(target=lambda: results.append(
        device.cli("import", device.dir / "first.xml", "--commit", check=False)))
    thread.start()
    wait_for(running.exists, "the restart runs")
    leaf, given = files(pki)
    busy = device.cli("import", *given, "--commit", "--name", "other", check=False)
    assert busy.returncode == REFUSED, busy
    waiting = threading.Thread(target=lambda: results.append(renew(device, given, "--name", "other", wait="60s")))
    waiting.start()
    running.unlink()
    go()
    thread.join(60)
    waiting.join(60)
    assert [result.returncode for result in results] == [0, 0], results
    assert leaf_in_force(device, "other") == leaf.sha256()
    assert spooled(device) == []


def test_a_lock_is_waited_for_as_long_as_was_said(agent, pki):
    _, given = files(pki)
    with Netconf(agent) as session:
        session.ok("<lock><target><running/></target></lock>")
        result = renew(agent, given)
        assert result.returncode == REFUSED and "kept as" in result.stderr, result
        assert spooled(agent) == ["local.xml"]


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_what_comes_while_the_agent_is_away(agent, pki, encrypted):
    """It is kept for root alone, tried at the next start, and gone when it is in force."""
    leaf, given = files(pki)
    if encrypted:
        key, password = agent.dir / "encrypted.key", agent.dir / "password"
        key.write_text(leaf.encrypted_key())
        password.write_text("correct horse battery staple\n")
        given = [*given[:2], "--key", key, "--key-password-file", password]
    agent.stop_agent()
    result = renew(agent, given, "--comment", "by a hook")
    assert result.returncode == UNREACHABLE, result
    assert "correct horse" not in result.stderr
    directory = agent.state / "spool"
    assert spooled(agent) == ["local.xml"]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "local.xml").stat().st_mode) == 0o600
    agent.start_agent()
    wait_for(lambda: leaf_in_force(agent) == leaf.sha256(), "it is in force")
    wait_for(lambda: spooled(agent) == [] and not kept(agent), "and gone")
    commit = json.loads(agent.cli("history", "--json").stdout)
    newest = (commit["commit"] if isinstance(commit, dict) else commit)[0]
    assert newest["comment"] == "by a hook" and newest["user"] == "spool", newest


def test_what_a_service_does_not_take_is_tried_again(make_device, pki):
    """Shown with its reason by status, JSON and log, and in force as soon as it can be."""
    device = make_device()
    flag = device.dir / "broken"
    device.write_service("picky", fails_while(flag))
    device.start_agent(**{"retry-interval": 1})
    first = pki.leaf()
    device.import_document(document(first.chain, first.key, services=["picky"]), "--commit")
    flag.touch()
    leaf, given = files(pki)
    result = renew(device, given)
    assert result.returncode == ROLLED_BACK and "kept as" in result.stderr, result
    row = wait_for(lambda: (lambda row: row if row and row["tries"] else None)(kept(device).get("local")),
                   "it was tried again")
    assert "picky" in row["error-text"] and row["next-try"] and row["last-try"] and row["since"], row
    assert "An import of local" in device.cli("status").stdout
    assert "local is kept and tried again" in device.agent.text()
    flag.unlink()
    wait_for(lambda: not kept(device), "it is in force")
    assert leaf_in_force(device) == leaf.sha256()
    assert spooled(device) == []


def test_what_is_wrong_is_kept_and_shown(agent, pki):
    """Nobody may be there who sees the exit status: a certificate with the key of another."""
    first, given = files(pki)
    agent.cli("import", *given, "--commit")
    assert agent.status()["overall-status"] == "ok"
    first, given = files(pki)
    other = pki.leaf()
    result = renew(agent, [*given[:2], "--key", other.key_file])
    assert result.returncode == INVALID and "kept as" in result.stderr, result
    agent.stop_agent()
    agent.start_agent()
    row = wait_for(lambda: (lambda row: row if row and row["tries"] else None)(kept(agent).get("local")),
                   "it was tried at the start")
    assert "key" in row["error-text"], row
    assert agent.status()["overall-status"] == "warning"
    assert first.key.splitlines()[1] not in agent.agent.text()
    # the next renewal is in order: what was kept is not needed any more
    leaf, given = files(pki)
    assert renew(agent, given).returncode == 0
    assert leaf_in_force(agent) == leaf.sha256() and spooled(agent) == []


def test_what_was_changed_otherwise_since_goes(agent, pki):
    old, given = files(pki)
    agent.stop_agent()
    assert renew(agent, given).returncode == UNREACHABLE
    path = agent.state / "spool" / "local.xml"
    past = path.stat().st_mtime - 60
    os.utime(path, (past, past))
    agent.start_agent(**{"retry-interval": 0})
    row = wait_for(lambda: kept(agent).get("local"), "it is shown")
    assert "next-try" not in row and row["tries"] == 0, row
    assert "It is not tried again" in agent.cli("status").stdout
    leaf, given = files(pki)
    agent.cli("import", *given, "--commit")
    wait_for(lambda: spooled(agent) == [], "it goes")
    assert leaf_in_force(agent) == leaf.sha256() != old.sha256()


@pytest.mark.parametrize("content,words", [(None, "fullchain.pem"), ("no certificate", "not a DER certificate")],
                         ids=["missing", "garbage"])
def test_what_cannot_be_used_is_told(notified, pki, content, words):
    """There may be nothing to try again; the agent is told, and so SNMP."""
    _, given = files(pki)
    path = notified.dir / "fullchain.pem"
    if content is not None:
        path.write_text(content)
    result = renew(notified, ["--cert", path, *given[2:]])
    assert result.returncode == INVALID, result
    state = notified.status()
    assert words in state["refused"]["text"], state["refused"]
    assert words in notified.get("certconfCfgLastErrorText.0")
    assert words in notified.cli("status").stdout
    assert spooled(notified) == ["local.xml"] * (content is not None)


def test_what_failed_is_seen_over_snmp(notified, pki):
    """The state as long as it is kept, and a notification for each try."""
    _, given = files(pki)
    other, _ = files(pki)
    notified.cli("import", *given, "--commit")
    assert notified.get("certconfCfgKeptImports.0") == "0"
    _, given = files(pki)
    assert renew(notified, [*given[:2], "--key", other.key_file]).returncode == INVALID
    notified.stop_agent()
    notified.start_agent()
    wait_for(lambda: kept(notified).get("local", {}).get("tries"), "it was tried at the start")
    wait_for(notified.snmp_answers, "SNMP is there again")
    wait_for(lambda: notified.get("certconfCfgKeptImports.0") == "1", "it is seen")
    assert notified.get("certconfOverallStatus.0") == "warning"
    assert "key" in notified.get("certconfCfgLastErrorText.0")
    # the trap, too: certconfCommitFailed, of the try
    wait_for(lambda: any("spool" in line for line in notified.traps.text().splitlines()), "it is notified")


def test_what_everybody_may_read_counts_it_only(notified, pki):
    """The status for the plugin of snmpd has neither names nor reasons of what is kept."""
    _, given = files(pki)
    notified.stop_agent()
    assert renew(notified, given, "--name", "a-name-of-a-hook").returncode == UNREACHABLE
    notified.start_agent(**{"retry-interval": 0})
    wait_for(lambda: kept(notified), "it is shown")
    wait_for(notified.snmp_answers, "SNMP is there")
    wait_for(lambda: notified.get("certconfCfgKeptImports.0") == "1", "it is counted")
    assert b"a-name-of-a-hook" not in (notified.run / "status").read_bytes()


def test_names_stay_in_the_spool(agent, pki):
    _, given = files(pki)
    agent.stop_agent()
    assert renew(agent, given, "--name", "../../other").returncode == UNREACHABLE
    assert spooled(agent) == ["_._.._other.xml"]


@pytest.mark.parametrize("name", ["new.txt", ".hidden.xml", "x" * 70 + ".xml", "no\nline.xml"])
def test_what_is_no_document_of_the_spool_is_left_alone(agent, name):
    agent.stop_agent()
    (agent.state / "spool" / name).write_text("<certconf/>")
    agent.start_agent()
    assert not kept(agent)
    assert spooled(agent) == [name]


def test_what_others_may_write_is_not_read(agent, pki):
    """And neither is what a link names."""
    leaf = pki.leaf()
    agent.stop_agent()
    path = agent.state / "spool" / "local.xml"
    path.write_text(document(leaf.chain, leaf.key))
    path.chmod(0o666)
    (agent.state / "spool" / "other.xml").symlink_to(path)
    agent.start_agent()
    rows = wait_for(lambda: (lambda rows: rows if len(rows) == 2 and all(row["tries"] for row in rows.values())
                             else None)(kept(agent)), "both were tried")
    assert all(row["error-text"] for row in rows.values()), rows
    assert leaf_in_force(agent) != leaf.sha256()


# --- the programs ---

class Acme:
    """pebble on loopback, which takes every answer to a challenge."""

    def __init__(self, directory, pki):
        self.dir, self.port = directory, free_port()
        self.trust = directory / "trust.pem"
        leaf = pki.leaf("localhost")
        self.trust.write_text(pki.root)
        (directory / "chain.pem").write_text(leaf.chain)
        (directory / "pebble.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{free_port()}",
            "certificate": str(directory / "chain.pem"), "privateKey": str(leaf.key_file),
            "httpPort": 5002, "tlsPort": 5001, "ocspResponderURL": "", "externalAccountBindingRequired": False}}))
        self.url = f"https://localhost:{self.port}/dir"
        self.server = Server("pebble", [shutil.which("pebble"), "-config", directory / "pebble.json"],
                             directory / "pebble.log",
                             {**os.environ, "PEBBLE_VA_ALWAYS_VALID": "1", "PEBBLE_VA_NOSLEEP": "1",
                              "PEBBLE_WFE_NONCEREJECT": "0"})
        self.server.start()
        wait_for(lambda: "Listening" in self.server.text() or not self.server.is_running(), "pebble listens")
        assert self.server.is_running(), self.server.text()


@pytest.fixture(scope="module")
def acme(tmp_path_factory, pki):
    need("pebble")
    made = Acme(tmp_path_factory.mktemp("acme"), pki)
    yield made
    made.server.stop()


class Program:
    """A program that renews, with everything of its own in one directory."""

    def __init__(self, device, acme, hook):
        self.device, self.acme, self.hook = device, acme, hook
        self.dir = device.dir / "renewal"
        self.dir.mkdir()
        (device.dir / "bin").mkdir()
        (device.dir / "bin" / "certconf").symlink_to(device.build / "certconf")
        self.env = {**device.env, "PATH": f"{device.dir}/bin:{os.environ['PATH']}", "HOME": str(self.dir),
                    "CERTCONF_SPOOL": str(device.state / "spool"), "REQUESTS_CA_BUNDLE": str(acme.trust),
                    "LEGO_CA_CERTIFICATES": str(acme.trust)}

    def run(self, *argv):
        return subprocess.run([str(arg) for arg in argv], env=self.env, cwd=self.dir, text=True,
                              capture_output=True, timeout=120, check=False)


class Certbot(Program):
    swallows = True

    def renew(self):
        return self.run("certbot", "--config-dir", self.dir / "c", "--work-dir", self.dir / "w", "--logs-dir",
                        self.dir / "l", "--server", self.acme.url, "-n", "certonly", "--agree-tos",
                        "--register-unsafely-without-email", "--standalone", "--http-01-port", free_port(),
                        "--http-01-address", "127.0.0.1", "-d", HOST, "--key-type", "ecdsa", "--force-renewal",
                        "--deploy-hook", self.hook)


class Dehydrated(Program):
    swallows = False

    def renew(self):
        (self.dir / "known").mkdir(exist_ok=True)
        (self.dir / "config").write_text(
            f"CA={self.acme.url}\nBASEDIR={self.dir}\nWELLKNOWN={self.dir}/known\nHOOK={self.hook}\n"
            f'CURL_OPTS="--cacert {self.acme.trust}"\nKEY_ALGO=prime256v1\nACCOUNT_KEYSIZE=2048\n')
        registered = self.run("dehydrated", "-f", self.dir / "config", "--register", "--accept-terms")
        assert registered.returncode == 0, registered
        return self.run("dehydrated", "-f", self.dir / "config", "-c", "-d", HOST, "--force")


class Lego(Program):
    swallows = False

    def renew(self):
        base = ["lego", "--server", self.acme.url, "--accept-tos", "--email", "a@example.test", "--domains", HOST,
                "--path", "lego", "--http", "--http.port", f"127.0.0.1:{free_port()}"]
        if not (self.dir / "lego" / "certificates").exists():
            return self.run(*base, "run", "--run-hook", self.hook)
        return self.run(*base, "renew", "--days", "3650", "--no-random-sleep", "--renew-hook", self.hook)


PROGRAMS = {"certbot": Certbot, "dehydrated": Dehydrated, "lego": Lego}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_renewal_is_a_commit(make_device, acme, top, name):
    """The first certificate, a renewal that a service does not take, and that it is in force later."""
    need(name)
    device = make_device()
    flag = device.dir / "broken"
    device.write_service("picky", fails_while(flag))
    device.start_agent(**{"retry-interval": 1})
    program = PROGRAMS[name](device, acme, Path(top) / "contrib" / "hooks" / name)
    result = program.renew()
    assert result.returncode == 0, result
    row = next(row for row in device.status()["certificate"] if row["name"] == "local")
    assert HOST in row["subject-alternative-names"] and row["key-status"] == "match", row
    assert row["chain-length"] >= 2, row
    first = leaf_in_force(device)
    device.cli("set", "service", "picky", "enabled", "--commit")

    flag.touch()
    result = program.renew()
    assert (result.returncode == 0) == program.swallows, result
    assert leaf_in_force(device) == first
    shown = wait_for(lambda: (lambda row: row if row and row.get("error-text") else None)(
        kept(device).get("local")), "status shows it")
    assert "picky" in shown["error-text"], shown
    assert "local is kept and tried again: picky" in device.agent.text()
    flag.unlink()
    wait_for(lambda: not kept(device), "it is in force")
    assert leaf_in_force(device) != first


def test_the_other_operations_of_dehydrated(top):
    """It calls its hook for each, and wants them to succeed."""
    for operation in ("startup_hook", "deploy_challenge", "exit_hook", "this_hookscript_is_broken__ignore", ""):
        assert subprocess.run([f"{top}/contrib/hooks/dehydrated", operation], timeout=10, check=False).returncode == 0


@pytest.mark.skipif(not ROOT, reason="certmonger's own signer runs as root")
def test_certmonger(make_device, acme, top):
    need("getcert", "certmonger", "dbus-run-session")
    device = make_device()
    device.start_agent()
    program = Program(device, acme, Path(top) / "contrib" / "hooks" / "certmonger")
    for name in ("requests", "cas", "tmp"):
        (program.dir / name).mkdir()
    env = " ".join(f"{name}={program.env[name]}" for name in ("PATH", "CERTCONF_SOCKET", "CERTCONF_SPOOL"))
    program.env.update(CERTMONGER_REQUESTS_DIR=str(program.dir / "requests"),
                       CERTMONGER_CAS_DIR=str(program.dir / "cas"), CERTMONGER_TMPDIR=str(program.dir / "tmp"))
    cert, key = program.dir / "c.pem", program.dir / "k.pem"
    script = program.dir / "session.sh"
    script.write_text(
        "certmonger -s -n & pid=$!\n"
        "i=0; until getcert list -s >/dev/null 2>&1 || [ $i -ge 100 ]; do i=$((i+1)); sleep 0.1; done\n"
        f"getcert request -s -c SelfSign -f {cert} -k {key} -N CN={HOST} -D {HOST} -C 'env {env} {program.hook} {cert} {key}'"
        " -w -v\nstatus=$?\nkill $pid\nwait $pid\nexit $status\n")
    result = program.run("dbus-run-session", "--", "sh", script)
    assert result.returncode == 0, result
    wait_for(lambda: any(row["name"] == "local" for row in device.status()["certificate"]),
             f"it is in force: {result}")
