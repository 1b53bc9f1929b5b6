# SPDX-License-Identifier: MIT
"""joulectl batch and joulectl score, against a scripted service."""

import json
import os
import re

import pytest

from joulectl_rig import BUILD, TREE, Rig, report
from test_joulectl_package import PROGRAMS, package

BODY = {"candidate_code": "def solve(x):\n    return x\n",
        "test_cases": [{"inputs": [1], "expected_output": 1, "test_id": "one", "metadata": {"n": 1}}]}


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


def lines(path, *requests):
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in requests))
    return path


def own(label, **more):
    return {"argv": ["true"], "label": label, **more}


def told(label, result="done", **more):
    return {label: {"result": result, "report": report(result=result, label=label, **more)}}


def results(path):
    return json.loads((path.parent / (path.name + ".results.json")).read_text())


def test_all_forms(rig, tmp_path):
    package(tmp_path / "sum")
    batch = lines(tmp_path / "b.jsonl", own("first", trials=3, **{"cpu-limit": "2s", "stdin": "a\0b\n"}), "", {**BODY, "candidate_id": "c7"},
                  {"problem": "sum", "submission": "accepted/sum.c", "trials": 4})
    rig.serve()
    code, out, err = rig.run("batch", batch)
    assert code == 0, out + err
    first, second, third = [call["arguments"][0] for call in rig.calls("Measure")]
    assert first["argv"] == ["true"] and first["trials"] == 3 and first["cpu-limit"] == 2000000 and first["label"] == "first"
    assert bytes(first["stdin"]) == b"a\0b\n" and first["cwd"] == os.getcwd() and first["env"]
    assert second["function"] == {} or second["function"]["name"] == "solve"
    assert second["files"] == [["candidate.py", BODY["candidate_code"], 0o644]] and second["tests"] == [["one", "[1]", "1"]]
    assert second["trials"] == 5 and second["warmups"] == 2 and second["wall-limit"] == 30000000 and second["candidate-id"] == "c7"
    assert "cwd" not in second and not second["env"]
    assert third["language"] == "c" and len(third["tests"]) == 2 and third["trials"] == 4
    saved = results(batch)
    assert saved["schema"] == "org.jouletrace.batch/1" and saved["total"] == 3
    assert [(item["line"], item["name"], item["result"], item["energy_j"]) for item in saved["items"]] == [
        (1, "first", "done", 12.345), (3, "c7", "done", 12.345), (4, "accepted/sum.c", "done", 12.345)]
    assert "3 of 3 requests have their result" in out and [line.split()[:3] for line in out.splitlines()[1:4]] == [
        ["1", "7", "first"], ["3", "7", "c7"], ["4", "7", "accepted/sum.c"]]


def test_what_is_finished_is_not_run_again(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("a"), own("b"), own("a"))
    rig.serve(by_label={**told("a"), **told("b", "failed", joules=None)})
    assert rig.run("batch", batch)[0] == 1
    assert len(rig.calls("Measure")) == 3

    rig.serve()
    code, out, _ = rig.run("--json", "batch", batch)
    assert code == 1 and rig.calls("Measure") == []
    assert [item["result"] for item in json.loads(out)["items"]] == ["done", "failed", "done"]
    assert json.loads(out) == results(batch)

    # a line that moved is known again, a changed one and a third equal one are new
    lines(batch, own("new"), own("a"), own("a"), own("a"), own("b", trials=5))
    rig.serve(by_label={**told("new"), **told("a"), **told("b")})
    assert rig.run("batch", batch)[0] == 0
    assert [call["arguments"][0]["label"] for call in rig.calls("Measure")] == ["new", "a", "b"]
    assert [item["line"] for item in results(batch)["items"]] == [1, 2, 3, 4, 5]

    rig.serve()
    assert rig.run("batch", "--again", batch)[0] == 0 and len(rig.calls("Measure")) == 5


def test_no_service_is_needed_when_all_is_done(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("a"))
    rig.serve()
    assert rig.run("batch", batch)[0] == 0
    rig.stop_service()
    assert rig.run("batch", batch)[0] == 0


def test_interrupted_and_taken_up(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("a"), own("b"), own("c"))
    rig.serve(by_label={**told("a"), "b": {"result": None, "report": report()}})
    client = rig.popen("batch", batch)
    for _ in range(2):  # it says so once it knows the job, and can cancel it
        assert client.stderr.readline().endswith("job 7: queued\n")
    rig.interrupt(client)
    out, err = client.communicate(timeout=30)
    assert client.returncode == 130 and "1 of 3 requests have their result" in out and "goes on from here" in err
    assert rig.calls("Cancel") and len(rig.calls("Measure")) == 2
    assert [item["name"] for item in results(batch)["items"]] == ["a"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.jsonl", "b.jsonl.results.json"]

    rig.serve()
    assert rig.run("batch", batch)[0] == 0
    assert [call["arguments"][0]["label"] for call in rig.calls("Measure")] == ["b", "c"]


@pytest.mark.parametrize("result, code", [("infrastructure", 4), ("cancelled", 130)])
def test_what_was_not_its_own_fault_is_tried_again(rig, tmp_path, result, code):
    batch = lines(tmp_path / "b.jsonl", own("a"), own("b"), own("c"))
    rig.serve(by_label={**told("a"), **told("b", result)})
    assert rig.run("batch", batch)[0] == code
    assert len(rig.calls("Measure")) == 2 and [item["name"] for item in results(batch)["items"]] == ["a"]
    rig.serve(by_label={**told("b"), **told("c", "unstable")})
    assert rig.run("batch", batch)[0] == 1
    assert [item["result"] for item in results(batch)["items"]] == ["done", "done", "unstable"]


def test_service_vanishes(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("a"))
    rig.serve(vanish=True)
    code, _, err = rig.run("batch", batch)
    assert code == 4 and err and not (tmp_path / "b.jsonl.results.json").exists()


def test_refused_requests_do_not_end_it(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("bad"), own("good"))
    rig.serve(refuse=["bad"])
    code, out, err = rig.run("batch", batch)
    assert code == 1 and "label: is not liked" in err
    assert [(item["result"], item["job"]) for item in results(batch)["items"]] == [("refused", None), ("done", 7)]


def test_validate(rig, tmp_path):
    package(tmp_path / "sum")
    batch = lines(tmp_path / "b.jsonl", BODY, {"problem": "sum", "submission": "wrong_answer/off.cc", "label": "wrong_answer/off.cc"})
    rig.serve(programs=PROGRAMS)
    assert rig.run("batch", "--validate", batch)[0] == 1
    assert not rig.calls("Measure") and rig.calls("Validate")[0]["arguments"][0]["wall-limit"] == 10000000
    assert [(item["result"], item["verdict"]) for item in results(batch)["items"]] == [("done", "AC"), ("failed", "WA")]


@pytest.mark.parametrize("bad, says", [
    ("{", "line 2: not JSON"), ("[]", "line 2: no JSON object"), ({"label": "x"}, "line 2: argv: it is missing"),
    ({"argv": []}, "line 2: argv: give a list"), ({"argv": ["a", 1]}, "line 2: argv: give a list"),
    ({"argv": ["a"], "trails": 1}, "line 2: trails: there is no such key; did you mean trials?"),
    ({"argv": ["a"], "trials": 0}, "line 2: trials"), ({"argv": ["a"], "trials": [1]}, "line 2: trials"),
    ({"argv": ["a"], "detach": True}, "line 2: detach: cannot be said in a file"), ({"argv": ["a"], "env": []}, "line 2: env"),
    ({"problem": "nowhere", "submission": "a"}, "nowhere: No such file"), ({"problem": "nowhere"}, "submission is missing"),
    ('{"argv": ["a"], "trials": 1, "trials": 2}', "line 2: trials: it comes twice"),
    ({**BODY, "timeout_seconds": 0}, "line 2: timeout_seconds: 0 is not a whole number from 1 to 300")])
def test_all_lines_are_read_first(rig, tmp_path, bad, says):
    batch = lines(tmp_path / "b.jsonl", own("a"), bad)
    rig.serve()
    code, out, err = rig.run("batch", batch)
    assert code == 2 and out == "" and says in err and rig.calls() == []


def test_results_of_something_else_are_not_overwritten(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("a"))
    other = tmp_path / "other.json"
    other.write_text('{"schema": "mine"}')
    rig.serve()
    code, _, err = rig.run("batch", "--output", other, batch)
    assert code == 2 and "no results of a batch" in err and other.read_text() == '{"schema": "mine"}' and rig.calls() == []


def test_results_that_cannot_be_saved(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("a"), own("b"))
    rig.serve()
    code, _, err = rig.run("batch", "--output", tmp_path / "nowhere" / "r.json", batch)
    assert code == 4 and "cannot be saved" in err and len(rig.calls("Measure")) == 1


def test_progress_says_which(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("a"), own("b"))
    rig.serve(progress=[["measuring", 3, 9, 0.5, {}]])
    _, _, err = rig.run("--progress=json", "batch", batch)
    told = [json.loads(line) for line in err.splitlines()]
    assert [(line["item"], line["items"]) for line in told if line["phase"] == "measuring"] == [(1, 2), (2, 2)]
    (tmp_path / "b.jsonl.results.json").unlink()
    assert "2/2  job 7: measuring 3/9" in rig.on_terminal("batch", str(batch))[1]


def test_usage(rig, tmp_path):
    for arguments in ([], ["a", "b"], [tmp_path / "nowhere"], [lines(tmp_path / "empty", "")]):
        code, out, err = rig.run("batch", *arguments)
        assert code == 2 and out == "" and err


def test_score_of_jobs(rig):
    rig.serve(reports={"1": report(1, joules=1.14, seconds=6e-6), "2": report(2, joules=2.13, seconds=20.6e-3, simulated=True),
                       "3": report(3, "failed", joules=None), "4": report(4, joules=None), "5": report(5, "unstable")})
    code, out, _ = rig.run("score", 1, 2, 3, 4, 5)
    assert code == 0
    rows = [line.split() for line in out.splitlines()[1:]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5"]
    assert "0.7350" in rows[0] and "0.3136" in rows[1] and "(modelled)" in rows[1] and "0.0000" in rows[2]
    # a correct program whose energy nobody knows does not score 0
    assert out.splitlines()[4].endswith("no energy is known") and "not stable" in out.splitlines()[5]
    assert out.splitlines()[0].split() == ["Job", "Energy", "Time", "Score"] and "?" not in out  # as in all tables: what is unknown is empty
    scores = [job["score"] for job in json.loads(rig.run("--json", "score", 1, 2, 3, 4, 5)[1])]
    assert scores[0] == pytest.approx(0.735024832) and scores[2:] == [0, None, None]


def test_score_of_files_and_options(rig, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report(joules=2.0, seconds=0.02)))
    rig.stop_service()

    def score(*options):
        code, out, err = rig.run("--json", "score", *options, path)
        assert code == 0, err
        return json.loads(out)[0]["score"]
    assert score("--reference-energy", "2", "--reference-time", "0.02") == pytest.approx(0.5)
    assert score("--reference-energy", "0.01") == 0 and score("--reference-energy", "0.01", "--cutoff", "1000") > 0
    even = ["--energy-exponent", "1", "--time-exponent", "1", "--beta", "1"]
    assert score(*even) == pytest.approx(1 / 3)
    assert len({score(*even[:2]), score(*even[2:4]), score(*even[4:]), score()}) == 3  # 1 is time's exponent anyway


@pytest.mark.parametrize("arguments", [[], ["0"], ["/nowhere/at/all"], ["--beta", "0", "1"], ["--beta", "x", "1"],
                                       ["--cutoff", "inf", "1"], ["4294967296"]])
def test_score_usage(rig, arguments):
    code, out, err = rig.run("score", *arguments)
    assert code == 2 and out == "" and err


def test_score_of_no_report(rig, tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{}")
    code, out, err = rig.run("score", path)
    assert code == 2 and out == "" and "is no report" in err


def test_the_manual_names_every_field_of_the_original():
    fields = re.findall(r'\{ "(\w+)", BODY_', (TREE / "client" / "problem" / "problem-request.c").read_text())
    page = re.sub(r"\\f[BIR]|\\&|\\(?=[-.'_])", "", (BUILD / "man" / "joulectl.1").read_text())
    assert len(fields) == 16 and [field for field in fields if field not in page] == []


@pytest.mark.parametrize("first, second", [(["--validate"], []), ([], ["--validate"])])
def test_what_was_validated_has_not_been_measured(rig, tmp_path, first, second):
    """Nor the other way round; and neither loses what the other found."""
    batch = lines(tmp_path / "b.jsonl", {**BODY, "function_name": "solve"})
    method = {"": "Measure", "--validate": "Validate"}
    for options in (first, second):
        rig.serve(programs={})
        assert rig.run("batch", *options, batch)[0] == 0
        assert [call["method"] for call in rig.calls()][:1] == [method["".join(options)]]
    for options in (first, second):
        rig.serve(programs={})
        code, out, _ = rig.run("--json", "batch", *options, batch)
        assert code == 0 and rig.calls() == [] and len(json.loads(out)["items"]) == 1
    assert len(results(batch)["items"]) == 1 and len(results(batch)["others"]) == 1


METADATA = {"difficulty": 3, "big": 123456789012345678901234567890, "why": "edge"}


def test_metadata_comes_back_with_the_failures(rig, tmp_path):
    text = '{"difficulty": 3, "big": 123456789012345678901234567890, "why": "edge"}'
    body = ('{"candidate_code": "def solve(x): return 2", "candidate_id": "c7", "test_cases": ['
            '{"inputs": [1], "expected_output": 2, "test_id": "one", "metadata": {"n": 1}},'
            '{"inputs": [2], "expected_output": 3, "test_id": "two", "metadata": %s}]}' % text)
    tests = [{"name": "one", "verdict": "AC"}, {"name": "two", "verdict": "WA", "inputs": "[2]", "expected": "3", "got": "2", "where": {"path": ""}}]
    told = {**report(result="failed", joules=None), "validation": {"verdict": "WA", "passed": 1, "total": 2, "tests": tests}}
    rig.serve(reports={"7": told}, result="failed")
    batch = lines(tmp_path / "b.jsonl", body)
    assert rig.run("batch", batch)[0] == 1
    assert text in (tmp_path / "b.jsonl.results.json").read_text()
    item, = results(batch)["items"]
    assert item["failures"] == [{**tests[1], "metadata": METADATA}]
    (tmp_path / "b.jsonl").write_text((tmp_path / "b.jsonl").read_text() + body.replace("c7", "c8") + "\n")
    assert rig.run("batch", batch)[0] == 1 and results(batch)["items"][0] == item

    (tmp_path / "body.json").write_text(body)
    code, out, err = rig.run("--json", "measure", "--request", tmp_path / "body.json")
    assert code == 1 and text in out, err
    assert [test["metadata"] for test in json.loads(out)["validation"]["tests"]] == [{"n": 1}, METADATA]
    code, out, _ = rig.run("measure", "--request", tmp_path / "body.json")
    assert '"why": "edge"' in out and "two WA\n" in out
    (tmp_path / "long.json").write_text(body.replace("edge", "edge" * 100))
    out = rig.run("measure", "--request", tmp_path / "long.json")[1]
    assert "two WA\n" in out and "edge" not in out


def test_small_figures_are_not_zero(rig, tmp_path):
    batch = lines(tmp_path / "b.jsonl", own("a"), own("b"), own("c"), own("d"))
    rig.serve(by_label={**told("a", joules=0.334e-6, simulated=True), **told("b", joules=7.46e-3), **told("c", joules=0.043),
                        **told("d", "failed", joules=None, simulated=True)})
    out = rig.run("batch", batch)[1].splitlines()
    assert "0.334 µJ" in out[1] and "(modelled)" in out[1] and "7.460 mJ" in out[2] and " 43 mJ" in out[3]
    assert "J" not in out[4].split("b.jsonl")[0].replace("Job", "") and "(modelled)" not in out[4]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report(joules=0.334e-6, simulated=True)))
    assert "0.3 µJ" in rig.run("score", path)[1]
    path.write_text(json.dumps(report(result="failed", joules=None, simulated=True)))
    assert "(modelled)" not in rig.run("score", path)[1]
    rig.serve(records=[{"id": 3, "state": "completed", "result": "done", "total-energy": 0.334e-6, "wall": 0.2, "simulated": True}])
    assert "0.334 µJ" in rig.run("jobs", "--all")[1]


@pytest.mark.parametrize("text, says", [("{", "is no report: not JSON"), ("{}", "is no report: JSON of something else"),
                                        ('{"schema": "org.jouletrace.report/1"', "is no report: not JSON"), ("[]", "is no report")])
def test_what_is_no_report_is_said(rig, tmp_path, text, says):
    path = tmp_path / "x.json"
    path.write_text(text)
    code, out, err = rig.run("score", path)
    assert code == 2 and out == "" and says in err and "Bad message" not in err and "Protocol" not in err


@pytest.mark.parametrize("option", ["--reference-energy", "--reference-time", "--energy-exponent", "--time-exponent", "--beta", "--cutoff"])
def test_score_names_the_option(rig, option):
    code, _, err = rig.run("score", option, "0", "1")
    assert code == 2 and f"{option}: “0” is no number above 0" in err
