# SPDX-License-Identifier: MIT
"""joulectl compare, against a scripted service and reports in files."""

import json

import pytest

from joulectl_rig import Rig, report

CPU = {"cpu": "Some CPU", "kernel": "6.1.0", "governor": "performance"}


def spread(job, joules, trials=9, environment=None, **options):
    """A report whose trials differ by up to one per cent."""
    made = report(job, joules=joules, **options)
    made["environment"] = environment or CPU
    del made["measurement"]["trials"][trials:]
    for i, trial in enumerate(made["measurement"]["trials"]):
        trial["total_uj"] = round(joules * 1e6 * (1 + i / 1000))
    return made


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    rig.serve(reports={str(r["job"]["id"]): r for r in (
        spread(1, 10.0, argv=["./old"]), spread(2, 10.5, label="new"), spread(3, 9.0), spread(4, 10.02), spread(5, 12.0, trials=1),
        spread(6, 10.0, environment={**CPU, "kernel": "6.12.0", "turbo": True}), report(7, result="failed", joules=None))})
    yield rig
    rig.close()


def test_words_and_caveat(rig):
    code, out, err = rig.run("compare", "--stored", 1, 2, 3, 4)
    assert (code, err) == (0, "")
    rows = out.splitlines()
    assert "./old" in rows[1] and "%" not in rows[1]
    assert "new" in rows[2] and "+5.0 %" in rows[2] and rows[2].endswith("regressed")
    assert "-10.0 %" in rows[3] and rows[3].endswith("improved")
    assert rows[4].endswith(("no change detected", "change within the noise threshold"))
    assert "one after the other, not in turns" in " ".join(out.split())


def test_json(rig):
    code, out, _ = rig.run("--json", "compare", "--stored", 1, 2, 3)
    comparison = json.loads(out)
    assert code == 0 and comparison["of"] == "total_j" and comparison["interleaved"] is False
    first, regressed, improved = comparison["results"]
    assert (first["job"], first["change"], first["word"]) == (1, None, None)
    assert (regressed["trials"], regressed["word"], improved["word"]) == (9, "regressed", "improved")
    assert regressed["change"] == pytest.approx(0.05, abs=1e-3) and regressed["low"] < 0.05 < regressed["high"]
    assert regressed["p_adjusted"] == pytest.approx(2 * regressed["p"]) and regressed["threshold"] == 0.01


@pytest.mark.parametrize("options, ids, code", [
    ([], [1, 2], 0), (["--fail-above", "2%"], [1, 2], 1), (["--fail-above", "0.06"], [1, 2], 0),
    (["--fail-above", "2%"], [1, 3], 0), (["--fail-below", "2%"], [1, 3], 1), (["--fail-below", "20%"], [1, 3], 0),
    # what is no finding fails nothing
    (["--fail-above", "0.01%", "--fail-below", "0.01%"], [1, 4], 0),
    ([], [1, 5], 5), (["--fail-above", "2%"], [1, 5, 2], 1), (["--fail-above", "2%"], [1, 2, 5], 1)])
def test_exit_status(rig, options, ids, code):
    assert rig.run("compare", "--stored", *options, *ids)[0] == code


def test_other_conditions_are_refused(rig):
    code, out, err = rig.run("compare", "--stored", 1, 6)
    assert (code, out) == (2, "")
    assert err.splitlines()[1:3] == ['  kernel: "6.1.0" and "6.12.0"', "  turbo: unknown and true"]


def test_files(rig, tmp_path):
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(spread(9, 10.0)), encoding="utf-8")
    code, out, _ = rig.run("--json", "compare", "--stored", path, 2)
    assert code == 0 and [r["job"] for r in json.loads(out)["results"]] == [9, 2]


@pytest.mark.parametrize("arguments, says", [
    (["1"], "which programs?"), (["a"] * 9, "at most 8 programs"), (["'a", "b"], "'a” is no command line"),
    (["--trials", "0", "a", "b"], "trials: 0 is out of range"), (["--cpu-limit", "x", "a", "b"], "cpu-limit"),
    (["--submission", "x", "a", "b"], "--submission"), (["--candidate-id", "x", "a", "b"], "--candidate-id"),
    (["--stored", "--trials", "6", "1", "2"], "--stored runs nothing"), (["--stored", "--tests", ".", "1", "2"], "--stored runs nothing"),
    (["--stored", "1"], "two jobs or more"), (["--stored", "1", "0"], "no job"),
    (["--stored", "1", "7"], "7 cannot be compared: the job did not end well"),
    (["--stored", "--fail-below", "100%", "1", "2"], "fail-below: 1 is out of range; more than 0 and less than 1"),
    (["--stored", "--fail-above", "x", "1", "2"], "a share such as 0.02 or 2%"),
    (["--stored", "--fail-above", "2", "1", "2"], "fail-above: \"2\" has no percent sign")])
def test_wrong_usage(rig, arguments, says):
    code, out, err = rig.run("compare", *arguments)
    assert (code, out) == (2, "") and says in err


# ---- programs ----

def compared(words=("regressed",), result="done", error=None):
    """A comparison's report: the first program, and one for each word."""
    candidates = [report(7, joules=10.0, argv=["./old"]), *(report(7, joules=10.5, argv=["./new"]) for _ in words)]
    for one in candidates:
        del one["job"], one["schema"]
    changes = [{"candidate": i + 2, "against": 1, "pairs": 9, "change": 0.05, "ci95": [0.04, 0.06], "sigma_pair": 0.01, "p": 0.004,
                "p_adjusted": 0.004, "word": word} for i, word in enumerate(words)]
    whole = report(7, result=result)
    whole["job"].update(kind="compare", error=error)
    return {**whole, "program": None, "measurement": None, "validation": None,
            "comparison": {"of": "total_j", "seed": 1, "order": [[1, 2]] * 9, "threshold": 0.01, "noise_floor": None, "test": "sign test",
                           "adjustment": None, "changes": changes, "candidates": candidates}}


@pytest.fixture
def programs():
    rig = Rig()
    yield rig
    rig.close()


def test_programs_of_the_caller(programs, tmp_path):
    programs.serve(reports={"7": compared()}, progress=[("warming", 1, 4, 0.1, {}), ("measuring", 3, 18, 0.4, {})])
    code, out, err = programs.run("compare", "--cpu-limit", "2s", "./old -n 5", "sh -c 'echo \"a b\"'", "--careful", "--fail-above=3%",
                                  "--label", "both", cwd=tmp_path, input="words")
    assert code == 0 and "+5.0 %" in out and out.splitlines()[3].endswith("regressed")
    assert "measuring 3/18" in err
    call, = programs.calls("Compare")
    candidates, options = call["arguments"]
    assert [c["argv"] for c in candidates] == [["./old", "-n", "5"], ["sh", "-c", 'echo "a b"']]
    assert [c["candidate-id"] for c in candidates] == ["./old -n 5", "sh -c 'echo \"a b\"'"]
    for candidate in candidates:
        assert candidate["stdin"] == "words" and candidate["cwd"] == str(tmp_path) and candidate["cpu-limit"] == 2_000_000
        assert any(variable.startswith("PATH=") for variable in candidate["env"])
        assert not {"trials", "label", "fail-above"} & set(candidate)
    assert options["trials"] == 20 and options["label"] == "both" and options["fail-above"] == pytest.approx(0.03)
    assert not {"argv", "cpu-limit", "cwd", "stdin"} & set(options)


def test_programs_on_tests(programs, tmp_path):
    """Each is sent along by itself, on the same tests."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "1.in").write_text("2\n")
    (tmp_path / "tests" / "1.ans").write_text("4\n")
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(f"# {name}\n")
    programs.serve(reports={"7": compared(["improved"])})
    code, out, err = programs.run("compare", "--tests", "tests", "--validator", "tokens,absolute=1e-6", "a.py", "b.py", cwd=tmp_path)
    assert code == 0 and "improved" in out
    (first, second), _ = programs.calls("Compare")[0]["arguments"]
    assert first["files"] == [["a.py", "# a.py\n", 0o644]] and second["files"] == [["b.py", "# b.py\n", 0o644]]
    assert first["language"] == second["language"] == "python3"
    assert first["tests"] == second["tests"] == [["1", "2\n", "4\n"]]
    assert first["validator"]["absolute"] == second["validator"]["absolute"] == 1e-6, "also that of the second program"
    assert "stdin" not in first and "cwd" not in first


@pytest.mark.parametrize("result, code", [("done", 0), ("failed", 1), ("unstable", 5), ("timeout", 124), ("infrastructure", 4)])
def test_exit_status_of_programs(programs, result, code):
    programs.serve(reports={"7": compared(result=result)}, result=result)
    assert programs.run("compare", "--fail-above", "2%", "a", "b")[0] == code


def test_json_of_programs(programs):
    programs.serve(reports={"7": compared(["no change detected", "improved"])})
    code, out, _ = programs.run("--json", "compare", "a", "b", "c")
    assert code == 0 and [c["word"] for c in json.loads(out)["comparison"]["changes"]] == ["no change detected", "improved"]


def test_detached_programs(programs):
    programs.serve()
    assert programs.run("compare", "--detach", "a", "b") == (0, "7\n", "")
    assert programs.calls("Compare")[0]["arguments"][1]["detach"] is True and not programs.calls("GetReport")


def test_prepare_before_programs(programs, tmp_path):
    programs.serve(reports={"7": compared()})
    assert programs.run("compare", "--prepare", "touch there", "a", "b", cwd=tmp_path)[0] == 0
    assert (tmp_path / "there").exists()
    assert programs.run("compare", "--prepare", "exit 3", "a", "b")[0] == 1
    assert len(programs.calls("Compare")) == 1


def test_eight_programs_with_input_fit_in_a_message(programs):
    """Two descriptors each are the sixteen that a message passes."""
    programs.serve(reports={"7": compared()})
    code, _, err = programs.run("compare", *("cat" for _ in range(8)), input="words")
    assert code == 0, err
    assert len(programs.calls("Compare")[0]["arguments"][0]) == 8
