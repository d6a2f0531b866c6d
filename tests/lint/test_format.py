# SPDX-License-Identifier: ISC
"""clang-format is a fixed point on every C file."""
import shutil
import subprocess

import pytest

# Versions differ in what they make of the same .clang-format; this one is the judge.
CLANG_FORMAT = "clang-format-14"


def test_clang_format(top, sources):
    if shutil.which(CLANG_FORMAT) is None:
        pytest.skip(f"{CLANG_FORMAT} is not installed")
    files = [path for path in sources if path.suffix in (".c", ".h")]
    result = subprocess.run([CLANG_FORMAT, "--dry-run", "-Werror", "--ferror-limit=3", *files], cwd=top,
                            text=True, capture_output=True, check=False)
    assert result.returncode == 0, "run clang-format -i:\n" + result.stderr
