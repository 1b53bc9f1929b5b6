# SPDX-License-Identifier: MIT
"""What one user learns of another: that there is a job, and nothing else."""

import stat
import xml.etree.ElementTree as ElementTree

import pytest

from harness import (ACCESS_DENIED, BUS, JOB_INTERFACE, NOBODY, OUTSIDER, ROOT, wait_for)


@pytest.fixture
def theirs(daemon, user1):
    """user1's finished job, and one that runs."""
    daemon.start()
    user1.listen()
    done, done_path = user1.measure(["fake", "secret-argument"], label="secret-label")
    user1.finished(done_path)
    running, running_path = user1.measure(daemon.on_hold("a"), label="secret-label")
    daemon.wait_started("a")
    return {"done": (done, done_path), "running": (running, running_path)}


@pytest.mark.parametrize("which", ["done", "running"])
@pytest.mark.parametrize("method", ["GetReport", "Forget"])
def test_records_are_their_owners(theirs, user1, user2, polkit, which, method):
    number, _ = theirs[which]
    error = user2.refused(method, f"(uint32 {number},)")
    assert error.name == ACCESS_DENIED
    assert "secret" not in error.message
    assert polkit.actions()[-1] == {"GetReport": "read-records", "Forget": "manage-jobs"}[method]
    assert user1.records(limit=10)[-1]["id"] == theirs["done"][0], "nothing was forgotten"


@pytest.mark.parametrize("which", ["done", "running"])
@pytest.mark.parametrize("method", ["Cancel", "Attach", "GetResult"])
def test_jobs_are_their_owners(theirs, user1, user2, polkit, which, method):
    _, path = theirs[which]
    error = user2.refused(method, path=path, interface=JOB_INTERFACE)
    assert error.name == ACCESS_DENIED and "secret" not in error.message
    assert user1.get("RunningJob") == theirs["running"][0]


def test_nobody_hears_of_a_job_after_a_refused_attach(theirs, daemon, user1, user2):
    _, path = theirs["running"]
    user2.listen()
    user2.refused("Attach", path=path, interface=JOB_INTERFACE)
    daemon.release("a")
    user1.finished(path)
    user2.barrier()
    assert not user2.heard_of("Progress") and not user2.heard_of("Finished")


def test_list_jobs_hides_the_owner(theirs, user1, user2, clients):
    number, path = theirs["running"]
    assert user2.call("ListJobs") == [[number, NOBODY, "measure", "measuring", path]]
    assert user1.call("ListJobs")[0][1] == user1.uid
    assert clients(ROOT).call("ListJobs")[0][1] == user1.uid


def test_list_records_is_ones_own(theirs, user1, user2, polkit):
    assert user2.records() == []
    for uid in (user1.uid, NOBODY):
        error = user2.refused("ListRecords", f"({{'uid': <uint32 {uid}>}},)")
        assert error.name == ACCESS_DENIED and polkit.actions()[-1] == "read-records"
    assert len(user1.records(uid=user1.uid)) == 2


def test_properties_tell_nothing(theirs, user1, user2):
    _, path = theirs["running"]
    values = user2.call("GetAll", f"('{JOB_INTERFACE}',)", path=path, interface="org.freedesktop.DBus.Properties")
    assert values["OwnerUid"] == NOBODY
    assert "secret" not in str(values)
    assert user2.job_get(path, "OwnerUid") == NOBODY
    assert user1.job_get(path, "OwnerUid") == user1.uid


def test_those_whom_polkit_lets(theirs, daemon, user1, user2, polkit):
    number, path = theirs["running"]
    done, done_path = theirs["done"]
    polkit.set("deny", manage_jobs="allow", read_records="allow")
    assert user2.report(done)["job"]["label"] == "secret-label"
    assert user2.job(done_path, "GetResult")["result"] == "done"
    assert len(user2.records(uid=user1.uid)) == 2
    user2.listen().job(path, "Attach")
    user2.job(path, "Cancel")
    assert user2.finished(path) == "cancelled" and user1.finished(path) == "cancelled"
    user2.call("Forget", f"(uint32 {done},)")
    assert [r["id"] for r in user1.records()] == [number]


def test_root_may_all(theirs, clients):
    root = clients(ROOT)
    assert root.report(theirs["done"][0])["job"]["result"] == "done"
    root.job(theirs["running"][1], "Cancel")


def test_a_waiting_permission_ends_with_its_caller(theirs, user2, polkit):
    polkit.set("hang")
    user2.start_call("GetReport", f"(uint32 {theirs['done'][0]},)")
    token, = wait_for(lambda: polkit.asked()["hanging"], "polkit hangs")
    user2.leave()
    wait_for(lambda: polkit.asked()["cancelled"] == [token], "the check is cancelled")


def test_the_state_directory_is_roots(theirs, daemon):
    for path in daemon.state.iterdir():
        assert path.stat().st_uid == 0
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_introspection_lists_no_foreign_jobs_content(theirs, user2):
    text = user2.call("Introspect", path="/org/jouletrace/JouleTrace1/job", interface="org.freedesktop.DBus.Introspectable")
    assert "secret" not in text
    names = [node.get("name") for node in ElementTree.fromstring(text).findall("node")]
    assert f"_{theirs['running'][0]}" in names


def test_only_root_owns_the_name(daemon, clients):
    outsider = clients(OUTSIDER)
    error = outsider.refused("RequestName", f"('{BUS}', uint32 0)", dest="org.freedesktop.DBus", path="/",
                             interface="org.freedesktop.DBus")
    assert error.name == ACCESS_DENIED


def test_a_filter_is_small(theirs, user2, polkit):
    """It is kept while polkit is asked."""
    asked = polkit.actions()
    for filter_ in ("{'uid': <uint32 0>, 'label': <'" + "x" * 257 + "'>}", "{'uid': <uint32 0>" + ", 'limit': <uint32 1>" * 7 + "}"):
        error = user2.refused("ListRecords", f"({filter_},)")
        assert error.name == BUS + ".Error.InvalidRequest", error
    assert polkit.actions() == asked
