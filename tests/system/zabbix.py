# SPDX-License-Identifier: ISC
"""A private Zabbix: database, frontend for its API, and server, all on loopback."""
import gzip
import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from harness import ROOT, Server, free_port, wait_for

SHARE = Path("/usr/share/zabbix")
SCHEMA = Path("/usr/share/zabbix-server-pgsql")
START = 120


def postgres():
    """The directory of PostgreSQL's programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def missing():
    """What is not installed of what this needs."""
    need = {"zabbix-frontend-php": SHARE / "api_jsonrpc.php", "zabbix-server-pgsql": SCHEMA / "schema.sql.gz",
            "php-cli": Path(shutil.which("php") or "/nonexistent")}
    return [name for name, path in need.items() if not path.exists()] + ([] if postgres() else ["postgresql"])


class Zabbix:
    """Started in a directory that nobody owns; stop() ends it all."""

    def __init__(self, directory):
        self.dir = Path(directory)
        self.database, self.web, self.listen = free_port(), free_port(), free_port()
        self.servers, self.token, self.number = [], None, 0
        # Neither PostgreSQL nor Zabbix runs as root.
        self.prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if ROOT else []
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.dir), "LC_ALL": "C.UTF-8", "TZ": "UTC",
                    "MIBS": ""}
        self.dir.mkdir()
        if ROOT:
            os.chown(self.dir, 65534, 65534)

    def run(self, *argv, **options):
        result = subprocess.run([*self.prefix, *map(str, argv)], env=self.env, cwd=self.dir, text=True,
                                capture_output=True, timeout=START, check=False, **options)
        assert result.returncode == 0, f"{argv}: {result.stdout}{result.stderr}"
        return result.stdout

    def serve(self, name, argv, ready):
        server = Server(name, [*self.prefix, *argv], self.dir / f"{name}.log", self.env)
        server.log.touch()
        server.start()
        self.servers.append(server)
        wait_for(lambda: ready(server) or not server.is_running(), f"{name} is ready", START)
        assert server.is_running(), server.text()

    def start(self):
        self.start_database()
        self.start_frontend()
        self.token = self.call("user.login", username="Admin", password="zabbix")

    def start_database(self):
        data, bins = self.dir / "data", postgres()
        self.run(bins / "initdb", "-D", data, "-U", "zabbix", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.serve("postgres", [bins / "postgres", "-D", data, "-h", "127.0.0.1", "-p", self.database, "-k", self.dir,
                                "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"],
                   lambda server: "ready to accept connections" in server.text())
        self.psql("-d", "postgres", "-c", "create database zabbix")
        for name in ("schema", "images", "data"):
            with gzip.open(SCHEMA / f"{name}.sql.gz", "rt") as text:
                self.psql("-d", "zabbix", input=text.read())

    def psql(self, *argv, **options):
        self.run(postgres() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", self.database, "-U",
                 "zabbix", *argv, **options)

    def start_frontend(self):
        # A copy, since Debian's looks for its configuration in /etc.
        shutil.copytree(SHARE, self.dir / "www", symlinks=False, ignore_dangling_symlinks=True)
        place = self.dir / "www/include/classes/core/CConfigFile.php"
        place.write_text(place.read_text().replace("/etc/zabbix/zabbix.conf.php", f"{self.dir}/www/conf/zabbix.conf.php"))
        (self.dir / "www/conf/zabbix.conf.php").write_text(
            "<?php\n$DB['TYPE'] = 'POSTGRESQL'; $DB['SERVER'] = '127.0.0.1'; "
            f"$DB['PORT'] = '{self.database}'; $DB['DATABASE'] = 'zabbix'; $DB['USER'] = 'zabbix'; "
            "$DB['PASSWORD'] = ''; $DB['SCHEMA'] = ''; $DB['ENCRYPTION'] = false; $DB['DOUBLE_IEEE754'] = true;\n"
            f"$ZBX_SERVER = '127.0.0.1'; $ZBX_SERVER_PORT = '{self.listen}'; $ZBX_SERVER_NAME = '';\n"
            "$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;\n")
        php = [shutil.which("php"), "-d", "max_execution_time=300", "-d", "memory_limit=256M", "-d", "post_max_size=16M",
               "-d", f"session.save_path={self.dir}", "-S", f"127.0.0.1:{self.web}", "-t", self.dir / "www"]
        self.serve("php", php, lambda server: "started" in server.text())

    def start_server(self):
        (self.dir / "server.conf").write_text(
            f"LogType=console\nPidFile={self.dir}/server.pid\nSocketDir={self.dir}\nListenIP=127.0.0.1\n"
            f"ListenPort={self.listen}\nDBHost=127.0.0.1\nDBPort={self.database}\nDBName=zabbix\nDBUser=zabbix\n"
            "CacheUpdateFrequency=1\nStartPollers=2\nStartPollersUnreachable=1\nStartPingers=0\nStartDiscoverers=0\n"
            "StartHTTPPollers=0\nStartTrappers=1\nStartPreprocessors=1\nStartLLDProcessors=1\nTimeout=5\n")
        self.serve("zabbix_server", ["/usr/sbin/zabbix_server", "-f", "-c", self.dir / "server.conf"],
                   lambda server: "server #0 started [main process]" in server.text())

    def call(self, method, listed=None, **params):
        """The result of a call of the API, whose parameters may be a list."""
        params = params if listed is None else listed
        self.number += 1
        body = {"jsonrpc": "2.0", "method": method, "params": params, "id": self.number, "auth": self.token}
        request = urllib.request.Request(f"http://127.0.0.1:{self.web}/api_jsonrpc.php", json.dumps(body).encode(),
                                         {"Content-Type": "application/json-rpc"})
        with urllib.request.urlopen(request, timeout=START) as reply:
            answer = json.loads(reply.read().decode())
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def stop(self):
        for server in reversed(self.servers):
            server.stop()


def need():
    if missing():
        pytest.skip(f"not installed: {', '.join(missing())}")
