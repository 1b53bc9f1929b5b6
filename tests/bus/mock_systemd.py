# SPDX-License-Identifier: MIT
"""dbusmock template of systemd's manager, as far as jouletraced needs it: transient scopes whose start ends as told
(done, failed, timeout, never, refused, dead: "done", but the unit is gone), and whose processes it really kills.

dbusmock's own only ever succeeds."""

import json
import os
import signal

import dbus
from dbusmock import MOCK_IFACE, mockobject
from gi.repository import GLib

BUS_NAME = "org.freedesktop.systemd1"
MAIN_OBJ = "/org/freedesktop/systemd1"
MAIN_IFACE = "org.freedesktop.systemd1.Manager"
UNIT_IFACE = "org.freedesktop.systemd1.Unit"
SCOPE_IFACE = "org.freedesktop.systemd1.Scope"
SYSTEM_BUS = True


def load(mock, _parameters):
    mock.jobs = 0
    mock.units = {}
    mock.started = []
    mock.ends = []
    mock.stoppable = True
    set_state(mock, "jouletrace.slice", "active")


def unit_path(name):
    return MAIN_OBJ + "/unit/" + "".join(c if c.isalnum() and c.isascii() else f"_{ord(c):02x}" for c in name)


def no_such_unit(name):
    return dbus.exceptions.DBusException(f"Unit {name} not loaded.", name="org.freedesktop.systemd1.NoSuchUnit")


def new_job(mock, unit, result, then=None):
    mock.jobs += 1
    number, path = mock.jobs, f"{MAIN_OBJ}/job/{mock.jobs}"

    def removed():
        if then:
            then()
        mock.EmitSignal(MAIN_IFACE, "JobRemoved", "uoss", [number, path, unit, result])
        return False
    if result != "never":
        GLib.idle_add(removed)
    return path


def set_state(mock, name, state):
    """systemd answers for units it has not loaded, too: they are inactive."""
    path = unit_path(name)
    if path not in mockobject.objects:
        mock.AddObject(path, UNIT_IFACE, {"Id": name, "ActiveState": state}, [])
        mockobject.objects[path].AddProperties(SCOPE_IFACE, {"ControlGroup": ""})
    mockobject.objects[path].UpdateProperties(UNIT_IFACE, {"ActiveState": state})
    group = f"/jouletrace.slice/{name}" if state == "active" else ""
    mockobject.objects[path].UpdateProperties(SCOPE_IFACE, {"ControlGroup": group})


def add_unit(mock, name, pids):
    mock.units[name] = pids
    set_state(mock, name, "active")


def remove_unit(mock, name):
    if mock.units.pop(name, None) is not None:
        set_state(mock, name, "inactive")
        mock.EmitSignal(MAIN_IFACE, "UnitRemoved", "so", [name, unit_path(name)])


@dbus.service.method(MAIN_IFACE, in_signature="", out_signature="")
def Subscribe(_self):
    pass


@dbus.service.method(MAIN_IFACE, in_signature="ssa(sv)a(sa(sv))", out_signature="o")
def StartTransientUnit(self, name, _mode, properties, _aux):
    name, properties = str(name), {str(key): value for key, value in properties}
    end = self.ends.pop(0) if self.ends else "done"
    self.started.append({"name": name, "properties": {key: str(value) for key, value in properties.items()}})
    if end == "refused":
        raise dbus.exceptions.DBusException("No, thank you.", name="org.freedesktop.DBus.Error.AccessDenied")
    if end in ("failed", "timeout", "never"):
        set_state(self, name, "inactive")
        return new_job(self, name, end)
    add_unit(self, name, [int(pid) for pid in properties.get("PIDs", [])])
    return new_job(self, name, "done", (lambda: remove_unit(self, name)) if end == "dead" else None)


@dbus.service.method(MAIN_IFACE, in_signature="ssi", out_signature="")
def KillUnit(self, name, _who, number):
    if str(name) not in self.units:
        raise no_such_unit(name)
    for pid in self.units[str(name)] if self.stoppable else []:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


@dbus.service.method(MAIN_IFACE, in_signature="ss", out_signature="o")
def StopUnit(self, name, _mode):
    name = str(name)
    if name not in self.units:
        raise no_such_unit(name)
    if not self.stoppable:
        return new_job(self, name, "never")
    KillUnit(self, name, "all", signal.SIGKILL)
    return new_job(self, name, "done", lambda: remove_unit(self, name))


@dbus.service.method(MAIN_IFACE, in_signature="ss", out_signature="o")
def StartUnit(self, name, _mode):
    return new_job(self, str(name), "done")


@dbus.service.method(MAIN_IFACE, in_signature="sba(sv)", out_signature="")
def SetUnitProperties(_self, _name, _runtime, _properties):
    pass


@dbus.service.method(MAIN_IFACE, in_signature="asas", out_signature="a(ssssssouso)")
def ListUnitsByPatterns(self, _states, patterns):
    prefixes = tuple(str(pattern).split("*", maxsplit=1)[0] for pattern in patterns)
    return dbus.Array([(name, "", "loaded", "active", "running", "", dbus.ObjectPath(unit_path(name)), dbus.UInt32(0), "",
                        dbus.ObjectPath("/")) for name in self.units if name.startswith(prefixes)], signature="(ssssssouso)")


@dbus.service.method(MOCK_IFACE, in_signature="asb", out_signature="")
def Reset(self, ends, stoppable):
    """How the next starts end, in turn; afterwards done."""
    for name in list(self.units):
        remove_unit(self, name)
    self.started = []
    self.ends = [str(end) for end in ends]
    self.stoppable = bool(stoppable)


@dbus.service.method(MOCK_IFACE, in_signature="su", out_signature="")
def AddScope(self, name, pid):
    """One that an earlier service left."""
    add_unit(self, str(name), [int(pid)])


@dbus.service.method(MOCK_IFACE, in_signature="", out_signature="s")
def Seen(self):
    return json.dumps({"started": self.started, "units": self.units})
