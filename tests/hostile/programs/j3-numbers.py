#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# J3: numbers that are none.
# Tries: what strtod(), Python or a locale would read as the expected number, or as one near to everything.
# Expected: WA
# Why: the validator has a decimal grammar of its own: no NaN, no infinity, no hexadecimal, no separators, no other digits.
# It prints its input, so that each test is a pair of what is printed and what is expected; all of them must be WA.

import sys

sys.stdout.buffer.write(sys.stdin.buffer.read())
