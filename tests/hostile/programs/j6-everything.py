#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# J6: all plausible answers, or none.
# Tries: to contain the right answer somewhere, or to be compared over the length of nothing.
# Expected: all WA, empty WA, prefix WA, unordered WA
# Why: the whole output is compared with the whole answer: tokens too many and tokens missing are both a difference.

import sys

print({"all": "\n".join(str(n) for n in range(100)), "empty": "", "prefix": "4", "unordered": "2 1 3"}[sys.argv[1]])
