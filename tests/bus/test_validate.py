# SPDX-License-Identifier: MIT
"""Validate: a job that runs a program on its tests and measures nothing. The worker is the fake one."""

import fcntl
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from gi.repository import GLib

from harness import (ACCESS_DENIED, BUILD, BUS, ERROR, INTERACTIVE, JOB_INTERFACE, MANAGER, MANAGER_INTERFACE, NOBODY, ROOT, TOP, USER1, WAIT,
                     BusError, memfd, request_text, validation, wait_for)


@pytest.fixture
def allowed(polkit):
    """Validating, and no more: measure is another permission."""
    polkit.set("deny", validate="allow")


def test_from_submission_to_report(daemon, allowed, polkit, user1):
    daemon.start()
    user1.listen()
    number, path = user1.validate(["fake"], label="first", files=[("src/a.c", 0, 2, 0o644)], max_tests=3, on_failure="continue")
    assert path == f"{MANAGER}/job/_{number}"
    assert user1.finished(path) == "done"
    result = user1.job(path, "GetResult")
    assert result["result"] == "done" and result["verdict"] == "AC"
    assert "total-energy" not in result and "error" not in result
    report = user1.report(number)
    assert report["job"]["kind"] == "validate" and report["job"]["state"] == "completed" and report["job"]["label"] == "first"
    request = report["request"]
    assert request["kind"] == "validate" and request["profile"] == "box"
    assert request["files"] == ["src/a.c"] and request["tests"] == ["1"]
    assert request["max-tests"] == 3 and request["on-failure"] == "continue"
    assert request["blobs"] == "in answer", "the descriptor came through as it was"
    record, = user1.records()
    assert record["kind"] == "validate" and record["verdict"] == "AC"
    assert polkit.actions() == ["validate"]


def test_a_wrong_answer(daemon, allowed, user1):
    daemon.start()
    user1.listen()
    number, path = user1.validate(["fake", "result", "failed"])
    assert user1.finished(path) == "failed"
    assert user1.job(path, "GetResult")["verdict"] == "WA"
    error = user1.report(number)["job"]["error"]
    assert error["name"] == ERROR + "WrongAnswer" and "expected and got" in error["remedy"]


def test_properties_of_a_job(daemon, allowed, user1, user2):
    daemon.start()
    number, path = user1.validate(daemon.on_hold("a"))
    daemon.wait_started("a")
    wait_for(lambda: user1.job_get(path, "State") == "validating", "the job validates")
    assert user1.job_get(path, "Kind") == "validate"
    assert user1.job_get(path, "Phase") == "validating"
    assert user1.job_get(path, "Trial") == 0 and user1.job_get(path, "Trials") == 0
    assert user1.job_get(path, "EstimatedFinish") > user1.job_get(path, "Submitted")
    assert user1.call("ListJobs") == [[number, user1.uid, "validate", "validating", path]]
    assert user2.call("ListJobs") == [[number, NOBODY, "validate", "validating", path]]


def test_progress(daemon, allowed, user1):
    daemon.start()
    user1.listen()
    _, path = user1.validate(["fake"])
    user1.finished(path)
    phases = {signal["args"][0] for signal in user1.heard_of("Progress", path)}
    assert "validating" in phases and not phases & {"warming", "measuring"}


def test_one_queue(daemon, polkit, clients, user1, user2):
    """What only validates waits its turn with what measures, and other users' jobs go between."""
    polkit.set("deny", validate="allow", measure="allow")
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    first, _ = user1.validate(["fake"])
    second, _ = user1.validate(["fake"])
    theirs, _ = user2.measure(["fake"])
    assert [(job[0], job[2]) for job in clients(ROOT).call("ListJobs")][1:] == [(theirs, "measure"), (first, "validate"),
                                                                        (second, "validate")]


def test_estimates_grow_with_the_tests(daemon, allowed, user1):
    daemon.start()
    user1.validate(daemon.on_hold("a"))
    daemon.wait_started("a")

    def expected(n, **keys):
        before = user1.job_get(user1.validate(["fake"])[1], "EstimatedFinish")
        _, path = user1.validate(["fake"], tests=[(str(i), 0, 2, 3, 6) for i in range(n)], **keys)
        return user1.job_get(path, "EstimatedFinish") - before
    assert expected(100) > 2 * expected(10)
    assert expected(100, max_tests=10) < expected(100) / 2


@pytest.mark.parametrize("answer, name", [("deny", ACCESS_DENIED), ("challenge", INTERACTIVE)])
def test_refused_by_polkit(daemon, polkit, user1, answer, name):
    """Who may measure may validate by polkit's policy (imply), not by ours: only what polkit says counts here."""
    polkit.set(answer, measure="allow")
    daemon.start()
    error = user1.refuse_validate()
    assert error.name == name and f"{BUS}.validate" in error.message
    assert polkit.actions() == ["validate"]
    assert user1.call("ListJobs") == [] and user1.records() == []


def test_who_may_validate_may_not_measure(daemon, allowed, user1):
    daemon.start()
    assert user1.refuse_measure().name == ACCESS_DENIED
    error = user1.refused("Measure", request_text(validation(["fake"])), fds=[memfd(b"in answer", sealed=True)])
    assert error.name == ACCESS_DENIED and f"{BUS}.measure" in error.message


@pytest.mark.parametrize("keys, words", [
    ({"files": [("../x", 0, 1, 0o644)]}, ["files", "../x", "relative"]),
    ({"files": [("/etc/passwd", 0, 1, 0o644)]}, ["files", "/etc/passwd", "relative"]),
    ({"files": [("a", 0, 1, 0o4755)]}, ["files", "04755", "0777"]),
    ({"tests": [("1", 0, 1, 2**64 - 1, 2)]}, ["tests", "18446744073709551615", "256M", "MaxBlobs"]),
    ({"profile": "host"}, ["profile", "host", "box"]),
    ({"trials": 9}, ["trials", "measure"]),
    ({"meter": "none"}, ["meter", "measure"]),
    ({"validator": {"type": GLib.Variant("s", "magic")}}, ["validator.type", "magic", "tokens"]),
    ({"language": "../c"}, ["language", "../c", "python3"]),
    ({"language": "cobol", "files": [("a.c", 0, 2, 0o644)]}, ["language", "cobol", "c, cpp, python3"]),
    ({"validator": {"type": GLib.Variant("s", "kattis"), "language": GLib.Variant("s", "cobol"),
                    "files": GLib.Variant("a(sttu)", [("a.c", 0, 2, 0o644)])}}, ["validator.language", "cobol", "c, cpp, python3"]),
    ({"on-failure": "retry"}, ["on-failure", "retry", "continue"]),
])
def test_a_bad_key_is_named(daemon, polkit, user1, keys, words):
    daemon.start()
    error = user1.refuse_validate(**keys)
    assert error.name == ERROR + "InvalidRequest"
    for word in words:
        assert word in error.message, error.message
    assert polkit.actions() == [], "refused before anybody is asked"


def test_no_tests(daemon, user1):
    daemon.start()
    error = user1.refused("Validate", "({'argv': <['fake']>},)")
    assert error.name == ERROR + "InvalidRequest" and "tests" in error.message


@pytest.mark.parametrize("fd", [memfd(b"in answer"), {"open": "/etc/hostname"}, {"pipe": ""}], ids=["memfd", "file", "pipe"])
def test_blobs_that_may_still_change(daemon, allowed, user1, fd):
    daemon.start()
    error = user1.refuse_validate(fd=fd)
    assert error.name == ERROR + "InvalidRequest"
    assert "blobs" in error.message and "sealed" in error.message and "F_SEAL_WRITE" in error.message


def test_blobs_as_bytes(daemon, allowed, user1):
    """For those who cannot pass descriptors, over ssh."""
    daemon.start()
    user1.listen()
    number, path = user1.call("Validate", request_text(validation(["fake"], blobs=GLib.Variant("ay", b"in answer"))))
    assert user1.finished(path) == "done"
    assert user1.report(number)["request"]["blobs"] == "in answer"


def test_queued_requests_of_one_user_are_bounded(daemon, allowed, user1):
    """Their bytes are our memory as long as they wait."""
    daemon.start()
    user1.validate(daemon.on_hold("a"))
    daemon.wait_started("a")
    # Letters with a zero at their end are printed as text, not as millions of numbers.
    blobs = GLib.Variant.new_from_bytes(GLib.VariantType("ay"), GLib.Bytes.new(b"x" * (12 << 20) + b"\0"), True)
    large = request_text(validation(["fake"], blobs=blobs))
    for _ in range(2):
        user1.call("Validate", large)
    error = user1.refused("Validate", large)
    assert error.name == ERROR + "QueueFull" and "32 MiB" in error.message


def test_lists_of_tests_count_too(daemon, allowed, user1):
    daemon.start()
    user1.validate(daemon.on_hold("a"))
    daemon.wait_started("a")
    many = request_text(validation(["fake"], tests=[(f"{i:0250}", 0, 2, 3, 6) for i in range(10000)]))
    accepted = 0
    while accepted < 20:
        try:
            user1.call("Validate", many, fds=[memfd(b"in answer", sealed=True)])
        except BusError as error:
            assert error.name == ERROR + "QueueFull"
            break
        accepted += 1
    assert 5 < accepted < 15, "each takes some 3 MiB of 32"


def test_a_confined_caller_may_use_a_box(daemon, bus, clients):
    """It sees less than any confinement leaves; what runs as the caller is still refused."""
    daemon.start()
    tests = ["tests", "a(stttt)", "1", "1", "0", "1", "1", "1", "blobs", "ay", "2", "65", "66", "detach", "b", "true"]

    def confined(method, *keys):
        return subprocess.run(["unshare", "--mount", "busctl", "call", BUS, MANAGER, MANAGER_INTERFACE, method, "a{sv}", *keys],
                              env=bus.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT)
    for method in ("Validate", "Measure"):
        done = confined(method, "4", "argv", "as", "1", "fake", *tests)
        assert done.returncode == 0, done.stdout
    done = confined("Measure", "2", "argv", "as", "1", "fake", "profile", "s", "host")
    assert done.returncode != 0 and "Access denied" in done.stdout
    assert "confined caller" in daemon.text()
    assert [record["kind"] for record in clients(ROOT).records()] == ["measure", "validate"]


def test_busctl_by_hand(daemon, allowed, bus):
    """As the manual prints it."""
    daemon.start()
    user = {"user": USER1, "group": "games", "extra_groups": []}

    def busctl(*arguments):
        return subprocess.run(["busctl", "call", BUS, MANAGER, MANAGER_INTERFACE, *arguments], env=bus.environment, text=True,
                              cwd="/", timeout=WAIT, check=True, stdout=subprocess.PIPE, **user).stdout
    said = busctl("Validate", "a{sv}", "4", "argv", "as", "1", "/bin/cat", "blobs", "ay", "2", "52", "50", "tests", "a(stttt)", "1",
                  "1", "0", "2", "0", "2", "detach", "b", "true")
    number = said.split()[1]

    def report():
        try:
            return busctl("GetReport", "u", number)
        except subprocess.CalledProcessError:
            return None
    assert "validate" in wait_for(report, "the report")


def test_jobs_are_their_owners(daemon, allowed, user1, user2):
    daemon.start()
    user1.listen()
    number, path = user1.validate(["fake", "secret-argument"], label="secret-label", tests=[("secret-test", 0, 2, 3, 6)])
    user1.finished(path)
    for error in (user2.refused("GetReport", f"(uint32 {number},)"), user2.refused("Forget", f"(uint32 {number},)"),
                  user2.refused("GetResult", path=path, interface=JOB_INTERFACE)):
        assert error.name == ACCESS_DENIED and "secret" not in error.message
    values = user2.call("GetAll", f"('{JOB_INTERFACE}',)", path=path, interface="org.freedesktop.DBus.Properties")
    assert values["OwnerUid"] == NOBODY and "secret" not in str(values)
    assert "secret" not in daemon.text(), "the journal has other readers"


def test_without_a_box_nothing_runs(daemon, allowed, user1):
    """A program that must be boxed is not run outside: here every uid for boxes is somebody else's."""
    daemon.worker = BUILD / "worker/jouletrace-worker"
    daemon.configure(BoxUidRange="70000-70255")
    daemon.start()
    user1.listen()
    locks = Path("/run/jouletrace/box-uids")
    locks.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as taken:
        for uid in range(70000, 70256):
            fcntl.flock(taken.enter_context(open(locks / str(uid), "w", encoding="utf-8")), fcntl.LOCK_EX | fcntl.LOCK_NB)
        number, path = user1.validate(["/bin/true"])
        assert user1.finished(path) == "infrastructure"
    error = user1.report(number)["job"]["error"]
    assert error["name"] == ERROR + "BoxUnavailable" and "BoxUidRange" in error["message"] and error["remedy"]


def test_capabilities(daemon, user1):
    daemon.start()
    capabilities = user1.get("Capabilities")
    assert capabilities["profiles"] == ["host", "box"] and capabilities["languages"] == ["c", "cpp", "python3"]
    limits = capabilities["limits"]
    assert limits["blobs"] == 256 << 20 and limits["files"] == 4096 and limits["tests"] == 10000 and limits["max-tests"] == 10000


def test_languages_are_read_again(daemon, allowed, user1):
    """languages.d is configuration: what was put there or removed counts from the next reload on."""
    languages = daemon.directory / "share/languages.d"
    languages.mkdir(parents=True)
    for path in (TOP / "languages.d").glob("*.conf"):
        shutil.copy(path, languages)
    daemon.prefix = ("env", f"JOULETRACE_DATADIR={languages.parent}")
    daemon.start()
    user1.listen()
    error = user1.refuse_validate(language="tcl", files=[("a.tcl", 0, 2, 0o644)])
    assert error.name == ERROR + "InvalidRequest" and '"tcl"' in error.message
    (languages / "tcl.conf").write_text("[Language]\nName=Tcl\nSuffixes=tcl\nRun=/usr/bin/tclsh {main}\nVersion=/bin/true\n",
                                        encoding="utf-8")
    (languages / "cpp.conf").write_text("", encoding="utf-8")
    (languages / "c.conf").write_text("[Language]\nColour=blue\n", encoding="utf-8")
    daemon.reload()
    told = wait_for(lambda: [s for s in user1.heard_of("PropertiesChanged") if "Capabilities" in s["args"][1]], "the change is told")
    assert told[-1]["args"][1]["Capabilities"]["languages"] == ["python3", "tcl"]
    assert user1.get("Capabilities")["languages"] == ["python3", "tcl"]
    assert "c.conf:2" in daemon.text() and "Colour" in daemon.text(), "what is wrong is in the log, with its place"
    user1.listen()
    _, path = user1.validate(["fake"], language="tcl", files=[("a.tcl", 0, 2, 0o644)])
    assert user1.finished(path) == "done"
    assert '"cpp"' in user1.refuse_validate(language="cpp", files=[("a.cpp", 0, 2, 0o644)]).message
