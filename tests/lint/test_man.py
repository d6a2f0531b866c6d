# SPDX-License-Identifier: ISC
"""Manual pages: correct mdoc, and nothing a person can use is left out."""
import re
import shutil
import subprocess

import pytest


def pages(sources):
    return [path for path in sources if path.parts[0] == "man" and re.fullmatch(r"\.[1-8]", path.suffix)]


def plain(text):
    """A page's source with its escapes undone."""
    return text.replace(r"\-", "-").replace(r"\(en", "-").replace(r"\&", "").replace(r"\e", "\\")


def limits(header):
    """(name, value as people write it, of what) of each row of lib/limits.h."""
    for name, value, comment in re.findall(
            r"^#define LIMIT_(\w+)\s+(.*?)\s*(?:/\* (.*?) \*/)?$", header, re.MULTILINE):
        shift = re.fullmatch(r"\(\(size_t\)(\d+) << (10|20)\)", value)
        if shift:
            value = f"{shift[1]} {'KiB' if shift[2] == '10' else 'MiB'}"
        yield name.lower().replace("_", " "), value, comment


def test_mandoc(top, sources):
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    wrong = []
    for page in pages(sources):
        result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], cwd=top, text=True,
                                capture_output=True, check=False)
        wrong.append(result.stdout + result.stderr)
    assert not "".join(wrong), "".join(wrong)


def test_every_limit_is_in_the_manual(top):
    page = plain((top / "man/certconfd.conf.5").read_text())
    rows = [f".It {name} Ta {value} Ta {comment}".strip()
            for name, value, comment in limits((top / "lib/limits.h").read_text())]
    assert len(rows) > 15
    missing = [row for row in rows if row not in page.splitlines()]
    assert not missing, "certconfd.conf(5) lacks\n" + "\n".join(missing)


def options_of(top, name):
    """Options a file of ours reads with libConfuse."""
    text = (top / name).read_text()
    return set(re.findall(r'\b(?:CFG_(?:SIMPLE_)?(?:STR|INT|BOOL|SEC|FUNC|FLOAT)(?:_LIST)?(?:_CB)?|OPTION\w*)\(\s*"([\w-]+)"',
                          text))


def described(page):
    """Options in the heads of list items."""
    return {word for item in re.findall(r"^\.It (.+)$", plain(page), re.MULTILINE)
            for word in re.findall(r"\bCm ([\w-]+)", item)}


@pytest.mark.parametrize("source, page", [("agent/conf.c", "man/certconfd.conf.5"),
                                          ("agent/service_file.c", "man/certconf-services.d.5")])
def test_every_option_is_in_the_manual(top, source, page):
    options = options_of(top, source)
    assert options, f"no options found in {source}"
    missing = options - described((top / page).read_text())
    assert not missing, f"{page} lacks {sorted(missing)}"


def test_every_verb_of_the_command_is_in_the_manual(top):
    verbs = set(re.findall(r'\{ "([a-z-]+)", verb_', (top / "cli/main.c").read_text()))
    page = plain((top / "man/certconf.1").read_text())
    assert len(verbs) > 10, "verbs not found in cli/main.c"
    missing = sorted(verb for verb in verbs if not re.search(rf"\b(Ic|Cm) {verb}\b", page))
    assert not missing, f"certconf(1) lacks {missing}"


def test_every_option_of_the_command_is_in_the_manual(top):
    options = re.findall(r'\[OPTION_\w+\] = \{ "([a-z-]+)"', (top / "cli/main.c").read_text())
    page = plain((top / "man/certconf.1").read_text())
    assert len(options) > 10, "options not found in cli/main.c"
    missing = [option for option in options if not re.search(rf"(Fl -|--){option}\b", page)]
    assert not missing, f"certconf(1) lacks {missing}"


def test_exit_statuses_are_in_the_manual(top):
    page = plain((top / "man/certconf.1").read_text())
    assert all(re.search(rf"^\.It (Sy |Li )?{number}\b", page, re.MULTILINE) for number in range(7))


def test_pages_are_installed(top, sources):
    makefile = (top / "man/Makefile.inc").read_text()
    assert not [str(page) for page in pages(sources) if str(page) not in makefile]
