# SPDX-License-Identifier: ISC
"""contrib/monitoring/nagios: what check_snmp says of a real device, as Nagios would run it."""
import grp
import os
import pwd
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import READ_COMMUNITY, wait_for
from pki import document

PLUGINS = Path("/usr/lib/nagios/plugins")
OK, WARNING, CRITICAL, UNKNOWN = range(4)


@pytest.fixture(scope="module")
def kit(top):
    return top / "contrib/monitoring/nagios"


@pytest.fixture(scope="module")
def commands(kit):
    """Name -> command line."""
    found = dict(re.findall(r"command_name +(\S+)\n +command_line +(.+)", (kit / "certconf.cfg").read_text()))
    assert len(found) == 8
    return found


@pytest.fixture
def check(notified, commands):
    """Runs a command with its arguments; the status, and what was printed."""
    if not (PLUGINS / "check_snmp").exists():
        pytest.skip("check_snmp is not installed")

    def run(name, *args):
        line = commands[name]
        macros = {"USER1": str(PLUGINS), "HOSTADDRESS": f"127.0.0.1 -p {notified.snmp_port} -e 1 -t 5",
                  "_HOSTSNMPCOMMUNITY": READ_COMMUNITY, **{f"ARG{n}": arg for n, arg in enumerate(args, 1)}}
        for macro, value in macros.items():
            line = line.replace(f"${macro}$", value)
        assert "$" not in line
        result = subprocess.run(shlex.split(line), env=notified.tools_env, text=True, capture_output=True, timeout=30,
                                check=False)
        return result.returncode, result.stdout + result.stderr
    return run


def say(check, expect, name, *args):
    status, text = check(name, *args)
    assert status == expect, (name, args, text)
    return text


def test_all_four_exit_codes(notified, check, pki):
    days = ("check_certconf_days", "30:", "7:")
    for age, left, status, word in ((10, 300, OK, "OK"), (300, 20, WARNING, "WARNING"), (360, 3, CRITICAL, "CRITICAL"),
                                    (300, -2, CRITICAL, "CRITICAL")):
        leaf = pki.ageing(age, left)
        notified.import_document(document(leaf.chain, leaf.key), "--commit", "--allow-expired")
        wait_for(lambda: notified.get("certconfLocalFingerprint.1") == leaf.sha256(), "SNMP shows it")
        assert word in say(check, status, *days)
        assert word in say(check, status, "check_certconf_status")
        say(check, status, "check_certconf_certificate", "1")
        say(check, CRITICAL if left < 0 else OK, "check_certconf_faults")
    say(check, OK, "check_certconf_key", "1")
    say(check, UNKNOWN, "check_certconf_certificate", "77")
    notified.stop_agent()
    try:
        wait_for(lambda: not notified.snmp_answers(), "the agent is away")
        assert "No Such" in say(check, UNKNOWN, *days)
        say(check, UNKNOWN, "check_certconf_status")
    finally:
        notified.start_agent()


def test_services_and_modes(notified, check, pki):
    leaf = pki.leaf()
    notified.import_document(document(leaf.chain, leaf.key, trust=pki.root), "--commit")
    say(check, CRITICAL, "check_certconf_mode", "2")
    notified.cli("set", "verification-mode", "outgoing", "--commit")
    wait_for(lambda: check("check_certconf_mode", "2")[0] == OK, "the mode is as it must be")
    say(check, OK, "check_certconf_restart")
    say(check, WARNING, "check_certconf_service", "1")


@pytest.mark.parametrize("program, file", [("nagios4", "certconf.cfg"), ("icinga2", "icinga2.conf")])
def test_it_loads(kit, tmp_path, program, file):
    path = shutil.which(program, path="/usr/sbin:/usr/bin") or pytest.skip(f"{program} is not installed")
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    if program == "nagios4":
        (tmp_path / "host.cfg").write_text(HOST)
        (tmp_path / "nagios.cfg").write_text(
            f"cfg_file={tmp_path}/host.cfg\ncfg_file={kit / file}\nlog_file={tmp_path}/log\ncheck_result_path={tmp_path}\n"
            f"resource_file={tmp_path}/resource.cfg\nobject_cache_file={tmp_path}/cache\n"
            f"nagios_user={user}\nnagios_group={group}\n")
        (tmp_path / "resource.cfg").write_text(f"$USER1$={PLUGINS}\n")
        argv = [path, "-v", tmp_path / "nagios.cfg"]
    else:
        (tmp_path / "icinga2.conf").write_text(f'include <itl>\ninclude <plugins>\ninclude "{kit / file}"\n{ICINGA_HOST}')
        argv = [path, "daemon", "-C", "-c", tmp_path / "icinga2.conf", f"-DDataDir={tmp_path}", f"-DCacheDir={tmp_path}",
                f"-DLogDir={tmp_path}", f"-DInitRunDir={tmp_path}", f"-DPluginDir={PLUGINS}"]
    env = {**os.environ, "ICINGA2_USER": user, "ICINGA2_GROUP": group}
    result = subprocess.run([str(arg) for arg in argv], env=env, text=True, capture_output=True, timeout=60,
                            check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    expect = r"Checked 4 services" if program == "nagios4" else r"Instantiated 5 Services"
    assert re.search(expect, result.stdout), result.stdout


HOST = """\
define host {
    host_name device
    address 192.0.2.10
    hostgroups certconf
    _SNMPCOMMUNITY public
    max_check_attempts 1
    check_period 24x7
    contact_groups admins
    notification_period 24x7
}
define timeperiod {
    timeperiod_name 24x7
    alias always
    sunday 00:00-24:00
}
define command {
    command_name nothing
    command_line /bin/true
}
define contact {
    contact_name admin
    host_notification_period 24x7
    service_notification_period 24x7
    host_notification_commands nothing
    service_notification_commands nothing
}
define contactgroup {
    contactgroup_name admins
    alias admins
    members admin
}
"""
ICINGA_HOST = """\
object Host "device" {
  check_command = "dummy"
  address = "192.0.2.10"
  vars.certconf = true
  vars.certconf_certificates = { local = 1 }
  vars.certconf_services = { nginx = 1 }
}
"""
