# SPDX-License-Identifier: MIT
"""Takes a number twice."""
import sys

n, wanted, *values = map(int, sys.stdin.read().split())
for place, value in enumerate(values, 1):
    if wanted - value in values:
        print(place, values.index(wanted - value) + 1)
        break
else:
    print("impossible")
