# SPDX-License-Identifier: MIT
"""A private system bus, mocks of polkit and systemd on it, the built daemon, and clients of several users.

Nothing here waits by sleeping for a guessed time: wait_for() looks again until something holds, or fails after WAIT.
"""

import base64
import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from gi.repository import GLib

TOP = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("JOULETRACE_BUILD", TOP / "build")).resolve()
PYTHON = "/usr/bin/python3"
WAIT = 60  # seconds; this host may be busy with other suites

BUS = "org.jouletrace.JouleTrace1"
MANAGER = "/org/jouletrace/JouleTrace1"
MANAGER_INTERFACE = BUS + ".Manager"
JOB_INTERFACE = BUS + ".Job"
ERROR = BUS + ".Error."
INVALID_ARGS = "org.freedesktop.DBus.Error.InvalidArgs"
ACCESS_DENIED = "org.freedesktop.DBus.Error.AccessDenied"
INTERACTIVE = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
LIMITS_EXCEEDED = "org.freedesktop.DBus.Error.LimitsExceeded"
NOBODY = 4294967295

# The users of the tests; they are on every Debian.
ROOT, USER1, USER2, OUTSIDER = "root", "games", "www-data", "nobody"

KEY_TYPES = {"argv": "as", "env": "as", "cwd": "h", "stdin": "h", "output": "h", "error-output": "h", "trials": "u", "warmups": "u",
             "max-trials": "u", "tasks-max": "u", "cpus": "u", "cpu-limit": "t", "wall-limit": "t", "job-limit": "t",
             "memory-max": "t", "output-max": "t", "min-window": "t", "cooldown": "t", "thermal-wait": "t", "seed": "t",
             "rel-ci": "d", "max-joules": "d", "ignore-exit": "b", "allow-filtered": "b", "detach": "b", "blobs": "h",
             "files": "a(sttu)", "tests": "a(stttt)", "validator": "a{sv}", "function": "a{sv}", "region": "b", "max-tests": "u"}


def for_all_users(program, directory):
    """The program, or a copy of it in directory where its own place is closed to other users, as /root is."""
    program = Path(program)
    if all(parent.stat().st_mode & 0o001 for parent in program.parents):
        return program
    return Path(shutil.copy2(program, directory))


class BusError(Exception):
    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


def wait_for(condition, what, timeout=WAIT):
    """Until condition() is true; returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {timeout} s still not: {what}")
        time.sleep(0.01)


def variant_text(signature, value):
    """What GLib.Variant.parse() reads back; a GLib.Variant is taken as it is."""
    return (value if isinstance(value, GLib.Variant) else GLib.Variant(signature, value)).print_(True)


def dictionary(keys):
    """Names have _ for -. A handle is its index into the fds."""
    entries = {}
    for name, value in keys.items():
        name = name.replace("_", "-")
        entries[name] = value if isinstance(value, GLib.Variant) else GLib.Variant(KEY_TYPES.get(name, "s"), value)
    return GLib.Variant("a{sv}", entries)


def request_text(keys):
    """The argument of Measure."""
    return "(" + dictionary(keys).print_(True) + ",)"


def comparison_text(candidates, options):
    """The arguments of Compare."""
    several = GLib.Variant.new_array(GLib.VariantType("a{sv}"), [dictionary(keys) for keys in candidates])
    return f"({several.print_(True)}, {dictionary(options).print_(True)})"


class Process:
    """A helper whose output goes to a file; killed by its pid at the end."""

    def __init__(self, argv, log, **options):
        self.log = Path(log)
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)

    def stop(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(WAIT)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        return self.popen.returncode


BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <!-- As Debian's system.conf: nobody may own a name or call a service unless a file of it says so. -->
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow own="org.freedesktop.systemd1"/>
    <allow send_destination="org.freedesktop.systemd1"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <include>{policy}</include>
  <limit name="max_connections_per_user">512</limit>
  <limit name="max_replies_per_connection">4096</limit>
</busconfig>
"""


class PrivateBus:
    """A dbus-daemon of type system with the policy as shipped."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="jouletrace-bus-"))
        self.directory.chmod(0o755)
        self.address = f"unix:path={self.directory}/bus"
        config = self.directory / "bus.conf"
        config.write_text(BUS_CONFIG.format(directory=self.directory, policy=TOP / "dbus" / f"{BUS}.conf"), encoding="utf-8")
        self.daemon = Process(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"], self.directory / "dbus.log")
        wait_for((self.directory / "bus").exists, "the private bus listens")
        self.environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address, "JOULETRACE_DATADIR": str(TOP)}
        self.mocks = {}
        self.idle_agents = {}

    def mock(self, name, template, *path_and_interface):
        """Starts a dbusmock template once for the session."""
        if name not in self.mocks:
            process = Process([PYTHON, "-m", "dbusmock", "--system", "--template", HERE / template],
                              self.directory / f"{template}.log", env=self.environment, cwd="/")
            self.mocks[name] = process
            with self.client(ROOT) as root:
                wait_for(lambda: root.call("NameHasOwner", f"('{name}',)", dest="org.freedesktop.DBus", path="/",
                                           interface="org.freedesktop.DBus"), f"{name} is on the bus")

    def client(self, user):
        return Client(self, user)

    def close(self):
        for agents in self.idle_agents.values():
            for agent in agents:
                agent.stop()
        for mock in self.mocks.values():
            mock.stop()
        self.daemon.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class Agent:
    """A process of another user that holds one connection; kept between tests, its connection is not."""

    def __init__(self, bus, user):
        entry = pwd.getpwnam(user)
        self.popen = subprocess.Popen(
            [PYTHON, "-c", (HERE / "client_agent.py").read_text(encoding="utf-8"), bus.address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/", user=entry.pw_uid, group=entry.pw_gid,
            extra_groups=os.getgrouplist(user, entry.pw_gid))
        self.client = None
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.popen.stdout:
            client = self.client
            if client:
                client.heard(json.loads(line))

    def send(self, command):
        self.popen.stdin.write(json.dumps(command) + "\n")
        self.popen.stdin.flush()

    def stop(self):
        self.popen.stdin.close()
        self.popen.wait(WAIT)


class Client:
    """A user's connection to the private bus."""

    def __init__(self, bus, user):
        self.bus, self.user, self.uid = bus, user, pwd.getpwnam(user).pw_uid
        idle = bus.idle_agents.setdefault(user, [])
        self.agent = idle.pop() if idle else Agent(bus, user)
        self.lock = threading.Condition()
        self.futures, self.signals, self.number = {}, [], 0
        self.agent.client = self
        self.name = self.do("connect").result(WAIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def heard(self, what):
        with self.lock:
            if "signal" in what:
                self.signals.append(what["signal"])
                self.lock.notify_all()
                return
            future = self.futures.pop(what["id"], None)
        if future is None:
            return
        if "error" in what:
            future.set_exception(BusError(what["error"], what["message"]))
        else:
            future.set_result(what["reply"])

    def do(self, op, **arguments):
        future = Future()
        with self.lock:
            self.number += 1
            number = self.number
            self.futures[number] = future
        self.agent.send({"op": op, "id": number, **arguments})
        return future

    def start_call(self, method, args="()", path=MANAGER, interface=MANAGER_INTERFACE, dest=BUS, fds=(), interactive=False,
                   timeout=WAIT):
        return self.do("call", dest=dest, path=path, interface=interface, method=method, args=args, fds=list(fds),
                       interactive=interactive, timeout=timeout)

    def call(self, *args, **options):
        """The reply's value: nothing, the only one, or a list."""
        values = self.start_call(*args, **options).result(2 * WAIT)
        return None if not values else values[0] if len(values) == 1 else values

    def refused(self, *args, **options):
        """The BusError of a call that must fail."""
        try:
            value = self.call(*args, **options)
        except BusError as error:
            return error
        raise AssertionError(f"{args} should have been refused, and returned {value}")

    def get(self, name, path=MANAGER, interface=MANAGER_INTERFACE):
        return self.call("Get", f"('{interface}', '{name}')", path=path, interface="org.freedesktop.DBus.Properties")

    def job(self, path, method, **options):
        return self.call(method, path=path, interface=JOB_INTERFACE, **options)

    def job_get(self, path, name):
        return self.get(name, path, JOB_INTERFACE)

    def measure(self, argv, fds=(), interactive=False, **keys):
        """(id, path) of a new job."""
        number, path = self.call("Measure", request_text({"argv": argv, **keys}), fds=fds, interactive=interactive)
        return number, path

    def compare(self, candidates, fds=(), **options):
        """(id, path) of a new job; each candidate is a dictionary of its keys."""
        number, path = self.call("Compare", comparison_text(candidates, options), fds=fds)
        return number, path

    def refuse_compare(self, candidates, fds=(), **options):
        return self.refused("Compare", comparison_text(candidates, options), fds=fds)

    def start_measure(self, argv, interactive=False, **keys):
        return self.start_call("Measure", request_text({"argv": argv, **keys}), interactive=interactive)

    def refuse_measure(self, argv=("/bin/true",), fds=(), **keys):
        return self.refused("Measure", request_text({"argv": list(argv), **keys}), fds=fds)

    def validate(self, argv, blobs=b"in answer", **keys):
        """(id, path) of a new job with these bytes as sealed memfd and, unless the keys say otherwise, one test in them."""
        number, path = self.call("Validate", request_text(validation(argv, **keys)), fds=[memfd(blobs, sealed=True)])
        return number, path

    def refuse_validate(self, argv=("/bin/true",), fd=None, **keys):
        return self.refused("Validate", request_text(validation(argv, **keys)), fds=[fd or memfd(b"in answer", sealed=True)])

    def report(self, number):
        return json.loads(self.call("GetReport", f"(uint32 {number},)"))

    def records(self, **filters):
        types = {"uid": "u", "since": "t", "until": "t", "limit": "u", "before": "u"}
        entries = {name: GLib.Variant(types.get(name, "s"), value) for name, value in filters.items()}
        return self.call("ListRecords", "(" + GLib.Variant("a{sv}", entries).print_(True) + ",)")

    def listen(self):
        self.do("listen").result(WAIT)
        return self

    def wait_signal(self, member, path=None, timeout=WAIT, **matching):
        """The first signal with this name, of this object."""
        end = time.monotonic() + timeout
        with self.lock:
            while True:
                for heard in self.signals:
                    if heard["member"] == member and path in (None, heard["path"]):
                        return heard
                if not self.lock.wait(end - time.monotonic()) and time.monotonic() > end:
                    raise AssertionError(f"no {member} of {path} after {timeout} s; heard {self.signals}")

    def heard_of(self, member, path=None):
        with self.lock:
            return [s for s in self.signals if s["member"] == member and path in (None, s["path"])]

    def finished(self, path):
        return self.wait_signal("Finished", path)["args"][0]

    def barrier(self):
        """All that the daemon sent us before this has been heard."""
        self.call("Ping", path=MANAGER, interface="org.freedesktop.DBus.Peer")

    def leave(self):
        """Closes the connection, as a process that ends does."""
        self.do("leave").result(WAIT)

    def close(self):
        if self.agent:
            self.leave()
            self.agent.client = None
            self.bus.idle_agents[self.user].append(self.agent)
            self.agent = None


class Polkit:
    """The test's hand on mock_polkitd.py."""

    NAME, PATH = "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority"

    def __init__(self, bus):
        bus.mock(self.NAME, "mock_polkitd.py")
        self.root = bus.client(ROOT)
        self.set("deny")

    def do(self, method, args="()"):
        return self.root.call(method, args, dest=self.NAME, path=self.PATH, interface="org.freedesktop.DBus.Mock")

    def set(self, default, delay_ms=0, **actions):
        """Action names are the last part, with _ for -."""
        answers = {f"{BUS}.{name.replace('_', '-')}": word for name, word in actions.items()}
        self.do("SetAnswers", f"('{default}', {variant_text('a{ss}', answers)}, uint32 {delay_ms})")

    def release(self, word):
        self.do("Release", f"('{word}',)")

    def asked(self):
        return json.loads(self.do("Asked"))

    def actions(self):
        return [check["action"].removeprefix(BUS + ".") for check in self.asked()["checks"]]


class Daemon:
    """The built jouletraced on the private bus; every start keeps the state directory."""

    def __init__(self, bus, directory):
        self.bus, self.directory = bus, Path(directory)
        self.directory.chmod(0o755)
        self.state, self.runtime = self.directory / "state", self.directory / "run"
        self.config, self.log = self.directory / "jouletraced.conf", self.directory / "daemon.log"
        for path in (self.state, self.runtime):
            path.mkdir(exist_ok=True)
        self.worker, self.worker_socket = BUILD / "tests/bus/fake-worker", None
        self.containment, self.meter, self.more = "process", "model", ()
        self.prefix = ()  # a command that becomes the daemon
        self.process, self.notify, self.notices = None, None, []

    def on_hold(self, name):
        """Arguments of a fake program that runs until release(name)."""
        return ["fake", "hold", str(self.directory / name)]

    def release(self, name):
        (self.directory / name).touch()

    def wait_started(self, name):
        wait_for((self.directory / f"{name}.started").exists, f"{name} runs")

    def configure(self, **knobs):
        self.config.write_text("[JouleTrace]\n" + "".join(f"{k}={v}\n" for k, v in knobs.items()), encoding="utf-8")

    def argv(self):
        argv = [*self.prefix, BUILD / "daemon/jouletraced", f"--containment={self.containment}", "--config", self.config,
                "--state-dir", self.state, "--runtime-dir", self.runtime]
        if self.meter:
            argv += ["--meter", self.meter]
        argv += ["--worker-socket", self.worker_socket] if self.worker_socket else ["--worker", self.worker]
        return [*argv, *self.more]

    def run(self, *options):
        """To its end, without a bus: --version and the like."""
        done = subprocess.run([str(a) for a in [BUILD / "daemon/jouletraced", *options]], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT, env=self.bus.environment)
        return done.returncode, done.stdout

    def start(self, ready=True):
        notify = self.directory / "notify"
        notify.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(notify))
        self.notices = []
        threading.Thread(target=self.hear_notices, args=(self.notify, self.notices), daemon=True).start()
        self.process = Process(self.argv(), self.log, env={**self.bus.environment, "NOTIFY_SOCKET": str(notify)}, cwd="/")
        if ready:
            self.wait_notice("READY=1")
        return self

    @staticmethod
    def hear_notices(notify, notices):
        """All the time, as systemd does, until end_process()."""
        with notify:
            while data := notify.recv(4096):
                notices += data.decode().splitlines()

    def wait_notice(self, line):
        """Until systemd would have been told this."""
        def told():
            if line in self.notices:
                return True
            if self.process.popen.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.popen.returncode} before it said {line}")
            return False
        wait_for(told, f"the daemon says {line}")

    def end_process(self):
        self.process = None
        self.notify.shutdown(socket.SHUT_RD)

    @property
    def pid(self):
        return self.process.popen.pid

    def signal(self, number):
        self.process.popen.send_signal(number)

    def reload(self):
        """SIGHUP, and back when it was acted upon."""
        self.wait_notice("READY=1")
        self.notices.clear()
        self.signal(signal.SIGHUP)
        self.wait_notice("READY=1")

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.popen.wait(WAIT)
        self.end_process()

    def stop(self):
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait_exit()

    def wait_exit(self):
        try:
            code = self.process.popen.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.popen.kill()
            raise
        finally:
            self.end_process()
        return code

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def database(self):
        return next(path for path in self.state.iterdir() if path.suffix in (".db", ".sqlite"))


def memfd(content, sealed=False):
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW if sealed else 0
    return {"memfd": base64.b64encode(content).decode(), "seals": seals}


def validation(argv, **keys):
    """The keys of a validation: one test, whose input is the first word of the blobs, and its answer the second."""
    return {"argv": list(argv), "blobs": GLib.Variant("h", 0), "tests": [("1", 0, 2, 3, 6)], **keys}


class WorkerSocket:
    """What jouletrace-worker.socket with Accept=yes does: a worker per connection."""

    def __init__(self, path, worker):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(8)
        self.worker, self.started = worker, []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.started.append(subprocess.Popen([str(self.worker)], stdin=connection, stdout=connection))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(WAIT)
        for process in self.started:
            process.kill()
            process.wait()
