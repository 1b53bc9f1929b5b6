# SPDX-License-Identifier: MIT
"""joulectl plan: how many pairs a comparison needs, and where the noise it takes comes from."""

import json
import math
import re

import pytest

from joulectl_rig import Rig, report


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


def plan(rig, *arguments):
    code, out, err = rig.run("--json", "plan", *arguments)
    assert (code, err) == (0, "")
    return json.loads(out)


def spread(step=0.01, **more):
    body = report(**more)
    for i, trial in enumerate(body["measurement"]["trials"]):  # nine: MAD of two steps
        trial["total_uj"] = round(1e9 * math.exp((i - 4) * step))
    return body


def test_noise_as_given(rig):
    rig.stop_service()  # is not asked
    # R 4.2, as tests/unit/test-plan.c: 17 pairs for an effect of one standard deviation
    sigma = 100 * math.log1p(0.01)
    body = plan(rig, "--effect", "1%", f"--noise={sigma}%")
    assert body["pairs"] == 17 and isinstance(body["pairs"], int) and body["noise_from"] == "option" and body["power"] == 0.8
    assert plan(rig, "--effect", "-1 %", "--noise", "1%")["pairs"] == 17
    out = rig.run("plan", "--effect=2%", "--noise=1%")[1]
    assert out == ("6 pairs find a change of 2 % in at least 80 % of comparisons.\n"
                   "Noise of a pair: 1 %, as given.\n")
    out = rig.run("plan", "--effect=0.01%", "--noise=5%")[1]
    assert out.startswith("Not even 10000 pairs find a change of 0.01 %")
    assert plan(rig, "--effect=0.01%", "--noise=5%")["pairs"] is None


def test_an_effect_within_the_threshold_is_told(rig):
    assert "beyond the threshold of 1 %" in rig.run("plan", "--effect=1%", "--noise=1%")[1]
    assert "threshold" not in rig.run("plan", "--effect=1.1%", "--noise=1%")[1]


def test_pairs_that_name_the_change(rig):
    """compare says "regressed" of a change that is significant and beyond 1 %: 12 pairs do so in 65 % of comparisons."""
    body = plan(rig, "--effect", "1.2%", "--noise", "1%")
    assert body["pairs"] == 28 and body["named"] is True and body["threshold"] == 0.01
    assert rig.run("plan", "--effect=1.2%", "--noise=1%")[1].startswith("28 pairs find a change of 1.2 %")


def test_a_change_that_no_number_of_pairs_names(rig):
    body = plan(rig, "--effect", "1.01%", "--noise", "2%")
    assert body["pairs"] == 51 and body["named"] is False
    out = rig.run("plan", "--effect=1.01%", "--noise=2%")[1]
    assert "larger by so little that not even 10000 pairs call it so" in out.replace("\n", " ")
    assert plan(rig, "--effect=1%", "--noise=1%")["named"] is False
    assert plan(rig, "--effect=0.01%", "--noise=5%")["named"] is None


def test_calibration(rig):
    rig.serve(calibration={"noise-floor": math.expm1(1.959963984540054 * 0.02), "measured": 1700000000000000})
    body = plan(rig, "--effect", "3%")
    assert body["noise_from"] == "calibration" and abs(body["noise"] - 0.02) < 1e-12 and body["pairs"] == 9
    out = rig.run("plan", "--effect", "3%")[1]
    assert re.search(r"^Noise of a pair: 2 %, from this host's noise floor of 4 % \(calibrated 2023-11-1", out, re.M)
    assert "beyond the threshold of 4 %" in out.replace("\n", " ")


@pytest.mark.parametrize("scenario", [{}, {"calibration": {}}])
def test_no_calibration_is_told(rig, scenario):
    rig.serve(**scenario)
    body = plan(rig, "--effect", "1%")
    assert body["pairs"] is None and body["noise"] is None and body["noise_from"] is None
    code, out, _ = rig.run("plan", "--effect", "2%")
    assert code == 0 and out.startswith("This host is not calibrated") and "find a change" not in out
    assert re.search(r"^ +1 % +6$", out, re.M) and re.search(r"^ +5 % +\d\d+$", out, re.M)


def test_an_expired_calibration_is_no_noise(rig):
    rig.serve(calibration={"noise-floor": 0.04, "measured": 1700000000000000, "expired": True, "reason": "the kernel is another"})
    body = plan(rig, "--effect", "3%")
    assert body["pairs"] is None and body["noise"] is None and body["noise_floor"] is None
    out = rig.run("plan", "--effect", "3%")[1]
    assert out.startswith("The calibration of this host does not hold any more: the kernel is another.\n")
    assert "find a change" not in out


def test_from_a_job(rig, tmp_path):
    rig.serve(reports={"7": spread(simulated=True), "8": report(8)})
    body = plan(rig, "--effect", "5%", "--from", "7")
    assert body["noise_from"] == "job" and body["simulated"] is True
    assert abs(body["noise"] - math.sqrt(2) * 1.4826 * 0.02) < 1e-6
    assert "from the trials of 7 (modelled)." in rig.run("plan", "--effect", "5%", "--from", "7")[1]
    code, out, err = rig.run("plan", "--effect", "5%", "--from", "8")  # nine equal trials
    assert code == 1 and out == "" and "its noise is not known" in err
    rig.stop_service()
    file = tmp_path / "report.json"
    file.write_text(json.dumps(spread()))
    assert plan(rig, "--effect", "5%", "--from", file)["noise"] == body["noise"]


@pytest.mark.parametrize("arguments", [[], ["--effect", "0%"], ["--effect", "1"], ["--effect", "-100%"], ["--effect", "x%"],
                                       ["--effect", "0x1%"], ["--effect", "1%", "--noise", "0%"], ["--effect", "1%", "x"],
                                       ["--effect", "1%", "--noise", "-1%"], ["--effect", "1%", "--noise", "1%", "--from", "7"]])
def test_usage(rig, arguments):
    code, out, err = rig.run("plan", *arguments)
    assert code == 2 and out == "" and err.startswith("joulectl: ")


def test_the_threshold_is_of_the_jobs_host(rig):
    """compare calls nothing larger improved there than what the job's host does by itself."""
    body = spread()
    body["measurement"]["noise_floor"] = {"fraction": 0.4}
    rig.serve(reports={7: body})
    told = plan(rig, "--effect", "5%", "--from", "7")
    assert told["noise_floor"] == told["threshold"] == 0.4 and told["named"] is False
    assert "beyond the threshold of 40 %" in rig.run("plan", "--effect", "5%", "--from", "7")[1]
