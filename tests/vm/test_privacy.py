# SPDX-License-Identifier: MIT
"""user2 learns nothing of user1's jobs, finished or running."""

import json

import pytest

from helpers import detach, install_programs, joulectl, jobs, measure, wait_state

MANAGER = ["org.jouletrace.JouleTrace1", "/org/jouletrace/JouleTrace1", "org.jouletrace.JouleTrace1.Manager"]
SECRET = "user1-secret-label"


@pytest.fixture(scope="module")
def finished(vm):
    install_programs(vm)
    return measure(vm, "spin", "50", options=("--trials=2", "--warmups=0", "--cooldown=0", f"--label={SECRET}"))["job"]["id"]


@pytest.fixture(scope="module")
def running(vm, finished):
    job = detach(vm, "sleep", "300", options=("--wall-limit=600", f"--label={SECRET}"))
    wait_state(vm, job, "warming", "measuring")
    return job


def busctl(vm, *arguments, user="user2"):
    return vm.run(["busctl", "--system", "call", *arguments], user=user, check=False)


def job_path(job):
    return f"/org/jouletrace/JouleTrace1/job/_{job}"


@pytest.mark.parametrize("method", ["GetReport", "Forget"])
def test_records_are_their_owners(vm, finished, method):
    code, out, err = busctl(vm, *MANAGER, method, "u", str(finished))
    assert code != 0 and SECRET not in out + err
    code, out, _ = busctl(vm, *MANAGER, "GetReport", "u", str(finished), user="user1")
    assert code == 0 and SECRET in out


@pytest.mark.parametrize("method", ["GetResult", "Attach", "Cancel"])
def test_jobs_are_their_owners(vm, running, method):
    code, out, err = busctl(vm, MANAGER[0], job_path(running), "org.jouletrace.JouleTrace1.Job", method)
    assert code != 0
    assert "denied" in (out + err).lower() or "authenti" in (out + err).lower() or "authoris" in (out + err).lower()
    assert [entry for entry in jobs(vm) if entry["id"] == running][0]["state"] in ("warming", "measuring")


def test_list_records_shows_only_ones_own(vm, finished):
    code, out, _ = busctl(vm, *MANAGER, "ListRecords", "a{sv}", "0")
    assert code == 0 and SECRET not in out
    code, out, err = busctl(vm, *MANAGER, "ListRecords", "a{sv}", "1", "uid", "u", str(uid(vm, "user1")))
    assert SECRET not in out + err


def uid(vm, name):
    return int(vm.run(["id", "-u", name])[1])


def test_list_jobs_hides_the_owner(vm, running):
    _, out, _ = joulectl(vm, "jobs", "--json", user="user2")
    entry = [entry for entry in json.loads(out)["jobs"] if entry["id"] == running][0]
    assert entry.get("uid") is None and SECRET not in out


def test_properties_hold_no_secret(vm, running):
    _, out, err = vm.run(["busctl", "--system", "--json=short", "call", MANAGER[0], job_path(running),
                          "org.freedesktop.DBus.Properties", "GetAll", "s", "org.jouletrace.JouleTrace1.Job"],
                         user="user2", check=False)
    assert SECRET not in out + err and "energy" not in (out + err).lower()


def test_the_state_directory_is_closed(vm, finished):
    code, out, _ = vm.run("ls /var/lib/jouletrace || cat /var/lib/jouletrace/*", user="user2", check=False)
    assert code != 0 and not out.strip()


def test_the_machine_lock_is_not_an_outsiders(vm, finished):
    code, _, _ = vm.run("flock --nonblock /run/jouletrace/machine.lock true", user="outsider", check=False)
    assert code != 0


def test_show_as_somebody_else_says_no_more_than_no(vm, finished):
    code, out, err = joulectl(vm, "show", str(finished), user="user2", check=False)
    assert code == 3 and SECRET not in out + err
