# SPDX-License-Identifier: MIT
"""joulectl calibrate against a scripted service, and with the real one and the real worker without a bus."""

import json
import os
import subprocess

import pytest

from joulectl_rig import BUILD, CODES, ERROR, JOULECTL, PROGRESS, TREE, Rig, report

FOUND = {"noise-floor": 0.0123, "noise-spin": 0.004, "noise-memory": 0.0123, "pairs": 20, "measured": 1700000000000000,
         "expired": False, "meter": "perf", "simulated": False, "tick-ns": 999800, "tick-jitter-ns": 21000,
         "tick-step-uj": 61.0, "floor": 0.0031, "idle-power": {"package-0": 12.5}}


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


def calibration(result="done", **more):
    told = report(argv=["./jouletrace-load"], result=result, **more)
    return {**told, "job": {**told["job"], "kind": "calibrate"}, "calibration": {"noise_floor": 0.0123} if result == "done" else None}


def test_is_waited_for_and_shown(rig):
    rig.serve(progress=PROGRESS, calibration=FOUND, reports={"7": calibration()})
    code, out, err = rig.run("calibrate", "--progress=json")
    assert code == 0, err
    assert out.splitlines()[0] == "The noise floor of this host is 1.2 %"
    assert "0.4 % computing, 1.2 % going through memory; 20 pairs of trials each" in out and "package-0 12.5 W" in out
    assert [json.loads(line)["phase"] for line in err.splitlines()] == ["queued", "queued", "warming", "measuring", "finished"]
    assert rig.calls("Calibrate")[0]["arguments"] == [{}]


def test_options_are_sent(rig):
    rig.serve(calibration=FOUND, reports={"7": calibration()})
    assert rig.run("calibrate", "--trials=60", "--cooldown=1s", "--label=weekly", "--allow-filtered")[0] == 0
    assert rig.calls("Calibrate")[0]["arguments"] == [{"trials": 60, "cooldown": 1000000, "label": "weekly", "allow-filtered": True}]


def test_json_is_the_report(rig):
    rig.serve(calibration=FOUND, reports={"7": calibration()})
    code, out, _ = rig.run("--json", "calibrate")
    assert code == 0 and json.loads(out) == calibration()


@pytest.mark.parametrize("result", [word for word in CODES if word != "done"])
def test_what_was_disturbed(rig, result):
    """The report says why; the noise floor there was before is not passed off as this one's."""
    rig.serve(result=result, calibration=FOUND, reports={"7": calibration(result)})
    code, out, _ = rig.run("calibrate")
    assert code == CODES[result] and "noise floor" not in out


def test_detached(rig):
    rig.serve()
    assert rig.run("calibrate", "--detach")[:2] == (0, "7\n")
    assert json.loads(rig.run("--json", "calibrate", "--detach")[1]) == {"id": 7}


def test_refusals(rig):
    rig.serve(error=[ERROR + "NoMeter", "This machine has no energy counter, so there is nothing to calibrate."])
    code, out, err = rig.run("calibrate")
    assert code == 4 and out == "" and "nothing to calibrate" in err
    rig.serve(challenge="always")
    assert rig.run("calibrate")[0] == 3


@pytest.mark.parametrize("arguments", [["x"], ["--trials", "0"], ["--cpus", "2"], ["--local", "--detach"], ["--", "true"]])
def test_usage(rig, arguments):
    code, out, err = rig.run("calibrate", *arguments)
    assert code == 2 and out == "" and err.startswith("joulectl: ")


def local(environ, *arguments):
    done = subprocess.run([JOULECTL, "--local", *arguments], capture_output=True, text=True, timeout=120, env=environ, check=False,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def test_without_a_service(tmp_path):
    """What the embedded service found out is there for the next one."""
    environ = {**os.environ, "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(tmp_path / "state"), "JOULETRACE_DATADIR": str(TREE),
               "JOULETRACED": str(BUILD / "daemon" / "jouletraced"), "JOULETRACE_WORKER": str(BUILD / "worker" / "jouletrace-worker")}
    code, _, err = local(environ, "--meter", "none", "calibrate")
    assert code == 4 and "nothing to calibrate" in err
    code, out, err = local(environ, "--meter", "model", "calibrate", "--trials=20", "--warmups=0", "--cooldown=0")
    if code == 5:
        pytest.skip("the machine is too busy for twenty trials")
    assert code == 0, err
    assert out.startswith("The noise floor of this host is ") and out.splitlines()[0].endswith("% (modelled)")
    assert "10 pairs of trials each" in out
    assert "calibration     noise floor" in local(environ, "--meter", "model", "status")[1]
    assert "it does not hold any more: the configuration is no longer Meter=model but Meter=none" in local(environ, "--meter", "none", "status")[1]
