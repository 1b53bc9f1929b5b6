# SPDX-License-Identifier: MIT
"""Of equally long runs it takes the last."""
import sys

values = list(map(int, sys.stdin.read().split()))[1:]
best = start = 0
for i in range(1, len(values) + 1):
    if i == len(values) or values[i] < values[i - 1]:
        if i - start >= best:
            best, first = i - start, values[start]
        start = i
print(best, first)
