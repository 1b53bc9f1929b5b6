# SPDX-License-Identifier: MIT
"""Each knob of jouletraced.conf acts; one test per knob, named after it. What needs a cgroup or counters (Partition,
ReservedCPUs, ReleaseSec, Isolation in their effect on the kernel) is shown in tests/vm as well."""

import re
import signal
import sqlite3

import pytest

from harness import ERROR, LIMITS_EXCEEDED, TOP, wait_for


def refused_bound(user, key, value):
    error = user.refuse_measure(**{key.replace("-", "_"): value})
    assert error.name == ERROR + "InvalidRequest" and key in error.message
    return error.message


def run_one(user, argv=("fake",), **keys):
    user.listen()
    number, path = user.measure(list(argv), **keys)
    user.finished(path)
    return user.report(number)


def test_MaxJobsPerUser(daemon, user1, user2):
    daemon.configure(MaxJobsPerUser=2)
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    user1.measure(["fake"])
    error = user1.refuse_measure()
    assert error.name == ERROR + "QueueFull" and "MaxJobsPerUser=2" in error.message
    user2.measure(["fake"])


def test_MaxQueued(daemon, user1, user2):
    daemon.configure(MaxQueued=2)
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    user1.measure(["fake"])
    user1.measure(["fake"])
    error = user2.refuse_measure()
    assert error.name == ERROR + "QueueFull" and "MaxQueued=2" in error.message


def test_CallsPerMinute(daemon, user1, user2):
    daemon.configure(CallsPerMinute=3)
    daemon.start()
    for _ in range(3):
        user1.measure(["fake"])
    error = user1.refuse_measure()
    assert error.name == LIMITS_EXCEEDED and "CallsPerMinute=3" in error.message and re.search(r"in \d+ s", error.message)
    user2.measure(["fake"])


def test_CallsPerMinute_counts_what_is_refused(daemon, user1, user2):
    """A request is read to its end before it is found wrong, and may be of 32 MiB."""
    daemon.configure(CallsPerMinute=3)
    daemon.start()
    for user in (user1, user2):
        user.call("ListJobs")
    for _ in range(3):
        assert user1.refuse_measure(trials=0).name == ERROR + "InvalidRequest"
    error = user1.refuse_measure(trials=0)
    assert error.name == LIMITS_EXCEEDED and "CallsPerMinute=3" in error.message
    assert user1.call("GetStatistics")["refused"] == 1
    user2.measure(["fake"])


@pytest.mark.parametrize("knob, value, key, good, bad", [
    ("MaxCPULimit", "20s", "cpu-limit", 20_000_000, 20_000_001),
    ("MaxWallLimit", "20s", "wall-limit", 20_000_000, 20_000_001),
    ("MaxJobLimit", "20s", "job-limit", 20_000_000, 20_000_001),
    ("MaxMemory", "16M", "memory-max", 16 << 20, (16 << 20) + 1),
    ("MaxTasks", "10", "tasks-max", 10, 11),
    ("MaxOutput", "1M", "output-max", 1 << 20, (1 << 20) + 1),
    ("MaxTrials", "20", "trials", 20, 21),
])
def test_upper_bounds(daemon, user1, knob, value, key, good, bad):
    daemon.configure(**{knob: value})
    daemon.start()
    refused_bound(user1, key, bad)
    report = run_one(user1, **{key.replace("-", "_"): good})
    assert report["request"][key] == good
    assert user1.get("Capabilities")["limits"][key] == good


def test_upper_bounds_can_be_raised(daemon, user1):
    daemon.configure(MaxTrials=2000)
    daemon.start()
    assert run_one(user1, trials=1500)["request"]["trials"] == 1500


def test_a_default_above_a_lowered_bound_is_lowered_with_it(daemon, user1):
    daemon.configure(MaxTrials=3, MaxMemory="8M")
    daemon.start()
    request = run_one(user1)["request"]
    assert request["trials"] == 3 and request["memory-max"] == 8 << 20


def test_MaxBlobs(daemon, user1, polkit):
    """By what is pointed to, since the service never looks at a caller's descriptor; the worker looks at the rest."""
    polkit.set("deny", validate="allow")
    daemon.configure(MaxBlobs="1M")
    daemon.start()
    error = user1.refuse_validate(tests=[("1", 0, 1, 1, 1 << 20)])
    assert error.name == ERROR + "InvalidRequest" and "MaxBlobs" in error.message and "1M" in error.message
    user1.listen()
    number, path = user1.validate(["fake"], tests=[("1", 0, 1, 1, (1 << 20) - 1)])
    user1.finished(path)
    assert user1.report(number)["context"]["max_blobs"] == 1 << 20
    assert user1.get("Capabilities")["limits"]["blobs"] == 1 << 20


def test_BoxUidRange(daemon, user1):
    daemon.configure(BoxUidRange="70000-70999")
    daemon.start()
    assert run_one(user1)["context"]["box_uids"] == [70000, 70999]


@pytest.mark.parametrize("value", ["0-65535", "61184-65519", "524288-600000", "70000-70001", "70000"])
def test_BoxUidRange_of_others(daemon, value):
    daemon.configure(BoxUidRange=value)
    code, out = daemon.run("--check-config", "--config", daemon.config)
    assert code != 0 and f":2: BoxUidRange={value} is " in out, out


def test_MinWindow(daemon, user1, polkit):
    daemon.configure(MinWindow="200ms")
    daemon.start()
    refused_bound(user1, "min-window", 199_999)
    report = run_one(user1)
    assert report["request"]["min-window"] == 200_000 and report["context"]["region_min"] == 200_000
    assert run_one(user1, min_window=300_000)["request"]["min-window"] == 300_000
    polkit.set("allow")
    assert run_one(user1, min_window=50_000, resolution="fine")["request"]["min-window"] == 50_000


def test_DefaultTrials(daemon, user1):
    daemon.configure(DefaultTrials=5)
    daemon.start()
    assert run_one(user1)["request"]["trials"] == 5


def test_DefaultWarmups(daemon, user1):
    daemon.configure(DefaultWarmups=0)
    daemon.start()
    assert run_one(user1)["request"]["warmups"] == 0


def test_ThermalBand_and_ThermalLimit(daemon, user1):
    daemon.configure(ThermalBand=2, ThermalLimit=80)
    daemon.start()
    assert run_one(user1)["context"]["thermal"] == [2000, 80000]


@pytest.mark.parametrize("policy", ("note", "strict"))
def test_ThermalPolicy(daemon, user1, policy):
    daemon.configure(ThermalPolicy=policy)
    daemon.start()
    assert run_one(user1)["context"]["thermal_strict"] is (policy == "strict")


def test_Cooldown(daemon, user1):
    daemon.configure(Cooldown="10ms")
    daemon.start()
    assert run_one(user1)["request"]["cooldown"] == 10_000


def test_Meter(daemon, user1):
    daemon.meter = None
    daemon.configure(Meter="none")
    daemon.start()
    assert run_one(user1)["context"]["meter"] == "none"


def test_ModelWatts(daemon, user1):
    daemon.configure(ModelWatts="17.5")
    daemon.start()
    assert run_one(user1)["context"]["model_watts"] == 17.5


def test_ForeignLoadLimit(daemon, user1):
    daemon.configure(ForeignLoadLimit="2.5")
    daemon.start()
    assert run_one(user1)["context"]["foreign_load_limit"] == 2.5


def test_FrequencyLimit(daemon, user1):
    daemon.configure(FrequencyLimit="8")
    daemon.start()
    assert run_one(user1)["context"]["frequency_limit"] == 8


def test_LogLevel(daemon, user1):
    daemon.configure(LogLevel="warning")
    daemon.start()
    run_one(user1)
    assert "queued" not in daemon.text()
    daemon.configure(LogLevel="info")
    daemon.reload()
    run_one(user1)
    assert "queued" in daemon.text()


def test_refusals_do_not_flood_the_log(daemon, user1, user2):
    """Ten a minute and user are told one by one, the others by their number at the end."""
    daemon.configure(MaxJobsPerUser=1, CallsPerMinute=1000)
    daemon.start()
    for user in (user1, user2):
        user.measure(["fake", "hold", str(daemon.directory / "never")])
    for _ in range(25):
        assert user1.refuse_measure().name == ERROR + "QueueFull"
    user2.refuse_measure()
    assert daemon.text().count("refused: ") == 11 and "more refusals" not in daemon.text()
    assert user1.call("GetStatistics")["refused"] == 26
    daemon.stop()
    assert daemon.text().count(f"15 more refusals of uid {user1.uid} were not logged") == 1
    assert daemon.text().count("more refusals") == 1


def test_RetainCount(daemon, user1):
    daemon.configure(RetainCount=2)
    daemon.start()
    ids = [run_one(user1)["job"]["id"] for _ in range(4)]
    wait_for(lambda: [r["id"] for r in user1.records()] == ids[:1:-1], "only the newest two are kept")


def test_RetainBytes(daemon, user1):
    daemon.configure(RetainBytes="1K")
    daemon.start()
    user1.listen()
    paths = [user1.measure(["fake"])[1] for _ in range(3)]
    for path in paths:
        user1.finished(path)
    wait_for(lambda: len(user1.records()) < 3, "the oldest reports go")


def test_RetainDays(daemon, user1):
    daemon.start()
    old, new = (run_one(user1)["job"]["id"] for _ in range(2))
    daemon.stop()
    with sqlite3.connect(daemon.database()) as database:
        day = 86_400_000_000
        for column in ("submitted", "started", "finished"):
            database.execute(f"UPDATE jobs SET {column} = {column} - 3 * {day} WHERE id = ?", (old,))
    database.close()
    daemon.configure(RetainDays=4)
    daemon.start()
    assert [r["id"] for r in user1.records()] == [new, old]
    daemon.configure(RetainDays=2)
    daemon.reload()
    assert [r["id"] for r in user1.records()] == [new]


@pytest.mark.parametrize("knob, value", [("ReservedCPUs", "none"), ("Partition", "none"), ("Isolation", "confined"),
                                         ("ReleaseSec", "1s")])
def test_knobs_of_the_cores_are_understood(daemon, user1, knob, value):
    """Without systemd nothing is reserved whatever they say; tests/unit and tests/vm show what they do."""
    daemon.configure(**{knob: value})
    daemon.start()
    assert run_one(user1)["context"]["isolation"] == "none"
    assert "jouletraced.conf:" not in daemon.text()


def test_ReservedCPUs_that_cannot_be_had(daemon):
    daemon.configure(ReservedCPUs="1000-1001")
    daemon.start()
    assert "ReservedCPUs=1000-1001" in daemon.text() and "not online" in daemon.text() and "auto" in daemon.text()


def test_reload(daemon, user1):
    daemon.configure(MaxTrials=5)
    daemon.start()
    refused_bound(user1, "trials", 6)
    daemon.configure(MaxTrials=6, MaxJobsPerUser=1)
    daemon.reload()
    user1.measure(daemon.on_hold("a"), trials=6)
    assert "MaxJobsPerUser=1" in user1.refuse_measure().message


def test_reload_of_a_wrong_bound_keeps_what_was(daemon, user1):
    daemon.configure(MaxTrials=5)
    daemon.start()
    daemon.configure(MaxTrials="many")
    daemon.reload()
    refused_bound(user1, "trials", 6)
    user1.measure(["fake"], trials=5)
    assert "MaxTrials" in daemon.text()


def test_reload_while_a_job_runs(daemon, user1):
    daemon.start()
    _, path = user1.listen().measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    daemon.configure(MaxTrials=5, ReservedCPUs="none")
    daemon.reload()
    refused_bound(user1, "trials", 6)
    daemon.release("a")
    assert user1.finished(path) == "done"


def test_drop_ins_come_later_and_in_order(daemon, user1):
    daemon.configure(MaxTrials=5)
    directory = daemon.config.with_name(daemon.config.name + ".d")
    directory.mkdir()
    (directory / "20-b.conf").write_text("[JouleTrace]\nMaxTrials=7\n", encoding="utf-8")
    (directory / "10-a.conf").write_text("[JouleTrace]\nMaxTrials=6\n", encoding="utf-8")
    (directory / "ignored.txt").write_text("[JouleTrace]\nMaxTrials=8\n", encoding="utf-8")
    daemon.start()
    user1.measure(["fake"], trials=7)
    refused_bound(user1, "trials", 8)


SECURITY = ("MaxJobsPerUser", "MaxQueued", "CallsPerMinute", "MaxCPULimit", "MaxWallLimit", "MaxJobLimit", "MaxMemory",
            "MaxTasks", "MaxOutput", "MaxBlobs", "MaxTrials", "MinWindow", "BoxUidRange")
HARMLESS = ("ReservedCPUs", "Partition", "ReleaseSec", "Isolation", "Meter", "ModelWatts", "DefaultTrials", "DefaultWarmups",
            "Cooldown", "ThermalBand", "ThermalLimit", "ThermalPolicy", "Governor", "EPP", "Turbo", "MinFrequency", "MaxFrequency", "IRQAffinity",
            "CalibrationMaxAge", "RetainDays", "RetainCount", "RetainBytes", "ForeignLoadLimit", "FrequencyLimit", "LogLevel")


@pytest.mark.parametrize("knob", SECURITY)
def test_a_wrong_bound_refuses_to_start(daemon, knob):
    daemon.configure(LogLevel="info", **{knob: "nonsense"})
    daemon.start(ready=False)
    assert daemon.wait_exit() != 0
    line = next(line for line in daemon.text().splitlines() if knob in line)
    assert f"{daemon.config}:3:" in line and "nonsense" in line


def test_other_wrong_values_are_warned_of_and_defaults_used(daemon, user1):
    daemon.configure(**{knob: "?" for knob in HARMLESS})
    daemon.start()
    text = daemon.text()
    for number, knob in enumerate(HARMLESS, 2):
        assert re.search(rf"{re.escape(str(daemon.config))}:{number}: {knob}=", text), knob
    assert run_one(user1)["request"]["trials"] == 9


def test_check_config(daemon):
    daemon.config.write_text("[JouleTrace]\nMaxTrials=many\n# a comment\nMeter=sundial\nColour=red\n[Other]\nx=1\n", encoding="utf-8")
    code, out = daemon.run("--check-config", "--config", daemon.config)
    assert code != 0
    assert re.search(r":2: MaxTrials=many .*between 1 and", out), out
    assert re.search(r":4: Meter=sundial .*one of auto, perf", out), out
    assert re.search(r":5: .*Colour", out), out
    assert "[Other]" in out
    daemon.configure(MaxTrials=10)
    assert daemon.run("--check-config", "--config", daemon.config)[0] == 0
    assert daemon.run("--check-config", "--config", daemon.directory / "missing.conf")[0] == 0


def test_every_knob_is_listed_here_and_in_the_shipped_file(daemon):
    """A knob that arrives gets its test, its line in units/jouletraced.conf and its place in the manual."""
    code, out = daemon.run("--dump-knobs")
    assert code == 0
    defaults = {line.split("\t")[0]: line.split("\t")[2] for line in out.splitlines()}
    assert sorted(defaults) == sorted(SECURITY + HARMLESS)
    shipped = re.findall(r"^#(\w+)=(.*)$", (TOP / "units/jouletraced.conf").read_text(encoding="utf-8"), re.MULTILINE)
    assert shipped == list(defaults.items())
    daemon.configure(**defaults)
    assert daemon.run("--check-config", "--config", daemon.config) == (0, "")
