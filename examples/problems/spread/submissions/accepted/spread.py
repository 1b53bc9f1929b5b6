# SPDX-License-Identifier: MIT
import statistics
import sys

values = list(map(float, sys.stdin.read().split()))[1:]
print(f"{statistics.fmean(values):.12e} {statistics.pstdev(values):.12e}")
