#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Figures of this tree, beside those of its peers where there are any, as tables with goals. Run by ./dev bench.

A missed goal is said and counted; the exit code is not 0 only when a bench could not be run."""

import argparse
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / 'vm')]
sys.dont_write_bytecode = True

import crowd  # noqa: E402  (found through the path set above)
import equivalence  # noqa: E402  (found through the path set above)
import functions  # noqa: E402  (found through the path set above)
import native  # noqa: E402  (found through the path set above)
import truth  # noqa: E402  (found through the path set above)
import virtual  # noqa: E402
from figures import BenchError, render  # noqa: E402
from rig import CommandFailed, RigError  # noqa: E402

BENCHES = {function.__name__: function for function in (
    native.bus, native.box, native.meter, native.window, native.limit, native.daemon, crowd.stress, virtual.vm,
    functions.functions, truth.truth, equivalence.equivalence, crowd.crowd, virtual.hostile, virtual.trixie)}
NICE = -15


def parse():
    parser = argparse.ArgumentParser(prog='bench', description=__doc__.splitlines()[0], formatter_class=argparse.RawTextHelpFormatter,
                                     epilog='\n'.join(f'{name:<12} {function.__doc__}' for name, function in BENCHES.items()))
    parser.add_argument('--build', required=True, metavar='DIR')
    parser.add_argument('names', nargs='*', metavar='NAME', choices=[[], *BENCHES], help='all when none is named')
    return parser.parse_args()


def load() -> str:
    return ' '.join(f'{value:.2f}' for value in os.getloadavg())


def main() -> int:
    arguments = parse()
    build = (Path(__file__).resolve().parents[2] / arguments.build).resolve()
    met = missed = broken = 0

    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        priority = f'everything at nice {NICE}'
    except PermissionError:
        priority = 'at ordinary priority'
    model = next((line.split(':', 1)[1].strip() for line in Path('/proc/cpuinfo').read_text(encoding='ascii').splitlines()
                  if line.startswith('model name')), 'unknown CPU')
    print(f'{len(os.sched_getaffinity(0))} CPUs ({model}), Linux {os.uname().release}, {priority}\n')

    for name in arguments.names or BENCHES:
        before = load()
        try:
            native.tools_needed()
            tables = BENCHES[name](build)
        except (BenchError, RigError, CommandFailed) as error:
            print(f'{name}: could not be run: {error}\n', flush=True)
            broken += 1
            continue
        for table in tables:
            print(render(table), flush=True)
            met += sum(row.met() is True for row in table.rows)
            missed += sum(row.met() is False for row in table.rows)
        print(f'  load average {before} before, {load()} after\n', flush=True)

    print(f'{met} goals met, {missed} missed' + (f', {broken} benches could not be run' if broken else ''))
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
