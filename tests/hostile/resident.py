#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A client that stays connected and asks the service for its jobs again and again, while something else happens.

For each line on standard input it prints what the calls since the line before took: {"calls": N, "max_ms": MS, "p95_ms": MS,
"error": TEXT or null}. It uses libsystemd as it is on the host, so that a call costs little more than the service's part.
"""

import ctypes
import json
import os
import select
import sys
import time

NAME, PATH, MANAGER = b"org.jouletrace.JouleTrace1", b"/org/jouletrace/JouleTrace1", b"org.jouletrace.JouleTrace1.Manager"
PAUSE_SEC = 0.05


class Bus:
    def __init__(self):
        self.library = ctypes.CDLL("libsystemd.so.0")
        self.bus = ctypes.c_void_p()
        r = self.library.sd_bus_open_system(ctypes.byref(self.bus))
        if r < 0:
            sys.exit(f"no system bus: {os.strerror(-r)}")

    def list_jobs(self):
        """Seconds one round trip took; the error, if there was one."""
        reply = ctypes.c_void_p()
        start = time.monotonic()
        r = self.library.sd_bus_call_method(self.bus, NAME, PATH, MANAGER, b"ListJobs", None, ctypes.byref(reply), b"")
        elapsed = time.monotonic() - start
        self.library.sd_bus_message_unref.restype = ctypes.c_void_p
        self.library.sd_bus_message_unref(reply)
        return elapsed, os.strerror(-r) if r < 0 else None


def main():
    bus = Bus()
    times, failure = [], None
    while True:
        elapsed, error = bus.list_jobs()
        times.append(elapsed * 1000)
        failure = failure or error
        if not select.select([sys.stdin], [], [], PAUSE_SEC)[0]:
            continue
        if not sys.stdin.readline():
            return
        times.sort()
        print(json.dumps({"calls": len(times), "max_ms": times[-1], "p95_ms": times[int(0.95 * (len(times) - 1))], "error": failure}),
              flush=True)
        times, failure = [], None


if __name__ == "__main__":
    main()
