# SPDX-License-Identifier: MIT
"""Compare: a job that measures several programs in turns. The worker is the fake one, but where it says so."""

import subprocess

import pytest
from gi.repository import GLib

from harness import ACCESS_DENIED, BUILD, BUS, ERROR, LIMITS_EXCEEDED, MANAGER, MANAGER_INTERFACE, WAIT, memfd, wait_for

INVALID = ERROR + "InvalidRequest"
PAIR = [{"argv": ["fake"]}, {"argv": ["fake"]}]


def test_from_submission_to_report(daemon, polkit, user1):
    daemon.start()
    user1.listen()
    number, path = user1.compare([{"argv": ["fake", "x", "first"], "stdin": GLib.Variant("h", 0)},
                                  {"argv": ["fake", "second"], "stdin": GLib.Variant("h", 1)},
                                  {"argv": ["fake", "third"], "candidate_id": "c"}],
                                 fds=[memfd(b"one"), memfd(b"two")], trials=12, fail_above=GLib.Variant("d", 0.02), label="all")
    assert path == f"{MANAGER}/job/_{number}"
    assert user1.finished(path) == "done"
    report = user1.report(number)
    assert report["job"]["kind"] == "compare" and report["job"]["label"] == "all"
    request = report["request"]
    assert request["kind"] == "compare" and request["trials"] == 12 and request["fail-above"] == 0.02
    assert request["candidates"] == [["first", "one", 12], ["second", "two", 12], ["third", None, 12]], "each came through with its own"
    record, = user1.records()
    assert record["kind"] == "compare" and record["label"] == "all" and record["result"] == "done"
    assert polkit.actions() == ["measure"]


def test_needs_what_measuring_needs(daemon, polkit, user1):
    polkit.set("deny", validate="allow")
    daemon.start()
    error = user1.refuse_compare(PAIR)
    assert error.name == ACCESS_DENIED and f"{BUS}.measure" in error.message
    polkit.set("deny", measure="allow")
    error = user1.refuse_compare(PAIR, resolution="fine")
    assert error.name == ACCESS_DENIED and f"{BUS}.fine-results" in error.message
    assert user1.records() == []


@pytest.mark.parametrize("candidates, options, words", [
    ([], {}, "there are 0 candidates; give at least 2"),
    (PAIR[:1], {}, "there are 1 candidates; give at least 2"),
    (PAIR * 5, {}, "more than 8 candidates"),
    ([{"argv": ["fake"]}, {"argv": []}], {}, "candidate 2: argv"),
    ([{"argv": ["fake"]}, {}], {}, "candidate 2: argv"),
    ([{"argv": ["fake"]}, {"argv": ["fake"], "trials": 3}], {}, "candidate 2: trials"),
    (PAIR, {"argv": ["fake"]}, "argv"),
    (PAIR, {"trials": 0}, "trials"),
    (PAIR, {"color": "red"}, "color"),
    ([{"argv": ["fake"]}, {"files": [("a.zz", 0, 1, 0o644)], "language": "zz", "blobs": GLib.Variant("ay", b"x")}], {},
     "candidate 2: language: \"zz\""),
])
def test_a_bad_request_is_refused_before_polkit_is_asked(daemon, polkit, user1, candidates, options, words):
    daemon.start()
    error = user1.refuse_compare(candidates, **options)
    assert error.name == INVALID and words in error.message
    assert polkit.actions() == [] and user1.records() == []


def test_properties_of_a_job(daemon, user1):
    daemon.start()
    number, path = user1.compare([{"argv": daemon.on_hold("a")}, {"argv": ["fake"]}], trials=6)
    daemon.wait_started("a")
    assert user1.job_get(path, "Kind") == "compare"
    assert user1.job_get(path, "Trials") == 12, "of all candidates together"
    assert user1.call("ListJobs")[0][:3] == [number, user1.uid, "compare"]
    daemon.release("a")


def test_queue_and_limits_are_those_of_measuring(daemon, user1):
    daemon.configure(MaxJobsPerUser=2, CallsPerMinute=3)
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    number, _ = user1.compare(PAIR)
    daemon.wait_started("a")
    assert [job[0] for job in user1.call("ListJobs")][1:] == [number]
    error = user1.refuse_compare(PAIR)
    assert error.name == ERROR + "QueueFull" and "MaxJobsPerUser=2" in error.message
    daemon.release("a")
    user1.listen()
    wait_for(lambda: user1.call("ListJobs") == [], "both have ended")
    user1.compare(PAIR)
    wait_for(lambda: user1.call("ListJobs") == [], "the third has ended")
    assert user1.refuse_compare(PAIR).name == LIMITS_EXCEEDED


def test_a_failing_comparison(daemon, user1):
    daemon.start()
    user1.listen()
    number, path = user1.compare([{"argv": ["fake", "result", "failed"]}, {"argv": ["fake"]}])
    assert user1.finished(path) == "failed"
    assert user1.report(number)["job"]["state"] == "completed"


SPIN = "i=0; while [ $i -lt {} ]; do i=$((i+1)); done"


def spin(n):
    return {"argv": ["/bin/sh", "-c", SPIN.format(n)]}


@pytest.fixture
def real(daemon):
    daemon.worker = BUILD / "worker/jouletrace-worker"
    daemon.configure(ModelWatts=20)
    daemon.start()
    return daemon


def test_by_the_real_worker(real, user1):
    user1.listen()
    number, path = user1.compare([spin(150000), spin(450000)], trials=6, warmups=1, cooldown=0, meter="model", seed=7)
    assert user1.finished(path) == "done"
    report = user1.report(number)
    change, = report["comparison"]["changes"]
    assert change["word"] == "regressed" and change["pairs"] == 6 and change["change"] > 0.2
    assert len(report["comparison"]["candidates"]) == 2 and report["comparison"]["seed"] == 7
    assert report["measurement"] is None and report["absent"]["measurement"]
    result = user1.job(path, "GetResult")
    assert result["trials"] >= 12 and result["message"].startswith("candidate 2: regressed, +")
    order = ["queued", "validating", "settling", "baseline", "warming", "measuring", "finishing"]
    phases = [s["args"][0] for s in user1.heard_of("Progress", path)]
    assert [order.index(p) for p in phases] == sorted(order.index(p) for p in phases)


def test_fail_above(real, user1):
    user1.listen()
    number, path = user1.compare([spin(150000), spin(450000)], trials=6, warmups=1, cooldown=0, meter="model",
                                 fail_above=GLib.Variant("d", 0.02))
    assert user1.finished(path) == "failed"
    error = user1.report(number)["job"]["error"]
    assert error["name"] == ERROR + "ChangeLimit" and "candidate 2" in error["message"] and error["remedy"]


def test_by_hand(bus, daemon):
    """What a person types."""
    daemon.start()
    said = subprocess.run(["busctl", "call", BUS, MANAGER, MANAGER_INTERFACE, "Compare", "aa{sv}a{sv}", "2",
                           "1", "argv", "as", "1", "fake", "1", "argv", "as", "1", "fake", "1", "detach", "b", "true"],
                          env=bus.environment, text=True, cwd="/", timeout=WAIT, check=True, stdout=subprocess.PIPE).stdout
    assert said.startswith("uo ")
