# SPDX-License-Identifier: ISC
"""A device on loopback: a private snmpd, nginx and certconfd in one temporary directory.

Nothing outside the directory is touched.  Every wait has a deadline and waits for
something that can be seen; what was started is stopped by its own process id.
"""
import contextlib
import errno
import json
import os
import pwd
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pki as pki_module

DEADLINE = 20.0
ROOT = os.geteuid() == 0
ENTERPRISE_OID = "1.3.6.1.4.1.32473"
V3_USER, V3_AUTH, V3_PRIV = "operator", "authentication-phrase", "privacy-phrase"
READ_COMMUNITY = "public"
MODES = ("none", "outgoing", "outgoing-and-incoming")


class Timeout(AssertionError):
    """Something did not happen before its deadline."""


def wait_for(condition, what, deadline=DEADLINE):
    """Calls condition until it returns something true, and returns that."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"not within {deadline:g} s: {what}")
        time.sleep(0.02)


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 that nobody uses now.

    It is below those the kernel gives to clients: one of these could be gone to somebody's
    request before the server that is to have it has started.
    """
    with socket.socket(socket.AF_INET, kind) as probe:
        while True:
            port = random.randrange(10000, 32000)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise


def children(pid):
    """Process ids of a process's children, from /proc."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def descendants(pid):
    """All processes below this one."""
    below = []
    for child in children(pid):
        below += [child, *descendants(child)]
    return below


def alive(pid):
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def proc_status(pid):
    """/proc/PID/status as a dictionary; empty when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def group(leader):
    """Processes of a process group that still run; whose parents are does not matter."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == leader and state != "Z":
            found.append(int(path.parent.name))
    return found


def title(pid):
    """What the process calls itself."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def walk(directory):
    """All paths below a directory in which others may remove things meanwhile."""
    return sorted(Path(at) / name for at, directories, files in os.walk(directory)
                  for name in directories + files)


def kill(pid):
    """kill -9, of a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


@contextlib.contextmanager
def silent_server(port):
    """A server that accepts and says nothing: whoever asks it waits."""
    accepted = []
    with socket.create_server(("127.0.0.1", port), backlog=16) as listener:
        def serve():
            while True:
                try:
                    accepted.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield accepted
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(DEADLINE)
            for connection in accepted:
                connection.close()


def unprobed(*restart):
    """A definition without a probe."""
    command = ", ".join(f'"{part}"' for part in restart)
    return f"directions = {{ serves }}\nrestart = {{ {command} }}\ndeadline = 5\n"


def held_back(device):
    """A restart command that tells when it runs, and waits to be let go."""
    go, running, script = device.dir / "go", device.dir / "running", device.dir / "restart"
    os.mkfifo(go)
    script.write_text(f"#!/bin/sh\n: >{running}\nread -r line <{go}\n")
    script.chmod(0o755)
    return script, running, lambda: go.write_text("\n")


class Server:
    """A process in the foreground, with its output in a file."""

    def __init__(self, name, argv, log, env=None):
        self.name, self.argv, self.log = name, [str(arg) for arg in argv], Path(log)
        self.env = env
        self.process = None

    def start(self):
        with self.log.open("ab") as out:
            # A group of its own: what is left at the end can be ended as a whole.
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, env=self.env, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, signal_number=signal.SIGTERM, deadline=DEADLINE):
        """Ends it; returns the exit status, or None when it had to be killed."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        below = descendants(process.pid)
        status = None
        try:
            if process.poll() is None:
                process.send_signal(signal_number)
            status = process.wait(deadline)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pid in below:
            end = time.monotonic() + 5
            while alive(pid) and time.monotonic() < end:
                time.sleep(0.02)
            kill(pid)
        return status

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Netconf:
    """A NETCONF session with the framing of base:1.0, as a second client."""

    END = b"]]>]]>"
    BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"

    def __init__(self, device):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(str(device.run / "netconf.sock"))
        self.hello = self.receive()
        self.send(f'<hello xmlns="{self.BASE}"><capabilities><capability>'
                  "urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text.encode() + self.END)

    def receive(self):
        data = b""
        while not data.endswith(self.END):
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError(data.decode(errors="replace"))
            data += piece
        return data[:-len(self.END)].decode()

    def call(self, operation):
        """The reply to one operation."""
        self.send(f'<rpc xmlns="{self.BASE}" message-id="1">{operation}</rpc>')
        return self.receive()

    def ok(self, operation):
        reply = self.call(operation)
        assert re.search(r"<(\w+:)?ok\s*/>", reply), reply


class Device:
    """The whole: snmpd, nginx, certconfd, and the means to ask them."""

    def __init__(self, directory, build, top, mibs=None):
        self.dir = Path(directory)
        self.build, self.top, self.mibs = Path(build), Path(top), mibs
        self.user = "nobody" if ROOT else pwd.getpwuid(os.geteuid()).pw_name
        self.state, self.run = self.dir / "state", self.dir / "run"
        self.services, self.features = self.dir / "services.d", self.dir / "features.d"
        self.conf = self.dir / "certconfd.conf"
        self.agentx = self.dir / "snmp" / "agentx"
        self.snmp_port = free_port(socket.SOCK_DGRAM)
        self.trap_port = free_port(socket.SOCK_DGRAM)
        self.https_port = free_port()
        for path in (self.state, self.services, self.features, self.dir / "nginx", self.dir / "snmp",
                     self.dir / "snmp" / "client"):
            path.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)
        self.env = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                    "CERTCONF_SOCKET": str(self.run / "netconf.sock"),
                    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0",
                    "UBSAN_OPTIONS": "print_stacktrace=1"}
        self.snmpd = self.nginx = self.agent = self.traps = None
        self.tools_env = {**self.env, "MIBS": "", "SNMPCONFPATH": str(self.dir / "snmp" / "client"),
                          "SNMP_PERSISTENT_DIR": str(self.dir / "snmp" / "client")}
        if mibs is not None:
            self.tools_env.update(MIBDIRS=f"{build}/mib/out:{mibs}", MIBS="CERTCONF-MIB")

    # --- nginx ---

    def write_nginx(self, live="services/nginx"):
        material = self.state / "live" / live
        user = "user nobody nogroup;" if ROOT else ""
        (self.dir / "nginx" / "nginx.conf").write_text(f"""\
{user} daemon off; worker_processes 1; pid nginx.pid; error_log error.log info;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
  uwsgi_temp_path tmp; scgi_temp_path tmp;
  server {{
    listen 127.0.0.1:{self.https_port} ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {material}/fullchain.pem;
    ssl_certificate_key {material}/privkey.pem;
    include {material}/service.conf;
    return 200 "hello\\n";
  }}
}}
""")

    def nginx_argv(self, *more):
        where = self.dir / "nginx"
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-p", where, "-c", where / "nginx.conf", "-e",
                where / "error.log", *more]

    def start_nginx(self):
        self.write_nginx()
        self.nginx = Server("nginx", self.nginx_argv(), self.dir / "nginx" / "out.log")
        self.nginx.start()
        wait_for(lambda: self.served() or not self.nginx.is_running(), "nginx answers")
        assert self.nginx.is_running(), self.nginx.text()

    def served(self, port=None):
        """SHA-256 of the leaf that is served, or None."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with socket.create_connection(("127.0.0.1", port or self.https_port), 3) as plain:
                with context.wrap_socket(plain) as tls:
                    der = tls.getpeercert(binary_form=True)
        except OSError:
            return None
        return pki_module.fingerprint(ssl.DER_cert_to_PEM_cert(der))

    def wait_served(self, sha256):
        """Until every answer is this leaf: an old worker may answer once more after a reload."""
        wait_for(lambda: all(self.served() == sha256 for _ in range(3)), f"nginx serves {sha256}")

    # --- snmpd ---

    def start_snmpd(self):
        directory = self.dir / "snmp"
        persistent = directory / "persistent"
        persistent.mkdir(exist_ok=True)
        perms = "agentXPerms 0660 0755 nobody nogroup" if ROOT else ""
        (directory / "snmpd.conf").write_text(f"""\
agentAddress udp:127.0.0.1:{self.snmp_port}
master agentx
agentXSocket {self.agentx}
{perms}
dontLogTCPWrappersConnects yes
rocommunity {READ_COMMUNITY} 127.0.0.1 .1
createUser {V3_USER} SHA-256 "{V3_AUTH}" AES "{V3_PRIV}"
rwuser {V3_USER} priv .{ENTERPRISE_OID}
trap2sink 127.0.0.1:{self.trap_port} {READ_COMMUNITY}
""")
        self.agentx.unlink(missing_ok=True)
        env = {**self.env, "MIBS": "", "SNMP_PERSISTENT_DIR": str(persistent),
               "SNMPCONFPATH": str(persistent)}
        self.snmpd = Server("snmpd", ["/usr/sbin/snmpd", "-f", "-C", "-c", directory / "snmpd.conf",
                                      "-Lo", "-I", "-smux", "-p", directory / "snmpd.pid"],
                            directory / "snmpd.log", env)
        self.snmpd.start()
        wait_for(lambda: self.agentx.exists() or not self.snmpd.is_running(), "snmpd opens its AgentX socket")
        assert self.snmpd.is_running(), self.snmpd.text()

    def start_trap_receiver(self):
        """snmptrapd, which writes each notification as one line."""
        directory = self.dir / "snmp"
        (directory / "snmptrapd.conf").write_text(
            f"snmpTrapdAddr udp:127.0.0.1:{self.trap_port}\n"
            f"authCommunity log {READ_COMMUNITY}\nformat2 TRAP %v\\n\n")
        self.traps = Server("snmptrapd", ["/usr/sbin/snmptrapd", "-f", "-C", "-c",
                                          directory / "snmptrapd.conf", "-Lo", "-On",
                                          "-p", directory / "snmptrapd.pid"],
                            directory / "snmptrapd.log", self.tools_env)
        self.traps.start()
        wait_for(lambda: "NET-SNMP version" in self.traps.text(), "snmptrapd is ready")

    def snmp(self, tool, *args, write=False, check=True):
        """Runs snmpget, snmpset, snmptable ... against the private snmpd."""
        who = (["-v3", "-l", "authPriv", "-u", V3_USER, "-a", "SHA-256", "-A", V3_AUTH, "-x", "AES",
                "-X", V3_PRIV] if write else ["-v2c", "-c", READ_COMMUNITY])
        argv = [tool, *who, "-t", "3", "-r", "1", *args]
        at = len(argv)
        for position, arg in enumerate(argv):
            if position > len(who) and (arg.startswith("CERTCONF-MIB::") or re.match(r"\.?1\.3\.", arg)):
                at = position
                break
        argv.insert(at, f"127.0.0.1:{self.snmp_port}")
        result = subprocess.run(argv, env=self.tools_env, text=True, capture_output=True, timeout=30,
                                check=False)
        if check:
            assert result.returncode == 0, f"{argv}: {result.stdout}{result.stderr}"
        return result

    def get(self, name):
        """The value of one object, as snmpget prints it; name without the module."""
        value = self.snmp("snmpget", "-OqvU", f"CERTCONF-MIB::{name}").stdout.strip()
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value

    def set(self, *triples, check=True):
        """snmpset NAME TYPE VALUE ... as the user that may write, in one PDU."""
        args = []
        for name, kind, value in triples:
            args += [f"CERTCONF-MIB::{name}", kind, str(value)]
        return self.snmp("snmpset", "-Oqv", *args, write=True, check=check)

    def snmp_answers(self):
        result = self.snmp("snmpget", "-Oqv", f".{ENTERPRISE_OID}.1.1.1.1.0", check=False)
        return result.returncode == 0 and "No Such" not in result.stdout

    def notifications(self, number):
        """Lines of snmptrapd about the notification of this number."""
        return [line for line in self.traps.text().splitlines()
                if re.search(rf"\.{re.escape(ENTERPRISE_OID)}\.1\.0\.{number}(?!\d)", line)]

    # --- certconfd ---

    def write_conf(self, **options):
        values = {"user": self.user, "state-dir": self.state, "run-dir": self.run,
                  "services-dir": self.services, "features-dir": self.features,
                  "agentx-socket": self.agentx if self.snmpd else "",
                  "snmp-program": self.build / "certconf-snmp", "model": "Test unit",
                  "host-name": "unit.example.test", "restart-interval": 0, "log-level": "debug", **options}
        lines = [f"{name} = {value if isinstance(value, int) else chr(34) + str(value) + chr(34)}"
                 for name, value in values.items()]
        self.conf.write_text("\n".join(lines) + "\n")
        self.conf.chmod(0o644)

    def write_service(self, name="nginx", text=None):
        path = self.services / f"{name}.conf"
        path.write_text(text if text is not None else self.nginx_service())
        path.chmod(0o644)

    def nginx_service(self, restart=None, deadline=10, variants=None, interval=900):
        """A definition; variants are lines for service.conf by verification mode."""
        command = ", ".join(f'"{part}"' for part in restart or self.nginx_argv("-s", "reload"))
        variants = variants or dict.fromkeys(MODES, "ssl_verify_client off;")
        sections = "".join(f"variant {mode} {{ config = '{line}\n' }}\n" for mode, line in variants.items())
        return f"""\
directions = {{ serves }}
restart = {{ {command} }}
deadline = {deadline}
settle = 0
probe {{ address = "127.0.0.1:{self.https_port}" interval = {interval} }}
{sections}"""

    def start_agent(self, **options):
        if not self.conf.exists() or options:
            self.write_conf(**options)
        self.agent = Server("certconfd", [self.build / "certconfd", "-d", "-f", self.conf],
                            self.dir / "certconfd.log", self.env)
        self.agent.start()
        wait_for(lambda: not self.agent.is_running() or self.cli("status", check=False).returncode == 0,
                 "certconfd answers")
        assert self.agent.is_running(), self.agent.text()

    def stop_agent(self):
        status = self.agent.stop()
        assert status == 0, f"certconfd ended with {status}:\n{self.agent.text()}"

    def cli(self, *args, check=True, stdin=None, timeout=60):
        """Runs certconf; check=True expects success."""
        argv = [str(self.build / "certconf"), *map(str, args)]
        result = subprocess.run(argv, env=self.env, text=True, input=stdin, capture_output=True,
                                timeout=timeout, check=False)
        if check:
            assert result.returncode == 0, f"{argv} -> {result.returncode}\n{result.stdout}{result.stderr}"
        return result

    def import_document(self, text, *args, check=True, name="document.xml"):
        path = self.dir / name
        path.write_text(text)
        return self.cli("import", path, *args, check=check)

    def status(self):
        return json.loads(self.cli("status", "--json").stdout)

    def service(self, name="nginx"):
        """What status tells of one service."""
        return next(row for row in self.status()["service"] if row["name"] == name)

    def generation(self):
        """The number live names."""
        return int(os.readlink(self.state / "live").rpartition("/")[2])

    def process(self, kind):
        """Process ids of our own processes of this kind, by the name each gives itself."""
        return [pid for pid in descendants(self.agent.pid) if kind in title(pid)]

    def probe(self):
        """The process that talks to a service now, or None: the nursery's child without a name."""
        for nursery in self.process("nursery"):
            for pid in children(nursery):
                if title(pid) == "cc-nursery":
                    return pid
        return None

    # --- the end ---

    def stop(self):
        for server in (self.agent, self.nginx, self.snmpd, self.traps):
            if server is not None:
                server.stop()

    def logs(self):
        return sorted(path for where in (".", "nginx", "snmp") for path in (self.dir / where).glob("*.log"))

    def sanitizer_reports(self):
        """What a sanitizer wrote anywhere."""
        found = []
        for log in self.logs():
            for line in log.read_text(errors="replace").splitlines():
                if "Sanitizer" in line or "runtime error:" in line:
                    found.append(f"{log.name}: {line}")
        return found

    def artefacts(self):
        """(title, text) of everything that helps to understand a failure."""
        for log in self.logs():
            text = log.read_text(errors="replace")
            if text:
                yield str(log.relative_to(self.dir)), "\n".join(text.splitlines()[-200:])
        yield "certconfd.conf", self.conf.read_text() if self.conf.exists() else "(none)"
        yield "state", "\n".join(str(path.relative_to(self.dir)) for path in walk(self.state))
