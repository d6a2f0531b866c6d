# SPDX-License-Identifier: ISC
"""Options and places all tests share."""
import fnmatch
import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    parser.addoption("--build", default=os.environ.get("CERTCONF_BUILD", TOP / "build"),
                     help="where certconf was built (default: build)")


@pytest.fixture(scope="session")
def top():
    """The top of the source tree."""
    return TOP


@pytest.fixture(scope="session")
def build(pytestconfig):
    """The directory certconf was built in; tests that need it are skipped without it."""
    path = Path(pytestconfig.getoption("--build")).resolve()
    if not (path / "config.h").exists():
        pytest.skip(f"nothing is built in {path}")
    return path


@pytest.fixture(scope="session")
def mibs():
    """A directory with SNMPv2-SMI and what else our MIB module imports from."""
    path = Path(os.environ.get("CERTCONF_MIBS", TOP / "build-check" / "mibs"))
    if not (path / "SNMPv2-SMI.txt").exists():
        pytest.skip("no SNMPv2-SMI: ./check fetches it with npm")
    return path


@pytest.fixture(scope="session")
def sources():
    """Every file that belongs to the project, as paths from the top."""
    git = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"],
                         cwd=TOP, capture_output=True, check=False)
    if git.returncode == 0:
        names = [name for name in git.stdout.decode().split("\0") if name]
    else:
        ignored = (TOP / ".gitignore").read_text().splitlines() if (TOP / ".gitignore").exists() else []
        ignored = [pattern.strip("/") for pattern in ignored]
        names = [str(path) for path in (path.relative_to(TOP) for path in TOP.rglob("*"))
                 if not any(fnmatch.fnmatch(part, pattern) for part in path.parts for pattern in ignored)]
    return sorted(Path(name) for name in set(names) if (TOP / name).is_file())
