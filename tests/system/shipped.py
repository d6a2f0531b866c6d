# SPDX-License-Identifier: ISC
"""The shipped service definitions with the real programs, private and on loopback.

A Kit is one file of contrib/services as the device of a test has it: with the lines for a
machine without systemd, and with every documented path, address and user replaced.  What is
to be replaced must be there, so that a shipped file that changes fails the tests.
"""
import contextlib
import grp
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import harness
from harness import ROOT, free_port, wait_for

PEER_NAME = "peer.example.test"
LIVE = "/var/lib/certconf/live/services/"
PROGRAMS = {"nginx": "/usr/sbin/nginx", "haproxy": "/usr/sbin/haproxy", "stunnel": "/usr/bin/stunnel4",
            "kamailio": "/usr/sbin/kamailio"}
MODULES = "/usr/lib/*/kamailio/modules/tls.so"


def missing():
    """Programs of the kits that are not installed."""
    lost = [path for path in PROGRAMS.values() if not Path(path).exists()]
    return lost if any(Path("/").glob(MODULES[1:])) else [*lost, "kamailio-tls-modules"]


def without_systemd(text):
    """What the head of each file says: sed -e '/systemctl/d' -e 's/^#~ //'."""
    lines = [line for line in text.splitlines(keepends=True) if "systemctl" not in line]
    assert len(lines) < text.count("\n"), "no line for systemd"
    assert any(line.startswith("#~ ") for line in lines), "no line for a machine without it"
    return re.sub(r"(?m)^#~ ", "", "".join(lines))


def replaced(text, *pairs):
    """Each pair's first text, which must be there, by its second."""
    for old, new in pairs:
        assert old in text, f"{old!r} is not in\n{text}"
        text = text.replace(old, str(new))
    return text


class Kit:
    """One shipped definition, and the program it is for."""

    program = None

    def __init__(self, device, file=None, name=None):
        self.device = device
        self.file = file or f"{self.program}.conf"
        self.name = name or self.program
        self.shipped = device.top / "contrib" / "services" / self.program
        self.dir = device.dir / self.name
        self.dir.mkdir(exist_ok=True)
        if ROOT:
            shutil.chown(self.dir, "nobody", "nogroup")
        self.live = f"{device.state}/live/services/{self.name}/"
        self.port = free_port()
        self.out = {}
        self.config, self.pidfile = self.dir / f"{self.program}.cfg", self.dir / "pid"

    def text(self):
        return (self.shipped / self.file).read_text()

    def says(self, sentence, *pairs):
        """A line the README tells people to write, with what belongs to this device."""
        readme = " ".join((self.shipped / "README").read_text().split())
        assert sentence in readme, f"{self.program}/README does not say {sentence!r}"
        if f"{LIVE}{self.program}/" in sentence:
            sentence = replaced(sentence, (f"{LIVE}{self.program}/", self.live))
        return replaced(sentence, *pairs)

    def definition(self, deadline=None, settle=0, interval=0, restart=None):
        """The definition for services.d; restart, an argument list, in place of its own."""
        text = replaced(without_systemd(self.text()), *self.paths())
        if self.name != self.program and f"{self.live}" not in text:
            text = replaced(text, (f"{self.device.state}/live/services/{self.program}/", self.live))
        address = re.search(r'address = "(.*)"', text)[1]
        text = replaced(text, (address, f"127.0.0.1:{self.port}"), ("interval = 900", f"interval = {interval}"))
        for option, value in (("deadline", deadline), ("settle", settle)):
            assert re.search(rf"(?m)^{option} = \d+$", text), option
            if value is not None:
                text = re.sub(rf"(?m)^{option} = \d+$", f"{option} = {value}", text)
        if restart is not None:
            command = ", ".join(f'"{part}"' for part in restart)
            text = re.sub(r"(?m)^restart = .*$", lambda _: f"restart = {{ {command} }}", text)
        leaks = [word for word in re.findall(r"/(?:etc|run|var/lib)/[\w./-]*", re.sub("(?m)#.*", "", text))
                 if str(self.device.dir) not in word]
        assert not leaks, f"still outside of the device: {leaks}"
        return text

    def variant(self, mode):
        """What service.conf is in this verification mode."""
        return re.search(rf"(?ms)^variant {mode} {{\n\tconfig = '(.*?)'\n}}", self.definition())[1]

    def paths(self):
        return (("/var/lib/certconf", self.device.state), *self.own_paths())

    def own_paths(self):
        return ()

    def command(self, option):
        """The argument list of restart or stop."""
        line = re.search(rf"(?m)^{option} = {{ (.*) }}$", self.definition())[1]
        return re.findall(r'"([^"]*)"', line)

    def run(self, option):
        return subprocess.run(self.command(option), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=30, check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def define(self, **changes):
        self.device.write_service(self.name, self.definition(**changes))

    def write(self, peers):
        """The program's configuration; peers are the ports of who is called, by name."""
        raise NotImplementedError

    def start(self):
        """Starts it with the command of its definition, and waits until it answers."""
        result = self.run("restart")
        assert result.returncode == 0, f"{self.name}: {result.stdout}{result.stderr}{self.log()}"
        wait_for(lambda: self.device.served(self.port), f"{self.name} answers: {self.log()}")

    def pid(self):
        try:
            return int(self.pidfile.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def incarnation(self):
        """What is another after each restart: the workers."""
        pid = self.pid()
        return set(harness.children(pid)) if pid else set()

    @contextlib.contextmanager
    def restarting(self):
        """When what is inside has restarted it: until only the new one answers.

        A reload takes effect later than its command ends, and who probes can not see it when
        the certificate is the same as before.
        """
        before, restarts = self.incarnation(), self.device.service(self.name)["restarts"]
        yield
        if self.device.service(self.name)["restarts"] > restarts:
            wait_for(lambda: self.incarnation() and self.incarnation().isdisjoint(before),
                     f"what answered for {self.name} before is gone")

    def stop(self):
        """Stops it with the command of its definition; what is left is killed by its number."""
        pid = self.pid()
        if pid is None or not harness.alive(pid):
            return
        processes = [pid, *harness.descendants(pid)]
        self.run("stop")
        for process in processes:
            if harness.alive(process):
                harness.kill(process)

    def log(self):
        return "".join(path.read_text(errors="replace")[-4000:] for path in sorted(self.dir.glob("*.log")))


class Nginx(Kit):
    program = "nginx"

    def own_paths(self):
        log = self.dir / "error.log"
        return (("/run/nginx.pid", self.pidfile),
                ('"/etc/nginx/nginx.conf"', f'"{self.config}", "-e", "{log}"'),
                (" /etc/nginx/nginx.conf", f" {self.config} -e {log}"))

    def write(self, peers):
        include = self.says(f"include {LIVE}nginx/service.conf;")
        name = self.says("proxy_ssl_name peer.example.com;", ("peer.example.com", PEER_NAME))
        places = "".join(f"    location /{who}/ {{ proxy_pass https://127.0.0.1:{port}/; {name} }}\n"
                         for who, port in peers.items())
        temporary = " ".join(f"{kind}_temp_path {self.dir}/tmp;"
                             for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.config.write_text(f"""\
{"user nobody nogroup;" if ROOT else ""}
worker_processes 1;
pid {self.pidfile};
error_log {self.dir}/error.log info;
events {{ worker_connections 64; }}
http {{
  access_log off;
  {temporary}
  {self.says("ssl_protocols TLSv1.2 TLSv1.3;")}
  {self.says("proxy_ssl_protocols TLSv1.2 TLSv1.3;")}
  server {{
    listen 127.0.0.1:{self.port} ssl;
    {include}
    location / {{ return 200 "hello\\n"; }}
{places}  }}
}}
""")


class Haproxy(Kit):
    program = "haproxy"

    def own_paths(self):
        return (("/run/certconf-haproxy.pid", self.pidfile), ("/etc/haproxy/haproxy.cfg", self.config))

    def write(self, peers):
        # The files and their order are those of the README's CONFIG line.
        self.says(f'CONFIG="{LIVE}haproxy/service.conf -f /etc/haproxy/haproxy.cfg"')
        bind = self.says('bind :443 "${CERTCONF_BIND[*]}"', (":443", f"127.0.0.1:{self.port}"))
        server = self.says('server one 192.0.2.1:443 "${CERTCONF_SERVER[*]}" sni str(one.example.com)',
                           ("one.example.com", PEER_NAME))
        use = "".join(f"\tuse_backend {who} if {{ path_beg /{who}/ }}\n" for who in peers)
        backends = "".join(f"backend {who}\n\t{replaced(server, ('192.0.2.1:443', f'127.0.0.1:{port}'))}\n"
                           for who, port in peers.items())
        called = " ".join(f"!{{ path_beg /{who}/ }}" for who in peers)
        self.config.write_text(f"""\
global
	daemon
	maxconn 100
	{"user nobody" if ROOT else ""}
	{"group nogroup" if ROOT else ""}
defaults
	mode http
	retries 0
	timeout connect 5s
	timeout client 20s
	timeout server 20s
frontend incoming
	{bind}
	http-request return status 200 content-type text/plain string "hello" if {called}
{use}{backends}""")


class Stunnel(Kit):
    program = "stunnel"

    def __init__(self, device, file=None, name=None, calls=None):
        """calls is the kit of stunnel-calls.conf, which is the same process."""
        super().__init__(device, file, name)
        self.calls = calls
        self.include, self.output = self.dir / "include", self.dir / "stunnel.log"

    def own_paths(self):
        owner = (("#owner = stunnel4", "owner = nobody"),) if ROOT else ()
        names = (("peer.example.com", PEER_NAME),) if "peer.example.com" in self.text() else ()
        return (("/run/stunnel.pid", self.pidfile), ("/etc/stunnel/stunnel.conf", self.config), *owner, *names)

    def incarnation(self):
        return {self.output.read_text().count("Configuration successful")}

    def included(self, directory):
        """The directory the README says to make, with its link."""
        self.says(f"ln -s {LIVE}{self.name}/service.conf {directory}/")
        self.include.mkdir(exist_ok=True)
        link = self.include / "service.conf"
        link.unlink(missing_ok=True)
        link.symlink_to(f"{self.live}service.conf")
        return self.says(f"include = {directory}", (directory, self.include))

    def write(self, peers, backend):
        self.out = {who: free_port() for who in peers}
        client = self.included("/etc/stunnel/certconf")
        calls = self.calls.included("/etc/stunnel/certconf-calls")
        for what in ("config", "pidfile", "output"):
            setattr(self.calls, what, getattr(self, what))
        user = "setuid = nobody\nsetgid = nogroup\n" if ROOT else ""
        sections = "".join(f"[to-{who}]\nclient = yes\naccept = 127.0.0.1:{self.out[who]}\n"
                           f"connect = 127.0.0.1:{port}\n{client}\n" for who, port in peers.items())
        self.config.write_text(f"""\
{user}pid = {self.pidfile}
output = {self.output}
debug = info
[serves]
accept = 127.0.0.1:{self.port}
connect = 127.0.0.1:{backend}
{self.says(f"cert = {LIVE}stunnel/combined.pem")}
[takes-calls]
accept = 127.0.0.1:{self.calls.port}
connect = 127.0.0.1:{backend}
{calls}
{sections}""")


class Kamailio(Kit):
    program = "kamailio"

    def own_paths(self):
        group = "nogroup" if ROOT else grp.getgrgid(os.getegid()).gr_name
        return ((" -u kamailio -g kamailio", " -u nobody -g nogroup" if ROOT else ""),
                ("group = kamailio", f"group = {group}"),
                ("/run/kamailio/kamailio.pid", self.pidfile), ("/run/kamailio", self.dir),
                ("/etc/kamailio/kamailio.cfg", self.config))

    def write(self, peers):
        parameter = self.says(f'modparam("tls", "config", "{LIVE}kamailio/service.conf")')
        relay = "".join(f'\tif ($rU == "{who}") $du = "sip:127.0.0.1:{port};transport=tls";\n'
                        for who, port in peers.items())
        modules = Path(next(Path("/").glob(MODULES[1:]))).parent
        loads = "".join(f'loadmodule "{module}.so"\n' for module in
                        ("kex", "sl", "pv", "textops", "tm", "tmx", "xlog", "tls"))
        self.config.write_text(f"""\
#!KAMAILIO
debug=1
log_stderror=no
fork=yes
children=1
tcp_children=2
enable_tls=yes
auto_aliases=no
disable_core_dump=yes
listen=tls:127.0.0.1:{self.port}
tcp_connection_lifetime=5
tcp_max_connections=128
tls_max_connections=64
mpath="{modules}/"
{loads}modparam("tm", "fr_timer", 1500)
{parameter}
request_route {{
	if (!is_method("OPTIONS")) {{ sl_send_reply("405", "Not here"); exit; }}
	if ($rU == "ping") {{ sl_send_reply("200", "OK"); exit; }}
{relay}	{self.says("setflag(10);")}
	if (!t_relay()) sl_reply_error();
}}
include_file "{self.shipped}/certconf.cfg"
""")


def quoted(argv):
    """An argument list as a line for a shell."""
    return " ".join(shlex.quote(str(part)) for part in argv)


def all_kits(device):
    """Every shipped definition: {service name: kit}."""
    calls = Stunnel(device, "stunnel-calls.conf", "stunnel-calls")
    kits = (Nginx(device), Nginx(device, "nginx.takes-calls.conf", "nginx-calls"),
            Haproxy(device), Haproxy(device, "haproxy.takes-calls.conf", "haproxy-calls"),
            Stunnel(device, calls=calls), calls, Kamailio(device))
    return {kit.name: kit for kit in kits}
