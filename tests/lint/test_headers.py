# SPDX-License-Identifier: ISC
"""Each header compiles alone and carries the guard its path demands."""
import shlex
import subprocess

import pytest


def flags(*packages):
    out = subprocess.run(["pkg-config", "--cflags", *packages], capture_output=True, text=True,
                         check=True)
    return shlex.split(out.stdout)


def headers(top, sources):
    return [path for path in sources if path.suffix == ".h" and path.parts[0] != "tests"]


def test_headers_compile_alone(top, sources, build):
    common = ["gcc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
              "-include", build / "config.h", f"-I{top}", f"-I{build}",
              *flags("libxml-2.0", "libcrypto", "libevent_core"), "-x", "c", "-"]
    wrong = []
    for header in headers(top, sources):
        result = subprocess.run(common, input=f'#include "{header}"\n', text=True,
                                capture_output=True, check=False, cwd=build)
        if result.returncode != 0:
            wrong.append(result.stderr)
    assert not wrong, "\n".join(wrong)


def test_guards(top, sources):
    wrong = []
    for header in headers(top, sources):
        guard = str(header).upper().replace("/", "_").replace(".", "_").replace("-", "_")
        text = (top / header).read_text()
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            wrong.append(f"{header}: no guard {guard}")
    assert not wrong, "\n".join(wrong)
