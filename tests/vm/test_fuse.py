# SPDX-License-Identifier: MIT
"""A caller's descriptor on a file system that does not answer: other callers are served meanwhile."""

import time

import pytest

from helpers import install_programs, joulectl, jobs, measure, wait_record, wait_until


@pytest.fixture(scope="module")
def deaf(vm):
    install_programs(vm)
    vm.run("modprobe fuse; mkdir -p /mnt/deaf")
    server = vm.popen(["deaf-fs", "/mnt/deaf"])
    wait_until(lambda: "deaf" in vm.run("cat /proc/mounts")[1], "the mount")
    yield "/mnt/deaf/file"
    vm.run("pkill -KILL deaf-fs", check=False)
    server.wait(timeout=10)


SUBMIT = """
import os, sys
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
fds = Gio.UnixFDList()
handle = fds.append(os.open(sys.argv[1], os.O_RDONLY))
request = {"argv": GLib.Variant("as", ["cat"]), "stdin": GLib.Variant("h", handle), "detach": GLib.Variant("b", True),
           "trials": GLib.Variant("u", 1), "warmups": GLib.Variant("u", 0), "job-limit": GLib.Variant("t", 20000000)}
reply, _ = bus.call_with_unix_fd_list_sync("org.jouletrace.JouleTrace1", "/org/jouletrace/JouleTrace1",
    "org.jouletrace.JouleTrace1.Manager", "Measure", GLib.Variant("(a{sv})", (request,)), None, 0, 20000, fds)
print(reply.unpack()[0], flush=True)
os._exit(0)
"""


def test_other_calls_are_answered(vm, deaf):
    vm.run("cat > /tmp/submit-deaf.py", input=SUBMIT.encode())
    client = vm.popen(["python3", "/tmp/submit-deaf.py", deaf], user="user1")
    wait_until(lambda: [entry for entry in jobs(vm, "root") if entry["state"] not in ("completed", "failed", "cancelled")],
               "the job", timeout=30)
    job = jobs(vm)[-1]["id"]
    for _ in range(5):
        began = time.monotonic()
        joulectl(vm, "jobs", user="user2", timeout=20)
        assert time.monotonic() - began < 5
        time.sleep(0.5)
    joulectl(vm, "cancel", str(job), user="root", timeout=60)
    wait_record(vm, job, timeout=90)
    vm.run("pkill -KILL deaf-fs", check=False)
    client.wait(timeout=60)
    assert measure(vm, "sleep", "0.15")["job"]["result"] == "done"
