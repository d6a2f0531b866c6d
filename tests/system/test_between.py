# SPDX-License-Identifier: ISC
"""Between commits, and when many come at once: storms of changes, and files somebody else changed."""
import json
import os
import re
import subprocess
import threading

import pytest
from harness import unprobed, wait_for
from pki import document
from test_services import counting, reload_definitions, reload_line

STORM = 5  # a user has 8 sessions


def credential(pki, leaf=None, services=("nginx",)):
    leaf = leaf or pki.leaf()
    return document(leaf.chain, leaf.key, services=list(services))


def another(pki, name):
    leaf = pki.leaf()
    return document(leaf.chain, leaf.key, name=name)


def start_import(device, name, text):
    """An import that runs in a thread of its own; its result comes in the list."""
    path, results = device.dir / f"{name}.xml", []
    path.write_text(text)
    thread = threading.Thread(target=lambda: results.append(device.cli("import", path, "--commit", check=False)))
    thread.start()
    return thread, results


# --- storms ---

def test_a_storm_of_changes_restarts_once(make_device, pki):
    """Each requester is answered, every change is there, and nginx is restarted once for all of them."""
    web = make_device()
    script, restarts = counting(web, then=reload_line(web))
    web.write_service(text=web.nginx_service(restart=[script]))
    web.start_agent(**{"restart-interval": 4})
    web.start_nginx()
    web.import_document(credential(pki), "--commit")
    assert restarts() == 1
    before = web.generation()
    first, results = start_import(web, "first", credential(pki))
    wait_for(lambda: "waits" in web.agent.text(), "the second restart has to wait")
    others = [start_import(web, f"other{n}", another(pki, f"other{n}")) for n in range(STORM)]
    leaf = pki.leaf()
    last, last_results = start_import(web, "last", credential(pki, leaf))
    for thread, _ in [(first, results), *others, (last, last_results)]:
        thread.join(60)
    for answers in [results, last_results, *(answers for _, answers in others)]:
        assert answers and answers[0].returncode == 0, answers
    assert restarts() == 2, "one restart for all"
    assert web.generation() == before + 1, "and one generation"
    names = {row["name"] for row in web.status()["certificate"]}
    assert {f"other{n}" for n in range(STORM)} <= names, names


def test_a_storm_that_fails_fails_for_everybody(make_device, pki):
    web = make_device()
    flag = web.dir / "fail"
    script, restarts = counting(web, then=f"[ ! -e {flag} ] || exit 1\n{reload_line(web)}")
    web.write_service(text=web.nginx_service(restart=[script]))
    web.start_agent(**{"restart-interval": 3})
    web.start_nginx()
    web.import_document(credential(pki), "--commit")
    served, before = web.served(), web.generation()
    flag.touch()
    first, results = start_import(web, "first", credential(pki))
    wait_for(lambda: "waits" in web.agent.text(), "the second restart has to wait")
    other, other_results = start_import(web, "other", another(pki, "other"))
    wait_for(lambda: "joins it" in web.agent.text(), "the other joins")
    first.join(60)
    other.join(60)
    assert [results[0].returncode, other_results[0].returncode] == [5, 5], (results, other_results)
    assert web.generation() == before
    web.wait_served(served)
    assert "other" not in {row["name"] for row in web.status()["certificate"]}


def test_what_joins_can_take_back_what_waits(make_device, pki):
    """The last one writes: the same document as before the storm is what is in force after it."""
    web = make_device()
    script, restarts = counting(web, then=reload_line(web))
    web.write_service(text=web.nginx_service(restart=[script]))
    web.start_agent(**{"restart-interval": 3})
    web.start_nginx()
    old = pki.leaf()
    web.import_document(credential(pki, old), "--commit")
    first, results = start_import(web, "first", credential(pki))
    wait_for(lambda: "waits" in web.agent.text(), "the second restart has to wait")
    assert web.import_document(credential(pki, old), "--commit").returncode == 0
    first.join(60)
    assert results[0].returncode == 0
    web.wait_served(old.sha256())


# --- the live files ---

@pytest.mark.parametrize("path, concerns", [
    ("services/nginx/fullchain.pem", True), ("services/nginx/service.conf", True),
    ("credentials/local/cert.pem", False), ("config.xml", False)])
def test_a_file_somebody_changed_is_told(make_device, pki, path, concerns):
    web = make_device()
    web.write_service(text=web.nginx_service(interval=1))
    web.start_agent(**{"verify-interval": 1})
    web.start_nginx()
    text = credential(pki)
    web.import_document(text, "--commit")
    wait_for(lambda: web.service()["in-sync"] == "in-sync", "nginx is in sync")
    file = web.state / "live" / path
    was = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(was + b"\n")
    status = wait_for(lambda: web.status().get("files-problem"), "the change is told")
    assert path in status, status
    assert web.agent.text().count("is not as it was written") + web.agent.text().count("another size") == 1
    if concerns:
        wait_for(lambda: web.service()["in-sync"] == "out-of-sync", "the service is out of sync")
    else:
        assert web.service()["in-sync"] == "in-sync"
    before, restarts = web.generation(), web.service()["restarts"]
    web.import_document(text, "--commit")
    assert web.generation() == before + 1, "the same document writes the files again"
    assert "files-problem" not in web.status()
    assert web.service()["in-sync"] == "in-sync"
    assert web.service()["restarts"] == restarts + concerns, "whoever has the file is restarted"


def test_a_file_put_back_clears_by_itself(make_device, pki):
    device = make_device()
    device.write_service(text=unprobed("/bin/true"))
    device.start_agent(**{"verify-interval": 1})
    device.import_document(credential(pki), "--commit")
    file = device.state / "live" / "services" / "nginx" / "cert.pem"
    was = file.read_bytes()
    file.write_bytes(b"")
    wait_for(lambda: device.status().get("files-problem"), "the change is told")
    file.write_bytes(was)
    wait_for(lambda: "files-problem" not in device.status(), "it is told no more")
    assert "the live files are as they were written" in device.agent.text()


# --- definitions that changed ---

@pytest.mark.parametrize("how", ["the same document", "commit"])
def test_a_changed_definition_is_put_in_force(make_device, pki, how):
    """By the same document again, and by a commit of nothing."""
    web = make_device()
    script, restarts = counting(web, then=reload_line(web))
    web.write_service(text=web.nginx_service(restart=[script]))
    web.start_agent()
    web.start_nginx()
    text = credential(pki)

    def again():
        if how == "commit":
            web.cli("commit")
        else:
            web.import_document(text, "--commit")

    web.import_document(text, "--commit")
    again()
    assert restarts() == 1
    web.write_service(text=web.nginx_service(restart=[script], variants={
        "none": "add_header X-Variant two;", "outgoing": "", "outgoing-and-incoming": ""}))
    reload_definitions(web)
    again()
    assert restarts() == 2
    assert "X-Variant" in (web.state / "live/services/nginx/service.conf").read_text()
    again()
    assert restarts() == 2, "and now nothing changes any more"


# --- the check command ---

def test_a_check_that_fails_at_restart_leaves_it_pending(make_device, pki):
    web = make_device()
    flag = web.dir / "refuse"
    script, _ = checker(web, f"[ ! -e {flag} ]")
    web.write_service(text=web.nginx_service() + f'check = {{ "{script}" }}\n')
    web.start_agent()
    web.start_nginx()
    web.import_document(credential(pki), "--commit")
    leaf = pki.leaf()
    web.import_document(credential(pki, leaf), "--commit", "--defer-restart")
    assert web.service()["restart-pending"] is True
    flag.touch()
    assert web.cli("restart", check=False).returncode != 0
    assert web.service()["restart-pending"] is True, "nothing was restarted"
    flag.unlink()
    web.cli("restart")
    assert web.service()["restart-pending"] is False
    web.wait_served(leaf.sha256())


def checker(device, then):
    """A check command that notes which leaf it saw live, and ends as it is told."""
    seen, script = device.dir / "seen", device.dir / "check"
    script.write_text(f"#!/bin/sh\nopenssl x509 -noout -fingerprint -sha256 -in {device.state}/live/services/nginx/"
                      f"cert.pem >>{seen}\n{then}\n")
    script.chmod(0o755)
    return script, seen


def fingerprints(seen):
    return [line.partition("=")[2].replace(":", "").lower() for line in seen.read_text().splitlines()]


def test_the_check_sees_what_is_staged(make_device, pki):
    web = make_device()
    script, seen = checker(web, "readlink {0}/live >{1}/live-is\nexit 0".format(web.state, web.dir))
    web.write_service(text=web.nginx_service() + f'check = {{ "{script}" }}\n')
    web.start_agent()
    web.start_nginx()
    before = web.served()
    leaf = pki.leaf()
    result = web.import_document(credential(pki, leaf), "--commit")
    assert "nginx checked" in result.stdout, result.stdout
    assert fingerprints(seen) == [leaf.sha256()], "the new certificate, where live is"
    assert (web.dir / "live-is").read_text() == "generations/1\n", "while live was the old one"
    assert before != leaf.sha256()
    web.wait_served(leaf.sha256())
    mounts = subprocess.run(["cat", f"/proc/{web.agent.pid}/mounts"], capture_output=True, text=True, check=True)
    assert str(web.state) not in mounts.stdout, "nobody else sees it"


def test_a_check_that_fails_changes_nothing(make_device, pki):
    web = make_device()
    script, _ = checker(web, "echo line one\necho the reason\nexit 3")
    restart, restarts = counting(web, then=reload_line(web))
    web.write_service(text=web.nginx_service(restart=[restart]) + f'check = {{ "{script}" }}\n')
    web.start_agent()
    web.start_nginx()
    served, before = web.served(), os.readlink(web.state / "live")
    result = web.import_document(credential(pki), "--commit", check=False)
    assert result.returncode not in (0, 5), result.stdout + result.stderr
    assert "check command ended with status 3: the reason" in result.stderr
    assert re.search(r"activated", result.stdout) is None, result.stdout
    assert os.readlink(web.state / "live") == before and restarts() == 0
    assert web.served() == served
    history = json.loads(web.cli("history", "--json").stdout)
    first = (history.get("commit") or history)[0] if isinstance(history, dict) else history[0]
    assert first["result"] == "failed" and "the reason" in first["error-text"], first
