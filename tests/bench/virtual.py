# SPDX-License-Identifier: MIT
"""The benches in the VM: real systemd, a real scope and leaf, played counters. Emulated, so ratios only."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import rig
from figures import BenchError, Row, Table, parse_lines, percentile

TOP = Path(__file__).resolve().parents[2]
RUNS, READS = 200, 1000
IDLE_SEC = 30
END_TO_END = ('test_bus_activation', 'test_joules_follow_the_formula', 'test_scope_leaf_and_limits_are_really_there',
              'test_typed_busctl_calls', 'test_every_field_is_filled_or_absent_with_a_reason')


def _lines(machine: rig.VM, *argv) -> dict[str, dict]:
    result = machine.run([str(word) for word in argv], timeout=600, check=False)
    if result.rc != 0:
        raise BenchError(f'{" ".join(map(str, argv))} exited with {result.rc} in the VM: {result.err.strip()}')
    return {line.get('source', line['bench']): line for line in parse_lines(result.out)}


def _runs(machine: rig.VM) -> Table:
    commands = {'bare: posix_spawn() and wait()': ['/bin/true'],
                'perf stat': ['perf', 'stat', '/bin/true'],
                'bwrap, all namespaces': ['bwrap', '--unshare-all', '--ro-bind', '/', '/', '/bin/true']}
    figures = []
    for name, command in commands.items():
        line = _lines(machine, 'bench-spawn', RUNS, *command)['spawn']
        figures.append((name, line['p50_us'], line['p99_us'], 'none'))
    machine.run(['hyperfine', '-N', '--style=none', '--runs', str(RUNS), '--export-json=/tmp/times.json', '/bin/true'], timeout=300)
    times = [value * 1e6 for value in json.loads(machine.read('/tmp/times.json'))['results'][0]['times']]
    figures.append(('hyperfine -N, what it reports', percentile(times, 0.5), percentile(times, 0.99), 'none'))
    ours = _lines(machine, 'bench-box', '-n', RUNS, '-l', 0, '--scope')
    for key, name in (('whole', 'JouleTrace, whole run'), ('outside', 'JouleTrace, the part outside the window'),
                      ('gate-exec', 'JouleTrace, gate → exec')):
        figures.append((name, ours[key]['p50_us'], ours[key]['p99_us'], f'systemd {ours[key]["containment"]}, a leaf a run'))
    bare = figures[0][1]
    return Table('/bin/true in the VM, run by run', '× bare', [
        Row(name, RUNS, p50 / bare, p99 / bare, where=where) for name, p50, p99, where in figures], notes=(
            'bench-box runs the worker\'s own window in a scope that systemd makes as it does for a job;',
            'outside is the whole run less the time between the window\'s two readings.'))


def _reads(machine: rig.VM) -> Table:
    result = machine.run(['bench-meter', '-n', str(READS)], timeout=300)
    lines = parse_lines(result.out)
    base = next(line for line in lines if 'same CPU' in line['source'])
    return Table('One reading of all domains in the VM, played counters', '× software events',
                 [Row(f'{line["meter"]}, {line["domains"]} domains: {line["source"]}', line['n'],
                      line['p50_us'] / base['p50_us'], line['p99_us'] / base['p50_us']) for line in lines])


def _idle(machine: rig.VM) -> Table:
    def status() -> dict[str, int]:
        pid = machine.run(['systemctl', 'show', '-P', 'MainPID', 'jouletraced.service']).out.strip()
        pairs = re.findall(r'^(\w+):\s+(\d+)', machine.read(f'/proc/{pid}/status'), re.M)
        return {key: int(value) for key, value in pairs}

    machine.run(['systemctl', 'restart', 'jouletraced.service'], timeout=120)
    time.sleep(5)
    before = status()
    # Asking over the bus would wake it.
    time.sleep(IDLE_SEC)
    after = status()
    switches = sum(after[key] - before[key] for key in ('voluntary_ctxt_switches', 'nonvoluntary_ctxt_switches'))
    return Table('jouletraced.service in the VM', '', [
        Row('VmRSS idle, MiB', None, after['VmRSS'] / 1024, goal=('p50', 6)),
        Row('of which RssAnon, MiB', None, after['RssAnon'] / 1024),
        Row(f'context switches in {IDLE_SEC} s idle', None, switches, goal=('p50', 0))], goal_words={'p50': ''}, notes=(
            'Its watchdog wakes it every 90 s; each systemctl that asks for its pid talks to systemd, not to it.',))


def vm(build: Path) -> list[Table]:
    """A run in a real scope, the played counters, the real unit: ratios, from the VM"""
    with rig.VM(project=rig.stage(build)) as machine:
        for name in ('bench-spawn', 'bench-box', 'bench-meter'):
            machine.push(build / 'tests' / 'bench' / name, f'/usr/local/bin/{name}')
        return [_runs(machine), _reads(machine), _idle(machine)]


def _pytest(file: str, build: Path, *options: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--tb=short', file, *options],
                          cwd=TOP, text=True, capture_output=True, check=False,
                          env={**os.environ, **environment, 'JOULETRACE_BUILD': str(build), 'PYTHONDONTWRITEBYTECODE': '1'})


def _verdicts(title: str, where: str, done: subprocess.CompletedProcess) -> Table:
    counts = {word: int(count) for count, word in re.findall(r'(\d+) (passed|failed|error)', done.stdout)}
    if not counts:
        raise BenchError(f'pytest exited with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}')
    return Table(title, 'count', [
        Row('passed', None, counts.get('passed', 0), where=where),
        Row('failed', None, counts.get('failed', 0) + counts.get('error', 0), goal=('p50', 0), where=where)],
                 goal_words={'p50': ''},
                 notes=tuple(line for line in done.stdout.splitlines() if line.startswith(('FAILED', 'ERROR', 'E  '))))


def hostile(build: Path) -> list[Table]:
    """Every hostile program in the VM"""
    done = _pytest('tests/vm/test_hostile.py', build, JOULETRACE_HOSTILE='all')
    return [_verdicts('The hostile programs through the installed service', 'Debian 12 in the VM', done)]


def trixie(build: Path) -> list[Table]:
    """The end-to-end tests in a Debian 13 image"""
    done = _pytest('tests/vm/test_measure.py', build, '-k', ' or '.join(END_TO_END), JOULETRACE_VM_RELEASE='trixie')
    return [_verdicts('The end-to-end tests in a Debian 13 image', 'Debian 13 in the VM', done)]
