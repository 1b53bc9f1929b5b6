# SPDX-License-Identifier: MIT
"""What one user, or a worker that was taken over, may have of the service's memory."""

from harness import ERROR, JOB_INTERFACE, LIMITS_EXCEEDED, wait_for


def test_words_of_a_worker_are_bounded(daemon, user1):
    daemon.start()
    user1.listen()
    for name in ("RunFailed", "NoSuchError"):
        number, path = user1.measure(["fake", "error", ERROR + name, "x" * 100_000])
        user1.finished(path)
        message = user1.report(number)["job"]["error"]["message"]
        assert 4000 < len(message.encode()) <= 4096 and message.endswith("x…")


def test_cancels_of_a_job_that_is_slow_to_end_are_bounded(daemon, user1):
    daemon.start()
    user1.listen()
    _, path = user1.measure(["fake", "stubborn", str(daemon.directory / "a")])
    daemon.wait_started("a")
    pending = [user1.start_call("Cancel", path=path, interface=JOB_INTERFACE) for _ in range(70)]
    wait_for(lambda: sum(p.done() for p in pending) == 6, "the surplus is refused", 10)
    assert all(p.exception().name == LIMITS_EXCEEDED and "64" in p.exception().message for p in pending[64:])
    assert user1.finished(path) == "cancelled"
    assert all(p.result(30) == [] for p in pending[:64])
