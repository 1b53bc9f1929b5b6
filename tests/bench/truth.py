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
LENGTHS_MS = (5, 50, 500)
ROUNDS, TRIALS = 6, 5  # a round is a job of so many trials, each taken by itself, and as many runs under perf stat
LOST_ROUNDS_MAX = 6
VM_CPUS = 2  # one for the spin and one for all else; more of them than the host has take its CPUs from each other
# What is printed is told afterwards: whoever hands it out of the VM would work beside the next run.
PERF = 'sleep 0.5; for i in $(seq {n}); do perf stat -a -x, -e {events} {command} || exit; done >/run/perf-stat 2>&1; cat /run/perf-stat'


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
    result = machine.run(['joulectl', 'measure', '--json', '--resolution=fine', '--warmups=0', *arguments], timeout=600, check=False)
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
    true = truths(machine)
    if len(true) != len(trials) or any(trial['iterations'] != 1 for trial in trials):
        raise BenchError(f'{len(true)} runs in {len(trials)} trials')
    return [Single(window['energy_uj']['package-0'] / 1e6, net_j(window), *truth)
            for trial, truth in zip(trials, true) if trial['valid'] for window in trial['windows']]


def their_singles(machine: rig.VM, ms: int) -> list[Single]:
    truths(machine)
    counted = perf_stat(machine, TRIALS, 'power/energy-pkg/', 'marked-spin', str(ms))
    return [Single(run['power/energy-pkg/'], None, *truth) for run, truth in zip(counted, truths(machine), strict=True)]


def spread(values: list[float]) -> float:
    """How far the most is beyond the least, in %."""
    return (max(values) / min(values) - 1) * 100


def told_spread(singles: list[Single]) -> float:
    """Of what is told as part of the truth: what the program and the emulated machine did otherwise is not in it."""
    return spread([one.gross_j / one.true_gross_j for one in singles])


def _net_spread(name: str, values: list[float]) -> Row:
    return Row(name, len(values), spread(values) if values else None)


def _errors(name: str, pairs: list[tuple[float, float]]) -> Row:
    off = [abs(told / true - 1) * 100 for told, true in pairs]
    return Row(name, len(off), statistics.median(off), percentile(off, 0.99)) if off else Row(name, 0)


def rows(ms: int, we: list[Single], they: list[Single]) -> list[Row]:
    scatter = [spread([single.gross_j for single in singles]) for singles in (we, they)]
    net = [one for one in we if one.net_j is not None]
    return [
        _errors(f'{ms} ms, net of the region: off the truth', [(one.net_j, one.true_net_j) for one in net]),
        _errors(f'{ms} ms, energy of the region: off the truth', [(one.gross_j, one.true_gross_j) for one in we]),
        _errors(f'{ms} ms, perf stat: off the truth of the same part', [(one.gross_j, one.true_gross_j) for one in they]),
        Row(f'{ms} ms, single trials: most over least, less 1', len(we), scatter[0], goal=('p50', 2) if ms == 500 else None),
        Row(f'{ms} ms, the truth of these: the same', len(we), spread([one.true_gross_j for one in we])),
        Row(f'{ms} ms, what is told as part of the truth: the same', len(we), told_spread(we)),
        _net_spread(f'{ms} ms, single trials, net: most over least, less 1', [one.net_j for one in net]),
        Row(f'{ms} ms, single runs of perf stat: most over least, less 1', len(they), scatter[1]),
        Row(f'{ms} ms, the truth of these: the same', len(they), spread([one.true_gross_j for one in they])),
        Row(f'{ms} ms, what perf stat tells as part of the truth: the same', len(they), told_spread(they)),
        Row(f'{ms} ms, spread of ours as part of perf stat\'s', len(we), scatter[0] / scatter[1] * 100,
            goal=('p50', 20) if ms == 50 else None)]


def truth(build: Path) -> list[Table]:
    """Single spins in the VM beside the played counters' truth and perf stat"""
    table: list[Row] = []
    with rig.VM(project=rig.stage(build), smp=VM_CPUS) as machine:
        helpers.install_programs(machine)
        machine.rapl_set(idle_mw=IDLE_MW, core_mw=CORE_MW)
        for ms in LENGTHS_MS:
            we, they = [], []
            for done in itertools.count():
                if len(we) >= ROUNDS * TRIALS and len(they) >= ROUNDS * TRIALS:
                    break
                if done >= ROUNDS + LOST_ROUNDS_MAX:
                    raise BenchError(f'{len(we)} trials of {done * TRIALS} were valid: this machine does too much else')
                we += our_singles(machine, ms)
                they += their_singles(machine, ms)
            table += rows(ms, we, they)
    return [Table('Single runs of a spin in the VM, package energy', '%', table, goal_words={'p50': '', 'p99': 'p99'}, notes=(
        f'Jobs of {TRIALS} trials and as many runs of perf stat in turn; idle {IDLE_MW / 1e3:g} W, a busy CPU {CORE_MW / 1e3:g} W.',
        'The truth is what was spent between the first and the last moment of the spin itself, under perf stat, too.',
        'Trials with evidence against them are left out, as from any result; perf stat knows of none.'))]
