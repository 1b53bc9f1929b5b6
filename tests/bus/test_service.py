# SPDX-License-Identifier: MIT
"""The service as a whole: what it offers, how it starts, ends, and comes back."""

import fcntl
import os
import re
import signal
import socket
import subprocess

import pytest
from gi.repository import Gio, GLib

import xml_contract
from harness import (BUILD, BUS, ERROR, JOB_INTERFACE, MANAGER, MANAGER_INTERFACE, TOP, USER1, WAIT, for_all_users,
                     wait_for)

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
XML = (TOP / "dbus" / f"{BUS}.xml").read_text(encoding="utf-8")


def test_introspection_is_what_the_xml_promises(daemon, user1):
    daemon.start()
    _, path = user1.measure(daemon.on_hold("a"))
    manager = user1.call("Introspect", path=MANAGER, interface=INTROSPECTABLE)
    job = user1.call("Introspect", path=path, interface=INTROSPECTABLE)
    assert xml_contract.differences(XML, manager, [MANAGER_INTERFACE]) == []
    assert xml_contract.differences(XML, job, [JOB_INTERFACE]) == []


def test_every_property_can_be_read_by_anybody(daemon, user1, user2):
    daemon.start()
    _, path = user1.measure(daemon.on_hold("a"))
    for where, interface in ((MANAGER, MANAGER_INTERFACE), (path, JOB_INTERFACE)):
        values = user2.call("GetAll", f"('{interface}',)", path=where, interface="org.freedesktop.DBus.Properties")
        promised = {key[1] for key in xml_contract.interfaces(XML)[interface] if key[0] == "property"}
        assert set(values) == promised


def test_changes_are_announced_as_promised(daemon, user1):
    daemon.start()
    user1.listen()
    number, path = user1.measure(["fake"])
    user1.finished(path)
    wait_for(lambda: any(s["args"][1].get("RunningJob") == 0 for s in user1.heard_of("PropertiesChanged", MANAGER)),
             "RunningJob goes back to 0")
    assert any(s["args"][1].get("RunningJob") == number for s in user1.heard_of("PropertiesChanged", MANAGER))
    assert not user1.heard_of("PropertiesChanged", path), "a job's properties are not broadcast"


def test_busctl_by_hand(daemon, bus):
    """As the README prints it."""
    daemon.start()
    user = {"user": USER1, "group": "games", "extra_groups": []}

    def busctl(*arguments):
        return subprocess.run(["busctl", *arguments], env=bus.environment, text=True, cwd="/", timeout=WAIT, check=True,
                              stdout=subprocess.PIPE, **user).stdout
    said = busctl("call", BUS, MANAGER, MANAGER_INTERFACE, "Measure", "a{sv}", "2", "argv", "as", "2", "/bin/sleep", "0.2",
                  "detach", "b", "true")
    number = re.fullmatch(rf'uo (\d+) "{MANAGER}/job/_\1"', said.strip()).group(1)

    def report():
        try:
            return busctl("call", BUS, MANAGER, MANAGER_INTERFACE, "GetReport", "u", number)
        except subprocess.CalledProcessError:
            return None
    assert "org.jouletrace.report/1" in wait_for(report, "the report")
    assert "Measure" in busctl("introspect", BUS, MANAGER)


def test_busctl_leaves_at_once(daemon, bus, clients):
    """Without detach the job ends with busctl."""
    daemon.start()
    said = subprocess.run(["busctl", "call", BUS, MANAGER, MANAGER_INTERFACE, "Measure", "a{sv}", "1", "argv", "as", "3",
                           *daemon.on_hold("a")], env=bus.environment, text=True, stdout=subprocess.PIPE, check=True, timeout=WAIT)
    number = int(said.stdout.split()[1])
    root = clients("root")
    job = wait_for(lambda: next((r for r in root.records() if r["id"] == number and r["state"] == "cancelled"), None), "cancelled")
    assert job["error"] == ERROR + "CallerLeft"


def test_records_survive_a_restart(daemon, user1):
    daemon.start()
    user1.listen()
    number, path = user1.measure(["fake"], label="kept")
    user1.finished(path)
    before = user1.report(number)
    assert daemon.stop() == 0
    daemon.start()
    assert user1.report(number) == before
    again, _ = user1.measure(["fake"])
    assert again > number


def test_sigkill_and_the_next_start(daemon, user1):
    """What was queued or running is marked as interrupted, and its caller can know."""
    daemon.start()
    running, _ = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    queued, _ = user1.measure(["fake"])
    daemon.kill()
    daemon.start()
    for number in (running, queued):
        job = user1.report(number)["job"]
        assert job["result"] == "infrastructure" and job["state"] == "failed"
        assert job["error"]["name"] == ERROR + "ServiceRestarted" and "ubmit again" in job["error"]["remedy"]
    assert user1.call("ListJobs") == []
    user1.listen()
    assert user1.finished(user1.measure(["fake"])[1]) == "done"


def test_worker_dies_with_the_service(daemon, user1):
    daemon.start()
    user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    workers = children(daemon.pid)
    assert workers
    daemon.kill()
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers), "no worker is left")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def test_sigterm_ends_jobs_cleanly(daemon, user1):
    daemon.start()
    user1.listen()
    running, path = user1.measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    queued, queued_path = user1.measure(["fake"])
    assert daemon.stop() == 0
    assert user1.finished(path) == "cancelled" and user1.finished(queued_path) == "cancelled"
    daemon.start()
    for number in (running, queued):
        job = user1.report(number)["job"]
        assert job["result"] == "cancelled" and job["error"]["name"] == ERROR + "ServiceStopped"


def test_sigterm_while_idle(daemon):
    daemon.start()
    daemon.signal(signal.SIGTERM)
    daemon.wait_notice("STOPPING=1")
    assert daemon.wait_exit() == 0


def test_sigterm_while_the_worker_does_not_answer(daemon, user1):
    daemon.start()
    number, _ = user1.measure(["fake", "silent-prepare"])
    wait_for(lambda: user1.get("RunningJob") == number, "it is given to the worker")
    assert daemon.stop() == 0


def test_watchdog_is_fed(daemon, bus):
    """WATCHDOG_USEC as systemd sets it; sd-event wakes at half of it."""
    bus.environment["WATCHDOG_USEC"] = "400000"
    try:
        daemon.start()
        daemon.wait_notice("WATCHDOG=1")
    finally:
        del bus.environment["WATCHDOG_USEC"]


def test_one_service_per_bus(daemon, bus, directory):
    daemon.start()
    second = type(daemon)(bus, directory)
    second.start(ready=False)
    assert second.wait_exit() != 0
    assert BUS in second.text()


def test_the_bus_goes_away(daemon, bus):
    """A service nobody can reach has nothing to do; systemd starts it again with the bus."""
    private = type(bus)()
    try:
        daemon.bus = private
        daemon.start()
        private.daemon.stop()
        daemon.wait_exit()
    finally:
        private.close()


def test_state_that_cannot_be_written(daemon):
    daemon.state.rmdir()
    daemon.state.write_text("a file where a directory should be", encoding="utf-8")
    daemon.start(ready=False)
    assert daemon.wait_exit() != 0
    assert str(daemon.state) in daemon.text()


def test_a_database_of_the_future_is_left_alone(daemon):
    daemon.start()
    daemon.stop()
    subprocess.run(["/usr/bin/python3", "-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]);"
                    "c.execute('PRAGMA user_version = 99'); c.commit()", str(daemon.database())], check=True)
    daemon.start(ready=False)
    assert daemon.wait_exit() != 0
    assert "99" in daemon.text()


def test_version_help_and_wrong_options(daemon):
    code, out = daemon.run("--version")
    assert code == 0 and re.search(r"\d+\.\d+", out)
    code, out = daemon.run("--help")
    assert code == 0 and "--check-config" in out and "--embedded" in out
    code, out = daemon.run("--containment=jail")
    assert code != 0 and "jail" in out
    assert daemon.run("--no-such-option")[0] != 0
    assert daemon.run("surplus")[0] != 0


def test_many_jobs_leave_nothing_behind(daemon, user1):
    """Descriptors and zombies after fifty jobs are as few as before."""
    daemon.start()
    user1.listen()

    def burden():
        return len(os.listdir(f"/proc/{daemon.pid}/fd")), len(children(daemon.pid))
    user1.finished(user1.measure(["fake"])[1])
    before = wait_for(lambda: burden() if burden()[1] == 0 else None, "no worker")
    for _ in range(50):
        user1.finished(user1.measure(["fake"])[1])
    wait_for(lambda: burden() <= before, "what the jobs needed is given back")


def test_the_machine_lock_excludes(daemon, user1):
    """Who measures outside of the service holds the same lock; the job waits and says for what."""
    daemon.start()
    with open(daemon.runtime / "machine.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        user1.listen()
        _, path = user1.measure(["fake"])
        heard = user1.wait_signal("Progress", path)
        assert heard["args"][4].get("waits-for") == "host"
        assert user1.job_get(path, "State") == "queued"
        fcntl.flock(lock, fcntl.LOCK_UN)
    assert user1.finished(path) == "done"


def test_the_machine_lock_is_not_waited_for_forever(daemon, user1):
    daemon.start()
    with open(daemon.runtime / "machine.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        user1.listen()
        number, path = user1.measure(["fake"], job_limit=500_000)
        assert user1.finished(path) == "infrastructure"
    error = user1.report(number)["job"]["error"]
    assert error["name"] == ERROR + "HostBusy" and "machine.lock" in error["message"]
    assert f"of process {os.getpid()}," in error["message"]


def peer_answers(connection):
    """A message that comes in one read with the end of the handshake is left unread by sd-bus 252 until more comes. Its own
    clients, such as joulectl, wait for the handshake before they write; GDBus does not."""
    try:
        connection.call_sync(None, "/", "org.freedesktop.DBus.Peer", "Ping", None, None, Gio.DBusCallFlags.NONE, 500, None)
        return True
    except GLib.Error as error:
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT), error
        return False


@pytest.fixture
def peer(directory):
    """An embedded service at the other end of a socket pair, as joulectl --local starts it."""
    ours, theirs = socket.socketpair()
    environment = {**os.environ, "HOME": str(directory), "XDG_STATE_HOME": str(directory / "state"),
                   "XDG_RUNTIME_DIR": str(directory), "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"}
    with theirs:
        service, worker = (str(for_all_users(BUILD / name, directory)) for name in ("daemon/jouletraced", "tests/bus/fake-worker"))
        process = subprocess.Popen([service, "--embedded", "--meter=model", "--runtime-dir", str(directory), "--worker", worker], stdin=theirs, stdout=theirs,
                                   env=environment, cwd="/", user=USER1, group="games", extra_groups=[])
    connection = Gio.DBusConnection.new_sync(Gio.Socket.new_from_fd(ours.detach()).connection_factory_create_connection(), None,
                                             Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT, None, None)
    connection.set_exit_on_close(False)
    wait_for(lambda: peer_answers(connection), "the service answers")
    yield process, connection
    if not connection.is_closed():
        connection.close_sync(None)
    process.wait(WAIT)


def peer_call(connection, method, args=None, path=MANAGER, interface=MANAGER_INTERFACE):
    reply = connection.call_sync(None, path, interface, method, args, None, Gio.DBusCallFlags.NONE, WAIT * 1000, None)
    return reply.unpack()


def test_embedded(peer, directory):
    """The same interface on a private connection: no bus, no polkit, no systemd, no root."""
    process, connection = peer
    text, = peer_call(connection, "Introspect", interface=INTROSPECTABLE)
    assert xml_contract.differences(XML, text, [MANAGER_INTERFACE]) == []
    request = GLib.Variant("(a{sv})", ({"argv": GLib.Variant("as", ["fake"])},))
    number, path = peer_call(connection, "Measure", request)

    def result():
        try:
            return peer_call(connection, "GetResult", path=path, interface=JOB_INTERFACE)[0]
        except GLib.Error as error:
            assert "NotFinished" in error.message
            return None
    assert wait_for(result, "the job ends")["result"] == "done"
    report, = peer_call(connection, "GetReport", GLib.Variant("(u)", (number,)))
    assert '"containment":"process"' in report and '"isolation":"none"' in report
    assert (directory / "state").exists(), "the user's own records"
    connection.close_sync(None)
    assert process.wait(WAIT) == 0


def test_embedded_ends_with_its_client(peer, directory):
    process, connection = peer
    hold = directory / "a"
    request = GLib.Variant("(a{sv})", ({"argv": GLib.Variant("as", ["fake", "hold", str(hold)])},))
    peer_call(connection, "Measure", request)
    wait_for((directory / "a.started").exists, "the job runs")
    connection.close_sync(None)
    assert process.wait(WAIT) == 0


def test_every_message_has_its_catalog_entry():
    names = (TOP / "dbus/names.h").read_text(encoding="utf-8")
    catalog = (TOP / "units/jouletrace.catalog").read_text(encoding="utf-8")
    ids = re.findall(r'JT_MESSAGE_\w+ "([0-9a-f]{32})"', names)
    entries = re.findall(r"^-- ([0-9a-f]{32})\nSubject: \S.*\nDefined-By: JouleTrace\n(?:\w+: .*\n)*\n(\S.*)", catalog, re.MULTILINE)
    assert ids and sorted(ids) == sorted(entry for entry, _ in entries)
