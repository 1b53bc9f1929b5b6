# SPDX-License-Identifier: MIT
"""Whether spins of a second cost the same in ours and in perf stat, where both have time enough to be right."""

import math
import statistics
from pathlib import Path

import helpers
import rig
from figures import BenchError, Row, Table
from tost import tost
from truth import VM_CPUS, net_j, ours, perf_stat

IDLE_MW, CORE_MW = 10000, 10000
ROUNDS, SPINS = 40, 5
LOST_ROUNDS_MAX = 10
SPIN_MS = IDLE_MS = 1000  # what perf stat itself takes comes once a run: in the idle machine's as in the spin's, if both are as long
IDLE_RUNS = 2
MARGIN = 0.005
ENERGY, TIME = 'power/energy-pkg/', 'duration_time'


def our_round(machine: rig.VM) -> list[float]:
    """Joules per CPU second above idle of each spin of a job; without those whose net is not known."""
    trials = ours(machine, f'--trials={SPINS}', '--', 'spin', str(SPIN_MS))
    windows = [window for trial in trials if trial['valid'] for window in trial['windows']]
    return [joules / window['cpu_usec'] * 1e6 for window in windows if (joules := net_j(window)) is not None]


def their_round(machine: rig.VM) -> list[float]:
    """The same by perf stat alone, which looks at the idle machine before and after."""
    before = perf_stat(machine, IDLE_RUNS, f'{ENERGY},{TIME}', '--timeout', str(IDLE_MS))
    spins = perf_stat(machine, SPINS, f'{ENERGY},{TIME},user_time,system_time', 'spin', str(SPIN_MS))
    idle = before + perf_stat(machine, IDLE_RUNS, f'{ENERGY},{TIME}', '--timeout', str(IDLE_MS))
    idle_j_ns = statistics.median(run[ENERGY] / run[TIME] for run in idle)
    return [(spin[ENERGY] - idle_j_ns * spin[TIME]) / (spin['user_time'] + spin['system_time']) * 1e9 for spin in spins]


def rows(we: list[list[float]], they: list[list[float]]) -> list[Row]:
    """A round's spins share a baseline, so that the rounds are what is independent of each other. Of a round its median: what
    disturbs a spin is left out of ours by its evidence, while perf stat knows of none."""
    result = tost([math.log(statistics.median(a) / statistics.median(b)) for a, b in zip(we, they, strict=True)], MARGIN)
    outermost = max(abs(result.low), abs(result.high))
    formula = CORE_MW / 1e3
    return [
        *(Row(f'{name}: J per CPU second above idle, % off the formula\'s', sum(map(len, rounds)),
              (statistics.median(sum(rounds, [])) / formula - 1) * 100) for name, rounds in (('ours', we), ('perf stat', they))),
        Row('ours against perf stat: mean of the rounds', len(we), result.mean * 100),
        Row('its 90 % interval: from', len(we), result.low * 100), Row('to', len(we), result.high * 100),
        Row('the further end, off 0: equivalent (two one-sided tests at 5 %)', len(we), outermost * 100, goal=('p50', MARGIN * 100))]


def equivalence(build: Path) -> list[Table]:
    """200 spins of a second in the VM, ours and perf stat in turn: are they the same?"""
    we, they = [], []
    with rig.VM(project=rig.stage(build), smp=VM_CPUS) as machine:
        helpers.install_programs(machine)
        machine.rapl_set(idle_mw=IDLE_MW, core_mw=CORE_MW)
        for _ in range(ROUNDS + LOST_ROUNDS_MAX):
            valid, theirs = our_round(machine), their_round(machine)
            if valid:
                we.append(valid)
                they.append(theirs)
            if len(we) == ROUNDS:
                break
        else:
            raise BenchError(f'only {len(we)} rounds had a valid trial with a net: this machine does too much else')
    return [Table('Spins of a second in the VM, ours and perf stat', '%', rows(we, they), goal_words={'p50': ''}, notes=(
        f'{ROUNDS} rounds of {SPINS} spins each; idle {IDLE_MW / 1e3:g} W, a busy CPU {CORE_MW / 1e3:g} W, both figures whole runs.',
        'Of ours, trials with evidence against them or without a net are left out; a round in which none is left is made again.'))]
