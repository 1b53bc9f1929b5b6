#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a tree of small files as one text, "=path" and then the file's lines, for each file: a seed of fuzz-topology.

usage: bundle.py TREE OUTPUT
"""
import pathlib
import sys

tree, output = map(pathlib.Path, sys.argv[1:])
with output.open("w", encoding="utf-8") as text:
    for path in sorted(p for p in tree.rglob("*") if p.is_file()):
        text.write(f"={path.relative_to(tree)}\n{path.read_text(encoding='utf-8')}")
