# SPDX-License-Identifier: ISC
"""Sizes: what is longer than a reader can hold is split."""
import re

import lint

FUNCTION_LINES = 60
FILE_LINES = 600
TEST_LINES = 900  # a table of cases is long and still easy to read
NESTING = 3
INCLUDES = 20


def c_files(top, sources):
    return [(path, (top / path).read_text()) for path in sources if path.suffix in (".c", ".h")]


def test_functions(top, sources):
    wrong = [f"{path}:{line}: {name} has {len(body)} lines"
             for path, text in c_files(top, sources)
             for name, line, body in lint.functions(text) if len(body) > FUNCTION_LINES]
    assert not wrong, f"functions of more than {FUNCTION_LINES} lines:\n" + "\n".join(wrong)


def test_files(top, sources):
    wrong = [f"{path}: {len(text.splitlines())} lines" for path, text in c_files(top, sources)
             if len(text.splitlines()) > (TEST_LINES if path.parts[0] == "tests" else FILE_LINES)]
    assert not wrong, f"files of more than {FILE_LINES} lines:\n" + "\n".join(wrong)


def test_nesting(top, sources):
    """Our sources are formatted, so the tabs before a keyword are its depth."""
    deep = re.compile(r"\t{%d,}(if|for|while|do|switch)\b" % (NESTING + 1))
    wrong = [f"{path}:{line + number + 1}: in {name}"
             for path, text in c_files(top, sources)
             for name, line, body in lint.functions(text)
             for number, text_line in enumerate(body) if deep.match(text_line)]
    assert not wrong, f"nested deeper than {NESTING}:\n" + "\n".join(wrong)


def test_includes(top, sources):
    wrong = [f"{path}: {count} includes" for path, text in c_files(top, sources)
             if (count := len(re.findall(r"^#include", text, re.MULTILINE))) > INCLUDES]
    assert not wrong, "\n".join(wrong)


def test_no_conditions_inside_functions(top, sources):
    wrong = [f"{path}:{line + number + 1}: in {name}"
             for path, text in c_files(top, sources)
             for name, line, body in lint.functions(text)
             for number, text_line in enumerate(body) if re.match(r"\s*#\s*(if|else|elif)", text_line)]
    assert not wrong, "#if inside a function; make it a file or a table row:\n" + "\n".join(wrong)
