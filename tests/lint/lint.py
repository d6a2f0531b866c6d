# SPDX-License-Identifier: ISC
"""A reading of C that is enough for our own formatted sources."""
import re


def code(text):
    """The text with comments and the insides of literals blanked, line by line."""
    def blank(match):
        token = match.group(0)
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[-1]

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank,
                  text, flags=re.DOTALL)


def prose(text):
    """The opposite: what is written for people, comments and literals."""
    kept = code(text)
    return "".join(a if a == "\n" or b == " " else " " for a, b in zip(text, kept))


def functions(text):
    """(name, first line, lines of the body) of each function that is defined."""
    lines = code(text).splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield head_name(lines, start), start + 1, lines[start + 1:number]
            start = None


def head_name(lines, start):
    """The name of the function whose body opens at this line."""
    first = start
    while first > 0 and lines[first - 1].strip() and not lines[first - 1].startswith("}"):
        first -= 1
    match = re.search(r"(\w+)\(", " ".join(lines[first:start]))
    return match.group(1) if match else "?"


def includes(text):
    """(line number, path) of each project header that is included."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if match:
            yield number, match.group(1)


def system_includes(text):
    """(line number, path) of each header in angle brackets."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        if match:
            yield number, match.group(1)
