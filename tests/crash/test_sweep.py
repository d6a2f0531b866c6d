# SPDX-License-Identifier: ISC
"""A commit that is stopped or disturbed at every place: sweep.py, one test a kind of fault."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SWEEP = Path(__file__).parent / "sweep.py"


@pytest.mark.parametrize("fault", ["operations", "recovery", "KILL", "EIO", "ENOSPC", "EINTR"])
def test_sweep(build, fault):
    if fault not in ("operations", "recovery") and shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    driver = build / "tests/crash/driver"
    if not driver.exists():
        pytest.skip(f"{driver} is not built: make unit makes it")
    options = ["-a"] if os.environ.get("CERTCONF_RELEASE") else []
    result = subprocess.run([sys.executable, SWEEP, *options, driver, fault], text=True, capture_output=True,
                            timeout=1800 if options else 300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 failed" in result.stdout and not result.stdout.startswith("0 passed")
