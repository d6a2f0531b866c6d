# SPDX-License-Identifier: ISC
"""Cases of a table, each on devices of its own, several at a time: most of a case is waiting.

A file that uses it has tests with a parameter "case" whose values are Case objects, and the
fixture below; the work of those that were selected begins with the first of them.
"""
import os
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

WORKERS = int(os.environ.get("CERTCONF_WORKERS", "6"))
RELEASE = bool(os.environ.get("CERTCONF_RELEASE"))


class Case:
    """work(world, *args), once."""

    def __init__(self, name, work, *args):
        self.name, self.work, self.args = name, work, args

    def __str__(self):
        return self.name


def repeated(cases, runs):
    """Every case once, or so many times in the tests for a release."""
    if not RELEASE:
        return list(cases)
    return [Case(f"{case.name}, run {run}", case.work, *case.args) for case in cases
            for run in range(1, runs + 1)]


class SideBySide:
    """What the cases have in common: make_device, mibs, and whatever else is given."""

    def __init__(self, request, make_shared_device, mibs, **common):
        self.make_shared_device, self.mibs = make_shared_device, mibs
        self.common = common
        self.devices, self.futures = {}, {}
        # a failed test shows the devices of its own case, not those of all
        request.node.devices = []
        self.pool = ThreadPoolExecutor(WORKERS)
        for item in request.session.items:
            case = getattr(item, "callspec", None) and item.callspec.params.get("case")
            if item.path == request.path and isinstance(case, Case):
                self.futures[case] = self.pool.submit(self.run, case)

    def run(self, case):
        devices = self.devices[case] = []

        def make_device():
            devices.append(self.make_shared_device(self.mibs))
            return devices[-1]

        try:
            case.work(SimpleNamespace(make_device=make_device, **self.common), *case.args)
        finally:
            for device in devices:
                device.stop()

    def result(self, request, case):
        """What the case's work returned or raised."""
        future = self.futures[case]
        try:
            future.result()
        except BaseException:
            request.node.devices = self.devices[case]
            raise

    def close(self):
        self.pool.shutdown(cancel_futures=True)
