# SPDX-License-Identifier: MIT
"""joulectl package, against a scripted service that knows how long each submission takes."""

import fcntl
import json
import math
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from joulectl_rig import TREE, Rig

EXAMPLES = TREE / "examples" / "problems"
SEALED = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


def write(top, files):
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


def package(top, limits="{time_limit: 1.0, memory: 64, output: 2}", **more):
    return write(top, {
        "problem.yaml": f"problem_format_version: 2025-09\nname: Sum\nlimits: {limits}\n",
        "data/sample/1.in": "1 2\n", "data/sample/1.ans": "3\n", "data/secret/1.in": "2 2\n", "data/secret/1.ans": "4\n",
        "submissions/accepted/sum.c": "int main(void) {}\n", "submissions/time_limit_exceeded/slow.py": "pass\n",
        "submissions/wrong_answer/off.cc": "// nothing\n", **more})


PROGRAMS = {"accepted/sum.c": {"verdict": "AC", "cpu_usec": 400000},
            "time_limit_exceeded/slow.py": {"verdict": "AC", "cpu_usec": 1600000},
            "wrong_answer/off.cc": {"verdict": "WA", "cpu_usec": 1000}}


def verify(rig, top, *options, programs=PROGRAMS, **scenario):
    rig.serve(programs=programs, **scenario)
    code, out, err = rig.run("--json", "package", "verify", *options, top)
    return code, {s["path"]: s for s in json.loads(out)["submissions"]} if out else None, err


def test_list(rig, tmp_path):
    code, out, err = rig.run("package", "list", package(tmp_path))
    assert (code, err) == (0, "")
    assert "time limit: 1.000 s; memory: 64 MiB; output: 2 MiB" in out
    assert [line.split() for line in out.splitlines()[-3:]] == [
        ["accepted/sum.c", "c", "AC"], ["time_limit_exceeded/slow.py", "python3", "TLE"],
        ["wrong_answer/off.cc", "cpp", "WA"]]
    told = json.loads(rig.run("--json", "package", "list", tmp_path)[1])
    assert [(test["name"], test["group"]) for test in told["tests"]] == [("sample/1", "sample"), ("secret/1", "secret")]
    assert told["cpu_limit_usec"] == 1000000 and told["output_max"] == 2 << 20


def test_list_of_an_archive(rig, tmp_path):
    package(tmp_path / "sum")
    with tarfile.open(tmp_path / "sum.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "sum", "sum")
    code, out, _ = rig.run("--json", "package", "list", tmp_path / "sum.tar.gz")
    assert code == 0 and out == rig.run("--json", "package", "list", tmp_path / "sum")[1]


def test_verify(rig, tmp_path):
    rig.serve(programs=PROGRAMS)
    code, out, err = rig.run("package", "verify", package(tmp_path))
    assert code == 0, out + err
    assert "Sum, time limit 1.000 s\n" in out and out.endswith("3 of 3 submissions as expected\n")
    rows = {row[0]: row[1:] for row in (line.split() for line in out.splitlines()) if "/" in row[0]}
    assert rows["accepted/sum.c"] == ["AC", "AC", "2/2", "400.0", "ms", "sample/1"]
    assert rows["time_limit_exceeded/slow.py"][:3] == ["TLE", "TLE", "0/2"]
    assert rows["wrong_answer/off.cc"][:3] == ["WA", "WA", "0/2"]


def test_what_is_sent(rig, tmp_path):
    code, _, err = verify(rig, package(tmp_path, **{
        "output_validator/check.py": "exit(42)\n", "data/secret/test_group.yaml": "output_validator_args: [strict]\n",
        "include/default/lib.h": "// theirs\n"}))
    assert code == 0, err
    first, second = [call["arguments"][0] for call in rig.calls("Validate")][:2]
    assert all(call["method"] == "Validate" for call in rig.calls() if call["method"] in ("Measure", "Validate"))
    # the two ways of judging are two jobs
    assert first["tests"] == [["sample/1", "1 2\n", "3\n"]] and second["tests"] == [["secret/1", "2 2\n", "4\n"]]
    assert first["files"] == [["sum.c", "int main(void) {}\n", 0o644], ["lib.h", "// theirs\n", 0o644]]
    assert first["validator"]["type"] == "kattis" and first["validator"]["language"] == "python3"
    assert first["validator"]["files"] == [["check.py", "exit(42)\n", 0o644]] and "args" not in first["validator"]
    assert second["validator"]["args"] == ["strict"]
    assert first["language"] == "c" and first["on-failure"] == "continue" and first["label"] == "accepted/sum.c"
    assert first["cpu-limit"] == 1000000 and first["memory-max"] == 64 << 20 and first["output-max"] == 2 << 20
    assert {line["blobs_seals"] for line in rig.lines() if "blobs_seals" in line} == {SEALED}


def test_default_validator(rig, tmp_path):
    package(tmp_path, **{"data/secret/test_group.yaml": "output_validator_args: [float_tolerance, 1e-4, case_sensitive]\n"})
    assert verify(rig, tmp_path)[0] == 0
    first, second = [call["arguments"][0]["validator"] for call in rig.calls("Validate")][:2]
    assert {first.get("type", "tokens"), second.get("type", "tokens")} == {"tokens"} and first["case-sensitive"] is False
    assert second["absolute"] == second["relative"] == 1e-4 and second.get("case-sensitive", True) is True


@pytest.mark.parametrize("path, program, why", [
    ("accepted/sum.c", {"verdict": "WA", "cpu_usec": 1}, "WA is not permitted"),
    ("accepted/sum.c", {"verdict": "AC", "cpu_usec": 1100000}, "TLE is not permitted"),
    ("accepted/sum.c", {"verdict": "CE", "cpu_usec": 1}, "CE is not permitted"),
    ("accepted/sum.c", {"verdict": "IE", "cpu_usec": 1, "result": "infrastructure"}, "the service could not judge it"),
    ("time_limit_exceeded/slow.py", {"verdict": "AC", "cpu_usec": 900000}, "no test got TLE"),
    ("time_limit_exceeded/slow.py", {"verdict": "RTE", "cpu_usec": 900000}, "RTE is not permitted"),
    ("wrong_answer/off.cc", {"verdict": "AC", "cpu_usec": 1}, "no test got WA"),
])
def test_not_as_expected(rig, tmp_path, path, program, why):
    code, told, _ = verify(rig, package(tmp_path), programs={**PROGRAMS, path: program})
    assert code == 1
    assert told[path]["why"] == why and not told[path]["as_expected"]
    assert all(told[other]["as_expected"] for other in PROGRAMS if other != path)


DIRECTORIES = {"wrong_answer": {"WA"}, "time_limit_exceeded": {"TLE", "WTL"}, "run_time_error": {"RTE", "MLE", "OLE", "SV", "XF"},
               "memory_limit_exceeded": {"MLE"}, "output_limit_exceeded": {"OLE"}, "security_violation": {"SV"},
               "compiler_error": {"CE"}}


@pytest.mark.parametrize("verdict", ["AC", "WA", "TLE", "WTL", "RTE", "MLE", "OLE", "SV", "XF", "CE"])
def test_each_directory_has_its_verdicts(rig, tmp_path, verdict):
    """A submission in each, and all of them get the same: right where the directory says so, red in every other."""
    paths = {f"{directory}/it.c": verdicts for directory, verdicts in DIRECTORIES.items()}
    package(tmp_path, **{f"submissions/{path}": "int main(void) {}\n" for path in paths})
    program = {"verdict": verdict, "cpu_usec": 1600000 if verdict in ("TLE", "WTL") else 1000}
    code, told, err = verify(rig, tmp_path, programs={**PROGRAMS, **{path: program for path in paths}})
    assert code == 1, err
    assert {path: told[path]["as_expected"] for path in paths} == {path: verdict in verdicts for path, verdicts in paths.items()}
    assert all(told[path]["as_expected"] for path in PROGRAMS)


def test_margins_are_noted(rig, tmp_path):
    programs = {**PROGRAMS, "accepted/sum.c": {"verdict": "AC", "cpu_usec": 800000},
                "time_limit_exceeded/slow.py": {"verdict": "AC", "cpu_usec": 1300000}}
    code, told, _ = verify(rig, package(tmp_path), programs=programs)
    assert code == 0
    assert "1.25 times its time; the package asks for 2" in told["accepted/sum.c"]["note"]
    # it is too slow at the limit, as its time says, although it was given more
    assert told["time_limit_exceeded/slow.py"]["verdict"] == "TLE"
    assert "1.5 times the limit" in told["time_limit_exceeded/slow.py"]["note"]
    # a package that asks for less has nothing to note
    limits = "{time_limit: 1.0, time_multipliers: {ac_to_time_limit: 1.2, time_limit_to_tle: 1.2}}"
    _, told, _ = verify(rig, package(tmp_path, limits), programs=programs)
    assert [told[path]["note"] for path in told] == [None] * 3


@pytest.mark.parametrize("limits, slowest, limit", [
    ("{}", 400000, 1000000), ("{}", 600000, 2000000), ("{time_resolution: 0.1}", 404000, 900000),
    ("{time_multipliers: {ac_to_time_limit: 5}, time_resolution: 0.5}", 400000, 2000000)])
def test_limit_from_the_submissions(rig, tmp_path, limits, slowest, limit):
    programs = {**PROGRAMS, "accepted/sum.c": {"verdict": "AC", "cpu_usec": slowest},
                "time_limit_exceeded/slow.py": {"verdict": "AC", "cpu_usec": limit * 2}}
    rig.serve(programs=programs)
    code, out, err = rig.run("--json", "package", "verify", package(tmp_path, limits))
    assert code == 0, out + err
    assert json.loads(out)["cpu_limit_usec"] == limit and json.loads(out)["limit_from"] == "submissions"
    requests = {call["arguments"][0]["label"]: call["arguments"][0] for call in rig.calls("Validate")}
    assert "cpu-limit" not in requests["accepted/sum.c"]
    # it has to be too slow even with the package's margin
    assert requests["time_limit_exceeded/slow.py"]["cpu-limit"] == limit * 3 // 2
    assert len(rig.calls("Validate")) == 3


def test_no_limit_to_be_had(rig, tmp_path):
    code, told, err = verify(rig, package(tmp_path, "{}"), programs={
        **PROGRAMS, "accepted/sum.c": {"verdict": "CE", "cpu_usec": 1}, "wrong_answer/off.cc": {"verdict": "CE", "cpu_usec": 1}})
    assert code == 1 and told is None and "--cpu-limit" in err


def test_options_go_before_the_package(rig, tmp_path):
    code, told, _ = verify(rig, package(tmp_path), "--cpu-limit", "300ms", "--memory-max", "128M")
    assert code == 1 and told["accepted/sum.c"]["verdict"] == "TLE"
    request = rig.calls("Validate")[0]["arguments"][0]
    assert request["cpu-limit"] == 300000 and request["memory-max"] == 128 << 20 and request["output-max"] == 2 << 20


def test_a_refused_submission_does_not_end_the_others(rig, tmp_path):
    code, told, err = verify(rig, package(tmp_path), refuse=["accepted/sum.c"])
    assert code == 1 and "label: is not liked" in err
    assert told["accepted/sum.c"]["why"] == "it was not run" and told["accepted/sum.c"]["verdict"] is None
    assert told["wrong_answer/off.cc"]["as_expected"]


def test_unknown_language(rig, tmp_path):
    code, told, err = verify(rig, package(tmp_path, **{"submissions/accepted/odd.xyz": ""}))
    assert code == 1 and "accepted/odd.xyz is not run: its language is not known here" in err
    assert told["accepted/odd.xyz"]["why"] == "it was not run"


def test_interrupted(rig, tmp_path):
    rig.serve(programs={label: {**program, "result": None} for label, program in PROGRAMS.items()})
    client = rig.popen("package", "verify", package(tmp_path))
    assert client.stderr.readline() == "1/3  job 7: queued\n"  # it knows the job, and can cancel it
    rig.interrupt(client)
    out, err = client.communicate(timeout=30)
    assert client.returncode == 130 and out == "" and "cancelling" in err
    assert len(rig.calls("Validate")) == 1 and rig.calls("Cancel")


def test_a_service_that_cannot_ends_it(rig, tmp_path):
    code, told, err = verify(rig, package(tmp_path), programs={
        "accepted/sum.c": {"verdict": "IE", "cpu_usec": 0, "result": "infrastructure", "error": "no box"}})
    assert (code, told) == (4, None) and err.endswith("joulectl: the service could not run job 7: no box\n")
    assert len(rig.calls("Validate")) == 1


def test_a_job_out_of_time_is_not_as_expected(rig, tmp_path):
    code, told, _ = verify(rig, package(tmp_path), programs={
        **PROGRAMS, "accepted/sum.c": {"verdict": "IE", "cpu_usec": 0, "result": "timeout", "error": "job-limit"}})
    assert code == 1 and told["accepted/sum.c"]["why"] == "it was not run" and told["wrong_answer/off.cc"]["as_expected"]


def test_service_gone(rig, tmp_path):
    rig.serve(programs=PROGRAMS, error=["org.jouletrace.JouleTrace1.Error.NotReady", "no"])
    assert rig.run("package", "verify", package(tmp_path))[0] == 4


@pytest.mark.parametrize("arguments, says", [
    ([], "list or verify"), (["lst", "."], "list or verify"), (["list"], "which package"), (["list", "a", "b"], "which package"),
    (["list", "--cpu-limit", "1s", "."], "verify"), (["list", "/nowhere/at/all"], "/nowhere/at/all: No such file"),
    (["verify", "--cpu-limit", "x", "."], "cpu-limit")])
def test_usage(rig, arguments, says):
    code, out, err = rig.run("package", *arguments)
    assert code == 2 and out == "" and says in err


def test_nothing_to_run(rig, tmp_path):
    write(tmp_path, {"1.in": "", "1.ans": ""})
    assert rig.run("package", "list", tmp_path)[0] == 0
    code, _, err = rig.run("package", "verify", tmp_path)
    assert code == 2 and "no submissions" in err


def test_escapes_do_not_reach_the_terminal(rig, tmp_path):
    package(tmp_path)
    (tmp_path / "problem.yaml").write_text('problem_format_version: 2025-09\nname: "a\\e[31mb"\n')
    _, out, _ = rig.run("package", "list", tmp_path)
    assert "\x1b" not in out and "a\\x1b[31mb" in out


def test_link_out_of_the_package(rig, tmp_path):
    package(tmp_path)
    os.symlink("/etc/passwd", tmp_path / "submissions" / "accepted" / "x.c")
    code, out, err = rig.run("package", "list", tmp_path)
    assert code == 2 and out == "" and "x.c: a link that leads out of the package" in err


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_examples_are_read(rig, name):
    told = json.loads(rig.run("--json", "package", "list", EXAMPLES / name)[1])
    assert told["tests"] and told["notes"] == []
    assert {s["expected"] for s in told["submissions"]} >= {"AC", "WA", "TLE"}
    paths = {s["path"] for s in told["submissions"]}
    assert {path.split("/")[0] for path in paths} >= {"accepted", "wrong_answer", "time_limit_exceeded", "run_time_error",
                                                     "memory_limit_exceeded", "output_limit_exceeded"}
    # 0.8 and 1.3 times of the limit
    assert paths >= {"accepted/in_time.c", "time_limit_exceeded/late.c"}
    assert None not in {s["language"] for s in told["submissions"]} | {s["expected"] for s in told["submissions"]}


def test_examples_are_of_both_formats_and_each_kind_of_judging(rig):
    told = {path.name: json.loads(rig.run("--json", "package", "list", path)[1]) for path in EXAMPLES.iterdir() if path.is_dir()}
    assert {package["format"] for package in told.values()} == {"2025-09", "legacy"}
    judged = {test["judged_by"] for package in told.values() for test in package["tests"]}
    assert any("absolute" in how for how in judged) and any("kattis" in how for how in judged) and "tokens" in str(judged)


class Program:
    """A submission as it behaves without any service, for those that need no limit to end."""

    def __init__(self, source, directory):
        self.argv = ["/usr/bin/python3", source] if source.suffix == ".py" else [directory / "program"]
        if source.suffix == ".c":
            subprocess.run(["gcc", "-O2", "-w", "-o", directory / "program", source, "-lm"], check=True)

    def verdict(self, package, test):
        run = subprocess.run(self.argv, stdin=test.open(), capture_output=True, timeout=60)
        if run.returncode != 0:
            return "RTE"
        answer, feedback = test.with_suffix(".ans"), Path(tempfile.mkdtemp())
        if (package / "output_validator").exists():
            code = subprocess.run(["/usr/bin/python3", package / "output_validator" / "check.py", test, answer, feedback],
                                  input=run.stdout, timeout=60).returncode
            return {42: "AC", 43: "WA"}[code]
        return "AC" if self.same(run.stdout.decode().split(), answer.read_text().split(), package.name == "spread") else "WA"

    @staticmethod
    def same(got, expected, numbers):
        if not numbers:
            return got == expected
        return len(got) == len(expected) and all(math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-6)
                                                 for a, b in zip(got, expected))


SOURCES = [path for folder in ("accepted", "wrong_answer", "run_time_error") for path in EXAMPLES.glob(f"*/submissions/{folder}/*")
           if path.suffix in (".c", ".py")]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_examples_do_what_their_directory_says(source, tmp_path):
    package, program = source.parents[2], Program(source, tmp_path)
    tests = sorted(package.glob("data/**/*.in"))
    seen = {program.verdict(package, test) for test in tests[:1 if source.stem == "in_time" else None]}
    required = {"accepted": "AC", "wrong_answer": "WA", "run_time_error": "RTE"}[source.parent.name]
    assert required in seen and seen <= {"AC", required}


def test_limits_that_are_not_used_are_noted(rig, tmp_path):
    """With what validators and compilers have instead, as the worker has it."""
    top = package(tmp_path / "sum", "{time_limit: 1, validation_time: 120, validation_memory: 9, compilation_time: 5, code: 128}")
    out = rig.run("package", "list", top)[1]
    note = {line.split(":")[0].strip(): line for line in out.splitlines() if "not used" in line}
    assert set(note) == {"validation_time, validation_memory", "compilation_time", "code"}

    def limits(name, macro):
        text = re.search(rf"#define {macro}(.*?)\n\n", (TREE / "worker" / name).read_text(), re.S)[1]
        number = lambda key: eval(re.search(rf"\.{key} = (.*?),? +\\", text + " \\")[1].replace("UINT64_C", "").replace("USEC_PER_SEC", "1").replace("1U", "1"))
        return f"{number('cpu_usec')} s of CPU time, {number('wall_usec')} s, {number('memory_max') >> 30} GiB of memory and {number('output_max') >> 20} MiB of output"
    assert limits("judging.c", "VALIDATOR_LIMITS") in note["validation_time, validation_memory"]
    assert limits("pipeline-validate.c", "COMPILER_LIMITS") in note["compilation_time"]
    rig.serve(programs=PROGRAMS)
    assert "validation_time, validation_memory: not used" in rig.run("package", "verify", top)[2]
    assert "not used" not in rig.run("package", "list", package(tmp_path / "plain"))[1]
