# SPDX-License-Identifier: MIT
"""The hostile programs, through the installed service: the verdict of each, and what is left after each row of the table.

One case of each row that is near a boundary of the box, which takes some minutes; all cases of all rows, which takes half an
hour, with JOULETRACE_HOSTILE=all (as ./dev bench hostile does):
    sudo JOULETRACE_HOSTILE=all JOULETRACE_BUILD=$PWD/build /usr/bin/python3 -m pytest tests/vm/test_hostile.py
"""

import concurrent.futures
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOSTILE = Path(__file__).resolve().parents[1] / "hostile"
sys.path.insert(0, str(HOSTILE))

import corpus  # noqa: E402  (found through the path set above)

INSTALLED = "/usr/share/jouletrace/hostile"
TABLE = corpus.load().cases
# For every run: one of each kind of limit, of end, and of door that must be shut.
CORE = ("T1", "T2", "T4", "T5", "T8", "P1", "P4-flat", "P7-int80", "P8-clone3", "P13", "M1", "M6-memfd", "M7-work", "M8", "O1", "O4",
        "O13", "X1", "X3-chroot", "X4", "X5", "X9-bpf", "X11-internet", "X18", "X21-own", "J1-42", "C1-shadow", "C6-nul", "E1", "E8")
ALL = os.environ.get("JOULETRACE_HOSTILE") == "all"
# ListJobs may take so many times its longest on an idle VM: 5 is the goal, for a run that looks at figures. The emulation shares
# its cores with whatever else its host does, and a test must not fail for that.
ANSWER_FACTOR = 5 if ALL else 15
CASES = [case for case in TABLE if ALL or case.id in CORE]


def build_programs(folder, cases):
    """The C programs, built statically here: emulated, the compiler would take longer than all the rest."""
    def build(source):
        subprocess.run(["gcc", "-O1", "-static", "-o", folder / Path(source).stem, HOSTILE / source], check=True)

    sources = {case.source for case in cases if case.language == "c" and case.source and not case.needs}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(build, sources))


@pytest.fixture(scope="module")
def results(vm, request):
    """What run.py says of each case, by name. Emulated: limits are overshot by what a timer interrupt costs there, a call takes a
    multiple of what it takes on a quiet VM, and of an honest job its power is compared, since a second is not always as long."""
    cases = [item.callspec.params["case"] for item in request.session.items if item.module is request.module]  # -k leaves some
    build_programs(vm.mount_share(), cases)
    done = vm.run([f"{INSTALLED}/run.py", "--user=user1", "--prebuilt=/share", f"--answer-factor={ANSWER_FACTOR}", "--overshoot=50",
                   "--power", "--energy-band=0.5", "--look-every=row", "--json=/run/hostile.json", *(case.id for case in cases)],
                  timeout=120 + 30 * len(cases), check=False)
    assert done.out.rstrip().endswith(" failed"), f"it did not come to its end: {done.out}{done.err}"
    return {entry["id"]: entry for entry in json.loads(vm.read("/run/hostile.json"))}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_hostile_program(results, case):
    entry = results[case.id]
    assert entry["result"] == "ok", "; ".join(entry["problems"])
