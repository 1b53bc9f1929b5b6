#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# J7: as far from the answer as its validator forgives, and one step further.
# Tries: trailing white space, another case, another order, a number just within and just outside the tolerance.
# Expected: space AC, space-exact WA, case WA, case-option AC, order WA, lines-order WA, near AC, far WA
# Why: each validator forgives what its contract says and nothing else.

import sys

print({"space": "yes   no  \n\n\n", "case": "YES no", "order": "no yes", "near": "1.0000009", "far": "1.00001"}[sys.argv[1]])
