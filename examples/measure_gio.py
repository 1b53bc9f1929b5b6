#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures a command over the system bus from Python: every phase and trial in order, then the median."""
import sys
from gi.repository import Gio, GLib

NAME, ROOT = "org.jouletrace.JouleTrace1", "/org/jouletrace/JouleTrace1"
bus, loop = Gio.bus_get_sync(Gio.BusType.SYSTEM), GLib.MainLoop()
command = sys.argv[1:] or ["/bin/sleep", "0.2"]
bus.signal_subscribe(NAME, f"{NAME}.Job", "Progress", None, None, Gio.DBusSignalFlags.NONE,
                     lambda *args: print("{} {}/{}".format(*args[5].unpack()[:3])))
bus.signal_subscribe(NAME, f"{NAME}.Job", "Finished", None, None, Gio.DBusSignalFlags.NONE, lambda *args: loop.quit())
request = GLib.Variant("(a{sv})", ({"argv": GLib.Variant("as", command)},))
job, path = bus.call_sync(NAME, ROOT, f"{NAME}.Manager", "Measure", request, None, 0, 600_000).unpack()
loop.run()
result, = bus.call_sync(NAME, path, f"{NAME}.Job", "GetResult", None, None, 0, -1).unpack()
print(f"job {job}: {result['result']}, median", result.get("total-energy", "unknown"), "J",
      "(modelled)" if result.get("simulated") else "")
