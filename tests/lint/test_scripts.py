# SPDX-License-Identifier: ISC
"""Scripts: shellcheck, and Python that at least compiles."""
import shutil
import subprocess

import pytest


def scripts(top, sources, shells=("sh", "bash")):
    for path in sources:
        first = (top / path).open("rb").readline().decode(errors="replace")
        if path.suffix == ".sh" or (first.startswith("#!") and first.split()[0].split("/")[-1] in shells):
            yield path


def test_shellcheck(top, sources):
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    result = subprocess.run(["shellcheck", "-x", "-P", ".", *scripts(top, sources)], cwd=top,
                            text=True, capture_output=True, check=False)
    assert result.returncode == 0, result.stdout


def test_shell_scripts_can_be_run(top, sources):
    wrong = [str(path) for path in scripts(top, sources)
             if (top / path).read_text().startswith("#!") and not (top / path).stat().st_mode & 0o100]
    assert not wrong


def test_python_compiles(top, sources):
    for path in sources:
        if path.suffix == ".py":
            compile((top / path).read_text(), str(path), "exec")
