#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what is small of a directory as a tar archive without compression, so that a mutation of a byte is one of a file: a
seed of fuzz-package.

usage: archive.py DIRECTORY OUTPUT
"""
import pathlib
import sys
import tarfile

SIZE_MAX = 4096

directory, output = map(pathlib.Path, sys.argv[1:])


def plain(entry):
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


with tarfile.open(output, "w", format=tarfile.USTAR_FORMAT) as archive:
    for path in sorted(p for p in directory.rglob("*") if p.is_file() and p.stat().st_size <= SIZE_MAX):
        archive.add(path, str(path.relative_to(directory.parent)), filter=plain)
