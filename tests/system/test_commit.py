# SPDX-License-Identifier: ISC
"""The transaction, with a real nginx at the end of it."""
import json
import os
import signal
import stat
import time

import harness
import pki as pki_module
import pytest

EXIT_INVALID, EXIT_REFUSED, EXIT_ROLLED_BACK, EXIT_UNREACHABLE = 3, 4, 5, 6


def status(device):
    return json.loads(device.cli("status", "--json").stdout)


def whole(leaf, pki, mode="outgoing"):
    """A document with everything in it."""
    return pki_module.document(leaf.chain, leaf.encrypted_key(), pki_module.PASSWORD, pki.root, mode,
                               ["nginx"])


def live_fingerprint(device, path="credentials/local/cert.pem"):
    return pki_module.fingerprint((device.state / "live" / path).read_text())


def restart_script(device, name, body):
    """A restart command of the test's own."""
    path = device.dir / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return [path]


def reload_line(device):
    return " ".join(str(part) for part in device.nginx_argv("-s", "reload"))


def test_a_new_device_serves_its_factory_certificate(web):
    assert web.served() == live_fingerprint(web)
    text = web.cli("status").stdout
    assert "unit.example.test" in text and "Test unit" in text


def test_two_devices_have_different_factory_certificates(make_device):
    one, two = make_device(), make_device()
    for device in (one, two):
        device.start_agent()
    assert live_fingerprint(one) != live_fingerprint(two)


def test_the_factory_credential_survives_a_restart(agent):
    before = live_fingerprint(agent)
    agent.stop_agent()
    agent.start_agent()
    assert live_fingerprint(agent) == before


def test_import_puts_everything_in_force(web, pki):
    leaf = pki.leaf()
    before = web.generation()
    output = web.import_document(whole(leaf, pki), "--commit").stdout
    web.wait_served(leaf.sha256())
    assert web.generation() > before
    for word in ("validated", "staged", "activated", "nginx restarted",
                 "nginx: serving the new certificate"):
        assert word in output, output
    live = web.state / "live"
    assert (live / "trust/ca.pem").read_text().count("BEGIN CERTIFICATE") == 1
    assert (live / "credentials/local/fullchain.pem").read_text().count("BEGIN CERTIFICATE") == 2


def test_keys_are_for_their_owner_only(web, pki):
    web.import_document(whole(pki.leaf(), pki), "--commit")
    for path in harness.walk(web.state):
        if path.is_file() and b"PRIVATE KEY" in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_configuration_on_disk_has_no_secret(web, pki):
    web.import_document(whole(pki.leaf(), pki), "--commit")
    text = (web.state / "live/config.xml").read_text()
    assert "PRIVATE" not in text and pki_module.PASSWORD not in text


def test_import_without_commit_changes_nothing_in_force(web, pki):
    before = web.generation()
    web.import_document(whole(pki.leaf(), pki))
    assert web.generation() == before
    web.cli("validate")
    web.cli("discard")
    assert web.generation() == before


def test_a_candidate_is_committed(web, pki):
    leaf = pki.leaf()
    web.import_document(whole(leaf, pki))
    web.cli("commit", "--comment", "the new one")
    web.wait_served(leaf.sha256())
    assert "the new one" in web.cli("history").stdout


def test_import_commit_leaves_the_candidate_alone(web, pki):
    theirs = pki.leaf()
    web.cli("set", "service", "nginx", "enabled", "--commit")
    web.import_document(pki_module.document(trust=pki.root))
    web.import_document(pki_module.document(theirs.chain, theirs.key), "--commit")
    web.wait_served(theirs.sha256())
    assert not (web.state / "live/trust/ca.pem").exists()
    web.cli("commit")
    assert (web.state / "live/trust/ca.pem").exists()
    web.wait_served(theirs.sha256())


def fails_once(device):
    """A restart command that fails the next time it runs when the file it returns exists."""
    flag = device.dir / "fail"
    script = restart_script(device, "restart",
                            f"[ ! -e {flag} ] || {{ rm {flag}; exit 1; }}\n{reload_line(device)}")
    device.write_service(text=device.nginx_service(restart=script))
    return flag


def test_a_service_that_does_not_restart_is_rolled_back(make_device, pki):
    web = make_device()
    flag = fails_once(web)
    web.start_agent()
    web.start_nginx()
    before, served = web.generation(), web.served()
    flag.touch()
    result = web.import_document(whole(pki.leaf(), pki), "--commit", check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert "restart command ended with status 1" in result.stdout
    assert f"Rolled back: generation {before} is in force" in result.stdout
    web.wait_served(served)
    assert live_fingerprint(web) == served
    assert web.generation() == before
    assert "rolled-back" in web.cli("history", "--json").stdout
    assert "restart command ended with status 1" in web.cli("history").stdout


def test_on_the_way_back_the_wire_decides(make_device, pki):
    """A restart command that fails both times, while the previous certificate is served."""
    web = make_device()
    web.write_service(text=web.nginx_service(restart=["/bin/false"]))
    web.start_agent()
    web.start_nginx()
    before, served = web.generation(), web.served()
    result = web.import_document(whole(pki.leaf(), pki), "--commit", check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    assert f"Rolled back: generation {before} is in force" in result.stdout
    web.wait_served(served)
    assert live_fingerprint(web) == served


def test_a_failure_of_the_way_back_is_stuck(make_device, pki):
    """Neither the new nor the previous generation could be proven: a person must look."""
    web = make_device()
    pid_file = web.dir / "nginx" / "nginx.pid"
    kill = f"kill $(cat {pid_file}); exit 1"
    web.write_service()
    web.start_agent()
    web.start_nginx()
    web.import_document(whole(pki.leaf(), pki), "--commit")
    web.stop_agent()
    web.write_service(text=web.nginx_service(restart=["/bin/sh", "-c", kill], deadline=2))
    web.start_agent()
    before, served = web.generation(), web.served()
    result = web.import_document(whole(pki.leaf(), pki), "--commit", check=False)
    assert result.returncode in (1, EXIT_ROLLED_BACK)
    assert "Rolled back" not in result.stdout
    assert web.generation() == before
    assert served == live_fingerprint(web)
    assert status(web)["configuration-state"] == "stuck"
    web.write_service()
    os.kill(web.agent.pid, signal.SIGHUP)
    web.start_nginx()
    leaf = pki.leaf()
    harness.wait_for(lambda: web.import_document(whole(leaf, pki), "--commit", check=False).returncode == 0,
                     "a commit after the service was mended")
    web.wait_served(leaf.sha256())
    assert status(web)["configuration-state"] == "idle"


def test_a_service_that_keeps_the_old_certificate_is_rolled_back(make_device, pki):
    web = make_device()
    web.write_service(text=web.nginx_service(restart=["/bin/true"], deadline=2))
    web.start_agent()
    web.start_nginx()
    served = web.served()
    result = web.import_document(whole(pki.leaf(), pki), "--commit", check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    web.wait_served(served)
    assert live_fingerprint(web) == served


def test_a_failed_commit_after_a_good_one_returns_to_the_good_one(make_device, pki):
    web = make_device()
    flag = fails_once(web)
    web.start_agent()
    web.start_nginx()
    good = pki.leaf()
    web.import_document(whole(good, pki), "--commit")
    flag.touch()
    result = web.import_document(whole(pki.leaf(), pki), "--commit", check=False)
    assert result.returncode == EXIT_ROLLED_BACK, result.stdout + result.stderr
    web.wait_served(good.sha256())
    assert live_fingerprint(web) == good.sha256()


def test_a_service_that_hangs_is_cut_off_at_its_deadline(make_device, pki):
    web = make_device()
    script = restart_script(web, "restart", "exec sleep 600")
    web.write_service(text=web.nginx_service(restart=script, deadline=1))
    web.start_agent()
    web.start_nginx()
    served = web.served()
    started = time.monotonic()
    result = web.import_document(whole(pki.leaf(), pki), "--commit", check=False)
    assert result.returncode in (1, EXIT_ROLLED_BACK)
    assert time.monotonic() - started < 30
    web.wait_served(served)
    assert not [pid for pid in harness.descendants(web.agent.pid) if harness.title(pid) == "sleep"]


def test_a_service_that_was_down_before_fails_no_commit(make_device, pki):
    web = make_device()
    web.write_service()
    web.start_agent()  # nginx is not started
    leaf = pki.leaf()
    web.import_document(whole(leaf, pki), "--commit")
    assert live_fingerprint(web) == leaf.sha256()


def test_a_service_whose_files_did_not_change_is_not_restarted(make_device, pki):
    web = make_device()
    count = web.dir / "count"
    script = restart_script(web, "restart", f"echo >>{count}\n{reload_line(web)}")
    web.write_service(text=web.nginx_service(restart=script))
    web.start_agent()
    web.start_nginx()
    web.import_document(whole(pki.leaf(), pki), "--commit")
    assert count.read_text().count("\n") == 1
    web.import_document(pki_module.document(trust=pki.root + pki.other_root), "--commit")
    assert count.read_text().count("\n") == 1


def test_rollback(web, pki):
    first, second = pki.leaf(), pki.leaf()
    web.import_document(whole(first, pki), "--commit")
    number = web.generation()
    web.import_document(whole(second, pki), "--commit")
    web.cli("rollback")
    web.wait_served(first.sha256())
    web.cli("rollback", number + 1)
    web.wait_served(second.sha256())
    assert web.generation() > number + 1


def test_rollback_to_what_is_not_there(agent):
    result = agent.cli("rollback", "4711", check=False)
    assert result.returncode != 0 and "4711" in result.stderr


def test_delete_certificate_goes_back_to_the_factory_one(web, pki):
    factory = web.served()
    leaf = pki.leaf()
    web.import_document(whole(leaf, pki), "--commit")
    web.wait_served(leaf.sha256())
    web.cli("delete", "certificate", "--commit")
    web.wait_served(factory)


def test_the_trust_store_stays_while_the_mode_needs_it(web, pki):
    web.import_document(whole(pki.leaf(), pki), "--commit")
    before = web.generation()
    result = web.cli("delete", "trust-store", "--commit", check=False)
    assert result.returncode == EXIT_INVALID
    assert "trust store" in result.stderr
    assert web.generation() == before
    web.cli("set", "verification-mode", "none", "--commit")
    web.cli("delete", "trust-store", "--commit")
    assert not (web.state / "live/trust/ca.pem").exists()


def test_history_keeps_sixteen_generations(agent, pki):
    for number in range(20):
        agent.import_document(pki_module.document(trust=pki.root if number % 2 else pki.other_root),
                              "--commit")
    harness.wait_for(lambda: len(list((agent.state / "generations").iterdir())) == 16,
                     "sixteen generations are left")


def test_restart_command(make_device, pki):
    web = make_device()
    count = web.dir / "count"
    script = restart_script(web, "restart", f"echo >>{count}\n{reload_line(web)}")
    web.write_service(text=web.nginx_service(restart=script))
    web.start_agent()
    web.start_nginx()
    web.import_document(pki_module.document(services=["nginx"]), "--commit")
    before = count.read_text().count("\n") if count.exists() else 0
    web.cli("restart")
    harness.wait_for(lambda: count.exists() and count.read_text().count("\n") == before + 1,
                     "nginx is restarted")


def test_lock_refuses_others(agent, pki):
    with harness.Netconf(agent) as other:
        other.ok("<lock><target><candidate/></target></lock>")
        result = agent.import_document(pki_module.document(trust=pki.root), check=False)
        assert result.returncode == EXIT_REFUSED, result.stderr
        other.ok("<unlock><target><candidate/></target></unlock>")
    agent.import_document(pki_module.document(trust=pki.root))


def test_a_lock_dies_with_its_session(agent, pki):
    with harness.Netconf(agent) as other:
        other.ok("<lock><target><candidate/></target></lock>")
    harness.wait_for(lambda: agent.import_document(pki_module.document(trust=pki.root),
                                                   check=False).returncode == 0, "the lock is gone")


def test_everything_is_there_after_a_restart(web, pki):
    leaf = pki.leaf()
    web.import_document(whole(leaf, pki), "--commit")
    number = web.generation()
    web.stop_agent()
    web.start_agent()
    assert web.generation() == number
    assert live_fingerprint(web) == leaf.sha256()
    renewed = pki.leaf()
    web.import_document(whole(renewed, pki), "--commit")
    web.wait_served(renewed.sha256())


def test_the_same_key_needs_no_key(web, pki):
    """A renewal with the key already held is a certificate alone."""
    leaf = pki.leaf()
    web.import_document(whole(leaf, pki), "--commit")
    renewed = pki.renew(leaf)
    web.import_document(pki_module.document(renewed.chain), "--commit")
    assert renewed.sha256() != leaf.sha256()
    web.wait_served(renewed.sha256())


def test_without_an_agent(make_device):
    device = make_device()
    result = device.cli("status", check=False)
    assert result.returncode == EXIT_UNREACHABLE


def test_only_one_agent_at_a_time(agent):
    second = harness.Server("second", [agent.build / "certconfd", "-d", "-f", agent.conf],
                            agent.dir / "second.log", agent.env)
    second.start()
    try:
        assert second.process.wait(20) != 0
    except Exception:
        second.stop()
        raise
    agent.cli("status")


def test_state_directory_is_made(agent):
    assert os.path.islink(agent.state / "live")
    assert os.readlink(agent.state / "live").startswith("generations/")


@pytest.mark.parametrize("mode", harness.MODES)
def test_service_conf_is_the_variant_of_the_mode(make_device, pki, mode):
    device = make_device()
    device.write_service(text=device.nginx_service(variants={name: f"# {name}" for name in harness.MODES}))
    device.start_agent()
    device.import_document(whole(pki.leaf(), pki, mode), "--commit")
    text = (device.state / "live/services/nginx/service.conf").read_text()
    assert text.strip() == f"# {mode}"
