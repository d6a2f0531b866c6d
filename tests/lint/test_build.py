# SPDX-License-Identifier: ISC
"""The build system knows every file."""
import re

import lint


def makefiles(top, sources):
    return "".join((top / path).read_text() for path in sources
                   if path.name in ("Makefile.am", "Makefile.inc"))


def test_every_source_is_built(top, sources):
    text = makefiles(top, sources)
    wrong = [str(path) for path in sources
             if path.suffix in (".c", ".h") and path.parts[0] in ("lib", "agent", "handlers", "cli")
             and not re.search(rf"\b{re.escape(str(path))}(?!\w)", text)]
    assert not wrong, "in no Makefile.inc:\n" + "\n".join(wrong)


def test_every_unit_test_is_run(top, sources):
    text = (top / "tests/Makefile.inc").read_text()
    wrong = [str(path) for path in sources
             if path.match("tests/unit/test_*.c")
             and not re.search(rf"\b{re.escape(str(path.with_suffix('')))}(?!\w)", text)]
    assert not wrong, "not in unit_tests:\n" + "\n".join(wrong)


def test_every_skip_has_a_reason(top, sources):
    reasons = (top / "tests/unit/skips").read_text()
    wrong = []
    for path in sources:
        if path.match("tests/unit/*.c"):
            wrong += [f"{path}: {name}" for name, _, body in lint.functions((top / path).read_text())
                      if any("skip();" in line for line in body) and f"\n{name}\t" not in reasons]
    assert not wrong, "not in tests/unit/skips:\n" + "\n".join(wrong)


def test_every_module_has_a_unit_test(top, sources):
    """What is pure and used by others has no excuse."""
    def included(pattern):
        text = "".join((top / path).read_text() for path in sources if path.match(pattern))
        return set(re.findall(r'#include "(lib/\w+\.h)"', text))

    used = included("agent/*.c") | included("handlers/*.c") | included("cli/*.c")
    wrong = sorted(used - included("tests/unit/*.c"))
    assert not wrong, "no unit test includes:\n" + "\n".join(wrong)


def test_packages_are_listed_once(top):
    names = [line.split()[0] for line in (top / "contrib/packages").read_text().splitlines()
             if line and not line.startswith("#")]
    assert len(names) == len(set(names))


def test_packages_configure_asks_for_are_listed(top):
    listed = {line.split()[0] for line in (top / "contrib/packages").read_text().splitlines()
              if line and not line.startswith("#")}
    asked = set(re.findall(r"\b(lib[\w-]+-dev)\b", (top / "configure.ac").read_text()))
    assert asked and asked <= listed


def test_each_test_is_in_the_tarball(top):
    """What pytest finds must be found in an unpacked tarball too."""
    text = (top / "tests/Makefile.inc").read_text()
    missing = [str(path.relative_to(top)) for where in ("system", "lint", "crash")
               for path in sorted((top / "tests" / where).glob("*.py"))
               if str(path.relative_to(top)) not in text]
    assert not missing, "not in EXTRA_DIST: " + " ".join(missing)
