# SPDX-License-Identifier: MIT
"""The hostile programs, through the installed service: the verdict of each, and what is left after each row of the table.

One case of each row; all of them, which takes half an hour, with JOULETRACE_HOSTILE=all:
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
# Not the first of the row: that lasts until the limit of the compiler, a minute.
QUICK = {"C2": "constexpr", "C3": "thousands"}


def one_of_each_row(cases):
    rows = {case.row: case for case in reversed(cases)}
    rows |= {case.row: case for case in cases if QUICK.get(case.row) == case.name}
    return [case for case in cases if rows[case.row] is case]


CASES = TABLE if os.environ.get("JOULETRACE_HOSTILE") == "all" else one_of_each_row(TABLE)


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
    done = vm.run([f"{INSTALLED}/run.py", "--user=user1", "--prebuilt=/share", "--answer-factor=5", "--overshoot=50",
                   "--power", "--energy-band=0.5", "--look-every=row", "--json=/run/hostile.json", *(case.id for case in cases)],
                  timeout=120 + 30 * len(cases), check=False)
    assert done.out.rstrip().endswith(" failed"), f"it did not come to its end: {done.out}{done.err}"
    return {entry["id"]: entry for entry in json.loads(vm.read("/run/hostile.json"))}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_hostile_program(results, case):
    entry = results[case.id]
    assert entry["result"] == "ok", "; ".join(entry["problems"])
