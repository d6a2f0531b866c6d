# SPDX-License-Identifier: ISC
"""Adds up a directory of results: JUnit files of any test runner, and check's own steps.

Names each failed and each skipped test, the latter with its reason, and closes with one
line, "N passed, N failed, N skipped".  The exit status is 0 when tests ran and none failed.
"""
import sys
import xml.etree.ElementTree as ET
from pathlib import Path


# cmocka's skip() takes no reason.
REASONS = dict(line.split("\t") for line in
               (Path(__file__).parent / "unit/skips").read_text().splitlines() if "\t" in line)


def steps(path):
    """The rows of check's own file: verdict, name, reason."""
    if path.exists():
        for line in path.read_text().splitlines():
            yield tuple(line.split("\t"))


def junit(path):
    """The same rows from a JUnit file."""
    try:
        root = ET.parse(path).getroot()
    except ET.ParseError as error:
        yield "failed", path.name, f"cannot be read: {error}"
        return
    for case in root.iter("testcase"):
        name = f"{case.get('classname') or path.stem}: {case.get('name')}"
        failure = case.find("failure")
        failure = case.find("error") if failure is None else failure
        skipped = case.find("skipped")
        if failure is not None:
            yield "failed", name, failure.get("message") or ""
        elif skipped is not None:
            yield "skipped", name, skipped.get("message") or REASONS.get(case.get("name"), "no reason given")
        else:
            yield "passed", name, ""


def main(directory):
    rows = list(steps(directory / "steps"))
    for path in sorted(directory.rglob("*.xml")):
        rows += junit(path)
    for verdict in ("skipped", "failed"):
        for _, name, reason in (row for row in rows if row[0] == verdict):
            first = (reason.strip().splitlines() or [""])[0]
            print(f"{verdict}: {name[:120]}: {first[:160]}")
    count = {v: sum(row[0] == v for row in rows) for v in ("passed", "failed", "skipped")}
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 0 if count["passed"] and not count["failed"] else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
