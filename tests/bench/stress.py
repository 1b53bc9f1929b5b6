#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Many clients at once: the original's stress, its linear congruential generator as a Python function in a box.

    stress.py clients ADDRESS JOBS CLIENTS    as one user: submits JOBS from CLIENTS connections, prints a line for each
                                              job: finish time, seconds since its submission, result
    stress.py polkit ADDRESS                  answers yes to everything, as polkit would for the group's members
"""

import json
import sys
import time

from gi.repository import Gio, GLib

NAME, ROOT = 'org.jouletrace.JouleTrace1', '/org/jouletrace/JouleTrace1'
FLAGS = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
LCG = b'''def solve(n):
    value = 12345
    for _ in range(n):
        value = (value * 1103515245 + 12345) % 2147483648
    return value
'''
SIZES = (50_000, 120_000)
CALL_MS = 600_000


def lcg(n: int) -> int:
    value = 12345
    for _ in range(n):
        value = (value * 1103515245 + 12345) % 2147483648
    return value


def request() -> GLib.Variant:
    """One trial, no warm-up, two tests."""
    blobs, tests = bytearray(LCG), []
    for size in SIZES:
        places = []
        for text in (json.dumps([size]), json.dumps(lcg(size))):
            places += [len(blobs), len(text)]
            blobs += text.encode()
        tests.append((f'n={size}', *places))
    keys = {'blobs': GLib.Variant('ay', bytes(blobs)), 'files': GLib.Variant('a(sttu)', [('candidate.py', 0, len(LCG), 0o644)]),
            'tests': GLib.Variant('a(stttt)', tests), 'function': GLib.Variant('a{sv}', {'name': GLib.Variant('s', 'solve')}),
            'trials': GLib.Variant('u', 1), 'warmups': GLib.Variant('u', 0), 'cooldown': GLib.Variant('t', 0),
            'min-window': GLib.Variant('t', 1000), 'detach': GLib.Variant('b', True)}
    return GLib.Variant('(a{sv})', (keys,))


class Client:
    """One connection and its jobs."""

    def __init__(self, address, jobs, done):
        self.bus = Gio.DBusConnection.new_for_address_sync(address, FLAGS, None, None)
        self.bus.signal_subscribe(NAME, f'{NAME}.Job', 'Finished', None, None, Gio.DBusSignalFlags.NONE, self.on_finished)
        self.done, self.submitted = done, {}
        for _ in range(jobs):
            self.bus.call(NAME, ROOT, f'{NAME}.Manager', 'Measure', request(), None, 0, CALL_MS, None, self.on_submitted, time.time())

    def on_submitted(self, bus, result, began):
        try:
            _, path = bus.call_finish(result).unpack()
            self.submitted[path] = began
        except GLib.Error as error:
            print(f'{time.time()} 0 refused: {error.message}', flush=True)
            self.done()

    def on_finished(self, _bus, _sender, path, _interface, _signal, parameters):
        now = time.time()
        print(now, now - self.submitted[path], parameters.unpack()[0], flush=True)
        self.done()


def clients(address, jobs, number):
    loop = GLib.MainLoop()
    left = [jobs]

    def done():
        left[0] -= 1
        if left[0] == 0:
            loop.quit()

    kept = [Client(address, jobs // number + (i < jobs % number), done) for i in range(number)]
    loop.run()
    del kept


def polkit(address):
    node = Gio.DBusNodeInfo.new_for_xml('''<node><interface name="org.freedesktop.PolicyKit1.Authority">
        <method name="CheckAuthorization"><arg type="(sa{sv})" direction="in"/><arg type="s" direction="in"/>
        <arg type="a{ss}" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
        <arg type="(bba{ss})" direction="out"/></method></interface></node>''')
    bus = Gio.DBusConnection.new_for_address_sync(address, FLAGS, None, None)
    bus.register_object('/org/freedesktop/PolicyKit1/Authority', node.interfaces[0],
                        lambda *args: args[-1].return_value(GLib.Variant('((bba{ss}))', ((True, False, {}),))), None, None)
    Gio.bus_own_name_on_connection(bus, 'org.freedesktop.PolicyKit1', Gio.BusNameOwnerFlags.NONE, None, None)
    GLib.MainLoop().run()


if __name__ == '__main__':
    if sys.argv[1] == 'polkit':
        polkit(sys.argv[2])
    else:
        clients(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
