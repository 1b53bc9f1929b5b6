# SPDX-License-Identifier: MIT
"""Fair between users, bounded, and honest about how long it takes."""

import datetime
import json

import pytest

from helpers import configure, detach, install_programs, joulectl, jobs, quiesce, wait_record

MANAGER = ["org.jouletrace.JouleTrace1", "/org/jouletrace/JouleTrace1", "org.jouletrace.JouleTrace1.Manager"]
ONE = ("--trials=1", "--warmups=0", "--cooldown=0")


@pytest.fixture(scope="module", autouse=True)
def programs(vm):
    install_programs(vm)
    configure(vm, MaxJobsPerUser=120, MaxQueued=200, CallsPerMinute=1000)


SUBMIT_MANY = """
import sys
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
for i in range(int(sys.argv[1])):
    request = {"argv": GLib.Variant("as", sys.argv[2:]), "detach": GLib.Variant("b", True), "trials": GLib.Variant("u", 1),
               "warmups": GLib.Variant("u", 0), "cooldown": GLib.Variant("t", 0)}
    reply = bus.call_sync("org.jouletrace.JouleTrace1", "/org/jouletrace/JouleTrace1", "org.jouletrace.JouleTrace1.Manager",
                          "Measure", GLib.Variant("(a{sv})", (request,)), None, 0, -1)
    print(reply.unpack()[0])
"""


def submit_many(vm, count, *command, user="user1"):
    vm.run("cat > /tmp/submit.py", input=SUBMIT_MANY.encode())
    _, out, _ = vm.run(["python3", "/tmp/submit.py", str(count), *command], user=user, timeout=300)
    return [int(line) for line in out.split()]


def test_one_job_of_user2_goes_before_a_hundred_of_user1(vm):
    hundred = submit_many(vm, 100, "sleep", "0.1")
    assert len(hundred) == 100
    _, out, _ = vm.run(["busctl", "--json=short", "get-property", *MANAGER, "QueueLength"], user="user2")
    assert json.loads(out)["data"] >= 30
    one = report_of(vm, detach(vm, "sleep", "0.15", options=ONE, user="user2"))
    ended = [entry for entry in jobs(vm) if entry["id"] in hundred and entry["state"] == "queued"]
    assert len(ended) >= 20, "many of user1's jobs still wait"
    assert one["job"]["result"] in ("done", "unstable"), one["job"]  # the hundred clients may be a load beside it
    joulectl(vm, "cancel", *[str(job) for job in hundred], user="root", check=False, timeout=300)


def report_of(vm, job):
    return wait_record(vm, job, timeout=120)


def test_estimate_of_ten_queued_jobs(vm):
    """The finish that is promised when the tenth is queued comes within a factor of two."""
    quiesce(vm)
    wait_record(vm, detach(vm, "sleep", "0.4", options=ONE))
    ten = submit_many(vm, 10, "sleep", "0.4")
    _, out, _ = vm.run(["busctl", "--json=short", "get-property", MANAGER[0],
                        f"/org/jouletrace/JouleTrace1/job/_{ten[-1]}", "org.jouletrace.JouleTrace1.Job", "EstimatedFinish"],
                       user="user1")
    asked = float(vm.run(["date", "+%s.%N"])[1])
    promised = json.loads(out)["data"] / 1e6 - asked
    finished = datetime.datetime.fromisoformat(wait_record(vm, ten[-1], timeout=240)["job"]["finished"])
    took = finished.timestamp() - asked
    assert took / 2 <= promised <= took * 2, f"promised {promised:.1f} s, took {took:.1f} s"


def test_limits_name_themselves(vm):
    quiesce(vm)
    configure(vm, "reload", MaxJobsPerUser=2, CallsPerMinute=1000)
    held = [detach(vm, "sleep", "30", options=ONE) for _ in range(2)]
    code, _, err = joulectl(vm, "measure", *ONE, "--", "sleep", "0.15", check=False)
    assert code != 0 and "MaxJobsPerUser" in err and "2" in err
    for job in held:
        joulectl(vm, "cancel", str(job))
    configure(vm, CallsPerMinute=3)
    answers = [joulectl(vm, "measure", *ONE, "--", "sleep", "0.15", check=False) for _ in range(5)]
    assert any(code != 0 and "CallsPerMinute" in err for code, _, err in answers)
