# SPDX-License-Identifier: MIT
"""joulectl validate, and measure with tests, against a scripted service: what is sent, and how its answer is shown."""

import json
import os

import pytest

from joulectl_rig import TREE, Rig, report

RUNS = TREE / "examples" / "problems" / "runs"


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture
def here(tmp_path):
    for name, text in {"tests/1.in": "1 2\n", "tests/1.ans": "3\n", "tests/10.in": "4\n", "tests/10.out": "5\n",
                       "sum.py": "print(3)\n", "prog": "#!/bin/sh\necho 3\n", "check.py": "exit(42)\n", "data": "x",
                       "sum.c": "int main(void) { return 0; }\n", "fib.py": "def fib(n): return n\n",
                       "calls.jsonl": '{"inputs": [100], "expected_output": 354224848179261915075}\n'}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "prog").chmod(0o755)
    return tmp_path


def verdicts(*tests, verdict="AC", **more):
    told = {"verdict": verdict, "passed": sum(t["verdict"] == "AC" for t in tests), "total": len(tests), "tests": list(tests), **more}
    result = report(joules=None, result="done" if verdict == "AC" else "failed", argv=["./prog"])
    return {**result, "job": {**result["job"], "kind": "validate"}, "validation": told}


def test_(name, verdict, **more):
    return {"name": name, "verdict": verdict, "cpu_usec": 12000, "wall_ns": 13000000, "memory_peak": 3 << 20, **more}


test_.__test__ = False


def sent(rig, here, *arguments, verb="validate"):
    rig.serve(reports={"7": verdicts(test_("1", "AC"))}, programs={})
    code, out, err = rig.run(verb, *arguments, cwd=here)
    calls = rig.calls(verb.capitalize())
    assert calls, err
    return calls[0]["arguments"][0], err


def test_a_program_is_sent_along(rig, here):
    request, err = sent(rig, here, "--tests", "tests", "--", "./prog", "7")
    assert request["argv"] == ["./prog", "7"] and request["files"] == [["prog", "#!/bin/sh\necho 3\n", 0o755]]
    assert request["tests"] == [["1", "1 2\n", "3\n"], ["10", "4\n", "5\n"]] and "profile" not in request
    assert "env" not in request or not request["env"]
    assert "./prog is sent along, as ./prog; the box sees no other file of yours" in err
    assert "sent along" not in sent(rig, here, "-q", "--tests", "tests", "./prog")[1]


@pytest.mark.parametrize("arguments", [["sum.py", "7"], ["./sum.py", "7"], ["--file", "sum.py", "sum.py", "7"],
                                       ["--language", "python3", "--file", "sum.py", "7"],
                                       ["--language", "python3", "./sum.py", "7"]])
def test_a_source_is_sent_along(rig, here, arguments):
    request, _ = sent(rig, here, "--tests", "tests", *arguments)
    assert request["argv"] == ["7"] and request["language"] == "python3"
    assert request["files"] == [["sum.py", "print(3)\n", 0o644]]


@pytest.mark.parametrize("arguments", [["./data", "7"], ["--file", "data", "7"]])
def test_a_source_without_a_suffix(rig, here, arguments):
    request, err = sent(rig, here, "--tests", "tests", "--language", "python3", *arguments)
    assert request["argv"] == ["7"] and request["language"] == "python3"
    assert [(name, mode) for name, _, mode in request["files"]] == [("main.py", 0o644)]
    assert "data is sent along, as main.py in python3" in err or "--file" in arguments
    request, _ = sent(rig, here, "--tests", "tests", "--validator", "testlib", "--validator-file", "data",
                      "--validator-language", "python3", "./prog")
    assert [file[0] for file in request["validator"]["files"]] == ["main.py"] and request["files"][0][0] == "prog"


def test_files_keep_their_order_and_mode(rig, here):
    request, _ = sent(rig, here, "--tests", "tests", "--file", "lib/data=data", "--file=main=prog", "./main", "x")
    assert [(name, mode) for name, _, mode in request["files"]] == [("lib/data", 0o644), ("main", 0o755)]
    assert request["argv"] == ["./main", "x"] and "language" not in request
    request, _ = sent(rig, here, "--tests", "tests", "--file", "prog")
    assert request["argv"] == ["./prog"]
    request, _ = sent(rig, here, "--tests", "tests", "--file", "data", "/usr/bin/cat", "data")
    assert request["argv"] == ["/usr/bin/cat", "data"] and [file[0] for file in request["files"]] == ["data"]


def test_keys_of_the_table(rig, here):
    request, _ = sent(rig, here, "--tests", "tests", "--max-tests", "3", "--on-failure", "continue", "--region", "--cpu-limit", "2s",
                      "--memory-max", "64M", "--profile", "box", "./prog")
    assert (request["max-tests"], request["on-failure"], request["region"]) == (3, "continue", True)
    assert (request["cpu-limit"], request["memory-max"], request["profile"]) == (2000000, 64 << 20, "box")


def test_validators(rig, here):
    request, _ = sent(rig, here, "--tests", "tests", "--validator", "numbers,absolute=1e-6", "./prog")
    assert request["validator"]["type"] == "numbers" and request["validator"]["absolute"] == 1e-6
    request, _ = sent(rig, here, "--tests", "tests", "--validator", "testlib,args=-x", "--validator-file", "check.py", "./prog")
    assert request["validator"]["type"] == "testlib" and request["validator"]["language"] == "python3"
    assert request["validator"]["files"] == [["check.py", "exit(42)\n", 0o644]] and request["validator"]["args"] == ["-x"]
    request, _ = sent(rig, here, "--tests", "tests", "--validator", "kattis", "--validator-file", "prog", "./prog")
    assert request["validator"]["argv"] == ["./prog"] and "language" not in request["validator"]


def test_a_function(rig, here):
    request, _ = sent(rig, here, "--tests", "calls.jsonl", "--function", "fib,float-tolerance=0", "sum.py", verb="measure")
    assert request["function"]["name"] == "fib" and request["function"]["float-tolerance"] == 0
    assert request["tests"] == [["1", "[100]", "354224848179261915075"]] and "validator" not in request
    assert request["language"] == "python3" and "argv" not in request and "cwd" not in request and "stdin" not in request


def test_a_problem(rig, here):
    request, _ = sent(rig, here, "--problem", RUNS, "--submission", "accepted/runs.c")
    assert request["language"] == "c" and request["problem-name"] and len(request["tests"]) > 1
    code, _, err = rig.run("validate", "--problem", RUNS, "--submission", "accepted/nothing.c")
    assert code == 2 and "has no submission accepted/nothing.c; it has: accepted/" in err


def test_a_request_of_the_original(rig, here):
    (here / "body.json").write_text(json.dumps({
        "candidate_code": "def fib(n): return n", "function_name": "fib", "timeout_seconds": 7, "memory_limit_mb": 100,
        "energy_measurement_trials": 3, "candidate_id": "c1", "test_cases": [{"inputs": 1, "expected_output": 1, "test_id": "one"}]}))
    request, _ = sent(rig, here, "--request", "body.json", "--memory-max", "64M", verb="measure")
    assert request["files"] == [["candidate.py", "def fib(n): return n", 0o644]] and request["function"]["name"] == "fib"
    assert request["cpu-limit"] == request["wall-limit"] == 7000000 and request["trials"] == 3
    assert request["memory-max"] == 64 << 20 and request["candidate-id"] == "c1"
    assert request["tests"] == [["one", "1", "1"]]


@pytest.mark.parametrize("arguments, says", [
    (["./prog"], "which tests? Give --tests DIR, --problem DIR or --request FILE"),
    (["--tests", "tests"], "which program? Write a command after the options, or send one with --file"),
    (["--tests", "tests", "--problem", "tests", "./prog"], "exclude each other"),
    (["--tests", "nowhere", "./prog"], "nowhere"),
    (["--tests", "tests", "./nothing"], "./nothing cannot be read: No such file or directory; a box has the programs of this machine"),
    (["--tests", "tests", "./data"], "./data: neither executable nor of a known language; give --language, one of: c, cpp, python3"),
    (["--tests", "tests", "--file", "data"], "data: neither executable nor of a known language"),
    (["--tests", "tests", "--file", "tests", "cat"], "tests is no plain file; name each file by itself"),
    (["--tests", "tests", "--file", "nothing", "cat"], "nothing cannot be read"),
    (["--tests", "tests", "--file", "/etc/passwd", "cat"], "--file NAME=PATH"),
    (["--tests", "tests", "--file", "../x", "cat"], "no name within a box"),
    (["--tests", "tests", "--file", "=data", "cat"], "write NAME=PATH"),
    (["--tests", "tests", "--submission", "x"], "--submission goes with --problem"),
    (["--problem", "tests", "--submission", "x", "--file", "prog"], "--submission and --file exclude each other"),
    (["--request", "data", "--file", "prog"], "--request holds all there is to send"),
    (["--request", "data"], "data: byte 1"),
    (["--request", "body.json", "sum.c"], "--request holds all there is to send: leave out sum.c"),
    (["--tests", "calls.jsonl", "--function", "fib", "fib.py", "extra"],
     "a function gets what the tests give it, and no words of a command: leave out extra"),
    (["--tests", "calls.jsonl", "fib.py", "extra"], "leave out extra"),
    (["--tests", "calls.jsonl", "--function", "fib", "--file", "fib.py", "extra"], "leave out extra"),
    (["--tests", "calls.jsonl", "sum.c"], "these tests call the function solve of a Python source, and sum.c is none"),
    (["--tests", "calls.jsonl", "--function", "fib", "--file", "sum.c"], "call the function fib of a Python source, and sum.c"),
    (["--tests", "calls.jsonl", "--function", "fib", "--language", "c", "sum.c"], "of a Python source, and sum.c is none"),
    (["--request", "nothing"], "nothing"),
    (["--tests", "tests", "--validator", "exact", "--function", "f", "sum.py"], "--validator does not go with --function"),
    (["--tests", "tests", "--validator-file", "check.py", "./prog"], "need --validator kattis or testlib"),
    (["--tests", "tests", "--validator-language", "c", "./prog"], "need --validator kattis or testlib"),
    (["--tests", "tests", "--validator", "kattis", "./prog"], "send it with --validator-file"),
    (["--tests", "tests", "--validator", "exact", "--validator-file", "check.py", "./prog"], "takes no program"),
    (["--tests", "tests", "--validator", "kattis", "--validator-file", "data", "./prog"], "give --validator-language"),
    (["--tests", "tests", "--validator", "toke", "./prog"], "choose one of: tokens"),
    (["--tests", "tests", "--on-failure", "go", "./prog"], "choose one of: stop, continue"),
    (["--tests", "tests", "--trials", "3", "./prog"], "unknown option --trials"),
])
def test_refused(rig, here, arguments, says):
    (here / "body.json").write_text(json.dumps({"candidate_code": "def solve(n): return n", "test_cases": [
        {"inputs": 1, "expected_output": 1, "test_id": "one"}]}))
    rig.serve(reports={})
    code, out, err = rig.run("validate", *arguments, cwd=here)
    assert (code, out) == (2, "") and says in err, err
    assert not rig.calls()


@pytest.mark.parametrize("arguments, says", [
    (["--tests", "tests", "--show-output", "./prog"], "do not go with tests"),
    (["-H", "there", "--profile", "box", "--show-output", "./prog"], "do not go with --host"),
    (["-H", "there", "./prog"], "ssh there joulectl measure -- ./prog\nor send the program along"),
])
def test_measure_refused(rig, here, arguments, says):
    code, _, err = rig.run("measure", *arguments, cwd=here)
    assert code == 2 and says in err, err


def test_more_than_goes_to_another_machine(rig, here):
    with open(here / "large", "wb") as file:
        file.truncate((16 << 20) + 1)
    code, _, err = rig.run("-H", "there", "validate", "--tests", "tests", "--file", "large", "cat", cwd=here)
    assert code == 2 and "more than 16 MiB, the most that goes to another machine" in err
    with open(here / "large", "wb") as file:
        file.truncate((256 << 20) + 1)
    code, _, err = rig.run("validate", "--tests", "tests", "--file", "large", "cat", cwd=here)
    assert code == 2 and "larger than 256 MiB" in err


def test_detached(rig, here):
    """The id at once, nothing waited for; what came of it is seen later."""
    told = verdicts(test_("1", "AC"), test_("10", "WA", message="gave a wrong answer"), verdict="WA")
    rig.serve(reports={"7": told}, result=None)
    code, out, err = rig.run("-q", "validate", "--detach", "--tests", "tests", "./prog", cwd=here)
    assert (code, out, err) == (0, "7\n", "")
    assert rig.calls("Validate")[0]["arguments"][0]["detach"] is True and not rig.calls("GetReport")
    assert rig.run("-q", "--json", "validate", "--detach", "--tests", "tests", "./prog", cwd=here)[1] == '{"id":7}\n'
    code, out, _ = rig.run("show", "7")
    assert code == 0 and "WA" in out and "1 of 2 tests" in out, out
    code, _, err = rig.run("--local", "validate", "--detach", "--tests", "tests", "./prog", cwd=here)
    assert code == 2 and "--detach does not go with --local" in err


def test_verdicts_are_shown(rig, here):
    told = verdicts(test_("1", "AC"), test_("2", "WA", message='gave a wrong answer: line 3, column 5: expected "x", got "y"',
                                           where={"line": 3, "column": 5}, inputs="4\n", expected="x", got="y\x1b[31m",
                                           error_output="oops\n\x1b]0;title\x07"),
                    {"name": "3", "verdict": "SKIPPED"}, verdict="WA")
    rig.serve(reports={"7": told}, result="failed")
    code, out, err = rig.run("validate", "--tests", "tests", "./prog", cwd=here)
    assert code == 1, err
    assert "\x1b" not in out and "\x07" not in out
    lines = [line.split() for line in out.splitlines()]
    assert lines[1] == "WA wrong answer: 1 of 3 tests, at most 12.00 ms and 3 MiB".split()
    assert ["1", "AC", "12.00", "ms", "3", "MiB"] in lines and ["3", "SKIPPED"] in lines
    assert "2 WA, line 3, column 5" in out and ["expected", "x"] in lines and ["got", "y\\x1b[31m"] in lines
    assert "│ oops" in out
    assert rig.run("show", "7")[1] == out
    plain = rig.run("--ascii", "show", "7")[1]
    assert plain.isascii() and "| oops" in plain
    assert json.loads(rig.run("--json", "show", "7")[1]) == told


def test_a_compiler_is_quoted(rig, here):
    told = verdicts(verdict="CE", compiler={"ended_by": "exited with status 1", "output": "sum.c:1: error\n"})
    rig.serve(reports={"7": told}, result="failed")
    code, out, _ = rig.run("validate", "--tests", "tests", "./prog", cwd=here)
    assert code == 1 and "CE  not compiled" in out and "the compiler exited with status 1" in out and "│ sum.c:1: error" in out


def test_many_tests(rig):
    told = verdicts(*(test_(str(n), "WA" if n % 10 == 0 else "AC", message=f"no {n}") for n in range(1, 101)), verdict="WA")
    rig.serve(reports={"7": told})
    out = rig.run("show", "7")[1]
    assert out.count("no 50") == 1 and "and 90 more tests" in out and len(out.splitlines()) < 30


def measured():
    told = report(profile="box")
    told["validation"] = {"verdict": "AC", "passed": 2, "total": 2, "tests": [test_("a", "AC"), test_("b", "AC")]}
    told["request"] = {"language": "python3", "function": {"name": "fib"}, "files": [{"name": "sum.py"}]}
    part = told["measurement"]
    part["region"] = {"declared": True}
    part["meter"]["domains"][0]["in_total"] = True
    part["trials"] = [{"index": i, "valid": True, "quality": [], "total_uj": 12345000, "wall_ns": 183200000, "cpu_usec": 1,
                       "windows": [{"test": name, "iterations": 2, "wall_ns": 90000000, "cpu_usec": 1, "energy_uj": {"package-0": uj},
                                    "whole": {"iterations": 2, "wall_ns": 400000000, "energy_uj": {"package-0": 20000000}}}
                                   for name, uj in (("a", 12000000), ("b", 345000))]} for i in range(1, 10)]
    part["summary"]["per_test"] = [{"name": "a", "total_j": 12.0, "wall_s": 0.15}, {"name": "b", "total_j": 0.345, "wall_s": 0.03}]
    return told


def test_energy_per_test(rig):
    rig.serve(reports={"7": measured()})
    out = rig.run("show", "7")[1]
    assert out.startswith("Job 7: fib(), sum.py\n") and "AC  right on every test: 2 of 2 tests" in out
    rows = [line.split() for line in out.splitlines()]
    assert ["a", "12.000", "J", "150.00", "ms"] in rows or ["a", "12.00", "J", "150.0", "ms"] in rows, out
    assert "figures are of all 2 tests, each run once" in out
    assert "measured: the calls alone; the whole runs took 20.00 J and 400.0 ms" in out, out


@pytest.mark.parametrize("uncertainty, told", [(10.0, "20 J"), (1.5, "20 J"), (0.5, "20.0 J"), (0.002, "20.00 J")])
def test_whole_runs_have_the_digits_they_are_told_in(rig, uncertainty, told):
    """What lies outside of a short region is told in steps of windows; digits below them would be invented."""
    answer = measured()
    for trial in answer["measurement"]["trials"]:
        for window in trial["windows"]:
            window["whole"]["iterations"] = 1
            window["whole"]["energy_uj"]["package-0"] = 10000000
            window["whole"]["uncertainty_uj"] = {"total": int(uncertainty * 1e6)}
    rig.serve(reports={"7": answer})
    assert f"the whole runs took {told} and" in rig.run("show", "7")[1]


def test_a_line_per_trial_test_and_domain(rig):
    rig.serve(reports={"7": measured(), "8": verdicts(test_("1", "WA"), test_("2", "AC"), verdict="WA")})
    header, *rows = [line.split(",") for line in rig.run("export", "--format", "csv", "7", "8")[1].splitlines()]
    rows = [dict(zip(header, row, strict=True)) for row in rows]
    tests = [row for row in rows if row["domain"] == "total"]
    first, last = tests[0], rows[-2:]
    assert len(tests) == 18 and {row["job"] for row in tests} == {"7"}
    assert (first["trial"], first["test"], first["energy_j"], first["iterations"]) == ("1", "a", "12", "2")
    assert [(row["test"], row["verdict"], row["domain"], row["energy_j"]) for row in last] == [("1", "WA", "", ""), ("2", "AC", "", "")]


def test_a_result_that_differs_at_its_top(rig):
    rig.serve(reports={"7": verdicts(test_("1", "WA", expected="3", got="2", where={"path": ""}), verdict="WA")})
    out = rig.run("show", "7")[1]
    assert "1 WA\n" in out and "WA, at" not in out


def test_what_is_refused_is_wrong_usage(rig, here):
    """By the service at once, or by what it hands the request on to; the advice is of the command that was used."""
    rig.serve(refuse=["bad"], programs={})
    code, _, err = rig.run("validate", "--label", "bad", "--tests", "tests", "./prog", cwd=here)
    assert code == 2 and "“joulectl validate --help” lists them all" in err
    told = verdicts(verdict=None)
    told["job"].update(result="failed", error={"name": "org.jouletrace.JouleTrace1.Error.InvalidRequest", "message": "files: twice"})
    rig.serve(reports={"7": told}, result="failed")
    code, out, _ = rig.run("validate", "--tests", "tests", "./prog", cwd=here)
    assert code == 2 and "files: twice" in out and "“joulectl validate --help” lists them all" in out
    assert rig.run("measure", "--tests", "tests", "./prog", cwd=here)[0] == 2


def test_a_cancelled_validation_has_no_verdict(rig):
    told = verdicts(test_("1", "AC"), test_("2", None), test_("3", "SKIPPED"), verdict=None)
    told["job"].update(result="cancelled", state="cancelled")
    rig.serve(reports={"7": told})
    out = rig.run("show", "7")[1]
    assert "  cancelled: 1 of 3 tests" in out and "?" not in out


@pytest.mark.parametrize("command", ["nosuch.c", "./nosuch", "nowhere/nosuch", "nosuch.py"])
def test_a_program_that_is_not_there_is_not_submitted(rig, here, command):
    rig.serve(programs={})
    code, out, err = rig.run("validate", "--tests", "tests", command, cwd=here)
    assert (code, out) == (2, "") and command in err and not rig.calls()


def test_a_command_of_the_box_is_left_to_it(rig, here):
    assert sent(rig, here, "--tests", "tests", "nosuchcommand")[0]["argv"] == ["nosuchcommand"]
    assert sent(rig, here, "--tests", "tests", "/usr/bin/nosuch.py")[0]["argv"] == ["/usr/bin/nosuch.py"]


@pytest.mark.parametrize("arguments, says", [
    (["--tests", "tests", "--function", "f,bogus=1", "sum.py"], "--function: bogus=1: there is no such key; there are: "),
    (["--tests", "tests", "--validator", "tokens,bogus", "sum.py"], "--validator: bogus: there is no such key; there are: "),
    (["--tests", "mixed.jsonl", "./prog"], "line 2: time_limit_ms is in some lines only"),
    (["--tests", "two.jsonl", "./prog"], "line 2: time_limit_ms is another one than in the lines before")])
def test_what_is_wrong_is_told(rig, here, arguments, says):
    run = {"stdin": "", "expected_stdout": ""}
    for name, limits in {"mixed": [{"time_limit_ms": 5}, {}], "two": [{"time_limit_ms": 5}, {"time_limit_ms": 6}]}.items():
        (here / f"{name}.jsonl").write_text("".join(json.dumps({**run, **limit}) + "\n" for limit in limits))
    code, _, err = rig.run("validate", *arguments, cwd=here)
    assert code == 2 and says in err
