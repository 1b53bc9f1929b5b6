#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks of the tree itself; TAP on standard output, what is wrong on standard error."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
LINES_MAX = 600
SERVICE_EXPOSURE_MAX = 15  # systemd-analyze's threshold is the score times ten


def tracked(*patterns):
    done = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", *patterns],
                          cwd=TOP, text=True, check=True, stdout=subprocess.PIPE)
    return [name for name in done.stdout.splitlines() if (TOP / name).is_file()]


def output(argv, **options):
    done = subprocess.run(argv, cwd=TOP, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    return "" if done.returncode == 0 else done.stdout or f"{argv[0]} exited with {done.returncode}"


def check_format(_):
    wrong = output(["clang-format", "--dry-run", "-Werror", *tracked("*.c", "*.h")])
    return "\n".join(sorted({line.split(" error:")[0] for line in wrong.splitlines() if " error:" in line}))


def check_sizes(_):
    long = []
    for name in tracked("*.c", "*.h", "*.py", "dev"):
        lines = sum(1 for _ in open(TOP / name, encoding="utf-8"))
        if lines > LINES_MAX:
            long.append(f"{name}: {lines} lines, more than {LINES_MAX}")
    return "\n".join(long)


def check_licence(_):
    return "\n".join(f"{name}: no SPDX-License-Identifier in its first five lines" for name in tracked("*.c", "*.h", "*.py", "dev")
                     if "SPDX-License-Identifier: MIT" not in "".join(open(TOP / name, encoding="utf-8").readlines()[:5]))


# What the files of a room may include beside the room's own headers.
ARROWS = {
    "dbus": [],
    "lib/base": [],
    "lib/wire": ["dbus", "lib/base"],
    "lib/box": ["dbus", "lib/base"],
    "lib/judge": [],
    "lib/meter": ["lib/base"],
    "lib/stats": [],
    "lib/doctor": ["lib/base", "lib/meter"],
    "daemon": ["dbus", "lib/base", "lib/box", "lib/judge", "lib/meter", "lib/wire"],
    "worker": ["dbus", "lib/base", "lib/box", "lib/judge", "lib/meter", "lib/stats", "lib/wire", "region"],
    "client/base": ["dbus", "lib/base"],
    "client/problem": ["client/base", "lib/base", "lib/judge", "lib/wire"],
    "client/report": ["client/base", "dbus", "lib/base", "lib/stats"],
    "client/service": ["client/base", "client/problem", "client/report", "dbus", "lib/base", "lib/wire"],
    "client": ["client/base", "client/problem", "client/report", "client/service", "dbus", "lib/base", "lib/doctor", "lib/stats",
               "lib/wire"],
    "region": []}


def check_arrows(_):
    """Arrows point down: a room includes what ARROWS has below it, nothing above and nothing beside it."""
    rooms = {}
    for name in tracked("*.h"):
        if not name.startswith(("tests/", "examples/")):
            rooms.setdefault(Path(name).name, set()).add(str(Path(name).parent))
    wrong = []
    for name in tracked("*.c", "*.h"):
        room = str(Path(name).parent)
        if room.startswith(("tests", "examples")):
            continue
        if room not in ARROWS:
            wrong.append(f"{name}: what {room} may include is not written down")
            continue
        for header in re.findall(r'^#include "([^"]+)"', (TOP / name).read_text(encoding="utf-8"), re.MULTILINE):
            where = rooms.get(Path(header).name, {room})
            if not where & {room, *ARROWS[room]}:
                wrong.append(f"{name} includes {header} of {', '.join(sorted(where))}: up or sideways")
    return "\n".join(wrong)


def check_xml(_):
    return "".join(output(["xmllint", "--noout", "--nonet", name])
                   for name in tracked("*.xml", "dbus/*.conf", "polkit/*.policy*"))


def check_shell(_):
    return "".join(output(["bash", "-n", name]) for name in tracked("dev", ".ci/run", "*.sh"))


def check_translations(_):
    wrong = []
    for name in tracked("po/*.po"):
        wrong.append(output(["msgfmt", "--check", "-o", "/dev/null", name]))
        statistics = subprocess.run(["msgfmt", "--statistics", "-o", "/dev/null", name], cwd=TOP, text=True,
                                    env={**os.environ, "LC_ALL": "C"}, stderr=subprocess.PIPE).stderr
        if "untranslated" in statistics or "fuzzy" in statistics:
            wrong.append(f"{name}: {statistics}")
    return "".join(wrong)


def check_words(_):
    """The project speaks of itself only: no path of somebody's machine, no mark of unfinished work."""
    marks = "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "not " + "implemented"])
    wrong = []
    for name in tracked():
        if name.endswith((".png", ".po")) or name == "tests/lint.py" or name.startswith("tests/fixtures/"):
            continue
        try:
            text = (TOP / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(rf"\b({marks})\b", line) and not re.search("mktemp|mkstemp|mkdtemp|XXXXXX", line):
                wrong.append(f"{name}:{number}: {line.strip()}")
    return "\n".join(wrong)


def installed_tree(build, directory):
    return output(["meson", "install", "-C", build, "--no-rebuild", "--destdir", directory, "--quiet"])


def check_units(build):
    """systemd-analyze on the units as they are installed; the daemon's exposure stays below its threshold."""
    with tempfile.TemporaryDirectory() as root:
        wrong = installed_tree(build, root)
        if wrong:
            return wrong
        units = sorted(str(path) for path in Path(root).rglob("system/jouletrace*") if path.is_file())
        if not units:
            return "no units were installed"
        for path in units:  # verify looks for the executables on this host
            text = Path(path).read_text(encoding="utf-8")
            Path(path).write_text(re.sub(r"^(Exec\w+=)(/usr/\S+)", rf"\1{root}\2", text, flags=re.MULTILINE), encoding="utf-8")
        verify = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units], cwd=TOP, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wrong = "\n".join(line for line in verify.stdout.splitlines() if "jouletrace" in line)
        service = next((path for path in units if path.endswith("jouletraced.service")), None)
        if not service:
            return "jouletraced.service was not installed"
        return wrong + output(["systemd-analyze", "security", "--offline=true", f"--threshold={SERVICE_EXPOSURE_MAX}",
                               "--no-pager", service])


CHECKS = [check_format, check_sizes, check_licence, check_arrows, check_xml, check_shell, check_translations, check_words,
          check_units]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    args = parser.parse_args()
    failed = 0
    print(f"1..{len(CHECKS)}")
    for number, check in enumerate(CHECKS, 1):
        wrong = check(args.build).strip()
        if wrong:
            failed += 1
            print(wrong, file=sys.stderr)
        print(f"{'not ok' if wrong else 'ok'} {number} {check.__name__.removeprefix('check_')}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
