#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Cuts the power at every operation of a commit and looks what the disk holds.

usage: power.py DRIVER [FILE-SYSTEM...]        as root; needs loop devices

The store is on a file system in an image.  The driver is killed before its n-th
operation and the image copied as it is at that moment, with nothing synced; the copy is
mounted, which replays the journal of the file system, and must hold the old generation
or the new one whole, and the new one if it was promised.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

SIZES = {"ext4": 24, "xfs": 320, "btrfs": 128}  # MiB; the least these accept
OPERATIONS_MAX = 500
OLD, NEW = "a", "b"


class Power:
    def __init__(self, driver, kind):
        self.driver = os.path.abspath(driver)
        self.kind = kind
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = tempfile.mkdtemp(prefix="certconf-power-", dir=memory)
        self.base, self.image, self.cut, self.mounted = (
            os.path.join(self.top, name) for name in ("base", "image", "cut", "mounted"))
        os.mkdir(self.mounted)

    def must(self, *command):
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def mount(self, image):
        options = "loop,nouuid" if self.kind == "xfs" else "loop"
        self.must("mount", "-t", self.kind, "-o", options, image, self.mounted)

    def run(self, *args, kill=0):
        return subprocess.run(
            [self.driver, os.path.join(self.mounted, "store"), *args], text=True,
            capture_output=True, timeout=60, check=False,
            env={**os.environ, "DURABLE_KILL": str(kill), "DURABLE_COUNT": "1"})

    def prepare(self):
        with open(self.base, "wb") as image:
            image.truncate(SIZES[self.kind] << 20)
        self.must(f"mkfs.{self.kind}", "-q", self.base)
        self.mount(self.base)
        self.run("put", OLD)
        self.must("umount", self.mounted)

    def one(self, n):
        """What is found after the cut, and whether the commit had been promised."""
        self.must("cp", "--sparse=always", self.base, self.image)
        self.mount(self.image)
        put = self.run("put", NEW, kill=n)
        self.must("cp", "--sparse=always", self.image, self.cut)
        self.must("umount", self.mounted)
        self.mount(self.cut)
        found = re.match(r"\d+ (.) journal 0\n", self.run("get").stdout)
        self.must("umount", self.mounted)
        return found[1] if found else "?", "done" in put.stdout

    def sweep(self):
        begin, bad, n, promised = time.monotonic(), [], 0, False
        self.prepare()
        while not promised and n < OPERATIONS_MAX:
            n += 1
            found, promised = self.one(n)
            if found not in (OLD, NEW) or (promised and found != NEW):
                bad.append(f"BAD {self.kind}, operation {n}: found {found}"
                           f"{', although the new one was promised' if promised else ''}")
        if not promised:
            bad.append(f"BAD {self.kind}: the commit is never done")
        shutil.rmtree(self.top)
        print(*bad, sep="\n", end="\n" if bad else "")
        print(f"{self.kind}: {n - len(bad)} passed, {len(bad)} failed"
              f" in {time.monotonic() - begin:.1f} s")
        return len(bad)


def main():
    if os.geteuid() != 0 or not os.path.exists("/dev/loop-control"):
        print("skipped: needs root and loop devices")
        return 77
    driver = sys.argv[1] if len(sys.argv) > 1 else "tests/crash/driver"
    kinds = sys.argv[2:] or [kind for kind in SIZES if shutil.which(f"mkfs.{kind}")]
    return 1 if sum(Power(driver, kind).sweep() for kind in kinds) else 0


if __name__ == "__main__":
    sys.exit(main())
