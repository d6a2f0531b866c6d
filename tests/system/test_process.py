# SPDX-License-Identifier: ISC
"""The processes: who they run as, what they may still do, and that they end when told to."""
import contextlib
import pwd
import re
import signal
import subprocess

import harness
import pytest
from harness import wait_for
from pki import document

as_root = pytest.mark.skipif(not harness.ROOT, reason="only root can make processes run as somebody else")


def sandboxed(pid):
    status = harness.proc_status(pid)
    return status.get("Seccomp") == "2" and status.get("NoNewPrivs") == "1"


def with_probe(make_device, interval=1):
    """A device that asks its one service, which is not there, every second."""
    device = make_device()
    device.write_service(text=device.nginx_service(restart=["/bin/true"], interval=interval))
    device.start_agent()
    device.import_document(document(services=["nginx"]), "--commit")
    return device


@pytest.fixture
def seccomp(build):
    if not re.search(r"^SECCOMP_LIBS = .*seccomp", (build / "Makefile").read_text(), re.MULTILINE):
        pytest.skip("built without seccomp")


# --- sandboxes ---

@pytest.mark.usefixtures("seccomp")
def test_a_session_is_in_its_sandbox(agent):
    with harness.Netconf(agent) as session:
        session.call("<get/>")
        pids = agent.process("session")
        assert pids
        for pid in pids:
            assert sandboxed(pid), harness.proc_status(pid)


@pytest.mark.usefixtures("seccomp")
def test_a_probe_is_in_its_sandbox(make_device):
    device = with_probe(make_device)
    with harness.silent_server(device.https_port) as accepted:
        wait_for(lambda: accepted, "the service is asked")
        wait_for(lambda: (pid := device.probe()) and sandboxed(pid), "a probe in its sandbox")


def test_who_has_no_new_privileges(device):
    for kind in ("engine", "nursery", "snmp"):
        pids = device.process(kind)
        assert pids, kind
        for pid in pids:
            assert harness.proc_status(pid)["NoNewPrivs"] == "1", kind


# --- users ---

def ids(pid, what):
    return set(harness.proc_status(pid).get(what, "").split())


@as_root
def test_each_process_runs_as_the_configured_user(device):
    user = pwd.getpwnam(device.user)
    assert user.pw_uid != 0
    with harness.Netconf(device) as session:
        session.call("<get/>")
        for kind in ("engine", "nursery", "snmp", "session"):
            pids = device.process(kind)
            assert pids, kind
            for pid in pids:
                assert ids(pid, "Uid") == {str(user.pw_uid)}, kind
                assert ids(pid, "Gid") == {str(user.pw_gid)}, kind
                assert ids(pid, "Groups") <= {str(user.pw_gid)}, kind
                assert int(harness.proc_status(pid)["CapPrm"], 16) == 0, kind
        for pid in [device.agent.pid, *device.process("monitor")]:
            assert ids(pid, "Uid") == {"0"}
    assert device.process("monitor")


@as_root
def test_a_probe_runs_as_the_configured_user(make_device):
    device = with_probe(make_device)
    uid = str(pwd.getpwnam(device.user).pw_uid)
    with harness.silent_server(device.https_port):
        # one that ends meanwhile has no ids any more
        wait_for(lambda: (pid := device.probe()) and ids(pid, "Uid") == {uid}, f"a probe with uid {uid}")


@as_root
@pytest.mark.parametrize("user", ["_certconf", "no-such-user", "root"])
def test_a_user_that_cannot_be_is_told(make_device, user):
    with contextlib.suppress(KeyError):
        if pwd.getpwnam(user).pw_uid != 0:
            pytest.skip(f"there is a user {user}")
    device = make_device()
    device.write_conf(user=user)
    if user == "_certconf":  # the default: nothing configured
        lines = device.conf.read_text().splitlines()
        device.conf.write_text("".join(f"{line}\n" for line in lines if not line.startswith("user")))
    result = subprocess.run([device.build / "certconfd", "-d", "-f", device.conf], env=device.env, text=True,
                            capture_output=True, timeout=harness.DEADLINE, check=False)
    assert result.returncode == 1
    said = result.stdout + result.stderr
    assert re.search(rf"user: {user}: (there is no such user; .*useradd|the user must not be root)", said), said
    assert len(re.findall(r"no such user|must not be root", said)) == 1, "once is enough"


# --- the end ---

def ended(device):
    """The exit status, once it has ended."""
    try:
        return device.agent.process.wait(harness.DEADLINE)
    except subprocess.TimeoutExpired as late:
        raise harness.Timeout("certconfd does not end at SIGTERM") from late


@pytest.mark.parametrize("attempt", range(20))
def test_terminated_while_it_starts(make_device, attempt):
    """However early SIGTERM comes, it ends everything, at once and in order."""
    device = make_device()
    device.write_conf()
    device.agent = harness.Server("certconfd", [device.build / "certconfd", "-d", "-f", device.conf],
                                  device.dir / "certconfd.log", device.env)
    device.agent.start()
    leader = device.agent.pid
    moment = (1 + attempt % 15) / 1000
    with contextlib.suppress(subprocess.TimeoutExpired):
        device.agent.process.wait(moment)  # it should not end by itself
    device.agent.process.send_signal(signal.SIGTERM)
    assert ended(device) in (0, -signal.SIGTERM)  # the latter before it could watch for signals
    wait_for(lambda: not harness.group(leader), "no process is left")
    device.start_agent()
    device.cli("status")
