#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Stops or disturbs a commit at every place and looks what the next start finds.

usage: sweep.py [-av] [DRIVER [MODE...]]

  operations  killed before each operation of durable.c, commit and way back
  recovery    a commit killed at each operation, then its recovery at each of its own
  KILL        killed at each system call that touches a file (needs strace)
  EIO, ENOSPC, EINTR, ...  each of these calls fails with that error (needs strace)

Without -a the longer ones take samples: recovery after every sixth operation, every
third call that fails.  Whatever happened: a whole generation is in force, the old one or the new one; the new
one when the driver promised it; nothing half-done is remembered; and the next commit
works.
"""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

SYSCALLS = (
    "mkdir,mkdirat,openat,write,fsync,syncfs,rename,renameat,renameat2,symlink,symlinkat,"
    "link,linkat,unlink,unlinkat,close,read,getdents64,readlink,readlinkat,fchmod,fchown,"
    "newfstatat,fcntl"
)
OLD, NEW, NEXT = "a", "b", "c"


class Sweep:
    def __init__(self, driver, verbose, everything):
        self.driver = os.path.abspath(driver)
        self.everything = everything
        self.verbose = verbose
        # memory is as good as a disk here: the process dies, not the machine
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = tempfile.mkdtemp(prefix="certconf-crash-", dir=memory)
        self.base = os.path.join(self.top, "base")
        self.dir = os.path.join(self.top, "store")
        self.seen = collections.Counter()
        self.bad = []

    def run(self, *args, before=(), env=None):
        """The driver on the store; before: a tracer to run it under."""
        return subprocess.run(
            [*before, self.driver, self.dir, *args],
            capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", **(env or {})},
        )

    def prepare(self):
        """A store with the old version in force, to be copied for each fault."""
        result = self.run("put", OLD)
        if result.returncode != 0:
            sys.exit(f"the driver does not work: {result.stderr}")
        shutil.copytree(self.dir, self.base, symlinks=True)

    def reset(self, source=None):
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.copytree(source or self.base, self.dir, symlinks=True)

    def judge(self, where, acknowledged, command):
        """What the next start finds, and whether a commit works then."""
        found = self.run("get")
        match = re.fullmatch(r"(\d+) (.) journal (\d+)\n", found.stdout)
        verdict = "whole"
        if found.returncode != 0 or match is None:
            verdict = f"no start: {found.stdout}{found.stderr}"
        elif match[3] != "0":
            verdict = "something half-done is remembered"
        elif match[2] not in (OLD, NEW) or (command == "back" and match[2] != OLD):
            verdict = f"generation {match[1]} is {match[2]}"
        elif acknowledged and command == "put" and match[2] != NEW:
            verdict = "what was promised is lost"
        elif self.run("put", NEXT).returncode != 0:
            verdict = "the next commit fails"
        self.seen[match[2] if match else "?"] += 1
        if verdict != "whole":
            self.bad.append(f"{where}: {verdict}")
        if self.verbose:
            print(where, verdict)

    # --- by operations ---

    def operations_of(self, *args):
        result = self.run(*args, env={"DURABLE_COUNT": "1"})
        return int(result.stdout.split()[-1])

    def operations(self):
        for command in ("put", "back"):
            self.reset()
            for n in range(1, self.operations_of(command, NEW) + 1):
                self.reset()
                self.run(command, NEW, env={"DURABLE_KILL": str(n)})
                self.judge(f"{command}, operation {n}", False, command)

    def recovery(self):
        self.reset()
        crashed = os.path.join(self.top, "crashed")
        for n in range(1, self.operations_of("put", NEW) + 1, 1 if self.everything else 6):
            self.reset()
            self.run("put", NEW, env={"DURABLE_KILL": str(n)})
            shutil.rmtree(crashed, ignore_errors=True)
            shutil.copytree(self.dir, crashed, symlinks=True)
            for k in range(1, self.operations_of("get") + 1):
                self.reset(crashed)
                self.run("get", env={"DURABLE_KILL": str(k)})
                self.judge(f"operation {n}, recovery {k}", False, "put")

    # --- by system calls ---

    def plan(self):
        """Each call of a commit after the dynamic linker is done: name and number."""
        trace = os.path.join(self.top, "trace")
        self.reset()
        self.run("put", NEW, before=["strace", "-qq", "-o", trace, "-e", "trace=" + SYSCALLS])
        count = collections.Counter()
        calls, begun = [], False
        with open(trace, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                match = re.match(r"(\w+)\(", line)
                if match is None:
                    continue
                count[match[1]] += 1
                begun = begun or self.dir in line
                if begun:
                    calls.append((match[1], count[match[1]], line.strip()))
        return calls

    def calls(self, mode):
        fault = "signal=KILL" if mode == "KILL" else f"error={mode}"
        step = 1 if self.everything or mode == "KILL" else 3
        for name, n, line in self.plan()[::step]:
            self.reset()
            result = self.run("put", NEW, before=[
                "strace", "-qq", "-o", "/dev/null", "-e", "trace=" + name,
                "-e", f"inject={name}:{fault}:when={n}",
            ])
            self.judge(f"{mode} at {name} {n}: {line[:70]}", "done" in result.stdout, "put")

    def sweep(self, modes):
        self.prepare()
        for mode in modes:
            begin, before = time.monotonic(), sum(self.seen.values())
            if mode in ("operations", "recovery"):
                getattr(self, mode)()
            elif shutil.which("strace") is None:
                print(f"{mode}: skipped, there is no strace")
                continue
            else:
                self.calls(mode)
            print(f"{mode}: {sum(self.seen.values()) - before} faults "
                  f"in {time.monotonic() - begin:.1f} s")
        print("found in force:", dict(self.seen))
        for text in self.bad:
            print("BAD", text)
        print(f"{sum(self.seen.values()) - len(self.bad)} passed, {len(self.bad)} failed")
        shutil.rmtree(self.top)
        return 1 if self.bad or not self.seen else 0


def main():
    args = sys.argv[1:]
    options = "".join(arg for arg in args if arg.startswith("-"))
    args = [arg for arg in args if not arg.startswith("-")]
    driver = args[0] if args else os.environ.get("CRASH_DRIVER", "tests/crash/driver")
    modes = args[1:] or ["operations", "recovery", "KILL", "EIO", "ENOSPC"]
    return Sweep(driver, "v" in options, "a" in options).sweep(modes)


if __name__ == "__main__":
    sys.exit(main())
