# SPDX-License-Identifier: MIT
"""The hostile programs, through the installed service: the verdict of each, and what is left after it.

Takes many minutes in an emulated machine, so that it is run by its name only:
    sudo JOULETRACE_BUILD=$PWD/build /usr/bin/python3 -m pytest tests/vm/hostile_corpus.py
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HOSTILE = Path(__file__).resolve().parents[1] / "hostile"
sys.path.insert(0, str(HOSTILE))

import corpus  # noqa: E402  (found through the path set above)

INSTALLED = "/usr/share/jouletrace/hostile"
PREBUILT = "/usr/local/lib/jouletrace-hostile"
EVERY = corpus.load().cases
# Each case takes seconds when emulated: all of them with JOULETRACE_HOSTILE=all, else one of each row.
CASES = EVERY if os.environ.get("JOULETRACE_HOSTILE") == "all" else list({case.row: case for case in reversed(EVERY)}.values())[::-1]
LOOK_EVERY = 12


def build_programs(vm):
    """The C programs, built statically here: emulated, the compiler would take longer than all the rest."""
    with tempfile.TemporaryDirectory() as directory:
        for source in sorted({case.source for case in CASES if case.language == "c" and case.source and not case.needs}):
            program = Path(directory) / Path(source).stem
            subprocess.run(["gcc", "-O1", "-static", "-o", program, HOSTILE / source], check=True)
        vm.push(directory, PREBUILT)


@pytest.fixture(scope="module")
def results(vm):
    """What run.py says of each case, by name. Emulated: limits are overshot by what a timer interrupt costs there, and a call
    takes a multiple of what it takes on a quiet VM, not of a natively run one."""
    build_programs(vm)
    vm.run([f"{INSTALLED}/run.py", "--user=user1", f"--prebuilt={PREBUILT}", "--answer-factor=5", "--overshoot=50",
            f"--look-every={LOOK_EVERY}", "--json=/run/hostile.json", *(case.id for case in CASES)],
           timeout=2400, check=False)
    return {entry["id"]: entry for entry in json.loads(vm.read("/run/hostile.json"))}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_hostile_program(results, case):
    entry = results[case.id]
    assert entry["result"] == "ok", "; ".join(entry["problems"])
