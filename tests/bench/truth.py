# SPDX-License-Identifier: MIT
"""Spins in the VM beside what they really took, as the played counters know it, and beside perf stat."""

import itertools
import json
import statistics
from pathlib import Path
from typing import NamedTuple

import helpers
import rig
from figures import BenchError, Row, Table, percentile

IDLE_MW, CORE_MW = 10000, 10000
ROUNDS_OF_MS = {5: 6, 50: 24, 500: 6}  # the emulated machine stands still now and then, for a good part of 50 ms
TRIALS = 5  # a round is a job of so many trials, each taken by itself, and as many runs under perf stat
WARMUPS = 1  # runs that are not looked at, before those of a round
LOST_ROUNDS_MAX = 6
VM_CPUS = 2  # one for the spin and one for all else; more of them than the host has take its CPUs from each other
# What a run leaves to be done, our service's last job above all, is over before the next one. What is printed is told
# afterwards: whoever hands it out of the VM would work beside the next run.
PERF = 'sleep 2; for i in $(seq {n}); do sleep 0.1; perf stat -a -x, -e {events} {command} || exit; done >/run/perf-stat 2>&1; cat /run/perf-stat'
# The kernel's threads would write to the disk every five seconds, for 5 ms of a run of either tool.
QUIET = 'sysctl -q vm.dirty_writeback_centisecs=0'


class Single(NamedTuple):
    """Package joules of one run, and what its marks say of it."""

    gross_j: float
    net_j: float | None
    true_gross_j: float
    true_net_j: float


def perf_stat(machine: rig.VM, n: int, events: str, *command: str) -> list[dict[str, float]]:
    """The events' counts of n runs."""
    out = machine.run(PERF.format(n=n, events=events, command=' '.join(command)), timeout=300).out
    lines = [line.split(',') for line in out.splitlines()]
    names = events.split(',')
    if [line[2] for line in lines if len(line) > 2] != names * n:
        raise BenchError(f'perf stat does not count {events} here: {out}')
    return [{line[2]: float(line[0]) for line in run} for run in zip(*[iter(lines)] * len(names))]


def ours(machine: rig.VM, *arguments: str) -> list[dict]:
    """The trials of a job that is measured as finely as can be. Trials with evidence against them are there, too."""
    result = machine.run(['joulectl', 'measure', '--json', '--resolution=fine', f'--warmups={WARMUPS}', *arguments], timeout=600, check=False)
    try:
        return json.loads(result.out)['measurement']['trials']
    except (ValueError, KeyError, TypeError):
        raise BenchError(f'joulectl measure exited with {result.rc}: {result.err}{result.out[:2000]}') from None


def net_j(window: dict) -> float | None:
    """None: the idle machine's power differed too much to know it."""
    uj = window['net_uj']['package-0']
    return None if uj is None else uj / 1e6


def truths(machine: rig.VM) -> list[tuple[float, float]]:
    """Joules of the package, and of its busy CPUs alone, of each marked part since the last call."""
    marks = machine.rapl_marks()
    if [mark['word'] for mark in marks] != ['begin', 'end'] * (len(marks) // 2):
        raise BenchError(f'marks that make no pairs: {[mark["word"] for mark in marks]}')
    return [tuple((end['package'][0][key] - begin['package'][0][key]) / 1e9 for key in ('pkg_nj', 'core_nj'))
            for begin, end in zip(marks[::2], marks[1::2])]


def our_singles(machine: rig.VM, ms: int) -> list[Single]:
    """Each valid trial of a job."""
    truths(machine)
    trials = ours(machine, '--region', '--min-window=1ms', f'--trials={TRIALS}', '--', 'marked-spin', str(ms))
    true = truths(machine)[WARMUPS:]
    if len(true) != len(trials) or any(trial['iterations'] != 1 for trial in trials):
        raise BenchError(f'{len(true)} runs in {len(trials)} trials')
    return [Single(window['energy_uj']['package-0'] / 1e6, net_j(window), *truth)
            for trial, truth in zip(trials, true) if trial['valid'] for window in trial['windows']]


def their_singles(machine: rig.VM, ms: int) -> list[Single]:
    truths(machine)
    counted = perf_stat(machine, WARMUPS + TRIALS, 'power/energy-pkg/', 'marked-spin', str(ms))
    runs = list(zip(counted, truths(machine), strict=True))[WARMUPS:]
    return [Single(run['power/energy-pkg/'], None, *truth) for run, truth in runs]


class Spread(NamedTuple):
    """How far the most is beyond the least, in %."""

    middle: float  # of the middle nine tenths
    whole: float

    @classmethod
    def of(cls, values: list[float]) -> 'Spread':
        steps = statistics.quantiles(values, n=20, method='inclusive')
        return cls((steps[-1] / steps[0] - 1) * 100, (max(values) / min(values) - 1) * 100)


class Spreads(NamedTuple):
    """Of single runs. What the spin and the emulated machine did otherwise from run to run is in the truth, too, and in
    what is told as part of it no more."""

    told: Spread
    true: Spread
    share: Spread

    @classmethod
    def of(cls, singles: list[Single]) -> 'Spreads':
        return cls(Spread.of([one.gross_j for one in singles]), Spread.of([one.true_gross_j for one in singles]),
                   Spread.of([one.gross_j / one.true_gross_j for one in singles]))


def _errors(name: str, pairs: list[tuple[float, float]]) -> Row:
    off = [abs(told / true - 1) * 100 for told, true in pairs]
    return Row(name, len(off), statistics.median(off), percentile(off, 0.99)) if off else Row(name, 0)


def error_rows(ms: int, we: list[Single], they: list[Single]) -> list[Row]:
    net = [one for one in we if one.net_j is not None]
    return [_errors(f'{ms} ms, net of the region', [(one.net_j, one.true_net_j) for one in net]),
            _errors(f'{ms} ms, energy of the region', [(one.gross_j, one.true_gross_j) for one in we]),
            _errors(f'{ms} ms, perf stat: of the same part', [(one.gross_j, one.true_gross_j) for one in they])]


def _row(name: str, singles: list[Single], spread: Spread, goal=None) -> Row:
    return Row(name, len(singles), spread.middle, spread.whole, goal=goal)


def spread_rows(ms: int, we: list[Single], they: list[Single]) -> list[Row]:
    ours, theirs = Spreads.of(we), Spreads.of(they)
    net = [one.net_j for one in we if one.net_j is not None]
    table = [_row(f'{ms} ms, ours', we, ours.told, ('p99', 2) if ms == 500 else None),
             _row(f'{ms} ms, the truth of these', we, ours.true),
             _row(f'{ms} ms, ours as part of the truth', we, ours.share),
             _row(f'{ms} ms, perf stat', they, theirs.told),
             _row(f'{ms} ms, the truth of these', they, theirs.true),
             _row(f'{ms} ms, perf stat as part of the truth', they, theirs.share)]
    if len(net) > 1 and min(net) > 0:
        table.insert(3, Row(f'{ms} ms, ours, net', len(net), *Spread.of(net)))
    for name, of_us, of_them, goal in ((f'{ms} ms, ours as part of perf stat\'s', ours.told, theirs.told, None),
                                       (f'{ms} ms, the same, of parts of the truth', ours.share, theirs.share, 20 if ms == 50 else None)):
        ratio = Spread(*(mine / other * 100 for mine, other in zip(of_us, of_them)))
        table.append(_row(name, we, ratio, ('p50', goal) if goal else None))
    return table


def truth(build: Path) -> list[Table]:
    """Single spins in the VM beside the played counters' truth and perf stat"""
    errors: list[Row] = []
    spreads: list[Row] = []
    with rig.VM(project=rig.stage(build), smp=VM_CPUS) as machine:
        helpers.install_programs(machine)
        machine.rapl_set(idle_mw=IDLE_MW, core_mw=CORE_MW)
        machine.run(QUIET)
        for ms, rounds in ROUNDS_OF_MS.items():
            we, they = [], []
            for done in itertools.count():
                if min(len(we), len(they)) >= rounds * TRIALS:
                    break
                if done >= rounds + LOST_ROUNDS_MAX:
                    raise BenchError(f'{len(we)} trials of {done * TRIALS} were valid: this machine does too much else')
                we += our_singles(machine, ms)
                they += their_singles(machine, ms)
            we, they = we[:rounds * TRIALS], they[:rounds * TRIALS]
            errors += error_rows(ms, we, they)
            spreads += spread_rows(ms, we, they)
    return [
        Table('Package energy of single runs of a spin in the VM, off the truth', '%', errors, notes=(
            f'Jobs of {TRIALS} trials and as many runs of perf stat in turn, each after a run to warm up.',
            f'Idle {IDLE_MW / 1e3:g} W, a busy CPU {CORE_MW / 1e3:g} W. The truth is what was spent between the first and the last moment',
            'of the spin itself, under perf stat, too. Trials with evidence against them are left out, as from any result;',
            'perf stat knows of none.')),
        Table('How far the most is beyond the least of them', '%', spreads, columns=('nine tenths', 'all'),
              goal_words={'p50': 'nine tenths', 'p99': 'all'}, notes=(
                  'Nine tenths: from the 5th to the 95th percentile. The truth of the spin differs from run to run, too, most where the',
                  'emulated machine stood still. As part of it, what ours tells differs by the tool alone; what perf stat tells also by',
                  'the start and the end of the program, which it counts. The goal is held against that, since one such stand still',
                  'decides about all runs of either tool. The VM does not write back to its disk meanwhile.'))]
