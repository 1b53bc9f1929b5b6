# SPDX-License-Identifier: MIT
"""A service that follows a script, for joulectl's tests: mock_service.py SCENARIO.json, on $DBUS_SYSTEM_BUS_ADDRESS.

Prints one JSON line per call it gets. Keys of the scenario, all optional:
  error      [NAME, MESSAGE]: what every Manager method answers
  challenge  true: as error, InteractiveAuthorizationRequired, until the caller allows the question; "always": also then
  progress   list of [phase, step, steps, fraction, {more}] sent after Measure
  result     the word Finished carries; null: the job never ends by itself
  output     [TEXT for the output descriptor, TEXT for error-output]
  vanish     true: exit instead of finishing
  spoof      true: another connection sends Finished("failed"), and that the service was restarted, first
  cancel     false: Cancel is answered, but the job does not end
  reports    {id: report or text}
  programs   {label: {verdict, cpu_usec}} for Validate: what each test of the request with that label does; one that needs more
             than the request's cpu-limit is TLE. The report of the job is made of it. result: how the job ends; error: without
             having run, and why
  by_label   {label: {result, report}} for Measure and Compare, instead of result and reports
  refuse     labels whose requests are invalid
  calibration  {key: value}: the property Calibration; else the host was never calibrated
  jobs, records, domains, properties, statistics, checks
  checks_after  {jobs, checks}: other checks once so many jobs have been handed in
"""

import json
import os
import sys

from gi.repository import Gio, GLib

NAME, ROOT = "org.jouletrace.JouleTrace1", "/org/jouletrace/JouleTrace1"
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
XML = os.path.join(TREE, "dbus", "org.jouletrace.JouleTrace1.xml")

TYPES = {"median": "d", "time-left": "t", "queue-position": "u", "id": "u", "uid": "u", "simulated": "b",
         "total-energy": "d", "wall": "d", "submitted": "t", "finished": "t", "package": "u", "unit-uj": "d",
         "range-uj": "t", "readable": "b", "ok": "b", "jobs": "u", "failed": "u", "cancelled": "u", "refused": "u",
         "duration-mean": "d", "noise-floor": "d", "noise-spin": "d", "noise-memory": "d", "pairs": "u", "measured": "t",
         "expired": "b", "tick-ns": "t", "tick-jitter-ns": "t", "tick-step-uj": "d", "floor": "d", "idle-power": "a{sd}"}


def boxed(values):
    return {key: GLib.Variant(TYPES.get(key, "s"), value) for key, value in values.items()}


class Mock:
    def __init__(self, scenario):
        self.scenario, self.asked = scenario, False
        self.loop = GLib.MainLoop()
        self.bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
        self.job = scenario.get("job", 7)
        self.path = f"{ROOT}/job/_{self.job}"
        self.listener, self.started = None, 0
        self.running = True
        with open(XML) as xml:
            self.node = Gio.DBusNodeInfo.new_for_xml(xml.read())
        for path, interface in ((ROOT, "Manager"), (self.path, "Job"), (f"{ROOT}/job/_{self.job + 1}", "Job")):
            self.bus.register_object(path, self.node.lookup_interface(f"{NAME}.{interface}"), self.call, self.get, None)
        Gio.bus_own_name_on_connection(self.bus, NAME, 0, lambda *_: self.log(ready=True), None)

    def log(self, **what):
        print(json.dumps(what), flush=True)

    def get(self, bus, sender, path, interface, name):
        s = self.scenario
        values = {"Version": ("s", "0.1.0"), "ApiVersion": ("u", 1), "Capabilities": ("a{sv}", {}), "Ready": ("b", True),
                  "NotReadyReasons": ("as", []), "ReservedCPUs": ("s", "3,7"), "IsolationLevel": ("s", "reserved"),
                  "QueueLength": ("u", 2), "RunningJob": ("u", 7), "Id": ("u", self.job), "Kind": ("s", "measure"),
                  "OwnerUid": ("u", os.getuid()), "Submitted": ("t", 1), "State": ("s", s.get("state", "queued")),
                  "Phase": ("s", "queued"), "Trial": ("u", 0), "Trials": ("u", 9), "QueuePosition": ("u", 3),
                  "EstimatedFinish": ("t", 0)}
        if name == "Domains":
            return GLib.Variant("aa{sv}", [boxed(domain) for domain in s.get("domains", [])])
        if name == "Calibration":
            return GLib.Variant("a{sv}", boxed(s.get("calibration", {})))
        type_, value = values[name]
        return GLib.Variant(type_, s.get("properties", {}).get(name, value))

    def call(self, bus, sender, path, interface, method, parameters, invocation):
        s, arguments = self.scenario, parameters.unpack()
        interactive = bool(invocation.get_message().get_flags() & Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION)
        self.log(method=method, path=path, interactive=interactive, arguments=self.plain(invocation, method, arguments))
        challenge = s.get("challenge")
        if interface.endswith("Job") and (path != self.path or s.get("no_object")):
            # what sd-bus answers; GDBus has no word for it
            invocation.return_dbus_error("org.freedesktop.DBus.Error.UnknownObject", f"Unknown object '{path}'.")
            return
        if challenge and not (interactive and challenge is True):
            invocation.return_dbus_error("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "Interactive needed")
        elif "error" in s and interface.endswith("Manager"):
            invocation.return_dbus_error(*s["error"])
        else:
            getattr(self, method)(sender, invocation, arguments)

    def plain(self, invocation, method, arguments):
        """The arguments as JSON; descriptors as what can be read from them, or what they are."""
        fds = invocation.get_message().get_unix_fd_list()
        if method == "Compare":
            return [[self.plain_request(candidate, fds) for candidate in arguments[0]], arguments[1]]
        if method not in ("Measure", "Validate"):
            return list(arguments)
        return [self.plain_request(arguments[0], fds)]

    def plain_request(self, request, fds):
        request = dict(request)
        self.open_blobs(request, fds)
        for key in ("cwd", "stdin", "output", "error-output"):
            if not isinstance(request.get(key), int):  # not there, or bytes
                continue
            fd = fds.get(request[key])
            if key == "stdin":
                self.log(seals=self.seals(fd))
                request[key] = os.pread(fd, 1 << 20, 0).decode(errors="replace")
            else:
                request[key] = os.readlink(f"/proc/self/fd/{fd}")
            if key in ("output", "error-output"):
                texts = self.scenario.get("output", ["", ""])
                os.write(fd, texts[0 if key == "output" else 1].encode())
            os.close(fd)
        request["env"] = sorted(request.get("env", []))
        return request

    def open_blobs(self, request, fds):
        """Files and tests with their contents instead of their places."""
        if "blobs" not in request:
            return
        if isinstance(request["blobs"], int):
            fd = fds.get(request["blobs"])
            self.log(blobs_seals=self.seals(fd), blobs_size=os.fstat(fd).st_size)
            blobs = os.pread(fd, os.fstat(fd).st_size, 0)
            os.close(fd)
        else:
            blobs = bytes(request["blobs"])
        del request["blobs"]
        at = lambda offset, size: blobs[offset:offset + size].decode(errors="replace")
        for where in (request, request.get("validator", {})):
            if "files" in where:
                where["files"] = [[name, at(offset, size), mode] for name, offset, size, mode in where["files"]]
        request["tests"] = [[name, at(a, m), at(b, n)] for name, a, m, b, n in request.get("tests", [])]

    @staticmethod
    def seals(fd):
        import fcntl
        try:
            return fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        except OSError:
            return None

    def send(self, name, signature, arguments, bus=None):
        (bus or self.bus).emit_signal(self.listener, self.path, f"{NAME}.Job", name, GLib.Variant(signature, arguments))

    def finish(self, result):
        self.running = False
        self.send("Finished", "(s)", (result,))
        return False

    def tell(self):
        """Everything that happens after the job has begun."""
        s = self.scenario
        if s.get("spoof"):
            other = Gio.DBusConnection.new_for_address_sync(
                os.environ["DBUS_SYSTEM_BUS_ADDRESS"],
                Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
            self.send("Finished", "(s)", ("failed",), other)
            other.emit_signal(self.listener, "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged",
                              GLib.Variant("(sss)", (NAME, self.bus.get_unique_name(), "")))
            other.flush_sync()
        for phase, step, steps, fraction, more in s.get("progress", []):
            self.send("Progress", "(suuda{sv})", (phase, step, steps, fraction, boxed(more)))
        if s.get("vanish"):
            self.bus.flush_sync()
            self.loop.quit()
        elif s.get("result", "done") is not None:
            GLib.timeout_add(50, self.finish, s.get("result", "done"))
        return False

    def refused(self, invocation, arguments):
        if arguments[0].get("label") not in self.scenario.get("refuse", []):
            return False
        invocation.return_dbus_error(f"{NAME}.Error.InvalidRequest", "label: is not liked")
        return True

    def Validate(self, sender, invocation, arguments):
        request = arguments[0]
        if self.refused(invocation, arguments):
            return
        if "programs" not in self.scenario:  # the report is the scenario's
            self.start(sender, invocation)
            return
        program = self.scenario.get("programs", {}).get(request.get("label"), {"verdict": "AC", "cpu_usec": 1000})
        limit, verdict, cpu = request.get("cpu-limit", 30000000), program["verdict"], program["cpu_usec"]
        if cpu > limit:
            verdict, cpu = "TLE", limit
        tests = [{"name": test[0], "verdict": verdict, "cpu_usec": cpu} for test in request["tests"]]
        if verdict == "CE":
            tests = []
        report = {"schema": "org.jouletrace.report/1",
                  "job": {"id": self.job, "kind": "validate", "state": "completed", "label": request.get("label"),
                          "result": "done" if verdict == "AC" else "failed", "error": None},
                  "validation": {"verdict": verdict, "passed": len(tests) if verdict == "AC" else 0, "total": len(tests),
                                 "tests": tests}}
        if program.get("error"):
            del report["validation"]
            report["job"].update(state="failed", result=program["result"], error={"message": program["error"]})
        self.scenario["reports"] = {str(self.job): report}
        self.scenario["result"] = program.get("result", report["job"]["result"])
        self.start(sender, invocation)

    def Measure(self, sender, invocation, arguments):
        if self.refused(invocation, arguments):
            return
        self.choose(arguments[0])
        self.start(sender, invocation)

    def choose(self, request):
        told = self.scenario.get("by_label", {}).get(request.get("label"))
        if told:
            self.scenario["result"] = told["result"]
            self.scenario["reports"] = {str(self.job): told["report"]}

    def Calibrate(self, sender, invocation, arguments):
        if not self.refused(invocation, arguments):
            self.start(sender, invocation)

    def Compare(self, sender, invocation, arguments):
        self.choose(arguments[1])
        self.start(sender, invocation)

    def start(self, sender, invocation):
        self.listener, self.running, self.started = sender, True, self.started + 1
        invocation.return_value(GLib.Variant("(uo)", (self.job, self.path)))
        GLib.idle_add(self.tell)

    def Attach(self, sender, invocation, arguments):
        self.listener = sender
        invocation.return_value(None)
        GLib.idle_add(self.tell)

    def Cancel(self, sender, invocation, arguments):
        invocation.return_value(None)
        if self.scenario.get("cancel", True) and self.listener and self.running:
            GLib.timeout_add(100, self.finish, "cancelled")

    def GetResult(self, sender, invocation, arguments):
        invocation.return_value(GLib.Variant("(a{sv})", ({},)))

    def GetReport(self, sender, invocation, arguments):
        report = self.scenario.get("reports", {}).get(str(arguments[0]))
        if report is None:
            invocation.return_dbus_error(f"{NAME}.Error.NoSuchJob", f"there is no job {arguments[0]}")
            return
        text = report if isinstance(report, str) else json.dumps(report)
        invocation.return_value(GLib.Variant("(s)", (text,)))

    def Forget(self, sender, invocation, arguments):
        invocation.return_value(None)

    def ListJobs(self, sender, invocation, arguments):
        invocation.return_value(GLib.Variant("(a(uusso))", ([tuple(job) for job in self.scenario.get("jobs", [])],)))

    def ListRecords(self, sender, invocation, arguments):
        filter_ = arguments[0]
        records = [record for record in self.scenario.get("records", []) if record["id"] < filter_.get("before", 1 << 32)]
        invocation.return_value(GLib.Variant("(aa{sv})", ([boxed(record) for record in records[:filter_["limit"]]],)))

    def GetStatistics(self, sender, invocation, arguments):
        invocation.return_value(GLib.Variant("(a{sv})", (boxed(self.scenario.get("statistics", {})),)))

    def Diagnose(self, sender, invocation, arguments):
        after = self.scenario.get("checks_after")
        told = (after if after and self.started >= after["jobs"] else self.scenario).get("checks", [])
        invocation.return_value(GLib.Variant("(aa{sv})", ([boxed(check) for check in told],)))


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        Mock(json.load(file)).loop.run()
