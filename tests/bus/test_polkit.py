# SPDX-License-Identifier: MIT
"""Who may measure: polkit's answers, early, late and never."""

import os
import pwd
import subprocess
from concurrent.futures import TimeoutError as FutureTimeout

import pytest
from gi.repository import GLib

from harness import (ACCESS_DENIED, BUS, ERROR, INTERACTIVE, LIMITS_EXCEEDED, OUTSIDER, ROOT, USER1, BusError,
                     request_text, wait_for)


def test_allowed(daemon, polkit, user1):
    daemon.start()
    number, path = user1.listen().measure(["fake"])
    assert user1.finished(path) == "done"
    check, = polkit.asked()["checks"]
    assert check["action"] == f"{BUS}.measure"
    assert check["subject"] == "system-bus-name" and check["name"] == user1.name
    assert check["cancellation"], "a check without an id cannot be cancelled"
    assert user1.report(number)["job"]["uid"] == user1.uid


def test_denied(daemon, polkit, user1):
    polkit.set("deny")
    daemon.start()
    error = user1.refuse_measure()
    assert error.name == ACCESS_DENIED
    assert f"{BUS}.measure" in error.message and "administrator" in error.message
    assert user1.records() == [] and user1.call("ListJobs") == []


def test_challenge(daemon, polkit, user1):
    polkit.set("challenge")
    daemon.start()
    error = user1.refuse_measure()
    assert error.name == INTERACTIVE
    assert "interactive" in error.message
    assert user1.call("ListJobs") == []


@pytest.mark.parametrize("interactive", [False, True])
def test_interaction_is_the_callers_choice(daemon, polkit, user1, interactive):
    daemon.start()
    user1.measure(["fake"], interactive=interactive)
    assert polkit.asked()["checks"][0]["flags"] == int(interactive)


def test_fine_results_need_a_permission_of_their_own(daemon, polkit, user1):
    daemon.start()
    error = user1.refuse_measure(resolution="fine")
    assert error.name == ACCESS_DENIED and "fine-results" in error.message
    polkit.set("deny", measure="allow", fine_results="allow")
    number, path = user1.listen().measure(["fake"], resolution="fine")
    user1.finished(path)
    assert user1.report(number)["body"] == "full"
    number, path = user1.measure(["fake"])
    user1.finished(path)
    assert user1.report(number)["body"] == "public"


def test_a_bad_request_is_refused_before_polkit_is_asked(daemon, polkit, user1):
    daemon.start()
    assert user1.refuse_measure(trials=0).name == ERROR + "InvalidRequest"
    assert polkit.actions() == []


def test_one_check_per_job(daemon, polkit, user1):
    """Nobody is asked a second time in the middle of a benchmark."""
    daemon.start()
    _, path = user1.listen().measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    daemon.release("a")
    assert user1.finished(path) == "done"
    user1.job(path, "GetResult")
    assert polkit.actions() == ["measure"]


def test_late_answer(daemon, polkit, user1, user2):
    """While polkit thinks others are answered, and the caller gets its job in the end."""
    polkit.set("allow", delay_ms=700)
    daemon.start()
    pending = user1.start_measure(["fake"], detach=True)
    wait_for(lambda: polkit.actions() == ["measure"], "polkit is asked")
    user2.call("ListJobs")
    assert not pending.done()
    number, _ = pending.result(30)
    assert number > 0


def test_hang_and_the_caller_leaves(daemon, polkit, user1, user2):
    polkit.set("hang")
    daemon.start()
    pending = user1.start_measure(["fake"])
    wait_for(lambda: polkit.asked()["hanging"], "polkit hangs")
    with pytest.raises(FutureTimeout):
        pending.result(0.2)
    assert user2.call("ListJobs") == []
    assert user2.get("QueueLength") == 0

    token, = polkit.asked()["hanging"]
    user1.leave()
    wait_for(lambda: polkit.asked()["cancelled"] == [token], "the check is cancelled")
    assert user2.call("ListJobs") == []
    assert user2.call("GetStatistics")["jobs"] == 0, "nothing was allocated"
    polkit.set("allow")
    user2.measure(["fake"], detach=True)


def test_hang_then_allowed(daemon, polkit, user1):
    polkit.set("hang")
    daemon.start()
    pending = user1.start_measure(["fake"], detach=True)
    wait_for(lambda: polkit.asked()["hanging"], "polkit hangs")
    polkit.release("allow")
    assert pending.result(30)[0] > 0


def test_hanging_calls_of_one_caller_are_bounded(daemon, polkit, user1, user2):
    polkit.set("hang")
    daemon.start()
    pending = [user1.start_measure(["fake"]) for _ in range(20)]
    wait_for(lambda: any(p.done() for p in pending), "the surplus is refused")
    errors = [p.exception() for p in pending if p.done()]
    assert errors and all(e.name == LIMITS_EXCEEDED for e in errors)
    assert user2.call("ListJobs") == []
    polkit.release("deny")
    for p in pending:
        with pytest.raises(BusError):
            p.result(30)


def test_hanging_calls_of_one_user_leave_room(daemon, polkit, clients, user2):
    """256 calls may wait in all, 16 of a connection: a user with many connections is not to have them all."""
    polkit.set("hang")
    daemon.start()
    pending = [client.start_measure(["fake"]) for client in [clients(USER1) for _ in range(5)] for _ in range(16)]
    wait_for(lambda: len([p for p in pending if p.done()]) == 16, "the surplus is refused", 20)
    assert all(p.exception().name == LIMITS_EXCEEDED for p in pending if p.done())
    assert len(polkit.asked()["hanging"]) == 64
    theirs = user2.start_measure(["fake"], detach=True)
    wait_for(lambda: len(polkit.asked()["hanging"]) == 65, "polkit is asked for the other user")
    polkit.release("allow")
    assert theirs.result(30)[0] > 0


def start_large(client, mebibytes):
    size = mebibytes << 20
    return client.start_measure(["fake"], detach=True, profile="box", files=[("large", 0, size, 0o644)],
                                blobs=GLib.Variant.new_bytestring(b"x" * size))


def test_hanging_calls_are_bounded_by_their_bytes(daemon, polkit, clients, user2):
    """Each keeps its whole message, of up to 32 MiB: sixteen of a connection and 64 of a user would be the service's end."""
    polkit.set("hang")
    daemon.start()
    theirs = [clients(USER1), clients(USER1)]
    pending = [start_large(client, 14) for client in theirs for _ in range(3)]
    def refused():
        return [p.exception() for p in pending if p.done()]
    wait_for(lambda: len(refused()) == 2, "the surplus is refused")
    for error in refused():
        assert error.name == LIMITS_EXCEEDED and "64 MiB" in error.message and "15 MiB" in error.message
    assert len(polkit.asked()["hanging"]) == 4
    other = start_large(user2, 14)
    wait_for(lambda: len(polkit.asked()["hanging"]) == 5, "polkit is asked for the other user")
    polkit.release("deny")
    for p in [*pending, other]:
        with pytest.raises(BusError):
            p.result(30)
    for _ in range(4):
        start_large(theirs[0], 14)
    wait_for(lambda: len(polkit.asked()["checks"]) == 9, "what was answered is charged no more")


def test_polkit_is_not_there(daemon, polkit, user1, bus):
    """Without polkit nobody but root may: a service that fails open would be none."""
    mock = bus.mocks.pop(polkit.NAME)
    mock.stop()
    try:
        daemon.start()
        error = user1.refuse_measure()
        assert error.name == ACCESS_DENIED and "polkit" in error.message
    finally:
        bus.mock(polkit.NAME, "mock_polkitd.py")


def test_root_is_not_asked_unless_told(daemon, polkit, clients):
    polkit.set("deny")
    daemon.start()
    clients(ROOT).measure(["fake"], detach=True)
    assert polkit.actions() == []
    daemon.stop()
    daemon.more = ("--polkit-always",)
    daemon.start()
    assert clients(ROOT).refuse_measure().name == ACCESS_DENIED


def capable_of_nothing():
    """As the unit's CapabilityBoundingSet= makes the service."""
    return ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--")


@pytest.mark.parametrize("option, what", [("--mount", "mount"), ("--net", "network"), ("--pid", "PID")])
def test_a_confined_caller_is_refused(daemon, bus, clients, option, what):
    """Whoever sees another file system, network or process than the host would escape through us."""
    daemon.prefix = capable_of_nothing()
    daemon.start()
    call = ["busctl", "call", BUS, "/org/jouletrace/JouleTrace1", f"{BUS}.Manager", "Measure", "a{sv}", "1", "argv", "as", "1", "fake"]
    done = subprocess.run(["unshare", option, "--fork", *call], env=bus.environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    assert "Access denied" in done.stdout or option == "--pid", "busctl has no words without its /proc"
    assert done.returncode != 0 and "confined caller" in daemon.text() and f"{what} namespace" in daemon.text()
    assert clients(ROOT).records() == []
    free = subprocess.run(call, env=bus.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert free.returncode == 0, free.stdout


def test_a_confined_caller_has_no_program_among_boxed_ones(daemon, bus, clients):
    """Of a comparison every candidate is looked at: one outside a box is one too many."""
    daemon.prefix = capable_of_nothing()
    daemon.start()
    boxed = ["2", "argv", "as", "1", "fake", "profile", "s", "box"]
    call = ["busctl", "call", BUS, "/org/jouletrace/JouleTrace1", f"{BUS}.Manager", "Compare", "aa{sv}a{sv}", "2", *boxed]

    def compare(*last):
        return subprocess.run(["unshare", "--net", *call, *last, "1", "detach", "b", "true"], env=bus.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    refused = compare("1", "argv", "as", "1", "fake")
    assert "Access denied" in refused.stdout and "confined caller" in daemon.text()
    assert clients(ROOT).records() == []
    assert compare(*boxed).returncode == 0


def test_groups_come_from_the_bus(daemon, user1):
    daemon.start()
    number, path = user1.listen().measure(["fake"])
    user1.finished(path)
    context = user1.report(number)["context"]
    assert context["uid"] == user1.uid
    assert context["groups"] == sorted(os.getgrouplist(USER1, pwd.getpwnam(USER1).pw_gid))


def test_measure_without_a_sender_known_to_the_bus_is_ours_alone(daemon, clients):
    """Another user cannot act in this one's name by a key of the request."""
    daemon.start()
    outsider = clients(OUTSIDER)
    assert outsider.refused("Measure", request_text({"argv": ["fake"], "uid": "0"})).name == ERROR + "InvalidRequest"
