# SPDX-License-Identifier: MIT
"""Calibrate and the property Calibration: who may, what is kept, what every job then cites, and what is not kept."""

import json
import os

import pytest

from harness import ACCESS_DENIED, BUILD, ERROR, request_text, wait_for

FOUND = {"noise-floor": 0.025, "noise-spin": 0.0125, "noise-memory": 0.025, "tick-ns": 1_000_000, "tick-jitter-ns": 20_000,
         "tick-step-uj": 61.0, "floor": 0.005, "idle-power": {"package-0": 10.5}, "simulated": True, "meter": "model"}


@pytest.fixture
def allowed(daemon, polkit):
    polkit.set("deny", measure="allow", calibrate="allow")
    return daemon


def calibrate(user, **keys):
    return user.call("Calibrate", request_text(keys))


def calibrated(user, **keys):
    """The result of a calibration that is waited for, and its number."""
    user.listen()
    number, path = calibrate(user, **keys)
    return user.finished(path), number


def cited(user):
    """Noise floor, its time, and why there is none, as a job's worker is told."""
    number, path = user.measure(["fake"])
    user.finished(path)
    context = user.report(number)["context"]
    return *context["noise_floor"], context["noise_floor_absent"]


def test_what_is_found_out_is_shown_and_cited(allowed, user1):
    allowed.start()
    user1.listen()
    assert user1.get("Calibration") == {}
    assert cited(user1) == (0, 0, "this host was never calibrated")

    result, number = calibrated(user1)
    assert result == "done"
    shown = user1.get("Calibration")
    measured = shown.pop("measured")
    assert shown == {**FOUND, "pairs": 20, "expired": False}
    report = user1.report(number)
    assert report["job"]["kind"] == "calibrate" and report["job"]["finished"]
    assert cited(user1) == (0.025, measured, "")


def test_needs_a_permission_of_its_own(daemon, polkit, user1):
    daemon.start()
    error = user1.refused("Calibrate", "(@a{sv} {},)")
    assert error.name == ACCESS_DENIED and "calibrate" in error.message
    assert user1.records() == [] and polkit.actions() == ["calibrate"]
    polkit.set("deny", calibrate="allow")
    assert calibrated(user1)[0] == "done"


def test_change_is_signalled(allowed, user1, user2):
    """To whoever watches the service, once it is there to be read."""
    allowed.start()
    user2.listen()
    assert calibrated(user1)[0] == "done"
    heard = [s["args"][1] for s in user2.heard_of("PropertiesChanged") if "Calibration" in s["args"][1]]
    assert heard and heard[-1]["Calibration"]["noise-floor"] == 0.025


@pytest.mark.parametrize("result", ["unstable", "failed", "timeout", "infrastructure"])
def test_what_was_disturbed_is_not_kept(allowed, user1, result):
    """Even when its worker says what it found out."""
    allowed.start()
    assert calibrated(user1, label=f"fake result {result}")[0] == result
    assert user1.get("Calibration") == {}
    assert not (allowed.state / "calibration").exists()


def test_a_failure_leaves_the_one_before(allowed, user1):
    allowed.start()
    assert calibrated(user1)[0] == "done"
    before = user1.get("Calibration")
    assert calibrated(user1, label="fake result unstable", trials=60)[0] == "unstable"
    assert user1.get("Calibration") == before


def test_outlives_the_service(allowed, user1):
    allowed.start()
    calibrated(user1)
    before = user1.get("Calibration")
    assert os.stat(allowed.state / "calibration").st_mode & 0o777 == 0o600
    allowed.kill()
    allowed.start()
    assert user1.get("Calibration") == before


def test_expires_with_the_configuration(allowed, user1):
    allowed.configure(Governor="keep")
    allowed.start()
    calibrated(user1)
    allowed.configure(Governor="performance")
    allowed.reload()
    shown = user1.get("Calibration")
    assert shown["expired"] is True and shown["noise-floor"] == 0.025
    assert shown["reason"] == "the configuration is no longer Governor=keep but Governor=performance"
    floor, _, why = cited(user1)
    assert floor == 0 and why.endswith(shown["reason"])
    allowed.configure(Governor="keep", RetainCount=7)
    allowed.reload()
    assert user1.get("Calibration")["expired"] is False
    assert cited(user1)[0] == 0.025


def test_expires_by_age(allowed, user1, user2):
    """And whoever watches hears of it."""
    allowed.configure(CalibrationMaxAge="1s")
    allowed.start()
    user2.listen()
    calibrated(user1)

    def heard_of_its_end():
        return [s for s in user2.heard_of("PropertiesChanged") if s["args"][1].get("Calibration", {}).get("expired")]
    heard, = wait_for(heard_of_its_end, "the signal that it has expired")
    assert heard["args"][1]["Calibration"]["reason"] == "it is older than CalibrationMaxAge allows"
    assert cited(user1)[0] == 0
    allowed.configure(CalibrationMaxAge="0")
    allowed.reload()
    assert cited(user1)[0] == 0.025


def test_a_reload_meanwhile_does_not_pass_for_calibrated(allowed, user1, directory):
    allowed.start()
    user1.listen()
    _, path = calibrate(user1, label=f"fake hold {directory / 'held'}")
    wait_for((directory / "held.started").exists, "it runs")
    allowed.configure(Turbo="off")
    allowed.reload()
    (directory / "held").touch()
    assert user1.finished(path) == "done"
    assert user1.get("Calibration")["reason"] == "the configuration is no longer Turbo=keep but Turbo=off"


def test_a_damaged_file_is_as_good_as_none(allowed, user1):
    (allowed.state / "calibration").write_text("[Calibration]\nnoise-floor=much\n", encoding="utf-8")
    allowed.start()
    assert user1.get("Calibration") == {}
    assert "has to be calibrated again" in allowed.text()
    assert calibrated(user1)[0] == "done"


@pytest.mark.parametrize("meter, words", [("none", "Meter=none"), ("auto", "no energy counter")])
def test_nothing_to_calibrate(allowed, user1, directory, meter, words):
    """Without counters there is an error at once, and no job."""
    tree = directory / "tree"
    for name, text in {"sys/devices/system/cpu/online": "0-1\n", "proc/cpuinfo": "processor\t: 0\n"}.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
    allowed.meter, allowed.more = meter, ("--sysroot", str(tree))
    allowed.start()
    error = user1.refused("Calibrate", "(@a{sv} {},)")
    assert error.name == ERROR + "NoMeter" and words in error.message
    assert user1.records() == []


@pytest.mark.parametrize("keys, words", [({"argv": ["/bin/true"]}, "argv: is no key of a calibration"), ({"trials": 10}, "at least 20"),
                                         ({"meter": "none"}, "meter: is no key of a calibration"), ({"trails": "20"}, "did you mean trials?")])
def test_bad_requests(allowed, user1, keys, words):
    allowed.start()
    error = user1.refused("Calibrate", request_text(keys))
    assert error.name == ERROR + "InvalidRequest" and words in error.message


def test_the_real_worker(allowed, user1, bus):
    """The model's joules are CPU time: what varies is how long the two programs compute."""
    allowed.worker = BUILD / "worker/jouletrace-worker"
    allowed.start()
    result, number = calibrated(user1, trials=20, warmups=0, cooldown=0)
    report = user1.report(number)
    if result == "unstable":
        pytest.skip("the machine is too busy for twenty trials")
    assert result == "done", json.dumps(report["job"])
    found, shown = report["calibration"], user1.get("Calibration")
    assert found["noise_floor"] == pytest.approx(shown["noise-floor"]) == max(found["noise_spin"], found["noise_memory"])
    assert 0 < found["noise_floor"] < 10 and found["pairs"] == 10 and found["simulated"] is True
    assert [test["name"] for test in report["validation"]["tests"]] == ["spin", "memory"]
    assert {test["verdict"] for test in report["validation"]["tests"]} == {"AC"}
    assert report["program"]["profile"] == "box" and report["program"]["argv"] == ["./jouletrace-load"]
    assert report["absent"]["measurement.noise_floor"] == "this host was never calibrated"

    number, path = user1.measure(["/bin/true"], trials=1, warmups=0, cooldown=0, meter="model")
    user1.finished(path)
    assert user1.report(number)["measurement"]["noise_floor"]["fraction"] == pytest.approx(found["noise_floor"])
    number, path = user1.measure(["/bin/true"], trials=1, warmups=0, cooldown=0, meter="none")
    user1.finished(path)
    assert "calibrated with the meter model" in user1.report(number)["absent"]["measurement.noise_floor"]
