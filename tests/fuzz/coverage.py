#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Line coverage that the fuzz harnesses reached in the files they fuzz; TAP, a test per file. Usage: coverage.py BUILD"""

import json
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
FLOOR_PERCENT = 80.0
FUZZED = [line.strip() for line in (Path(__file__).parent / "fuzzed-files").read_text(encoding="utf-8").splitlines()
          if line.strip() and not line.startswith("#")]


def main():
    done = subprocess.run(["gcovr", "-r", ".", "--object-directory", sys.argv[1], "--json-summary", "-",
                           "--gcov-ignore-parse-errors"], cwd=TOP, text=True, stdout=subprocess.PIPE, check=True)
    percent = {entry["filename"]: entry["line_percent"] for entry in json.loads(done.stdout)["files"]}
    failed = 0
    print(f"1..{len(FUZZED)}")
    for number, name in enumerate(FUZZED, 1):
        reached = percent.get(name, 0.0)
        failed += reached < FLOOR_PERCENT
        print(f"{'ok' if reached >= FLOOR_PERCENT else 'not ok'} {number} {name} {reached:.1f} % of lines")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
