# SPDX-License-Identifier: MIT
"""Divides by one less."""
import statistics
import sys

values = list(map(float, sys.stdin.read().split()))[1:]
print(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0)
