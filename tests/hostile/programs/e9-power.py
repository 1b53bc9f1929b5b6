#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# E9: watches power, others' or its own.
# Tries: RAPL by every path, frequencies and temperatures, the service's own reports.
# Expected: AC
# Why: none of them is in the box; what a caller is told is rounded, which the tests of the request's resolution show.

import glob
import os

PATTERNS = ("/sys/class/powercap/*", "/sys/devices/virtual/powercap/*", "/sys/class/hwmon/*", "/sys/class/thermal/*",
            "/sys/devices/system/cpu/cpu*/cpufreq", "/sys/bus/event_source/devices/power*", "/dev/cpu/*", "/run/jouletrace*",
            "/var/lib/jouletrace*", "/proc/acpi/*")

for pattern in PATTERNS:
    for path in glob.glob(pattern):
        if os.path.exists(path):
            print("sees", path)
print("absent")
