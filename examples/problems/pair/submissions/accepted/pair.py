# SPDX-License-Identifier: MIT
import sys

n, wanted, *values = map(int, sys.stdin.read().split())
places = {}
for place, value in enumerate(values, 1):
    if wanted - value in places:
        print(place, places[wanted - value])
        break
    places[value] = place
else:
    print("impossible")
