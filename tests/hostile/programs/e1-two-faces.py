#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# E1: right while it is validated, wrong while it is measured.
# Tries: to be judged by one program and measured by another. Nothing in the box tells the phases apart, so that the clock
# has to: it is wrong from a moment on that lies between the two.
# Expected: DIVERGED
# Why: the output of every measured trial is checked again, and the first difference names the trial.

import sys
import time

print("42" if time.time() < float(sys.argv[1]) else "41")
