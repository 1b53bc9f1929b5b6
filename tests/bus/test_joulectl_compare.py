# SPDX-License-Identifier: MIT
"""joulectl compare --stored, against a scripted service and reports in files."""

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
    (["1", "2"], "--stored is missing"), (["--stored", "1"], "two jobs or more"), (["--stored", "1", "0"], "no job"),
    (["--stored", "1", "7"], "7 cannot be compared: the job did not end well"),
    (["--stored", "--fail-below", "1", "1", "2"], "fail-below: 1 is out of range; more than 0 and less than 1"),
    (["--stored", "--fail-above", "x", "1", "2"], "a number such as 0.01")])
def test_wrong_usage(rig, arguments, says):
    code, out, err = rig.run("compare", *arguments)
    assert (code, out) == (2, "") and says in err
