# SPDX-License-Identifier: MIT
"""Scopes of jobs, with a systemd that fails in every way it can; the real one is met in tests/vm."""

import json
import re
import subprocess

import pytest

from harness import ERROR, MANAGER, ROOT, TOP, WAIT, WorkerSocket, variant_text, wait_for

SYSTEMD, SYSTEMD_PATH = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"


class Systemd:
    """The test's hand on mock_systemd.py."""

    def __init__(self, bus):
        bus.mock(SYSTEMD, "mock_systemd.py")
        self.root = bus.client(ROOT)
        self.reset()

    def do(self, method, args="()"):
        return self.root.call(method, args, dest=SYSTEMD, path=SYSTEMD_PATH, interface="org.freedesktop.DBus.Mock")

    def reset(self, *ends, stoppable=True):
        self.do("Reset", f"({variant_text('as', ends)}, {str(stoppable).lower()})")

    def seen(self):
        return json.loads(self.do("Seen"))


@pytest.fixture
def systemd(bus):
    mock = Systemd(bus)
    yield mock
    mock.reset()
    mock.root.close()


@pytest.fixture
def scoped(daemon, systemd):
    """The daemon as the unit starts it, but for the socket's place; no CPUs, for the slice here is nobody's."""
    daemon.containment = "scope"
    daemon.worker_socket = daemon.directory / "worker.socket"
    daemon.configure(ReservedCPUs="none")
    workers = WorkerSocket(daemon.worker_socket, daemon.worker)
    yield daemon
    if daemon.process:
        daemon.stop()
    workers.close()


def run_one(user, *argv, **keys):
    user.listen()
    number, path = user.measure(["fake", *argv], **keys)
    result = user.finished(path)
    return result, user.report(number)


def test_a_job_has_its_scope(scoped, systemd, user1):
    scoped.start()
    user1.listen()
    number, path = user1.measure(scoped.on_hold("a"), memory_max=64 << 20, tasks_max=10, job_limit=60_000_000)
    scoped.wait_started("a")
    seen = systemd.seen()
    name, = seen["units"]
    assert name.startswith("jouletrace-job-") and name.endswith(f"-{number}.scope")
    properties = seen["started"][0]["properties"]
    assert properties["Slice"] == "jouletrace.slice" and properties["KillSignal"] == "9"
    assert "jouletraced.service" in properties["BindsTo"] and "jouletraced.service" in properties["Before"]
    assert "After" not in properties
    assert properties["CollectMode"] == "inactive-or-failed" and int(properties["TimeoutStopUSec"]) <= 2_000_000
    assert int(properties["MemoryMax"]) >= 64 << 20 and int(properties["TasksMax"]) >= 10
    assert int(properties["RuntimeMaxUSec"]) > 60_000_000
    keeper, = seen["units"][name]
    scoped.release("a")
    assert user1.finished(path) == "done"
    assert systemd.seen()["units"] == {}, "the scope is gone before the job is said to have ended"
    wait_for(lambda: not running(keeper), "the keeper is gone")


def test_the_scope_has_the_cpus_the_job_asked_for(scoped, systemd, user1):
    """The worker holds the scope against what it was told: the first CPUs of the reservation, here one thread of two."""
    scoped.configure(ReservedCPUs="auto", Partition="none")
    scoped.more = ("--sysroot", TOP / "tests/fixtures/intel-client")
    scoped.start()
    assert user1.get("ReservedCPUs").count("-") + user1.get("ReservedCPUs").count(",") == 1, "a core of two threads"
    for wanted in (1, 2):
        result, _ = run_one(user1, cpus=wanted)
        assert result == "done"
        cpus = systemd.seen()["started"][-1]["properties"]["AllowedCPUs"]
        assert sum(int(byte).bit_count() for byte in re.findall(r"Byte\((\d+)\)", cpus)) == wanted


def own_cgroups(scoped):
    """/sys/fs/cgroup of the daemon, of plain files which take what is written; of the slice in it."""
    groups = scoped.directory / "cgroup"
    (groups / "jouletrace.slice").mkdir(parents=True)
    scoped.prefix = ("unshare", "--mount", "sh", "-c", f'mount --bind {groups} /sys/fs/cgroup && exec "$@"', "sh")
    return groups / "jouletrace.slice"


def populate(scope, populated):
    scope.mkdir(exist_ok=True)
    (scope / "cgroup.events").write_text(f"populated {int(populated)}\nfrozen 0\n", encoding="utf-8")


def check_of(user, name):
    return next(check for check in user.call("Diagnose") if check["name"] == name)


@pytest.mark.parametrize("stoppable", [True, False])
def test_nothing_starts_beside_a_process_that_cannot_be_killed(scoped, systemd, user1, user2, stoppable):
    """systemd waits for it, or has given it up and says that the scope has ended: the kernel knows better."""
    slice_ = own_cgroups(scoped)
    systemd.reset(stoppable=stoppable)
    scoped.start()
    user1.listen(), user2.listen()
    _, first = user1.measure(scoped.on_hold("a"))
    scoped.wait_started("a")
    _, second = user2.measure(scoped.on_hold("b"))
    name = systemd.seen()["started"][0]["name"]
    populate(slice_ / name, True)
    scoped.release("a")
    assert user1.finished(first) == "done"
    wait_for(lambda: user1.get("Ready") is False, "the service is not ready")
    reason, = user1.get("NotReadyReasons")
    assert name in reason and "SIGKILL" in reason
    error = user1.refuse_measure()
    assert error.name == ERROR + "NotReady" and name in error.message
    check = check_of(user1, "ended-jobs")
    assert check["ok"] is False and name in check["value"] and check["remedy"]
    assert user2.job_get(second, "State") == "queued" and user1.get("RunningJob") == 0

    systemd.do("Reset", "(@as [], true)")
    populate(slice_ / name, False)
    scoped.wait_started("b")
    assert user1.get("Ready") is True and check_of(user1, "ended-jobs")["ok"] is True
    assert [s["args"][1]["Ready"] for s in user1.heard_of("PropertiesChanged", MANAGER) if "Ready" in s["args"][1]] == [False, True]
    scoped.release("b")
    assert user2.finished(second) == "done"
    assert scoped.text().count("outlive SIGKILL") == 1


def test_a_survivor_of_an_earlier_service(scoped, systemd, user1):
    scope = own_cgroups(scoped) / "jouletrace-job-0123456789abcdef-7.scope"
    populate(scope, True)
    scoped.start()
    assert user1.get("Ready") is False and scope.name in user1.refuse_measure().message
    (scope / "cgroup.events").unlink()
    wait_for(lambda: user1.get("Ready"), "it is ready again")
    assert run_one(user1)[0] == "done"


@pytest.mark.parametrize("busy", [True, False])
def test_stop_gives_the_cores_back_while_there_is_a_bus(scoped, systemd, user1, busy):
    """A stop is nothing to warn of."""
    slice_ = own_cgroups(scoped)
    partition, effective = (slice_ / f"cpuset.cpus.{name}" for name in ("partition", "effective"))
    partition.write_text("member\n", encoding="utf-8")
    scoped.configure(ReservedCPUs="auto", Partition="root")
    scoped.more = ("--sysroot", TOP / "tests/fixtures/intel-client")
    scoped.start()
    effective.write_text(user1.get("ReservedCPUs") + "\n", encoding="utf-8")
    user1.listen()
    _, path = user1.measure(scoped.on_hold("a"))
    scoped.wait_started("a")
    assert user1.get("IsolationLevel") == "reserved" and partition.read_text(encoding="utf-8").startswith("root\n")
    if not busy:
        scoped.release("a")
        assert user1.finished(path) == "done"
    assert scoped.stop() == 0
    assert partition.read_text(encoding="utf-8").startswith("member\n")
    assert "everybody's again" in scoped.text() and "cannot" not in scoped.text()


def running(pid):
    return subprocess.run(["kill", "-0", str(pid)], stderr=subprocess.DEVNULL, check=False).returncode == 0


@pytest.mark.parametrize("end", ["failed", "timeout", "refused"])
def test_a_scope_that_fails(scoped, systemd, user1, end):
    systemd.reset(end)
    scoped.start()
    result, report = run_one(user1)
    assert result == "infrastructure"
    error = report["job"]["error"]
    assert error["name"] == ERROR + "ScopeFailed" and "scope" in error["message"] and error["remedy"]
    assert run_one(user1)[0] == "done", "the next one starts"


def test_a_scope_that_never_starts(scoped, systemd, user1):
    systemd.reset("never")
    scoped.start()
    result, report = run_one(user1)
    assert result == "infrastructure"
    assert report["job"]["error"]["name"] == ERROR + "ScopeFailed" and "in time" in report["job"]["error"]["message"]


def test_a_scope_that_dies_at_birth_is_asked_for_once_more(scoped, systemd, user1):
    systemd.reset("dead")
    scoped.start()
    assert run_one(user1)[0] == "done"
    assert len({unit["name"] for unit in systemd.seen()["started"]}) == 2


def test_a_scope_that_dies_twice(scoped, systemd, user1):
    systemd.reset("dead", "dead")
    scoped.start()
    result, report = run_one(user1)
    assert result == "infrastructure" and report["job"]["error"]["name"] == ERROR + "ScopeFailed"


def test_a_worker_without_keeper(scoped, systemd, user1):
    scoped.start()
    result, report = run_one(user1, "no-keeper")
    assert result == "infrastructure" and report["job"]["error"]["name"] == ERROR + "WorkerFailed"
    assert systemd.seen()["started"] == []


def test_a_worker_that_crashes_takes_its_scope_along(scoped, systemd, user1):
    scoped.start()
    result, report = run_one(user1, "crash-run")
    assert result == "infrastructure" and report["job"]["error"]["name"] == ERROR + "WorkerFailed"
    assert systemd.seen()["units"] == {}


def test_a_scope_that_does_not_end_is_not_waited_for_forever(scoped, systemd, user1):
    systemd.reset(stoppable=False)
    scoped.start()
    result, _ = run_one(user1)
    assert result == "done"
    assert "does not end" in scoped.text()
    systemd.reset()


def test_stop_does_not_leave_a_scope(scoped, systemd, user1):
    scoped.start()
    user1.listen()
    number, path = user1.measure(scoped.on_hold("a"))
    scoped.wait_started("a")
    assert scoped.stop() == 0
    assert systemd.seen()["units"] == {}
    assert user1.finished(path) == "cancelled"
    scoped.start()
    assert user1.report(number)["job"]["error"]["name"] == ERROR + "ServiceStopped"


def test_cancel_ends_the_scope_first(scoped, systemd, user1):
    scoped.start()
    user1.listen()
    _, path = user1.measure(scoped.on_hold("a"))
    scoped.wait_started("a")
    user1.job(path, "Cancel")
    assert systemd.seen()["units"] == {}
    assert user1.finished(path) == "cancelled"


def test_leftover_scopes_are_ended_before_the_first_job(scoped, systemd, user1):
    sleeper = subprocess.Popen(["sleep", "1000"])
    try:
        systemd.do("AddScope", f"('jouletrace-job-0123456789abcdef-7.scope', uint32 {sleeper.pid})")
        scoped.start()
        assert sleeper.wait(WAIT) == -9
        assert systemd.seen()["units"] == {}
        assert "jouletrace-job-0123456789abcdef-7.scope" in scoped.text()
        assert run_one(user1)[0] == "done"
    finally:
        sleeper.kill()


def test_a_leftover_that_cannot_be_ended_does_not_stop_the_service(scoped, systemd, user1):
    systemd.reset(stoppable=False)
    systemd.do("AddScope", "('jouletrace-job-0123456789abcdef-7.scope', uint32 999999)")
    scoped.start()
    assert "0123456789abcdef-7.scope" in scoped.text()
    systemd.reset()
    assert run_one(user1)[0] == "done"


def test_a_socket_that_is_not_there(scoped, systemd, user1):
    scoped.worker_socket = scoped.directory / "nowhere.socket"
    scoped.start()
    assert user1.get("Ready") is False
    assert user1.refuse_measure().name == ERROR + "NotReady"


def test_signals_of_a_stranger_are_not_systemds(scoped, systemd, user1, user2):
    """Anybody may send us a JobRemoved; only PID 1's counts."""
    systemd.reset("never")
    scoped.start()
    number, path = user1.measure(["fake"])
    wait_for(lambda: systemd.seen()["started"], "the scope is asked for")
    user2.do("emit", dest="org.jouletrace.JouleTrace1", path=SYSTEMD_PATH, interface=SYSTEMD + ".Manager", member="JobRemoved",
             args=f"(uint32 1, objectpath '{SYSTEMD_PATH}/job/1', '{systemd.seen()['started'][0]['name']}', 'done')").result(WAIT)
    user2.barrier()
    assert user1.get("RunningJob") == number and user1.job_get(path, "State") == "queued"
    user1.job(path, "Cancel")
