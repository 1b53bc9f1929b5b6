# SPDX-License-Identifier: MIT
"""Single regions beside what they really took: the fixture notes its truth at the first and the last moment of a spin."""

import json

import pytest

import rig
from helpers import install_programs, joulectl

MARKS = f"/sys/kernel/debug/{rig.machine.RAPL}/marks"
IDLE_MW, CORE_MW = 10000, 10000


@pytest.fixture(scope="module", autouse=True)
def programs(vm):
    install_programs(vm)


def parts(vm):
    """(wall, CPU, package and core energy) of each marked part: ns and µJ."""
    marks = vm.rapl_marks()
    assert [mark["word"] for mark in marks] == ["begin", "end"] * (len(marks) // 2)
    return [(end["time_ns"] - begin["time_ns"], *((end["package"][0][key] - begin["package"][0][key]) / scale
                                                  for key, scale in (("busy_ns", 1), ("pkg_nj", 1e3), ("core_nj", 1e3))))
            for begin, end in zip(marks[::2], marks[1::2])]


def test_marks_keep_the_formula(vm):
    """They are exact between ticks, which the counters are not, refuse what is no word, and are forgotten when told so."""
    vm.rapl_set(idle_mw=IDLE_MW, core_mw=CORE_MW)
    vm.rapl_marks()
    vm.run(["marked-spin", "3"])
    (wall_ns, busy_ns, package_uj, core_uj), = parts(vm)
    assert busy_ns > 2.9e6 and wall_ns > 2.9e6
    assert core_uj == pytest.approx(CORE_MW * busy_ns / 1e6, abs=0.01)
    assert package_uj == pytest.approx(IDLE_MW * wall_ns / 1e6 + core_uj, abs=0.01)
    assert vm.read(MARKS) == ""
    for wrong in ("\\n", "two words", "a" * 16, "a\\tb"):
        assert vm.run(f"printf '{wrong}' >> {MARKS}", check=False).rc != 0, wrong
    assert vm.read(MARKS) == ""


@pytest.mark.parametrize("ms, bound", [(50, 0.10), (500, 0.02)])
def test_regions_are_what_they_really_took(vm, ms, bound):
    """Energy and net of each region are off by less than the bound, median of the valid trials; and no trial is off by more than
    three times that. What answering the program takes lies in the region and not between the marks."""
    vm.rapl_set(idle_mw=IDLE_MW, core_mw=CORE_MW)
    vm.rapl_marks()
    _, out, _ = joulectl(vm, "measure", "--json", "--region", "--resolution=fine", "--min-window=1ms", "--trials=5", "--warmups=0",
                         "--", "marked-spin", str(ms), user="root", check=False)
    trials = json.loads(out)["measurement"]["trials"]
    true = parts(vm)
    assert len(true) == len(trials)
    off = {"energy_uj": [], "net_uj": []}
    for trial, (_, _, package_uj, core_uj) in zip(trials, true):
        for member, true_uj in (("energy_uj", package_uj), ("net_uj", core_uj)):
            if trial["valid"]:
                off[member].append(trial["windows"][0][member]["package-0"] / true_uj - 1)
    print({member: [f"{value:+.2%}" for value in values] for member, values in off.items()})
    for values in off.values():
        assert len(values) >= 3, "too few valid trials"
        ordered = sorted(map(abs, values))
        assert ordered[len(ordered) // 2] < bound and ordered[-1] < 3 * bound, off
