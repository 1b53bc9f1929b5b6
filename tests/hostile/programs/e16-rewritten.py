#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# E16: its own file is changed by its owner between submission and measurement; the harness does it.
# Tries: to be validated as one program and measured as another.
# Expected: AC
# Why: the bytes were sealed when they were submitted; every trial runs them, and the report has their SHA-256.

print("original")
