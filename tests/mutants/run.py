#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Breaks one promise at a time and expects the named test to notice.

Each tests/mutants/*.patch begins with

    # breaks: the promise, in words
    # suite: unit NAME | bus PYTEST-ID | vm PYTEST-ID

The tree is copied, the named tests are run unchanged once (they must pass), then with each patch (they must fail). A mutant
that survives, does not apply or does not build is an error.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]


class Mutant:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text(encoding="utf-8")
        self.breaks = re.search(r"^# breaks: (.+)$", text, re.MULTILINE).group(1)
        self.kind, self.target = re.search(r"^# suite: (unit|bus|vm) (\S+)$", text, re.MULTILINE).groups()


def quiet(argv, cwd, env=None, timeout=1200):
    done = subprocess.run(argv, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})})
    return done.returncode, done.stdout


NOT_BUILT = 125  # as `meson test` exits


def run_tests(tree, kind, target):
    """0: passed, 1: failed; anything else is not a verdict about the code. Builds what the tests need, and no more."""
    if kind == "unit":
        status, text = quiet(["meson", "test", "-C", "build", target], tree)
        if status == NOT_BUILT:
            return status, text
        if "No suitable tests defined" in text or "Ran 0" in text:
            return 2, text
        return (1 if status != 0 else 0), text
    status, text = quiet(["ninja", "-C", "build"], tree)
    if status != 0:
        return NOT_BUILT, text
    return quiet([*PYTEST, target], tree, {"JOULETRACE_BUILD": str(tree / "build")})


def patch(tree, mutant, *options):
    return quiet(["patch", "-p1", "--no-backup-if-mismatch", *options, "-i", str(mutant.path)], tree)


def try_mutant(tree, mutant):
    """None when the mutant died, else what is wrong."""
    status, text = patch(tree, mutant, "--fuzz=3")
    if status != 0:
        patch(tree, mutant, "-R", "-f")
        return f"does not apply:\n{text}"
    try:
        status, text = run_tests(tree, mutant.kind, mutant.target)
    except subprocess.TimeoutExpired:
        return None
    finally:
        patch(tree, mutant, "-R", "-f")
    if status == 1:
        return None
    if status == NOT_BUILT:
        return f"does not build:\n{text[-2000:]}"
    return "survived" if status == 0 else f"the test did not run:\n{text[-2000:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    mutants = [Mutant(path) for path in sorted((TOP / "tests/mutants").glob("*.patch"))]
    unknown = sorted(set(args.names) - {mutant.name for mutant in mutants})
    if unknown:
        parser.error(f"no such mutant: {', '.join(unknown)}")
    if args.names:
        mutants = [mutant for mutant in mutants if mutant.name in args.names]

    wrong = 0
    with tempfile.TemporaryDirectory(prefix="jouletrace-mutants-") as temporary:
        tree = Path(temporary) / "tree"
        shutil.copytree(TOP, tree, symlinks=True, ignore=shutil.ignore_patterns("build*", ".git", "__pycache__"))
        for command in (["meson", "setup", "build", "."], ["ninja", "-C", "build"]):
            status, text = quiet(command, tree)
            if status != 0:
                sys.exit(f"the unchanged tree does not build:\n{text}")
        for kind, target in sorted({(mutant.kind, mutant.target) for mutant in mutants}):
            status, text = run_tests(tree, kind, target)
            if status != 0:
                sys.exit(f"the unchanged tree fails {kind} {target}:\n{text[-3000:]}")
        for mutant in mutants:
            began = time.monotonic()
            problem = try_mutant(tree, mutant)
            wrong += problem is not None
            print(f"{'red ' if problem is None else 'BAD '} {mutant.name:<32} {time.monotonic() - began:5.1f} s  "
                  f"{mutant.breaks}", flush=True)
            if problem:
                print(f"     {mutant.kind} {mutant.target}: {problem}")
    print(f"{len(mutants) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
