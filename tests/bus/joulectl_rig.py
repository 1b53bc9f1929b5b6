# SPDX-License-Identifier: MIT
"""What joulectl's tests share: a private bus with a scripted service on it, and the built joulectl."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("JOULETRACE_BUILD", TREE / "build")).resolve()
JOULECTL = BUILD / "client" / "joulectl"
MOCK = Path(__file__).parent / "mock_service.py"

PROGRESS = [["queued", 2, 0, 0.0, {"queue-position": 2, "time-left": 90000000}],
            ["warming", 1, 2, 0.1, {}],
            ["measuring", 3, 9, 0.5, {"median": 12.3, "time-left": 4000000}]]
ERROR = "org.jouletrace.JouleTrace1.Error."
CODES = {"done": 0, "failed": 1, "unstable": 5, "timeout": 124, "infrastructure": 4, "cancelled": 130}

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={directory}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""


def figure(median, spread=0.01):
    return {"median": median, "mad": 0.0, "ci95": [median * (1 - spread), median * (1 + spread)],
            "min": median * (1 - 2 * spread), "max": median * (1 + 2 * spread), "mean": median}


def report(job=7, result="done", argv=("true",), joules=12.345, seconds=0.1832, simulated=False, error=None, label=None,
           **measurement):
    """A report as the service gives it."""
    trials = [{"index": i, "valid": True, "quality": [], "total_uj": int(joules * 1e6), "net_uj": None,
               "wall_ns": int(seconds * 1e9), "cpu_usec": int(seconds * 1e6),
               "windows": [{"test": None, "iterations": 1, "energy_uj": {"package-0": int(joules * 1e6)}}]}
              for i in range(1, 10)] if joules is not None else []
    state = {"cancelled": "cancelled", "timeout": "failed", "infrastructure": "failed"}.get(result, "completed")
    return {"schema": "org.jouletrace.report/1", "absent": {},
            "job": {"id": job, "uuid": "00000000-0000-0000-0000-000000000000", "kind": "measure", "label": label,
                    "uid": os.getuid(), "state": state, "result": result, "error": error, "submitted": 1700000000000000,
                    "started": 1700000001000000, "finished": 1700000009000000},
            "program": {"argv": list(argv), "profile": "host"},
            "measurement": None if joules is None else {
                "status": "OK", "grade": "A", "reasons": [],
                "meter": {"name": "model" if simulated else "perf", "simulated": simulated, "precision_uj": 1000,
                          "domains": [{"name": "package-0", "kind": "package"}]},
                "warmups": [{}, {}], "trials": trials,
                "summary": {"n": 9, "total_j": figure(joules), "package_j": figure(joules), "wall_s": figure(seconds),
                            "cpu_s": figure(seconds), "power_w": joules / seconds, "per_iteration": None},
                **measurement},
            "environment": {"isolation": "reserved", "reserved_cpus": "3,7", "containment": "scope"}}


class Rig:
    """One private bus; a scripted service at a time."""

    def __init__(self):
        # not pytest's directory: a test that is another user has to get in
        self.directory, self.mock, self.count = Path(tempfile.mkdtemp(prefix="joulectl-")), None, 0
        self.directory.chmod(0o755)
        config = self.directory / "bus.conf"
        config.write_text(BUS_CONFIG.format(directory=self.directory))
        self.bus = subprocess.Popen(["dbus-daemon", "--config-file", config, "--nofork", "--print-address"],
                                    stdout=subprocess.PIPE, text=True)
        self.address = self.bus.stdout.readline().strip()
        self.environ = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "NO_COLOR"))}
        self.environ.update(DBUS_SYSTEM_BUS_ADDRESS=self.address, LC_ALL="C.UTF-8", JOULETRACE_DATADIR=str(TREE))

    def serve(self, **scenario):
        """Starts the service; what it was asked is in calls() afterwards."""
        self.stop_service()
        scenario.setdefault("reports", {"7": report()})
        self.count += 1
        script = self.directory / f"scenario-{self.count}.json"
        script.write_text(json.dumps(scenario))
        self.log = self.directory / f"calls-{self.count}.jsonl"
        with open(self.log, "w") as log:
            self.mock = subprocess.Popen(["/usr/bin/python3", MOCK, script], stdout=log, env=self.environ)
        self.wait_for(lambda: any("ready" in line for line in self.lines()), "the scripted service")

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def calls(self, method=None):
        return [line for line in self.lines() if "method" in line and method in (None, line["method"])]

    def wait_for(self, condition, what, timeout=20):
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f"{what} did not come"
            time.sleep(0.02)

    def stop_service(self):
        if self.mock:
            self.mock.kill()
            self.mock.wait()
        self.mock = None

    def popen(self, *arguments, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        environ = {**self.environ, **options.pop("env", {})}
        return subprocess.Popen([JOULECTL, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=environ, **options)

    def run(self, *arguments, input=None, **options):
        """(exit code, standard output, standard error)"""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        client = self.popen(*arguments, **options)
        try:
            out, err = client.communicate(input, timeout=30)
        except subprocess.TimeoutExpired:
            client.kill()
            raise AssertionError(f"joulectl {arguments} hangs: {client.communicate()}")
        if "Sanitizer" in err:
            sys.exit(err)
        return client.returncode, out, err

    def on_terminal(self, *arguments, keys=None, timeout=20, env=None, uid=None):
        """(exit code, what a terminal sees); keys are typed once the first line of a job has been drawn."""
        pid, fd = pty.fork()
        if pid == 0:
            if uid is not None and uid != os.geteuid():
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            os.execve(JOULECTL, ["joulectl", *arguments], {**self.environ, "TERM": "xterm", **(env or {})})
        seen, end = b"", time.monotonic() + timeout
        while time.monotonic() < end:
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
            if keys and b"job 7" in seen:
                os.write(fd, keys)
                keys = None
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()

    def interrupt(self, client):
        client.send_signal(signal.SIGINT)

    def close(self):
        self.stop_service()
        self.bus.kill()
        self.bus.wait()
        shutil.rmtree(self.directory)
