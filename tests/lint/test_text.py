# SPDX-License-Identifier: ISC
"""Rules for every text file: licence line, spelling, no machine's paths, nothing left over."""
import re

import lint

# What carries the licence line, and within how many lines from the top.
LICENSED = {".c", ".h", ".py", ".sh", ".inc", ".am", ".ac", ".yang"}
SPDX = re.compile(r"^(/\* |# |\.\\\" |// )?SPDX-License-Identifier: ISC( \*/)?$")

# American spellings that British has not; code of others (TLS, XML) may need some.
AMERICAN = re.compile(r"\b(behavior|color|honor|favor|neighbor|initialization|initialize[sd]?|"
                      r"serialize[sd]?|recognize[sd]?|authorize[sd]?|organize[sd]?|normalize[sd]?|"
                      r"center|canceled|canceling|labeled|license[sd]|analyze[sd]?)\b", re.IGNORECASE)
AMERICAN_IS_RIGHT = {"COPYING", "grafana-dashboard.json"}

# Paths of one machine, and homes.
MACHINE = re.compile(r"(?<![\w.])/(work|root|home/\w+|tmp/\w+|Users)/")

SKIP = (".pem", ".der", ".crt", ".key", ".bin", ".p12")


def texts(top, sources):
    for path in sources:
        if path.suffix not in SKIP and "data" not in path.parts and "golden" not in path.parts:
            try:
                yield path, (top / path).read_text()
            except UnicodeDecodeError:
                continue


def test_licence_line(top, sources):
    wrong = []
    for path, text in texts(top, sources):
        lines = text.splitlines()
        script = bool(lines) and lines[0].startswith("#!")
        if path.suffix in LICENSED or script:
            if not any(SPDX.match(line.strip()) for line in lines[:2]):
                wrong.append(str(path))
    assert not wrong, "no SPDX-License-Identifier in the first two lines:\n" + "\n".join(wrong)


def words(path, text):
    """What is ours to spell: in C not the names of libraries' functions and members."""
    return lint.prose(text) if path.suffix in (".c", ".h") else text


def test_spelling(top, sources):
    own = "tests/lint/test_text.py"
    wrong = [f"{path}:{number}: {match.group(0)}"
             for path, text in texts(top, sources)
             if str(path) != own and path.name not in AMERICAN_IS_RIGHT
             for number, line in enumerate(words(path, text).splitlines(), 1)
             for match in AMERICAN.finditer(line)]
    assert not wrong, "British spelling:\n" + "\n".join(wrong)


def test_no_paths_of_one_machine(top, sources):
    own = "tests/lint/test_text.py"
    wrong = [f"{path}:{number}: {line.strip()}"
             for path, text in texts(top, sources) if str(path) != own
             for number, line in enumerate(text.splitlines(), 1) if MACHINE.search(line)]
    assert not wrong, "\n".join(wrong)


def test_whitespace(top, sources):
    wrong = []
    for path, text in texts(top, sources):
        wrong += [f"{path}:{number}" for number, line in enumerate(text.splitlines(), 1)
                  if line != line.rstrip()]
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            wrong.append(f"{path}: ends with no line end, or with two")
    assert not wrong, "white space at the end:\n" + "\n".join(wrong)


def test_nothing_left_over(top, sources):
    own = "tests/lint/test_text.py"
    left = re.compile(r"\bTODO\b(?!\(#\d+\))|\bFIXME\b|\bXXX\b(?!X)|#\s*if 0\b")
    wrong = [f"{path}:{number}: {line.strip()}"
             for path, text in texts(top, sources) if str(path) != own
             for number, line in enumerate(text.splitlines(), 1) if left.search(line)]
    assert not wrong, "\n".join(wrong)


def test_links_of_documents(top, sources):
    wrong = []
    for path, text in texts(top, sources):
        if path.suffix != ".md" and path.name != "README":
            continue
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
            if not (top / path.parent / target).exists():
                wrong.append(f"{path}: {target}")
    assert not wrong, "links to nowhere:\n" + "\n".join(wrong)
