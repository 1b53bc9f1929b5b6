# SPDX-License-Identifier: MIT
"""Keeps everything it can think of."""
kept = []
while True:
    kept.append(bytearray(b"x" * (1 << 20)))
