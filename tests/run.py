#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the suites, prints tests and minutes of each, and closes with "N passed, N failed".

A suite with no test is a failure, so is a skip that tests/allowed-skips does not name, and so is a run of over 58 minutes.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BUDGET_MINUTES = 58
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "-rfEs"]


class Tally:
    """Counts of one suite; failures and skips by name."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def run(argv, timeout_minutes=40, env=None):
    """Runs argv from the top of the tree; its output goes through. Returns the exit code, 124 after the time-out."""
    print("+", " ".join(str(a) for a in argv), flush=True)
    process = subprocess.Popen(argv, cwd=TOP, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})})
    try:
        return process.wait(timeout=timeout_minutes * 60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return 124


def build(directory, *options, env=None):
    """Configures and compiles; its output is shown only when that fails."""
    argv = [["ninja", "-C", directory]]
    if not (TOP / directory / "build.ninja").exists():
        argv.insert(0, ["meson", "setup", directory, ".", *options])
    for command in argv:
        done = subprocess.run(command, cwd=TOP, env={**os.environ, **(env or {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            print(done.stdout)
            return False
    return True


REASON_LENGTH = 300


def because(reason):
    """": " and the reason in a line, for the list of failures; that list is what a reader in a hurry sees."""
    reason = " ".join((reason or "").split())
    return f": {reason[:REASON_LENGTH]}{'…' if len(reason) > REASON_LENGTH else ''}" if reason else ""


def tap_reason(text):
    """What a TAP program said before it died, or of the test that failed."""
    match = re.search(r"^Bail out! *(.*)$", text, re.MULTILINE)
    return because(match.group(1)) if match else ""


def tap_tally(program, text):
    """Counts TAP lines; a program that died before its plan is a failure of its own."""
    tally = Tally()
    plan = None
    seen = 0
    for line in text.splitlines():
        line = line.strip()
        if re.match(r"^1\.\.0 # SKIP", line, re.IGNORECASE):
            tally.skipped.append(program)
            return tally
        match = re.match(r"^1\.\.(\d+)$", line)
        if match:
            plan = int(match.group(1))
        match = re.match(r"^(not )?ok \d+ ?-? ?(.*?)( # SKIP.*)?$", line, re.IGNORECASE)
        if not match or line.startswith("#"):
            continue
        seen += 1
        name = f"{program}:{match.group(2)}"
        if match.group(3):
            tally.skipped.append(name)
        elif match.group(1):
            tally.failed.append(name)
        else:
            tally.passed += 1
    if plan is None or plan != seen:
        tally.failed.append(f"{program}: ended after {seen} of {plan or 'unknown'} tests{tap_reason(text)}")
    return tally


def meson_suite(directory, suite, env=None):
    tally = Tally()
    status = run(["meson", "test", "-C", directory, "--no-rebuild", "--suite", suite, "--print-errorlogs", "-q",
                  "--num-processes", str(2 * len(os.sched_getaffinity(0)))], env=env)  # most of them wait most of the time
    log = TOP / directory / "meson-logs" / "testlog.json"
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
        entry = json.loads(line)
        program = entry["name"].split(" / ")[-1].split("+")[-1].strip()
        if re.search(r"^(1\.\.\d+|TAP version)", entry.get("stdout", ""), re.MULTILINE):
            one = tap_tally(program, entry["stdout"])
        else:
            one = Tally()
            one.passed = int(entry["result"] == "OK")
        if entry["result"] not in ("OK", "SKIP") and not one.failed:
            one.failed.append(f"{program}: {entry['result']}")
        if entry["result"] == "SKIP" and not one.skipped:
            one.skipped.append(program)
        tally.add(one)
    if status != 0 and not tally.failed:
        tally.failed.append(f"{suite}: meson test exited with {status}")
    return tally


def pytest_suite(words, env=None, timeout_minutes=40):
    tally = Tally()
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "junit.xml"
        status = run([*PYTEST, f"--junitxml={report}", *words], timeout_minutes, env)
        if report.exists():
            for case in ElementTree.parse(report).getroot().iter("testcase"):
                name = f"{case.get('classname')}::{case.get('name')}"
                wrong = [end for end in (case.find("failure"), case.find("error")) if end is not None]
                if wrong:
                    tally.failed.append(name + because(wrong[0].get("message")))
                elif case.find("skipped") is not None:
                    tally.skipped.append(name)
                else:
                    tally.passed += 1
    if status != 0 and not tally.failed:
        tally.failed.append(f"pytest exited with {status}")
    return tally


def one_check(name, good):
    tally = Tally()
    if good:
        tally.passed = 1
    else:
        tally.failed.append(name)
    return tally


SANITIZE_ENV = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:strict_string_checks=1",
                "LSAN_OPTIONS": "suppressions=" + str(TOP / "tests/lsan.supp") + ":print_suppressions=0",
                "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}


def suite_lint(args):
    done = subprocess.run(["/usr/bin/python3", "tests/lint.py", "--build", args.build], cwd=TOP, text=True,
                          stdout=subprocess.PIPE)
    print(done.stdout, end="")
    tally = tap_tally("lint", done.stdout)
    if done.returncode != 0 and not tally.failed:
        tally.failed.append(f"lint exited with {done.returncode}")
    return tally


def suite_unit(args):
    return meson_suite(args.build, "unit")


def suite_clang(args):
    return one_check("clang build with -Werror", build(f"{args.build}-clang", env={"CC": "clang"}))


def sanitizer_build(args):
    """Its directory; None when it cannot be built."""
    directory = f"{args.build}-sanitize"
    return directory if build(directory, "-Db_sanitize=address,undefined", "-Db_lundef=false") else None


def suite_sanitize(args):
    """The unit tests once more, under AddressSanitizer and UndefinedBehaviorSanitizer."""
    directory = sanitizer_build(args)
    return meson_suite(directory, "unit", SANITIZE_ENV) if directory else one_check("sanitizer build", False)


def suite_bus(args):
    """Under the same sanitizers, and not without: what they hide is seen in the VM, by the programs as they are installed."""
    directory = sanitizer_build(args)
    if not directory:
        return one_check("sanitizer build", False)
    spread = ["-n", str(len(os.sched_getaffinity(0)) + 1), "--dist", "loadfile"]  # a bus and a service of its own for each process
    return pytest_suite([*spread, "tests/bus"], {**SANITIZE_ENV, "JOULETRACE_BUILD": str(TOP / directory)})


def suite_fuzz(args):
    """The harnesses for some seconds each, in a build that counts lines, then the coverage of what they fuzz."""
    directory = f"{args.build}-coverage"
    if not build(directory, "-Db_coverage=true"):
        return one_check("coverage build", False)
    for old in (TOP / directory).rglob("*.gcda"):
        old.unlink()
    tally = meson_suite(directory, "fuzz")
    done = subprocess.run(["/usr/bin/python3", "tests/fuzz/coverage.py", directory], cwd=TOP, text=True,
                          stdout=subprocess.PIPE)
    print(done.stdout, end="")
    tally.add(tap_tally("fuzz-coverage", done.stdout))
    return tally


def suite_vm(args):
    return pytest_suite(["tests/vm"], {"JOULETRACE_BUILD": str(TOP / args.build)}, timeout_minutes=50)


SUITES = {"lint": suite_lint, "unit": suite_unit, "fuzz": suite_fuzz, "clang": suite_clang, "sanitize": suite_sanitize,
          "bus": suite_bus, "vm": suite_vm}


def allowed_skips():
    """name<TAB>reason, a line each; # starts a comment."""
    allowed = {}
    for line in (TOP / "tests" / "allowed-skips").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition("\t")
            allowed[name] = reason
    return allowed


def give_back(args):
    """Under sudo the build directories would else stay root's."""
    uid, gid = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if not uid:
        return
    for directory in TOP.glob(f"{args.build}*"):
        subprocess.run(["chown", "-R", f"{uid}:{gid}", str(directory)], check=False)


def on_whole_host():
    """In a chroot everything is run once more on what looks like a whole host, its root a mount and process 1 in it; the exit
    code then, else None. A box cannot be made where the root is no mount, and the service refuses callers whose root is not
    that of process 1."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    if os.geteuid() != 0 or any(line.split()[4] == "/" for line in mounts):
        return None
    # The mount's propagation cannot be changed: its root is not to be seen from here. Where it spreads it is undone later.
    inside = 'mount -t proc proc /proc && cd "$0" && "$@"; exit'
    outside = f"mount --rbind / /mnt && exec unshare --root=/mnt --pid --fork --kill-child sh -c '{inside}' \"$@\""
    try:
        return subprocess.run(["unshare", "--mount", "--propagation=unchanged", "sh", "-c", outside, "sh", str(TOP),
                               sys.executable, __file__, *sys.argv[1:]], check=False).returncode
    finally:
        subprocess.run(["umount", "--quiet", "--lazy", "--recursive", "/mnt"], stderr=subprocess.DEVNULL, check=False)


def main():
    code = on_whole_host()
    if code is not None:
        sys.exit(code)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    args = parser.parse_args()
    wanted = args.suites or list(SUITES)
    unknown = [name for name in wanted if name not in SUITES]
    if unknown:
        parser.error(f"no suite \"{unknown[0]}\"; there are {', '.join(SUITES)}")

    if not build(args.build):
        sys.exit("the build failed")
    total, rows, start = Tally(), [], time.monotonic()
    allowed = allowed_skips()
    for name in wanted:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        tally = SUITES[name](args)
        for skip in tally.skipped:
            if skip in allowed:
                print(f"skipped, allowed: {skip}: {allowed[skip]}")
            else:
                tally.failed.append(f"{skip} (skipped, and tests/allowed-skips does not name it)")
        if tally.passed + len(tally.failed) == 0:
            tally.failed.append(f"{name}: a suite without tests")
        rows.append((name, tally, (time.monotonic() - began) / 60))
        total.add(tally)
    give_back(args)

    minutes = (time.monotonic() - start) / 60
    if minutes > BUDGET_MINUTES:
        total.failed.append(f"the whole run took {minutes:.1f} minutes, more than {BUDGET_MINUTES}")
    print(f"\n{'suite':<10} {'passed':>7} {'failed':>7} {'minutes':>8}")
    for name, tally, took in rows:
        print(f"{name:<10} {tally.passed:>7} {len(tally.failed):>7} {took:>8.1f}")
    for name in total.failed:
        print("FAILED", name)
    print(f"{total.passed} passed, {len(total.failed)} failed", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    if not shutil.which("meson"):
        sys.exit("meson is not installed: run ./dev test, which installs it")
    sys.exit(main())
