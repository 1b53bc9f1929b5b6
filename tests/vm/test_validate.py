# SPDX-License-Identifier: MIT
"""Programs in the box of the installed service: verdicts from the kernel's own evidence, who may ask for and read them, what
is left of them, and a package."""

import json
import re
import shutil
from pathlib import Path

import pytest

from helpers import BRISK, PROGRAMS, install_programs, jobs, joulectl, processes, wait_until

PAIR = Path(__file__).resolve().parents[2] / "examples/problems/pair"
# late.c is slow by what in_time.c takes, which is not the same twice in an emulated machine; one of each of the others is enough.
SUBMISSIONS = ("accepted/pair.c", "memory_limit_exceeded/hungry.c", "run_time_error/exit.c", "wrong_answer/values.cpp")
LIMITS = ("--cpu-limit=1s", "--wall-limit=4s", "--memory-max=64M", "--output-max=1M")
SECRET = "of-user1-alone"


@pytest.fixture(scope="module", autouse=True)
def prepared(vm):
    install_programs(vm)
    vm.push(str(PROGRAMS / "submission.c"), "/opt/box/submission.c")
    for number, (a, b) in enumerate(((1, 2), (20, 30)), 1):
        vm.write(f"/opt/box/tests/{number}.in", f"{a} {b}\n")
        vm.write(f"/opt/box/tests/{number}.ans", f"{a + b}\n")
    vm.run("chmod -R a+rX /opt/box")


def words(*arguments, options=LIMITS):
    """Command line of the program of submission.c, in a box, on the tests."""
    return ["--file=submission=/usr/local/bin/submission", "--tests=/opt/box/tests", *options, "--", "./submission", *arguments]


def validate(vm, *arguments, options=LIMITS, user="user1"):
    """The report of a validation, whatever its verdict."""
    _, out, err = joulectl(vm, "validate", "--json", *words(*arguments, options=options), user=user, check=False)
    assert out.strip(), err
    return json.loads(out)


def detach(vm, *arguments):
    """A validation that goes on by itself, once its program runs: its id, and the pid of its program."""
    _, out, _ = joulectl(vm, "validate", "--detach", *words(*arguments, options=("--wall-limit=600s", "--cpu-limit=300s")))
    job = int(re.findall(r"\d+", out)[-1])
    return job, wait_until(lambda: processes(vm, f"^./submission {arguments[0]}"), "the program in its box")[0]


def nothing_left(vm):
    """No scope of a job, and no process of its program."""
    shown = vm.run("systemctl list-units --no-legend --plain 'jouletrace-job-*.scope'")[1]
    return not shown.strip() and not processes(vm, "^./submission")


def test_a_c_program_is_compiled_validated_and_measured(vm):
    _, out, _ = joulectl(vm, "measure", "--json", *BRISK, "--language=c", "--file=submission.c=/opt/box/submission.c",
                         "--tests=/opt/box/tests", timeout=240)
    report = json.loads(out)
    assert report["program"]["profile"] == "box"
    validation = report["validation"]
    assert (validation["verdict"], validation["passed"], validation["total"]) == ("AC", 2, 2)
    assert [test["name"] for test in validation["tests"]] == ["1", "2"]
    assert len(report["measurement"]["trials"]) >= 2
    assert report["measurement"]["summary"]["total_j"]["median"] > 0


@pytest.mark.parametrize("what, verdict, fact", [
    ("hog", "MLE", "oom-kill"),
    ("spin", "TLE", "cpu-limit"),
    ("sleep", "WTL", "wall-limit"),
    ("flood", "OLE", "output-limit"),
    ("unshare", "SV", "seccomp"),
    ("exit", "RTE", None),
    ("wrong", "WA", "wrong-answer"),
])
def test_verdicts(vm, what, verdict, fact):
    # Of what is not to meet the limit of time, emulated: touching 64 MiB there takes about its second.
    report = validate(vm, what, options=(*LIMITS, "--cpu-limit=10s", "--wall-limit=20s") if what == "hog" else LIMITS)
    test = report["validation"]["tests"][0]
    assert (report["validation"]["verdict"], test["verdict"]) == (verdict, verdict), test
    assert fact is None or fact in test["facts"]
    assert test["syscall"] == ("unshare" if verdict == "SV" else None)
    assert verdict != "RTE" or test["exit_code"] == 3
    assert verdict != "MLE" or test["memory_peak"] <= 64 << 20
    assert nothing_left(vm)


def test_what_is_sent_along_is_not_the_programs_memory(vm):
    """A file larger than the limit, which each of the boxes that wait has a copy of."""
    vm.run("truncate -s 96M /opt/box/table; chmod a+r /opt/box/table")
    along = ("--file=table=/opt/box/table", *LIMITS)
    test = validate(vm, "right", options=along)["validation"]["tests"][0]
    assert (test["verdict"], test["memory_peak"] < 8 << 20) == ("AC", True), test
    test = validate(vm, "hog", options=(*along, "--cpu-limit=10s", "--wall-limit=20s"))["validation"]["tests"][0]
    assert (test["verdict"], "oom-kill" in test["facts"]) == ("MLE", True), test
    _, out, _ = joulectl(vm, "measure", "--json", *BRISK, *words("right", options=along), timeout=240)
    assert json.loads(out)["measurement"]["summary"]["per_iteration"]["iterations"] > 2


def test_an_orphan_ends_with_its_program(vm):
    report = validate(vm, "orphan")
    assert report["validation"]["verdict"] == "AC"
    assert nothing_left(vm)


def test_an_outsider_is_not_let_in(vm):
    before = len(jobs(vm))
    code, out, err = joulectl(vm, "validate", *words(), user="outsider", check=False)
    assert code == 3 and not out and "jouletrace" in err
    assert len(jobs(vm)) == before


def test_a_validation_is_its_owners(vm):
    report = validate(vm, options=(*LIMITS, f"--label={SECRET}"))
    job = str(report["job"]["id"])
    assert joulectl(vm, "show", "--json", job)[1].count(SECRET) >= 1
    code, out, err = joulectl(vm, "show", "--json", job, user="user2", check=False)
    assert code == 3 and SECRET not in out + err


@pytest.mark.parametrize("victim", ["worker", "service"])
def test_nothing_of_a_box_outlives_a_kill(vm, victim):
    _, pid = detach(vm, "sleep")
    status = vm.read(f"/proc/{pid}/status")
    assert int(re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE).group(1)) >= 2130706432
    vm.run(["systemctl", "kill", "-s", "KILL", "jouletrace-worker@*.service" if victim == "worker" else "jouletraced.service"])
    wait_until(lambda: nothing_left(vm), "the end of the box")
    wait_until(lambda: vm.run("systemctl is-active jouletraced.service", check=False)[1].strip() == "active", "the service")
    assert validate(vm)["validation"]["verdict"] == "AC"


def test_a_package(vm, tmp_path):
    shutil.copytree(PAIR, tmp_path / "pair", ignore=shutil.ignore_patterns("submissions"))
    for name in SUBMISSIONS:
        target = tmp_path / "pair/submissions" / name
        target.parent.mkdir(parents=True)
        shutil.copy(PAIR / "submissions" / name, target)
    vm.push(str(tmp_path / "pair"), "/opt/box/pair")
    vm.run("chmod -R a+rX /opt/box")
    _, out, _ = joulectl(vm, "package", "verify", "--json", "/opt/box/pair", timeout=400)
    assert {entry["path"]: entry["verdict"] for entry in json.loads(out)["submissions"]} == dict(
        zip(SUBMISSIONS, ("AC", "MLE", "RTE", "WA")))
    assert all(entry["as_expected"] for entry in json.loads(out)["submissions"])
