# SPDX-License-Identifier: ISC
"""What others build on: libcertconf's symbols, header, pkg-config file and manual page."""
import os
import re
import subprocess

import pytest

import lint

EXAMPLES = ("client", "server")
EXAMPLE_LINES = 80


def run(*argv, **options):
    return subprocess.run([str(arg) for arg in argv], text=True, capture_output=True, check=False, **options)


@pytest.fixture(scope="module")
def library(build):
    path = build / ".libs" / "libcertconf.so"
    assert path.exists(), f"{path} is not built"
    return path


@pytest.fixture(scope="module")
def declared(top):
    """The functions of the header."""
    text = lint.code((top / "lib/certconf.h").read_text())
    return set(re.findall(r"\b(certconf_\w+)\(", text))


@pytest.fixture(scope="module")
def installed(build, tmp_path_factory):
    """Header, library and pkg-config file below a directory, and an environment to find them."""
    root = tmp_path_factory.mktemp("root")
    result = run("make", "-C", build, "install-includeHEADERS", "install-libLTLIBRARIES",
                 "install-nodist_pkgconfigDATA", f"DESTDIR={root}")
    assert result.returncode == 0, result.stderr
    found = list(root.rglob("libcertconf.pc"))
    assert len(found) == 1
    return root, {**os.environ, "PKG_CONFIG_PATH": str(found[0].parent), "PKG_CONFIG_SYSROOT_DIR": str(root)}


def test_only_the_interface_is_exported(library, declared):
    lines = run("nm", "-D", "--defined-only", library).stdout.splitlines()
    exported = {line.split()[2].split("@")[0] for line in lines if line.split()[1] != "A"}
    assert exported == declared and len(declared) >= 10


def test_it_needs_no_more_than_openssl(library):
    needed = re.findall(r"\(NEEDED\).*\[(.*?)\.so", run("readelf", "-d", library).stdout)
    assert set(needed) == {"libssl", "libcrypto", "libc"}


def test_it_does_not_act_behind_its_callers_back(library):
    """No thread, no signal, no exit handler, no environment, no output."""
    used = set(re.findall(r"\bU (\w+)", run("nm", "-D", "--undefined-only", library).stdout))
    assert "SSL_CTX_use_cert_and_key" in used
    wrong = {name for name in used
             if re.match(r"(pthread_create|sig|atexit|getenv|secure_getenv|s?printf$|fprintf|syslog|exit|abort|fork)",
                         name)}
    assert not wrong


@pytest.mark.parametrize("argv", [("gcc", "-std=c11", "-x", "c"), ("g++", "-std=c++11", "-x", "c++"),
                                  ("clang", "-std=c99", "-x", "c")], ids=lambda argv: argv[1])
def test_the_header_compiles_alone(top, argv):
    result = run(*argv, "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-",
                 input=f'#include "{top}/lib/certconf.h"\n')
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_build_from_what_is_installed(top, installed, tmp_path, name):
    root, env = installed
    flags = run("pkg-config", "--cflags", "--libs", "libcertconf", env=env)
    assert flags.returncode == 0, flags.stderr
    assert f"-I{root}" in flags.stdout and f"-L{root}" in flags.stdout
    result = run("gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / name,
                 top / "contrib/examples" / f"{name}.c", *flags.stdout.split())
    assert result.returncode == 0, result.stderr
    assert "libcertconf.so.0" in run("readelf", "-d", tmp_path / name).stdout


def test_the_interface_can_be_linked_from_cpp(installed, declared, tmp_path):
    _, env = installed
    flags = run("pkg-config", "--cflags", "--libs", "libcertconf", env=env).stdout.split()
    source = tmp_path / "all.cpp"
    names = ", ".join(f"(const void *){name}" for name in sorted(declared))
    source.write_text(f"#include <certconf.h>\nconst void *const all[] = {{ {names} }};\n"
                      "int main() { return all[0] == nullptr; }\n")
    result = run("g++", "-std=c++11", "-o", tmp_path / "all", source, *flags)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_short(top, name):
    assert len((top / "contrib/examples" / f"{name}.c").read_text().splitlines()) < EXAMPLE_LINES


def test_everything_is_in_the_manual(top, declared):
    page = (top / "man/libcertconf.3").read_text().replace(r"\-", "-")
    header = (top / "lib/certconf.h").read_text()
    constants = set(re.findall(r"^\t(CERTCONF_\w+) =", header, re.MULTILINE))
    assert len(constants) >= 12
    missing = [name for name in sorted(declared) if not re.search(rf"^\.Fo {name}$", page, re.MULTILINE)]
    missing += [name for name in sorted(constants) if not re.search(rf"\b{name}\b", page)]
    assert not missing, f"libcertconf(3) lacks {missing}"
