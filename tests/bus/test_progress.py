# SPDX-License-Identifier: MIT
"""What is told of a job on its way: to its owner by signals, and to systemctl status by a line."""

import time

from harness import BUS, ROOT, wait_for

MORE_THAN_A_SECOND = 1.0
QUIET = 2.0  # s that what can wait does for a moment without a window


def test_progress_goes_to_the_owner_alone(daemon, user1, user2, clients):
    daemon.start()
    root = clients(ROOT).listen()
    user2.listen(), user1.listen()
    number, path = user1.measure(["fake"])
    assert user1.finished(path) == "done"
    user1.barrier(), user2.barrier(), root.barrier()
    assert user1.heard_of("Progress", path)
    for other in (user2, root):
        assert not other.heard_of("Progress") and not other.heard_of("Finished")
        assert other.heard_of("JobNew")[0]["args"] == [number, path]
        assert other.heard_of("JobRemoved")[0]["args"] == [number, path]
    said = {s["member"] for s in user2.signals if s["interface"].startswith((BUS, "org.freedesktop.DBus.Properties"))}
    assert said <= {"JobNew", "JobRemoved", "PropertiesChanged"}
    for heard in user2.heard_of("PropertiesChanged"):
        assert set(heard["args"][1]) <= {"QueueLength", "RunningJob", "Ready", "NotReadyReasons", "IsolationLevel", "ReservedCPUs"}


def test_progress_only_grows_and_is_rare(daemon, user1):
    daemon.start()
    user1.listen()
    _, path = user1.measure(["fake", "flood", "200"])
    assert user1.finished(path) == "done"
    user1.barrier()
    heard = user1.heard_of("Progress", path)
    fractions = [s["args"][3] for s in heard]
    assert fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] <= 1
    times = [s["time"] for s in heard]
    for early, late in zip(times, times[4:]):
        assert late - early >= MORE_THAN_A_SECOND * 0.8, "four a second; signals may come a little bunched"
    assert heard[-1]["args"][0] in ("measuring", "finishing", "queued", "warming")


def test_progress_that_waits_comes_into_no_window(daemon, user1):
    daemon.start()
    user1.listen()
    _, path = user1.measure(["fake", "flood", "5", daemon.on_hold("a")[-1]])
    wait_for(lambda: len(user1.heard_of("Progress", path)) == 5, "the fifth is sent")
    times = [s["time"] for s in user1.heard_of("Progress", path)]
    assert times[3] - times[0] < MORE_THAN_A_SECOND
    assert times[4] - times[0] >= MORE_THAN_A_SECOND + 1.5, "the worker says no more, so that a window may be open"


def test_queued_jobs_hear_their_position(daemon, user1):
    daemon.start()
    user1.listen()
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    _, second = user1.measure(daemon.on_hold("b"))
    _, third = user1.measure(["fake"])
    daemon.release("a")
    daemon.wait_started("b")
    heard = user1.wait_signal("Progress", third)
    assert heard["args"][0] == "queued" and heard["args"][1] == 1


def test_status_for_systemctl(daemon, user1):
    daemon.start()
    daemon.wait_notice("STATUS=Waiting for jobs.")
    user1.measure(daemon.on_hold("a"))
    wait_for(lambda: daemon.wait_started("a") or True, "it runs")
    daemon.wait_notice("STATUS=Job 1 runs, 0 queued.")


def test_a_status_line_comes_into_no_window(daemon, user1):
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    daemon.wait_notice("STATUS=Job 1 runs, 0 queued.")
    time.sleep(1.1 * MORE_THAN_A_SECOND)
    user1.measure(["fake"])
    asked = time.monotonic()
    daemon.wait_notice("STATUS=Job 1 runs, 1 queued.")
    assert time.monotonic() - asked >= QUIET * 0.9, "it is measured, so that a window may be open"


def test_a_status_line_after_the_last_window(daemon, user1):
    daemon.start()
    user1.listen()
    _, path = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    daemon.wait_notice("STATUS=Job 1 runs, 0 queued.")
    time.sleep(1.1 * MORE_THAN_A_SECOND)
    daemon.notices.clear()
    daemon.release("a")
    user1.finished(path)
    ended = time.monotonic()
    daemon.wait_notice("STATUS=Waiting for jobs.")
    assert time.monotonic() - ended < QUIET * 0.8
