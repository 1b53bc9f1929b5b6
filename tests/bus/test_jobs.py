# SPDX-License-Identifier: MIT
"""Submission, the queue, and the ways a job ends, with a worker that does as it is told."""

import os
import signal
import sqlite3
import time

import pytest
from gi.repository import GLib

from harness import ERROR, INVALID_ARGS, JOB_INTERFACE, LIMITS_EXCEEDED, MANAGER, NOBODY, ROOT, memfd, wait_for


def handle(index):
    return GLib.Variant("h", index)


@pytest.mark.parametrize("key, value, words", [
    ("trails", 3, ["trails", "trials"]),
    ("trials", 0, ["trials", "0", "1"]),
    ("trials", 1001, ["trials", "1001", "1000"]),
    ("isolation", "total", ["isolation", "total", "confined"]),
    ("label", "x" * 257, ["label", "256"]),
    ("min-window", 1, ["min-window", "100"]),
])
def test_a_bad_key_is_named(daemon, user1, key, value, words):
    daemon.start()
    signature = {"trails": "u"}.get(key)
    error = user1.refuse_measure(**{key: GLib.Variant(signature, value) if signature else value})
    assert error.name == ERROR + "InvalidRequest"
    for word in words:
        assert word in error.message, error.message


def test_a_call_of_the_wrong_type(daemon, user1):
    daemon.start()
    assert user1.refused("Measure", "('argv',)").name == INVALID_ARGS
    assert user1.refused("GetReport", "('1',)").name == INVALID_ARGS


def test_no_argv(daemon, user1):
    daemon.start()
    error = user1.refused("Measure", "(@a{sv} {},)")
    assert error.name == ERROR + "InvalidRequest" and "argv" in error.message


def test_a_key_twice(daemon, user1):
    daemon.start()
    error = user1.refused("Measure", "([{'argv', <['fake']>}, {'label', <'a'>}, {'label', <'b'>}],)")
    assert error.name == ERROR + "InvalidRequest" and "label" in error.message


def test_from_submission_to_report(daemon, user1):
    daemon.start()
    user1.listen()
    number, path = user1.measure(["fake"], trials=5, label="first")
    assert path == f"{MANAGER}/job/_{number}"
    assert user1.finished(path) == "done"
    result = user1.job(path, "GetResult")
    assert result["result"] == "done" and result["simulated"] and result["trials"] == 5
    assert result["total-energy"] == 1.5 and "verdict" not in result
    report = user1.report(number)
    assert report["schema"] == "org.jouletrace.report/1"
    assert report["job"]["state"] == "completed" and report["job"]["label"] == "first" and report["job"]["error"] is None
    assert report["job"]["submitted"] <= report["job"]["started"] <= report["job"]["finished"]
    assert report["request"]["trials"] == 5
    assert report["context"]["containment"] == "process" and report["context"]["isolation"] == "none"
    record, = user1.records()
    assert record["id"] == number and record["label"] == "first" and record["total-energy"] == 1.5


def test_properties_of_a_job(daemon, user1):
    daemon.start()
    number, path = user1.measure(daemon.on_hold("a"), trials=7)
    daemon.wait_started("a")
    assert user1.job_get(path, "Id") == number
    assert user1.job_get(path, "Kind") == "measure"
    assert user1.job_get(path, "OwnerUid") == user1.uid
    wait_for(lambda: user1.job_get(path, "State") == "measuring", "the job measures")
    assert user1.job_get(path, "Phase") == "measuring"
    assert user1.job_get(path, "Trial") == 1 and user1.job_get(path, "Trials") == 7
    assert user1.job_get(path, "QueuePosition") == 0
    assert user1.job_get(path, "EstimatedFinish") > user1.job_get(path, "Submitted") > 1_600_000_000_000_000
    assert user1.get("RunningJob") == number and user1.get("QueueLength") == 0
    assert user1.call("ListJobs") == [[number, user1.uid, "measure", "measuring", path]]


def test_not_finished(daemon, user1):
    daemon.start()
    number, path = user1.measure(daemon.on_hold("a"))
    for error in (user1.refused("GetReport", f"(uint32 {number},)"), user1.refused("Forget", f"(uint32 {number},)"),
                  user1.refused("GetResult", path=path, interface=JOB_INTERFACE)):
        assert error.name == ERROR + "NotFinished" and str(number) in error.message


def test_no_such_job(daemon, user1):
    daemon.start()
    for method in ("GetReport", "Forget"):
        error = user1.refused(method, "(uint32 4711,)")
        assert error.name == ERROR + "NoSuchJob" and "4711" in error.message


def test_fairness(daemon, user1, user2):
    """One user has a hundred jobs queued; the other's only one starts next."""
    daemon.start()
    user1.listen(), user2.listen()
    _, first = user1.measure(daemon.on_hold("first"))
    daemon.wait_started("first")
    many = [user1.measure(["fake", "hold", str(daemon.directory / "never")]) for _ in range(100)]
    _, one = user2.measure(daemon.on_hold("one"))
    assert user2.job_get(one, "QueuePosition") == 1
    assert user1.job_get(many[0][1], "QueuePosition") == 2 and user1.job_get(many[99][1], "QueuePosition") == 101
    order = [entry[0] for entry in user1.call("ListJobs")]
    assert order[1:] == [number for number, _ in many[:99]], "one's own jobs keep their order"
    daemon.release("first")
    daemon.wait_started("one")
    assert not (daemon.directory / "never.started").exists()
    daemon.release("one")
    assert user2.finished(one) == "done"
    wait_for((daemon.directory / "never.started").exists, "then the first of the hundred")


def test_list_jobs_is_bounded(daemon, user1, user2, clients):
    """A hundred entries: the job that runs, one's own in the order of their turn, the others' in that of theirs."""
    daemon.configure(MaxJobsPerUser=200, CallsPerMinute=100000)
    daemon.start()
    running, _ = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    ones = [user1.measure(["fake"])[0] for _ in range(120)]
    twos = [user2.measure(["fake"])[0] for _ in range(30)]
    turns = [number for pair in zip(twos, ones) for number in pair] + ones[30:]
    listed = {user: [entry[0] for entry in user.call("ListJobs")] for user in (user1, user2)}
    assert listed[user1] == [running, *ones[:99]]
    assert listed[user2] == [running, *twos, *[number for number in turns if number in ones][:69]]
    root = clients(ROOT).call("ListJobs")
    assert [entry[0] for entry in root] == [running, *turns[:99]], "root has none of its own"
    assert {entry[1] for entry in root} == {user1.uid, user2.uid}
    assert user1.get("QueueLength") == 150


def test_unfinished_jobs_are_on_record(daemon, user1, user2, clients):
    """With the state they are in."""
    daemon.start()
    running, _ = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    queued, _ = user1.measure(["fake"])
    for who, records in (("owner", user1.records()), ("root", clients(ROOT).records(uid=NOBODY))):
        assert [(record["id"], record["state"]) for record in records] == [(queued, "queued"), (running, "measuring")], who
        assert not any("result" in record for record in records)
    assert user2.records() == []


def is_idle(pid):
    """It has done what it could and waits for more."""
    with open(f"/proc/{pid}/syscall", encoding="ascii") as syscall:
        first = syscall.read()
    return not first.startswith("running") and all(is_same(pid, first) for _ in range(20))


def is_same(pid, before):
    time.sleep(0.01)
    with open(f"/proc/{pid}/syscall", encoding="ascii") as syscall:
        return syscall.read() == before


def test_reports_nobody_takes_are_bounded(daemon, bus, user1, user2):
    """The bus daemon does not read, and forty reports of 6 MiB are asked for: 32 MiB of them wait, the others are refused."""
    daemon.start()
    numbers = {}
    for user in (user1, user2):
        numbers[user], path = user.listen().measure(["fake"])
        user.finished(path)
    with sqlite3.connect(daemon.database(), timeout=60) as database:
        database.execute("UPDATE jobs SET body_public = ?", ('{"filler":"' + "x" * (6 << 20) + '"}',))
    database.close()
    assert len(user1.report(numbers[user1])["filler"]) == 6 << 20
    daemon.signal(signal.SIGSTOP)
    try:
        asked = [user1.start_call("GetReport", f"(uint32 {numbers[user1]},)") for _ in range(40)]
        asked_by_other = user2.start_call("GetReport", f"(uint32 {numbers[user2]},)")
        for user in (user1, user2):
            user.call("GetId", dest="org.freedesktop.DBus", path="/", interface="org.freedesktop.DBus")
        bus.daemon.popen.send_signal(signal.SIGSTOP)
    finally:
        daemon.signal(signal.SIGCONT)
    try:
        wait_for(lambda: is_idle(daemon.pid), "the service has looked at all calls")
    finally:
        bus.daemon.popen.send_signal(signal.SIGCONT)
    refused = [future.exception(60) for future in asked if future.exception(60)]
    # Five or six wait here; one or two more are on their way, in the bus's hands or the socket's.
    assert len(refused) >= 40 - 8 and {error.name for error in refused} == {LIMITS_EXCEEDED}
    assert asked_by_other.exception(60) is None, "another user has a share of their own"
    assert user1.report(numbers[user1])["job"]["id"] == numbers[user1], "and then there is room again"


def test_estimates_follow_the_queue(daemon, user1):
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    waiting = [user1.measure(["fake", str(i)], trials=10)[1] for i in range(10)]
    times = [user1.job_get(path, "EstimatedFinish") for path in waiting]
    assert times == sorted(times) and times[0] < times[-1]


def test_estimate_of_ten_queued_jobs_is_right_within_2(daemon, user1):
    """After jobs like them have been seen; the fake's jobs take what a process takes, so this is about the arithmetic."""
    daemon.start()
    user1.listen()
    for _ in range(3):
        user1.finished(user1.measure(["fake"])[1])
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    waiting = [user1.measure(["fake"])[1] for _ in range(10)]
    first, last = (user1.job_get(waiting[i], "EstimatedFinish") for i in (0, 9))
    daemon.release("a")
    for path in waiting:
        user1.finished(path)
    records = user1.records(limit=10)
    took = (records[0]["finished"] - records[-1]["finished"]) / 1e6
    assert took / 3 <= (last - first) / 1e6 <= took * 3 + 0.5, "within 2, and what a busy host adds"


def test_the_caller_leaves_while_queued_and_while_running(daemon, user1, user2, clients):
    daemon.start()
    root = clients(ROOT)
    running, _ = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    queued, _ = user1.measure(["fake"])
    _, others = user2.listen().measure(["fake"])
    user1.leave()
    assert user2.finished(others) == "done"
    for number in (running, queued):
        error = wait_for(lambda: root.report(number)["job"]["error"], "it is cancelled")
        assert error["name"] == ERROR + "CallerLeft" and error["message"] and error["remedy"]
        assert root.report(number)["job"]["result"] == "cancelled"


def test_more_jobs_than_the_bus_allows_match_rules(daemon, clients):
    """dbus-daemon cuts off who asks for more than 512."""
    daemon.configure(MaxJobsPerUser=2000, CallsPerMinute=100000)
    daemon.start()
    caller, root = clients(ROOT), clients(ROOT)
    running, _ = caller.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    last, _ = [caller.measure(["fake"]) for _ in range(520)][-1]
    assert root.get("QueueLength") == 520 and root.get("RunningJob") == running
    caller.leave()
    wait_for(lambda: not root.call("ListJobs"), "nothing waits or runs")
    for number in (running, last):
        assert root.report(number)["job"]["error"]["name"] == ERROR + "CallerLeft"


def test_a_caller_that_left_before_it_was_heard(daemon, clients):
    """Its leaving was told while nobody listened for it: whether the call was still taken or not, nothing runs for it."""
    daemon.start()
    caller, root = clients(ROOT), clients(ROOT)
    assert not caller.call("ListJobs") and not root.call("ListJobs")
    daemon.signal(signal.SIGSTOP)
    try:
        caller.start_measure(daemon.on_hold("a"))
        caller.leave()
    finally:
        daemon.signal(signal.SIGCONT)
    root.call("ListJobs")
    wait_for(lambda: not root.call("ListJobs"), "nothing waits or runs")
    for record in root.records():
        assert root.report(record["id"])["job"]["error"]["name"] == ERROR + "CallerLeft"


def test_a_detached_job_survives_its_caller(daemon, user1, clients):
    daemon.start()
    number, _ = user1.measure(daemon.on_hold("a"), detach=True)
    daemon.wait_started("a")
    user1.leave()
    again = clients(user1.user)
    assert again.get("RunningJob") == number
    path = again.call("ListJobs")[0][4]
    again.listen().job(path, "Attach")
    daemon.release("a")
    assert again.finished(path) == "done"
    assert again.report(number)["job"]["result"] == "done"


def test_another_connection_of_the_user_does_not_keep_the_job(daemon, user1, clients):
    daemon.start()
    again = clients(user1.user)
    number, path = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    again.listen().job(path, "Attach")
    user1.leave()
    assert again.finished(path) == "cancelled"


def test_cancel_a_running_and_a_queued_job(daemon, user1):
    daemon.start()
    user1.listen()
    running, path = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    queued, queued_path = user1.measure(["fake"])
    user1.job(queued_path, "Cancel")
    assert user1.finished(queued_path) == "cancelled"
    user1.job(path, "Cancel")
    assert user1.finished(path) == "cancelled"
    for number in (running, queued):
        job = user1.report(number)["job"]
        assert job["state"] == "cancelled" and job["error"]["name"] == ERROR + "Cancelled"
    assert user1.call("ListJobs") == [] and user1.get("RunningJob") == 0
    user1.job(path, "Cancel")


@pytest.mark.parametrize("word, state", [("failed", "completed"), ("unstable", "completed"), ("timeout", "failed"),
                                         ("infrastructure", "failed"), ("cancelled", "cancelled")])
def test_results_and_their_states(daemon, user1, word, state):
    daemon.start()
    user1.listen()
    number, path = user1.measure(["fake", "result", word])
    assert user1.finished(path) == word
    report = user1.report(number)
    assert report["job"]["state"] == state and report["job"]["result"] == word
    assert user1.job_get(path, "State") == state
    assert report["request"]["trials"] == 9, "the body is there whatever the result"


@pytest.mark.parametrize("behaviour", ["crash-prepare", "crash-run", "garbage", "unsealed", "not-utf8", "huge", "bad-result"])
def test_a_worker_that_fails(daemon, user1, behaviour):
    daemon.start()
    user1.listen()
    number, path = user1.measure(["fake", behaviour])
    assert user1.finished(path) == "infrastructure"
    result = user1.job(path, "GetResult")
    assert result["error"] == ERROR + "WorkerFailed" and result["message"]
    report = user1.report(number)
    assert report["job"]["error"]["remedy"] and report["measurement"] is None and report["absent"]["measurement"]
    _, path = user1.measure(["fake"])
    assert user1.finished(path) == "done", "the next job runs"


def test_an_error_of_ours_from_the_worker_is_kept(daemon, user1):
    daemon.start()
    user1.listen()
    for name, expected, result in ((ERROR + "NoMeter", ERROR + "NoMeter", "infrastructure"),
                                   (ERROR + "InvalidRequest", ERROR + "InvalidRequest", "failed"),
                                   ("org.example.Strange", ERROR + "WorkerFailed", "infrastructure"),
                                   (ERROR + "ExecFailed", ERROR + "ExecFailed", "failed")):
        number, path = user1.measure(["fake", "error", name, "words of it"])
        assert user1.finished(path) == result
        error = user1.report(number)["job"]["error"]
        assert error["name"] == expected and "words of it" in error["message"]


def test_a_worker_that_ignores_cancel_is_killed(daemon, user1):
    daemon.start()
    user1.listen()
    number, path = user1.measure(["fake", "stubborn", str(daemon.directory / "a")])
    daemon.wait_started("a")
    user1.job(path, "Cancel", timeout=30)
    assert user1.finished(path) == "cancelled"
    assert user1.report(number)["job"]["error"]["name"] == ERROR + "Cancelled"


def test_a_worker_that_is_slow_to_start_is_waited_for_by_its_job_alone(daemon, user1, tmp_path):
    """The service answers others meanwhile; a cancel then is not lost."""
    slow = tmp_path / "slow-worker"
    slow.write_text(f"#!/bin/sh\nsleep 2\nexec {daemon.worker}\n", encoding="ascii")
    slow.chmod(0o755)
    daemon.worker = slow
    daemon.start()
    user1.listen()
    took = []

    def timed(call, *arguments, **options):
        began = time.monotonic()
        answer = call(*arguments, **options)
        took.append(time.monotonic() - began)
        return answer
    _, path = timed(user1.measure, ["fake"], fds=[memfd(b"sd-bus waits before it sends a descriptor")], stdin=handle(0))
    number, cancelled = timed(user1.measure, daemon.on_hold("a"))
    for _ in range(10):
        timed(user1.call, "ListJobs")
        time.sleep(0.1)
    assert max(took) < 0.5, took
    assert user1.finished(path) == "done"
    wait_for(lambda: user1.get("RunningJob") == number, "the next job")
    user1.job(cancelled, "Cancel")
    assert user1.finished(cancelled) == "cancelled"
    assert user1.report(number)["job"]["error"]["name"] == ERROR + "Cancelled"


def test_the_record_is_committed_before_finished_is_sent(daemon, user1):
    """What SQLite shows to another process at that moment was committed; tests/vm cuts the power for the rest."""
    daemon.start()
    user1.listen()
    number, path = user1.measure(["fake"])
    user1.finished(path)
    daemon.signal(signal.SIGSTOP)
    try:
        with sqlite3.connect(f"file:{daemon.database()}?mode=ro", uri=True) as database:
            row = database.execute("SELECT state, result, body_public FROM jobs WHERE id = ?", (number,)).fetchone()
    finally:
        daemon.signal(signal.SIGCONT)
    assert row[:2] == ("completed", "done") and row[2].startswith("{")


def test_finished_waits_for_the_commit(daemon, user1):
    """While somebody else holds the database's lock nothing can be committed, so nothing may be announced."""
    daemon.start()
    user1.listen()
    number, path = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    with sqlite3.connect(daemon.database(), isolation_level=None) as database:
        database.execute("BEGIN IMMEDIATE")
        daemon.release("a")
        with pytest.raises(AssertionError):
            user1.wait_signal("Finished", path, timeout=1)
        database.execute("ROLLBACK")
    database.close()
    assert user1.finished(path) == "done"
    assert user1.report(number)["job"]["result"] == "done"


def test_descriptors_are_passed_unread(daemon, user1, directory):
    daemon.start()
    user1.listen()
    _, path = user1.measure(["fake"], cwd=handle(0), stdin=handle(1),
                            fds=[{"open": str(directory)}, memfd(b"input")])
    assert user1.finished(path) == "done"


def test_queued_descriptors_are_not_leaked(daemon, user1):
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")

    def count():
        return len(list(os.scandir(f"/proc/{daemon.pid}/fd")))
    before = count()
    paths = [user1.measure(["fake"], stdin=handle(0), fds=[memfd(b"x")])[1] for _ in range(20)]
    assert count() >= before + 20, "a queued job holds what it was given"
    for path in paths:
        user1.job(path, "Cancel")
    wait_for(lambda: count() <= before, "cancelled jobs have let go of them")


def test_statistics(daemon, user1):
    daemon.configure(MaxJobsPerUser=1)
    daemon.start()
    user1.listen()
    user1.finished(user1.measure(["fake"])[1])
    user1.finished(user1.measure(["fake", "result", "timeout"])[1])
    _, path = user1.measure(daemon.on_hold("a"))
    user1.refuse_measure()
    user1.job(path, "Cancel")
    statistics = user1.call("GetStatistics")
    assert (statistics["jobs"], statistics["failed"], statistics["cancelled"], statistics["refused"]) == (3, 1, 1, 1)
    assert 0 <= statistics["wait-p50"] <= statistics["wait-p95"] and 0 < statistics["duration-mean"] < 60


def test_manager_properties(daemon, user1):
    daemon.start()
    assert user1.get("Version") and user1.get("ApiVersion") == 1
    assert user1.get("Ready") is True and user1.get("NotReadyReasons") == []
    assert user1.get("IsolationLevel") == "none"
    capabilities = user1.get("Capabilities")
    assert capabilities["limits"]["trials"] == 1000 and "host" in capabilities["profiles"] and "model" in capabilities["meters"]
    assert isinstance(user1.get("Domains"), list)


def test_diagnose_and_ready_say_the_same(daemon, user1):
    daemon.worker = daemon.directory / "no-worker"
    daemon.start()
    checks = {check["name"]: check for check in user1.call("Diagnose")}
    assert not checks["worker"]["ok"] and checks["records"]["ok"]
    assert "no-worker" in checks["worker"]["value"] and checks["worker"]["remedy"] and checks["worker"]["limit"]
    assert user1.get("Ready") is False
    reason, = user1.get("NotReadyReasons")
    assert checks["worker"]["value"] in reason
    error = user1.refuse_measure()
    assert error.name == ERROR + "NotReady" and checks["worker"]["value"] in error.message


def test_records_filters(daemon, user1):
    daemon.start()
    user1.listen()
    numbers = []
    for label in ("a", "b", "a"):
        number, path = user1.measure(["fake"], label=label)
        user1.finished(path)
        numbers.append(number)
    assert [r["id"] for r in user1.records()] == numbers[::-1]
    assert [r["id"] for r in user1.records(label="a")] == [numbers[2], numbers[0]]
    assert [r["id"] for r in user1.records(limit=1)] == [numbers[2]]
    assert [r["id"] for r in user1.records(before=numbers[1])] == [numbers[0]]
    assert user1.records(result="failed") == []
    middle = user1.records()[1]["submitted"]
    assert [r["id"] for r in user1.records(since=middle)] == numbers[:0:-1]
    assert [r["id"] for r in user1.records(until=middle)] == numbers[:1]
    for filter_, word in (("'colour': <'red'>", "colour: unknown key"), ("'before': <'9'>", "before: wrong type"),
                          ("'label': <'a'>, 'label': <'b'>", "label: is given twice"), ("'result': <'good'>", "good"),
                          ("'label': <'" + "x" * 257 + "'>", "257 bytes")):
        error = user1.refused("ListRecords", f"({{{filter_}}},)")
        assert error.name == ERROR + "InvalidRequest" and word in error.message


def test_forget(daemon, user1):
    daemon.start()
    user1.listen()
    number, path = user1.measure(["fake"])
    user1.finished(path)
    user1.call("Forget", f"(uint32 {number},)")
    assert user1.records() == []
    assert user1.refused("GetReport", f"(uint32 {number},)").name == ERROR + "NoSuchJob"
    again, _ = user1.measure(["fake"])
    assert again > number, "a number is never used again"


def test_the_users_environment_is_not_kept(daemon, user1):
    """Records keep names and a digest, never values: they may be secrets."""
    daemon.start()
    user1.listen()
    _, path = user1.measure(["fake"], env=["TOKEN=s3cr3t-value"])
    user1.finished(path)
    daemon.stop()
    assert not any(b"s3cr3t-value" in file.read_bytes() for file in daemon.state.iterdir())
    assert "s3cr3t-value" not in daemon.text()


def test_queued_requests_of_one_user_are_bounded(daemon, user1, user2):
    """The service keeps them, and its memory is everybody's."""
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    large = ["LARGE=" + "x" * 1_000_000]
    for _ in range(33):
        user1.measure(["fake"], env=large)
    error = user1.refuse_measure(env=large)
    assert error.name == ERROR + "QueueFull" and "32 MiB" in error.message
    user1.measure(["fake"])
    user2.measure(["fake"], env=large)
