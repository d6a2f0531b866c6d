# SPDX-License-Identifier: ISC
"""Who may include whom: lib <- agent <- handlers <- agent/main.c, and cli only lib and the MIB's numbers."""
import re

import lint

# The directories whose headers a directory's files may include.
MAY_INCLUDE = {
    "lib": {"lib"},
    "agent": {"lib", "agent"},
    "handlers": {"lib", "agent", "handlers", "mib"},
    "cli": {"lib", "cli", "mib"},
}

# The only file that knows all.
KNOWS_ALL = {"agent/main.c"}

# Libraries that only these directories or files may use; a prefix of the path.
LIBRARIES = {
    r"net-snmp/": ("handlers/snmp",),
    r"libxml/": ("lib/", "handlers/", "cli/", "agent/nursery"),
    r"openssl/": ("lib/", "handlers/", "cli/", "agent/nursery", "agent/probe"),
    r"event2/": ("agent/",),
    r"confuse\.h": ("agent/cfgfile",),
    r"seccomp\.h": ("agent/sandbox",),
    r"jansson\.h": ("cli/",),
    r"libsmartcols": ("cli/",),
}

# lib is bytes and a time in, facts and verdicts out: no log, clock or event loop.
NOT_IN_LIB = {"syslog.h", "time(NULL)", "clock_gettime", "gettimeofday", "syslog(",
              "fprintf(stderr", "perror(", "exit(", "fork("}


def c_files(top, sources):
    return [(str(path), (top / path).read_text()) for path in sources
            if path.suffix in (".c", ".h") and path.parts[0] in MAY_INCLUDE]


def test_directions(top, sources):
    wrong = [f"{path}:{number}: {header}"
             for path, text in c_files(top, sources) if path not in KNOWS_ALL
             for number, header in lint.includes(text)
             if header.split("/")[0] not in MAY_INCLUDE[path.split("/")[0]]]
    assert not wrong, "includes against the direction of the layers:\n" + "\n".join(wrong)


def test_includes_name_their_directory(top, sources):
    wrong = [f"{path}:{number}: {header}"
             for path, text in c_files(top, sources)
             for number, header in lint.includes(text)
             if "/" not in header]
    assert not wrong, "write the path from the top:\n" + "\n".join(wrong)


def test_libraries_stay_where_they_belong(top, sources):
    wrong = [f"{path}:{number}: <{header}>"
             for path, text in c_files(top, sources)
             for number, header in lint.system_includes(text)
             for library, places in LIBRARIES.items()
             if re.match(library, header) and not path.startswith(places)]
    assert not wrong, "a library where it does not belong:\n" + "\n".join(wrong)


def test_lib_is_pure(top, sources):
    wrong = [f"{path}:{number}: {word}"
             for path, text in c_files(top, sources) if path.startswith("lib/")
             for number, line in enumerate(lint.code(text).splitlines(), 1)
             for word in NOT_IN_LIB
             if re.search(r"(?<!\w)" + re.escape(word), line)]
    assert not wrong, "lib reads no clock and writes no log:\n" + "\n".join(wrong)


def test_config_h_is_forced_and_never_included(top, sources):
    wrong = [path for path, text in c_files(top, sources)
             if re.search(r'#\s*include\s+[<"]config\.h', text)]
    assert not wrong
