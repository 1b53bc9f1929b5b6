# SPDX-License-Identifier: MIT
"""Has no answer to a single number."""
import statistics
import sys

values = list(map(float, sys.stdin.read().split()))[1:]
statistics.stdev(values)
print(statistics.fmean(values), statistics.pstdev(values))
