#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# J9: stored answers, found by the hash of the input.
# Tries: to be measured without computing anything.
# Expected: known AC, unseen WA
# Why: a table is a program, too, and no judge can tell; what tells is an input it has not seen, which is the second case.

import hashlib
import sys

ANSWERS = {hashlib.sha256(b"6 7\n").hexdigest(): "42", hashlib.sha256(b"2 3\n").hexdigest(): "6"}

print(ANSWERS.get(hashlib.sha256(sys.stdin.buffer.read()).hexdigest(), "?"))
