# SPDX-License-Identifier: MIT
"""What net energy says, where the played processor's true power is known: nothing for sleep, core power for work, the
floor for a program that only starts. And others at work on the package are seen, waited for, and told."""

import contextlib
import json

import pytest

from helpers import configure, held, install_programs, interval, joulectl, measure, \
    overlap, processes, quiesce, wait_until

IDLE_W, CORE_W, DRAM_IDLE_W = 10, 10, 1
LOAD_CPU = "1"  # the last one is reserved, the first one has most of the kernel's interrupts


@pytest.fixture(scope="module", autouse=True)
def played(vm):
    install_programs(vm)
    configure(vm, ForeignLoadLimit=2)  # a fifth of the CPUs that are not reserved: a whole one is more, an idle system less
    vm.rapl_set(idle_mw=IDLE_W * 1000, core_mw=CORE_W * 1000, dram_idle_mw=DRAM_IDLE_W * 1000, dram_core_mw=0)


@pytest.fixture(autouse=True)
def empty_queue(vm):
    quiesce(vm)


def net_interval(summary):
    """The median, with everything that makes it uncertain: clock edges, units, baseline, and the spread of the trials."""
    net = summary["net_j"]
    return interval(net["median"], net["uncertainty_j"]["total"])


def test_the_net_of_true_is_the_floor(vm):
    def check(result):
        floor, once = result["floor"], result["summary"]["per_iteration"]
        of_floor = interval(floor["net_j"], floor["uncertainty_uj"]["net"] / 1e6)
        of_true = interval(once["net_j"], once["net_uncertainty_j"]["total"])
        print("floor", of_floor, "of /bin/true", of_true)
        assert of_true[0] > 0, "starting a program costs energy"
        assert overlap(of_true, of_floor)
    held(vm, check, "/bin/true")


def test_the_net_of_a_sleeping_region_is_nothing(vm):
    def check(result):
        low, high = net_interval(result["summary"])
        gross = result["summary"]["total_j"]["median"]
        waking = CORE_W * result["summary"]["cpu_s"]["median"]  # about 10 mJ emulated: a millisecond
        print("net", low, high, "of", gross, "waking takes", waking)
        assert gross == pytest.approx((IDLE_W + DRAM_IDLE_W) * 0.5, rel=0.1)
        assert waking < 0.005 * gross and low <= waking and high >= 0
        return high - low <= 2 * 0.03 * gross
    held(vm, check, "region", "sleep", "500", options=("--region",))


def test_the_net_of_a_spin_is_core_power_for_its_cpu_time(vm):
    def check(result):
        summary = result["summary"]
        low, high = net_interval(summary)
        expected = CORE_W * summary["cpu_s"]["median"]
        print("net", low, high, "expected", expected, summary["net_j"])
        assert low <= expected <= high
        if high - low > 2 * 0.1 * expected:
            return False
        assert low > 0
        return True
    held(vm, check, "region", "spin", "500", options=("--region",))


@contextlib.contextmanager
def load(vm, milliseconds):
    """Another user's program on a CPU that is not reserved."""
    process = vm.popen(["taskset", "-c", LOAD_CPU, "spin", str(milliseconds)], user="user2")
    try:
        wait_until(lambda: processes(vm, "^spin "), "the load")
        yield
    finally:
        vm.run(["pkill", "-KILL", "-u", "user2", "-x", "spin"], check=False)
        process.wait(timeout=30)


def attempt(vm, *command, trials=6):
    """Exit code and report. Nobody asks meanwhile how it is going: that would be load, too."""
    code, out, err = joulectl(vm, "measure", "--json", f"--trials={trials}", "--warmups=0", "--", *command, check=False, timeout=300)
    assert code in (0, 5), err
    return code, json.loads(out)


def disturbed(report):
    return [trial for trial in report["measurement"]["trials"] if "FOREIGN_LOAD" in trial["quality"]]


def test_nobody_is_accused_on_a_quiet_machine(vm):
    code, report = attempt(vm, "sleep", "0.6")
    assert code == 0 and report["job"]["result"] == "done"
    assert not disturbed(report) and "FOREIGN_LOAD" not in report["measurement"]["reasons"]
    assert len(report["measurement"]["trials"]) == 6


def test_load_that_stays_makes_it_unstable(vm):
    with load(vm, 600000):
        code, report = attempt(vm, "sleep", "0.6")
    measurement = report["measurement"]
    print(measurement["status"], measurement["reasons"], [(t["valid"], t["quality"], t.get("reason")) for t in measurement["trials"]])
    assert code == 5 and report["job"]["result"] == "unstable" and measurement["status"] == "UNSTABLE"
    assert "FOREIGN_LOAD" in measurement["reasons"]
    assert measurement["grade"] == "F"
    assert len(disturbed(report)) > 3, "more trials than may be made again"
    for trial in disturbed(report):
        assert not trial["valid"] and trial["reason"].strip() and trial["foreign_cpu_usec"] > 0.5e-3 * trial["wall_ns"]
    assert measure(vm, "sleep", "0.15")["job"]["result"] == "done", "nothing of it stays"


ONCE = """#!/bin/sh
# The first run wakes the other user's load.
mkdir /srv/load/awake 2>/dev/null && echo >/srv/load/start
exec sleep 0.6
"""


def test_load_that_passes_has_its_trials_made_again(vm):
    """It begins in the first trial and ends by itself: that trial is kept with its reason, and another one made for it."""
    vm.run("mkdir -p -m 777 /srv/load && rmdir /srv/load/awake; rm -f /srv/load/start; mkfifo -m 666 /srv/load/start", check=False)
    vm.write("/usr/local/bin/wakes-load", ONCE, 0o755)
    waiting = vm.popen(["sh", "-c", f"read line </srv/load/start; exec taskset -c {LOAD_CPU} spin 1200"], user="user2")
    code, report = attempt(vm, "wakes-load")
    assert waiting.wait(timeout=30).rc == 0
    trials = report["measurement"]["trials"]
    print([(t["valid"], t["quality"], t.get("reason")) for t in trials])
    assert code == 0 and report["job"]["result"] == "done" and report["measurement"]["grade"] == "C"
    assert "FOREIGN_LOAD" in trials[0]["quality"] and not trials[0]["valid"] and trials[0]["reason"].strip()
    assert not trials[-1]["quality"] or "FOREIGN_LOAD" not in trials[-1]["quality"]
    assert sum(trial["valid"] for trial in trials) == 6 and len(trials) == 6 + len(disturbed(report))
